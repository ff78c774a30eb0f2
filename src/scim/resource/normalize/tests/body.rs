//! The body as a whole: its schemas, the names in it, and what is left out of it.

use super::*;
use crate::scim::resource::fixture::{ENTERPRISE, GROUP, USER, user};
use crate::scim::tolerance::Unknown;
use serde_json::{Map, json};

#[test]
fn the_full_user_of_the_rfc_is_kept_but_for_what_the_server_assigns() {
    let text = include_str!("../../../../../tests/corpus/rfc7643/8.2-user.json");
    let body: Value = serde_json::from_str(text).expect("JSON");
    let normalized = run(body.clone(), &user(), &Tolerance::default()).expect("accepted");
    assert_eq!(normalized.ignored, ["id", "groups", "meta"]);
    assert_eq!(normalized.password, Some(Some("t1meMa$heen".to_owned())));
    assert!(normalized.sent.contains(&"active".to_owned()));
    assert_eq!(normalized.members, None);
    let mut expected = body;
    for name in ["id", "meta", "groups", "password"] {
        expected.as_object_mut().expect("an object").shift_remove(name);
    }
    let object = normalized.document.into_object();
    let names: Vec<&str> = object.keys().map(String::as_str).collect();
    let order = "schemas externalId userName name displayName nickName profileUrl title userType preferredLanguage locale timezone \
                 active emails phoneNumbers ims photos addresses x509Certificates";
    assert_eq!(names.join(" "), order);
    assert_eq!(Value::Object(object), expected);
}

#[test]
fn a_body_is_an_object() {
    let detail = "expected a JSON object, the User resource";
    check_error(run(json!([]), &user(), &Tolerance::default()), ErrorKind::InvalidSyntax, detail);
}

#[test]
fn schemas_holds_the_base_and_known_extensions_only() {
    let refused = |schemas: Value, detail: &str| {
        let body = json!({ "schemas": schemas, "userName": "a" });
        check_error(run(body, &user(), &Tolerance::default()), ErrorKind::InvalidSyntax, detail);
    };
    let expected = format!("schemas: expected a list of URIs with {USER} in it");
    for schemas in [json!(null), json!(USER), json!([]), json!([5]), json!([ENTERPRISE]), json!([USER, null])] {
        refused(schemas, &expected);
    }
    check_error(run(json!({ "userName": "a" }), &user(), &Tolerance::default()), ErrorKind::InvalidSyntax, &expected);
    refused(json!([USER, GROUP]), &format!("schemas: {GROUP} is not a schema of the resource type User"));
}

#[test]
fn schemas_is_computed_from_what_has_data() {
    let schemas =
        |body: Value| run(body, &user(), &Tolerance::default()).expect("accepted").document.as_object()["schemas"].clone();
    assert_eq!(schemas(json!({ "SCHEMAS": [ENTERPRISE, USER.to_uppercase(), USER] })), json!([USER]));
    assert_eq!(schemas(json!({ "schemas": [USER], ENTERPRISE: { "department": "x" } })), json!([USER, ENTERPRISE]));
    assert_eq!(schemas(json!({ "schemas": [USER], ENTERPRISE: { "department": null } })), json!([USER]));
}

#[test]
fn unknown_schemas_are_left_out_where_the_directory_bends() {
    let tolerance = Tolerance { unknown_schemas: Unknown::Ignore, ..Tolerance::default() };
    let body = json!({ "schemas": [USER, "urn:x"], "userName": "a" });
    assert_eq!(run(body, &user(), &tolerance).expect("accepted").ignored, ["urn:x"]);
}

#[test]
fn names_count_in_any_letter_case() {
    let upper = ENTERPRISE.to_uppercase();
    check(
        json!({ "NICKNAME": "n", "Emails": [{ "VALUE": "v", "Type": "WORK" }], upper: { "Department": "d" } }),
        json!({ "nickName": "n", "emails": [{ "value": "v", "type": "work" }], ENTERPRISE: { "department": "d" } }),
    );
}

#[test]
fn read_only_attributes_are_left_out_whatever_their_type() {
    let normalized = of_user(json!({
        "ID": 5, "meta": "x", "groups": 7, ENTERPRISE: { "manager": { "value": "m", "displayName": 1 } }
    }))
    .expect("accepted");
    assert_eq!(normalized.ignored, ["id", "meta", "groups", &format!("{ENTERPRISE}:manager.displayName")]);
    assert_eq!(normalized.document.as_object()[ENTERPRISE], json!({ "manager": { "value": "m" } }));
}

#[test]
fn unknown_attributes_are_left_out_or_refused() {
    let body = || user_body(json!({ "foo": 1, "name": { "bar": 2, "givenName": "g" }, ENTERPRISE: { "baz": 3 }, "urn:x": {} }));
    let names = ["foo", "name.bar", &format!("{ENTERPRISE}:baz"), "urn:x"];
    assert_eq!(run(body(), &user(), &Tolerance::default()).expect("accepted").ignored, names);
    let strict = Tolerance { unknown_attributes: Unknown::Reject, ..Tolerance::default() };
    let detail = "foo: no schema of this resource type has this attribute";
    check_error(run(body(), &user(), &strict), ErrorKind::InvalidSyntax, detail);
    let inner = user_body(json!({ ENTERPRISE: { "baz": 3 } }));
    let detail = format!("{ENTERPRISE}:baz: no schema of this resource type has this attribute");
    check_error(run(inner, &user(), &strict), ErrorKind::InvalidSyntax, &detail);
}

#[test]
fn left_out_names_are_bounded() {
    let many: Map<String, Value> = (0..500).map(|number| (format!("{number:0>1000}"), json!(1))).collect();
    let ignored = of_user(Value::Object(many)).expect("accepted").ignored;
    assert_eq!((ignored.len() <= 64, ignored[0].len()), (true, 200));
}

#[test]
fn null_and_empty_mean_unassigned() {
    check(
        json!({
            "title": null, "emails": [], "name": {}, "ims": [null, {}, { "value": null }], "tags": [null], "phoneNumbers": {},
            "nickName": [], ENTERPRISE: null, "desk": { "code": null },
        }),
        json!({}),
    );
    check(json!({ "title": "", "tags": [""] }), json!({ "title": "", "tags": [""] }));
}

#[test]
fn whether_active_was_sent_is_told() {
    assert!(!of_user(json!({})).expect("accepted").sent.contains(&"active".to_owned()));
    assert!(of_user(json!({ "ACTIVE": null })).expect("accepted").sent.contains(&"active".to_owned()));
}

#[test]
fn canonicalize_keeps_what_a_document_holds_and_no_more() {
    let object = json!({
        "urn:x": { "a": 1 }, "meta": {}, "password": "p", "groups": [{ "value": "g" }], "unknown": 1, "id": "i",
        ENTERPRISE: { "manager": { "$ref": "r", "value": "v" }, "department": null, "division": [] },
        "emails": [{ "type": "work", "value": "a", "display": null }, {}, null],
        "name": { "givenName": null }, "userName": "u", "externalId": "e", "schemas": ["urn:x"],
    });
    let Value::Object(object) = object else { unreachable!("an object") };
    let expected = format!(
        r#"{{"schemas":["{USER}","{ENTERPRISE}"],"externalId":"e","userName":"u","emails":[{{"value":"a","type":"work"}}],"{ENTERPRISE}":{{"manager":{{"value":"v","$ref":"r"}}}}}}"#
    );
    assert_eq!(canonicalize(object, &user()).to_text(), expected);
}

/// Shows S-3.1-03.
#[test]
fn the_common_attributes_win_over_a_schema_that_lists_them() {
    let listed = json!([
        { "name": "id", "mutability": "readWrite", "returned": "never" },
        { "name": "meta", "type": "string" },
        { "name": "externalId", "mutability": "readOnly" },
    ]);
    let body = user_body(json!({ "id": "mine", "meta": "x", "externalId": "e" }));
    let normalized = run(body, &user_with(listed), &Tolerance::default()).expect("accepted");
    assert_eq!(normalized.ignored, ["id", "meta"]);
    assert_eq!(
        normalized.document.to_text(),
        format!("{{\"schemas\":[\"{USER}\"],\"externalId\":\"e\",\"userName\":\"bjensen\"}}")
    );
}

/// Shows S-3.3-05.
#[test]
fn extensions_that_name_an_attribute_alike_keep_it_apart() {
    let mut user = (*user()).clone();
    let mut other = (*user.extensions[0].schema).clone();
    other.id = "urn:example:other".into();
    user.extensions.push(crate::scim::schema::Extension { schema: other.into(), required: false });
    let body = user_body(json!({ ENTERPRISE: { "department": "a" }, "urn:example:other": { "department": "b" } }));
    let kept = run(body, &user, &Tolerance::default()).expect("accepted").document.into_object();
    assert_eq!(kept["schemas"], json!([USER, ENTERPRISE, "urn:example:other"]));
    assert_eq!((&kept[ENTERPRISE], &kept["urn:example:other"]), (&json!({ "department": "a" }), &json!({ "department": "b" })));
}
