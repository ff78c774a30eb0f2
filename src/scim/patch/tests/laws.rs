//! What holds for all documents and operations.

use super::*;
use proptest::prelude::*;
use serde_json::Map;

fn full() -> Value {
    json!({
        "externalId": "x", "name": {"familyName": "J", "givenName": "B"}, "active": true, "tags": ["a", "b"], "badge": "7",
        "seen": "today", "locker": {"code": "1"}, "cards": [{"value": "1", "site": "s"}],
        "emails": [{"value": "w", "type": "work", "primary": true}, {"value": "h", "type": "home"}],
        "addresses": [{"type": "work", "country": "US"}, {"type": "home", "country": "FI"}],
        ENTERPRISE: {"department": "d", "manager": {"value": "1", "$ref": "../Users/1"}},
    })
}

#[test]
fn replacing_with_what_was_read_changes_nothing() {
    let before = document(&full());
    let mut read = before.clone().into_object();
    read.insert("id".to_owned(), json!("42"));
    read.insert("meta".to_owned(), json!({"resourceType": "User"}));
    check(full(), json!([{"op": "replace", "value": read}]), Ok(full()));
    let by_path = before.as_object().iter().filter(|(name, _)| !["schemas", "seen"].contains(&name.as_str()));
    let by_path = by_path.map(|(name, value)| json!({"op": "replace", "path": name, "value": value})).collect::<Value>();
    check(full(), by_path.clone(), Ok(full()));
    let added = by_path.as_array().into_iter().flatten().cloned().map(|mut operation| {
        operation["op"] = json!("add");
        operation
    });
    check(full(), added.collect(), Ok(full()));
}

/// JSON of the sizes and shapes that break things, with the names and values of `full` more often than chance.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop_oneof![Just("work"), Just("w"), Just(""), Just("True"), Just(ENTERPRISE), Just("\u{0}é")].prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("value"),
        Just("TYPE"),
        Just("primary"),
        Just("givenName"),
        Just("emails"),
        Just("schemas"),
        Just("active"),
        Just(""),
        Just("emails[type eq \"work\"]"),
        Just("name.givenName"),
        Just(ENTERPRISE),
        Just("manager"),
        Just("$ref"),
        Just("id")
    ];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::vec((name.clone(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())),
        ]
    })
}

fn any_operation() -> impl Strategy<Value = Value> {
    let known = [
        "title",
        "name",
        "name.givenName",
        "emails",
        "emails.value",
        "emails[type eq \"work\"]",
        "emails[type eq \"work\"].value",
        "emails[not (value pr)].primary",
        "emails[",
        "tags",
        "tags[value eq \"a\"]",
        "schemas",
        "schemas[value pr]",
        "password",
        "manager",
        "manager[value eq \"1\"]",
        "manager.value",
        "id",
        "meta",
        "active",
        "badge",
        "locker",
        "locker.code",
        "cards",
        "cards[value eq \"1\"]",
        "cards[value eq \"1\"].site",
        ENTERPRISE,
        USER,
        "",
        ".",
        "é[",
        "urn:x:y",
        "a.b.c",
    ];
    let path = prop_oneof![
        proptest::sample::select(known.to_vec()).prop_map(|path| Some(path.to_owned())),
        any::<String>().prop_map(Some),
        Just(None),
    ];
    (proptest::sample::select(vec!["add", "Remove", "replace"]), path, proptest::option::of(any_value())).prop_map(
        |(op, path, value)| {
            let mut operation = Map::from_iter([("op".to_owned(), json!(op))]);
            operation.extend(path.map(|path| ("path".to_owned(), json!(path))));
            operation.extend(value.map(|value| ("value".to_owned(), value)));
            Value::Object(operation)
        },
    )
}

proptest! {
    #[test]
    fn no_operations_break_anything_and_a_failing_last_one_fails_all(
        operations in proptest::collection::vec(any_operation(), 1..6),
        lenient in any::<bool>(),
    ) {
        let tolerance = Tolerance {
            create_on_replace_no_match: lenient,
            empty_reference_clears: lenient,
            single_value_as_list: lenient,
            ..Tolerance::default()
        };
        if let Ok(patched) = patch_with(&full(), &json!(operations), &tolerance) {
            // What came of it is canonical, so nothing is written twice for the same state.
            let again = canonicalize(patched.document.clone().into_object(), &resource_type());
            prop_assert_eq!(again.to_text(), patched.document.to_text());
        }
        let mut failing = operations;
        failing.push(json!({"op": "replace", "path": "active", "value": "maybe"}));
        prop_assert!(patch_with(&full(), &json!(failing), &tolerance).is_err());
    }
}
