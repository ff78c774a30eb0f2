-- The one index in which Directories meet; who is refused by it learns nothing of the other. Only values that are global are in it, so
-- that nothing else pays for it.
CREATE UNIQUE INDEX attribute_values_global ON attribute_values (resource_type, attribute, value) WHERE is_global = 1;
