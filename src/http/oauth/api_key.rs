//! A long-lived token for an API key: what a provider's connector that knows an operator's API key alone exchanges it for.
//!
//! The token is one of the Directory like those that operators make by other ways: of the same number, on record with the
//! account that the key belongs to, and listed, renewed and revoked as they are.

use super::error::OAuthError;
use super::form::Form;
use super::{OAuth, address};
use crate::admin::tokens::{self, Lifetime, Wanted};
use crate::admin::{AdminError, Operator, directories, sign_in};
use crate::auth::Scopes;
use crate::auth::oauth::issuer::{SCOPE, granted};
use crate::auth::scopes::EVERYTHING;
use crate::http::HttpState;
use crate::http::observe::Facts;
use crate::store::DirectoryStatus;
use crate::store::audit::Actor;
use crate::store::operator::{AccountRow, Role};
use axum::http::request::Parts;
use serde_json::{Value, json};
use std::time::Duration;

/// The `grant_type`; it may be left out beside an API key.
pub const GRANT_TYPE: &str = "api_key";

/// For how long a token is good if the request does not say, and the Directory allows that.
const LIFETIME_DEFAULT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Seconds for which it may be good.
const LIFETIME_S: std::ops::RangeInclusive<u64> = 60..=10 * 365 * 24 * 60 * 60;

/// Makes a token of the Directory that `directory` names.
///
/// # Errors
/// `invalid_client` without a good API key, `unauthorized_client` if the account may only look, `invalid_request` and
/// `invalid_scope` if what is wanted cannot be.
pub async fn grant(
    state: &HttpState,
    oauth: &OAuth,
    parts: &Parts,
    key: &str,
    form: &Form,
    facts: &mut Facts,
) -> Result<Value, OAuthError> {
    let account = account(state, oauth, parts, key, facts).await?;
    if account.role > Role::Operator {
        facts.denied = Some("role");
        return Err(OAuthError::unauthorized_client("the account of the API key may only look; it takes the role operator"));
    }
    let name =
        form.get("directory").ok_or_else(|| OAuthError::invalid_request("directory is missing: the name of the Directory"))?;
    let directory = directories::find(&*oauth.store, name).await.map_err(OAuthError::from_admin)?;
    if directory.status == DirectoryStatus::Deleting {
        return Err(OAuthError::from_admin(AdminError::Gone(directory.name)));
    }
    facts.directory = Some(directory.id);
    let lifetime = match form.get("expires_in") {
        Some(text) => lifetime(text)?,
        None => Lifetime::of(&directory).map_err(OAuthError::from_admin)?.at_most(LIFETIME_DEFAULT),
    };
    let scopes = granted(&EVERYTHING, form.get("scope"))?;
    let shown = scope_text(&scopes);
    let wanted = Wanted { name: form.get("name").map(str::to_owned), expires_in: Some(lifetime), scopes, user: None };
    let address = address(parts).map(|address| address.to_string());
    let actor = Actor::account(account.name, address);
    let operator = Operator::new(&*oauth.store, &*state.clock, actor);
    let token = tokens::create(&operator, &directory, wanted).await.map_err(OAuthError::from_admin)?;
    facts.token = Some(token.row.id);
    Ok(json!({
        "access_token": token.secret.expose(),
        "token_type": "Bearer",
        "expires_in": lifetime.as_secs(),
        "scope": shown,
        "name": token.row.name,
    }))
}

async fn account(
    state: &HttpState,
    oauth: &OAuth,
    parts: &Parts,
    key: &str,
    facts: &mut Facts,
) -> Result<AccountRow, OAuthError> {
    let address = address(parts);
    let attempt = oauth.issuer.throttle().attempt_at_key(key, address).inspect_err(|_| facts.denied = Some("throttled"))?;
    let address = address.map(|address| address.to_string());
    let found = sign_in::by_key(&*oauth.store, &*state.clock, key, address.as_deref()).await;
    if let Some((_, account)) = found.map_err(|error| OAuthError::from_admin(error.into()))? {
        attempt.was_right();
        return Ok(account);
    }
    attempt.was_wrong();
    facts.denied = Some("api key");
    Err(OAuthError::invalid_client())
}

fn lifetime(text: &str) -> Result<Duration, OAuthError> {
    let seconds = text.parse::<u64>().ok().filter(|seconds| LIFETIME_S.contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| {
        let (min, max) = (LIFETIME_S.start(), LIFETIME_S.end());
        OAuthError::invalid_request(format!("expires_in is a number of seconds from {min} to {max}"))
    })
}

/// Scopes as a client reads them: everything has a name too.
pub fn scope_text(scopes: &Scopes) -> String {
    if scopes.is_everything() { SCOPE.to_owned() } else { scopes.to_string() }
}
