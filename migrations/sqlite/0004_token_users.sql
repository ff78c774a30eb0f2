-- A token of a user opens /Me and nothing else. No foreign key: it outlives its user, and opens nothing then.
ALTER TABLE tokens ADD COLUMN user_id BLOB CHECK (length(user_id) = 16);
