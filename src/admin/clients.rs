//! OAuth clients of a Directory: tokens of the kind client, with a secret or with public keys.
//!
//! What is done with tokens is done with clients too, by [`super::tokens`]: they are put out of use and back, revoked,
//! edited, deleted, and one with a secret is renewed. What they were issued dies with them.

use super::tokens::{Lifetime, Which, after, change, checked_name, insert, unnamed, usable};
use super::{AdminError, Operator, tokens};
use crate::auth::oauth::{ClientId, PublicKeys};
use crate::auth::{Scopes, Secret};
use crate::id::DirectoryId;
use crate::store::operator::NewToken as NewRow;
use crate::store::{DirectoryRow, OperatorStore, TokenKind, TokenRow};
use std::time::Duration;

/// What a new client is to be.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// What to call it; `None`: after the moment, and never like another one.
    pub name: Option<String>,
    /// After which time it is refused; `None`: after the longest that [`Lifetime`] allows for its secret, or never.
    pub expires_in: Option<Duration>,
    /// What it may do, and what its tokens may do at most.
    pub scopes: Scopes,
    /// Its public keys; `None`: it gets a secret.
    pub keys: Option<PublicKeys>,
}

/// A client just made: the only moment at which its secret is there to be shown (R28).
#[derive(Debug)]
pub struct NewClient {
    /// What is stored of it.
    pub row: TokenRow,
    /// What it calls itself.
    pub id: ClientId,
    /// The secret, if it has no keys.
    pub secret: Option<Secret>,
}

/// Creates a client.
///
/// # Errors
/// [`AdminError::TokenName`], [`AdminError::TokenExists`], [`AdminError::TooManyTokens`]; [`AdminError::TokenDays`] if its secret
/// would be good for too long.
pub async fn create(operator: &Operator<'_>, directory: &DirectoryRow, wanted: Wanted) -> Result<NewClient, AdminError> {
    let now = operator.clock.now();
    let name = match wanted.name {
        Some(name) => checked_name(name)?,
        None => unnamed(now),
    };
    let expires = match wanted.keys {
        // No secret is shown to be let in, so there is none to bound (RFC 7644 §7.4 is about bearer tokens).
        Some(_) => wanted.expires_in.map(|time| after(now, time)),
        None => Lifetime::of(directory)?.expiry(now, wanted.expires_in)?,
    };
    // A client with keys has one too, which nobody ever sees: what the column holds is unique, and opens nothing.
    let secret = Secret::generate()?;
    let new = NewRow {
        directory: directory.id,
        name,
        kind: TokenKind::Client,
        digest: secret.digest(),
        expires,
        user: None,
        scopes: wanted.scopes.to_string(),
        jwks: wanted.keys.as_ref().map(PublicKeys::to_string),
    };
    let row = insert(operator, directory, now, new).await?;
    let id = ClientId { directory: row.directory_id, token: row.id };
    Ok(NewClient { row, id, secret: wanted.keys.is_none().then_some(secret) })
}

/// Gives a client other public keys, in place of those that it has. What was issued for a key that is not among them is
/// refused from then on, by other replicas within a second; so keys change without a gap if both are there for a while.
///
/// # Errors
/// [`AdminError::NoToken`], [`AdminError::TokenRevoked`]; [`AdminError::NoKeys`] if it is no client with keys.
pub async fn set_keys<'a>(
    operator: &Operator<'_>,
    directory: &DirectoryRow,
    which: impl Into<Which<'a>>,
    keys: &PublicKeys,
) -> Result<TokenRow, AdminError> {
    let client = usable(operator, directory, which).await?;
    if client.jwks.is_none() {
        return Err(AdminError::NoKeys(client.name));
    }
    let jwks = Some(keys.to_string());
    if client.jwks == jwks {
        return Ok(client);
    }
    let renewed = Some(operator.clock.now());
    change(operator, directory, "client.set-keys", client.clone(), TokenRow { jwks, renewed, ..client }).await
}

/// All clients of a Directory, dead ones included, oldest first.
pub async fn list(store: &dyn OperatorStore, directory: DirectoryId) -> Result<Vec<TokenRow>, AdminError> {
    let mut all = tokens::list(store, directory).await?;
    all.retain(|token| token.kind == TokenKind::Client);
    Ok(all)
}
