//! The token endpoint of OAuth 2.0, and what says where it is.
//!
//! ```text
//! POST /oauth/token ──▶ form ──▶ credentials ──▶ Issuer::grant          client_credentials: a token for an hour
//!                        400       401, 429  └──▶ admin::tokens::create  api_key: a token of the Directory
//! ```
//!
//! A client belongs to one Directory, so there is one endpoint for all of them.
//!
//! - [`token`]: the token endpoint
//! - [`form`]: the parameters of its requests
//! - [`credentials`]: what a client shows
//! - [`api_key`]: a long-lived token for an API key
//! - [`metadata`]: the metadata of the server (RFC 8414)
//! - [`error`]: what a client hears when it gets none

pub mod api_key;
pub mod credentials;
pub mod error;
pub mod form;
pub mod metadata;
pub mod token;

use super::{HttpState, scim};
use crate::auth::oauth::{AccessTokens, Issuer};
use crate::clock::Clock;
use crate::http::client::ClientAddress;
use crate::store::OperatorStore;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use std::net::IpAddr;
use std::sync::Arc;

/// Where the token endpoint is, below the public URL.
pub const TOKEN_PATH: &str = "/oauth/token";

/// What requests of OAuth share. One a process.
pub struct OAuth {
    /// Where everything is kept.
    pub store: Arc<dyn OperatorStore>,
    /// Seals and opens what is issued.
    pub access_tokens: Arc<AccessTokens>,
    /// Issues it.
    pub issuer: Issuer,
}

impl OAuth {
    /// `public_url` is the issuer, as clients know the server (RFC 8414 §2); `lifetime_s`: for how many seconds a token is good.
    pub fn new(store: Arc<dyn OperatorStore>, clock: Arc<dyn Clock>, public_url: &str, lifetime_s: i64) -> Self {
        let access_tokens = Arc::new(AccessTokens::new(store.clone()));
        // RFC 7523 §3 takes the token endpoint, RFC 7523bis the issuer alone; clients of both kinds come.
        let audiences = vec![public_url.to_owned(), format!("{public_url}{TOKEN_PATH}")];
        let issuer = Issuer::new(store.clone(), clock, access_tokens.clone(), audiences, lifetime_s.saturating_mul(1_000));
        Self { store, access_tokens, issuer }
    }
}

/// From where a request comes, if the server knows.
fn address(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get().map(|ClientAddress(address)| *address)
}

/// What is answered where OAuth is off: 404, as at every path that leads nowhere.
async fn off(state: Arc<HttpState>, request: Request) -> Response {
    scim::serve(State(state), request).await
}
