//! Identifiers. All are made by the server; a client's value never addresses anything (R1).

use std::fmt;
use uuid::Uuid;

/// The `id` of a resource (RFC 7643 §3.1): a UUID, unique over all types and Directories, never reused (D-21).
///
/// Version 7: its leading time bits keep inserts at one end of the index. Behind them come a counter, which begins anew each
/// millisecond at a random number of 41 bits, and 32 random bits; so an id cannot be guessed, but it is no secret: the token
/// decides who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(pub Uuid);

impl ResourceId {
    /// A new id.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// Reads the one spelling that the server issues: 36 characters, lower case, hyphenated.
    ///
    /// Every other spelling of the same UUID is somebody else's id, that is nobody's (R34).
    pub fn parse(text: &str) -> Option<Self> {
        let uuid = Uuid::try_parse(text).ok()?;
        let id = Self(uuid);
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

/// The number of a Directory: leads every key of the tables that hold its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectoryId(pub i64);

/// The number of a token, for logs and events; the secret itself is never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub i64);

/// The number of an operator's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub i64);

/// The number of an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiKeyId(pub i64);
