//! From a request body to a [`Document`](super::Document): names as in the schema, types checked, nothing empty, one order.
//!
//! - `body`: a whole request body; [`normalize()`] is the way in
//! - `schemas`, `members`: the two attributes that are unlike the others
//! - `value`: one attribute's value; PATCH uses it too
//! - `format`: the syntax of strings
//! - `canonical`: the order of a document
//! - `name`: what errors call an attribute

mod body;
pub(crate) mod canonical;
pub(crate) mod format;
mod members;
mod name;
mod schemas;
#[cfg(test)]
mod tests;
pub(crate) mod value;

pub use body::{Normalized, normalize};
pub use canonical::canonicalize;
pub use value::{ValueContext, ValueLimits, attribute_value, element_value};
