//! The Error message (RFC 7644 §3.12).

use super::ERROR_SCHEMA;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;

/// The longest `detail` in characters: it may quote what the client sent, and that may be as long as a body.
const DETAIL_CHARS_MAX: usize = 1_000;

/// The body of an Error.
#[derive(Debug, Serialize)]
pub struct ErrorBody<'a> {
    schemas: [&'static str; 1],
    status: String,
    #[serde(rename = "scimType", skip_serializing_if = "Option::is_none")]
    scim_type: Option<&'a str>,
    detail: Cow<'a, str>,
}

impl<'a> ErrorBody<'a> {
    /// `status` becomes a string (D-74); `scim_type` is a keyword of Table 9. A `detail` that is too long ends with an
    /// ellipsis. `request`: what the request is called in the logs; the detail ends with it, as strict clients refuse members that
    /// the RFC does not have.
    pub fn new(status: u16, scim_type: Option<&'a str>, detail: &'a str, request: Option<impl fmt::Display>) -> Self {
        let clipped = detail.char_indices().nth(DETAIL_CHARS_MAX).map(|(end, _)| format!("{}…", &detail[..end]));
        let clipped = clipped.map_or(Cow::Borrowed(detail), Cow::Owned);
        let detail = match request {
            None => clipped,
            Some(request) => Cow::Owned(format!("{clipped} (request {request})")),
        };
        Self { schemas: [ERROR_SCHEMA], status: status.to_string(), scim_type, detail }
    }
}

/// The JSON text of an Error.
pub fn error_body(status: u16, scim_type: Option<&str>, detail: &str, request: Option<impl fmt::Display>) -> String {
    serde_json::to_string(&ErrorBody::new(status, scim_type, detail, request)).expect("a struct of strings serialises")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_a_string_and_scim_type_is_left_out_when_there_is_none() {
        assert_eq!(
            error_body(400, Some("invalidFilter"), "a \"quote\"", Some("0198")),
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","scimType":"invalidFilter","detail":"a \"quote\" (request 0198)"}"#
        );
        assert_eq!(
            error_body(404, None, "no", None::<&str>),
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404","detail":"no"}"#
        );
    }

    #[test]
    fn a_long_detail_is_clipped_between_two_characters() {
        let detail = |length| {
            let body = error_body(400, None, &"é".repeat(length), None::<&str>);
            serde_json::from_str::<serde_json::Value>(&body).expect("JSON")["detail"].as_str().expect("text").to_owned()
        };
        assert_eq!(detail(DETAIL_CHARS_MAX), "é".repeat(DETAIL_CHARS_MAX));
        assert_eq!(detail(DETAIL_CHARS_MAX + 1), "é".repeat(DETAIL_CHARS_MAX) + "…");
    }
}
