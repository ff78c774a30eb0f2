//! Why a change was refused: asked only after the fact, so that what succeeds pays nothing for it.
//!
//! Each question first undoes what the change did, so that it sees what others have written.

use super::{Origin, Target, lists};
use crate::store::sqlite::failure::{Cause, corrupt, store_error};
use crate::store::{IndexRow, NewResource, Source, StoreError};
use sqlx::{Row, SqliteConnection};

/// For the creation of a resource.
pub(super) async fn of_create(
    connection: &mut SqliteConnection,
    origin: Origin,
    resource: &NewResource,
    error: sqlx::Error,
) -> StoreError {
    let target = Target { resource_type: &resource.resource_type, id: resource.id, expected_version: None, source: None };
    match Cause::of(&error) {
        Cause::Unique => taken(connection, origin, target, &resource.index, error).await,
        // A member that is not there makes a NULL, and so do schemas that are others, an id that is spent and a bar.
        Cause::NotNull => {
            if let Some(reason) = outdated(connection, origin).await {
                return reason;
            }
            if let Some(reason) = spent(connection, origin, resource).await {
                return reason;
            }
            barred(connection, origin, resource).await.unwrap_or(StoreError::UnknownMember)
        }
        Cause::ForeignKey | Cause::Full | Cause::Contention | Cause::Unavailable | Cause::Other => store_error(error),
    }
}

/// For an update of `target` that adds these rows to the index.
pub(super) async fn of_update(
    connection: &mut SqliteConnection,
    origin: Origin,
    target: Target<'_>,
    index: &[IndexRow],
    error: sqlx::Error,
) -> StoreError {
    match Cause::of(&error) {
        // The constraints were met before it was known whether the resource is there and at its version.
        Cause::Unique => match missing(connection, origin, target).await {
            Some(reason) => reason,
            None => taken(connection, origin, target, index, error).await,
        },
        // A member that is not there makes a NULL, a group that is not there breaks the foreign key.
        Cause::NotNull | Cause::ForeignKey => match missing(connection, origin, target).await {
            Some(reason) => reason,
            None => StoreError::UnknownMember,
        },
        Cause::Full | Cause::Contention | Cause::Unavailable | Cause::Other => store_error(error),
    }
}

/// For a change that did not find `target` at its version.
pub(super) async fn of_missing(connection: &mut SqliteConnection, origin: Origin, target: Target<'_>) -> StoreError {
    missing(connection, origin, target).await.unwrap_or(StoreError::VersionConflict)
}

/// Whether the schemas are others than those that the change was made by, or how asking failed.
async fn outdated(connection: &mut SqliteConnection, origin: Origin) -> Option<StoreError> {
    let row = sqlx::query("ROLLBACK TO job; SELECT schema_revision FROM directories WHERE id = $1")
        .bind(origin.directory.0)
        .fetch_optional(connection)
        .await;
    let revision = match row {
        Ok(row) => row.map(|row| row.try_get::<i64, _>(0)),
        Err(error) => return Some(store_error(error)),
    };
    match (revision, origin.revision) {
        (Some(Ok(revision)), Some(made_by)) if revision > made_by => Some(StoreError::SchemasChanged),
        (Some(Ok(_)), _) => None,
        (Some(Err(error)), _) => Some(corrupt("directories")(error)),
        (None, _) => Some(StoreError::NotFound),
    }
}

/// Whether the id was another's, if it must not have been, or how asking failed.
async fn spent(connection: &mut SqliteConnection, origin: Origin, resource: &NewResource) -> Option<StoreError> {
    if !resource.once {
        return None;
    }
    let row =
        sqlx::query(SPENT).bind(origin.directory.0).bind(&resource.resource_type).bind(resource.id.0).fetch_one(connection).await;
    match row.and_then(|row| row.try_get(0)) {
        Ok(true) => Some(StoreError::Spent),
        Ok(false) => None,
        Err(error) => Some(store_error(error)),
    }
}

pub(super) const SPENT: &str = concat!("SELECT ", was_deleted!());

/// Whether the resource may not come again yet, or how asking failed.
async fn barred(connection: &mut SqliteConnection, origin: Origin, resource: &NewResource) -> Option<StoreError> {
    let keys = resource.match_keys.as_ref()?;
    let row = sqlx::query(BARRED)
        .bind(origin.directory.0)
        .bind(&resource.resource_type)
        .bind(&keys.name)
        .bind(&keys.external_id)
        .fetch_one(connection)
        .await;
    match row.and_then(|row| row.try_get(0)) {
        Ok(barred) => {
            if barred {
                Some(StoreError::Barred)
            } else {
                None
            }
        }
        Err(error) => Some(store_error(error)),
    }
}

pub(super) const BARRED: &str = concat!("SELECT ", is_barred!("$3", "$4"));

/// Whether it is the schemas, the resource, its source or its version that is not there, or how asking failed.
async fn missing(connection: &mut SqliteConnection, origin: Origin, target: Target<'_>) -> Option<StoreError> {
    if let Some(reason) = outdated(connection, origin).await {
        return Some(reason);
    }
    let row = sqlx::query(
        "ROLLBACK TO job; \
         SELECT version, manual FROM resources WHERE directory_id = $1 AND id = $2 AND resource_type = $3",
    )
    .bind(origin.directory.0)
    .bind(target.id.0)
    .bind(target.resource_type)
    .fetch_optional(connection)
    .await;
    let row = match row {
        Ok(Some(row)) => row,
        Ok(None) => return Some(StoreError::NotFound),
        Err(error) => return Some(store_error(error)),
    };
    match row.try_get(1) {
        Ok(manual) if target.source.is_some_and(|source| source != Source::of(manual)) => return Some(StoreError::OtherSource),
        Ok(_) => {}
        Err(error) => return Some(corrupt("resources")(error)),
    }
    match (row.try_get::<i64, _>(0), target.expected_version) {
        (Ok(version), Some(expected)) if version != expected => Some(StoreError::VersionConflict),
        (Ok(_), _) => None,
        (Err(error), _) => Some(corrupt("resources")(error)),
    }
}

/// Which of the unique values in `index` another resource has; if none, the error stands.
async fn taken(
    connection: &mut SqliteConnection,
    origin: Origin,
    target: Target<'_>,
    index: &[IndexRow],
    error: sqlx::Error,
) -> StoreError {
    let row = sqlx::query(TAKEN)
        .bind(origin.directory.0)
        .bind(target.resource_type)
        .bind(target.id.0)
        .bind(lists::index_rows(index))
        .fetch_optional(connection)
        .await;
    match row {
        Ok(Some(row)) => match row.try_get(0) {
            Ok(attribute) => StoreError::Uniqueness { attribute },
            Err(error) => corrupt("attribute_values")(error),
        },
        Ok(None) => store_error(error),
        Err(error) => store_error(error),
    }
}

/// CROSS JOIN keeps the planner to the order that is written: it expects more of a list than it holds.
///
/// What is unique in every Directory may be taken in another one. The second half looks there, past the rule that a statement reads
/// one Directory: whose the value is stays in the database. Ids do not tell resources of two Directories apart, as an import keeps them.
pub(super) const TAKEN: &str = "ROLLBACK TO job; \
         SELECT a.attribute FROM json_each($4) AS added CROSS JOIN attribute_values AS a \
             ON a.directory_id = $1 AND a.resource_type = $2 \
             AND a.attribute = added.value ->> 0 AND a.value = added.value ->> 1 \
         WHERE added.value ->> 2 > 0 AND a.is_unique = 1 AND a.resource_id <> $3 \
         UNION ALL SELECT a.attribute FROM json_each($4) AS added CROSS JOIN attribute_values AS a \
             ON a.directory_id <> $1 AND a.resource_type = $2 \
             AND a.attribute = added.value ->> 0 AND a.value = added.value ->> 1 \
         WHERE added.value ->> 2 = 2 AND a.is_global = 1 LIMIT 1";
