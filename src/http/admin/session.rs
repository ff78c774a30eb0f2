//! Signing in with a password, and who one is.

use super::AdminState;
use super::accounts::AccountView;
use super::caller::{Caller, Remote, Viewing};
use super::extract::Body;
use super::keys::KeyView;
use super::problem::{Kind, Problem, ProblemBody};
use crate::admin::{Operator, accounts, sign_in};
use crate::store::audit::Actor;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// An account's name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The account.
    #[schema(example = "owner")]
    account: String,
    /// Its password.
    #[schema(format = Password)]
    password: String,
}

/// Somebody who is signed in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// An API key that expires.
    pub key: KeyView,
    /// Its secret, to be sent as a bearer token. It is shown this once.
    pub secret: String,
    /// The account.
    pub account: AccountView,
}

/// Who calls, and with what.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The account.
    pub account: AccountView,
    /// The API key.
    pub key: KeyView,
}

/// Sign in with a password
///
/// Gives an API key of the account that expires. Attempts that fail are slowed, for the account and for the address.
#[utoipa::path(post, path = "/session", tag = "session", security(()), request_body = Credentials, responses(
    (status = 201, description = "Signed in", body = Session),
    (status = 401, description = "The account and password do not match", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "Too many attempts have failed", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn sign_in(
    State(state): State<Arc<AdminState>>,
    Remote(address): Remote,
    Body(credentials): Body<Credentials>,
) -> Result<(StatusCode, Json<Session>), Problem> {
    let attempt = state.throttle.attempt(&credentials.account, address)?;
    // Who it is shows when the password has been compared.
    let actor = Actor::account("", address.map(|address| address.to_string()));
    let operator = Operator::new(&*state.store, &*state.clock, actor);
    let Credentials { account, password } = credentials;
    let lifetime = state.options.session_lifetime;
    let (key, account) = match sign_in::by_password(&operator, &state.passwords, &account, &password, lifetime).await {
        Ok(Some(found)) => {
            attempt.was_right();
            found
        }
        Ok(None) => {
            return Err(Problem::new(Kind::Unauthorized, "the account and password do not match").denied("password"));
        }
        Err(error) => {
            attempt.was_void();
            return Err(error.into());
        }
    };
    let secret = key.secret.expose().to_owned();
    let session = Session { key: KeyView::of(&key.row), secret, account: AccountView::of(&account) };
    Ok((StatusCode::CREATED, Json(session)))
}

/// Sign out
///
/// Deletes the API key that is shown.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204, description = "The key is good no more")))]
pub async fn sign_out(State(state): State<Arc<AdminState>>, caller: Caller<Viewing>) -> Result<StatusCode, Problem> {
    accounts::delete_key(&caller.operator(&state), &caller.account, &caller.key.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Show who calls
#[utoipa::path(get, path = "/me", tag = "session", responses((status = 200, description = "The account and the API key", body = Me)))]
pub async fn me(caller: Caller<Viewing>) -> Json<Me> {
    Json(Me { account: AccountView::of(&caller.account), key: KeyView::of(&caller.key) })
}
