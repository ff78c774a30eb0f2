//! Lists of values, references and members.

use super::*;
use crate::scim::resource::fixture::{ENTERPRISE, GROUP, group, user};
use serde_json::json;

#[test]
fn at_most_one_value_is_primary() {
    check_invalid(
        json!({ "emails": [{ "value": "a", "primary": true }, { "value": "b", "primary": "true" }] }),
        "emails: 2 values are primary; at most one may be",
    );
    let one = json!({ "emails": [{ "value": "a", "primary": true }, { "value": "b", "primary": false }] });
    check(one.clone(), one);
}

#[test]
fn elements_equal_in_type_and_value_are_merged() {
    check(
        json!({ "emails": [
            { "value": "a", "type": "work", "display": "old", "primary": true },
            { "value": "a", "type": "home" },
            { "type": "Work", "value": "A", "display": "new" },
        ] }),
        json!({ "emails": [
            { "value": "A", "display": "new", "type": "work", "primary": true },
            { "value": "a", "type": "home" },
        ] }),
    );
    check(json!({ "tags": ["x", "y", "x"] }), json!({ "tags": ["x", "y"] }));
    let addresses = json!({ "addresses": [{ "locality": "a", "type": "work" }, { "locality": "b", "type": "work" }] });
    check(addresses.clone(), addresses);
    check(
        json!({ "addresses": [{ "type": "work", "locality": "a" }, { "locality": "a", "type": "work" }] }),
        json!({ "addresses": [{ "locality": "a", "type": "work" }] }),
    );
}

/// Shows S-2.3.1-03, S-2.4-07, S-7-09.
#[test]
fn canonical_values_are_spelled_as_in_the_schema_and_others_stay() {
    check(
        json!({ "emails": [{ "value": "a", "type": "WORK" }, { "value": "b", "type": "Private" }] }),
        json!({ "emails": [{ "value": "a", "type": "work" }, { "value": "b", "type": "Private" }] }),
    );
}

#[test]
fn a_single_value_is_a_list_where_the_directory_bends() {
    let tolerance = Tolerance { single_value_as_list: true, ..Tolerance::default() };
    let normalized = run(user_body(json!({ "emails": { "value": "a" } })), &user(), &tolerance).expect("accepted");
    assert_eq!(normalized.document.as_object()["emails"], json!([{ "value": "a" }]));
    let body = json!({ "schemas": [GROUP], "members": { "value": "1" } });
    assert_eq!(run(body, &group(), &tolerance).expect("accepted").members, Some(vec!["1".to_owned()]));
}

#[test]
fn an_empty_reference_unassigns_where_the_directory_bends() {
    let tolerance = Tolerance { empty_reference_clears: true, ..Tolerance::default() };
    for manager in [json!(""), json!({ "value": "" }), json!({ "value": "", "$ref": "x" })] {
        let body = user_body(json!({ ENTERPRISE: { "manager": manager } }));
        assert!(!run(body, &user(), &tolerance).expect("accepted").document.as_object().contains_key(ENTERPRISE));
    }
    check(json!({ ENTERPRISE: { "manager": { "value": "" } } }), json!({ ENTERPRISE: { "manager": { "value": "" } } }));
}

#[test]
fn a_reference_alone_names_its_target() {
    check(
        json!({ ENTERPRISE: { "manager": { "$ref": "../v2/Users/26118915/?x#y" } } }),
        json!({ ENTERPRISE: { "manager": { "value": "26118915", "$ref": "../v2/Users/26118915/?x#y" } } }),
    );
    check(
        json!({ ENTERPRISE: { "manager": { "$ref": "Users/26%2D1" } } }),
        json!({ ENTERPRISE: { "manager": { "value": "26-1", "$ref": "Users/26%2D1" } } }),
    );
}

#[test]
fn members_are_taken_from_value_or_else_reference() {
    let members = |members: Value| {
        run(json!({ "schemas": [GROUP], "displayName": "g", "members": members }), &group(), &Tolerance::default())
    };
    let ids = |value: Value| members(value).expect("accepted").members.expect("sent");
    assert_eq!(ids(json!(null)), [""; 0]);
    assert_eq!(ids(json!([])), [""; 0]);
    let normalized = members(json!([
        { "value": "1", "display": 5, "type": [] }, { "$ref": "https://x/v2/Users/2" }, {}, null, { "VALUE": "1", "$ref": "/Users/9" }
    ]))
    .expect("accepted");
    assert_eq!(normalized.members, Some(vec!["1".to_owned(), "2".to_owned()]));
    assert_eq!(normalized.document.to_text(), format!("{{\"schemas\":[\"{GROUP}\"],\"displayName\":\"g\"}}"));
    let invalid = ErrorKind::InvalidValue;
    check_error(members(json!("1")), invalid, "members: expected a list of values, not a string");
    check_error(members(json!(["1"])), invalid, "members: expected objects with a value, not a string");
    check_error(members(json!([{ "value": 1 }])), invalid, "members.value: expected a string, not a number");
    check_error(members(json!([{ "display": "x" }])), invalid, "members: expected objects with the member's id in value");
    assert_eq!(run(json!({ "schemas": [GROUP] }), &group(), &Tolerance::default()).expect("accepted").members, None);
}
