//! Bearer tokens: `scimd_`, 256 random bits, a checksum. API keys of operators have `scimdkey_` in front.
//!
//! ```text
//! scimd_ 3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA 0aB9zZ
//! prefix 43 characters base64url of 32 bytes         6 characters base62 of a checksum
//! ```
//!
//! Prefix and checksum let scanners find a leaked token in source code without false alarms (R29). Tokens are stored and
//! looked up by their SHA-256, so there is nothing to compare byte by byte (R28); with 256 random bits a slow hash
//! would add nothing.

use crate::store::TokenDigest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use std::fmt;

const PREFIX: &str = "scimd_";
const KEY_PREFIX: &str = "scimdkey_";
const RANDOM_BYTES: usize = 32;
const RANDOM_CHARACTERS: usize = 43;
pub(super) const CHECKSUM_CHARACTERS: usize = 6;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new bearer token. It is shown once, to the operator who asked for it; `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Makes a token from the randomness of the operating system.
    ///
    /// # Errors
    /// The operating system has none.
    pub fn generate() -> Result<Self, getrandom::Error> {
        Self::with_prefix(PREFIX)
    }

    /// Makes an API key of an operator's account: a token of the same form, with a prefix of its own.
    ///
    /// # Errors
    /// As [`Secret::generate`].
    pub fn generate_key() -> Result<Self, getrandom::Error> {
        Self::with_prefix(KEY_PREFIX)
    }

    fn with_prefix(prefix: &str) -> Result<Self, getrandom::Error> {
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random)?;
        let mut text = prefix.to_owned();
        URL_SAFE_NO_PAD.encode_string(random, &mut text);
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Ok(Self(text))
    }

    /// The token, to show it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What it is stored by.
    pub fn digest(&self) -> TokenDigest {
        digest(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The SHA-256 of a token as a client sent it.
pub fn digest(token: &str) -> TokenDigest {
    Sha256::digest(token).into()
}

/// Whether `token` can be a token at all: prefix, length, alphabet and checksum are right. One that is not need not be
/// looked up.
pub fn well_formed(token: &str) -> bool {
    has_form(token, PREFIX)
}

/// Whether `key` can be an API key of an operator's account.
pub fn well_formed_key(key: &str) -> bool {
    has_form(key, KEY_PREFIX)
}

/// Whether `key` means to be an API key of an operator's account, right or wrong.
pub fn is_key(key: &str) -> bool {
    key.starts_with(KEY_PREFIX)
}

fn has_form(token: &str, prefix: &str) -> bool {
    let Some(rest) = token.strip_prefix(prefix) else { return false };
    // Characters of several bytes are refused first, so that the split below falls between characters.
    if !rest.is_ascii() || rest.len() != RANDOM_CHARACTERS + CHECKSUM_CHARACTERS {
        return false;
    }
    let (random, _) = rest.split_at(RANDOM_CHARACTERS);
    let (body, sum) = token.split_at(prefix.len() + RANDOM_CHARACTERS);
    // Decoding refuses stray bits in the last character, so that each token has one spelling.
    URL_SAFE_NO_PAD.decode(random).is_ok() && checksum(body) == sum
}

/// The first 32 bits of the SHA-256 of `body`, in base 62. Anyone can compute it; it proves nothing.
pub(super) fn checksum(body: &str) -> String {
    let [a, b, c, d, ..] = digest(body);
    let mut rest = u32::from_be_bytes([a, b, c, d]) as usize;
    let mut text = [b'0'; CHECKSUM_CHARACTERS];
    for character in text.iter_mut().rev() {
        *character = BASE62[rest % BASE62.len()];
        rest /= BASE62.len();
    }
    text.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Shows P-7.4-01.
    #[test]
    fn a_hundred_thousand_tokens_differ_and_use_their_alphabet_evenly() {
        const TOKENS: usize = 100_000;
        let mut seen = HashSet::new();
        let mut counts = vec![[0_u32; 128]; RANDOM_CHARACTERS];
        for _ in 0..TOKENS {
            let secret = Secret::generate().expect("randomness");
            let random = &secret.expose()[PREFIX.len()..][..RANDOM_CHARACTERS];
            for (position, byte) in random.bytes().enumerate() {
                counts[position][usize::from(byte)] += 1;
            }
            assert!(seen.insert(secret.expose().to_owned()), "a token came twice");
        }
        // Each position has each of its characters about equally often: 64 of them, in the last 16 (it holds 4 bits).
        for (position, counts) in counts.iter().enumerate() {
            let characters: u32 = if position == RANDOM_CHARACTERS - 1 { 16 } else { 64 };
            let expected = f64::from(u32::try_from(TOKENS).expect("small")) / f64::from(characters);
            let used: Vec<f64> = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count)).collect();
            assert_eq!(used.len(), characters as usize, "position {position}");
            // Chi-squared with 63 degrees of freedom exceeds 180 once in 10^12 runs.
            let chi_squared: f64 = used.iter().map(|count| (count - expected).powi(2) / expected).sum();
            assert!(chi_squared < 180.0, "position {position}: {chi_squared}");
        }
    }

    #[test]
    fn a_generated_token_is_well_formed_and_any_change_of_it_is_not() {
        let secret = Secret::generate().expect("randomness");
        let token = secret.expose();
        assert_eq!(token.len(), 55);
        assert!(well_formed(token));
        for position in 0..token.len() {
            let mut changed = token.as_bytes().to_vec();
            changed[position] = if changed[position] == b'x' { b'y' } else { b'x' };
            assert!(!well_formed(&String::from_utf8(changed).expect("ASCII")), "changed at {position}");
            assert!(!well_formed(&token[..position]), "cut at {position}");
        }
        assert!(!well_formed(&format!("{token}0")));
        assert!(!well_formed(&token.to_uppercase()));
        assert!(!well_formed(&format!(" {token}")));
        let key = Secret::generate_key().expect("randomness");
        assert!(well_formed_key(key.expose()) && !well_formed(key.expose()) && !well_formed_key(token));
    }

    #[test]
    fn text_of_other_alphabets_is_not_well_formed() {
        for text in ["", "scimd_", "Bearer", &format!("scimd_{}", "é".repeat(49)), &format!("scimd_{}é", "A".repeat(47))] {
            assert!(!well_formed(text), "{text}");
        }
    }

    #[test]
    fn the_form_is_fixed() {
        // Tokens are in the hands of clients: a change of the format would lock them out.
        assert!(well_formed("scimd_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA3Xd4Mb"));
        assert_eq!(digest("abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
    }

    #[test]
    fn debug_does_not_show_the_token() {
        let secret = Secret::generate().expect("randomness");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
