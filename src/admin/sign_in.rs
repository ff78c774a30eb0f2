//! Who comes with an API key or a password.

use super::accounts::{self, NewApiKey};
use super::{AdminError, Operator};
use crate::auth::{PasswordHasher, token};
use crate::clock::Clock;
use crate::store::audit::Actor;
use crate::store::operator::{AccountRow, ApiKeyRow};
use crate::store::{OperatorStore, StoreError, TokenDigest};
use std::time::Duration;

/// The use of a key is noted once in so many milliseconds.
const NOTE_EVERY_MS: i64 = 60_000;

/// The API key of this secret and its account, if both are good. Keys are looked up by their SHA-256, so there is no
/// secret here to compare and no time to measure (R28).
///
/// # Errors
/// The store failed.
pub async fn by_key(
    store: &dyn OperatorStore,
    clock: &dyn Clock,
    secret: &str,
    address: Option<&str>,
) -> Result<Option<(ApiKeyRow, AccountRow)>, StoreError> {
    if !token::well_formed_key(secret) {
        return Ok(None);
    }
    let Some((key, account)) = by_digest(store, clock, &token::digest(secret)).await? else { return Ok(None) };
    let now = clock.now();
    let is_noted = key.last_used.is_some_and(|last| (0..NOTE_EVERY_MS).contains(&now.0.saturating_sub(last.0)));
    if !is_noted && let Err(error) = store.note_key_use(key.id, now, address).await {
        tracing::warn!(error = %error, key = key.id.0, "the use of an API key could not be noted");
    }
    Ok(Some((key, account)))
}

/// The same by the SHA-256 of the secret, for who has shown that already; it is no use of the key.
///
/// # Errors
/// The store failed.
pub async fn by_digest(
    store: &dyn OperatorStore,
    clock: &dyn Clock,
    digest: &TokenDigest,
) -> Result<Option<(ApiKeyRow, AccountRow)>, StoreError> {
    let found = store.api_key(digest).await?;
    let now = clock.now();
    let is_good =
        |(key, account): &(ApiKeyRow, AccountRow)| account.disabled.is_none() && key.expires.is_none_or(|expires| expires > now);
    Ok(found.filter(is_good))
}

/// A new API key for who knows the account's password, good for `lifetime`. `None`: there is no such account, it is disabled
/// or has no password, or it has another one; which of these is told neither by the answer nor by its time.
///
/// # Errors
/// The store failed, or the password could not be hashed.
pub async fn by_password(
    operator: &Operator<'_>,
    hasher: &PasswordHasher,
    name: &str,
    password: &str,
    lifetime: Duration,
) -> Result<Option<(NewApiKey, AccountRow)>, AdminError> {
    let found = if accounts::is_name(name) { operator.store.account(name).await? } else { None };
    let account = found.filter(|account| account.disabled.is_none());
    let hash = account.as_ref().and_then(|account| account.password_hash.clone());
    let is_right = hasher.verify(password, hash).await?;
    let Some(account) = account.filter(|_| is_right) else { return Ok(None) };
    let actor = Actor::account(account.name.clone(), operator.actor.address.clone());
    let operator = Operator::new(operator.store, operator.clock, actor);
    match accounts::create_session(&operator, &account, lifetime).await {
        Ok(key) => Ok(Some((key, account))),
        // The password may be another one since it was compared, or the account disabled.
        Err(AdminError::Changed(_) | AdminError::NoAccount(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
