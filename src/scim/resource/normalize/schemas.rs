//! The `schemas` of a request body (RFC 7643 §3).

use super::value::ValueContext;
use crate::scim::ScimError;
use crate::scim::schema::ResourceType;
use crate::scim::tolerance::Unknown;
use serde_json::{Map, Value};

/// Checks that `schemas` is there and has the base schema, and otherwise only extensions of the type. Order, letter case and
/// duplicates do not matter (D-05, D-09), nor whether an extension has data (D-04).
///
/// # Errors
/// `invalidSyntax`.
pub fn check(body: &Map<String, Value>, resource_type: &ResourceType, context: &ValueContext<'_>) -> Result<(), ScimError> {
    let base = &resource_type.schema.id;
    let expected = || ScimError::invalid_syntax(format!("schemas: expected a list of URIs with {base} in it"));
    let (_, value) = body.iter().find(|(key, _)| key.eq_ignore_ascii_case("schemas")).ok_or_else(expected)?;
    let mut has_base = false;
    for uri in value.as_array().ok_or_else(expected)? {
        let uri = uri.as_str().ok_or_else(expected)?;
        if uri.eq_ignore_ascii_case(base) {
            has_base = true;
        } else if resource_type.extension(uri).is_none() {
            match context.tolerance.unknown_schemas {
                Unknown::Ignore => context.ignore(uri),
                Unknown::Reject => {
                    let uri = format!("{uri:.200}");
                    let detail = format!("schemas: {uri} is not a schema of the resource type {}", resource_type.name);
                    return Err(ScimError::invalid_syntax(detail).naming(uri));
                }
            }
        }
    }
    if has_base { Ok(()) } else { Err(expected()) }
}
