//! From credentials to a token.
//!
//! A secret is found by its SHA-256, as tokens are, and the client id beside it is only compared with what was found: no time
//! depends on a secret, and who does not know the secret learns nothing about ids. An assertion is checked against the keys of
//! the client that it says to be of; how long that takes depends on public keys alone.

use super::access_token::{AccessTokens, Content, SealError};
use super::assertion::{self, AssertionError};
use super::client::{ClientId, Credential};
use super::keys::PublicKeys;
use crate::auth::authenticator::{Holder, check_state};
use crate::auth::throttle::{Throttle, TooEarly};
use crate::auth::{Denied, Scopes, token};
use crate::clock::{Clock, Timestamp};
use crate::id::{DirectoryId, TokenId};
use crate::store::{DirectoryRow, DirectoryStatus, OperatorStore, StoreError, TokenRow};
use std::net::IpAddr;
use std::sync::Arc;

/// The scope that stands for all that a client may do (OpenID IPSIE).
pub const SCOPE: &str = "scim";

/// What a client shows.
pub enum Credentials {
    /// Its id and its secret (RFC 6749 §2.3.1).
    Secret {
        /// The `client_id`.
        client: String,
        /// The `client_secret`.
        secret: String,
    },
    /// What it signed (RFC 7523 §2.2).
    Assertion {
        /// The `client_id`, if it says so beside the assertion.
        client: Option<String>,
        /// The `client_assertion`.
        assertion: String,
    },
}

impl Credentials {
    /// What a good client goes on to show from one address: its secret, or, as it signs something new each time, its id.
    fn familiar(&self) -> String {
        match self {
            Self::Secret { secret, .. } => secret.clone(),
            Self::Assertion { assertion, .. } => {
                assertion::claimed_client(assertion).map(|id| id.to_string()).unwrap_or_default()
            }
        }
    }
}

/// A token that was issued.
pub struct Granted {
    /// The token.
    pub access_token: String,
    /// For how many seconds it is good.
    pub lifetime_s: i64,
    /// What it may do.
    pub scopes: Scopes,
    /// Whose it is.
    pub client: TokenId,
    /// What it opens.
    pub directory: DirectoryId,
}

/// Why none was issued.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The credentials are not good. The client reads one sentence for all of them.
    #[error("the client is refused: {reason}")]
    Client {
        /// Why, for the log.
        reason: &'static str,
        /// Which client it was, if it was one.
        client: Option<TokenId>,
    },
    /// The Directory is out of use.
    #[error("the Directory is disabled by its operator")]
    Disabled {
        /// The client.
        client: TokenId,
        /// The Directory.
        directory: DirectoryId,
    },
    /// More is asked for than the client may do.
    #[error("the scope is none, or more than may be granted")]
    Scope,
    /// Too many wrong credentials were shown before.
    #[error(transparent)]
    TooEarly(#[from] TooEarly),
    /// The token could not be sealed.
    #[error(transparent)]
    Sealing(#[from] SealError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Denied> for GrantError {
    fn from(denied: Denied) -> Self {
        Self::Client { reason: denied.reason(), client: denied.holder().map(|holder| holder.token) }
    }
}

/// Issues access tokens.
pub struct Issuer {
    store: Arc<dyn OperatorStore>,
    clock: Arc<dyn Clock>,
    access_tokens: Arc<AccessTokens>,
    throttle: Throttle,
    audiences: Vec<String>,
    lifetime_ms: i64,
}

/// A client that showed good credentials.
struct Identified {
    row: TokenRow,
    directory: DirectoryRow,
    credential: Credential,
}

impl Issuer {
    /// `audiences`: what assertions may call this server. `lifetime_ms`: for how long a token is good.
    pub fn new(
        store: Arc<dyn OperatorStore>,
        clock: Arc<dyn Clock>,
        access_tokens: Arc<AccessTokens>,
        audiences: Vec<String>,
        lifetime_ms: i64,
    ) -> Self {
        Self { store, access_tokens, throttle: Throttle::new(clock.clone()), clock, audiences, lifetime_ms }
    }

    /// What slows down who guesses at credentials of this endpoint.
    pub fn throttle(&self) -> &Throttle {
        &self.throttle
    }

    /// A token for who shows `credentials`, with the `scope` that was asked for, or all that the client may do.
    ///
    /// # Errors
    /// [`GrantError`].
    pub async fn grant(
        &self,
        credentials: &Credentials,
        scope: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<Granted, GrantError> {
        let now = self.clock.now();
        let attempt = self.throttle.attempt_at_key(&credentials.familiar(), address)?;
        let identified = self.identify(credentials, now).await;
        match &identified {
            Ok(_) => attempt.was_right(),
            Err(GrantError::Client { .. }) => attempt.was_wrong(),
            Err(_) => {}
        }
        self.issue(identified?, scope, now).await
    }

    async fn identify(&self, credentials: &Credentials, now: Timestamp) -> Result<Identified, GrantError> {
        let (row, directory, credential) = match credentials {
            Credentials::Secret { client, secret } => self.by_secret(client, secret, now).await?,
            Credentials::Assertion { client, assertion } => self.by_assertion(client.as_deref(), assertion, now).await?,
        };
        Ok(Identified { row, directory, credential })
    }

    async fn by_secret(
        &self,
        client: &str,
        secret: &str,
        now: Timestamp,
    ) -> Result<(TokenRow, DirectoryRow, Credential), GrantError> {
        let digest = token::digest(secret);
        // What has no valid checksum is none of ours, and not worth a question to the store.
        let found = if token::well_formed(secret) { self.store.token(&digest).await? } else { None };
        let (row, directory) = found.ok_or(Denied::Unknown)?;
        let of_client = ClientId::parse(client).is_some_and(|id| ClientId::of(&row) == Some(id));
        if !of_client || row.jwks.is_some() {
            return Err(Denied::Unknown.into());
        }
        check_state(&row, &directory, now)?;
        let credential = Credential::secret(&digest);
        if credential.is_of(&row, now) {
            Ok((row, directory, credential))
        } else {
            Err(Denied::Renewed(Holder::of(&row, &directory)).into())
        }
    }

    async fn by_assertion(
        &self,
        client: Option<&str>,
        assertion: &str,
        now: Timestamp,
    ) -> Result<(TokenRow, DirectoryRow, Credential), GrantError> {
        let id = assertion::claimed_client(assertion).ok_or_else(|| refused(AssertionError::Malformed, None))?;
        if client.is_some_and(|client| ClientId::parse(client) != Some(id)) {
            return Err(refused(AssertionError::Issuer, None));
        }
        let found = self.store.token_of(id.directory, id.token).await?;
        let (row, directory) = found.filter(|(row, _)| ClientId::of(row).is_some()).ok_or(Denied::Unknown)?;
        let keys = row.jwks.as_deref().and_then(|keys| PublicKeys::parse(keys).ok()).ok_or(Denied::Unknown)?;
        check_state(&row, &directory, now)?;
        let asserted =
            assertion::check(assertion, id, &keys, &self.audiences, now).map_err(|error| refused(error, Some(row.id)))?;
        // Last, so that nobody but the client can use up what it is going to say.
        if !self.store.note_assertion(id.directory, id.token, &asserted.jti, asserted.expires, now).await? {
            return Err(GrantError::Client { reason: "assertion replayed", client: Some(row.id) });
        }
        Ok((row, directory, asserted.credential))
    }

    async fn issue(&self, client: Identified, scope: Option<&str>, now: Timestamp) -> Result<Granted, GrantError> {
        let Identified { row, directory, credential } = client;
        if directory.status == DirectoryStatus::Disabled {
            return Err(GrantError::Disabled { client: row.id, directory: directory.id });
        }
        let held = Scopes::parse(&row.scopes).map_err(|_| Denied::Unknown)?;
        let scopes = granted(&held, scope)?;
        let latest = Timestamp(now.0.saturating_add(self.lifetime_ms));
        let expires = row.expires.map_or(latest, |expires| expires.min(latest));
        let id = ClientId { directory: directory.id, token: row.id };
        let content = Content { client: id, credential, expires, scopes: scopes.to_string() };
        Ok(Granted {
            access_token: self.access_tokens.seal(&content).await?,
            lifetime_s: (expires.0 - now.0) / 1_000,
            scopes,
            client: row.id,
            directory: directory.id,
        })
    }
}

/// What of `held` is granted to who asks for `asked`: that, if it is not more; and for [`SCOPE`], or without any wish, all.
///
/// # Errors
/// [`GrantError::Scope`].
pub fn granted(held: &Scopes, asked: Option<&str>) -> Result<Scopes, GrantError> {
    let asked = asked.unwrap_or_default();
    let wants_all = asked.split_whitespace().any(|word| word == SCOPE);
    let named: Vec<&str> = asked.split_whitespace().filter(|word| *word != SCOPE).collect();
    let named = Scopes::parse(&named.join(" ")).map_err(|_| GrantError::Scope)?;
    let narrowed = held.narrowed(&named).ok_or(GrantError::Scope)?;
    Ok(if wants_all { held.clone() } else { narrowed })
}

fn refused(error: AssertionError, client: Option<TokenId>) -> GrantError {
    GrantError::Client { reason: error.reason(), client }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_narrows_and_scim_is_all() {
        let check = |held: &str, asked: Option<&str>| {
            granted(&Scopes::parse(held).expect("scopes"), asked).ok().map(|scopes| scopes.to_string())
        };
        assert_eq!(check("User:write", None).as_deref(), Some("User:write"));
        assert_eq!(check("User:write", Some("")).as_deref(), Some("User:write"));
        assert_eq!(check("User:write", Some("scim")).as_deref(), Some("User:write"));
        assert_eq!(check("User:write", Some("User:read")).as_deref(), Some("User:read"));
        assert_eq!(check("User:write", Some("User:read scim")).as_deref(), Some("User:write"));
        assert_eq!(check("", Some("scim")).as_deref(), Some(""));
        assert_eq!(check("", Some("read")).as_deref(), Some("read"));
        for asked in ["write", "Group:read", "User:read Group:read", "scim Group:read", "openid", "SCIM"] {
            assert_eq!(check("User:write", Some(asked)), None, "{asked}");
        }
    }
}
