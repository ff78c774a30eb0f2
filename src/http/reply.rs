//! Responses that succeed.

use super::conditional::etag;
use super::media::MediaType;
use crate::directory::ResourceReply;
use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_LOCATION, CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

/// A JSON body.
pub fn json(status: StatusCode, media_type: MediaType, body: String) -> Response {
    let mut response = bare(status);
    *response.body_mut() = Body::from(body);
    response.headers_mut().insert(CONTENT_TYPE, media_type.header());
    response
}

/// A resource: `status` and the body, or 204 if the reply has none (D-63). Location and Content-Location are its
/// `meta.location` (S-3.1-19), ETag its `meta.version` (S-3.1-20).
pub fn resource(status: StatusCode, media_type: MediaType, reply: ResourceReply) -> Response {
    let ResourceReply { location, version, body } = reply;
    let response = match body {
        Some(body) => json(status, media_type, body),
        None => bare(StatusCode::NO_CONTENT),
    };
    with_version(response, &location, version)
}

/// 304: the client has this version.
pub fn not_modified(reply: &ResourceReply) -> Response {
    with_version(bare(StatusCode::NOT_MODIFIED), &reply.location, reply.version)
}

/// 204: done, and nothing to say.
pub fn no_content() -> Response {
    bare(StatusCode::NO_CONTENT)
}

/// 204 with the methods of an endpoint (D-84).
pub fn options(allow: &'static str) -> Response {
    let mut response = bare(StatusCode::NO_CONTENT);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

fn with_version(mut response: Response, location: &str, version: i64) -> Response {
    let headers = response.headers_mut();
    headers.insert(ETAG, etag(version));
    // It is made of the configured URL and an id of the server's own, so it always is one.
    if let Ok(location) = HeaderValue::from_str(location) {
        headers.insert(LOCATION, location.clone());
        headers.insert(CONTENT_LOCATION, location);
    }
    response
}

fn bare(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
