//! Users and groups of a Directory, as operators see them: whose they are, and what may be done with them.

use super::AdminState;
use super::caller::{Caller, Operating, Viewing};
use super::extract::{Body, Path, Query, Text};
use super::page::{self, Page};
use super::problem::{Kind as ProblemKind, Problem, ProblemBody};
use crate::admin::resources::{self, Wanted};
use crate::admin::{AdminError, Desk, Kind, directories, groups, users};
use crate::id::ResourceId;
use crate::store::{DirectoryRow, Source, Standing, Stored};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

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
    /// `provisioned`, `manual`, or `held`.
    #[param(pattern = "^(provisioned|manual|held)$")]
    source: Option<String>,
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

/// List users
#[utoipa::path(get, path = "/directories/{directory}/users", tag = "users",
    params(("directory" = String, Path, description = "The Directory's name"), ResourceQuery), responses(
    (status = 200, description = "A page of users, by id", body = Page<ResourceView>),
    (status = 422, description = "The filter is none, or no index serves it and it took too long", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn list_users(
    state: State<Arc<AdminState>>,
    caller: Caller<Viewing>,
    directory: Path<String>,
    query: Query<ResourceQuery>,
) -> Result<Json<Page<ResourceView>>, Problem> {
    list(state, caller, directory, query, Kind::User).await
}

/// List groups
#[utoipa::path(get, path = "/directories/{directory}/groups", tag = "groups",
    params(("directory" = String, Path, description = "The Directory's name"), ResourceQuery), responses(
    (status = 200, description = "A page of groups, by id", body = Page<ResourceView>),
    (status = 422, description = "The filter is none, or no index serves it and it took too long", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn list_groups(
    state: State<Arc<AdminState>>,
    caller: Caller<Viewing>,
    directory: Path<String>,
    query: Query<ResourceQuery>,
) -> Result<Json<Page<ResourceView>>, Problem> {
    list(state, caller, directory, query, Kind::Group).await
}

/// Create a user
///
/// One of the operators' own, from JSON as a client would send it.
#[utoipa::path(post, path = "/directories/{directory}/users", tag = "users",
    request_body(content = Object, description = "A User (RFC 7643 §4.1)"),
    params(("directory" = String, Path, description = "The Directory's name")), responses(
    (status = 201, description = "Created", body = ResourceView),
    (status = 409, description = "A unique value is taken, or there are as many as may be", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn create_user(
    state: State<Arc<AdminState>>,
    caller: Caller<Operating>,
    directory: Path<String>,
    body: Text,
) -> Result<(StatusCode, Json<ResourceView>), Problem> {
    create(state, caller, directory, body, Kind::User).await
}

/// Create a group
///
/// One of the operators' own, from JSON as a client would send it.
#[utoipa::path(post, path = "/directories/{directory}/groups", tag = "groups",
    request_body(content = Object, description = "A Group (RFC 7643 §4.2)"),
    params(("directory" = String, Path, description = "The Directory's name")), responses(
    (status = 201, description = "Created", body = ResourceView),
    (status = 409, description = "A unique value is taken, or there are as many as may be", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn create_group(
    state: State<Arc<AdminState>>,
    caller: Caller<Operating>,
    directory: Path<String>,
    body: Text,
) -> Result<(StatusCode, Json<ResourceView>), Problem> {
    create(state, caller, directory, body, Kind::Group).await
}

/// Show a user
#[utoipa::path(get, path = "/directories/{directory}/users/{user}", tag = "users",
    params(("directory" = String, Path, description = "The Directory's name"), ("user" = String, Path, description = "The user's id or userName")), responses(
    (status = 200, description = "The user", body = ResourceView),
))]
pub async fn show_user(
    State(state): State<Arc<AdminState>>,
    _: Caller<Viewing>,
    path: Path<(String, String)>,
) -> Result<Json<ResourceView>, Problem> {
    let (_, user) = find(&state, path, Kind::User).await?;
    Ok(Json(view(&user)?))
}

/// Show a group
#[utoipa::path(get, path = "/directories/{directory}/groups/{group}", tag = "groups",
    params(("directory" = String, Path, description = "The Directory's name"), ("group" = String, Path, description = "The group's id or displayName")), responses(
    (status = 200, description = "The group", body = ResourceView),
    (status = 409, description = "Several groups have this displayName", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn show_group(
    State(state): State<Arc<AdminState>>,
    _: Caller<Viewing>,
    path: Path<(String, String)>,
) -> Result<Json<ResourceView>, Problem> {
    let (_, group) = find(&state, path, Kind::Group).await?;
    Ok(Json(view(&group)?))
}

/// Replace a user
///
/// One of the operators' own, by JSON as a client would send it.
#[utoipa::path(put, path = "/directories/{directory}/users/{user}", tag = "users",
    request_body(content = Object, description = "A User (RFC 7643 §4.1)"),
    params(("directory" = String, Path, description = "The Directory's name"), ("user" = String, Path, description = "The user's id or userName")), responses(
    (status = 200, description = "The user as it is now", body = ResourceView),
    (status = 409, description = "The provider made it, or a unique value is taken", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn replace_user(
    state: State<Arc<AdminState>>,
    caller: Caller<Operating>,
    path: Path<(String, String)>,
    body: Text,
) -> Result<Json<ResourceView>, Problem> {
    replace(state, caller, path, body, Kind::User).await
}

/// Replace a group
///
/// One of the operators' own, by JSON as a client would send it.
#[utoipa::path(put, path = "/directories/{directory}/groups/{group}", tag = "groups",
    request_body(content = Object, description = "A Group (RFC 7643 §4.2)"),
    params(("directory" = String, Path, description = "The Directory's name"), ("group" = String, Path, description = "The group's id or displayName")), responses(
    (status = 200, description = "The group as it is now", body = ResourceView),
    (status = 409, description = "The provider made it, or a unique value is taken", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn replace_group(
    state: State<Arc<AdminState>>,
    caller: Caller<Operating>,
    path: Path<(String, String)>,
    body: Text,
) -> Result<Json<ResourceView>, Problem> {
    replace(state, caller, path, body, Kind::Group).await
}

/// Delete a user
///
/// Whoever made it. What its provider makes of that is a policy of the Directory.
#[utoipa::path(delete, path = "/directories/{directory}/users/{user}", tag = "users",
    params(("directory" = String, Path, description = "The Directory's name"), ("user" = String, Path, description = "The user's id or userName")), responses(
    (status = 204, description = "It is gone"),
))]
pub async fn delete_user(
    state: State<Arc<AdminState>>,
    caller: Caller<Operating>,
    path: Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    delete(state, caller, path, Kind::User).await
}

/// Delete a group
///
/// Whoever made it. What its provider makes of that is a policy of the Directory.
#[utoipa::path(delete, path = "/directories/{directory}/groups/{group}", tag = "groups",
    params(("directory" = String, Path, description = "The Directory's name"), ("group" = String, Path, description = "The group's id or displayName")), responses(
    (status = 204, description = "It is gone"),
    (status = 409, description = "Several groups have this displayName", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn delete_group(
    state: State<Arc<AdminState>>,
    caller: Caller<Operating>,
    path: Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    delete(state, caller, path, Kind::Group).await
}

/// Disable a user
///
/// Whoever made it. Whether its provider can enable it is a policy of the Directory.
#[utoipa::path(post, path = "/directories/{directory}/users/{user}/disable", tag = "users",
    params(("directory" = String, Path, description = "The Directory's name"), ("user" = String, Path, description = "The user's id or userName")), responses(
    (status = 200, description = "The user as it is now", body = ResourceView),
))]
pub async fn disable(
    state: State<Arc<AdminState>>,
    caller: Caller<Operating>,
    path: Path<(String, String)>,
) -> Result<Json<ResourceView>, Problem> {
    set_active(state, caller, path, false).await
}

/// Enable a user
///
/// Whoever made it, and whoever disabled it.
#[utoipa::path(post, path = "/directories/{directory}/users/{user}/enable", tag = "users",
    params(("directory" = String, Path, description = "The Directory's name"), ("user" = String, Path, description = "The user's id or userName")), responses(
    (status = 200, description = "The user as it is now", body = ResourceView),
))]
pub async fn enable(
    state: State<Arc<AdminState>>,
    caller: Caller<Operating>,
    path: Path<(String, String)>,
) -> Result<Json<ResourceView>, Problem> {
    set_active(state, caller, path, true).await
}

/// Change members
///
/// Of a group of the operators' own; the members may be anybody's.
#[utoipa::path(post, path = "/directories/{directory}/groups/{group}/members", tag = "groups", request_body = ChangeMembers,
    params(("directory" = String, Path, description = "The Directory's name"), ("group" = String, Path, description = "The group's id or displayName")), responses(
    (status = 200, description = "The group as it is now", body = ResourceView),
    (status = 409, description = "The provider made it, or several groups have this displayName", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn change_members(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    path: Path<(String, String)>,
    Body(change): Body<ChangeMembers>,
) -> Result<Json<ResourceView>, Problem> {
    let (row, group) = find(&state, path, Kind::Group).await?;
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
    let group = resources::find(&*state.store, row.id, Kind::Group, &group.id.to_string()).await?;
    Ok(Json(view(&group)?))
}

/// The users or groups that were deleted and of which something is known.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deleted {
    /// What is known of each: whether it is kept, and whether its provider may create it anew.
    #[schema(value_type = Vec<Object>)]
    items: Vec<Value>,
}

/// List deleted users
///
/// Up to 500 that are kept, or barred from being created anew.
#[utoipa::path(get, path = "/directories/{directory}/deleted-users", tag = "users",
    params(("directory" = String, Path, description = "The Directory's name")), responses(
    (status = 200, description = "What is known of them", body = Deleted),
))]
pub async fn deleted_users(
    State(state): State<Arc<AdminState>>,
    _: Caller<Viewing>,
    Path(directory): Path<String>,
) -> Result<Json<Deleted>, Problem> {
    deleted(&state, &directory, Kind::User).await
}

/// List deleted groups
///
/// Up to 500 that are kept, or barred from being created anew.
#[utoipa::path(get, path = "/directories/{directory}/deleted-groups", tag = "groups",
    params(("directory" = String, Path, description = "The Directory's name")), responses(
    (status = 200, description = "What is known of them", body = Deleted),
))]
pub async fn deleted_groups(
    State(state): State<Arc<AdminState>>,
    _: Caller<Viewing>,
    Path(directory): Path<String>,
) -> Result<Json<Deleted>, Problem> {
    deleted(&state, &directory, Kind::Group).await
}

/// Forget a deleted user
///
/// What is kept of it goes for good, and its provider may create it anew.
#[utoipa::path(delete, path = "/directories/{directory}/deleted-users/{id}", tag = "users",
    params(("directory" = String, Path, description = "The Directory's name"), ("id" = String, Path, description = "The id that it had")), responses(
    (status = 204, description = "Nothing is known of it any more"),
))]
pub async fn purge_user(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path((directory, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    purge(&state, &caller, &directory, &id, Kind::User).await
}

/// Forget a deleted group
///
/// What is kept of it goes for good, and its provider may create it anew.
#[utoipa::path(delete, path = "/directories/{directory}/deleted-groups/{id}", tag = "groups",
    params(("directory" = String, Path, description = "The Directory's name"), ("id" = String, Path, description = "The id that it had")), responses(
    (status = 204, description = "Nothing is known of it any more"),
))]
pub async fn purge_group(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path((directory, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    purge(&state, &caller, &directory, &id, Kind::Group).await
}

async fn list(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Viewing>,
    Path(directory): Path<String>,
    Query(query): Query<ResourceQuery>,
    kind: Kind,
) -> Result<Json<Page<ResourceView>>, Problem> {
    let limit = page::limit(query.limit)?;
    let after = query.cursor.as_deref().map(page::key::<String>).transpose()?;
    let malformed = |detail: &str| Problem::new(ProblemKind::Malformed, format!("the query: {detail}"));
    let cursor = || malformed("cursor is what `next` of a page of this list said");
    let after = after.map(|id| ResourceId::parse(&id).ok_or_else(cursor)).transpose()?;
    let standing = match query.source.as_deref() {
        None => None,
        Some("provisioned") => Some(Standing::Of(Source::Provisioned)),
        Some("manual") => Some(Standing::Of(Source::Manual)),
        Some("held") => Some(Standing::Held),
        Some(_) => return Err(malformed("source is provisioned, manual or held")),
    };
    let row = directories::find(&*state.store, &directory).await?;
    let operator = caller.operator(&state);
    let desk = Desk::open(&operator, &row, &state.limits, &state.passwords).await?;
    let wanted = Wanted { filter: query.filter.as_deref(), standing, active: query.active };
    let found = resources::list(&desk, kind, &wanted, after, limit).await?;
    let next = found.next.map(|id| page::cursor(&id.to_string()));
    Ok(Json(Page { items: found.resources.iter().map(view).collect::<Result<_, _>>()?, next }))
}

async fn find(
    state: &AdminState,
    Path((directory, name)): Path<(String, String)>,
    kind: Kind,
) -> Result<(DirectoryRow, Stored), Problem> {
    let row = directories::find(&*state.store, &directory).await?;
    let found = resources::find(&*state.store, row.id, kind, &name).await?;
    Ok((row, found))
}

async fn create(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(directory): Path<String>,
    Text(body): Text,
    kind: Kind,
) -> Result<(StatusCode, Json<ResourceView>), Problem> {
    let row = directories::find(&*state.store, &directory).await?;
    let operator = caller.operator(&state);
    let desk = Desk::open(&operator, &row, &state.limits, &state.passwords).await?;
    let id = resources::create(&desk, kind, body.as_bytes()).await?;
    let made = resources::find(&*state.store, row.id, kind, &id.to_string()).await?;
    Ok((StatusCode::CREATED, Json(view(&made)?)))
}

async fn replace(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    path: Path<(String, String)>,
    Text(body): Text,
    kind: Kind,
) -> Result<Json<ResourceView>, Problem> {
    let (row, found) = find(&state, path, kind).await?;
    let operator = caller.operator(&state);
    let desk = Desk::open(&operator, &row, &state.limits, &state.passwords).await?;
    resources::replace(&desk, kind, found.id, body.as_bytes()).await?;
    let now = resources::find(&*state.store, row.id, kind, &found.id.to_string()).await?;
    Ok(Json(view(&now)?))
}

async fn delete(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    path: Path<(String, String)>,
    kind: Kind,
) -> Result<StatusCode, Problem> {
    let (row, found) = find(&state, path, kind).await?;
    let operator = caller.operator(&state);
    let desk = Desk::open(&operator, &row, &state.limits, &state.passwords).await?;
    resources::delete(&desk, kind, &found).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_active(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    path: Path<(String, String)>,
    active: bool,
) -> Result<Json<ResourceView>, Problem> {
    let (row, user) = find(&state, path, Kind::User).await?;
    let operator = caller.operator(&state);
    let desk = Desk::open(&operator, &row, &state.limits, &state.passwords).await?;
    let user = if active { users::enable(&desk, &user).await? } else { users::disable(&desk, &user).await? };
    Ok(Json(view(&user)?))
}

async fn deleted(state: &AdminState, directory: &str, kind: Kind) -> Result<Json<Deleted>, Problem> {
    let row = directories::find(&*state.store, directory).await?;
    let tombstones = resources::deleted(&*state.store, row.id, kind, None).await?;
    let items = tombstones.iter().map(resources::describe_deleted).collect::<Result<_, AdminError>>()?;
    Ok(Json(Deleted { items }))
}

async fn purge(
    state: &AdminState,
    caller: &Caller<Operating>,
    directory: &str,
    id: &str,
    kind: Kind,
) -> Result<StatusCode, Problem> {
    let row = directories::find(&*state.store, directory).await?;
    let id = ResourceId::parse(id).ok_or_else(|| Problem::new(ProblemKind::NotFound, "nothing that was deleted has this id"))?;
    resources::purge(&caller.operator(state), &row, kind, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn view(stored: &Stored) -> Result<ResourceView, Problem> {
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
        attributes: resources::attributes(stored)?,
    })
}
