//! Directories and their schemas over the admin API.

use super::{Admin, check_problem};
use crate::on_both_back_ends;
use scimd::admin::definitions::{self, Timing};
use scimd::store::audit::AuditFilter;
use scimd::store::operator::Role;
use scimd::store::{DefinitionKind, DefinitionRow};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Nothing that these tests wait for takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

on_both_back_ends! {
    /// Rows B1, B2.
    async fn a_directory_is_created_once_and_shown_with_its_base_url(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let new = json!({ "name": "acme", "displayName": "Acme", "provider": "entra", "settings": { "uniqueExternalId": true } });
        let made = operator.post("/directories", new.clone()).await.expect(201);
        assert_eq!(made.at("/baseUrl"), "https://scim.example.com/directories/acme/scim/v2");
        assert_eq!(made.at("/settings"), &json!({ "uniqueExternalId": true }));
        assert_eq!((made.at("/status"), made.header("etag")), (&json!("active"), "\"1\""));
        assert_eq!(operator.post("/directories", new).await.expect(200).json, made.json);
        let other = json!({ "name": "acme", "displayName": "Acme", "provider": "okta" });
        check_problem(operator.post("/directories", other).await, 409, "conflict");
        for wrong in [
            json!({ "name": "Acme", "provider": "entra" }),
            json!({ "name": "more", "provider": "nobody" }),
            json!({ "name": "more", "provider": "entra", "settings": { "colour": "red" } }),
            json!({ "name": "more", "provider": "entra", "settings": { "sensitive": ["title", "shoeSize"] } }),
            json!({ "name": "more", "provider": "entra", "settings": { "uniqueExternalId": "maybe" } }),
            json!({ "name": "more", "provider": "entra", "displayName": "x".repeat(201) }),
        ] {
            check_problem(operator.post("/directories", wrong).await, 422, "invalid");
        }
        check_problem(operator.post("/directories", json!({ "name": "more" })).await, 400, "malformed");
        check_problem(operator.post("/directories", json!({ "name": "more", "provider": "entra", "x": 1 })).await, 400, "malformed");
        check_problem(operator.get("/directories/more").await, 404, "not-found");
    }

    /// Row B3, and what a provider sees.
    async fn a_directory_is_paused_resumed_and_disabled(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        assert_eq!(operator.act("/directories/test/pause").await.expect(200).at("/status"), "paused");
        let paused = app.replica().get("/Users").await.expect_error(503, "");
        assert_eq!(paused.header("retry-after"), "60");
        operator.act("/directories/test/resume").await.expect(200);
        app.replica().get("/Users").await.expect(200);
        operator.act("/directories/test/disable").await.expect(200);
        app.replica().get("/Users").await.expect_error(403, "");
        let again = operator.act("/directories/test/disable").await.expect(200);
        assert_eq!(again.header("etag"), "\"4\"", "what is so already does not change");
    }

    async fn two_operators_do_not_overwrite_each_other(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let shown = operator.get("/directories/test").await.expect(200);
        let tag = shown.header("etag").to_owned();
        let same = operator.send("GET", "/directories/test", &[("if-none-match", &tag)], None).await;
        assert_eq!(same.expect(304).header("etag"), tag);
        let change = |name: &str| Some(json!({ "displayName": name }));
        let first = operator.send("PATCH", "/directories/test", &[("if-match", &tag)], change("one")).await.expect(200);
        assert_ne!(first.header("etag"), tag);
        let second = operator.send("PATCH", "/directories/test", &[("if-match", &tag)], change("two")).await;
        check_problem(second, 412, "changed");
        check_problem(operator.send("POST", "/directories/test/pause", &[("if-match", &tag)], None).await, 412, "changed");
        assert_eq!(operator.get("/directories/test").await.at("/displayName"), "one");
        operator.send("PATCH", "/directories/test", &[("if-match", "*")], change("two")).await.expect(200);
        check_problem(operator.send("PATCH", "/directories/test", &[("if-match", "\"1\", x")], change("3")).await, 412, "changed");
    }

    async fn settings_change_one_by_one_and_null_takes_the_profiles(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        operator.post("/directories", json!({ "name": "acme", "provider": "generic", "settings": { "tokensMax": 3 } })).await.expect(201);
        let edit = json!({ "settings": { "patchAnswersWithMembers": true } });
        let edited = operator.patch("/directories/acme", edit).await.expect(200);
        assert_eq!(edited.at("/settings"), &json!({ "tokensMax": 3, "patchAnswersWithMembers": true }));
        let unknown = json!({ "settings": { "sensitive": ["title", "shoeSize"] } });
        let detail = check_problem(operator.patch("/directories/acme", unknown).await, 422, "invalid").text("/detail");
        assert!(detail.contains("shoeSize") && !detail.contains("title"), "{detail}");
        let edited = operator.patch("/directories/acme", json!({ "settings": { "tokensMax": null }, "protected": true })).await.expect(200);
        assert_eq!((edited.at("/settings"), edited.at("/protected")), (&json!({ "patchAnswersWithMembers": true }), &json!(true)));
        check_problem(operator.patch("/directories/acme", json!({ "settings": { "colour": null } })).await, 422, "invalid");
        check_problem(operator.patch("/directories/acme", json!({ "name": "other" })).await, 400, "malformed");
    }

    async fn lists_come_in_pages(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        for name in ["b", "d", "c", "a"] {
            operator.post("/directories", json!({ "name": name, "provider": "generic" })).await.expect(201);
        }
        for limit in [1, 2, 5, 500] {
            let names: Vec<_> = operator.all("/directories", limit).await.iter().map(|row| row["name"].clone()).collect();
            assert_eq!(names, ["a", "b", "c", "d", "test"]);
        }
        for query in ["limit=0", "limit=501", "limit=x", "limit=-1", "cursor=!", "colour=red", "limit=1&limit=2"] {
            check_problem(operator.get(&format!("/directories?{query}")).await, 400, "malformed");
        }
    }

    /// Row A17 by the admin API.
    async fn a_schema_is_in_force_at_once(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let urn = "urn:example:schemas:Badge";
        let schema = json!({
            "id": urn, "name": "Badge", "extends": ["User"],
            "attributes": [{ "name": "badge", "type": "string" }],
        });
        let added = operator.post("/directories/test/definitions/schemas", schema.clone()).await.expect(201);
        assert_eq!(added.at("/name"), urn);
        operator.post("/directories/test/definitions/schemas", schema).await.expect(200);
        let found = app.fresh().await.get(&format!("/Schemas/{urn}")).await.expect(200);
        assert_eq!(found.id(), urn);
        let listed = operator.get("/directories/test/definitions/schemas").await.expect(200);
        assert_eq!((listed.at("/items/0/name"), listed.at("/items/0/from")), (&json!(urn), &json!("directory")));
        check_problem(operator.post("/directories/test/definitions/schemas", json!({ "id": "x" })).await, 422, "invalid");
        check_problem(operator.post("/directories/test/definitions/resource-types", json!({ "id": "x" })).await, 422, "invalid");
        operator.delete(&format!("/directories/test/definitions/schemas/{urn}")).await.expect(204);
        check_problem(operator.delete(&format!("/directories/test/definitions/schemas/{urn}")).await, 404, "not-found");
    }

    async fn a_users_password_is_set(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let user = app.post("/Users", json!({ "schemas": [super::app::USER], "userName": "bjensen" })).await.expect(201);
        let path = "/directories/test/users/bjensen/password";
        operator.send("PUT", path, &[], Some(json!({ "password": "correct horse" }))).await.expect(204);
        check_problem(operator.send("PUT", path, &[], Some(json!({ "password": "short" }))).await, 422, "invalid");
        let nobody = "/directories/test/users/nobody/password";
        check_problem(operator.send("PUT", nobody, &[], Some(json!({ "password": "correct horse" }))).await, 404, "not-found");
        let after = app.get(&format!("/Users/{}", user.id())).await.expect(200);
        assert_ne!(after.at("/meta/version"), user.at("/meta/version"));
    }

    async fn what_is_no_request_is_a_problem(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        check_problem(operator.get("/nothing").await, 404, "not-found");
        check_problem(operator.get("").await, 404, "not-found");
        let wrong = operator.send("PUT", "/directories", &[], None).await;
        assert_eq!(wrong.header("allow"), "GET,HEAD,POST");
        check_problem(wrong, 405, "method-not-allowed");
        check_problem(operator.send("POST", "/directories", &[], None).await, 415, "unsupported-media-type");
        let text = operator.send("POST", "/directories", &[("content-type", "text/plain")], Some(json!({}))).await;
        check_problem(text, 415, "unsupported-media-type");
        for body in ["", "{", "[]", "null", "{\"name\":1}"] {
            let json = [("authorization", format!("Bearer {}", operator.key)), ("content-type", "application/json".to_owned())];
            let headers: Vec<(&str, &str)> = json.iter().map(|(name, value)| (*name, value.as_str())).collect();
            check_problem(app.send("POST", "//admin/api/v1/directories", &headers, body).await, 400, "malformed");
        }
        let large = json!({ "name": "x".repeat(1024 * 1024) });
        check_problem(operator.post("/directories", large).await, 413, "too-large");
        for name in ["%FF", "%00", "a%2Fb", "..", "%E2%80%AE"] {
            check_problem(operator.get(&format!("/directories/{name}")).await, 404, "not-found");
        }
    }

    /// Shows that a change of schemas comes to its end, and its indexes with it, when its client hangs up meanwhile.
    async fn a_change_of_schemas_goes_on_when_its_client_hangs_up(app: App) {
        app.user("bjensen").await;
        let row = app.row().await;
        let badge = |attribute: Value| {
            json!({ "id": "urn:example:badge:2.0:User", "name": "Badge", "extends": ["User"], "attributes": [attribute] })
        };
        let (timing, plain) = (Timing::After(Duration::ZERO), badge(json!({ "name": "colour" })).to_string());
        definitions::add(&app.operator(), &row, DefinitionKind::Schema, &plain, timing).await.expect("adds");
        let operator = Admin::new(&app, Role::Operator).await;
        let indexed = badge(json!({ "name": "colour", "indexed": true }));
        let asking = tokio::spawn(async move { operator.post("/directories/test/definitions/schemas", indexed).await });
        let started = Instant::now();
        let until = async |reached: fn(&[DefinitionRow]) -> bool| {
            while !reached(&app.store.definitions(Some(row.id), 10).await.expect("reads")) {
                assert!(started.elapsed() < PATIENCE, "it is not reached");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        until(|rows| rows.iter().any(|row| row.definition.contains("indexed"))).await;
        asking.abort();
        assert!(asking.await.expect_err("it waits for the servers").is_cancelled());
        until(|rows| rows.iter().all(|row| row.kind != DefinitionKind::Building)).await;
        let adds = AuditFilter { act: Some("schema.add".to_owned()), ..AuditFilter::default() };
        assert_eq!(app.store.audit(&adds, None, 10).await.expect("answers").len(), 2);
    }
}
