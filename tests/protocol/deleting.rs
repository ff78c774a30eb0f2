//! DELETE (RFC 7644 §3.6).

use crate::app::USER;
use crate::on_both_back_ends;
use serde_json::{Value, json};

on_both_back_ends! {
    /// Shows P-3.6-01, P-3.6-04.
    async fn what_is_deleted_is_gone_for_every_method(app: App) {
        let path = format!("/Users/{}", app.user("bjensen").await);
        let deleted = app.delete(&path).await.expect(204);
        assert_eq!(deleted.json, Value::Null, "no body");
        app.get(&path).await.expect_error(404, "");
        app.put(&path, json!({ "schemas": [USER], "userName": "bjensen" })).await.expect_error(404, "");
        app.patch(&path, json!([{ "op": "add", "path": "title", "value": "x" }])).await.expect_error(404, "");
        app.delete(&path).await.expect_error(404, "");
    }

    /// Shows P-3.6-02, P-3.6-07.
    async fn what_is_deleted_is_in_no_query_and_in_no_group(app: App) {
        let (gone, stays) = (app.user("gone").await, app.user("stays").await);
        let inner = app.group("inner", &[&gone, &stays]).await;
        let outer = app.group("outer", &[&inner]).await;
        let before = app.get(&format!("/Groups/{inner}")).await.expect(200);
        app.delete(&format!("/Users/{gone}")).await.expect(204);
        assert_eq!(app.get("/Users").await.json["totalResults"], 1);
        for filter in ["userName eq \"gone\"", "id pr and userName sw \"g\""] {
            assert_eq!(app.filter("/Users", filter).await.json["totalResults"], 0, "{filter}");
        }
        let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": "userName eq \"gone\"" });
        assert_eq!(app.post("/Users/.search", search).await.expect(200).json["totalResults"], 0);
        assert_eq!(app.filter("/Groups", &format!("members.value eq \"{gone}\"")).await.json["totalResults"], 0);

        let after = app.get(&format!("/Groups/{inner}")).await.expect(200);
        assert_eq!(after.json["members"].as_array().expect("a list").len(), 1);
        assert_eq!(after.text("/members/0/value"), stays);
        assert_ne!(after.header("etag"), before.header("etag"), "the group has another version");
        app.delete(&format!("/Groups/{inner}")).await.expect(204);
        assert_eq!(app.get(&format!("/Groups/{outer}")).await.expect(200).json.get("members"), None);
        assert_eq!(app.get(&format!("/Users/{stays}")).await.expect(200).json.get("groups"), None);
    }

    /// Shows P-3.6-03.
    async fn the_name_of_a_deleted_user_is_free(app: App) {
        let first = app.user("bjensen").await;
        app.delete(&format!("/Users/{first}")).await.expect(204);
        assert_ne!(app.user("BJensen").await, first);
    }

    /// Shows P-3.6-06.
    async fn a_stale_version_is_not_deleted(app: App) {
        let created = app.post("/Users", json!({ "schemas": [USER], "userName": "bjensen" })).await.expect(201);
        let path = format!("/Users/{}", created.id());
        app.patch(&path, json!([{ "op": "add", "path": "title", "value": "x" }])).await.expect(200);
        app.send("DELETE", &path, &[("if-match", created.header("etag"))], "").await.expect_error(412, "");
        let current = app.get(&path).await.expect(200);
        app.send("DELETE", &path, &[("if-match", current.header("etag"))], "").await.expect(204);
    }
}
