//! Values that the server gives when a client gives none (RFC 7644 §3.3).

use super::Document;
use super::normalize::canonicalize;
use crate::scim::schema::{AttributeType, ResourceType};
use serde_json::Value;

/// Fills in what a new resource starts with: `active` is true if the client did not speak of it (S-4.1.1-11). Sent as
/// null it stays unassigned (P-3.3-05). `sent`: the names of the attributes that the client sent.
pub fn apply(document: &mut Document, resource_type: &ResourceType, sent: &[String]) {
    let has_active = resource_type
        .schema
        .attributes
        .iter()
        .any(|attribute| attribute.name == "active" && attribute.attribute_type == AttributeType::Boolean);
    if !has_active || sent.iter().any(|name| name == "active") {
        return;
    }
    let mut object = std::mem::take(document).into_object();
    object.insert("active".to_owned(), Value::Bool(true));
    *document = canonicalize(object, resource_type);
}
