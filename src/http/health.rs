//! Whether the process lives, and whether it can serve. Open to everyone; says nothing about the data.

use super::error::HttpError;
use super::media::MediaType;
use super::observe::{Facts, RequestId};
use super::{HttpState, reply};
use crate::clock::Timestamp;
use crate::store::StoreError;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::{Extension, http};
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio::time::timeout;

const ALLOW: &str = "GET, HEAD";
/// For how many milliseconds an answer of the database is everyone's: it does not notice how often /readyz is asked.
const READINESS_AGE_MAX_MS: i64 = 1_000;

/// What the database said last to /readyz.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Whether all migrations are applied; they stay so.
    migrated: bool,
    last: Option<(Timestamp, StatusCode, &'static str)>,
}

/// `/healthz`: 200 as long as the process answers at all. Never asks the database: a restart does not mend that.
pub async fn live(method: Method, Extension(id): Extension<RequestId>) -> Response {
    answer(&method, id, "/healthz", StatusCode::OK, "ok")
}

/// `/readyz`: 200 if the database answers with up-to-date tables and the server is not draining, else 503.
pub async fn ready(State(state): State<Arc<HttpState>>, method: Method, Extension(id): Extension<RequestId>) -> Response {
    let (status, word) =
        if state.is_draining() { (StatusCode::SERVICE_UNAVAILABLE, "draining") } else { readiness(&state).await };
    answer(&method, id, "/readyz", status, word)
}

/// Asks the database, unless another request did within the last second; those that come meanwhile wait for its answer.
async fn readiness(state: &HttpState) -> (StatusCode, &'static str) {
    let mut known = state.readiness.0.lock().await;
    let now = state.clock.now();
    if let Some((at, status, word)) = known.last
        && (0..READINESS_AGE_MAX_MS).contains(&now.0.saturating_sub(at.0))
    {
        return (status, word);
    }
    let (status, word) = match timeout(state.options.ready_timeout, ask(state, &mut known.migrated)).await {
        Ok(Ok(true)) => (StatusCode::OK, "ready"),
        Ok(Ok(false)) => (StatusCode::SERVICE_UNAVAILABLE, "migrations pending"),
        Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "database unavailable"),
    };
    known.last = Some((now, status, word));
    (status, word)
}

/// Whether the database can be worked with, as it is for requests: through the same connections.
async fn ask(state: &HttpState, migrated: &mut bool) -> Result<bool, StoreError> {
    if !*migrated {
        *migrated = state.store.pending_migrations().await?.is_empty();
    }
    if *migrated {
        state.store.ping().await?;
    }
    Ok(*migrated)
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
