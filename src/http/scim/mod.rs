//! The SCIM endpoints.
//!
//! - [`resources`]: /Users, /Groups and whatever types a Directory has
//! - [`bulk`]: the endpoint /Bulk
//! - [`discovery`]: /ServiceProviderConfig, /Schemas, /ResourceTypes

pub mod bulk;
pub mod discovery;
pub mod resources;

use super::authorization::{authorize, forget};
use super::body::RequestBody;
use super::error::HttpError;
use super::media::{self, MediaType};
use super::observe::{Facts, Operations, RequestId};
use super::path::{ScimPath, Version};
use super::router::Endpoint;
use super::{HttpState, reply};
use crate::auth::{Access, Caller};
use crate::directory::context::out_of_scope;
use crate::directory::trace::Trace;
use crate::scim::{ErrorKind, ScimError};
use crate::store::{DirectoryRow, DirectoryStatus};
use axum::extract::{Request, State};
use axum::http::header::EXPECT;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use std::sync::Arc;

/// Answers whatever is not health.
pub async fn serve(State(state): State<Arc<HttpState>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut body = RequestBody::new(body);
    let mut facts = Facts::default();
    let media_type = media::accepted(&parts.headers);
    let trace = Trace::new(state.requests.is_on());
    let mut answered = answer(&state, &parts, media_type, &mut body, &mut facts, &trace).await;
    if answered.as_ref().is_err_and(HttpError::is_outdated) {
        // Nothing was done yet, and the schemas of now are one look-up away. If they change once more, the client comes again.
        forget(&state, &parts.headers);
        facts = Facts::default();
        trace.take();
        answered = answer(&state, &parts, media_type, &mut body, &mut facts, &trace).await;
    }
    if body.is_left(awaits_continue(&parts.headers)) {
        body.drain(state.options.drain_bytes_max, state.options.drain_timeout).await;
    }
    facts.report = trace.take();
    let mut response = answered.unwrap_or_else(|error| {
        facts.refusal = Some(error.refusal(facts.denied));
        let id = parts.extensions.get().copied().unwrap_or_else(RequestId::generate);
        error.into_response(media_type.unwrap_or_default(), id)
    });
    if let Some(Operations(operations)) = response.extensions_mut().remove() {
        facts.operations = operations;
    }
    response.extensions_mut().insert(facts);
    response
}

async fn answer(
    state: &Arc<HttpState>,
    parts: &Parts,
    media_type: Option<MediaType>,
    body: &mut RequestBody,
    facts: &mut Facts,
    trace: &Trace,
) -> Result<Response, HttpError> {
    if parts.uri.path_and_query().is_some_and(|url| url.as_str().len() > state.options.url_bytes_max) {
        return Err(HttpError::uri_too_long(state.options.url_bytes_max));
    }
    let path = ScimPath::parse(parts.uri.path()).ok_or_else(HttpError::no_endpoint)?;
    let caller = authorize(state, parts, &path, facts).await?;
    if let Some(caller) = &caller {
        check_status(&caller.directory)?;
        state.rates.admit(&caller.directory, state.clock.now()).map_err(HttpError::too_many_requests)?;
    }
    if path.version == Version::Unsupported {
        return Err(ScimError::new(ErrorKind::InvalidVers, "the server speaks SCIM 2.0: /v2 or no version at all").into());
    }
    let directory = match &caller {
        Some(caller) => Some(state.directory(&caller.directory).await?),
        None => None,
    };
    let registry = match &directory {
        Some(directory) => directory.registry.clone(),
        None => state.everyone().await?,
    };
    let endpoint = Endpoint::find(&path, &registry).ok_or_else(HttpError::no_endpoint)?;
    facts.route = endpoint.template();
    facts.path = endpoint.path();
    facts.resource_type = endpoint.resource_type().map(|resource_type| resource_type.name.clone());
    if let Some(caller) = &caller {
        check_reach(caller, &endpoint, &parts.method)?;
    }
    let allow = endpoint.allow();
    if !allow.split(", ").any(|method| method == parts.method.as_str()) {
        return Err(HttpError::method_not_allowed(allow));
    }
    if parts.method == Method::OPTIONS {
        return Ok(reply::options(allow));
    }
    let media_type = match media_type {
        Some(media_type) => media_type,
        // Its answer has no body that could be of the wrong type.
        None if parts.method == Method::DELETE => MediaType::default(),
        None => return Err(HttpError::not_acceptable()),
    };
    let base_url = state.base_url(path.directory.as_deref());
    match endpoint {
        Endpoint::ServiceProviderConfig
        | Endpoint::Schemas
        | Endpoint::Schema(_)
        | Endpoint::ResourceTypes
        | Endpoint::ResourceType(_) => discovery::answer(state, parts.uri.query(), media_type, &registry, &endpoint, &base_url),
        Endpoint::Collection(_)
        | Endpoint::Resource(..)
        | Endpoint::Search(_)
        | Endpoint::Root
        | Endpoint::RootSearch
        | Endpoint::Bulk => {
            // Nobody comes this far without a caller; if the rule that says so is ever wrong, this one holds.
            let (Some(caller), Some(directory)) = (&caller, &directory) else { return Err(HttpError::unauthorized()) };
            let exchange = resources::Exchange { state, parts, media_type, directory, caller, base_url: &base_url, trace };
            match endpoint {
                Endpoint::Bulk => bulk::answer(&exchange, state, directory, body).await,
                endpoint => exchange.answer(&endpoint, body).await,
            }
        }
        Endpoint::Me if !state.options.me_enabled => Err(HttpError::not_implemented("the alias /Me is not supported")),
        Endpoint::Me if parts.method == Method::POST => {
            Err(HttpError::not_implemented("nobody registers by POST to /Me; users are created at /Users"))
        }
        Endpoint::Me => {
            let (Some(caller), Some(directory)) = (&caller, &directory) else { return Err(HttpError::unauthorized()) };
            let (Some(user), Some(resource_type)) = (caller.user, registry.resource_type("User")) else {
                return Err(ScimError::new(ErrorKind::NotFound, "the token stands for no user, so there is no /Me").into());
            };
            let exchange = resources::Exchange { state, parts, media_type, directory, caller, base_url: &base_url, trace };
            exchange.answer(&Endpoint::Resource(resource_type, &user.to_string()), body).await
        }
    }
}

/// Whether the Directory serves its clients: nothing is ever answered 200 that was not done.
///
/// # Errors
/// 503 while it is paused, 403 while it is disabled.
fn check_status(directory: &DirectoryRow) -> Result<(), HttpError> {
    match directory.status {
        DirectoryStatus::Active => Ok(()),
        DirectoryStatus::Paused => Err(HttpError::paused()),
        // Its tokens were refused already.
        DirectoryStatus::Disabled | DirectoryStatus::Deleting => {
            Err(HttpError::forbidden("the Directory is disabled by its operator"))
        }
    }
}

/// A token that stands for a user opens `/Me`, and what everybody may know of the server; nothing else of the Directory. One with
/// scopes opens what they name; searches over all types and bulk requests look at them type by type.
///
/// # Errors
/// 403.
fn check_reach(caller: &Caller, endpoint: &Endpoint<'_>, method: &Method) -> Result<(), HttpError> {
    let is_write = [Method::PUT, Method::PATCH, Method::DELETE].contains(method)
        || *method == Method::POST && matches!(endpoint, Endpoint::Collection(_));
    let access = if is_write { Access::Write } else { Access::Read };
    let check_scope = |name: &str| {
        if caller.scopes.permit(name, access) { Ok(()) } else { Err(out_of_scope(name, access).into()) }
    };
    match endpoint {
        Endpoint::ServiceProviderConfig
        | Endpoint::Schemas
        | Endpoint::Schema(_)
        | Endpoint::ResourceTypes
        | Endpoint::ResourceType(_) => Ok(()),
        Endpoint::Me => check_scope("User"),
        Endpoint::Collection(_)
        | Endpoint::Resource(..)
        | Endpoint::Search(_)
        | Endpoint::Root
        | Endpoint::RootSearch
        | Endpoint::Bulk => match (caller.user, endpoint.resource_type()) {
            (Some(_), _) => Err(HttpError::forbidden("the token stands for a user and opens /Me only")),
            (None, Some(resource_type)) => check_scope(&resource_type.name),
            (None, None) => Ok(()),
        },
    }
}

/// Whether the client sends its body only when it is asked to (RFC 9110 §10.1.1).
pub(super) fn awaits_continue(headers: &HeaderMap) -> bool {
    headers.get(EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}
