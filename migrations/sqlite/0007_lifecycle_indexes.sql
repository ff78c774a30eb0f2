-- What operators list.

-- Rows of neither kind are in neither index, and cost nothing.
CREATE INDEX resources_manual ON resources (directory_id, resource_type, id) WHERE manual;
CREATE INDEX resources_held ON resources (directory_id, resource_type, id) WHERE held;
