//! Entity tags (RFC 7644 §3.14, RFC 9110 §13) and preferences (RFC 7240).

use crate::directory::Precondition;
use crate::scim::protocol::entity_tag;
use axum::http::header::HeaderName;
use axum::http::{HeaderMap, HeaderValue};

/// The header of RFC 7240.
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The ETag of a version (D-26).
pub fn etag(version: i64) -> HeaderValue {
    HeaderValue::try_from(entity_tag::print(version)).expect("digits, a letter and quotes are a header value")
}

/// Reads If-Match or If-None-Match; compared weakly, so `"3"` and `W/"3"` are the same (D-27).
///
/// What is no tag of this server's making matches nothing, and is not an error: the client may have it from elsewhere.
pub fn precondition(headers: &HeaderMap, name: &HeaderName) -> Precondition {
    let mut values = headers.get_all(name).iter().peekable();
    let Some(first) = values.peek() else { return Precondition::None };
    if first.as_bytes().trim_ascii() == b"*" {
        return Precondition::Any;
    }
    let tags = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    Precondition::OneOf(tags.filter_map(entity_tag::parse).collect())
}

/// Whether the client asks for the resource in the answer (D-63).
pub fn prefers_representation(headers: &HeaderMap) -> bool {
    let mut preferences =
        headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    preferences.any(|preference| {
        let preference = preference.split(';').next().unwrap_or_default();
        preference.split_once('=').is_some_and(|(name, value)| {
            name.trim().eq_ignore_ascii_case("return") && value.trim().trim_matches('"').eq_ignore_ascii_case("representation")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header::IF_MATCH;

    #[track_caller]
    fn check(values: &[&str], expected: &Precondition) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IF_MATCH, HeaderValue::from_str(value).expect("a header value"));
        }
        assert_eq!(precondition(&headers, &IF_MATCH), *expected, "{values:?}");
    }

    #[test]
    fn tags_are_read_weakly_and_in_lists() {
        check(&[], &Precondition::None);
        check(&["*"], &Precondition::Any);
        check(&[" * "], &Precondition::Any);
        check(&["W/\"3\""], &Precondition::OneOf(vec![3]));
        check(&["\"3\""], &Precondition::OneOf(vec![3]));
        check(&["W/\"3\", \"4\",W/\"5\""], &Precondition::OneOf(vec![3, 4, 5]));
        check(&["W/\"3\"", "W/\"7\""], &Precondition::OneOf(vec![3, 7]));
    }

    #[test]
    fn what_the_server_never_issued_matches_nothing() {
        for garbage in [
            "",
            "3",
            "W/3",
            "w/\"3\"",
            "\"03\"",
            "\"+3\"",
            "\"-3\"",
            "\"3",
            "\"\"",
            "\"0\"",
            "\"3 \"",
            "\"99999999999999999999\"",
            "\"x\", *",
        ] {
            check(&[garbage], &Precondition::OneOf(Vec::new()));
        }
        check(&["garbage, W/\"3\""], &Precondition::OneOf(vec![3]));
    }

    #[test]
    fn an_issued_tag_is_read_back() {
        for version in [1, 10, i64::MAX] {
            check(&[etag(version).to_str().expect("ASCII")], &Precondition::OneOf(vec![version]));
        }
    }

    #[test]
    fn a_representation_is_preferred_in_the_words_of_rfc_7240() {
        let prefers = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.append(PREFER, HeaderValue::from_static(value));
            prefers_representation(&headers)
        };
        assert!(prefers("return=representation"));
        assert!(prefers("respond-async, Return = \"representation\"; x=y"));
        assert!(!prefers("return=minimal"));
        assert!(!prefers("representation"));
        assert!(!prefers_representation(&HeaderMap::new()));
    }
}
