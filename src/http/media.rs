//! Media types: Content-Type, Content-Encoding and Accept (RFC 7644 §3.8, D-75).

use super::error::HttpError;
use axum::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};

/// The media type of an answer. Neither has a charset: JSON is UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MediaType {
    /// `application/scim+json`
    #[default]
    Scim,
    /// `application/json`, for those who ask for it.
    Json,
}

impl MediaType {
    /// Its Content-Type.
    pub fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Scim => "application/scim+json",
            Self::Json => "application/json",
        })
    }
}

/// The type to answer in: `application/scim+json` unless Accept prefers `application/json`. `None`: it takes neither.
pub fn accepted(headers: &HeaderMap) -> Option<MediaType> {
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return Some(MediaType::Scim);
    }
    let mut scim = Preference::default();
    let mut json = Preference::default();
    let mut ranges = 0;
    for value in values {
        let value = value.to_str().unwrap_or_default();
        for range in value.split(',').map(str::trim).filter(|range| !range.is_empty()) {
            ranges += 1;
            let mut parts = range.split(';').map(str::trim);
            let media_range = parts.next().unwrap_or_default();
            let weight = parts.find_map(weight).unwrap_or(WEIGHT_ONE);
            let is = |name: &str| media_range.eq_ignore_ascii_case(name);
            if is("*/*") {
                scim.consider(1, weight);
                json.consider(1, weight);
            } else if is("application/*") {
                scim.consider(2, weight);
                json.consider(2, weight);
            } else if is("application/scim+json") {
                scim.consider(3, weight);
            } else if is("application/json") {
                json.consider(3, weight);
            }
        }
    }
    match (scim.weight, json.weight) {
        // An Accept header without any range says nothing.
        _ if ranges == 0 => Some(MediaType::Scim),
        (0, 0) => None,
        (scim, json) if json > scim => Some(MediaType::Json),
        _ => Some(MediaType::Scim),
    }
}

/// Checks that a body is JSON, as it says and as it comes.
///
/// # Errors
/// 415: it has another media type or charset, or is compressed.
pub fn check_body(headers: &HeaderMap) -> Result<(), HttpError> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    if let Some(value) = types.next()
        && (types.next().is_some() || !value.to_str().is_ok_and(is_json))
    {
        return Err(HttpError::unsupported_media_type("the body must be application/scim+json or application/json, in UTF-8"));
    }
    let encoded = |value: &HeaderValue| !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().any(encoded) {
        return Err(HttpError::unsupported_media_type("the body must come without a Content-Encoding"));
    }
    Ok(())
}

fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let known = essence.eq_ignore_ascii_case("application/scim+json") || essence.eq_ignore_ascii_case("application/json");
    known
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                let charset = value.trim().trim_matches('"');
                charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
            }
            Some(_) | None => true,
        })
}

/// The weight of `q=1`, in thousandths.
const WEIGHT_ONE: u16 = 1_000;

/// How much a type is wanted: by the most specific range that has it (RFC 9110 §12.5.1).
#[derive(Default)]
struct Preference {
    specificity: u8,
    weight: u16,
}

impl Preference {
    fn consider(&mut self, specificity: u8, weight: u16) {
        if specificity > self.specificity {
            *self = Self { specificity, weight };
        }
    }
}

/// The weight of a `q` parameter, in thousandths; one that does not parse counts as 1.
fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let value: f32 = value.trim().parse().ok().filter(|value| (0.0..=1.0).contains(value)).unwrap_or(1.0);
    // At most 1,000, so the conversion is exact.
    Some((value * f32::from(WEIGHT_ONE)).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &[&str], expected: Option<MediaType>) {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(ACCEPT, HeaderValue::from_str(value).expect("a header value"));
        }
        assert_eq!(accepted(&headers), expected, "{accept:?}");
    }

    #[test]
    fn scim_json_is_answered_unless_json_is_preferred() {
        use MediaType::{Json, Scim};
        for accept in [
            "application/scim+json",
            "*/*",
            "application/*",
            "Application/SCIM+JSON; charset=utf-8",
            "application/scim+json, application/json",
            "application/json, application/scim+json",
            "application/json, */*",
            "text/html, */*;q=0.1",
            "application/json;q=0.5, application/scim+json;q=0.9",
            "",
            ",",
        ] {
            check(&[accept], Some(Scim));
        }
        for accept in [
            "application/json",
            "application/json; charset=utf-8",
            "application/json, text/plain;q=0.5",
            "application/json, application/scim+json;q=0.5",
            "application/json, */*;q=0.8",
            "application/scim+json;q=0, */*",
        ] {
            check(&[accept], Some(Json));
        }
        check(&[], Some(Scim));
        check(&["text/html", "application/json"], Some(Json));
    }

    #[test]
    fn what_takes_neither_is_not_acceptable() {
        for accept in ["text/html", "application/xml", "application/scim+json;q=0", "*/*;q=0", "application/jsonx", "text/*"] {
            check(&[accept], None);
        }
    }

    #[test]
    fn a_body_is_json_in_utf8_or_says_nothing() {
        let check = |name, value: &str, fine: bool| {
            let mut headers = HeaderMap::new();
            headers.append(name, HeaderValue::from_str(value).expect("a header value"));
            assert_eq!(check_body(&headers).is_ok(), fine, "{value}");
        };
        assert!(check_body(&HeaderMap::new()).is_ok());
        for value in [
            "application/scim+json",
            "application/json",
            "APPLICATION/JSON",
            "application/json;charset=utf-8",
            "application/scim+json; charset=\"UTF-8\"",
            "application/json; odata=verbose",
        ] {
            check(CONTENT_TYPE, value, true);
        }
        for value in
            ["text/plain", "text/xml", "", "application/json; charset=latin1", "application/x-www-form-urlencoded", "json"]
        {
            check(CONTENT_TYPE, value, false);
        }
        check(CONTENT_ENCODING, "identity", true);
        for value in ["gzip", "br", "identity, gzip"] {
            check(CONTENT_ENCODING, value, false);
        }
    }
}
