//! PATCH replace (RFC 7644 §3.5.2.3).

use crate::app::{App, USER};
use crate::on_both_back_ends;
use serde_json::{Value, json};

async fn user(app: &App) -> String {
    let body = json!({
        "schemas": [USER], "userName": "bjensen", "nickName": "B", "name": { "givenName": "B", "familyName": "J" },
        "emails": [{ "value": "a@example.com", "type": "work" }],
        "addresses": [
            { "type": "work", "streetAddress": "1 Work", "locality": "W" },
            { "type": "home", "streetAddress": "2 Home", "locality": "H" },
            { "type": "work", "streetAddress": "3 Work", "locality": "W" },
        ],
    });
    format!("/Users/{}", app.post("/Users", body).await.expect(201).id())
}

/// What a successful replace answers.
async fn replace(app: &App, user: &str, path: &str, value: Value) -> Value {
    app.patch(user, json!([{ "op": "replace", "path": path, "value": value }])).await.expect(200).json
}

on_both_back_ends! {
    /// Shows P-3.5.2.3-01.
    async fn without_a_path_the_value_lists_what_is_replaced(app: App) {
        let path = user(&app).await;
        let before = app.get(&path).await.json;
        let value = json!({ "emails": [{ "value": "bjensen@example.com", "type": "work", "primary": true }, { "value": "babs@jensen.org", "type": "home" }], "nickname": "Babs" });
        let after = app.patch(&path, json!([{ "op": "replace", "value": value }])).await.expect(200).json;
        assert_eq!((&after["emails"], &after["nickName"]), (&value["emails"], &json!("Babs")));
        for untouched in ["userName", "name", "addresses", "active"] {
            assert_eq!(after[untouched], before[untouched]);
        }
    }

    /// Shows P-3.5.2.3-02, P-3.5.2.3-04.
    async fn one_value_is_replaced_or_added(app: App) {
        let path = user(&app).await;
        assert_eq!(replace(&app, &path, "active", json!(false)).await["active"], false);
        assert_eq!(replace(&app, &path, "nickName", json!("C")).await["nickName"], "C");
        assert_eq!(replace(&app, &path, "title", json!("T")).await["title"], "T");
        assert_eq!(replace(&app, &path, "phoneNumbers", json!([{ "value": "1" }])).await["phoneNumbers"], json!([{ "value": "1" }]));
    }

    /// Shows P-3.5.2.3-03.
    async fn a_list_is_replaced_as_a_whole(app: App) {
        let path = user(&app).await;
        assert_eq!(replace(&app, &path, "emails", json!([{ "value": "x" }, { "value": "y" }])).await["emails"], json!([{ "value": "x" }, { "value": "y" }]));
        let (first, second) = (app.user("first").await, app.user("second").await);
        let group = format!("/Groups/{}", app.group("g", &[&first]).await);
        app.patch(&group, json!([{ "op": "replace", "path": "members", "value": [{ "value": second }] }])).await.expect(204);
        let members = app.get(&group).await.json["members"].clone();
        assert_eq!((members.as_array().map(Vec::len), &members[0]["value"]), (Some(1), &json!(second)));
    }

    /// Shows P-3.5.2.3-05.
    async fn sub_attributes_that_are_not_given_stay(app: App) {
        let path = user(&app).await;
        assert_eq!(replace(&app, &path, "name", json!({ "givenName": "C" })).await["name"], json!({ "familyName": "J", "givenName": "C" }));
        assert_eq!(replace(&app, &path, "name.familyName", json!("K")).await["name"], json!({ "familyName": "K", "givenName": "C" }));
    }

    /// Shows P-3.5.2.3-06.
    async fn every_value_that_a_filter_selects_is_replaced(app: App) {
        let path = user(&app).await;
        let new = json!({ "type": "work", "streetAddress": "911 Universal City Plaza", "locality": "Hollywood", "country": "US" });
        let after = replace(&app, &path, "addresses[type eq \"home\"]", new.clone()).await;
        assert_eq!(after["addresses"][1], new);
        assert_eq!((&after["addresses"][0]["locality"], &after["addresses"][2]["locality"]), (&json!("W"), &json!("W")));
        let path = format!("/Users/{}", {
            app.patch(&path, json!([{ "op": "replace", "path": "userName", "value": "done" }])).await.expect(200);
            user(&app).await.trim_start_matches("/Users/").to_owned()
        });
        let after = replace(&app, &path, "addresses[type eq \"work\"]", json!({ "type": "other", "country": "FI" })).await;
        let localities: Vec<Option<&Value>> = after["addresses"].as_array().expect("a list").iter().map(|address| address.get("locality")).collect();
        assert!(after["addresses"].as_array().expect("a list").iter().all(|address| address["type"] != "work"), "{after}");
        assert_eq!(localities.iter().flatten().count(), 1, "only home keeps its own: {after}");
    }

    /// Shows P-3.5.2.3-07.
    async fn a_sub_attribute_of_every_selected_value_is_replaced(app: App) {
        let path = user(&app).await;
        let after = replace(&app, &path, "addresses[type eq \"work\"].locality", json!("X")).await;
        let localities: Vec<&Value> = after["addresses"].as_array().expect("a list").iter().map(|address| &address["locality"]).collect();
        assert_eq!(localities, ["X", "H", "X"]);
        assert_eq!(after["addresses"][0]["streetAddress"], "1 Work");
    }

    /// Shows P-3.5.2.3-08, P-3.12-22.
    async fn a_filter_that_selects_nothing_is_no_target_unless_the_provider_means_to_create(app: App) {
        let operations = json!([{ "op": "replace", "path": "emails[type eq \"fax\"].value", "value": "f@example.com" }]);
        let path = user(&app).await;
        app.patch(&path, operations.clone()).await.expect_error(400, "noTarget");
        app.patch(&path, json!([{ "op": "replace", "path": "phoneNumbers[type eq \"fax\"]", "value": { "value": "1" } }])).await.expect_error(400, "noTarget");
        let entra = app.directory("contoso", "entra").await;
        let path = user(&entra).await;
        let after = entra.patch(&path, operations).await.expect(200);
        assert_eq!(after.json["emails"][1], json!({ "value": "f@example.com", "type": "fax" }));
    }

    /// Shows P-3.5.2.3-09.
    async fn a_replace_without_a_value_is_refused_and_null_unassigns(app: App) {
        let path = user(&app).await;
        app.patch(&path, json!([{ "op": "replace", "path": "nickName" }])).await.expect_error(400, "invalidValue");
        assert_eq!(replace(&app, &path, "nickName", Value::Null).await.get("nickName"), None);
        app.patch(&path, json!([{ "op": "replace", "path": "userName", "value": null }])).await.expect_error(400, "invalidValue");
    }
}
