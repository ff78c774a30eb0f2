//! The account behind an API key, and the role that an endpoint needs.

use super::AdminState;
use super::problem::{Kind, Problem};
use crate::admin::{Operator, sign_in};
use crate::auth::token;
use crate::http::authorization::bearer_of;
use crate::http::client::ClientAddress;
use crate::store::audit::Actor;
use crate::store::operator::{AccountRow, ApiKeyRow, Role};
use crate::store::{StoreError, TokenDigest};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::sync::Arc;

/// What an endpoint needs of the account that calls it.
pub trait Needs {
    /// The least role.
    const ROLE: Role;
}

/// Anyone with an account may.
pub struct Viewing;

/// Operators and owners may.
pub struct Operating;

/// Owners may.
pub struct Owning;

impl Needs for Viewing {
    const ROLE: Role = Role::Viewer;
}

impl Needs for Operating {
    const ROLE: Role = Role::Operator;
}

impl Needs for Owning {
    const ROLE: Role = Role::Owner;
}

/// Who calls, with a role that is good enough.
pub struct Caller<N> {
    /// The account.
    pub account: AccountRow,
    /// The key that was shown.
    pub key: ApiKeyRow,
    /// From where.
    pub address: Option<String>,
    /// The SHA-256 of the key.
    digest: TokenDigest,
    needs: PhantomData<N>,
}

impl<N> Caller<N> {
    /// The caller at work, for the record.
    pub fn operator<'a>(&self, state: &'a AdminState) -> Operator<'a> {
        let actor = Actor::account(self.account.name.clone(), self.address.clone());
        Operator::new(&*state.store, &*state.clock, actor)
    }
}

impl<N: Needs> Caller<N> {
    /// Whether the caller would still be let in.
    ///
    /// # Errors
    /// The store failed.
    pub async fn is_good(&self, state: &AdminState) -> Result<bool, StoreError> {
        let found = sign_in::by_digest(&*state.store, &*state.clock, &self.digest).await?;
        Ok(found.is_some_and(|(_, account)| account.role <= N::ROLE))
    }
}

/// From where a request comes, if that is known.
pub struct Remote(pub Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for Remote {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get().map(|ClientAddress(address)| *address)))
    }
}

impl<N: Needs> FromRequestParts<Arc<AdminState>> for Caller<N> {
    type Rejection = Problem;

    /// # Errors
    /// 401 without a good API key, 429 after many wrong ones from the same address, 403 if the account's role is less than the endpoint needs.
    async fn from_request_parts(parts: &mut Parts, state: &Arc<AdminState>) -> Result<Self, Problem> {
        let unauthorized = |reason| {
            Problem::new(Kind::Unauthorized, "an API key of an operator's account is needed, as a bearer token").denied(reason)
        };
        let Ok(Remote(address)) = Remote::from_request_parts(parts, state).await;
        // What cannot be a key is no guess at one.
        let secret = bearer_of(&parts.headers).ok_or_else(|| unauthorized("missing"))?;
        if !token::well_formed_key(secret) {
            return Err(unauthorized("api key"));
        }
        let attempt = state.throttle.attempt_at_key(secret, address)?;
        let address = address.map(|address| address.to_string());
        let Some((key, account)) = sign_in::by_key(&*state.store, &*state.clock, secret, address.as_deref()).await? else {
            attempt.was_wrong();
            return Err(unauthorized("api key"));
        };
        attempt.was_right();
        if account.role > N::ROLE {
            let detail = format!("this takes the role {}; the account has the role {}", N::ROLE.word(), account.role.word());
            return Err(Problem::new(Kind::Forbidden, detail).denied("role"));
        }
        Ok(Self { account, key, address, digest: token::digest(secret), needs: PhantomData })
    }
}
