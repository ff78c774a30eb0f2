//! A value that an attribute with `uniqueness: global` has is one resource's in all Directories, through the whole server on both back
//! ends; and nobody who is refused one learns of another Directory.

#[path = "support/app.rs"]
mod app;

use app::{Answer, App, USER};
use scimd::admin::definitions::{self, Added, File, Timing};
use scimd::admin::transfer::{Export, Target, check, import};
use scimd::admin::{AdminError, deletion};
use scimd::config::{Config, Sources};
use scimd::directory::Limits;
use scimd::store::DefinitionKind;
use serde_json::{Value, json};
use std::time::Duration;

const BADGE: &str = "urn:example:scim:schemas:extension:badge:1.0:User";

/// No requests are on the way while schemas change.
const TIMING: Timing = Timing::After(Duration::ZERO);

/// An extension of User whose `number` is as unique as that.
fn schema(uniqueness: &str) -> Value {
    let attributes = json!([{ "name": "number", "uniqueness": uniqueness }, { "name": "colour" }]);
    json!({ "id": BADGE, "name": "Badge", "extends": ["User"], "attributes": attributes })
}

async fn give_schema(app: &App, uniqueness: &str) -> Result<Added, AdminError> {
    definitions::add(&app.operator(), &app.row().await, DefinitionKind::Schema, &schema(uniqueness).to_string(), TIMING).await
}

/// A client of a Directory of this name whose users have badges.
async fn directory(app: &App, name: &str, uniqueness: &str) -> App {
    let client = app.directory(name, "generic").await;
    give_schema(&client, uniqueness).await.expect("is accepted");
    client.fresh().await
}

fn user(user_name: &str, number: &str) -> Value {
    json!({ "schemas": [USER, BADGE], "userName": user_name, BADGE: { "number": number } })
}

async fn create(client: &App, user_name: &str, number: &str) -> Answer {
    client.post("/Users", user(user_name, number)).await
}

/// What is refused says just this, whoever has the value.
#[track_caller]
fn assert_taken(answer: &Answer) {
    assert_eq!(answer.status, 409, "{:#}", answer.json);
    let detail = format!("another resource already has this {BADGE}:number");
    let error = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "409", "scimType": "uniqueness", "detail": detail
    });
    assert_eq!(answer.json, error);
}

/// The text of an export of the client's Directory.
async fn export(client: &App) -> String {
    let mut export = Export::begin(&client.operator(), &client.row().await.name, false).await.expect("begins");
    let mut text = String::new();
    while let Some(lines) = export.next().await.expect("goes on") {
        text.push_str(&lines);
    }
    text
}

/// Imports a file into a Directory that is created by it.
async fn import_as(app: &App, name: &str, text: &str) -> Result<(), AdminError> {
    let limits = Limits::from(&Config::load(&Sources::default()).expect("the defaults are valid"));
    let target = Target::find(&*app.store, name, true).await?;
    let checked = check(&app.operator(), &target, &mut text.as_bytes(), &limits, &mut |_| ()).await?;
    import(&app.operator(), &target, &checked, &mut text.as_bytes(), &limits, &mut |_| ()).await.map(drop)
}

on_both_back_ends! {
    /// Shows S-7-23 of POST, and that a value is free again with its holder.
    async fn a_global_value_of_another_directory_is_refused_as_one_of_the_same(app: App) {
        let (acme, globex) = (directory(&app, "acme", "global").await, directory(&app, "globex", "global").await);
        let holder = create(&acme, "bjensen", "7").await.expect(201).id();
        for client in [&acme, &globex] {
            assert_taken(&create(client, "jsmith", "7").await);
        }
        assert_eq!(globex.get("/Users").await.at("/totalResults"), 0);
        create(&globex, "bjensen", "8").await.expect(201);
        acme.delete(&format!("/Users/{holder}")).await.expect(204);
        create(&globex, "jsmith", "7").await.expect(201);
        assert_taken(&create(&acme, "bjensen", "7").await);
    }

    /// Shows S-7-23 of PUT, PATCH and bulk.
    async fn a_global_value_of_another_directory_is_refused_to_a_resource_that_exists(app: App) {
        let (acme, globex) = (directory(&app, "acme", "global").await, directory(&app, "globex", "global").await);
        let holder = create(&acme, "bjensen", "7").await.expect(201).id();
        let id = create(&globex, "jsmith", "8").await.expect(201).id();
        let path = format!("/Users/{id}");
        assert_taken(&globex.put(&path, user("jsmith", "7")).await);
        let set = json!([{ "op": "replace", "path": format!("{BADGE}:number"), "value": "7" }]);
        assert_taken(&globex.patch(&path, set.clone()).await);
        assert_eq!(globex.get(&path).await.at(&format!("/{BADGE}/number")), "8");
        globex.put(&path, user("jsmith", "8")).await.expect(200);
        let bulk = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "a", "data": user("taken", "7") },
            { "method": "POST", "path": "/Users", "bulkId": "b", "data": user("free", "9") },
        ] });
        let answer = globex.post("/Bulk", bulk).await.expect(200);
        assert_eq!(["0", "1"].map(|place| answer.text(&format!("/Operations/{place}/status"))), ["409", "201"]);
        assert_eq!(answer.at("/Operations/0/response/scimType"), "uniqueness");
        acme.patch(&format!("/Users/{holder}"), json!([{ "op": "remove", "path": BADGE }])).await.expect(200);
        globex.patch(&path, set).await.expect(200);
    }

    /// Shows S-7-23 of two requests at the same time.
    async fn of_two_directories_that_take_one_global_value_at_once_one_gets_it(app: App) {
        let (acme, globex) = (directory(&app, "acme", "global").await, directory(&app, "globex", "global").await);
        for number in 0..10 {
            let (name, number) = (format!("user-{number}"), number.to_string());
            let (ours, theirs) = tokio::join!(create(&acme, &name, &number), create(&globex, &name, &number));
            let (won, lost) = if ours.status == 201 { (ours, theirs) } else { (theirs, ours) };
            won.expect(201);
            assert_taken(&lost);
        }
    }

    /// Shows S-7-22: a value is reserved in all Directories by those alone whose schema has it global.
    async fn a_value_that_is_unique_on_its_server_is_every_directorys_own(app: App) {
        let acme = directory(&app, "acme", "global").await;
        create(&acme, "bjensen", "7").await.expect(201);
        for name in ["globex", "initech"] {
            let client = directory(&app, name, "server").await;
            create(&client, "bjensen", "7").await.expect(201);
            assert_taken(&create(&client, "jsmith", "7").await);
        }
    }

    /// Shows that a schema whose values another Directory has is refused with their number and nothing else, and that a value is free
    /// again when it need not be global any more.
    async fn a_schema_that_another_directory_contradicts_is_refused(app: App) {
        let acme = directory(&app, "acme", "global").await;
        for number in ["7", "8"] {
            create(&acme, &format!("user-{number}"), number).await.expect(201);
        }
        for uniqueness in ["none", "server"] {
            let globex = directory(&app, &format!("globex-{uniqueness}"), uniqueness).await;
            for number in ["7", "8", "9"] {
                create(&globex, &format!("user-{number}"), number).await.expect(201);
            }
            let revision = globex.row().await.schema_revision;
            let refused = give_schema(&globex, "global").await.expect_err("is refused").to_string();
            assert_eq!(globex.row().await.schema_revision, revision, "nothing was tried");
            let problem = "2 resources of type User have a value that another one has, which must be unique";
            assert!(refused.contains(&format!("{BADGE}:number: {problem}")), "{refused}");
            assert!(!refused.contains("acme"), "{refused}");
            let globex = globex.fresh().await;
            assert_eq!(globex.get(&format!("/Schemas/{BADGE}")).await.at("/attributes/0/uniqueness"), uniqueness);
            create(&globex, "another", "10").await.expect(201);
        }
        create(&acme, "user-9", "9").await.expect(201);
        assert_eq!(give_schema(&acme, "server").await.expect("asks for less").applied.built, 1);
        let initech = directory(&app, "initech", "none").await;
        create(&initech, "user-7", "7").await.expect(201);
        assert_eq!(give_schema(&initech, "global").await.expect("nobody has it").applied.built, 1);
        assert_taken(&create(&directory(&app, "umbrella", "global").await, "user-7", "7").await);
        give_schema(&initech, "none").await.expect("asks for less");
        give_schema(&acme, "global").await.expect("nobody has them");
    }

    /// Shows that of Directories that begin to hold an attribute to it together, so that none has such values before, those that contradict
    /// each other keep it from all.
    async fn a_schema_of_every_directory_that_contradicts_itself_is_refused(app: App) {
        let provide = async |uniqueness: &str| {
            let file = File { name: "badge.json".into(), text: schema(uniqueness).to_string() };
            definitions::provide(&app.operator(), &[file], TIMING).await
        };
        provide("server").await.expect("is accepted");
        let (acme, globex) = (app.directory("acme", "generic").await, app.directory("globex", "generic").await);
        for client in [&acme, &globex] {
            create(client, "bjensen", "7").await.expect(201);
        }
        let refused = provide("global").await.expect_err("is refused").to_string();
        let problem = "1 resource of type User has a value that another one has, which must be unique";
        assert!(refused.contains(&format!("Directory globex: {BADGE}:number: {problem}")), "{refused}");
        assert!(!refused.contains("acme"), "{refused}");
        let (acme, globex) = (acme.fresh().await, globex.fresh().await);
        for client in [&acme, &globex] {
            create(client, "jsmith", "8").await.expect(201);
        }
        for user in globex.get("/Users").await.at("/Resources").as_array().expect("a list") {
            globex.delete(&format!("/Users/{}", user["id"].as_str().expect("an id"))).await.expect(204);
        }
        provide("global").await.expect("nobody has them twice");
        assert_taken(&create(&globex.fresh().await, "bjensen", "7").await);
    }

    /// Shows that an import takes no value from another Directory, and writes nothing.
    async fn an_import_of_a_global_value_that_is_taken_is_refused(app: App) {
        let acme = directory(&app, "acme", "global").await;
        let mut ids = Vec::new();
        for number in ["7", "8"] {
            ids.push(create(&acme, &format!("user-{number}"), number).await.expect(201).id());
        }
        let text = export(&acme).await;
        acme.delete(&format!("/Users/{}", ids[0])).await.expect(204);
        let refused = import_as(&app, "copy", &text).await.expect_err("is refused");
        let AdminError::Line { line, problem } = refused else { unreachable!("{refused}") };
        assert_eq!((line, problem), (4, format!("{BADGE}:number: another resource has this value, which is unique")));
        assert!(scimd::admin::directories::find(&*app.store, "copy").await.is_err(), "nothing was written");
        acme.delete(&format!("/Users/{}", ids[1])).await.expect(204);
        import_as(&app, "copy", &text).await.expect("nobody has them");
        assert_taken(&create(&acme.fresh().await, "bjensen", "8").await);
    }

    /// Shows that the values of a Directory are free when it is gone.
    async fn a_directory_that_goes_leaves_its_global_values(app: App) {
        let (acme, globex) = (directory(&app, "acme", "global").await, directory(&app, "globex", "global").await);
        create(&acme, "bjensen", "7").await.expect(201);
        let deleting = deletion::begin(&app.operator(), &acme.row().await).await.expect("begins");
        deletion::finish(&app.operator(), &deleting).await.expect("finishes");
        create(&globex, "bjensen", "7").await.expect(201);
    }
}
