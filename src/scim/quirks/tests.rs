use super::members::{MEMBERS_AS_STRINGS, REMOVE_MEMBERS_NESTED};
use super::schemas::OLD_SCHEMA_URNS;
use super::values::{EXTENSION_ATTRIBUTES_AT_TOP_LEVEL, LIST_OF_ONE, REFERENCE_AS_STRING, VALUE_OBJECTS};
use super::{Message, MessageKind, PROFILES, Quirk, profile, rewrite};
use crate::scim::schema::{Registry, ResourceType, Schema};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Applies one quirk; `sent` equal to `meant` says that it leaves the message alone.
#[track_caller]
fn check(quirk: &Quirk, resource_type: &str, kind: MessageKind, sent: Value, meant: Value) {
    let registry = Registry::built_in();
    check_in(quirk, registry.resource_type(resource_type).expect("built in"), kind, sent, meant);
}

#[track_caller]
fn check_in(quirk: &Quirk, resource_type: &ResourceType, kind: MessageKind, sent: Value, meant: Value) {
    let mut body = sent.clone();
    let acted = rewrite(&[quirk], &mut Message { kind, resource_type, body: &mut body });
    assert_eq!(body, meant);
    assert_eq!(acted, if sent == meant { vec![] } else { vec![quirk.name] });
    let again = rewrite(&[quirk], &mut Message { kind, resource_type, body: &mut body });
    assert_eq!((again, body), (vec![], meant), "acts once");
}

#[test]
fn members_as_strings_are_members() {
    let patch = |path: &str, value: Value| json!({"Operations": [{"op": "Add", "path": path, "value": value}]});
    let quirk = &MEMBERS_AS_STRINGS;
    let one = json!({"value": "42"});
    check(quirk, "Group", MessageKind::Patch, patch("members", json!(["42", one])), patch("members", json!([one, one])));
    check(quirk, "Group", MessageKind::Patch, patch("Members", json!("42")), patch("Members", one.clone()));
    check(quirk, "Group", MessageKind::Patch, patch("displayName", json!("42")), patch("displayName", json!("42")));
    let body = |value: Value| json!({"displayName": "G", "members": value});
    check(quirk, "Group", MessageKind::Create, body(json!(["42"])), body(json!([one])));
    let pathless = |value: Value| json!({"operations": [{"op": "replace", "value": {"members": value}}]});
    check(quirk, "Group", MessageKind::Patch, pathless(json!(["42"])), pathless(json!([one])));
    let contained = |value: Value| json!({"urn:ietf:params:scim:schemas:core:2.0:Group": {"members": value}});
    check(quirk, "Group", MessageKind::Replace, contained(json!(["42"])), contained(json!([one])));
    check(quirk, "User", MessageKind::Create, body(json!(["42"])), body(json!(["42"])));
}

#[test]
fn nested_members_to_remove_are_a_list() {
    let patch = |op: &str, value: Value| json!({"Operations": [{"op": op, "path": "members", "value": value}]});
    let list = json!([{"value": "42"}]);
    let nested = json!({"members": list});
    check(&REMOVE_MEMBERS_NESTED, "Group", MessageKind::Patch, patch("remove", nested.clone()), patch("remove", list.clone()));
    check(&REMOVE_MEMBERS_NESTED, "Group", MessageKind::Patch, patch("add", nested.clone()), patch("add", nested));
    check(&REMOVE_MEMBERS_NESTED, "Group", MessageKind::Patch, patch("remove", list.clone()), patch("remove", list));
}

#[test]
fn a_reference_as_string_is_its_value() {
    let body = |value: Value| json!({"userName": "a", ENTERPRISE: {"manager": value}});
    check(&REFERENCE_AS_STRING, "User", MessageKind::Create, body(json!("42")), body(json!({"value": "42"})));
    check(&REFERENCE_AS_STRING, "User", MessageKind::Replace, body(json!("")), body(json!("")));
    check(&REFERENCE_AS_STRING, "User", MessageKind::Create, json!({"name": "A"}), json!({"name": "A"}));
}

#[test]
fn extension_attributes_at_top_level_move_into_their_container() {
    let quirk = &EXTENSION_ATTRIBUTES_AT_TOP_LEVEL;
    let create = MessageKind::Create;
    check(
        quirk,
        "User",
        create,
        json!({"userName": "a", "Department": "S", "manager": {"value": "1"}, "costCenter": null}),
        json!({"userName": "a", "costCenter": null, ENTERPRISE: {"Department": "S", "manager": {"value": "1"}}}),
    );
    check(
        quirk,
        "User",
        create,
        json!({"department": "S", ENTERPRISE: {"division": "D"}}),
        json!({ENTERPRISE: {"division": "D", "department": "S"}}),
    );
    let both = json!({"department": "S", ENTERPRISE: {"department": "T"}});
    check(quirk, "User", create, both.clone(), both);
    let odd = json!({"department": "S", ENTERPRISE: 7});
    check(quirk, "User", create, odd.clone(), odd);
    check(quirk, "User", create, json!({"displayName": "S"}), json!({"displayName": "S"}));
}

#[test]
fn a_list_of_one_is_its_value_where_there_is_one_value() {
    check(&LIST_OF_ONE, "User", MessageKind::Create, json!({"userType": ["E"]}), json!({"userType": "E"}));
    for left_alone in [json!({"userType": ["E", "F"]}), json!({"roles": [{"value": "r"}]}), json!({"userType": []})] {
        check(&LIST_OF_ONE, "User", MessageKind::Create, left_alone.clone(), left_alone);
    }
}

#[test]
fn value_objects_are_the_values_of_a_multi_valued_attribute_that_is_not_complex() {
    let registry = Registry::built_in();
    let mut user = ResourceType::clone(registry.resource_type("User").expect("built in"));
    let mut schema = Schema::clone(&user.schema);
    schema.attributes.push(serde_json::from_value(json!({"name": "tags", "multiValued": true})).expect("an attribute"));
    user.schema = Arc::new(schema);
    let add = |value: Value| json!({"Operations": [{"op": "Add", "path": "tags", "value": value}]});
    let check = |sent: Value, meant: Value| check_in(&VALUE_OBJECTS, &user, MessageKind::Patch, add(sent), add(meant));
    check(json!([{"value": "blue"}, "red"]), json!(["blue", "red"]));
    check(json!([{"value": "blue", "type": "x"}]), json!([{"value": "blue", "type": "x"}]));
    let emails = json!({"emails": [{"value": "a"}]});
    check_in(&VALUE_OBJECTS, &user, MessageKind::Create, emails.clone(), emails);
}

#[test]
fn old_schema_urns_become_the_registered_ones() {
    check(
        &OLD_SCHEMA_URNS,
        "User",
        MessageKind::Create,
        json!({
            "schemas": ["urn:scim:schemas:core:2.0", "urn:scim:schemas:extension:enterprise:1.0", "urn:x"],
            "urn:scim:schemas:extension:enterprise:1.0": {"department": "S"},
        }),
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE, "urn:x"],
            ENTERPRISE: {"department": "S"},
        }),
    );
}

#[test]
fn no_quirk_breaks_on_a_body_of_another_shape() {
    let registry = Registry::built_in();
    let odd = [json!(null), json!([]), json!({"Operations": 1}), json!({"Operations": [1, {"op": 1, "path": 2, "value": 3}]})];
    for profile in &PROFILES {
        for body in &odd {
            for kind in [MessageKind::Create, MessageKind::Replace, MessageKind::Patch] {
                for resource_type in &registry.resource_types {
                    let mut rewritten = body.clone();
                    let acted = rewrite(profile.quirks, &mut Message { kind, resource_type, body: &mut rewritten });
                    assert_eq!((acted, &rewritten), (vec![], body));
                }
            }
        }
    }
}

#[test]
fn profiles_are_found_by_their_unique_names() {
    let names = PROFILES.iter().map(|profile| profile.name).collect::<HashSet<_>>();
    assert_eq!(names.len(), PROFILES.len());
    assert!(names.iter().all(|name| profile(name).is_some_and(|found| found.name == *name)));
    assert!(profile("nobody").is_none());
    assert!(profile("strict").is_some_and(|strict| strict.quirks.is_empty()));
}
