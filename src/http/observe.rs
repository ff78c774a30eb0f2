//! The id, the log line and the safety net of every request.

use super::HttpState;
use super::client::{ClientAddress, Peer};
use super::error::HttpError;
use super::media::MediaType;
use super::path::ScimPath;
use crate::auth::Caller;
use crate::clock::Timestamp;
use crate::directory::trace::{Detail, OperationDetail, Refusal, Report, detail};
use crate::id::{DirectoryId, TokenId};
use crate::metrics::{Answered, Metrics};
use crate::store::requests::RequestEntry;
use crate::telemetry::traces;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::HeaderName;
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower::ServiceExt;
use tower_http::catch_panic::{CatchPanic, ResponseForPanic};
use tracing::field::Empty;
use tracing::{Instrument, Span};
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
    /// The endpoint of the admin API, as a template; then `route` is where the API begins.
    pub admin_route: Option<MatchedPath>,
    /// The same with the endpoint of its type: `/Users/{id}`.
    pub path: Cow<'static, str>,
    /// The name of the resource type asked for.
    pub resource_type: Option<Arc<str>>,
    /// The Directory that the token opens.
    pub directory: Option<DirectoryId>,
    /// The token that was presented, if there is such a token.
    pub token: Option<TokenId>,
    /// What people call that token.
    pub token_name: Option<Arc<str>>,
    /// Why the credentials were refused.
    pub denied: Option<&'static str>,
    /// The name of the Directory of a token that was refused.
    pub refused_in: Option<Arc<str>>,
    /// Who was let in.
    pub caller: Option<Caller>,
    /// What the verb told.
    pub report: Report,
    /// Why the request was refused.
    pub refusal: Option<Refusal>,
    /// What became of the operations of a bulk request.
    pub operations: Vec<OperationDetail>,
}

/// What became of the operations of a bulk request, in an extension of its response.
#[derive(Debug, Clone)]
pub struct Operations(pub Vec<OperationDetail>);

/// Why a request was refused that asked for too much, in an extension of its response.
#[derive(Debug, Clone, Copy)]
pub struct LimitHit(pub &'static str);

/// Gives a request its id and the address of its client, answers 500 if it panics (R47), writes its one line to the log, and
/// leaves what became of it for the request log, if it is one of SCIM.
pub async fn observe(State(state): State<Arc<HttpState>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let at = state.clock.now();
    let id = RequestId::generate();
    let method = known_method(request.method());
    let is_recorded = state.requests.is_on() && ScimPath::parse(request.uri().path()).is_some();
    request.extensions_mut().insert(id);
    let peer = request.extensions().get::<Peer>().copied();
    let client = peer.map(|peer| state.options.proxies.client(peer, request.headers()));
    if let Some(client) = client {
        request.extensions_mut().insert(client);
    }
    // A span of level error, so that every line written meanwhile has the id, whatever the log's level is.
    let span = tracing::error_span!("request", request.id = %id);
    let guarded = CatchPanic::custom(next, Panicked(id));
    let trace = trace(&state, &request, peer, method, id);
    let answered: Result<Response<_>, std::convert::Infallible> =
        guarded.oneshot(request).instrument(span).instrument(trace.clone()).await;
    let mut response = match answered {
        Ok(response) => response.map(Body::new),
        Err(never) => match never {},
    };
    let facts = response.extensions_mut().remove::<Facts>().unwrap_or_default();
    let duration = started.elapsed();
    count(&state.metrics, method, &facts, &response, duration);
    end_trace(&trace, method, &facts, &response);
    if let Some(caller) = &facts.caller {
        state.uses.note(caller, state.clock.now(), client.map(|ClientAddress(address)| address));
    }
    tracing::info!(
        request.id = %id,
        http.method = method,
        http.route = facts.admin_route.as_ref().map_or(facts.route, MatchedPath::as_str),
        http.status = response.status().as_u16(),
        duration_ms = duration.as_secs_f64() * 1_000.0,
        resource.r#type = facts.resource_type.as_deref(),
        directory.id = facts.directory.map(|directory| directory.0),
        token.id = facts.token.map(|token| token.0),
        denied = facts.denied,
        client.address = client.map(|ClientAddress(address)| tracing::field::display(address)),
        "answered"
    );
    if is_recorded && let Some(place) = state.requests.place(facts.directory) {
        place.leave(entry(at, id, method, response.status().as_u16(), duration, facts));
    }
    let mut text = Uuid::encode_buffer();
    let text = id.0.as_hyphenated().encode_lower(&mut text);
    response.headers_mut().insert(X_REQUEST_ID, HeaderValue::from_str(text).expect("a UUID is a header value"));
    response
}

/// The span of a request in a trace: that of the client if its word is taken, else one that begins here.
fn trace(state: &HttpState, request: &Request, peer: Option<Peer>, method: &'static str, id: RequestId) -> Span {
    let span = tracing::info_span!(
        target: traces::TARGET,
        "request",
        otel.name = method,
        otel.kind = "server",
        otel.status_code = Empty,
        request.id = %id,
        http.request.method = method,
        http.route = Empty,
        http.response.status_code = Empty,
        resource.r#type = Empty,
        directory.id = Empty,
    );
    if !span.is_disabled()
        && (state.options.continue_any_trace || peer.is_some_and(|peer| state.options.proxies.trusts(peer)))
        && let Some(parent) = request.headers().get(traces::TRACEPARENT).and_then(|parent| parent.to_str().ok())
    {
        traces::continue_trace(&span, parent);
    }
    span
}

fn end_trace(span: &Span, method: &'static str, facts: &Facts, response: &Response) {
    if span.is_disabled() {
        return;
    }
    traces::rename(span, format!("{method} {}", facts.route).trim_end());
    span.record("http.route", facts.route);
    span.record("http.response.status_code", response.status().as_u16());
    span.record("resource.type", facts.resource_type.as_deref());
    span.record("directory.id", facts.directory.map(|directory| directory.0));
    if response.status().is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

fn count(metrics: &Metrics, method: &'static str, facts: &Facts, response: &Response, duration: Duration) {
    let directory = facts.caller.as_ref().map(|caller| caller.directory.name.as_str()).or(facts.refused_in.as_deref());
    let status = response.status().as_u16();
    metrics.answered(Answered { directory, method, route: facts.route, status, duration });
    if let Some(reason) = facts.denied {
        metrics.denied(reason);
    }
    if let Some(LimitHit(limit)) = response.extensions().get() {
        metrics.limit_hit(limit);
    }
}

fn entry(at: Timestamp, id: RequestId, method: &'static str, status: u16, duration: Duration, facts: Facts) -> RequestEntry {
    let Facts { path, resource_type, directory, token, token_name, mut report, refusal, operations, .. } = facts;
    let (resource, filter) = (report.resource, report.filter.take());
    let resource_type = report.resource_type.take().or(resource_type);
    let operations_total = (!operations.is_empty()).then_some(operations.len());
    let operations = detail::operations(operations);
    let detail = Detail { report, refusal, operations, operations_total, shortened: false };
    RequestEntry {
        at,
        request_id: id.0,
        directory,
        token,
        token_name,
        method: method.into(),
        path,
        resource_type,
        resource,
        status,
        duration_us: i64::try_from(duration.as_micros()).unwrap_or(i64::MAX),
        filter,
        detail: detail.into_text(),
    }
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
