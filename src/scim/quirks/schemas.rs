//! Schema URNs that were never registered, or are of an older protocol.

use super::message::{Message, MessageKind};
use super::{Account, Quirk};
use crate::scim::json::member;
use crate::scim::schema::ResourceType;
use serde_json::{Map, Value};

/// The schema URNs are those of SCIM 1.1, or of the drafts of 2.0.
pub const OLD_SCHEMA_URNS: Quirk = Quirk {
    name: "old-schema-urns",
    account: Account {
        about: "The schema URNs are those of SCIM 1.1, or of the drafts of 2.0.",
        sent: r#"{ "schemas": ["urn:scim:schemas:core:2.0", "urn:scim:schemas:extension:enterprise:2.0"], … }"#,
        meant: r#"{ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"], … }"#,
        seen: "OneLogin, github.com/goauthentik/authentik/issues/11249",
    },
    rewrite: old_schema_urns,
};

fn old_schema_urns(message: &mut Message<'_>) -> bool {
    let resource_type = message.resource_type;
    if message.kind == MessageKind::Patch {
        return false;
    }
    let Some(body) = message.body.as_object_mut() else { return false };
    let mut acted = false;
    for urn in member(body, "schemas").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(new) = urn.as_str().and_then(|old| successor(old, resource_type)) {
            *urn = Value::String(new);
            acted = true;
        }
    }
    if body.keys().any(|key| successor(key, resource_type).is_some()) {
        let renamed = std::mem::take(body).into_iter().map(|(key, value)| (successor(&key, resource_type).unwrap_or(key), value));
        *body = renamed.collect::<Map<_, _>>();
        acted = true;
    }
    acted
}

/// The URN that took the place of `old` in this resource type.
fn successor(old: &str, resource_type: &ResourceType) -> Option<String> {
    const OLD_PREFIX: &str = "urn:scim:schemas:";
    let old = old.to_ascii_lowercase();
    let rest = old.strip_prefix(OLD_PREFIX)?;
    if rest.starts_with("core:") {
        return Some(resource_type.schema.id.to_string());
    }
    let name = rest.strip_prefix("extension:")?.split(':').next()?;
    let infix = format!(":extension:{name}:");
    resource_type
        .extensions
        .iter()
        .map(|extension| &extension.schema.id)
        .find(|urn| urn.contains(&infix))
        .map(|urn| urn.to_string())
}
