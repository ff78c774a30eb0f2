use super::ProjectionRequest;
use crate::scim::ErrorKind;
use crate::scim::resource::fixture::{ENTERPRISE, USER, odd_attributes, user, user_with};
use serde_json::{Value, json};

/// A whole User with a value of every kind.
fn whole() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE], "id": "1", "externalId": "e", "userName": "u",
        "name": { "givenName": "g", "familyName": "f" },
        "emails": [{ "value": "a", "type": "work" }, { "type": "home" }],
        "tags": ["t"], "pin": "p", "secret": "s", "notes": "n", "badge": "b",
        "desk": { "floor": 1, "code": "c", "label": "l", "key": "k" },
        ENTERPRISE: { "department": "d", "manager": { "value": "m", "displayName": "M" } },
        "groups": [{ "value": "g" }], "meta": { "version": "v" },
    })
}

fn projected(attributes: Option<&str>, excluded: Option<&str>, written: &[&str]) -> Value {
    let user = user_with(odd_attributes());
    let mut resource = whole().as_object().expect("an object").clone();
    let written: Vec<String> = written.iter().map(|name| (*name).to_owned()).collect();
    let projection = ProjectionRequest::parse(attributes, excluded).expect("valid").resolve(&user);
    projection.apply(&mut resource, &user, &written);
    Value::Object(resource)
}

/// That `attributes` shows `expected` beside what is shown always.
#[track_caller]
fn check_only(attributes: &str, expected: Value) {
    let mut whole = json!({ "schemas": [USER, ENTERPRISE], "id": "1", "badge": "b" });
    whole.as_object_mut().expect("an object").extend(expected.as_object().expect("an object").clone());
    assert_eq!(projected(Some(attributes), None, &[]), whole);
}

/// That `excluded` hides of the default what `hide` takes out.
#[track_caller]
fn check_except(excluded: &str, hide: impl Fn(&mut Value)) {
    let mut expected = projected(None, None, &[]);
    hide(&mut expected);
    assert_eq!(projected(None, Some(excluded), &[]), expected);
}

fn take(value: &mut Value, name: &str) {
    value.as_object_mut().expect("an object").shift_remove(name).expect("was there");
}

#[test]
fn without_parameters_the_schema_decides() {
    let mut expected = whole();
    for hidden in ["pin", "secret", "notes"] {
        take(&mut expected, hidden);
    }
    expected["desk"] = json!({ "floor": 1, "label": "l" });
    assert_eq!(projected(None, None, &[]), expected);
    assert_eq!(projected(Some(""), Some(" , "), &[]), expected);
}

/// Shows S-7-17, S-7-19.
#[test]
fn attributes_names_what_is_shown_beside_always() {
    check_only("userName", json!({ "userName": "u" }));
    check_only("USERNAME, externalid", json!({ "userName": "u", "externalId": "e" }));
    check_only("name.givenName", json!({ "name": { "givenName": "g" } }));
    check_only("name.givenName,name", json!({ "name": { "givenName": "g", "familyName": "f" } }));
    check_only("emails.value", json!({ "emails": [{ "value": "a" }] }));
    check_only("emails.display", json!({}));
    check_only("tags,meta.version", json!({ "tags": ["t"], "meta": { "version": "v" } }));
    check_only("groups", json!({ "groups": [{ "value": "g" }] }));
    check_only("desk.floor", json!({ "desk": { "floor": 1, "label": "l" } }));
    check_only("unknown", json!({}));
    check_only("emails[type eq \"a,b\"],userName", json!({ "emails": whole()["emails"], "userName": "u" }));
}

#[test]
fn attributes_of_extensions_are_named_by_urn_or_alone() {
    let department = json!({ ENTERPRISE: { "department": "d" } });
    check_only(&format!("{}:Department", ENTERPRISE.to_uppercase()), department.clone());
    check_only("department", department);
    check_only(ENTERPRISE, json!({ ENTERPRISE: whole()[ENTERPRISE] }));
    check_only("manager.displayName", json!({ ENTERPRISE: { "manager": { "displayName": "M" } } }));
    check_only(&format!("{USER}:userName"), json!({ "userName": "u" }));
}

/// Shows S-7-17, S-7-19.
#[test]
fn excluded_attributes_names_what_is_hidden_save_always() {
    check_except("userName,ID,schemas,badge", |value| take(value, "userName"));
    check_except("name.givenName", |value| take(&mut value["name"], "givenName"));
    check_except("name.givenName,name.familyName", |value| take(value, "name"));
    check_except("emails.type", |value| value["emails"] = json!([{ "value": "a" }]));
    check_except("meta,groups", |value| {
        take(value, "meta");
        take(value, "groups");
    });
    check_except("desk.label", |_| {});
    check_except(ENTERPRISE, |value| take(value, ENTERPRISE));
    check_except("department,manager", |value| take(value, ENTERPRISE));
    check_except("unknown", |_| {});
}

/// Shows S-7-16, S-7-18.
#[test]
fn what_is_write_only_or_never_returned_is_shown_by_no_parameter() {
    check_only("pin,secret,desk.key,password", json!({ "desk": { "label": "l" } }));
    check_only(USER, {
        let mut expected = whole();
        for hidden in ["pin", "secret", ENTERPRISE] {
            take(&mut expected, hidden);
        }
        expected["desk"] = json!({ "floor": 1, "label": "l" });
        expected
    });
    assert_eq!(projected(None, None, &["pin", "secret"]), projected(None, None, &[]));
}

/// Shows S-7-20.
#[test]
fn what_is_returned_on_request_is_shown_if_named_or_just_written() {
    check_only("notes", json!({ "notes": "n" }));
    check_only("desk.code", json!({ "desk": { "code": "c", "label": "l" } }));
    let written = |excluded: Option<&str>, names: &[&str]| projected(None, excluded, names);
    assert_eq!(written(None, &["notes"])["notes"], "n");
    assert_eq!(written(Some("notes"), &["notes"]).get("notes"), None);
    assert_eq!(projected(Some("userName"), None, &["notes"]).get("notes"), None);
    assert_eq!(written(None, &["desk.code"])["desk"], json!({ "floor": 1, "code": "c", "label": "l" }));
    assert_eq!(written(None, &["desk"])["desk"]["code"], "c");
    assert_eq!(written(None, &["desk.floor"])["desk"].get("code"), None);
}

#[test]
fn both_parameters_exclude_each_other() {
    let error = ProjectionRequest::parse(Some("a"), Some("b")).expect_err("refused");
    assert_eq!(error.kind, ErrorKind::InvalidValue);
    assert_eq!(ProjectionRequest::from_lists(["a"], ["b"]).expect_err("refused").kind, ErrorKind::InvalidValue);
}

#[test]
fn what_is_not_wanted_need_not_be_computed() {
    let wants = |attributes: Option<&str>, excluded: Option<&str>, name: &str| {
        ProjectionRequest::parse(attributes, excluded).expect("valid").resolve(&user()).wants(name)
    };
    assert!(wants(None, None, "groups") && wants(None, None, "meta") && wants(None, None, "id"));
    assert!(!wants(Some("userName"), None, "groups") && !wants(Some("userName"), None, "meta"));
    assert!(wants(Some("Groups.value"), None, "groups") && wants(Some("userName"), None, "id"));
    assert!(!wants(None, Some("groups"), "groups") && wants(None, Some("groups.value"), "groups"));
    assert!(!wants(None, None, "password") && !wants(None, None, "unknown"));
}

#[test]
fn asking_for_nothing_in_particular_is_told() {
    let is_default =
        |attributes, excluded| ProjectionRequest::parse(attributes, excluded).expect("valid").resolve(&user()).is_default();
    assert!(is_default(None, None) && is_default(Some(""), Some(",")));
    assert!(!is_default(Some("unknown"), None) && !is_default(None, Some("unknown")));
}

#[test]
fn a_resource_type_tells_whether_its_documents_are_shown_whole() {
    assert!(user().default_projection_is_identity());
    for odd in odd_attributes().as_array().expect("a list") {
        let is_plain = !["pin", "secret", "notes", "desk"].contains(&odd["name"].as_str().expect("a name"));
        assert_eq!(user_with(json!([odd])).default_projection_is_identity(), is_plain, "{odd}");
    }
}
