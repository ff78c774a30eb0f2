//! Who is no operator gets nothing, a role no more than its own, and no path of one Directory leads into another: every
//! operation of the description, which is compared with what is served next door ([`super::openapi`]).

use super::app::USER;
use super::{Admin, App, check_problem};
use crate::on_both_back_ends;
use scimd::store::operator::Role;
use serde_json::{Value, json};

/// What answers without credentials, because it is there to get some, or the same for everybody.
const OPEN: [&str; 5] = ["/session", "/openapi.json", "/docs", "/docs/page.js", "/docs/page.css"];

/// Every operation of the description: its method, and its path with the variables in braces.
async fn operations(admin: &Admin) -> Vec<(String, String)> {
    let document = admin.get("/openapi.json").await.expect(200).json;
    let paths = document["paths"].as_object().expect("paths");
    let methods = ["get", "post", "put", "patch", "delete"];
    let of = |path: &str, item: &Value| -> Vec<(String, String)> {
        let described = methods.into_iter().filter(|method| item.get(method).is_some());
        described.map(|method| (method.to_uppercase(), path.to_owned())).collect()
    };
    let operations: Vec<_> = paths.iter().flat_map(|(path, item)| of(path, item)).collect();
    assert!(operations.len() > 50, "{}", operations.len());
    operations
}

/// A body that the operation would carry out.
fn body(method: &str, path: &str) -> Option<Value> {
    match (method, path.rsplit('/').next().unwrap_or_default()) {
        ("GET" | "DELETE", _) => None,
        (_, "pause" | "resume" | "disable" | "enable" | "activate" | "deactivate" | "revoke") => None,
        (_, "password") => Some(json!({ "password": "correct horse battery staple" })),
        ("PUT", "keys") => Some(json!({ "keys": [] })),
        (_, "members") => Some(json!({ "add": [] })),
        ("POST", "accounts") => Some(json!({ "name": "new", "role": "owner" })),
        (_, "{kind}" | "{resource}") => Some(json!({ "schemas": [USER], "userName": "new" })),
        ("POST", "renew") | ("PATCH", _) => Some(json!({})),
        ("POST", "directories") => Some(json!({ "name": "new", "provider": "generic" })),
        _ => Some(json!({ "name": "new" })),
    }
}

/// What no request of these tests may change.
async fn everything(admin: &Admin, app: &App) -> [Value; 5] {
    let list = async |path: &str| Value::Array(admin.all(path, 200).await);
    [
        list("/accounts").await,
        list("/directories").await,
        list("/directories/test/tokens").await,
        list("/audit").await,
        app.get("/Users").await.expect(200).json,
    ]
}

/// The path with variables filled in.
fn filled(path: &str, variables: &[(&str, &str)]) -> String {
    variables.iter().fold(path.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value))
}

/// The path of something that there may be.
fn sample(path: &str) -> String {
    let kind = if path.contains("definitions") { "schemas" } else { "users" };
    let variables = [
        ("account", "owner"),
        ("key", "test"),
        ("directory", "test"),
        ("token", "test"),
        ("user", "bjensen"),
        ("group", "x"),
        ("resource", "bjensen"),
        ("id", "x"),
        ("name", "x"),
        ("kind", kind),
    ];
    filled(path, &variables)
}

on_both_back_ends! {
    async fn no_operation_serves_who_is_no_operator(app: App) {
        let owner = Admin::new(&app, Role::Owner).await;
        app.user("bjensen").await;
        owner.post("/accounts", json!({ "name": "leaver", "role": "owner" })).await.expect(201);
        let gone = owner.post("/accounts/leaver/keys", json!({ "name": "k" })).await.expect(201).text("/secret");
        owner.delete("/accounts/leaver").await.expect(204);
        let cut = &owner.key[..owner.key.len() - 1];
        let before = everything(&owner, &app).await;
        let mut cells = 0;
        for (method, path) in operations(&owner).await {
            if OPEN.contains(&path.as_str()) {
                continue;
            }
            let url = sample(&path);
            for key in ["", "garbage", cut, &app.token, &gone] {
                let answer = owner.with(key).send(&method, &url, &[], body(&method, &path)).await;
                check_problem(answer, 401, "unauthorized");
                cells += 1;
            }
        }
        assert!(cells >= 250, "{cells}");
        assert_eq!(everything(&owner, &app).await, before);
    }

    /// Nor does an API key open what is for the tokens of Directories.
    async fn an_api_key_is_no_token_of_a_directory(app: App) {
        let owner = Admin::new(&app, Role::Owner).await;
        let user = app.user("bjensen").await;
        for base in ["/directories/test/scim/v2", "/scim/v2"] {
            for path in ["/Users".to_owned(), format!("/Users/{user}"), "/Bulk".into(), "/Schemas".into()] {
                let authorization = format!("Bearer {}", owner.key);
                for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                    let url = format!("/{base}{path}");
                    app.send(method, &url, &[("authorization", &authorization)], "{}").await.expect_error(401, "");
                }
            }
        }
    }

    async fn a_role_does_no_more_than_its_own(app: App) {
        let owner = Admin::new(&app, Role::Owner).await;
        let viewer = Admin::new(&app, Role::Viewer).await;
        let operator = Admin::new(&app, Role::Operator).await;
        app.user("bjensen").await;
        let before = everything(&owner, &app).await;
        let mut refused = 0;
        for (method, path) in operations(&owner).await {
            let others_secrets = path.starts_with("/accounts/{account}/");
            if method == "GET" && !others_secrets || path == "/session" {
                continue;
            }
            let url = sample(&path);
            let answer = viewer.send(&method, &url, &[], body(&method, &path)).await;
            check_problem(answer, 403, "forbidden");
            refused += 1;
            if path.starts_with("/accounts") {
                let answer = operator.send(&method, &url, &[], body(&method, &path)).await;
                check_problem(answer, 403, "forbidden");
            }
        }
        assert!(refused > 25, "{refused}");
        assert_eq!(everything(&owner, &app).await, before);
    }

    /// Every path that goes on below a Directory, with what is another's.
    async fn no_path_of_a_directory_leads_into_another(app: App) {
        let owner = Admin::new(&app, Role::Owner).await;
        let theirs = app.directory("other", "okta").await;
        let other = "/directories/other";
        let user = owner.post(&format!("{other}/users"), json!({ "schemas": [USER], "userName": "kept" })).await.expect(201).id();
        let group = json!({ "schemas": [super::app::GROUP], "displayName": "Kept" });
        let group = owner.post(&format!("{other}/groups"), group).await.expect(201).id();
        theirs.user("left").await;
        owner.delete(&format!("{other}/users/left")).await.expect(204);
        let left = owner.get(&format!("{other}/deleted/users")).await.expect(200).text("/items/0/id");
        let client = owner.post(&format!("{other}/clients"), json!({ "name": "theirs" })).await.expect(201);
        let client = client.at("/token/id").to_string();
        let urn = "urn:example:theirs";
        let schema = json!({ "id": urn, "name": "Theirs", "attributes": [{ "name": "badge", "type": "string" }] });
        owner.post(&format!("{other}/definitions/schemas"), schema).await.expect(201);
        let list = async |path: &str| Value::Array(owner.all(&format!("{other}/{path}"), 200).await);
        let seen = async || [list("users").await, list("groups").await, list("tokens").await, list("definitions/schemas").await, list("deleted/users").await];
        let before = (seen().await, owner.all("/audit", 200).await);
        let mut paths = 0;
        for (method, path) in operations(&owner).await {
            let Some(below) = path.strip_prefix("/directories/{directory}/") else { continue };
            if !below.contains("{resource}") && !["{token}", "{name}", "{user}", "{group}", "{id}"].iter().any(|name| below.contains(name)) {
                continue;
            }
            let definitions = below.starts_with("definitions");
            let mut variables = vec![("directory", "test"), ("token", &client), ("user", &user), ("group", &group), ("id", &left), ("name", urn)];
            for (kind, resource) in [("users", &user), ("groups", &group)] {
                variables.extend([("kind", if definitions { "schemas" } else { kind }), ("resource", resource)]);
                let url = filled(&path, &variables);
                check_problem(owner.send(&method, &url, &[], body(&method, &path)).await, 404, "not-found");
                variables.truncate(6);
                paths += 1;
            }
        }
        assert!(paths > 25, "{paths}");
        assert_eq!((seen().await, owner.all("/audit", 200).await), before);
    }

    /// A list goes on in its own Directory, whoever's place it goes on from.
    async fn a_place_in_one_list_shows_nothing_of_it_in_another(app: App) {
        let owner = Admin::new(&app, Role::Owner).await;
        let other = app.directory("other", "generic").await;
        for name in ["a", "b", "c"] {
            other.user(name).await;
            app.user(&format!("mine-{name}")).await;
        }
        for list in ["users", "tokens"] {
            let page = owner.get(&format!("/directories/other/{list}?limit=1")).await.expect(200);
            let Some(next) = page.json.get("next").and_then(Value::as_str) else { continue };
            let theirs: Vec<Value> = owner.all(&format!("/directories/other/{list}"), 200).await;
            let crossed = owner.get(&format!("/directories/test/{list}?limit=100&cursor={next}")).await.expect(200);
            for item in crossed.at("/items").as_array().expect("a list") {
                assert!(!theirs.contains(item), "{item}");
            }
        }
    }
}
