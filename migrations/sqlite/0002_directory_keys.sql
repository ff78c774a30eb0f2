-- Secrets of the server, one set for each Directory: what it signs and seals with, shared by all replicas.
CREATE TABLE directory_keys (
    directory_id INTEGER NOT NULL,
    purpose      TEXT NOT NULL,                             -- cursor
    secret       BLOB NOT NULL CHECK (length(secret) = 32), -- random
    PRIMARY KEY (directory_id, purpose)
) STRICT, WITHOUT ROWID;
