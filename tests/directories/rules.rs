//! Settings and profiles that change while there is data.

use crate::app::{App, GROUP, USER};
use crate::on_both_back_ends;
use scimd::admin::definitions::{self, Timing, Tried};
use scimd::admin::directories::{self, Edit};
use scimd::admin::operator::Act;
use scimd::admin::{AdminError, Operator};
use scimd::clock::SystemClock;
use scimd::directory::settings::Settings;
use scimd::store::operator::Operation;
use scimd::store::{DirectoryRow, StoreError};
use serde_json::{Value, json};
use std::time::Duration;

fn unique_groups(unique: bool) -> Edit {
    let settings = Settings { unique_group_display_name: Some(unique), tokens_max: Some(1_000), ..Settings::default() };
    Edit { settings: Some(settings), ..Edit::default() }
}

async fn edit(app: &App, edit: Edit) -> Result<DirectoryRow, AdminError> {
    directories::edit(&app.operator(), &app.row().await, edit).await
}

fn group(name: &str) -> Value {
    json!({ "schemas": [GROUP], "displayName": name })
}

on_both_back_ends! {
    /// Shows that stored groups with one name are found before names become unique, with their number, and that nothing changes then.
    async fn what_would_be_unique_is_looked_for_before_it_is(app: App) {
        let app = app.directory("acme", "generic").await;
        for name in ["Staff", "staff", "STAFF", "Sales"] {
            app.group(name, &[]).await;
        }
        let before = app.row().await;
        for attempt in [unique_groups(true), Edit { provider: Some("okta".to_owned()), ..Edit::default() }] {
            let refused = edit(&app, attempt).await.expect_err("two groups too many");
            let AdminError::Contradicted(faults) = refused else { panic!("{refused:?}") };
            let faults: Vec<String> = faults.0.iter().map(ToString::to_string).collect();
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert!(faults[0].contains("displayName") && faults[0].contains("2 resources of type Group"), "{faults:?}");
            assert_eq!(app.row().await, before);
        }
        app.post("/Groups", group("staff")).await.expect(201);
    }

    /// Shows that names of groups that are there already count once they are unique, by a setting or by a profile, and no more when they
    /// are not.
    async fn what_becomes_unique_is_so_for_what_is_there(app: App) {
        let app = app.directory("acme", "generic").await;
        let staff = app.group("Staff", &[]).await;
        let plain = Settings { tokens_max: Some(1_000), ..Settings::default() };
        for (there, back) in [
            (unique_groups(true), unique_groups(false)),
            (Edit { provider: Some("okta".to_owned()), settings: Some(plain), ..Edit::default() }, unique_groups(false)),
        ] {
            edit(&app, there).await.expect("no name is there twice");
            let client = app.fresh().await;
            client.post("/Groups", group("staff")).await.expect_error(409, "uniqueness");
            client.filter("/Groups", "displayName eq \"STAFF\"").await.expect(200);
            // The rows are those that the group takes along when it changes its name.
            let renamed = json!([{ "op": "replace", "path": "displayName", "value": "Crew" }]);
            client.patch(&format!("/Groups/{staff}"), renamed).await.expect(204);
            let other = client.post("/Groups", group("Staff")).await.expect(201).id();
            client.delete(&format!("/Groups/{other}")).await.expect(204);
            let again = json!([{ "op": "replace", "path": "displayName", "value": "Staff" }]);
            client.patch(&format!("/Groups/{staff}"), again).await.expect(204);

            edit(&app, back).await.expect("fewer rules");
            let client = app.fresh().await;
            let twin = client.post("/Groups", group("staff")).await.expect(201).id();
            client.delete(&format!("/Groups/{twin}")).await.expect(204);
        }
    }

    /// Shows the same for externalId, in each type for itself.
    async fn an_external_id_becomes_unique_for_what_is_there(app: App) {
        let app = app.directory("acme", "generic").await;
        let user = |name: &str, id: &str| json!({ "schemas": [USER], "userName": name, "externalId": id });
        let unique = || Edit {
            settings: Some(Settings { unique_external_id: Some(true), tokens_max: Some(1_000), ..Settings::default() }),
            ..Edit::default()
        };
        app.post("/Groups", json!({ "schemas": [GROUP], "displayName": "G", "externalId": "E1" })).await.expect(201);
        app.post("/Users", user("a", "E1")).await.expect(201);
        let twin = app.post("/Users", user("b", "E1")).await.expect(201).id();
        let refused = edit(&app, unique()).await.expect_err("a twin");
        assert!(refused.to_string().contains("1 resource of type User"), "{refused}");
        app.delete(&format!("/Users/{twin}")).await.expect(204);
        edit(&app, unique()).await.expect("no twin");
        let client = app.fresh().await;
        client.post("/Users", user("c", "E1")).await.expect_error(409, "uniqueness");
        client.post("/Users", user("c", "E2")).await.expect(201);
    }

    /// Shows that a change that the index cannot carry out is taken back: it tells values apart by their first 1,024 bytes.
    async fn what_the_index_cannot_hold_is_taken_back(app: App) {
        let app = app.directory("acme", "generic").await;
        let long = "x".repeat(1_100);
        app.group(&format!("{long}1"), &[]).await;
        app.group(&format!("{long}2"), &[]).await;
        let refused = edit(&app, unique_groups(true)).await.expect_err("the index has them twice");
        assert!(matches!(refused, AdminError::Contradicted(_)), "{refused:?}");
        assert_eq!(Settings::of(&app.row().await).expect("reads").unique_group_display_name, None);
        let client = app.fresh().await;
        client.post("/Groups", group(&format!("{long}3"))).await.expect(201);
        client.post("/Groups", group(&format!("{long}3"))).await.expect(201);
        assert_eq!(app.store.definitions(Some(app.row().await.id), 10).await.expect("reads"), [], "nothing is left to build");
    }

    /// Shows that a server that starts finishes what one that was killed has begun.
    async fn an_interrupted_change_of_rules_is_finished(app: App) {
        let app = app.directory("acme", "generic").await;
        app.group("Staff", &[]).await;
        let row = app.row().await;
        let building = vec![("Group/displayName".to_owned(), r#"["Group","displayName"]"#.to_owned())];
        let settings = r#"{"uniqueGroupDisplayName":true,"tokensMax":1000}"#.to_owned();
        let operator: Operator<'_> = app.operator();
        let act = || Act { name: "directory.edit", ..Act::default() };
        // Who lost a race leaves nothing to build.
        let late = DirectoryRow { settings: settings.clone(), revision: row.revision - 1, ..row.clone() };
        let lost = operator.act(act(), Operation::ChangeRules { directory: late, building: building.clone() }).await;
        assert!(matches!(lost, Err(StoreError::VersionConflict)), "{lost:?}");
        assert_eq!(app.store.definitions(Some(row.id), 10).await.expect("reads"), []);
        let directory = DirectoryRow { settings, ..row };
        operator.act(act(), Operation::ChangeRules { directory, building }).await.expect("in force");
        // Killed here.
        let timing = Timing::After(Duration::ZERO);
        let applied = definitions::resume(&*app.store, &SystemClock, timing, &mut Tried::default()).await.expect("goes on");
        assert_eq!((applied.built, applied.unfinished), (1, vec![]));
        app.fresh().await.post("/Groups", group("staff")).await.expect_error(409, "uniqueness");
    }
}
