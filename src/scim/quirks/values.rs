//! Values in another JSON type, or in another place, than the schema has them.

use super::message::{Message, MessageKind};
use super::{Account, Quirk};
use crate::scim::schema::path::Resolved;
use crate::scim::schema::{Place, ResourceType, Target};
use serde_json::{Map, Value, json};

/// A complex attribute such as `manager` is a bare string in the body of a POST or PUT. PATCH takes it in every Directory
/// (D-71); an empty string is left to [`crate::scim::Tolerance::empty_reference_clears`].
pub const REFERENCE_AS_STRING: Quirk = Quirk {
    name: "reference-as-string",
    account: Account {
        about: "A complex attribute such as `manager` is a bare string in the body of a POST or PUT. PATCH takes it in every Directory (D-71); an empty string is left to `empty-reference-clears`.",
        sent: r#"{ "urn:…:User": { "manager": "42" } }"#,
        meant: r#"{ "urn:…:User": { "manager": { "value": "42" } } }"#,
        seen: "Entra ID, github.com/pranems/SCIMServer",
    },
    rewrite: reference_as_string,
};

fn reference_as_string(message: &mut Message<'_>) -> bool {
    if message.kind == MessageKind::Patch {
        return false;
    }
    let resource_type = message.resource_type;
    message.visit(&mut |part, value| {
        let Some(target) = attribute(part.path, resource_type) else { return false };
        let takes_value = !target.leaf().multi_valued && target.leaf().sub_attribute("value").is_some();
        match value {
            Value::String(id) if takes_value && !id.is_empty() => {
                *value = json!({ "value": std::mem::take(id) });
                true
            }
            _ => false,
        }
    })
}

/// A single-valued attribute is a list of one.
pub const LIST_OF_ONE: Quirk = Quirk {
    name: "list-of-one",
    account: Account {
        about: "A single-valued attribute is a list of one.",
        sent: r#"{ "userType": ["Employee"] }"#,
        meant: r#"{ "userType": "Employee" }"#,
        seen: "reports on Okta, where a single role arrives so",
    },
    rewrite: list_of_one,
};

fn list_of_one(message: &mut Message<'_>) -> bool {
    let resource_type = message.resource_type;
    message.visit(&mut |part, value| {
        let Some(target) = attribute(part.path, resource_type) else { return false };
        match value.as_array_mut().map(Vec::as_mut_slice) {
            Some([one]) if !target.leaf().multi_valued && !target.attribute.multi_valued => {
                *value = one.take();
                true
            }
            _ => false,
        }
    })
}

/// The values of a multi-valued attribute that is not complex come as objects with `value`.
pub const VALUE_OBJECTS: Quirk = Quirk {
    name: "value-objects",
    account: Account {
        about: "The values of a multi-valued attribute that is not complex come as objects with `value`.",
        sent: r#"{ "op": "Add", "path": "urn:…:CustomExtension:2.0:User:tags", "value": [{ "value": "blue" }] }"#,
        meant: r#"{ "op": "add", "path": "urn:…:CustomExtension:2.0:User:tags", "value": ["blue"] }"#,
        seen: "Entra ID with a custom multi-valued attribute, learn.microsoft.com/en-us/answers/questions/1693075",
    },
    rewrite: value_objects,
};

fn value_objects(message: &mut Message<'_>) -> bool {
    let resource_type = message.resource_type;
    message.visit(&mut |part, value| {
        let Some(target) = attribute(part.path, resource_type) else { return false };
        if !target.leaf().multi_valued || target.leaf().is_complex() {
            return false;
        }
        let mut acted = false;
        for element in value.as_array_mut().into_iter().flatten() {
            let Some(object) = element.as_object_mut() else { continue };
            if object.len() == 1
                && let Some(inner) = object.get_mut("value")
            {
                *element = inner.take();
                acted = true;
            }
        }
        acted
    })
}

/// Attributes of an extension stand beside those of the base schema.
pub const EXTENSION_ATTRIBUTES_AT_TOP_LEVEL: Quirk = Quirk {
    name: "extension-attributes-at-top-level",
    account: Account {
        about: "Attributes of an extension stand beside those of the base schema.",
        sent: r#"{ "userName": "a", "department": "Sales" }"#,
        meant: r#"{ "userName": "a", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Sales" } }"#,
        seen: "Microsoft's Postman collection, github.com/AzureAD/SCIMReferenceCode",
    },
    rewrite: extension_attributes_at_top_level,
};

fn extension_attributes_at_top_level(message: &mut Message<'_>) -> bool {
    if message.kind == MessageKind::Patch {
        return false;
    }
    let resource_type = message.resource_type;
    let Some(body) = message.body.as_object_mut() else { return false };
    let misplaced = body
        .iter()
        .filter(|(name, value)| !value.is_null() && !name.contains([':', '.']))
        .filter_map(|(name, _)| match attribute(name, resource_type)?.place {
            Place::Extension(urn) => Some((name.clone(), urn)),
            Place::Core | Place::Element => None,
        })
        .collect::<Vec<_>>();
    let mut acted = false;
    for (name, urn) in misplaced {
        let container = body.keys().find(|key| key.eq_ignore_ascii_case(&urn)).cloned().unwrap_or_else(|| urn.to_string());
        // What the container says already is the better-formed statement.
        let takes = match body.get(&container) {
            None => true,
            Some(Value::Object(container)) => container.keys().all(|key| !key.eq_ignore_ascii_case(&name)),
            Some(_) => false,
        };
        if !takes {
            continue;
        }
        let value = body.shift_remove(&name).unwrap_or_default();
        if let Some(container) = body.entry(container).or_insert_with(|| Value::Object(Map::new())).as_object_mut() {
            container.insert(name, value);
            acted = true;
        }
    }
    acted
}

fn attribute(path: &str, resource_type: &ResourceType) -> Option<Target> {
    match resource_type.resolve(path) {
        Some(Resolved::Attribute(target)) => Some(target),
        Some(Resolved::Container(_)) | None => None,
    }
}
