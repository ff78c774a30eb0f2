//! A whole request body of POST or PUT.

use super::members;
use super::name::Name;
use super::value::{ValueContext, ValueLimits, whole};
use super::{canonicalize, schemas};
use crate::scim::ScimError;
use crate::scim::resource::Document;
use crate::scim::schema::{Attribute, Extension, Mutability, ResourceType};
use crate::scim::tolerance::Tolerance;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::sync::Arc;

/// A request body, taken apart into what is kept in one place each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Normalized {
    /// What is kept as JSON.
    pub document: Document,
    /// The members' ids as sent, without duplicates, from `value` or else the last segment of `$ref` (D-41, D-70).
    /// `None`: the membership attribute was not sent.
    pub members: Option<Vec<String>>,
    /// The password. `None`: not sent; `Some(None)`: sent as null.
    pub password: Option<Option<String>>,
    /// The names of the attributes that were sent, null included, as [`crate::scim::schema::Target::name`] spells them: what
    /// PUT does not keep (D-18), and what a write answers with though it is `returned: request` (D-49).
    pub sent: Vec<String>,
    /// The names of what was left out, each once, for the request log: readOnly and unknown attributes, unknown schemas.
    pub ignored: Vec<String>,
}

/// Takes the body of a POST or PUT apart.
///
/// Names count in any letter case (S-2.1-01); readOnly attributes are left out without a look at their type (D-16), `id` and
/// `meta` among them. What a whole document must fulfil, [`crate::scim::resource::validate()`] says.
///
/// # Errors
/// - `invalidSyntax`: the body is no object, its `schemas` is missing, no list of strings, without the base schema or with an
///   unknown one (D-03, D-04), or an attribute is unknown where the Directory refuses that (D-03)
/// - `invalidValue`: the value of an attribute does not fit it; see [`super::attribute_value`]
pub fn normalize(
    body: Value,
    resource_type: &ResourceType,
    tolerance: &Tolerance,
    limits: &ValueLimits,
) -> Result<Normalized, ScimError> {
    let Value::Object(body) = body else {
        return Err(ScimError::invalid_syntax(format!("expected a JSON object, the {} resource", resource_type.name)));
    };
    let ignored = RefCell::new(Vec::new());
    let context = ValueContext { tolerance, limits, bare_value_for_complex: false, ignored: &ignored };
    schemas::check(&body, resource_type, &context)?;
    let mut normalized = Normalized::default();
    let mut object = Map::with_capacity(body.len());
    for (key, value) in &body {
        if let Some(extension) = resource_type.extension(key) {
            if let Some(container) = container(extension, value, &context, &mut normalized.sent)? {
                object.insert(extension.schema.id.to_string(), container);
            }
            continue;
        }
        match find(resource_type, key) {
            Some(attribute) => attribute_of_body(attribute, value, resource_type, &context, &mut normalized, &mut object)?,
            None => context.unknown_attribute(key)?,
        }
    }
    normalized.document = canonicalize(object, resource_type);
    normalized.ignored = ignored.into_inner();
    Ok(normalized)
}

/// The top-level attribute called `key`. The common ones win over a schema that lists them too (S-3.1-03).
fn find<'a>(resource_type: &'a ResourceType, key: &str) -> Option<&'a Arc<Attribute>> {
    let mut attributes = resource_type.common.iter().chain(&resource_type.schema.attributes);
    attributes.find(|attribute| attribute.name.eq_ignore_ascii_case(key))
}

fn attribute_of_body(
    attribute: &Arc<Attribute>,
    value: &Value,
    resource_type: &ResourceType,
    context: &ValueContext<'_>,
    normalized: &mut Normalized,
    object: &mut Map<String, Value>,
) -> Result<(), ScimError> {
    let name = attribute.name.as_str();
    if name == "schemas" {
        return Ok(()); // Checked, and computed from what the document holds.
    }
    if attribute.mutability == Mutability::ReadOnly {
        context.ignore(name);
        return Ok(());
    }
    if resource_type.membership.as_ref().is_some_and(|membership| membership.name == name) {
        normalized.members = Some(members::ids(attribute, value, context)?);
        return Ok(());
    }
    if attribute.is_password() {
        normalized.password = Some(password(value)?);
        return Ok(());
    }
    normalized.sent.push(attribute.name.clone());
    if let Some(value) = whole(attribute, value, Name::top(name), context)? {
        object.insert(attribute.name.clone(), value);
    }
    Ok(())
}

fn container(
    extension: &Extension,
    value: &Value,
    context: &ValueContext<'_>,
    sent: &mut Vec<String>,
) -> Result<Option<Value>, ScimError> {
    let urn = &*extension.schema.id;
    let object = match value {
        Value::Null => return Ok(None),
        Value::Object(object) => object,
        Value::Array(elements) if elements.is_empty() => return Ok(None),
        _ => return Err(ScimError::invalid_value(format!("{urn}: expected an object of the extension's attributes"))),
    };
    let mut container = Map::with_capacity(object.len());
    for (key, value) in object {
        let Some(attribute) = extension.schema.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(key))
        else {
            context.unknown_attribute(Name::in_extension(urn, key))?;
            continue;
        };
        let name = Name::in_extension(urn, &attribute.name);
        if attribute.mutability == Mutability::ReadOnly {
            context.ignore(name);
            continue;
        }
        sent.push(name.to_string());
        if let Some(value) = whole(attribute, value, name, context)? {
            container.insert(attribute.name.clone(), value);
        }
    }
    Ok(Some(Value::Object(container)))
}

/// The password as sent; whoever hashes it judges its length. An error says nothing of it.
fn password(value: &Value) -> Result<Option<String>, ScimError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(ScimError::invalid_value("password: expected a string")),
    }
}
