//! The URL under which clients reach the server.

use std::net::Ipv6Addr;

/// An absolute http or https URL without query, fragment or user (P-1.3-01), and without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Reads `https://scim.example.com` or `https://example.com/identity`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |problem: &str| Err(format!("must be a URL such as https://scim.example.com: {problem}"));
        let Some((scheme, rest)) = text.split_once("://") else {
            return wrong("it does not begin with https:// or http://");
        };
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            return wrong("it does not begin with https:// or http://");
        }
        if text.contains('?') {
            return wrong("a base URL has no query (RFC 7644 section 1.3)");
        }
        if text.contains('#') {
            return wrong("a base URL has no fragment");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)) {
            return wrong("it has characters that must be percent-encoded");
        }
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        if authority.contains('@') {
            return wrong("it has a user name or password");
        }
        if !is_host_and_port(authority) {
            return wrong("its host or port is wrong");
        }
        let path = path.trim_end_matches('/');
        Ok(Self(format!("{}://{authority}{path}", scheme.to_ascii_lowercase())))
    }

    /// The URL, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_host_and_port(authority: &str) -> bool {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split_once(']').is_some_and(|(address, port)| {
            address.parse::<Ipv6Addr>().is_ok() && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
        });
    }
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_loses_its_last_slash() {
        for (text, url) in [
            ("https://scim.example.com", "https://scim.example.com"),
            ("HTTPS://scim.example.com/", "https://scim.example.com"),
            ("http://localhost:8080/identity//", "http://localhost:8080/identity"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(PublicUrl::parse(text).as_ref().map(PublicUrl::as_str), Ok(url));
        }
    }

    /// Shows P-1.3-01, P-7.1-01.
    #[test]
    fn what_is_no_base_url_is_refused() {
        for text in [
            "scim.example.com",
            "ftp://scim.example.com",
            "https://",
            "https:///scim",
            "https://scim.example.com?x=1",
            "https://scim.example.com/?",
            "https://scim.example.com/#top",
            "https://user@scim.example.com",
            "https://scim.example.com:0",
            "https://scim.example.com:99999",
            "https://scim.example.com:+80",
            "https://[::1",
            "https://scim example.com",
            "https://scim.example.com/\r\nX: 1",
            "https://scim.ex\u{e4}mple",
        ] {
            assert!(PublicUrl::parse(text).is_err(), "{text:?}");
        }
    }
}
