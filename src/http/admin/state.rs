//! What requests of the admin API share.

use crate::auth::{PasswordHasher, Throttle};
use crate::clock::Clock;
use crate::http::observe::Facts;
use crate::store::OperatorStore;
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;
use std::time::Duration;

/// The settings of the admin API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminOptions {
    /// Where clients reach the server, without a slash at the end.
    pub public_url: String,
    /// For how long who signed in with a password stays so.
    pub session_lifetime: Duration,
}

/// What requests of the admin API share. One a process.
pub struct AdminState {
    /// Where everything is kept.
    pub store: Arc<dyn OperatorStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Hashes passwords.
    pub passwords: PasswordHasher,
    /// Slows down who guesses at passwords.
    pub throttle: Throttle,
    /// The settings.
    pub options: AdminOptions,
}

/// Tells the log which endpoint answered.
pub async fn facts(path: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.extensions_mut().insert(Facts { route: super::BASE, admin_route: path, ..Facts::default() });
    response
}
