//! The rules for a whole document, after POST, PUT or PATCH.

use super::Document;
use super::normalize::value::check_primary;
use crate::scim::ScimError;
use crate::scim::key;
use crate::scim::schema::{Attribute, Mutability, ResourceType};
use crate::scim::tolerance::Tolerance;
use serde_json::{Map, Value};
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// Checks what only the whole document shows: that required attributes and extensions have a value (D-19), that required
/// sub-attributes are there in each value of their attribute, that at most one value is primary (D-14), and under `strict_precis`
/// that the userName is one (D-23).
///
/// A required string must have a character other than white space (D-10). A required `password` or membership attribute is not
/// looked for, since neither is in the document.
///
/// # Errors
/// `invalidValue`, naming the attribute.
pub fn validate(document: &Document, resource_type: &ResourceType, tolerance: &Tolerance) -> Result<(), ScimError> {
    let object = document.as_object();
    check_object(&resource_type.common, object, "")?;
    let base = resource_type.schema.attributes.iter().filter(|attribute| resource_type.is_in_document(attribute));
    check_object(base, object, "")?;
    for extension in &resource_type.extensions {
        let urn = &*extension.schema.id;
        match object.get(urn).and_then(Value::as_object) {
            Some(container) => check_object(&extension.schema.attributes, container, &format!("{urn}:"))?,
            None if extension.required => return Err(ScimError::invalid_value(format!("{urn}: this extension is required"))),
            None => {}
        }
    }
    match object.get("userName").and_then(Value::as_str) {
        Some(name) if tolerance.strict_precis && !key::username_is_precis(name) => {
            Err(ScimError::invalid_value("userName: has characters that RFC 8265 disallows in user names"))
        }
        _ => Ok(()),
    }
}

/// `prefix` precedes the names in errors.
fn check_object<'a>(
    attributes: impl IntoIterator<Item = &'a Arc<Attribute>>,
    object: &Map<String, Value>,
    prefix: &str,
) -> Result<(), ScimError> {
    for attribute in attributes {
        match object.get(&attribute.name) {
            None if attribute.required && attribute.mutability != Mutability::ReadOnly => {
                return Err(missing(attribute, prefix));
            }
            None => {}
            Some(value) => check_value(attribute, value, prefix)?,
        }
    }
    Ok(())
}

fn check_value(attribute: &Attribute, value: &Value, prefix: &str) -> Result<(), ScimError> {
    match value {
        Value::Array(elements) => {
            check_primary(format_args!("{prefix}{}", attribute.name), elements)?;
            elements.iter().try_for_each(|element| check_value(attribute, element, prefix))
        }
        Value::Object(object) => check_object(&attribute.sub_attributes, object, &format!("{prefix}{}.", attribute.name)),
        Value::String(text) if attribute.required && text.trim().is_empty() => Err(missing(attribute, prefix)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn missing(attribute: &Attribute, prefix: &str) -> ScimError {
    ScimError::invalid_value(format!("{prefix}{}: a value is required", attribute.name))
}
