//! /Users, /Groups and whatever types a Directory has (RFC 7644 §3).

use crate::auth::Caller;
use crate::directory::trace::Trace;
use crate::directory::{self, Ctx, Directory, Party, Precondition, ProjectionParams, Scope};
use crate::http::authorization::check_schemas;
use crate::http::body::RequestBody;
use crate::http::conditional::{precondition, prefers_representation};
use crate::http::error::HttpError;
use crate::http::media::{self, MediaType};
use crate::http::router::Endpoint;
use crate::http::{HttpState, query, reply};
use crate::scim::schema::ResourceType;
use axum::body::Bytes;
use axum::http::header::{IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use std::sync::Arc;

/// An authenticated request for resources, its body apart.
pub struct Exchange<'a> {
    /// What all requests share.
    pub state: &'a HttpState,
    /// The head of the request.
    pub parts: &'a Parts,
    /// The type to answer in.
    pub media_type: MediaType,
    /// The caller's Directory.
    pub directory: &'a Directory,
    /// The caller.
    pub caller: &'a Caller,
    /// The Base URL that the request came in by.
    pub base_url: &'a str,
    /// Where the request tells about itself.
    pub trace: &'a Trace,
}

impl Exchange<'_> {
    /// Calls the verb that the method stands for.
    ///
    /// # Errors
    /// Those of the verb, and those of the request's head and body.
    pub async fn answer(&self, endpoint: &Endpoint<'_>, body: &mut RequestBody) -> Result<Response, HttpError> {
        let method = &self.parts.method;
        match *endpoint {
            Endpoint::Collection(resource_type) if *method == Method::POST => self.create(resource_type, body).await,
            Endpoint::Collection(resource_type) if is_read(method) => self.search(Scope::Type(resource_type)).await,
            Endpoint::Resource(resource_type, id) if is_read(method) => self.read(resource_type, id).await,
            Endpoint::Resource(resource_type, id) if *method == Method::PUT => self.replace(resource_type, id, body).await,
            Endpoint::Resource(resource_type, id) if *method == Method::PATCH => self.patch(resource_type, id, body).await,
            Endpoint::Resource(resource_type, id) if *method == Method::DELETE => self.delete(resource_type, id).await,
            Endpoint::Search(resource_type) if *method == Method::POST => {
                self.search_by_post(Scope::Type(resource_type), body).await
            }
            Endpoint::Root if is_read(method) => self.search(Scope::Root).await,
            Endpoint::RootSearch if *method == Method::POST => self.search_by_post(Scope::Root, body).await,
            _ => Err(HttpError::method_not_allowed(endpoint.allow())),
        }
    }

    async fn create(&self, resource_type: &Arc<ResourceType>, body: &mut RequestBody) -> Result<Response, HttpError> {
        let params = query::parse(self.parts.uri.query())?;
        let body = self.json(body).await?;
        let created = directory::create(&self.ctx(), resource_type, &body, projection(&params)).await?;
        Ok(reply::resource(StatusCode::CREATED, self.media_type, created))
    }

    async fn search(&self, scope: Scope<'_>) -> Result<Response, HttpError> {
        let params = query::parse(self.parts.uri.query())?;
        let found = directory::search(&self.ctx(), scope, &params).await?;
        Ok(reply::json(StatusCode::OK, self.media_type, found.body))
    }

    async fn search_by_post(&self, scope: Scope<'_>, body: &mut RequestBody) -> Result<Response, HttpError> {
        let body = self.json(body).await?;
        let found = directory::search_by_post(&self.ctx(), scope, &body).await?;
        Ok(reply::json(StatusCode::OK, self.media_type, found.body))
    }

    async fn read(&self, resource_type: &Arc<ResourceType>, id: &str) -> Result<Response, HttpError> {
        let params = query::parse(self.parts.uri.query())?;
        let read = directory::read(&self.ctx(), resource_type, id, projection(&params)).await?;
        if !precondition(&self.parts.headers, &IF_MATCH).holds(read.version) {
            return Err(HttpError::precondition_failed());
        }
        let if_none_match = precondition(&self.parts.headers, &IF_NONE_MATCH);
        if if_none_match != Precondition::None && if_none_match.holds(read.version) {
            return Ok(reply::not_modified(&read));
        }
        Ok(reply::resource(StatusCode::OK, self.media_type, read))
    }

    async fn replace(&self, resource_type: &Arc<ResourceType>, id: &str, body: &mut RequestBody) -> Result<Response, HttpError> {
        let params = query::parse(self.parts.uri.query())?;
        let if_match = self.if_match()?;
        let body = self.json(body).await?;
        let replaced = directory::replace(&self.ctx(), resource_type, id, &body, &if_match, projection(&params)).await?;
        Ok(reply::resource(StatusCode::OK, self.media_type, replaced))
    }

    async fn patch(&self, resource_type: &Arc<ResourceType>, id: &str, body: &mut RequestBody) -> Result<Response, HttpError> {
        let params = query::parse(self.parts.uri.query())?;
        let if_match = self.if_match()?;
        let prefers = prefers_representation(&self.parts.headers);
        let body = self.json(body).await?;
        let patched = directory::patch(&self.ctx(), resource_type, id, &body, &if_match, projection(&params), prefers).await?;
        Ok(reply::resource(StatusCode::OK, self.media_type, patched))
    }

    async fn delete(&self, resource_type: &Arc<ResourceType>, id: &str) -> Result<Response, HttpError> {
        directory::delete(&self.ctx(), resource_type, id, &self.if_match()?).await?;
        Ok(reply::no_content())
    }

    fn ctx(&self) -> Ctx<'_> {
        ctx(self.state, self.directory, self.caller, self.base_url, self.trace)
    }

    /// The version that a write insists on. `If-None-Match: *` insists on there being none, which no write to an existing
    /// resource can satisfy, and a write creates none (RFC 9110 §13.1.2).
    fn if_match(&self) -> Result<Precondition, HttpError> {
        if precondition(&self.parts.headers, &IF_NONE_MATCH) == Precondition::Any {
            return Err(HttpError::precondition_failed());
        }
        Ok(precondition(&self.parts.headers, &IF_MATCH))
    }

    async fn json(&self, body: &mut RequestBody) -> Result<Bytes, HttpError> {
        media::check_body(&self.parts.headers)?;
        let body = body.read(self.state.limits.body_bytes_max).await?;
        check_schemas(self.state, &self.parts.headers, self.directory.schema_revision).await?;
        Ok(body)
    }
}

/// What a verb works with.
pub fn ctx<'a>(
    state: &'a HttpState,
    directory: &'a Directory,
    caller: &'a Caller,
    base_url: &'a str,
    trace: &'a Trace,
) -> Ctx<'a> {
    Ctx {
        store: &*state.store,
        directory,
        actor: Some(caller.token),
        party: if caller.user.is_some() { Party::User } else { Party::Provider },
        scopes: &caller.scopes,
        clock: &*state.clock,
        limits: &state.limits,
        base_url,
        passwords: &state.passwords,
        walks: &state.walks,
        cursors: &state.cursors,
        metrics: &state.metrics,
        trace,
    }
}

/// HEAD is GET whose body hyper leaves out (D-84).
fn is_read(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

fn projection(params: &directory::SearchParams) -> ProjectionParams<'_> {
    ProjectionParams { attributes: params.attributes.as_deref(), excluded_attributes: params.excluded_attributes.as_deref() }
}
