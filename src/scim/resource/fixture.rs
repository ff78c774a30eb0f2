//! Resource types and bodies for the tests of this folder.

use crate::scim::schema::{Attribute, Registry, ResourceType};
use serde_json::{Value, json};
use std::sync::Arc;

pub const USER: &str = crate::scim::schema::USER_SCHEMA;
pub const GROUP: &str = crate::scim::schema::GROUP_SCHEMA;
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

pub fn user() -> Arc<ResourceType> {
    Registry::built_in().resource_type("User").expect("built in").clone()
}

pub fn group() -> Arc<ResourceType> {
    Registry::built_in().resource_type("Group").expect("built in").clone()
}

/// User with more attributes, given as in a Schema resource, at the end of its base schema.
pub fn user_with(attributes: Value) -> ResourceType {
    let mut user = (*user()).clone();
    let mut schema = (*user.schema).clone();
    schema.attributes.extend(serde_json::from_value::<Vec<Arc<Attribute>>>(attributes).expect("attributes"));
    user.schema = Arc::new(schema);
    user
}

/// Attributes of every characteristic that User has none of.
pub fn odd_attributes() -> Value {
    json!([
        { "name": "level", "type": "integer" },
        { "name": "score", "type": "decimal" },
        { "name": "hired", "type": "dateTime" },
        { "name": "tags", "type": "string", "multiValued": true },
        { "name": "pin", "type": "string", "mutability": "writeOnly" },
        { "name": "secret", "type": "string", "returned": "never" },
        { "name": "notes", "type": "string", "returned": "request" },
        { "name": "badge", "type": "string", "returned": "always" },
        { "name": "desk", "type": "complex", "subAttributes": [
            { "name": "floor", "type": "integer", "required": true },
            { "name": "code", "type": "string", "returned": "request" },
            { "name": "label", "type": "string", "returned": "always" },
            { "name": "key", "type": "string", "returned": "never" }
        ] }
    ])
}

/// A User's body with `members` beside `schemas` and `userName`.
pub fn user_body(members: Value) -> Value {
    let mut body = json!({ "schemas": [USER], "userName": "bjensen" });
    body.as_object_mut().expect("an object").extend(members.as_object().expect("an object").clone());
    body
}
