//! Schemas and resource types of a Directory, beside those that are built in.

use super::AdminState;
use super::caller::{Caller, Operating, Viewing};
use super::extract::{Path, Text};
use super::paths::{DefinitionPath, DefinitionsPath};
use super::problem::{Problem, ProblemBody};
use super::task::to_its_end;
use crate::admin::definitions::{self, Timing};
use crate::admin::directories;
use crate::store::DefinitionRow;
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

/// List schemas or resource types
///
/// Those that a Directory has beside the ones that are built in.
#[utoipa::path(get, path = "/directories/{directory}/definitions/{kind}", tag = "definitions", params(DefinitionsPath), responses(
    (status = 200, description = "All of them", body = Definitions),
))]
pub async fn list(
    State(state): State<Arc<AdminState>>,
    _: Caller<Viewing>,
    Path(DefinitionsPath { directory, kind }): Path<DefinitionsPath>,
) -> Result<Json<Definitions>, Problem> {
    let directory = directories::find(&*state.store, &directory).await?;
    let rows = definitions::list(&*state.store, &directory, kind.into()).await?;
    Ok(Json(Definitions { items: rows.into_iter().map(view).collect() }))
}

fn view(row: DefinitionRow) -> Definition {
    Definition {
        definition: serde_json::from_str(&row.definition).unwrap_or_default(),
        from: if row.directory.is_some() { Origin::Directory } else { Origin::Configuration },
        name: row.name,
    }
}

/// Add a schema or a resource type
///
/// Or put another version in the place of the one of the same name. What is stored must not contradict it.
#[utoipa::path(post, path = "/directories/{directory}/definitions/{kind}", tag = "definitions", params(DefinitionsPath),
    request_body(content = Object, description = "A schema (RFC 7643 §7) or a resource type (§6)"), responses(
    (status = 201, description = "It is in force", body = InForce),
    (status = 200, description = "It is in force, in the place of another version", body = InForce),
    (status = 409, description = "Stored resources contradict it, or it is the configuration's", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn add(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(DefinitionsPath { directory, kind }): Path<DefinitionsPath>,
    Text(text): Text,
) -> Result<(StatusCode, Json<InForce>), Problem> {
    let directory = directories::find(&*state.store, &directory).await?;
    let adding =
        async move { definitions::add(&caller.operator(&state), &directory, kind.into(), &text, Timing::default()).await };
    let added = to_its_end(adding).await?;
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

/// Remove a schema or a resource type
///
/// Refused while another definition needs it, or resources have values by it.
#[utoipa::path(delete, path = "/directories/{directory}/definitions/{kind}/{name}", tag = "definitions", params(DefinitionPath), responses(
    (status = 204, description = "It is gone"),
    (status = 409, description = "Stored resources contradict it, or it is the configuration's", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn remove(
    State(state): State<Arc<AdminState>>,
    caller: Caller<Operating>,
    Path(DefinitionPath { directory, kind, name }): Path<DefinitionPath>,
) -> Result<StatusCode, Problem> {
    let directory = directories::find(&*state.store, &directory).await?;
    let removing =
        async move { definitions::remove(&caller.operator(&state), &directory, kind.into(), &name, Timing::default()).await };
    to_its_end(removing).await?;
    Ok(StatusCode::NO_CONTENT)
}
