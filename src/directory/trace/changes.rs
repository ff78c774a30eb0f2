//! Which attributes a request changed. Values are told of by type and length; those that are secret not even so.

use crate::scim::resource::Document;
use crate::scim::schema::{Attribute, ResourceType};
use crate::store::{MemberChange, PasswordChange};
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Attributes that are told of at most.
const CHANGES_MAX: usize = 64;

/// Bytes of one value at most, where values are shown; a longer one is redacted.
const VALUE_BYTES_MAX: usize = 512;

/// Ids of members that are told of at most, of those that came and of those that went.
const MEMBERS_MAX: usize = 20;

/// An attribute before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttributeChange {
    /// Its name: `userName`, `name.givenName`, `urn:…:department`.
    pub attribute: String,
    /// Before; none if it was unassigned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Shown>,
    /// After; none if it is unassigned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Shown>,
}

/// A value as the log shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Shown {
    /// What it is like.
    Redacted {
        /// `string`, `number`, `boolean`, `list`, `object`, or `secret`.
        redacted: &'static str,
        /// Characters of a string, elements of a list.
        #[serde(skip_serializing_if = "Option::is_none")]
        length: Option<usize>,
    },
    /// What it is.
    Value(Value),
}

/// How the members of a resource changed, as the request asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MembersChange {
    /// The name of the attribute.
    pub attribute: String,
    /// Whether all that are not added went.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cleared: bool,
    /// How many were added.
    pub added: usize,
    /// How many were removed one by one.
    pub removed: usize,
    /// The first of those that were added, where values are shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added_ids: Vec<String>,
    /// The first of those that were removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed_ids: Vec<String>,
}

/// The attributes that differ between two documents of a type, complex ones part by part, lists as a whole.
pub fn of_documents(
    resource_type: &ResourceType,
    before: Option<&Document>,
    after: &Document,
    values: bool,
) -> Vec<AttributeChange> {
    let empty = Map::new();
    let (before, after) = (before.map_or(&empty, Document::as_object), after.as_object());
    let mut differences = Differences { values, changes: Vec::new() };
    differences.of_objects(&resource_type.schema.attributes, "", false, before, after);
    // What the schemas of all types have in common stands in no schema.
    differences.of_value(None, "externalId".to_owned(), false, before.get("externalId"), after.get("externalId"));
    for extension in &resource_type.extensions {
        let urn = &*extension.schema.id;
        let [old, new] = [before, after].map(|document| document.get(urn).and_then(Value::as_object).unwrap_or(&empty));
        if !(old.is_empty() && new.is_empty()) {
            differences.of_objects(&extension.schema.attributes, &format!("{urn}:"), false, old, new);
        }
    }
    differences.changes
}

struct Differences {
    values: bool,
    changes: Vec<AttributeChange>,
}

impl Differences {
    fn of_objects(
        &mut self,
        attributes: &[Arc<Attribute>],
        prefix: &str,
        secret: bool,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) {
        for attribute in attributes {
            let (old, new) = (before.get(&*attribute.name), after.get(&*attribute.name));
            if old != new {
                self.of_value(Some(attribute), [prefix, &attribute.name].concat(), secret, old, new);
            }
        }
    }

    fn of_value(
        &mut self,
        attribute: Option<&Attribute>,
        name: String,
        secret: bool,
        before: Option<&Value>,
        after: Option<&Value>,
    ) {
        if before == after || self.changes.len() >= CHANGES_MAX {
            return;
        }
        let secret = secret || attribute.is_some_and(has_secret);
        let object = |value: Option<&Value>| value.is_none_or(Value::is_object);
        if let Some(attribute) = attribute.filter(|attribute| attribute.is_complex() && object(before) && object(after)) {
            let empty = Map::new();
            let [old, new] = [before, after].map(|value| value.and_then(Value::as_object).unwrap_or(&empty));
            self.of_objects(&attribute.sub_attributes, &format!("{name}."), attribute.is_secret(), old, new);
            return;
        }
        let shown = |value: &Value| if secret { SECRET } else { shown(value, self.values) };
        let (before, after) = (before.map(shown), after.map(shown));
        self.changes.push(AttributeChange { attribute: name, before, after });
    }
}

/// Whether it or a part of it must not be told of.
fn has_secret(attribute: &Attribute) -> bool {
    attribute.is_secret() || attribute.multi_valued && attribute.sub_attributes.iter().any(|sub| sub.is_secret())
}

/// What is told of a secret.
const SECRET: Shown = Shown::Redacted { redacted: "secret", length: None };

fn shown(value: &Value, values: bool) -> Shown {
    let (redacted, length) = match value {
        Value::Null => ("null", None),
        Value::Bool(_) => ("boolean", None),
        Value::Number(_) => ("number", None),
        Value::String(text) => ("string", Some(text.chars().count())),
        Value::Array(elements) => ("list", Some(elements.len())),
        Value::Object(_) => ("object", None),
    };
    if values && value.to_string().len() <= VALUE_BYTES_MAX {
        return Shown::Value(value.clone());
    }
    Shown::Redacted { redacted, length }
}

/// That the password changed, and nothing of it.
pub fn of_password(password: &PasswordChange) -> Option<AttributeChange> {
    let after = match password {
        PasswordChange::Keep => return None,
        PasswordChange::Set(_) => Some(SECRET),
        PasswordChange::Remove => None,
    };
    Some(AttributeChange { attribute: "password".into(), before: None, after })
}

/// How many members came and went, and who, where values are shown.
pub fn of_members(resource_type: &ResourceType, change: &MemberChange, values: bool) -> MembersChange {
    let ids = |ids: &[crate::id::ResourceId]| -> Vec<String> {
        if values { ids.iter().take(MEMBERS_MAX).map(ToString::to_string).collect() } else { Vec::new() }
    };
    MembersChange {
        attribute: resource_type.membership.as_ref().map_or("members", |membership| &membership.name).to_owned(),
        cleared: change.clear,
        added: change.add.len(),
        removed: change.remove.len(),
        added_ids: ids(&change.add),
        removed_ids: ids(&change.remove),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::schema::Registry;
    use serde_json::json;

    fn document(value: Value) -> Document {
        Document::from_stored(&value.to_string()).expect("an object")
    }

    fn changes(before: Option<Value>, after: Value, values: bool) -> Value {
        let registry = Registry::built_in();
        let user = registry.resource_type("User").expect("built in");
        let changes = of_documents(user, before.map(document).as_ref(), &document(after), values);
        serde_json::to_value(changes).expect("serialises")
    }

    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    #[test]
    fn values_are_told_of_by_type_and_length() {
        let before = json!({ "userName": "a", "active": true, "emails": [{ "value": "a@b" }], "name": { "givenName": "A" } });
        let after = json!({
            "externalId": "xyz", "userName": "a", "active": false, "emails": [], "name": { "givenName": "A", "familyName": "Bee" },
            ENTERPRISE: { "department": "S" }
        });
        assert_eq!(
            changes(Some(before), after, false),
            json!([
                { "attribute": "name.familyName", "after": { "redacted": "string", "length": 3 } },
                { "attribute": "active", "before": { "redacted": "boolean" }, "after": { "redacted": "boolean" } },
                { "attribute": "emails", "before": { "redacted": "list", "length": 1 }, "after": { "redacted": "list", "length": 0 } },
                { "attribute": "externalId", "after": { "redacted": "string", "length": 3 } },
                { "attribute": format!("{ENTERPRISE}:department"), "after": { "redacted": "string", "length": 1 } },
            ])
        );
    }

    #[test]
    fn values_are_shown_where_they_may_be_and_are_short() {
        let long = "x".repeat(VALUE_BYTES_MAX);
        assert_eq!(
            changes(None, json!({ "userName": "bjensen", "title": long, "password": "hidden" }), true),
            json!([
                { "attribute": "userName", "after": "bjensen" },
                { "attribute": "title", "after": { "redacted": "string", "length": VALUE_BYTES_MAX } },
                { "attribute": "password", "after": { "redacted": "secret" } },
            ])
        );
    }

    #[test]
    fn equal_documents_differ_in_nothing() {
        let user = json!({ "userName": "a", ENTERPRISE: { "department": "S" } });
        assert_eq!(changes(Some(user.clone()), user, true), json!([]));
    }
}
