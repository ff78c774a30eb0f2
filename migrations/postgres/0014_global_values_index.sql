-- no-transaction
-- The one index in which Directories meet; who is refused by it learns nothing of the other. Only values that are global are in it, so
-- that nothing else pays for it. Concurrently: those who write meanwhile must not wait (R44).
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS attribute_values_global ON attribute_values (resource_type, attribute, value)
    WHERE is_global;
