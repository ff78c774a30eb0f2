//! Lists of attributes, as operators give them in the settings of a Directory.

use super::path::{Resolved, resolve, resolve_all};
use super::{ResourceType, Target};
use serde::Serialize;

/// How many there may be.
pub const PATHS_MAX: usize = 100;

/// The longest path, in bytes.
const PATH_BYTES_MAX: usize = 512;

/// What such a setting takes, for people.
pub const EXPECTED: &str = "a list of 1 to 100 attributes such as emails.value, phoneNumbers, or urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber";

/// A list of attributes, as RFC 7644 §3.10 writes them. One that is complex stands for all of its sub-attributes too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AttributeList(Vec<String>);

impl AttributeList {
    /// A list of these; `None` if one of them is no path, or if there are none or too many.
    pub fn new(paths: Vec<String>) -> Option<Self> {
        let is_path = |path: &String| {
            (1..=PATH_BYTES_MAX).contains(&path.len())
                && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$-_.:".contains(&byte))
        };
        ((1..=PATHS_MAX).contains(&paths.len()) && paths.iter().all(is_path)).then_some(Self(paths))
    }

    /// The first that can mean an attribute of none of these types.
    pub fn unknown<'a>(&self, resource_types: impl Iterator<Item = &'a ResourceType> + Clone) -> Option<&str> {
        let is_known = |path: &str| resource_types.clone().any(|resource_type| !resolve_all(path, resource_type).is_empty());
        self.0.iter().map(String::as_str).find(|path| !is_known(path))
    }

    /// The first that names no one attribute of any of these types: it is unknown, or one of several.
    pub fn unnamed<'a>(&self, resource_types: impl Iterator<Item = &'a ResourceType> + Clone) -> Option<&str> {
        let names = |path: &str| {
            resource_types.clone().any(|resource_type| matches!(resolve(path, resource_type), Some(Resolved::Attribute(_))))
        };
        self.0.iter().map(String::as_str).find(|path| !names(path))
    }

    /// The attributes of a type that the list names. A name without a URN names one attribute, as everywhere (D-43).
    pub fn named(&self, resource_type: &ResourceType) -> Vec<Target> {
        let named = |path: &String| match resolve(path, resource_type) {
            Some(Resolved::Attribute(target)) => Some(target),
            Some(Resolved::Container(_)) | None => None,
        };
        self.0.iter().filter_map(named).collect()
    }

    /// The attributes of a type that the list may mean. A name without a URN means every attribute of that name: an extension that
    /// comes later and has the name too takes nothing off the list.
    pub fn meant(&self, resource_type: &ResourceType) -> Vec<Target> {
        self.0.iter().flat_map(|path| resolve_all(path, resource_type)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::schema::Registry;

    const NUMBER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber";

    fn list(paths: &[&str]) -> Option<AttributeList> {
        AttributeList::new(paths.iter().map(|path| (*path).to_owned()).collect())
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
