//! What one operation does to one attribute value.
//!
//! Values are slots: `None` is unassigned. What stands in a slot is canonical apart from order, which
//! [`crate::scim::resource::canonicalize`] restores at the end.

use super::Op;
use super::element::{self, Selection};
use super::work::Work;
use crate::scim::ScimError;
use crate::scim::resource::{ValueContext, attribute_value};
use crate::scim::schema::{Attribute, Mutability};
use serde_json::{Map, Value};

/// One operation at work.
#[derive(Clone, Copy)]
pub(super) struct Edit<'a> {
    pub op: Op,
    /// What errors call the attribute.
    pub name: &'a str,
    pub context: &'a ValueContext<'a>,
    /// What the request has done so far.
    pub work: &'a Work,
}

/// Applies an operation to a whole attribute. `value` is null for a `remove` without value.
///
/// # Errors
/// - `invalidValue`: `value` does not fit `attribute`
/// - `mutability`: an immutable attribute or sub-attribute has another value already
pub(super) fn write(edit: Edit<'_>, attribute: &Attribute, slot: &mut Option<Value>, value: &Value) -> Result<(), ScimError> {
    if attribute.multi_valued {
        return element::write_list(edit, attribute, slot, value);
    }
    match edit.op {
        Op::Remove => *slot = None,
        Op::Add | Op::Replace if attribute.is_complex() => write_complex(edit, attribute, slot, value)?,
        Op::Add | Op::Replace => *slot = attribute_value(attribute, value, edit.name, edit.context)?,
    }
    Ok(())
}

/// Applies an operation to a sub-attribute of an attribute that is not filtered: of its one value, or of all its elements.
///
/// # Errors
/// As [`write()`].
pub(super) fn write_sub(
    edit: Edit<'_>,
    attribute: &Attribute,
    sub: &Attribute,
    slot: &mut Option<Value>,
    value: &Value,
) -> Result<(), ScimError> {
    if attribute.multi_valued {
        return element::write_selected(edit, attribute, Some(sub), slot, value, &Selection::all());
    }
    let mut object = object_of(slot.take());
    write_member(edit, attribute, sub, &mut object, value)?;
    *slot = assigned(object);
    Ok(())
}

/// Applies an operation to a sub-attribute in an object that holds a value, or an element, of `attribute`.
pub(super) fn write_member(
    edit: Edit<'_>,
    attribute: &Attribute,
    sub: &Attribute,
    object: &mut Map<String, Value>,
    value: &Value,
) -> Result<(), ScimError> {
    let before = object.swap_remove(&sub.name);
    let mut after = before.clone();
    write(edit, sub, &mut after, value)?;
    if sub.name == "value" && before != after {
        forget_reference(attribute, object);
        // A reference whose value is emptied is no reference any more (D-10).
        if clears(attribute, after.as_ref(), edit.context) {
            after = None;
        }
    }
    if let Some(after) = after {
        object.insert(sub.name.clone(), after);
    }
    Ok(())
}

/// Merges an object of sub-attributes into an object that holds a value, or an element, of `attribute`: those not given
/// stay (D-51), null unassigns.
pub(super) fn merge(
    edit: Edit<'_>,
    attribute: &Attribute,
    object: &mut Map<String, Value>,
    value: &Map<String, Value>,
) -> Result<(), ScimError> {
    for (name, given) in value {
        let sub = attribute.sub_attribute(name).filter(|sub| sub.mutability != Mutability::ReadOnly);
        let unassigns = match edit.op {
            Op::Replace => is_empty(given),
            Op::Add | Op::Remove => given.is_null(),
        };
        // Adding nothing to several values changes nothing (D-61).
        if let Some(sub) = sub.filter(|sub| unassigns && (edit.op == Op::Replace || !sub.multi_valued)) {
            object.swap_remove(&sub.name);
        }
    }
    // As a whole, so that unknown and readOnly sub-attributes and a `$ref` without `value` are read as in a body.
    let given = Value::Object(value.clone());
    let Some(Value::Object(given)) = element::one(edit, attribute, &given)? else { return Ok(()) };
    let moves = given.get("value").is_some_and(|value| object.get("value") != Some(value));
    if moves && !given.contains_key("$ref") {
        forget_reference(attribute, object);
    }
    for (name, value) in given {
        match (attribute.sub_attribute(&name), edit.op) {
            (Some(sub), Op::Add) if sub.multi_valued => {
                let mut slot = object.swap_remove(&name);
                write(edit, sub, &mut slot, &value)?;
                object.extend(slot.map(|value| (name, value)));
            }
            _ => {
                object.insert(name, value);
            }
        }
    }
    Ok(())
}

/// Whether `value` for the reference `attribute` unassigns it, in this Directory (D-10).
pub(super) fn clears(attribute: &Attribute, value: Option<&Value>, context: &ValueContext<'_>) -> bool {
    context.tolerance.empty_reference_clears
        && !attribute.multi_valued
        && attribute.is_resource_reference()
        && value.is_some_and(|value| value == "")
}

/// The object in a slot; empty if the slot is.
pub(super) fn object_of(slot: Option<Value>) -> Map<String, Value> {
    match slot {
        Some(Value::Object(object)) => object,
        Some(_) | None => Map::new(),
    }
}

/// An object as a slot: unassigned if nothing is in it (D-10).
pub(super) fn assigned(object: Map<String, Value>) -> Option<Value> {
    (!object.is_empty()).then_some(Value::Object(object))
}

/// Whether a value means "unassigned" (D-10).
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(elements) => elements.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn write_complex(edit: Edit<'_>, attribute: &Attribute, slot: &mut Option<Value>, value: &Value) -> Result<(), ScimError> {
    let replaces_whole = edit.op == Op::Replace && (edit.context.tolerance.interop_profile || is_empty(value));
    let Value::Object(given) = value else {
        // A bare string is the `value` of the attribute (D-71); anything else unassigns or is refused.
        return match attribute_value(attribute, value, edit.name, edit.context)? {
            None => {
                *slot = None;
                Ok(())
            }
            Some(given) => write_complex(edit, attribute, slot, &given),
        };
    };
    if replaces_whole {
        *slot = attribute_value(attribute, value, edit.name, edit.context)?;
        return Ok(());
    }
    let sent = given.iter().find(|(name, _)| name.eq_ignore_ascii_case("value")).map(|(_, value)| value);
    if clears(attribute, sent, edit.context) {
        *slot = None;
        return Ok(());
    }
    let mut object = object_of(slot.take());
    merge(edit, attribute, &mut object, given)?;
    *slot = assigned(object);
    Ok(())
}

/// A reference that moves to another `value` does not keep the `$ref` of the old one.
fn forget_reference(attribute: &Attribute, object: &mut Map<String, Value>) {
    if attribute.is_resource_reference() {
        object.swap_remove("$ref");
    }
}
