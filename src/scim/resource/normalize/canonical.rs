//! The one order of a document, so that equal resources are equal text (S-2.3.8-01).

use crate::scim::resource::Document;
use crate::scim::schema::{Attribute, ResourceType};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Puts `object`, whose names are spelled as in the schema and whose values are canonical apart from their order, into the
/// order of [`Document`]: drops null, empty lists and empty objects at every depth, what no schema of the type defines, and what
/// is kept elsewhere (`id`, `meta`, `password`, memberships); states in `schemas` the base and the extensions in use (D-04).
pub fn canonicalize(mut object: Map<String, Value>, resource_type: &ResourceType) -> Document {
    let mut ordered = Map::with_capacity(object.len() + 1);
    let mut schemas = vec![Value::String(resource_type.schema.id.to_string())];
    ordered.insert("schemas".to_owned(), Value::Null);
    if let Some(value) = object.swap_remove("externalId").and_then(assigned) {
        ordered.insert("externalId".to_owned(), value);
    }
    move_attributes(&resource_type.schema.attributes, &mut object, &mut ordered, |attribute| {
        resource_type.is_in_document(attribute)
    });
    for extension in &resource_type.extensions {
        let Some(Value::Object(mut container)) = object.swap_remove(&*extension.schema.id) else { continue };
        let mut inner = Map::with_capacity(container.len());
        move_attributes(&extension.schema.attributes, &mut container, &mut inner, |_| true);
        if !inner.is_empty() {
            schemas.push(Value::String(extension.schema.id.to_string()));
            ordered.insert(extension.schema.id.to_string(), Value::Object(inner));
        }
    }
    ordered["schemas"] = Value::Array(schemas);
    Document::from_canonical(ordered)
}

/// Puts the sub-attributes of a value into the schema's order, and drops what is empty.
pub(super) fn order(attribute: &Attribute, value: &mut Value) {
    if !attribute.is_complex() {
        return;
    }
    match value {
        Value::Object(object) => order_object(attribute, object),
        Value::Array(elements) => elements.iter_mut().for_each(|element| order(attribute, element)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// [`order`] for the object of a complex value.
pub(crate) fn order_object(attribute: &Attribute, object: &mut Map<String, Value>) {
    let mut ordered = Map::with_capacity(object.len());
    move_attributes(&attribute.sub_attributes, object, &mut ordered, |_| true);
    *object = ordered;
}

fn move_attributes(
    attributes: &[Arc<Attribute>],
    from: &mut Map<String, Value>,
    to: &mut Map<String, Value>,
    belongs: impl Fn(&Attribute) -> bool,
) {
    for attribute in attributes {
        if from.is_empty() {
            return;
        }
        let Some(mut value) = from.swap_remove(&attribute.name) else { continue };
        order(attribute, &mut value);
        if let Some(value) = assigned(value)
            && belongs(attribute)
        {
            to.insert(attribute.name.clone(), value);
        }
    }
}

/// The value without its empty elements; `None` if nothing is left.
fn assigned(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(elements) => {
            let elements: Vec<Value> = elements.into_iter().filter_map(assigned).collect();
            (!elements.is_empty()).then_some(Value::Array(elements))
        }
        Value::Object(object) => (!object.is_empty()).then_some(Value::Object(object)),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(value),
    }
}
