//! What a client signs to say who it is: a JWT as `client_assertion` (RFC 7523 §3).
//!
//! The signature is checked by a library, which knows only algorithms of [`ALGORITHMS`] here; what the claims say is checked in
//! this file, by the server's own clock. That an assertion is shown only once, the store knows.

use super::client::{ClientId, Credential};
use super::keys::{ALGORITHMS, PublicKeys};
use crate::clock::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Validation};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// The only `client_assertion_type` that there is (RFC 7523 §2.2).
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Bytes of an assertion at most.
pub const BYTES_MAX: usize = 8 * 1024;

/// How far ahead an assertion may expire, in seconds.
const LIFETIME_S_MAX: i64 = 10 * 60;

/// How far the clock of a client may be off, in seconds.
const LEEWAY_S: i64 = 30;

/// Bytes of a `jti` at most.
const JTI_BYTES_MAX: usize = 255;

/// Why an assertion is refused. For the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// It is no JWT of claims.
    #[error("the assertion is no JWT of claims")]
    Malformed,
    /// Its `alg` is none that is taken, or none that the client has a key for.
    #[error("the assertion is signed by an algorithm that is not taken")]
    Algorithm,
    /// No key of the client has signed it.
    #[error("no key of the client has signed the assertion")]
    Signature,
    /// `iss` and `sub` are not the client's id.
    #[error("the assertion is not of this client")]
    Issuer,
    /// It is meant for another server.
    #[error("the assertion is meant for another server")]
    Audience,
    /// It has expired, or has no `exp`, or one too far ahead; or it is not good yet.
    #[error("the assertion has expired, expires too late, or is not good yet")]
    Time,
    /// It has no `jti`, or one that is too long.
    #[error("the assertion has no jti")]
    Jti,
}

impl AssertionError {
    /// The reason in a few words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "assertion malformed",
            Self::Algorithm => "assertion algorithm",
            Self::Signature => "assertion signature",
            Self::Issuer => "assertion issuer",
            Self::Audience => "assertion audience",
            Self::Time => "assertion time",
            Self::Jti => "assertion jti",
        }
    }
}

/// An assertion that is what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asserted {
    /// Which key signed it.
    pub credential: Credential,
    /// What it is remembered by, so that it is taken once.
    pub jti: [u8; 32],
    /// Until when it must be remembered.
    pub expires: Timestamp,
}

/// The client that an assertion says to be of: its `sub`. Nothing is proven by it.
pub fn claimed_client(assertion: &str) -> Option<ClientId> {
    let claims = claims(assertion)?;
    ClientId::parse(claims.get("sub")?.as_str()?)
}

/// Checks an assertion of `client`, whose keys are `keys`. `audiences`: what this server is called, any of which will do.
///
/// # Errors
/// [`AssertionError`].
pub fn check(
    assertion: &str,
    client: ClientId,
    keys: &PublicKeys,
    audiences: &[String],
    now: Timestamp,
) -> Result<Asserted, AssertionError> {
    // The library knows no `none`: such a header does not read.
    let header = jsonwebtoken::decode_header(assertion).map_err(|_| AssertionError::Algorithm)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(AssertionError::Algorithm);
    }
    // What must be understood to be used, is not (RFC 7515 §4.1.11).
    if part(assertion, 0).is_none_or(|header| header.contains_key("crit")) {
        return Err(AssertionError::Malformed);
    }
    let named = |id: &Option<String>| header.kid.is_none() || id.is_none() || *id == header.kid;
    let mut fitting = keys.iter().filter(|key| key.takes(header.alg) && named(&key.id)).peekable();
    fitting.peek().ok_or(AssertionError::Algorithm)?;
    let signer = fitting.find(|key| key.decoding().is_some_and(|key| is_signed(assertion, &key, header.alg)));
    let signer = signer.ok_or(AssertionError::Signature)?;
    let claims = claims(assertion).ok_or(AssertionError::Malformed)?;
    let id = client.to_string();
    if ["iss", "sub"].into_iter().any(|claim| claims.get(claim).and_then(Value::as_str) != Some(id.as_str())) {
        return Err(AssertionError::Issuer);
    }
    check_audience(&claims, audiences)?;
    let expires_s = check_time(&claims, now)?;
    let jti = claims.get("jti").and_then(Value::as_str).filter(|jti| (1..=JTI_BYTES_MAX).contains(&jti.len()));
    Ok(Asserted {
        credential: Credential::key(signer),
        jti: Sha256::digest(jti.ok_or(AssertionError::Jti)?).into(),
        // For as long as the clock of a client may be off, it is taken still.
        expires: Timestamp((expires_s + LEEWAY_S).saturating_mul(1_000)),
    })
}

fn is_signed(assertion: &str, key: &jsonwebtoken::DecodingKey, algorithm: Algorithm) -> bool {
    let mut only_signature = Validation::new(algorithm);
    only_signature.required_spec_claims.clear();
    only_signature.validate_exp = false;
    only_signature.validate_aud = false;
    jsonwebtoken::decode::<Map<String, Value>>(assertion, key, &only_signature).is_ok()
}

/// `aud` is one name or a list of them (RFC 7519 §4.1.3). In a list of several, others could use the assertion here, and this
/// server there; so each must be one of this server's.
fn check_audience(claims: &Map<String, Value>, audiences: &[String]) -> Result<(), AssertionError> {
    let is_ours = |value: &Value| value.as_str().is_some_and(|name| audiences.iter().any(|audience| audience == name));
    let fits = match claims.get("aud") {
        Some(Value::Array(names)) => !names.is_empty() && names.iter().all(is_ours),
        Some(name) => is_ours(name),
        None => false,
    };
    if fits { Ok(()) } else { Err(AssertionError::Audience) }
}

/// Gives `exp`, in seconds.
fn check_time(claims: &Map<String, Value>, now: Timestamp) -> Result<i64, AssertionError> {
    let now_s = now.0.div_euclid(1_000);
    // A NumericDate may have a fraction (RFC 7519 §2), which does not matter here.
    let number = |value: &Value| value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64));
    let date = |claim: &str| claims.get(claim).map(|value| number(value).ok_or(AssertionError::Time)).transpose();
    let expires_s = date("exp")?.ok_or(AssertionError::Time)?;
    let is_over = expires_s.saturating_add(LEEWAY_S) <= now_s;
    let is_far = expires_s > now_s + LIFETIME_S_MAX + LEEWAY_S;
    let is_early = [date("nbf")?, date("iat")?].into_iter().flatten().any(|begins_s| begins_s > now_s + LEEWAY_S);
    if is_over || is_far || is_early { Err(AssertionError::Time) } else { Ok(expires_s) }
}

fn claims(assertion: &str) -> Option<Map<String, Value>> {
    part(assertion, 1)
}

/// The header (0) or the claims (1) of a JWT with its signature.
fn part(assertion: &str, place: usize) -> Option<Map<String, Value>> {
    if assertion.len() > BYTES_MAX || assertion.split('.').count() != 3 {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(assertion.split('.').nth(place)?).ok()?).ok()
}
