//! One attribute's value, brought to canonical form.

use super::format::{self, Format};
use super::name::Name;
use crate::scim::key;
use crate::scim::schema::{Attribute, AttributeType, Mutability, Uniqueness};
use crate::scim::tolerance::{Tolerance, Unknown};
use crate::scim::{ErrorKind, ScimError};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

/// How large values may be (D-20, R36).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueLimits {
    /// The longest string, in bytes.
    pub string_bytes_max: usize,
    /// The longest value of an attribute that is matched or unique (`externalId`, `uniqueness` other than none), in bytes;
    /// holds for its comparison key too.
    pub unique_bytes_max: usize,
    /// How many elements a multi-valued attribute may have; not for memberships.
    pub elements_max: usize,
    /// How many memberships one request may name.
    pub members_max: usize,
    /// How many elements the operations of one PATCH may go over in all: each operation on a multi-valued attribute goes
    /// over those it has, once for each comparison of its filter, and those it is given.
    pub patch_elements_max: usize,
}

impl Default for ValueLimits {
    fn default() -> Self {
        Self {
            string_bytes_max: 1_048_576,
            unique_bytes_max: 1_024,
            elements_max: 10_000,
            members_max: 100_000,
            patch_elements_max: 1_000_000,
        }
    }
}

/// How many left out names are remembered per request, and how much of each.
const IGNORED_MAX: usize = 64;
const IGNORED_NAME_CHARS_MAX: usize = 200;

/// What the values of one request are judged by.
#[derive(Debug, Clone, Copy)]
pub struct ValueContext<'a> {
    /// Where the Directory bends.
    pub tolerance: &'a Tolerance,
    /// How large values may be.
    pub limits: &'a ValueLimits,
    /// Whether a bare string stands for the `value` of a singular complex attribute, as in PATCH (D-71).
    pub bare_value_for_complex: bool,
    /// Takes the names of what is left out, each once, for the request log.
    pub ignored: &'a RefCell<Vec<String>>,
}

impl ValueContext<'_> {
    /// Remembers that `name` was left out.
    pub(crate) fn ignore(&self, name: impl std::fmt::Display) {
        let mut ignored = self.ignored.borrow_mut();
        if ignored.len() >= IGNORED_MAX {
            return;
        }
        let mut name = name.to_string();
        if let Some((end, _)) = name.char_indices().nth(IGNORED_NAME_CHARS_MAX) {
            name.truncate(end);
        }
        if !ignored.contains(&name) {
            ignored.push(name);
        }
    }

    /// An attribute that no schema defines: left out or refused (D-03).
    pub(crate) fn unknown_attribute(&self, name: impl std::fmt::Display) -> Result<(), ScimError> {
        match self.tolerance.unknown_attributes {
            Unknown::Ignore => {
                self.ignore(name);
                Ok(())
            }
            Unknown::Reject => {
                let name = name.to_string();
                let detail = format!("{name}: no schema of this resource type has this attribute");
                Err(ScimError::invalid_syntax(detail).naming(name))
            }
        }
    }
}

/// Brings the value of `attribute` to canonical form: names as in the schema and in its order, no null, no empty
/// list or object (D-10), duplicates merged (D-15). `None`: unassigned. `name` is what errors call it.
///
/// readOnly sub-attributes are left out without a look at their type (D-16); the attribute's own mutability is the caller's.
///
/// # Errors
/// - `invalidValue`: the JSON type or the syntax does not fit, two elements are primary (D-14), or a limit is exceeded
/// - `invalidSyntax`: an unknown sub-attribute where the Directory refuses them (D-03)
pub fn attribute_value(
    attribute: &Attribute,
    value: &Value,
    name: &str,
    context: &ValueContext<'_>,
) -> Result<Option<Value>, ScimError> {
    whole(attribute, value, Name::top(name), context)
}

/// Brings one element of a multi-valued `attribute` to canonical form. `None`: nothing of it is assigned.
///
/// # Errors
/// As [`attribute_value`].
pub fn element_value(
    attribute: &Attribute,
    value: &Value,
    name: &str,
    context: &ValueContext<'_>,
) -> Result<Option<Value>, ScimError> {
    one(attribute, value, Name::top(name), context)
}

/// Merges elements that are equal in (`type`, `value`) into the first of them, later sub-attributes winning (D-15).
/// Elements without `value` are merged only if they are equal altogether.
pub(crate) fn merge_duplicates(attribute: &Attribute, elements: Vec<Value>) -> Vec<Value> {
    if elements.len() < 2 {
        return elements;
    }
    let mut places: HashMap<String, usize> = HashMap::with_capacity(elements.len());
    let mut merged: Vec<Value> = Vec::with_capacity(elements.len());
    for element in elements {
        match places.entry(identity(attribute, &element)) {
            std::collections::hash_map::Entry::Occupied(place) => match (&mut merged[*place.get()], element) {
                (Value::Object(kept), Value::Object(later)) => kept.extend(later),
                (kept, later) => *kept = later,
            },
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(merged.len());
                merged.push(element);
            }
        }
    }
    for element in &mut merged {
        super::canonical::order(attribute, element);
    }
    merged
}

/// # Errors
/// `invalidValue` if more than one of `elements` is primary (D-14).
pub(crate) fn check_primary(name: impl std::fmt::Display, elements: &[Value]) -> Result<(), ScimError> {
    let primaries = elements.iter().filter(|element| element.get("primary") == Some(&Value::Bool(true))).count();
    if primaries > 1 {
        return Err(ScimError::invalid_value(format!("{name}: {primaries} values are primary; at most one may be")));
    }
    Ok(())
}

/// [`attribute_value`] under a name in parts.
pub(super) fn whole(
    attribute: &Attribute,
    value: &Value,
    name: Name<'_>,
    context: &ValueContext<'_>,
) -> Result<Option<Value>, ScimError> {
    if !attribute.multi_valued {
        return match value {
            Value::Array(elements) if elements.is_empty() => Ok(None),
            Value::Array(_) => Err(ScimError::invalid_value(format!("{name}: expected one value, not a list"))),
            value => one(attribute, value, name, context),
        };
    }
    let elements = match value {
        Value::Array(elements) => elements.as_slice(),
        Value::Null => return Ok(None),
        Value::Object(object) if object.is_empty() => return Ok(None),
        single if context.tolerance.single_value_as_list => std::slice::from_ref(single),
        _ => return Err(ScimError::invalid_value(format!("{name}: expected a list of values"))),
    };
    if elements.len() > context.limits.elements_max {
        return Err(ScimError::invalid_value(format!("{name}: more than {} values", context.limits.elements_max)));
    }
    let mut kept = Vec::with_capacity(elements.len());
    for element in elements {
        kept.extend(one(attribute, element, name, context)?);
    }
    let kept = merge_duplicates(attribute, kept);
    check_primary(name, &kept)?;
    Ok(if kept.is_empty() { None } else { Some(Value::Array(kept)) })
}

fn one(attribute: &Attribute, value: &Value, name: Name<'_>, context: &ValueContext<'_>) -> Result<Option<Value>, ScimError> {
    if value.is_null() {
        return Ok(None);
    }
    match attribute.attribute_type {
        AttributeType::Complex => complex(attribute, value, name, context),
        AttributeType::Boolean => boolean(value, name, context).map(|boolean| Some(Value::Bool(boolean))),
        AttributeType::Integer => number(value, name, "a whole number without fraction or exponent", is_integer),
        AttributeType::Decimal => number(value, name, "a number", |_| true),
        AttributeType::String => string(attribute, value, name, context),
        AttributeType::DateTime => string(attribute, value, name, context),
        AttributeType::Reference => string(attribute, value, name, context),
        AttributeType::Binary => string(attribute, value, name, context),
    }
}

fn complex(attribute: &Attribute, value: &Value, name: Name<'_>, context: &ValueContext<'_>) -> Result<Option<Value>, ScimError> {
    let clears = context.tolerance.empty_reference_clears && !attribute.multi_valued && attribute.is_resource_reference();
    let object = match value {
        Value::Object(object) => object,
        Value::String(text) if clears && text.is_empty() => return Ok(None),
        Value::String(_) if context.bare_value_for_complex && !attribute.multi_valued => {
            let Some(sub) = attribute.sub_attribute("value") else {
                return Err(wrong_type(name, "an object of sub-attributes", value));
            };
            let inner = whole(sub, value, name.sub(&sub.name), context)?;
            return Ok(inner.map(|inner| Value::Object(Map::from_iter([(sub.name.clone(), inner)]))));
        }
        value => return Err(wrong_type(name, "an object of sub-attributes", value)),
    };
    let mut slots: Vec<Option<Value>> = vec![None; attribute.sub_attributes.len()];
    for (key, value) in object {
        let Some(place) = attribute.sub_attributes.iter().position(|sub| sub.name.eq_ignore_ascii_case(key)) else {
            context.unknown_attribute(name.sub(key))?;
            continue;
        };
        let sub = &attribute.sub_attributes[place];
        if sub.mutability == Mutability::ReadOnly {
            context.ignore(name.sub(&sub.name));
            continue;
        }
        slots[place] = whole(sub, value, name.sub(&sub.name), context)?;
    }
    let mut object = Map::with_capacity(slots.len());
    for (sub, slot) in attribute.sub_attributes.iter().zip(slots) {
        if let Some(value) = slot {
            object.insert(sub.name.clone(), value);
        }
    }
    if attribute.is_resource_reference() {
        if clears && object.get("value").is_some_and(|value| value == "") {
            return Ok(None);
        }
        value_from_reference(attribute, &mut object);
    }
    Ok(if object.is_empty() { None } else { Some(Value::Object(object)) })
}

/// A reference given by `$ref` alone names its target by the last segment (D-70).
fn value_from_reference(attribute: &Attribute, object: &mut Map<String, Value>) {
    if object.contains_key("value") || attribute.sub_attribute("value").is_none() {
        return;
    }
    let Some(id) = object.get("$ref").and_then(Value::as_str).and_then(format::last_segment) else { return };
    object.shift_insert(0, "value".to_owned(), Value::String(id.into_owned()));
    super::canonical::order_object(attribute, object);
}

fn boolean(value: &Value, name: Name<'_>, context: &ValueContext<'_>) -> Result<bool, ScimError> {
    match value {
        Value::Bool(boolean) => Ok(*boolean),
        // Entra sends "True" and "False" (D-07).
        Value::String(text) if context.tolerance.coerce_boolean_strings && text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if context.tolerance.coerce_boolean_strings && text.eq_ignore_ascii_case("false") => Ok(false),
        value => Err(wrong_type(name, "true or false", value)),
    }
}

fn number(value: &Value, name: Name<'_>, expected: &str, accepts: fn(&str) -> bool) -> Result<Option<Value>, ScimError> {
    match value {
        Value::Number(number) if accepts(&number.to_string()) => Ok(Some(value.clone())),
        Value::Number(_) => Err(ScimError::invalid_value(format!("{name}: expected {expected}"))),
        value => Err(wrong_type(name, expected, value)),
    }
}

fn is_integer(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit())
}

fn string(attribute: &Attribute, value: &Value, name: Name<'_>, context: &ValueContext<'_>) -> Result<Option<Value>, ScimError> {
    let format = Format::of(attribute, name, context.tolerance.strict_formats);
    let Value::String(text) = value else {
        return Err(wrong_type(name, format.map_or("a string", Format::description), value));
    };
    check_length(attribute, text, name, context)?;
    if let Some(format) = format
        && !format.accepts(text)
    {
        return Err(ScimError::invalid_value(format!("{name}: expected {}", format.description())));
    }
    let text = match attribute.spelling.filter(|_| context.tolerance.one_spelling) {
        Some(spelling) => spelling.spell(text),
        None => Cow::Borrowed(text.as_str()),
    };
    // A URL can become longer.
    check_length(attribute, &text, name, context)?;
    let is_same = |canonical: &&String| match attribute.case_exact {
        true => **canonical == text,
        false => canonical.eq_ignore_ascii_case(&text),
    };
    match attribute.canonical_values.iter().find(is_same) {
        None if attribute.enforce_canonical => {
            let canonical = attribute.canonical_values.join(", ");
            Err(ScimError::invalid_value(format!("{name}: expected one of {canonical}")))
        }
        Some(canonical) => Ok(Some(Value::String(canonical.clone()))),
        None => Ok(Some(Value::String(text.into_owned()))),
    }
}

fn check_length(attribute: &Attribute, text: &str, name: Name<'_>, context: &ValueContext<'_>) -> Result<(), ScimError> {
    let too_long = |max: usize| Err(ScimError::new(ErrorKind::InvalidValue, format!("{name}: longer than {max} bytes")));
    if text.len() > context.limits.string_bytes_max {
        return too_long(context.limits.string_bytes_max);
    }
    let is_matched = attribute.uniqueness != Uniqueness::None || name.is("externalId");
    let max = context.limits.unique_bytes_max;
    // Normalisation can make the key longer than the text, and the key is what the unique index holds.
    if is_matched && (text.len() > max || key::key(attribute, text).len() > max) {
        return too_long(max);
    }
    Ok(())
}

/// Whether two elements are the same one: by (`type`, `value`), in the letter case that their attributes compare in.
fn identity(attribute: &Attribute, element: &Value) -> String {
    let keyed = |attribute: &Attribute, value: &Value| match (value, attribute.attribute_type) {
        (Value::String(text), AttributeType::String | AttributeType::Reference | AttributeType::Binary) => {
            key::key(attribute, text)
        }
        (value, _) => value.to_string(),
    };
    if !attribute.is_complex() {
        return keyed(attribute, element);
    }
    let part = |name: &str| Some(keyed(attribute.sub_attribute(name)?, element.get(name)?));
    match part("value") {
        // A key holds no U+0000, so the two parts cannot run into each other.
        Some(value) => format!("{}\0{value}", part("type").unwrap_or_default()),
        None => element.to_string(),
    }
}

/// The error for a value of another JSON type.
pub(super) fn wrong_type(name: Name<'_>, expected: &str, value: &Value) -> ScimError {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    ScimError::invalid_value(format!("{name}: expected {expected}, not {found}"))
}
