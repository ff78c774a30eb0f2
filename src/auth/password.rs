//! Passwords of Users: prepared by PRECIS, judged by length, hashed with Argon2id (D-93, P-5-01).

use crate::config::PasswordConfig;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, Salt, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use precis_profiles::OpaqueString;
use precis_profiles::precis_core::profile::PrecisFastInvocation as _;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Why a password cannot be set. `Display` is fit for the client; it never holds the password.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// It has fewer characters than the policy asks for.
    #[error("a password has at least {length_min} characters")]
    TooShort {
        /// How many it needs.
        length_min: usize,
    },
    /// It has more bytes than the policy allows.
    #[error("a password has at most {bytes_max} bytes")]
    TooLong {
        /// How many it may have.
        bytes_max: usize,
    },
    /// It has characters that OpaqueString of RFC 8265 §4.2 disallows, such as control characters.
    #[error("the password has a character that passwords may not have, such as a control character")]
    Disallowed,
    /// The operating system has no randomness.
    #[error("the operating system has no randomness for a salt")]
    Randomness(#[source] getrandom::Error),
    /// Hashing failed, for want of memory.
    #[error("the password could not be hashed")]
    Hashing(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Hashes passwords, off the threads that serve requests and not more of them at once than memory is set aside for.
#[derive(Debug, Clone)]
pub struct PasswordHasher {
    config: PasswordConfig,
    permits: Arc<Semaphore>,
}

impl PasswordHasher {
    /// A hasher with these settings; clones share the limit on concurrent hashes.
    pub fn new(config: &PasswordConfig) -> Self {
        Self { permits: Arc::new(Semaphore::new(config.concurrent_hashes_max)), config: config.clone() }
    }

    /// The hash of `password` in PHC form, `$argon2id$v=19$m=…`, with a new salt.
    ///
    /// # Errors
    /// What [`prepare`] refuses; [`PasswordError::Randomness`] and [`PasswordError::Hashing`] are the server's fault.
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        let prepared = prepare(password, &self.config)?;
        let config = self.config.clone();
        self.off_thread(move || hash_prepared(&prepared, &config)).await?
    }

    /// Whether `password` is the one that `hash` was made of. Without a hash it is not, and finding out takes as long as
    /// with one: the time does not tell whether there is an account (R28).
    ///
    /// # Errors
    /// [`PasswordError::Randomness`] and [`PasswordError::Hashing`], which are the server's fault.
    pub async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool, PasswordError> {
        // What no password can be is compared as well, as something that nobody's is.
        let prepared = prepare(password, &self.config);
        let (prepared, possible) = prepared.map_or_else(|_| (String::new(), false), |prepared| (prepared, true));
        let config = self.config.clone();
        self.off_thread(move || match hash {
            None => hash_prepared(&prepared, &config).map(|_| false),
            Some(hash) => {
                let hash = PasswordHash::new(&hash).map_err(|error| PasswordError::Hashing(error.into()))?;
                Ok(Argon2::default().verify_password(prepared.as_bytes(), &hash).is_ok() && possible)
            }
        })
        .await?
    }

    /// Does work that takes a processor and memory, when there is room for it.
    async fn off_thread<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.expect("the semaphore is never closed");
        let task = tokio::task::spawn_blocking(move || {
            // Held here, not by the caller: a caller that goes away does not stop the work.
            let _permit = permit;
            work()
        });
        task.await.map_err(|error| PasswordError::Hashing(error.into()))
    }
}

/// Whether a text is a hash that [`PasswordHasher::hash`] could have made, with whatever settings.
pub fn is_hash(text: &str) -> bool {
    text.len() <= HASH_BYTES_MAX
        && argon2::password_hash::PasswordHash::new(text)
            .is_ok_and(|hash| hash.algorithm == Algorithm::Argon2id.ident() && hash.salt.is_some() && hash.hash.is_some())
}

/// The longest hash that is taken from elsewhere; those of this server have about 100 bytes.
const HASH_BYTES_MAX: usize = 512;

/// The form in which a password is hashed and compared: OpaqueString of RFC 8265 §4.2, so that the same password typed on
/// another keyboard is the same.
///
/// # Errors
/// [`PasswordError::TooShort`], [`PasswordError::TooLong`], [`PasswordError::Disallowed`].
pub fn prepare(password: &str, config: &PasswordConfig) -> Result<String, PasswordError> {
    let too_short = PasswordError::TooShort { length_min: config.length_min };
    if password.is_empty() {
        return Err(too_short);
    }
    if password.len() > config.bytes_max {
        return Err(PasswordError::TooLong { bytes_max: config.bytes_max });
    }
    // PRECIS errors name the code point and where it stands: part of the password, so they go no further.
    let prepared = OpaqueString::enforce(password).map_err(|_| PasswordError::Disallowed)?;
    if prepared.chars().count() < config.length_min { Err(too_short) } else { Ok(prepared.into_owned()) }
}

fn hash_prepared(prepared: &str, config: &PasswordConfig) -> Result<String, PasswordError> {
    let hashing = |error: Box<dyn std::error::Error + Send + Sync>| PasswordError::Hashing(error);
    let mut salt = [0; Salt::RECOMMENDED_LENGTH];
    getrandom::fill(&mut salt).map_err(PasswordError::Randomness)?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| hashing(error.into()))?;
    let params = Params::new(config.memory_kib, config.iterations, config.lanes, None).map_err(|error| hashing(error.into()))?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password(prepared.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| hashing(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    fn config() -> PasswordConfig {
        // The least memory and work that the settings allow, for speed.
        PasswordConfig { memory_kib: 1_024, iterations: 1, ..Config::load(&Sources::default()).expect("valid").password }
    }

    /// Shows S-4.1.1-13, P-7.7-01.
    #[tokio::test]
    async fn a_password_verifies_against_its_hash_and_no_other_does() {
        let hash = PasswordHasher::new(&config()).hash("correct horse").await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=1024,t=1,p=1$"), "{hash}");
        let parsed = PasswordHash::new(&hash).expect("PHC form");
        assert!(Argon2::default().verify_password(b"correct horse", &parsed).is_ok());
        assert!(Argon2::default().verify_password(b"correct horsf", &parsed).is_err());
    }

    #[tokio::test]
    async fn equal_passwords_have_different_hashes() {
        let hasher = PasswordHasher::new(&config());
        assert_ne!(hasher.hash("correct horse").await.expect("hashed"), hasher.hash("correct horse").await.expect("hashed"));
    }

    /// Shows S-4.1.1-14.
    #[test]
    fn spellings_that_look_alike_are_one_password() {
        // Decomposed and precomposed é; no-break space and space (RFC 8265 §4.2.2).
        assert_eq!(
            prepare("cafe\u{301}-cafe", &config()).expect("allowed"),
            prepare("caf\u{e9}-cafe", &config()).expect("allowed")
        );
        assert_eq!(prepare("a\u{a0}bcdefgh", &config()).expect("allowed"), "a bcdefgh");
    }

    #[test]
    fn length_counts_in_characters_below_and_in_bytes_above() {
        let config = PasswordConfig { length_min: 8, bytes_max: 64, ..config() };
        assert!(matches!(prepare("", &config), Err(PasswordError::TooShort { length_min: 8 })));
        assert!(matches!(prepare("1234567", &config), Err(PasswordError::TooShort { length_min: 8 })));
        assert!(matches!(prepare("éééé", &config), Err(PasswordError::TooShort { length_min: 8 })));
        assert!(prepare("12345678", &config).is_ok());
        assert!(prepare(&"x".repeat(64), &config).is_ok());
        assert!(matches!(prepare(&"x".repeat(65), &config), Err(PasswordError::TooLong { bytes_max: 64 })));
    }

    #[test]
    fn control_characters_are_disallowed_and_not_repeated_in_the_message() {
        let error = prepare("s3cret\u{0}password", &config()).expect_err("disallowed");
        assert!(matches!(error, PasswordError::Disallowed));
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
}
