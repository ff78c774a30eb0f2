//! API keys of accounts.

use super::AdminState;
use super::accounts::{its_own, moment};
use super::caller::{Caller, Viewing};
use super::extract::{Body, Path, Query};
use super::page::{Page, PageQuery, page};
use super::paths::{AccountPath, KeyPath};
use super::problem::{Problem, ProblemBody};
use super::token_body::time_until;
use crate::admin::{AdminError, accounts};
use crate::store::operator::ApiKeyRow;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiKey)]
pub struct KeyView {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// When it was created.
    #[schema(format = DateTime)]
    pub created: String,
    /// From when on it is refused; null: never.
    #[schema(format = DateTime)]
    pub expires: Option<String>,
    /// When it was last used, to the minute.
    #[schema(format = DateTime)]
    pub last_used: Option<String>,
    /// From where.
    pub last_address: Option<String>,
}

impl KeyView {
    /// A key as clients see it.
    pub fn of(row: &ApiKeyRow) -> Self {
        Self {
            id: row.id.0,
            name: row.name.clone(),
            created: row.created.to_rfc3339(),
            expires: moment(row.expires),
            last_used: moment(row.last_used),
            last_address: row.last_address.clone(),
        }
    }
}

/// An API key to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// Its name, unique among those of the account; no blanks, slashes or control characters.
    #[schema(min_length = 1, max_length = 100, example = "terraform")]
    name: String,
    /// From when on it is to be refused; null or absent: never.
    #[schema(format = DateTime, value_type = Option<String>)]
    expires: Option<String>,
}

/// An API key with its secret, if it was made just now.
#[derive(Serialize, ToSchema)]
pub struct KeyWithSecret {
    /// The key.
    key: KeyView,
    /// Its secret. It is shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// List API keys
///
/// Those of one's own account, or, as an owner, of any. Keys that are called `session-…` come from signing in with a password.
#[utoipa::path(get, path = "/accounts/{account}/keys", tag = "keys",
    params(AccountPath, PageQuery), responses(
    (status = 200, description = "A page of API keys, by number", body = Page<KeyView>),
))]
pub async fn list(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Viewing>,
    Path(AccountPath { account }): Path<AccountPath>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<KeyView>>, Problem> {
    let (limit, after) = (query.limit()?, query.after::<i64>()?.unwrap_or(0));
    let account = its_own(&state, &caller, &account).await?;
    let mut rows = accounts::keys(&*state.store, &account).await?;
    rows.retain(|row| row.id.0 > after);
    Ok(Json(page(rows, limit, |row| row.id.0.to_string(), |row| KeyView::of(&row))))
}

/// Create an API key
///
/// For one's own account, or, as an owner, for any. It may do what the account may, and dies with it. The same request sent
/// again finds what is there, without its secret, which is shown once.
#[utoipa::path(post, path = "/accounts/{account}/keys", tag = "keys", request_body = NewKey,
    params(AccountPath), responses(
    (status = 201, description = "Created; the secret is shown this once", body = KeyWithSecret),
    (status = 200, description = "It is there already, exactly so", body = KeyWithSecret),
    (status = 409, description = "There is another one of this name, or there are too many", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn create(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Viewing>,
    Path(AccountPath { account }): Path<AccountPath>,
    Body(new): Body<NewKey>,
) -> Result<(StatusCode, Json<KeyWithSecret>), Problem> {
    let account = its_own(&state, &caller, &account).await?;
    let expires_in = time_until(&state, new.expires.as_deref())?;
    match accounts::create_key(&caller.operator(&state), &account, &new.name, expires_in.map(|(time, _)| time)).await {
        Ok(made) => {
            let secret = Some(made.secret.expose().to_owned());
            Ok((StatusCode::CREATED, Json(KeyWithSecret { key: KeyView::of(&made.row), secret })))
        }
        Err(error @ (AdminError::KeyExists(_) | AdminError::TooManyKeys(_))) => {
            let keys = accounts::keys(&*state.store, &account).await?;
            let expires = expires_in.map(|(_, at)| at);
            match keys.iter().find(|key| key.name == new.name && key.expires == expires) {
                Some(key) => Ok((StatusCode::OK, Json(KeyWithSecret { key: KeyView::of(key), secret: None }))),
                None => Err(error.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Delete an API key
///
/// Of one's own account, or, as an owner, of any. It is refused at once.
#[utoipa::path(delete, path = "/accounts/{account}/keys/{key}", tag = "keys",
    params(KeyPath),
    responses((status = 204, description = "It is gone")))]
pub async fn delete(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Viewing>,
    Path(KeyPath { account, key }): Path<KeyPath>,
) -> Result<StatusCode, Problem> {
    let account = its_own(&state, &caller, &account).await?;
    accounts::delete_key(&caller.operator(&state), &account, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}
