//! The language of RFC 7643 and RFC 7644: schemas, filters, resources, PATCH, messages.
//!
//! Everything here is pure: no I/O, no clock, no async, no panic on input. A request body goes through it as
//!
//! ```text
//! bytes ─json─▶ Value ─quirks─▶ Value ─resource::normalize─▶ Document ─patch::apply─▶ Document ─resource::project─▶ Value
//! text  ─filter::parse─▶ Filter ─resolve─▶ ResolvedFilter ─matches─▶ bool   (or compiled to SQL by `store`)
//! ```

pub mod bulk;
pub mod error;
pub mod explain;
pub mod filter;
pub mod json;
pub mod key;
pub mod patch;
pub mod protocol;
pub mod quirks;
pub mod resource;
pub mod schema;
pub mod tolerance;

pub use error::{ErrorKind, Quoted, ScimError};
pub use tolerance::Tolerance;
