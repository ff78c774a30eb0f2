//! `Idempotency-Key`: a creation that is sent again is the same one (draft-ietf-httpapi-idempotency-key-header).

use super::problem::{Kind, Problem};
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use utoipa::IntoParams;

/// The name of the header.
const NAME: &str = "idempotency-key";

/// Characters of a key at most; in quotes, each behind a `\`, they are 512.
const KEY_CHARACTERS_MAX: usize = 255;

/// The key of a creation.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is there for the description; the header is read by Key")]
pub struct IdempotencyKey {
    /// What stands for this creation, such as a UUID: 1 to 255 visible ASCII characters, in quotes, where `\` stands before each `"` and `\`, or without. The same request sent again with it answers 200 with what is there; another one of this Directory and kind 422.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 512, example = "\"8e03978e-40d5-43e8-bc93-6894a57f9324\"")]
    idempotency_key: Option<String>,
}

/// The key of a request, if it has one.
pub struct Key(pub Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    /// # Errors
    /// 400: it is no key, or there are several.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let refusal = || {
            let detail = "Idempotency-Key is one text of 1 to 255 visible ASCII characters, in quotes or without";
            Problem::new(Kind::Malformed, detail)
        };
        read(&parts.headers).map(Self).ok_or_else(refusal)
    }
}

/// The key in these headers; `None`: what is there is no key.
#[expect(clippy::option_option, reason = "no header is another thing than a bad one")]
fn read(headers: &HeaderMap) -> Option<Option<String>> {
    let mut values = headers.get_all(NAME).iter();
    let Some(value) = values.next() else { return Some(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none())?.trim_matches([' ', '\t']);
    let key = match text.strip_prefix('"') {
        Some(quoted) => unquoted(quoted)?,
        None => text.to_owned(),
    };
    let is_key = (1..=KEY_CHARACTERS_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    is_key.then_some(Some(key))
}

/// What a string of a structured field says, of which `rest` is all behind the first quote (RFC 9651 §4.2.5).
fn unquoted(rest: &str) -> Option<String> {
    let mut text = String::with_capacity(rest.len());
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return characters.next().is_none().then_some(text),
            '\\' => text.push(characters.next().filter(|next| matches!(next, '"' | '\\'))?),
            character => text.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn key(values: &[&str]) -> Option<Option<String>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(NAME, HeaderValue::from_bytes(value.as_bytes()).expect("a header value"));
        }
        read(&headers)
    }

    #[test]
    fn a_key_is_the_same_in_quotes_and_without() {
        assert_eq!(key(&[]), Some(None));
        let longest = "x".repeat(KEY_CHARACTERS_MAX);
        let escaped = format!("\"{}\"", r#"\""#.repeat(KEY_CHARACTERS_MAX));
        assert_eq!(escaped.len(), 512, "as the description says");
        for (text, expected) in [
            ("a", "a"),
            ("\"a\"", "a"),
            (" \t\"a\" ", "a"),
            (r#""a\"b\\c""#, r#"a"b\c"#),
            ("8e03978e-40d5/+=~", "8e03978e-40d5/+=~"),
            (&longest, &longest),
            (&format!("\"{longest}\""), &longest),
            (&escaped, &r#"""#.repeat(KEY_CHARACTERS_MAX)),
        ] {
            assert_eq!(key(&[text]), Some(Some(expected.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let long = "x".repeat(KEY_CHARACTERS_MAX + 1);
        let quoted = format!("\"{long}\"");
        for text in ["", " ", "\"\"", "a b", "\"a b\"", "\"a", "\"a\"b", "\"a\\x\"", "\"a\\", "é", "\"a\";b=1", &long, &quoted] {
            assert_eq!(key(&[text]), None, "{text}");
        }
        assert_eq!(key(&["a", "a"]), None, "two");
    }
}
