-- Whether the value is unique in all Directories, which an attribute with the uniqueness global asks for. The release before writes
-- none, and need not know of it.
ALTER TABLE attribute_values ADD COLUMN is_global INTEGER NOT NULL DEFAULT 0 CHECK (is_global IN (0, 1));
