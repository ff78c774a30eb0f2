//! The domains that a userName may have.

use crate::scim::ScimError;
use crate::scim::resource::Document;
use crate::scim::schema::ResourceType;
use serde::Serialize;
use serde_json::Value;

/// Domains of one Directory at most.
pub const DOMAINS_MAX: usize = 100;

/// The longest name of a domain, in bytes (RFC 1035 §2.3.4).
const DOMAIN_BYTES_MAX: usize = 253;

/// The longest label of one.
const LABEL_BYTES_MAX: usize = 63;

/// What the setting takes, for people.
pub const EXPECTED: &str = "a list of 1 to 100 domains such as example.org, or *.example.org for all below it";

/// A list of domains: `example.org` is that one alone, `*.example.org` is each one below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Domains(Vec<String>);

impl Domains {
    /// A list of these, which are compared without regard to the case of ASCII letters; `None` if one of them is no domain, or if
    /// there are none or too many.
    pub fn new(domains: Vec<String>) -> Option<Self> {
        let is_good = (1..=DOMAINS_MAX).contains(&domains.len())
            && domains.iter().all(|domain| is_domain(domain.strip_prefix("*.").unwrap_or(domain)));
        is_good.then(|| Self(domains.into_iter().map(|domain| domain.to_ascii_lowercase()).collect()))
    }

    /// Whether a userName may be in the Directory: what is behind its last `@` is one of the domains.
    pub fn admit(&self, user_name: &str) -> bool {
        let Some((_, domain)) = user_name.rsplit_once('@') else { return false };
        let domain = domain.to_ascii_lowercase();
        self.0.iter().any(|known| match known.strip_prefix('*') {
            // With the dot, so that notexample.org is not below example.org.
            Some(suffix) => domain.len() > suffix.len() && domain.ends_with(suffix),
            None => *known == domain,
        })
    }
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= DOMAIN_BYTES_MAX && text.split('.').all(is_label)
}

/// Refuses a user whose userName has another domain than the Directory admits. One that is there already can be changed, and also
/// deactivated by a PUT of all it has, as long as it keeps its name: the list may have come later.
///
/// # Errors
/// - `InvalidValue`
pub fn check(
    domains: Option<&Domains>,
    resource_type: &ResourceType,
    before: Option<&Document>,
    after: &Document,
) -> Result<(), ScimError> {
    let Some(domains) = domains.filter(|_| *resource_type.name == *"User") else { return Ok(()) };
    let name = |document: &Document| document.as_object().get("userName").and_then(Value::as_str).unwrap_or_default().to_owned();
    let user_name = name(after);
    let is_kept = before.is_some_and(|before| name(before).eq_ignore_ascii_case(&user_name));
    if is_kept || domains.admit(&user_name) {
        return Ok(());
    }
    Err(ScimError::invalid_value("userName: its domain is none of those that the Directory admits (its setting domains)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(domains: &[&str]) -> Option<Domains> {
        Domains::new(domains.iter().map(|domain| (*domain).to_owned()).collect())
    }

    #[test]
    fn a_domain_is_itself_in_any_case_and_a_star_is_all_below() {
        let domains = list(&["Example.ORG", "*.example.com"]).expect("domains");
        for name in ["a@example.org", "a@EXAMPLE.org", "\"a@b\"@example.org", "a@x.example.com", "a@x.y.Example.com"] {
            assert!(domains.admit(name), "{name}");
        }
        let others = [
            "a",
            "",
            "@",
            "a@",
            "a@sub.example.org",
            "a@example.com",
            "a@notexample.com",
            "a@.example.com.",
            "example.org",
            "a@example.org@evil.org",
            "a@example.orgs",
            "a@example.org ",
        ];
        for name in others {
            assert!(!domains.admit(name), "{name}");
        }
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        for domains in [&["example.org"] as &[&str], &["*.example.org"], &["localhost"], &["xn--mnchen-3ya.de"], &["a-b.c1"]] {
            assert!(list(domains).is_some(), "{domains:?}");
        }
        let long = format!("{}.org", "a".repeat(64));
        for domain in
            ["", "*", "*.", "a..b", ".a", "a.", "-a.org", "a-.org", "a b.org", "@example.org", "a.*.org", "münchen.de", &long]
        {
            assert!(list(&[domain]).is_none(), "{domain:?}");
        }
        assert!(list(&[]).is_none());
        assert!(list(&["a.org"; DOMAINS_MAX]).is_some() && list(&["a.org"; DOMAINS_MAX + 1]).is_none());
    }
}
