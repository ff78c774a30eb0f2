//! A new secret for a token.

use super::finding::{Which, usable};
use super::{Lifetime, NewToken, State, after, change};
use crate::admin::{AdminError, Operator};
use crate::auth::Secret;
use crate::store::{DirectoryRow, FormerSecret, TokenRow};
use std::time::Duration;

/// For how long the secret of before is good after a renewal, if the operator does not say.
pub const OVERLAP_DEFAULT: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest overlap: 90 days.
pub const OVERLAP_MAX: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Gives a token a new secret. The one of before is good for `overlap` more, so that the provider can be given the new one
/// without a gap; of a token that is expired or out of use it is not. `expires_in`: from now on; `None` leaves the expiry as it
/// is, if [`Lifetime`] allows it, and else takes the latest that it allows.
///
/// Two secrets are good at once, no more. While the one of before the last renewal is, a further renewal would end one of them
/// that the provider may have, so it is refused, unless `overlap` is zero and both are to end.
///
/// # Errors
/// [`AdminError::NoToken`], [`AdminError::TokenRevoked`], [`AdminError::RenewedLately`]; [`AdminError::TokenExpired`] if no new
/// expiry is given; [`AdminError::TokenDays`] if it is too late; [`AdminError::Overlap`]; [`AdminError::HasKeys`] if it is a client
/// without a secret; [`AdminError::Changed`].
pub async fn renew<'a>(
    operator: &Operator<'_>,
    directory: &DirectoryRow,
    which: impl Into<Which<'a>>,
    overlap: Duration,
    expires_in: Option<Duration>,
) -> Result<NewToken, AdminError> {
    if overlap > OVERLAP_MAX {
        return Err(AdminError::Overlap);
    }
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
    let lifetime = Lifetime::of(directory)?;
    let expires = match expires_in {
        Some(_) => lifetime.expiry(now, expires_in)?,
        None => lifetime.kept(now, token.expires),
    };
    let secret = Secret::generate()?;
    let former = FormerSecret { digest: token.digest, expires: after(now, overlap) };
    let renewed = TokenRow {
        digest: secret.digest(),
        renewed: Some(now),
        former: overlaps.then_some(former),
        expires,
        warned_days: if expires_in.is_some() || expires != token.expires { None } else { token.warned_days },
        ..token.clone()
    };
    Ok(NewToken { row: change(operator, directory, "token.renew", token, renewed).await?, secret })
}
