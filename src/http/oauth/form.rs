//! The parameters of a request to the token endpoint: a form, each name once (RFC 6749 §3.2).

use super::error::OAuthError;
use crate::http::query::{decode, pairs};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};

/// Bytes of a form at most: the longest assertion, and room.
pub const FORM_BYTES_MAX: usize = 32 * 1024;

/// Parameters of a form at most.
const PARAMETERS_MAX: usize = 50;

/// The parameters, by name.
#[derive(Debug, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a body.
    ///
    /// # Errors
    /// `invalid_request`: it is no form, or has a parameter twice.
    pub fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, OAuthError> {
        let is_form = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
            value
                .split(';')
                .next()
                .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
        });
        if !is_form || headers.contains_key(CONTENT_ENCODING) {
            return Err(OAuthError::invalid_request(
                "the body must be application/x-www-form-urlencoded, without a Content-Encoding",
            ));
        }
        let text = std::str::from_utf8(body).map_err(|_| OAuthError::invalid_request("the body is not UTF-8"))?;
        let mut form = Self::default();
        for (name, value) in pairs(Some(text)) {
            let (Some(name), Some(value)) = (decode(name), decode(value)) else {
                return Err(OAuthError::invalid_request("a parameter is not UTF-8"));
            };
            if form.0.iter().any(|(known, _)| *known == name) {
                return Err(OAuthError::invalid_request("a parameter is given twice"));
            }
            if form.0.len() == PARAMETERS_MAX {
                return Err(OAuthError::invalid_request("there are too many parameters"));
            }
            form.0.push((name.into_owned(), value.into_owned()));
        }
        Ok(form)
    }

    /// A parameter; one without a value counts as absent (§3.2).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn parse(content_type: &'static str, body: &[u8]) -> Result<Form, OAuthError> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Form::parse(&headers, body)
    }

    #[test]
    fn a_form_has_each_parameter_once_and_empty_ones_not_at_all() {
        let form = parse("application/X-www-form-urlencoded; charset=UTF-8", b"a=x+y%2B&b=&c&%64=1").expect("a form");
        assert_eq!((form.get("a"), form.get("b"), form.get("c"), form.get("d")), (Some("x y+"), None, None, Some("1")));
        for (content_type, body) in [
            ("application/x-www-form-urlencoded", &b"a=1&a=1"[..]),
            ("application/x-www-form-urlencoded", b"a=1&%61="),
            ("application/x-www-form-urlencoded", b"a=%FF"),
            ("application/x-www-form-urlencoded", b"\xff"),
            ("application/json", b"{}"),
            ("text/plain", b"a=1"),
        ] {
            assert_eq!(parse(content_type, body).expect_err("refused").code(), "invalid_request", "{content_type} {body:?}");
        }
        let many: Vec<String> = (0..=PARAMETERS_MAX).map(|number| format!("p{number}=1")).collect();
        assert!(parse("application/x-www-form-urlencoded", many.join("&").as_bytes()).is_err());
        assert!(parse("application/x-www-form-urlencoded", many[1..].join("&").as_bytes()).is_ok());
    }
}
