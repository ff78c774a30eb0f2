//! Tokens of a Directory.

use super::AdminState;
use super::caller::{Caller, Operating, Viewing};
use super::directories::base_url;
use super::extract::{Body, Optional, Path, Query};
use super::page::{Page, PageQuery, page};
use super::paths::{DirectoryPath, TokenPath};
use super::problem::{Problem, ProblemBody};
use super::tag::{Conditions, IfMatch, answer};
use super::token_body::{CreateToken, EditToken, RenewToken, TokenView, TokenWithSecret, scopes_of, time_until};
use crate::admin::tokens::{self, Edit, Lifetime, NewToken, OVERLAP_DEFAULT, Wanted};
use crate::admin::{AdminError, Kind as ResourceKind, directories, resources};
use crate::auth::Scopes;
use crate::clock::Timestamp;
use crate::id::TokenId;
use crate::store::operator::TokenUse;
use crate::store::{DirectoryRow, TokenKind, TokenRow};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// List tokens
///
/// Those of a Directory, in whatever state they are.
#[utoipa::path(get, path = "/directories/{directory}/tokens", tag = "tokens",
    params(DirectoryPath, PageQuery), responses(
    (status = 200, description = "A page of tokens, by number", body = Page<TokenView>),
))]
pub async fn list(
    State(state): State<Arc<AdminState>>,
    _: Caller<Viewing>,
    Path(DirectoryPath { directory }): Path<DirectoryPath>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<TokenView>>, Problem> {
    let (limit, after) = (query.limit()?, query.after::<i64>()?.map(TokenId));
    let directory = directories::find(&*state.store, &directory).await?;
    let rows = state.store.tokens(directory.id, after, limit + 1).await?;
    let uses = state.store.token_uses(directory.id, after, limit + 1).await?;
    let uses: HashMap<TokenId, TokenUse> = uses.into_iter().map(|used| (used.token, used)).collect();
    let (lifetime, now) = (Lifetime::of(&directory)?, state.clock.now());
    let view = |row: TokenRow| TokenView::of(&row, uses.get(&row.id), lifetime, now);
    Ok(Json(page(rows, limit, |row| row.id.0.to_string(), view)))
}

/// Create a token
///
/// It is shown this once, with the Base URL that goes with it. The same request sent again finds what is there, without the
/// secret; if that was lost, `renew` makes another.
#[utoipa::path(post, path = "/directories/{directory}/tokens", tag = "tokens", request_body = CreateToken,
    params(DirectoryPath), responses(
    (status = 201, description = "Created; the secret is shown this once", body = TokenWithSecret, headers(("ETag" = String))),
    (status = 200, description = "It is there already, exactly so", body = TokenWithSecret, headers(("ETag" = String))),
    (status = 409, description = "There is another one of this name, or as many as may be are in use", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn create(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(DirectoryPath { directory }): Path<DirectoryPath>,
    Body(new): Body<CreateToken>,
) -> Result<Response, Problem> {
    let directory = directories::find(&*state.store, &directory).await?;
    let lifetime = Lifetime::of(&directory)?;
    let scopes = scopes_of(&new.scopes)?;
    let expires = time_until(&state, new.expires.as_deref())?;
    let wanted = Wanted {
        name: Some(new.name.clone()),
        expires_in: expires.map(|(time, _)| time),
        scopes: scopes.clone(),
        user: new.user.clone(),
    };
    match tokens::create(&caller.operator(&state), &directory, wanted).await {
        Ok(made) => shown(&state, &directory, StatusCode::CREATED, made),
        Err(error @ (AdminError::TokenExists(_) | AdminError::TooManyTokens(_))) => {
            let found = tokens::find(&*state.store, directory.id, &new.name).await;
            let Ok(row) = found else { return Err(error.into()) };
            let user = match &new.user {
                Some(user) => Some(resources::find(&*state.store, directory.id, ResourceKind::User, user).await?.id),
                None => None,
            };
            let is_the_same = row.kind == TokenKind::Bearer && row.user == user;
            if !is_the_same || !is_as_wanted(&row, &new.name, expires.map(|(_, at)| at), &scopes, lifetime) {
                return Err(error.into());
            }
            let token = view(&state, &directory, &row).await?;
            let view = TokenWithSecret { token, secret: None, base_url: base_url(&state, &directory) };
            Ok(answer(StatusCode::OK, row.revision, view))
        }
        Err(error) => Err(error.into()),
    }
}

/// Show a token
#[utoipa::path(get, path = "/directories/{directory}/tokens/{token}", tag = "tokens",
    params(TokenPath), responses(
    (status = 200, description = "The token", body = TokenView, headers(("ETag" = String))),
))]
pub async fn show(
    State(state): State<Arc<AdminState>>,
    _: Caller<Viewing>,
    Path(TokenPath { directory, token }): Path<TokenPath>,
) -> Result<Response, Problem> {
    let directory = directories::find(&*state.store, &directory).await?;
    let row = tokens::find(&*state.store, directory.id, &token).await?;
    Ok(answer(StatusCode::OK, row.revision, view(&state, &directory, &row).await?))
}

/// Change a token
#[utoipa::path(patch, path = "/directories/{directory}/tokens/{token}", tag = "tokens", request_body = EditToken,
    params(TokenPath, IfMatch), responses(
    (status = 200, description = "The token as it is now", body = TokenView, headers(("ETag" = String))),
    (status = 409, description = "It is revoked, its new name is taken, or it has changed meanwhile", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn edit(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(TokenPath { directory, token }): Path<TokenPath>,
    conditions: Conditions,
    Body(edit): Body<EditToken>,
) -> Result<Response, Problem> {
    let (directory, row) = checked(&state, &directory, &token, &conditions).await?;
    let expires = match edit.expires {
        None => None,
        Some(None) => Some(None),
        Some(Some(text)) => Some(time_until(&state, Some(&text))?.map(|(_, at)| at)),
    };
    let scopes = edit.scopes.as_deref().map(scopes_of).transpose()?;
    let edit = Edit { name: edit.name, expires, scopes };
    let edited = tokens::edit(&caller.operator(&state), &directory, row, edit).await;
    changed(&state, &directory, &conditions, edited).await
}

/// Activate a token
///
/// Every server takes it within a second.
#[utoipa::path(post, path = "/directories/{directory}/tokens/{token}/activate", tag = "tokens",
    params(TokenPath, IfMatch), responses(
    (status = 200, description = "The token as it is now", body = TokenView, headers(("ETag" = String))),
    (status = 409, description = "It is revoked, or as many as may be are in use", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn activate(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(TokenPath { directory, token }): Path<TokenPath>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    let (directory, row) = checked(&state, &directory, &token, &conditions).await?;
    changed(&state, &directory, &conditions, tokens::activate(&caller.operator(&state), &directory, row).await).await
}

/// Deactivate a token
///
/// Every server refuses it within a second, until it is activated.
#[utoipa::path(post, path = "/directories/{directory}/tokens/{token}/deactivate", tag = "tokens",
    params(TokenPath, IfMatch), responses(
    (status = 200, description = "The token as it is now", body = TokenView, headers(("ETag" = String))),
    (status = 409, description = "It is revoked, or has changed meanwhile", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn deactivate(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(TokenPath { directory, token }): Path<TokenPath>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    let (directory, row) = checked(&state, &directory, &token, &conditions).await?;
    changed(&state, &directory, &conditions, tokens::deactivate(&caller.operator(&state), &directory, row).await).await
}

/// Renew a token
///
/// Gives it a new secret, which is shown this once; the one of before is good for a while.
#[utoipa::path(post, path = "/directories/{directory}/tokens/{token}/renew", tag = "tokens", request_body = Option<RenewToken>,
    params(TokenPath, IfMatch), responses(
    (status = 200, description = "The token and its new secret", body = TokenWithSecret, headers(("ETag" = String))),
    (status = 409, description = "It is revoked, or has changed meanwhile", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn renew(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(TokenPath { directory, token }): Path<TokenPath>,
    conditions: Conditions,
    Optional(how): Optional<RenewToken>,
) -> Result<Response, Problem> {
    let (directory, row) = checked(&state, &directory, &token, &conditions).await?;
    let overlap = how.overlap_seconds.map_or(OVERLAP_DEFAULT, Duration::from_secs);
    let expires_in = time_until(&state, how.expires.as_deref())?.map(|(time, _)| time);
    let renewed = tokens::renew(&caller.operator(&state), &directory, row, overlap, expires_in).await;
    let made = renewed.map_err(|error| conditions.judge(error))?;
    shown(&state, &directory, StatusCode::OK, made)
}

/// Revoke a token
///
/// For good. Every server refuses it within a second; its name is free again, and it stays in the list.
#[utoipa::path(post, path = "/directories/{directory}/tokens/{token}/revoke", tag = "tokens",
    params(TokenPath, IfMatch), responses(
    (status = 200, description = "The token as it is now", body = TokenView, headers(("ETag" = String))),
    (status = 409, description = "It has changed meanwhile", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn revoke(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(TokenPath { directory, token }): Path<TokenPath>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    let (directory, row) = checked(&state, &directory, &token, &conditions).await?;
    if row.revoked.is_some() {
        return Ok(answer(StatusCode::OK, row.revision, view(&state, &directory, &row).await?));
    }
    changed(&state, &directory, &conditions, tokens::revoke(&caller.operator(&state), &directory, row).await).await
}

/// Delete a token
///
/// Every server refuses it within a second, and it leaves the list; the audit trail keeps it.
#[utoipa::path(delete, path = "/directories/{directory}/tokens/{token}", tag = "tokens",
    params(TokenPath, IfMatch), responses(
    (status = 204, description = "It is gone"),
))]
pub async fn delete(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(TokenPath { directory, token }): Path<TokenPath>,
    conditions: Conditions,
) -> Result<StatusCode, Problem> {
    let (directory, row) = checked(&state, &directory, &token, &conditions).await?;
    tokens::delete(&caller.operator(&state), &directory, row).await.map_err(|error| conditions.judge(error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether a token in use is as somebody wants it who creates one. Without an expiry it has the one that such a token gets.
pub fn is_as_wanted(row: &TokenRow, name: &str, expires: Option<Timestamp>, scopes: &Scopes, lifetime: Lifetime) -> bool {
    row.name == name
        && row.revoked.is_none()
        && row.inactive.is_none()
        && (row.expires == expires || expires.is_none() && lifetime.is_default_of(row))
        && row.scopes == scopes.to_string()
}

/// A Directory and a token of it that is at the version that If-Match says.
pub async fn checked(
    state: &AdminState,
    directory: &str,
    token: &str,
    conditions: &Conditions,
) -> Result<(DirectoryRow, TokenRow), Problem> {
    let directory = directories::find(&*state.store, directory).await?;
    let row = tokens::find(&*state.store, directory.id, token).await?;
    conditions.check(row.revision)?;
    Ok((directory, row))
}

/// The answer to an act on a token.
pub async fn changed(
    state: &AdminState,
    directory: &DirectoryRow,
    conditions: &Conditions,
    changed: Result<TokenRow, AdminError>,
) -> Result<Response, Problem> {
    let row = changed.map_err(|error| conditions.judge(error))?;
    Ok(answer(StatusCode::OK, row.revision, view(state, directory, &row).await?))
}

fn shown(state: &AdminState, directory: &DirectoryRow, status: StatusCode, made: NewToken) -> Result<Response, Problem> {
    let token = TokenView::of(&made.row, None, Lifetime::of(directory)?, state.clock.now());
    let secret = Some(made.secret.expose().to_owned());
    Ok(answer(status, made.row.revision, TokenWithSecret { token, secret, base_url: base_url(state, directory) }))
}

/// A token, with its use.
pub async fn view(state: &AdminState, directory: &DirectoryRow, row: &TokenRow) -> Result<TokenView, Problem> {
    let uses = state.store.token_uses(row.directory_id, Some(TokenId(row.id.0 - 1)), 1).await?;
    let used = uses.first().filter(|used| used.token == row.id);
    Ok(TokenView::of(row, used, Lifetime::of(directory)?, state.clock.now()))
}
