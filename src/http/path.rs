//! The segments of a URL's path, decoded once. Both who may pass and where the request goes are decided on them (R2).

use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// More segments than any endpoint has.
const SEGMENTS_MAX: usize = 8;

/// A path below a Base URL: `{/directories/{name}}/scim{/v2}/…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScimPath<'p> {
    /// The Directory that the URL names, if it names one.
    pub directory: Option<Cow<'p, str>>,
    /// The version that the URL asks for.
    pub version: Version,
    /// What comes below the Base URL.
    pub segments: Vec<Cow<'p, str>>,
    /// Whether the path ends with a slash.
    pub trailing_slash: bool,
}

/// The version segment of a URL (RFC 7644 §3.13, D-82).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `/v2`, or none, which means the latest that is supported.
    Supported,
    /// `/v1`, `/v3`, …
    Unsupported,
}

impl<'p> ScimPath<'p> {
    /// Takes a path apart. `None`: it is below no Base URL, has an empty segment, or is not UTF-8 when decoded.
    pub fn parse(path: &'p str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        let (path, trailing_slash) = match path.strip_suffix('/') {
            Some(path) => (path, true),
            None => (path, false),
        };
        let mut segments = Vec::with_capacity(4);
        for segment in path.split('/') {
            if segment.is_empty() || segments.len() == SEGMENTS_MAX {
                return None;
            }
            segments.push(percent_decode_str(segment).decode_utf8().ok()?);
        }
        let mut rest = segments.into_iter().peekable();
        let mut first = rest.next()?;
        let mut directory = None;
        if first.eq_ignore_ascii_case("directories") {
            directory = Some(rest.next()?);
            first = rest.next()?;
        }
        if !first.eq_ignore_ascii_case("scim") {
            return None;
        }
        let mut version = Version::Supported;
        if let Some(segment) = rest.next_if(|segment| version_number(segment).is_some())
            && version_number(&segment) != Some("2")
        {
            version = Version::Unsupported;
        }
        Some(Self { directory, version, segments: rest.collect(), trailing_slash })
    }

    /// Whether it leads to a discovery endpoint (RFC 7644 §4), if to any.
    pub fn is_discovery(&self) -> bool {
        self.segments.first().is_some_and(|first| {
            ["ServiceProviderConfig", "Schemas", "ResourceTypes"].iter().any(|name| first.eq_ignore_ascii_case(name))
        })
    }
}

/// The number of a version segment: `v` and digits.
fn version_number(segment: &str) -> Option<&str> {
    let number = segment.strip_prefix(['v', 'V'])?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, directory: Option<&str>, version: Version, segments: &[&str]) {
        let parsed = ScimPath::parse(path).expect("it is below a Base URL");
        assert_eq!(parsed.directory.as_deref(), directory, "{path}");
        assert_eq!(parsed.version, version, "{path}");
        assert_eq!(parsed.segments, segments, "{path}");
    }

    #[test]
    fn the_base_url_may_name_a_directory_and_a_version() {
        check("/scim/v2/Users", None, Version::Supported, &["Users"]);
        check("/scim/Users", None, Version::Supported, &["Users"]);
        check("/SCIM/V2/Users/", None, Version::Supported, &["Users"]);
        check("/directories/acme/scim/v2/Users/1", Some("acme"), Version::Supported, &["Users", "1"]);
        check("/directories/acme/scim/Users/1", Some("acme"), Version::Supported, &["Users", "1"]);
        check("/directories/a%2Fb/scim", Some("a/b"), Version::Supported, &[]);
        check("/scim", None, Version::Supported, &[]);
    }

    #[test]
    fn a_version_is_v_and_a_number_right_behind_the_base_url() {
        check("/scim/v3/Users", None, Version::Unsupported, &["Users"]);
        check("/scim/v1", None, Version::Unsupported, &[]);
        check("/scim/v02/Users", None, Version::Unsupported, &["Users"]);
        check("/scim/v2.0/Users", None, Version::Supported, &["v2.0", "Users"]);
        check("/scim/v/Users", None, Version::Supported, &["v", "Users"]);
        check("/scim/v2/v3", None, Version::Supported, &["v3"]);
        check("/scim/Users/v3", None, Version::Supported, &["Users", "v3"]);
    }
}
