//! What of a document may not leave the server: values of attributes that are never returned (D-42).

use super::Document;
use crate::scim::schema::{Attribute, Registry, ResourceType};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The attributes of all types whose values documents hold and nobody may read, as `User urn:example:badge:pin`.
pub fn secret_names(registry: &Registry) -> Vec<String> {
    let mut names = Vec::new();
    for resource_type in &registry.resource_types {
        for (prefix, attribute) in attributes(resource_type) {
            if attribute.is_secret() {
                names.push(format!("{} {prefix}{}", resource_type.name, attribute.name));
                continue;
            }
            let secret = attribute.sub_attributes.iter().filter(|sub| sub.is_secret());
            names.extend(secret.map(|sub| format!("{} {prefix}{}.{}", resource_type.name, attribute.name, sub.name)));
        }
    }
    names
}

/// The document without them. What is left of a value whose parts are all secret is left out too.
pub fn without_secrets(document: Document, resource_type: &ResourceType) -> Document {
    let mut object = document.into_object();
    strip(attributes(resource_type).filter(|(prefix, _)| prefix.is_empty()).map(|(_, attribute)| attribute), &mut object);
    for extension in &resource_type.extensions {
        if let Some(Value::Object(container)) = object.get_mut(&*extension.schema.id) {
            strip(extension.schema.attributes.iter(), container);
        }
    }
    super::canonicalize(object, resource_type)
}

fn strip<'a>(attributes: impl Iterator<Item = &'a Arc<Attribute>>, object: &mut Map<String, Value>) {
    for attribute in attributes {
        if attribute.is_secret() {
            object.shift_remove(&attribute.name);
        } else if attribute.sub_attributes.iter().any(|sub| sub.is_secret()) {
            match object.get_mut(&attribute.name) {
                Some(Value::Object(value)) => strip(attribute.sub_attributes.iter(), value),
                Some(Value::Array(elements)) => elements
                    .iter_mut()
                    .filter_map(Value::as_object_mut)
                    .for_each(|value| strip(attribute.sub_attributes.iter(), value)),
                Some(_) | None => {}
            }
        }
    }
}

/// The attributes that a document keeps, each with what precedes its name in a path.
fn attributes(resource_type: &ResourceType) -> impl Iterator<Item = (String, &Arc<Attribute>)> {
    let base = resource_type.schema.attributes.iter().filter(|attribute| resource_type.is_in_document(attribute));
    let extensions = resource_type.extensions.iter().flat_map(|extension| {
        extension.schema.attributes.iter().map(|attribute| (format!("{}:", extension.schema.id), attribute))
    });
    base.map(|attribute| (String::new(), attribute)).chain(extensions)
}
