//! Tests of the filter language; the corpus in `tests/filter_corpus.rs` has the breadth, these the edges.

mod evaluate;
mod hostile;
mod resolve;
mod round_trip;
mod shape;
mod syntax;

use super::{Filter, FilterOptions};
use crate::scim::ScimError;
use crate::scim::schema::{Registry, ResourceType, Target, path::Resolved};
use std::sync::Arc;

fn parse(text: &str) -> Result<Filter, ScimError> {
    Filter::parse(text, &FilterOptions::default())
}

fn user() -> Arc<ResourceType> {
    Registry::built_in().resource_type("User").expect("built in").clone()
}

fn group() -> Arc<ResourceType> {
    Registry::built_in().resource_type("Group").expect("built in").clone()
}

/// User with an attribute of each type that the built-in schemas lack.
fn extended_user() -> ResourceType {
    let more = serde_json::json!([
        { "name": "tags", "type": "string", "multiValued": true },
        { "name": "level", "type": "integer" },
        { "name": "rate", "type": "decimal" },
        { "name": "hired", "type": "dateTime" },
        { "name": "keyFile", "type": "binary" },
        { "name": "pins", "type": "string", "multiValued": true, "returned": "never" },
        { "name": "badge", "type": "complex", "subAttributes": [{ "name": "code" }, { "name": "pin", "returned": "never" }] },
    ]);
    let mut user = (*user()).clone();
    let mut schema = (*user.schema).clone();
    schema.attributes.extend(serde_json::from_value::<Vec<_>>(more).expect("attributes"));
    user.schema = Arc::new(schema);
    user
}

fn target(resource_type: &ResourceType, path: &str) -> Target {
    match resource_type.resolve(path) {
        Some(Resolved::Attribute(target)) => target,
        other => unreachable!("{path} names {other:?}"),
    }
}
