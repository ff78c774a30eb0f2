//! The reference meaning of a [`ResolvedFilter`]; the SQL of both back ends must agree with it.

use super::{CompareOp, Literal, ResolvedFilter};
use crate::scim::key;
use crate::scim::schema::{Attribute, Place, Target};
use serde_json::{Map, Value};

impl ResolvedFilter {
    /// Whether `resource` is selected. `resource` is rendered in full, its names spelled as in the schema: with `id`,
    /// `meta` and what is computed (`groups`, `members`), as an answer without `attributes` would be.
    pub fn matches(&self, resource: &Map<String, Value>) -> bool {
        self.holds(Subject::Resource(resource))
    }

    /// Whether one element of a multi-valued attribute, or the value of a singular complex one, is selected; for
    /// filters that [`super::Filter::resolve_element`] made.
    pub fn matches_element(&self, element: &Value) -> bool {
        self.holds(Subject::Element(element))
    }

    fn holds(&self, subject: Subject<'_>) -> bool {
        match self {
            Self::Compare { target, op, literal } => compare(subject, target, *op, literal),
            Self::Present(target) => subject.values(target).into_iter().any(is_present),
            Self::Element { target, filter } => {
                subject.values(target).into_iter().any(|element| filter.holds(Subject::Element(element)))
            }
            Self::Not(filter) => !filter.holds(subject),
            Self::And(filters) => filters.iter().all(|filter| filter.holds(subject)),
            Self::Or(filters) => filters.iter().any(|filter| filter.holds(subject)),
            Self::Constant(value) => *value,
        }
    }
}

/// What the names of a filter are looked up in.
#[derive(Clone, Copy)]
enum Subject<'v> {
    Resource(&'v Map<String, Value>),
    Element(&'v Value),
}

impl<'v> Subject<'v> {
    /// All values that `target` has here, lists taken apart; empty if it is unassigned.
    fn values(self, target: &Target) -> Vec<&'v Value> {
        let name = target.attribute.name.as_str();
        let value = match (self, &target.place) {
            (Self::Resource(resource), Place::Core) => resource.get(name),
            (Self::Resource(resource), Place::Extension(urn)) => resource.get(&**urn).and_then(|container| container.get(name)),
            // The element of a simple attribute is the value itself.
            (Self::Element(element), Place::Element) => element.as_object().map_or(Some(element), |object| object.get(name)),
            (Self::Resource(_), Place::Element) | (Self::Element(_), Place::Core | Place::Extension(_)) => None,
        };
        let values = elements(value);
        match &target.sub {
            None => values,
            Some(sub) => values.into_iter().flat_map(|value| elements(value.get(&sub.name))).collect(),
        }
    }
}

/// The elements of a list, or the one value; null is no value.
fn elements(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(elements)) => elements.iter().filter(|element| !element.is_null()).collect(),
        Some(value) => vec![value],
    }
}

fn compare(subject: Subject<'_>, target: &Target, op: CompareOp, literal: &Literal) -> bool {
    if op == CompareOp::Ne {
        return !compare(subject, target, CompareOp::Eq, literal);
    }
    let values = subject.values(target);
    // An element without `primary` is not the primary one (S-2.4-03).
    if values.is_empty() && target.place == Place::Element && target.attribute.name == "primary" {
        return op == CompareOp::Eq && *literal == Literal::Boolean(false);
    }
    values.into_iter().any(|value| relates(value, target.leaf(), op, literal))
}

/// Whether `value op literal`; a value of another type than the attribute's relates to nothing.
fn relates(value: &Value, attribute: &Attribute, op: CompareOp, literal: &Literal) -> bool {
    match literal {
        Literal::Text(literal) => value.as_str().is_some_and(|text| {
            let text = key::key(attribute, text);
            match op {
                CompareOp::Co => text.contains(literal.as_str()),
                CompareOp::Sw => text.starts_with(literal.as_str()),
                CompareOp::Ew => text.ends_with(literal.as_str()),
                CompareOp::Eq | CompareOp::Ne | CompareOp::Gt | CompareOp::Ge | CompareOp::Lt | CompareOp::Le => {
                    ordered(text.as_str(), op, literal.as_str())
                }
            }
        }),
        Literal::Boolean(literal) => value.as_bool().is_some_and(|value| ordered(&value, op, literal)),
        Literal::Number(literal) => value.as_f64().is_some_and(|value| ordered(&value, op, literal)),
        Literal::Instant(literal) => {
            value.as_str().and_then(key::date_time).is_some_and(|instant| ordered(&instant, op, literal))
        }
    }
}

fn ordered<T: PartialOrd + ?Sized>(value: &T, op: CompareOp, literal: &T) -> bool {
    match op {
        CompareOp::Eq => value == literal,
        CompareOp::Ne => value != literal,
        CompareOp::Gt => value > literal,
        CompareOp::Ge => value >= literal,
        CompareOp::Lt => value < literal,
        CompareOp::Le => value <= literal,
        // Only strings have parts (D-38).
        CompareOp::Co | CompareOp::Sw | CompareOp::Ew => false,
    }
}

/// Whether a value is one that `pr` counts (D-36): not "", and of a complex value any part.
fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => elements.iter().any(is_present),
        Value::Object(parts) => parts.values().any(is_present),
    }
}
