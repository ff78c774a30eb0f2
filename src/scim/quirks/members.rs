//! How members are written and removed.

use super::message::{Message, Part};
use super::{Account, Quirk};
use crate::scim::json::member;
use crate::scim::schema::ResourceType;
use crate::scim::schema::path::Resolved;
use serde_json::{Value, json};

/// Members are given as bare ids instead of objects.
pub const MEMBERS_AS_STRINGS: Quirk = Quirk {
    name: "members-as-strings",
    account: Account {
        about: "Members are given as bare ids instead of objects.",
        sent: r#"{ "op": "add", "path": "members", "value": ["42", "43"] }"#,
        meant: r#"{ "op": "add", "path": "members", "value": [{ "value": "42" }, { "value": "43" }] }"#,
        seen: "Microsoft's Postman collection, github.com/AzureAD/SCIMReferenceCode",
    },
    rewrite: members_as_strings,
};

fn members_as_strings(message: &mut Message<'_>) -> bool {
    let resource_type = message.resource_type;
    message.visit(&mut |part, value| {
        if !is_membership(part, resource_type) {
            return false;
        }
        match value {
            Value::Array(elements) => {
                let mut acted = false;
                for element in elements {
                    acted |= string_to_member(element);
                }
                acted
            }
            value => string_to_member(value),
        }
    })
}

fn string_to_member(element: &mut Value) -> bool {
    let Value::String(id) = element else { return false };
    *element = json!({ "value": std::mem::take(id) });
    true
}

/// The members to remove are nested in an object named like the attribute.
pub const REMOVE_MEMBERS_NESTED: Quirk = Quirk {
    name: "remove-members-nested",
    account: Account {
        about: "The members to remove are nested in an object named like the attribute.",
        sent: r#"{ "op": "remove", "path": "members", "value": { "members": [{ "value": "42" }] } }"#,
        meant: r#"{ "op": "remove", "path": "members", "value": [{ "value": "42" }] }"#,
        seen: "clients written after Salesforce's documentation, github.com/pond/scimitar/issues/123",
    },
    rewrite: remove_members_nested,
};

fn remove_members_nested(message: &mut Message<'_>) -> bool {
    let resource_type = message.resource_type;
    message.visit(&mut |part, value| {
        let Some(attribute) = &resource_type.membership else { return false };
        if !part.removes || !is_membership(part, resource_type) {
            return false;
        }
        let Some(inner) = value.as_object_mut().and_then(|object| member(object, &attribute.name)) else { return false };
        *value = inner.take();
        true
    })
}

fn is_membership(part: Part<'_>, resource_type: &ResourceType) -> bool {
    match resource_type.resolve(part.path) {
        Some(Resolved::Attribute(target)) => target.sub.is_none() && Some(&target.attribute) == resource_type.membership.as_ref(),
        Some(Resolved::Container(_)) | None => false,
    }
}
