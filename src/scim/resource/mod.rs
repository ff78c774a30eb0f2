//! A resource as JSON: from what a client sent to what is stored, and from what is stored to what is answered.
//!
//! - [`document`]: [`Document`], the canonical form that is stored
//! - [`normalize`](mod@normalize): a request body to a [`Document`]: names as in the schema, types checked, readOnly left out
//! - [`defaults`]: what the server fills in on create
//! - [`mod@replace`]: what PUT keeps
//! - [`validate`](mod@validate): the rules for a whole document: required, primary
//! - [`keys`](mod@keys): what the store compares and indexes by
//! - [`grams`](mod@grams): what the store finds parts of values by
//! - [`reference`](mod@reference): what a resource shows of the resources that it points at
//! - [`shown`]: values that memberships add to what clients write
//! - [`render`](mod@render): a stored document to a whole resource: `id`, `meta` and what is computed
//! - [`secrets`]: a document without what is never returned
//! - [`project`]: a whole resource to an answer: `returned`, `attributes`, `excludedAttributes`

pub mod defaults;
pub mod document;
#[cfg(test)]
mod fixture;
pub mod grams;
pub mod keys;
pub mod normalize;
pub mod project;
pub mod reference;
pub mod render;
pub mod replace;
pub mod secrets;
pub mod shown;
pub mod validate;

pub use document::Document;
pub use grams::{Gram, Grams, grams};
pub use keys::{IndexRow, index_rows, keys};
pub use normalize::{Normalized, ValueContext, ValueLimits, attribute_value, canonicalize, element_value, normalize};
pub use project::{Projection, ProjectionRequest};
pub use reference::{Shown, referenced_ids, show_references};
pub use render::{Meta, is_spliceable, render, splice};
pub use secrets::{secret_names, without_secrets};
pub use validate::validate;
