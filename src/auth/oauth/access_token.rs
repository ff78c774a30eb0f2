//! Access tokens: what a client gets for its credentials, good for an hour or so.
//!
//! ```text
//! scimdat_ …          0aB9zZ
//! prefix   base64url  6 characters base62 of a checksum
//! ```
//!
//! None is stored. A token holds, encrypted, whose it is, for how long, for what, and for which credential of the client it was
//! issued; the server that gets it opens it, whichever one issued it, and looks up the client's row. So it dies with the client,
//! its Directory, its credential and its time, each within the second for which a row is believed.
//!
//! The key is in the database, one for all Directories. Each token is sealed with a key of its own, derived from it by
//! HKDF-SHA256 with 20 random bytes, and a random nonce: as many may be issued as anybody asks for.

use super::client::{ClientId, Credential};
use crate::auth::token;
use crate::clock::Timestamp;
use crate::id::{DirectoryId, TokenId};
use crate::store::{Store, StoreError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf;
use std::sync::{Arc, OnceLock};

const PREFIX: &str = "scimdat_";
/// What the key is for, in the store. It belongs to no Directory: the number 0 is nobody's.
const PURPOSE: &str = "access-token";
const NOBODY: DirectoryId = DirectoryId(0);
/// What is derived and sealed here and nowhere else.
const CONTEXT: &[u8] = b"scimd access token 1";
const SALT_LEN: usize = 20;
/// Characters of a token at most: with as many scopes as a token may have, of the longest names, it has some 7,300.
const CHARACTERS_MAX: usize = 8 * 1024;

/// Seals and opens access tokens.
pub struct AccessTokens {
    store: Arc<dyn Store>,
    secret: OnceLock<[u8; 32]>,
}

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Whose it is.
    pub client: ClientId,
    /// For which of the client's credentials it was issued.
    pub credential: Credential,
    /// From when on it is refused.
    pub expires: Timestamp,
    /// What it may do, if the client may; empty: everything.
    pub scopes: String,
}

/// Why a token could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The operating system has no randomness.
    #[error("the operating system has no randomness")]
    Randomness(#[from] getrandom::Error),
    /// The library that encrypts refused.
    #[error("an access token cannot be sealed")]
    Sealing,
    /// The key could not be read.
    #[error("the key of access tokens could not be read")]
    Store(#[from] StoreError),
}

impl AccessTokens {
    /// The key comes from `store` when it is needed first.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, secret: OnceLock::new() }
    }

    /// Makes a token.
    ///
    /// # Errors
    /// [`SealError`].
    pub async fn seal(&self, content: &Content) -> Result<String, SealError> {
        let secret = self.secret().await?;
        let mut random = [0; SALT_LEN + NONCE_LEN];
        getrandom::fill(&mut random)?;
        let (salt, nonce) = random.split_at(SALT_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Sealing)?;
        let mut bytes = content.to_bytes();
        let key = derived(&secret, salt).ok_or(SealError::Sealing)?;
        key.seal_in_place_append_tag(nonce, Aad::from(CONTEXT), &mut bytes).map_err(|_| SealError::Sealing)?;
        let mut text = PREFIX.to_owned();
        URL_SAFE_NO_PAD.encode_string([&random[..], &bytes].concat(), &mut text);
        let checksum = token::checksum(&text);
        text.push_str(&checksum);
        Ok(text)
    }

    /// What a token says; `None`: it is none of this server's and its replicas'. Whether it is good still is another question.
    ///
    /// # Errors
    /// [`SealError`]: the key cannot be had.
    pub async fn open(&self, text: &str) -> Result<Option<Content>, SealError> {
        let Some(mut bytes) = sealed(text) else { return Ok(None) };
        let secret = self.secret().await?;
        Ok(open(&secret, &mut bytes))
    }

    async fn secret(&self) -> Result<[u8; 32], SealError> {
        if let Some(secret) = self.secret.get() {
            return Ok(*secret);
        }
        let mut candidate = [0; 32];
        getrandom::fill(&mut candidate)?;
        let secret = self.store.directory_key(NOBODY, PURPOSE, &candidate).await?;
        Ok(*self.secret.get_or_init(|| secret))
    }
}

/// Whether `text` can be an access token at all: prefix, alphabet and checksum are right.
pub fn well_formed(text: &str) -> bool {
    sealed(text).is_some()
}

/// The bytes of a token, if prefix and checksum are right.
fn sealed(text: &str) -> Option<Vec<u8>> {
    let rest = text.strip_prefix(PREFIX)?;
    if !rest.is_ascii() || text.len() > CHARACTERS_MAX {
        return None;
    }
    let (encoded, sum) = rest.split_at_checked(rest.len().checked_sub(token::CHECKSUM_CHARACTERS)?)?;
    let body = text.strip_suffix(sum)?;
    if token::checksum(body) != sum {
        return None;
    }
    URL_SAFE_NO_PAD.decode(encoded).ok()
}

fn open(secret: &[u8; 32], bytes: &mut [u8]) -> Option<Content> {
    let (salt, rest) = bytes.split_at_mut_checked(SALT_LEN)?;
    let (nonce, sealed) = rest.split_at_mut_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let content = derived(secret, salt)?.open_in_place(nonce, Aad::from(CONTEXT), sealed).ok()?;
    Content::from_bytes(content)
}

/// The key of the one token that has this salt.
fn derived(secret: &[u8; 32], salt: &[u8]) -> Option<LessSafeKey> {
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    let info = [CONTEXT];
    let material = prk.expand(&info, &AES_256_GCM).ok()?;
    Some(LessSafeKey::new(UnboundKey::from(material)))
}

impl Content {
    fn to_bytes(&self) -> Vec<u8> {
        let numbers = [self.client.directory.0, self.client.token.0, self.expires.0];
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
        bytes.extend_from_slice(self.credential.as_bytes());
        bytes.extend_from_slice(self.scopes.as_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (directory, bytes) = bytes.split_first_chunk()?;
        let (token, bytes) = bytes.split_first_chunk()?;
        let (expires, bytes) = bytes.split_first_chunk()?;
        let (credential, scopes) = bytes.split_first_chunk()?;
        let number = |bytes: &[u8; 8]| i64::from_be_bytes(*bytes);
        Some(Self {
            client: ClientId { directory: DirectoryId(number(directory)), token: TokenId(number(token)) },
            credential: Credential::from_bytes(*credential),
            expires: Timestamp(number(expires)),
            scopes: String::from_utf8(scopes.to_vec()).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content() -> Content {
        Content {
            client: ClientId { directory: DirectoryId(3), token: TokenId(17) },
            credential: Credential::from_bytes([7; 16]),
            expires: Timestamp(1_764_000_000_000),
            scopes: "User:read Group:write".into(),
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_nothing_shorter() {
        let bytes = content().to_bytes();
        assert_eq!(Content::from_bytes(&bytes), Some(content()));
        for length in 0..40 {
            assert_eq!(Content::from_bytes(&bytes[..length]), None, "{length}");
        }
    }

    #[test]
    fn each_token_has_a_key_of_its_own() {
        let seal = |salt: &[u8]| {
            let mut bytes = content().to_bytes();
            let nonce = Nonce::assume_unique_for_key([1; NONCE_LEN]);
            derived(&[5; 32], salt)
                .expect("a key")
                .seal_in_place_append_tag(nonce, Aad::from(CONTEXT), &mut bytes)
                .expect("seals");
            bytes
        };
        assert_ne!(seal(&[1; SALT_LEN]), seal(&[2; SALT_LEN]));
        let mut whole = [&[1; SALT_LEN][..], &[1; NONCE_LEN], &seal(&[1; SALT_LEN])].concat();
        assert_eq!(open(&[5; 32], &mut whole.clone()), Some(content()));
        assert_eq!(open(&[6; 32], &mut whole.clone()), None, "another key");
        for place in 0..whole.len() {
            whole[place] ^= 1;
            assert_eq!(open(&[5; 32], &mut whole.clone()), None, "changed at {place}");
            whole[place] ^= 1;
        }
    }

    #[test]
    fn text_of_another_form_is_no_access_token() {
        let secret = token::Secret::generate().expect("randomness");
        for text in
            ["", "scimdat_", "scimdat_éééééé", "scimdat_AAAAAA", secret.expose(), &format!("scimdat_{}", "A".repeat(9_000))]
        {
            assert!(!well_formed(text), "{text:.60}");
        }
        let body = "scimdat_AAAA";
        assert!(well_formed(&format!("{body}{}", token::checksum(body))));
    }
}
