//! The SQL that both back ends share: a [`Query`] compiled to one statement for its page and one for its total.
//!
//! The condition of a statement agrees with [`ResolvedFilter::matches`] exactly, on both dialects. It is built of two
//! parts: a *probe*, which finds candidates by an index, and a *predicate*, which says of one row whether it matches.
//! The predicate is complete by itself; a probe only spares it rows, or replaces a condition that it states exactly.
//!
//! Values of clients travel as binds, always. Names of attributes reach the text from the registry only, quoted.
//! What cannot be said in SQL is [`StoreError::Unsupported`], never a condition left out.
//!
//! - `statement`: [`Dialect`], [`Bind`], [`Statement`]
//! - `compiler`: what is known while one statement is built
//! - `json`: reading the key document in each dialect
//! - `compare`: one value and one operator
//! - `predicate`: a filter as a condition on a row
//! - `reference`: memberships and references, whose facts lie in other rows
//! - `probe`: which index serves a filter
//! - `scan`: the ways through an index, as statements that find ids
//! - `sort`: how a page is ordered
//! - `page`: the statements of a search of one type
//! - `listing`: those of several types, or from a place in the order on
//!
//! [`Query`]: super::Query
//! [`ResolvedFilter::matches`]: crate::scim::filter::ResolvedFilter
//! [`StoreError::Unsupported`]: super::StoreError::Unsupported

mod compare;
mod compiler;
mod json;
mod listing;
mod page;
mod predicate;
mod probe;
mod reference;
mod scan;
mod sort;
mod statement;
#[cfg(test)]
mod tests;

pub use listing::{listing, listing_total};
pub use page::{page, roll, total};
pub use statement::{Bind, Dialect, Statement, grams_text, uniqueness_number};
