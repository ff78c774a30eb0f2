//! /Bulk (RFC 7644 §3.7).

use super::resources::{Exchange, ctx};
use crate::directory::trace::{OperationDetail, Trace};
use crate::directory::{self, BulkReply, Directory, Done};
use crate::http::authorization::check_schemas;
use crate::http::body::RequestBody;
use crate::http::error::HttpError;
use crate::http::observe::{Operations, RequestId};
use crate::http::{HttpState, media, reply};
use crate::scim::protocol::BULK_RESPONSE_SCHEMA;
use crate::scim::protocol::entity_tag;
use crate::scim::protocol::error_body::ErrorBody;
use crate::scim::{ErrorKind, ScimError};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::oneshot;
use tracing::Instrument;

/// Runs a bulk request in a task of its own, so that a client that hangs up cuts no step apart: what has begun is
/// finished, and nothing more is begun. Neither is it once the token is revoked or the schemas are others.
///
/// # Errors
/// Nothing was run then: the body is too large or no bulk request.
pub async fn answer(
    exchange: &Exchange<'_>,
    state: &Arc<HttpState>,
    directory: &Arc<Directory>,
    body: &mut RequestBody,
) -> Result<Response, HttpError> {
    media::check_body(&exchange.parts.headers)?;
    let bytes_max = state.limits.bulk_bytes_max;
    let bytes = body.read(bytes_max).await.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => HttpError::bulk_too_large(bytes_max),
        _ => error,
    })?;
    let (state, directory, base_url) = (state.clone(), directory.clone(), exchange.base_url.to_owned());
    let caller = exchange.caller.clone();
    let headers = exchange.parts.headers.clone();
    check_schemas(&state, &headers, directory.schema_revision).await?;
    let (sender, answered) = oneshot::channel();
    let running = async move {
        let trace = Trace::new(state.requests.is_on());
        let ctx = ctx(&state, &directory, &caller, &base_url, &trace);
        let may_go_on = || async {
            if sender.is_closed() {
                return Err(ScimError::new(ErrorKind::Unavailable, "the client has hung up"));
            }
            check_schemas(&state, &headers, directory.schema_revision).await
        };
        let outcome = directory::bulk(&ctx, &bytes, may_go_on).await;
        // Nobody is there to be told that nobody is there.
        let _hung_up = sender.send(outcome);
    };
    tokio::spawn(running.in_current_span());
    // The task ends without an answer only if it panics.
    let replies = answered.await.map_err(|_| HttpError::internal())??;
    let id = exchange.parts.extensions.get().copied().unwrap_or_else(RequestId::generate);
    let judged: Vec<Judged> = replies.into_iter().map(judge).collect();
    let mut response = reply::json(StatusCode::OK, exchange.media_type, text(&judged, id));
    response.extensions_mut().insert(Operations(judged.into_iter().enumerate().map(told).collect()));
    Ok(response)
}

/// An entry of `Operations` in the answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Operation<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    location: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bulk_id: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<ErrorBody<'a>>,
}

#[derive(Serialize)]
struct BulkResponse<'a> {
    schemas: [&'static str; 1],
    #[serde(rename = "Operations")]
    operations: Vec<Operation<'a>>,
}

/// The answer to an operation, with its status.
struct Judged {
    reply: BulkReply,
    status: StatusCode,
    error: Option<HttpError>,
}

fn judge(reply: BulkReply) -> Judged {
    let error = reply.outcome.as_ref().err().map(|error| HttpError::from(error.clone()));
    let status = match &reply.outcome {
        Ok(Done::Created(_)) => StatusCode::CREATED,
        // Without a body, as RFC 7644 §3.7.3 shows it.
        Ok(Done::Updated(_)) => StatusCode::OK,
        Ok(Done::Deleted) => StatusCode::NO_CONTENT,
        Err(_) => error.as_ref().map_or(StatusCode::INTERNAL_SERVER_ERROR, HttpError::status),
    };
    Judged { reply, status, error }
}

fn text(judged: &[Judged], id: RequestId) -> String {
    let operations = judged.iter().map(|judged| operation(judged, id)).collect();
    let response = BulkResponse { schemas: [BULK_RESPONSE_SCHEMA], operations };
    serde_json::to_string(&response).expect("structs of strings serialise")
}

fn operation(judged: &Judged, id: RequestId) -> Operation<'_> {
    let Judged { reply: BulkReply { method, bulk_id, location, outcome, report: _ }, status, error } = judged;
    let version = match outcome {
        Ok(Done::Created(version) | Done::Updated(version)) => Some(*version),
        Ok(Done::Deleted) | Err(_) => None,
    };
    Operation {
        location,
        method,
        bulk_id,
        version: version.map(entity_tag::print),
        status: status.as_str().to_owned(),
        response: error.as_ref().map(|error| error.body(id)),
    }
}

/// What the request log keeps of an operation.
fn told((place, judged): (usize, Judged)) -> OperationDetail {
    let Judged { reply: BulkReply { method, report, .. }, status, error } = judged;
    let known = ["POST", "PUT", "PATCH", "DELETE"];
    OperationDetail {
        number: place + 1,
        method: known.into_iter().find(|known| method.as_ref().is_some_and(|method| method.eq_ignore_ascii_case(known))),
        resource_type: report.resource_type.as_deref().map(str::to_owned),
        resource: report.resource.map(|id| id.to_string()),
        status: status.as_u16(),
        report,
        refusal: error.map(|error| error.refusal(None)),
    }
}
