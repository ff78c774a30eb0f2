//! What a path selects in a resource type.

use super::apply::PatchContext;
use crate::scim::ScimError;
use crate::scim::filter::{CompValue, CompareOp, Filter, ResolvedFilter, parse_path};
use crate::scim::schema::path::Resolved;
use crate::scim::schema::{Attribute, Place, ResourceType, Target};
use serde_json::{Map, Value};
use std::sync::Arc;

/// What a path selects.
#[derive(Debug, Clone, PartialEq)]
pub enum PatchTarget {
    /// An attribute, maybe some of its elements, maybe a sub-attribute.
    Attribute(AttributeTarget),
    /// All attributes of a schema: the path is its URN (D-43).
    Container(Arc<str>),
    /// The path is well-formed, and the resource type has no such attribute.
    Unknown,
}

/// An attribute, maybe some of its elements, maybe a sub-attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeTarget {
    /// In which object the attribute lies.
    pub place: Place,
    /// The attribute.
    pub attribute: Arc<Attribute>,
    /// Which of its elements: what stands in `[ ]`.
    pub filter: Option<ElementFilter>,
    /// Which of its sub-attributes.
    pub sub: Option<Arc<Attribute>>,
}

/// The filter of a value path, with its text's meaning and as written.
#[derive(Debug, Clone, PartialEq)]
pub struct ElementFilter {
    /// What it means for an element.
    pub resolved: ResolvedFilter,
    /// What it says: the literals in the client's spelling.
    pub syntax: Filter,
}

/// Finds what `path` selects: `name.givenName`, `emails[type eq "work"].value`, `urn:…:User:department`, `urn:…:User`.
///
/// # Errors
/// - `invalidPath`: it does not parse, filters what has no elements, or, where the Directory forbids that (D-96), filters
///   without a sub-attribute behind
/// - `invalidFilter`: the filter does not parse, or does not fit the attribute
pub fn resolve(path: &str, resource_type: &ResourceType, context: &PatchContext<'_>) -> Result<PatchTarget, ScimError> {
    let path = parse_path(path, context.filter)?;
    let target = match resource_type.resolve(&path.attribute.text) {
        Some(Resolved::Attribute(target)) => target,
        Some(Resolved::Container(urn)) if path.filter.is_none() && path.sub.is_none() => return Ok(PatchTarget::Container(urn)),
        Some(Resolved::Container(_)) => return Err(ScimError::invalid_path("a schema URN has no elements and sub-attributes")),
        None => return Ok(PatchTarget::Unknown),
    };
    let Some(syntax) = path.filter else {
        return Ok(PatchTarget::Attribute(AttributeTarget {
            place: target.place,
            attribute: target.attribute,
            filter: None,
            sub: target.sub,
        }));
    };
    let attribute = &target.attribute;
    if target.sub.is_some() || !(attribute.multi_valued || attribute.is_complex()) {
        return Err(ScimError::invalid_path(format!("{} has no elements to filter", target.name())));
    }
    let sub = match &path.sub {
        Some(name) => match attribute.sub_attribute(name) {
            Some(sub) => Some(sub.clone()),
            None => return Ok(PatchTarget::Unknown),
        },
        None if context.tolerance.interop_profile => {
            return Err(ScimError::invalid_path("a filter must be followed by a sub-attribute here"));
        }
        None => None,
    };
    let resolved = syntax.resolve_element(&target, context.tolerance).map_err(ScimError::of_filter_in_body)?;
    let filter = Some(ElementFilter { resolved, syntax });
    Ok(PatchTarget::Attribute(AttributeTarget { place: target.place, attribute: target.attribute, filter, sub }))
}

impl AttributeTarget {
    /// An attribute as a whole.
    pub fn whole(place: Place, attribute: Arc<Attribute>) -> Self {
        Self { place, attribute, filter: None, sub: None }
    }

    /// The name as answers spell it, without the filter: `emails.value`, `urn:…:User:manager`.
    pub fn name(&self) -> String {
        Target { place: self.place.clone(), attribute: self.attribute.clone(), sub: self.sub.clone() }.name()
    }

    /// The name of the attribute, without sub-attribute: `emails`, `urn:…:User:manager`.
    pub fn top_name(&self) -> String {
        Target { place: self.place.clone(), attribute: self.attribute.clone(), sub: None }.name()
    }
}

impl ElementFilter {
    /// The sub-attributes that an element must have so that the filter matches it, if it is `eq` or several `eq` joined by
    /// `and` (D-53): `type eq "work" and primary eq true` is `{"type": "work", "primary": true}`.
    pub fn terms(&self) -> Option<Map<String, Value>> {
        let mut terms = Map::new();
        collect_terms(&self.syntax, &mut terms).then_some(terms)
    }

    /// The values that an element may have so that the filter matches it, if it is `value eq` or several of them joined by
    /// `or`: `value eq "1" or value eq "2"` is 1 and 2.
    pub fn alternatives(&self) -> Option<Vec<String>> {
        let mut values = Vec::new();
        collect_alternatives(&self.syntax, &mut values).then_some(values)
    }
}

/// How many comparisons a filter makes at most. Nesting is bounded by the parser.
pub(super) fn comparisons(filter: &Filter) -> usize {
    match filter {
        Filter::Compare { .. } | Filter::Present(_) => 1,
        Filter::Not(inner) | Filter::ValuePath { filter: inner, .. } => comparisons(inner),
        Filter::And(terms) | Filter::Or(terms) => terms.iter().map(comparisons).sum(),
    }
}

/// Nesting is bounded by the parser.
fn collect_terms(filter: &Filter, terms: &mut Map<String, Value>) -> bool {
    match filter {
        Filter::Compare { path, op: CompareOp::Eq, value } => {
            let value = match value {
                CompValue::Null => return false,
                CompValue::Boolean(boolean) => Value::Bool(*boolean),
                CompValue::Number(number) => Value::Number(number.clone()),
                CompValue::String(text) => Value::String(text.clone()),
            };
            // Two values for one sub-attribute: no element has both.
            let name = path.text.to_ascii_lowercase();
            terms.insert(name, value.clone()).is_none_or(|other| other == value)
        }
        Filter::And(all) => all.iter().all(|term| collect_terms(term, terms)),
        Filter::Compare { .. } | Filter::Present(_) | Filter::ValuePath { .. } | Filter::Not(_) | Filter::Or(_) => false,
    }
}

fn collect_alternatives(filter: &Filter, values: &mut Vec<String>) -> bool {
    match filter {
        Filter::Compare { path, op: CompareOp::Eq, value: CompValue::String(text) } => {
            values.push(text.clone());
            path.text.eq_ignore_ascii_case("value")
        }
        Filter::Or(any) => any.iter().all(|filter| collect_alternatives(filter, values)),
        Filter::Compare { .. } | Filter::Present(_) | Filter::ValuePath { .. } | Filter::Not(_) | Filter::And(_) => false,
    }
}
