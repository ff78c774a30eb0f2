//! Where a bulkId is a reference and where it is text.

use super::*;
use crate::scim::ErrorKind;
use crate::scim::schema::Registry;
use serde_json::json;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[track_caller]
fn check(resource_type: &str, kind: MessageKind, mut body: Value, expected: Result<(Value, &[usize]), ErrorKind>) {
    let defined = |operation: usize, id: &str| Defined { operation, id: id.into(), location: format!("https://x/{id}") };
    let bulk_ids = BulkIds::from([("a".to_owned(), defined(3, "ID-A")), ("b/c".to_owned(), defined(5, "ID-B"))]);
    let registry = Registry::built_in();
    let resource_type = registry.resource_type(resource_type).expect("built in");
    let referred = resolve(&mut body, kind, resource_type, &bulk_ids, &FilterOptions::default());
    let outcome = referred.map(|referred| (body, referred.into_iter().collect::<Vec<_>>())).map_err(|error| error.kind);
    assert_eq!(outcome, expected.map(|(body, referred)| (body, referred.to_vec())));
}

#[test]
fn members_and_managers_are_replaced_in_value_and_ref() {
    check(
        "Group",
        MessageKind::Create,
        json!({ "Members": [{ "value": "bulkId:a" }, { "value": "BULKID:b/c" }, { "$ref": "../Users/bulkId:b/c" }, { "$ref": "bulkId:a" }] }),
        Ok((
            json!({ "Members": [{ "value": "ID-A" }, { "value": "ID-B" }, { "$ref": "../Users/ID-B" }, { "$ref": "https://x/ID-A" }] }),
            &[3, 5],
        )),
    );
    check(
        "User",
        MessageKind::Replace,
        json!({ ENTERPRISE: { "manager": { "value": "bulkId:a", "displayName": "bulkId:b/c" } } }),
        Ok((json!({ ENTERPRISE: { "manager": { "value": "ID-A", "displayName": "bulkId:b/c" } } }), &[3])),
    );
}

#[test]
fn other_strings_are_text() {
    let body = json!({
        "userName": "bulkId:a", "emails": [{ "value": "bulkId:a" }], "profileUrl": "https://y/bulkId:a", "unknown": "bulkId:a",
        "groups": [{ "value": "bulkId:nobody" }], ENTERPRISE: { "department": "bulkId:a", "manager": { "value": "xbulkId:a" } },
    });
    check("User", MessageKind::Create, body.clone(), Ok((body, &[])));
    let body = json!([{ "members": [{ "value": "bulkId:a" }] }]);
    check("Group", MessageKind::Create, body.clone(), Ok((body, &[])));
}

#[test]
fn an_undefined_bulk_id_is_refused() {
    check("Group", MessageKind::Create, json!({ "members": [{ "value": "bulkId:A" }] }), Err(ErrorKind::InvalidValue));
    check("Group", MessageKind::Create, json!({ "members": [{ "value": "bulkId:" }] }), Err(ErrorKind::InvalidValue));
    assert!(resolve_id("bulkId:x", &BulkIds::new()).is_err());
    assert_eq!(resolve_id("x", &BulkIds::new()), Ok(None));
}

#[test]
fn patch_has_them_in_values_with_and_without_path_and_in_filters() {
    let patch = |operations: Value| json!({ "Operations": operations });
    check(
        "Group",
        MessageKind::Patch,
        patch(json!([
            { "op": "add", "path": "members", "value": [{ "value": "bulkId:a" }] },
            { "op": "add", "value": { "members": [{ "value": "bulkId:a" }] } },
            { "op": "remove", "PATH": "members[value eq \"bulkId:b/c\" or not (value eq \"bulkId:a\")]" },
            { "op": "replace", "path": "displayName", "value": "bulkId:a" },
            { "op": "remove", "path": "members[display eq \"bulkId:a\"]" },
            { "op": "remove", "path": "members[" },
        ])),
        Ok((
            patch(json!([
                { "op": "add", "path": "members", "value": [{ "value": "ID-A" }] },
                { "op": "add", "value": { "members": [{ "value": "ID-A" }] } },
                { "op": "remove", "PATH": "members[value eq \"ID-B\" or not (value eq \"ID-A\")]" },
                { "op": "replace", "path": "displayName", "value": "bulkId:a" },
                { "op": "remove", "path": "members[display eq \"bulkId:a\"]" },
                { "op": "remove", "path": "members[" },
            ])),
            &[3, 5],
        )),
    );
    check(
        "User",
        MessageKind::Patch,
        patch(json!([
            { "op": "add", "path": "manager", "value": "bulkId:a" },
            { "op": "add", "path": format!("{ENTERPRISE}:manager.value"), "value": "bulkId:a" },
            { "op": "add", "value": { "manager.value": "bulkId:a", ENTERPRISE: { "manager": { "value": "bulkId:a" } } } },
        ])),
        Ok((
            patch(json!([
                { "op": "add", "path": "manager", "value": "ID-A" },
                { "op": "add", "path": format!("{ENTERPRISE}:manager.value"), "value": "ID-A" },
                { "op": "add", "value": { "manager.value": "ID-A", ENTERPRISE: { "manager": { "value": "ID-A" } } } },
            ])),
            &[3],
        )),
    );
}
