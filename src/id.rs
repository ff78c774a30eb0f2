//! Identifiers. All are made by the server (R1); the one that a client's value has a part in is [`ResourceId::derived`].

use sha2::{Digest as _, Sha256};
use std::fmt;
use uuid::{Builder, Uuid};

/// The `id` of a resource (RFC 7643 §3.1): a UUID, unique over all types and Directories, never reused (D-21).
///
/// Mostly version 7: its leading time bits keep inserts at one end of the index. Behind them come a counter, which begins anew each
/// millisecond at a random number of 41 bits, and 32 random bits; so an id cannot be guessed, but it is no secret: the token
/// decides who reads. What an operator creates under a key of its own has version 8 instead: [`ResourceId::derived`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(pub Uuid);

impl ResourceId {
    /// A new id.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// The id of what is created under an `Idempotency-Key`: the same for the same key, so that a repetition finds what the first
    /// request made, and nothing has to be kept for that.
    ///
    /// A UUID of version 8 (RFC 9562 §5.8). Its bits, but for version and variant, are the first of a SHA-256 over
    ///
    /// ```text
    /// scimd/idempotency-key/1 NUL, secret of the Directory (32 bytes), resource_type NUL, key
    /// ```
    ///
    /// No type has a NUL, so no two of these are one text. By the secret the key of one Directory says nothing about another, in whatever
    /// installation, and who knows or chooses a key knows no id before it is given out.
    pub fn derived(secret: &[u8; 32], resource_type: &str, key: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"scimd/idempotency-key/1\0");
        hash.update(secret);
        hash.update(resource_type);
        hash.update([0]);
        hash.update(key);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        Self(Builder::from_custom_bytes(bytes).into_uuid())
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_derived_id_is_of_version_8_and_differs_with_each_part() {
        let id = ResourceId::derived(&[1; 32], "User", "k");
        assert_eq!(id.to_string(), "aa2d7960-cc2c-814c-8fb6-40d68cb8b9eb");
        assert_eq!((id.0.get_version_num(), id.0.get_variant()), (8, uuid::Variant::RFC4122));
        assert_eq!(ResourceId::parse(&id.to_string()), Some(id));
        let others =
            [(1, "User", "k"), (2, "User", "k"), (1, "Group", "k"), (1, "User", "K"), (1, "User", "kk"), (1, "Use", "rk")];
        let ids: HashSet<_> = others.map(|(secret, name, key)| ResourceId::derived(&[secret; 32], name, key)).into();
        assert_eq!(ids.len(), others.len());
    }
}
