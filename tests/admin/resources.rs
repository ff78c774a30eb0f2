//! Users, groups and OAuth clients of a Directory over the admin API, and its end (rows B4, B8, B11, B12, C6).

use super::app::{GROUP, USER};
use super::{Admin, check_problem};
use crate::on_both_back_ends;
use scimd::directory::settings::Settings;
use scimd::scim::quirks::DeletePolicy;
use scimd::store::operator::Role;
use serde_json::{Value, json};

fn ids(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["id"].as_str().expect("an id")).collect()
}

on_both_back_ends! {
    /// Rows B11, B12: manual beside provisioned, and only looked at where the provider made it.
    async fn operators_have_users_and_groups_of_their_own(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let viewer = Admin::new(&app, Role::Viewer).await;
        let provisioned = app.user("bjensen").await;
        let path = "/directories/test/users";
        let body = json!({ "schemas": [USER], "userName": "ops", "title": "T" });
        check_problem(viewer.post(path, body.clone()).await, 403, "forbidden");
        let made = operator.post(path, body.clone()).await.expect(201);
        assert_eq!((made.at("/source"), made.at("/attributes/userName")), (&json!("manual"), &json!("ops")));
        check_problem(operator.post(path, body).await, 409, "conflict");
        check_problem(operator.post(path, json!({ "schemas": [USER] })).await, 422, "invalid");
        let manual = made.id();

        for limit in [1, 10] {
            assert_eq!(ids(&operator.all(path, limit).await), [provisioned.as_str(), manual.as_str()]);
        }
        assert_eq!(ids(&viewer.all(&format!("{path}?source=manual"), 10).await), [manual.as_str()]);
        assert_eq!(ids(&viewer.all(&format!("{path}?source=provisioned&active=true"), 10).await), [provisioned.as_str()]);
        assert_eq!(ids(&viewer.all(&format!("{path}?filter=title%20pr"), 10).await), [manual.as_str()]);
        check_problem(viewer.get(&format!("{path}?source=mine")).await, 400, "malformed");
        check_problem(viewer.get(&format!("{path}?filter=title%20xx")).await, 422, "invalid");
        assert_eq!(viewer.get(&format!("{path}/BJENSEN")).await.expect(200).id(), provisioned);
        check_problem(viewer.get(&format!("{path}/nobody")).await, 404, "not-found");
        check_problem(viewer.get("/directories/test/things").await, 404, "not-found");

        let changed = json!({ "schemas": [USER], "userName": "ops", "title": "U" });
        let replaced = operator.send("PUT", &format!("{path}/ops"), &[], Some(changed.clone())).await.expect(200);
        assert_eq!((replaced.at("/attributes/title"), replaced.at("/version")), (&json!("U"), &json!(2)));
        check_problem(operator.send("PUT", &format!("{path}/{provisioned}"), &[], Some(changed)).await, 409, "conflict");

        let group = operator.post("/directories/test/groups", json!({ "schemas": [GROUP], "displayName": "Ops" })).await.expect(201);
        let members = "/directories/test/groups/Ops/members";
        operator.post(members, json!({ "add": [provisioned, manual] })).await.expect(200);
        operator.post(members, json!({ "remove": [manual] })).await.expect(200);
        check_problem(operator.post(members, json!({ "add": ["x"] })).await, 422, "invalid");
        let seen = app.get(&format!("/Groups/{}", group.id())).await.expect(200);
        assert_eq!((seen.at("/members/0/value"), seen.at("/members").as_array().map(Vec::len)), (&json!(provisioned), Some(1)));
        let acts: Vec<Value> = operator.all("/audit?directory=test&actor=operator", 100).await;
        let acts: Vec<&str> = acts.iter().rev().map(|act| act["act"].as_str().expect("a name")).collect();
        assert_eq!(acts, ["user.create", "user.edit", "group.create", "group.change-members", "group.change-members"]);
    }

    /// Row B8.
    async fn an_operator_disables_enables_and_deletes_anybodys(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let okta = app.directory("okta", "okta").await;
        let user = okta.user("bjensen").await;
        let path = "/directories/okta/users/bjensen";
        let disabled = operator.act(&format!("{path}/disable")).await.expect(200);
        assert_eq!((disabled.at("/held"), disabled.at("/attributes/active")), (&json!(true), &json!(false)));
        assert_eq!(ids(&operator.all("/directories/okta/users?source=held", 10).await), [user.as_str()]);
        assert_eq!(operator.act(&format!("{path}/enable")).await.expect(200).at("/held"), &json!(false));
        operator.delete(path).await.expect(204);
        check_problem(operator.delete(path).await, 404, "not-found");
        let body = json!({ "schemas": [USER], "userName": "bjensen" });
        okta.post("/Users", body.clone()).await.expect_error(403, "");
        let known = operator.get("/directories/okta/deleted/users").await.expect(200);
        assert_eq!((known.at("/items/0/id"), known.at("/items/0/barred")), (&json!(user), &json!("untilReassigned")));
        operator.delete(&format!("/directories/okta/deleted/users/{user}")).await.expect(204);
        check_problem(operator.delete(&format!("/directories/okta/deleted/users/{user}")).await, 404, "not-found");
        check_problem(operator.delete("/directories/okta/deleted/groups/x").await, 404, "not-found");
        okta.post("/Users", body).await.expect(201);
    }

    /// What nobody may read, no operator reads either: neither of what is there, nor of what is kept of the deleted.
    async fn what_is_never_returned_is_not_shown(app: App) {
        let viewer = Admin::new(&app, Role::Viewer).await;
        let settings = Settings { delete_policy: Some(DeletePolicy::Disable), ..Settings::default() };
        let app = app.directory_with("secretive", "generic", &settings).await;
        let urn = "urn:example:badge";
        let pin = json!({ "name": "pin", "type": "string", "returned": "never", "mutability": "writeOnly" });
        let attributes = json!([pin, { "name": "colour", "type": "string" }]);
        let schema = json!({ "id": urn, "name": "Badge", "extends": ["User"], "attributes": attributes });
        Admin::new(&app, Role::Operator).await.post("/directories/secretive/definitions/schemas", schema).await.expect(201);
        let app = app.fresh().await;
        let user = json!({ "schemas": [USER, urn], "userName": "bjensen", urn: { "pin": "CANARY", "colour": "red" } });
        let id = app.post("/Users", user).await.expect(201).id();
        let path = "/directories/secretive/users";
        let shown = [viewer.get(path).await.expect(200).json, viewer.get(&format!("{path}/{id}")).await.expect(200).json];
        app.delete(&format!("/Users/{id}")).await.expect(204);
        let kept = viewer.get("/directories/secretive/deleted/users").await.expect(200).json;
        for text in shown.iter().chain([&kept]).map(Value::to_string) {
            assert!(text.contains("red") && !text.contains("CANARY"), "{text}");
        }
    }

    /// Two operators do not overwrite each other, and each sees in the record what differed.
    async fn a_user_has_a_version_and_its_changes_are_on_record(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let path = "/directories/test/users";
        let user = |title: &str| json!({ "schemas": [USER], "userName": "ops", "title": title });
        let made = operator.post(path, user("first")).await.expect(201);
        let (tag, path) = (made.header("etag").to_owned(), format!("{path}/{}", made.id()));
        assert_eq!(operator.send("GET", &path, &[("if-none-match", &tag)], None).await.status, 304);
        operator.send("PUT", &path, &[("if-match", &tag)], Some(user("second"))).await.expect(200);
        for (method, body) in [("PUT", Some(user("third"))), ("DELETE", None)] {
            check_problem(operator.send(method, &path, &[("if-match", &tag)], body).await, 412, "changed");
        }
        assert_eq!(operator.get(&path).await.expect(200).at("/attributes/title"), "second");
        let edit = operator.get("/audit?act=user.edit").await.expect(200);
        assert_eq!(edit.at("/items/0/before/title"), &json!({ "redacted": "string", "length": 5 }));
        assert_eq!(edit.at("/items/0/after/title"), &json!({ "redacted": "string", "length": 6 }));

        let group = operator.post("/directories/test/groups", json!({ "schemas": [GROUP], "displayName": "G" })).await.expect(201).id();
        let members = format!("/directories/test/groups/{group}/members");
        operator.post(&members, json!({ "add": [made.id(), made.id()] })).await.expect(200);
        check_problem(operator.post(&members, json!({ "add": [made.id()], "remove": [made.id()] })).await, 422, "invalid");
        let change = operator.get("/audit?act=group.change-members").await.expect(200);
        assert_eq!(change.at("/items/0/after/members/addedIds"), &json!([made.id()]));
        assert_eq!(change.at("/items/0/after/members/added"), 1);
    }

    async fn the_deleted_come_in_pages(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let okta = app.directory("okta", "okta").await;
        let mut gone = Vec::new();
        for name in ["ann", "bob", "cid"] {
            gone.push(okta.user(name).await);
            operator.delete(&format!("/directories/okta/users/{name}")).await.expect(204);
        }
        gone.sort_unstable();
        for limit in [1, 2, 3] {
            assert_eq!(ids(&operator.all("/directories/okta/deleted/users", limit).await), gone);
        }
        let path = format!("/directories/okta/deleted/groups/{}", gone[0]);
        check_problem(operator.delete(&path).await, 404, "not-found");
    }

    /// PostgreSQL has no text with U+0000.
    async fn what_cannot_be_there_is_not_there(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        for path in ["/accounts?cursor=AA", "/directories?cursor=AA"] {
            check_problem(operator.get(path).await, 400, "malformed");
        }
        check_problem(operator.get("/directories/test/users/a%00b").await, 404, "not-found");
        check_problem(operator.get("/directories/a%00b").await, 404, "not-found");
        check_problem(operator.get("/directories/test/tokens/a%00b").await, 404, "not-found");
        let token = json!({ "name": "x", "user": "a\u{0}b" });
        check_problem(operator.post("/directories/test/tokens", token).await, 404, "not-found");
    }

    /// Row C6: what comes of a client is a token that opens its Directory.
    async fn a_client_is_made_and_gets_tokens(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let made = operator.post("/directories/test/clients", json!({ "name": "entra", "scopes": ["User:read"] })).await.expect(201);
        assert_eq!(made.at("/tokenEndpoint"), "https://scim.example.com/oauth/token");
        assert_eq!(made.at("/token/kind"), "client");
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}", made.text("/clientId"), made.text("/secret")
        );
        let headers = [("authorization", ""), ("content-type", "application/x-www-form-urlencoded")];
        let issued = app.send("POST", "//oauth/token", &headers, form).await.expect(200);
        app.with_token(&issued.text("/access_token")).get("/Users").await.expect(200);
        app.with_token(&issued.text("/access_token")).get("/Groups").await.expect_error(403, "");
        let again = json!({ "name": "entra", "scopes": ["User:read"] });
        let again = operator.post("/directories/test/clients", again).await.expect(200);
        assert_eq!((again.at("/clientId"), again.json.get("secret")), (made.at("/clientId"), None));
        check_problem(operator.post("/directories/test/clients", json!({ "name": "entra" })).await, 409, "conflict");
        check_problem(operator.post("/directories/test/clients", json!({ "name": "x", "keys": { "keys": [] } })).await, 422, "invalid");
        let keys = operator.send("PUT", "/directories/test/clients/entra/keys", &[], Some(json!({ "keys": [] }))).await;
        check_problem(keys, 422, "invalid");
    }

    /// Row B4.
    async fn a_directory_is_deleted_with_or_without_its_users(app: App) {
        let operator = Admin::new(&app, Role::Operator).await;
        let acme = app.directory("acme", "entra").await;
        let user = acme.user("bjensen").await;
        check_problem(operator.delete("/directories/acme").await, 400, "malformed");
        operator.patch("/directories/acme", json!({ "protected": true })).await.expect(200);
        for users in ["keep", "remove"] {
            check_problem(operator.delete(&format!("/directories/acme?users={users}")).await, 409, "conflict");
        }
        operator.patch("/directories/acme", json!({ "protected": false })).await.expect(200);
        let kept = operator.delete("/directories/acme?users=keep").await.expect(200);
        assert_eq!(kept.at("/provider"), "manual");
        acme.replica().get("/Users").await.expect_error(401, "");
        let shown = operator.get("/directories/acme/users/bjensen").await.expect(200);
        assert_eq!((shown.id(), shown.at("/source")), (user, &json!("manual")));
        // They are the operators' own by now.
        let changed = json!({ "schemas": [USER], "userName": "bjensen", "title": "T" });
        operator.send("PUT", "/directories/acme/users/bjensen", &[], Some(changed)).await.expect(200);
        assert_eq!(operator.delete("/directories/acme?users=remove").await.expect(202).at("/status"), "deleting");
        let mut tries = 0;
        while operator.get("/directories/acme").await.status == 200 {
            tries += 1;
            assert!(tries < 600, "it is removed behind the answer");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }
}
