//! What a client is called, and which of its credentials are good.

use super::keys::{PublicKey, PublicKeys};
use crate::clock::Timestamp;
use crate::id::{DirectoryId, TokenId};
use crate::store::{TokenDigest, TokenKind, TokenRow};
use std::fmt;

const PREFIX: &str = "scimd-client-";

/// The `client_id` of a client: `scimd-client-3-17`, the number of its Directory and its own. It stays the same for as long as
/// there is the client, whatever it is renamed to. It is no secret (RFC 6749 §2.2), and says no name of anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientId {
    /// Its Directory.
    pub directory: DirectoryId,
    /// Its number among the tokens.
    pub token: TokenId,
}

impl ClientId {
    /// That of a row; `None`: it is no client.
    pub fn of(row: &TokenRow) -> Option<Self> {
        (row.kind == TokenKind::Client).then_some(Self { directory: row.directory_id, token: row.id })
    }

    /// Reads the one spelling that there is of an id.
    pub fn parse(text: &str) -> Option<Self> {
        let (directory, token) = text.strip_prefix(PREFIX)?.split_once('-')?;
        let id = Self { directory: DirectoryId(directory.parse().ok()?), token: TokenId(token.parse().ok()?) };
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}-{}", self.directory.0, self.token.0)
    }
}

/// Which of a client's credentials an access token was issued for. With the credential the token dies: a secret that was
/// renewed takes its tokens along, and a key that was taken away too.
///
/// It is half a SHA-256: comparing two of them, byte by byte, tells nobody a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credential([u8; 16]);

impl Credential {
    /// A secret.
    pub fn secret(digest: &TokenDigest) -> Self {
        Self::first_half(*digest)
    }

    /// A key.
    pub fn key(key: &PublicKey) -> Self {
        Self::first_half(key.thumbprint())
    }

    /// What was [`Credential::as_bytes`].
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// For what is sealed in a token.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Whether it is one of the client's still.
    pub fn is_of(self, client: &TokenRow, now: Timestamp) -> bool {
        match &client.jwks {
            Some(keys) => PublicKeys::parse(keys).is_ok_and(|keys| keys.iter().any(|key| Self::key(key) == self)),
            None => {
                let former = client.former.as_ref().filter(|former| former.expires > now);
                Self::secret(&client.digest) == self || former.is_some_and(|former| Self::secret(&former.digest) == self)
            }
        }
    }

    fn first_half(whole: [u8; 32]) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&whole[..16]);
        Self(half)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_has_one_spelling() {
        let id = ClientId { directory: DirectoryId(3), token: TokenId(17) };
        assert_eq!(id.to_string(), "scimd-client-3-17");
        assert_eq!(ClientId::parse("scimd-client-3-17"), Some(id));
        for text in [
            "",
            "3-17",
            "scimd-client-",
            "scimd-client-3",
            "scimd-client-03-17",
            "scimd-client-3-+17",
            "scimd-client-3-17 ",
            "Scimd-client-3-17",
        ] {
            assert_eq!(ClientId::parse(text), None, "{text}");
        }
    }
}
