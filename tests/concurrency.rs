//! What happens when clients do it at the same time, over HTTP, on both back ends.

#[path = "support/app.rs"]
mod app;

use app::USER;
use serde_json::{Value, json};

on_both_back_ends! {
    /// Shows P-3.3-12, S-4.1.1-02, S-4.1.1-03.
    async fn of_simultaneous_creates_of_one_user_name_one_succeeds(app: App) {
        let mut racers = tokio::task::JoinSet::new();
        for number in 0..16 {
            let app = app.clone();
            // The same name in as many letter cases (S-4.1.1-03).
            let name = if number % 2 == 0 { "BJensen" } else { "bjensen" };
            racers.spawn(async move { app.post("/Users", json!({ "schemas": [USER], "userName": name })).await.status.as_u16() });
        }
        let mut statuses = racers.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![201], vec![409; 15]].concat());
        assert_eq!(app.filter("/Users", "userName eq \"bjensen\"").await.json["totalResults"], 1);
    }

    /// Parallel PATCHes of one group lose nothing (R16).
    async fn members_added_in_parallel_are_all_there(app: App) {
        let mut users = Vec::new();
        for number in 0..40 {
            users.push(app.user(&format!("member{number}")).await);
        }
        let group = app.group("everybody", &[]).await;
        let mut clients = tokio::task::JoinSet::new();
        for chunk in users.chunks(8) {
            let (app, group, chunk) = (app.clone(), group.clone(), chunk.to_vec());
            clients.spawn(async move {
                for user in chunk {
                    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": user }] }]);
                    app.patch(&format!("/Groups/{group}"), add).await.expect(204);
                }
            });
        }
        clients.join_all().await;
        let found = app.get(&format!("/Groups/{group}")).await.expect(200);
        let mut members: Vec<String> =
            found.json["members"].as_array().expect("a list").iter().map(|member| member["value"].as_str().expect("an id").to_owned()).collect();
        members.sort_unstable();
        users.sort_unstable();
        assert_eq!(members, users);
        assert_eq!(found.text("/meta/version"), "W/\"41\"", "each change is one version");
    }

    /// Shows P-3.14-04.
    async fn of_parallel_updates_with_one_etag_one_wins(app: App) {
        let user = app.post("/Users", json!({ "schemas": [USER], "userName": "bjensen" })).await.expect(201);
        let path = format!("/Users/{}", user.id());
        let tag = user.header("etag").to_owned();
        let mut clients = tokio::task::JoinSet::new();
        for number in 0..12 {
            let (app, path, tag) = (app.clone(), path.clone(), tag.clone());
            clients.spawn(async move {
                let body = json!({ "schemas": [app::PATCH_OP], "Operations": [{ "op": "replace", "path": "title", "value": number.to_string() }] });
                app.send("PATCH", &path, &[("if-match", &tag)], body.to_string()).await.status.as_u16()
            });
        }
        let mut statuses = clients.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![200], vec![412; 11]].concat());
    }

    /// Without If-Match every change of another attribute lands: none is lost to a version conflict (R18).
    async fn parallel_updates_of_different_attributes_all_land(app: App) {
        const NAMES: [&str; 6] = ["title", "nickName", "userType", "displayName", "locale", "timezone"];
        let path = format!("/Users/{}", app.user("bjensen").await);
        let mut clients = tokio::task::JoinSet::new();
        for name in NAMES {
            let (app, path) = (app.clone(), path.clone());
            clients.spawn(async move {
                app.patch(&path, json!([{ "op": "replace", "path": name, "value": "x" }])).await.expect(200);
            });
        }
        clients.join_all().await;
        let found = app.get(&path).await.expect(200);
        for name in NAMES {
            assert_eq!(found.json[name], Value::from("x"), "{name}");
        }
    }
}
