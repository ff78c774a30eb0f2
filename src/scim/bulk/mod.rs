//! Bulk (RFC 7644 §3.7): what a request asks for, what its operations refer to, and in which order they run.
//!
//! ```text
//! body ─BulkRequest::parse─▶ operations ─references::resolve─▶ operations with real ids, and who waits for whom ─order::steps─▶ steps
//! ```
//!
//! Each POST has its `id` before anything runs, so that every reference is replaced in one pass, whatever it points at.
//!
//! - [`request`]: [`BulkRequest`], the body
//! - [`references`]: `bulkId:x` in values, filters and paths (D-89)
//! - [`order`]: request order, except that an operation waits for those that it refers to

pub mod order;
pub mod references;
pub mod request;

pub use references::{BulkIds, Defined};
pub use request::{BulkEntry, BulkMethod, BulkOperation, BulkRequest};
