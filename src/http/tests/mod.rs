//! Requests through the whole router, on a store that has no database.
//!
//! - `fake`: the store
//! - `credentials`: who may do what
//! - `discovery`: what is open to all
//! - `endpoints`: paths, methods, headers and bodies
//! - `failures`: panics, a database that is away, health

mod credentials;
mod discovery;
mod endpoints;
mod failures;
mod fake;

use super::{HttpOptions, HttpState, router};
use crate::auth::PasswordHasher;
use crate::clock::{ManualClock, Timestamp};
use crate::config::{Config, Sources};
use crate::directory::{Directory, Limits};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use fake::Fake;
use http_body_util::BodyExt;
use serde_json::Value;
use std::sync::Arc;
use tower::ServiceExt;

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
        Self { router: router(state.clone(), None), state, store, clock }
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

    /// The body; of an error without the name of the request that its detail ends with.
    fn json(&self) -> Value {
        let mut json: Value = serde_json::from_slice(&self.body).expect("JSON");
        if let Some(detail) = json.get("detail").and_then(Value::as_str) {
            let request = format!(" (request {})", self.header("x-request-id"));
            json["detail"] = detail.strip_suffix(&request).expect("an error names its request").into();
        }
        json
    }
}
