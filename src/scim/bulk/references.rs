//! `bulkId:x` where a reference may stand (RFC 7644 §3.7.2, D-89).
//!
//! A bulkId is replaced in the `value` and `$ref` of attributes that refer to resources, in references to resources, in
//! filters of PATCH paths over these, and in the paths of operations. In any other string it is text.

use crate::scim::ScimError;
use crate::scim::filter::{CompValue, Filter, FilterOptions, parse_path};
use crate::scim::json::member;
use crate::scim::quirks::MessageKind;
use crate::scim::schema::path::Resolved;
use crate::scim::schema::{Attribute, AttributeType, Mutability, ResourceType};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};

#[cfg(test)]
mod tests;

/// What comes before the bulkId in a reference.
const PREFIX: &str = "bulkId:";

/// The longest part of a bulkId that an error message quotes, in characters.
const QUOTED_CHARACTERS_MAX: usize = 100;

/// What a bulkId stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defined {
    /// The POST that it belongs to, by its place in the request, from 0.
    pub operation: usize,
    /// The `id` that the new resource will have.
    pub id: String,
    /// The address that it will have.
    pub location: String,
}

/// The bulkIds of a request.
pub type BulkIds = HashMap<String, Defined>;

/// Replaces the bulkIds in the body of an operation, and gives the places of the POSTs that it refers to.
///
/// The body may have any shape; what is wrong with it, others say.
///
/// # Errors
/// `invalidValue`: no POST of the request has the bulkId
pub fn resolve(
    body: &mut Value,
    kind: MessageKind,
    resource_type: &ResourceType,
    bulk_ids: &BulkIds,
    filter: &FilterOptions,
) -> Result<BTreeSet<usize>, ScimError> {
    let mut resolver = Resolver { resource_type, bulk_ids, filter, referred: BTreeSet::new() };
    if let Value::Object(body) = body {
        match kind {
            MessageKind::Create | MessageKind::Replace => resolver.object(body)?,
            MessageKind::Patch => {
                if let Some(Value::Array(operations)) = member(body, "Operations") {
                    for operation in operations.iter_mut().filter_map(Value::as_object_mut) {
                        resolver.operation(operation)?;
                    }
                }
            }
        }
    }
    Ok(resolver.referred)
}

/// What the `id` of an operation's path stands for, if it is a reference: `bulkId:g1` in `/Groups/bulkId:g1`.
///
/// # Errors
/// `invalidValue`: no POST of the request has the bulkId
pub fn resolve_id<'a>(id: &str, bulk_ids: &'a BulkIds) -> Result<Option<&'a Defined>, ScimError> {
    strip_prefix(id).map(|bulk_id| find(bulk_id, bulk_ids)).transpose()
}

struct Resolver<'a> {
    resource_type: &'a ResourceType,
    bulk_ids: &'a BulkIds,
    filter: &'a FilterOptions,
    referred: BTreeSet<usize>,
}

impl Resolver<'_> {
    /// The members of a resource, or of the value of an operation without path: their names are paths.
    fn object(&mut self, object: &mut Map<String, Value>) -> Result<(), ScimError> {
        object.iter_mut().try_for_each(|(path, value)| self.value_at(path, value))
    }

    fn operation(&mut self, operation: &mut Map<String, Value>) -> Result<(), ScimError> {
        let path = match member(operation, "path") {
            Some(Value::String(path)) => {
                self.path(path)?;
                Some(path.clone())
            }
            Some(_) | None => None,
        };
        match (path, member(operation, "value")) {
            (Some(path), Some(value)) => self.value_at(&path, value),
            (None, Some(Value::Object(attributes))) => self.object(attributes),
            (_, _) => Ok(()),
        }
    }

    /// The filter in a path. A path that does not parse is left as it is: PATCH refuses it.
    fn path(&mut self, text: &mut String) -> Result<(), ScimError> {
        let Ok(mut path) = parse_path(text, self.filter) else { return Ok(()) };
        let (Some(filter), Some(Resolved::Attribute(target))) =
            (&mut path.filter, self.resource_type.resolve(&path.attribute.text))
        else {
            return Ok(());
        };
        if self.filter(&target.attribute, filter)? {
            let sub = path.sub.map(|sub| format!(".{sub}")).unwrap_or_default();
            *text = format!("{}[{filter}]{sub}", path.attribute);
        }
        Ok(())
    }

    /// Returns whether there was anything to replace. Nesting is bounded by the parser.
    fn filter(&mut self, attribute: &Attribute, filter: &mut Filter) -> Result<bool, ScimError> {
        match filter {
            Filter::Compare { path, value: CompValue::String(text), .. } => match attribute.sub_attribute(&path.text) {
                Some(sub) => match form(attribute, Some(sub)) {
                    Some(form) => self.text(form, text),
                    None => Ok(false),
                },
                None => Ok(false),
            },
            Filter::Compare { .. } | Filter::Present(_) | Filter::ValuePath { .. } => Ok(false),
            Filter::Not(inner) => self.filter(attribute, inner),
            Filter::And(terms) | Filter::Or(terms) => {
                let mut replaced = false;
                for term in terms {
                    replaced |= self.filter(attribute, term)?;
                }
                Ok(replaced)
            }
        }
    }

    fn value_at(&mut self, path: &str, value: &mut Value) -> Result<(), ScimError> {
        let (attribute_path, sub) = match parse_path(path, self.filter) {
            Ok(path) => (path.attribute.text, path.sub),
            Err(_) => (path.to_owned(), None),
        };
        match self.resource_type.resolve(&attribute_path) {
            Some(Resolved::Attribute(target)) => {
                let sub = target.sub.or_else(|| target.attribute.sub_attribute(&sub?).cloned());
                self.value(&target.attribute, sub.as_deref(), value)
            }
            Some(Resolved::Container(urn)) => {
                let Value::Object(container) = value else { return Ok(()) };
                for (name, value) in container {
                    if let Some(Resolved::Attribute(target)) = self.resource_type.resolve(&format!("{urn}:{name}")) {
                        self.value(&target.attribute, target.sub.as_deref(), value)?;
                    }
                }
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// A value of `attribute`, or of `sub` in it. Nesting is bounded by the JSON reader.
    fn value(&mut self, attribute: &Attribute, sub: Option<&Attribute>, value: &mut Value) -> Result<(), ScimError> {
        match value {
            Value::Array(elements) => elements.iter_mut().try_for_each(|element| self.value(attribute, sub, element)),
            Value::Object(members) if sub.is_none() => {
                members.iter_mut().try_for_each(|(name, value)| match attribute.sub_attribute(name) {
                    Some(sub) if value.is_string() || value.is_array() => self.value(attribute, Some(sub), value),
                    Some(_) | None => Ok(()),
                })
            }
            Value::String(text) => match form(attribute, sub) {
                Some(form) => self.text(form, text).map(|_| ()),
                None => Ok(()),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Ok(()),
        }
    }

    /// Returns whether the text is a reference.
    fn text(&mut self, form: Form, text: &mut String) -> Result<bool, ScimError> {
        let (before, bulk_id) = match (strip_prefix(text), form) {
            (Some(bulk_id), _) => ("", bulk_id),
            (None, Form::Uri) => {
                let segment = text.char_indices().filter(|(_, character)| *character == '/').map(|(at, _)| at + 1);
                match segment.into_iter().find_map(|at| Some((&text[..at], strip_prefix(&text[at..])?))) {
                    Some(found) => found,
                    None => return Ok(false),
                }
            }
            (None, Form::Id) => return Ok(false),
        };
        let defined = find(bulk_id, self.bulk_ids)?;
        self.referred.insert(defined.operation);
        *text = match form {
            Form::Uri if before.is_empty() => defined.location.clone(),
            Form::Uri | Form::Id => format!("{before}{}", defined.id),
        };
        Ok(true)
    }
}

/// How a resource is referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// By its id: `bulkId:x`.
    Id,
    /// By its address, which ends in the id: `bulkId:x`, `/Users/bulkId:x`, `https://…/Users/bulkId:x`.
    Uri,
}

/// How the values of `attribute`, or of `sub` in it, refer to resources, if they do and the client may write them.
fn form(attribute: &Attribute, sub: Option<&Attribute>) -> Option<Form> {
    let leaf = sub.unwrap_or(attribute);
    if attribute.mutability == Mutability::ReadOnly {
        return None;
    }
    let to_resources = leaf.reference_types.iter().any(|name| name != "external" && name != "uri");
    if leaf.attribute_type == AttributeType::Reference && to_resources {
        return Some(Form::Uri);
    }
    // A bare string stands for `value` (D-71).
    let is_value = sub.is_none_or(|sub| sub.name == "value");
    (is_value && attribute.is_resource_reference()).then_some(Form::Id)
}

fn strip_prefix(text: &str) -> Option<&str> {
    let (prefix, bulk_id) = text.split_at_checked(PREFIX.len())?;
    prefix.eq_ignore_ascii_case(PREFIX).then_some(bulk_id)
}

fn find<'a>(bulk_id: &str, bulk_ids: &'a BulkIds) -> Result<&'a Defined, ScimError> {
    bulk_ids.get(bulk_id).ok_or_else(|| {
        let quoted: String = bulk_id.chars().take(QUOTED_CHARACTERS_MAX).collect();
        ScimError::invalid_value(format!("no POST of this request has the bulkId {quoted}")).quoting(quoted)
    })
}
