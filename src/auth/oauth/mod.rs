//! OAuth 2.0: a client shows its credentials and gets a short-lived token (RFC 6749 §4.4).
//!
//! A client is a row of `tokens` of the kind client: it belongs to one Directory, has scopes and states as every token, and
//! either a secret or public keys. Its secret opens nothing; what it is exchanged for does, for an hour.
//!
//! ```text
//! credentials ─Issuer::grant─▶ client ─AccessTokens::seal─▶ access token ─Authenticator─▶ Caller
//!     secret, or an assertion signed by a key                  nothing of it is stored
//! ```
//!
//! - [`client`]: what a client is called, and which of its credentials are good
//! - [`keys`]: public keys of clients (RFC 7517)
//! - [`assertion`]: what a client signs to say who it is (RFC 7523)
//! - [`access_token`]: short-lived tokens, sealed and opened
//! - [`issuer`]: from credentials to a token

pub mod access_token;
pub mod assertion;
pub mod client;
pub mod issuer;
pub mod keys;

pub use access_token::AccessTokens;
pub use client::ClientId;
pub use issuer::{Credentials, GrantError, Granted, Issuer};
pub use keys::{KeysError, PublicKeys};
