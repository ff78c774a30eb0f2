//! A schema (RFC 7643 §7) as an operator gives it.

use super::attribute;
use super::fault::Fault;
use super::reader::Reader;
use crate::scim::schema::Schema;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Bytes of a URN at most.
const URN_BYTES_MAX: usize = 255;

/// URNs that only RFCs may define (RFC 7643 §10.3).
const RESERVED: [&str; 2] = ["urn:ietf:params:scim:schemas:core:", "urn:ietf:params:scim:api:"];

/// A schema, and what it extends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaDefinition {
    /// The schema.
    pub schema: Arc<Schema>,
    /// The names of the resource types that it is an extension of, none of them required to use it.
    pub extends: Vec<String>,
}

pub(super) fn read(object: &Map<String, Value>, faults: &mut Vec<Fault>, warnings: &mut Vec<Fault>) -> SchemaDefinition {
    const KEYS: [&str; 7] = ["schemas", "meta", "id", "name", "description", "attributes", "extends"];
    let mut reader = Reader::new(object, String::new(), &KEYS, faults);
    let id = reader.required_string("id").unwrap_or_default();
    if !reader.is_absent("id") && !is_urn(&id) {
        reader.fault(
            "id",
            format!("{id:?} is no URN such as urn:example:scim:schemas:extension:acme:2.0:User, {URN_BYTES_MAX} bytes at most"),
        );
    }
    if let Some(reserved) = RESERVED.iter().find(|reserved| starts_with_ignore_case(&id, reserved)) {
        warnings.push(Fault::new("id", format!("URNs that begin with {reserved} are for RFCs to define (RFC 7643 §10.3)")));
    }
    let name = reader.string("name").unwrap_or_default();
    let description = reader.string("description").unwrap_or_default();
    let extends = reader.strings("extends");
    let objects = reader.objects("attributes");
    if objects.is_empty() {
        reader.fault("attributes", "a schema has at least one attribute");
    }
    let attributes = attribute::read_list(&objects, "attributes", reader.faults(), warnings);
    let mut definition = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": id,
        "name": name,
        "description": description,
        "attributes": attributes.iter().map(|attribute| attribute::describe(attribute)).collect::<Vec<_>>(),
    });
    if let Some(shown) = definition.as_object_mut() {
        // Both are optional (RFC 7643 §7), and no text is no name.
        shown.retain(|_, value| *value != "");
    }
    SchemaDefinition { schema: Arc::new(Schema { id: id.into(), name, description, attributes, definition }), extends }
}

/// `urn:`, a namespace, and more; without what a path or a URL would take apart. Filters read these characters in a path.
fn is_urn(text: &str) -> bool {
    let mut parts = text.split(':');
    text.len() <= URN_BYTES_MAX
        && parts.next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("urn"))
        && parts.clone().count() >= 2
        && parts.all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_~+".contains(&byte)))
}

fn starts_with_ignore_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}
