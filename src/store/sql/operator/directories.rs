//! Directories, and the secrets of each.

use super::super::dialect::{Connection, Row, corrupt, store_error};
use super::refused;
use crate::clock::Timestamp;
use crate::id::DirectoryId;
use crate::store::operator::NewDirectory;
use crate::store::{DefinitionKind, DirectoryRow, DirectoryStatus, StoreError};
use sqlx::Row as _;

/// A statement that selects the columns that [`read`] reads, from Directories.
macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT id, name, display_name, provider, settings, created, status, protected, revision, schema_revision, ",
            "kept_to IS NOT NULL FROM directories ",
            $which
        )
    };
}

pub(in super::super) async fn create(
    connection: &mut Connection,
    directory: &NewDirectory,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "INSERT INTO directories (name, display_name, provider, settings, created, status, protected) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
    )
    .bind(&directory.name)
    .bind(&directory.display_name)
    .bind(&directory.provider)
    .bind(&directory.settings)
    .bind(now.0)
    .bind(directory.status.word())
    .bind(directory.protected)
    .fetch_one(connection)
    .await
    .map_err(refused)?;
    row.try_get(0).map_err(corrupt("directories"))
}

pub(in super::super) async fn change(connection: &mut Connection, directory: &DirectoryRow) -> Result<i64, StoreError> {
    let changed = sqlx::query(
        "UPDATE directories SET display_name = $3, provider = $4, settings = $5, status = $6, protected = $7, \
         revision = revision + 1 WHERE id = $1 AND revision = $2 RETURNING id",
    )
    .bind(directory.id.0)
    .bind(directory.revision)
    .bind(&directory.display_name)
    .bind(&directory.provider)
    .bind(&directory.settings)
    .bind(directory.status.word())
    .bind(directory.protected)
    .fetch_optional(connection)
    .await
    .map_err(store_error)?;
    changed.map(|_| directory.id.0).ok_or(StoreError::VersionConflict)
}

pub(in super::super) async fn change_rules(
    connection: &mut Connection,
    directory: &DirectoryRow,
    building: &[(String, String)],
    now: Timestamp,
) -> Result<i64, StoreError> {
    // First, so that the row is locked from here on.
    let id = change(connection, directory).await?;
    let moved = sqlx::query(
        "UPDATE directories SET schema_revision = schema_revision + 1 WHERE id = $1 AND schema_revision = $2 RETURNING id",
    )
    .bind(directory.id.0)
    .bind(directory.schema_revision)
    .fetch_optional(&mut *connection)
    .await
    .map_err(store_error)?;
    moved.ok_or(StoreError::SchemasChanged)?;
    for (name, definition) in building {
        sqlx::query(
            "INSERT INTO definitions (directory_id, kind, name, definition, created) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (directory_id, kind, name) DO UPDATE SET definition = excluded.definition",
        )
        .bind(directory.id.0)
        .bind(DefinitionKind::Building.word())
        .bind(name)
        .bind(definition)
        .bind(now.0)
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    }
    Ok(id)
}

pub(in super::super) async fn directory(connection: &mut Connection, name: &str) -> Result<Option<DirectoryRow>, StoreError> {
    let row = sqlx::query(select!("WHERE name = $1")).bind(name).fetch_optional(connection).await.map_err(store_error)?;
    row.map(|row| read(&row, 0)).transpose()
}

pub(in super::super) async fn directories(
    connection: &mut Connection,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<DirectoryRow>, StoreError> {
    let rows = sqlx::query(select!("WHERE name > $1 ORDER BY name LIMIT $2"))
        // No name is empty, so all come after the empty one.
        .bind(after.unwrap_or_default())
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await
        .map_err(store_error)?;
    rows.iter().map(|row| read(row, 0)).collect()
}

pub(in super::super) async fn unfinished(
    connection: &mut Connection,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<DirectoryRow>, StoreError> {
    let rows = sqlx::query(select!(
        "AS d WHERE name > $1 AND EXISTS (SELECT 1 FROM definitions WHERE directory_id = d.id AND kind = $2) \
             ORDER BY name LIMIT $3"
    ))
    .bind(after.unwrap_or_default())
    .bind(DefinitionKind::Building.word())
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(store_error)?;
    rows.iter().map(|row| read(row, 0)).collect()
}

/// Keeps `candidate` unless there is a secret for `purpose` already; gives the one that is kept.
pub(in super::super) async fn directory_key(
    connection: &mut Connection,
    directory: DirectoryId,
    purpose: &str,
    candidate: &[u8; 32],
) -> Result<[u8; 32], StoreError> {
    let row = sqlx::query(
        "INSERT INTO directory_keys AS k (directory_id, purpose, secret) VALUES ($1, $2, $3) \
         ON CONFLICT (directory_id, purpose) DO UPDATE SET secret = k.secret RETURNING secret",
    )
    .bind(directory.0)
    .bind(purpose)
    .bind(candidate.as_slice())
    .fetch_one(connection)
    .await
    .map_err(store_error)?;
    secret(&row)
}

fn secret(row: &Row) -> Result<[u8; 32], StoreError> {
    let secret: Vec<u8> = row.try_get(0).map_err(corrupt("directory_keys"))?;
    let length = |_| StoreError::Corrupt { table: "directory_keys", source: "a secret has not 32 bytes".into() };
    secret.try_into().map_err(length)
}

/// Reads the columns id, name, display_name, provider, settings, created, status, protected, revision, schema_revision, and
/// whether `kept_to` is there, from `first` on.
pub(super) fn read(row: &Row, first: usize) -> Result<DirectoryRow, StoreError> {
    let corrupt = corrupt("directories");
    let status: String = row.try_get(first + 6).map_err(&corrupt)?;
    let unknown = || StoreError::Corrupt { table: "directories", source: "a status is none".into() };
    Ok(DirectoryRow {
        id: DirectoryId(row.try_get(first).map_err(&corrupt)?),
        name: row.try_get(first + 1).map_err(&corrupt)?,
        display_name: row.try_get(first + 2).map_err(&corrupt)?,
        provider: row.try_get(first + 3).map_err(&corrupt)?,
        settings: row.try_get(first + 4).map_err(&corrupt)?,
        created: Timestamp(row.try_get(first + 5).map_err(&corrupt)?),
        status: DirectoryStatus::of(&status).ok_or_else(unknown)?,
        protected: row.try_get(first + 7).map_err(&corrupt)?,
        disconnecting: row.try_get(first + 10).map_err(&corrupt)?,
        revision: row.try_get(first + 8).map_err(&corrupt)?,
        schema_revision: row.try_get(first + 9).map_err(&corrupt)?,
    })
}
