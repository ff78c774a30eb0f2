//! A request that fails has changed nothing, and one that changes nothing leaves no trace.

#[path = "support/app.rs"]
mod app;

use app::{Answer, App, ENTERPRISE, GROUP, PATCH_OP, USER, next_millisecond};
use scimd::id::ResourceId;
use serde_json::{Value, json};

/// A Directory with a user, a group, and all of it that could move.
struct World {
    app: App,
    user: String,
    group: String,
    member: String,
    other: String,
    state: State,
}

/// What is there: the resources and their tags, the password's hash, and how many changes there were.
#[derive(Debug, PartialEq)]
struct State {
    lists: [Value; 2],
    tags: [String; 2],
    password: Option<String>,
    events: i64,
}

impl World {
    async fn new(app: App) -> Self {
        let body = json!({
            "schemas": [USER, ENTERPRISE],
            "userName": "bjensen",
            "externalId": "7",
            "password": "t1meMa$heen",
            "active": true,
            "title": "Guide",
            "name": { "givenName": "Barbara", "familyName": "Jensen" },
            "emails": [
                { "value": "b@example.com", "type": "work", "primary": true },
                { "value": "b@example.org", "type": "home" },
            ],
            ENTERPRISE: { "department": "Tours", "manager": { "value": "26118915" } },
        });
        let user = app.post("/Users", body).await.expect(201).id();
        let (member, other) = (app.user("member").await, app.user("other").await);
        let group = format!("/Groups/{}", app.group("Tour Guides", &[&user, &member]).await);
        let user = format!("/Users/{user}");
        let state = state(&app, &user, &group).await;
        // So that a lastModified that moves is another one.
        next_millisecond().await;
        Self { app, user, group, member, other, state }
    }

    async fn is_unmoved(&self, what: &str) {
        assert_eq!(state(&self.app, &self.user, &self.group).await, self.state, "after {what}");
    }

    /// The answer shows the resource as it was, or, without a body, its tag.
    async fn changes_nothing(&self, path: &str, answer: Answer, what: &str) {
        assert!(answer.status.is_success(), "{what}: {:#}", answer.json);
        let read = self.app.get(path).await.expect(200);
        assert_eq!(answer.header("etag"), read.header("etag"), "{what}");
        if answer.status == 200 {
            assert_eq!(answer.json, read.json, "{what}");
        }
        self.is_unmoved(what).await;
    }
}

async fn state(app: &App, user: &str, group: &str) -> State {
    let directory = app.store.directory("test").await.expect("answers").expect("there").id;
    let id = ResourceId::parse(user.trim_start_matches("/Users/")).expect("an id");
    State {
        lists: [app.get("/Users").await.expect(200).json, app.get("/Groups").await.expect(200).json],
        tags: [app.get(user).await.header("etag").to_owned(), app.get(group).await.header("etag").to_owned()],
        password: app.store.password_hash(directory, id).await.expect("answers"),
        events: app.events().await,
    }
}

on_both_back_ends! {
    /// Shows P-3.5.2-17, P-3.5.2-18, P-3.5.2-21, R19: whatever came before the operation that fails.
    async fn a_patch_that_fails_has_changed_nothing_of_a_user(app: App) {
        let world = World::new(app).await;
        let before = [
            json!({ "op": "replace", "path": "title", "value": "changed" }),
            json!({ "op": "replace", "path": "userName", "value": "changed" }),
            json!({ "op": "replace", "path": "password", "value": "changed-password" }),
            json!({ "op": "remove", "path": "emails[type eq \"home\"]" }),
            json!({ "op": "add", "path": "emails", "value": [{ "value": "new@example.com", "type": "other" }] }),
            json!({ "op": "add", "value": { "nickName": "changed", "name.givenName": "changed", "active": false } }),
            json!({ "op": "add", "path": format!("{ENTERPRISE}:department"), "value": "changed" }),
            json!({ "op": "remove", "path": "externalId" }),
        ];
        for (last, status, scim_type) in [
            (json!({ "op": "replace", "path": "id", "value": "x" }), 400, "mutability"),
            (json!({ "op": "replace", "path": "meta.lastModified", "value": "2011-05-13T04:42:34Z" }), 400, "mutability"),
            (json!({ "op": "add", "path": "groups", "value": [{ "value": "x" }] }), 400, "mutability"),
            (json!({ "op": "remove", "path": "userName" }), 400, "mutability"),
            (json!({ "op": "replace", "path": "userName", "value": "" }), 400, "invalidValue"),
            (json!({ "op": "replace", "path": "userName", "value": "MEMBER" }), 409, "uniqueness"),
            (json!({ "op": "add", "value": { "userName": "other" } }), 409, "uniqueness"),
            (json!({ "op": "replace", "path": "active", "value": "maybe" }), 400, "invalidValue"),
            (json!({ "op": "replace", "path": "password", "value": "short" }), 400, "invalidValue"),
            (json!({ "op": "add", "path": "name", "value": { "givenName": 5 } }), 400, "invalidValue"),
            (json!({ "op": "replace", "path": "emails[type eq \"none\"].value", "value": "x" }), 400, "noTarget"),
            (json!({ "op": "replace", "path": "emails", "value": [{ "value": "a", "primary": true }, { "value": "b", "primary": true }] }), 400, "invalidValue"),
            (json!({ "op": "replace", "path": "nothing", "value": "x" }), 400, "invalidPath"),
            (json!({ "op": "replace", "path": "emails[", "value": "x" }), 400, "invalidFilter"),
            (json!({ "op": "remove" }), 400, "noTarget"),
            (json!({ "op": "add", "path": "title" }), 400, "invalidValue"),
            (json!({ "op": "move", "path": "title" }), 400, "invalidSyntax"),
            (json!({ "op": "add", "path": "schemas", "value": "urn:nothing" }), 400, "invalidValue"),
            (json!({ "op": "remove", "path": format!("schemas[value eq \"{USER}\"]") }), 400, "mutability"),
            (json!(5), 400, "invalidSyntax"),
        ] {
            for count in [0, 1, before.len()] {
                let mut operations = before[..count].to_vec();
                operations.push(last.clone());
                world.app.patch(&world.user, json!(operations)).await.expect_error(status, scim_type);
                world.is_unmoved(&last.to_string()).await;
            }
        }
        let stale = [("if-match", "W/\"7\"")];
        let body = json!({ "schemas": [PATCH_OP], "Operations": before }).to_string();
        world.app.send("PATCH", &world.user, &stale, body.clone()).await.expect_error(412, "");
        world.is_unmoved("a stale tag").await;
        // And it is not for the operations before.
        world.app.patch(&world.user, json!(before)).await.expect(200);
    }

    /// Shows P-3.5.2-17, R19, R16: the operations on members are of one piece with the others, and with each other.
    async fn a_patch_that_fails_has_changed_nothing_of_a_group(app: App) {
        let world = World::new(app).await;
        let own = world.group.trim_start_matches("/Groups/");
        let before = [
            json!({ "op": "add", "path": "members", "value": [{ "value": world.other }] }),
            json!({ "op": "remove", "path": format!("members[value eq \"{}\"]", world.member) }),
            json!({ "op": "remove", "path": "members[type eq \"User\"]" }),
            json!({ "op": "remove", "path": "members" }),
            json!({ "op": "replace", "path": "members", "value": [{ "value": world.other }] }),
            json!({ "op": "replace", "path": "displayName", "value": "changed" }),
            json!({ "op": "add", "path": "externalId", "value": "changed" }),
        ];
        for (last, status, scim_type) in [
            (json!({ "op": "add", "path": "members", "value": [{ "value": world.other }, { "value": "none" }] }), 400, "invalidValue"),
            (json!({ "op": "add", "path": "members", "value": [{ "value": "00000000-0000-4000-8000-000000000000" }] }), 400, "invalidValue"),
            (json!({ "op": "replace", "path": "members", "value": [{ "value": own }] }), 400, "invalidValue"),
            (json!({ "op": "add", "value": { "members": [{ "value": "none" }] } }), 400, "invalidValue"),
            (json!({ "op": "add", "path": "members", "value": 5 }), 400, "invalidValue"),
            (json!({ "op": "replace", "path": format!("members[value eq \"{}\"].value", world.member), "value": "x" }), 400, "mutability"),
            (json!({ "op": "remove", "path": "members[nothing eq 5]" }), 400, "invalidFilter"),
            (json!({ "op": "remove", "path": "displayName" }), 400, "mutability"),
            (json!({ "op": "replace", "path": "displayName", "value": " " }), 400, "invalidValue"),
            (json!({ "op": "replace", "path": "nothing", "value": "x" }), 400, "invalidPath"),
        ] {
            for (first, count) in (0..before.len()).map(|first| (first, 1)).chain([(0, 0), (0, 2), (0, 5), (0, before.len())]) {
                let mut operations = before[first..first + count].to_vec();
                operations.push(last.clone());
                world.app.patch(&world.group, json!(operations)).await.expect_error(status, scim_type);
                world.is_unmoved(&json!(operations).to_string()).await;
            }
        }
        let body = json!({ "schemas": [PATCH_OP], "Operations": before });
        for count in 1..=before.len() {
            let body = json!({ "schemas": [PATCH_OP], "Operations": before[..count] }).to_string();
            world.app.send("PATCH", &world.group, &[("if-match", "W/\"7\"")], body).await.expect_error(412, "");
            world.is_unmoved("a stale tag").await;
        }
        world.app.send("PATCH", &world.group, &[], body.to_string()).await.expect(204);
    }

    /// Shows P-3.12-18, P-3.12-23, R19.
    async fn a_put_that_fails_has_changed_nothing(app: App) {
        let world = World::new(app).await;
        let user = json!({ "schemas": [USER], "userName": "changed", "title": "changed", "password": "changed-password" });
        for (name, value, status, scim_type) in [
            ("userName", json!("Member"), 409, "uniqueness"),
            ("userName", json!(null), 400, "invalidValue"),
            ("active", json!("maybe"), 400, "invalidValue"),
            ("password", json!("short"), 400, "invalidValue"),
            ("schemas", json!([GROUP]), 400, "invalidSyntax"),
        ] {
            let mut body = user.clone();
            body[name] = value;
            world.app.put(&world.user, body).await.expect_error(status, scim_type);
            world.is_unmoved(name).await;
        }
        world.app.send("PUT", &world.user, &[("if-match", "W/\"7\"")], user.to_string()).await.expect_error(412, "");
        for members in [json!([{ "value": world.other }, { "value": "none" }]), json!(5)] {
            let body = json!({ "schemas": [GROUP], "displayName": "changed", "members": members });
            world.app.put(&world.group, body).await.expect_error(400, "invalidValue");
            world.is_unmoved("members").await;
        }
        let body = json!({ "schemas": [GROUP], "displayName": "changed", "members": [{ "value": world.other }] }).to_string();
        world.app.send("PUT", &world.group, &[("if-match", "W/\"7\"")], body).await.expect_error(412, "");
        world.is_unmoved("stale tags").await;
    }

    /// Shows P-3.5.2.1-07, P-3.5.2.1-08, P-3.5.2.2-08, P-3.5.2.2-10 (D-62).
    async fn a_patch_that_changes_nothing_leaves_no_trace(app: App) {
        let world = World::new(app).await;
        for operations in [
            json!([{ "op": "replace", "path": "title", "value": "Guide" }]),
            json!([{ "op": "add", "path": "title", "value": "Guide" }]),
            json!([{ "op": "Replace", "path": "USERNAME", "value": "bjensen" }]),
            json!([{ "op": "replace", "path": "name", "value": { "givenName": "Barbara" } }]),
            json!([{ "op": "replace", "value": { "active": true, "title": "Guide", "name.familyName": "Jensen", "nickName": null } }]),
            json!([{ "op": "add", "path": "emails", "value": [{ "type": "home", "value": "b@example.org" }] }]),
            json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "b@example.com" }]),
            json!([{ "op": "add", "path": format!("{ENTERPRISE}:department"), "value": "Tours" }]),
            json!([{ "op": "add", "path": ENTERPRISE, "value": { "manager": { "value": "26118915" } } }]),
            json!([{ "op": "add", "path": "schemas", "value": [ENTERPRISE] }]),
            json!([{ "op": "remove", "path": "nickName" }, { "op": "remove", "path": "emails[type eq \"none\"]" }]),
            json!([{ "op": "add", "path": "nickName", "value": "x" }, { "op": "remove", "path": "nickName" }]),
            json!([{ "op": "replace", "path": "active", "value": false }, { "op": "replace", "path": "active", "value": true }]),
        ] {
            let answer = world.app.patch(&world.user, operations.clone()).await;
            world.changes_nothing(&world.user, answer, &operations.to_string()).await;
        }
        let user = world.user.trim_start_matches("/Users/");
        for operations in [
            json!([{ "op": "add", "path": "members", "value": [{ "value": user }] }]),
            json!([{ "op": "add", "value": { "members": [{ "value": user }, { "value": world.member }] } }]),
            json!([{ "op": "replace", "path": "members", "value": [{ "value": world.member }, { "value": user }, { "value": user }] }]),
            json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", world.other) }]),
            json!([{ "op": "remove", "path": "members", "value": [{ "value": world.other }] }]),
            json!([{ "op": "remove", "path": "members[value eq \"none\"]" }]),
            json!([{ "op": "remove", "path": "members[type eq \"Group\"]" }]),
            json!([
                { "op": "add", "path": "members", "value": [{ "value": world.other }] },
                { "op": "remove", "path": format!("members[value eq \"{}\"]", world.other) },
            ]),
            json!([
                { "op": "remove", "path": "members" },
                { "op": "add", "path": "members", "value": [{ "value": user }, { "value": world.member }] },
            ]),
            json!([{ "op": "replace", "path": "displayName", "value": "Tour Guides" }, { "op": "add", "path": "members", "value": [{ "value": user }] }]),
        ] {
            let answer = world.app.patch(&world.group, operations.clone()).await;
            world.changes_nothing(&world.group, answer, &operations.to_string()).await;
        }
    }

    /// Shows D-62 for PUT: with what was read, and with the same said in other words.
    async fn a_put_that_changes_nothing_leaves_no_trace(app: App) {
        let world = World::new(app).await;
        let user = world.app.get(&world.user).await.expect(200).json;
        let mut reworded = json!({ "SCHEMAS": [ENTERPRISE.to_uppercase(), USER], "nickName": null, "phoneNumbers": [], "meta": {}, "id": "x" });
        for name in ["userName", "externalId", "active", "title", "name", ENTERPRISE] {
            reworded[name.to_uppercase()] = user[name].clone();
        }
        reworded["emails"] = user["emails"].clone();
        for body in [user, reworded] {
            let answer = world.app.put(&world.user, body.clone()).await;
            world.changes_nothing(&world.user, answer, &body.to_string()).await;
        }
        let group = world.app.get(&world.group).await.expect(200).json;
        let mut reworded = group.clone();
        let members = reworded["members"].as_array_mut().expect("a list");
        members.reverse();
        members.push(json!({ "value": members[0]["value"], "display": "x" }));
        for body in [group, reworded] {
            let answer = world.app.put(&world.group, body.clone()).await;
            world.changes_nothing(&world.group, answer, &body.to_string()).await;
        }
    }
}
