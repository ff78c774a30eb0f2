//! Users of a Directory, as far as an operator may reach into them.

use super::AdminState;
use super::accounts::Password;
use super::caller::{Caller, Operating};
use super::extract::{Body, Path};
use super::problem::Problem;
use crate::admin::{Kind, directories, resources, users};
use axum::extract::State;
use axum::http::StatusCode;
use std::sync::Arc;

/// Set a user's password
///
/// The user moves to a new version; no answer or log ever shows the password.
#[utoipa::path(put, path = "/directories/{directory}/users/{user}/password", tag = "users", request_body = Password,
    params(("directory" = String, Path, description = "The Directory's name"), ("user" = String, Path, description = "The user's id or userName")), responses(
    (status = 204, description = "It is set"),
))]
pub async fn set_password(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path((directory, user)): Path<(String, String)>,
    Body(new): Body<Password>,
) -> Result<StatusCode, Problem> {
    let directory = directories::find(&*state.store, &directory).await?;
    let user = resources::find(&*state.store, directory.id, Kind::User, &user).await?;
    users::set_password(&caller.operator(&state), &state.passwords, &directory, &user, &new.password).await?;
    Ok(StatusCode::NO_CONTENT)
}
