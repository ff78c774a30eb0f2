//! Entity tags: two operators do not overwrite each other (RFC 9110 §13).

use super::problem::{Kind, Problem};
use crate::admin::AdminError;
use crate::directory::Precondition;
use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::IntoParams;

/// The condition of a change.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is there for the description; the header is read by Conditions")]
pub struct IfMatch {
    /// Only if it is at one of these versions, as `ETag` said; otherwise 412.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
}

/// The condition of a look.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is there for the description; the header is read by Conditions")]
pub struct IfNoneMatch {
    /// Only if it is at none of these versions, as `ETag` said; otherwise 304.
    #[param(rename = "If-None-Match")]
    if_none_match: Option<String>,
}

/// The conditions of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The tags of If-Match.
    is: Option<String>,
    /// The tags of If-None-Match.
    is_not: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Conditions {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self { is: joined(&parts.headers, &IF_MATCH)?, is_not: joined(&parts.headers, &IF_NONE_MATCH)? })
    }
}

/// The values of a header, which is a list.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, Problem> {
    let values: Result<Vec<&str>, _> = headers.get_all(name).iter().map(HeaderValue::to_str).collect();
    let values = values.map_err(|_| Problem::new(Kind::Malformed, format!("the header {name} is a list of entity tags")))?;
    Ok((!values.is_empty()).then(|| values.join(",")))
}

impl Conditions {
    /// Refuses to change what is at another revision than If-Match says.
    ///
    /// # Errors
    /// 412
    pub fn check(&self, revision: i64) -> Result<(), Problem> {
        match &self.is {
            Some(tags) if !names(tags, revision) => Err(stale()),
            _ => Ok(()),
        }
    }

    /// What an operator's error is for who set a condition: a lost race is 412, as if the other had come before.
    pub fn judge(&self, error: AdminError) -> Problem {
        match error {
            AdminError::Changed(_) if self.is.is_some() => stale(),
            error => error.into(),
        }
    }

    /// The condition of If-Match, for a resource of a Directory.
    pub fn of_resource(&self) -> Precondition {
        self.is.as_deref().map_or(Precondition::None, Precondition::parse)
    }

    /// What is at `revision`, or 304 if If-None-Match names it.
    pub fn answer(&self, revision: i64, view: impl Serialize) -> Response {
        if self.is_not.as_deref().is_some_and(|tags| names(tags, revision)) {
            return (StatusCode::NOT_MODIFIED, [(ETAG, tag(revision))]).into_response();
        }
        answer(StatusCode::OK, revision, view)
    }
}

fn stale() -> Problem {
    Problem::new(Kind::PreconditionFailed, "it is at another version than If-Match says; look at it again")
}

/// What is at `revision`, with its tag.
pub fn answer(status: StatusCode, revision: i64, view: impl Serialize) -> Response {
    (status, [(ETAG, tag(revision))], Json(view)).into_response()
}

fn tag(revision: i64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{revision}\"")).expect("digits in quotes are a header value")
}

/// Whether a list of tags has that of `revision`. A weak one is as good: a revision is one state.
fn names(tags: &str, revision: i64) -> bool {
    let is_it = |tag: &str| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == format!("\"{revision}\"");
    tags.split(',').any(|tag| is_it(tag.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_tags_names_a_revision_exactly() {
        for tags in ["*", "\"7\"", "W/\"7\"", "\"6\" , \"7\""] {
            assert!(names(tags, 7), "{tags}");
        }
        for tags in ["", "7", "\"70\"", "\"\"", "\"6\",\"8\""] {
            assert!(!names(tags, 7), "{tags}");
        }
    }
}
