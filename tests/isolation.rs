//! A token opens its own Directory, for as long as it lives, and nothing else: every endpoint by every method.

#[path = "support/app.rs"]
mod app;

use app::{Answer, App, ENTERPRISE, GROUP, PATCH_OP, USER};
use scimd::admin::Operator;
use scimd::admin::tokens::{self, Wanted};
use scimd::auth::Secret;
use scimd::clock::{ManualClock, Timestamp};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"];
/// The id of nothing.
const NEVER: &str = "00000000-0000-4000-8000-000000000000";
const DISCOVERY: [&str; 3] = ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes"];

/// A user and a group of a Directory, and the path of every endpoint.
struct World {
    user: String,
    group: String,
}

impl World {
    async fn new(app: &App) -> Self {
        let user = app.user("bjensen").await;
        Self { group: app.group("Tour Guides", &[&user]).await, user }
    }

    fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> = DISCOVERY.iter().map(|&path| path.to_owned()).collect();
        paths.extend([format!("/Schemas/{USER}"), "/ResourceTypes/User".into(), "/ResourceTypes/nothing".into()]);
        paths.extend(["", "/", "/.search", "/Bulk", "/Me", "/Users", "/users/", "/Users/.search", "/Groups"].map(str::to_owned));
        paths.extend(["/Groups/.search", "/nothing", "/Users/none/more", "/Users?filter=x", "/../Users"].map(str::to_owned));
        paths.extend([format!("/Users/{}", self.user), format!("/groups/{}", self.group)]);
        paths
    }

    /// A body that would be carried out if the credentials were good.
    fn body(&self, method: &str, path: &str) -> Value {
        match (method, path) {
            ("POST", "/Bulk") => json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
                "Operations": [{ "method": "DELETE", "path": format!("/Users/{}", self.user) }],
            }),
            ("POST", path) if path.ends_with(".search") => {
                json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": "id pr" })
            }
            ("PATCH", path) => {
                json!({ "schemas": [PATCH_OP], "Operations": [{ "op": "replace", "path": display(path), "value": "changed" }] })
            }
            (_, path) if path.starts_with("/groups") || path.starts_with("/Groups") => {
                json!({ "schemas": [GROUP], "displayName": "changed" })
            }
            _ => json!({ "schemas": [USER], "userName": "changed" }),
        }
    }
}

fn display(path: &str) -> &'static str {
    if path.to_ascii_lowercase().starts_with("/groups") { "displayName" } else { "nickName" }
}

fn is_discovery(path: &str) -> bool {
    DISCOVERY.iter().any(|name| path.starts_with(name))
}

/// Everything that a Directory shows.
async fn everything(app: &App) -> [Value; 2] {
    [app.get("/Users").await.expect(200).json, app.get("/Groups").await.expect(200).json]
}

/// The error of this status; to HEAD its head alone.
#[track_caller]
fn refused(answer: Answer, method: &str, status: u16) -> Value {
    if method == "HEAD" {
        return answer.expect(status).json;
    }
    answer.expect_error(status, "").json
}

#[track_caller]
fn is_401(answer: Answer, method: &str, cell: &str) {
    assert_eq!(answer.status, 401, "{cell}");
    assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"scimd\"", "{cell}");
    let error = refused(answer, method, 401);
    assert_eq!(error.is_null(), method == "HEAD", "{cell}");
}

on_both_back_ends! {
    /// Shows P-2-07, P-3.12-01, P-3.12-08, R2, R3.
    async fn no_endpoint_does_anything_for_bad_credentials(app: App) {
        let world = World::new(&app).await;
        let (before, events) = (everything(&app).await, app.events().await);
        assert_eq!(events, 2, "a user and a group");
        let row = app.store.directory("test").await.expect("answers").expect("there");
        let new = async |name: &str, clock: &ManualClock, lifetime| {
            let wanted = Wanted { name: Some(name.into()), expires_in: lifetime, ..Wanted::default() };
            tokens::create(&Operator { clock, ..app.operator() }, &row, wanted).await.expect("creates").secret
        };
        let long_ago = ManualClock::new(Timestamp(0));
        let expired = new("expired", &long_ago, Some(Duration::from_secs(60))).await;
        let revoked = new("revoked", &long_ago, None).await;
        tokens::revoke(&app.operator(), &row, "revoked").await.expect("revokes");
        let unknown = Secret::generate().expect("random");
        let bearer = |secret: &Secret| format!("Bearer {}", secret.expose());
        let credentials = [
            ("none", String::new()),
            ("unknown", bearer(&unknown)),
            ("expired", bearer(&expired)),
            ("revoked", bearer(&revoked)),
            ("garbage", "Bearer x".into()),
            ("empty", "Bearer ".into()),
            ("doubled", format!("Bearer {0} {0}", app.token)),
            ("cut", format!("Bearer {}", &app.token[..app.token.len() - 1])),
            ("another scheme", format!("Basic {}", app.token)),
            ("no scheme", app.token.clone()),
        ];
        let mut cells = 0;
        for base in ["/directories/test/scim/v2", "/directories/none/scim/v2", "/scim/v2", "/scim"] {
            for path in world.paths() {
                for method in METHODS {
                    let body = world.body(method, &path).to_string();
                    for (name, authorization) in &credentials {
                        let cell = format!("{method} {base}{path}, {name}");
                        let url = format!("/{base}{path}");
                        let answer = app.send(method, &url, &[("authorization", authorization)], body.clone()).await;
                        cells += 1;
                        if *name != "none" || !is_discovery(&path) {
                            is_401(answer, method, &cell);
                        } else if answer.status.is_client_error() {
                            let expected = if ["GET", "HEAD", "OPTIONS"].contains(&method) { 404 } else { 405 };
                            assert_eq!(answer.headers.contains_key("allow"), expected == 405, "{cell}");
                            refused(answer, method, expected);
                        } else {
                            assert_eq!(answer.status, if method == "OPTIONS" { 204 } else { 200 }, "{cell}");
                        }
                    }
                }
            }
        }
        assert!(cells > 6_000, "{cells}");
        assert_eq!(everything(&app).await, before);
        assert_eq!(app.events().await, events);
    }

    /// Shows P-3.12-09, R4, R5: where the URL names a Directory, the token of another opens nothing, and cannot tell
    /// whether there is one.
    async fn no_endpoint_of_a_directory_opens_for_the_token_of_another(app: App) {
        let world = World::new(&app).await;
        let other = app.directory("other", "generic").await;
        let (before, events) = (everything(&app).await, app.events().await);
        let authorization = format!("Bearer {}", other.token);
        for path in world.paths() {
            for method in METHODS {
                let body = world.body(method, &path).to_string();
                let mut answers = Vec::new();
                for name in ["test", "none", "OTHER", "other%00"] {
                    let url = format!("//directories/{name}/scim/v2{path}");
                    let answer = app.send(method, &url, &[("authorization", &authorization)], body.clone()).await;
                    answers.push(refused(answer, method, 403));
                }
                assert!(answers.iter().all(|answer| *answer == answers[0]), "{method} {path}: {answers:?}");
            }
        }
        assert_eq!(everything(&app).await, before);
        assert_eq!(app.events().await, events);
    }

    /// Shows P-3.12-10, R4, R5: an id of another Directory is answered as one that never was.
    async fn an_id_of_another_directory_is_404_by_every_method(app: App) {
        let world = World::new(&app).await;
        let other = app.directory("other", "generic").await;
        let (before, events) = (everything(&app).await, app.events().await);
        for (endpoint, id) in [("/Users", &world.user), ("/Groups", &world.group)] {
            for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE"] {
                for condition in [("if-match", ""), ("if-match", "W/\"1\""), ("if-match", "*"), ("if-none-match", "W/\"1\"")] {
                    let body = world.body(method, endpoint).to_string();
                    let answer = async |id: &str| {
                        refused(other.send(method, &format!("{endpoint}/{id}"), &[condition], body.clone()).await, method, 404)
                    };
                    assert_eq!(answer(id).await, answer(NEVER).await, "{method} {endpoint} {condition:?}");
                }
            }
        }
        assert_eq!(everything(&app).await, before);
        assert_eq!(app.events().await, events);
    }

    /// Shows R4, R5.
    async fn a_member_of_another_directory_is_refused_as_one_that_never_was(app: App) {
        let world = World::new(&app).await;
        let other = app.directory("other", "generic").await;
        let mine = other.user("mine").await;
        let path = format!("/Groups/{}", other.group("mine", &[&mine]).await);
        let (before, events) = (everything(&other).await, app.events().await);
        for foreign in [&world.user, &world.group] {
            for value in [json!({ "value": foreign }), json!({ "$ref": format!("../Users/{foreign}") }), json!({ "value": foreign, "type": "User" })] {
                let members = json!([{ "value": mine }, value]);
                let body = json!({ "schemas": [GROUP], "displayName": "x", "members": members });
                for answer in [
                    other.post("/Groups", body.clone()).await,
                    other.put(&path, body).await,
                    other.patch(&path, json!([{ "op": "add", "path": "members", "value": members }])).await,
                    other.patch(&path, json!([{ "op": "replace", "value": { "members": members } }])).await,
                ] {
                    let detail = answer.expect_error(400, "invalidValue").text("/detail");
                    let unknown = json!([{ "op": "add", "path": "members", "value": [{ "value": NEVER }] }]);
                    let of_unknown = other.patch(&path, unknown).await.expect_error(400, "invalidValue").text("/detail");
                    assert_eq!(detail, of_unknown.replace(NEVER, foreign));
                }
            }
            other.patch(&path, json!([{ "op": "remove", "path": format!("members[value eq \"{foreign}\"]") }])).await.expect(204);
        }
        assert_eq!(everything(&other).await, before);
        assert_eq!(app.events().await, events);
    }

    /// Shows R4, R5: a manager need not exist (D-71), so it stays as it was sent, and nobody elsewhere adds to it.
    async fn a_manager_of_another_directory_is_what_the_client_sent(app: App) {
        let boss = app.post("/Users", json!({ "schemas": [USER], "userName": "boss", "displayName": "The Boss" })).await.expect(201).id();
        let other = app.directory("other", "generic").await;
        let manager = json!({ "value": boss, "displayName": "x", "$ref": format!("../Users/{boss}") });
        let body = json!({ "schemas": [USER, ENTERPRISE], "userName": "bjensen", ENTERPRISE: { "manager": manager } });
        let created = other.post("/Users", body.clone()).await.expect(201);
        let path = format!("/Users/{}", created.id());
        let list = other.get("/Users").await.expect(200);
        for shown in [&created.json, &other.get(&path).await.json, &other.put(&path, body).await.json, list.at("/Resources/0")] {
            let manager = &shown[ENTERPRISE]["manager"];
            assert_eq!(*manager, json!({ "value": boss, "$ref": format!("../Users/{boss}") }), "as the client sent it");
        }
        let of_boss = format!("{ENTERPRISE}:manager.displayName co \"Boss\"");
        assert_eq!(other.filter("/Users", &of_boss).await.expect(200).json["totalResults"], 0);
    }

    /// Shows R4, R8: neither lists nor filters nor searches reach into another Directory, and `groups` does not either.
    async fn nothing_of_another_directory_is_found(app: App) {
        let world = World::new(&app).await;
        let other = app.directory("other", "generic").await;
        let filters = ["userName eq \"bjensen\"", "not (userName eq \"x\")", "id pr", "meta.created gt \"2000-01-01T00:00:00Z\"", "userName ne \"x\""];
        for filter in filters.map(str::to_owned).into_iter().chain([
            format!("id eq \"{}\"", world.user),
            format!("groups.value eq \"{}\"", world.group),
            format!("groups[value eq \"{}\"]", world.group),
        ]) {
            assert_eq!(app.filter("/Users", &filter).await.expect(200).json["totalResults"], 1, "{filter}");
            finds_nothing(&other, "/Users", &filter).await;
        }
        for filter in [format!("members.value eq \"{}\"", world.user), format!("members[value eq \"{}\"]", world.user), "displayName pr".into()] {
            assert_eq!(app.filter("/Groups", &filter).await.expect(200).json["totalResults"], 1, "{filter}");
            finds_nothing(&other, "/Groups", &filter).await;
        }
        for path in ["/Users", "/Groups", "/Users?sortBy=userName", "/Groups?sortBy=displayName&sortOrder=descending", "/Users?startIndex=0&count=0"] {
            assert_eq!(other.get(path).await.expect(200).json["totalResults"], 0, "{path}");
        }
        other.user("bjensen").await;
        let found = other.filter("/Users", "userName eq \"bjensen\"").await.expect(200);
        assert_eq!((found.at("/totalResults"), found.at("/Resources/0").get("groups")), (&json!(1), None));
    }

    /// Shows R4, R8, C-5.2-01: every list, by GET and by POST.
    async fn a_cursor_of_another_directory_opens_no_list(app: App) {
        let other = app.directory("other", "generic").await;
        for app in [&app, &other] {
            for name in ["ann", "bob"] {
                let user = app.user(name).await;
                app.group(&format!("of {name}"), &[&user]).await;
            }
        }
        let search = async |app: &App, path: &str, cursor: &str| {
            let schemas = ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"];
            app.post(&format!("{path}/.search"), json!({ "schemas": schemas, "count": 1, "cursor": cursor })).await
        };
        for path in ["/Users", "/Groups", ""] {
            let by_get = async |app: &App, cursor: &str| app.get(&format!("{path}/?count=1&cursor={cursor}")).await;
            let of_get = by_get(&app, "").await.expect(200).text("/nextCursor");
            let of_post = search(&app, path, "").await.expect(200).text("/nextCursor");
            for cursor in [&of_get, &of_post] {
                let never = by_get(&other, "x").await.expect_error(400, "invalidCursor").json;
                assert_eq!(by_get(&other, cursor).await.expect_error(400, "invalidCursor").json, never, "{path}");
                assert_eq!(search(&other, path, cursor).await.expect_error(400, "invalidCursor").json, never, "{path}");
            }
            by_get(&app, &of_get).await.expect(200);
            search(&app, path, &of_post).await.expect(200);
        }
    }

    /// Shows R5: uniqueness ends at the Directory, also for the second of the two.
    async fn a_name_may_be_taken_in_each_directory(app: App) {
        let other = app.directory("other", "generic").await;
        let body = json!({ "schemas": [USER], "userName": "bjensen", "externalId": "7", "emails": [{ "value": "b@example.com" }] });
        let ids = [app.post("/Users", body.clone()).await.expect(201).id(), other.post("/Users", body.clone()).await.expect(201).id()];
        assert_ne!(ids[0], ids[1]);
        for app in [&app, &other] {
            app.post("/Users", body.clone()).await.expect_error(409, "uniqueness");
        }
        app.delete(&format!("/Users/{}", ids[0])).await.expect(204);
        other.post("/Users", body.clone()).await.expect_error(409, "uniqueness");
        app.post("/Users", body).await.expect(201);
    }

    /// Shows R30.
    async fn a_revoked_token_is_refused_by_every_server_within_a_second(app: App) {
        let servers = [app.clone(), app.replica()];
        for server in &servers {
            server.get("/Users").await.expect(200);
        }
        let row = app.store.directory("test").await.expect("answers").expect("there");
        tokens::revoke(&app.operator(), &row, "test").await.expect("revokes");
        let revoked = Instant::now();
        for server in &servers {
            loop {
                let asked = revoked.elapsed();
                if server.get("/Users?count=0").await.status == 401 {
                    break;
                }
                assert!(asked < Duration::from_secs(1), "served {asked:?} after the revocation");
            }
            let late = server.post("/Users", json!({ "schemas": [USER], "userName": "late" })).await;
            is_401(late, "POST", "once refused, for good");
        }
    }
}

async fn finds_nothing(app: &App, endpoint: &str, filter: &str) {
    let request = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter });
    for found in [app.filter(endpoint, filter).await, app.post(&format!("{endpoint}/.search"), request).await] {
        let found = found.expect(200);
        assert_eq!((found.at("/totalResults"), found.at("/Resources")), (&json!(0), &json!([])), "{filter}");
    }
}
