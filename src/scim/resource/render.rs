//! From a stored document to a whole resource: `id`, `meta` and what is computed join it.

use super::{Document, shown};
use crate::clock::Timestamp;
use crate::id::ResourceId;
use crate::scim::protocol::entity_tag;
use crate::scim::schema::{Attribute, ResourceType};
use serde_json::{Map, Value};
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// What `meta` says (RFC 7643 §3.1).
#[derive(Debug, Clone, Copy)]
pub struct Meta<'a> {
    /// The name of the resource type.
    pub resource_type: &'a str,
    /// When the resource was created.
    pub created: Timestamp,
    /// When it last changed.
    pub last_modified: Timestamp,
    /// Its absolute URI (D-28).
    pub location: &'a str,
    /// Its revision; counts from 1.
    pub version: i64,
}

impl Meta<'_> {
    /// The JSON object.
    pub fn to_object(&self) -> Map<String, Value> {
        Map::from_iter([
            ("resourceType".to_owned(), Value::from(self.resource_type)),
            ("created".to_owned(), Value::from(self.created.to_rfc3339())),
            ("lastModified".to_owned(), Value::from(self.last_modified.to_rfc3339())),
            ("location".to_owned(), Value::from(self.location)),
            ("version".to_owned(), Value::from(entity_tag::print(self.version))),
        ])
    }

    /// The text of the JSON object.
    pub fn to_text(&self) -> String {
        serde_json::to_string(&self.to_object()).expect("a JSON object with string keys serialises")
    }
}

/// The whole resource: `schemas`, `id`, the rest of the document, what is computed, `meta`.
///
/// `computed` holds the attributes made of memberships (`groups`, `members`) and their values; an empty one is left out, and one that
/// the document holds values of gets more of them.
pub fn render(
    document: Document,
    id: ResourceId,
    computed: Vec<(&Attribute, Vec<Value>)>,
    meta: &Meta<'_>,
) -> Map<String, Value> {
    let object = document.into_object();
    let mut resource = Map::with_capacity(object.len() + computed.len() + 2);
    let mut members = object.into_iter().peekable();
    if let Some((key, value)) = members.next_if(|(key, _)| key == "schemas") {
        resource.insert(key, value);
    }
    resource.insert("id".to_owned(), Value::String(id.to_string()));
    resource.extend(members);
    for (attribute, values) in computed {
        shown::add(&mut resource, attribute, values);
    }
    resource.insert("meta".to_owned(), Value::Object(meta.to_object()));
    resource
}

/// Whether [`splice`] gives what [`render`] and a projection without parameters would: the projection hides nothing of the type, and this
/// document has no reference whose `$ref` is computed.
pub fn is_spliceable(document_text: &str, resource_type: &ResourceType) -> bool {
    let may_refer = |attribute: &Arc<Attribute>| {
        // The name in quotes may as well stand in a value; then the long way is taken without need.
        attribute.is_resource_reference() && document_text.contains(&format!("\"{}\":", attribute.name))
    };
    let mut attributes = resource_type
        .schema
        .attributes
        .iter()
        .chain(resource_type.extensions.iter().flat_map(|extension| &extension.schema.attributes));
    resource_type.default_projection_is_identity() && !attributes.any(may_refer)
}

/// The text of the whole resource, made of the text of its document without parsing that: equal to the text of [`render`].
///
/// `computed` holds names and the texts of their lists; an empty list is left out. `None`: the text is not that of a [`Document`].
pub fn splice(document_text: &str, id: ResourceId, computed: &[(&str, &str)], meta_text: &str) -> Option<String> {
    // The text begins with `{"schemas":["urn:…","urn:…"]`. In a JSON string a quote has a backslash before it, and URNs hold none.
    let schemas_end = document_text.strip_prefix("{\"schemas\":[")?.find("\"]")? + "{\"schemas\":[\"]".len();
    let (schemas, rest) = document_text.split_at(schemas_end);
    let rest = rest.strip_suffix('}')?;
    let computed_len: usize = computed.iter().map(|(name, list)| name.len() + list.len() + 4).sum();
    let mut text = String::with_capacity(document_text.len() + computed_len + meta_text.len() + 64);
    text.push_str(schemas);
    text.push_str(",\"id\":\"");
    text.push_str(&id.to_string());
    text.push('"');
    text.push_str(rest);
    for (name, list) in computed.iter().filter(|(_, list)| *list != "[]") {
        text.push_str(",\"");
        text.push_str(name);
        text.push_str("\":");
        text.push_str(list);
    }
    text.push_str(",\"meta\":");
    text.push_str(meta_text);
    text.push('}');
    Some(text)
}
