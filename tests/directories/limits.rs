//! How much there may be in a Directory, and how many requests it may send.

use crate::app::{App, GROUP, USER};
use crate::on_both_back_ends;
use scimd::directory::settings::Settings;
use serde_json::{Value, json};

fn user(name: &str) -> Value {
    json!({ "schemas": [USER], "userName": name })
}

fn group(name: &str, members: &[String]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    json!({ "schemas": [GROUP], "displayName": name, "members": members })
}

fn add(members: &[String]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    json!([{ "op": "add", "path": "members", "value": members }])
}

async fn limited(app: &App, settings: Value) -> App {
    app.directory_with("limited", "generic", &Settings::of_json(settings).expect("good")).await
}

async fn users(app: &App, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(app.user(&format!("user-{number}")).await);
    }
    ids
}

/// How many of these requests were answered with 2xx; the others with 400 that says the setting.
async fn succeed(requests: Vec<impl Future<Output = crate::app::Answer> + Send + 'static>, setting: &str) -> usize {
    let tasks: Vec<_> = requests.into_iter().map(tokio::spawn).collect();
    let mut succeeded = 0;
    for task in tasks {
        let answer = task.await.expect("answers");
        if answer.status.is_success() {
            succeeded += 1;
        } else {
            let detail = answer.expect_error(400, "invalidValue").text("/detail");
            assert!(detail.contains(setting), "{detail}");
        }
    }
    succeeded
}

fn post(app: &App, path: &'static str, body: Value) -> impl Future<Output = crate::app::Answer> + Send + 'static {
    let app = app.clone();
    async move { app.post(path, body).await }
}

fn patch(app: &App, path: String, body: Value) -> impl Future<Output = crate::app::Answer> + Send + 'static {
    let app = app.clone();
    async move { app.patch(&path, body).await }
}

on_both_back_ends! {
    /// Shows that of many creations at once as many succeed as there is room for, that a deletion makes room, and that other types and
    /// other Directories are not counted.
    async fn there_are_as_many_users_and_groups_as_may_be(app: App) {
        let limited = limited(&app, json!({ "usersMax": 5, "groupsMax": 2, "tokensMax": 9 })).await;
        let id = limited.user("first").await;
        let requests = (0..20).map(|number| post(&limited, "/Users", user(&format!("u{number}")))).collect();
        assert_eq!(succeed(requests, "usersMax").await, 4);
        let requests = (0..10).map(|number| post(&limited, "/Groups", group(&format!("g{number}"), &[]))).collect();
        assert_eq!(succeed(requests, "groupsMax").await, 2);
        let requests = vec![post(&limited, "/Users", user("late"))];
        assert_eq!(succeed(requests, "usersMax").await, 0);
        limited.delete(&format!("/Users/{id}")).await.expect(204);
        limited.user("late").await;
        assert_eq!(limited.get("/Users?count=0").await.expect(200).json["totalResults"], 5);
        for number in 0..7 {
            app.user(&format!("elsewhere-{number}")).await;
        }
    }

    /// Shows that a group has no more members than it may have, by POST, PUT and PATCH, also by many at once; and that replacing and
    /// removing are no growth.
    async fn a_group_has_as_many_members_as_may_be(app: App) {
        let limited = limited(&app, json!({ "membersMax": 3 })).await;
        let ids = users(&limited, 8).await;
        let too_many = limited.post("/Groups", group("too many", &ids[..4])).await.expect_error(400, "invalidValue");
        assert!(too_many.text("/detail").contains("membersMax"));
        let id = limited.post("/Groups", group("Staff", &ids[..1])).await.expect(201).id();
        let path = format!("/Groups/{id}");
        let requests = ids[1..].iter().map(|member| patch(&limited, path.clone(), add(std::slice::from_ref(member)))).collect();
        assert_eq!(succeed(requests, "membersMax").await, 2);
        let members = |answer: crate::app::Answer| answer.expect(200).at("/members").as_array().expect("a list").clone();
        let there = members(limited.get(&path).await);
        assert_eq!(there.len(), 3);
        let present: Vec<String> = there.iter().map(|member| member["value"].as_str().expect("an id").to_owned()).collect();
        limited.patch(&path, add(&present)).await.expect(204);
        limited.put(&path, group("Staff", &ids[..4])).await.expect_error(400, "invalidValue");
        limited.put(&path, group("Staff", &ids[4..7])).await.expect(200);
        let exchange = json!([
            { "op": "remove", "path": format!("members[value eq \"{}\"]", ids[4]) },
            { "op": "add", "path": "members", "value": [{ "value": ids[0] }] },
        ]);
        limited.patch(&path, exchange).await.expect(204);
        assert_eq!(members(limited.get(&path).await).len(), 3);
        limited.patch(&path, json!([{ "op": "remove", "path": "members" }])).await.expect(204);
        limited.patch(&path, add(&ids[..3])).await.expect(204);
    }

    /// Shows that a user is in no more groups than may be, also by many additions at once; groups in groups are not counted.
    async fn a_user_is_in_as_many_groups_as_may_be(app: App) {
        let limited = limited(&app, json!({ "groupsPerUserMax": 2 })).await;
        let ids = users(&limited, 2).await;
        let mut groups = Vec::new();
        for number in 0..6 {
            groups.push(limited.group(&format!("g{number}"), &[]).await);
        }
        let requests = groups.iter().map(|id| patch(&limited, format!("/Groups/{id}"), add(&ids))).collect();
        assert_eq!(succeed(requests, "groupsPerUserMax").await, 2);
        for id in &ids {
            let found = limited.get(&format!("/Users/{id}")).await.expect(200);
            assert_eq!(found.at("/groups").as_array().map(Vec::len), Some(2));
        }
        limited.post("/Groups", group("new", &ids[..1])).await.expect_error(400, "invalidValue");
        let within = limited.get(&format!("/Users/{}", ids[0])).await.expect(200).text("/groups/0/value");
        limited.patch(&format!("/Groups/{within}"), add(&ids[..1])).await.expect(204);
        limited.patch(&format!("/Groups/{within}"), json!([{ "op": "remove", "path": "members" }])).await.expect(204);
        limited.post("/Groups", group("new", &ids[..1])).await.expect(201);
        for number in 0..4 {
            limited.post("/Groups", group(&format!("outer {number}"), &groups[..1])).await.expect(201);
        }
    }

    /// Shows C-5.3-01, and that a Directory is told to come again when it sends too many requests, with a SCIM error, and after how many seconds; that
    /// it is let through then; and that others are.
    async fn too_many_requests_are_told_to_come_again(app: App) {
        app.clock.advance(0);
        let limited = limited(&app, json!({ "requestsPerSecond": 2, "requestsBurst": 3 })).await;
        let other = app.directory("other", "generic").await;
        for _ in 0..3 {
            limited.get("/Users").await.expect(200);
        }
        for path in ["/Users", "/ServiceProviderConfig", "/no-such"] {
            let refused = limited.get(path).await.expect_error(429, "");
            assert_eq!(refused.header("retry-after"), "1");
            assert!(refused.text("/detail").contains("requestsPerSecond"));
        }
        limited.post("/Users", user("refused")).await.expect_error(429, "");
        other.get("/Users").await.expect(200);
        app.clock.advance(500);
        assert_eq!(limited.get("/Users").await.expect(200).json["totalResults"], 0);
        limited.get("/Users").await.expect(429);
        // Another server counts for itself.
        limited.replica().get("/Users").await.expect(200);
    }
}
