//! The messages of RFC 7644: what goes over the wire around resources.
//!
//! - [`discovery`]: ServiceProviderConfig, Schemas, ResourceTypes (RFC 7643 §5 to §7, RFC 7644 §4)
//! - [`error_body`]: the Error message (RFC 7644 §3.12)
//! - [`entity_tag`]: versions as clients see them (RFC 7644 §3.14)
//! - [`search_request`]: the body of POST `.search` (RFC 7644 §3.4.3)

pub mod discovery;
pub mod entity_tag;
pub mod error_body;
pub mod search_request;

/// The schema of a ListResponse (RFC 7644 §3.4.2).
pub const LIST_RESPONSE_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// The schema of an Error (RFC 7644 §3.12).
pub const ERROR_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// The schema of a bulk request (RFC 7644 §3.7).
pub const BULK_REQUEST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// The schema of a bulk response (RFC 7644 §3.7).
pub const BULK_RESPONSE_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
/// The schema of a SearchRequest (RFC 7644 §3.4.3).
pub const SEARCH_REQUEST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
