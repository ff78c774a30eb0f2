//! The request log: what became of requests, and what comes of them as they come.

use super::AdminState;
use super::caller::{Caller, Viewing};
use super::extract::Query;
use super::page::{self, Page};
use super::problem::{Kind, Problem};
use super::state::Requests;
use crate::admin::requests::{self, Tail};
use crate::admin::{AdminError, directories};
use crate::clock::Timestamp;
use crate::id::ResourceId;
use crate::store::requests::RequestFilter;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::try_unfold;
use futures_util::{Stream, StreamExt as _};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How long a stream goes on; then the client connects anew, and shows its key again.
const STREAM_TIME_MAX: Duration = Duration::from_secs(600);

/// How often it is looked whether the key is still good.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Which requests are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RequestQuery {
    /// Those to one Directory, by its name.
    directory: Option<String>,
    /// Those with a token of this name.
    token: Option<String>,
    /// Those with this status: 404, or 4xx for a class.
    #[param(pattern = "^[1-5]([0-9]{2}|xx)$")]
    status: Option<String>,
    /// Those about the resource with this id.
    #[param(format = "uuid")]
    resource: Option<String>,
    /// The one with this id, as answers have it in X-Request-Id.
    #[param(format = "uuid")]
    request: Option<String>,
    /// Those from this moment on.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Those before this moment.
    #[param(format = DateTime)]
    until: Option<String>,
    /// How many items the page has at most.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u32>,
    /// The `next` of the page before; without it, the first page.
    cursor: Option<String>,
}

/// Which requests are followed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FollowQuery {
    /// Those to one Directory, by its name.
    directory: Option<String>,
    /// Those with a token of this name.
    token: Option<String>,
    /// Those with this status: 404, or 4xx for a class.
    #[param(pattern = "^[1-5]([0-9]{2}|xx)$")]
    status: Option<String>,
    /// Those about the resource with this id.
    #[param(format = "uuid")]
    resource: Option<String>,
}

/// What became of a request: its members are described in docs/request-log.md.
#[derive(serde::Serialize, ToSchema)]
#[schema(value_type = Object)]
pub struct RequestView(Value);

/// List requests
///
/// What became of SCIM requests, the latest first.
#[utoipa::path(get, path = "/requests", tag = "requests", params(RequestQuery), responses(
    (status = 200, description = "A page of requests", body = Page<RequestView>),
))]
pub async fn list(
    State(state): State<Arc<AdminState>>,
    _: Caller<Viewing>,
    Query(query): Query<RequestQuery>,
) -> Result<Json<Page<RequestView>>, Problem> {
    let log = &source(&state)?.log;
    let limit = page::limit(query.limit)?;
    let before = query.cursor.as_deref().map(page::key::<i64>).transpose()?;
    let RequestQuery { directory, token, status, resource, request, since, until, .. } = query;
    let mut filter = filter(&state, FollowQuery { directory, token, status, resource }).await?;
    filter.request_id = request.map(|id| Uuid::parse_str(&id).map_err(|_| malformed("request is an id"))).transpose()?;
    (filter.since, filter.until) = (moment(since)?, moment(until)?);
    let names = requests::directory_names(&*state.store).await?;
    let rows = log.page(&filter, before, limit + 1).await?;
    Ok(Json(page::page(rows, limit, |row| row.seq.to_string(), |row| RequestView(requests::to_json(&row, &names)))))
}

/// Follow requests
///
/// What becomes of SCIM requests as they come, as Server-Sent Events: the data of each is what the list has. Who comes again
/// with Last-Event-ID misses none that is still there. A stream ends after ten minutes, and when the key is not good any more.
#[utoipa::path(get, path = "/requests/stream", tag = "requests", params(FollowQuery), responses(
    (status = 200, description = "Events", body = String, content_type = "text/event-stream"),
))]
pub async fn follow(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Viewing>,
    Query(query): Query<FollowQuery>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, AdminError>>>, Problem> {
    let Requests { log, recorder } = source(&state)?;
    let after = headers.get("last-event-id").map(|id| id.to_str().ok().and_then(|id| id.parse().ok()));
    let after = after.map(|id| id.ok_or_else(|| malformed("Last-Event-ID is the id of an event"))).transpose()?;
    let filter = filter(&state, query).await?;
    let tail = Tail::open(log.clone(), filter, after, recorder.news()).await?;
    let store = state.store.clone();
    let events = try_unfold((tail, HashMap::new()), move |(mut tail, mut names)| {
        let store = store.clone();
        async move {
            let row = tail.next().await?;
            requests::learn_name(&*store, &mut names, &row).await?;
            let event = Event::default().id(row.seq.to_string()).data(requests::to_json(&row, &names).to_string());
            Ok(Some((event, (tail, names))))
        }
    });
    Ok(Sse::new(events.take_until(Box::pin(end(state, caller)))).keep_alive(KeepAlive::default()))
}

/// Returns when a stream has to end: its time is over, the server stops, or the caller would not be let in any more.
async fn end(state: Arc<AdminState>, caller: Caller<Viewing>) {
    let mut stopping = state.stopping.subscribe();
    let ends = async {
        tokio::select! {
            // A sender that is gone says the same.
            _ = stopping.wait_for(|stops| *stops) => {}
            () = refused(&state, &caller) => {}
        }
    };
    // That the time is over is one of three reasons.
    let _ = tokio::time::timeout(STREAM_TIME_MAX, ends).await;
}

/// Returns when the caller would not be let in any more, or nobody can tell.
async fn refused(state: &AdminState, caller: &Caller<Viewing>) {
    loop {
        tokio::time::sleep(LOOK_INTERVAL).await;
        match caller.is_good(state).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(error = %error, "a stream of requests ends: its key could not be looked up");
                return;
            }
        }
    }
}

fn source(state: &AdminState) -> Result<&Requests, Problem> {
    let off =
        || Problem::new(Kind::NotFound, "requests are not recorded: request_log.enabled is false, or its file cannot be opened");
    state.requests.as_ref().ok_or_else(off)
}

async fn filter(state: &AdminState, query: FollowQuery) -> Result<RequestFilter, Problem> {
    let status = query.status.map(|text| requests::statuses(&text).ok_or_else(|| malformed("status is one such as 404, or 4xx")));
    let resource = query.resource.map(|text| ResourceId::parse(&text).ok_or_else(|| malformed("resource is an id")));
    if query.token.as_deref().is_some_and(|name| name.contains('\0')) {
        return Err(malformed("token has no NUL character"));
    }
    let directory = match query.directory {
        Some(name) => Some(directories::find(&*state.store, &name).await?.id),
        None => None,
    };
    Ok(RequestFilter {
        directory,
        token_name: query.token,
        status: status.transpose()?,
        resource: resource.transpose()?,
        ..RequestFilter::default()
    })
}

fn moment(text: Option<String>) -> Result<Option<Timestamp>, Problem> {
    let parsed =
        text.map(|text| Timestamp::parse_rfc3339(&text).ok_or_else(|| malformed("a moment is written as 2030-01-31T00:00:00Z")));
    parsed.transpose()
}

fn malformed(detail: &str) -> Problem {
    Problem::new(Kind::Malformed, format!("the query: {detail}"))
}
