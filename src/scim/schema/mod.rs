//! Schemas as data (RFC 7643 §2, §6, §7): what attributes there are and how each of them behaves.
//!
//! - [`attribute`]: one attribute and its characteristics
//! - [`attribute_list`]: lists of attributes, as operators give them
//! - [`registry`]: the schemas and resource types of a Directory, and how names resolve in them
//! - [`path`]: attribute notation (RFC 7644 §3.10) against a resource type
//! - [`spelling`]: the one spelling of some values
//! - [`definition`]: schemas and resource types that an operator gives, checked
//! - [`extended`]: a registry with them
//! - [`membership`]: which attributes show memberships
//! - [`oddities`]: what is odd about a definition, but no obstacle
//! - [`change`]: what stored data must fulfil for one registry to follow another

pub mod attribute;
pub mod attribute_list;
pub mod change;
pub mod definition;
pub mod extended;
pub mod membership;
pub mod oddities;
pub mod path;
pub mod registry;
pub mod spelling;

pub use attribute::{Attribute, AttributeType, Mutability, Returned, Uniqueness};
pub use attribute_list::AttributeList;
pub use definition::{Definition, Fault, Faults};
pub use membership::{MemberOf, ShownType};
pub use path::{Place, Target};
pub use registry::{Extension, IndexedAttribute, Registry, ResourceType, Schema};
pub use spelling::Spelling;

/// The schema of `User` (RFC 7643 §4.1).
pub const USER_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of Groups.
pub const GROUP_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
