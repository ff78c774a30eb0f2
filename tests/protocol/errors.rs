//! Statuses and error bodies (RFC 7644 §3.12).

use crate::app::USER;
use crate::on_both_back_ends;
use serde_json::json;

on_both_back_ends! {
    /// Shows P-3.12-05.
    async fn details_speak_of_the_request_and_of_nothing_inside(app: App) {
        let path = format!("/Users/{}", app.user("bjensen").await);
        let group = format!("/Groups/{}", app.group("g", &[]).await);
        let secret = "hunter2-hunter2";
        let answers = [
            app.post("/Users", json!({ "schemas": [USER], "userName": "bjensen", "password": secret })).await,
            app.post("/Users", json!({ "schemas": [USER], "userName": "x", "password": [secret] })).await,
            app.patch(&path, json!([{ "op": "replace", "path": "password", "value": { "value": secret } }])).await,
            app.patch(&group, json!([{ "op": "add", "path": "members", "value": [{ "value": "'; DROP TABLE members" }] }])).await,
            app.filter("/Users", "password eq \"hunter2-hunter2\"").await,
            app.filter("/Users", "shoeSize eq \"' or 1=1\"").await,
            app.get("/Users/%27;%20select").await,
            app.send("GET", "/Users", &[("authorization", "Bearer scimd_wrong")], "").await,
        ];
        for answer in answers {
            assert!(answer.status.is_client_error(), "{:#}", answer.json);
            let detail = answer.text("/detail").to_lowercase();
            for inner in [secret, "insert ", "sqlite", "postgres", "sqlx", "constraint", ".rs", "panicked", "scimd_", "resources"] {
                assert!(!detail.contains(inner), "{inner} in {detail}");
            }
        }
    }

    /// Shows P-3.12-07.
    async fn bodies_that_make_no_sense_are_the_clients_mistake(app: App) {
        let path = format!("/Users/{}", app.user("bjensen").await);
        let deep = "[".repeat(5_000);
        let keys: String = (0..2_000).map(|number| format!("\"k{number}\":0,")).collect();
        let bodies = [
            "", " ", "{", "}", "null", "[]", "0", "\"x\"", "true", "{}", "{\"schemas\":7}", "{\"schemas\":[7]}", "{\"a\":1,}", "{'a':1}",
            "\u{feff}{}", "{\"userName\":\"\\ud800\"}", "{\"userName\":\"a\\u0000b\"}", "{\"userName\":1e999}", "NaN",
            "{\"userName\":\"a\",\"USERNAME\":\"b\"}", &deep, &format!("{{{keys}\"z\":0}}"),
            "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":{}}",
            "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"a\",\"emails\":[\"x\"]}",
            "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"a\",\"active\":\"maybe\"}",
            "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\",\"urn:x\"],\"userName\":\"a\"}",
        ];
        for body in bodies {
            let shown = &body[..body.len().min(60)];
            for (method, path) in [("POST", "/Users"), ("PUT", &path), ("PATCH", &path), ("POST", "/Users/.search")] {
                let answer = app.send(method, path, &[], body.to_owned()).await;
                assert_eq!(answer.status, 400, "{method} {shown}: {:#}", answer.json);
            }
        }
    }

    /// Shows P-3.12-08.
    async fn without_valid_credentials_a_request_is_401(app: App) {
        for authorization in ["", "Bearer", "Bearer x", "Basic dXNlcjpwYXNz", "Bearer scimd_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxA3SlM0f"] {
            let refused = app.send("GET", "/Users", &[("authorization", authorization)], "").await.expect_error(401, "");
            assert_eq!(refused.header("www-authenticate"), "Bearer realm=\"scimd\"");
        }
    }

    /// Shows P-3.12-10, P-3.12-11, P-3.12-12.
    async fn missing_duplicate_and_changed_resources_have_their_statuses(app: App) {
        let created = app.post("/Users", json!({ "schemas": [USER], "userName": "bjensen" })).await.expect(201);
        let path = format!("/Users/{}", created.id());
        for missing in ["/Users/0193b1c8-0000-7000-8000-000000000001", "/Nothing", "/Users/a/b"] {
            app.get(missing).await.expect_error(404, "");
        }
        app.post("/Users", json!({ "schemas": [USER], "userName": "bjensen" })).await.expect_error(409, "uniqueness");
        app.patch(&path, json!([{ "op": "add", "path": "title", "value": "T" }])).await.expect(200);
        let stale = [("if-match", created.header("etag"))];
        app.send("PUT", &path, &stale, json!({ "schemas": [USER], "userName": "x" }).to_string()).await.expect_error(412, "");
    }

    /// Shows P-3.12-13.
    async fn a_body_beyond_the_limit_is_413_and_names_it(app: App) {
        let large = |bytes: usize| {
            let frame = json!({ "schemas": [USER], "userName": "bjensen", "shoeSize": "" }).to_string();
            frame.replace("\"shoeSize\":\"\"", &format!("\"shoeSize\":\"\",\"x\":[{}]", vec!["\"0123456789\""; bytes / 13].join(",")))
        };
        let refused = app.send("POST", "/Users", &[], large(2_200_000)).await.expect_error(413, "");
        assert!(refused.text("/detail").contains("2097152"), "{}", refused.json);
        assert_eq!(app.get("/Users").await.json["totalResults"], 0);
        app.send("POST", "/Users", &[], large(1_000_000)).await.expect(201);
    }

    /// Shows P-3.12-24, P-3.12-25, P-7.5.2-01.
    async fn versions_and_secrets_in_urls_have_their_keywords(app: App) {
        app.get("//scim/v1/Users").await.expect_error(400, "invalidVers");
        app.filter("/Users", "password eq \"correct horse\"").await.expect_error(403, "sensitive");
        app.filter("/Users", "title pr and not (password pr)").await.expect_error(403, "sensitive");
    }

    /// Shows P-3.12-15.
    async fn what_is_not_supported_is_501(app: App) {
        // Nobody registers themselves.
        app.post("/Me", json!({ "schemas": [USER], "userName": "bjensen" })).await.expect_error(501, "");
    }
}
