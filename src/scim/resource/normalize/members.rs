//! The membership attribute: of each element only the id is taken, the rest is computed (D-41).

use super::format;
use super::name::Name;
use super::value::{ValueContext, wrong_type};
use crate::scim::ScimError;
use crate::scim::schema::Attribute;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashSet;

/// The ids in the value of a membership attribute, in order, each once: `value`, or else the last segment of `$ref` (D-70).
///
/// # Errors
/// - `invalidValue`: not a list of objects with one of the two, or more than `members_max`
/// - `invalidSyntax`: an unknown sub-attribute where the Directory refuses them (D-03)
pub fn ids(attribute: &Attribute, value: &Value, context: &ValueContext<'_>) -> Result<Vec<String>, ScimError> {
    let name = Name::top(&attribute.name);
    let elements = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Object(object) if object.is_empty() => return Ok(Vec::new()),
        Value::Array(elements) => elements.as_slice(),
        single if context.tolerance.single_value_as_list => std::slice::from_ref(single),
        value => return Err(wrong_type(name, "a list of values", value)),
    };
    let max = context.limits.members_max;
    if elements.len() > max {
        return Err(ScimError::invalid_value(format!("{name}: more than {max} values")));
    }
    let mut seen = HashSet::with_capacity(elements.len());
    let mut ids = Vec::with_capacity(elements.len());
    for element in elements {
        if let Some(id) = id(attribute, element, name, context)?
            && seen.insert(id.clone())
        {
            ids.push(id.into_owned());
        }
    }
    Ok(ids)
}

fn id<'v>(
    attribute: &Attribute,
    element: &'v Value,
    name: Name<'_>,
    context: &ValueContext<'_>,
) -> Result<Option<Cow<'v, str>>, ScimError> {
    let object = match element {
        Value::Null => return Ok(None),
        Value::Object(object) if object.is_empty() => return Ok(None),
        Value::Object(object) => object,
        value => return Err(wrong_type(name, "objects with a value", value)),
    };
    let mut by_value = None;
    let mut by_reference = None;
    for (key, value) in object {
        let Some(sub) = attribute.sub_attribute(key) else {
            context.unknown_attribute(name.sub(key))?;
            continue;
        };
        let slot = match sub.name.as_str() {
            "value" => &mut by_value,
            "$ref" => &mut by_reference,
            _ => continue, // Computed, whatever the client says.
        };
        *slot = match value {
            Value::Null => None,
            Value::String(text) => Some(text.as_str()),
            value => return Err(wrong_type(name.sub(&sub.name), "a string", value)),
        };
    }
    let id = by_value.filter(|id| !id.is_empty()).map(Cow::Borrowed).or_else(|| by_reference.and_then(format::last_segment));
    match id {
        Some(id) => Ok(Some(id)),
        None => Err(ScimError::invalid_value(format!("{name}: expected objects with the member's id in value"))),
    }
}
