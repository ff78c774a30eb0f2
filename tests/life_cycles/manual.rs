//! What belongs to operators, and what belongs to the provider.

use super::{GROUP, Kind, Office, USER, parsed, refusal};
use crate::on_both_back_ends;
use scimd::admin::resources;
use scimd::scim::ErrorKind;
use scimd::store::Source;
use serde_json::{Value, json};

on_both_back_ends! {
    /// Shows that an operator makes users and groups beside those of the provider, by the rules of the Directory's schemas.
    async fn operators_make_users_and_groups_of_their_own(app: App) {
        let office = Office::of(&app);
        let provisioned = app.user("provisioned").await;
        let manual = office.user("manual").await;
        assert_eq!(office.find(Kind::User, "MANUAL").await.source, Source::Manual);
        assert_eq!(office.find(Kind::User, &provisioned).await.source, Source::Provisioned);

        let group = office.group("Visitors").await;
        office.members(&group, &[&manual, &provisioned], &[]).await.expect("members of either source");
        let shown = app.get(&format!("/Groups/{group}")).await.expect(200);
        assert_eq!(shown.at("/members").as_array().map(Vec::len), Some(2));
        office.members(&group, &[], &[&manual]).await.expect("goes");
        assert_eq!(app.get(&format!("/Groups/{group}")).await.expect(200).text("/members/0/value"), provisioned);

        let edited = json!({ "schemas": [USER], "userName": "manual", "title": "Guest" });
        office.edit(Kind::User, &manual, edited).await.expect("is the operators'");
        assert_eq!(app.get(&format!("/Users/{manual}")).await.expect(200).text("/title"), "Guest");
        office.delete(Kind::User, &manual).await;
        app.get(&format!("/Users/{manual}")).await.expect_error(404, "");
        assert_eq!(office.deleted(Kind::User).await, []);

        let wrong = json!({ "schemas": [USER], "userName": "x", "active": "perhaps" });
        let refused = refusal(office.create(Kind::User, wrong).await);
        assert_eq!(refused.kind, ErrorKind::InvalidValue);
        let nobody = refusal(office.members(&group, &["0198a0a0-0000-7000-8000-000000000000"], &[]).await);
        assert_eq!(nobody.kind, ErrorKind::InvalidValue);
    }

    /// Shows that clients read what operators made like everything else, and neither change nor delete it, nor take its name.
    async fn clients_read_what_operators_made_and_do_not_touch_it(app: App) {
        let office = Office::of(&app);
        let (user, group) = (office.user("manual").await, office.group("Visitors").await);
        let member = app.user("provisioned").await;
        let (user_path, group_path) = (format!("/Users/{user}"), format!("/Groups/{group}"));
        assert_eq!(app.filter("/Users", "userName eq \"manual\"").await.expect(200).text("/Resources/0/id"), user);
        let before = app.get(&user_path).await.expect(200);
        assert_eq!(before.json.get("source"), None, "the source is for operators");

        let put = json!({ "schemas": [USER], "userName": "hijacked" });
        let refused = app.put(&user_path, put).await.expect_error(403, "");
        assert_eq!(refused.text("/detail"), "an operator of the server made this resource, and operators alone change it");
        app.patch(&user_path, json!([{ "op": "replace", "path": "active", "value": false }])).await.expect_error(403, "");
        app.send("DELETE", &user_path, &[], "").await.expect_error(403, "");
        let add = json!([{ "op": "add", "path": "members", "value": [{ "value": member }] }]);
        app.patch(&group_path, add.clone()).await.expect_error(403, "");
        let both = json!([add[0], { "op": "replace", "path": "displayName", "value": "Mine" }]);
        app.patch(&group_path, both).await.expect_error(403, "");
        app.put(&group_path, json!({ "schemas": [GROUP], "displayName": "Mine" })).await.expect_error(403, "");
        app.send("DELETE", &group_path, &[], "").await.expect_error(403, "");
        assert_eq!(app.get(&user_path).await.expect(200).json, before.json);
        assert_eq!(app.get(&group_path).await.expect(200).json.get("members"), None);

        app.post("/Users", json!({ "schemas": [USER], "userName": "Manual" })).await.expect_error(409, "uniqueness");
        assert_eq!(app.get(&user_path).await.expect(200).json, before.json, "there is no hijack");
        // It may be in a group of the provider's.
        let own = app.group("Provisioned", &[]).await;
        let add = json!([{ "op": "add", "path": "members", "value": [{ "value": user }] }]);
        app.patch(&format!("/Groups/{own}"), add).await.expect(204);
    }

    /// Shows that operators change nothing of what a provider made but what they may.
    async fn what_a_provider_made_is_read_only_for_operators(app: App) {
        let office = Office::of(&app);
        let (user, group) = (app.user("provisioned").await, app.group("Staff", &[]).await);
        let edit = json!({ "schemas": [USER], "userName": "provisioned", "title": "Boss" });
        let refused = refusal(office.edit(Kind::User, &user, edit).await);
        assert_eq!((refused.kind, refused.detail.as_str()), (
            ErrorKind::Forbidden,
            "the provider made this resource, and the provider alone changes it; operators may disable, enable and delete it",
        ));
        let edit = json!({ "schemas": [GROUP], "displayName": "Others" });
        assert_eq!(refusal(office.edit(Kind::Group, &group, edit).await).kind, ErrorKind::Forbidden);
        assert_eq!(refusal(office.members(&group, &[&user], &[]).await).kind, ErrorKind::Forbidden);
        assert_eq!(app.get(&format!("/Users/{user}")).await.expect(200).at("/meta/version"), "W/\"1\"");
        assert_eq!(app.get(&format!("/Groups/{group}")).await.expect(200).at("/meta/version"), "W/\"1\"");

        office.disable(&user).await;
        office.enable(&user).await;
        office.delete(Kind::User, &user).await;
        office.delete(Kind::Group, &group).await;
    }

    /// Shows that a manual user is disabled and enabled without any hold, whatever the policy: no client changes it anyway.
    async fn a_manual_user_is_disabled_and_enabled(app: App) {
        let app = app.directory("acme", "okta").await;
        let office = Office::of(&app);
        let user = office.user("manual").await;
        assert!(!office.disable(&user).await.held);
        assert_eq!(app.get(&format!("/Users/{user}")).await.expect(200).at("/active"), false);
        office.enable(&user).await;
        assert_eq!(app.get(&format!("/Users/{user}")).await.expect(200).at("/active"), true);
    }

    /// Shows that each act is on record with what it did, once, and none that was refused or changed nothing; without values.
    async fn acts_on_resources_are_on_record(app: App) {
        let office = Office::of(&app);
        let user = office.user("secret-name").await;
        office.disable(&user).await;
        office.disable(&user).await;
        office.enable(&user).await;
        office.edit(Kind::User, &user, json!({ "schemas": [USER], "userName": "secret-other" })).await.expect("edits");
        office.delete(Kind::User, &user).await;
        let rows = office.acts(&user).await;
        let acts: Vec<&str> = rows.iter().map(|row| row.act.as_str()).collect();
        assert_eq!(acts, ["user.create", "user.disable", "user.enable", "user.edit", "user.delete"]);
        assert_eq!(rows[0].actor, "test");
        let after = |row: usize| serde_json::from_str::<Value>(rows[row].after.as_deref().expect("there")).expect("JSON");
        assert_eq!(after(0)["source"], "manual");
        assert_eq!(after(1), json!({ "active": false, "held": false }));
        assert_eq!(after(3), json!({ "userName": { "redacted": "string", "length": 12 } }));
        assert_eq!(rows[4].before.as_deref(), Some(r#"{"source":"manual"}"#));
        assert!(rows.iter().all(|row| !format!("{row:?}").contains("secret")), "no value of a resource is on record");

        let (provisioned, group) = (app.user("bjensen").await, office.group("Visitors").await);
        refusal(office.edit(Kind::User, &provisioned, json!({ "schemas": [USER], "userName": "x" })).await);
        assert_eq!(office.acts(&provisioned).await, []);
        office.members(&group, &[&provisioned], &[]).await.expect("adds");
        office.members(&group, &[&provisioned], &[]).await.expect("is there already");
        let acts: Vec<String> = office.acts(&group).await.into_iter().map(|row| row.act).collect();
        assert_eq!(acts, ["group.create", "group.change-members"]);
        assert!(scimd::admin::audit::verify(&*app.store).await.expect("reads").broken.is_none());
    }

    /// Shows that what a group is called twice is not guessed at.
    async fn a_group_is_found_by_its_name_unless_two_have_it(app: App) {
        let group = app.group("Staff", &[]).await;
        let office = Office::of(&app);
        assert_eq!(office.find(Kind::Group, "staff").await.id, parsed(&group));
        app.group("Staff", &[]).await;
        let found = resources::find(&*app.store, app.row().await.id, Kind::Group, "Staff").await;
        assert!(matches!(found, Err(scimd::admin::AdminError::SeveralGroups(_))), "{found:?}");
        assert_eq!(office.find(Kind::Group, &group).await.id, parsed(&group));
    }
}
