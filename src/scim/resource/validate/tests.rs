use super::validate;
use crate::scim::ErrorKind;
use crate::scim::resource::canonicalize;
use crate::scim::resource::fixture::{ENTERPRISE, group, odd_attributes, user, user_with};
use crate::scim::schema::ResourceType;
use crate::scim::tolerance::Tolerance;
use serde_json::{Value, json};

/// `None`: valid; else the detail of the error.
fn verdict(object: Value, resource_type: &ResourceType, tolerance: &Tolerance) -> Option<String> {
    let document = canonicalize(object.as_object().expect("an object").clone(), resource_type);
    let error = validate(&document, resource_type, tolerance).err()?;
    assert_eq!(error.kind, ErrorKind::InvalidValue);
    Some(error.detail)
}

#[track_caller]
fn check(object: Value, resource_type: &ResourceType, expected: Option<&str>) {
    assert_eq!(verdict(object, resource_type, &Tolerance::default()).as_deref(), expected);
}

/// Shows S-7-25.
#[test]
fn required_attributes_have_a_value_that_is_not_blank() {
    check(json!({ "userName": "a" }), &user(), None);
    for blank in [json!(null), json!(""), json!(" \t"), json!("\u{a0}")] {
        check(json!({ "userName": blank }), &user(), Some("userName: a value is required"));
        check(json!({ "displayName": blank }), &group(), Some("displayName: a value is required"));
    }
    check(json!({ "userName": "a", "displayName": " " }), &user(), None);
}

#[test]
fn required_attributes_that_a_document_does_not_hold_are_not_looked_for() {
    let mut group = (*group()).clone();
    let mut schema = (*group.schema).clone();
    for attribute in &mut schema.attributes {
        std::sync::Arc::make_mut(attribute).required = true;
    }
    group.schema = schema.into();
    check(json!({ "displayName": "a" }), &group, None);
}

#[test]
fn required_sub_attributes_are_there_when_their_attribute_is() {
    let user = user_with(odd_attributes());
    check(json!({ "userName": "a" }), &user, None);
    check(json!({ "userName": "a", "desk": { "floor": 0 } }), &user, None);
    check(json!({ "userName": "a", "desk": { "label": "x" } }), &user, Some("desk.floor: a value is required"));
}

/// Shows S-6-07.
#[test]
fn required_extensions_are_there() {
    let mut user = (*user()).clone();
    user.extensions[0].required = true;
    check(json!({ "userName": "a" }), &user, Some(&format!("{ENTERPRISE}: this extension is required")));
    check(json!({ "userName": "a", ENTERPRISE: { "department": "d" } }), &user, None);
}

/// Shows S-6-07.
#[test]
fn required_attributes_of_an_extension_are_there_when_it_is() {
    let mut user = (*user()).clone();
    let mut schema = (*user.extensions[0].schema).clone();
    std::sync::Arc::make_mut(&mut schema.attributes[0]).required = true;
    user.extensions[0].schema = schema.into();
    check(json!({ "userName": "a" }), &user, None);
    let object = json!({ "userName": "a", ENTERPRISE: { "department": "d" } });
    check(object, &user, Some(&format!("{ENTERPRISE}:employeeNumber: a value is required")));
}

#[test]
fn at_most_one_value_is_primary() {
    let emails = |second: bool| json!({ "userName": "a", "emails": [{ "value": "a", "primary": true }, { "value": "b", "primary": second }] });
    check(emails(false), &user(), None);
    check(emails(true), &user(), Some("emails: 2 values are primary; at most one may be"));
}

#[test]
fn a_user_name_keeps_rfc8265_where_the_directory_wants_it() {
    let strict = Tolerance { strict_precis: true, ..Tolerance::default() };
    let detail = "userName: has characters that RFC 8265 disallows in user names";
    assert_eq!(verdict(json!({ "userName": "a\u{2028}b" }), &user(), &strict).as_deref(), Some(detail));
    assert_eq!(verdict(json!({ "userName": "babs jensen" }), &user(), &strict), None);
    check(json!({ "userName": "a\u{2028}b" }), &user(), None);
}
