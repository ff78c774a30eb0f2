//! The one spelling of values that may be spelled in several ways, where the Directory wants it (RFC 7643 §4.1).

use url::Url;

/// What has one spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// `emails.value`: a domain has no letter case, the part before it may have one (§4.1.2, RFC 5321 §2.4).
    Email,
    /// `ims.value`: no white space, lower case (§4.1.2).
    InstantMessaging,
    /// `profileUrl`: normalised by syntax and scheme (§4.1.1, RFC 3986 §6.2).
    Url,
}

impl Spelling {
    /// That of an attribute, or of the `value` of a multi-valued one, if it has one.
    pub fn of(attribute: &str) -> Option<Self> {
        match attribute {
            "emails" => Some(Self::Email),
            "ims" => Some(Self::InstantMessaging),
            "profileUrl" => Some(Self::Url),
            _ => None,
        }
    }

    /// `text`, so spelled. What is none of these, such as a relative URL, stays as it is.
    pub fn spell(self, text: &str) -> String {
        match self {
            Self::Email => match text.rsplit_once('@') {
                Some((local, domain)) => format!("{local}@{}", domain.to_lowercase()),
                None => text.to_owned(),
            },
            Self::InstantMessaging => text.split_whitespace().collect::<String>().to_lowercase(),
            Self::Url => Url::parse(text).map_or_else(|_| text.to_owned(), String::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Spelling::{Email, InstantMessaging, Url};

    /// Shows S-4.1.1-07, S-4.1.2-01, S-4.1.2-04.
    #[test]
    fn a_value_is_spelled_in_one_way() {
        for (spelling, text, spelled) in [
            (Email, "B.Jensen@EXAMPLE.Com", "B.Jensen@example.com"),
            (Email, "\"A@B\"@BÜCHER.example", "\"A@B\"@bücher.example"),
            (Email, "No Address", "No Address"),
            (InstantMessaging, " Some AIM Handle\t", "someaimhandle"),
            (InstantMessaging, "\u{a0}", ""),
            (Url, "HTTPS://Example.COM:443/a/./b/../c?Q#F", "https://example.com/a/c?Q#F"),
            (Url, "https://example.com", "https://example.com/"),
            (Url, "../Users/ONE", "../Users/ONE"),
            (Url, "urn:Example:A", "urn:Example:A"),
        ] {
            assert_eq!(spelling.spell(text), spelled);
            assert_eq!(spelling.spell(spelled), spelled, "once is enough");
        }
    }
}
