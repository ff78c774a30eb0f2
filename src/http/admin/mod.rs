//! The admin API: what operators do over HTTP, below `/admin/api/v1`.
//!
//! Each endpoint reads its request, calls one function of [`crate::admin`], which the command line calls too, and renders what
//! comes back. Whoever calls shows an API key of an account ([`caller`]), and the account's role decides what may be done.
//!
//! ```text
//! caller ──▶ path, query, If-Match, body ──▶ admin::function ──▶ a view | a problem
//! 401, 403   400, 415, 422                                       200, 201, 204 | RFC 9457
//! ```
//!
//! - [`state`]: what requests share
//! - [`caller`]: the account behind an API key, and the role that an endpoint needs
//! - [`extract`]: paths, queries and bodies, refused with a problem
//! - [`paths`]: the variables of paths
//! - [`page`]: lists, a page at a time
//! - [`task`]: acts that go on when their client has hung up
//! - [`tag`]: entity tags: two operators do not overwrite each other
//! - [`idempotency`]: the key of a creation, which makes it happen once
//! - [`problem`]: responses that do not succeed (RFC 9457)
//! - [`session`]: signing in with a password, and who one is
//! - [`accounts`], [`keys`]: operators' accounts and their API keys
//! - [`token_body`]: tokens in requests and answers
//! - [`directories`], [`tokens`], [`clients`], [`definitions`], [`resources`]: what is in a Directory
//! - [`providers`]: the profiles that a Directory can have
//! - [`requests`]: what became of SCIM requests
//! - [`audit`]: the record of what operators did
//! - [`openapi`]: the description of all this, made of its code, and a page to try it

pub mod accounts;
pub mod audit;
pub mod caller;
pub mod clients;
pub mod definitions;
pub mod directories;
pub mod extract;
pub mod idempotency;
pub mod keys;
pub mod openapi;
pub mod page;
pub mod paths;
pub mod problem;
pub mod providers;
pub mod requests;
pub mod resources;
pub mod session;
pub mod state;
pub mod tag;
pub mod task;
pub mod token_body;
pub mod tokens;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post, put};
use std::sync::Arc;

pub use state::{AdminOptions, AdminState};

/// Where the admin API begins.
pub const BASE: &str = "/admin/api/v1";

/// Bytes of a request's body at most: a large schema fits.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Every endpoint with its methods.
pub fn router(state: Arc<AdminState>) -> Router {
    let routes = Router::new()
        .route("/session", post(session::sign_in).delete(session::sign_out))
        .route("/me", get(session::me))
        .route("/accounts", get(accounts::list).post(accounts::create))
        .route("/accounts/{account}", get(accounts::show).patch(accounts::edit).delete(accounts::delete))
        .route("/accounts/{account}/password", put(accounts::set_password).delete(accounts::remove_password))
        .route("/accounts/{account}/keys", get(keys::list).post(keys::create))
        .route("/accounts/{account}/keys/{key}", delete(keys::delete))
        .route("/providers", get(providers::list))
        .route("/directories", get(directories::list).post(directories::create))
        .route("/directories/{directory}", get(directories::show).patch(directories::edit).delete(directories::delete))
        .route("/directories/{directory}/pause", post(directories::pause))
        .route("/directories/{directory}/resume", post(directories::resume))
        .route("/directories/{directory}/disable", post(directories::disable))
        .route("/directories/{directory}/tokens", get(tokens::list).post(tokens::create))
        .route("/directories/{directory}/tokens/{token}", get(tokens::show).patch(tokens::edit).delete(tokens::delete))
        .route("/directories/{directory}/tokens/{token}/activate", post(tokens::activate))
        .route("/directories/{directory}/tokens/{token}/deactivate", post(tokens::deactivate))
        .route("/directories/{directory}/tokens/{token}/renew", post(tokens::renew))
        .route("/directories/{directory}/tokens/{token}/revoke", post(tokens::revoke))
        .route("/directories/{directory}/clients", post(clients::create))
        .route("/directories/{directory}/clients/{token}/keys", put(clients::set_keys))
        .route("/directories/{directory}/definitions/{kind}", get(definitions::list).post(definitions::add))
        .route("/directories/{directory}/definitions/{kind}/{name}", delete(definitions::remove))
        .route("/directories/{directory}/deleted/{kind}", get(resources::deleted))
        .route("/directories/{directory}/deleted/{kind}/{id}", delete(resources::purge))
        .route("/directories/{directory}/users/{user}/disable", post(resources::disable))
        .route("/directories/{directory}/users/{user}/enable", post(resources::enable))
        .route("/directories/{directory}/users/{user}/password", put(resources::set_password))
        .route("/directories/{directory}/groups/{group}/members", post(resources::change_members))
        // Behind the names above: users and groups.
        .route("/directories/{directory}/{kind}", get(resources::list).post(resources::create))
        .route(
            "/directories/{directory}/{kind}/{resource}",
            get(resources::show).put(resources::replace).delete(resources::delete),
        )
        .route("/requests", get(requests::list))
        .route("/requests/stream", get(requests::follow))
        .route("/audit", get(audit::list))
        .route("/audit/export", get(audit::export))
        .route("/audit/verification", get(audit::verify))
        .route("/openapi.json", get(openapi::document))
        .route("/docs", get(openapi::page))
        .route("/docs/page.js", get(openapi::script))
        .route("/docs/page.css", get(openapi::style))
        .fallback(problem::no_endpoint)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(state.clone(), problem::render))
        .layer(from_fn(state::facts))
        .with_state(state);
    Router::new().nest(BASE, routes)
}
