-- The request log has a file of its own, so that it never waits for changes, nor changes for it.
CREATE TABLE requests (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    request_id BLOB NOT NULL,
    directory_id INTEGER NOT NULL, -- 0: the request opened no Directory
    token_id INTEGER,
    token_name TEXT,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    resource_type TEXT,
    resource_id BLOB,
    status INTEGER NOT NULL,
    duration_us INTEGER NOT NULL,
    filter TEXT,
    detail TEXT NOT NULL
) STRICT;

CREATE INDEX requests_by_directory ON requests (directory_id, seq);
CREATE INDEX requests_by_resource ON requests (resource_id, seq) WHERE resource_id IS NOT NULL;
CREATE INDEX requests_by_request_id ON requests (request_id);
CREATE INDEX requests_by_time ON requests (at);
