//! Requests through the whole router, on a store that knows tokens and fails or panics when it is asked for resources.

use super::{HttpOptions, HttpState, router};
use crate::auth::{PasswordHasher, token};
use crate::clock::{ManualClock, Timestamp};
use crate::config::{Config, Sources};
use crate::directory::{Directory, Limits};
use crate::id::{DirectoryId, ResourceId, TokenId};
use crate::scim::schema::{Registry, ShownType};
use crate::scim::{ErrorKind, ScimError};
use crate::store::{
    Commit, Committed, DefinitionChange, DefinitionRow, DirectoryRow, Listing, ListingPage, Membership, Page, Query, Reference,
    ResourceIndex, Store, StoreError, Stored, TokenDigest, TokenRow,
};
use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::Mutex;
use tower::ServiceExt;

// Their checksums are right.
const GOOD: &str = "Bearer scimd_ggggggggggggggggggggggggggggggggggggggggggA40S3xr";
const OTHER: &str = "Bearer scimd_ooooooooooooooooooooooooooooooooooooooooooA3yTt4z";
const OLD: &str = "Bearer scimd_ppppppppppppppppppppppppppppppppppppppppppA3xqyg3";
/// A token that the store does not know.
const WRONG: &str = "Bearer scimd_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxA3SlM0f";

/// An id that makes the store panic.
const PANIC: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
/// An id for which the database is away.
const AWAY: &str = "01890a5d-ac96-774b-bcce-b302099a8058";

/// Two Directories, `acme` and `other`, with a token each, and another token of `acme` that expires at 10 s.
#[derive(Default)]
struct Fake {
    revoked: Mutex<Option<Timestamp>>,
    pending: Mutex<Vec<String>>,
    lookups: Mutex<u32>,
}

fn row(id: i64, name: &str) -> DirectoryRow {
    DirectoryRow {
        id: DirectoryId(id),
        name: name.into(),
        provider: "generic".into(),
        settings: "{}".into(),
        created: Timestamp(0),
        schema_revision: 0,
    }
}

fn nothing<T>() -> Result<T, StoreError> {
    Err(StoreError::NotFound)
}

#[async_trait]
impl Store for Fake {
    async fn migrate(&self) -> Result<(), StoreError> {
        nothing()
    }
    async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.pending.lock().expect("not poisoned").clone())
    }
    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
    async fn create_directory(&self, _: &str, _: &str, _: &str, _: Timestamp) -> Result<DirectoryRow, StoreError> {
        nothing()
    }
    async fn directory(&self, _: &str) -> Result<Option<DirectoryRow>, StoreError> {
        nothing()
    }
    async fn directories(&self, _: Option<&str>, _: u32) -> Result<Vec<DirectoryRow>, StoreError> {
        nothing()
    }
    async fn create_token(
        &self,
        _: DirectoryId,
        _: &str,
        _: &TokenDigest,
        _: Timestamp,
        _: Option<Timestamp>,
        _: Option<ResourceId>,
    ) -> Result<TokenRow, StoreError> {
        nothing()
    }
    async fn token(&self, digest: &TokenDigest) -> Result<Option<(TokenRow, DirectoryRow)>, StoreError> {
        *self.lookups.lock().expect("not poisoned") += 1;
        let of = |header: &str| token::digest(&header["Bearer ".len()..]) == *digest;
        let (id, expires, directory) = match () {
            () if of(GOOD) => (1, None, row(1, "acme")),
            () if of(OTHER) => (2, None, row(2, "other")),
            () if of(OLD) => (3, Some(Timestamp(10_000)), row(1, "acme")),
            () => return Ok(None),
        };
        let token = TokenRow {
            id: TokenId(id),
            directory_id: directory.id,
            name: "token".into(),
            created: Timestamp(0),
            expires,
            revoked: *self.revoked.lock().expect("not poisoned"),
            user: None,
        };
        Ok(Some((token, directory)))
    }
    async fn tokens(&self, _: DirectoryId, _: Option<TokenId>, _: u32) -> Result<Vec<TokenRow>, StoreError> {
        nothing()
    }
    async fn revoke_token(&self, _: DirectoryId, _: TokenId, _: Timestamp) -> Result<bool, StoreError> {
        nothing()
    }
    async fn definitions(&self, _: Option<DirectoryId>, _: u32) -> Result<Vec<DefinitionRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn change_definitions(&self, _: &DefinitionChange, _: Timestamp) -> Result<(), StoreError> {
        nothing()
    }
    async fn index_resources(&self, _: DirectoryId, _: &str, _: Vec<ResourceIndex>) -> Result<Vec<ResourceId>, StoreError> {
        nothing()
    }
    async fn drop_index(&self, _: DirectoryId, _: &str, _: &str, _: u32) -> Result<u64, StoreError> {
        nothing()
    }
    async fn get(&self, _: DirectoryId, _: &str, id: ResourceId) -> Result<Option<Stored>, StoreError> {
        assert_ne!(id.to_string(), PANIC, "as the test wants it");
        if id.to_string() == AWAY { Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)) } else { Ok(None) }
    }
    async fn directory_key(&self, _: DirectoryId, _: &str, _: &[u8; 32]) -> Result<[u8; 32], StoreError> {
        nothing()
    }
    async fn search(&self, _: DirectoryId, _: &Query<'_>) -> Result<Page, StoreError> {
        nothing()
    }
    async fn list(&self, _: DirectoryId, _: &Listing<'_>) -> Result<ListingPage, StoreError> {
        nothing()
    }
    async fn references(&self, _: DirectoryId, _: &[ResourceId]) -> Result<Vec<Reference>, StoreError> {
        nothing()
    }
    async fn members(&self, _: DirectoryId, _: ResourceId, _: Option<ResourceId>, _: u32) -> Result<Vec<Reference>, StoreError> {
        nothing()
    }
    async fn memberships(
        &self,
        _: DirectoryId,
        _: &[ResourceId],
        _: u32,
        _: &[&ShownType],
    ) -> Result<Vec<Membership>, StoreError> {
        nothing()
    }
    async fn members_of(&self, _: DirectoryId, _: &[ResourceId], _: u32) -> Result<Vec<(ResourceId, Reference)>, StoreError> {
        nothing()
    }
    async fn password_hash(&self, _: DirectoryId, _: ResourceId) -> Result<Option<String>, StoreError> {
        nothing()
    }
    async fn commit(&self, _: DirectoryId, _: Commit) -> Result<Committed, StoreError> {
        nothing()
    }
    async fn close(&self) {}
}

struct App {
    router: Router,
    state: Arc<HttpState>,
    store: Arc<Fake>,
    clock: Arc<ManualClock>,
}

impl App {
    fn new() -> Self {
        Self::with(HttpOptions { public_url: "https://scim.example.org".into(), ..HttpOptions::default() })
    }

    fn with(options: HttpOptions) -> Self {
        let store = Arc::new(Fake::default());
        let clock = Arc::new(ManualClock::new(Timestamp(1_000)));
        let config = Config::load(&Sources::default()).expect("the defaults are valid");
        let limits = Limits { body_bytes_max: 1_024, ..Limits::from(&config) };
        let state = HttpState::new(
            store.clone(),
            clock.clone(),
            limits,
            options,
            Box::new(|row, registry| Directory::load(row, registry).map_err(Into::into)),
            PasswordHasher::new(&config.password),
        );
        let state = Arc::new(state);
        Self { router: router(state.clone()), state, store, clock }
    }

    async fn send(&self, method: &str, uri: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        assert!(parts.headers.contains_key("x-request-id"), "{method} {uri}");
        if parts.status.is_client_error() || parts.status.is_server_error() {
            let json: Value = serde_json::from_slice(&body).expect("every error has a JSON body");
            if json.get("schemas").is_some() {
                assert_eq!(json["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error", "{method} {uri}");
                assert_eq!(json["status"], parts.status.as_str(), "{method} {uri}");
            }
        }
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn get(&self, uri: &str, authorization: Option<&str>) -> Answer {
        let headers: Vec<_> = authorization.map(|value| ("authorization", value)).into_iter().collect();
        self.send("GET", uri, &headers, Body::empty()).await
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// Shows S-9.3-04, P-2-01, P-2-03, P-2-06, P-2-07.
#[tokio::test]
async fn without_good_credentials_everything_but_health_and_discovery_is_401() {
    let app = App::new();
    let paths = [
        "/scim/v2",
        "/scim/v2/",
        "/scim/v2/Users",
        "/scim/v2/users/",
        "/scim/v2/%55sers",
        "/scim/v2/Users/x",
        "/scim/v2/Groups",
        "/scim/v2/Bulk",
        "/scim/v2/Me",
        "/scim/v2/.search",
        "/scim/v2/Nothing",
        "/scim/v3/Users",
        "/scim/Users",
        "/directories/acme/scim/v2/Users",
        "/directories/nobody/scim/v2/Users",
    ];
    for path in paths {
        for authorization in [
            None,
            Some(WRONG),
            Some("Bearer wrong"),
            Some("Bearer"),
            Some("Basic Z29vZA=="),
            Some("good"),
            Some(&format!("{GOOD} {GOOD}")),
        ] {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "BREW"] {
                let headers: Vec<_> = authorization.map(|value| ("authorization", value)).into_iter().collect();
                let answer = app.router.clone().oneshot(
                    headers
                        .iter()
                        .fold(Request::builder().method(method).uri(path), |request, (name, value)| request.header(*name, *value))
                        .body(Body::empty())
                        .expect("a request"),
                );
                let answer = answer.await.expect("infallible");
                assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {path} {authorization:?}");
                assert_eq!(answer.headers()["www-authenticate"], "Bearer realm=\"scimd\"");
                assert_eq!(answer.headers()["content-type"], "application/scim+json");
            }
        }
    }
}

#[tokio::test]
async fn an_odd_spelling_without_a_token_reaches_nothing() {
    let app = App::new();
    for path in [
        "/scim/v2//Users",
        "//scim/v2/Users",
        "/scim/v2/./Users",
        "/scim/v2/ServiceProviderConfig/../Users",
        "/scim/v2/ServiceProviderConfig/%2e%2e/Users",
        "/scim/v2/ServiceProviderConfig%2F..%2FUsers",
        "/scim/v2/Schemas/../Users",
        "/scim/v2/Users;x",
        "/scim/v2/Users%00",
        "/scim/v2/%FF",
        "/healthz/../scim/v2/Users",
        "/healthz/",
        "/%68ealthz",
        "/",
        "/metrics",
        "/scim%2Fv2/Users",
    ] {
        let answer = app.get(path, None).await;
        assert!([401, 404].contains(&answer.status.as_u16()), "{path}: {}", answer.status);
    }
}

/// Shows S-9.3-04.
#[tokio::test]
async fn a_token_opens_its_own_directory_only_and_others_look_like_none() {
    let app = App::new();
    assert_eq!(app.get("/scim/v2/Users/x", Some(GOOD)).await.status, 404);
    assert_eq!(app.get("/directories/acme/scim/v2/Users/x", Some(GOOD)).await.status, 404);
    for endpoint in ["Users", "Users/x", "Nothing", "ServiceProviderConfig", "Schemas", "Bulk", ""] {
        let foreign = app.get(&format!("/directories/acme/scim/v2/{endpoint}"), Some(OTHER)).await;
        let unknown = app.get(&format!("/directories/nobody/scim/v2/{endpoint}"), Some(OTHER)).await;
        assert_eq!((foreign.status, &foreign.body), (unknown.status, &unknown.body), "{endpoint}");
        assert_eq!(foreign.status, 403, "{endpoint}");
    }
}

/// Shows P-2-05, P-7.3-01, P-7.4-03.
#[tokio::test]
async fn a_revocation_holds_after_a_second_and_an_expiry_at_once() {
    let app = App::new();
    assert_eq!(app.get("/scim/v2/Users/x", Some(OLD)).await.status, 404);
    assert_eq!(app.get("/scim/v2/Users/x", Some(OLD)).await.status, 404);
    assert_eq!(*app.store.lookups.lock().expect("not poisoned"), 1, "the second comes from the cache");
    *app.store.revoked.lock().expect("not poisoned") = Some(Timestamp(1_000));
    app.clock.advance(999);
    assert_eq!(app.get("/scim/v2/Users/x", Some(OLD)).await.status, 404);
    app.clock.advance(1);
    assert_eq!(app.get("/scim/v2/Users/x", Some(OLD)).await.status, 401);

    *app.store.revoked.lock().expect("not poisoned") = None;
    app.clock.advance(7_500);
    assert_eq!(app.get("/scim/v2/Users/x", Some(OLD)).await.status, 404);
    app.clock.advance(500);
    assert_eq!(app.get("/scim/v2/Users/x", Some(OLD)).await.status, 401);
}

/// Shows P-7.3-01.
#[tokio::test]
async fn a_clock_that_is_set_back_does_not_keep_a_revoked_token_alive() {
    let app = App::new();
    assert_eq!(app.get("/scim/v2/Users/x", Some(GOOD)).await.status, 404);
    *app.store.revoked.lock().expect("not poisoned") = Some(Timestamp(1_000));
    app.clock.advance(-86_400_000);
    assert_eq!(app.get("/scim/v2/Users/x", Some(GOOD)).await.status, 401);
}

/// Shows S-5-09, P-2.2-01.
#[tokio::test]
async fn discovery_is_open_by_default_under_both_bases_and_holds_who_shows_credentials_to_them() {
    let app = App::new();
    for base in ["/scim/v2", "/scim", "/directories/acme/scim/v2", "/directories/nobody/scim/v2"] {
        for endpoint in ["ServiceProviderConfig", "Schemas", "ResourceTypes", "ResourceTypes/User"] {
            let uri = format!("{base}/{endpoint}?count=1&startIndex=7&attributes=id&count=2");
            assert_eq!(app.get(&uri, None).await.status, 200, "{uri}");
            assert_eq!(app.get(&uri, Some(WRONG)).await.status, 401, "{uri}");
        }
    }
    let config = app.get("/scim/ServiceProviderConfig", None).await;
    assert_eq!(config.json()["meta"]["location"], "https://scim.example.org/scim/v2/ServiceProviderConfig");
    let config = app.get("/directories/acme/scim/v2/ServiceProviderConfig", Some(GOOD)).await;
    assert_eq!(config.json()["meta"]["location"], "https://scim.example.org/directories/acme/scim/v2/ServiceProviderConfig");

    let closed = App::with(HttpOptions { discovery_requires_authentication: true, ..HttpOptions::default() });
    assert_eq!(closed.get("/scim/v2/Schemas", None).await.status, 401);
    assert_eq!(closed.get("/scim/v2/Schemas", Some(GOOD)).await.status, 200);
}

/// Shows P-1.3-02.
#[tokio::test]
async fn locations_follow_the_path_of_the_public_url() {
    for public_url in ["https://example.org", "https://example.org/scim", "https://example.org/a/b"] {
        let app = App::with(HttpOptions { public_url: public_url.into(), ..HttpOptions::default() });
        for base in ["/scim/v2", "/directories/acme/scim/v2"] {
            let config = app.get(&format!("{base}/ServiceProviderConfig"), Some(GOOD)).await;
            assert_eq!(config.json()["meta"]["location"], format!("{public_url}{base}/ServiceProviderConfig"));
            let types = app.get(&format!("{base}/ResourceTypes"), Some(GOOD)).await;
            assert_eq!(types.json()["Resources"][0]["meta"]["location"], format!("{public_url}{base}/ResourceTypes/User"));
        }
    }
}

#[tokio::test]
async fn discovery_refuses_filters_and_knows_its_own() {
    let app = App::new();
    for endpoint in ["ServiceProviderConfig", "Schemas", "ResourceTypes", "ResourceTypes/User"] {
        for filter in ["filter=", "FILTER=id%20pr", "x=y&filter"] {
            assert_eq!(app.get(&format!("/scim/v2/{endpoint}?{filter}"), None).await.status, 403, "{endpoint} {filter}");
        }
    }
    let urn = "urn:ietf:params:scim:schemas:core:2.0:user";
    assert_eq!(app.get(&format!("/scim/v2/Schemas/{urn}"), None).await.status, 200);
    assert_eq!(app.get(&format!("/scim/v2/schemas/{}", urn.replace(':', "%3A")), None).await.status, 200);
    assert_eq!(app.get("/scim/v2/Schemas/urn:x", None).await.status, 404);
    assert_eq!(app.get("/scim/v2/ResourceTypes/Nothing", None).await.status, 404);
}

/// Shows S-5-01, S-7-02, P-3.2-04.
#[tokio::test]
async fn a_method_that_an_endpoint_has_not_is_405_and_options_lists_those_that_it_has() {
    let app = App::new();
    let cases = [
        ("Users", "GET, HEAD, OPTIONS, POST"),
        ("Users/x", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("ServiceProviderConfig", "GET, HEAD, OPTIONS"),
        ("Schemas", "GET, HEAD, OPTIONS"),
        ("Schemas/x", "GET, HEAD, OPTIONS"),
        ("ResourceTypes/User", "GET, HEAD, OPTIONS"),
        ("Bulk", "OPTIONS, POST"),
        (".search", "OPTIONS, POST"),
        ("Users/.search", "OPTIONS, POST"),
        ("Me", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
    ];
    for (endpoint, allow) in cases {
        let uri = format!("/scim/v2/{endpoint}");
        for method in ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "get", "BREW"] {
            let request = Request::builder().method(method).uri(&uri).header("authorization", GOOD).body(Body::empty());
            let answer = app.router.clone().oneshot(request.expect("a request")).await.expect("infallible");
            if !allow.split(", ").any(|allowed| allowed == method) {
                assert_eq!(answer.status(), 405, "{method} {uri}");
                assert_eq!(answer.headers()["allow"], allow, "{method} {uri}");
            } else if method == "OPTIONS" {
                assert_eq!(answer.status(), 204, "{uri}");
                assert_eq!(answer.headers()["allow"], allow, "{uri}");
            } else {
                assert_ne!(answer.status(), 405, "{method} {uri}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_supported_yet_is_501() {
    let app = App::new();
    for (method, endpoint) in [("POST", "Me")] {
        let answer = app.send(method, &format!("/scim/v2/{endpoint}"), &[("authorization", GOOD)], Body::empty()).await;
        assert_eq!(answer.status, 501, "{method} {endpoint}");
    }
}

/// Shows P-3.11-02.
#[tokio::test]
async fn me_is_404_without_a_user_and_501_when_it_is_off() {
    for (me_enabled, status) in [(true, 404), (false, 501)] {
        let app = App::with(HttpOptions { me_enabled, ..HttpOptions::default() });
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let answer = app.send(method, "/scim/v2/Me", &[("authorization", GOOD)], Body::empty()).await;
            assert_eq!(answer.status, status, "{method}");
        }
    }
}

#[tokio::test]
async fn another_version_is_invalid_vers() {
    let app = App::new();
    for path in ["/scim/v1/Users", "/scim/v3/Users", "/scim/v22/Users/x", "/directories/acme/scim/v3"] {
        let answer = app.get(path, Some(GOOD)).await;
        assert_eq!(answer.status, 400, "{path}");
        assert_eq!(answer.json()["scimType"], "invalidVers", "{path}");
    }
}

#[tokio::test]
async fn the_answer_has_the_type_that_was_asked_for() {
    let app = App::new();
    for (accept, status, media_type) in [
        ("application/json", 200, "application/json"),
        ("*/*", 200, "application/scim+json"),
        ("text/html", 406, "application/scim+json"),
    ] {
        let answer = app.send("GET", "/scim/v2/ServiceProviderConfig", &[("accept", accept)], Body::empty()).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (status, media_type), "{accept}");
    }
    let headers = [("authorization", GOOD), ("accept", "application/json")];
    assert_eq!(app.send("GET", "/scim/v2/Users/x", &headers, Body::empty()).await.header("content-type"), "application/json");
}

#[tokio::test]
async fn a_body_is_judged_by_its_headers_and_its_length() {
    let app = App::new();
    for (method, uri) in [("POST", "/scim/v2/Users"), ("PUT", "/scim/v2/Users/x"), ("PATCH", "/scim/v2/Users/x")] {
        let send = async |headers: &[(&str, &str)], body: Body| {
            let mut all = vec![("authorization", GOOD)];
            all.extend_from_slice(headers);
            app.send(method, uri, &all, body).await
        };
        assert_eq!(send(&[("content-type", "text/plain")], Body::from("{}")).await.status, 415, "{method}");
        assert_eq!(send(&[("content-encoding", "gzip")], Body::from("{}")).await.status, 415, "{method}");
        let large = send(&[], Body::from("x".repeat(1_025))).await;
        assert_eq!(large.status, 413, "{method}");
        assert_eq!(large.json()["detail"], "the body is larger than body_bytes_max, 1024 bytes");
        assert_eq!(send(&[("if-none-match", "*")], Body::from("{}")).await.status == 412, method != "POST", "{method}");
    }
    let twice = app.get("/scim/v2/Users?count=1&COUNT=2", Some(GOOD)).await;
    assert_eq!((twice.status.as_u16(), twice.json()["scimType"].as_str()), (400, Some("invalidValue")));
    let long = app.get(&format!("/scim/v2/Users?filter={}", "x".repeat(50_000)), Some(GOOD)).await;
    assert_eq!(long.status, 414);
}

/// Shows P-3.12-14.
#[tokio::test]
async fn a_panic_is_one_500_that_names_the_request_and_the_next_is_served() {
    let app = App::new();
    let answer = app.get(&format!("/scim/v2/Users/{PANIC}"), Some(GOOD)).await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.json()["detail"], format!("the server failed (request {})", answer.header("x-request-id")));
    assert_eq!(app.get("/scim/v2/Users/x", Some(GOOD)).await.status, 404);
}

#[tokio::test]
async fn a_panic_in_a_bulk_request_is_500_too() {
    let app = App::new();
    let body = bulk(&[&format!("/Users/{PANIC}")]);
    let headers = [("authorization", GOOD), ("content-type", "application/scim+json")];
    let answer = app.send("POST", "/scim/v2/Bulk", &headers, body).await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.json()["detail"], format!("the server failed (request {})", answer.header("x-request-id")));
}

#[tokio::test]
async fn a_bulk_request_that_may_not_go_on_begins_no_further_step() {
    let app = App::new();
    let directory = Directory::load(&row(1, "acme"), Registry::built_in()).expect("its settings are the profile's");
    let ctx = super::scim::resources::ctx(&app.state, &directory, TokenId(1), "https://scim.example.org/scim/v2");
    // The same resource each time, so that each is a step.
    let body = bulk(&["/Users/x", "/Users/x", "/Users/x"]);
    let asked = std::sync::atomic::AtomicU32::new(0);
    let revoked = ScimError::new(ErrorKind::Unauthorized, "the token was revoked");
    let may_go_on = || {
        let asked = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        std::future::ready(if asked < 2 { Ok(()) } else { Err(revoked.clone()) })
    };
    let replies = crate::directory::bulk(&ctx, body.as_bytes(), may_go_on).await.expect("a bulk request");
    let kinds: Vec<_> = replies.iter().map(|reply| reply.outcome.as_ref().map_err(|error| error.kind)).collect();
    assert_eq!(kinds, [Err(ErrorKind::NotFound), Err(ErrorKind::NotFound), Err(ErrorKind::Unauthorized)]);
}

/// Deletes the resources at these paths.
fn bulk(paths: &[&str]) -> String {
    let operations: Vec<Value> = paths.iter().map(|path| json!({ "method": "DELETE", "path": path })).collect();
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations }).to_string()
}

#[tokio::test]
async fn a_database_that_is_away_is_503_with_retry_after() {
    let app = App::new();
    let answer = app.get(&format!("/scim/v2/Users/{AWAY}"), Some(GOOD)).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), "2");
}

#[tokio::test]
async fn health_lives_and_ready_says_why_not() {
    let app = App::new();
    assert_eq!(app.get("/healthz", None).await.json()["status"], "ok");
    assert_eq!(app.send("POST", "/healthz", &[], Body::empty()).await.status, 405);
    *app.store.pending.lock().expect("not poisoned") = vec!["0002".into()];
    let ready = app.get("/readyz", None).await;
    assert_eq!((ready.status.as_u16(), ready.json()["status"].as_str()), (503, Some("migrations pending")));
    app.store.pending.lock().expect("not poisoned").clear();
    assert_eq!(app.get("/readyz", None).await.status, 503, "the database is asked once a second");
    app.clock.advance(1_000);
    let ready = app.get("/readyz", None).await;
    assert_eq!((ready.status.as_u16(), ready.json()["status"].as_str()), (200, Some("ready")));
    app.state.drain();
    let ready = app.get("/readyz", None).await;
    assert_eq!((ready.status.as_u16(), ready.json()["status"].as_str()), (503, Some("draining")));
    assert_eq!(app.get("/healthz", None).await.status, 200);
}

/// What is written to the log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_has_one_line_a_request_and_nothing_that_the_client_wrote() {
    let app = App::new();
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let logging = tracing::subscriber::set_default(subscriber);
    let headers = [("authorization", GOOD), ("x-request-id", "MARKER"), ("user-agent", "MARKER"), ("if-match", "\"MARKER\"")];
    app.send("GET", "/scim/v2/Users/MARKER?filter=MARKER&MARKER=MARKER", &headers, Body::empty()).await;
    app.send("POST", "/scim/v2/MARKER", &headers, Body::from("MARKER")).await;
    app.send("MARKER", "/scim/v2/Users", &headers, Body::empty()).await;
    app.get("/directories/MARKER/scim/v2/Users", Some(GOOD)).await;
    app.get("/scim/v2/Users", Some("Bearer MARKER")).await;
    app.get("/scim/v2/Users", Some(WRONG)).await;
    app.get("/MARKER%0d%0aMARKER", Some("MARKER")).await;
    drop(logging);

    let written = String::from_utf8(log.0.lock().expect("not poisoned").clone()).expect("UTF-8");
    assert!(!written.contains("MARKER") && !written.contains("scimd_"), "{written}");
    assert_eq!(written.lines().count(), 7, "{written}");
    let first = written.lines().next().expect("a line");
    for part in [
        "http.method=\"GET\"",
        "http.route=\"/{type}/{id}\"",
        "resource.type=\"User\"",
        "http.status=404",
        "directory.id=1",
        "token.id=1",
    ] {
        assert!(first.contains(part), "{part} is not in {first}");
    }
    assert!(written.lines().nth(4).is_some_and(|line| line.contains("denied=\"unknown\"")), "{written}");
}
