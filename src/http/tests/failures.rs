//! Panics, a token that is revoked half-way, a database that is away, and what health says.

use super::App;
use super::fake::{AWAY, GOOD, PANIC, row};
use crate::auth::Caller;
use crate::directory::Directory;
use crate::directory::trace::Trace;
use crate::http::scim::resources::ctx;
use crate::id::TokenId;
use crate::scim::schema::Registry;
use crate::scim::{ErrorKind, ScimError};
use axum::body::Body;
use serde_json::{Value, json};
use std::sync::Arc;

/// Shows P-3.12-14.
#[tokio::test]
async fn a_panic_is_one_500_that_names_the_request_and_the_next_is_served() {
    let app = App::new();
    let answer = app.get(&format!("/scim/v2/Users/{PANIC}"), Some(GOOD)).await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.json()["detail"], "the server failed");
    assert_eq!(app.get("/scim/v2/Users/x", Some(GOOD)).await.status, 404);
}

#[tokio::test]
async fn a_panic_in_a_bulk_request_is_500_too() {
    let app = App::new();
    let body = bulk(&[&format!("/Users/{PANIC}")]);
    let headers = [("authorization", GOOD), ("content-type", "application/scim+json")];
    let answer = app.send("POST", "/scim/v2/Bulk", &headers, body).await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.json()["detail"], "the server failed");
}

#[tokio::test]
async fn a_bulk_request_that_may_not_go_on_begins_no_further_step() {
    let app = App::new();
    let directory = Directory::load(&row(1, "acme"), Registry::built_in()).expect("its settings are the profile's");
    let caller = Caller {
        token: TokenId(1),
        token_name: "test".into(),
        directory: Arc::new(row(1, "acme")),
        user: None,
        scopes: Arc::default(),
    };
    let trace = Trace::default();
    let ctx = ctx(&app.state, &directory, &caller, "https://scim.example.org/scim/v2", &trace);
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
