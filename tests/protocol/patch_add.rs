//! PATCH add (RFC 7644 §3.5.2.1).

use crate::app::{App, USER};
use crate::on_both_back_ends;
use serde_json::{Value, json};

async fn user(app: &App, more: Value) -> String {
    let mut body = json!({ "schemas": [USER], "userName": "bjensen" });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    format!("/Users/{}", app.post("/Users", body).await.expect(201).id())
}

/// What a successful add answers.
async fn add(app: &App, user: &str, path: &str, value: Value) -> Value {
    app.patch(user, json!([{ "op": "add", "path": path, "value": value }])).await.expect(200).json
}

on_both_back_ends! {
    /// Shows P-3.5.2.1-01.
    async fn an_add_has_a_value(app: App) {
        let path = user(&app, json!({})).await;
        app.patch(&path, json!([{ "op": "add", "path": "title" }])).await.expect_error(400, "invalidValue");
        app.patch(&path, json!([{ "op": "add" }])).await.expect_error(400, "invalidValue");
    }

    /// Shows P-3.5.2.1-02.
    async fn without_a_path_the_value_names_the_attributes(app: App) {
        let path = user(&app, json!({ "emails": [{ "value": "babs@jensen.org", "type": "home" }] })).await;
        let value = json!({ "emails": [{ "value": "bjensen@example.com", "type": "work" }], "nickname": "Babs" });
        let patched = app.patch(&path, json!([{ "op": "add", "value": value }])).await.expect(200).json;
        assert_eq!(patched["nickName"], "Babs");
        assert_eq!(patched["emails"], json!([{ "value": "babs@jensen.org", "type": "home" }, { "value": "bjensen@example.com", "type": "work" }]));
    }

    /// Shows P-3.5.2.1-03, P-3.5.2.1-06.
    async fn one_value_is_set_or_replaced(app: App) {
        let path = user(&app, json!({ "nickName": "B" })).await;
        assert_eq!(add(&app, &path, "title", json!("T")).await["title"], "T");
        assert_eq!(add(&app, &path, "nickName", json!("C")).await["nickName"], "C");
        assert_eq!(add(&app, &path, "userName", json!("babs")).await["userName"], "babs");
        assert_eq!(add(&app, &path, "name.givenName", json!("G")).await["name"], json!({ "givenName": "G" }));
    }

    /// Shows P-3.5.2.1-04.
    async fn sub_attributes_are_merged_into_a_complex_value(app: App) {
        let path = user(&app, json!({ "name": { "familyName": "J", "givenName": "B" } })).await;
        let patched = add(&app, &path, "name", json!({ "givenName": "C", "middleName": "M" })).await;
        assert_eq!(patched["name"], json!({ "familyName": "J", "givenName": "C", "middleName": "M" }));
    }

    /// Shows P-3.5.2.1-05.
    async fn values_are_appended(app: App) {
        let path = user(&app, json!({})).await;
        let value = |name: &str| json!({ "value": name });
        assert_eq!(add(&app, &path, "emails", json!([value("a")])).await["emails"], json!([value("a")]));
        assert_eq!(add(&app, &path, "emails", value("b")).await["emails"], json!([value("a"), value("b")]));
        let all = json!([value("a"), value("b"), value("c"), value("d")]);
        assert_eq!(add(&app, &path, "emails", json!([value("c"), value("d")])).await["emails"], all);
    }

    /// Shows P-3.5.2.1-07, P-3.5.2.1-08.
    async fn adding_what_is_there_succeeds_and_changes_nothing(app: App) {
        let path = user(&app, json!({ "title": "T", "emails": [{ "value": "a@example.com", "type": "work" }] })).await;
        let before = app.get(&path).await.json;
        for (target, value) in [("title", json!("T")), ("emails", json!([{ "value": "a@example.com", "type": "work" }])), ("emails[type eq \"work\"].value", json!("a@example.com"))] {
            assert_eq!(add(&app, &path, target, value).await, before, "{target}");
        }
        assert_eq!(app.get(&path).await.json, before, "lastModified and version included");
        let member = path.trim_start_matches("/Users/");
        let group = format!("/Groups/{}", app.group("g", &[member]).await);
        let before = app.get(&group).await.json;
        app.patch(&group, json!([{ "op": "add", "path": "members", "value": [{ "value": member }] }])).await.expect(204);
        assert_eq!(app.get(&group).await.json, before);
    }

    /// Shows P-3.5.2.1-09.
    async fn through_a_filter_a_match_is_merged_into_and_else_created(app: App) {
        let path = user(&app, json!({ "emails": [{ "value": "w@example.com", "type": "work" }] })).await;
        let merged = add(&app, &path, "emails[type eq \"work\"]", json!({ "display": "W" })).await;
        assert_eq!(merged["emails"], json!([{ "value": "w@example.com", "type": "work", "display": "W" }]));
        assert_eq!(add(&app, &path, "emails[type eq \"work\"].value", json!("x@example.com")).await["emails"][0]["value"], "x@example.com");
        let created = add(&app, &path, "emails[type eq \"home\"].value", json!("h@example.com")).await;
        assert_eq!(created["emails"][1], json!({ "value": "h@example.com", "type": "home" }));
        let unclear = json!([{ "op": "add", "path": "emails[type ne \"work\" and type ne \"home\"].value", "value": "x" }]);
        app.patch(&path, unclear).await.expect_error(400, "noTarget");
    }

    /// Shows P-3.5.2.1-10.
    async fn a_value_of_the_same_type_is_there_once(app: App) {
        let path = user(&app, json!({ "emails": [{ "value": "a@example.com", "type": "work" }] })).await;
        let patched = add(&app, &path, "emails", json!([{ "value": "A@example.com", "type": "work", "primary": true }])).await;
        assert_eq!(patched["emails"].as_array().map(Vec::len), Some(1));
        assert_eq!(patched["emails"][0]["primary"], true);
        let patched = add(&app, &path, "emails", json!([{ "value": "a@example.com", "type": "home" }])).await;
        assert_eq!(patched["emails"].as_array().map(Vec::len), Some(2), "another type is another value");
    }
}
