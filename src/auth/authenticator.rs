//! From a presented secret to a [`Caller`], through a cache that forgets within a second (R30).

use super::oauth::AccessTokens;
use super::oauth::access_token::{self, Content, SealError};
use super::throttle::{Throttle, TooEarly};
use super::{Caller, Scopes, token};
use crate::clock::{Clock, Timestamp};
use crate::id::{DirectoryId, TokenId};
use crate::store::{DirectoryRow, DirectoryStatus, Store, StoreError, TokenDigest, TokenKind, TokenRow};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// For how many milliseconds a token that was read from the store is believed: a revocation by another process holds
/// after that at the latest.
const CACHE_AGE_MAX_MS: i64 = 1_000;

/// How many tokens the cache holds; above it, those read too long ago go, and if that is not enough, all.
const CACHE_TOKENS_MAX: usize = 10_000;

/// Whose secret it is that does not open a Directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The token.
    pub token: TokenId,
    /// Its name.
    pub name: Arc<str>,
    /// Its Directory.
    pub directory: DirectoryId,
    /// What that is called.
    pub directory_name: Arc<str>,
}

impl Holder {
    /// Whose secret it is.
    pub fn of(token: &TokenRow, directory: &DirectoryRow) -> Self {
        Self {
            token: token.id,
            name: token.name.as_str().into(),
            directory: directory.id,
            directory_name: directory.name.as_str().into(),
        }
    }
}

/// Why a secret does not open a Directory. For the log; the client reads one sentence for all of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No token has this secret.
    #[error("no token has this secret")]
    Unknown,
    /// The token's time is over.
    #[error("the token has expired")]
    Expired(Holder),
    /// The token was revoked.
    #[error("the token was revoked")]
    Revoked(Holder),
    /// The token is out of use.
    #[error("the token is out of use")]
    Inactive(Holder),
    /// The token was renewed, and this is its secret of before.
    #[error("the token was renewed")]
    Renewed(Holder),
    /// The token is one of a client, which is exchanged for others, and opens nothing.
    #[error("the secret is that of a client")]
    Client(Holder),
}

impl Denied {
    /// The reason in one word.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Expired(_) => "expired",
            Self::Revoked(_) => "revoked",
            Self::Inactive(_) => "inactive",
            Self::Renewed(_) => "renewed",
            Self::Client(_) => "client",
        }
    }

    /// Whose secret it was, if anybody's.
    pub fn holder(&self) -> Option<&Holder> {
        match self {
            Self::Unknown => None,
            Self::Expired(holder)
            | Self::Revoked(holder)
            | Self::Inactive(holder)
            | Self::Renewed(holder)
            | Self::Client(holder) => Some(holder),
        }
    }
}

/// Why there is no [`Caller`].
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The secret is not good.
    #[error("the credentials are refused")]
    Denied(#[from] Denied),
    /// Nobody has it, nor many others that came from there.
    #[error(transparent)]
    TooEarly(#[from] TooEarly),
    /// The store could not be asked.
    #[error("the token could not be looked up")]
    Store(#[from] StoreError),
}

impl From<SealError> for AuthError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Store(error) => Self::Store(error),
            SealError::Randomness(_) | SealError::Sealing => {
                tracing::error!(cause = %error, "there is no key for access tokens");
                Self::Denied(Denied::Unknown)
            }
        }
    }
}

/// Finds the caller behind a secret.
///
/// Tokens are looked up by their SHA-256, so there is no secret here to compare and no time to measure (R28). An access token
/// of OAuth is opened instead, which AES-GCM does in constant time, and its client's row looked up by the number in it. Whoever shows many
/// that nobody has is told to wait; who has a good one never is.
pub struct Authenticator {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    access_tokens: Option<Arc<AccessTokens>>,
    cache: Mutex<HashMap<TokenDigest, Entry>>,
    throttle: Throttle,
}

/// A token as read from the store at some moment.
#[derive(Clone)]
struct Entry {
    token: Arc<TokenRow>,
    name: Arc<str>,
    scopes: Arc<Scopes>,
    directory: Arc<DirectoryRow>,
    /// What it says, if an access token was shown: `token` is then its client, and `scopes` its own.
    access: Option<Arc<Content>>,
    read: Timestamp,
}

impl Authenticator {
    /// An authenticator with an empty cache, which refuses access tokens.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        let throttle = Throttle::new(clock.clone());
        Self { store, clock, access_tokens: None, cache: Mutex::new(HashMap::new()), throttle }
    }

    /// The same, which takes access tokens too.
    #[must_use]
    pub fn with_access_tokens(self, access_tokens: Arc<AccessTokens>) -> Self {
        Self { access_tokens: Some(access_tokens), ..self }
    }

    /// The caller whose token has this secret, shown from this address.
    ///
    /// # Errors
    /// - [`AuthError::Denied`]: there is no such token, or it is expired or revoked
    /// - [`AuthError::TooEarly`]: there is no such token, and many such were shown from there
    /// - [`AuthError::Store`]: the store does not answer
    pub async fn authenticate(&self, secret: &str, address: Option<IpAddr>) -> Result<Caller, AuthError> {
        let digest = token::digest(secret);
        let now = self.clock.now();
        let entry = match self.cached(&digest, now) {
            Some(entry) => entry,
            None => self.find(secret, digest, now).await.map_err(|error| self.refused(error, secret, address))?,
        };
        judge(&entry, &digest, now)?;
        Ok(Caller {
            token: entry.token.id,
            token_name: entry.name,
            user: entry.token.user,
            directory: entry.directory,
            scopes: entry.scopes,
        })
    }

    /// Reads the token anew when it is shown next.
    pub fn forget(&self, secret: &str) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).remove(&token::digest(secret));
    }

    /// Whoever showed what nobody has is told so, or to wait.
    fn refused(&self, error: AuthError, secret: &str, address: Option<IpAddr>) -> AuthError {
        match error {
            AuthError::Denied(Denied::Unknown) => match self.throttle.wrong_token(secret, address) {
                Ok(()) => Denied::Unknown.into(),
                Err(early) => early.into(),
            },
            error => error,
        }
    }

    /// Looks a secret up that is not in the cache.
    async fn find(&self, secret: &str, digest: TokenDigest, now: Timestamp) -> Result<Entry, AuthError> {
        if let Some(access_tokens) = self.access_tokens.as_ref().filter(|_| access_token::well_formed(secret)) {
            let content = access_tokens.open(secret).await?.ok_or(Denied::Unknown)?;
            return self.read_client(digest, content, now).await;
        }
        // What has no valid checksum is none of ours, and not worth a question to the store.
        if !token::well_formed(secret) {
            return Err(Denied::Unknown.into());
        }
        self.read(digest, now).await
    }

    fn cached(&self, digest: &TokenDigest, now: Timestamp) -> Option<Entry> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(digest).filter(|entry| is_fresh(entry, now)).cloned()
    }

    /// Reads a token from the store. `now` is the moment before the reading: what is revoked meanwhile is not believed longer for it.
    async fn read(&self, digest: TokenDigest, now: Timestamp) -> Result<Entry, AuthError> {
        let (token, directory) = self.store.token(&digest).await?.ok_or(Denied::Unknown)?;
        // What does not read, the admin functions never stored; it allows nothing rather than everything.
        let scopes = Scopes::parse(&token.scopes).map_err(|_| Denied::Unknown)?;
        let name = token.name.as_str().into();
        let (token, scopes, directory) = (Arc::new(token), Arc::new(scopes), Arc::new(directory));
        Ok(self.keep(digest, Entry { token, name, scopes, directory, access: None, read: now }, now))
    }

    /// Reads the client of an access token.
    async fn read_client(&self, digest: TokenDigest, content: Content, now: Timestamp) -> Result<Entry, AuthError> {
        let found = self.store.token_of(content.client.directory, content.client.token).await?;
        let (token, directory) = found.ok_or(Denied::Unknown)?;
        let renewed = || Denied::Renewed(Holder::of(&token, &directory));
        if !content.credential.is_of(&token, now) {
            return Err(renewed().into());
        }
        let parse = |text: &str| Scopes::parse(text).map_err(|_| Denied::Unknown);
        // A client that may do less by now takes the tokens along that it was given for more.
        let scopes = parse(&token.scopes)?.narrowed(&parse(&content.scopes)?).ok_or_else(renewed)?;
        let entry = Entry {
            name: token.name.as_str().into(),
            token: Arc::new(token),
            scopes: Arc::new(scopes),
            directory: Arc::new(directory),
            access: Some(Arc::new(content)),
            read: now,
        };
        Ok(self.keep(digest, entry, now))
    }

    fn keep(&self, digest: TokenDigest, entry: Entry, now: Timestamp) -> Entry {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHE_TOKENS_MAX {
            cache.retain(|_, entry| is_fresh(entry, now));
            if cache.len() >= CACHE_TOKENS_MAX {
                cache.clear();
            }
        }
        cache.insert(digest, entry.clone());
        entry
    }
}

/// Whether an entry may be believed. One that seems to come from the future was read before the clock was set back (R45).
fn is_fresh(entry: &Entry, now: Timestamp) -> bool {
    (0..CACHE_AGE_MAX_MS).contains(&now.0.saturating_sub(entry.read.0))
}

/// Whether a token opens its Directory, for who showed the secret with this digest.
fn judge(entry: &Entry, digest: &TokenDigest, now: Timestamp) -> Result<(), Denied> {
    let token = &entry.token;
    check_state(token, &entry.directory, now)?;
    let holder = || Holder::of(token, &entry.directory);
    let is_over = |expires: Timestamp| expires <= now;
    match (token.kind, &entry.access) {
        (TokenKind::Client, Some(access)) if is_over(access.expires) => Err(Denied::Expired(holder())),
        // A secret of before has a time that can be over by now; of keys, those of when the row was read are those of now.
        (TokenKind::Client, Some(access)) if token.jwks.is_none() && !access.credential.is_of(token, now) => {
            Err(Denied::Renewed(holder()))
        }
        (TokenKind::Client, Some(_)) => Ok(()),
        (TokenKind::Client, None) => Err(Denied::Client(holder())),
        (TokenKind::Bearer, Some(_)) => Err(Denied::Unknown),
        (TokenKind::Bearer, None)
            if token.digest != *digest && token.former.as_ref().is_none_or(|former| is_over(former.expires)) =>
        {
            Err(Denied::Renewed(holder()))
        }
        (TokenKind::Bearer, None) => Ok(()),
    }
}

/// Whether a token is in use at all, whatever its kind.
pub(super) fn check_state(token: &TokenRow, directory: &DirectoryRow, now: Timestamp) -> Result<(), Denied> {
    let holder = || Holder::of(token, directory);
    if token.revoked.is_some() || directory.status == DirectoryStatus::Deleting {
        Err(Denied::Revoked(holder()))
    } else if token.expires.is_some_and(|expires| expires <= now) {
        Err(Denied::Expired(holder()))
    } else if token.inactive.is_some() {
        Err(Denied::Inactive(holder()))
    } else {
        Ok(())
    }
}
