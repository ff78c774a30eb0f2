//! What all requests and answers have in common (RFC 7644 §1.2, §3.1, §3.2).

use crate::app::{ENTERPRISE, ERROR, GROUP, PATCH_OP, USER};
use crate::on_both_back_ends;
use serde_json::{Value, json};

const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

on_both_back_ends! {
    /// Shows P-3.1-01, P-3.2-05, P-3.2-06, P-3.12-01, P-3.12-02, P-3.12-03, P-3.12-04, P-2.2-02.
    async fn every_answer_is_scim_json_and_every_error_says_its_status(app: App) {
        let user = format!("/Users/{}", app.user("bjensen").await);
        let broken = "{";
        let large = format!("{{\"userName\":\"{}\"}}", "x".repeat(3_000_000));
        let long = format!("/Users?filter={}", "x".repeat(20_000));
        type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, u16);
        let cases: [Case<'_>; 26] = [
            ("GET", "/Users", &[], "", 200),
            ("GET", &user, &[], "", 200),
            ("GET", &user, &[("if-none-match", "*")], "", 304),
            ("GET", "/ServiceProviderConfig", &[], "", 200),
            ("GET", "/Schemas", &[], "", 200),
            ("GET", "/ResourceTypes/User", &[], "", 200),
            ("OPTIONS", "/Users", &[], "", 204),
            ("POST", "/Users", &[], r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"new"}"#, 201),
            ("POST", "/Users", &[], r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"new"}"#, 409),
            ("POST", "/Users", &[], broken, 400),
            ("POST", "/Users", &[], &large, 413),
            ("POST", "/Users", &[("content-type", "text/xml")], "<x/>", 415),
            ("PUT", &user, &[], broken, 400),
            ("PUT", &user, &[("if-match", "W/\"9\"")], r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"x"}"#, 412),
            ("PATCH", &user, &[], broken, 400),
            ("DELETE", "/Users/nobody", &[], "", 404),
            ("GET", "/Users/nobody", &[], "", 404),
            ("GET", "/Nothing", &[], "", 404),
            ("GET", "//nothing/at/all", &[], "", 404),
            ("GET", "/Users", &[("authorization", "")], "", 401),
            ("GET", "/Users", &[("accept", "text/html")], "", 406),
            ("GET", "/Users?filter=x", &[], "", 400),
            ("GET", &long, &[], "", 414),
            ("GET", "/Schemas?filter=id%20pr", &[], "", 403),
            ("DELETE", "/Users", &[], "", 405),
            ("GET", "//scim/v7/Users", &[], "", 400),
        ];
        for (method, path, headers, body, status) in cases {
            let shown = format!("{method} {}", &path[..path.len().min(80)]);
            let answer = app.send(method, path, headers, body.to_owned()).await;
            assert_eq!(answer.status.as_u16(), status, "{shown}");
            assert_eq!(answer.header("set-cookie"), "", "{shown}");
            if [204, 304].contains(&status) {
                assert_eq!(answer.json, Value::Null, "{shown}");
                continue;
            }
            assert_eq!(answer.header("content-type"), "application/scim+json", "{shown}");
            if status >= 400 {
                let scim_type = answer.json.get("scimType").map_or("", |scim_type| scim_type.as_str().expect("a string")).to_owned();
                const KEYWORDS: [&str; 5] = ["", "invalidFilter", "invalidSyntax", "invalidVers", "uniqueness"];
                assert!(KEYWORDS.contains(&scim_type.as_str()), "{shown}: {scim_type}");
                // The schemas, and the status as a string.
                answer.expect_error(status, &scim_type);
            }
        }
    }

    /// Shows P-3.1-02.
    async fn every_resource_names_its_schemas(app: App) {
        let enterprise = json!({ "schemas": [USER, ENTERPRISE], "userName": "b", ENTERPRISE: { "department": "d" } });
        app.post("/Users", enterprise).await.expect(201);
        app.group("g", &[]).await;
        assert_eq!(app.get("/Users").await.at("/Resources/0/schemas"), &json!([USER, ENTERPRISE]));
        assert_eq!(app.get("/Groups").await.at("/Resources/0/schemas"), &json!([GROUP]));
        assert_eq!(app.get("/Users?attributes=userName").await.at("/Resources/0/schemas"), &json!([USER, ENTERPRISE]));
        let of = async |path: &str| app.get(path).await.expect(200).text("/schemas/0");
        assert_eq!(of("/ServiceProviderConfig").await, "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig");
        assert_eq!(of("/ResourceTypes/User").await, "urn:ietf:params:scim:schemas:core:2.0:ResourceType");
    }

    /// Shows P-3.1-03, P-8.2-01.
    async fn messages_have_the_urns_of_the_rfc_in_any_case(app: App) {
        let path = format!("/Users/{}", app.user("bjensen").await);
        let operations = json!([{ "op": "add", "path": "title", "value": "x" }]);
        for (schema, status) in [(PATCH_OP.to_owned(), 200), (PATCH_OP.to_uppercase(), 200), (SEARCH_REQUEST.to_owned(), 400), (USER.to_owned(), 400)] {
            let body = json!({ "schemas": [schema], "Operations": operations }).to_string();
            let answer = app.send("PATCH", &path, &[], body).await.expect(status);
            assert_eq!(answer.json.get("scimType"), (status == 400).then(|| json!("invalidSyntax")).as_ref());
        }
        for (schema, status) in [(SEARCH_REQUEST.to_owned(), 200), (SEARCH_REQUEST.to_uppercase(), 200), (PATCH_OP.to_owned(), 400)] {
            let answer = app.post("/Users/.search", json!({ "schemas": [schema] })).await.expect(status);
            let answered = if status == 200 { LIST_RESPONSE } else { ERROR };
            assert_eq!(answer.json["schemas"], json!([answered]));
        }
    }

    /// Shows P-3.1-05.
    async fn attributes_that_the_server_does_not_know_are_ignored(app: App) {
        let body = json!({ "schemas": [USER], "userName": "bjensen", "costume": "cat", "name": { "givenName": "B", "maiden": "J" } });
        let created = app.post("/Users", body).await.expect(201);
        assert_eq!(created.json.get("costume"), None);
        assert_eq!(created.json["name"], json!({ "givenName": "B" }));
    }

    /// Shows P-3.1-06.
    async fn a_write_answers_with_what_a_read_then_finds(app: App) {
        let created = app.post("/Users", json!({ "schemas": [USER], "userName": "bjensen", "title": "T" })).await.expect(201);
        let path = format!("/Users/{}", created.id());
        assert_eq!(app.get(&path).await.json, created.json);
        let replaced = app.put(&path, json!({ "schemas": [USER], "userName": "BJensen", "nickName": "Babs" })).await.expect(200);
        assert_eq!(app.get(&path).await.json, replaced.json);
        let patched = app.patch(&path, json!([{ "op": "add", "path": "name", "value": { "givenName": "B" } }])).await.expect(200);
        assert_eq!(app.get(&path).await.json, patched.json);
    }

    /// Shows P-3.2-03, P-3.5.1-01.
    async fn put_creates_nothing(app: App) {
        for id in ["0193b1c8-0000-7000-8000-000000000001", "bjensen"] {
            app.put(&format!("/Users/{id}"), json!({ "schemas": [USER], "userName": "bjensen" })).await.expect_error(404, "");
        }
        assert_eq!(app.get("/Users").await.json["totalResults"], 0);
    }

    /// Shows P-1.2-01.
    async fn urls_are_percent_encoded_and_decoded_once(app: App) {
        let id = app.user("a+b&c%20d e").await;
        assert_eq!(app.filter("/Users", "userName eq \"a+b&c%20d e\"").await.text("/Resources/0/id"), id);
        assert_eq!(app.get("/Users?filter=userName+eq+%22a%2Bb%26c%2520d+e%22").await.text("/Resources/0/id"), id);
        let encoded: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let found = app.get(&format!("/Users/{encoded}")).await.expect(200);
        let location: hyper::Uri = found.text("/meta/location").parse().expect("a URI");
        assert_eq!(location.path(), format!("{}/Users/{id}", app.base));
        app.get(&format!("/Schemas/{}", USER.replace(':', "%3A"))).await.expect(200);
        app.get(&format!("/Schemas/{USER}")).await.expect(200);
    }
}
