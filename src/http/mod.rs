//! HTTP: from a request to one call of a verb of [`crate::directory`], and from its reply to a response.
//!
//! The only module that knows axum, and the only one that knows status codes. A request for a resource goes through
//!
//! ```text
//! observe ──▶ path ──▶ caller ──▶ endpoint ──▶ query, headers, body ──▶ directory::verb ──▶ reply | error
//! id, log      split    401, 403   404, 405     400, 406, 413, 415, 417
//! ```
//!
//! Nothing is reached without a caller except health, the token endpoint of OAuth, which finds out who calls by its own rules,
//! and, unless a setting closes it, discovery (R2): who may pass and where the request goes are decided on the same decoded
//! segments, and what no rule names is refused.
//!
//! - [`mod@router`]: every endpoint with its methods, on one page
//! - [`state`]: what requests share
//! - [`path`]: the segments of a URL, decoded once
//! - [`client`]: from which address a request comes
//! - [`authorization`]: the Authorization header, and what passes without one
//! - [`query`]: the parameters of a URL
//! - [`rates`]: how many requests a second each Directory may send
//! - [`media`]: Content-Type, Content-Encoding, Accept
//! - [`conditional`]: entity tags and preferences
//! - [`body`]: a request's body, with its limit
//! - [`scim`]: the SCIM endpoints
//! - [`oauth`]: the token endpoint
//! - [`admin`]: the admin API, for operators
//! - [`metrics`]: the metrics, on a listener of their own
//! - [`health`]: whether the process lives, and whether it can serve
//! - [`reply`]: responses that succeed
//! - [`error`]: responses that do not
//! - [`observe`]: the id, the log line and the safety net of every request

pub mod admin;
pub mod authorization;
pub mod body;
pub mod client;
pub mod conditional;
pub mod error;
pub mod health;
pub mod media;
pub mod metrics;
pub mod oauth;
pub mod observe;
pub mod path;
pub mod query;
pub mod rates;
pub mod reply;
pub mod router;
pub mod scim;
pub mod state;

#[cfg(test)]
mod tests;

pub use router::router;
pub use state::{HttpOptions, HttpState};
