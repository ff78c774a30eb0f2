-- Whose a resource is, what an operator holds, and what is left of what was deleted.

-- Who made it: the provider, or (manual) an operator. held: an operator disabled it, and no client enables it.
ALTER TABLE resources ADD COLUMN manual boolean NOT NULL DEFAULT false;
ALTER TABLE resources ADD COLUMN held boolean NOT NULL DEFAULT false;

-- Of a Directory whose provider was taken away: up to which id its resources are manual by now. NULL: nothing is under way.
ALTER TABLE directories ADD COLUMN kept_to uuid;

-- Resources that were deleted, where something of them has to be known afterwards: those that are kept for operators have their
-- document here, and those that must not simply come back are barred. No row says that nothing of it is known.
CREATE TABLE tombstones (
    directory_id  bigint NOT NULL,
    resource_id   uuid NOT NULL,
    resource_type text COLLATE "C" NOT NULL,
    at            bigint NOT NULL,
    actor         bigint,           -- the token; NULL: an operator
    version       bigint NOT NULL,  -- after the deletion
    barred        text NOT NULL CHECK (barred IN ('no', 'untilReassigned', 'untilLifted')),
    name          text NOT NULL,    -- its userName, or its displayName
    name_key      text COLLATE "C", -- the comparison key of that, cut to 1,024 bytes
    external_key  text COLLATE "C", -- that of its externalId
    document      text,             -- of one that is kept
    PRIMARY KEY (directory_id, resource_id)
);

-- Whether one that is created is barred.
CREATE INDEX tombstones_by_name ON tombstones (directory_id, resource_type, name_key);
CREATE INDEX tombstones_by_external_id ON tombstones (directory_id, resource_type, external_key);

-- Retention.
CREATE INDEX tombstones_by_time ON tombstones (directory_id, at);
