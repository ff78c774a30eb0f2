use super::{INDEX_VALUE_BYTES_MAX, index_rows, keys};
use crate::scim::key;
use crate::scim::resource::fixture::{ENTERPRISE, USER, odd_attributes, user, user_body, user_with};
use crate::scim::resource::{Document, ValueLimits, canonicalize, normalize};
use crate::scim::schema::path::Resolved;
use crate::scim::schema::{IndexedAttribute, ResourceType, Uniqueness};
use crate::scim::tolerance::Tolerance;
use proptest::prelude::*;
use serde_json::{Value, json};

fn document(members: Value, resource_type: &ResourceType) -> Document {
    normalize(user_body(members), resource_type, &Tolerance::default(), &ValueLimits::default()).expect("accepted").document
}

/// The rows of a User with the odd attributes, `names` indexed as well, as (attribute, value, unique).
fn rows(members: Value, names: &[&str], also_unique: &[&str]) -> Vec<(String, String, bool)> {
    let mut user = user_with(odd_attributes());
    for name in names {
        let Some(Resolved::Attribute(target)) = user.resolve(name) else { unreachable!("{name} is an attribute") };
        user.indexed.push(IndexedAttribute { name: target.name().into(), target, ready: true, by_parts: false });
    }
    let rows = index_rows(&document(members, &user), &user, also_unique);
    rows.iter().map(|row| (row.attribute.clone(), row.value.clone(), row.is_unique())).collect()
}

#[track_caller]
fn check_rows(rows: Vec<(String, String, bool)>, expected: &[(&str, &str, bool)]) {
    let rows: Vec<(&str, &str, bool)> =
        rows.iter().map(|(name, value, unique)| (name.as_str(), value.as_str(), *unique)).collect();
    assert_eq!(rows, expected);
}

#[test]
fn the_key_document_has_the_shape_of_the_document() {
    let user = user_with(odd_attributes());
    let document = document(
        json!({
            "externalId": "AbC", "title": "Ä", "active": true, "level": 5, "hired": "2011-05-13T06:42:34+02:00", "tags": ["X"],
            "emails": [{ "value": "A@B", "type": "WORK", "primary": true }], "profileUrl": "http://X",
            "pin": "p", "secret": "s", "desk": { "floor": 1, "key": "k" },
            ENTERPRISE: { "manager": { "value": "M" }, "department": "D" },
        }),
        &user,
    );
    let hired = key::date_time_key(key::date_time("2011-05-13T04:42:34Z").expect("a dateTime"));
    assert_eq!(
        keys(&document, &user),
        json!({
            "schemas": [USER.to_lowercase(), ENTERPRISE.to_lowercase()], "externalId": "AbC", "userName": "bjensen", "title": "ä",
            "active": true, "level": 5, "hired": hired, "tags": ["x"],
            "emails": [{ "value": "a@b", "type": "work", "primary": true }], "profileUrl": "http://X", "desk": { "floor": 1 },
            ENTERPRISE: { "manager": { "value": "M" }, "department": "d" },
        })
    );
}

#[test]
fn the_key_of_a_multi_valued_attribute_is_a_list() {
    let object = json!({ "tags": "X" });
    let user = user_with(odd_attributes());
    let document = canonicalize(object.as_object().expect("an object").clone(), &user);
    assert_eq!(keys(&document, &user)["tags"], json!(["x"]));
}

#[test]
fn each_distinct_value_of_an_indexed_attribute_has_a_row() {
    let members = json!({
        "displayName": "Babs", "name": { "familyName": "Jensen", "givenName": "x" }, "nickName": "x",
        "emails": [{ "value": "B@x" }, { "value": "a@x", "type": "home" }, { "value": "A@X" }, { "type": "work" }],
        ENTERPRISE: { "employeeNumber": "7O1" },
    });
    check_rows(
        rows(members, &[], &[]),
        &[
            ("displayName", "babs", false),
            ("emails.value", "a@x", false),
            ("emails.value", "b@x", false),
            ("name.familyName", "jensen", false),
            (&format!("{ENTERPRISE}:employeeNumber"), "7o1", false),
            ("userName", "bjensen", true),
        ],
    );
}

#[test]
fn a_directory_can_make_more_attributes_unique_but_never_the_empty_value() {
    let name = ("userName", "bjensen", true);
    check_rows(rows(json!({ "externalId": "A" }), &[], &["externalId"]), &[("externalId", "A", true), name]);
    check_rows(rows(json!({ "externalId": "" }), &[], &["externalId"]), &[("externalId", "", false), name]);
    check_rows(rows(json!({ "externalId": "A" }), &[], &[]), &[("externalId", "A", false), name]);
}

#[test]
fn what_the_schema_has_global_stays_so_whatever_a_directory_says() {
    let user = user_with(json!([{ "name": "number", "type": "string", "uniqueness": "global" }]));
    let mut user = ResourceType { indexed: Vec::new(), ..user };
    let Some(Resolved::Attribute(target)) = user.resolve("number") else { unreachable!("number is an attribute") };
    user.indexed.push(IndexedAttribute { name: target.name().into(), target, ready: true, by_parts: false });
    for (number, uniqueness) in [("7", Uniqueness::Global), ("", Uniqueness::None)] {
        let document = document(json!({ "number": number }), &user);
        for also_unique in [&[][..], &["number"]] {
            let rows = index_rows(&document, &user, also_unique);
            assert_eq!(rows.iter().map(|row| row.uniqueness).collect::<Vec<_>>(), [uniqueness]);
        }
    }
}

#[test]
fn values_of_each_type_are_indexed_as_they_compare() {
    let hired = key::date_time_key(key::date_time("2011-05-13T04:42:34Z").expect("a dateTime"));
    let members = json!({ "active": false, "hired": "2011-05-13T04:42:34Z", "level": 5, "score": 5, "tags": ["b", "A"], "profileUrl": "U" });
    check_rows(
        rows(members, &["active", "hired", "level", "score", "tags", "profileUrl"], &[]),
        &[
            ("active", "false", false),
            ("hired", &hired, false),
            ("profileUrl", "U", false),
            ("tags", "a", false),
            ("tags", "b", false),
            ("userName", "bjensen", true),
        ],
    );
}

#[test]
fn long_values_are_cut_at_a_character() {
    let length = |text: String| rows(json!({ "displayName": text }), &[], &[])[0].1.len();
    assert_eq!(length("x".repeat(INDEX_VALUE_BYTES_MAX)), INDEX_VALUE_BYTES_MAX);
    assert_eq!(length("x".repeat(INDEX_VALUE_BYTES_MAX + 1)), INDEX_VALUE_BYTES_MAX);
    assert_eq!(length(format!("x{}", "é".repeat(INDEX_VALUE_BYTES_MAX))), INDEX_VALUE_BYTES_MAX - 1);
}

proptest! {
    #[test]
    fn keys_are_idempotent(title in "\\PC{0,8}", email in "\\PC{0,8}", hired in "(19|20)[0-9]{2}-0[1-9]-1[0-9]T0[0-9]:00:00(Z|-05:00)") {
        let user = user_with(odd_attributes());
        let once = keys(&document(json!({ "title": title, "emails": [{ "value": email }], "hired": hired }), &user), &user);
        let Value::Object(object) = once.clone() else { unreachable!("an object") };
        prop_assert_eq!(keys(&Document::from_canonical(object), &user), once);
    }

    #[test]
    fn equal_values_have_equal_rows(name in "\\PC{0,12}") {
        let user = user();
        let row = |name: &str| index_rows(&document(json!({ "displayName": name }), &user), &user, &[]);
        prop_assert_eq!(row(&name), row(&row(&name)[0].value));
    }
}
