//! How an operator's request can fail.

use crate::auth::PasswordError;
use crate::scim::quirks::PROFILES;
use crate::store::StoreError;

/// A failed request of an operator. `Display` is for the operator and says what would be right.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The name cannot be a Directory's.
    #[error("{0:?} cannot be the name of a Directory: it takes 1 to 63 of a-z, 0-9 and -, beginning with a letter or digit")]
    DirectoryName(String),
    /// No profile is called so.
    #[error("there is no provider {0:?}; there are {list}", list = provider_names())]
    Provider(String),
    /// The name is taken.
    #[error("there is a Directory {0:?} already")]
    DirectoryExists(String),
    /// No Directory is called so.
    #[error("there is no Directory {0:?}")]
    NoDirectory(String),
    /// The name cannot be a token's.
    #[error("{0:?} cannot be the name of a token: it takes 1 to 100 characters, no control characters")]
    TokenName(String),
    /// The Directory has a live token of this name.
    #[error("the Directory has a token {0:?} already; a revoked one would be no obstacle")]
    TokenExists(String),
    /// The Directory has no live token of this name or number.
    #[error("the Directory has no live token {0:?}")]
    NoToken(String),
    /// The Directory has no user with this id or userName.
    #[error("the Directory has no user {0:?}")]
    NoUser(String),
    /// A stored user does not read as JSON.
    #[error("the stored document of user {id} does not read")]
    Corrupt {
        /// The user.
        id: String,
        /// What the reader says.
        #[source]
        source: serde_json::Error,
    },
    /// The password is refused, or could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The operating system has no randomness.
    #[error("the operating system has no randomness for a secret")]
    Randomness(#[from] getrandom::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn provider_names() -> String {
    PROFILES.iter().map(|profile| profile.name).collect::<Vec<_>>().join(", ")
}
