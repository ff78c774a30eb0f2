use super::*;
use crate::scim::filter::FilterOptions;
use crate::scim::resource::{Document, ValueLimits, canonicalize};
use crate::scim::schema::{Registry, ResourceType, Schema};
use crate::scim::tolerance::Unknown;
use crate::scim::{ErrorKind, ScimError, Tolerance};
use serde_json::{Value, json};
use std::sync::Arc;

mod laws;
mod work;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// A User with attributes of every kind that the User of the RFC lacks.
fn resource_type() -> ResourceType {
    let registry = Registry::built_in();
    let mut user = ResourceType::clone(registry.resource_type("User").expect("built in"));
    let mut schema = Schema::clone(&user.schema);
    let attributes = json!([
        {"name": "badge", "mutability": "immutable"},
        {"name": "seen", "mutability": "readOnly"},
        {"name": "tags", "multiValued": true},
        {"name": "locker", "type": "complex", "subAttributes": [{"name": "code", "mutability": "immutable"}, {"name": "color"}]},
        {"name": "codes", "type": "complex", "multiValued": true, "returned": "never", "subAttributes": [{"name": "value"}]},
        {"name": "cards", "type": "complex", "multiValued": true, "subAttributes": [
            {"name": "value", "mutability": "immutable"}, {"name": "label"}, {"name": "site", "required": true}]}
    ]);
    for attribute in attributes.as_array().expect("a list") {
        schema.attributes.push(serde_json::from_value(attribute.clone()).expect("an attribute"));
    }
    user.schema = Arc::new(schema);
    user
}

fn document(attributes: &Value) -> Document {
    let Value::Object(mut object) = attributes.clone() else { return Document::default() };
    object.entry("userName").or_insert_with(|| json!("a"));
    canonicalize(object, &resource_type())
}

fn patch_with(before: &Value, operations: &Value, tolerance: &Tolerance) -> Result<Patched, ScimError> {
    let limits = ValueLimits { elements_max: 3, ..ValueLimits::default() };
    let filter = FilterOptions::default();
    let context = PatchContext { tolerance, limits: &limits, filter: &filter, id: "42" };
    let body = json!({"schemas": [PATCH_OP_SCHEMA], "Operations": operations});
    let operations = PatchRequest::parse(body, tolerance, &PatchLimits { operations_max: 100 })?;
    apply(&document(before), &operations, &resource_type(), &context)
}

#[track_caller]
fn check_with(before: Value, operations: Value, tolerance: &Tolerance, expected: Result<Value, ErrorKind>) {
    let after = patch_with(&before, &operations, tolerance);
    let after = after.map(|patched| patched.document.to_text()).map_err(|error| error.kind);
    assert_eq!(after, expected.map(|attributes| document(&attributes).to_text()));
}

#[track_caller]
fn check(before: Value, operations: Value, expected: Result<Value, ErrorKind>) {
    check_with(before, operations, &Tolerance::default(), expected);
}

fn op(op: &str, path: &str, value: Value) -> Value {
    json!([{"op": op, "path": path, "value": value}])
}

fn remove(path: &str) -> Value {
    json!([{"op": "remove", "path": path}])
}

#[test]
fn a_singular_complex_attribute_keeps_what_is_not_given() {
    let before = json!({"name": {"familyName": "J", "givenName": "B"}});
    for name in ["add", "replace"] {
        check(
            before.clone(),
            op(name, "name", json!({"GivenName": "C", "middleName": "M"})),
            Ok(json!({"name": {"familyName": "J", "givenName": "C", "middleName": "M"}})),
        );
        check(before.clone(), op(name, "name", json!({"givenName": null})), Ok(json!({"name": {"familyName": "J"}})));
        check(before.clone(), op(name, "name", Value::Null), Ok(json!({})));
        check(before.clone(), op(name, "name", json!("J")), Err(ErrorKind::InvalidValue));
    }
    check(before.clone(), op("add", "name", json!({})), Ok(before.clone()));
    check(before.clone(), op("replace", "name", json!({})), Ok(json!({})));
    let profile = Tolerance { interop_profile: true, ..Tolerance::default() };
    let whole = json!({"name": {"givenName": "C"}});
    check_with(before, op("replace", "name", json!({"givenName": "C"})), &profile, Ok(whole));
}

#[test]
fn a_bare_string_is_the_value_of_a_complex_attribute() {
    let manager = |value: Value| json!({ENTERPRISE: {"manager": value}});
    let path = format!("{ENTERPRISE}:manager");
    check(json!({}), op("add", &path, json!("1")), Ok(manager(json!({"value": "1"}))));
    check(manager(json!({"value": "1"})), op("replace", &path, json!("2")), Ok(manager(json!({"value": "2"}))));
    check(json!({}), op("add", "manager", json!({"value": "1", "displayName": "M"})), Ok(manager(json!({"value": "1"}))));
    check(json!({}), op("add", &path, json!([1])), Err(ErrorKind::InvalidValue));
    check(
        manager(json!({"value": "1", "$ref": "../Users/1"})),
        op("replace", &format!("{path}.value"), json!("2")),
        Ok(manager(json!({"value": "2"}))),
    );
}

#[test]
fn a_reference_that_moves_does_not_keep_its_old_ref() {
    let before = json!({ENTERPRISE: {"manager": {"value": "1", "$ref": "../Users/1"}}});
    for (path, value) in [("manager.value", json!("2")), ("manager", json!({"value": "2"})), ("manager", json!("2"))] {
        let after = Ok(json!({ENTERPRISE: {"manager": {"value": "2"}}}));
        check(before.clone(), op("replace", path, value), after);
    }
    check(before.clone(), op("replace", "manager", json!({"value": "1"})), Ok(before.clone()));
    let by_reference = json!({"$ref": "../Users/2"});
    let after = json!({ENTERPRISE: {"manager": {"value": "2", "$ref": "../Users/2"}}});
    check(before, op("replace", "manager", by_reference), Ok(after));
}

#[test]
fn an_empty_reference_clears_where_the_directory_says_so() {
    let before = json!({ENTERPRISE: {"manager": {"value": "1"}}});
    let clearing = Tolerance { empty_reference_clears: true, ..Tolerance::default() };
    for (path, value) in
        [("manager", json!("")), ("manager", json!({"value": "", "displayName": " "})), ("manager.value", json!(""))]
    {
        check_with(before.clone(), op("replace", path, value.clone()), &clearing, Ok(json!({})));
        check(before.clone(), op("replace", path, value), Ok(json!({ENTERPRISE: {"manager": {"value": ""}}})));
    }
}

#[test]
fn add_appends_and_merges_equal_elements() {
    let work = json!({"value": "w@example.com", "type": "work"});
    let home = json!({"value": "h@example.com", "type": "home"});
    check(json!({"emails": [work]}), op("add", "emails", home.clone()), Ok(json!({"emails": [work, home]})));
    check(
        json!({"emails": [work, home]}),
        op("add", "emails", json!([{"value": "W@EXAMPLE.COM", "type": "Work", "display": "W"}])),
        Ok(json!({"emails": [{"value": "W@EXAMPLE.COM", "display": "W", "type": "work"}, home]})),
    );
    check(json!({"emails": [work]}), op("add", "emails", Value::Null), Ok(json!({"emails": [work]})));
    check(json!({"emails": [work]}), op("add", "emails", json!(["x"])), Err(ErrorKind::InvalidValue));
    check(json!({"tags": ["a"]}), op("add", "tags", json!("b")), Ok(json!({"tags": ["a", "b"]})));
    check(json!({"tags": ["a", "b", "c"]}), op("add", "tags", json!("B")), Ok(json!({"tags": ["a", "B", "c"]})));
    check(json!({"tags": ["a", "b", "c"]}), op("add", "tags", json!("d")), Err(ErrorKind::InvalidValue));
}

#[test]
fn one_value_at_most_is_primary() {
    let emails = |work: Value, home: Value| json!({"emails": [{"value": "w", "type": "work", "primary": work}, {"value": "h", "type": "home", "primary": home}]});
    let before = emails(json!(true), Value::Null);
    let after = emails(json!(false), json!(true));
    check(before.clone(), op("replace", "emails[type eq \"home\"].primary", json!("True")), Ok(after.clone()));
    check(before.clone(), op("add", "emails[type eq \"home\"]", json!({"primary": true})), Ok(after.clone()));
    check(before.clone(), op("add", "emails", json!([{"value": "h", "type": "home", "primary": true}])), Ok(after.clone()));
    check(
        before.clone(),
        op("replace", "emails[type eq \"home\"]", json!({"value": "h", "type": "home", "primary": true})),
        Ok(after),
    );
    check(before.clone(), op("replace", "emails[value pr].primary", json!(true)), Err(ErrorKind::InvalidValue));
    let both = json!([{"value": "1", "primary": true}, {"value": "2", "primary": true}]);
    for name in ["add", "replace"] {
        check(before.clone(), op(name, "emails", both.clone()), Err(ErrorKind::InvalidValue));
    }
    check(before.clone(), op("add", "emails[type eq \"work\"].display", json!("W")), {
        let mut after = before.clone();
        after["emails"][0]["display"] = json!("W");
        Ok(after)
    });
}

#[test]
fn add_through_a_filter_without_a_match_creates_from_its_eq_terms() {
    let created = Ok(json!({"emails": [{"value": "w", "type": "work", "primary": true}]}));
    check(json!({}), op("add", "emails[type eq \"work\" and primary eq \"true\"].value", json!("w")), created.clone());
    check(json!({}), op("add", "emails[type eq \"work\" and primary eq true]", json!({"value": "w"})), created);
    for filter in ["type ne \"work\"", "type eq \"work\" or type eq \"home\"", "not (type eq \"work\")", "type sw \"w\""] {
        check(json!({"emails": []}), op("add", &format!("emails[{filter}].value"), json!("w")), Err(ErrorKind::NoTarget));
    }
    check(json!({}), op("add", "emails[type eq \"work\"].value", Value::Null), Ok(json!({})));
    check(json!({}), op("add", "tags[value eq \"x\"]", json!("x")), Ok(json!({"tags": ["x"]})));
}

#[test]
fn replace_through_a_filter_without_a_match_creates_only_where_the_directory_says_so() {
    let operations = op("replace", "emails[type eq \"work\"].value", json!("w"));
    check(json!({}), operations.clone(), Err(ErrorKind::NoTarget));
    let creating = Tolerance { create_on_replace_no_match: true, ..Tolerance::default() };
    check_with(json!({}), operations, &creating, Ok(json!({"emails": [{"value": "w", "type": "work"}]})));
    check_with(json!({}), op("replace", "emails[type ne \"work\"].value", json!("w")), &creating, Err(ErrorKind::NoTarget));
}

#[test]
fn replace_of_selected_elements_is_wholesale() {
    let address = |street: &str, kind: &str| json!({"streetAddress": street, "type": kind});
    let before = json!({"addresses": [address("1", "work"), address("2", "home"), address("3", "work")]});
    check(
        before.clone(),
        op("replace", "addresses[type eq \"WORK\"]", json!({"country": "FI"})),
        // Both, and as equals they are one (D-15).
        Ok(json!({"addresses": [{"country": "FI"}, address("2", "home")]})),
    );
    let home_only = Ok(json!({"addresses": [address("2", "home")]}));
    check(before.clone(), op("replace", "addresses[type eq \"work\"]", Value::Null), home_only.clone());
    check(before.clone(), remove("addresses[type eq \"work\"]"), home_only);
    check(before.clone(), op("replace", "addresses[type eq \"work\"]", json!("x")), Err(ErrorKind::InvalidValue));
    check(before.clone(), op("replace", "addresses", json!({"type": "other"})), Ok(json!({"addresses": [{"type": "other"}]})));
    check(before, op("replace", "addresses", json!([])), Ok(json!({})));
}

#[test]
fn elements_that_become_equal_are_one() {
    let before =
        json!({"emails": [{"value": "a", "type": "work", "display": "A"}, {"value": "b", "type": "work"}, {"value": "c"}]});
    let after = json!({"emails": [{"value": "B", "type": "work", "display": "A"}, {"value": "c"}]});
    for name in ["add", "replace"] {
        check(before.clone(), op(name, "emails[type eq \"work\"].value", json!("B")), Ok(after.clone()));
        check(before.clone(), op(name, "emails[value eq \"a\"].value", json!("B")), {
            Ok(json!({"emails": [{"value": "b", "type": "work", "display": "A"}, {"value": "c"}]}))
        });
    }
}

#[test]
fn a_sub_attribute_without_filter_is_that_of_every_element() {
    let before = json!({"emails": [{"value": "1", "display": "A"}, {"value": "2"}]});
    let after = Ok(json!({"emails": [{"value": "1", "display": "B"}, {"value": "2", "display": "B"}]}));
    check(before.clone(), op("replace", "emails.display", json!("B")), after);
    check(before, remove("emails.display"), Ok(json!({"emails": [{"value": "1"}, {"value": "2"}]})));
    check(json!({}), op("replace", "emails.value", json!("1")), Ok(json!({"emails": [{"value": "1"}]})));
}

#[test]
fn remove_with_a_value_removes_only_that() {
    let before = json!({"emails": [{"value": "a", "type": "work"}, {"value": "b", "type": "work"}], "tags": ["x", "y"]});
    let rest = json!({"emails": [{"value": "b", "type": "work"}], "tags": ["x", "y"]});
    check(before.clone(), op("remove", "emails", json!([{"value": "A"}])), Ok(rest.clone()));
    check(before.clone(), op("remove", "emails", json!({"Value": "a", "type": "home"})), Ok(rest));
    check(before.clone(), op("remove", "emails", json!([{"type": "work"}])), Ok(json!({"tags": ["x", "y"]})));
    check(before.clone(), op("remove", "emails", json!([{"type": "home"}])), Ok(before.clone()));
    check(before.clone(), op("remove", "emails", json!([])), Ok(before.clone()));
    check(before.clone(), op("remove", "tags", json!(["X"])), {
        let mut after = before;
        after["tags"] = json!(["y"]);
        Ok(after)
    });
}

#[test]
fn remove_of_nothing_succeeds_and_of_the_required_is_refused() {
    check(json!({}), remove("nickName"), Ok(json!({})));
    check(json!({}), remove("emails[type eq \"work\"]"), Ok(json!({})));
    check(json!({}), remove("emails[type eq \"work\"].value"), Ok(json!({})));
    check(json!({}), remove("userName"), Err(ErrorKind::Mutability));
    check(json!({}), op("replace", "userName", Value::Null), Err(ErrorKind::InvalidValue));
    let cards = json!({"cards": [{"value": "1", "site": "s"}]});
    check(cards.clone(), remove("cards[value eq \"1\"].site"), Err(ErrorKind::Mutability));
    check(cards, remove("cards[value eq \"1\"]"), Ok(json!({})));
    check(json!({"name": {"givenName": "A"}}), remove("name.givenName"), Ok(json!({})));
}

/// Shows S-7-15, P-3.5.2-09, P-3.5.2-10.
#[test]
fn immutable_attributes_take_a_first_value_and_keep_it() {
    check(json!({}), op("add", "badge", json!("7")), Ok(json!({"badge": "7"})));
    check(json!({}), remove("badge"), Ok(json!({})));
    let before = json!({"badge": "7", "locker": {"code": "1", "color": "red"}, "cards": [{"value": "1", "site": "s"}]});
    check(before.clone(), op("replace", "badge", json!("7")), Ok(before.clone()));
    check(before.clone(), op("replace", "badge", json!("8")), Err(ErrorKind::Mutability));
    check(before.clone(), remove("badge"), Err(ErrorKind::Mutability));
    check(before.clone(), op("replace", "locker.code", json!("2")), Err(ErrorKind::Mutability));
    check(before.clone(), op("replace", "locker", json!({"code": "2"})), Err(ErrorKind::Mutability));
    check(before.clone(), remove("locker"), Err(ErrorKind::Mutability));
    check(before.clone(), op("replace", "cards[value eq \"1\"].value", json!("2")), Err(ErrorKind::Mutability));
    check(before.clone(), op("replace", "cards[value eq \"1\"]", json!({"site": "t"})), Err(ErrorKind::Mutability));
    let set = |name: &str, value: Value| {
        let mut after = before.clone();
        after[name] = value;
        Ok(after)
    };
    check(before.clone(), op("replace", "locker.color", json!("blue")), set("locker", json!({"code": "1", "color": "blue"})));
    let other = json!([{"value": "2", "site": "t"}]);
    check(before.clone(), op("replace", "cards", other.clone()), set("cards", other));
}

#[test]
fn members_of_a_value_object_are_paths() {
    check(
        json!({"emails": [{"value": "w", "type": "work"}]}),
        json!([{"op": "replace", "value": {
            "displayName": "D", "name.givenName": "G", "emails[type eq \"work\"].display": "W", "department": "one",
            format!("{ENTERPRISE}:division"): "two", ENTERPRISE: {"manager": "3", "COSTCENTER": "4"}, USER: {"title": "T"}}}]),
        Ok(json!({
            "displayName": "D", "name": {"givenName": "G"}, "title": "T",
            "emails": [{"value": "w", "type": "work", "display": "W"}],
            ENTERPRISE: {"department": "one", "division": "two", "costCenter": "4", "manager": {"value": "3"}},
        })),
    );
    check(json!({}), op("add", ENTERPRISE, json!({"department": "one"})), Ok(json!({ENTERPRISE: {"department": "one"}})));
    check(json!({}), op("add", ENTERPRISE, json!("one")), Err(ErrorKind::InvalidValue));
    check(json!({ENTERPRISE: {"department": "one"}}), remove(ENTERPRISE), Ok(json!({})));
    check(json!({}), remove(USER), Err(ErrorKind::Mutability));
}

#[test]
fn unknown_attributes_are_errors_in_a_path_and_ignored_in_an_object() {
    let operations = json!([{"op": "add", "value": {"shoeSize": 44, "name": {"nick": "x"}, "urn:x": {"a": 1}, "a b": 1, "": 1}}]);
    let patched = patch_with(&json!({}), &operations, &Tolerance::default()).expect("accepted");
    assert_eq!(patched.document, document(&json!({})));
    assert_eq!(patched.ignored, ["shoeSize", "name.nick", "urn:x", "a b", ""]);
    let rejecting = Tolerance { unknown_attributes: Unknown::Reject, ..Tolerance::default() };
    check_with(json!({}), operations, &rejecting, Err(ErrorKind::InvalidSyntax));
    for path in ["shoeSize", "name.nick", "emails[type eq \"work\"].colour", "name.familyName.first", &format!("{ENTERPRISE}:x")]
    {
        check(json!({}), op("replace", path, json!("x")), Err(ErrorKind::InvalidPath));
    }
    check(json!({}), op("replace", "title[value eq \"x\"]", json!("x")), Err(ErrorKind::InvalidPath));
    check(json!({}), json!([{"op": "add", "value": {"emails[type is \"work\"]": {}}}]), Err(ErrorKind::InvalidFilter));
    check(json!({}), remove("codes[value eq \"x\"]"), Err(ErrorKind::InvalidFilter));
}

/// Shows S-7-13.
#[test]
fn read_only_attributes_may_be_sent_back_in_an_object() {
    let before = json!({"seen": "today"});
    let object = |value: Value| json!([{"op": "replace", "value": value}]);
    let harmless = json!({"id": "42", "meta": {"version": "x"}, "schemas": ["urn:y"], "groups": [], "seen": "today"});
    check(before.clone(), object(harmless), Ok(before.clone()));
    check(before.clone(), object(json!({"manager": {"displayName": "M"}, "manager.displayName": "M"})), Ok(before.clone()));
    check(before.clone(), object(json!({"id": "43"})), Err(ErrorKind::Mutability));
    check(before.clone(), object(json!({"seen": "tomorrow"})), Err(ErrorKind::Mutability));
    for (path, value) in [("id", "42"), ("seen", "today"), ("meta.created", "x"), ("groups", "x"), ("manager.displayName", "M")] {
        check(before.clone(), op("replace", path, json!(value)), Err(ErrorKind::Mutability));
        check(before.clone(), remove(path), Err(ErrorKind::Mutability));
    }
}

#[test]
fn schemas_follow_from_the_data() {
    let before = json!({ENTERPRISE: {"department": "one"}});
    check(json!({}), op("add", "schemas", json!([ENTERPRISE])), Ok(json!({})));
    check(json!({}), op("add", "schemas", json!(["urn:x"])), Err(ErrorKind::InvalidValue));
    check(before.clone(), op("remove", "schemas", json!([ENTERPRISE.to_uppercase()])), Ok(json!({})));
    check(before.clone(), remove(&format!("schemas[value eq \"{ENTERPRISE}\"]")), Ok(json!({})));
    check(before.clone(), op("replace", "schemas", json!([USER])), Ok(json!({})));
    check(before.clone(), op("replace", "schemas", json!([USER, ENTERPRISE])), Ok(before.clone()));
    check(before.clone(), op("replace", "schemas", json!([ENTERPRISE])), Err(ErrorKind::Mutability));
    check(before.clone(), op("remove", "schemas", json!([USER])), Err(ErrorKind::Mutability));
    check(before, remove("schemas"), Err(ErrorKind::Mutability));
}

#[test]
fn the_password_leaves_beside_the_document() {
    let password = |operations: Value| patch_with(&json!({}), &operations, &Tolerance::default()).map(|patched| patched.password);
    assert_eq!(password(op("replace", "password", json!("secret"))), Ok(Some(Some("secret".to_owned()))));
    assert_eq!(password(remove("password")), Ok(Some(None)));
    assert_eq!(password(op("replace", "title", json!("T"))), Ok(None));
    let outcome = password(op("replace", "password", json!(7)));
    assert_eq!(outcome.map_err(|error| error.kind), Err(ErrorKind::InvalidValue));
}

#[test]
fn operations_go_over_so_many_values_and_no_more() {
    let before = document(&json!({"emails": [{"value": "a"}, {"value": "b"}]}));
    let (tolerance, filter) = (Tolerance::default(), FilterOptions::default());
    let limits = ValueLimits { patch_elements_max: 6, ..ValueLimits::default() };
    let context = PatchContext { tolerance: &tolerance, limits: &limits, filter: &filter, id: "42" };
    let outcome = |count: usize| {
        let operation = json!({"op": "add", "path": "emails", "value": [{"value": "a"}]});
        let body = json!({"schemas": [PATCH_OP_SCHEMA], "Operations": vec![operation; count]});
        let operations = PatchRequest::parse(body, &tolerance, &PatchLimits { operations_max: 10 }).expect("a PATCH");
        apply(&before, &operations, &resource_type(), &context)
    };
    outcome(2).expect("goes over 2 and 1 twice");
    let error = outcome(3).expect_err("goes over 9");
    assert_eq!(error.kind, ErrorKind::InvalidValue);
    assert!(error.detail.contains("more than 6 values"), "{}", error.detail);
}

#[test]
fn what_the_client_sent_is_remembered_once() {
    let operations = json!([{"op": "add", "value": {"name.givenName": "A", "name.familyName": "B", "id": "42"}},
        {"op": "add", "path": "DEPARTMENT", "value": "one"}]);
    let patched = patch_with(&json!({}), &operations, &Tolerance::default()).expect("accepted");
    assert_eq!(patched.sent, ["name".to_owned(), format!("{ENTERPRISE}:department")]);
}

#[test]
fn errors_say_which_operation() {
    let operations = json!([{"op": "add", "path": "title", "value": "T"}, {"op": "add", "path": "active", "value": "maybe"}]);
    let error = patch_with(&json!({}), &operations, &Tolerance::default()).expect_err("refused");
    assert!(error.detail.starts_with("operation 2 (path active): "), "{}", error.detail);
}

#[test]
fn a_filter_on_a_singular_complex_attribute_sees_its_one_value() {
    let before = json!({ENTERPRISE: {"manager": {"value": "1"}}});
    check(before.clone(), remove("manager[value eq \"1\"]"), Ok(json!({})));
    check(before.clone(), remove("manager[value eq \"2\"]"), Ok(before.clone()));
    check(before.clone(), op("replace", "manager[value eq \"2\"].value", json!("3")), Err(ErrorKind::NoTarget));
    let three = json!({ENTERPRISE: {"manager": {"value": "3"}}});
    check(before, op("replace", "manager[value eq \"1\"].value", json!("3")), Ok(three.clone()));
    check(json!({}), op("add", "manager[value eq \"3\"]", json!({})), Ok(three));
}

#[test]
fn the_interop_profile_wants_a_sub_attribute_behind_a_filter() {
    let profile = Tolerance { interop_profile: true, ..Tolerance::default() };
    check_with(json!({}), remove("emails[type eq \"work\"]"), &profile, Err(ErrorKind::InvalidPath));
}
