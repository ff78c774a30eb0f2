//! [`Filter`] to [`ResolvedFilter`]: names become attributes, literals become comparison keys (D-34 to D-43, D-07).

use super::{AttrPath, CompValue, CompareOp, Filter, Literal, ResolvedFilter};
use crate::scim::key;
use crate::scim::schema::path::Resolved;
use crate::scim::schema::{Attribute, AttributeType, Place, ResourceType, Target};
use crate::scim::{ErrorKind, ScimError, Tolerance};
use std::sync::Arc;

/// What a name means that the resource type does not define (D-40).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undefined {
    /// An error: on the endpoint of one type, selecting everything or nothing would mislead the client.
    Refused,
    /// An attribute without a value: in a search over several types, of which another may define it.
    Unassigned,
}

impl Filter {
    /// What the filter means for resources of `resource_type`, on the endpoint of that type.
    ///
    /// # Errors
    /// - `invalidFilter`: a name is no attribute of the type, or an operator or literal does not fit its attribute; decided by
    ///   the schema, not by the data
    /// - `sensitive`: an attribute that is never returned, such as `password` (D-42); invalidFilter where the filter
    ///   stands in a body
    pub fn resolve(&self, resource_type: &ResourceType, tolerance: &Tolerance) -> Result<ResolvedFilter, ScimError> {
        self.resolve_with(resource_type, tolerance, Undefined::Refused)
    }

    /// What the filter means for resources of `resource_type`, where `undefined` says what an unknown name is.
    ///
    /// # Errors
    /// As [`Filter::resolve`].
    pub fn resolve_with(
        &self,
        resource_type: &ResourceType,
        tolerance: &Tolerance,
        undefined: Undefined,
    ) -> Result<ResolvedFilter, ScimError> {
        let names = Names::Resource(resource_type);
        Resolver { tolerance, undefined, text: "filter" }.filter(self, &names)
    }

    /// What the filter means for each of `resource_types`, in a search over all of them (D-40): a name that some types do not
    /// define has no value there.
    ///
    /// # Errors
    /// As [`Filter::resolve`]; `invalidFilter` also if a name is unknown to all of them.
    pub fn resolve_among(
        &self,
        resource_types: &[Arc<ResourceType>],
        tolerance: &Tolerance,
    ) -> Result<Vec<ResolvedFilter>, ScimError> {
        let names: Vec<Names<'_>> = resource_types.iter().map(|resource_type| Names::Resource(resource_type)).collect();
        let resolver = Resolver { tolerance, undefined: Undefined::Unassigned, text: "filter" };
        resolver.check_known_to_any(self, &names)?;
        names.iter().map(|names| resolver.filter(self, names)).collect()
    }

    /// What the filter means for one element of `attribute`, as it stands inside `[ ]` of a PATCH path.
    ///
    /// All targets of the result have [`Place::Element`]; use it with [`ResolvedFilter::matches_element`].
    ///
    /// # Errors
    /// `invalidFilter`, `sensitive` as [`Filter::resolve`]; `invalidFilter` also if `attribute` takes no value filter: a
    /// sub-attribute, or a simple attribute with a single value.
    pub fn resolve_element(&self, attribute: &Target, tolerance: &Tolerance) -> Result<ResolvedFilter, ScimError> {
        if attribute.attribute.is_secret() {
            return Err(ScimError::new(ErrorKind::Sensitive, format!("{} cannot be filtered by", attribute.name())));
        }
        let names = Names::element_of(attribute)
            .ok_or_else(|| ScimError::invalid_filter(format!("{} takes no value filter", attribute.name())))?;
        Resolver { tolerance, undefined: Undefined::Refused, text: "path" }.filter(self, &names)
    }
}

/// Where names are looked up.
enum Names<'a> {
    Resource(&'a ResourceType),
    /// Inside `[ ]`: the sub-attributes of a complex attribute.
    SubAttributes(Arc<Attribute>),
    /// Inside `[ ]` of a multi-valued simple attribute: `value` is the element itself.
    Value(Arc<Attribute>),
}

impl Names<'_> {
    /// The names inside `[ ]` after `target`. `None`: it takes no value filter.
    fn element_of(target: &Target) -> Option<Names<'static>> {
        let attribute = &target.attribute;
        if target.sub.is_some() {
            None
        } else if attribute.is_complex() {
            Some(Names::SubAttributes(attribute.clone()))
        } else if attribute.multi_valued {
            Some(Names::Value(Arc::new(Attribute { multi_valued: false, ..(**attribute).clone() })))
        } else {
            None
        }
    }

    fn find(&self, path: &AttrPath) -> Option<Resolved> {
        let attribute = match self {
            Self::Resource(resource_type) => return resource_type.resolve(&path.text),
            Self::SubAttributes(parent) => parent.sub_attribute(&path.text)?,
            Self::Value(attribute) => path.text.eq_ignore_ascii_case("value").then_some(attribute)?,
        };
        Some(Resolved::Attribute(Target { place: Place::Element, attribute: attribute.clone(), sub: None }))
    }

    /// Whose names they are, for messages.
    fn owner(&self) -> &str {
        match self {
            Self::Resource(resource_type) => &resource_type.name,
            Self::SubAttributes(attribute) | Self::Value(attribute) => &attribute.name,
        }
    }
}

struct Resolver<'a> {
    tolerance: &'a Tolerance,
    undefined: Undefined,
    /// What positions count in: the filter, or the path that holds it.
    text: &'static str,
}

impl Resolver<'_> {
    fn filter(&self, filter: &Filter, names: &Names<'_>) -> Result<ResolvedFilter, ScimError> {
        match filter {
            Filter::And(terms) => self.all(terms, names).map(ResolvedFilter::And),
            Filter::Or(terms) => self.all(terms, names).map(ResolvedFilter::Or),
            Filter::Not(inner) => self.filter(inner, names).map(negated),
            Filter::Present(path) => self.present(path, names),
            Filter::Compare { path, op: CompareOp::Eq, value: CompValue::Null } => self.present(path, names).map(negated),
            Filter::Compare { path, op: CompareOp::Ne, value: CompValue::Null } => self.present(path, names),
            Filter::Compare { path, op, value } => self.compare(path, *op, value, names),
            Filter::ValuePath { path, filter } => self.value_path(path, filter, names),
        }
    }

    fn all(&self, terms: &[Filter], names: &Names<'_>) -> Result<Vec<ResolvedFilter>, ScimError> {
        let mut resolved = Vec::with_capacity(terms.len());
        for term in terms {
            resolved.push(self.filter(term, names)?);
        }
        Ok(resolved)
    }

    fn present(&self, path: &AttrPath, names: &Names<'_>) -> Result<ResolvedFilter, ScimError> {
        Ok(match self.find(path, names)? {
            None => ResolvedFilter::Constant(false),
            Some(Resolved::Attribute(target)) => ResolvedFilter::Present(target),
            Some(Resolved::Container(urn)) => self.container_present(path, &urn, names)?,
        })
    }

    /// An extension is present if any of its attributes is.
    fn container_present(&self, path: &AttrPath, urn: &Arc<str>, names: &Names<'_>) -> Result<ResolvedFilter, ScimError> {
        let Names::Resource(resource_type) = names else { return Err(self.not_an_attribute(path)) };
        let extension = resource_type.extension(urn).ok_or_else(|| self.not_an_attribute(path))?;
        let place = Place::Extension(extension.schema.id.clone());
        let readable = extension.schema.attributes.iter().filter(|attribute| !attribute.is_secret());
        let present: Vec<ResolvedFilter> = readable
            .map(|attribute| Target { place: place.clone(), attribute: attribute.clone(), sub: None })
            .map(ResolvedFilter::Present)
            .collect();
        Ok(if present.is_empty() { ResolvedFilter::Constant(false) } else { ResolvedFilter::Or(present) })
    }

    fn compare(&self, path: &AttrPath, op: CompareOp, value: &CompValue, names: &Names<'_>) -> Result<ResolvedFilter, ScimError> {
        let mut target = match self.find(path, names)? {
            None => return Ok(ResolvedFilter::Constant(op == CompareOp::Ne)),
            Some(Resolved::Attribute(target)) => target,
            Some(Resolved::Container(_)) => return Err(self.not_an_attribute(path)),
        };
        if target.sub.is_none() && target.attribute.is_complex() {
            target.sub = target.attribute.sub_attribute("value").cloned();
            self.check_readable(path, &target)?;
        }
        let leaf = target.leaf().clone();
        if leaf.is_complex() {
            return Err(self.invalid(path, format!("{} is complex; name one of its sub-attributes", target.name())));
        }
        if !allows(leaf.attribute_type, op) {
            return Err(self.invalid(path, format!("{op} does not apply to {}, which is {}", target.name(), kind(&leaf))));
        }
        let literal = self.literal(&leaf, value).ok_or_else(|| {
            self.invalid(path, format!("{} is {}; compare it with {}", target.name(), kind(&leaf), expected(&leaf)))
        })?;
        let defaulted = defaulted_primary(&target, op, &literal);
        let spelled = self.spelled(&target, op, value, &literal);
        let compared = ResolvedFilter::Compare { target, op, literal };
        Ok(match (defaulted, spelled) {
            (Some(defaulted), _) => defaulted,
            (None, Some(spelled)) if op == CompareOp::Ne => ResolvedFilter::And(vec![compared, spelled]),
            (None, Some(spelled)) => ResolvedFilter::Or(vec![compared, spelled]),
            (None, None) => compared,
        })
    }

    /// The same comparison with the one spelling of the literal, if it has another one and values are stored in one: those that
    /// were stored before the Directory wanted it are in their own.
    fn spelled(&self, target: &Target, op: CompareOp, value: &CompValue, literal: &Literal) -> Option<ResolvedFilter> {
        let (CompareOp::Eq | CompareOp::Ne, CompValue::String(text), true) = (op, value, self.tolerance.one_spelling) else {
            return None;
        };
        let leaf = target.leaf();
        let spelled = Literal::Text(key::key(leaf, &leaf.spelling?.spell(text)));
        (spelled != *literal).then(|| ResolvedFilter::Compare { target: target.clone(), op, literal: spelled })
    }

    fn value_path(&self, path: &AttrPath, filter: &Filter, names: &Names<'_>) -> Result<ResolvedFilter, ScimError> {
        let target = match self.find(path, names)? {
            None => return Ok(ResolvedFilter::Constant(false)),
            Some(Resolved::Attribute(target)) => target,
            Some(Resolved::Container(_)) => return Err(self.not_an_attribute(path)),
        };
        let names =
            Names::element_of(&target).ok_or_else(|| self.invalid(path, format!("{} takes no value filter", target.name())))?;
        let filter = Box::new(self.filter(filter, &names)?);
        Ok(ResolvedFilter::Element { target, filter })
    }

    /// The attribute that `path` names; `None` if it is unknown and may be.
    fn find(&self, path: &AttrPath, names: &Names<'_>) -> Result<Option<Resolved>, ScimError> {
        match (names.find(path), self.undefined) {
            (Some(Resolved::Attribute(target)), _) => {
                self.check_readable(path, &target)?;
                Ok(Some(Resolved::Attribute(target)))
            }
            (Some(container), _) => Ok(Some(container)),
            (None, Undefined::Unassigned) => Ok(None),
            (None, Undefined::Refused) => Err(self.unknown(path, names.owner())),
        }
    }

    /// Nothing may be learnt of an attribute that is never returned (D-42).
    fn check_readable(&self, path: &AttrPath, target: &Target) -> Result<(), ScimError> {
        if target.attribute.is_secret() || target.sub.as_ref().is_some_and(|sub| sub.is_secret()) {
            let detail = format!("{} position {}: {} cannot be filtered by", self.text, path.position, target.name());
            return Err(ScimError::new(ErrorKind::Sensitive, detail));
        }
        Ok(())
    }

    fn literal(&self, attribute: &Attribute, value: &CompValue) -> Option<Literal> {
        match (attribute.attribute_type, value) {
            (AttributeType::String | AttributeType::Reference | AttributeType::Binary, CompValue::String(text)) => {
                Some(Literal::Text(key::key(attribute, text)))
            }
            (AttributeType::DateTime, CompValue::String(text)) => key::date_time(text).map(Literal::Instant),
            (AttributeType::Integer | AttributeType::Decimal, CompValue::Number(number)) => number.as_f64().map(Literal::Number),
            (AttributeType::Boolean, CompValue::Boolean(value)) => Some(Literal::Boolean(*value)),
            (AttributeType::Boolean, CompValue::String(text)) if self.tolerance.coerce_boolean_strings => {
                [true, false].into_iter().find(|value| text.eq_ignore_ascii_case(&value.to_string())).map(Literal::Boolean)
            }
            _ => None,
        }
    }

    /// An error unless each name of `filter` is known in at least one of `places`.
    fn check_known_to_any(&self, filter: &Filter, places: &[Names<'_>]) -> Result<(), ScimError> {
        let known = |path: &AttrPath| {
            let found = places.iter().any(|names| names.find(path).is_some());
            if found {
                Ok(())
            } else {
                Err(self.invalid(path, format!("no resource type has the attribute {}", path.text)).naming(&path.text))
            }
        };
        match filter {
            Filter::And(terms) | Filter::Or(terms) => terms.iter().try_for_each(|term| self.check_known_to_any(term, places)),
            Filter::Not(inner) => self.check_known_to_any(inner, places),
            Filter::Present(path) | Filter::Compare { path, .. } => known(path),
            Filter::ValuePath { path, filter } => {
                known(path)?;
                let elements: Vec<Names<'_>> = places
                    .iter()
                    .filter_map(|names| match names.find(path)? {
                        Resolved::Attribute(target) => Names::element_of(&target),
                        Resolved::Container(_) => None,
                    })
                    .collect();
                // A type that defines the attribute and takes no value filter on it says so itself.
                if elements.is_empty() { Ok(()) } else { self.check_known_to_any(filter, &elements) }
            }
        }
    }

    fn unknown(&self, path: &AttrPath, owner: &str) -> ScimError {
        self.invalid(path, format!("{owner} has no attribute {}", path.text)).naming(&path.text)
    }

    fn not_an_attribute(&self, path: &AttrPath) -> ScimError {
        self.invalid(path, format!("{} is a schema, not an attribute", path.text)).naming(&path.text)
    }

    fn invalid(&self, path: &AttrPath, problem: String) -> ScimError {
        ScimError::invalid_filter(format!("{} position {}: {problem}", self.text, path.position))
    }
}

fn negated(filter: ResolvedFilter) -> ResolvedFilter {
    ResolvedFilter::Not(Box::new(filter))
}

/// `emails.primary eq false` means some element, as `emails[primary eq false]` does: an element without `primary` is
/// one (S-2.4-03), which only a look at the whole element shows. `None` for everything else.
fn defaulted_primary(target: &Target, op: CompareOp, literal: &Literal) -> Option<ResolvedFilter> {
    let sub = target.sub.as_ref()?;
    if !target.attribute.multi_valued || sub.name != "primary" || *literal != Literal::Boolean(false) {
        return None;
    }
    let primary = Target { place: Place::Element, attribute: sub.clone(), sub: None };
    let equal = ResolvedFilter::Compare { target: primary, op: CompareOp::Eq, literal: literal.clone() };
    let element = ResolvedFilter::Element { target: Target { sub: None, ..target.clone() }, filter: Box::new(equal) };
    Some(if op == CompareOp::Ne { negated(element) } else { element })
}

/// The matrix of D-38; what holds for the type holds whatever the data.
fn allows(attribute_type: AttributeType, op: CompareOp) -> bool {
    let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
    let order = matches!(op, CompareOp::Gt | CompareOp::Ge | CompareOp::Lt | CompareOp::Le);
    match attribute_type {
        AttributeType::String | AttributeType::Reference => true,
        AttributeType::Integer | AttributeType::Decimal | AttributeType::DateTime => equality || order,
        AttributeType::Boolean | AttributeType::Binary => equality,
        AttributeType::Complex => false,
    }
}

fn kind(attribute: &Attribute) -> &'static str {
    match attribute.attribute_type {
        AttributeType::String => "a string",
        AttributeType::Boolean => "a boolean",
        AttributeType::Decimal => "a decimal",
        AttributeType::Integer => "an integer",
        AttributeType::DateTime => "a dateTime",
        AttributeType::Reference => "a reference",
        AttributeType::Binary => "binary",
        AttributeType::Complex => "complex",
    }
}

fn expected(attribute: &Attribute) -> &'static str {
    match attribute.attribute_type {
        AttributeType::String | AttributeType::Reference | AttributeType::Binary => "a string in double quotes",
        AttributeType::Boolean => "true or false",
        AttributeType::Decimal | AttributeType::Integer => "a number",
        AttributeType::DateTime => "a time such as \"2011-05-13T04:42:34Z\"",
        AttributeType::Complex => "nothing",
    }
}
