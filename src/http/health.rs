//! Whether the process lives, and whether it can serve. Open to everyone; says nothing about the data.

use super::error::HttpError;
use super::media::MediaType;
use super::observe::{Facts, RequestId};
use super::{HttpState, reply};
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::{Extension, http};
use std::sync::Arc;
use tokio::time::timeout;

const ALLOW: &str = "GET, HEAD";

/// `/healthz`: 200 as long as the process answers at all. Never asks the database: a restart does not mend that.
pub async fn live(method: Method, Extension(id): Extension<RequestId>) -> Response {
    answer(&method, id, "/healthz", StatusCode::OK, "ok")
}

/// `/readyz`: 200 if the database answers with up-to-date tables and the server is not draining, else 503.
pub async fn ready(State(state): State<Arc<HttpState>>, method: Method, Extension(id): Extension<RequestId>) -> Response {
    let (status, word) = if state.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining")
    } else {
        match timeout(state.options.ready_timeout, state.store.pending_migrations()).await {
            Ok(Ok(pending)) if pending.is_empty() => (StatusCode::OK, "ready"),
            Ok(Ok(_)) => (StatusCode::SERVICE_UNAVAILABLE, "migrations pending"),
            Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "database unavailable"),
        }
    };
    answer(&method, id, "/readyz", status, word)
}

fn answer(method: &Method, id: RequestId, route: &'static str, status: StatusCode, word: &str) -> Response {
    let mut response = if *method == Method::GET || *method == Method::HEAD {
        reply::json(status, MediaType::Json, format!("{{\"status\":\"{word}\"}}"))
    } else {
        HttpError::method_not_allowed(ALLOW).into_response(MediaType::Scim, id)
    };
    response.headers_mut().insert(http::header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    response.extensions_mut().insert(Facts { route, ..Facts::default() });
    response
}
