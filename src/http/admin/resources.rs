//! Users and groups of a Directory, as operators see them: whose they are, and what may be done with them.

use super::accounts::Password;
use super::caller::{Caller, Operating, Viewing};
use super::extract::{Body, Path, Query, Text};
use super::idempotency::{IdempotencyKey, Key};
use super::page::{self, Page, PageQuery};
use super::paths::{DeletedPath, GroupPath, ResourcePath, ResourcesPath, UserPath};
use super::problem::{Kind as ProblemKind, Problem, ProblemBody};
use super::tag::{Conditions, IfMatch, IfNoneMatch, answer};
use super::{AdminState, BASE};
use crate::admin::resources::{self, Wanted};
use crate::admin::{AdminError, Desk, Kind, directories, groups, users};
use crate::id::ResourceId;
use crate::store::{DirectoryRow, Source, Standing, Stored, Tombstone};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// The most members that are added or removed at once.
const MEMBERS_MAX: usize = 1_000;

/// Who made a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Source)]
pub enum SourceWord {
    /// The provider. Operators look at it, and disable, enable and delete it.
    Provisioned,
    /// An operator. The provider looks at it.
    Manual,
}

/// Which resources are asked for: those of one source, or those that an operator holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StandingWord {
    /// The provider made them.
    Provisioned,
    /// Operators made them.
    Manual,
    /// An operator disabled them, and no client enables them.
    Held,
}

impl From<StandingWord> for Standing {
    fn from(word: StandingWord) -> Self {
        match word {
            StandingWord::Provisioned => Self::Of(Source::Provisioned),
            StandingWord::Manual => Self::Of(Source::Manual),
            StandingWord::Held => Self::Held,
        }
    }
}

/// A user or a group.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceView {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// Who made it.
    source: SourceWord,
    /// Whether an operator disabled it, and no client enables it.
    held: bool,
    /// Its version, which moves with every change.
    version: i64,
    /// When it was created.
    #[schema(format = DateTime)]
    created: String,
    /// When it last changed.
    #[schema(format = DateTime)]
    last_modified: String,
    /// Its attributes as stored (RFC 7643), without id, meta, members and groups.
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
}

/// Which users or groups are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ResourceQuery {
    /// Those that a filter selects (RFC 7644 §3.4.2.2).
    filter: Option<String>,
    /// Those of one source, or those that an operator holds disabled.
    #[param(inline)]
    source: Option<StandingWord>,
    /// Those that are active, or those that are not.
    active: Option<bool>,
    /// How many items the page has at most.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u32>,
    /// The `next` of the page before; without it, the first page.
    cursor: Option<String>,
}

/// Which members are added and removed, by id.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeMembers {
    /// Those to add.
    #[serde(default)]
    #[schema(max_items = 1000)]
    add: Vec<String>,
    /// Those to remove.
    #[serde(default)]
    #[schema(max_items = 1000)]
    remove: Vec<String>,
}

/// List users or groups
#[utoipa::path(get, path = "/directories/{directory}/{kind}", tag = "resources", params(ResourcesPath, ResourceQuery), responses(
    (status = 200, description = "A page of them, by id", body = Page<ResourceView>),
    (status = 422, description = "The filter is none, or no index serves it and it took too long", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn list(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Viewing>,
    Path(ResourcesPath { directory, kind }): Path<ResourcesPath>,
    Query(query): Query<ResourceQuery>,
) -> Result<Json<Page<ResourceView>>, Problem> {
    let limit = page::limit(query.limit)?;
    let after = query.cursor.as_deref().map(page::key::<Uuid>).transpose()?.map(ResourceId);
    let row = directories::find(&*state.store, &directory).await?;
    let operator = caller.operator(&state);
    let desk = Desk::open(&operator, &row, &state.limits, &state.passwords).await?;
    let wanted = Wanted { filter: query.filter.as_deref(), standing: query.source.map(Standing::from), active: query.active };
    let found = resources::list(&desk, kind.into(), &wanted, after, limit).await?;
    let next = found.next.map(|id| page::cursor(&id.to_string()));
    let items = found.resources.iter().map(|resource| view(&desk, kind.into(), resource));
    Ok(Json(Page { items: items.collect::<Result<_, _>>()?, next }))
}

/// Create a user or a group
///
/// One of the operators' own, from JSON as a client would send it. Sent again with the same Idempotency-Key, it finds what is there.
#[utoipa::path(post, path = "/directories/{directory}/{kind}", tag = "resources", params(ResourcesPath, IdempotencyKey),
    request_body(content = Object, description = "A User or a Group (RFC 7643 §4)"), responses(
    (status = 201, description = "Created", body = ResourceView, headers(("ETag" = String), ("Location" = String))),
    (status = 200, description = "It was created with this key before", body = ResourceView, headers(("ETag" = String), ("Location" = String))),
    (status = 409, description = "A unique value is taken, there are as many as may be, or what was created with this key was deleted", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "Something in the request is not allowed, or the key was used for another resource", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn create(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(ResourcesPath { directory, kind }): Path<ResourcesPath>,
    Key(key): Key,
    Text(body): Text,
) -> Result<Response, Problem> {
    let row = directories::find(&*state.store, &directory).await?;
    let operator = caller.operator(&state);
    let desk = Desk::open(&operator, &row, &state.limits, &state.passwords).await?;
    let (id, is_new) = match key {
        Some(key) => resources::create_once(&desk, kind.into(), &key, body.as_bytes()).await?,
        None => (resources::create(&desk, kind.into(), body.as_bytes()).await?, true),
    };
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let response = shown(&state, &desk, kind.into(), id, status).await?;
    let location = format!("{}{BASE}/directories/{}/{}/{id}", state.options.public_url, row.name, kind.word());
    Ok(([(LOCATION, location)], response).into_response())
}

/// Show a user or a group
#[utoipa::path(get, path = "/directories/{directory}/{kind}/{resource}", tag = "resources",
    params(ResourcePath, IfNoneMatch), responses(
    (status = 200, description = "It", body = ResourceView, headers(("ETag" = String))),
    (status = 409, description = "Several groups have this displayName", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn show(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Viewing>,
    Path(ResourcePath { directory, kind, resource }): Path<ResourcePath>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    let (row, found) = find(&state, &directory, kind.into(), &resource).await?;
    let operator = caller.operator(&state);
    let desk = Desk::open(&operator, &row, &state.limits, &state.passwords).await?;
    Ok(conditions.answer(found.version, view(&desk, kind.into(), &found)?))
}

/// Replace a user or a group
///
/// One of the operators' own, by JSON as a client would send it.
#[utoipa::path(put, path = "/directories/{directory}/{kind}/{resource}", tag = "resources", params(ResourcePath, IfMatch),
    request_body(content = Object, description = "A User or a Group (RFC 7643 §4)"), responses(
    (status = 200, description = "As it is now", body = ResourceView, headers(("ETag" = String))),
    (status = 409, description = "The provider made it, or a unique value is taken", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn replace(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(ResourcePath { directory, kind, resource }): Path<ResourcePath>,
    conditions: Conditions,
    Text(body): Text,
) -> Result<Response, Problem> {
    let (row, found) = find(&state, &directory, kind.into(), &resource).await?;
    let operator = caller.operator(&state);
    let desk = Desk::open(&operator, &row, &state.limits, &state.passwords).await?;
    resources::replace(&desk, kind.into(), found.id, body.as_bytes(), &conditions.of_resource()).await?;
    shown(&state, &desk, kind.into(), found.id, StatusCode::OK).await
}

/// Delete a user or a group
///
/// Whoever made it. What its provider makes of that is a policy of the Directory.
#[utoipa::path(delete, path = "/directories/{directory}/{kind}/{resource}", tag = "resources",
    params(ResourcePath, IfMatch), responses(
    (status = 204, description = "It is gone"),
    (status = 409, description = "Several groups have this displayName", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn delete(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(ResourcePath { directory, kind, resource }): Path<ResourcePath>,
    conditions: Conditions,
) -> Result<StatusCode, Problem> {
    let (row, found) = find(&state, &directory, kind.into(), &resource).await?;
    let operator = caller.operator(&state);
    let desk = Desk::open(&operator, &row, &state.limits, &state.passwords).await?;
    resources::delete(&desk, kind.into(), &found, &conditions.of_resource()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Disable a user
///
/// Whoever made it. Whether its provider can enable it is a policy of the Directory.
#[utoipa::path(post, path = "/directories/{directory}/users/{user}/disable", tag = "resources", params(UserPath), responses(
    (status = 200, description = "The user as it is now", body = ResourceView),
))]
pub async fn disable(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(UserPath { directory, user }): Path<UserPath>,
) -> Result<Json<ResourceView>, Problem> {
    let (row, user) = find(&state, &directory, Kind::User, &user).await?;
    let operator = caller.operator(&state);
    let desk = Desk::open(&operator, &row, &state.limits, &state.passwords).await?;
    Ok(Json(view(&desk, Kind::User, &users::disable(&desk, &user).await?)?))
}

/// Enable a user
///
/// Whoever made it, and whoever disabled it.
#[utoipa::path(post, path = "/directories/{directory}/users/{user}/enable", tag = "resources", params(UserPath), responses(
    (status = 200, description = "The user as it is now", body = ResourceView),
))]
pub async fn enable(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(UserPath { directory, user }): Path<UserPath>,
) -> Result<Json<ResourceView>, Problem> {
    let (row, user) = find(&state, &directory, Kind::User, &user).await?;
    let operator = caller.operator(&state);
    let desk = Desk::open(&operator, &row, &state.limits, &state.passwords).await?;
    Ok(Json(view(&desk, Kind::User, &users::enable(&desk, &user).await?)?))
}

/// Set a user's password
///
/// The user moves to a new version; no answer or log ever shows the password.
#[utoipa::path(put, path = "/directories/{directory}/users/{user}/password", tag = "resources", request_body = Password,
    params(UserPath), responses((status = 204, description = "It is set")))]
pub async fn set_password(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(UserPath { directory, user }): Path<UserPath>,
    Body(new): Body<Password>,
) -> Result<StatusCode, Problem> {
    let (row, user) = find(&state, &directory, Kind::User, &user).await?;
    users::set_password(&caller.operator(&state), &state.passwords, &row, &user, &new.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change members
///
/// Of a group of the operators' own; the members may be anybody's.
#[utoipa::path(post, path = "/directories/{directory}/groups/{group}/members", tag = "resources", request_body = ChangeMembers,
    params(GroupPath), responses(
    (status = 200, description = "The group as it is now", body = ResourceView, headers(("ETag" = String))),
    (status = 409, description = "The provider made it, or several groups have this displayName", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn change_members(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(GroupPath { directory, group }): Path<GroupPath>,
    Body(change): Body<ChangeMembers>,
) -> Result<Response, Problem> {
    let (row, group) = find(&state, &directory, Kind::Group, &group).await?;
    if change.add.len().max(change.remove.len()) > MEMBERS_MAX {
        return Err(Problem::new(ProblemKind::Invalid, format!("add and remove name {MEMBERS_MAX} members at most")));
    }
    let ids = |texts: Vec<String>| {
        let id = |text: String| {
            ResourceId::parse(&text).ok_or_else(|| Problem::new(ProblemKind::Invalid, "add and remove are lists of ids"))
        };
        texts.into_iter().map(id).collect::<Result<Vec<_>, _>>()
    };
    let (add, remove) = (ids(change.add)?, ids(change.remove)?);
    let operator = caller.operator(&state);
    let desk = Desk::open(&operator, &row, &state.limits, &state.passwords).await?;
    groups::change_members(&desk, group.id, add, remove).await?;
    shown(&state, &desk, Kind::Group, group.id, StatusCode::OK).await
}

/// List deleted users or groups
///
/// Those that are kept, or barred from being created anew, and what is known of each.
#[utoipa::path(get, path = "/directories/{directory}/deleted/{kind}", tag = "resources", params(ResourcesPath, PageQuery), responses(
    (status = 200, description = "A page of them, by id", body = Page<Object>),
))]
pub async fn deleted(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Viewing>,
    Path(ResourcesPath { directory, kind }): Path<ResourcesPath>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Value>>, Problem> {
    let (limit, after) = (query.limit()?, query.after::<Uuid>()?.map(ResourceId));
    let row = directories::find(&*state.store, &directory).await?;
    let operator = caller.operator(&state);
    let desk = Desk::open(&operator, &row, &state.limits, &state.passwords).await?;
    let tombstones = resources::deleted(&*state.store, row.id, kind.into(), after, limit + 1).await?;
    let described = |tombstone: &Tombstone| Ok((tombstone.id, resources::describe_deleted(&desk, kind.into(), tombstone)?));
    let rows = tombstones.iter().map(described).collect::<Result<Vec<_>, AdminError>>()?;
    Ok(Json(page::page(rows, limit, |(id, _)| id.to_string(), |(_, described)| described)))
}

/// Forget a deleted user or group
///
/// What is kept of it goes for good, and its provider may create it anew.
#[utoipa::path(delete, path = "/directories/{directory}/deleted/{kind}/{id}", tag = "resources", params(DeletedPath), responses(
    (status = 204, description = "Nothing is known of it any more"),
))]
pub async fn purge(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(DeletedPath { directory, kind, id }): Path<DeletedPath>,
) -> Result<StatusCode, Problem> {
    let row = directories::find(&*state.store, &directory).await?;
    let id = ResourceId::parse(&id).ok_or_else(|| Problem::new(ProblemKind::NotFound, "nothing that was deleted has this id"))?;
    resources::purge(&caller.operator(&state), &row, kind.into(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn find(state: &AdminState, directory: &str, kind: Kind, name: &str) -> Result<(DirectoryRow, Stored), Problem> {
    let row = directories::find(&*state.store, directory).await?;
    let found = resources::find(&*state.store, row.id, kind, name).await?;
    Ok((row, found))
}

/// One as it is now.
async fn shown(state: &AdminState, desk: &Desk<'_>, kind: Kind, id: ResourceId, status: StatusCode) -> Result<Response, Problem> {
    let found = resources::find(&*state.store, desk.row.id, kind, &id.to_string()).await?;
    Ok(answer(status, found.version, view(desk, kind, &found)?))
}

fn view(desk: &Desk<'_>, kind: Kind, stored: &Stored) -> Result<ResourceView, Problem> {
    Ok(ResourceView {
        id: stored.id.to_string(),
        source: match stored.source {
            Source::Provisioned => SourceWord::Provisioned,
            Source::Manual => SourceWord::Manual,
        },
        held: stored.held,
        version: stored.version,
        created: stored.created.to_rfc3339(),
        last_modified: stored.last_modified.to_rfc3339(),
        attributes: resources::attributes(desk, kind, stored)?,
    })
}
