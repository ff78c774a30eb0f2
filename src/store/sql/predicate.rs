//! A filter as a condition on a row: complete by itself, whatever index helps.

use super::compare::{self, Test, truth, unsupported};
use super::compiler::{Compiler, join, quote};
use super::json::Json;
use super::reference::{self, Edge, Side};
use crate::scim::filter::{CompareOp, Literal, ResolvedFilter};
use crate::scim::key::key;
use crate::scim::schema::{Attribute, AttributeType, Place, Target};
use crate::store::StoreError;

/// The condition under which the resource in row `r` matches.
pub(super) fn condition(compiler: &mut Compiler<'_>, filter: &ResolvedFilter) -> Result<String, StoreError> {
    in_scope(compiler, &Scope::Resource, filter)
}

/// Of what the targets of a filter are attributes.
#[derive(Debug)]
pub(super) enum Scope<'s> {
    /// Of the resource in row `r`.
    Resource,
    /// Of the resource's `meta`, in `meta[…]`.
    Meta,
    /// Of one element of `attribute`.
    Element { json: Json, attribute: &'s Attribute },
    /// Of one membership.
    Membership(&'s Edge),
}

/// Where the facts behind a top-level attribute are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Location {
    /// The id of the row.
    Id,
    /// Columns of the row.
    Meta,
    /// Rows of `members`.
    Membership(Side),
    /// The key document.
    Keys,
    /// The key document, where clients wrote it, and rows of `members`.
    KeysAndMembership(Side),
}

/// Where the attribute of a top-level target is kept.
pub(super) fn location(compiler: &Compiler<'_>, target: &Target) -> Location {
    let is = |other: &Option<std::sync::Arc<Attribute>>| other.as_ref().is_some_and(|other| other.name == target.attribute.name);
    match &target.place {
        Place::Extension(_) | Place::Element => Location::Keys,
        Place::Core if target.attribute.name == "id" => Location::Id,
        Place::Core if target.attribute.name == "meta" => Location::Meta,
        Place::Core if is(&compiler.resource_type.membership) => Location::Membership(Side::Members),
        Place::Core => {
            let member_of = &compiler.resource_type.member_of;
            match member_of.iter().position(|shows| shows.attribute.name == target.attribute.name) {
                Some(place) if member_of.get(place).is_some_and(|shows| shows.written) => {
                    Location::KeysAndMembership(Side::MemberOf(place))
                }
                Some(place) => Location::Membership(Side::MemberOf(place)),
                None => Location::Keys,
            }
        }
    }
}

/// The attribute of a top-level target in the key document of row `r`.
pub(super) fn attribute_in_keys(target: &Target) -> Result<Json, StoreError> {
    let keys = Json::keys_of("r");
    match &target.place {
        Place::Extension(urn) => keys.member(urn)?.member(&target.attribute.name),
        Place::Core | Place::Element => keys.member(&target.attribute.name),
    }
}

/// `meta.version` as text.
pub(super) fn version_text(compiler: &Compiler<'_>, attribute: &Attribute) -> String {
    let prefix = quote(&key(attribute, "W/\""));
    match compiler.dialect {
        super::Dialect::Sqlite => format!("({prefix} || r.version || '\"')"),
        super::Dialect::Postgres => format!("(({prefix} || r.version::text || '\"') COLLATE \"C\")"),
    }
}

/// The condition under which what `scope` stands for matches.
pub(super) fn in_scope(compiler: &mut Compiler<'_>, scope: &Scope<'_>, filter: &ResolvedFilter) -> Result<String, StoreError> {
    match filter {
        ResolvedFilter::Constant(holds) => Ok(truth(*holds).to_owned()),
        ResolvedFilter::Not(filter) => Ok(format!("(NOT {})", in_scope(compiler, scope, filter)?)),
        ResolvedFilter::And(filters) => Ok(join(&all(compiler, scope, filters)?, "AND")),
        ResolvedFilter::Or(filters) => Ok(join(&all(compiler, scope, filters)?, "OR")),
        ResolvedFilter::Compare { target, op: CompareOp::Ne, literal } => {
            Ok(format!("(NOT ({}))", leaf(compiler, scope, target, Test::Compare(CompareOp::Eq, literal))?))
        }
        ResolvedFilter::Compare { target, op, literal } => {
            Ok(format!("({})", leaf(compiler, scope, target, Test::Compare(*op, literal))?))
        }
        ResolvedFilter::Present(target) => Ok(format!("({})", leaf(compiler, scope, target, Test::Present)?)),
        ResolvedFilter::Element { target, filter } => element(compiler, target, filter),
    }
}

fn all(compiler: &mut Compiler<'_>, scope: &Scope<'_>, filters: &[ResolvedFilter]) -> Result<Vec<String>, StoreError> {
    filters.iter().map(|filter| in_scope(compiler, scope, filter)).collect()
}

/// One element for which the whole filter holds.
fn element(compiler: &mut Compiler<'_>, target: &Target, filter: &ResolvedFilter) -> Result<String, StoreError> {
    match location(compiler, target) {
        Location::Id => Err(unsupported(&target.attribute)),
        Location::Meta => in_scope(compiler, &Scope::Meta, filter),
        Location::Membership(side) => membership_element(compiler, side, filter),
        Location::Keys => element_in_keys(compiler, target, filter),
        Location::KeysAndMembership(side) => {
            let written = element_in_keys(compiler, target, filter)?;
            Ok(join(&[written, membership_element(compiler, side, filter)?], "OR"))
        }
    }
}

fn membership_element(compiler: &mut Compiler<'_>, side: Side, filter: &ResolvedFilter) -> Result<String, StoreError> {
    reference::exists(compiler, side, |compiler, edge| in_scope(compiler, &Scope::Membership(edge), filter))
}

fn element_in_keys(compiler: &mut Compiler<'_>, target: &Target, filter: &ResolvedFilter) -> Result<String, StoreError> {
    let json = attribute_in_keys(target)?;
    let attribute = &*target.attribute;
    if attribute.multi_valued {
        let (table, json) = json.elements(compiler);
        let holds = in_scope(compiler, &Scope::Element { json, attribute }, filter)?;
        Ok(compiler.exists(&format!("{table} WHERE {holds}")))
    } else {
        let exists = json.exists(compiler.dialect);
        let holds = in_scope(compiler, &Scope::Element { json, attribute }, filter)?;
        Ok(format!("({exists} AND {holds})"))
    }
}

fn leaf(compiler: &mut Compiler<'_>, scope: &Scope<'_>, target: &Target, test: Test<'_>) -> Result<String, StoreError> {
    match scope {
        Scope::Meta => meta(compiler, &target.attribute, test),
        // No membership is the primary one, so `primary eq false` holds for each.
        Scope::Membership(_) if is_not_primary(&target.attribute, test) => Ok("TRUE".to_owned()),
        Scope::Membership(edge) => reference::membership(compiler, edge, &target.attribute, test),
        Scope::Element { json, attribute } if attribute.is_complex() => element_leaf(compiler, json, attribute, target, test),
        Scope::Element { json, attribute } => compare::json_value(compiler, json, attribute, test),
        Scope::Resource => match (location(compiler, target), &target.sub) {
            (Location::Id, _) => compare::id(compiler, "r.id", &target.attribute, test),
            (Location::Meta, Some(sub)) => meta(compiler, sub, test),
            (Location::Meta, None) => constant_presence(&target.attribute, test),
            (Location::Membership(side), _) => membership(compiler, side, target, test),
            (Location::Keys, _) => in_keys(compiler, target, test),
            (Location::KeysAndMembership(side), _) => {
                let written = in_keys(compiler, target, test)?;
                Ok(join(&[format!("({written})"), membership(compiler, side, target, test)?], "OR"))
            }
        },
    }
}

fn membership(compiler: &mut Compiler<'_>, side: Side, target: &Target, test: Test<'_>) -> Result<String, StoreError> {
    reference::exists(compiler, side, |compiler, edge| match &target.sub {
        Some(sub) => reference::membership(compiler, edge, sub, test),
        None => constant_presence(&target.attribute, test),
    })
}

fn in_keys(compiler: &mut Compiler<'_>, target: &Target, test: Test<'_>) -> Result<String, StoreError> {
    let json = attribute_in_keys(target)?;
    values(compiler, &json, &target.attribute, target.sub.as_deref(), test)
}

/// Whether the test is that an element is not the primary one, which it is also without a value of its own (S-2.4-03).
fn is_not_primary(sub: &Attribute, test: Test<'_>) -> bool {
    let is_primary = sub.name == "primary" && sub.attribute_type == AttributeType::Boolean;
    is_primary && matches!(test, Test::Compare(CompareOp::Eq, Literal::Boolean(false)))
}

/// A sub-attribute inside `[ ]`. An element without `primary` is not primary, so `primary eq false` holds for it.
fn element_leaf(
    compiler: &mut Compiler<'_>,
    json: &Json,
    attribute: &Attribute,
    target: &Target,
    test: Test<'_>,
) -> Result<String, StoreError> {
    let sub = &target.attribute;
    if is_not_primary(sub, test) {
        let holds = value(compiler, json, attribute, Some(sub), Test::Compare(CompareOp::Eq, &Literal::Boolean(true)))?;
        return Ok(format!("NOT ({holds})"));
    }
    value(compiler, json, attribute, Some(sub), test)
}

/// Whether any value of an attribute passes, with `sub` any value of that part of it.
fn values(
    compiler: &mut Compiler<'_>,
    json: &Json,
    attribute: &Attribute,
    sub: Option<&Attribute>,
    test: Test<'_>,
) -> Result<String, StoreError> {
    if !attribute.multi_valued {
        return value(compiler, json, attribute, sub, test);
    }
    let (table, element) = json.elements(compiler);
    let holds = value(compiler, &element, attribute, sub, test)?;
    Ok(compiler.exists(&format!("{table} WHERE {holds}")))
}

/// Whether one value of an attribute passes, with `sub` that part of it. A complex value is present if any part is.
fn value(
    compiler: &mut Compiler<'_>,
    json: &Json,
    attribute: &Attribute,
    sub: Option<&Attribute>,
    test: Test<'_>,
) -> Result<String, StoreError> {
    match sub {
        Some(sub) if reference::is_computed(attribute, sub) => reference::computed(compiler, json, sub, test),
        Some(sub) => values(compiler, &json.member(&sub.name)?, sub, None, test),
        None if attribute.is_complex() => {
            let parts = attribute
                .sub_attributes
                .iter()
                .filter(|sub| !reference::is_computed(attribute, sub))
                .map(|sub| Ok(format!("({})", values(compiler, &json.member(&sub.name)?, sub, None, test)?)))
                .collect::<Result<Vec<_>, StoreError>>()?;
            Ok(join(&parts, "OR"))
        }
        None => compare::json_value(compiler, json, attribute, test),
    }
}

fn meta(compiler: &mut Compiler<'_>, sub: &Attribute, test: Test<'_>) -> Result<String, StoreError> {
    match (sub.name.as_str(), test) {
        ("created", _) => compare::moment(compiler, "r.created", sub, test),
        ("lastModified", _) => compare::moment(compiler, "r.last_modified", sub, test),
        ("resourceType", _) => compare::constant(&key(sub, &compiler.resource_type.name), sub, test),
        (_, Test::Present) => Ok("TRUE".to_owned()),
        ("version", Test::Compare(op, Literal::Text(literal))) => {
            let version = version_text(compiler, sub);
            compare::text(compiler, &version, op, literal).ok_or_else(|| unsupported(sub))
        }
        // The location begins with the address that the request came in by.
        (_, Test::Compare(..)) => Err(unsupported(sub)),
    }
}

/// Of what is there for certain once this is asked: `meta` of a resource, a membership itself.
fn constant_presence(attribute: &Attribute, test: Test<'_>) -> Result<String, StoreError> {
    match test {
        Test::Present => Ok("TRUE".to_owned()),
        Test::Compare(..) => Err(unsupported(attribute)),
    }
}
