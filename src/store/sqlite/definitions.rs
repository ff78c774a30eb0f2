//! Schemas and resource types of an operator, and the indexes that they ask for.

use super::failure::{Cause, corrupt, store_error};
use crate::clock::Timestamp;
use crate::id::{DirectoryId, ResourceId};
use crate::store::operator::GlobalValue;
use crate::store::sql::uniqueness_number;
use crate::store::{DefinitionChange, DefinitionKind, DefinitionRow, ResourceIndex, StoreError};
use serde_json::json;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row, SqliteConnection};

/// `directory_id` of what is for every Directory.
const EVERY: i64 = 0;

pub(super) async fn definitions(
    readers: &SqlitePool,
    directory: Option<DirectoryId>,
    limit: u32,
) -> Result<Vec<DefinitionRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT directory_id, kind, name, definition FROM definitions WHERE directory_id IN ($1, $2) \
         ORDER BY directory_id, kind, name LIMIT $3",
    )
    .bind(EVERY)
    .bind(directory.map_or(EVERY, |directory| directory.0))
    .bind(limit)
    .fetch_all(readers)
    .await
    .map_err(store_error)?;
    rows.iter().map(read_definition).collect()
}

pub(super) async fn change(
    connection: &mut SqliteConnection,
    change: &DefinitionChange,
    now: Timestamp,
) -> Result<(), StoreError> {
    let expected: Vec<_> = change.expected.iter().map(|(directory, revision)| (directory.0, revision)).collect();
    let moved = sqlx::query(
        "RELEASE job; SAVEPOINT job; \
         UPDATE directories SET schema_revision = schema_revision + 1 \
         WHERE (id, schema_revision) IN (SELECT value ->> 0, value ->> 1 FROM json_each($1)) RETURNING id",
    )
    .bind(json!(expected).to_string())
    .fetch_all(&mut *connection)
    .await
    .map_err(store_error)?;
    if moved.len() != expected.len() {
        return Err(StoreError::VersionConflict);
    }
    let scope = change.directory.map_or(EVERY, |directory| directory.0);
    let remove: Vec<_> = change.remove.iter().map(|(kind, name)| (kind.word(), name)).collect();
    let put: Vec<_> = change.put.iter().map(|(kind, name, definition)| (kind.word(), name, definition)).collect();
    sqlx::query(
        "UPDATE directories SET schema_revision = schema_revision + 1 \
         WHERE $1 = 0 AND id NOT IN (SELECT value ->> 0 FROM json_each($5)); \
         DELETE FROM definitions WHERE directory_id = $1 \
             AND (kind, name) IN (SELECT value ->> 0, value ->> 1 FROM json_each($2)); \
         INSERT INTO definitions (directory_id, kind, name, definition, created) \
         SELECT $1, value ->> 0, value ->> 1, value ->> 2, $4 FROM json_each($3) WHERE true \
         ON CONFLICT (directory_id, kind, name) DO UPDATE SET definition = excluded.definition",
    )
    .bind(scope)
    .bind(json!(remove).to_string())
    .bind(json!(put).to_string())
    .bind(now.0)
    .bind(json!(expected).to_string())
    .execute(connection)
    .await
    .map(drop)
    .map_err(store_error)
}

/// [`StoreError::SchemasChanged`] if the schemas are at a higher revision. The transaction writes, so they stay as they are.
pub(super) async fn check_revision(
    connection: &mut SqliteConnection,
    directory: DirectoryId,
    revision: i64,
) -> Result<(), StoreError> {
    let found = sqlx::query("RELEASE job; SAVEPOINT job; SELECT 1 FROM directories WHERE id = $1 AND schema_revision <= $2")
        .bind(directory.0)
        .bind(revision)
        .fetch_optional(connection)
        .await
        .map_err(store_error)?;
    found.map(drop).ok_or(StoreError::SchemasChanged)
}

pub(super) async fn index_resources(
    connection: &mut SqliteConnection,
    directory: DirectoryId,
    revision: i64,
    resource_type: &str,
    resources: &[ResourceIndex],
) -> Result<Vec<ResourceId>, StoreError> {
    check_revision(connection, directory, revision).await?;
    let ids: Vec<_> = resources.iter().map(|resource| (resource.id.0.as_simple().to_string(), resource.version)).collect();
    let mut rows = Vec::new();
    for resource in resources {
        let id = resource.id.0.as_simple().to_string();
        rows.extend(
            resource
                .rows
                .iter()
                .map(|row| (id.clone(), resource.version, &row.attribute, &row.value, uniqueness_number(row.uniqueness))),
        );
    }
    let done = sqlx::query(
        "INSERT INTO attribute_values (directory_id, resource_type, attribute, value, resource_id, is_unique, is_global) \
         SELECT $1, $2, i.value ->> 2, i.value ->> 3, r.id, i.value ->> 4 > 0, i.value ->> 4 = 2 FROM json_each($3) AS i \
         CROSS JOIN resources AS r ON r.directory_id = $1 AND r.id = unhex(i.value ->> 0) \
             AND r.resource_type = $2 AND r.version = i.value ->> 1 \
         WHERE true ON CONFLICT (directory_id, resource_type, attribute, value, resource_id) \
             DO UPDATE SET is_unique = excluded.is_unique, is_global = excluded.is_global; \
         SELECT r.id FROM json_each($4) AS i CROSS JOIN resources AS r ON r.directory_id = $1 \
             AND r.id = unhex(i.value ->> 0) AND r.resource_type = $2 AND r.version = i.value ->> 1",
    )
    .bind(directory.0)
    .bind(resource_type)
    .bind(json!(rows).to_string())
    .bind(json!(ids).to_string())
    .fetch_all(connection)
    .await
    .map_err(|error| match Cause::of(&error) {
        // Which attribute it is, the caller finds out: it has all of them.
        Cause::Unique => StoreError::Uniqueness { attribute: String::new() },
        Cause::NotNull | Cause::ForeignKey | Cause::Full | Cause::Contention | Cause::Unavailable | Cause::Other => {
            store_error(error)
        }
    })?;
    done.iter().map(|row| Ok(ResourceId(row.try_get(0).map_err(corrupt("resources"))?))).collect()
}

pub(super) async fn drop_index(
    connection: &mut SqliteConnection,
    directory: DirectoryId,
    revision: i64,
    resource_type: &str,
    attribute: &str,
    limit: u32,
) -> Result<u64, StoreError> {
    check_revision(connection, directory, revision).await?;
    let rows = sqlx::query(
        "DELETE FROM attribute_values WHERE directory_id = $1 AND resource_type = $2 AND attribute = $3 \
             AND (value, resource_id) IN (SELECT value, resource_id FROM attribute_values \
                 WHERE directory_id = $1 AND resource_type = $2 AND attribute = $3 LIMIT $4) \
         RETURNING 1",
    )
    .bind(directory.0)
    .bind(resource_type)
    .bind(attribute)
    .bind(limit)
    .fetch_all(connection)
    .await
    .map_err(store_error)?;
    Ok(rows.len() as u64)
}

/// Looks into all Directories but one, past the rule that a statement reads one: of those there it gives nothing, not even which.
pub(super) const TAKEN_ELSEWHERE: &str = "SELECT i.key FROM json_each($2) AS i CROSS JOIN attribute_values AS a \
         ON a.directory_id <> $1 AND a.resource_type = i.value ->> 0 AND a.attribute = i.value ->> 1 AND a.value = i.value ->> 2 \
     WHERE a.is_global = 1 ORDER BY i.key";

pub(super) async fn taken_elsewhere(
    readers: &SqlitePool,
    directory: DirectoryId,
    values: &[GlobalValue],
) -> Result<Vec<usize>, StoreError> {
    let list: Vec<_> = values.iter().map(|value| (&value.resource_type, &value.attribute, &value.value)).collect();
    let query = sqlx::query(TAKEN_ELSEWHERE).bind(directory.0).bind(json!(list).to_string());
    let rows = query.fetch_all(readers).await.map_err(store_error)?;
    let corrupt = corrupt("attribute_values");
    rows.iter().map(|row| Ok(row.try_get::<i64, _>(0).map_err(&corrupt)?.unsigned_abs() as usize)).collect()
}

/// Reads the columns directory_id, kind, name, definition.
fn read_definition(row: &SqliteRow) -> Result<DefinitionRow, StoreError> {
    let corrupt = corrupt("definitions");
    let directory: i64 = row.try_get(0).map_err(&corrupt)?;
    let kind: String = row.try_get(1).map_err(&corrupt)?;
    Ok(DefinitionRow {
        directory: (directory != EVERY).then_some(DirectoryId(directory)),
        kind: DefinitionKind::of(&kind).ok_or_else(|| corrupt(sqlx::Error::Decode(kind.into())))?,
        name: row.try_get(2).map_err(&corrupt)?,
        definition: row.try_get(3).map_err(&corrupt)?,
    })
}
