//! The end of a Directory, while its users are active.

use crate::app::{App, GROUP, USER};
use crate::on_both_back_ends;
use scimd::admin::directories::{self, Edit};
use scimd::admin::operator::Act;
use scimd::admin::tokens::{self, Wanted};
use scimd::admin::{AdminError, Desk, Kind, deletion, resources, users};
use scimd::auth::PasswordHasher;
use scimd::config::{Config, Sources};
use scimd::directory::Limits;
use scimd::directory::settings::Settings;
use scimd::id::DirectoryId;
use scimd::scim::quirks::DeletePolicy;
use scimd::store::audit::{AuditFilter, AuditRow};
use scimd::store::operator::Operation;
use scimd::store::{DirectoryRow, DirectoryStatus, Source, StoreError};
use serde_json::{Value, json};

/// The acts on a Directory, the oldest first.
async fn record(app: &App, directory: DirectoryId) -> Vec<AuditRow> {
    let filter = AuditFilter { directory: Some(directory), ..AuditFilter::default() };
    let mut rows = app.store.audit(&filter, None, 1_000).await.expect("reads");
    rows.reverse();
    rows
}

/// What pieces of removing say together, by type.
fn removed(rows: &[AuditRow]) -> Value {
    let mut sums = serde_json::Map::new();
    for row in rows.iter().filter(|row| row.act == "directory.remove") {
        let after: Value = serde_json::from_str(row.after.as_deref().expect("counts")).expect("JSON");
        for (name, count) in after["removed"].as_object().expect("an object") {
            let sum = sums.get(name).and_then(Value::as_i64).unwrap_or(0) + count.as_i64().expect("a number");
            sums.insert(name.clone(), sum.into());
        }
    }
    Value::Object(sums)
}

/// 30 users, each in one of 3 groups.
async fn fill(app: &App) {
    let mut ids = Vec::new();
    for number in 0..30 {
        let user = json!({ "schemas": [USER], "userName": format!("user-{number}"), "displayName": "Some Body" });
        ids.push(app.post("/Users", user).await.expect(201).id());
    }
    for (number, members) in ids.chunks(10).enumerate() {
        app.group(&format!("Group {number}"), &members.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }
}

on_both_back_ends! {
    /// Shows that a Directory goes with all that is in it while its users are active: its token is refused at once for changes and
    /// within a second for all, no row of it stays in any table but on record, and the record says how many of what.
    async fn a_directory_goes_with_all_that_is_in_it(app: App) {
        app.clock.advance(0);
        let acme = app.directory("acme", "okta").await;
        fill(&acme).await;
        app.user("stays").await;
        acme.get("/Users?count=1").await.expect(200);
        let row = acme.row().await;
        let deleting = deletion::begin(&app.operator(), &row).await.expect("begins");
        assert_eq!((deleting.status, &deleting), (DirectoryStatus::Deleting, &acme.row().await));
        // The server still believes the token, but the store does not take what comes by it.
        acme.post("/Users", json!({ "schemas": [USER], "userName": "late" })).await.expect(401);
        app.clock.advance(1_000);
        acme.get("/Users").await.expect(401);
        let gone = directories::edit(&app.operator(), &deleting, Edit { display_name: Some("x".into()), ..Edit::default() }).await;
        assert!(matches!(gone, Err(AdminError::Gone(_))), "{gone:?}");

        deletion::finish(&app.operator(), &deleting).await.expect("finishes");
        assert!(matches!(directories::find(&*app.store, "acme").await, Err(AdminError::NoDirectory(_))));
        acme.get("/Users").await.expect(401);
        for (table, rows) in app.rows_of(row.id).await {
            assert!(rows == 0 || table == "audit", "{rows} rows of {table} stay");
        }
        let rows = record(&app, row.id).await;
        assert_eq!(removed(&rows), json!({ "User": 30, "Group": 3 }));
        let acts: Vec<&str> = rows.iter().map(|row| row.act.as_str()).filter(|act| act.starts_with("directory")).collect();
        assert_eq!(acts, ["directory.create", "directory.delete", "directory.remove", "directory.deleted"]);
        assert_eq!(app.get("/Users").await.expect(200).json["totalResults"], 1);

        // Another one may have its name, and has nothing of it.
        let again = app.directory("acme", "entra").await;
        assert_ne!(again.row().await.id, row.id);
        assert_eq!(again.get("/Users").await.expect(200).json["totalResults"], 0);
        acme.get("/Users").await.expect(401);
    }

    /// Shows that a deletion that was interrupted anywhere goes on at the next start, and leaves the same record.
    async fn an_interrupted_deletion_is_finished(app: App) {
        let acme = app.directory("acme", "generic").await;
        fill(&acme).await;
        let row = acme.row().await;
        deletion::begin(&app.operator(), &row).await.expect("begins");
        // A piece is as small as may be, so that each kind of row is met half-way.
        let act = || Act { name: "directory.remove", directory: Some(&row), target_name: "acme".into(), ..Act::default() };
        for limit in [1, 7, 20, 5, 1_000, 3, 2] {
            let piece = Operation::RemovePiece { directory: row.id, limit };
            let removed = app.operator().act(act(), piece).await.expect("removes");
            assert!((1..=i64::from(limit)).contains(&removed), "{removed} of {limit}");
        }
        // Killed here.
        assert_eq!(deletion::resume(&app.operator()).await.expect("goes on"), ["acme"]);
        assert!(matches!(directories::find(&*app.store, "acme").await, Err(AdminError::NoDirectory(_))));
        for (table, rows) in app.rows_of(row.id).await {
            assert!(rows == 0 || table == "audit", "{rows} rows of {table} stay");
        }
        assert_eq!(removed(&record(&app, row.id).await), json!({ "User": 30, "Group": 3 }));
        assert_eq!(deletion::resume(&app.operator()).await.expect("nothing to do"), [""; 0]);
        let again = deletion::finish(&app.operator(), &row).await;
        assert!(matches!(again, Err(AdminError::NoDirectory(_))), "{again:?}");
    }

    /// Shows that nothing is removed of a Directory that is not being deleted, and that a Directory does not go before its resources.
    async fn nothing_is_removed_of_a_directory_that_stays(app: App) {
        let acme = app.directory("acme", "generic").await;
        acme.user("ann").await;
        let row = acme.row().await;
        let act = || Act { name: "directory.remove", directory: Some(&row), ..Act::default() };
        let piece = Operation::RemovePiece { directory: row.id, limit: 10 };
        assert!(app.operator().act(act(), piece).await.is_err());
        assert!(app.operator().act(act(), Operation::DropDirectory(row.id)).await.is_err());
        deletion::begin(&app.operator(), &row).await.expect("begins");
        let refused = app.operator().act(act(), Operation::DropDirectory(row.id)).await;
        assert!(matches!(refused, Err(StoreError::VersionConflict)), "there is a user in it: {refused:?}");
        assert!(app.rows_of(row.id).await.iter().any(|(table, rows)| table == "tokens" && *rows > 0), "and nothing else is gone");
    }

    /// Shows that an operator creates nothing in a Directory that is being deleted, whether its row was read before or after.
    async fn operators_change_nothing_in_a_directory_that_is_being_deleted(app: App) {
        let acme = app.directory("acme", "generic").await;
        let ann = acme.user("ann").await;
        let before = acme.row().await;
        let after = deletion::begin(&app.operator(), &before).await.expect("begins");
        let config = Config::load(&Sources::default()).expect("the defaults are valid");
        let (limits, passwords) = (Limits::from(&config), PasswordHasher::new(&config.password));
        let operator = app.operator();
        for row in [&before, &after] {
            let desk = Desk::open(&operator, row, &limits, &passwords).await.expect("reads");
            let bob = json!({ "schemas": [USER], "userName": "bob" }).to_string();
            resources::create(&desk, Kind::User, bob.as_bytes()).await.expect_err("it takes nothing any more");
            let stored = resources::find(&*app.store, row.id, Kind::User, &ann).await.expect("is there");
            users::disable(&desk, &stored).await.expect_err("nothing changes any more");
        }
        deletion::finish(&operator, &after).await.expect("finishes");
        assert_eq!(removed(&record(&app, before.id).await), json!({ "User": 1 }));
    }

    /// Shows that a protected Directory refuses both ways to delete it, until it is not protected.
    async fn a_protected_directory_refuses_to_be_deleted(app: App) {
        let acme = app.directory("acme", "generic").await;
        acme.user("ann").await;
        let protect = |protected| Edit { protected: Some(protected), ..Edit::default() };
        let row = directories::edit(&app.operator(), &acme.row().await, protect(true)).await.expect("protects");
        let refused = deletion::begin(&app.operator(), &row).await;
        assert!(matches!(refused, Err(AdminError::Protected(_))), "{refused:?}");
        let refused = directories::set_status(&app.operator(), &row, DirectoryStatus::Deleting).await;
        assert!(matches!(refused, Err(AdminError::Protected(_))), "{refused:?}");
        let refused = deletion::disconnect(&app.operator(), &row).await;
        assert!(matches!(refused, Err(AdminError::Protected(_))), "{refused:?}");
        assert_eq!(acme.row().await, row);
        assert_eq!(acme.get("/Users").await.expect(200).json["totalResults"], 1);
        let row = directories::edit(&app.operator(), &row, protect(false)).await.expect("no more");
        deletion::begin(&app.operator(), &row).await.expect("begins");
    }

    /// Shows that a Directory can lose its provider and keep what is in it: tokens are refused at once, names of groups stay as unique as
    /// they were, the record counts what stays, and another provider can be connected.
    async fn a_directory_can_lose_its_provider_and_keep_its_users(app: App) {
        app.clock.advance(0);
        let acme = app.directory("acme", "okta").await;
        fill(&acme).await;
        let row = acme.row().await;
        acme.get("/Users?count=1").await.expect(200);
        let kept = deletion::disconnect(&app.operator(), &row).await.expect("keeps");
        assert_eq!((kept.provider.as_str(), kept.status), ("manual", DirectoryStatus::Active));
        acme.post("/Users", json!({ "schemas": [USER], "userName": "late" })).await.expect(401);
        app.clock.advance(1_000);
        acme.get("/Users").await.expect(401);
        let rows = record(&app, row.id).await;
        let last = rows.last().expect("a row");
        assert_eq!(last.act, "directory.disconnect");
        let after: Value = serde_json::from_str(last.after.as_deref().expect("counts")).expect("JSON");
        assert_eq!((&after["provider"], &after["kept"]), (&json!("manual"), &json!({ "User": 30, "Group": 3 })));

        let edit = Edit { provider: Some("entra".to_owned()), ..Edit::default() };
        directories::edit(&app.operator(), &kept, edit).await.expect("connects another");
        let again = acme.fresh().await;
        assert_eq!(again.get("/Users?count=0").await.expect(200).json["totalResults"], 30);
        again.post("/Groups", json!({ "schemas": [GROUP], "displayName": "group 1" })).await.expect_error(409, "uniqueness");
    }

    /// Shows that all of what is in a Directory is the operators' own once its provider is taken away, wherever that was interrupted; that
    /// it gets no token before, so that nothing is taken for the provider's of before; and what was deleted is forgotten.
    async fn an_interrupted_loss_of_a_provider_is_finished(app: App) {
        let settings = Settings { delete_policy: Some(DeletePolicy::Disable), ..Settings::default() };
        let acme = app.directory_with("acme", "okta", &settings).await;
        fill(&acme).await;
        for name in ["gone", "too"] {
            let id = acme.user(name).await;
            acme.delete(&format!("/Users/{id}")).await.expect(204);
        }
        let row = acme.row().await;
        let after = DirectoryRow { provider: "manual".to_owned(), ..row.clone() };
        let act = || Act { name: "directory.disconnect", directory: Some(&row), ..Act::default() };
        app.operator().act(act(), Operation::Disconnect(after)).await.expect("is in force");
        let token = tokens::create(&app.operator(), &acme.row().await, Wanted::default()).await;
        assert!(matches!(token, Err(AdminError::Changed(_))), "{token:?}");
        let piece = |limit| Operation::KeepPiece { directory: row.id, limit };
        for limit in [1, 7, 20] {
            assert_eq!(app.operator().act(act(), piece(limit)).await.expect("goes on"), i64::from(limit));
        }
        // Killed here.
        assert_eq!(deletion::resume(&app.operator()).await.expect("goes on"), ["acme"]);
        let refused = app.operator().act(act(), piece(1)).await;
        assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
        assert!(!acme.row().await.disconnecting);
        assert_eq!(deletion::resume(&app.operator()).await.expect("nothing to do"), [""; 0]);
        let mut snapshot = app.store.snapshot(row.id).await.expect("opens");
        let all = snapshot.resources(None, 100).await.expect("reads");
        assert_eq!((all.len(), all.iter().filter(|one| one.source == Source::Manual).count()), (33, 33));
        for (table, rows) in app.rows_of(row.id).await {
            assert!(rows == 0 || table != "tombstones", "{rows} are not forgotten");
        }
        let acts = record(&app, row.id).await.into_iter().filter(|row| row.act == "directory.disconnect").count();
        assert_eq!(acts, 1, "pieces are not on record");
        acme.fresh().await.get("/Users?count=0").await.expect(200);
    }
}
