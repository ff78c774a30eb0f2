//! PUT (RFC 7644 §3.5.1).

use crate::app::{App, ENTERPRISE, GROUP, USER};
use crate::on_both_back_ends;
use scimd::scim::ErrorKind;
use scimd::scim::resource::canonicalize;
use scimd::scim::resource::replace::merge;
use scimd::scim::schema::{Registry, ResourceType, Schema};
use serde_json::{Value, json};
use std::sync::Arc;

fn full() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE], "userName": "bjensen", "externalId": "e", "title": "T", "nickName": "B", "active": false,
        "name": { "givenName": "Barbara", "familyName": "Jensen" },
        "emails": [{ "value": "a@example.com", "type": "work" }, { "value": "b@example.com", "type": "home" }],
        ENTERPRISE: { "department": "Sales" },
    })
}

on_both_back_ends! {
    /// Shows P-3.5-01, P-3.5.1-02, P-3.5.1-10.
    async fn what_is_given_replaces_what_was_there(app: App) {
        let path = format!("/Users/{}", app.post("/Users", full()).await.expect(201).id());
        let body = json!({
            "schemas": [USER, ENTERPRISE], "userName": "babs", "externalId": "f", "title": "U", "nickName": "C", "active": true,
            "name": { "givenName": "Babs" }, "emails": [{ "value": "c@example.com" }], ENTERPRISE: { "costCenter": "7" },
        });
        let replaced = app.put(&path, body.clone()).await.expect(200);
        for (name, value) in body.as_object().expect("an object") {
            assert_eq!(&replaced.json[name], value, "{name}");
        }
        assert_eq!(app.get(&path).await.json, replaced.json);
        assert_eq!((replaced.header("etag"), replaced.header("location")), ("W/\"2\"", replaced.text("/meta/location").as_str()));
    }

    /// Shows P-3.5.1-03, P-3.5.1-05, P-3.5.1-11.
    async fn what_is_left_out_is_cleared_but_for_active(app: App) {
        let path = format!("/Users/{}", app.post("/Users", full()).await.expect(201).id());
        let replaced = app.put(&path, json!({ "schemas": [USER, ENTERPRISE], "userName": "bjensen", "emails": [], "name": null })).await.expect(200);
        let mut left: Vec<&String> = replaced.json.as_object().expect("an object").keys().collect();
        left.sort_unstable();
        assert_eq!(left, ["active", "id", "meta", "schemas", "userName"]);
        assert_eq!(replaced.json["active"], false, "leaving it out must re-enable nobody");
        assert_eq!(replaced.json["schemas"], json!([USER]));
    }

    /// Shows P-3.5.1-03.
    async fn the_password_stays_when_a_put_does_not_give_one(app: App) {
        let hash = async |app: &App, id: &str| {
            let directory = app.store.directory("test").await.expect("asked").expect("there");
            app.store.password_hash(directory.id, scimd::id::ResourceId::parse(id).expect("an id")).await.expect("asked")
        };
        let id = app.post("/Users", json!({ "schemas": [USER], "userName": "bjensen", "password": "correct horse" })).await.expect(201).id();
        let first = hash(&app, &id).await.expect("a hash");
        app.put(&format!("/Users/{id}"), json!({ "schemas": [USER], "userName": "babs" })).await.expect(200);
        assert_eq!(hash(&app, &id).await, Some(first.clone()));
        app.put(&format!("/Users/{id}"), json!({ "schemas": [USER], "userName": "babs", "password": "battery staple" })).await.expect(200);
        assert_ne!(hash(&app, &id).await, Some(first));
    }

    /// Shows P-3.5.1-08, P-3.5.1-14.
    async fn what_is_read_only_is_ignored(app: App) {
        let user = app.post("/Users", full()).await.expect(201);
        app.group("g", &[&user.id()]).await;
        let path = format!("/Users/{}", user.id());
        let before = app.get(&path).await.expect(200).json;
        let mut body = full();
        body["id"] = "0193b1c8-0000-7000-8000-000000000001".into();
        body["groups"] = json!([{ "value": "another" }]);
        body["meta"] = json!({ "created": "1999-01-01T00:00:00Z", "resourceType": 7, "location": "x" });
        assert_eq!(app.put(&path, body).await.expect(200).json, before);
        app.get("/Users/0193b1c8-0000-7000-8000-000000000001").await.expect_error(404, "");
    }

    /// Shows P-3.5.1-09.
    async fn what_is_required_is_to_be_sent(app: App) {
        let created = app.post("/Users", full()).await.expect(201);
        let path = format!("/Users/{}", created.id());
        for user_name in [json!(null), json!(""), json!([]), json!(" ")] {
            app.put(&path, json!({ "schemas": [USER], "userName": user_name })).await.expect_error(400, "invalidValue");
        }
        app.put(&path, json!({ "schemas": [USER], "title": "T" })).await.expect_error(400, "invalidValue");
        let group = format!("/Groups/{}", app.group("g", &[]).await);
        app.put(&group, json!({ "schemas": [GROUP] })).await.expect_error(400, "invalidValue");
        assert_eq!(app.get(&path).await.json, created.json);
    }

    /// Shows P-3.5.1-12.
    async fn a_name_that_is_taken_changes_nothing(app: App) {
        app.user("taken").await;
        let created = app.post("/Users", full()).await.expect(201);
        let path = format!("/Users/{}", created.id());
        app.put(&path, json!({ "schemas": [USER], "userName": "TAKEN" })).await.expect_error(409, "uniqueness");
        assert_eq!(app.get(&path).await.json, created.json);
        app.put(&path, json!({ "schemas": [USER], "userName": "BJENSEN" })).await.expect(200);
    }

    /// Shows P-3.5.1-13.
    async fn putting_back_what_was_read_leaves_no_trace(app: App) {
        let user = app.post("/Users", full()).await.expect(201);
        let group = app.group("g", &[&user.id()]).await;
        for path in [format!("/Users/{}", user.id()), format!("/Groups/{group}")] {
            let read = app.get(&path).await.expect(200);
            let replaced = app.put(&path, read.json.clone()).await.expect(200);
            assert_eq!((&replaced.json, replaced.header("etag")), (&read.json, read.header("etag")), "{path}");
        }
    }
}

/// Shows P-3.5.1-06, P-3.5.1-07.
#[test]
fn an_immutable_attribute_takes_a_first_value_and_keeps_it() {
    let mut user = ResourceType::clone(Registry::built_in().resource_type("User").expect("built in"));
    let mut schema = Schema::clone(&user.schema);
    schema.attributes.push(serde_json::from_value(json!({ "name": "badge", "mutability": "immutable" })).expect("an attribute"));
    user.schema = Arc::new(schema);
    let put = |old: Value, new: Value| {
        let document = |value: &Value| canonicalize(value.as_object().expect("an object").clone(), &user);
        let sent: Vec<String> = new.as_object().expect("an object").keys().cloned().collect();
        let merged = merge(&document(&old), document(&new), &user, &sent);
        merged.map(|document| document.as_object().get("badge").cloned()).map_err(|error| error.kind)
    };
    let (none, seven, eight) = (json!({ "title": "T" }), json!({ "badge": "7" }), json!({ "badge": "8" }));
    assert_eq!(put(none.clone(), seven.clone()), Ok(Some(json!("7"))));
    assert_eq!(put(seven.clone(), seven.clone()), Ok(Some(json!("7"))));
    assert_eq!(put(seven.clone(), eight), Err(ErrorKind::Mutability));
    assert_eq!(put(seven, none), Ok(Some(json!("7"))), "it outlives what is left out");
}
