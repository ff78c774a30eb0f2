use super::super::{PatchLimits, PatchRequest};
use super::*;
use crate::scim::filter::FilterOptions;
use crate::scim::resource::ValueLimits;
use crate::scim::schema::Registry;
use crate::scim::{ErrorKind, Tolerance};
use serde_json::json;

const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

fn split_group(operations: &Value, tolerance: &Tolerance) -> Result<(Vec<Operation>, MemberPatch), ScimError> {
    let registry = Registry::built_in();
    let group = registry.resource_type("Group").expect("built in");
    let limits = ValueLimits { members_max: 4, patch_elements_max: 100, ..ValueLimits::default() };
    let filter = FilterOptions::default();
    let context = PatchContext { tolerance, limits: &limits, filter: &filter, id: "g" };
    let body = json!({"schemas": [super::super::PATCH_OP_SCHEMA], "Operations": operations});
    let operations = PatchRequest::parse(body, tolerance, &PatchLimits { operations_max: 20 })?;
    split(operations, group, &context)
}

fn patch(operations: &Value) -> Result<MemberPatch, ScimError> {
    split_group(operations, &Tolerance::default()).map(|(_, patch)| patch)
}

/// The patch in short: `clear +1 +2 -3`.
fn short(patch: &MemberPatch) -> String {
    let clear = patch.clear.then(|| "clear".to_owned());
    let add = patch.add.iter().map(|id| format!("+{id}"));
    let remove = patch.remove.iter().map(|id| format!("-{id}"));
    clear.into_iter().chain(add).chain(remove).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(operations: Value, expected: Result<&str, ErrorKind>) {
    let patch = patch(&operations);
    assert!(patch.as_ref().is_ok_and(|patch| !patch.needs_members()) || patch.is_err(), "{patch:?}");
    assert_eq!(patch.map(|patch| short(&patch)).map_err(|error| error.kind), expected.map(str::to_owned));
}

#[track_caller]
fn check_with_members(operations: Value, expected: Result<&str, ErrorKind>) {
    let current = [json!({"value": "1", "type": "User"}), json!({"value": "2", "type": "Group", "display": "Two"})];
    let newcomers = [json!({"value": "3", "type": "User"}), json!({"value": "4", "type": "Group"})];
    let mut patch = patch(&operations).expect("accepted");
    assert!(patch.needs_members());
    let resolved = patch.resolve_matching(&current, &newcomers).map(|()| short(&patch)).map_err(|error| error.kind);
    assert_eq!(resolved, expected.map(str::to_owned));
    assert!(!patch.needs_members());
}

fn op(op: &str, path: &str, value: Value) -> Value {
    json!({"op": op, "path": path, "value": value})
}

#[test]
fn add_takes_a_list_or_one_and_knows_members_by_value_or_ref() {
    check(json!([op("add", "members", json!([{"value": "1", "display": "One"}, {"value": "2"}]))]), Ok("+1 +2"));
    check(json!([op("add", "MEMBERS", json!({"Value": "1"}))]), Ok("+1"));
    let reference = "https://example.com/scim/v2/Users/7?x#y";
    check(json!([op("add", "members", json!([{"$ref": reference}, {"$ref": null, "value": "8"}]))]), Ok("+7 +8"));
    check(json!([op("add", "members", json!([null, {}]))]), Ok(""));
    check(json!([op("add", "members", Value::Null)]), Ok(""));
    check(json!([op("add", "members", json!([{"value": "1"}, {"value": "1"}]))]), Ok("+1"));
}

#[test]
fn replace_is_clear_and_add() {
    check(json!([op("replace", "members", json!([{"value": "1"}]))]), Ok("clear +1"));
    check(json!([op("replace", "members", json!([]))]), Ok("clear"));
    check(json!([op("replace", "members", Value::Null)]), Ok("clear"));
}

#[test]
fn remove_takes_all_only_without_a_value() {
    check(json!([{"op": "remove", "path": "members"}]), Ok("clear"));
    check(json!([op("remove", "members", json!([{"value": "1"}, {"value": "2"}]))]), Ok("-1 -2"));
    check(json!([op("remove", "members", json!({"value": "1"}))]), Ok("-1"));
    check(json!([op("remove", "members", json!([]))]), Ok(""));
    check(json!([{"op": "remove", "path": "members[value eq \"1\"]"}]), Ok("-1"));
    check(json!([{"op": "remove", "path": "members[value eq \"1\" or value eq \"2\"]"}]), Ok("-1 -2"));
}

#[test]
fn the_last_word_on_a_member_wins() {
    let add = op("add", "members", json!([{"value": "1"}]));
    let remove = json!({"op": "remove", "path": "members[value eq \"1\"]"});
    let clear = json!({"op": "remove", "path": "members"});
    check(json!([add, remove]), Ok("-1"));
    check(json!([remove, add]), Ok("+1"));
    check(json!([add, clear]), Ok("clear"));
    check(json!([clear, add]), Ok("clear +1"));
    check(json!([clear, add, remove]), Ok("clear"));
    check(json!([remove, clear, remove]), Ok("clear"));
}

#[test]
fn operations_without_path_and_with_a_urn_are_about_members_too() {
    let members = json!([{"value": "1"}]);
    check(json!([{"op": "add", "value": {"members": members}}]), Ok("+1"));
    check(json!([op("add", &format!("{GROUP}:members"), members.clone())]), Ok("+1"));
    check(json!([{"op": "add", "value": {format!("{GROUP}:Members"): members}}]), Ok("+1"));
    let contained = json!([{"op": "add", "value": {GROUP: {"members": members, "displayName": "G"}}}]);
    check(contained.clone(), Ok("+1"));
    let (rest, _) = split_group(&contained, &Tolerance::default()).expect("accepted");
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].value, Some(json!({"displayName": "G"})));
}

#[test]
fn other_operations_are_left_in_order() {
    let operations = json!([op("add", "displayName", json!("a")), op("add", "members", json!([])), op("add", "[", json!("b"))]);
    let (rest, patch) = split_group(&operations, &Tolerance::default()).expect("accepted");
    assert_eq!(rest.iter().map(|operation| operation.number).collect::<Vec<_>>(), [1, 3]);
    assert!(patch.is_empty());
}

#[test]
fn what_is_no_member_is_refused() {
    for value in [json!([{"display": "x"}]), json!(["1"]), json!("1"), json!([7]), json!([{"value": 7}]), json!([{"value": ""}])]
    {
        for name in ["add", "remove", "replace"] {
            check(json!([op(name, "members", value.clone())]), Err(ErrorKind::InvalidValue));
        }
    }
}

/// Shows S-4.2-02.
#[test]
fn members_are_immutable() {
    for path in
        ["members[value eq \"1\"].value", "members[value eq \"1\"].type", "members[type eq \"User\"].display", "members.value"]
    {
        check(json!([op("replace", path, json!("2"))]), Err(ErrorKind::Mutability));
        check(json!([op("add", path, json!("2"))]), Err(ErrorKind::Mutability));
        check(json!([{"op": "remove", "path": path}]), Err(ErrorKind::Mutability));
    }
    check(json!([op("replace", "members[value eq \"1\"]", json!({"value": "2"}))]), Err(ErrorKind::Mutability));
    check(json!([op("add", "members[type eq \"User\"]", json!({"value": "2"}))]), Err(ErrorKind::Mutability));
}

#[test]
fn add_with_a_filter_adds_what_it_names() {
    check(json!([op("add", "members[value eq \"1\"]", json!({"display": "One"}))]), Ok("+1"));
    check(json!([op("add", "members[value eq \"1\" and type eq \"User\"]", json!({"value": "1"}))]), Ok("+1"));
}

#[test]
fn other_filters_are_evaluated_over_the_members_in_order() {
    let remove_groups = json!({"op": "remove", "path": "members[type eq \"Group\"]"});
    let add = |id: &str| op("add", "members", json!([{"value": id}]));
    check_with_members(json!([remove_groups]), Ok("-2"));
    check_with_members(json!([remove_groups, add("2")]), Ok("+2"));
    check_with_members(json!([add("3"), remove_groups]), Ok("+3 -2"));
    check_with_members(json!([add("4"), remove_groups]), Ok("-4 -2"));
    check_with_members(json!([remove_groups, add("4"), remove_groups]), Ok("-2 -4"));
    let remove_no_users = json!({"op": "remove", "path": "members[not (type eq \"User\")]"});
    check_with_members(json!([add("3"), remove_no_users]), Ok("+3 -2"));
    check_with_members(json!([add("5"), remove_no_users]), Ok("-5 -2"));
    check_with_members(json!([op("remove", "members", json!({"value": "2"})), remove_groups]), Ok("-2"));
    check_with_members(json!([{"op": "remove", "path": "members[display co \"tw\"]"}]), Ok("-2"));
    check(json!([remove_groups, {"op": "remove", "path": "members"}, add("2")]), Ok("clear +2"));
}

#[test]
fn replacing_a_member_by_itself_needs_the_member() {
    let replace = |id: &str| op("replace", &format!("members[value eq \"{id}\"]"), json!({"value": id}));
    check_with_members(json!([replace("1")]), Ok(""));
    check_with_members(json!([replace("9")]), Err(ErrorKind::NoTarget));
    check_with_members(json!([replace("9"), {"op": "remove", "path": "members"}]), Err(ErrorKind::NoTarget));
    let creating = Tolerance { create_on_replace_no_match: true, ..Tolerance::default() };
    let (_, patch) = split_group(&json!([replace("9")]), &creating).expect("accepted");
    assert_eq!(short(&patch), "+9");
}

#[test]
fn the_number_of_members_in_a_request_is_limited() {
    let list = |count: usize| (0..count).map(|id| json!({"value": id.to_string()})).collect::<Value>();
    check(json!([op("add", "members", list(4))]), Ok("+0 +1 +2 +3"));
    check(json!([op("add", "members", list(5))]), Err(ErrorKind::InvalidValue));
    check(json!([op("add", "members", list(3)), op("remove", "members", list(2))]), Err(ErrorKind::InvalidValue));
}

#[test]
fn errors_say_which_operation() {
    let error = patch(&json!([op("add", "displayName", json!("a")), op("add", "members", json!("1"))])).expect_err("refused");
    assert!(error.detail.starts_with("operation 2 (path members): "), "{}", error.detail);
}

#[test]
fn newcomers_are_all_that_any_operation_adds() {
    let remove_groups = json!({"op": "remove", "path": "members[type eq \"Group\"]"});
    let add = |id: &str| op("add", "members", json!({"value": id}));
    let patch = patch(&json!([add("1"), remove_groups, add("2"), remove_groups])).expect("accepted");
    assert_eq!(patch.newcomers().collect::<Vec<_>>(), ["1", "2"]);
}

/// One operation may go over all members; many of them would keep the server busy.
#[test]
fn many_filters_on_many_members_are_refused() {
    let filter = ["type eq \"x\""; 5].join(" or ");
    let removal = json!({"op": "remove", "path": format!("members[{filter}]")});
    let resolve = |operations: usize, members: usize| {
        let current = (0..members).map(|number| json!({"value": format!("{number}"), "type": "User"})).collect::<Vec<_>>();
        let mut patch = patch(&Value::Array(vec![removal.clone(); operations])).expect("accepted");
        patch.resolve_matching(&current, &[]).map_err(|error| error.kind)
    };
    assert_eq!(resolve(1, 1_000), Ok(()));
    assert_eq!(resolve(2, 20), Ok(()));
    assert_eq!(resolve(2, 21), Err(ErrorKind::InvalidValue));
    assert_eq!(resolve(11, 2), Ok(()));
}
