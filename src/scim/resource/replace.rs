//! What PUT keeps of the resource that it replaces (RFC 7644 §3.5.1).

use super::Document;
use super::normalize::canonicalize;
use crate::scim::ScimError;
use crate::scim::schema::{Attribute, Mutability, ResourceType};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// The document that `new` becomes in the place of `old`.
///
/// - `active` stays as it was if the client did not speak of it: PUT must not re-enable anybody (D-18)
/// - an immutable attribute that has a value keeps it (D-17); elements of a list are told apart by their `value`
///
/// `sent`: the names of the attributes that the client sent.
///
/// # Errors
/// - `Mutability`: the client sent another value for an immutable attribute
pub fn merge(old: &Document, new: Document, resource_type: &ResourceType, sent: &[String]) -> Result<Document, ScimError> {
    let mut object = new.into_object();
    if !sent.iter().any(|name| name == "active")
        && let Some(active) = old.as_object().get("active")
    {
        object.insert("active".to_owned(), active.clone());
    }
    keep_immutable(old.as_object(), &mut object, &resource_type.schema.attributes, "")?;
    for extension in &resource_type.extensions {
        let urn = &*extension.schema.id;
        let Some(Value::Object(before)) = old.as_object().get(urn) else { continue };
        let mut after = match object.shift_remove(urn) {
            Some(Value::Object(after)) => after,
            _ => Map::new(),
        };
        keep_immutable(before, &mut after, &extension.schema.attributes, &format!("{urn}:"))?;
        object.insert(urn.to_owned(), Value::Object(after));
    }
    Ok(canonicalize(object, resource_type))
}

fn keep_immutable(
    old: &Map<String, Value>,
    new: &mut Map<String, Value>,
    attributes: &[Arc<Attribute>],
    prefix: &str,
) -> Result<(), ScimError> {
    for attribute in attributes {
        let Some(before) = old.get(&attribute.name) else { continue };
        let name = format!("{prefix}{}", attribute.name);
        if attribute.mutability == Mutability::Immutable {
            match new.get(&attribute.name) {
                None => {
                    new.insert(attribute.name.clone(), before.clone());
                }
                Some(after) if after == before => {}
                Some(_) => return Err(changed(&name)),
            }
        } else if attribute.sub_attributes.iter().any(|sub| sub.mutability == Mutability::Immutable) {
            let prefix = format!("{name}.");
            match (before, new.get_mut(&attribute.name)) {
                (Value::Object(before), Some(Value::Object(after))) => {
                    keep_immutable(before, after, &attribute.sub_attributes, &prefix)?;
                }
                (Value::Array(before), Some(Value::Array(after))) => {
                    keep_in_elements(before, after, &attribute.sub_attributes, &prefix)?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Elements are the same one by `value`; of several old ones the first counts. In one pass over each list, which may be long.
fn keep_in_elements(before: &[Value], after: &mut [Value], attributes: &[Arc<Attribute>], prefix: &str) -> Result<(), ScimError> {
    let mut by_value: HashMap<&Value, &Map<String, Value>> = HashMap::with_capacity(before.len());
    for old in before.iter().filter_map(Value::as_object) {
        if let Some(value) = old.get("value") {
            by_value.entry(value).or_insert(old);
        }
    }
    for element in after.iter_mut().filter_map(Value::as_object_mut) {
        let same = element.get("value").and_then(|value| by_value.get(value));
        if let Some(same) = same {
            keep_immutable(same, element, attributes, prefix)?;
        }
    }
    Ok(())
}

fn changed(name: &str) -> ScimError {
    ScimError::mutability(format!("{name} is immutable and has another value already; send that or leave it out"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::ErrorKind;
    use crate::scim::resource::fixture::user_with;
    use serde_json::json;
    use std::time::{Duration, Instant};

    /// What a PUT of `new`, with all its attributes sent, makes of `old`.
    fn put(old: Value, new: Value) -> Result<Value, ErrorKind> {
        let resource_type = user_with(json!([
            { "name": "badge", "mutability": "immutable" },
            { "name": "cards", "type": "complex", "multiValued": true, "subAttributes": [
                { "name": "value" }, { "name": "code", "mutability": "immutable" }, { "name": "label" }
            ] },
        ]));
        let document = |value: &Value| canonicalize(value.as_object().cloned().unwrap_or_default(), &resource_type);
        let sent: Vec<String> = new.as_object().into_iter().flat_map(Map::keys).cloned().collect();
        let merged = merge(&document(&old), document(&new), &resource_type, &sent).map_err(|error| error.kind)?;
        let mut object = merged.into_object();
        object.shift_remove("schemas");
        Ok(Value::Object(object))
    }

    /// Shows S-7-15.
    #[test]
    fn an_immutable_attribute_takes_a_first_value_and_keeps_it() {
        let (none, seven, eight) = (json!({ "title": "t" }), json!({ "badge": "7" }), json!({ "badge": "8" }));
        assert_eq!(put(none.clone(), seven.clone()), Ok(seven.clone()));
        assert_eq!(put(seven.clone(), seven.clone()), Ok(seven.clone()));
        assert_eq!(put(seven.clone(), eight), Err(ErrorKind::Mutability));
        assert_eq!(put(seven, none), Ok(json!({ "title": "t", "badge": "7" })), "it outlives what is left out");
    }

    /// Shows S-7-15.
    #[test]
    fn elements_of_a_list_are_told_apart_by_their_value() {
        let cards = |code: &str, label: &str| json!({ "cards": [{ "value": "1", "code": code, "label": label }] });
        assert_eq!(put(cards("a", "old"), cards("a", "new")), Ok(cards("a", "new")));
        assert_eq!(put(cards("a", "old"), cards("b", "old")), Err(ErrorKind::Mutability));
        assert_eq!(
            put(cards("a", "old"), json!({ "cards": [{ "value": "1" }] })),
            Ok(json!({ "cards": [{ "value": "1", "code": "a" }] }))
        );
        let another = json!({ "cards": [{ "value": "2", "code": "b" }] });
        assert_eq!(put(cards("a", "old"), another.clone()), Ok(another));
    }

    /// Far more time than this needs, and less than a look at each old element for each new one.
    #[test]
    fn elements_of_long_lists_find_each_other_at_once() {
        let cards = |part: &str| {
            let card = |number: usize| json!({ "value": format!("{number}"), part: "a" });
            json!({ "cards": (0..20_000).map(card).collect::<Vec<_>>() })
        };
        let (old, new) = (cards("code"), cards("label"));
        let start = Instant::now();
        let put = put(old, new).expect("no code is another one");
        assert!(start.elapsed() < Duration::from_secs(5));
        assert_eq!(put["cards"][19_999], json!({ "value": "19999", "code": "a", "label": "a" }));
    }

    #[test]
    fn active_stays_as_it_was_unless_it_was_sent() {
        assert_eq!(put(json!({ "active": false }), json!({ "title": "t" })), Ok(json!({ "title": "t", "active": false })));
        assert_eq!(put(json!({ "active": false }), json!({ "active": true })), Ok(json!({ "active": true })));
    }
}
