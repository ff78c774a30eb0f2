//! Definitions: schemas and resource types that an operator gives, as JSON text (RFC 7643 §6, §7, D-97).
//!
//! A definition is checked whole: [`parse`] reports everything that is wrong in the text itself, with the path of the
//! attribute; [`Registry::with`](super::Registry::with) what is wrong beside the other definitions.
//!
//! Some keys are scimd's own and never shown to clients: `extends`, `indexed` and `enforceCanonical` of a schema and
//! its attributes, `indexed`, `membership`, `memberOf`, `shownAs`, `shownValue` and `shownType` of a resource type.
//!
//! - `fault`: what can be wrong
//! - `reader`: reading that collects faults
//! - `attribute`, `schema`, `resource_type`: the parts

mod attribute;
mod fault;
mod reader;
mod resource_type;
mod schema;
#[cfg(test)]
mod tests;

pub use fault::{Fault, Faults};
pub use resource_type::{ExtensionDefinition, ResourceTypeDefinition};
pub use schema::SchemaDefinition;

use crate::scim::json::{self, JsonLimits};
use serde_json::Value;

/// Bytes of a definition at most.
pub const DEFINITION_BYTES_MAX: usize = 1_048_576;

/// A schema or a resource type, checked by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Definition {
    /// A schema: the base of a resource type, or an extension.
    Schema(SchemaDefinition),
    /// A resource type.
    ResourceType(Box<ResourceTypeDefinition>),
}

/// What [`parse`] reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The definition.
    pub definition: Definition,
    /// What is odd but no obstacle.
    pub warnings: Vec<Fault>,
}

impl Definition {
    /// What it is called: the URN of a schema, the name of a resource type.
    pub fn name(&self) -> &str {
        match self {
            Self::Schema(schema) => &schema.schema.id,
            Self::ResourceType(resource_type) => &resource_type.name,
        }
    }
}

/// Reads a definition. A schema has `attributes`, a resource type an `endpoint` or a `schema`.
///
/// # Errors
/// All that is wrong with it.
pub fn parse(text: &str) -> Result<Parsed, Faults> {
    if text.len() > DEFINITION_BYTES_MAX {
        return Err(Faults::one("", format!("longer than {DEFINITION_BYTES_MAX} bytes")));
    }
    let value = json::parse(text.as_bytes(), &JsonLimits::default()).map_err(|error| Faults::one("", error.detail))?;
    let Value::Object(object) = value else {
        return Err(Faults::one("", "expected a JSON object: a schema or a resource type"));
    };
    let mut faults = Vec::new();
    let mut warnings = Vec::new();
    let definition = if object.contains_key("attributes") {
        Definition::Schema(schema::read(&object, &mut faults, &mut warnings))
    } else if object.contains_key("schema") || object.contains_key("endpoint") {
        Definition::ResourceType(Box::new(resource_type::read(&object, &mut faults)))
    } else {
        return Err(Faults::one("", "neither a schema, which has attributes, nor a resource type, which has a schema"));
    };
    if faults.is_empty() { Ok(Parsed { definition, warnings }) } else { Err(Faults(faults)) }
}
