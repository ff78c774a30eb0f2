//! What requests of the admin API share.

use super::problem::Denied;
use crate::auth::{PasswordHasher, Throttle};
use crate::clock::Clock;
use crate::directory::Limits;
use crate::http::observe::Facts;
use crate::store::OperatorStore;
use crate::store::requests::{Recorder, RequestLog};
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The settings of the admin API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminOptions {
    /// Where clients reach the server, without a slash at the end.
    pub public_url: String,
    /// For how long who signed in with a password stays so.
    pub session_lifetime: Duration,
}

/// The request log.
#[derive(Clone)]
pub struct Requests {
    /// Where it is kept.
    pub log: Arc<dyn RequestLog>,
    /// What writes it in this process, and says when it has.
    pub recorder: Arc<Recorder>,
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
    /// What an operator's request may cost.
    pub limits: Limits,
    /// What became of SCIM requests, if that is recorded.
    pub requests: Option<Requests>,
    /// Whether the server is about to stop; streams end then.
    pub stopping: watch::Sender<bool>,
    /// The settings.
    pub options: AdminOptions,
}

/// Tells the log which endpoint answered, and why credentials were refused.
pub async fn facts(path: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let denied = response.extensions_mut().remove().map(|Denied(reason)| reason);
    response.extensions_mut().insert(Facts { route: super::BASE, admin_route: path, denied, ..Facts::default() });
    response
}
