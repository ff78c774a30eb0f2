-- What the first row of the record stands behind: the last row that retention took away. Without it, rows that somebody else
-- took away from the beginning would not show. There is one row at most.
CREATE TABLE audit_start (
    id   bigint PRIMARY KEY CHECK (id = 1),
    seq  bigint NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
);

INSERT INTO audit_start (id, seq, hash) SELECT 1, seq - 1, previous FROM audit ORDER BY seq LIMIT 1;
