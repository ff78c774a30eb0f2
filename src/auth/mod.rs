//! Who is calling, and the secrets that prove it.
//!
//! A bearer token belongs to one Directory and opens that one only: the Directory of a request comes from the token's
//! row, never from what the client says (R4).
//!
//! - [`token`]: bearer tokens, their form and their digest
//! - [`scopes`]: what a token may do
//! - [`authenticator`]: a presented token to a [`Caller`]
//! - [`oauth`]: clients, and the short-lived tokens that they get for their credentials
//! - [`uses`]: when, from where and how often tokens are used
//! - [`password`]: passwords of Users, what they must be like and how they are hashed
//! - [`throttle`]: who guesses at secrets is slowed down

pub mod authenticator;
pub mod oauth;
pub mod password;
pub mod scopes;
pub mod throttle;
pub mod token;
pub mod uses;

pub use authenticator::{AuthError, Authenticator, Denied, Holder};
pub use password::{PasswordError, PasswordHasher};
pub use scopes::{Access, Scopes};
pub use throttle::Throttle;
pub use token::Secret;
pub use uses::Uses;

use crate::id::{ResourceId, TokenId};
use crate::store::DirectoryRow;
use std::sync::Arc;

/// An authenticated client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The token that it presented.
    pub token: TokenId,
    /// What people call that token.
    pub token_name: Arc<str>,
    /// The Directory that the token opens.
    pub directory: Arc<DirectoryRow>,
    /// The user whom the token stands for, if for one: then it opens `/Me` only.
    pub user: Option<ResourceId>,
    /// What the token may do.
    pub scopes: Arc<Scopes>,
}
