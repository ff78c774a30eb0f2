//! Attribute notation (RFC 7644 §3.10) against a resource type: text to [`Target`].

use super::{Attribute, ResourceType};
use std::sync::Arc;

/// In which object of the resource an attribute lies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// At the top level: an attribute of the base schema, or a common one (`id`, `externalId`, `schemas`, `meta`).
    Core,
    /// In the container of an extension, by its URN as registered.
    Extension(Arc<str>),
    /// In one element of a multi-valued attribute, inside `[ ]` of a value path.
    Element,
}

/// What an attribute path names: an attribute, maybe one of its sub-attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where the attribute lies.
    pub place: Place,
    /// The attribute. Inside `[ ]` it is the sub-attribute of the element, and `sub` is `None`;
    /// for a multi-valued simple attribute filtered as `attr[value eq "x"]` it is the attribute itself.
    pub attribute: Arc<Attribute>,
    /// The sub-attribute, for `name.givenName`.
    pub sub: Option<Arc<Attribute>>,
}

impl Target {
    /// The attribute whose value is meant: the sub-attribute if there is one.
    pub fn leaf(&self) -> &Arc<Attribute> {
        self.sub.as_ref().unwrap_or(&self.attribute)
    }

    /// The name as answers spell it: `urn:…:User:manager.displayName`, `name.givenName`, `userName`.
    pub fn name(&self) -> String {
        let mut name = String::new();
        if let Place::Extension(urn) = &self.place {
            name.push_str(urn);
            name.push(':');
        }
        name.push_str(&self.attribute.name);
        if let Some(sub) = &self.sub {
            name.push('.');
            name.push_str(&sub.name);
        }
        name
    }
}

/// What a path names in a resource type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// An attribute or sub-attribute.
    Attribute(Target),
    /// A schema URN alone: the whole container of an extension (D-43), or the base schema's own URN.
    Container(Arc<str>),
}

/// Finds what `path` names in `resource_type`.
///
/// `path` is `name`, `name.sub`, `urn:…:name`, `urn:…:name.sub` or a URN alone, in any letter case. URNs contain dots and
/// colons, so a URN is split off by the longest registered one. An unqualified name is looked up in the base
/// schema, then among the common attributes, then in the extensions if exactly one has it (D-43).
/// `None`: no such attribute.
pub fn resolve(path: &str, resource_type: &ResourceType) -> Option<Resolved> {
    if let Some((urn, rest)) = resource_type.split_urn(path) {
        if rest.is_empty() {
            return Some(Resolved::Container(urn));
        }
        let place = if *urn == *resource_type.schema.id { Place::Core } else { Place::Extension(urn.clone()) };
        let attributes = resource_type.attributes_of(&urn)?;
        let (name, sub) = split_sub(rest);
        return find_in(attributes, name, sub, place)
            .or_else(
                || {
                    if *urn == *resource_type.schema.id { find_in(&resource_type.common, name, sub, Place::Core) } else { None }
                },
            )
            .map(Resolved::Attribute);
    }
    let (name, sub) = split_sub(path);
    let core = in_core(name, sub, resource_type);
    if core.is_some() {
        return core.map(Resolved::Attribute);
    }
    let mut found = in_extensions(name, sub, resource_type);
    match (found.next(), found.next()) {
        (Some(target), None) => Some(Resolved::Attribute(target)),
        _ => None,
    }
}

/// All attributes that `path` may mean, now or once there are other extensions: as [`resolve`], but an unqualified name means each
/// attribute of that name, in the base schema or else among the common attributes, and in every extension.
pub fn resolve_all(path: &str, resource_type: &ResourceType) -> Vec<Target> {
    if resource_type.split_urn(path).is_some() {
        return match resolve(path, resource_type) {
            Some(Resolved::Attribute(target)) => vec![target],
            Some(Resolved::Container(_)) | None => Vec::new(),
        };
    }
    let (name, sub) = split_sub(path);
    in_core(name, sub, resource_type).into_iter().chain(in_extensions(name, sub, resource_type)).collect()
}

fn in_core(name: &str, sub: Option<&str>, resource_type: &ResourceType) -> Option<Target> {
    find_in(&resource_type.schema.attributes, name, sub, Place::Core)
        .or_else(|| find_in(&resource_type.common, name, sub, Place::Core))
}

fn in_extensions<'r>(name: &'r str, sub: Option<&'r str>, resource_type: &'r ResourceType) -> impl Iterator<Item = Target> + 'r {
    resource_type.extensions.iter().filter_map(move |extension| {
        find_in(&extension.schema.attributes, name, sub, Place::Extension(extension.schema.id.clone()))
    })
}

fn split_sub(path: &str) -> (&str, Option<&str>) {
    match path.split_once('.') {
        Some((name, sub)) => (name, Some(sub)),
        None => (path, None),
    }
}

fn find_in(attributes: &[Arc<Attribute>], name: &str, sub: Option<&str>, place: Place) -> Option<Target> {
    let attribute = attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))?;
    let sub = match sub {
        Some(sub) => Some(attribute.sub_attribute(sub)?.clone()),
        None => None,
    };
    Some(Target { place, attribute: attribute.clone(), sub })
}
