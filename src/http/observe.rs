//! The id, the log line and the safety net of every request.

use super::error::HttpError;
use super::media::MediaType;
use crate::id::{DirectoryId, TokenId};
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::header::HeaderName;
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;
use tower::ServiceExt;
use tower_http::catch_panic::{CatchPanic, ResponseForPanic};
use tracing::Instrument;
use uuid::Uuid;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a request is called in its answer and in the log. Made here: a client's own could forge another's (R32).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(Uuid);

impl RequestId {
    /// A new id.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

/// What an endpoint tells the log about a request, in an extension of its response. None of it is the client's text (R31).
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The endpoint, as a template; empty: none was found.
    pub route: &'static str,
    /// The endpoint of the admin API, as a template.
    pub admin_route: Option<MatchedPath>,
    /// The name of the resource type asked for.
    pub resource_type: Option<Arc<str>>,
    /// The Directory that the token opens.
    pub directory: Option<DirectoryId>,
    /// The token that was presented, if there is such a token.
    pub token: Option<TokenId>,
    /// Why the credentials were refused.
    pub denied: Option<&'static str>,
}

/// Gives a request its id, answers 500 if it panics (R47), and writes its one line to the log.
pub async fn observe(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::generate();
    let method = known_method(request.method());
    request.extensions_mut().insert(id);
    // A span of level error, so that every line written meanwhile has the id, whatever the log's level is.
    let span = tracing::error_span!("request", request.id = %id);
    let guarded = CatchPanic::custom(next, Panicked(id));
    let answered: Result<Response<_>, std::convert::Infallible> = guarded.oneshot(request).instrument(span).await;
    let mut response = match answered {
        Ok(response) => response.map(Body::new),
        Err(never) => match never {},
    };
    let facts = response.extensions_mut().remove::<Facts>().unwrap_or_default();
    tracing::info!(
        request.id = %id,
        http.method = method,
        http.route = facts.admin_route.as_ref().map_or(facts.route, MatchedPath::as_str),
        http.status = response.status().as_u16(),
        duration_ms = started.elapsed().as_secs_f64() * 1_000.0,
        resource.r#type = facts.resource_type.as_deref(),
        directory.id = facts.directory.map(|directory| directory.0),
        token.id = facts.token.map(|token| token.0),
        denied = facts.denied,
        "answered"
    );
    let mut text = Uuid::encode_buffer();
    let text = id.0.as_hyphenated().encode_lower(&mut text);
    response.headers_mut().insert(X_REQUEST_ID, HeaderValue::from_str(text).expect("a UUID is a header value"));
    response
}

/// The answer to a request that panicked. What the panic said may hold the client's data, so only the panic hook shows it.
#[derive(Clone, Copy)]
struct Panicked(RequestId);

impl ResponseForPanic for Panicked {
    type ResponseBody = Body;

    fn response_for_panic(&mut self, _: Box<dyn Any + Send>) -> Response {
        tracing::error!("a request panicked: this is a defect");
        HttpError::internal().into_response(MediaType::Scim, self.0)
    }
}

/// The method's name if HTTP has it; a client may invent others.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
