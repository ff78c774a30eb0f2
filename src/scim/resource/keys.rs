//! What the store compares and indexes by: each value as its comparison key.

use super::Document;
use crate::scim::key;
use crate::scim::schema::{Attribute, AttributeType, IndexedAttribute, Place, ResourceType, Uniqueness};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// A row of the inverted index `attribute_values`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexRow {
    /// The attribute, as named in [`IndexedAttribute::name`].
    pub attribute: String,
    /// The comparison key of the value, cut to [`INDEX_VALUE_BYTES_MAX`].
    pub value: String,
    /// Whether no other resource of the type may have it, of its Directory or of any.
    pub uniqueness: Uniqueness,
}

impl IndexRow {
    /// Whether no other resource of the type in the Directory may have the value.
    pub fn is_unique(&self) -> bool {
        self.uniqueness != Uniqueness::None
    }
}

/// The longest value that the index holds, in bytes; a longer key is cut there, at a character. PostgreSQL refuses
/// B-tree entries above 2,704 bytes (R36).
pub const INDEX_VALUE_BYTES_MAX: usize = 1024;

/// The key document, on which filters run in SQL: of the shape of `document`, names and all, but with each value
/// as it compares. Strings, references, binaries and dateTimes are their [`key::key`]; booleans and numbers are as they are; the value of a
/// multi-valued attribute is a list always.
///
/// What may not be filtered by (D-42), `returned: never` and `writeOnly`, is not in it.
pub fn keys(document: &Document, resource_type: &ResourceType) -> Value {
    let object = document.as_object();
    let mut keys = Map::with_capacity(object.len());
    add_keys(&resource_type.common, object, &mut keys);
    add_keys(&resource_type.schema.attributes, object, &mut keys);
    for extension in &resource_type.extensions {
        let urn = &*extension.schema.id;
        if let Some(container) = object.get(urn).and_then(Value::as_object) {
            let mut inner = Map::with_capacity(container.len());
            add_keys(&extension.schema.attributes, container, &mut inner);
            if !inner.is_empty() {
                keys.insert(urn.to_owned(), Value::Object(inner));
            }
        }
    }
    Value::Object(keys)
}

/// The rows of the document in the index: one for each distinct value of each indexed attribute, in order.
///
/// Booleans are `true` and `false`, dateTimes their key, "" is a value. Numbers have no row, because keys compare as
/// text and numbers do not; but for integers that must be unique. "" is never unique: it stands for no value (D-36).
/// `also_unique` names indexed attributes that the Directory makes unique beyond the schema (D-22, D-25).
pub fn index_rows(document: &Document, resource_type: &ResourceType, also_unique: &[&str]) -> Vec<IndexRow> {
    let mut rows = BTreeSet::new();
    for indexed in &resource_type.indexed {
        let also = if also_unique.contains(&&*indexed.name) { Uniqueness::Server } else { Uniqueness::None };
        let uniqueness = indexed.target.leaf().uniqueness.max(also);
        for value in values(document, indexed) {
            if let Some(mut value) = index_value(indexed.target.leaf(), value) {
                value.truncate(value.floor_char_boundary(INDEX_VALUE_BYTES_MAX));
                let uniqueness = if value.is_empty() { Uniqueness::None } else { uniqueness };
                rows.insert(IndexRow { attribute: indexed.name.to_string(), value, uniqueness });
            }
        }
    }
    rows.into_iter().collect()
}

fn add_keys(attributes: &[Arc<Attribute>], from: &Map<String, Value>, to: &mut Map<String, Value>) {
    for attribute in attributes {
        if attribute.is_secret() {
            continue;
        }
        let Some(value) = from.get(&attribute.name) else { continue };
        let key = match value {
            Value::Array(elements) => Value::Array(elements.iter().map(|element| key_of(attribute, element)).collect()),
            single if attribute.multi_valued => Value::Array(vec![key_of(attribute, single)]),
            single => key_of(attribute, single),
        };
        to.insert(attribute.name.clone(), key);
    }
}

fn key_of(attribute: &Attribute, value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(key::key(attribute, text)),
        Value::Object(object) => {
            let mut keys = Map::with_capacity(object.len());
            add_keys(&attribute.sub_attributes, object, &mut keys);
            Value::Object(keys)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => value.clone(),
    }
}

/// The values that an indexed attribute has in the document.
pub(super) fn values<'d>(document: &'d Document, indexed: &IndexedAttribute) -> impl Iterator<Item = &'d Value> {
    let target = &indexed.target;
    let object = match &target.place {
        Place::Extension(urn) => document.as_object().get(&**urn).and_then(Value::as_object),
        Place::Core | Place::Element => Some(document.as_object()),
    };
    let value = object.and_then(|object| object.get(&target.attribute.name));
    let sub = target.sub.clone();
    each(value).flat_map(move |element| {
        each(match &sub {
            Some(sub) => element.get(&sub.name),
            None => Some(element),
        })
    })
}

/// The elements of a list, or the one value.
fn each(value: Option<&Value>) -> std::slice::Iter<'_, Value> {
    match value {
        Some(Value::Array(elements)) => elements.iter(),
        Some(single) => std::slice::from_ref(single).iter(),
        None => [].iter(),
    }
}

fn index_value(attribute: &Attribute, value: &Value) -> Option<String> {
    match (attribute.attribute_type, value) {
        (AttributeType::Boolean, Value::Bool(boolean)) => Some(boolean.to_string()),
        // Zero has two spellings; all other integers have one.
        (AttributeType::Integer, Value::Number(number)) if attribute.uniqueness != Uniqueness::None => {
            Some(number.to_string()).map(|text| if text == "-0" { "0".to_owned() } else { text })
        }
        (AttributeType::Integer | AttributeType::Decimal | AttributeType::Complex, _) => None,
        (_, Value::String(text)) => Some(key::key(attribute, text)),
        (_, _) => None,
    }
}
