//! A Directory goes out and comes in: on SQLite, on PostgreSQL, and from one to the other.
#![allow(clippy::duplicate_mod, reason = "each kind of support has a database of its own")]
#![expect(clippy::panic, reason = "tests fail by panicking")]

#[path = "support/app.rs"]
mod app;
#[path = "support/transfer/file.rs"]
mod file;
#[path = "support/transfer/hostile.rs"]
mod hostile;
#[path = "support/transfer/interrupted.rs"]
mod interrupted;
#[path = "support/process.rs"]
mod process;
#[path = "support/transfer/resumed.rs"]
mod resumed;

use app::{App, GROUP, USER};
use file::content;
use scimd::admin::definitions::{self, Timing};
use scimd::admin::tokens::{self, Wanted};
use scimd::admin::transfer::import::Done;
use scimd::admin::transfer::{Checked, Export, Target, check, import};
use scimd::admin::{AdminError, deletion, directories};
use scimd::config::{Config, Sources};
use scimd::directory::Limits;
use scimd::directory::settings::Settings;
use scimd::scim::quirks::DeletePolicy;
use scimd::store::audit::AuditFilter;
use scimd::store::{DefinitionKind, DirectoryStatus};
use serde_json::{Value, json};
use std::time::Duration;

/// An extension with a value that nobody reads again.
const BADGE: &str = "urn:example:params:scim:schemas:badge:2.0:User";
const PIN: &str = "4711-pin";
const CODE: &str = "0815-code";
const PASSWORD: &str = "Mellon-speak-friend";

fn limits() -> Limits {
    Limits::from(&Config::load(&Sources::default()).expect("the defaults are valid"))
}

/// The text of an export.
async fn export(app: &App, name: &str, secrets: bool) -> String {
    let mut export = Export::begin(&app.operator(), name, secrets).await.expect("begins");
    let text = rest(&mut export).await;
    export.end(&app.operator()).await.expect("ends");
    text
}

async fn rest(export: &mut Export) -> String {
    let mut text = String::new();
    while let Some(lines) = export.next().await.expect("goes on") {
        text.push_str(&lines);
    }
    text
}

/// Looks at a file that is for the Directory called `name`.
async fn check_text(app: &App, name: &str, create: bool, text: &str) -> Result<(Target, Checked), AdminError> {
    let target = Target::find(&*app.store, name, create).await?;
    let checked = check(&app.operator(), &target, &mut text.as_bytes(), &limits(), &mut |_| ()).await?;
    Ok((target, checked))
}

/// Imports a file into the Directory called `name`.
async fn import_text(app: &App, name: &str, create: bool, text: &str) -> Result<Done, AdminError> {
    let (target, checked) = check_text(app, name, create, text).await?;
    import(&app.operator(), &target, &checked, &mut text.as_bytes(), &limits(), &mut |_| ()).await
}

/// A client of a Directory that is there.
async fn client(app: &App, name: &str) -> App {
    let row = directories::find(&*app.store, name).await.expect("is there");
    let token = tokens::create(&app.operator(), &row, Wanted::default()).await.expect("creates");
    let mut client = app.clone();
    client.base = format!("/directories/{name}/scim/v2");
    client.token = token.secret.expose().to_owned();
    client
}

/// A Directory `source` with all that an export can hold.
async fn fill(app: &App) -> App {
    let settings = Settings::of_json(json!({ "uniqueExternalId": true, "sensitive": ["phoneNumbers"] })).expect("good");
    let source = app.directory_with("source", "okta", &settings).await;
    let schema = json!({
        "id": BADGE, "name": "Badge", "extends": ["User"],
        "attributes": [
            { "name": "colour", "type": "string", "multiValued": false, "indexed": true },
            { "name": "pin", "type": "string", "multiValued": false, "returned": "never", "mutability": "writeOnly" },
            { "name": "lock", "type": "complex", "multiValued": false, "subAttributes": [
                { "name": "label", "type": "string", "multiValued": false },
                { "name": "code", "type": "string", "multiValued": false, "returned": "never", "mutability": "writeOnly" }
            ] }
        ]
    });
    let row = source.row().await;
    let timing = Timing::After(Duration::ZERO);
    definitions::add(&app.operator(), &row, DefinitionKind::Schema, &schema.to_string(), timing).await.expect("adds");
    let source = source.fresh().await;
    let mut users = Vec::new();
    for number in 0..3 {
        let body = json!({
            "schemas": [USER, BADGE], "userName": format!("user-{number}"), "externalId": format!("E{number}"),
            "displayName": format!("Line \u{85}\u{2028} {number}"), "password": PASSWORD,
            "emails": [{ "value": format!("user-{number}@example.com"), "type": "work", "primary": true }],
            BADGE: { "colour": "blue", "pin": PIN, "lock": { "label": "front", "code": CODE } }
        });
        users.push(source.post("/Users", body).await.expect(201).id());
    }
    source
        .patch(&format!("/Users/{}", users[0]), json!([{ "op": "replace", "path": "title", "value": "Boss" }]))
        .await
        .expect(200);
    let inner = source.group("Inner", &[&users[0], &users[1]]).await;
    source.group("Outer", &[&inner, &users[2]]).await;
    source
}

/// Exports from one server, imports to the other, and looks at what arrived.
async fn goes_across(from: App, to: App) {
    let source = fill(&from).await;
    let text = export(&from, "source", true).await;
    assert!(text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{text}");
    let done = import_text(&to, "copy", true, &text).await.expect("imports");
    assert_eq!(done, Done { created: 5, passed_over: 0, members: 4 });

    assert_eq!(content(&export(&to, "copy", true).await), content(&text), "all of it is the same");
    let row = directories::find(&*to.store, "copy").await.expect("is there");
    assert_eq!((row.provider.as_str(), row.protected), ("okta", false));
    assert_eq!(Settings::of(&row).expect("settings").unique_external_id, Some(true));

    let copy = client(&to, "copy").await;
    copy.filter("/Users", "phoneNumbers pr").await.expect_error(403, "sensitive");
    let user = |answer: app::Answer| answer.json["Resources"][0].clone();
    for filter in ["userName eq \"USER-0\"", "displayName co \"ine\" and title eq \"Boss\"", "externalId eq \"E0\"", "title pr"] {
        let (there, here) = (source.filter("/Users", filter).await, copy.filter("/Users", filter).await);
        assert_eq!(here.at("/totalResults"), &json!(1), "{filter}: {:#}", here.json);
        let (mut there, mut here) = (user(there), user(here));
        assert_eq!(here["meta"]["version"], json!("W/\"2\""));
        // The addresses differ by the Directory, and the rest does not.
        for resource in [&mut there, &mut here] {
            resource["meta"]["location"].take();
            resource["groups"].as_array_mut().expect("groups").iter_mut().for_each(|group| drop(group["$ref"].take()));
        }
        assert_eq!(here, there, "{filter}");
    }
    assert_eq!(copy.get("/Users?count=0").await.at("/totalResults"), &json!(3));
    assert_eq!(copy.filter("/Users", &format!("{BADGE}:colour eq \"blue\"")).await.at("/totalResults"), &json!(3));
    copy.post("/Users", json!({ "schemas": [USER], "userName": "User-1" })).await.expect_error(409, "uniqueness");
    copy.post("/Users", json!({ "schemas": [USER], "userName": "new", "externalId": "E1" }))
        .await
        .expect_error(409, "uniqueness");
    let groups = copy.filter("/Groups", "displayName eq \"outer\"").await;
    assert_eq!(groups.at("/Resources/0/members").as_array().map(Vec::len), Some(2));
    copy.post("/Groups", json!({ "schemas": [GROUP], "displayName": "Fresh" })).await.expect(201);
}

/// Shows E7: crosswise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_sqlite_to_sqlite() {
    goes_across(App::on_sqlite().await, App::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_sqlite_to_postgres() {
    goes_across(App::on_sqlite().await, App::on_postgres().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_postgres_to_sqlite() {
    goes_across(App::on_postgres().await, App::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_postgres_to_postgres() {
    goes_across(App::on_postgres().await, App::on_postgres().await).await;
}

/// The acts of the record that begin so, the oldest first, each with what it says.
async fn acts(app: &App, act: &str) -> Vec<(String, Value)> {
    let filter = AuditFilter { act: (!act.is_empty()).then(|| act.to_owned()), ..AuditFilter::default() };
    let mut rows = app.store.audit(&filter, None, 100).await.expect("answers");
    rows.reverse();
    rows.into_iter().map(|row| (row.act, serde_json::from_str(&row.after.unwrap_or_default()).unwrap_or_default())).collect()
}

on_both_back_ends! {
    async fn an_export_holds_no_secret_unless_it_is_asked_for(app: App) {
        let source = fill(&app).await;
        let text = export(&app, "source", false).await;
        for secret in ["argon2", PIN, CODE, PASSWORD, "scimd_", source.token.as_str()] {
            assert!(!text.contains(secret), "the export holds {secret}");
        }
        let begin: Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
        assert_eq!(begin["leftOut"], json!([format!("User {BADGE}:pin"), format!("User {BADGE}:lock.code")]), "it says what it lacks");
        assert_eq!(begin["passwordHashes"], json!(false));
        assert_eq!(import_text(&app, "copy", true, &text).await.expect("imports").created, 5);
        assert_eq!(content(&export(&app, "copy", true).await), content(&text), "nothing came that is not in the file");

        let text = export(&app, "source", true).await;
        for secret in ["$argon2id$", PIN, CODE] {
            assert_eq!(text.matches(secret).count(), 3, "{secret}");
        }
        for secret in [PASSWORD, "scimd_", source.token.as_str()] {
            assert!(!text.contains(secret), "the export holds {secret}");
        }
    }

    async fn exports_and_imports_are_on_record(app: App) {
        fill(&app).await;
        let text = export(&app, "source", false).await;
        export(&app, "source", true).await;
        import_text(&app, "copy", true, &text).await.expect("imports");
        let resources = json!({ "Group": 2, "User": 3 });
        let exports = acts(&app, "export.").await;
        let names: Vec<&str> = exports.iter().map(|(act, _)| act.as_str()).collect();
        assert_eq!(names, ["export.begin", "export.end", "export.begin", "export.end"]);
        assert_eq!(exports[0].1, json!({ "passwordHashes": false }));
        assert_eq!(exports[2].1, json!({ "passwordHashes": true }));
        assert_eq!((&exports[1].1["resources"], &exports[1].1["members"]), (&resources, &json!(4)));
        let imports = acts(&app, "import.").await;
        assert_eq!((imports[0].0.as_str(), &imports[0].1["resources"]), ("import.begin", &resources));
        assert_eq!(imports[1], ("import.end".into(), json!({ "created": 5, "passedOver": 0, "members": 4 })));
    }

    async fn what_happens_during_an_export_is_not_in_it(app: App) {
        let source = fill(&app).await;
        let before = export(&app, "source", false).await;
        let mut running = Export::begin(&app.operator(), "source", false).await.expect("begins");
        let users = source.get("/Users").await;
        let (first, last) = (users.text("/Resources/0/id"), users.text("/Resources/2/id"));
        source.patch(&format!("/Users/{last}"), json!([{ "op": "replace", "path": "title", "value": "Late" }])).await.expect(200);
        source.delete(&format!("/Users/{first}")).await.expect(204);
        let late = source.user("late").await;
        source.group("Late", &[&late]).await;
        assert_eq!(content(&rest(&mut running).await), content(&before));
    }

    async fn an_export_and_an_import_need_no_more_connections_than_one(app: App) {
        fill(&app).await;
        let narrow = app.reopened(|config| {
            config.database.reader_connections = 1;
            config.database.connections_max = 1;
        });
        let narrow = narrow.await;
        let text = export(&narrow, "source", false).await;
        import_text(&narrow, "copy", true, &text).await.expect("imports");
        assert_eq!(content(&export(&narrow, "copy", false).await), content(&text));
    }

    async fn a_second_import_of_the_same_file_changes_nothing(app: App) {
        fill(&app).await;
        let text = export(&app, "source", true).await;
        import_text(&app, "copy", true, &text).await.expect("imports");
        let events = app.events().await;
        let again = import_text(&app, "copy", false, &text).await.expect("imports");
        assert_eq!(again, Done { created: 0, passed_over: 5, members: 4 });
        assert_eq!(app.events().await, events);
        assert_eq!(content(&export(&app, "copy", true).await), content(&text));
    }

    async fn what_is_otherwise_by_now_ends_an_import_with_its_line(app: App) {
        fill(&app).await;
        let text = export(&app, "source", false).await;
        import_text(&app, "copy", true, &text).await.expect("imports");
        let copy = client(&app, "copy").await;
        let id = copy.filter("/Users", "userName eq \"user-1\"").await.text("/Resources/0/id");
        copy.patch(&format!("/Users/{id}"), json!([{ "op": "replace", "path": "title", "value": "New" }])).await.expect(200);
        let line = text.lines().position(|line| line.contains("\"userName\":\"user-1\"")).expect("a line") + 1;
        let error = import_text(&app, "copy", false, &text).await.expect_err("it differs").to_string();
        assert!(error.starts_with(&format!("line {line}: id: ")) && !error.contains("user-1"), "{error}");
        assert_eq!(copy.get(&format!("/Users/{id}")).await.text("/title"), "New", "what is there stays");
    }

    /// Shows that nothing is left of the end of a resource that an import brings back, and that it can end again.
    async fn what_was_deleted_comes_back_under_its_id_and_can_be_deleted_again(app: App) {
        let keeping = Settings { delete_policy: Some(DeletePolicy::Disable), ..Settings::default() };
        let source = app.directory_with("source", "generic", &keeping).await;
        let path = format!("/Users/{}", source.user("ann").await);
        let text = export(&app, "source", false).await;
        let directory = source.row().await.id;
        let buried = async || app.store.tombstones(directory, "User", None, 10).await.expect("answers").len();
        for _ in 0..2 {
            source.delete(&path).await.expect(204);
            assert_eq!(buried().await, 1);
            assert_eq!(import_text(&app, "source", false, &text).await.expect("imports").created, 1);
            assert_eq!(buried().await, 0);
            source.get(&path).await.expect(200);
        }
    }

    async fn a_directory_with_other_resources_takes_no_import(app: App) {
        fill(&app).await;
        let text = export(&app, "source", false).await;
        app.user("somebody").await;
        let error = import_text(&app, "test", true, &text).await.expect_err("it is not empty").to_string();
        assert!(error.contains("it has resources"), "{error}");
        assert!(matches!(import_text(&app, "nowhere", false, &text).await, Err(AdminError::NoDirectory(_))));
    }

    async fn a_directory_is_given_schemas_only_where_it_may_be_created(app: App) {
        fill(&app).await;
        let text = export(&app, "source", false).await;
        app.directory("empty", "generic").await;
        let error = import_text(&app, "empty", false, &text).await.expect_err("it lacks a schema").to_string();
        assert!(error.contains(BADGE), "{error}");
        let (_, checked) = check_text(&app, "empty", true, &text).await.expect("it fits");
        assert_eq!(checked.differs, ["provider", "settings"]);
        let row = directories::find(&*app.store, "empty").await.expect("is there");
        let schemas = definitions::list(&*app.store, &row, DefinitionKind::Schema).await.expect("lists");
        assert!(schemas.is_empty(), "a look gives nothing");
    }

    /// Shows that a Directory that an import creates is never active or unprotected if the file has it otherwise, wherever the import ends.
    async fn a_directory_that_is_created_has_its_status_and_its_protection_at_once(app: App) {
        let begin = file::begin().replace("\"active\"", "\"disabled\"").replace("\"protected\":false", "\"protected\":true");
        import_text(&app, "copy", true, &file::sealed(&[begin, file::user(1, "bjensen")])).await.expect("imports");
        let row = directories::find(&*app.store, "copy").await.expect("is there");
        assert_eq!((row.status, row.protected), (DirectoryStatus::Disabled, true));
        let acts = acts(&app, "directory.").await;
        let (act, after) = acts.last().expect("an act");
        assert_eq!((act.as_str(), &after["name"], &after["status"]), ("directory.create", &json!("copy"), &json!("disabled")));
    }

    async fn a_directory_that_is_being_deleted_is_not_exported(app: App) {
        let source = fill(&app).await;
        deletion::begin(&app.operator(), &source.row().await).await.expect("begins");
        let refused = Export::begin(&app.operator(), "source", false).await.map(|_| ());
        assert!(matches!(refused, Err(AdminError::Gone(_))), "{refused:?}");
        assert_eq!(acts(&app, "export.").await, []);
    }

    async fn a_check_writes_nothing(app: App) {
        fill(&app).await;
        let text = export(&app, "source", false).await;
        let (events, acts_before) = (app.events().await, acts(&app, "").await.len());
        check_text(&app, "copy", true, &text).await.expect("fits");
        assert_eq!((app.events().await, acts(&app, "").await.len()), (events, acts_before));
        assert!(app.store.directory("copy").await.expect("answers").is_none());
    }
}
