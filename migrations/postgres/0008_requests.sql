-- The request log. Nothing refers to it, and it refers to nothing.
CREATE TABLE requests (
    seq bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at bigint NOT NULL,
    request_id uuid NOT NULL,
    directory_id bigint NOT NULL, -- 0: the request opened no Directory
    token_id bigint,
    token_name text,
    method text NOT NULL,
    path text NOT NULL,
    resource_type text,
    resource_id uuid,
    status integer NOT NULL,
    duration_us bigint NOT NULL,
    filter text,
    detail text NOT NULL
);

CREATE INDEX requests_by_directory ON requests (directory_id, seq);
CREATE INDEX requests_by_resource ON requests (resource_id, seq) WHERE resource_id IS NOT NULL;
CREATE INDEX requests_by_request_id ON requests (request_id);
CREATE INDEX requests_by_time ON requests (at);
