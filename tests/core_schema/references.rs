//! References and their integrity (RFC 7643 §2.3.7, §2.4).

use crate::app::ENTERPRISE;
use crate::{BASE_URL, create, follow, ids, on_both_back_ends, user};
use serde_json::{Value, json};

/// Every `$ref` and `location` in a value.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match value {
                    Value::String(uri) if name == "$ref" || name == "location" => found.push(uri.clone()),
                    other => references(other, found),
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| references(element, found)),
        _ => {}
    }
}

on_both_back_ends! {
    /// Shows S-2.3.7-03, S-4.1.2-10, S-4.2-03, S-4.3-02.
    async fn every_reference_leads_to_what_it_names(app: App) {
        let boss = app.user("boss").await;
        let path = create(&app, json!({ ENTERPRISE: { "manager": { "value": boss } } })).await;
        let id = path.trim_start_matches("/Users/");
        let inner = app.group("inner", &[id]).await;
        let outer = app.group("outer", &[&inner]).await;
        let mut followed = 0;
        for path in [&path, &format!("/Groups/{inner}"), &format!("/Groups/{outer}"), "/Users", "/Groups"] {
            let mut uris = Vec::new();
            references(&app.get(path).await.expect(200).json, &mut uris);
            for uri in uris {
                let target = follow(&app, &uri).await.expect(200);
                assert!(uri.ends_with(&target.id()), "{uri}");
                assert_eq!(target.text("/meta/location"), uri);
                followed += 1;
            }
        }
        assert!(followed >= 14, "{followed}");
        let shown = app.get(&path).await;
        assert_eq!(shown.at(&format!("/{ENTERPRISE}/manager/value")), &json!(boss));
        assert_eq!(shown.text(&format!("/{ENTERPRISE}/manager/$ref")), format!("{BASE_URL}/Users/{boss}"));
        let groups = shown.at("/groups").as_array().expect("a list");
        for (id, kind, name) in [(&inner, "direct", "inner"), (&outer, "indirect", "outer")] {
            let expected = json!({ "value": id, "$ref": format!("{BASE_URL}/Groups/{id}"), "display": name, "type": kind });
            assert!(groups.contains(&expected), "{groups:#?}");
        }

        // What points at a resource that went away leads to 404, or is gone itself.
        let location = app.get(&format!("/Groups/{inner}")).await.text("/meta/location");
        app.delete(&format!("/Groups/{inner}")).await.expect(204);
        follow(&app, &location).await.expect_error(404, "");
        assert_eq!(app.get(&format!("/Groups/{outer}")).await.json.get("members"), None);
        assert_eq!(app.get(&path).await.json.get("groups"), None);
        app.delete(&format!("/Users/{boss}")).await.expect(204);
        assert_eq!(app.get(&path).await.at(&format!("/{ENTERPRISE}/manager")), &json!({ "value": boss }));
    }

    /// Shows S-2.3.7-01, S-2.3.7-02, S-2.4-05, S-2.4-06.
    async fn a_reference_is_read_in_every_spelling_of_its_uri(app: App) {
        let user = app.user("bjensen").await;
        let group = app.group("Guides", &[]).await;
        let path = format!("/Groups/{group}");
        let encoded = user.replace('-', "%2D");
        for uri in [
            format!("Users/{user}"),
            format!("../Users/{user}"),
            format!("../v2/Users/{user}"),
            format!("/v1/Users/{user}"),
            format!("{BASE_URL}/Users/{user}"),
            format!("{}/Users/{user}", BASE_URL.trim_end_matches("/v2")),
            format!("HTTPS://SCIM.EXAMPLE.COM/directories/test/scim/v2/Users/{user}"),
            format!("{BASE_URL}/./Users/{user}/"),
            format!("{BASE_URL}/Users/{encoded}"),
        ] {
            let add = json!([{ "op": "add", "path": "members", "value": [{ "$ref": uri }] }]);
            app.patch(&path, add).await.expect(204);
            let shown = app.get(&path).await;
            assert_eq!(shown.at("/members").as_array().map(Vec::len), Some(1), "{uri}");
            assert_eq!(shown.at("/members/0/value"), &json!(user), "{uri}");
            let whole = json!({ "schemas": [crate::app::GROUP], "displayName": "Guides", "members": [{ "$ref": uri }] });
            assert_eq!(app.put(&path, whole).await.expect(200).at("/members/0/$ref"), &json!(format!("{BASE_URL}/Users/{user}")), "{uri}");
        }
        assert_eq!(app.get(&path).await.text("/meta/version"), "W/\"2\"", "the same member each time");
    }

    /// Shows S-2.3.7-04.
    async fn a_member_must_exist_and_a_manager_need_not(app: App) {
        let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
        for id in [unknown, "26118915"] {
            let group = json!({ "schemas": [crate::app::GROUP], "displayName": "Guides", "members": [{ "value": id }] });
            app.post("/Groups", group).await.expect_error(400, "invalidValue");
        }
        let path = create(&app, json!({ ENTERPRISE: { "manager": { "value": unknown } } })).await;
        assert_eq!(app.get(&path).await.at(&format!("/{ENTERPRISE}/manager")), &json!({ "value": unknown }));
    }

    /// Shows S-2.3.7-05, S-2.3.7-06.
    async fn references_compare_in_their_letter_case(app: App) {
        let path = create(&app, json!({ "profileUrl": "https://example.com/BJensen" })).await;
        let found = app.filter("/Users", "profileUrl eq \"https://example.com/BJensen\"").await.expect(200);
        assert_eq!(ids(&found), [path.trim_start_matches("/Users/")]);
        for filter in ["profileUrl eq \"https://example.com/bjensen\"", "profileUrl co \"BJENSEN\""] {
            assert_eq!(app.filter("/Users", filter).await.expect(200).at("/totalResults"), 0, "{filter}");
        }
        assert_eq!(app.get(&path).await.text("/profileUrl"), "https://example.com/BJensen");
    }

    /// Shows S-2.3.8-01.
    async fn the_order_of_members_changes_nothing(app: App) {
        let path = create(&app, json!({
            "name": { "givenName": "Barbara", "familyName": "Jensen" }, "title": "Guide",
            "emails": [{ "value": "b@example.com", "type": "work", "primary": true }], ENTERPRISE: { "department": "d", "division": "v" },
        })).await;
        let before = app.get(&path).await;
        let shuffled = json!({
            ENTERPRISE: { "division": "v", "department": "d" }, "emails": [{ "primary": true, "type": "work", "value": "b@example.com" }],
            "title": "Guide", "name": { "familyName": "Jensen", "givenName": "Barbara" },
        });
        let shuffled = user(shuffled);
        let members = shuffled.as_object().expect("an object").iter().rev();
        let body = members.map(|(name, value)| (name.clone(), value.clone())).collect();
        let after = app.put(&path, Value::Object(body)).await.expect(200);
        assert_eq!((after.header("etag"), &after.json), (before.header("etag"), &before.json));
    }
}
