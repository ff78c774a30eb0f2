//! The token endpoint (RFC 6749 §3.2).

use super::api_key::{self, scope_text};
use super::error::OAuthError;
use super::form::{FORM_BYTES_MAX, Form};
use super::{OAuth, TOKEN_PATH, address, credentials, off};
use crate::auth::oauth::{GrantError, Granted};
use crate::http::body::RequestBody;
use crate::http::media::MediaType;
use crate::http::observe::Facts;
use crate::http::scim::awaits_continue;
use crate::http::{HttpState, reply};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, PRAGMA};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::Arc;

const ALLOW: &str = "OPTIONS, POST";

/// Answers at the token endpoint.
pub async fn answer(State(state): State<Arc<HttpState>>, request: Request) -> Response {
    let Some(oauth) = &state.oauth else { return off(state, request).await };
    let (parts, body) = request.into_parts();
    let mut body = RequestBody::new(body);
    let mut facts = Facts { route: TOKEN_PATH, ..Facts::default() };
    let mut response = match parts.method {
        Method::OPTIONS => reply::options(ALLOW),
        Method::POST => match exchange(&state, oauth, &parts, &mut body, &mut facts).await {
            Ok(token) => reply::json(StatusCode::OK, MediaType::Json, token.to_string()),
            Err(error) => error.into_response(),
        },
        _ => OAuthError::method_not_allowed(ALLOW).into_response(),
    };
    if body.is_left(awaits_continue(&parts.headers)) {
        body.drain(state.options.drain_bytes_max, state.options.drain_timeout).await;
    }
    // §5.1
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response.extensions_mut().insert(facts);
    response
}

/// What is answered to good credentials (RFC 6749 §5.1).
async fn exchange(
    state: &HttpState,
    oauth: &OAuth,
    parts: &Parts,
    body: &mut RequestBody,
    facts: &mut Facts,
) -> Result<Value, OAuthError> {
    // What stands in a URL stands in logs (§2.3.1).
    if parts.uri.query().is_some() {
        return Err(OAuthError::invalid_request("parameters belong into the body, not into the URL"));
    }
    let body = body.read(FORM_BYTES_MAX).await.map_err(|error| OAuthError::from_body(&error))?;
    let form = Form::parse(&parts.headers, &body)?;
    let key = credentials::api_key(&parts.headers)?;
    match (form.get("grant_type"), key) {
        (Some("client_credentials"), _) => client_credentials(oauth, parts, &form, facts).await,
        (Some(api_key::GRANT_TYPE) | None, Some(key)) => api_key::grant(state, oauth, parts, key, &form, facts).await,
        (Some(api_key::GRANT_TYPE), None) => {
            facts.denied = Some("missing");
            Err(OAuthError::invalid_client())
        }
        (None, None) => Err(OAuthError::invalid_request("grant_type is missing")),
        (Some(_), _) => Err(OAuthError::unsupported_grant_type()),
    }
}

/// RFC 6749 §4.4.
async fn client_credentials(oauth: &OAuth, parts: &Parts, form: &Form, facts: &mut Facts) -> Result<Value, OAuthError> {
    let credentials = credentials::of_client(&parts.headers, form).inspect_err(|_| facts.denied = Some("malformed"))?;
    match oauth.issuer.grant(&credentials, form.get("scope"), address(parts)).await {
        Ok(Granted { access_token, lifetime_s, scopes, client, directory }) => {
            (facts.token, facts.directory) = (Some(client), Some(directory));
            let scope = scope_text(&scopes);
            Ok(json!({ "access_token": access_token, "token_type": "Bearer", "expires_in": lifetime_s, "scope": scope }))
        }
        Err(error) => {
            match &error {
                GrantError::Client { reason, client } => (facts.denied, facts.token) = (Some(*reason), *client),
                GrantError::Disabled { client, directory } => {
                    (facts.denied, facts.token, facts.directory) = (Some("disabled"), Some(*client), Some(*directory));
                }
                GrantError::Scope => facts.denied = Some("scope"),
                GrantError::TooEarly(_) => facts.denied = Some("throttled"),
                GrantError::Sealing(_) | GrantError::Store(_) => {}
            }
            Err(error.into())
        }
    }
}
