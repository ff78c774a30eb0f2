//! The syntax of strings: that of their type, always, and that of their attribute, if the Directory wants it (D-12).

use super::name::Name;
use crate::scim::key;
use crate::scim::schema::{Attribute, AttributeType};
use std::borrow::Cow;

/// The syntax that a string must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An xsd:dateTime with date, time and zone (RFC 7643 §2.3.5).
    DateTime,
    /// Base64 of either alphabet, padded or not (§2.3.6).
    Binary,
    /// A URI reference as far as providers keep to it: no control characters.
    LooseReference,
    /// A URI reference of RFC 3986.
    Reference,
    /// `addresses.country`: ISO 3166-1 alpha-2 (§4.1.2).
    Country,
    /// `locale`: a language tag with a region (§4.1.1).
    Locale,
    /// `preferredLanguage`: as in Accept-Language (§4.1.1).
    PreferredLanguage,
    /// `timezone`: as in the IANA database (§4.1.1).
    TimeZone,
    /// `emails.value`: a mailbox of RFC 5321 (§4.1.2).
    Email,
}

impl Format {
    /// The format of an attribute; that of its type, and under `strict` that which RFC 7643 §4.1 prescribes for it by name.
    pub fn of(attribute: &Attribute, name: Name<'_>, strict: bool) -> Option<Self> {
        match attribute.attribute_type {
            AttributeType::DateTime => Some(Self::DateTime),
            AttributeType::Binary => Some(Self::Binary),
            AttributeType::Reference if strict => Some(Self::Reference),
            AttributeType::Reference => Some(Self::LooseReference),
            AttributeType::String if strict => Self::by_name(attribute, name),
            AttributeType::String
            | AttributeType::Boolean
            | AttributeType::Decimal
            | AttributeType::Integer
            | AttributeType::Complex => None,
        }
    }

    fn by_name(attribute: &Attribute, name: Name<'_>) -> Option<Self> {
        match attribute.name.as_str() {
            "country" => Some(Self::Country),
            "locale" => Some(Self::Locale),
            "preferredLanguage" => Some(Self::PreferredLanguage),
            "timezone" => Some(Self::TimeZone),
            "value" => {
                let name = name.to_string();
                let is_email = name.get(..6).is_some_and(|head| head.eq_ignore_ascii_case("emails"));
                (is_email && matches!(name.as_bytes().get(6), None | Some(b'.' | b'['))).then_some(Self::Email)
            }
            _ => None,
        }
    }

    /// What is expected, for an error message.
    pub fn description(self) -> &'static str {
        match self {
            Self::DateTime => "a dateTime such as 2011-05-13T04:42:34Z",
            Self::Binary => "a base64 string",
            Self::LooseReference => "a URI without control characters",
            Self::Reference => "a URI reference",
            Self::Country => "a country code of two letters such as US (ISO 3166-1 alpha-2)",
            Self::Locale => "a locale such as en-US",
            Self::PreferredLanguage => "a language tag such as en-US",
            Self::TimeZone => "a time zone such as America/Los_Angeles",
            Self::Email => "an e-mail address",
        }
    }

    /// Whether `text` has this syntax.
    pub fn accepts(self, text: &str) -> bool {
        match self {
            Self::DateTime => key::date_time(text).is_some(),
            Self::Binary => is_base64(text),
            Self::LooseReference => !text.chars().any(char::is_control),
            Self::Reference => is_uri_reference(text),
            Self::Country => text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()),
            Self::Locale => is_language_tag(text, &['-', '_']),
            // `en-US, en;q=0.8` is a list of ranges with weights.
            Self::PreferredLanguage => text.split(',').all(|range| {
                let tag = range.split(';').next().unwrap_or_default().trim();
                tag == "*" || is_language_tag(tag, &['-'])
            }),
            Self::TimeZone => is_time_zone(text),
            Self::Email => is_mailbox(text),
        }
    }
}

/// The last path segment of a URI reference, without query and fragment: the id that a `$ref` ends in, also if it is
/// percent-encoded (RFC 3986 §6.2.2.2).
pub fn last_segment(reference: &str) -> Option<Cow<'_, str>> {
    let path = reference.split(['?', '#']).next().unwrap_or_default();
    let segment = path.trim_end_matches('/').rsplit('/').next().filter(|segment| !segment.is_empty())?;
    percent_encoding::percent_decode_str(segment).decode_utf8().ok()
}

fn is_base64(text: &str) -> bool {
    let data = text.trim_end_matches('=');
    let padding = text.len() - data.len();
    let in_alphabet = data.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_'));
    // One character alone in the last group carries less than a byte.
    in_alphabet && data.len() % 4 != 1 && (padding == 0 || (padding < 3 && text.len().is_multiple_of(4)))
}

/// RFC 3986: only characters that a URI may hold, percent signs before two hexadecimal digits, and a scheme that is one if
/// there is a colon in the first segment. International references (RFC 3987) pass.
fn is_uri_reference(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let characters = text.char_indices().all(|(at, character)| match character {
        '%' => is_hex(at + 1) && is_hex(at + 2),
        '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' | ' ' => false,
        character => !character.is_control() && !character.is_whitespace(),
    });
    let first_segment = text.split(['/', '?', '#']).next().unwrap_or_default();
    let scheme = first_segment.split_once(':').is_none_or(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    });
    characters && scheme
}

/// RFC 5646 in shape: a language of two to eight letters, then parts of one to eight letters or digits.
fn is_language_tag(text: &str, separators: &[char]) -> bool {
    text.split(separators).enumerate().all(|(place, part)| match place {
        0 => (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic()),
        _ => (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()),
    })
}

/// `Area/Location` or one of the names without an area; in shape only, the database changes several times a year.
fn is_time_zone(text: &str) -> bool {
    const WITHOUT_AREA: [&str; 4] = ["UTC", "GMT", "Zulu", "Universal"];
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+'))
    };
    WITHOUT_AREA.contains(&text) || (text.contains('/') && text.split('/').all(is_part))
}

/// RFC 5321 in shape: a local part, one @ that is not quoted, a domain.
fn is_mailbox(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let local_holds =
        quoted || (!local.contains(['@', '"', ' ', ',', '<', '>']) && !local.starts_with('.') && !local.ends_with('.'));
    let literal = domain.starts_with('[') && domain.ends_with(']');
    let domain_holds = literal
        || domain.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        });
    !local.is_empty() && local.len() <= 64 && local_holds && domain_holds && !text.chars().any(char::is_control)
}
