//! PATCH remove (RFC 7644 §3.5.2.2).

use crate::app::{App, USER};
use crate::on_both_back_ends;
use serde_json::{Value, json};

fn emails() -> Value {
    json!([
        { "value": "a@example.com", "type": "work", "display": "A" },
        { "value": "b@example.org", "type": "work", "display": "B" },
        { "value": "c@example.com", "type": "home", "display": "C" },
    ])
}

async fn user(app: &App) -> String {
    let body = json!({ "schemas": [USER], "userName": "bjensen", "nickName": "B", "name": { "givenName": "B", "middleName": "M" }, "emails": emails() });
    format!("/Users/{}", app.post("/Users", body).await.expect(201).id())
}

/// What a successful remove answers.
async fn remove(app: &App, user: &str, path: &str) -> Value {
    app.patch(user, json!([{ "op": "remove", "path": path }])).await.expect(200).json
}

on_both_back_ends! {
    /// Shows P-3.5.2.2-01, P-3.5.2-06, P-3.12-22.
    async fn a_remove_needs_a_path(app: App) {
        let path = user(&app).await;
        app.patch(&path, json!([{ "op": "remove" }])).await.expect_error(400, "noTarget");
        app.patch(&path, json!([{ "op": "remove", "value": { "nickName": "B" } }])).await.expect_error(400, "noTarget");
    }

    /// Shows P-3.5.2.2-02, P-3.5.2.2-10.
    async fn one_value_becomes_unassigned(app: App) {
        let path = user(&app).await;
        let before = remove(&app, &path, "nickName").await;
        assert_eq!(before.get("nickName"), None);
        assert_eq!(remove(&app, &path, "nickName").await, before, "twice is once");
        assert_eq!(remove(&app, &path, "name.middleName").await["name"], json!({ "givenName": "B" }));
        assert_eq!(remove(&app, &path, "name").await.get("name"), None);
    }

    /// Shows P-3.5.2.2-03.
    async fn all_values_go_without_a_filter(app: App) {
        let path = user(&app).await;
        assert_eq!(remove(&app, &path, "emails").await.get("emails"), None);
        let group = format!("/Groups/{}", app.group("g", &[path.trim_start_matches("/Users/")]).await);
        app.patch(&group, json!([{ "op": "remove", "path": "members" }])).await.expect(204);
        assert_eq!(app.get(&group).await.json.get("members"), None);
    }

    /// Shows P-3.5.2.2-04, P-3.5.2.2-05.
    async fn a_filter_selects_what_goes(app: App) {
        let path = user(&app).await;
        let all = emails();
        assert_eq!(remove(&app, &path, "emails[type eq \"work\" and value ew \"example.com\"]").await["emails"], json!([all[1], all[2]]));
        assert_eq!(remove(&app, &path, "emails[value eq \"c@example.com\"]").await["emails"], json!([all[1]]));
        assert_eq!(remove(&app, &path, "emails[value eq \"b@example.org\"]").await.get("emails"), None, "none is left");
    }

    /// Shows P-3.5.2.2-06.
    async fn a_sub_attribute_goes_from_what_a_filter_selects(app: App) {
        let path = user(&app).await;
        let mut expected = emails();
        for work in [0, 1] {
            expected[work].as_object_mut().expect("an object").remove("display");
        }
        assert_eq!(remove(&app, &path, "emails[type eq \"work\"].display").await["emails"], expected);
    }

    /// Shows P-3.5.2.2-07.
    async fn what_is_required_or_read_only_is_not_removed(app: App) {
        let path = user(&app).await;
        for target in ["userName", "id", "groups", "meta", "schemas"] {
            app.patch(&path, json!([{ "op": "remove", "path": target }])).await.expect_error(400, "mutability");
        }
        let group = format!("/Groups/{}", app.group("g", &[]).await);
        app.patch(&group, json!([{ "op": "remove", "path": "displayName" }])).await.expect_error(400, "mutability");
    }

    /// Shows P-3.5.2.2-08.
    async fn removing_who_is_no_member_succeeds_without_a_change(app: App) {
        let (member, stranger) = (app.user("member").await, app.user("stranger").await);
        let group = format!("/Groups/{}", app.group("g", &[&member]).await);
        let before = app.get(&group).await.json;
        for id in [stranger.as_str(), "0193b1c8-0000-7000-8000-000000000001", "nobody"] {
            app.patch(&group, json!([{ "op": "remove", "path": format!("members[value eq \"{id}\"]") }])).await.expect(204);
        }
        assert_eq!(app.get(&group).await.json, before, "version and lastModified included");
    }

    /// Shows P-3.5.2.2-09.
    async fn values_that_are_listed_go_and_others_stay(app: App) {
        let (first, second) = (app.user("first").await, app.user("second").await);
        let group = format!("/Groups/{}", app.group("g", &[&first, &second]).await);
        app.patch(&group, json!([{ "op": "Remove", "path": "members", "value": [{ "value": first }] }])).await.expect(204);
        let left = app.get(&group).await.json["members"].clone();
        assert_eq!((left.as_array().map(Vec::len), &left[0]["value"]), (Some(1), &json!(second)));
        let path = user(&app).await;
        let patched = app.patch(&path, json!([{ "op": "remove", "path": "emails", "value": [{ "value": "a@example.com" }] }])).await.expect(200);
        assert_eq!(patched.json["emails"].as_array().map(Vec::len), Some(2));
    }
}
