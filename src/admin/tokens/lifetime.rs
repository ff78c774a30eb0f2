//! For how long a secret of a Directory may be good: the setting `tokenDaysMax` (RFC 7644 §7.4).
//!
//! It bounds bearer tokens and clients that have a secret. A client with public keys has none, and is not bounded. What is
//! there already when the setting comes or is lowered keeps its expiry, as its provider would be cut off otherwise.

use super::{State, after};
use crate::admin::AdminError;
use crate::clock::Timestamp;
use crate::directory::settings::Settings;
use crate::scim::quirks::profile;
use crate::store::{DirectoryRow, OperatorStore, TokenRow};
use std::time::Duration;

/// A day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// For how long a secret of one Directory may be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    days_max: Option<u32>,
}

impl Lifetime {
    /// That of a Directory: its setting, or its profile's.
    ///
    /// # Errors
    /// [`AdminError::Settings`], [`AdminError::Provider`]: the row is not as the admin functions store it.
    pub fn of(directory: &DirectoryRow) -> Result<Self, AdminError> {
        let settings = Settings::of(directory).map_err(AdminError::Settings)?;
        let profile = profile(&directory.provider).ok_or_else(|| AdminError::Provider(directory.provider.clone()))?;
        Ok(Self { days_max: settings.token_days_max(profile) })
    }

    /// This time, or the longest that a secret may be good, if that is shorter.
    pub fn at_most(self, time: Duration) -> Duration {
        self.max().map_or(time, |max| time.min(max))
    }

    /// The expiry of a secret that is made `now`, to be good for `asked`; if that is `None`, for as long as it may be. An expiry of
    /// `None` is never.
    ///
    /// # Errors
    /// [`AdminError::TokenDays`] if that is too long.
    pub(in crate::admin) fn expiry(self, now: Timestamp, asked: Option<Duration>) -> Result<Option<Timestamp>, AdminError> {
        let Some(time) = asked else { return Ok(self.latest(now)) };
        let expires = Some(after(now, time));
        match self.exceeded(expires, now) {
            Some(error) => Err(error),
            None => Ok(expires),
        }
    }

    /// The expiry of a token whose secret is made anew `now`, and whose expiry should stay `expires`; the latest that may be, if
    /// that is earlier.
    pub(super) fn kept(self, now: Timestamp, expires: Option<Timestamp>) -> Option<Timestamp> {
        match (expires, self.latest(now)) {
            (Some(expires), Some(latest)) => Some(expires.min(latest)),
            (expires, latest) => expires.or(latest),
        }
    }

    /// Refuses another expiry for a token that keeps its secret, if the secret would be good for longer than before and than it
    /// may. To shorten its time is always allowed, also if what is left is too long.
    ///
    /// # Errors
    /// [`AdminError::TokenDays`].
    pub(super) fn check_edit(self, token: &TokenRow, expires: Option<Timestamp>) -> Result<(), AdminError> {
        let is_longer = token.expires.is_some_and(|before| is_later(expires, before));
        match self.exceeded(expires, begun(token)) {
            Some(error) if is_longer && token.jwks.is_none() => Err(error),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether a token that is not dead is good for longer than one that is made like it now: it was there before the setting.
    pub fn is_exceeded_by(self, token: &TokenRow, now: Timestamp) -> bool {
        let lives = matches!(State::of(token, now), State::Active | State::Inactive);
        lives && token.jwks.is_none() && self.exceeded(token.expires, begun(token)).is_some()
    }

    /// Whether the expiry of a token is the one that it gets if none is asked for.
    pub fn is_default_of(self, token: &TokenRow) -> bool {
        token.expires.is_none() || [token.created, begun(token)].into_iter().any(|begun| token.expires == self.latest(begun))
    }

    /// Why a secret that is made at `begun` cannot be good until `expires`, if it cannot.
    fn exceeded(self, expires: Option<Timestamp>, begun: Timestamp) -> Option<AdminError> {
        let (days_max, latest) = (self.days_max?, self.latest(begun)?);
        is_later(expires, latest).then(|| AdminError::TokenDays { days_max, latest: latest.to_rfc3339() })
    }

    /// The latest expiry of a secret that is made at `begun`; `None`: never.
    fn latest(self, begun: Timestamp) -> Option<Timestamp> {
        self.max().map(|max| after(begun, max))
    }

    fn max(self) -> Option<Duration> {
        self.days_max.map(|days| DAY * days)
    }
}

/// The tokens of a Directory that [`Lifetime::is_exceeded_by`], oldest first.
///
/// # Errors
/// Those of [`Lifetime::of`] and of the store.
pub async fn exceeding(store: &dyn OperatorStore, directory: &DirectoryRow, now: Timestamp) -> Result<Vec<TokenRow>, AdminError> {
    let lifetime = Lifetime::of(directory)?;
    let mut tokens = super::list(store, directory.id).await?;
    tokens.retain(|token| lifetime.is_exceeded_by(token, now));
    Ok(tokens)
}

/// When the secret that a token has was made.
pub(in crate::admin) fn begun(token: &TokenRow) -> Timestamp {
    token.renewed.map_or(token.created, |renewed| renewed.max(token.created))
}

/// Whether an expiry lies after a moment; never does.
fn is_later(expires: Option<Timestamp>, moment: Timestamp) -> bool {
    expires.is_none_or(|expires| expires > moment)
}

#[cfg(test)]
mod tests;
