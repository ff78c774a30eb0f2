//! What is left of resources that were deleted.

use super::super::dialect::{Connection, Row, corrupt, store_error};
use crate::clock::Timestamp;
use crate::id::{DirectoryId, ResourceId, TokenId};
use crate::store::{Bar, StoreError, Tombstone};
use sqlx::Row as _;
use uuid::Uuid;

pub(in super::super) async fn tombstones(
    connection: &mut Connection,
    directory: DirectoryId,
    resource_type: &str,
    after: Option<ResourceId>,
    limit: u32,
) -> Result<Vec<Tombstone>, StoreError> {
    let rows = sqlx::query(
        "SELECT resource_id, resource_type, at, actor, version, barred, name, document FROM tombstones \
         WHERE directory_id = $1 AND resource_type = $2 AND resource_id > $3 ORDER BY resource_id LIMIT $4",
    )
    .bind(directory.0)
    .bind(resource_type)
    // No id is nil, so all come after it.
    .bind(after.map_or(Uuid::nil(), |after| after.0))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(store_error)?;
    rows.iter().map(read).collect()
}

pub(super) async fn delete(
    connection: &mut Connection,
    directory: DirectoryId,
    resource_type: &str,
    id: ResourceId,
) -> Result<i64, StoreError> {
    let gone = sqlx::query("DELETE FROM tombstones WHERE directory_id = $1 AND resource_id = $2 AND resource_type = $3")
        .bind(directory.0)
        .bind(id.0)
        .bind(resource_type)
        .execute(connection)
        .await
        .map_err(store_error)?;
    if gone.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(0) }
}

pub(in super::super) async fn lift(
    connection: &mut Connection,
    directory: DirectoryId,
    resource_type: &str,
    id: ResourceId,
) -> Result<bool, StoreError> {
    let gone = sqlx::query(
        "DELETE FROM tombstones \
         WHERE directory_id = $1 AND resource_id = $2 AND resource_type = $3 AND barred = 'untilReassigned'",
    )
    .bind(directory.0)
    .bind(id.0)
    .bind(resource_type)
    .execute(connection)
    .await
    .map_err(store_error)?;
    Ok(gone.rows_affected() > 0)
}

/// By the events, which know of every deletion, also of those that leave nothing here.
pub(in super::super) async fn was_deleted(
    connection: &mut Connection,
    directory: DirectoryId,
    id: ResourceId,
) -> Result<bool, StoreError> {
    let found = sqlx::query("SELECT seq FROM events WHERE directory_id = $1 AND resource_id = $2 AND kind = 'delete' LIMIT 1")
        .bind(directory.0)
        .bind(id.0)
        .fetch_optional(connection)
        .await
        .map_err(store_error)?;
    Ok(found.is_some())
}

/// Retention.
pub(in super::super) async fn forget(
    connection: &mut Connection,
    directory: DirectoryId,
    until: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let gone = sqlx::query(
        "DELETE FROM tombstones WHERE directory_id = $1 AND resource_id IN (\
             SELECT resource_id FROM tombstones WHERE directory_id = $1 AND at < $2 ORDER BY at LIMIT $3)",
    )
    .bind(directory.0)
    .bind(until.0)
    .bind(i64::from(limit))
    .execute(connection)
    .await
    .map_err(store_error)?;
    Ok(gone.rows_affected())
}

/// Reads the columns resource_id, resource_type, at, actor, version, barred, name, document.
fn read(row: &Row) -> Result<Tombstone, StoreError> {
    let corrupt = corrupt("tombstones");
    let barred: String = row.try_get(5).map_err(&corrupt)?;
    let unknown = || StoreError::Corrupt { table: "tombstones", source: "a bar is none".into() };
    Ok(Tombstone {
        id: ResourceId(row.try_get(0).map_err(&corrupt)?),
        resource_type: row.try_get(1).map_err(&corrupt)?,
        at: Timestamp(row.try_get(2).map_err(&corrupt)?),
        actor: row.try_get::<Option<i64>, _>(3).map_err(&corrupt)?.map(TokenId),
        version: row.try_get(4).map_err(&corrupt)?,
        bar: Bar::of(&barred).ok_or_else(unknown)?,
        name: row.try_get(6).map_err(&corrupt)?,
        document: row.try_get(7).map_err(&corrupt)?,
    })
}
