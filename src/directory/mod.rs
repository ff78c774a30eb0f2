//! What a SCIM client may do inside one Directory (RFC 7644 §3).
//!
//! Each verb is one function, and holds all the control flow of its request: read from the store, let the pure
//! functions of [`crate::scim`] compute, commit once. `http` calls one of them a request; bulk calls their inner halves.
//!
//! - [`context`]: what a request works with
//! - [`settings`]: from a Directory's row to its rules
//! - [`definitions`]: from the schemas and resource types of an operator to its registry
//! - [`reply`]: what a request answers with
//! - `create`, `read`, `replace`, `patch`, `delete`, `search`: the verbs
//! - [`mod@bulk`]: many of them in one request (RFC 7644 §3.7)
//! - `body`, `load`, `members`, `memberships`, `update`, `order`, `render`, `failure`: their steps
//! - `life_cycle`: whose a resource is, and what is left of one that was deleted
//! - `self_service`: what a user may change of itself
//! - `unindexed`: what is said of a search that no index serves
//! - [`cursors`]: places in a search, sealed for the client to hold
//! - [`walks`]: what index paging remembers
//! - [`trace`]: what a request tells about itself, for the request log

mod body;
mod create;
mod delete;
mod failure;
mod life_cycle;
mod load;
mod members;
mod memberships;
mod order;
mod patch;
mod read;
mod render;
mod replace;
mod search;
mod self_service;
mod unindexed;
mod update;

pub mod bulk;
pub mod context;
pub mod cursors;
pub mod definitions;
pub mod domains;
pub mod reply;
mod setting_lists;
mod setting_ranges;
pub mod settings;
pub mod trace;
pub mod walks;

pub use bulk::{BulkReply, Done, bulk};
pub use context::{Ctx, Directory, Limits, Party, Precondition, ProjectionParams, SearchParams};
pub use create::{Once, create, create_once};
pub use delete::delete;
pub use life_cycle::set_active;
pub use patch::{change_members, patch};
pub use read::read;
pub use replace::replace;
pub use reply::{ResourceReply, SearchReply};
pub use search::{Scope, search, search_by_post};
