//! PATCH (RFC 7644 §3.5.2): a list of operations to a changed document, all or nothing.
//!
//! ```text
//! body ─PatchRequest::parse─▶ operations ─membership::split─┬▶ operations ─apply─▶ Patched   (the document)
//!                                                           └▶ MemberPatch                  (the members)
//! ```
//!
//! The membership attribute (`members` of a Group) is not in the document: its operations become set operations, so
//! that adding one member costs the same whatever the size of the group.
//!
//! - [`operation`]: the request body to [`Operation`]s, each with a path
//! - [`target`]: what a path selects in a resource type
//! - [`membership`]: operations on members to a [`MemberPatch`]
//! - [`apply`](mod@apply): the other operations, in order, on a copy of the document
//! - `schemas`: what an operation on `schemas` does
//! - `value`: what one operation does to one attribute value
//! - `element`: what one operation does to the elements of a multi-valued attribute
//! - `work`: how much work one request may ask for

pub mod apply;
mod element;
pub mod membership;
pub mod operation;
mod schemas;
pub mod target;
mod value;
mod work;

pub use apply::{PatchContext, Patched, apply, apply_to_part};
pub use membership::MemberPatch;
pub use operation::{Op, Operation, PatchLimits, PatchRequest};

/// The schema URN of a PATCH request body (RFC 7644 §3.5.2).
pub const PATCH_OP_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

#[cfg(test)]
mod tests;
