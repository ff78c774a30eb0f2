//! A filter whose names are attributes of one resource type and whose literals are comparison keys.

use super::CompareOp;
use crate::scim::schema::Target;

/// A filter that is known to make sense for a resource type: every operator fits its attribute, every literal has the
/// attribute's type. Built by `resolve` only.
#[derive(Debug, Clone, PartialEq)]
pub enum ResolvedFilter {
    /// The attribute compares so with the literal. For a multi-valued attribute: any element does, except that
    /// `Ne` means that no element is equal (D-34). Never holds [`Literal`] of another type than the attribute's.
    /// For a target named `primary` with [`crate::scim::schema::Place::Element`], no value counts as false (S-2.4-03).
    Compare {
        /// What is compared; never complex.
        target: Target,
        /// How; `Gt Ge Lt Le Co Sw Ew` only where D-38 allows them.
        op: CompareOp,
        /// With what.
        literal: Literal,
    },
    /// The attribute has a value that is not empty (D-36).
    Present(Target),
    /// One element of the attribute satisfies all of `filter`, whose targets have [`crate::scim::schema::Place::Element`].
    /// For a singular complex attribute the one value counts as the element.
    Element {
        /// The attribute; `sub` is `None`.
        target: Target,
        /// What holds for one element.
        filter: Box<ResolvedFilter>,
    },
    /// The negation.
    Not(Box<ResolvedFilter>),
    /// All hold.
    And(Vec<ResolvedFilter>),
    /// At least one holds.
    Or(Vec<ResolvedFilter>),
    /// Always or never: an attribute that this type does not have, in a search over several types (D-40).
    Constant(bool),
}

/// A typed literal, in the form that it is compared in.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// For string, reference and binary attributes: the comparison key that [`crate::scim::key`] makes of the text.
    Text(String),
    /// For boolean attributes.
    Boolean(bool),
    /// For integer and decimal attributes: the value as an IEEE double, which all three engines compare by (D-33).
    Number(f64),
    /// For dateTime attributes: nanoseconds since 1970-01-01T00:00:00Z.
    Instant(i128),
}
