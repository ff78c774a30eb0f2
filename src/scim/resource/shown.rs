//! Values that memberships add to a list which clients write too, as a role's members have the role in `roles`.
//!
//! What a client wrote is stored and stays until a client takes it away. What memberships show is never stored: a value that
//! comes back just as it was shown, in the PUT of a client that read it before, is no value of the client's.

use super::{Document, canonicalize};
use crate::scim::key::key;
use crate::scim::schema::{Attribute, ResourceType};
use serde_json::{Map, Value};

/// Adds to a whole resource what memberships show in `attribute`, but for values that a client wrote.
pub fn add(resource: &mut Map<String, Value>, attribute: &Attribute, memberships: Vec<Value>) {
    let written = elements(resource.get(&attribute.name));
    let new: Vec<Value> = memberships.into_iter().filter(|shown| !has_value(written, attribute, shown)).collect();
    if new.is_empty() {
        return;
    }
    match resource.get_mut(&attribute.name) {
        Some(Value::Array(list)) => list.extend(new),
        Some(_) | None => drop(resource.insert(attribute.name.clone(), Value::Array(new))),
    }
}

/// Whether `new` has a value of `attribute` that `old` has not: only then there can be something for [`without_echoes`].
pub fn has_new_value(new: &Document, old: &Document, attribute: &Attribute) -> bool {
    let [new, old] = [new, old].map(|document| elements(document.as_object().get(&attribute.name)));
    new.iter().any(|element| !has_value(old, attribute, element))
}

/// `new` without those values of `attribute` that `old` has not and that are just what memberships show.
pub fn without_echoes(
    new: Document,
    old: &Document,
    resource_type: &ResourceType,
    attribute: &Attribute,
    memberships: &[Value],
) -> Document {
    let before = elements(old.as_object().get(&attribute.name));
    let mut object = new.into_object();
    if let Some(Value::Array(list)) = object.get_mut(&attribute.name) {
        list.retain(|element| has_value(before, attribute, element) || !memberships.contains(element));
    }
    canonicalize(object, resource_type)
}

/// Whether one of `list` has the same `value` as `element`.
fn has_value(list: &[Value], attribute: &Attribute, element: &Value) -> bool {
    let value_of = |element: &Value| {
        let (sub, text) = (attribute.sub_attribute("value")?, element.get("value")?.as_str()?);
        Some(key(sub, text))
    };
    let Some(value) = value_of(element) else { return false };
    list.iter().any(|other| value_of(other).as_ref() == Some(&value))
}

fn elements(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(elements)) => elements,
        Some(_) | None => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::schema::Registry;
    use serde_json::json;

    fn user() -> std::sync::Arc<ResourceType> {
        Registry::built_in().resource_type("User").expect("built in").clone()
    }

    fn document(roles: Value) -> Document {
        canonicalize(json!({ "userName": "u", "roles": roles }).as_object().cloned().unwrap_or_default(), &user())
    }

    #[test]
    fn what_a_client_wrote_comes_first_and_is_not_shown_twice() {
        let user = user();
        let roles = user.schema.attributes.iter().find(|attribute| attribute.name == "roles").expect("of RFC 7643");
        let check = |written: Value, memberships: Value, expected: Value| {
            let mut resource = document(written).into_object();
            add(&mut resource, roles, memberships.as_array().cloned().unwrap_or_default());
            assert_eq!(resource.get("roles").cloned().unwrap_or_default(), expected);
        };
        let (a, b) = (json!({ "value": "a", "display": "A" }), json!({ "value": "b" }));
        check(json!([b]), json!([a]), json!([b, a]));
        check(json!([]), json!([a]), json!([a]));
        check(json!([{ "value": "A", "type": "t" }]), json!([a, b]), json!([{ "value": "A", "type": "t" }, b]));
        check(json!([]), json!([]), json!(null));
    }

    #[test]
    fn only_what_comes_back_as_it_was_shown_is_not_stored() {
        let user = user();
        let roles = user.schema.attributes.iter().find(|attribute| attribute.name == "roles").expect("of RFC 7643");
        let shown = json!({ "value": "a", "display": "A" });
        let check = |old: Value, new: Value, expected: Value| {
            let (old, new) = (document(old), document(new));
            let kept = without_echoes(new, &old, &user, roles, std::slice::from_ref(&shown));
            assert_eq!(kept, document(expected));
        };
        check(json!([]), json!([shown]), json!([]));
        check(json!([{ "value": "b" }]), json!([{ "value": "b" }, shown]), json!([{ "value": "b" }]));
        check(json!([]), json!([{ "value": "a" }]), json!([{ "value": "a" }]));
        check(
            json!([]),
            json!([{ "value": "a", "display": "A", "primary": true }]),
            json!([{ "value": "a", "display": "A", "primary": true }]),
        );
        check(json!([{ "value": "A" }]), json!([shown]), json!([shown]));
    }
}
