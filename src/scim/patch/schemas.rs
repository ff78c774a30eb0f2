//! PATCH of `schemas` (D-65): it follows from what the resource has, so a change of it is a change of extensions.

use super::Op;
use super::target::AttributeTarget;
use super::value::Edit;
use crate::scim::ScimError;
use crate::scim::schema::{Mutability, ResourceType};
use crate::scim::tolerance::Unknown;
use serde_json::{Map, Value};

/// Applies an operation to `schemas`. Adding the URN of an extension is accepted and shows once the extension has data; removing
/// it, or replacing the list by one without it, removes its data.
///
/// # Errors
/// - `invalidValue`: not a list of URNs, or an unknown one
/// - `mutability`: the URN of the base schema, or of a required extension, would go
pub(super) fn write(
    edit: Edit<'_>,
    root: &mut Map<String, Value>,
    target: &AttributeTarget,
    value: &Value,
    resource_type: &ResourceType,
) -> Result<(), ScimError> {
    let listed = |urns: &[&str], urn: &str| urns.iter().any(|listed| listed.eq_ignore_ascii_case(urn));
    let removed: Vec<String> = match (edit.op, &target.filter) {
        (Op::Add | Op::Replace, Some(_)) => return Err(ScimError::invalid_path("a filter on schemas is for remove only")),
        (Op::Remove, Some(filter)) => {
            let selected = |urn: &&str| filter.resolved.matches_element(&Value::String((*urn).to_owned()));
            resource_type.urns().map(|urn| &**urn).filter(selected).map(str::to_owned).collect()
        }
        (Op::Remove, None) if value.is_null() => resource_type.urns().map(|urn| urn.to_string()).collect(),
        (Op::Remove, None) => {
            let urns = urns(value)?;
            resource_type.urns().filter(|urn| listed(&urns, urn)).map(|urn| urn.to_string()).collect()
        }
        (Op::Add, None) => {
            check_known(edit, &urns(value)?, resource_type)?;
            Vec::new()
        }
        (Op::Replace, None) => {
            let urns = urns(value)?;
            check_known(edit, &urns, resource_type)?;
            resource_type.urns().filter(|urn| !listed(&urns, urn)).map(|urn| urn.to_string()).collect()
        }
    };
    if removed.iter().any(|urn| **urn == *resource_type.schema.id) {
        return Err(ScimError::mutability(format!("{} is the base schema and cannot be removed", resource_type.schema.id)));
    }
    removed.iter().try_for_each(|urn| remove_extension(root, urn, resource_type))
}

/// Removes an extension with its data.
///
/// # Errors
/// `mutability`: the extension is required, or has an immutable attribute with a value.
pub(super) fn remove_extension(root: &mut Map<String, Value>, urn: &str, resource_type: &ResourceType) -> Result<(), ScimError> {
    let Some(extension) = resource_type.extension(urn).filter(|_| root.contains_key(urn)) else { return Ok(()) };
    if extension.required {
        return Err(ScimError::mutability(format!("{urn} is required and cannot be removed")));
    }
    let has = |name: &str| root.get(urn).is_some_and(|container| container.get(name).is_some());
    let immutable = extension.schema.attributes.iter().find(|a| a.mutability == Mutability::Immutable && has(&a.name));
    if let Some(attribute) = immutable {
        return Err(ScimError::mutability(format!("{urn}:{} is immutable and cannot be removed", attribute.name)));
    }
    root.swap_remove(urn);
    Ok(())
}

fn urns(value: &Value) -> Result<Vec<&str>, ScimError> {
    let elements = match value {
        Value::Array(elements) => elements.as_slice(),
        Value::Null => &[],
        single => std::slice::from_ref(single),
    };
    if !elements.iter().all(Value::is_string) {
        return Err(ScimError::invalid_value("schemas is a list of URNs"));
    }
    Ok(elements.iter().filter_map(Value::as_str).collect())
}

fn check_known(edit: Edit<'_>, urns: &[&str], resource_type: &ResourceType) -> Result<(), ScimError> {
    for urn in urns.iter().filter(|urn| !resource_type.urns().any(|known| known.eq_ignore_ascii_case(urn))) {
        match edit.context.tolerance.unknown_schemas {
            Unknown::Ignore => edit.context.ignore(format!("schemas: {urn}")),
            Unknown::Reject => {
                return Err(ScimError::invalid_value(format!("{} has no schema {urn}", resource_type.name)).naming(*urn));
            }
        }
    }
    Ok(())
}
