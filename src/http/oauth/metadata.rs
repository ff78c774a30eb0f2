//! The metadata of the authorization server (RFC 8414): where the token endpoint is, and what it takes.

use super::{TOKEN_PATH, api_key, off};
use crate::auth::oauth::issuer::SCOPE;
use crate::auth::oauth::keys::{ALGORITHMS, name_of};
use crate::http::error::HttpError;
use crate::http::media::MediaType;
use crate::http::observe::{Facts, RequestId};
use crate::http::{HttpState, reply};
use crate::scim::schema::Registry;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::Arc;

/// Where the metadata are, below the root of the host: what path the issuer has comes behind it (§3.1).
pub const PATH: &str = "/.well-known/oauth-authorization-server";

const ALLOW: &str = "GET, HEAD, OPTIONS";

/// Answers where the metadata are.
pub async fn answer(State(state): State<Arc<HttpState>>, Extension(id): Extension<RequestId>, request: Request) -> Response {
    let issuer = &state.options.public_url;
    let behind = request.uri().path().strip_prefix(PATH).unwrap_or_default();
    if state.oauth.is_none() || !(behind.is_empty() || behind == path_of(issuer)) {
        return off(state, request).await;
    }
    let mut response = match *request.method() {
        Method::GET | Method::HEAD => match state.everyone().await {
            Ok(registry) => reply::json(StatusCode::OK, MediaType::Json, metadata(issuer, &registry).to_string()),
            Err(error) => error.into_response(MediaType::Json, id),
        },
        Method::OPTIONS => reply::options(ALLOW),
        _ => HttpError::method_not_allowed(ALLOW).into_response(MediaType::Json, id),
    };
    response.extensions_mut().insert(Facts { route: PATH, ..Facts::default() });
    response
}

/// §2, with the scopes for the resource types of every Directory.
fn metadata(issuer: &str, registry: &Registry) -> Value {
    let of_types = registry
        .resource_types
        .iter()
        .flat_map(|resource_type| ["read", "write"].map(|access| format!("{}:{access}", resource_type.name)));
    let scopes: Vec<String> = [SCOPE, "read", "write"].into_iter().map(str::to_owned).chain(of_types).collect();
    json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}{TOKEN_PATH}"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS.map(name_of),
        "grant_types_supported": ["client_credentials", api_key::GRANT_TYPE],
        // There is no authorization endpoint, which these would be for.
        "response_types_supported": [],
        "scopes_supported": scopes,
    })
}

/// The path of a URL, without a slash at its end.
fn path_of(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    url[authority..].find('/').map_or("", |at| &url[authority + at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_url_is_what_comes_behind_its_host() {
        assert_eq!(path_of("https://scim.example.org"), "");
        assert_eq!(path_of("https://example.org:8443/identity/scim"), "/identity/scim");
    }
}
