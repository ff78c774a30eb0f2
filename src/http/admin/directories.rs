//! Directories: one for each connected provider.

use super::AdminState;
use super::caller::{Caller, Operating, Viewing};
use super::extract::{Body, Path, Query};
use super::page::{Page, PageQuery, page};
use super::paths::DirectoryPath;
use super::problem::{Problem, ProblemBody};
use super::tag::{Conditions, IfMatch, IfNoneMatch, answer};
use super::task::to_its_end;
use crate::admin::directories::{self, Edit};
use crate::admin::{AdminError, deletion};
use crate::directory::settings::Settings;
use crate::store::{DirectoryRow, DirectoryStatus};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Whether a Directory serves its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It does.
    Active,
    /// Not for a while: clients are told to come again (503).
    Paused,
    /// Not until it is resumed: clients are refused (403).
    Disabled,
    /// Never again: what is in it is being deleted.
    Deleting,
}

impl From<DirectoryStatus> for Status {
    fn from(status: DirectoryStatus) -> Self {
        match status {
            DirectoryStatus::Active => Self::Active,
            DirectoryStatus::Paused => Self::Paused,
            DirectoryStatus::Disabled => Self::Disabled,
            DirectoryStatus::Deleting => Self::Deleting,
        }
    }
}

/// A Directory.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Directory)]
pub struct DirectoryView {
    /// Its name in URLs.
    pub name: String,
    /// Its name for people.
    pub display_name: String,
    /// The provider whose profile it has.
    pub provider: String,
    /// Whether it serves its clients.
    pub status: Status,
    /// Whether it refuses to be deleted.
    pub protected: bool,
    /// What is pasted into the provider, beside a token.
    #[schema(format = "uri")]
    pub base_url: String,
    /// The settings that differ from the profile's.
    #[schema(value_type = Object)]
    pub settings: Value,
    /// When it was created.
    #[schema(format = DateTime)]
    pub created: String,
}

impl DirectoryView {
    /// A Directory as clients see it.
    pub fn of(state: &AdminState, row: &DirectoryRow) -> Self {
        Self {
            name: row.name.clone(),
            display_name: row.display_name.clone(),
            provider: row.provider.clone(),
            status: row.status.into(),
            protected: row.protected,
            base_url: base_url(state, row),
            settings: serde_json::from_str(&row.settings).unwrap_or_else(|_| Value::Object(Map::new())),
            created: row.created.to_rfc3339(),
        }
    }
}

/// The Base URL of a Directory.
pub fn base_url(state: &AdminState, row: &DirectoryRow) -> String {
    format!("{}/directories/{}/scim/v2", state.options.public_url, row.name)
}

/// A Directory to create.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewDirectory {
    /// Its name in URLs, for good.
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,62}$", example = "acme-entra")]
    name: String,
    /// Its name for people.
    #[serde(default)]
    #[schema(max_length = 200, example = "Acme, Entra ID")]
    display_name: String,
    /// The provider whose profile it has.
    #[schema(example = "entra")]
    provider: String,
    /// Settings that differ from the profile's.
    #[serde(default)]
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
}

/// What of a Directory is to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditDirectory {
    /// Its name for people.
    #[schema(max_length = 200)]
    display_name: Option<String>,
    /// The provider whose profile it has.
    provider: Option<String>,
    /// Settings; null takes that of the profile.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
    /// Whether it refuses to be deleted.
    protected: Option<bool>,
}

/// List Directories
#[utoipa::path(get, path = "/directories", tag = "directories", params(PageQuery), responses(
    (status = 200, description = "A page of Directories, by name", body = Page<DirectoryView>),
))]
pub async fn list(
    State(state): State<Arc<AdminState>>,
    _: Caller<Viewing>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<DirectoryView>>, Problem> {
    let (limit, after) = (query.limit()?, query.after::<String>()?);
    let rows = state.store.directories(after.as_deref(), limit + 1).await?;
    Ok(Json(page(rows, limit, |row| row.name.clone(), |row| DirectoryView::of(&state, &row))))
}

/// Create a Directory
///
/// The same request sent again finds what is there; another one of the same name is a conflict.
#[utoipa::path(post, path = "/directories", tag = "directories", request_body = NewDirectory, responses(
    (status = 201, description = "Created", body = DirectoryView, headers(("ETag" = String))),
    (status = 200, description = "It is there already, exactly so", body = DirectoryView, headers(("ETag" = String))),
    (status = 409, description = "There is another one of this name", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn create(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Body(new): Body<NewDirectory>,
) -> Result<Response, Problem> {
    let settings = Settings::default().merged(new.settings).map_err(AdminError::Settings)?;
    match directories::create(&caller.operator(&state), &new.name, &new.display_name, &new.provider, &settings).await {
        Ok(row) => Ok(answer(StatusCode::CREATED, row.revision, DirectoryView::of(&state, &row))),
        Err(AdminError::DirectoryExists(name)) => {
            let row = directories::find(&*state.store, &name).await?;
            let is_the_same = row.display_name == new.display_name
                && row.provider == new.provider
                && Settings::of(&row).map_err(AdminError::Settings)? == settings;
            if is_the_same {
                Ok(answer(StatusCode::OK, row.revision, DirectoryView::of(&state, &row)))
            } else {
                Err(AdminError::DirectoryExists(name).into())
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Show a Directory
#[utoipa::path(get, path = "/directories/{directory}", tag = "directories",
    params(DirectoryPath, IfNoneMatch), responses(
    (status = 200, description = "The Directory", body = DirectoryView, headers(("ETag" = String))),
))]
pub async fn show(
    State(state): State<Arc<AdminState>>,
    _: Caller<Viewing>,
    Path(DirectoryPath { directory: name }): Path<DirectoryPath>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    let row = directories::find(&*state.store, &name).await?;
    Ok(conditions.answer(row.revision, DirectoryView::of(&state, &row)))
}

/// Change a Directory
#[utoipa::path(patch, path = "/directories/{directory}", tag = "directories", request_body = EditDirectory,
    params(DirectoryPath, IfMatch), responses(
    (status = 200, description = "The Directory as it is now", body = DirectoryView, headers(("ETag" = String))),
    (status = 409, description = "What is stored contradicts it, or it has changed meanwhile", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn edit(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(DirectoryPath { directory: name }): Path<DirectoryPath>,
    conditions: Conditions,
    Body(edit): Body<EditDirectory>,
) -> Result<Response, Problem> {
    let row = directories::find(&*state.store, &name).await?;
    conditions.check(row.revision)?;
    let settings = match edit.settings {
        Some(changed) => Some(Settings::of(&row).and_then(|old| old.merged(changed)).map_err(AdminError::Settings)?),
        None => None,
    };
    let edit = Edit { display_name: edit.display_name, provider: edit.provider, settings, protected: edit.protected };
    let behind = state.clone();
    // It may take as long as what is stored takes to be looked at and indexed.
    let editing = async move { directories::edit(&caller.operator(&behind), &row, edit).await };
    let row = to_its_end(editing).await.map_err(|error| conditions.judge(error))?;
    Ok(answer(StatusCode::OK, row.revision, DirectoryView::of(&state, &row)))
}

/// What becomes of the users and groups of a Directory that is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// They stay, in a Directory without provider (profile `manual`).
    Keep,
    /// They are removed, and then the Directory.
    Remove,
}

/// How a Directory is deleted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeleteQuery {
    /// What becomes of its users and groups.
    #[param(inline)]
    users: Fate,
}

/// Delete a Directory
///
/// Its tokens are refused at once. Its users and groups stay, in a Directory without provider, or they are removed, which goes on
/// behind the answer. A protected Directory refuses both.
#[utoipa::path(delete, path = "/directories/{directory}", tag = "directories",
    params(DirectoryPath, DeleteQuery, IfMatch), responses(
    (status = 200, description = "It has no provider any more", body = DirectoryView, headers(("ETag" = String))),
    (status = 202, description = "What is in it is being removed", body = DirectoryView, headers(("ETag" = String))),
    (status = 409, description = "It is protected, or has changed meanwhile", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn delete(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(DirectoryPath { directory: name }): Path<DirectoryPath>,
    Query(query): Query<DeleteQuery>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    let row = directories::find(&*state.store, &name).await?;
    conditions.check(row.revision)?;
    let behind = state.clone();
    if query.users == Fate::Keep {
        let disconnecting = async move { deletion::disconnect(&caller.operator(&behind), &row).await };
        let row = to_its_end(disconnecting).await.map_err(|error| conditions.judge(error))?;
        return Ok(answer(StatusCode::OK, row.revision, DirectoryView::of(&state, &row)));
    }
    let row = deletion::begin(&caller.operator(&state), &row).await.map_err(|error| conditions.judge(error))?;
    let removed = row.clone();
    tokio::spawn(async move {
        if let Err(error) = deletion::finish(&caller.operator(&behind), &removed).await {
            tracing::warn!(cause = %error, directory.id = removed.id.0, "a Directory could not be removed to its end; a server goes on");
        }
    });
    Ok(answer(StatusCode::ACCEPTED, row.revision, DirectoryView::of(&state, &row)))
}

/// Pause a Directory
///
/// Its clients are told to come again (503, Retry-After), on every server within a second.
#[utoipa::path(post, path = "/directories/{directory}/pause", tag = "directories",
    params(DirectoryPath, IfMatch), responses(
    (status = 200, description = "It is paused", body = DirectoryView, headers(("ETag" = String))),
    (status = 409, description = "It is being deleted, or has changed meanwhile", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn pause(
    state: State<Arc<AdminState>>,
    caller: Caller<Operating>,
    path: Path<DirectoryPath>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    set_status(state, caller, path, conditions, DirectoryStatus::Paused).await
}

/// Resume a Directory
///
/// Its clients are served again, on every server within a second.
#[utoipa::path(post, path = "/directories/{directory}/resume", tag = "directories",
    params(DirectoryPath, IfMatch), responses(
    (status = 200, description = "It is active", body = DirectoryView, headers(("ETag" = String))),
    (status = 409, description = "It is being deleted, or has changed meanwhile", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn resume(
    state: State<Arc<AdminState>>,
    caller: Caller<Operating>,
    path: Path<DirectoryPath>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    set_status(state, caller, path, conditions, DirectoryStatus::Active).await
}

/// Disable a Directory
///
/// Its clients are refused (403) until it is resumed, on every server within a second.
#[utoipa::path(post, path = "/directories/{directory}/disable", tag = "directories",
    params(DirectoryPath, IfMatch), responses(
    (status = 200, description = "It is disabled", body = DirectoryView, headers(("ETag" = String))),
    (status = 409, description = "It is being deleted, or has changed meanwhile", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn disable(
    state: State<Arc<AdminState>>,
    caller: Caller<Operating>,
    path: Path<DirectoryPath>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    set_status(state, caller, path, conditions, DirectoryStatus::Disabled).await
}

async fn set_status(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(DirectoryPath { directory: name }): Path<DirectoryPath>,
    conditions: Conditions,
    status: DirectoryStatus,
) -> Result<Response, Problem> {
    let row = directories::find(&*state.store, &name).await?;
    conditions.check(row.revision)?;
    let set = directories::set_status(&caller.operator(&state), &row, status).await;
    let row = set.map_err(|error| conditions.judge(error))?;
    Ok(answer(StatusCode::OK, row.revision, DirectoryView::of(&state, &row)))
}
