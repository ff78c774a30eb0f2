//! Versions of resources (RFC 7644 §3.14).

use crate::app::USER;
use crate::on_both_back_ends;
use serde_json::{Value, json};

on_both_back_ends! {
    /// Shows P-3.14-01, P-3.14-02.
    async fn the_etag_is_weak_and_is_the_version_in_meta(app: App) {
        assert_eq!(app.get("/ServiceProviderConfig").await.at("/etag/supported"), true);
        let created = app.post("/Users", json!({ "schemas": [USER], "userName": "bjensen" })).await.expect(201);
        let path = format!("/Users/{}", created.id());
        let patched = app.patch(&path, json!([{ "op": "add", "path": "title", "value": "T" }])).await.expect(200);
        let replaced = app.put(&path, json!({ "schemas": [USER], "userName": "babs" })).await.expect(200);
        let read = app.get(&path).await.expect(200);
        for (answer, version) in [(created, "W/\"1\""), (patched, "W/\"2\""), (replaced, "W/\"3\""), (read, "W/\"3\"")] {
            assert_eq!((answer.header("etag"), answer.text("/meta/version").as_str()), (version, version));
        }
        assert_eq!(app.get("/Users").await.at("/Resources/0/meta/version"), "W/\"3\"");
    }

    /// Shows P-3.14-03.
    async fn a_version_that_the_client_has_is_not_sent_again(app: App) {
        let path = format!("/Users/{}", app.user("bjensen").await);
        for query in ["", "?attributes=userName"] {
            for tags in ["W/\"1\"", "\"1\"", "*", "W/\"7\", W/\"1\""] {
                let answer = app.send("GET", &format!("{path}{query}"), &[("if-none-match", tags)], "").await.expect(304);
                assert_eq!((&answer.json, answer.header("etag")), (&Value::Null, "W/\"1\""), "{tags}");
            }
            for tags in ["W/\"2\"", "garbage", "W/\"11\""] {
                app.send("GET", &format!("{path}{query}"), &[("if-none-match", tags)], "").await.expect(200);
            }
        }
    }

    /// Shows P-3.14-04, P-3.14-05.
    async fn a_write_insists_on_the_versions_it_names_and_on_none_otherwise(app: App) {
        let path = format!("/Users/{}", app.user("bjensen").await);
        let body = |title: &str| json!({ "schemas": [USER], "userName": "bjensen", "title": title }).to_string();
        let operations = |title: &str| {
            json!({ "schemas": [crate::app::PATCH_OP], "Operations": [{ "op": "replace", "path": "title", "value": title }] }).to_string()
        };
        for stale in ["W/\"9\"", "\"0\"", "garbage", "W/\"8\", W/\"9\""] {
            app.send("PUT", &path, &[("if-match", stale)], body("lost")).await.expect_error(412, "");
            app.send("PATCH", &path, &[("if-match", stale)], operations("lost")).await.expect_error(412, "");
            app.send("DELETE", &path, &[("if-match", stale)], "").await.expect_error(412, "");
            app.send("GET", &path, &[("if-match", stale)], "").await.expect_error(412, "");
        }
        app.send("PUT", &path, &[("if-match", "W/\"1\"")], body("one")).await.expect(200);
        app.send("PATCH", &path, &[("if-match", "W/\"1\", \"2\"")], operations("two")).await.expect(200);
        app.send("PUT", &path, &[("if-match", "*")], body("three")).await.expect(200);
        let last = app.send("PATCH", &path, &[], operations("four")).await.expect(200);
        assert_eq!((last.header("etag"), last.text("/title").as_str()), ("W/\"5\"", "four"), "without a condition the last writer wins");
    }

    /// Shows P-3.14-06.
    async fn the_version_moves_with_the_state_and_only_with_it(app: App) {
        let id = app.user("bjensen").await;
        let path = format!("/Users/{id}");
        let version = async || app.get(&path).await.expect(200).header("etag").to_owned();
        let first = version().await;
        app.patch(&path, json!([{ "op": "remove", "path": "title" }])).await.expect(200);
        app.patch(&path, json!([{ "op": "replace", "path": "userName", "value": "bjensen" }])).await.expect(200);
        app.put(&path, app.get(&path).await.json).await.expect(200);
        app.patch(&path, json!([{ "op": "replace", "path": "active", "value": "maybe" }])).await.expect(400);
        let group = app.group("g", &[&id]).await;
        app.delete(&format!("/Groups/{group}")).await.expect(204);
        assert_eq!(version().await, first);
        app.patch(&path, json!([{ "op": "replace", "path": "userName", "value": "BJensen" }])).await.expect(200);
        assert_ne!(version().await, first, "letter case is state");
        let second = version().await;
        app.patch(&path, json!([{ "op": "replace", "path": "password", "value": "correct horse" }])).await.expect(200);
        assert_ne!(version().await, second, "and so is a password");
    }
}
