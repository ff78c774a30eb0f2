//! Attributes whose values are to stand in no URL, as servers and proxies write URLs down (RFC 7644 §7.5.2).

use super::{AttrPath, Filter};
use crate::scim::schema::path::Resolved;
use crate::scim::schema::{AttributeList, ResourceType, Target};
use crate::scim::{ErrorKind, ScimError};

/// Refuses a filter that names one of these attributes, or one of their sub-attributes, on resources of this type.
///
/// # Errors
/// `sensitive`
pub fn check(sensitive: &AttributeList, filter: &Filter, resource_type: &ResourceType) -> Result<(), ScimError> {
    let targets = sensitive.meant(resource_type);
    if targets.is_empty() { Ok(()) } else { walk(filter, &targets, &|path| attribute(resource_type, path)) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::filter::FilterOptions;
    use crate::scim::schema::Registry;

    const NUMBER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber";

    #[track_caller]
    fn check(sensitive: &[&str], refused: &[&str], allowed: &[&str]) {
        let registry = Registry::built_in();
        let user = registry.resource_type("User").expect("is built in");
        let sensitive = AttributeList::new(sensitive.iter().map(|path| (*path).to_owned()).collect()).expect("paths");
        let options = FilterOptions { value_path_suffix: true, ..FilterOptions::default() };
        for (texts, is_refused) in [(refused, true), (allowed, false)] {
            for text in texts {
                let filter = Filter::parse(text, &options).expect("parses");
                let judged = super::check(&sensitive, &filter, user).err().map(|error| error.kind);
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
}
