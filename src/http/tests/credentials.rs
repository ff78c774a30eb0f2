//! Who may do what: tokens, their Directories, revocation and expiry.

use super::App;
use super::fake::{GOOD, OLD, OTHER, WRONG};
use crate::clock::Timestamp;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use tower::ServiceExt;

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
        // But for the id of the request.
        assert_eq!(
            (foreign.status, foreign.json()["detail"].clone()),
            (unknown.status, unknown.json()["detail"].clone()),
            "{endpoint}"
        );
        assert_eq!(foreign.body.len(), unknown.body.len(), "{endpoint}");
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
