//! Attributes whose values are to stand in no URL, as servers and proxies write URLs down (RFC 7644 §7.5.2).

use super::{AttrPath, Filter};
use crate::scim::schema::path::{Resolved, resolve_all};
use crate::scim::schema::{ResourceType, Target};
use crate::scim::{ErrorKind, ScimError};
use serde::{Deserialize, Deserializer, Serialize};

/// How many there may be.
pub const PATHS_MAX: usize = 100;

/// The longest path, in bytes.
const PATH_BYTES_MAX: usize = 512;

/// What the setting takes, for people.
pub const EXPECTED: &str = "a list of 1 to 100 attributes such as emails.value, phoneNumbers, or urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber";

/// A list of attributes, as RFC 7644 §3.10 writes them. One that is complex stands for all of its sub-attributes too, and a name without
/// a URN for every attribute of that name: an extension that comes later and has the name too takes nothing off the list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Sensitive(Vec<String>);

impl Sensitive {
    /// A list of these; `None` if one of them is no path, or if there are none or too many.
    pub fn new(paths: Vec<String>) -> Option<Self> {
        let is_path = |path: &String| {
            (1..=PATH_BYTES_MAX).contains(&path.len())
                && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$-_.:".contains(&byte))
        };
        ((1..=PATHS_MAX).contains(&paths.len()) && paths.iter().all(is_path)).then_some(Self(paths))
    }

    /// The first that is an attribute of none of these types.
    pub fn unknown<'a>(&self, resource_types: impl Iterator<Item = &'a ResourceType> + Clone) -> Option<&str> {
        let is_known = |path: &str| resource_types.clone().any(|resource_type| !resolve_all(path, resource_type).is_empty());
        self.0.iter().map(String::as_str).find(|path| !is_known(path))
    }

    /// Refuses a filter that names one of them, or one of their sub-attributes, on resources of this type.
    ///
    /// # Errors
    /// `sensitive`
    pub fn check(&self, filter: &Filter, resource_type: &ResourceType) -> Result<(), ScimError> {
        let targets: Vec<Target> = self.0.iter().flat_map(|path| resolve_all(path, resource_type)).collect();
        if targets.is_empty() { Ok(()) } else { walk(filter, &targets, &|path| attribute(resource_type, path)) }
    }
}

fn attribute(resource_type: &ResourceType, path: &str) -> Option<Target> {
    match resource_type.resolve(path) {
        Some(Resolved::Attribute(target)) => Some(target),
        Some(Resolved::Container(_)) | None => None,
    }
}

/// Looks at each name in a filter; `find` knows what it names there.
fn walk(filter: &Filter, targets: &[Target], find: &dyn Fn(&str) -> Option<Target>) -> Result<(), ScimError> {
    match filter {
        Filter::And(terms) | Filter::Or(terms) => terms.iter().try_for_each(|term| walk(term, targets, find)),
        Filter::Not(inner) => walk(inner, targets, find),
        Filter::Present(path) => judge(path, find(&path.text), targets),
        Filter::Compare { path, .. } => judge(path, find(&path.text).map(compared), targets),
        Filter::ValuePath { path, filter } => {
            let Some(parent) = find(&path.text) else { return Ok(()) };
            judge(path, Some(parent.clone()), targets)?;
            walk(filter, targets, &|name| element(&parent, name))
        }
    }
}

/// What is compared where a complex attribute is named alone: its `value`.
fn compared(target: Target) -> Target {
    match (&target.sub, target.attribute.sub_attribute("value")) {
        (None, Some(value)) => Target { sub: Some(value.clone()), ..target },
        _ => target,
    }
}

/// What a name inside `[ ]` names.
fn element(parent: &Target, name: &str) -> Option<Target> {
    match parent.attribute.sub_attribute(name) {
        Some(sub) => Some(Target { sub: Some(sub.clone()), ..parent.clone() }),
        None => name.eq_ignore_ascii_case("value").then(|| parent.clone()),
    }
}

fn judge(path: &AttrPath, named: Option<Target>, targets: &[Target]) -> Result<(), ScimError> {
    let covers = |target: &&Target| {
        named.as_ref().is_some_and(|named| {
            target.place == named.place
                && target.attribute.name == named.attribute.name
                && target.sub.as_ref().is_none_or(|sub| named.sub.as_ref().is_some_and(|named| named.name == sub.name))
        })
    };
    let Some(target) = targets.iter().find(covers) else { return Ok(()) };
    let detail = format!(
        "filter position {}: {} is sensitive in this Directory, so it may not stand in a URL; send the filter by POST to .search",
        path.position,
        target.name()
    );
    Err(ScimError::new(ErrorKind::Sensitive, detail))
}

/// Reads a list, or one text with commas, as it is easier to write on a command line.
pub fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Sensitive>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        List(Vec<String>),
        Text(String),
    }
    let paths = match Option::<Given>::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Given::List(list)) => list,
        Some(Given::Text(text)) => text.split(',').map(|path| path.trim().to_owned()).collect(),
    };
    Sensitive::new(paths).map(Some).ok_or_else(|| serde::de::Error::custom(EXPECTED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::filter::FilterOptions;
    use crate::scim::schema::Registry;

    const NUMBER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber";

    fn list(paths: &[&str]) -> Option<Sensitive> {
        Sensitive::new(paths.iter().map(|path| (*path).to_owned()).collect())
    }

    #[track_caller]
    fn check(sensitive: &[&str], refused: &[&str], allowed: &[&str]) {
        let registry = Registry::built_in();
        let user = registry.resource_type("User").expect("is built in");
        let sensitive = list(sensitive).expect("paths");
        let options = FilterOptions { value_path_suffix: true, ..FilterOptions::default() };
        for (texts, is_refused) in [(refused, true), (allowed, false)] {
            for text in texts {
                let filter = Filter::parse(text, &options).expect("parses");
                let judged = sensitive.check(&filter, user).err().map(|error| error.kind);
                assert_eq!(judged, is_refused.then_some(ErrorKind::Sensitive), "{text}");
            }
        }
    }

    #[test]
    fn an_attribute_covers_itself_and_what_is_in_it() {
        check(
            &["phoneNumbers", "title"],
            &[
                "phoneNumbers.value eq \"1\"",
                "PHONENUMBERS eq \"1\"",
                "phoneNumbers pr",
                "phoneNumbers.type eq \"work\"",
                "phoneNumbers[type eq \"work\"]",
                "phoneNumbers[type eq \"work\"].value eq \"1\"",
                "urn:ietf:params:scim:schemas:core:2.0:User:phoneNumbers.value sw \"1\"",
                "userName eq \"a\" or not (active eq true and title eq \"x\")",
            ],
            &["userName eq \"a\"", "emails.value eq \"1\"", "emails[value eq \"1\" and type eq \"work\"]", "name.givenName pr"],
        );
    }

    #[test]
    fn a_sub_attribute_covers_itself_however_it_is_named() {
        check(
            &["emails.value", NUMBER],
            &[
                "emails.value eq \"a\"",
                "emails eq \"a\"",
                "emails[value eq \"a\"]",
                "emails[type eq \"work\" and not (VALUE sw \"a\")]",
                "emails[type eq \"work\"].value eq \"a\"",
                "employeeNumber eq \"1\"",
                &format!("{NUMBER} eq \"1\""),
            ],
            &["emails pr", "emails[type eq \"work\"]", "emails.type eq \"work\"", "phoneNumbers.value eq \"1\"", "costCenter pr"],
        );
    }

    #[test]
    fn what_is_an_attribute_of_no_type_is_named() {
        let registry = Registry::built_in();
        let types = || registry.resource_types.iter().map(|resource_type| &**resource_type);
        for (paths, unknown) in [
            (&["emails.value", "members", NUMBER, "employeeNumber", "meta.created"] as &[&str], None),
            (&["title", "emails.worth"], Some("emails.worth")),
            (&["Title", "nothing"], Some("nothing")),
            (
                &["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
                Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"),
            ),
        ] {
            assert_eq!(list(paths).expect("paths").unknown(types()), unknown);
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in ["", " ", "a b", "a,b", "emails[value]", "é", &"a".repeat(PATH_BYTES_MAX + 1)] {
            assert_eq!(list(&[path]), None, "{path:?}");
        }
        assert_eq!(list(&[]), None);
        assert!(list(&["a"; PATHS_MAX]).is_some() && list(&["a"; PATHS_MAX + 1]).is_none());
    }
}
