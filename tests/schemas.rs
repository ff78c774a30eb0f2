//! Schemas and resource types as data, through the whole server on both back ends (D-97).

#[path = "support/app.rs"]
mod app;

use app::{App, USER};
use scimd::admin::AdminError;
use scimd::admin::definitions::{self, Added, File, Timing, Tried};
use scimd::clock::{Clock as _, SystemClock};
use scimd::id::ResourceId;
use scimd::scim::schema::Fault;
use scimd::store::audit::AuditFilter;
use scimd::store::{Bounds, Change, Commit, DefinitionChange, DefinitionKind, NewResource, Source};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::Semaphore;

const BADGE: &str = "urn:example:scim:schemas:extension:badge:1.0:User";
const DEVICE: &str = "urn:example:scim:schemas:core:1.0:Device";

/// These tests have no requests on the way while schemas change.
const TIMING: Timing = Timing::After(Duration::ZERO);

async fn add(app: &App, kind: DefinitionKind, definition: Value) -> Result<Added, AdminError> {
    definitions::add(&app.operator(), &app.row().await, kind, &definition.to_string(), TIMING).await
}

async fn add_schema(app: &App, definition: Value) -> App {
    add(app, DefinitionKind::Schema, definition).await.expect("is accepted");
    app.fresh().await
}

async fn add_type(app: &App, definition: Value) -> App {
    add(app, DefinitionKind::ResourceType, definition).await.expect("is accepted");
    app.fresh().await
}

/// An extension of User with these attributes.
fn badge(attributes: Value) -> Value {
    json!({ "id": BADGE, "name": "Badge", "extends": ["User"], "attributes": attributes })
}

async fn user_with(app: &App, user_name: &str, extension: Value) -> app::Answer {
    app.post("/Users", json!({ "schemas": [USER, BADGE], "userName": user_name, BADGE: extension })).await
}

/// Gives a schema whose command is killed as soon as the schema is in force.
async fn interrupt(app: &App, definition: Value) {
    let (row, other, text) = (app.row().await, app.clone(), definition.to_string());
    let timing = Timing::After(Duration::from_secs(600));
    let command = tokio::spawn({
        let (row, text) = (row.clone(), text.clone());
        async move { definitions::add(&other.operator(), &row, DefinitionKind::Schema, &text, timing).await }
    });
    loop {
        let rows = app.store.definitions(Some(row.id), 100).await.expect("answers");
        if rows.iter().any(|row| row.definition == text) {
            break;
        }
        tokio::task::yield_now().await;
    }
    command.abort();
    assert!(command.await.expect_err("does not end by itself").is_cancelled());
}

/// The acts on record that concern a definition, the oldest first, each with the Directory and with whether there was one before and
/// after.
async fn acts(app: &App, name: &str) -> Vec<(String, Option<String>, bool, bool)> {
    let mut rows = app.store.audit(&AuditFilter::default(), None, 500).await.expect("answers");
    rows.retain(|row| row.target == name);
    rows.reverse();
    let is = |text: Option<String>| text.is_some_and(|text| text != "null");
    rows.into_iter().map(|row| (row.act, row.directory_name, is(row.before), is(row.after))).collect()
}

/// An act of the Directory `test`.
fn act(name: &str, before: bool, after: bool) -> (String, Option<String>, bool, bool) {
    (name.to_owned(), Some("test".to_owned()), before, after)
}

/// The indexes that are recorded as being built or dropped.
async fn unfinished(app: &App) -> Vec<String> {
    let rows = app.store.definitions(Some(app.row().await.id), 100).await.expect("answers");
    rows.into_iter().filter(|row| row.kind == DefinitionKind::Building).map(|row| row.name).collect()
}

/// The faults of a refused change, one a line.
#[track_caller]
fn refusal<T: std::fmt::Debug>(refused: Result<T, AdminError>) -> String {
    refused.expect_err("is refused").to_string()
}

fn device_schema() -> Value {
    json!({ "id": DEVICE, "name": "Device", "attributes": [
        { "name": "displayName", "indexed": true },
        { "name": "active", "type": "boolean", "required": true },
        { "name": "serial", "uniqueness": "server", "caseExact": true },
        { "name": "slot", "type": "integer", "uniqueness": "server" },
        { "name": "owners", "type": "complex", "multiValued": true, "subAttributes": [
            { "name": "value", "caseExact": true },
            { "name": "$ref", "type": "reference", "referenceTypes": ["User"] },
            { "name": "type" },
            { "name": "display", "mutability": "readOnly" }
        ] }
    ] })
}

async fn with_devices(app: &App) -> App {
    add(app, DefinitionKind::Schema, device_schema()).await.expect("is accepted");
    add_type(app, json!({ "name": "Device", "schema": DEVICE, "membership": "owners" })).await
}

on_both_back_ends! {
    /// Shows S-1.1-01, S-2.2-01, S-7-06.
    async fn an_attribute_that_has_only_a_name_has_the_defaults(app: App) {
        let app = add_schema(&app, badge(json!([{ "name": "colour" }]))).await;
        let schema = app.get(&format!("/Schemas/{BADGE}")).await.expect(200);
        assert_eq!(schema.at("/attributes/0"), &json!({
            "name": "colour", "type": "string", "multiValued": false, "description": "", "required": false,
            "caseExact": false, "mutability": "readWrite", "returned": "default", "uniqueness": "none"
        }));
        let user = user_with(&app, "bjensen", json!({ "colour": "Red" })).await.expect(201);
        assert_eq!(user.at(&format!("/{BADGE}/colour")), "Red");
        let found = app.filter("/Users", &format!("{BADGE}:colour eq \"rED\"")).await.expect(200);
        assert_eq!(found.at("/totalResults"), 1);
        assert_eq!(app.get("/ResourceTypes/User").await.at("/schemaExtensions/1"), &json!({ "schema": BADGE, "required": false }));
        user_with(&app, "other", json!({})).await.expect(201);
    }

    /// Shows S-7-10, S-7-15, S-7-16, S-7-20, P-3.5.1-06, P-3.5.2-10.
    async fn characteristics_of_a_custom_attribute_hold(app: App) {
        let app = add_schema(&app, badge(json!([
            { "name": "once", "mutability": "immutable" },
            { "name": "pin", "mutability": "writeOnly" },
            { "name": "notes", "returned": "request" },
            { "name": "code", "caseExact": true }
        ]))).await;
        let user = user_with(&app, "bjensen", json!({ "pin": "1234", "notes": "n", "code": "AbC" })).await.expect(201);
        assert_eq!(user.at(&format!("/{BADGE}")), &json!({ "notes": "n", "code": "AbC" }));
        let path = format!("/Users/{}", user.id());
        assert_eq!(app.get(&path).await.at(&format!("/{BADGE}")), &json!({ "code": "AbC" }));
        let path_of = |name: &str| format!("{BADGE}:{name}");
        app.patch(&path, json!([{ "op": "add", "path": path_of("once"), "value": "a" }])).await.expect(200);
        app.patch(&path, json!([{ "op": "replace", "path": path_of("once"), "value": "b" }])).await.expect_error(400, "mutability");
        assert_eq!(app.filter("/Users", &format!("{} eq \"abc\"", path_of("code"))).await.at("/totalResults"), 0);
        assert_eq!(app.filter("/Users", &format!("{} eq \"AbC\"", path_of("code"))).await.at("/totalResults"), 1);
        let sorted = app.get(&format!("/Users?sortBy={}", path_of("code"))).await.expect(200);
        assert_eq!(sorted.at("/totalResults"), 1);
        app.filter("/Users", &format!("{} eq \"1234\"", path_of("pin"))).await.expect_error(403, "sensitive");
    }

    /// Shows S-3-06, S-3.1-01, S-3.2-01, S-7-22, P-3.2-02, P-4-04, V-2-01.
    async fn a_custom_type_is_created_found_changed_and_deleted(app: App) {
        let app = with_devices(&app).await;
        let owner = app.user("bjensen").await;
        let body = json!({ "schemas": [DEVICE], "externalId": "x", "displayName": "Phone", "active": true, "serial": "S1", "slot": 7,
            "owners": [{ "value": owner }] });
        let device = app.post("/Devices", body.clone()).await.expect(201);
        assert_eq!(device.text("/meta/resourceType"), "Device");
        assert_eq!(device.text("/externalId"), "x");
        assert_eq!(device.at("/owners/0/value"), &json!(owner));
        assert_eq!(app.get("/ResourceTypes").await.at("/totalResults"), 3);
        app.post("/Devices", json!({ "schemas": [DEVICE], "active": true, "serial": "S1" })).await.expect_error(409, "uniqueness");
        app.post("/Devices", json!({ "schemas": [DEVICE], "active": true, "slot": 7 })).await.expect_error(409, "uniqueness");
        app.post("/Devices", json!({ "schemas": [DEVICE], "displayName": "x" })).await.expect(201);
        let found = app.filter("/Devices", "displayName sw \"pho\" and slot ge 7").await.expect(200);
        assert_eq!(found.at("/Resources/0/id"), &json!(device.id()));
        let path = format!("/Devices/{}", device.id());
        app.patch(&path, json!([{ "op": "remove", "path": format!("owners[value eq \"{owner}\"]") }])).await.expect(204);
        assert_eq!(app.get(&path).await.json.get("owners"), None);
        app.put(&path, json!({ "schemas": [DEVICE], "active": false, "serial": "S2" })).await.expect(200);
        app.delete(&path).await.expect(204);
        app.get(&path).await.expect_error(404, "");
    }

    /// Shows D-97: what one Directory was given, another does not have.
    async fn a_definition_is_its_directorys_own(app: App) {
        let other = app.directory("other", "generic").await;
        with_devices(&app).await;
        other.fresh().await.get("/Devices").await.expect_error(404, "");
        other.fresh().await.get(&format!("/Schemas/{DEVICE}")).await.expect_error(404, "");
    }

    /// Shows that a change stored data contradicts is refused with numbers, and changes nothing.
    async fn stored_resources_keep_what_they_use(app: App) {
        let attributes = json!([{ "name": "colour" }, { "name": "tags", "multiValued": true }, { "name": "free" }]);
        let app = add_schema(&app, badge(attributes)).await;
        user_with(&app, "a", json!({ "colour": "Red", "tags": ["x", "y"] })).await.expect(201);
        user_with(&app, "b", json!({ "colour": "red" })).await.expect(201);
        let refused = async |attributes: Value| refusal(add(&app, DefinitionKind::Schema, badge(attributes)).await);

        let said = refused(json!([{ "name": "free" }])).await;
        assert!(said.contains(&format!("{BADGE}:colour: 2 resources of type User have a value, which would be lost")), "{said}");
        assert!(said.contains(&format!("{BADGE}:tags: 1 resource of type User has a value, which would be lost")), "{said}");
        let said = refused(json!([{ "name": "colour", "uniqueness": "server" }, { "name": "tags", "multiValued": true }])).await;
        assert!(said.contains("colour: 1 resource of type User has a value that another one has"), "{said}");
        let said = refused(json!([{ "name": "colour", "type": "boolean" }, { "name": "tags", "required": true, "multiValued": true }])).await;
        assert!(said.contains("colour: 2 resources of type User have a value, which would be of another type"), "{said}");
        assert!(said.contains("tags: 1 resource of type User has no value, which would be required"), "{said}");
        let said = refused(json!([{ "name": "colour" }, { "name": "tags" }])).await;
        assert!(said.contains("tags: 1 resource of type User has a value, which may be more than one"), "{said}");
        let row = app.row().await;
        let removed = definitions::remove(&app.operator(), &row, DefinitionKind::Schema, BADGE, TIMING).await;
        assert!(refusal(removed).contains(&format!("{BADGE}: 2 resources of type User have a value")));
        assert_eq!(app.row().await.schema_revision, row.schema_revision, "nothing was changed");

        let kept = json!([{ "name": "colour" }, { "name": "tags", "multiValued": true }]);
        add_schema(&app, badge(kept)).await;
    }

    /// Shows that a type with resources stays, and an empty one goes.
    async fn a_type_is_removed_when_it_is_empty(app: App) {
        let app = with_devices(&app).await;
        let device = app.post("/Devices", json!({ "schemas": [DEVICE], "active": true })).await.expect(201).id();
        let row = app.row().await;
        let remove = async || definitions::remove(&app.operator(), &row, DefinitionKind::ResourceType, "Device", TIMING).await;
        assert!(refusal(remove().await).contains("there is 1 resource of type Device"));
        app.delete(&format!("/Devices/{device}")).await.expect(204);
        let schema = definitions::remove(&app.operator(), &row, DefinitionKind::Schema, DEVICE, TIMING).await;
        assert!(refusal(schema).contains("there is no schema"), "the type needs it");
        remove().await.expect("is empty now");
        app.fresh().await.get("/Devices").await.expect_error(404, "");
    }

    /// Shows that an index over stored resources finds all of them, also in later batches, and holds uniqueness.
    async fn an_index_is_built_for_stored_resources(app: App) {
        let app = add_schema(&app, badge(json!([{ "name": "colour" }, { "name": "number" }]))).await;
        for number in 0..3 {
            user_with(&app, &format!("u{number}"), json!({ "colour": "red", "number": number.to_string() })).await.expect(201);
        }
        let attributes = json!([{ "name": "colour", "indexed": true }, { "name": "number", "uniqueness": "server" }]);
        let added = add(&app, DefinitionKind::Schema, badge(attributes)).await.expect("is accepted");
        assert_eq!((added.replaced, added.applied.built, added.applied.examined), (true, 2, 3));
        let app = app.fresh().await;
        let rows = app.store.definitions(Some(app.row().await.id), 100).await.expect("answers");
        assert!(rows.iter().all(|row| row.kind != DefinitionKind::Building), "{rows:?}");
        assert_eq!(app.filter("/Users", &format!("{BADGE}:colour eq \"RED\"")).await.at("/totalResults"), 3);
        user_with(&app, "u3", json!({ "number": "1" })).await.expect_error(409, "uniqueness");
        // Without uniqueness the rows are kept, and hold nobody to it.
        let attributes = json!([{ "name": "colour" }, { "name": "number", "indexed": true }]);
        let app = add_schema(&app, badge(attributes)).await;
        user_with(&app, "u4", json!({ "number": "1" })).await.expect(201);
        assert_eq!(app.filter("/Users", &format!("{BADGE}:number eq \"1\"")).await.at("/totalResults"), 2);
    }

    /// Shows S-3.3-04: who adds an extension that redefines an attribute of the core is told, by command and by file.
    async fn an_extension_that_redefines_an_attribute_is_odd(app: App) {
        let odd = badge(json!([{ "name": "colour" }, { "name": "NickName" }, { "name": "externalId" }]));
        let told = |warnings: &[Fault]| {
            let mut told: Vec<String> = warnings.iter().map(ToString::to_string).collect();
            told.sort();
            told
        };
        let expected = ["NickName", "externalId"].map(|name| {
            format!("attributes.{name}: User has an attribute of this name itself, which an extension should not redefine (RFC 7643 §3.3)")
        });
        let added = add(&app, DefinitionKind::Schema, odd.clone()).await.expect("is accepted");
        assert_eq!(told(&added.warnings), expected);
        let row = app.row().await;
        definitions::remove(&app.operator(), &row, DefinitionKind::Schema, BADGE, TIMING).await.expect("is removed");
        let file = File { name: "badge.json".into(), text: odd.to_string() };
        let (_, warnings) = definitions::provide(&app.operator(), &[file], TIMING).await.expect("is accepted");
        assert_eq!(told(&warnings), expected.map(|odd| format!("badge.json: {odd}")));
    }

    /// Shows that a type is told that no type of its members can show it.
    async fn a_type_that_nobody_shows_is_odd(app: App) {
        let app = with_devices(&app).await;
        let unshown = json!({ "name": "Device", "schema": DEVICE, "membership": "owners", "shownAs": "gadgets" });
        let added = add(&app, DefinitionKind::ResourceType, unshown).await.expect("is accepted");
        assert_eq!(added.warnings[0].to_string(), "shownAs: no type of its members has an attribute gadgets, so none shows it");
    }

    /// Shows S-2.3.1-03, S-7-09: with enforceCanonical only canonical values are accepted, in every kind of write; clients do not see
    /// the key.
    async fn canonical_values_can_be_enforced(app: App) {
        let colour = json!([{ "name": "colour", "canonicalValues": ["red", "blue"], "enforceCanonical": true }]);
        let app = add_schema(&app, badge(colour)).await;
        let strict = app.directory("strict", "strict").await;
        add(&strict, DefinitionKind::Schema, badge(json!([{ "name": "colour", "canonicalValues": ["red"] }]))).await.expect("is accepted");
        let strict = strict.fresh().await;
        user_with(&strict, "free", json!({ "colour": "green" })).await.expect(201);
        let user = user_with(&app, "one", json!({ "colour": "RED" })).await.expect(201);
        assert_eq!(user.json[BADGE]["colour"], "red");
        let refused = user_with(&app, "two", json!({ "colour": "green" })).await.expect_error(400, "invalidValue");
        assert_eq!(refused.text("/detail"), format!("{BADGE}:colour: expected one of red, blue"));
        let path = format!("/Users/{}", user.id());
        let green = json!([{ "op": "replace", "path": format!("{BADGE}:colour"), "value": "green" }]);
        app.patch(&path, green).await.expect_error(400, "invalidValue");
        let mut body = user.json.clone();
        body[BADGE]["colour"] = json!("green");
        app.put(&path, body).await.expect_error(400, "invalidValue");
        let schema = app.get(&format!("/Schemas/{BADGE}")).await.expect(200);
        assert_eq!((schema.at("/attributes/0/canonicalValues"), schema.json["attributes"][0].get("enforceCanonical")),
            (&json!(["red", "blue"]), None));
    }

    /// Shows that every server on a database has a change within a second, without a restart.
    async fn another_server_sees_a_change_within_a_second(app: App) {
        let other = app.replica();
        other.get(&format!("/Schemas/{BADGE}")).await.expect_error(404, "");
        add(&app, DefinitionKind::Schema, badge(json!([{ "name": "colour" }]))).await.expect("is accepted");
        // The time is the servers' own.
        tokio::time::sleep(Duration::from_millis(1_050)).await;
        other.get(&format!("/Schemas/{BADGE}")).await.expect(200);
        user_with(&other, "bjensen", json!({ "colour": "red" })).await.expect(201);
        assert_eq!(app.filter("/Users", &format!("{BADGE}:colour eq \"red\"")).await.at("/totalResults"), 1);
    }

    /// Shows that files are for every Directory, those that come later included, and that a Directory cannot change them.
    async fn files_are_for_every_directory(app: App) {
        let file = |text: Value| File { name: "badge.json".into(), text: text.to_string() };
        let provide = async |files: &[File]| definitions::provide(&app.operator(), files, TIMING).await;
        let schema = badge(json!([{ "name": "colour" }]));
        provide(&[file(schema.clone())]).await.expect("is accepted");
        provide(&[file(schema.clone())]).await.expect("is so already");
        assert_eq!(acts(&app, BADGE).await, [("schema.add".to_owned(), None, false, true)]);
        let later = app.directory("later", "generic").await;
        user_with(&later, "bjensen", json!({ "colour": "red" })).await.expect(201);
        assert!(refusal(add(&app, DefinitionKind::Schema, schema.clone()).await).contains("in the files of the server's configuration"));
        assert!(refusal(provide(&[]).await).contains(&format!("Directory later: {BADGE}: 1 resource of type User has a value")));
        let said = refusal(provide(&[file(badge(json!([{ "name": "1abc" }, { "name": "x", "type": "date" }])))]).await);
        assert!(said.contains("badge.json: attributes.1abc.name") && said.contains("badge.json: attributes.x.type"), "{said}");
        app.fresh().await.send("GET", &format!("/Schemas/{BADGE}"), &[("authorization", "")], "").await.expect(200);
    }

    /// Shows that `groups` shows memberships in Groups, and in custom types that say so, in answers and in filters alike.
    async fn groups_shows_memberships_in_types_that_say_so(app: App) {
        let app = with_devices(&app).await;
        let user = app.user("bjensen").await;
        let group = app.group("Guides", &[&user]).await;
        let body = json!({ "schemas": [DEVICE], "displayName": "Phone", "active": true, "owners": [{ "value": user }] });
        let device = app.post("/Devices", body).await.expect(201).id();
        let check = async |app: &App, ids: &[&String]| {
            let read = app.get(&format!("/Users/{user}")).await.expect(200);
            let mut shown: Vec<String> =
                read.at("/groups").as_array().expect("a list").iter().map(|group| group["value"].as_str().expect("an id").to_owned()).collect();
            shown.sort();
            assert_eq!(shown.iter().collect::<Vec<_>>(), ids);
            for id in [&group, &device] {
                let total = usize::from(ids.contains(&id));
                for filter in [format!("groups.value eq \"{id}\""), format!("groups[value eq \"{id}\"] and active eq true")] {
                    assert_eq!(app.filter("/Users", &filter).await.at("/totalResults"), total, "{filter}");
                }
            }
            let named = app.filter("/Users", "groups.display eq \"phone\"").await;
            assert_eq!(named.at("/totalResults"), usize::from(ids.contains(&&device)));
        };
        check(&app, &[&group]).await;
        let shown = json!({ "name": "Device", "schema": DEVICE, "membership": "owners", "shownAs": "groups" });
        let app = add_type(&app, shown).await;
        let mut both = [&group, &device];
        both.sort();
        check(&app, &both).await;
    }

    /// Shows that a change takes itself back if a server that had not seen it yet wrote what contradicts it.
    async fn a_change_that_was_overtaken_is_taken_back(app: App) {
        let app = add_schema(&app, badge(json!([{ "name": "colour" }]))).await;
        let before = app.row().await.schema_revision;
        let other = app.clone();
        let settled: &Semaphore = Box::leak(Box::new(Semaphore::new(0)));
        let change = tokio::spawn(async move {
            let (row, text) = (other.row().await, badge(json!([{ "name": "size", "indexed": true }])).to_string());
            let timing = Timing::Permitted(settled);
            definitions::add(&other.operator(), &row, DefinitionKind::Schema, &text, timing).await
        });
        while app.row().await.schema_revision == before {
            tokio::task::yield_now().await;
        }
        // What a server writes that goes by the old schema and began before the change.
        let document = json!({ "schemas": [USER, BADGE], "userName": "late", BADGE: { "colour": "red" } }).to_string();
        let late = NewResource {
            id: ResourceId::generate(),
            resource_type: "User".into(),
            keys: document.clone(),
            document,
            grams: Vec::new(),
            index: Vec::new(),
            password_hash: None,
            members: Vec::new(),
            member_types: Vec::new(),
            source: Source::Provisioned,
            match_keys: None,
            once: false,
        };
        let creation = Change::Create(Box::new(late));
        let (now, bounds) = (SystemClock.now(), Bounds::default());
        let commit = Commit { actor: None, now, basis: None, bounds, record: None, change: creation };
        app.store.commit(app.row().await.id, commit).await.expect("is created");
        // The change goes on, and takes itself back.
        settled.add_permits(100);
        let said = refusal(change.await.expect("ends"));
        assert!(said.contains(&format!("{BADGE}:colour: 1 resource of type User has a value, which would be lost")), "{said}");
        let schema = app.fresh().await.get(&format!("/Schemas/{BADGE}")).await.expect(200);
        assert_eq!(schema.text("/attributes/0/name"), "colour");
        let taken_back = [act("schema.add", false, true), act("schema.add", true, true), act("schema.add", true, true)];
        assert_eq!(acts(&app, BADGE).await, taken_back, "on record is what was in force");
    }

    /// Shows that a change comes on record in the transaction in which it comes into force.
    async fn a_change_that_was_interrupted_is_on_record(app: App) {
        let app = add_schema(&app, badge(json!([{ "name": "colour" }]))).await;
        interrupt(&app, badge(json!([{ "name": "colour", "indexed": true }]))).await;
        assert_eq!(acts(&app, BADGE).await, [act("schema.add", false, true), act("schema.add", true, true)]);
        let refused = add(&app, DefinitionKind::ResourceType, json!({ "name": "Thing", "schema": "urn:example:nowhere" })).await;
        refused.expect_err("there is no such schema");
        assert_eq!(acts(&app, "Thing").await, []);
        let row = app.row().await;
        definitions::remove(&app.operator(), &row, DefinitionKind::Schema, BADGE, TIMING).await.expect("is removed");
        assert_eq!(acts(&app, BADGE).await[2..], [act("schema.remove", true, false)]);
    }

    /// Shows that an index whose building was interrupted is finished by a server that starts, and holds uniqueness then.
    async fn an_interrupted_index_is_finished_by_a_server_that_starts(app: App) {
        let app = add_schema(&app, badge(json!([{ "name": "colour" }, { "name": "number" }]))).await;
        user_with(&app, "u", json!({ "colour": "red", "number": "1" })).await.expect(201);
        let attributes = json!([{ "name": "colour", "indexed": true }, { "name": "number", "uniqueness": "server" }]);
        interrupt(&app, badge(attributes)).await;
        assert_eq!(unfinished(&app).await, [format!("User/{BADGE}:colour"), format!("User/{BADGE}:number")]);
        let resumed = definitions::resume(&*app.store, &SystemClock, TIMING, &mut Tried::default()).await.expect("is finished");
        assert_eq!((resumed.examined, resumed.built, resumed.unfinished), (1, 2, Vec::new()));
        assert_eq!(unfinished(&app).await, Vec::<String>::new());
        let app = app.fresh().await;
        assert_eq!(app.filter("/Users", &format!("{BADGE}:colour eq \"red\"")).await.at("/totalResults"), 1);
        user_with(&app, "v", json!({ "number": "1" })).await.expect_error(409, "uniqueness");
        let nothing = definitions::resume(&*app.store, &SystemClock, TIMING, &mut Tried::default()).await.expect("has nothing to do");
        assert_eq!(nothing, definitions::Applied::default());
    }

    /// Shows that an index is not said to be complete while it lacks resources, and that the others are.
    async fn an_index_that_cannot_be_completed_is_not_read_by(app: App) {
        let app = add_schema(&app, badge(json!([{ "name": "colour" }, { "name": "number" }]))).await;
        for (name, number) in [("a", "1"), ("b", "2")] {
            user_with(&app, name, json!({ "colour": "red", "number": number })).await.expect(201);
        }
        let schema = badge(json!([{ "name": "colour", "indexed": true }, { "name": "number", "uniqueness": "server" }]));
        interrupt(&app, schema.clone()).await;
        // As long as the first has no row, nothing keeps another one from its number.
        let app = app.fresh().await;
        let double = user_with(&app, "c", json!({ "number": "1" })).await.expect(201).id();
        let added = add(&app, DefinitionKind::Schema, schema.clone()).await.expect("is in force already");
        let problem = "1 resource of type User has a value that another one has, which must be unique";
        assert_eq!(added.applied.unfinished.iter().map(ToString::to_string).collect::<Vec<_>>(), [format!("{BADGE}:number: {problem}")]);
        assert_eq!(unfinished(&app).await, [format!("User/{BADGE}:number")], "the other index is complete");
        let mut tried = Tried::default();
        for unfinished in [1, 0] {
            let resumed = definitions::resume(&*app.store, &SystemClock, TIMING, &mut tried).await.expect("tries");
            assert_eq!(resumed.unfinished.len(), unfinished, "in vain once, and not again");
        }
        let app = app.fresh().await;
        for number in ["1", "2"] {
            let total = if number == "1" { 2 } else { 1 };
            assert_eq!(app.filter("/Users", &format!("{BADGE}:number eq \"{number}\"")).await.at("/totalResults"), total);
        }
        assert_eq!(app.filter("/Users", &format!("{BADGE}:colour eq \"red\"")).await.at("/totalResults"), 2);
        user_with(&app, "d", json!({ "number": "2" })).await.expect_error(409, "uniqueness");

        app.delete(&format!("/Users/{double}")).await.expect(204);
        let added = add(&app, DefinitionKind::Schema, schema).await.expect("is in force already");
        assert_eq!(added.applied.unfinished, []);
        assert_eq!(unfinished(&app).await, Vec::<String>::new());
        user_with(&app.fresh().await, "d", json!({ "number": "1" })).await.expect_error(409, "uniqueness");
    }

    /// Shows that rows that nobody kept up to date since an index was given up are gone when it is wanted again.
    async fn an_index_that_is_wanted_again_has_no_rows_of_before(app: App) {
        let indexed = badge(json!([{ "name": "colour", "indexed": true }]));
        let app = add_schema(&app, indexed.clone()).await;
        let user = user_with(&app, "u", json!({ "colour": "red" })).await.expect(201).id();
        interrupt(&app, badge(json!([{ "name": "colour" }]))).await;
        assert_eq!(unfinished(&app).await, [format!("User/{BADGE}:colour")]);
        let app = app.fresh().await;
        app.patch(&format!("/Users/{user}"), json!([{ "op": "replace", "path": format!("{BADGE}:colour"), "value": "blue" }])).await.expect(200);
        let app = add_schema(&app, indexed).await;
        assert_eq!(unfinished(&app).await, Vec::<String>::new());
        for (colour, total) in [("red", 0), ("blue", 1)] {
            assert_eq!(app.filter("/Users", &format!("{BADGE}:colour eq \"{colour}\"")).await.at("/totalResults"), total, "{colour}");
        }
    }

    /// Shows that a server that has not seen a change yet does not write by what was before: it looks again, and answers.
    async fn a_write_is_made_by_the_schemas_of_now(app: App) {
        let change = async |attributes: Value| {
            add(&app, DefinitionKind::Schema, badge(attributes)).await.expect("is accepted");
        };
        change(json!([{ "name": "colour" }, { "name": "once" }])).await;
        let app = app.fresh().await;
        let path = format!("/Users/{}", user_with(&app, "a", json!({ "colour": "red", "once": "x" })).await.expect(201).id());
        // From here on it believes for a second what it read.
        let other = app.replica();
        other.get(&path).await.expect(200);
        change(json!([{ "name": "colour", "uniqueness": "server" }, { "name": "once" }])).await;
        user_with(&other, "b", json!({ "colour": "red" })).await.expect_error(409, "uniqueness");
        change(json!([{ "name": "colour", "uniqueness": "server" }, { "name": "once", "mutability": "immutable" }])).await;
        let operations = json!([{ "op": "replace", "path": format!("{BADGE}:once"), "value": "y" }]);
        other.patch(&path, operations).await.expect_error(400, "mutability");
        change(json!([{ "name": "colour", "uniqueness": "server" }, { "name": "once" }])).await;
        other.delete(&path).await.expect(204);
    }

    /// Shows that a Directory with more definitions than are read for one fails, and does not lose some of its schemas unseen.
    async fn no_schema_is_lost_among_many_indexes_that_are_being_built(app: App) {
        let app = add_schema(&app, badge(json!([{ "name": "colour" }]))).await;
        let row = app.row().await;
        let record = async |revision: i64, from: usize, to: usize| {
            let index = |number| (DefinitionKind::Building, format!("User/x{number}"), json!(["User", format!("x{number}")]).to_string());
            let change = DefinitionChange {
                directory: Some(row.id),
                expected: vec![(row.id, revision)],
                put: (from..to).map(index).collect(),
                ..DefinitionChange::default()
            };
            app.store.change_definitions(&change, SystemClock.now()).await.expect("is recorded");
        };
        record(row.schema_revision, 0, 9_999).await;
        app.fresh().await.get(&format!("/Schemas/{BADGE}")).await.expect(200);
        record(row.schema_revision + 1, 9_999, 10_000).await;
        app.fresh().await.get(&format!("/Schemas/{BADGE}")).await.expect_error(500, "");
    }
}
