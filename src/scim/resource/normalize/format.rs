//! The syntax of strings: that of their type, always, and that of their attribute, if the Directory wants it (D-12).

use super::name::Name;
use crate::scim::key;
use crate::scim::schema::{Attribute, AttributeType};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::borrow::Cow;

/// The syntax that a string must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An xsd:dateTime with date, time and zone (RFC 7643 §2.3.5).
    DateTime,
    /// Base64 of either alphabet, padded or not (§2.3.6).
    Binary,
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
    /// `phoneNumbers.value`: a number of RFC 3966, with or without `tel:` before it (§4.1.2).
    Telephone,
    /// `x509Certificates.value`: one certificate in DER, as base64 (§4.1.2).
    Certificate,
}

impl Format {
    /// The format of an attribute; that of its type, and under `strict` that which RFC 7643 §4.1 prescribes for it by name.
    pub fn of(attribute: &Attribute, name: Name<'_>, strict: bool) -> Option<Self> {
        match attribute.attribute_type {
            AttributeType::DateTime => Some(Self::DateTime),
            AttributeType::Binary if strict && is_value_of(attribute, name, "x509Certificates") => Some(Self::Certificate),
            AttributeType::Binary => Some(Self::Binary),
            AttributeType::Reference => Some(Self::Reference),
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
            "value" if is_value_of(attribute, name, "emails") => Some(Self::Email),
            "value" if is_value_of(attribute, name, "phoneNumbers") => Some(Self::Telephone),
            _ => None,
        }
    }

    /// What is expected, for an error message.
    pub fn description(self) -> &'static str {
        match self {
            Self::DateTime => "a dateTime such as 2011-05-13T04:42:34Z",
            Self::Binary => "a base64 string",
            Self::Reference => "a URI reference (RFC 3986), in which a space is %20",
            Self::Country => "a country code of two letters such as US (ISO 3166-1 alpha-2)",
            Self::Locale => "a locale such as en-US",
            Self::PreferredLanguage => "a language tag such as en-US",
            Self::TimeZone => "a time zone such as America/Los_Angeles",
            Self::Email => "an e-mail address",
            Self::Telephone => "a telephone number such as tel:+1-201-555-0123 (RFC 3966)",
            Self::Certificate => "one X.509 certificate in DER, as a base64 string",
        }
    }

    /// Whether `text` has this syntax.
    pub fn accepts(self, text: &str) -> bool {
        match self {
            Self::DateTime => key::date_time(text).is_some(),
            Self::Binary => is_base64(text),
            Self::Reference => is_uri_reference(text),
            Self::Country => COUNTRIES.split_ascii_whitespace().any(|country| country == text),
            Self::Locale => is_language_tag(text, &['-', '_']),
            // `en-US, en;q=0.8` is a list of ranges with weights.
            Self::PreferredLanguage => text.split(',').all(|range| {
                let tag = range.split(';').next().unwrap_or_default().trim();
                tag == "*" || is_language_tag(tag, &['-'])
            }),
            Self::TimeZone => is_time_zone(text),
            Self::Email => is_mailbox(text),
            Self::Telephone => is_telephone(text),
            Self::Certificate => is_base64(text) && is_one_der_sequence(text),
        }
    }
}

/// The codes of ISO 3166-1 alpha-2 that are assigned to a country.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY \
    BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD \
    GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN \
    KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE \
    NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM \
    SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT \
    ZA ZM ZW";

/// Whether the attribute is the `value` of the multi-valued attribute `list`, however a path names it.
fn is_value_of(attribute: &Attribute, name: Name<'_>, list: &str) -> bool {
    if attribute.name != "value" {
        return false;
    }
    let name = name.to_string();
    let is_list = name.get(..list.len()).is_some_and(|head| head.eq_ignore_ascii_case(list));
    is_list && matches!(name.as_bytes().get(list.len()), None | Some(b'.' | b'['))
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

/// `Area/Location` with an area of the IANA database, or one of the names without an area. The location is judged in shape
/// only: the database gets new ones every year.
fn is_time_zone(text: &str) -> bool {
    const WITHOUT_AREA: [&str; 4] = ["UTC", "GMT", "Zulu", "Universal"];
    const AREAS: [&str; 16] = [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
        "Etc",
        "Brazil",
        "Canada",
        "Chile",
        "Mexico",
        "US",
    ];
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+'))
    };
    let in_area = |(area, location): (&str, &str)| AREAS.contains(&area) && location.split('/').all(is_part);
    WITHOUT_AREA.contains(&text) || text.split_once('/').is_some_and(in_area)
}

/// Whether base64 holds one DER SEQUENCE and nothing behind it: the outside of a certificate. Two in a row, PEM in base64 and
/// other data are not that.
fn is_one_der_sequence(text: &str) -> bool {
    const SEQUENCE: u8 = 0x30;
    let text: String = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    let Ok(bytes) = STANDARD_NO_PAD.decode(text) else { return false };
    let Some((&SEQUENCE, rest)) = bytes.split_first() else { return false };
    match rest {
        [length @ 0..=0x7f, content @ ..] => content.len() == usize::from(*length),
        [0x81, length @ 0x80..=0xff, content @ ..] => content.len() == usize::from(*length),
        [0x82, high @ 1..=0xff, low, content @ ..] => content.len() == usize::from(u16::from_be_bytes([*high, *low])),
        [0x83, high @ 1..=0xff, middle, low, content @ ..] => {
            u32::try_from(content.len()) == Ok(u32::from_be_bytes([0, *high, *middle, *low]))
        }
        _ => false,
    }
}

/// RFC 3966 §3: digits with visual separators, a plus sign before those that hold everywhere, then parameters such as `ext=7`. The
/// example of RFC 7643 §8.2 is a local number without the context that RFC 3966 asks of one, so none is asked for here.
fn is_telephone(text: &str) -> bool {
    let number = match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => &text[4..],
        _ => text,
    };
    let mut parts = number.split(';');
    let digits = parts.next().unwrap_or_default();
    let (is_global, digits) = digits.strip_prefix('+').map_or((false, digits), |digits| (true, digits));
    let is_digit = |byte: u8| byte.is_ascii_digit() || (!is_global && (byte.is_ascii_hexdigit() || matches!(byte, b'*' | b'#')));
    let is_parameter = |parameter: &str| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, "x"));
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        is_name && !value.is_empty() && is_uri_reference(&value.replace(':', "-"))
    };
    digits.bytes().any(is_digit)
        && digits.bytes().all(|byte| is_digit(byte) || matches!(byte, b'-' | b'.' | b'(' | b')'))
        && parts.all(is_parameter)
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
