//! Who comes with an API key or a password.

use super::accounts::{self, KEYS_MAX, NewApiKey};
use super::{AdminError, Operator};
use crate::auth::{PasswordHasher, token};
use crate::clock::Clock;
use crate::store::audit::Actor;
use crate::store::operator::{AccountRow, ApiKeyRow};
use crate::store::{OperatorStore, StoreError};
use std::time::Duration;
use uuid::Uuid;

/// What the names of API keys begin with that stand for somebody who signed in with a password.
pub const SESSION: &str = "session-";

/// How many of those an account has at most; the oldest makes way.
const SESSIONS_MAX: usize = 20;

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
    let Some((key, account)) = store.api_key(&token::digest(secret)).await? else { return Ok(None) };
    let now = clock.now();
    if account.disabled.is_some() || key.expires.is_some_and(|expires| expires <= now) {
        return Ok(None);
    }
    let is_noted = key.last_used.is_some_and(|last| (0..NOTE_EVERY_MS).contains(&now.0.saturating_sub(last.0)));
    if !is_noted && let Err(error) = store.note_key_use(key.id, now, address).await {
        tracing::warn!(error = %error, key = key.id.0, "the use of an API key could not be noted");
    }
    Ok(Some((key, account)))
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
    make_room(&operator, &account).await?;
    let key = accounts::create_key(&operator, &account, &format!("{SESSION}{}", Uuid::now_v7()), Some(lifetime)).await?;
    Ok(Some((key, account)))
}

/// Ends what an account signed in with a password.
///
/// # Errors
/// The store failed.
pub async fn end_sessions(operator: &Operator<'_>, account: &AccountRow) -> Result<(), AdminError> {
    for key in sessions(operator, account).await? {
        end(operator, account, &key).await?;
    }
    Ok(())
}

/// Ends sessions whose time is over, and the oldest if there are too many.
async fn make_room(operator: &Operator<'_>, account: &AccountRow) -> Result<(), AdminError> {
    let now = operator.clock.now();
    let (over, good): (Vec<_>, Vec<_>) =
        sessions(operator, account).await?.into_iter().partition(|key| key.expires.is_some_and(|expires| expires <= now));
    let too_many = (good.len() + 1).saturating_sub(SESSIONS_MAX);
    for key in over.iter().chain(&good[..too_many]) {
        end(operator, account, key).await?;
    }
    Ok(())
}

/// The keys of an account that are sessions, the oldest first.
async fn sessions(operator: &Operator<'_>, account: &AccountRow) -> Result<Vec<ApiKeyRow>, AdminError> {
    let mut keys = operator.store.api_keys(account.id, KEYS_MAX).await?;
    keys.retain(|key| key.name.starts_with(SESSION));
    Ok(keys)
}

async fn end(operator: &Operator<'_>, account: &AccountRow, key: &ApiKeyRow) -> Result<(), AdminError> {
    match accounts::delete_key(operator, account, &key.name).await {
        Err(AdminError::NoKey(_)) => Ok(()),
        done => done.map(|_| ()),
    }
}
