-- Whether the value is unique in all Directories, which an attribute with the uniqueness global asks for. The release before writes
-- none, and need not know of it.
ALTER TABLE attribute_values ADD COLUMN is_global boolean NOT NULL DEFAULT false;
