-- Whose a resource is, what an operator holds, and what is left of what was deleted.

-- Who made it: the provider, or (manual) an operator. held: an operator disabled it, and no client enables it. Both are 0 or 1
-- behind `keys`: the head of a row says which, so reading them follows no overflow page.
ALTER TABLE resources ADD COLUMN manual INTEGER NOT NULL DEFAULT 0 CHECK (manual IN (0, 1));
ALTER TABLE resources ADD COLUMN held INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1));

-- Of a Directory whose provider was taken away: up to which id its resources are manual by now. NULL: nothing is under way.
ALTER TABLE directories ADD COLUMN kept_to BLOB CHECK (length(kept_to) = 16);

-- Resources that were deleted, where something of them has to be known afterwards: those that are kept for operators have their
-- document here, and those that must not simply come back are barred. No row says that nothing of it is known.
CREATE TABLE tombstones (
    directory_id  INTEGER NOT NULL,
    resource_id   BLOB NOT NULL CHECK (length(resource_id) = 16),
    resource_type TEXT NOT NULL,
    at            INTEGER NOT NULL,
    actor         INTEGER,          -- the token; NULL: an operator
    version       INTEGER NOT NULL, -- after the deletion
    barred        TEXT NOT NULL CHECK (barred IN ('no', 'untilReassigned', 'untilLifted')),
    name          TEXT NOT NULL,    -- its userName, or its displayName
    name_key      TEXT,             -- the comparison key of that, cut to 1,024 bytes
    external_key  TEXT,             -- that of its externalId
    document      TEXT,             -- of one that is kept
    PRIMARY KEY (directory_id, resource_id)
) STRICT;

-- Whether one that is created is barred.
CREATE INDEX tombstones_by_name ON tombstones (directory_id, resource_type, name_key);
CREATE INDEX tombstones_by_external_id ON tombstones (directory_id, resource_type, external_key);

-- Retention.
CREATE INDEX tombstones_by_time ON tombstones (directory_id, at);
