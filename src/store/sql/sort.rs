//! Orders. Resources without a value come last ascending and first descending; ties go by id ascending (D-44).

use super::compare;
use super::compiler::Compiler;
use super::json::Json;
use super::predicate::{self, Location};
use super::probe;
use super::reference;
use super::statement::Dialect;
use crate::scim::schema::{Attribute, AttributeType, Place, Target};
use crate::store::{INDEX_VALUE_BYTES_MAX, Sort, StoreError};

/// Characters of a text that its order goes by; those that begin with the same ones go by id. A cursor holds what a resource
/// is sorted by, and has to fit into a URL. What is sorted by its index is cut too, to as many bytes.
const SORT_CHARACTERS_MAX: usize = INDEX_VALUE_BYTES_MAX;

/// What a page is ordered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    /// The id: in the order of the list, or against it.
    Id { descending: bool },
    /// A moment that every row `r` has, in a column with an index of its own.
    Moment { column: &'static str, descending: bool },
    /// An expression on row `r`.
    Key { expression: String, descending: bool },
    /// The value in the inverted index; the attribute has one row there at most for each resource.
    Index { attribute: String, required: bool, descending: bool },
}

/// How to order by `sort`. `filtered`: there is a filter; `probed`: an index serves it, so that few rows are left and the
/// order needs none.
pub(super) fn order(compiler: &mut Compiler<'_>, sort: Option<&Sort>, filtered: bool, probed: bool) -> Result<Order, StoreError> {
    let Some(Sort { target, descending }) = sort else { return Ok(Order::Id { descending: false }) };
    let descending = *descending;
    let unsupported = || StoreError::Unsupported { attribute: target.name() };
    let expression = match predicate::location(compiler, target) {
        Location::Id => return Ok(Order::Id { descending }),
        Location::Meta => match target.sub.as_deref() {
            Some(sub) => match sub.name.as_str() {
                "created" => return Ok(Order::Moment { column: "r.created", descending }),
                "lastModified" => return Ok(Order::Moment { column: "r.last_modified", descending }),
                "version" => predicate::version_text(compiler, sub),
                // The same for all.
                "resourceType" => return Ok(Order::Id { descending: false }),
                // The same for all but for the id at its end.
                "location" => return Ok(Order::Id { descending }),
                _ => return Err(unsupported()),
            },
            None => return Err(unsupported()),
        },
        Location::Membership(_) => return Err(unsupported()),
        // Of an attribute that also shows memberships, what clients wrote counts.
        Location::Keys | Location::KeysAndMembership(_) => {
            if !probed && let Some(order) = by_index(compiler, target, descending, filtered) {
                return Ok(order);
            }
            key(compiler, target)?
        }
    };
    Ok(Order::Key { expression, descending })
}

impl Order {
    /// Whether the rows of a page are found in this order, without reading those behind it; of `filtered` ones, without
    /// reading those that do not match.
    pub fn is_served(&self, filtered: bool) -> bool {
        match self {
            Order::Id { .. } => true,
            Order::Moment { .. } => !filtered,
            Order::Key { .. } => false,
            // Which resources have no value is known only when all are read.
            Order::Index { required, .. } => *required && !filtered,
        }
    }
}

/// `ORDER BY` of the value in `key` with ties by `id`.
pub(super) fn clause(key: &str, descending: bool, id: &str) -> String {
    let direction = if descending { "DESC NULLS FIRST" } else { "ASC NULLS LAST" };
    format!("ORDER BY {key} {direction}, {id}")
}

/// `ORDER BY` of a column that is never NULL with ties by `id`: words about NULL would keep the index out.
pub(super) fn moments(column: &str, descending: bool, id: &str) -> String {
    format!("ORDER BY {column}{}, {id}", if descending { " DESC" } else { "" })
}

/// With a filter only for a required attribute: to tell the resources without a row in the index from those that do not
/// match, all documents would have to be read anyway.
fn by_index(compiler: &Compiler<'_>, target: &Target, descending: bool, filtered: bool) -> Option<Order> {
    let single = !target.attribute.multi_valued && target.sub.as_ref().is_none_or(|sub| !sub.multi_valued);
    let attribute = probe::index_name(compiler, target).filter(|_| single)?;
    let required = target.place == Place::Core && target.attribute.required && target.sub.is_none();
    (required || !filtered).then_some(Order::Index { attribute, required, descending })
}

/// The value that counts, as an expression on row `r`; NULL if there is none.
fn key(compiler: &mut Compiler<'_>, target: &Target) -> Result<String, StoreError> {
    let json = predicate::attribute_in_keys(target)?;
    let (attribute, sub) = (&*target.attribute, target.sub.as_deref());
    if attribute.multi_valued {
        let dialect = compiler.dialect;
        return json.chosen_element(compiler, |element| match sub {
            Some(sub) if sub.multi_valued || reference::is_computed(attribute, sub) => {
                Err(StoreError::Unsupported { attribute: target.name() })
            }
            Some(sub) => scalar(dialect, &element.member(&sub.name)?, sub),
            None => scalar(dialect, element, attribute),
        });
    }
    match sub {
        Some(sub) if reference::is_computed(attribute, sub) => reference::computed_text(compiler, &json, sub),
        Some(sub) if sub.multi_valued => {
            let dialect = compiler.dialect;
            json.member(&sub.name)?.chosen_element(compiler, |element| scalar(dialect, element, sub))
        }
        Some(sub) => scalar(compiler.dialect, &json.member(&sub.name)?, sub),
        None => scalar(compiler.dialect, &json, attribute),
    }
}

fn scalar(dialect: Dialect, json: &Json, attribute: &Attribute) -> Result<String, StoreError> {
    match attribute.attribute_type {
        AttributeType::String | AttributeType::Reference | AttributeType::Binary | AttributeType::DateTime => {
            Ok(format!("substr({}, 1, {SORT_CHARACTERS_MAX})", json.text(dialect)))
        }
        AttributeType::Boolean => Ok(json.boolean(dialect)),
        AttributeType::Integer | AttributeType::Decimal => Ok(json.number(dialect)),
        AttributeType::Complex => Err(compare::unsupported(attribute)),
    }
}
