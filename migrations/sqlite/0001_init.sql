-- The tables of scimd on SQLite. Names, columns and meaning are those of migrations/postgres/0001_init.sql.
--
-- Every key of a table that holds a Directory's data begins with directory_id: that is tenant isolation, and the unit
-- of sharding. Times are milliseconds since 1970-01-01T00:00:00Z. Ids of resources are UUIDs of 16 bytes. Text is
-- compared byte by byte (collation BINARY), which for UTF-8 is the order of code points.

-- One connected provider.
CREATE TABLE directories (
    id       INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice, so an old backup of a token opens nothing new
    name     TEXT NOT NULL UNIQUE,              -- in URLs
    provider TEXT NOT NULL,                     -- entra, okta, ..., generic, strict
    settings TEXT NOT NULL,                     -- JSON: what differs from the provider's profile
    created  INTEGER NOT NULL
) STRICT;

-- Bearer tokens, without their secrets.
CREATE TABLE tokens (
    id           INTEGER PRIMARY KEY AUTOINCREMENT, -- SQLite numbers a single-column key only
    directory_id INTEGER NOT NULL REFERENCES directories (id),
    name         TEXT NOT NULL,
    digest       BLOB NOT NULL UNIQUE CHECK (length(digest) = 32), -- SHA-256 of the secret
    created      INTEGER NOT NULL,
    expires      INTEGER,
    revoked      INTEGER,
    UNIQUE (directory_id, id)
) STRICT;

-- A name becomes free again when its token is revoked, so that a token can be replaced under its name.
CREATE UNIQUE INDEX tokens_live_name ON tokens (directory_id, name) WHERE revoked IS NULL;

-- Resources of all types.
--
-- An ordinary rowid table, not WITHOUT ROWID: rows are 2 to 8 kB, and a B-tree clustered on the primary key would keep
-- them in its inner nodes, hold one or two of them per page, and repeat the 24-byte key in each secondary index where now
-- a rowid of a few bytes stands.
-- `keys` is the last column, so that reading all others never follows its overflow pages.
-- No foreign key to directories: a Directory is never deleted under its resources, and each write would pay the look-up.
CREATE TABLE resources (
    number        INTEGER PRIMARY KEY, -- the rowid, by a name so that VACUUM keeps it; substrings points at it
    directory_id  INTEGER NOT NULL,
    id            BLOB NOT NULL CHECK (length(id) = 16),
    resource_type TEXT NOT NULL,
    document      TEXT NOT NULL,    -- canonical JSON
    version       INTEGER NOT NULL, -- counts from 1
    created       INTEGER NOT NULL,
    last_modified INTEGER NOT NULL,
    password_hash TEXT,             -- PHC form
    keys          BLOB NOT NULL,    -- JSONB, made by jsonb(): the document with values as comparison keys, for filters
    UNIQUE (directory_id, id)
) STRICT;

-- A list without filter, in its order.
CREATE INDEX resources_by_type ON resources (directory_id, resource_type, id);

-- Filters and sorting by meta.lastModified and meta.created; with the id, so that the order of a page is known without
-- the rows.
CREATE INDEX resources_by_last_modified ON resources (directory_id, resource_type, last_modified, id);
CREATE INDEX resources_by_created ON resources (directory_id, resource_type, created, id);

-- Who is in which group: the one fact behind Group.members and User.groups.
CREATE TABLE members (
    directory_id INTEGER NOT NULL,
    group_id     BLOB NOT NULL,
    member_id    BLOB NOT NULL,
    PRIMARY KEY (directory_id, group_id, member_id),
    FOREIGN KEY (directory_id, group_id) REFERENCES resources (directory_id, id) ON DELETE CASCADE,
    FOREIGN KEY (directory_id, member_id) REFERENCES resources (directory_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX members_by_member ON members (directory_id, member_id, group_id);

-- The inverted index: one row per value of an indexed attribute. It serves eq, sw, ranges, sorting and uniqueness.
--
-- No foreign key to resources: a cascade would need an index by resource_id, and a row is found by its whole key, which
-- the store computes from the document that it removes or replaces, in the same transaction.
CREATE TABLE attribute_values (
    directory_id  INTEGER NOT NULL,
    resource_type TEXT NOT NULL,
    attribute     TEXT NOT NULL,    -- userName, emails.value, urn:...:User:employeeNumber
    value         TEXT NOT NULL,    -- comparison key, cut to 1,024 bytes
    resource_id   BLOB NOT NULL,
    is_unique     INTEGER NOT NULL CHECK (is_unique IN (0, 1)),
    PRIMARY KEY (directory_id, resource_type, attribute, value, resource_id)
) STRICT, WITHOUT ROWID;

-- Uniqueness without a check before the insert.
CREATE UNIQUE INDEX attribute_values_unique ON attribute_values (directory_id, resource_type, attribute, value)
    WHERE is_unique = 1;

-- What finds a resource by a part of a value: for each three characters in a row of an attribute that is indexed by parts,
-- a number in hexadecimal digits, in which the Directory is (src/scim/resource/grams.rs). It serves co. The rowid is
-- resources.number. Contentless: the words are indexed and not kept. Not the tokenizer trigram, which knows no Directories.
--
-- FTS5 writes to the file whenever a savepoint is made, so rows are added once for each transaction (src/store/sqlite/batch.rs).
CREATE VIRTUAL TABLE substrings USING fts5 (
    grams, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);

-- How many resources there are of each type: the sum over slots. SQLite has one writer and uses slot 0.
CREATE TABLE counters (
    directory_id  INTEGER NOT NULL,
    resource_type TEXT NOT NULL,
    slot          INTEGER NOT NULL,
    resources     INTEGER NOT NULL,
    PRIMARY KEY (directory_id, resource_type, slot)
) STRICT, WITHOUT ROWID;

-- What changed, by whom, at which version; written with the change itself. Audit trail and outbox.
CREATE TABLE events (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice, also after old events were deleted
    directory_id  INTEGER NOT NULL,
    at            INTEGER NOT NULL,
    actor         INTEGER,           -- the token; NULL: an operator
    kind          TEXT NOT NULL CHECK (kind IN ('create', 'update', 'delete')),
    resource_type TEXT NOT NULL,
    resource_id   BLOB NOT NULL,
    version       INTEGER NOT NULL,  -- after the change
    detail        TEXT               -- JSON: numbers of members added and removed; no values
) STRICT;

CREATE UNIQUE INDEX events_by_directory ON events (directory_id, seq);
