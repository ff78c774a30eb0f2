-- Operators: their accounts and API keys, what they do, and the life cycles of Directories and tokens.

ALTER TABLE directories ADD COLUMN display_name TEXT NOT NULL DEFAULT '';
ALTER TABLE directories ADD COLUMN status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'disabled', 'deleting'));
ALTER TABLE directories ADD COLUMN protected INTEGER NOT NULL DEFAULT 0 CHECK (protected IN (0, 1));
ALTER TABLE directories ADD COLUMN revision INTEGER NOT NULL DEFAULT 1; -- moves with every change of the row but schema_revision

-- kind client: its secret opens nothing by itself, but is exchanged for short-lived tokens (RFC 6749 section 4.4).
ALTER TABLE tokens ADD COLUMN kind TEXT NOT NULL DEFAULT 'bearer' CHECK (kind IN ('bearer', 'client'));
ALTER TABLE tokens ADD COLUMN scopes TEXT NOT NULL DEFAULT '';   -- separated by blanks; none: everything
ALTER TABLE tokens ADD COLUMN inactive INTEGER;                  -- since when it is out of use
ALTER TABLE tokens ADD COLUMN renewed INTEGER;                   -- when it got its secret of now
ALTER TABLE tokens ADD COLUMN former_digest BLOB CHECK (length(former_digest) = 32); -- of the secret of before
ALTER TABLE tokens ADD COLUMN former_expires INTEGER;            -- until when that one is good
ALTER TABLE tokens ADD COLUMN warned_days INTEGER;               -- of how many days before its expiry a warning was last given
ALTER TABLE tokens ADD COLUMN jwks TEXT;                         -- JSON: the public keys of a client (RFC 7517)
ALTER TABLE tokens ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;

CREATE UNIQUE INDEX tokens_former_digest ON tokens (former_digest) WHERE former_digest IS NOT NULL;

-- When and from where each token was last used; apart from tokens, as it is written often and never waited for.
CREATE TABLE token_uses (
    directory_id INTEGER NOT NULL,
    token_id     INTEGER NOT NULL,
    last_used    INTEGER NOT NULL,
    last_address TEXT,
    uses         INTEGER NOT NULL,
    PRIMARY KEY (directory_id, token_id),
    FOREIGN KEY (directory_id, token_id) REFERENCES tokens (directory_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT NOT NULL UNIQUE,
    role          TEXT NOT NULL CHECK (role IN ('owner', 'operator', 'viewer')),
    password_hash TEXT,    -- PHC form
    created       INTEGER NOT NULL,
    disabled      INTEGER, -- since when
    revision      INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE api_keys (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id   INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    digest       BLOB NOT NULL UNIQUE CHECK (length(digest) = 32), -- SHA-256 of the secret
    created      INTEGER NOT NULL,
    expires      INTEGER,
    last_used    INTEGER,
    last_address TEXT,
    UNIQUE (account_id, name)
) STRICT;

-- Every act of an operator, written with the act itself. Rows are never changed, and deleted by retention alone. Each has the
-- hash of the row before it in its own hash, so a row that is changed, or one that is missing in between, shows.
CREATE TABLE audit (
    seq            INTEGER PRIMARY KEY,
    at             INTEGER NOT NULL,
    actor_kind     TEXT NOT NULL, -- account, command, server, token
    actor          TEXT NOT NULL, -- its name
    address        TEXT,          -- from where
    act            TEXT NOT NULL, -- token.create, directory.pause, ...
    directory_id   INTEGER,
    directory_name TEXT,
    provider       TEXT,
    target         TEXT NOT NULL, -- what it was done to: the number or name
    target_name    TEXT NOT NULL,
    before         TEXT,          -- JSON, without secrets
    after          TEXT,
    previous       BLOB NOT NULL CHECK (length(previous) = 32),
    hash           BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE INDEX audit_by_directory ON audit (directory_id, seq);
CREATE INDEX audit_by_time ON audit (at, seq);
