//! What DELETE means, and for how long what was deleted is kept or remembered.

use super::{GROUP, Kind, Office, USER, found, parsed};
use crate::on_both_back_ends;
use scimd::admin::resources;
use scimd::clock::{Clock as _, SystemClock, Timestamp};
use scimd::directory::settings::Settings;
use scimd::scim::quirks::{DeletePolicy, OperatorDelete};
use scimd::store::Bar;
use serde_json::{Value, json};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn keeping(days: u32) -> Settings {
    Settings { delete_policy: Some(DeletePolicy::Disable), delete_retention_days: Some(days), ..Settings::default() }
}

/// A moment this many days from now.
fn in_days(days: i64) -> Timestamp {
    Timestamp(SystemClock.now().0 + days * DAY_MS)
}

on_both_back_ends! {
    /// Shows `deletePolicy` = `delete`, which is the default: nothing is kept.
    async fn a_deleted_user_leaves_nothing(app: App) {
        let id = app.user("bjensen").await;
        app.send("DELETE", &format!("/Users/{id}"), &[], "").await.expect(204);
        assert_eq!(Office::of(&app).deleted(Kind::User).await, []);
    }

    /// Shows P-3.6-05, and with it P-3.6-01, P-3.6-02, P-3.6-03, P-3.6-07: with `deletePolicy` = `disable` the user is as gone for
    /// clients as ever, and operators have it.
    async fn a_user_that_delete_disables_is_gone_for_clients_and_kept_for_operators(app: App) {
        let app = app.directory_with("keeping", "generic", &keeping(30)).await;
        let id = app.post("/Users", json!({ "schemas": [USER], "userName": "bjensen", "title": "Guide" })).await.expect(201).id();
        let group = app.group("Guides", &[&id]).await;
        let path = format!("/Users/{id}");
        app.send("DELETE", &path, &[], "").await.expect(204);

        app.get(&path).await.expect_error(404, "");
        app.put(&path, json!({ "schemas": [USER], "userName": "bjensen" })).await.expect_error(404, "");
        app.patch(&path, json!([{ "op": "replace", "path": "active", "value": true }])).await.expect_error(404, "");
        app.send("DELETE", &path, &[], "").await.expect_error(404, "");
        assert_eq!(found(&app, "/Users", "userName eq \"bjensen\"").await, 0);
        assert_eq!(*app.get("/Users").await.expect(200).at("/totalResults"), 0);
        assert_eq!(*app.get("/").await.expect(200).at("/totalResults"), 1, "the group alone");
        assert_eq!(app.get(&format!("/Groups/{group}")).await.expect(200).json.get("members"), None);
        let anew = app.user("bjensen").await;
        assert_ne!(anew, id);

        let office = Office::of(&app);
        let kept = office.deleted(Kind::User).await;
        assert_eq!(kept.len(), 1);
        assert_eq!((kept[0].id, kept[0].name.as_str(), kept[0].bar), (parsed(&id), "bjensen", Bar::No));
        assert!(kept[0].actor.is_some(), "a token deleted it");
        let shown = office.work(async |desk| resources::describe_deleted(desk, Kind::User, &kept[0])).await.expect("reads");
        assert_eq!(shown.pointer("/kept/title"), Some(&json!("Guide")));
        office.purge(Kind::User, &id).await.expect("is known");
        assert_eq!(office.deleted(Kind::User).await, []);
        let again = office.purge(Kind::User, &id).await;
        assert!(matches!(again, Err(scimd::admin::AdminError::NoUser(_))));
        let acts: Vec<String> = office.acts(&id).await.into_iter().map(|row| row.act).collect();
        assert_eq!(acts, ["user.purge"]);
        app.get(&format!("/Users/{anew}")).await.expect(200);
    }

    /// Shows that a password is not kept, nor one of another Directory seen.
    async fn what_is_kept_has_no_password_and_stays_in_its_directory(app: App) {
        let keeping = app.directory_with("keeping", "generic", &keeping(30)).await;
        let user = json!({ "schemas": [USER], "userName": "bjensen", "password": "correct horse battery" });
        let id = keeping.post("/Users", user).await.expect(201).id();
        keeping.send("DELETE", &format!("/Users/{id}"), &[], "").await.expect(204);
        let kept = Office::of(&keeping).deleted(Kind::User).await;
        assert!(!format!("{kept:?}").contains("argon2") && !format!("{kept:?}").contains("horse"));
        assert_eq!(Office::of(&app).deleted(Kind::User).await, []);
        assert!(Office::of(&app).purge(Kind::User, &id).await.is_err());
        assert_eq!(Office::of(&keeping).deleted(Kind::User).await.len(), 1);
    }

    /// Shows that what a failed bulk request takes back is not kept as if somebody had deleted it.
    async fn what_is_taken_back_is_not_kept(app: App) {
        let app = app.directory_with("keeping", "generic", &keeping(30)).await;
        let group = |name: Value, other: &str| json!({
            "schemas": [GROUP], "displayName": name, "members": [{ "value": format!("bulkId:{other}") }]
        });
        let bulk = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": [
                { "method": "POST", "path": "/Groups", "bulkId": "a", "data": group(json!("Guides"), "b") },
                { "method": "POST", "path": "/Groups", "bulkId": "b", "data": group(json!(" "), "a") }
            ]
        });
        let events = app.events().await;
        app.post("/Bulk", bulk).await.expect(200);
        assert!(app.events().await > events, "one was created, and taken back");
        assert_eq!(*app.get("/Groups").await.expect(200).at("/totalResults"), 0);
        assert_eq!(Office::of(&app).deleted(Kind::Group).await, []);
    }

    /// Shows that an operator's delete deletes, whatever DELETE does.
    async fn an_operator_deletes_for_good(app: App) {
        let app = app.directory_with("keeping", "generic", &keeping(30)).await;
        let id = app.user("bjensen").await;
        let office = Office::of(&app);
        office.delete(Kind::User, &id).await;
        assert_eq!(office.deleted(Kind::User).await, []);
    }

    /// Shows that retention deletes what DELETE disabled, by the days of each Directory.
    async fn what_is_kept_goes_when_its_retention_is_over(app: App) {
        let month = app.directory_with("month", "generic", &keeping(30)).await;
        let ever = app.directory_with("ever", "generic", &keeping(0)).await;
        for app in [&month, &ever] {
            let id = app.user("bjensen").await;
            app.send("DELETE", &format!("/Users/{id}"), &[], "").await.expect(204);
        }
        assert_eq!(resources::forget_deleted(&*app.store, in_days(29)).await.expect("forgets"), 0);
        assert_eq!(Office::of(&month).deleted(Kind::User).await.len(), 1);
        assert_eq!(resources::forget_deleted(&*app.store, in_days(31)).await.expect("forgets"), 1);
        assert_eq!(Office::of(&month).deleted(Kind::User).await, []);
        assert_eq!(Office::of(&ever).deleted(Kind::User).await.len(), 1, "0 days are for ever");
    }

    /// Shows that a bar goes with its retention too, and that more than one step's worth is forgotten.
    async fn a_bar_goes_when_its_retention_is_over(app: App) {
        let settings = Settings { operator_delete_user: Some(OperatorDelete::UntilReassigned), ..Settings::default() };
        let app = app.directory_with("barring", "generic", &settings).await;
        let id = app.user("bjensen").await;
        let office = Office::of(&app);
        office.delete(Kind::User, &id).await;
        let bjensen = json!({ "schemas": [USER], "userName": "BJensen" });
        app.post("/Users", bjensen.clone()).await.expect_error(403, "");
        assert_eq!(office.deleted(Kind::User).await[0].bar, Bar::UntilReassigned);
        assert_eq!(resources::forget_deleted(&*app.store, in_days(31)).await.expect("forgets"), 1);
        app.post("/Users", bjensen).await.expect(201);
    }
}
