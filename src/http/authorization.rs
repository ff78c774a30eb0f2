//! The Authorization header, and what passes without one.

use super::client::ClientAddress;
use super::error::{HttpError, UNAUTHORIZED};
use super::observe::Facts;
use super::path::ScimPath;
use super::state::HttpState;
use crate::auth::{AuthError, Caller, Holder};
use crate::scim::{ErrorKind, ScimError};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

/// Who sends the request: `None` is nobody, whom only discovery lets in, and only while it is open (D-79).
///
/// A client that shows credentials is held to them, also where none are needed: whoever tests a connection with a wrong
/// token has to hear of it. A token of another Directory than the one that the URL names is refused, and so is
/// one where the URL names no Directory at all: the names are compared, nothing is looked up, so the answers are equal (R5).
///
/// # Errors
/// 401 without good credentials, 403 for another Directory, 429 for wrong ones where many came from.
pub async fn authorize(
    state: &HttpState,
    parts: &Parts,
    path: &ScimPath<'_>,
    facts: &mut Facts,
) -> Result<Option<Caller>, HttpError> {
    let secret = match presented(&parts.headers) {
        Presented::Bearer(secret) => secret,
        Presented::Nothing if path.is_discovery() && !state.options.discovery_requires_authentication => return Ok(None),
        Presented::Nothing => {
            facts.denied = Some("missing");
            return Err(HttpError::unauthorized());
        }
        Presented::Malformed => {
            facts.denied = Some("malformed");
            return Err(HttpError::unauthorized());
        }
    };
    let address = parts.extensions.get().map(|ClientAddress(address)| *address);
    let caller = match state.authenticator.authenticate(secret, address).await {
        Ok(caller) => caller,
        Err(AuthError::Denied(denied)) => {
            facts.denied = Some(denied.reason());
            if let Some(Holder { token, name, directory, directory_name }) = denied.holder() {
                facts.token = Some(*token);
                facts.token_name = Some(name.clone());
                facts.directory = Some(*directory);
                facts.refused_in = Some(directory_name.clone());
            }
            return Err(HttpError::unauthorized());
        }
        Err(AuthError::TooEarly(error)) => {
            facts.denied = Some("throttled");
            return Err(HttpError::too_early(error));
        }
        Err(AuthError::Store(error)) => return Err(HttpError::from_store(error)),
    };
    facts.token = Some(caller.token);
    facts.token_name = Some(caller.token_name.clone());
    facts.directory = Some(caller.directory.id);
    if path.directory.as_ref().is_some_and(|name| *name != caller.directory.name) {
        facts.denied = Some("other directory");
        facts.refused_in = Some(caller.directory.name.as_str().into());
        return Err(HttpError::forbidden("the credentials do not open the Directory that the URL names"));
    }
    facts.caller = Some(caller.clone());
    Ok(Some(caller))
}

/// Whether the schemas of the caller's Directory are still those of `revision`, once the body is there: it may have taken its
/// time, and what it is made into must be indexed by the schemas of now.
///
/// # Errors
/// 503 if they have changed: the client sends the request again. 401 if the token was revoked meanwhile.
pub async fn check_schemas(state: &HttpState, headers: &HeaderMap, revision: i64) -> Result<(), ScimError> {
    let Presented::Bearer(secret) = presented(headers) else { return Err(ScimError::new(ErrorKind::Unauthorized, UNAUTHORIZED)) };
    match state.authenticator.authenticate(secret, None).await {
        Ok(caller) if caller.directory.schema_revision <= revision => Ok(()),
        Ok(_) => Err(ScimError::schemas_changed()),
        Err(AuthError::Denied(_) | AuthError::TooEarly(_)) => Err(ScimError::new(ErrorKind::Unauthorized, UNAUTHORIZED)),
        Err(AuthError::Store(error)) => Err(error.into()),
    }
}

/// Forgets who the caller is, so that the row of the Directory is read anew with the token.
pub fn forget(state: &HttpState, headers: &HeaderMap) {
    if let Presented::Bearer(secret) = presented(headers) {
        state.authenticator.forget(secret);
    }
}

/// The bearer token of a request, if it shows exactly one.
pub fn bearer_of(headers: &HeaderMap) -> Option<&str> {
    match presented(headers) {
        Presented::Bearer(token) => Some(token),
        Presented::Nothing | Presented::Malformed => None,
    }
}

/// What the Authorization headers of a request come to.
#[derive(Debug, PartialEq, Eq)]
enum Presented<'h> {
    /// There is none.
    Nothing,
    /// There is one, but it is not `Bearer` and one token; or there are several.
    Malformed,
    /// The token.
    Bearer(&'h str),
}

fn presented(headers: &HeaderMap) -> Presented<'_> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Presented::Nothing,
        (Some(_), Some(_)) => Presented::Malformed,
        (Some(value), None) => value.to_str().ok().and_then(bearer).map_or(Presented::Malformed, Presented::Bearer),
    }
}

/// The token68 behind the scheme `Bearer`, in any letter case (RFC 6750 §2.1, RFC 9110 §11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_matches(' ');
    let body = token.trim_end_matches('=');
    let is_token = !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
    (scheme.eq_ignore_ascii_case("Bearer") && is_token).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[track_caller]
    fn check(values: &[&[u8]], expected: &Presented<'_>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).expect("a header value"));
        }
        assert_eq!(presented(&headers), *expected, "{values:?}");
    }

    #[test]
    fn a_bearer_token_has_its_scheme_in_any_case() {
        for scheme in ["Bearer", "bearer", "BEARER"] {
            check(&[format!("{scheme} scimd_aB1-._~+/==").as_bytes()], &Presented::Bearer("scimd_aB1-._~+/=="));
        }
        check(&[b"Bearer   x "], &Presented::Bearer("x"));
        check(&[], &Presented::Nothing);
    }

    #[test]
    fn whatever_is_not_exactly_one_token_is_malformed() {
        let malformed: [&[u8]; 14] = [
            b"",
            b"Bearer",
            b"Bearer ",
            b"Bearer =",
            b"Bearerx",
            b"Bearer\tx",
            b"Bearer x y",
            b"Bearer x, Bearer x",
            b"Bearer Bearer x",
            b"Bearer \xff",
            "Bearer \u{fc}".as_bytes(),
            b"Basic dXNlcjpwYXNz",
            b"x",
            b"Token x",
        ];
        for value in malformed {
            check(&[value], &Presented::Malformed);
        }
        check(&[b"Bearer x", b"Bearer x"], &Presented::Malformed);
    }
}
