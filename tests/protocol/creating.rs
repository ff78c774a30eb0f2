//! POST to a resource endpoint (RFC 7644 §3.3).

use crate::app::{ENTERPRISE, GROUP, USER};
use crate::on_both_back_ends;
use serde_json::json;

on_both_back_ends! {
    /// Shows P-3.3-06, P-3.3-08, P-3.3-09, P-3.3-10, P-3.3-11.
    async fn a_created_resource_is_answered_as_stored_with_where_it_is(app: App) {
        let body = json!({
            "schemas": [USER, ENTERPRISE], "USERNAME": "bjensen", "shoeSize": 44,
            "emails": [{ "value": "b@example.com", "type": "Work" }, { "value": "b@example.com", "type": "work" }],
            ENTERPRISE: { "department": "Sales" },
        });
        let created = app.post("/Users", body).await.expect(201);
        assert_eq!(created.json["userName"], "bjensen", "spelled as in the schema");
        assert_eq!(created.json["emails"], json!([{ "value": "b@example.com", "type": "work" }]), "equal values are one");
        assert_eq!(created.json.get("shoeSize"), None);
        let location = created.text("/meta/location");
        assert_eq!(location, format!("https://scim.example.com{}/Users/{}", app.base, created.id()));
        assert_eq!(created.header("location"), location);
        assert_eq!(created.header("etag"), created.text("/meta/version"));
        let found = app.get(location.strip_prefix("https://scim.example.com").map(|path| format!("/{path}")).expect("ours").as_str()).await;
        assert_eq!(found.expect(200).json, created.json);
    }

    /// Shows P-3.3-02.
    async fn what_is_read_only_is_ignored_whatever_its_type(app: App) {
        let body = json!({
            "schemas": [USER], "userName": "bjensen", "id": 7, "groups": "x",
            "meta": { "resourceType": "Group", "created": "1999-01-01T00:00:00Z", "version": 5 },
            ENTERPRISE: { "manager": { "value": "1", "displayName": "not mine to say" } },
        });
        let created = app.post("/Users", body).await.expect(201);
        assert_ne!(created.json["id"], 7);
        assert_eq!(created.json.get("groups"), None);
        assert_eq!(created.json["meta"]["resourceType"], "User");
        assert_ne!(created.json["meta"]["created"], "1999-01-01T00:00:00Z");
        assert_eq!(created.json["meta"]["version"], "W/\"1\"");
        assert_eq!(created.json[ENTERPRISE]["manager"], json!({ "value": "1" }));
    }

    /// Shows P-3.3-03, P-3.3-05, P-3.4.2.2-25.
    async fn active_is_true_unless_the_client_says_otherwise(app: App) {
        let active = async |name: &str, active: Option<serde_json::Value>| {
            let mut body = json!({ "schemas": [USER], "userName": name });
            if let Some(active) = active {
                body["active"] = active;
            }
            app.post("/Users", body).await.expect(201).json.get("active").cloned()
        };
        assert_eq!(active("silent", None).await, Some(json!(true)));
        assert_eq!(active("off", Some(json!(false))).await, Some(json!(false)));
        assert_eq!(active("null", Some(json!(null))).await, None);
        assert_eq!(active("empty", Some(json!([]))).await, None);
        let found = app.filter("/Users", "active eq true").await.expect(200);
        assert_eq!(found.json["totalResults"], 1, "the default counts as returned");
        assert_eq!(found.at("/Resources/0/userName"), "silent");
        assert_eq!(app.filter("/Users", "active pr").await.json["totalResults"], 2);
    }

    /// Shows P-3.3-07.
    async fn a_user_name_that_is_taken_is_a_conflict_in_any_spelling(app: App) {
        let first = app.user("bjensen").await;
        for taken in ["bjensen", "BJensen", "ＢＪｅｎｓｅｎ"] {
            app.post("/Users", json!({ "schemas": [USER], "userName": taken })).await.expect_error(409, "uniqueness");
        }
        let all = app.get("/Users").await.expect(200);
        assert_eq!(all.json["totalResults"], 1);
        assert_eq!(all.text("/Resources/0/id"), first);
    }

    /// Shows P-3.3.1-01, P-3.2-01.
    async fn the_endpoint_says_what_a_resource_is(app: App) {
        let user = app.post("/Users", json!({ "schemas": [USER], "userName": "u" })).await.expect(201);
        let group = app.post("/Groups", json!({ "schemas": [GROUP], "displayName": "g" })).await.expect(201);
        assert_eq!((user.text("/meta/resourceType"), group.text("/meta/resourceType")), ("User".into(), "Group".into()));
        app.post("/Users", json!({ "schemas": [GROUP], "displayName": "g" })).await.expect_error(400, "invalidSyntax");
        for (endpoint, id, other) in [("/Users", user.id(), "/Groups"), ("/Groups", group.id(), "/Users")] {
            app.get(&format!("{endpoint}/{id}")).await.expect(200);
            app.get(&format!("{other}/{id}")).await.expect_error(404, "");
            app.delete(&format!("{endpoint}/{id}")).await.expect(204);
        }
    }

    /// Shows P-3.3-01.
    async fn a_resource_is_no_place_to_create_in(app: App) {
        let path = format!("/Users/{}", app.user("bjensen").await);
        let refused = app.post(&path, json!({ "schemas": [USER], "userName": "another" })).await.expect_error(405, "");
        assert_eq!(refused.header("allow"), "DELETE, GET, HEAD, OPTIONS, PATCH, PUT");
        assert_eq!(app.get("/Users").await.json["totalResults"], 1);
    }
}
