//! The one spelling of values of a User that may be spelled in several ways (RFC 7643 §4.1).

use super::Attribute;
use std::borrow::Cow;
use std::sync::Arc;
use url::Url;

/// What has one spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// `emails.value`: a domain has no letter case, the part before it may have one (§4.1.2, RFC 5321 §2.4).
    Email,
    /// `ims.value`: no white space, lower case (§4.1.2).
    InstantMessaging,
    /// `profileUrl`: normalised by case, percent-encoding, path and scheme (§4.1.1, RFC 3986 §6.2).
    Url,
}

/// Marks those attributes of the schema of User whose values have one spelling.
pub(super) fn mark(attributes: &mut [Arc<Attribute>]) {
    for attribute in attributes {
        let spelling = match attribute.name.as_str() {
            "emails" => Spelling::Email,
            "ims" => Spelling::InstantMessaging,
            "profileUrl" => Spelling::Url,
            _ => continue,
        };
        let attribute = Arc::make_mut(attribute);
        match attribute.sub_attributes.iter_mut().find(|sub| sub.name == "value") {
            Some(value) => Arc::make_mut(value).spelling = Some(spelling),
            None => attribute.spelling = Some(spelling),
        }
    }
}

impl Spelling {
    /// `text`, so spelled. What is none of these, such as a relative URL, and what nothing would be left of, stays as it is.
    pub fn spell(self, text: &str) -> Cow<'_, str> {
        let spelled = match self {
            Self::Email => match text.rsplit_once('@') {
                Some((local, domain)) => format!("{local}@{}", domain.to_lowercase()),
                None => return Cow::Borrowed(text),
            },
            Self::InstantMessaging => text.split_whitespace().collect::<String>().to_lowercase(),
            Self::Url => match Url::parse(text) {
                Ok(url) => with_percents(url.as_str()),
                Err(_) => return Cow::Borrowed(text),
            },
        };
        if spelled.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(spelled) }
    }
}

/// A URL in which percent-encodings are in upper case, and what needs none has none (RFC 3986 §6.2.2); the standard that the
/// parser follows leaves them as they are.
fn with_percents(url: &str) -> String {
    let mut parts = url.split('%');
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let hex = part.get(..2).filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, part.get(2..)) {
            (Some(byte), Some(rest)) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                all.push(char::from(byte));
                all.push_str(rest);
            }
            (Some(byte), Some(rest)) => all.push_str(&format!("%{byte:02X}{rest}")),
            _ => all.push_str(&format!("%{part}")),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::Spelling::{Email, InstantMessaging, Url};
    use super::*;
    use crate::scim::schema::Registry;

    /// Shows S-4.1.2-01, S-4.1.2-04.
    #[test]
    fn a_value_is_spelled_in_one_way() {
        for (spelling, text, spelled) in [
            (Email, "B.Jensen@EXAMPLE.Com", "B.Jensen@example.com"),
            (Email, "\"A@B\"@BÜCHER.example", "\"A@B\"@bücher.example"),
            (Email, "No Address", "No Address"),
            (InstantMessaging, " Some AIM Handle\t", "someaimhandle"),
            (InstantMessaging, " \u{a0}", " \u{a0}"),
            (Url, "HTTPS://Example.COM:443/a/./b/../c?Q#F", "https://example.com/a/c?Q#F"),
            (Url, "https://example.com", "https://example.com/"),
            (Url, "https://example.com/%7euser/%c3%a9%2F%+a%", "https://example.com/~user/%C3%A9%2F%+a%"),
            (Url, "https://example.com/é", "https://example.com/%C3%A9"),
            (Url, "../Users/ONE", "../Users/ONE"),
            (Url, "urn:Example:A", "urn:Example:A"),
        ] {
            assert_eq!(spelling.spell(text), spelled);
            assert_eq!(spelling.spell(spelled), spelled, "once is enough");
        }
    }

    #[test]
    fn three_attributes_of_a_user_have_one_and_no_others() {
        let registry = Registry::built_in();
        let attributes = registry.schemas.iter().flat_map(|schema| &schema.attributes);
        let with_sub = |attribute: &Arc<Attribute>| [vec![attribute.clone()], attribute.sub_attributes.clone()].concat();
        let spelled: Vec<Spelling> = attributes.flat_map(with_sub).filter_map(|attribute| attribute.spelling).collect();
        assert_eq!(spelled, [Url, Email, InstantMessaging]);
    }
}
