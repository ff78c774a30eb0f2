//! What a client hears when it gets no token (RFC 6749 §5.2): the only place where that becomes a status.

use crate::admin::AdminError;
use crate::auth::oauth::GrantError;
use crate::auth::throttle::TooEarly;
use crate::http::error::HttpError;
use crate::http::media::MediaType;
use crate::http::reply;
use crate::store::StoreError;
use axum::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::json;
use std::time::Duration;

/// What a client reads whatever is wrong with its credentials.
const REFUSED: &str = "the client is unknown, or its credentials are not good";

/// What it is told to wait for when the database is away.
const AWAY: Duration = Duration::from_secs(2);

/// A failed request for a token.
#[derive(Debug)]
pub struct OAuthError {
    status: StatusCode,
    code: &'static str,
    description: String,
    retry_after: Option<Duration>,
    allow: Option<&'static str>,
}

impl OAuthError {
    /// The request is not as it must be.
    pub fn invalid_request(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// The credentials are not good, in the same words whatever is wrong with them.
    pub fn invalid_client() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", REFUSED)
    }

    /// Who asks may not.
    pub fn unauthorized_client(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unauthorized_client", description)
    }

    /// There is no such grant.
    pub fn unsupported_grant_type() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unsupported_grant_type", "the grant types are client_credentials and api_key")
    }

    /// The scope is none, or too much.
    pub fn invalid_scope() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_scope", "the scope is none, or more than may be granted")
    }

    /// The method is not POST.
    pub fn method_not_allowed(allow: &'static str) -> Self {
        let error = Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "a token is asked for by POST");
        Self { allow: Some(allow), ..error }
    }

    /// What a body that cannot be read is.
    pub fn from_body(error: &HttpError) -> Self {
        Self::new(error.status(), "invalid_request", "the body of the request is too large, too slow or incomplete")
    }

    /// What an operator's request that failed is.
    pub fn from_admin(error: AdminError) -> Self {
        match error {
            AdminError::Store(error) => error.into(),
            AdminError::Settings(_) | AdminError::Randomness(_) | AdminError::Password(_) | AdminError::Corrupt { .. } => {
                Self::failed(&error)
            }
            AdminError::TooBusy => Self::unavailable(AWAY),
            error => Self::invalid_request(error.to_string()),
        }
    }

    /// Its `error`.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The response.
    pub fn into_response(self) -> Response {
        let body = json!({ "error": self.code, "error_description": printable(&self.description) });
        let mut response = reply::json(self.status, MediaType::Json, body.to_string());
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"scimd\", charset=\"UTF-8\""));
        }
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs()));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        response
    }

    fn unavailable(wait: Duration) -> Self {
        let description = "the server cannot answer at the moment; try again later";
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", description);
        Self { retry_after: Some(wait), ..error }
    }

    fn failed(cause: &dyn std::error::Error) -> Self {
        tracing::error!(cause = %cause, "no token could be issued");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "the server failed; its log has the cause")
    }

    fn new(status: StatusCode, code: &'static str, description: impl Into<String>) -> Self {
        Self { status, code, description: description.into(), retry_after: None, allow: None }
    }
}

impl From<TooEarly> for OAuthError {
    fn from(error: TooEarly) -> Self {
        let refused = Self::new(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", error.to_string());
        Self { retry_after: Some(error.0), ..refused }
    }
}

impl From<StoreError> for OAuthError {
    fn from(error: StoreError) -> Self {
        match HttpError::from_store(error).status() {
            StatusCode::SERVICE_UNAVAILABLE => Self::unavailable(AWAY),
            // The cause is in the log already.
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "the server failed; its log has the cause"),
        }
    }
}

impl From<GrantError> for OAuthError {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::Client { .. } => Self::invalid_client(),
            GrantError::Disabled { .. } => Self::unauthorized_client("the Directory is disabled by its operator"),
            GrantError::Scope => Self::invalid_scope(),
            GrantError::TooEarly(error) => error.into(),
            GrantError::Sealing(error) => Self::failed(&error),
            GrantError::Store(error) => error.into(),
        }
    }
}

/// What `error_description` may hold: printable ASCII without `"` and `\` (RFC 6749 §5.2).
fn printable(text: &str) -> String {
    let fits = |character: char| matches!(character, ' '..='~') && !matches!(character, '"' | '\\');
    text.chars().map(|character| if fits(character) { character } else { '\'' }).collect()
}
