//! The filter language (RFC 7644 §3.4.2.2): text to meaning, in three steps.
//!
//! ```text
//! text ─parse─▶ Filter ─resolve(resource type)─▶ ResolvedFilter ─matches(resource)─▶ bool
//!                  └─display─▶ text                    └─ compiled to SQL by `store::sql`, which must agree with `matches`
//! ```
//!
//! - [`ast`]: what a filter says, before anybody knows the attributes
//! - `cursor`: the words and literals of the text
//! - [`parser`]: text to [`Filter`], and PATCH paths to [`Path`]; every error carries its position
//! - [`display`]: [`Filter`] to text; `parse(print(f)) == f`
//! - [`resolved`]: [`ResolvedFilter`], names turned into attributes and literals into comparison keys
//! - [`resolve`]: [`Filter`] to [`ResolvedFilter`]; the rules of types and operators (D-34 to D-43)
//! - [`sensitive`]: attributes whose values are to stand in no URL
//! - [`shape`]: [`ResolvedFilter`] to text without its values, for the log
//! - [`evaluate`]: the reference meaning of a [`ResolvedFilter`]

pub mod ast;
mod cursor;
pub mod display;
pub mod evaluate;
pub mod parser;
pub mod resolve;
pub mod resolved;
pub mod sensitive;
pub mod shape;

#[cfg(test)]
mod tests;

pub use ast::{AttrPath, CompValue, CompareOp, Filter, Path};
pub use parser::{FilterOptions, parse_path};
pub use resolve::Undefined;
pub use resolved::{Literal, ResolvedFilter};
