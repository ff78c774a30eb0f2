-- Moves with every change of resources or memberships of the Directory that has no row in events, in the same transaction. Together with
-- events it says whether what is in a Directory is what it was.
ALTER TABLE directories ADD COLUMN silent_changes bigint NOT NULL DEFAULT 0;
