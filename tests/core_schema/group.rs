//! The Group, the groups of a User, and the enterprise extension (RFC 7643 §4.1.2, §4.2, §4.3).

use crate::app::{ENTERPRISE, GROUP};
use crate::{BASE_URL, create, ids, on_both_back_ends, user};
use serde_json::{Value, json};

/// The id and the type of each group that a user shows.
fn groups(answer: &crate::app::Answer) -> Vec<(String, String)> {
    let groups = answer.json.get("groups").and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |group: &Value, name: &str| group[name].as_str().expect("text").to_owned();
    let mut groups: Vec<(String, String)> = groups.iter().map(|group| (text(group, "value"), text(group, "type"))).collect();
    groups.sort_unstable();
    groups
}

on_both_back_ends! {
    /// Shows S-4.2-01, S-7-25.
    async fn a_group_has_a_display_name(app: App) {
        let group = format!("/Groups/{}", app.group("Guides", &[]).await);
        for name in [Value::Null, json!(""), json!(" ")] {
            let body = json!({ "schemas": [GROUP], "displayName": name });
            app.post("/Groups", body.clone()).await.expect_error(400, "invalidValue");
            app.put(&group, body).await.expect_error(400, "invalidValue");
        }
        app.post("/Groups", json!({ "schemas": [GROUP] })).await.expect_error(400, "invalidValue");
        app.patch(&group, json!([{ "op": "remove", "path": "displayName" }])).await.expect_error(400, "mutability");
        assert_eq!(app.get(&group).await.text("/displayName"), "Guides");
    }

    /// Shows S-4.2-02, S-4.2-05.
    async fn members_come_and_go_but_do_not_change(app: App) {
        let (first, second) = (app.user("first").await, app.user("second").await);
        let group = format!("/Groups/{}", app.group("Guides", &[&first]).await);
        for name in ["value", "type", "display", "$ref"] {
            let change = json!([{ "op": "replace", "path": format!("members[value eq \"{first}\"].{name}"), "value": second }]);
            app.patch(&group, change).await.expect_error(400, "mutability");
        }
        let change = json!([{ "op": "replace", "path": format!("members[value eq \"{first}\"]"), "value": { "value": second } }]);
        app.patch(&group, change).await.expect_error(400, "mutability");
        assert_eq!(app.get(&group).await.at("/members/0/value"), &json!(first));
        app.patch(&group, json!([
            { "op": "remove", "path": format!("members[value eq \"{first}\"]") },
            { "op": "add", "path": "members", "value": [{ "value": second }] },
        ])).await.expect(204);
        let shown = app.get(&group).await;
        assert_eq!(shown.at("/members").as_array().map(Vec::len), Some(1));
        assert_eq!(shown.at("/members/0/value"), &json!(second));
        // An element names its member, by value or by $ref.
        for member in [json!({ "display": "x" }), json!({ "type": "User" }), json!({ "value": "" })] {
            let body = json!({ "schemas": [GROUP], "displayName": "Other", "members": [member] });
            app.post("/Groups", body).await.expect_error(400, "invalidValue");
        }
    }

    /// Shows S-4.2-03, S-4.2-04.
    async fn a_group_holds_users_and_groups(app: App) {
        let user = app.user("bjensen").await;
        let inner = app.group("inner", &[]).await;
        let outer = app.group("outer", &[&user, &inner]).await;
        let shown = app.get(&format!("/Groups/{outer}")).await;
        let members = shown.at("/members").as_array().expect("a list");
        assert_eq!(members.len(), 2);
        for (id, kind, endpoint) in [(&user, "User", "Users"), (&inner, "Group", "Groups")] {
            let member = members.iter().find(|member| member["value"] == json!(id)).expect("is there");
            assert_eq!(member["type"], kind);
            assert_eq!(member["$ref"], json!(format!("{BASE_URL}/{endpoint}/{id}")));
        }
        assert_eq!(ids(&app.filter("/Groups", &format!("members.value eq \"{inner}\"")).await.expect(200)), [outer.as_str()]);
        assert_eq!(ids(&app.filter("/Groups", "members[type eq \"Group\"]").await.expect(200)), [outer.as_str()]);
        let itself = json!([{ "op": "add", "path": "members", "value": [{ "value": outer }] }]);
        app.patch(&format!("/Groups/{outer}"), itself).await.expect_error(400, "invalidValue");
    }

    /// Shows S-4.1.2-09, S-7-13.
    async fn the_groups_of_a_user_are_changed_through_the_groups(app: App) {
        let group = app.group("Guides", &[]).await;
        let wanted = json!([{ "value": group }]);
        let created = app.post("/Users", user(json!({ "groups": wanted }))).await.expect(201);
        assert_eq!(created.json.get("groups"), None);
        let path = format!("/Users/{}", created.id());
        assert_eq!(app.put(&path, user(json!({ "groups": wanted }))).await.expect(200).json.get("groups"), None);
        for op in ["add", "replace", "remove"] {
            app.patch(&path, json!([{ "op": op, "path": "groups", "value": wanted }])).await.expect_error(400, "mutability");
        }
        let join = json!([{ "op": "add", "path": "members", "value": [{ "value": created.id() }] }]);
        app.patch(&format!("/Groups/{group}"), join).await.expect(204);
        assert_eq!(groups(&app.get(&path).await), [(group.clone(), "direct".to_owned())]);
        // Nor does PUT without it leave the group.
        assert_eq!(groups(&app.put(&path, user(json!({}))).await.expect(200)).len(), 1);
    }

    /// Shows D-69: filters find the groups that `groups` shows, also those through others and around a cycle; they are shown by id.
    async fn filters_find_indirect_groups_too(app: App) {
        let path = create(&app, json!({})).await;
        let id = path.trim_start_matches("/Users/");
        let outer = app.group("outer", &[]).await;
        let inner = app.group("inner", &[id, &outer]).await;
        let middle = app.group("middle", &[&inner]).await;
        let nobodys = app.group("nobodys", &[]).await;
        let join = json!([{ "op": "add", "path": "members", "value": [{ "value": middle }] }]);
        app.patch(&format!("/Groups/{outer}"), join).await.expect(204);
        app.user("somebody else").await;
        let read = app.get(&path).await;
        let shown: Vec<&str> =
            read.at("/groups").as_array().expect("a list").iter().map(|group| group["value"].as_str().expect("an id")).collect();
        let mut by_id = [&*outer, &*inner, &*middle];
        by_id.sort_unstable();
        assert_eq!(shown, by_id);
        for (filter, total) in [
            (format!("groups.value eq \"{inner}\""), 1),
            (format!("groups.value eq \"{outer}\""), 1),
            (format!("groups.value eq \"{nobodys}\""), 0),
            (format!("groups.value eq \"{outer}\" and groups.value eq \"{middle}\""), 1),
            (format!("groups[value eq \"{outer}\" and type eq \"indirect\"]"), 1),
            (format!("groups[value eq \"{outer}\" and type eq \"direct\"]"), 0),
            (format!("groups.value ne \"{outer}\""), 1),
            ("groups.display eq \"MIDDLE\"".to_owned(), 1),
            ("groups.type eq \"indirect\"".to_owned(), 1),
        ] {
            let page = app.filter("/Users", &filter).await.expect(200);
            assert_eq!(page.at("/totalResults"), total, "{filter}");
            let everywhere = app.filter("", &filter).await.expect(200);
            let of_groups = if filter.contains(" ne ") { 4 } else { 0 };
            assert_eq!(everywhere.at("/totalResults"), total + of_groups, "{filter}");
        }
    }

    /// Shows S-4.1.2-11, S-4.1.2-12.
    async fn a_group_in_a_group_is_an_indirect_one(app: App) {
        let path = create(&app, json!({})).await;
        let id = path.trim_start_matches("/Users/");
        let inner = app.group("inner", &[id]).await;
        let middle = app.group("middle", &[&inner]).await;
        let outer = app.group("outer", &[&middle]).await;
        let expected = |kinds: [(&String, &str); 3]| {
            let mut kinds: Vec<_> = kinds.iter().map(|(id, kind)| ((*id).clone(), (*kind).to_owned())).collect();
            kinds.sort_unstable();
            kinds
        };
        assert_eq!(groups(&app.get(&path).await), expected([(&inner, "direct"), (&middle, "indirect"), (&outer, "indirect")]));
        // Both ways at once: direct.
        let join = json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
        app.patch(&format!("/Groups/{outer}"), join).await.expect(204);
        assert_eq!(groups(&app.get(&path).await), expected([(&inner, "direct"), (&middle, "indirect"), (&outer, "direct")]));
        // What is direct can be left, and takes with it what came through it.
        for group in [&outer, &inner] {
            let leave = json!([{ "op": "remove", "path": format!("members[value eq \"{id}\"]") }]);
            app.patch(&format!("/Groups/{group}"), leave).await.expect(204);
        }
        assert_eq!(groups(&app.get(&path).await), []);
    }

    /// Shows S-4.3-01, S-4.3-02, S-4.3-03.
    async fn the_enterprise_extension_is_kept_and_the_manager_is_shown(app: App) {
        let boss = app.post("/Users", user(json!({ "userName": "boss", "displayName": "The Boss" }))).await.expect(201).id();
        let plain = json!({ "employeeNumber": "701984", "costCenter": "4130", "organization": "Universal", "division": "Parks", "department": "Tours" });
        let mut sent = plain.clone();
        sent["manager"] = json!({ "value": boss, "displayName": "Forged", "$ref": "../Users/forged" });
        let path = create(&app, json!({ ENTERPRISE: sent })).await;
        let mut expected = plain;
        expected["manager"] = json!({ "value": boss, "$ref": format!("{BASE_URL}/Users/{boss}"), "displayName": "The Boss" });
        assert_eq!(app.get(&path).await.at(&format!("/{ENTERPRISE}")), &expected);
        let forged = json!([{ "op": "replace", "path": format!("{ENTERPRISE}:manager.displayName"), "value": "Forged" }]);
        app.patch(&path, forged).await.expect_error(400, "mutability");
        let renamed = json!([{ "op": "replace", "path": "displayName", "value": "Renamed" }]);
        app.patch(&format!("/Users/{boss}"), renamed).await.expect(200);
        assert_eq!(app.get(&path).await.at(&format!("/{ENTERPRISE}/manager/displayName")), "Renamed");
        for name in ["employeeNumber", "costCenter", "organization", "division", "department"] {
            let filter = format!("{ENTERPRISE}:{name} eq {}", expected[name]);
            assert_eq!(ids(&app.filter("/Users", &filter).await.expect(200)), [path.trim_start_matches("/Users/")], "{filter}");
        }
    }
}
