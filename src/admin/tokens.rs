//! Bearer tokens of a Directory: made, put out of use and back, renewed, revoked, deleted.
//!
//! - [`finding`]: which token is meant
//! - [`lifetime`]: for how long its secret may be good
//! - [`renewal`]: a new secret for it

pub mod finding;
pub mod lifetime;
pub mod renewal;

pub(super) use finding::usable;
pub use finding::{Which, find, list, uses};
pub use lifetime::Lifetime;
pub use renewal::{OVERLAP_DEFAULT, OVERLAP_MAX, renew};

use super::operator::{Act, difference};
use super::{AdminError, Kind, Operator, resources};
use crate::auth::oauth::PublicKeys;
use crate::auth::oauth::keys::PublicKey;
use crate::auth::{Scopes, Secret};
use crate::clock::Timestamp;
use crate::directory::settings::Settings;
use crate::id::TokenId;
use crate::store::operator::{NewToken as NewRow, Operation};
use crate::store::{DirectoryRow, StoreError, TokenKind, TokenRow};
use serde_json::{Value, json};
use std::time::Duration;

/// The longest name of a token, in characters.
pub const NAME_CHARACTERS_MAX: usize = 100;

/// A token just made or renewed: the only moment at which its secret is there to be shown (R28).
#[derive(Debug)]
pub struct NewToken {
    /// What is stored of it.
    pub row: TokenRow,
    /// The secret.
    pub secret: Secret,
}

/// What a new token is to be.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// What to call it; `None`: after the moment, and never like another one.
    pub name: Option<String>,
    /// After which time it is refused; `None`: after the longest that [`Lifetime`] allows, or never.
    pub expires_in: Option<Duration>,
    /// What it may do.
    pub scopes: Scopes,
    /// The id or userName of a user whom it stands for: then it opens `/Me` alone (RFC 7644 §3.11).
    pub user: Option<String>,
}

/// Whether a token is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is.
    Active,
    /// Not until it is activated.
    Inactive,
    /// Not any more: its time is over.
    Expired,
    /// Never again.
    Revoked,
}

impl State {
    /// The state of a token at a moment.
    pub fn of(token: &TokenRow, now: Timestamp) -> Self {
        if token.revoked.is_some() {
            Self::Revoked
        } else if token.expires.is_some_and(|expires| expires <= now) {
            Self::Expired
        } else if token.inactive.is_some() {
            Self::Inactive
        } else {
            Self::Active
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// Creates a token for a provider or an application.
///
/// # Errors
/// [`AdminError::TokenName`], [`AdminError::TokenExists`], [`AdminError::TooManyTokens`]; [`AdminError::TokenDays`] if it would
/// be good for too long; [`AdminError::NoUser`] if no user has the id or userName.
pub async fn create(operator: &Operator<'_>, directory: &DirectoryRow, wanted: Wanted) -> Result<NewToken, AdminError> {
    let now = operator.clock.now();
    let name = match wanted.name {
        Some(name) => checked_name(name)?,
        None => unnamed(now),
    };
    let user = match &wanted.user {
        Some(user) => Some(resources::find(operator.store, directory.id, Kind::User, user).await?.id),
        None => None,
    };
    let expires = Lifetime::of(directory)?.expiry(now, wanted.expires_in)?;
    let secret = Secret::generate()?;
    let new = NewRow {
        directory: directory.id,
        name,
        kind: TokenKind::Bearer,
        digest: secret.digest(),
        expires,
        user,
        scopes: wanted.scopes.to_string(),
        jwks: None,
    };
    Ok(NewToken { row: insert(operator, directory, now, new).await?, secret })
}

/// Stores a new token of any kind that is made `now`, on record. Its expiry is one that [`Lifetime`] allows.
///
/// # Errors
/// As [`create`].
pub(super) async fn insert(
    operator: &Operator<'_>,
    directory: &DirectoryRow,
    now: Timestamp,
    new: NewRow,
) -> Result<TokenRow, AdminError> {
    let row = TokenRow {
        id: TokenId(0),
        directory_id: directory.id,
        name: new.name.clone(),
        created: now,
        expires: new.expires,
        revoked: None,
        user: new.user,
        kind: new.kind,
        digest: new.digest,
        scopes: new.scopes.clone(),
        inactive: None,
        renewed: None,
        former: None,
        jwks: new.jwks.clone(),
        warned_days: None,
        revision: 1,
    };
    let act = Act {
        at: Some(row.created),
        name: "token.create",
        directory: Some(directory),
        target_name: row.name.clone(),
        after: Some(on_record(&row)),
        ..Act::default()
    };
    let operation = Operation::CreateToken { token: new, live_max: Some(live_max(directory)?) };
    match operator.act(act, operation).await {
        Ok(id) => Ok(TokenRow { id: TokenId(id), ..row }),
        Err(StoreError::Exists) => Err(AdminError::TokenExists(row.name)),
        Err(StoreError::LimitReached { limit }) => Err(AdminError::TooManyTokens(limit)),
        // It is gone, or loses its provider at this moment.
        Err(StoreError::NotFound) => Err(AdminError::Changed(directory.name.clone())),
        Err(error) => Err(error.into()),
    }
}

/// The name of a token that was given none: the moment, and a random number, as two may be made in one millisecond.
pub(super) fn unnamed(now: Timestamp) -> String {
    let (_, random) = uuid::Uuid::now_v7().as_u64_pair();
    format!("token-{}-{:08x}", now.to_rfc3339(), random as u32)
}

/// A name if it can be a token's.
///
/// # Errors
/// [`AdminError::TokenName`].
pub(super) fn checked_name(name: String) -> Result<String, AdminError> {
    let is_name = (1..=NAME_CHARACTERS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if is_name { Ok(name) } else { Err(AdminError::TokenName(name)) }
}

/// Revokes the token of this name or number for good. It is refused from then on, by other replicas within a second (R30).
///
/// # Errors
/// [`AdminError::NoToken`] if there is none, or it is revoked already.
pub async fn revoke<'a>(
    operator: &Operator<'_>,
    directory: &DirectoryRow,
    which: impl Into<Which<'a>>,
) -> Result<TokenRow, AdminError> {
    let token = which.into().row(operator, directory).await?;
    if token.revoked.is_some() {
        return Err(AdminError::NoToken(token.name));
    }
    let revoked = Some(operator.clock.now());
    change(operator, directory, "token.revoke", token.clone(), TokenRow { revoked, ..token }).await
}

/// Puts a token out of use until [`activate`]. Without effect if it is.
///
/// # Errors
/// [`AdminError::NoToken`], [`AdminError::TokenRevoked`].
pub async fn deactivate<'a>(
    operator: &Operator<'_>,
    directory: &DirectoryRow,
    which: impl Into<Which<'a>>,
) -> Result<TokenRow, AdminError> {
    let token = usable(operator, directory, which).await?;
    if token.inactive.is_some() {
        return Ok(token);
    }
    let inactive = Some(operator.clock.now());
    change(operator, directory, "token.deactivate", token.clone(), TokenRow { inactive, ..token }).await
}

/// Puts a token back into use. Without effect if it is.
///
/// # Errors
/// [`AdminError::NoToken`], [`AdminError::TokenRevoked`], [`AdminError::TooManyTokens`].
pub async fn activate<'a>(
    operator: &Operator<'_>,
    directory: &DirectoryRow,
    which: impl Into<Which<'a>>,
) -> Result<TokenRow, AdminError> {
    let token = usable(operator, directory, which).await?;
    if token.inactive.is_none() {
        return Ok(token);
    }
    change(operator, directory, "token.activate", token.clone(), TokenRow { inactive: None, ..token }).await
}

/// What of a token can be changed; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// Its name.
    pub name: Option<String>,
    /// From when on it is refused; `Some(None)`: never.
    pub expires: Option<Option<Timestamp>>,
    /// What it may do.
    pub scopes: Option<Scopes>,
}

/// Changes a token.
///
/// # Errors
/// [`AdminError::NoToken`], [`AdminError::TokenRevoked`], [`AdminError::TokenName`], [`AdminError::TokenExists`],
/// [`AdminError::Changed`]; [`AdminError::TokenDays`] if its secret would be good for too long.
pub async fn edit<'a>(
    operator: &Operator<'_>,
    directory: &DirectoryRow,
    which: impl Into<Which<'a>>,
    edit: Edit,
) -> Result<TokenRow, AdminError> {
    let token = usable(operator, directory, which).await?;
    let mut edited = token.clone();
    if let Some(name) = edit.name {
        edited.name = checked_name(name)?;
    }
    if let Some(expires) = edit.expires {
        Lifetime::of(directory)?.check_edit(&token, expires)?;
        edited.expires = expires;
        edited.warned_days = None;
    }
    if let Some(scopes) = edit.scopes {
        edited.scopes = scopes.to_string();
    }
    if edited == token { Ok(token) } else { change(operator, directory, "token.edit", token, edited).await }
}

/// Forgets a token, in whatever state it is.
///
/// # Errors
/// [`AdminError::NoToken`], [`AdminError::Changed`].
pub async fn delete<'a>(
    operator: &Operator<'_>,
    directory: &DirectoryRow,
    which: impl Into<Which<'a>>,
) -> Result<TokenRow, AdminError> {
    let token = which.into().row(operator, directory).await?;
    let act = Act {
        at: None,
        name: "token.delete",
        directory: Some(directory),
        target: token.id.0.to_string(),
        target_name: token.name.clone(),
        before: Some(on_record(&token)),
        after: None,
    };
    let operation = Operation::DeleteToken { directory: directory.id, token: token.id, revision: token.revision };
    match operator.act(act, operation).await {
        Ok(_) => Ok(token),
        Err(StoreError::NotFound) => Err(AdminError::NoToken(token.name)),
        Err(StoreError::VersionConflict) => Err(AdminError::Changed(token.name)),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn change(
    operator: &Operator<'_>,
    directory: &DirectoryRow,
    name: &'static str,
    before: TokenRow,
    after: TokenRow,
) -> Result<TokenRow, AdminError> {
    let (was, is) = difference(on_record(&before), on_record(&after));
    let act = Act {
        at: None,
        name,
        directory: Some(directory),
        target: after.id.0.to_string(),
        target_name: after.name.clone(),
        before: was,
        after: is,
    };
    let now = operator.clock.now();
    // Only what comes into use needs room.
    let comes = State::of(&before, now) != State::Active && State::of(&after, now) == State::Active;
    let live_max = if comes { Some(live_max(directory)?) } else { None };
    match operator.act(act, Operation::ChangeToken { token: after.clone(), live_max }).await {
        Ok(_) => Ok(TokenRow { revision: after.revision + 1, ..after }),
        Err(StoreError::Exists) => Err(AdminError::TokenExists(after.name)),
        Err(StoreError::VersionConflict) => Err(AdminError::Changed(after.name)),
        Err(StoreError::LimitReached { limit }) => Err(AdminError::TooManyTokens(limit)),
        Err(error) => Err(error.into()),
    }
}

/// How many tokens may be in use at once.
fn live_max(directory: &DirectoryRow) -> Result<u32, AdminError> {
    Settings::of(directory).map(|settings| settings.tokens_max()).map_err(AdminError::Settings)
}

/// A token as the record has it: no secret, nor a digest of one.
fn on_record(token: &TokenRow) -> Value {
    json!({
        "name": token.name,
        "kind": token.kind.word(),
        "expires": token.expires.map(Timestamp::to_rfc3339),
        "revoked": token.revoked.map(Timestamp::to_rfc3339),
        "inactive": token.inactive.map(Timestamp::to_rfc3339),
        "renewed": token.renewed.map(Timestamp::to_rfc3339),
        "formerExpires": token.former.as_ref().map(|former| former.expires.to_rfc3339()),
        "user": token.user.map(|user| user.to_string()),
        "scopes": token.scopes,
        "keys": token.jwks.as_deref().map(thumbprints),
    })
}

/// What the keys of a client are on record by.
fn thumbprints(jwks: &str) -> Vec<String> {
    PublicKeys::parse(jwks).map(|keys| keys.iter().map(PublicKey::thumbprint_text).collect()).unwrap_or_default()
}

/// The moment `time` after `now`.
pub(super) fn after(now: Timestamp, time: Duration) -> Timestamp {
    Timestamp(now.0.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
}
