//! `/Roles` and `/Entitlements`, which are nothing but the files of `config/roles`.

#[path = "support/app.rs"]
mod app;

use app::{App, USER};
use scimd::admin::definitions::{File, Timing, provide};
use serde_json::{Value, json};
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
    provide(&app.operator(), &files, Timing::After(Duration::ZERO)).await.expect("is accepted");
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

    /// Shows that a user has the roles that it is a member of, by the role's value or id, found by an index, and in lists too.
    async fn roles_of_a_user_show_memberships(app: App) {
        let app = with_roles(&app).await;
        let (one, two) = (app.user("one").await, app.user("two").await);
        let role = |display: &str, value: Value, members: &[&String]| json!({ "schemas": [ROLE], "displayName": display, "value": value,
            "type": "app", "members": members.iter().map(|id| json!({ "value": id })).collect::<Vec<_>>() });
        let named = app.post("/Roles", role("Auditor", json!("auditor"), &[&one, &two])).await.expect(201).id();
        let bare = app.post("/Roles", json!({ "schemas": [ROLE], "displayName": "Bare", "members": [{ "value": one }] })).await.expect(201).id();
        let path = format!("/Users/{one}");
        let auditor = json!({ "value": "auditor", "display": "Auditor", "type": "app" });
        let by_id = json!({ "value": bare, "display": "Bare" });
        let version = app.get(&path).await.text("/meta/version");
        assert_eq!(app.get(&path).await.at("/roles"), &json!([auditor, by_id]));
        assert_eq!(app.get(&path).await.json.get("groups"), None);

        let listed = app.get("/Users?sortBy=userName&attributes=roles.value").await.expect(200);
        assert_eq!(listed.at("/Resources/0/roles"), &json!([{ "value": "auditor" }, { "value": bare }]));
        assert_eq!(listed.at("/Resources/1/roles"), &json!([{ "value": "auditor" }]));
        assert_eq!(app.get(&format!("{path}?excludedAttributes=roles")).await.json.get("roles"), None);

        for (filter, total) in [
            ("roles.value eq \"AUDITOR\"", 2),
            (&*format!("roles.value eq \"{bare}\""), 1),
            (&*format!("roles.value eq \"{named}\""), 0),
            ("roles[value eq \"auditor\" and type eq \"app\"]", 2),
            ("roles.display co \"udit\" and userName eq \"two\"", 1),
            ("roles pr", 2),
            ("not (roles.value eq \"auditor\")", 0),
        ] {
            assert_eq!(app.filter("/Users", filter).await.expect(200).at("/totalResults"), total, "{filter}");
        }

        app.patch(&format!("/Roles/{named}"), json!([{ "op": "replace", "path": "displayName", "value": "Examiner" },
            { "op": "remove", "path": format!("members[value eq \"{two}\"]") }])).await.expect(204);
        assert_eq!(app.get(&format!("/Users/{two}")).await.json.get("roles"), None);
        assert_eq!(app.get(&path).await.at("/roles/0/display"), "Examiner");
        app.delete(&format!("/Roles/{bare}")).await.expect(204);
        let read = app.get(&path).await;
        assert_eq!((read.at("/roles").as_array().map(Vec::len), read.text("/meta/version")), (Some(1), version), "D-69");
    }

    /// Shows that values which clients write stay theirs: memberships come beside them, are not stored, and are no client's to
    /// remove from the user.
    async fn roles_that_clients_write_stay_beside_memberships(app: App) {
        let app = with_roles(&app).await;
        let written = json!({ "value": "guest", "primary": true });
        let body = json!({ "schemas": [USER], "userName": "one", "roles": [written] });
        let one = app.post("/Users", body).await.expect(201).id();
        let path = format!("/Users/{one}");
        let role = app.post("/Roles", json!({ "schemas": [ROLE], "displayName": "Auditor", "value": "auditor", "members": [{ "value": one }] }))
            .await.expect(201).id();
        let auditor = json!({ "value": "auditor", "display": "Auditor" });
        let both = json!([written, auditor]);
        let read = app.get(&path).await;
        assert_eq!(read.at("/roles"), &both);
        assert_eq!(app.filter("/Users", "roles[primary eq false]").await.at("/totalResults"), 1);
        for value in ["guest", "auditor"] {
            assert_eq!(app.filter("/Users", &format!("roles.value eq \"{value}\"")).await.at("/totalResults"), 1, "{value}");
        }

        // What was read changes nothing when it comes back.
        let again = app.put(&path, read.json.clone()).await.expect(200);
        assert_eq!((again.at("/roles"), again.text("/meta/version")), (&both, read.text("/meta/version")));

        // Neither PATCH nor PUT of the user takes a membership away.
        let removed = app.patch(&path, json!([{ "op": "remove", "path": "roles[value eq \"auditor\"]" }])).await.expect(200);
        assert_eq!(removed.at("/roles"), &both);
        let removed = app.patch(&path, json!([{ "op": "remove", "path": "roles" }])).await.expect(200);
        assert_eq!(removed.at("/roles"), &json!([auditor]));

        // A client that gives the user the role itself means it, so it outlives the membership.
        let given = json!([{ "value": "AUDITOR", "type": "by hand" }]);
        let written = app.patch(&path, json!([{ "op": "add", "path": "roles", "value": given }])).await.expect(200);
        assert_eq!(written.at("/roles"), &given, "one role is shown once");
        app.patch(&format!("/Roles/{role}"), json!([{ "op": "remove", "path": "members" }])).await.expect(204);
        assert_eq!(app.get(&path).await.at("/roles"), &given);
    }

    /// Shows that values which were stored before there were roles to be members of are found by the index that is built then.
    async fn roles_that_were_written_before_are_found(app: App) {
        let body = json!({ "schemas": [USER], "userName": "one", "roles": [{ "value": "guest" }] });
        app.post("/Users", body).await.expect(201);
        let app = with_roles(&app).await;
        assert_eq!(app.filter("/Users", "roles.value eq \"guest\"").await.at("/totalResults"), 1);
    }

    /// Shows that members of a role are users.
    async fn a_group_cannot_have_a_role(app: App) {
        let app = with_roles(&app).await;
        let group = app.group("Guides", &[]).await;
        let body = json!({ "schemas": [ROLE], "displayName": "Auditor", "members": [{ "value": group }] });
        app.post("/Roles", body).await.expect_error(400, "invalidValue");
    }

    /// Shows that ServiceProviderConfig says of both types what the draft asks for, and nothing where they are not.
    async fn the_configuration_says_that_there_are_roles_and_entitlements(app: App) {
        assert_eq!(app.get("/ServiceProviderConfig").await.expect(200).json.get("RolesAndEntitlements"), None);
        let app = with_roles(&app).await;
        let config = app.get("/ServiceProviderConfig").await.expect(200);
        let expected = json!({
            "roles": { "supported": true, "multipleRolesSupported": true, "primarySupported": true, "typeSupported": true, "types": [] },
            "entitlements": { "supported": true, "multipleEntitlementsSupported": true, "primarySupported": true,
                "typeSupported": true, "types": [] }
        });
        assert_eq!(config.at("/RolesAndEntitlements"), &expected);
        assert_eq!(config.at("/patch/supported"), true);
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
