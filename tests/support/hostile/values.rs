//! Values of the wrong type, and messages of the wrong shape.

use crate::app::{ENTERPRISE, GROUP, PATCH_OP, USER};
use crate::canary::Canary;
use crate::on_both_back_ends;
use serde_json::{Value, json};

const SYNTAX: (u16, &str) = (400, "invalidSyntax");
const VALUE: (u16, &str) = (400, "invalidValue");
const PATH: (u16, &str) = (400, "invalidPath");
const MUTABILITY: (u16, &str) = (400, "mutability");

fn patch(operations: &Value) -> String {
    json!({ "schemas": [PATCH_OP], "Operations": operations }).to_string()
}

on_both_back_ends! {
    /// Shows P-3.12-23, R36: in a whole resource, and in each form of a PATCH.
    async fn a_value_of_the_wrong_type_is_refused_by_name(app: App) {
        let canary = Canary::new(app).await;
        let long = "x".repeat(1_000_000);
        for (name, value, says) in [
            ("userName", json!(5), "userName: expected a string, not a number"),
            ("userName", json!(1e300), "userName: expected a string, not a number"),
            ("userName", json!(true), "userName: expected a string, not a boolean"),
            ("userName", json!({ "value": "x" }), "userName: expected a string, not an object"),
            ("userName", json!(["x"]), "userName: expected one value, not a list"),
            ("userName", json!(""), "userName: a value is required"),
            ("userName", json!(" \t\u{3000}"), "userName: a value is required"),
            ("userName", json!(long), "userName: longer than 1024 bytes"),
            ("userName", json!("x".repeat(1_025)), "userName: longer than 1024 bytes"),
            ("userName", json!("é".repeat(513)), "userName: longer than 1024 bytes"),
            ("externalId", json!(5), "externalId: expected a string"),
            ("externalId", json!(long), "externalId: longer than 1024 bytes"),
            ("active", json!("maybe"), "active: expected true or false"),
            ("active", json!(1), "active: expected true or false, not a number"),
            ("active", json!({}), "active"),
            ("active", json!([true]), "active: expected one value, not a list"),
            ("name", json!("x"), "name: expected an object"),
            ("name", json!(["x"]), "name: expected"),
            ("name", json!({ "givenName": 1 }), "name.givenName: expected a string, not a number"),
            ("name", json!({ "givenName": ["x"] }), "name.givenName: expected one value"),
            ("emails", json!(5), "emails: expected an object"),
            ("emails", json!([5]), "emails: expected an object"),
            ("emails", json!([["x"]]), "emails: expected an object of sub-attributes, not a list"),
            ("emails", json!([{ "value": {} }]), "emails.value: expected a string, not an object"),
            ("emails", json!([{ "value": "x", "primary": "x" }]), "emails.primary: expected true or false"),
            ("emails", json!([{ "value": "x", "primary": true }, { "value": "y", "primary": true }]), "emails: 2 values are primary"),
            ("x509Certificates", json!([{ "value": "%%%" }]), "x509Certificates.value: expected a base64 string"),
            ("profileUrl", json!(5), "profileUrl: expected a URI"),
            ("profileUrl", json!("a\nb"), "profileUrl: expected a URI"),
            ("password", json!(5), "password: expected a string"),
            ("password", json!("x"), "password: a password has at least 8 characters"),
            ("password", json!("x".repeat(1_025)), "password: a password has at most 1024 bytes"),
            (ENTERPRISE, json!(5), ENTERPRISE),
            (ENTERPRISE, json!({ "manager": { "value": 5 } }), "manager.value: expected a string, not a number"),
            (ENTERPRISE, json!({ "department": {} }), "department: expected a string"),
        ] {
            let mut body = json!({ "schemas": [USER, ENTERPRISE], "userName": "another" });
            body[name] = value.clone();
            canary.refuses("POST", "/Users", body.to_string(), VALUE, says).await;
            canary.refuses("PUT", &canary.user, body.to_string(), VALUE, says).await;
            for op in ["add", "replace"] {
                // Beyond a PATCH's first operation, so that it is not the first that is refused.
                let title = json!({ "op": "add", "path": "title", "value": "changed" });
                let by_path = json!([title, { "op": op, "path": name, "value": value }]);
                canary.refuses("PATCH", &canary.user, patch(&by_path), VALUE, name).await;
                let without = json!([title, { "op": op, "value": { name: value } }]);
                canary.refuses("PATCH", &canary.user, patch(&without), VALUE, name).await;
            }
        }
        canary.is_unharmed().await;
    }

    /// Shows P-3.12-20.
    async fn schemas_that_are_not_those_of_the_type_are_refused(app: App) {
        let canary = Canary::new(app).await;
        for schemas in [json!(5), json!("x"), json!([]), json!([5]), json!({}), json!(null), json!(["urn:nothing"]), json!([GROUP])] {
            let body = json!({ "schemas": schemas, "userName": "another", "Operations": [], "filter": "id pr" }).to_string();
            for (method, path) in [("POST", "/Users"), ("PUT", &canary.user), ("PATCH", &canary.user), ("POST", "/Users/.search")] {
                canary.refuses(method, path, body.clone(), SYNTAX, "schemas").await;
            }
        }
        canary.is_unharmed().await;
    }

    /// Shows P-3.12-23, R1: by whatever means but its id nobody becomes a member.
    async fn what_is_no_member_is_refused(app: App) {
        let canary = Canary::new(app).await;
        let own = canary.group.trim_start_matches("/Groups/").to_owned();
        for members in [
            json!(5),
            json!("x"),
            json!([5]),
            json!([[]]),
            json!([{ "display": "canary" }]),
            json!([{ "value": 5 }]),
            json!([{ "value": {} }]),
            json!([{ "value": "canary" }]),
            json!([{ "value": "1" }]),
            json!([{ "value": "x".repeat(1_000_000) }]),
            json!([{ "value": own }]),
            json!([{ "$ref": 5 }]),
            json!([{ "$ref": "https://evil.example/Users/1" }]),
        ] {
            let body = json!({ "schemas": [GROUP], "displayName": "x", "members": members }).to_string();
            canary.refuses("PUT", &canary.group, body.clone(), VALUE, "member").await;
            if members.pointer("/0/value") != Some(&json!(own)) {
                canary.refuses("POST", "/Groups", body, VALUE, "member").await;
            }
            for op in ["add", "replace"] {
                let operations = json!([{ "op": op, "path": "members", "value": members }]);
                canary.refuses("PATCH", &canary.group, patch(&operations), VALUE, "member").await;
            }
        }
        canary.is_unharmed().await;
    }

    /// Shows P-3.5.2-04, P-3.5.2-05, P-3.5.2-06, P-3.5.2-18, R13.
    async fn a_patch_of_the_wrong_shape_is_refused_by_operation(app: App) {
        let canary = Canary::new(app).await;
        for (operations, says) in [(json!(5), "Operations"), (json!({}), "Operations"), (json!("x"), "Operations"), (json!(null), "Operations"), (json!([]), "Operations")] {
            canary.refuses("PATCH", &canary.user, patch(&operations), SYNTAX, says).await;
        }
        for (operation, error, says) in [
            (json!(5), SYNTAX, "a JSON object"),
            (json!([]), SYNTAX, "a JSON object"),
            (json!(null), SYNTAX, "a JSON object"),
            (json!({}), SYNTAX, "op must be one of"),
            (json!({ "op": 5, "path": "title" }), SYNTAX, "op must be one of"),
            (json!({ "op": "move", "path": "title" }), SYNTAX, "op must be one of"),
            (json!({ "op": "", "path": "title" }), SYNTAX, "op must be one of"),
            (json!({ "op": "add", "path": 5, "value": "x" }), PATH, "path must be a string"),
            (json!({ "op": "add", "path": ["title"], "value": "x" }), PATH, "path must be a string"),
            (json!({ "op": "add", "path": "title" }), VALUE, "need a value"),
            (json!({ "op": "replace", "path": "title" }), VALUE, "need a value"),
            (json!({ "op": "add" }), VALUE, "need a value"),
            (json!({ "op": "add", "value": "x" }), VALUE, "an object of attributes"),
            (json!({ "op": "replace", "value": [{ "title": "x" }] }), VALUE, "an object of attributes"),
            (json!({ "op": "remove" }), (400, "noTarget"), "remove needs a path"),
            (json!({ "op": "replace", "path": "emails[type eq \"none\"].value", "value": "x" }), (400, "noTarget"), "emails"),
            (json!({ "op": "replace", "path": "id", "value": "x" }), MUTABILITY, "id is readOnly"),
            (json!({ "op": "add", "path": "groups", "value": [{ "value": "x" }] }), MUTABILITY, "groups"),
            (json!({ "op": "replace", "path": "meta.version", "value": "x" }), MUTABILITY, "meta.version is readOnly"),
            (json!({ "op": "remove", "path": "meta" }), MUTABILITY, "meta"),
            (json!({ "op": "remove", "path": "userName" }), MUTABILITY, "userName is required"),
            (json!({ "op": "replace", "path": "__proto__", "value": "x" }), PATH, "__proto__"),
        ] {
            let operations = json!([{ "op": "add", "path": "title", "value": "changed" }, operation]);
            let answer = canary.refuses("PATCH", &canary.user, patch(&operations), error, says).await;
            assert!(answer.text("/detail").starts_with("operation 2"), "{:#}", answer.json);
        }
        let many = vec![json!({ "op": "add", "path": "title", "value": "changed" }); 1_001];
        canary.refuses("PATCH", &canary.user, patch(&json!(many)), (413, ""), "1000 operations").await;
        canary.is_unharmed().await;
    }

    /// Shows P-3.12-20.
    async fn a_search_request_of_the_wrong_shape_is_refused_by_member(app: App) {
        let canary = Canary::new(app).await;
        for (name, error, values) in [
            ("filter", SYNTAX, [json!(5), json!({}), json!(["id pr"])]),
            ("sortBy", SYNTAX, [json!(5), json!({}), json!(["userName"])]),
            ("sortOrder", SYNTAX, [json!(5), json!({}), json!(true)]),
            ("attributes", SYNTAX, [json!(5), json!([5]), json!({})]),
            ("excludedAttributes", SYNTAX, [json!(5), json!([[]]), json!(true)]),
            ("startIndex", VALUE, [json!("x"), json!(1.5), json!([])]),
            ("count", VALUE, [json!("x"), json!(1e30), json!({})]),
        ] {
            for value in values {
                let mut body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] });
                body[name] = value;
                let answer = canary.refuses("POST", "/Users/.search", body.to_string(), error, name).await;
                assert_eq!(answer.json.get("Resources"), None);
            }
        }
        canary.is_unharmed().await;
    }
}
