//! What a resource shows of the resources that it points at, as `manager` does: `$ref` and the name are
//! computed, never stored (D-71). Memberships are not in the document and not the matter of this file.

use super::Document;
use super::normalize::canonical;
use crate::scim::schema::{Attribute, Mutability, ResourceType};
use serde_json::{Map, Value};
use std::sync::Arc;

/// What is shown of a resource that another one points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its absolute URI, for `$ref`.
    pub location: String,
    /// What it is called, for `displayName` or `display`.
    pub display: Option<String>,
    /// The name of its type, for `type`.
    pub resource_type: String,
}

/// The ids that the references of a document point at, without duplicates.
pub fn referenced_ids<'d>(document: &'d Document, resource_type: &ResourceType) -> Vec<&'d str> {
    let mut ids = Vec::new();
    let mut collect = |attributes: &[Arc<Attribute>], object: &'d Map<String, Value>| {
        for attribute in attributes.iter().filter(|attribute| attribute.is_resource_reference()) {
            let elements = match object.get(&attribute.name) {
                Some(Value::Array(elements)) => elements.as_slice(),
                Some(single) => std::slice::from_ref(single),
                None => continue,
            };
            for id in elements.iter().filter_map(|element| element.get("value")?.as_str()) {
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
    };
    let object = document.as_object();
    collect(&resource_type.schema.attributes, object);
    for extension in &resource_type.extensions {
        if let Some(container) = object.get(&*extension.schema.id).and_then(Value::as_object) {
            collect(&extension.schema.attributes, container);
        }
    }
    ids
}

/// Sets in each reference of a whole resource what `lookup` knows of the id: `$ref`, and those of `displayName`, `display` and
/// `type` that the schema has as readOnly. A reference to nothing known stays as the client sent it.
pub fn show_references(resource: &mut Map<String, Value>, resource_type: &ResourceType, lookup: &dyn Fn(&str) -> Option<Shown>) {
    let in_document = |attribute: &Attribute| resource_type.is_in_document(attribute);
    show_in(resource_type.schema.attributes.iter().filter(|attribute| in_document(attribute)), resource, lookup);
    for extension in &resource_type.extensions {
        if let Some(Value::Object(container)) = resource.get_mut(&*extension.schema.id) {
            show_in(&extension.schema.attributes, container, lookup);
        }
    }
}

fn show_in<'a>(
    attributes: impl IntoIterator<Item = &'a Arc<Attribute>>,
    object: &mut Map<String, Value>,
    lookup: &dyn Fn(&str) -> Option<Shown>,
) {
    for attribute in attributes.into_iter().filter(|attribute| attribute.is_resource_reference()) {
        match object.get_mut(&attribute.name) {
            Some(Value::Object(reference)) => show(attribute, reference, lookup),
            Some(Value::Array(elements)) => {
                for reference in elements.iter_mut().filter_map(Value::as_object_mut) {
                    show(attribute, reference, lookup);
                }
            }
            Some(_) | None => {}
        }
    }
}

fn show(attribute: &Attribute, reference: &mut Map<String, Value>, lookup: &dyn Fn(&str) -> Option<Shown>) {
    let Some(shown) = reference.get("value").and_then(Value::as_str).and_then(lookup) else { return };
    for sub in &attribute.sub_attributes {
        let computed = sub.mutability == Mutability::ReadOnly;
        let value = match sub.name.as_str() {
            "$ref" => Some(&shown.location),
            "displayName" | "display" if computed => shown.display.as_ref(),
            "type" if computed => Some(&shown.resource_type),
            _ => None,
        };
        if let Some(value) = value {
            reference.insert(sub.name.clone(), Value::String(value.clone()));
        }
    }
    canonical::order_object(attribute, reference);
}
