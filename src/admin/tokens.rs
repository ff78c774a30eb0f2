//! Bearer tokens of a Directory.

use super::{AdminError, PAGE_ROWS, users};
use crate::auth::Secret;
use crate::clock::{Clock, Timestamp};
use crate::id::{DirectoryId, ResourceId};
use crate::store::{Store, StoreError, TokenRow};
use std::time::Duration;

/// The longest name of a token, in characters.
pub const NAME_CHARACTERS_MAX: usize = 100;

/// A token just made: the only moment at which its secret is there to be shown (R28).
#[derive(Debug)]
pub struct NewToken {
    /// What is stored of it.
    pub row: TokenRow,
    /// The secret.
    pub secret: Secret,
}

/// Creates a token for a provider or an application: it opens the whole Directory. Without a `name` it is
/// called after the moment, and never like another one; without `expires_in` it never expires.
///
/// # Errors
/// [`AdminError::TokenName`], [`AdminError::TokenExists`].
pub async fn create(
    store: &dyn Store,
    clock: &dyn Clock,
    directory: DirectoryId,
    name: Option<&str>,
    expires_in: Option<Duration>,
) -> Result<NewToken, AdminError> {
    create_bound(store, clock, directory, name, expires_in, None).await
}

/// Creates a token that stands for a user, and opens `/Me` alone (RFC 7644 §3.11).
///
/// # Errors
/// As [`create`]; [`AdminError::NoUser`] if no user has this id or userName.
pub async fn create_for_user(
    store: &dyn Store,
    clock: &dyn Clock,
    directory: DirectoryId,
    name: Option<&str>,
    expires_in: Option<Duration>,
    user: &str,
) -> Result<NewToken, AdminError> {
    let user = users::find(store, directory, user).await?.id;
    create_bound(store, clock, directory, name, expires_in, Some(user)).await
}

async fn create_bound(
    store: &dyn Store,
    clock: &dyn Clock,
    directory: DirectoryId,
    name: Option<&str>,
    expires_in: Option<Duration>,
    user: Option<ResourceId>,
) -> Result<NewToken, AdminError> {
    let now = clock.now();
    let name = name.map_or_else(|| unnamed(now), str::to_owned);
    if !(1..=NAME_CHARACTERS_MAX).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(AdminError::TokenName(name));
    }
    let expires = expires_in.map(|time| Timestamp(now.0.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))));
    let secret = Secret::generate()?;
    match store.create_token(directory, &name, &secret.digest(), now, expires, user).await {
        Ok(row) => Ok(NewToken { row, secret }),
        Err(StoreError::Exists) => Err(AdminError::TokenExists(name)),
        Err(error) => Err(error.into()),
    }
}

/// The name of a token that was given none: the moment, and a random number, as two may be made in one millisecond.
fn unnamed(now: Timestamp) -> String {
    let (_, random) = uuid::Uuid::now_v7().as_u64_pair();
    format!("token-{}-{:08x}", now.to_rfc3339(), random as u32)
}

/// All tokens of a Directory, dead ones included, oldest first.
pub async fn list(store: &dyn Store, directory: DirectoryId) -> Result<Vec<TokenRow>, AdminError> {
    let mut all: Vec<TokenRow> = Vec::new();
    loop {
        let page = store.tokens(directory, all.last().map(|token| token.id), PAGE_ROWS).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Revokes the live token of this name, or else of this number. It is refused from then on, by other replicas within a
/// second (R30).
///
/// # Errors
/// [`AdminError::NoToken`].
pub async fn revoke(
    store: &dyn Store,
    clock: &dyn Clock,
    directory: DirectoryId,
    name_or_id: &str,
) -> Result<TokenRow, AdminError> {
    let no_token = || AdminError::NoToken(name_or_id.to_owned());
    let live: Vec<TokenRow> = list(store, directory).await?.into_iter().filter(|token| token.revoked.is_none()).collect();
    let token = live
        .iter()
        .find(|token| token.name == name_or_id)
        .or_else(|| live.iter().find(|token| token.id.0.to_string() == name_or_id))
        .ok_or_else(no_token)?;
    let now = clock.now();
    if !store.revoke_token(directory, token.id, now).await? {
        return Err(no_token());
    }
    Ok(TokenRow { revoked: Some(now), ..token.clone() })
}
