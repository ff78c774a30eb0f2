-- The assertions of clients that were taken (RFC 7523 section 3): each is taken once, by whichever server. A row is deleted
-- when its assertion would be refused as expired.
CREATE TABLE used_assertions (
    directory_id bigint NOT NULL,
    token_id     bigint NOT NULL,                              -- the client
    jti          bytea NOT NULL CHECK (octet_length(jti) = 32), -- SHA-256 of it
    expires      bigint NOT NULL,
    PRIMARY KEY (directory_id, token_id, jti),
    FOREIGN KEY (directory_id, token_id) REFERENCES tokens (directory_id, id) ON DELETE CASCADE
);
