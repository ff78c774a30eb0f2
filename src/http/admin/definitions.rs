//! Schemas and resource types of a Directory, beside those that are built in.

use super::AdminState;
use super::caller::{Caller, Operating, Viewing};
use super::extract::{Path, Text};
use super::problem::{Problem, ProblemBody};
use crate::admin::definitions::{self, Timing};
use crate::admin::directories;
use crate::store::{DefinitionKind, DefinitionRow};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;

/// Where a definition comes from.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// This Directory alone has it.
    Directory,
    /// It is in the files of the server's configuration, for every Directory.
    Configuration,
}

/// A schema or a resource type.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    /// Its URN, or its name.
    name: String,
    /// Where it comes from.
    from: Origin,
    /// What it says (RFC 7643 §6, §7).
    #[schema(value_type = Object)]
    definition: Value,
}

/// All of a kind.
#[derive(Serialize, ToSchema)]
pub struct Definitions {
    /// The definitions.
    items: Vec<Definition>,
}

/// A definition that is in force.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InForce {
    /// Its URN, or its name.
    name: String,
    /// What is odd about it.
    warnings: Vec<String>,
    /// How many indexes were built.
    indexes_built: usize,
    /// How many stored resources were looked at for them.
    examined: u64,
    /// Indexes that are not complete: searches do without them until they are.
    unfinished: Vec<String>,
}

/// List schemas
///
/// Those that a Directory has beside the ones that are built in.
#[utoipa::path(get, path = "/directories/{directory}/schemas", tag = "schemas",
    params(("directory" = String, Path, description = "The Directory's name")), responses(
    (status = 200, description = "All of them", body = Definitions),
))]
pub async fn schemas(
    state: State<Arc<AdminState>>,
    caller: Caller<Viewing>,
    directory: Path<String>,
) -> Result<Json<Definitions>, Problem> {
    list(state, caller, directory, DefinitionKind::Schema).await
}

/// List resource types
///
/// Those that a Directory has beside the ones that are built in.
#[utoipa::path(get, path = "/directories/{directory}/resource-types", tag = "schemas",
    params(("directory" = String, Path, description = "The Directory's name")), responses(
    (status = 200, description = "All of them", body = Definitions),
))]
pub async fn resource_types(
    state: State<Arc<AdminState>>,
    caller: Caller<Viewing>,
    directory: Path<String>,
) -> Result<Json<Definitions>, Problem> {
    list(state, caller, directory, DefinitionKind::ResourceType).await
}

/// Add a schema
///
/// Or put another version in the place of the one of the same URN. What is stored must not contradict it.
#[utoipa::path(post, path = "/directories/{directory}/schemas", tag = "schemas",
    request_body(content = Object, description = "A schema (RFC 7643 §7)"),
    params(("directory" = String, Path, description = "The Directory's name")), responses(
    (status = 201, description = "It is in force", body = InForce),
    (status = 200, description = "It is in force, in the place of another version", body = InForce),
    (status = 409, description = "Stored resources contradict it, or it is the configuration's", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn add_schema(
    state: State<Arc<AdminState>>,
    caller: Caller<Operating>,
    directory: Path<String>,
    text: Text,
) -> Result<(StatusCode, Json<InForce>), Problem> {
    add(state, caller, directory, text, DefinitionKind::Schema).await
}

/// Add a resource type
///
/// Or put another version in the place of the one of the same name. What is stored must not contradict it.
#[utoipa::path(post, path = "/directories/{directory}/resource-types", tag = "schemas",
    request_body(content = Object, description = "A resource type (RFC 7643 §6)"),
    params(("directory" = String, Path, description = "The Directory's name")), responses(
    (status = 201, description = "It is in force", body = InForce),
    (status = 200, description = "It is in force, in the place of another version", body = InForce),
    (status = 409, description = "Stored resources contradict it, or it is the configuration's", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn add_resource_type(
    state: State<Arc<AdminState>>,
    caller: Caller<Operating>,
    directory: Path<String>,
    text: Text,
) -> Result<(StatusCode, Json<InForce>), Problem> {
    add(state, caller, directory, text, DefinitionKind::ResourceType).await
}

/// Remove a schema
///
/// Refused while another definition needs it, or resources have values by it.
#[utoipa::path(delete, path = "/directories/{directory}/schemas/{schema}", tag = "schemas",
    params(("directory" = String, Path, description = "The Directory's name"), ("schema" = String, Path, description = "Its URN")), responses(
    (status = 204, description = "It is gone"),
    (status = 409, description = "Stored resources contradict it, or it is the configuration's", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn remove_schema(
    state: State<Arc<AdminState>>,
    caller: Caller<Operating>,
    path: Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    remove(state, caller, path, DefinitionKind::Schema).await
}

/// Remove a resource type
///
/// Refused while there are resources of it.
#[utoipa::path(delete, path = "/directories/{directory}/resource-types/{resource_type}", tag = "schemas",
    params(("directory" = String, Path, description = "The Directory's name"), ("resource_type" = String, Path, description = "Its name")), responses(
    (status = 204, description = "It is gone"),
    (status = 409, description = "Stored resources contradict it, or it is the configuration's", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn remove_resource_type(
    state: State<Arc<AdminState>>,
    caller: Caller<Operating>,
    path: Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    remove(state, caller, path, DefinitionKind::ResourceType).await
}

async fn list(
    State(state): State<Arc<AdminState>>,
    _: Caller<Viewing>,
    Path(directory): Path<String>,
    kind: DefinitionKind,
) -> Result<Json<Definitions>, Problem> {
    let directory = directories::find(&*state.store, &directory).await?;
    let rows = definitions::list(&*state.store, &directory, kind).await?;
    Ok(Json(Definitions { items: rows.into_iter().map(view).collect() }))
}

fn view(row: DefinitionRow) -> Definition {
    Definition {
        definition: serde_json::from_str(&row.definition).unwrap_or_default(),
        from: if row.directory.is_some() { Origin::Directory } else { Origin::Configuration },
        name: row.name,
    }
}

async fn add(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(directory): Path<String>,
    Text(text): Text,
    kind: DefinitionKind,
) -> Result<(StatusCode, Json<InForce>), Problem> {
    let directory = directories::find(&*state.store, &directory).await?;
    let added = definitions::add(&caller.operator(&state), &directory, kind, &text, Timing::default()).await?;
    let status = if added.replaced { StatusCode::OK } else { StatusCode::CREATED };
    let in_force = InForce {
        name: added.name,
        warnings: added.warnings.iter().map(ToString::to_string).collect(),
        indexes_built: added.applied.built,
        examined: added.applied.examined,
        unfinished: added.applied.unfinished.iter().map(ToString::to_string).collect(),
    };
    Ok((status, Json(in_force)))
}

async fn remove(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path((directory, name)): Path<(String, String)>,
    kind: DefinitionKind,
) -> Result<StatusCode, Problem> {
    let directory = directories::find(&*state.store, &directory).await?;
    definitions::remove(&caller.operator(&state), &directory, kind, &name, Timing::default()).await?;
    Ok(StatusCode::NO_CONTENT)
}
