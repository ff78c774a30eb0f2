//! `Idempotency-Key`: users and groups that are created once, however often the request is sent.

use super::app::{Answer, App, GROUP, USER};
use super::{Admin, check_problem};
use crate::on_both_back_ends;
use futures_util::future::join_all;
use scimd::directory::settings::Settings;
use scimd::scim::quirks::DeletePolicy;
use scimd::store::operator::Role;
use serde_json::{Value, json};

const USERS: &str = "/directories/test/users";
const GROUPS: &str = "/directories/test/groups";

async fn post(operator: &Admin, path: &str, key: &str, body: &Value) -> Answer {
    operator.send("POST", path, &[("idempotency-key", key)], Some(body.clone())).await
}

fn user(name: &str) -> Value {
    json!({ "schemas": [USER], "userName": name, "emails": [{ "value": format!("{name}@example.org"), "type": "work" }] })
}

fn group(name: &str) -> Value {
    json!({ "schemas": [GROUP], "displayName": name })
}

/// How many creations are on record.
async fn creations(operator: &Admin, act: &str) -> usize {
    operator.all(&format!("/audit?act={act}"), 100).await.len()
}

on_both_back_ends! {
    async fn the_same_request_with_the_same_key_finds_what_it_made(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let viewer = Admin::new(&app, Role::Viewer).await;
        for (path, act, body) in [(USERS, "user.create", user("ann")), (GROUPS, "group.create", group("Ops"))] {
            let made = post(&operator, path, "\"k 1\"", &body).await;
            check_problem(made, 400, "malformed");
            let made = post(&operator, path, "\"k-1\"", &body).await.expect(201);
            let location = format!("https://scim.example.com/admin/api/v1{path}/{}", made.id());
            assert_eq!(made.header("location"), location);
            assert_eq!(made.id().as_bytes()[14], b'8', "a UUID of version 8");
            for key in ["\"k-1\"", "k-1"] {
                let again = post(&operator, path, key, &body).await.expect(200);
                assert_eq!(again.json, made.json);
                for name in ["etag", "location"] {
                    assert_eq!(again.header(name), made.header(name));
                }
            }
            assert_eq!(creations(&operator, act).await, 1);
            assert_eq!(operator.all(path, 10).await.len(), 1);
            check_problem(post(&viewer, path, "k-1", &body).await, 403, "forbidden");
        }
    }

    /// The same in other words is the same: attributes in another order, null, letter case of names, what is ignored.
    async fn what_a_body_means_is_compared_and_not_its_text(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let id = post(&operator, USERS, "k", &user("ann")).await.expect(201).id();
        let same = json!({
            "USERNAME": "ann", "title": null, "id": "x", "emails": [{ "type": "work", "value": "ann@example.org" }], "schemas": [USER],
        });
        assert_eq!(post(&operator, USERS, "k", &same).await.expect(200).id(), id);
        for other in [user("bob"), json!({ "schemas": [USER], "userName": "ann" })] {
            check_problem(post(&operator, USERS, "k", &other).await, 422, "invalid");
        }
        check_problem(post(&operator, USERS, "k", &json!({ "schemas": [USER] })).await, 422, "invalid");
        check_problem(operator.send("POST", USERS, &[("idempotency-key", "k")], Some(json!([]))).await, 422, "invalid");

        let (ann, bob) = (id, post(&operator, USERS, "k2", &user("bob")).await.expect(201).id());
        let with = |ids: &[&String]| {
            let members: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
            json!({ "schemas": [GROUP], "displayName": "G", "members": members })
        };
        let made = post(&operator, GROUPS, "k", &with(&[&ann, &bob])).await.expect(201).id();
        assert_eq!(post(&operator, GROUPS, "k", &with(&[&bob, &ann, &bob])).await.expect(200).id(), made);
        for other in [with(&[&ann]), with(&[&ann, &made]), with(&[])] {
            check_problem(post(&operator, GROUPS, "k", &other).await, 422, "invalid");
        }
    }

    async fn nobody_finds_out_a_password_by_a_key(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let body = |password: &str| json!({ "schemas": [USER], "userName": "ann", "password": password });
        let made = post(&operator, USERS, "k", &body("correct horse battery")).await.expect(201);
        for password in ["correct horse battery", "incorrect horse battery"] {
            assert_eq!(post(&operator, USERS, "k", &body(password)).await.expect(200).json, made.json);
        }
    }

    /// What it was made from is not known any more.
    async fn what_has_changed_since_is_answered_as_it_is(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let id = post(&operator, USERS, "k", &user("ann")).await.expect(201).id();
        operator.send("PUT", &format!("{USERS}/{id}"), &[], Some(user("anna"))).await.expect(200);
        for body in [user("ann"), user("anna"), user("bob")] {
            let again = post(&operator, USERS, "k", &body).await.expect(200);
            assert_eq!((again.id(), again.at("/attributes/userName"), again.at("/version")), (id.clone(), &json!("anna"), &json!(2)));
        }
    }

    /// An id is never used again (D-21), whether anything else is known of what was deleted, or not.
    async fn a_key_whose_resource_was_deleted_is_spent(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let keeping = Settings { delete_policy: Some(DeletePolicy::Disable), ..Settings::default() };
        app.directory_with("keeping", "okta", &keeping).await;
        for path in [USERS, "/directories/keeping/users"] {
            let id = post(&operator, path, "k", &user("ann")).await.expect(201).id();
            operator.delete(&format!("{path}/{id}")).await.expect(204);
            for body in [user("ann"), user("bob")] {
                check_problem(post(&operator, path, "k", &body).await, 409, "conflict");
            }
            assert_ne!(post(&operator, path, "another", &user("ann")).await.expect(201).id(), id);
        }
    }

    async fn what_stands_in_the_way_of_a_creation_stands_in_the_way_of_one_with_a_key(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        app.user("ann").await;
        for _ in 0..2 {
            check_problem(post(&operator, USERS, "k", &user("ann")).await, 409, "conflict");
        }
        post(&operator, USERS, "k", &user("bob")).await.expect(201);
        let unknown = json!({ "schemas": [GROUP], "displayName": "G", "members": [{ "value": "nobody" }] });
        check_problem(post(&operator, GROUPS, "k", &unknown).await, 422, "invalid");
        post(&operator, GROUPS, "k", &group("G")).await.expect(201);
    }

    /// Without the header all is as it was.
    async fn without_a_key_a_user_is_a_conflict_and_a_group_is_made_again(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        operator.post(USERS, user("ann")).await.expect(201);
        check_problem(operator.post(USERS, user("ann")).await, 409, "conflict");
        let first = operator.post(GROUPS, group("G")).await.expect(201).id();
        assert_ne!(operator.post(GROUPS, group("G")).await.expect(201).id(), first);
    }

    /// A key is one of a Directory and a kind: nobody finds by it what is in another.
    async fn a_key_reaches_nothing_of_another_directory_or_kind(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        app.directory("acme", "generic").await;
        let here = post(&operator, USERS, "k", &user("ann")).await.expect(201).id();
        let there = post(&operator, "/directories/acme/users", "k", &user("ann")).await.expect(201).id();
        let of_group = post(&operator, GROUPS, "k", &group("ann")).await.expect(201).id();
        assert!(here != there && here != of_group && there != of_group);
        operator.delete(&format!("{USERS}/{here}")).await.expect(204);
        assert_eq!(post(&operator, "/directories/acme/users", "k", &user("ann")).await.expect(200).id(), there);
        check_problem(operator.get(&format!("/directories/acme/users/{here}")).await, 404, "not-found");
    }

    /// Also where the number of the Directory is the same; so one that is imported meets none of its keys.
    async fn a_key_reaches_nothing_of_another_installation(app: App) {
        let elsewhere = App::on_sqlite().await;
        let mut ids = Vec::new();
        for app in [&app, &elsewhere] {
            assert_eq!(app.row().await.id.0, 1);
            let operator = Admin::new(app, Role::Operator).await;
            ids.push(post(&operator, USERS, "k", &user("ann")).await.expect(201).id());
        }
        assert_ne!(ids[0], ids[1]);
    }

    /// On two servers, at the same time: also where there is room for one only.
    async fn of_repetitions_at_the_same_time_one_creates(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let settings = Settings { users_max: Some(1), groups_max: Some(1), ..Settings::default() };
        app.directory_with("narrow", "generic", &settings).await;
        let elsewhere = operator.on(app.replica());
        for directory in ["test", "narrow"] {
            for (kind, body) in [("users", user("ann")), ("groups", group("G"))] {
                let path = format!("/directories/{directory}/{kind}");
                let servers = [&operator, &elsewhere];
                let answers = join_all((0..16).map(|n| post(servers[n % 2], &path, "k", &body))).await;
                let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
                assert_eq!(made.len(), 1, "{path}");
                for answer in &answers {
                    assert!(answer.status == 201 || answer.status == 200, "{path}: {} {:#}", answer.status, answer.json);
                    assert_eq!(answer.json, made[0].json);
                }
                assert_eq!(operator.all(&path, 10).await.len(), 1);
                let act = if kind == "users" { "user.create" } else { "group.create" };
                assert_eq!(operator.all(&format!("/audit?act={act}&directory={directory}"), 100).await.len(), 1);
            }
        }
    }
}
