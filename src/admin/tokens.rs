//! Bearer tokens of a Directory: made, put out of use and back, renewed, revoked, deleted.

use super::operator::{Act, difference};
use super::{AdminError, Kind, Operator, PAGE_ROWS, resources};
use crate::auth::oauth::keys::PublicKey;
use crate::auth::oauth::{ClientId, PublicKeys};
use crate::auth::{Scopes, Secret};
use crate::clock::Timestamp;
use crate::directory::settings::Settings;
use crate::id::{DirectoryId, TokenId};
use crate::store::operator::{NewToken as NewRow, Operation, TokenUse};
use crate::store::{DirectoryRow, FormerSecret, OperatorStore, StoreError, TokenKind, TokenRow};
use serde_json::{Value, json};
use std::time::Duration;

/// The longest name of a token, in characters.
pub const NAME_CHARACTERS_MAX: usize = 100;

/// For how long the secret of before is good after a renewal, if the operator does not say.
pub const OVERLAP_DEFAULT: Duration = Duration::from_secs(24 * 60 * 60);

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
    /// After which time it is refused; `None`: never.
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

/// Which token an act is for.
#[derive(Debug)]
pub enum Which<'a> {
    /// The one of this name, number or client id, as [`find`] finds it.
    Named(&'a str),
    /// The one that was looked at. If it has changed since, the act is refused with [`AdminError::Changed`].
    Read(TokenRow),
}

impl<'a, T: AsRef<str> + ?Sized> From<&'a T> for Which<'a> {
    fn from(name: &'a T) -> Self {
        Self::Named(name.as_ref())
    }
}

impl From<TokenRow> for Which<'_> {
    fn from(token: TokenRow) -> Self {
        Self::Read(token)
    }
}

impl Which<'_> {
    async fn row(self, operator: &Operator<'_>, directory: &DirectoryRow) -> Result<TokenRow, AdminError> {
        match self {
            Self::Named(name) => find(operator.store, directory.id, name).await,
            Self::Read(token) => Ok(token),
        }
    }
}

/// Creates a token for a provider or an application.
///
/// # Errors
/// [`AdminError::TokenName`], [`AdminError::TokenExists`], [`AdminError::TooManyTokens`]; [`AdminError::NoUser`] if no user has
/// the id or userName.
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
    let expires = wanted.expires_in.map(|time| after(now, time));
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
    Ok(NewToken { row: insert(operator, directory, new).await?, secret })
}

/// Stores a new token of any kind, on record.
///
/// # Errors
/// As [`create`].
pub async fn insert(operator: &Operator<'_>, directory: &DirectoryRow, new: NewRow) -> Result<TokenRow, AdminError> {
    let row = TokenRow {
        id: TokenId(0),
        directory_id: directory.id,
        name: new.name.clone(),
        created: operator.clock.now(),
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

/// All tokens of a Directory, dead ones included, oldest first.
pub async fn list(store: &dyn OperatorStore, directory: DirectoryId) -> Result<Vec<TokenRow>, AdminError> {
    let mut all: Vec<TokenRow> = Vec::new();
    loop {
        let page = store.tokens(directory, all.last().map(|token| token.id), PAGE_ROWS).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// When and from where the tokens of a Directory were used, by number of the token.
pub async fn uses(store: &dyn OperatorStore, directory: DirectoryId) -> Result<Vec<TokenUse>, AdminError> {
    let mut all: Vec<TokenUse> = Vec::new();
    loop {
        let page = store.token_uses(directory, all.last().map(|one| one.token), PAGE_ROWS).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// The token that is called so and is not revoked, or else the one of this number or client id.
///
/// # Errors
/// [`AdminError::NoToken`].
pub async fn find(store: &dyn OperatorStore, directory: DirectoryId, name_or_id: &str) -> Result<TokenRow, AdminError> {
    let all = list(store, directory).await?;
    let named = all.iter().find(|token| token.revoked.is_none() && token.name == name_or_id);
    let is_client = |token: &TokenRow| ClientId::of(token).is_some_and(|id| id.to_string() == name_or_id);
    let found = named.or_else(|| all.iter().find(|token| token.id.0.to_string() == name_or_id || is_client(token)));
    found.cloned().ok_or_else(|| AdminError::NoToken(name_or_id.to_owned()))
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

/// Gives a token a new secret. The one of before is good for `overlap` more, so that the provider can be given the new one
/// without a gap; of a token that is expired or out of use it is not. `expires_in`: from now on; `None` leaves the expiry as it
/// is.
///
/// Two secrets are good at once, no more. While the one of before the last renewal is, a further renewal would end one of them
/// that the provider may have, so it is refused, unless `overlap` is zero and both are to end.
///
/// # Errors
/// [`AdminError::NoToken`], [`AdminError::TokenRevoked`], [`AdminError::RenewedLately`]; [`AdminError::TokenExpired`] if no new
/// expiry is given; [`AdminError::HasKeys`] if it is a client without a secret; [`AdminError::Changed`].
pub async fn renew<'a>(
    operator: &Operator<'_>,
    directory: &DirectoryRow,
    which: impl Into<Which<'a>>,
    overlap: Duration,
    expires_in: Option<Duration>,
) -> Result<NewToken, AdminError> {
    let token = usable(operator, directory, which).await?;
    if token.jwks.is_some() {
        return Err(AdminError::HasKeys(token.name));
    }
    let now = operator.clock.now();
    let state = State::of(&token, now);
    if state == State::Expired && expires_in.is_none() {
        return Err(AdminError::TokenExpired(token.name));
    }
    let overlaps = state == State::Active && !overlap.is_zero();
    if overlaps && let Some(former) = token.former.as_ref().filter(|former| former.expires > now) {
        return Err(AdminError::RenewedLately { name: token.name, until: former.expires.to_rfc3339() });
    }
    let secret = Secret::generate()?;
    let former = FormerSecret { digest: token.digest, expires: after(now, overlap) };
    let renewed = TokenRow {
        digest: secret.digest(),
        renewed: Some(now),
        former: overlaps.then_some(former),
        expires: expires_in.map_or(token.expires, |time| Some(after(now, time))),
        warned_days: if expires_in.is_some() { None } else { token.warned_days },
        ..token.clone()
    };
    Ok(NewToken { row: change(operator, directory, "token.renew", token, renewed).await?, secret })
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
/// [`AdminError::Changed`].
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

pub(super) async fn usable<'a>(
    operator: &Operator<'_>,
    directory: &DirectoryRow,
    which: impl Into<Which<'a>>,
) -> Result<TokenRow, AdminError> {
    let token = which.into().row(operator, directory).await?;
    if token.revoked.is_some() { Err(AdminError::TokenRevoked(token.name)) } else { Ok(token) }
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
