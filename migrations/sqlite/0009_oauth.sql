-- The assertions of clients that were taken (RFC 7523 section 3): each is taken once, by whichever server. A row is deleted
-- when its assertion would be refused as expired.
CREATE TABLE used_assertions (
    directory_id INTEGER NOT NULL,
    token_id     INTEGER NOT NULL,                       -- the client
    jti          BLOB NOT NULL CHECK (length(jti) = 32), -- SHA-256 of it
    expires      INTEGER NOT NULL,
    PRIMARY KEY (directory_id, token_id, jti),
    FOREIGN KEY (directory_id, token_id) REFERENCES tokens (directory_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
