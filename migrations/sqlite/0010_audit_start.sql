-- What the first row of the record stands behind: the last row that retention took away. Without it, rows that somebody else
-- took away from the beginning would not show. There is one row at most.
CREATE TABLE audit_start (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    seq  INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

INSERT INTO audit_start (id, seq, hash) SELECT 1, seq - 1, previous FROM audit ORDER BY seq LIMIT 1;
