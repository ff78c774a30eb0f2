-- Schemas and resource types that an operator gives, and the indexes that are being built for them.

-- Moves with every change of what a Directory's schemas are, so that whoever keeps them read knows when to read again.
ALTER TABLE directories ADD COLUMN schema_revision INTEGER NOT NULL DEFAULT 0;

CREATE TABLE definitions (
    directory_id INTEGER NOT NULL, -- 0: every Directory
    kind         TEXT NOT NULL CHECK (kind IN ('schema', 'resourceType', 'building')),
    name         TEXT NOT NULL,    -- the URN, the name of the type; of an index that is being built: type and attribute
    definition   TEXT NOT NULL,    -- JSON as given; of an index that is being built: ["type", "attribute"]
    created      INTEGER NOT NULL,
    PRIMARY KEY (directory_id, kind, name)
) STRICT;
