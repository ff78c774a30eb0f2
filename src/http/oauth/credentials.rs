//! What a client shows, by one way and one alone (RFC 6749 §2.3).

use super::error::OAuthError;
use super::form::Form;
use crate::auth::oauth::{Credentials, assertion};
use crate::auth::token;
use crate::http::query::decode;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HeaderName};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The credentials of a client: `client_secret_basic`, `client_secret_post` or `private_key_jwt`.
///
/// # Errors
/// `invalid_client` if there are none; `invalid_request` if there are several, or something is missing beside them.
pub fn of_client(headers: &HeaderMap, form: &Form) -> Result<Credentials, OAuthError> {
    let basic = match authorization(headers)? {
        Some(value) => Some(basic(value).ok_or_else(OAuthError::invalid_client)?),
        None => None,
    };
    let (client, secret) = (form.get("client_id"), form.get("client_secret"));
    let (assertion, assertion_type) = (form.get("client_assertion"), form.get("client_assertion_type"));
    match (basic, secret, assertion) {
        (Some((id, secret)), None, None) => {
            if client.is_some_and(|client| client != id) {
                return Err(OAuthError::invalid_request("client_id and the Authorization header name different clients"));
            }
            Ok(Credentials::Secret { client: id, secret })
        }
        (None, Some(secret), None) => {
            let client = client.ok_or_else(|| OAuthError::invalid_request("client_id is missing"))?;
            Ok(Credentials::Secret { client: client.to_owned(), secret: secret.to_owned() })
        }
        (None, None, Some(_)) if assertion_type != Some(assertion::TYPE) => {
            Err(OAuthError::invalid_request(format!("client_assertion_type must be {}", assertion::TYPE)))
        }
        (None, None, Some(assertion)) => {
            Ok(Credentials::Assertion { client: client.map(str::to_owned), assertion: assertion.to_owned() })
        }
        (None, None, None) if assertion_type.is_some() => Err(OAuthError::invalid_request("client_assertion is missing")),
        (None, None, None) => Err(OAuthError::invalid_client()),
        _ => Err(OAuthError::invalid_request("a client shows its credentials in one way only")),
    }
}

/// The API key of an operator's account, if one is shown: as a bearer token, or in the header `x-api-key`.
///
/// # Errors
/// `invalid_request` if there are several.
pub fn api_key(headers: &HeaderMap) -> Result<Option<&str>, OAuthError> {
    let bearer = authorization(headers)?.and_then(|value| value.split_once(' ')).and_then(|(scheme, key)| {
        let key = key.trim_matches(' ');
        (scheme.eq_ignore_ascii_case("Bearer") && token::is_key(key)).then_some(key)
    });
    match (bearer, only(headers, &X_API_KEY)?) {
        (Some(_), Some(_)) => Err(OAuthError::invalid_request("the API key is shown twice")),
        (bearer, header) => Ok(bearer.or(header)),
    }
}

fn authorization(headers: &HeaderMap) -> Result<Option<&str>, OAuthError> {
    only(headers, &AUTHORIZATION)
}

/// The value of a header that may be there once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, OAuthError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(OAuthError::invalid_request(format!("there are several headers {name}"))),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| OAuthError::invalid_client()),
    }
}

/// Id and secret, each form-encoded before they are put together (RFC 6749 §2.3.1).
fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim_matches(' ')).ok()?).ok()?;
    let (client, secret) = text.split_once(':')?;
    Some((decode(client)?.into_owned(), decode(secret)?.into_owned()))
}
