//! Paths and methods, and what headers and bodies may be.

use super::App;
use super::fake::GOOD;
use crate::http::HttpOptions;
use axum::body::Body;
use axum::http::Request;
use tower::ServiceExt;

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
