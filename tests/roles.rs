//! `/Roles` and `/Entitlements`, which are nothing but the files of `config/roles`.

#[path = "support/app.rs"]
mod app;

use app::App;
use scimd::admin::definitions::{File, Timing, provide};
use scimd::clock::SystemClock;
use serde_json::json;
use std::time::Duration;

const ROLE: &str = "urn:ietf:params:scim:schemas:core:2.0:Role";
const ENTITLEMENT: &str = "urn:ietf:params:scim:schemas:core:2.0:Entitlement";

/// A client of a server with the files of `config/roles` as its schemas.folder.
async fn with_roles(app: &App) -> App {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/roles");
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.expect("an entry").path();
        File { name: path.display().to_string(), text: std::fs::read_to_string(path).expect("is readable") }
    };
    let files: Vec<File> = std::fs::read_dir(folder).expect("is there").map(read).collect();
    provide(&*app.store, &SystemClock, &files, Timing { settle: Duration::ZERO }).await.expect("is accepted");
    app.fresh().await
}

on_both_back_ends! {
    /// Shows that a role is created, found, renamed, given members, and deleted.
    async fn roles_and_their_members_synchronise(app: App) {
        let app = with_roles(&app).await;
        let (one, two) = (app.user("one").await, app.user("two").await);
        let body = json!({ "schemas": [ROLE], "externalId": "r1", "displayName": "Auditor", "value": "auditor", "type": "app",
            "supported": true, "members": [{ "value": one }] });
        let role = app.post("/Roles", body.clone()).await.expect(201);
        assert_eq!(role.text("/members/0/type"), "User");
        app.post("/Roles", body).await.expect_error(409, "uniqueness");
        let path = format!("/Roles/{}", role.id());
        for filter in ["displayName eq \"AUDITOR\"", "externalId eq \"r1\"", "value eq \"auditor\"", &format!("members.value eq \"{one}\"")] {
            assert_eq!(app.filter("/Roles", filter).await.at("/totalResults"), 1, "{filter}");
        }
        app.patch(&path, json!([{ "op": "replace", "path": "displayName", "value": "Examiner" },
            { "op": "add", "path": "members", "value": [{ "value": two }] }])).await.expect(204);
        app.patch(&path, json!([{ "op": "remove", "path": format!("members[value eq \"{one}\"]") }])).await.expect(204);
        let read = app.get(&path).await.expect(200);
        assert_eq!((read.text("/displayName"), read.at("/members/0/value"), read.json["members"].as_array().map(Vec::len)),
            ("Examiner".to_owned(), &json!(two), Some(1)));
        assert_eq!(app.get(&format!("/Users/{two}")).await.json.get("groups"), None, "a role is no group");
        app.delete(&format!("/Users/{two}")).await.expect(204);
        assert_eq!(app.get(&path).await.json.get("members"), None);
        app.delete(&path).await.expect(204);
        app.get(&path).await.expect_error(404, "");
    }

    /// Shows that members of a role are users.
    async fn a_group_cannot_have_a_role(app: App) {
        let app = with_roles(&app).await;
        let group = app.group("Guides", &[]).await;
        let body = json!({ "schemas": [ROLE], "displayName": "Auditor", "members": [{ "value": group }] });
        app.post("/Roles", body).await.expect_error(400, "invalidValue");
    }

    /// Shows that entitlements are found where discovery says.
    async fn entitlements_are_published(app: App) {
        let app = with_roles(&app).await;
        assert_eq!(app.get("/ResourceTypes/Entitlement").await.text("/endpoint"), "/Entitlements");
        app.get(&format!("/Schemas/{ENTITLEMENT}")).await.expect(200);
        app.post("/Entitlements", json!({ "schemas": [ENTITLEMENT], "value": "seat", "totalAssignmentsPermitted": 5 })).await.expect(201);
        app.post("/Entitlements", json!({ "schemas": [ENTITLEMENT], "display": "no value" })).await.expect_error(400, "invalidValue");
        assert_eq!(app.filter("/Entitlements", "totalAssignmentsPermitted gt 4").await.at("/totalResults"), 1);
    }
}
