-- no-transaction
-- Whether a resource of an id was ever deleted: an id that is derived from a key of the client must not come again.
-- Only deletions are in it, so that nothing else pays for it. Concurrently: a Directory may have millions of events, and those who
-- write some meanwhile must not wait (R44).
CREATE INDEX CONCURRENTLY IF NOT EXISTS events_of_deletions ON events (directory_id, resource_id) WHERE kind = 'delete';
