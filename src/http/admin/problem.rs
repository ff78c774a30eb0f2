//! Responses of the admin API that do not succeed: problem details (RFC 9457).

use super::{AdminState, BASE};
use crate::admin::AdminError;
use crate::auth::PasswordError;
use crate::auth::throttle::TooEarly;
use crate::http::observe::RequestId;
use crate::scim::ErrorKind;
use crate::store::StoreError;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What went wrong, as programs tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request does not read: its path, its query or its body.
    Malformed,
    /// There is no good API key, or the account and password do not match.
    Unauthorized,
    /// The account's role does not allow it.
    Forbidden,
    /// There is no such endpoint, or nothing of that name.
    NotFound,
    /// The endpoint has not this method.
    MethodNotAllowed,
    /// What is there stands in the way.
    Conflict,
    /// It has changed since the client looked at it.
    PreconditionFailed,
    /// The body is larger than it may be.
    TooLarge,
    /// The body is in another format.
    UnsupportedMediaType,
    /// The request reads, but something in it is not allowed.
    Invalid,
    /// Too many attempts to sign in.
    TooManyRequests,
    /// A defect; the log has its cause.
    Internal,
    /// The database is away or busy.
    Unavailable,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Malformed,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::Invalid,
        Self::TooManyRequests,
        Self::Internal,
        Self::Unavailable,
    ];

    /// The word at the end of its `type`, its status and its title.
    pub fn facts(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::Malformed => ("malformed", StatusCode::BAD_REQUEST, "The request does not read"),
            Self::Unauthorized => ("unauthorized", StatusCode::UNAUTHORIZED, "Good credentials are needed"),
            Self::Forbidden => ("forbidden", StatusCode::FORBIDDEN, "The account's role does not allow it"),
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND, "It is not there"),
            Self::MethodNotAllowed => ("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED, "The endpoint has not this method"),
            Self::Conflict => ("conflict", StatusCode::CONFLICT, "What is there stands in the way"),
            Self::PreconditionFailed => ("changed", StatusCode::PRECONDITION_FAILED, "It has changed meanwhile"),
            Self::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::UnsupportedMediaType => {
                ("unsupported-media-type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body is in another format")
            }
            Self::Invalid => ("invalid", StatusCode::UNPROCESSABLE_ENTITY, "Something in the request is not allowed"),
            Self::TooManyRequests => ("too-many-attempts", StatusCode::TOO_MANY_REQUESTS, "Too many attempts"),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, "The server failed"),
            Self::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE, "The database is away or busy"),
        }
    }
}

/// A failed request.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: Kind,
    detail: String,
    /// Seconds to wait.
    retry_after: Option<u64>,
    /// Why the credentials were refused.
    denied: Option<&'static str>,
}

/// Why the credentials of a request were refused, in an extension of its response.
#[derive(Debug, Clone, Copy)]
pub struct Denied(pub &'static str);

/// A failed request as the client reads it (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// What kind of failure it is: the address of its description.
    #[schema(format = "uri")]
    r#type: String,
    /// The same, in words.
    title: &'static str,
    /// The status of the response.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What happened this time, and what would be right.
    detail: String,
    /// The request, as the server's log calls it.
    #[schema(format = "uuid")]
    request_id: String,
}

impl Problem {
    /// A failure of a kind, with what is to be said of it.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), retry_after: None, denied: None }
    }

    /// The same, because the credentials were refused; why is for the log and the metrics.
    #[must_use]
    pub fn denied(self, reason: &'static str) -> Self {
        Self { denied: Some(reason), ..self }
    }

    /// 500: the cause goes to the log.
    fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(cause = %chain(cause), "a request of an operator failed");
        Self::new(Kind::Internal, "the server failed; its log says why, beside the id of the request")
    }
}

/// An error and what it came from, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Its body comes later, from [`render`], which knows the request.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.facts().1.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        let kind = match &error {
            AdminError::NoDirectory(_)
            | AdminError::NoToken(_)
            | AdminError::NoAccount(_)
            | AdminError::NoKey(_)
            | AdminError::NoUser(_)
            | AdminError::NoGroup(_)
            | AdminError::NoDefinition(_) => Kind::NotFound,
            AdminError::DirectoryExists(_)
            | AdminError::TokenExists(_)
            | AdminError::AccountExists(_)
            | AdminError::KeyExists(_)
            | AdminError::TokenRevoked(_)
            | AdminError::TokenExpired(_)
            | AdminError::RenewedLately { .. }
            | AdminError::TooManyTokens(_)
            | AdminError::TooManyKeys(_)
            | AdminError::LastOwner
            | AdminError::HasKeys(_)
            | AdminError::NoKeys(_)
            | AdminError::SeveralGroups(_)
            | AdminError::KeySpent(_)
            | AdminError::Protected(_)
            | AdminError::Gone(_)
            | AdminError::Changed(_)
            | AdminError::Contradicted(_)
            | AdminError::Unfinished(_)
            | AdminError::Everyones(_) => Kind::Conflict,
            AdminError::DirectoryName(_)
            | AdminError::DisplayName(_)
            | AdminError::Provider(_)
            | AdminError::TokenName(_)
            | AdminError::TokenDays { .. }
            | AdminError::Overlap
            | AdminError::AccountName(_)
            | AdminError::KeyName(_)
            | AdminError::KeyOfOther(_)
            | AdminError::Definition(_)
            | AdminError::WrongKind { .. }
            | AdminError::Line { .. }
            | AdminError::File(_)
            | AdminError::Target(_)
            | AdminError::Declared(_)
            | AdminError::Settings(_) => Kind::Invalid,
            AdminError::Refused(refusal) => of_scim(refusal.kind),
            AdminError::Password(password) => match password {
                PasswordError::TooShort { .. } | PasswordError::TooLong { .. } | PasswordError::Disallowed => Kind::Invalid,
                PasswordError::Randomness(_) | PasswordError::Hashing(_) => return Self::internal(&error),
            },
            AdminError::TooBusy => Kind::Unavailable,
            AdminError::Store(store) => return Self::of_store(store),
            AdminError::Corrupt { .. } | AdminError::Randomness(_) => return Self::internal(&error),
        };
        let retry_after = (kind == Kind::Unavailable).then_some(2);
        Self { retry_after, ..Self::new(kind, full(&error)) }
    }
}

/// 429: the client waits.
impl From<TooEarly> for Problem {
    fn from(error: TooEarly) -> Self {
        let early = Self::new(Kind::TooManyRequests, error.to_string()).denied("throttled");
        Self { retry_after: Some(error.0.as_secs()), ..early }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::of_store(&error)
    }
}

/// What a client of the Directory would be refused, to an operator.
fn of_scim(kind: ErrorKind) -> Kind {
    match kind {
        ErrorKind::NotFound => Kind::NotFound,
        ErrorKind::Uniqueness | ErrorKind::Conflict | ErrorKind::Forbidden | ErrorKind::InsufficientStorage => Kind::Conflict,
        ErrorKind::PreconditionFailed => Kind::PreconditionFailed,
        ErrorKind::Unavailable | ErrorKind::SchemasChanged | ErrorKind::TooManyRequests => Kind::Unavailable,
        ErrorKind::Internal => Kind::Internal,
        _ => Kind::Invalid,
    }
}

impl Problem {
    fn of_store(error: &StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Contention(_) | StoreError::Full(_) => {
                tracing::warn!(cause = %chain(error), "the database did not serve an operator");
                Self { retry_after: Some(2), ..Self::new(Kind::Unavailable, "the database is away or busy; try again") }
            }
            StoreError::NotFound => Self::new(Kind::NotFound, "it is not there any more"),
            StoreError::VersionConflict | StoreError::SchemasChanged => {
                Self::new(Kind::Conflict, "somebody else has changed it meanwhile; look at it again")
            }
            StoreError::Bound(_) | StoreError::OtherSource | StoreError::Barred | StoreError::Spent => {
                Self::new(Kind::Conflict, error.to_string())
            }
            StoreError::Exists
            | StoreError::LimitReached { .. }
            | StoreError::LastOwner
            | StoreError::Uniqueness { .. }
            | StoreError::UnknownMember
            | StoreError::TooMany { .. }
            | StoreError::Unsupported { .. }
            | StoreError::Corrupt { .. }
            | StoreError::Migrate(_)
            | StoreError::Database(_) => Self::internal(error),
        }
    }
}

/// An error with what it came from: those of `serde_json` say what is wrong with a setting.
fn full(error: &AdminError) -> String {
    match error {
        AdminError::Settings(source) => chain(source),
        _ => error.to_string(),
    }
}

/// 404 for what is no endpoint.
pub async fn no_endpoint() -> Problem {
    Problem::new(Kind::NotFound, format!("there is no such endpoint; {BASE}/docs lists them"))
}

/// 405
pub async fn method_not_allowed() -> Problem {
    Problem::new(Kind::MethodNotAllowed, "the header Allow lists the methods of this endpoint")
}

/// Gives a problem its body, and keeps every answer out of caches: they are an operator's.
pub async fn render(State(state): State<Arc<AdminState>>, request: Request, next: Next) -> Response {
    let id = request.extensions().get().copied().unwrap_or_else(RequestId::generate);
    let mut response = next.run(request).await;
    if let Some(Problem { kind, detail, retry_after, denied }) = response.extensions_mut().remove::<Problem>() {
        let (word, status, title) = kind.facts();
        let body = ProblemBody {
            r#type: format!("{}{BASE}/docs#{word}", state.options.public_url),
            title,
            status: status.as_u16(),
            detail,
            request_id: id.to_string(),
        };
        let allow = response.headers_mut().remove(ALLOW);
        response = (status, Json(body)).into_response();
        if let Some(allow) = allow {
            response.headers_mut().insert(ALLOW, allow);
        }
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(reason) = denied {
            response.extensions_mut().insert(Denied(reason));
        }
        if kind == Kind::Unauthorized {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"scimd operators\""));
        }
    }
    if !response.headers().contains_key(CACHE_CONTROL) {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
