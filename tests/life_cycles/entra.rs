//! What Microsoft Entra ID does after an operator's act, under its profile.

use super::{GROUP, Kind, Office, USER, found};
use crate::on_both_back_ends;
use serde_json::{Value, json};

const ENTRA_GROUP: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

/// A user as Entra's default mappings make it.
fn bjensen() -> Value {
    json!({
        "schemas": [USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "externalId": "bjensen", "userName": "bjensen@contoso.example", "active": true,
        "emails": [{ "primary": true, "type": "work", "value": "bjensen@contoso.example" }],
        "meta": { "resourceType": "User" }, "roles": []
    })
}

fn guides() -> Value {
    json!({
        "schemas": [GROUP, ENTRA_GROUP], "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159", "displayName": "Guides",
        "meta": { "resourceType": "Group" }
    })
}

on_both_back_ends! {
    /// Shows `operatorDisable` = `revive`: the next cycle enables the user.
    async fn a_disabled_user_is_revived_by_the_next_cycle(app: App) {
        let app = app.directory("contoso", "entra").await;
        let id = app.post("/Users", bjensen()).await.expect(201).id();
        let office = Office::of(&app);
        let user = office.disable(&id).await;
        assert!(!user.held, "under this policy nobody holds it");
        assert_eq!(app.get(&format!("/Users/{id}")).await.expect(200).at("/active"), false);

        let active = json!([{ "op": "Replace", "path": "active", "value": "True" }]);
        let revived = app.patch(&format!("/Users/{id}"), active).await.expect(200);
        assert_eq!(revived.at("/active"), true);
    }

    /// Shows `operatorDeleteUser` = `revive`: the next cycle finds nobody and creates the user anew.
    async fn a_deleted_user_is_created_anew_by_the_next_cycle(app: App) {
        let app = app.directory("contoso", "entra").await;
        let id = app.post("/Users", bjensen()).await.expect(201).id();
        let office = Office::of(&app);
        office.delete(Kind::User, &id).await;

        app.get(&format!("/Users/{id}")).await.expect_error(404, "");
        assert_eq!(found(&app, "/Users", "userName eq \"bjensen@contoso.example\"").await, 0);
        let anew = app.post("/Users", bjensen()).await.expect(201).id();
        assert_ne!(anew, id, "an id is never used again (D-21)");
        assert_eq!(office.deleted(Kind::User).await, [], "and nothing of the one that was deleted is kept");
    }

    /// Shows `operatorDeleteGroup` = `revive`: the group comes anew without members, until it is removed and added again.
    async fn a_deleted_group_comes_again_without_members_until_it_is_added_again(app: App) {
        let app = app.directory("contoso", "entra").await;
        let user = app.post("/Users", bjensen()).await.expect(201).id();
        let group = app.post("/Groups", guides()).await.expect(201).id();
        let add = json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": user }] }]);
        app.patch(&format!("/Groups/{group}"), add.clone()).await.expect(204);
        let office = Office::of(&app);
        office.delete(Kind::Group, &group).await;
        assert_eq!(app.get(&format!("/Users/{user}")).await.expect(200).json.get("groups"), None);

        // The next cycle: it reads the group, does not find it, and creates it from what it knows of the group itself.
        app.get(&format!("/Groups/{group}?excludedAttributes=members")).await.expect_error(404, "");
        assert_eq!(found(&app, "/Groups", "displayName eq \"Guides\"").await, 0);
        let anew = app.post("/Groups", guides()).await.expect(201).id();
        assert_eq!(app.get(&format!("/Groups/{anew}")).await.expect(200).json.get("members"), None);

        // Somebody removes the group from the application and adds it again: Entra sends all of it.
        app.send("DELETE", &format!("/Groups/{anew}"), &[], "").await.expect(204);
        let whole = app.post("/Groups", guides()).await.expect(201).id();
        app.patch(&format!("/Groups/{whole}"), add).await.expect(204);
        assert_eq!(app.get(&format!("/Groups/{whole}")).await.expect(200).text("/members/0/value"), user);
    }

    /// Shows that a user keeps its memberships while an operator has it disabled: Entra does not send them again.
    async fn a_disabled_user_keeps_its_memberships(app: App) {
        let app = app.directory("contoso", "entra").await;
        let user = app.post("/Users", bjensen()).await.expect(201).id();
        let group = app.post("/Groups", guides()).await.expect(201).id();
        let add = json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": user }] }]);
        app.patch(&format!("/Groups/{group}"), add).await.expect(204);
        Office::of(&app).disable(&user).await;
        assert_eq!(app.get(&format!("/Users/{user}")).await.expect(200).text("/groups/0/value"), group);
    }

    /// Shows that each policy is a setting of the Directory: this one has Okta's.
    async fn a_directory_takes_other_policies_than_its_profile(app: App) {
        let pairs = [("operatorDisable", "hold"), ("operatorDeleteUser", "untilReassigned")];
        let pairs = pairs.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let settings = scimd::directory::settings::Settings::of_pairs(&pairs).expect("are settings");
        let app = app.directory_with("contoso", "entra", &settings).await;
        let id = app.post("/Users", bjensen()).await.expect(201).id();
        let office = Office::of(&app);
        assert!(office.disable(&id).await.held);
        let active = json!([{ "op": "Replace", "path": "active", "value": "True" }]);
        app.patch(&format!("/Users/{id}"), active).await.expect_error(403, "");
        office.delete(Kind::User, &id).await;
        app.post("/Users", bjensen()).await.expect_error(403, "");
        // Entra unassigns by disabling.
        let inactive = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
        app.patch(&format!("/Users/{id}"), inactive).await.expect_error(404, "");
        app.post("/Users", bjensen()).await.expect(201);
    }
}
