-- Secrets of the server, one set for each Directory: what it signs and seals with, shared by all replicas.
CREATE TABLE directory_keys (
    directory_id bigint NOT NULL,
    purpose      text COLLATE "C" NOT NULL,                        -- cursor
    secret       bytea NOT NULL CHECK (octet_length(secret) = 32), -- random
    PRIMARY KEY (directory_id, purpose)
);
