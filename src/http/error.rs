//! Responses that do not succeed: the only place where a failure becomes a status and a `scimType` (RFC 7644 §3.12).

use super::media::MediaType;
use super::observe::{LimitHit, RequestId};
use super::reply;
use crate::auth::throttle::TooEarly;
use crate::directory::trace::Refusal;
use crate::directory::trace::detail::mend;
use crate::scim::protocol::error_body::{ErrorBody, error_body};
use crate::scim::{ErrorKind, ScimError};
use crate::store::StoreError;
use axum::http::header::{ALLOW, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

/// What a client reads whatever is wrong with its credentials.
pub const UNAUTHORIZED: &str = "a valid bearer token is needed";

/// Characters of a detail that the request log keeps.
const DETAIL_CHARS_MAX: usize = 500;

/// What a client is told to wait for when the database is away, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("2");

/// And when its Directory is paused.
const PAUSED_RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("60");

/// A failed request as the client hears of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpError {
    status: StatusCode,
    scim_type: Option<&'static str>,
    detail: String,
    // In a box, because every answer is of the size of the largest failure.
    header: Option<Box<(HeaderName, HeaderValue)>>,
    /// What kind of failure it is; none: one that SCIM knows nothing of.
    kind: Option<ErrorKind>,
    /// The detail without the client's text, where it has some.
    loggable: Option<String>,
}

impl HttpError {
    /// 400: the body ended before it was complete.
    pub fn body_broken() -> Self {
        ScimError::invalid_syntax("the body of the request is incomplete").into()
    }

    /// 401, in the same words whatever is wrong with the credentials.
    pub fn unauthorized() -> Self {
        ScimError::new(ErrorKind::Unauthorized, UNAUTHORIZED).into()
    }

    /// 403
    pub fn forbidden(detail: &str) -> Self {
        ScimError::new(ErrorKind::Forbidden, detail).into()
    }

    /// 404 for what is no endpoint.
    pub fn no_endpoint() -> Self {
        ScimError::new(ErrorKind::NotFound, "there is no such endpoint").into()
    }

    /// 405, with the methods that there are.
    pub fn method_not_allowed(allow: &'static str) -> Self {
        let error = ScimError::new(ErrorKind::MethodNotAllowed, format!("the methods of this endpoint are {allow}"));
        Self { header: Some(Box::new((ALLOW, HeaderValue::from_static(allow)))), ..error.into() }
    }

    /// 406
    pub fn not_acceptable() -> Self {
        ScimError::new(ErrorKind::NotAcceptable, "the server answers in application/scim+json or application/json").into()
    }

    /// 408: the body came too slowly.
    pub fn request_timeout() -> Self {
        Self::plain(StatusCode::REQUEST_TIMEOUT, "the body of the request came too slowly")
    }

    /// 412 for a condition of If-Match or If-None-Match that does not hold.
    pub fn precondition_failed() -> Self {
        ScimError::new(ErrorKind::PreconditionFailed, "the condition on the version of the resource does not hold").into()
    }

    /// 413, with the limit.
    pub fn body_too_large(bytes_max: usize) -> Self {
        ScimError::new(ErrorKind::PayloadTooLarge, format!("the body is larger than body_bytes_max, {bytes_max} bytes")).into()
    }

    /// 413 for a bulk request, with the limit (RFC 7644 §3.7.4).
    pub fn bulk_too_large(bytes_max: usize) -> Self {
        let detail = format!("the body is larger than bulk_bytes_max (maxPayloadSize), {bytes_max} bytes");
        ScimError::new(ErrorKind::PayloadTooLarge, detail).into()
    }

    /// 414, with the limit.
    pub fn uri_too_long(bytes_max: usize) -> Self {
        Self::plain(StatusCode::URI_TOO_LONG, format!("the URL is longer than url_bytes_max, {bytes_max} bytes"))
    }

    /// 415
    pub fn unsupported_media_type(detail: &str) -> Self {
        ScimError::new(ErrorKind::UnsupportedMediaType, detail).into()
    }

    /// 429 for a Directory that sends too much, with the seconds after which it may go on.
    pub fn too_many_requests(seconds: u64) -> Self {
        Self::come_again(seconds, "the Directory sends more requests than its setting requestsPerSecond allows; try again later")
    }

    /// 429 for a wrong token from where too many came (P-7.7-02).
    pub fn too_early(error: TooEarly) -> Self {
        Self::come_again(error.0.as_secs(), error.to_string())
    }

    fn come_again(seconds: u64, detail: impl Into<String>) -> Self {
        Self {
            header: Some(Box::new((RETRY_AFTER, HeaderValue::from(seconds)))),
            ..ScimError::new(ErrorKind::TooManyRequests, detail).into()
        }
    }

    /// 500 for a defect whose cause is in the log.
    pub fn internal() -> Self {
        ScimError::new(ErrorKind::Internal, "the server failed").into()
    }

    /// 501
    pub fn not_implemented(detail: &str) -> Self {
        ScimError::new(ErrorKind::NotImplemented, detail).into()
    }

    /// 503 while the Directory is paused; the client comes again.
    pub fn paused() -> Self {
        let error = ScimError::new(ErrorKind::Unavailable, "the Directory is paused by its operator; try again later");
        Self { header: Some(Box::new((RETRY_AFTER, PAUSED_RETRY_AFTER_SECONDS))), ..error.into() }
    }

    /// What the store's failure is to a client.
    pub fn from_store(error: StoreError) -> Self {
        ScimError::from(error).into()
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether nothing was done because the schemas are others by now, so that the request can be answered anew.
    pub fn is_outdated(&self) -> bool {
        self.kind == Some(ErrorKind::SchemasChanged)
    }

    /// What the request log says of it. `credentials`: what was wrong with those.
    pub fn refusal(&self, credentials: Option<&'static str>) -> Refusal {
        Refusal {
            scim_type: self.scim_type,
            credentials,
            detail: self.loggable.as_ref().unwrap_or(&self.detail).chars().take(DETAIL_CHARS_MAX).collect(),
            advice: mend(self.kind, credentials),
        }
    }

    /// Its body.
    pub fn body(&self, id: RequestId) -> ErrorBody<'_> {
        ErrorBody::new(self.status.as_u16(), self.scim_type, &self.detail, Some(id))
    }

    /// The response, with the id of the request, by which the logs can say more.
    pub fn into_response(self, media_type: MediaType, id: RequestId) -> Response {
        let limit = self.limit();
        let Self { status, scim_type, detail, header, .. } = self;
        let mut response = reply::json(status, media_type, error_body(status.as_u16(), scim_type, &detail, Some(id)));
        if let Some((name, value)) = header.map(|header| *header) {
            response.headers_mut().insert(name, value);
        }
        if let Some(limit) = limit {
            response.extensions_mut().insert(LimitHit(limit));
        }
        response
    }

    /// The limit that the request went beyond, for metrics.
    fn limit(&self) -> Option<&'static str> {
        match (self.status, self.scim_type) {
            (StatusCode::REQUEST_TIMEOUT, _) => Some("body_time"),
            (StatusCode::PAYLOAD_TOO_LARGE, _) => Some("body_size"),
            (StatusCode::URI_TOO_LONG, _) => Some("url_length"),
            (StatusCode::TOO_MANY_REQUESTS, _) => Some("requests"),
            (StatusCode::INSUFFICIENT_STORAGE, _) => Some("storage"),
            (_, Some("tooMany")) => Some("search"),
            _ => None,
        }
    }

    fn plain(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, scim_type: None, detail: detail.into(), header: None, kind: None, loggable: None }
    }
}

impl From<ScimError> for HttpError {
    fn from(error: ScimError) -> Self {
        let (status, scim_type) = status_and_type(error.kind);
        let header = match error.kind {
            ErrorKind::Unauthorized => Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"scimd\""))),
            ErrorKind::TooManyRequests | ErrorKind::Unavailable | ErrorKind::SchemasChanged => {
                Some((RETRY_AFTER, RETRY_AFTER_SECONDS))
            }
            _ => None,
        };
        let loggable = (!error.quoted.is_empty()).then(|| error.detail_without_values());
        let header = header.map(Box::new);
        Self { status, scim_type, detail: error.detail, header, kind: Some(error.kind), loggable }
    }
}

/// Tables 8 and 9 of RFC 7644, Table 3 of RFC 9865, and the statuses of HTTP that they leave out.
fn status_and_type(kind: ErrorKind) -> (StatusCode, Option<&'static str>) {
    match kind {
        ErrorKind::InvalidFilter => (StatusCode::BAD_REQUEST, Some("invalidFilter")),
        ErrorKind::TooMany => (StatusCode::BAD_REQUEST, Some("tooMany")),
        ErrorKind::Uniqueness => (StatusCode::CONFLICT, Some("uniqueness")),
        ErrorKind::Mutability => (StatusCode::BAD_REQUEST, Some("mutability")),
        ErrorKind::InvalidSyntax => (StatusCode::BAD_REQUEST, Some("invalidSyntax")),
        ErrorKind::InvalidPath => (StatusCode::BAD_REQUEST, Some("invalidPath")),
        ErrorKind::NoTarget => (StatusCode::BAD_REQUEST, Some("noTarget")),
        ErrorKind::InvalidValue => (StatusCode::BAD_REQUEST, Some("invalidValue")),
        ErrorKind::InvalidCursor => (StatusCode::BAD_REQUEST, Some("invalidCursor")),
        ErrorKind::ExpiredCursor => (StatusCode::BAD_REQUEST, Some("expiredCursor")),
        ErrorKind::InvalidCount => (StatusCode::BAD_REQUEST, Some("invalidCount")),
        ErrorKind::InvalidVers => (StatusCode::BAD_REQUEST, Some("invalidVers")),
        ErrorKind::Sensitive => (StatusCode::FORBIDDEN, Some("sensitive")),
        ErrorKind::Unauthorized => (StatusCode::UNAUTHORIZED, None),
        ErrorKind::Forbidden => (StatusCode::FORBIDDEN, None),
        ErrorKind::NotFound => (StatusCode::NOT_FOUND, None),
        ErrorKind::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, None),
        ErrorKind::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, None),
        ErrorKind::Conflict => (StatusCode::CONFLICT, None),
        ErrorKind::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, None),
        ErrorKind::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, None),
        ErrorKind::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, None),
        ErrorKind::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, None),
        ErrorKind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, None),
        ErrorKind::NotImplemented => (StatusCode::NOT_IMPLEMENTED, None),
        ErrorKind::Unavailable | ErrorKind::SchemasChanged => (StatusCode::SERVICE_UNAVAILABLE, None),
        ErrorKind::InsufficientStorage => (StatusCode::INSUFFICIENT_STORAGE, None),
    }
}
