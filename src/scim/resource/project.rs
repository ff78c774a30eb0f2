//! What of a resource an answer shows (RFC 7644 §3.4.2.5, §3.9; RFC 7643 §7 `returned`).

use crate::scim::ScimError;
use crate::scim::schema::path::Resolved;
use crate::scim::schema::{Attribute, Mutability, Place, ResourceType, Returned, Target};
use serde_json::{Map, Value};
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// The parameters `attributes` and `excludedAttributes` as a client sent them, before anybody knows the resource type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectionRequest {
    attributes: Vec<String>,
    excluded: Vec<String>,
}

impl ProjectionRequest {
    /// Reads the query parameters: names between commas. A parameter without a name counts as absent (D-47). Of
    /// `emails[type eq "work"]`, outside the RFC's grammar, the part before the bracket counts.
    ///
    /// # Errors
    /// `invalidValue` if both are given: they exclude each other (D-48).
    pub fn parse(attributes: Option<&str>, excluded: Option<&str>) -> Result<Self, ScimError> {
        Self::from_lists(attributes.map(split_names).unwrap_or_default(), excluded.map(split_names).unwrap_or_default())
    }

    /// Takes the lists of a SearchRequest.
    ///
    /// # Errors
    /// As [`ProjectionRequest::parse`].
    pub fn from_lists<'a>(
        attributes: impl IntoIterator<Item = &'a str>,
        excluded: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ScimError> {
        let request = Self { attributes: names(attributes), excluded: names(excluded) };
        if !request.attributes.is_empty() && !request.excluded.is_empty() {
            return Err(ScimError::invalid_value("attributes and excludedAttributes exclude each other; send one of them"));
        }
        Ok(request)
    }

    /// Finds what the names mean for `resource_type`. Unknown names are left out (D-48); a list of unknown names only still
    /// asks for the minimum.
    pub fn resolve(&self, resource_type: &ResourceType) -> Projection {
        let choice = match (self.attributes.is_empty(), self.excluded.is_empty()) {
            (true, true) => Choice::Default,
            (false, _) => Choice::Only(select(&self.attributes, resource_type)),
            (true, false) => Choice::Except(select(&self.excluded, resource_type)),
        };
        let top_level = resource_type.common.iter().chain(&resource_type.schema.attributes).cloned().collect();
        Projection { choice, top_level }
    }
}

/// Which attributes of one resource type an answer shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    choice: Choice,
    /// The common attributes and those of the base schema.
    top_level: Vec<Arc<Attribute>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    Default,
    Only(Vec<Selected>),
    Except(Vec<Selected>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Selected {
    Attribute(Target),
    /// All attributes of the base schema, or the whole container of an extension.
    Container(Place),
}

impl Projection {
    /// Whether the client asked for nothing in particular.
    pub fn is_default(&self) -> bool {
        self.choice == Choice::Default
    }

    /// Whether the answer shows anything of the top-level attribute called `name`, as spelled in the schema; if not, nobody
    /// needs to compute it.
    pub fn wants(&self, name: &str) -> bool {
        let attribute = self.top_level.iter().find(|attribute| attribute.name == name);
        attribute.is_some_and(|attribute| self.shows(&Place::Core, attribute, &[]))
    }

    /// Takes out of a whole resource what the answer does not show: `writeOnly` attributes and those returned never in any case
    /// (S-7-16), those returned always in no case.
    ///
    /// `requested_by_write` names what the client itself just wrote, as [`Target::name`] does: of attributes returned on request, an
    /// answer to a write shows those (D-49). Empty for reads.
    pub fn apply(&self, resource: &mut Map<String, Value>, resource_type: &ResourceType, requested_by_write: &[String]) {
        if self.is_default() && resource_type.default_projection_is_identity() {
            return;
        }
        resource.retain(|key, value| {
            if let Some(attribute) = self.top_level.iter().find(|attribute| attribute.name == *key) {
                return self.keep(&Place::Core, attribute, value, requested_by_write);
            }
            let Some(extension) = resource_type.extension(key) else { return false };
            let Value::Object(container) = value else { return false };
            let place = Place::Extension(extension.schema.id.clone());
            container.retain(|key, value| {
                let attribute = extension.schema.attributes.iter().find(|attribute| attribute.name == *key);
                attribute.is_some_and(|attribute| self.keep(&place, attribute, value, requested_by_write))
            });
            !container.is_empty()
        });
    }

    /// Whether the attribute stays; takes its hidden sub-attributes out.
    fn keep(&self, place: &Place, attribute: &Attribute, value: &mut Value, written: &[String]) -> bool {
        if !self.shows(place, attribute, written) {
            return false;
        }
        let prune = |value: &mut Value| match value {
            Value::Object(object) if attribute.is_complex() => {
                object.retain(|key, _| {
                    let sub = attribute.sub_attributes.iter().find(|sub| sub.name == *key);
                    sub.is_some_and(|sub| self.shows_sub(place, attribute, sub, written))
                });
                !object.is_empty()
            }
            _ => true,
        };
        match value {
            Value::Array(elements) => {
                elements.retain_mut(prune);
                !elements.is_empty()
            }
            single => prune(single),
        }
    }

    fn shows(&self, place: &Place, attribute: &Attribute, written: &[String]) -> bool {
        if attribute.mutability == Mutability::WriteOnly {
            return false;
        }
        match (attribute.returned, &self.choice) {
            (Returned::Always, _) => true,
            (Returned::Never, _) => false,
            (Returned::Default | Returned::Request, Choice::Only(selected)) => {
                selected.iter().any(|selected| selected.touches(place, attribute))
            }
            (Returned::Default, Choice::Default) => true,
            (Returned::Default, Choice::Except(selected)) => {
                !selected.iter().any(|selected| selected.is_all_of(place, attribute))
            }
            (Returned::Request, Choice::Default) => is_written(written, place, attribute, None),
            (Returned::Request, Choice::Except(selected)) => {
                is_written(written, place, attribute, None)
                    && !selected.iter().any(|selected| selected.is_all_of(place, attribute))
            }
        }
    }

    /// Whether a sub-attribute is shown, given that its attribute is.
    fn shows_sub(&self, place: &Place, attribute: &Attribute, sub: &Attribute, written: &[String]) -> bool {
        if sub.mutability == Mutability::WriteOnly {
            return false;
        }
        let names_it = |selected: &[Selected]| selected.iter().any(|selected| selected.is_sub(place, attribute, sub));
        match (sub.returned, &self.choice) {
            (Returned::Always, _) => true,
            (Returned::Never, _) => false,
            (Returned::Default, Choice::Default) => true,
            (Returned::Default, Choice::Only(selected)) => {
                let is_narrowed = selected.iter().any(|selected| selected.touches(place, attribute));
                let is_whole = selected.iter().any(|selected| selected.is_all_of(place, attribute));
                is_whole || !is_narrowed || names_it(selected)
            }
            (Returned::Default, Choice::Except(selected)) => !names_it(selected),
            (Returned::Request, Choice::Default) => is_written(written, place, attribute, Some(sub)),
            (Returned::Request, Choice::Only(selected)) => names_it(selected),
            (Returned::Request, Choice::Except(selected)) => {
                is_written(written, place, attribute, Some(sub)) && !names_it(selected)
            }
        }
    }
}

impl Selected {
    /// Whether it names the attribute, part of it, or the container that it is in.
    fn touches(&self, place: &Place, attribute: &Attribute) -> bool {
        match self {
            Self::Attribute(target) => target.place == *place && target.attribute.name == attribute.name,
            Self::Container(container) => container == place,
        }
    }

    fn is_all_of(&self, place: &Place, attribute: &Attribute) -> bool {
        self.touches(place, attribute) && !matches!(self, Self::Attribute(target) if target.sub.is_some())
    }

    fn is_sub(&self, place: &Place, attribute: &Attribute, sub: &Attribute) -> bool {
        self.touches(place, attribute)
            && matches!(self, Self::Attribute(Target { sub: Some(named), .. }) if named.name == sub.name)
    }
}

/// Splits at commas outside brackets and quotes.
fn split_names(list: &str) -> Vec<&str> {
    let mut in_brackets = false;
    let mut in_quotes = false;
    let is_end = |character: char| {
        match character {
            '"' if in_brackets => in_quotes = !in_quotes,
            '[' if !in_quotes => in_brackets = true,
            ']' if !in_quotes => in_brackets = false,
            _ => {}
        }
        character == ',' && !in_brackets
    };
    list.split(is_end).collect()
}

fn names<'a>(list: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    list.into_iter()
        .map(|name| name.split('[').next().unwrap_or_default().trim())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn select(names: &[String], resource_type: &ResourceType) -> Vec<Selected> {
    let mut selected = Vec::new();
    for name in names {
        let found = match resource_type.resolve(name) {
            Some(Resolved::Attribute(target)) => Selected::Attribute(target),
            Some(Resolved::Container(urn)) if urn == resource_type.schema.id => Selected::Container(Place::Core),
            Some(Resolved::Container(urn)) => Selected::Container(Place::Extension(urn)),
            None => continue,
        };
        // Each once, so that a long list costs no more than the schema is large.
        if !selected.contains(&found) {
            selected.push(found);
        }
    }
    selected
}

fn is_written(written: &[String], place: &Place, attribute: &Attribute, sub: Option<&Attribute>) -> bool {
    let urn = match place {
        Place::Extension(urn) => Some(urn),
        Place::Core | Place::Element => None,
    };
    written.iter().any(|name| {
        let local = match urn {
            Some(urn) => name.strip_prefix(&**urn).and_then(|rest| rest.strip_prefix(':')),
            None => Some(name.as_str()),
        };
        let Some(rest) = local.and_then(|local| local.strip_prefix(attribute.name.as_str())) else { return false };
        // The whole attribute was written, or of it the part that is asked for.
        rest.is_empty() || rest.strip_prefix('.').is_some_and(|part| sub.is_none_or(|sub| sub.name == part))
    })
}
