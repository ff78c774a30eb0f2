//! /ServiceProviderConfig, /Schemas and /ResourceTypes (RFC 7644 §4).

use crate::http::error::HttpError;
use crate::http::media::MediaType;
use crate::http::router::Endpoint;
use crate::http::{HttpState, query, reply};
use crate::scim::protocol::discovery::{self, Capabilities};
use crate::scim::schema::Registry;
use crate::scim::{ErrorKind, ScimError};
use axum::http::StatusCode;
use axum::response::Response;

/// Answers from the registry of the caller's Directory.
///
/// To a client without a token, what every Directory has is shown, under whatever name of a Directory: looking the
/// name up would tell strangers which ones there are (R5).
///
/// # Errors
/// 403 for a filter (P-4-09), 404 for an unknown schema or resource type.
pub fn answer(
    state: &HttpState,
    query: Option<&str>,
    media_type: MediaType,
    registry: &Registry,
    endpoint: &Endpoint<'_>,
    base_url: &str,
) -> Result<Response, HttpError> {
    if query::has_filter(query) {
        return Err(HttpError::forbidden("discovery endpoints cannot be filtered"));
    }
    let document = match endpoint {
        Endpoint::ServiceProviderConfig => {
            let capabilities = Capabilities {
                page_size_default: state.limits.page_size_default,
                page_size_max: state.limits.page_size_max,
                cursor_lifetime_s: state.limits.cursor_lifetime_s,
                bulk_operations_max: state.limits.bulk_operations_max,
                bulk_bytes_max: state.limits.bulk_bytes_max,
                oauth_supported: state.oauth.is_some(),
            };
            Some(discovery::service_provider_config(registry, base_url, &capabilities))
        }
        Endpoint::Schemas => Some(discovery::schemas(registry, base_url)),
        Endpoint::Schema(urn) => discovery::schema(registry, urn, base_url),
        Endpoint::ResourceTypes => Some(discovery::resource_types(registry, base_url)),
        Endpoint::ResourceType(name) => discovery::resource_type(registry, name, base_url),
        Endpoint::Collection(_)
        | Endpoint::Resource(..)
        | Endpoint::Search(_)
        | Endpoint::Root
        | Endpoint::RootSearch
        | Endpoint::Me
        | Endpoint::Bulk => return Err(HttpError::no_endpoint()),
    };
    let document = document.ok_or_else(|| {
        let what = if matches!(endpoint, Endpoint::Schema(_)) { "schema" } else { "resource type" };
        ScimError::new(ErrorKind::NotFound, format!("there is no such {what}"))
    })?;
    Ok(reply::json(StatusCode::OK, media_type, document.to_string()))
}
