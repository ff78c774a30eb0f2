//! Operators' accounts.

use super::AdminState;
use super::caller::{Caller, Owning, Viewing};
use super::extract::{Body, Path, Query};
use super::page::{Page, PageQuery, page};
use super::paths::AccountPath;
use super::problem::{Kind, Problem, ProblemBody};
use super::tag::{Conditions, IfMatch, IfNoneMatch, answer};
use crate::admin::AdminError;
use crate::admin::accounts::{self, Edit};
use crate::clock::Timestamp;
use crate::store::operator::{AccountRow, Role};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// What an account may do, each role all that the ones after it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Role)]
pub enum RoleWord {
    /// Everything, accounts included.
    Owner,
    /// Directories, tokens, users, groups.
    Operator,
    /// Looking.
    Viewer,
}

impl From<Role> for RoleWord {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Operator => Self::Operator,
            Role::Viewer => Self::Viewer,
        }
    }
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Owner => Self::Owner,
            RoleWord::Operator => Self::Operator,
            RoleWord::Viewer => Self::Viewer,
        }
    }
}

/// An operator's account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Account)]
pub struct AccountView {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: RoleWord,
    /// Whether it is refused.
    pub disabled: bool,
    /// Whether it can sign in with a password.
    pub has_password: bool,
    /// When it was created.
    #[schema(format = DateTime)]
    pub created: String,
}

impl AccountView {
    /// An account as clients see it.
    pub fn of(row: &AccountRow) -> Self {
        Self {
            name: row.name.clone(),
            role: row.role.into(),
            disabled: row.disabled.is_some(),
            has_password: row.password_hash.is_some(),
            created: row.created.to_rfc3339(),
        }
    }
}

/// An account to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// Its name, unique; no blanks, slashes or control characters.
    #[schema(min_length = 1, max_length = 100, example = "carla")]
    name: String,
    /// What it may do.
    role: RoleWord,
    /// Its password; without one it has API keys alone.
    #[schema(format = Password)]
    password: Option<String>,
}

/// What of an account is to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditAccount {
    /// What it may do.
    role: Option<RoleWord>,
    /// Whether it is refused.
    disabled: Option<bool>,
}

/// A password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Password {
    /// The password.
    #[schema(format = Password)]
    pub password: String,
}

/// List accounts
#[utoipa::path(get, path = "/accounts", tag = "accounts", params(PageQuery), responses(
    (status = 200, description = "A page of accounts, by name", body = Page<AccountView>),
))]
pub async fn list(
    State(state): State<Arc<AdminState>>,
    _: Caller<Viewing>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<AccountView>>, Problem> {
    let (limit, after) = (query.limit()?, query.after::<String>()?);
    let rows = state.store.accounts(after.as_deref(), limit + 1).await?;
    Ok(Json(page(rows, limit, |row| row.name.clone(), |row| AccountView::of(&row))))
}

/// Create an account
///
/// The same request sent again finds what is there; another one of the same name is a conflict.
#[utoipa::path(post, path = "/accounts", tag = "accounts", request_body = NewAccount, responses(
    (status = 201, description = "Created", body = AccountView, headers(("ETag" = String))),
    (status = 200, description = "It is there already, exactly so", body = AccountView, headers(("ETag" = String))),
    (status = 409, description = "There is another one of this name", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn create(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Owning>,
    Body(new): Body<NewAccount>,
) -> Result<Response, Problem> {
    let hash = match &new.password {
        Some(password) => Some(accounts::hash(&state.passwords, password).await?),
        None => None,
    };
    match accounts::create(&caller.operator(&state), &new.name, new.role.into(), hash).await {
        Ok(row) => Ok(answer(StatusCode::CREATED, row.revision, AccountView::of(&row))),
        Err(AdminError::AccountExists(name)) => {
            let row = accounts::find(&*state.store, &name).await?;
            let is_the_same = row.role == new.role.into()
                && row.disabled.is_none()
                && match &new.password {
                    None => row.password_hash.is_none(),
                    Some(password) => {
                        state.passwords.verify(password, row.password_hash.clone()).await.map_err(AdminError::from)?
                    }
                };
            if is_the_same {
                Ok(answer(StatusCode::OK, row.revision, AccountView::of(&row)))
            } else {
                Err(AdminError::AccountExists(name).into())
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Show an account
#[utoipa::path(get, path = "/accounts/{account}", tag = "accounts",
    params(AccountPath, IfNoneMatch), responses(
    (status = 200, description = "The account", body = AccountView, headers(("ETag" = String))),
))]
pub async fn show(
    State(state): State<Arc<AdminState>>,
    _: Caller<Viewing>,
    Path(AccountPath { account: name }): Path<AccountPath>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    let row = accounts::find(&*state.store, &name).await?;
    Ok(conditions.answer(row.revision, AccountView::of(&row)))
}

/// Change an account
///
/// An account that is disabled, and all its API keys, are refused at once. One owner is left at least.
#[utoipa::path(patch, path = "/accounts/{account}", tag = "accounts", request_body = EditAccount,
    params(AccountPath, IfMatch), responses(
    (status = 200, description = "The account as it is now", body = AccountView, headers(("ETag" = String))),
    (status = 409, description = "No owner would be left, or it has changed meanwhile", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn edit(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Owning>,
    Path(AccountPath { account: name }): Path<AccountPath>,
    conditions: Conditions,
    Body(edit): Body<EditAccount>,
) -> Result<Response, Problem> {
    let row = accounts::find(&*state.store, &name).await?;
    conditions.check(row.revision)?;
    let edit = Edit { role: edit.role.map(Role::from), disabled: edit.disabled, password_hash: None };
    let row = accounts::edit(&caller.operator(&state), &row, edit).await.map_err(|error| conditions.judge(error))?;
    Ok(answer(StatusCode::OK, row.revision, AccountView::of(&row)))
}

/// Delete an account
///
/// Its API keys go with it. One owner is left at least.
#[utoipa::path(delete, path = "/accounts/{account}", tag = "accounts",
    params(AccountPath, IfMatch), responses(
    (status = 204, description = "It is gone"),
    (status = 409, description = "No owner would be left, or it has changed meanwhile", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn delete(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Owning>,
    Path(AccountPath { account: name }): Path<AccountPath>,
    conditions: Conditions,
) -> Result<StatusCode, Problem> {
    let row = accounts::find(&*state.store, &name).await?;
    conditions.check(row.revision)?;
    accounts::delete(&caller.operator(&state), &row).await.map_err(|error| conditions.judge(error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Set a password
///
/// Of one's own account, or, as an owner, of any. What the account had signed in to with the password of before ends.
#[utoipa::path(put, path = "/accounts/{account}/password", tag = "accounts", request_body = Password,
    params(AccountPath), responses((status = 204, description = "It is set")))]
pub async fn set_password(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Viewing>,
    Path(AccountPath { account: name }): Path<AccountPath>,
    Body(new): Body<Password>,
) -> Result<StatusCode, Problem> {
    let row = its_own(&state, &caller, &name).await?;
    let hash = accounts::hash(&state.passwords, &new.password).await?;
    put_password(&state, &caller, &row, Some(hash)).await
}

/// Take a password away
///
/// Of one's own account, or, as an owner, of any: it has API keys alone then.
#[utoipa::path(delete, path = "/accounts/{account}/password", tag = "accounts",
    params(AccountPath), responses((status = 204, description = "It has none")))]
pub async fn remove_password(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Viewing>,
    Path(AccountPath { account: name }): Path<AccountPath>,
) -> Result<StatusCode, Problem> {
    let row = its_own(&state, &caller, &name).await?;
    put_password(&state, &caller, &row, None).await
}

async fn put_password(
    state: &AdminState,
    caller: &Caller<Viewing>,
    row: &AccountRow,
    hash: Option<String>,
) -> Result<StatusCode, Problem> {
    accounts::edit(&caller.operator(state), row, Edit { password_hash: Some(hash), ..Edit::default() }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The account called `name`, if it is the caller's own or the caller is an owner.
///
/// # Errors
/// 403 for others, whether there is such an account or not; 404.
pub async fn its_own(state: &AdminState, caller: &Caller<Viewing>, name: &str) -> Result<AccountRow, Problem> {
    if caller.account.name == name {
        return Ok(caller.account.clone());
    }
    if caller.account.role != Role::Owner {
        return Err(Problem::new(Kind::Forbidden, "another account than one's own takes the role owner").denied("role"));
    }
    Ok(accounts::find(&*state.store, name).await?)
}

/// A moment as the API writes it.
pub fn moment(at: Option<Timestamp>) -> Option<String> {
    at.map(Timestamp::to_rfc3339)
}
