//! What each provider sends, under its profile and under others: the message rewritten, then read by the core.

use scimd::scim::filter::FilterOptions;
use scimd::scim::patch::membership::split;
use scimd::scim::patch::{PatchContext, PatchLimits, PatchRequest, apply};
use scimd::scim::quirks::{Message, MessageKind, profile, rewrite};
use scimd::scim::resource::{ValueLimits, canonicalize, normalize, validate};
use scimd::scim::schema::Registry;
use scimd::scim::{ErrorKind, ScimError};
use serde_json::{Map, Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const AD_SCIM: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

/// The document that comes of a message: of a POST if `before` is `None`, else of a PATCH of it. The ids of members are in
/// `members`: those of a POST, those that a PATCH adds, and with a minus those that it removes.
fn send(provider: &str, resource_type: &str, before: Option<Value>, mut body: Value) -> Result<Value, ScimError> {
    let registry = Registry::built_in();
    let resource_type = registry.resource_type(resource_type).expect("built in");
    let profile = profile(provider).expect("a profile");
    let (tolerance, limits, filter) = ((profile.tolerance)(), ValueLimits::default(), FilterOptions::default());
    let kind = if before.is_some() { MessageKind::Patch } else { MessageKind::Create };
    rewrite(profile.quirks, &mut Message { kind, resource_type, body: &mut body });
    let (document, members) = match before {
        None => {
            let normalized = normalize(body, resource_type, &tolerance, &limits)?;
            validate(&normalized.document, resource_type, &tolerance)?;
            (normalized.document, normalized.members.unwrap_or_default())
        }
        Some(before) => {
            let before = canonicalize(before.as_object().cloned().unwrap_or_default(), resource_type);
            let operations = PatchRequest::parse(body, &tolerance, &PatchLimits { operations_max: 100 })?;
            let context = PatchContext { tolerance: &tolerance, limits: &limits, filter: &filter, id: "42" };
            let (operations, members) = split(operations, resource_type, &context)?;
            let patched = apply(&before, &operations, resource_type, &context)?;
            let removed = members.remove.iter().map(|id| format!("-{id}"));
            (patched.document, members.add.iter().cloned().chain(removed).collect())
        }
    };
    let mut object: Map<String, Value> = document.into_object();
    object.shift_remove("schemas");
    if !members.is_empty() {
        object.insert("members".to_owned(), json!(members));
    }
    Ok(Value::Object(object))
}

#[track_caller]
fn check(providers: &[&str], resource_type: &str, before: Option<Value>, body: Value, expected: Result<Value, ErrorKind>) {
    for provider in providers {
        let outcome = send(provider, resource_type, before.clone(), body.clone()).map_err(|error| error.kind);
        assert_eq!(outcome, expected, "{provider}");
    }
}

fn patch(operations: Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations})
}

#[test]
fn entra_creates_by_replace_what_others_are_refused() {
    let before = || Some(json!({"userName": "noa"}));
    let body = patch(json!([{"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "noa@contoso.example"}]));
    let after = json!({"userName": "noa", "emails": [{"value": "noa@contoso.example", "type": "work"}]});
    check(&["entra"], "User", before(), body.clone(), Ok(after));
    check(&["generic", "strict", "okta"], "User", before(), body, Err(ErrorKind::NoTarget));
}

#[test]
fn foreign_schemas_are_taken_from_those_who_send_them() {
    let body = json!({"schemas": [GROUP, AD_SCIM], "displayName": "Finance", "meta": {"resourceType": "Group"}});
    check(&["entra", "okta", "onelogin"], "Group", None, body.clone(), Ok(json!({"displayName": "Finance"})));
    check(&["generic", "strict"], "Group", None, body, Err(ErrorKind::InvalidSyntax));
}

#[test]
fn onelogin_templates_name_schemas_of_their_own() {
    let body = json!({
        "schemas": ["urn:scim:schemas:core:2.0", "urn:scim:schemas:extension:enterprise:2.0"],
        "userName": "tpl", "prefferedLanguage": "sv", "addresses": [{"type": "work", "locality": "Umeå", "city": "Umeå"}],
        "emails": {"value": "tpl@onelogin.example"}, "title": "", "userType": null,
        "urn:scim:schemas:extension:enterprise:2.0": {"department": "Support", "manager": {"value": "", "displayName": " "}},
    });
    let document = json!({
        "userName": "tpl", "title": "", "emails": [{"value": "tpl@onelogin.example"}],
        "addresses": [{"locality": "Umeå", "type": "work"}], ENTERPRISE: {"department": "Support"},
    });
    check(&["onelogin"], "User", None, body.clone(), Ok(document));
    check(&["generic"], "User", None, body, Err(ErrorKind::InvalidSyntax));
}

#[test]
fn entra_creates_with_nulls_strings_and_misplaced_attributes() {
    let body = json!({
        "schemas": [USER, ENTERPRISE], "userName": "lena", "active": "True", "addresses": null, "title": null, "manager": "7",
        "Department": "Legal", "roles": [{"Primary": "True", "value": "reader"}], "shoeSize": 44,
    });
    let document = json!({
        "userName": "lena", "active": true, "roles": [{"value": "reader", "primary": true}],
        ENTERPRISE: {"department": "Legal", "manager": {"value": "7"}},
    });
    check(&["entra"], "User", None, body.clone(), Ok(document));
    check(&["strict"], "User", None, body, Err(ErrorKind::InvalidValue));
}

#[test]
fn boolean_strings_are_booleans_except_to_the_letter() {
    let before = || Some(json!({"userName": "ben", "active": true}));
    let body = patch(json!([{"op": "Replace", "path": "active", "value": "False"}]));
    let after = json!({"userName": "ben", "active": false});
    check(&["entra", "generic", "okta", "authentik"], "User", before(), body.clone(), Ok(after));
    check(&["strict"], "User", before(), body, Err(ErrorKind::InvalidValue));
}

#[test]
fn a_manager_is_cleared_by_nothing() {
    let before = || Some(json!({"userName": "rep", ENTERPRISE: {"manager": {"value": "7"}}}));
    let path = format!("{ENTERPRISE}:manager");
    for value in [json!({"value": ""}), json!("")] {
        let body = patch(json!([{"op": "replace", "path": path, "value": value}]));
        check(&["entra", "onelogin", "generic"], "User", before(), body.clone(), Ok(json!({"userName": "rep"})));
        let kept = json!({"userName": "rep", ENTERPRISE: {"manager": {"value": ""}}});
        check(&["strict"], "User", before(), body, Ok(kept));
    }
}

#[test]
fn members_are_removed_in_every_known_shape() {
    let before = || Some(json!({"displayName": "Crew"}));
    let after = json!({"displayName": "Crew", "members": ["-1"]});
    let with = |value: Value| patch(json!([{"op": "Remove", "path": "members", "value": value}]));
    let all = ["entra", "okta", "jumpcloud", "authentik", "generic", "strict"];
    check(&all, "Group", before(), with(json!([{"$ref": null, "value": "1"}])), Ok(after.clone()));
    let by_path = patch(json!([{"op": "remove", "path": "members[value eq \"1\"]"}]));
    check(&all, "Group", before(), by_path, Ok(after.clone()));
    check(&["entra", "generic"], "Group", before(), with(json!(["1"])), Ok(after.clone()));
    check(&["generic"], "Group", before(), with(json!({"members": [{"value": "1"}]})), Ok(after));
    check(&["strict"], "Group", before(), with(json!({"members": [{"value": "1"}]})), Err(ErrorKind::InvalidValue));
}

#[test]
fn okta_and_authentik_send_the_id_along() {
    let body = patch(json!([{"op": "replace", "value": {"schemas": [GROUP], "id": "42", "displayName": "Pushed"}}]));
    let all = ["okta", "authentik", "entra", "generic", "strict"];
    check(&all, "Group", Some(json!({"displayName": "Push"})), body, Ok(json!({"displayName": "Pushed"})));
}

#[test]
fn an_empty_patch_changes_nothing_for_those_who_send_it() {
    let before = || Some(json!({"userName": "a"}));
    check(&["entra"], "User", before(), patch(json!([])), Ok(json!({"userName": "a"})));
    check(&["generic", "okta", "strict"], "User", before(), patch(json!([])), Err(ErrorKind::InvalidSyntax));
}
