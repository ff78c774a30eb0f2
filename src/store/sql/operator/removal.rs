//! Directories that lose their provider, or all that is in them.

use super::super::dialect::{self, Connection, corrupt, store_error};
use super::{audit, directories};
use crate::clock::Timestamp;
use crate::id::DirectoryId;
use crate::store::audit::AuditEntry;
use crate::store::{DirectoryRow, DirectoryStatus, StoreError};
use serde_json::{Map, Value, json};
use sqlx::Row as _;
use uuid::Uuid;

/// What goes with the Directory: a few rows each. Tokens come before the Directory that they refer to.
const REST: [&str; 7] = [
    // Those of resources that operators deleted behind the last piece.
    "DELETE FROM tombstones WHERE directory_id = $1",
    "DELETE FROM used_assertions WHERE directory_id = $1",
    "DELETE FROM token_uses WHERE directory_id = $1",
    "DELETE FROM tokens WHERE directory_id = $1",
    "DELETE FROM definitions WHERE directory_id = $1",
    "DELETE FROM directory_keys WHERE directory_id = $1",
    "DELETE FROM counters WHERE directory_id = $1",
];

/// Brings the row of a Directory without provider into force, and revokes its tokens. From here on it is disconnecting: changes by
/// its tokens do not begin any more, and those that are on their way end before [`keep_piece`] is called.
pub(in super::super) async fn disconnect(
    connection: &mut Connection,
    directory: &DirectoryRow,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let id = directories::change_rules(connection, directory, &[], now).await?;
    sqlx::query("UPDATE tokens SET revoked = $2, revision = revision + 1 WHERE directory_id = $1 AND revoked IS NULL")
        .bind(directory.id.0)
        .bind(now.0)
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    // No id is nil, so all come after it.
    keep_to(connection, directory.id, Some(Uuid::nil())).await?;
    Ok(id)
}

/// Makes one piece of a Directory that is disconnecting the operators' own: no provider holds on to its resources, and operators
/// change them. What was deleted is forgotten: nobody is left who could create it anew. Each call goes on with what is left, so that
/// whoever is interrupted has lost nothing.
pub(in super::super) async fn keep_piece(
    connection: &mut Connection,
    directory: DirectoryId,
    limit: u32,
) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT kept_to FROM directories WHERE id = $1 AND kept_to IS NOT NULL")
        .bind(directory.0)
        .fetch_optional(&mut *connection)
        .await
        .map_err(store_error)?;
    let kept_to: Uuid = row.ok_or(StoreError::NotFound)?.try_get(0).map_err(corrupt("directories"))?;
    let rows = sqlx::query("SELECT id FROM resources WHERE directory_id = $1 AND id > $2 ORDER BY id LIMIT $3")
        .bind(directory.0)
        .bind(kept_to)
        .bind(i64::from(limit))
        .fetch_all(&mut *connection)
        .await
        .map_err(store_error)?;
    if let Some(last) = rows.last() {
        let last: Uuid = last.try_get(0).map_err(corrupt("resources"))?;
        sqlx::query(
            "UPDATE resources SET manual = true, held = false \
             WHERE directory_id = $1 AND id > $2 AND id <= $3 AND (NOT manual OR held)",
        )
        .bind(directory.0)
        .bind(kept_to)
        .bind(last)
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
        keep_to(connection, directory, Some(last)).await?;
        return Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX));
    }
    let [_, _, _, tombstones] = dialect::PIECES;
    let forgotten = remove(connection, tombstones, directory, limit).await?;
    if forgotten == 0 {
        keep_to(connection, directory, None).await?;
    }
    Ok(forgotten)
}

/// Notes up to which id resources are the operators' own; `None`: all of them. What they are has no row in `events`.
async fn keep_to(connection: &mut Connection, directory: DirectoryId, id: Option<Uuid>) -> Result<(), StoreError> {
    let noted = sqlx::query("UPDATE directories SET kept_to = $2, silent_changes = silent_changes + 1 WHERE id = $1")
        .bind(directory.0)
        .bind(id);
    noted.execute(connection).await.map(drop).map_err(store_error)
}

/// Removes one piece. Each call goes on with what is left, so that whoever is interrupted has lost nothing.
pub(in super::super) async fn piece(
    connection: &mut Connection,
    directory: DirectoryId,
    limit: u32,
    entry: &AuditEntry,
) -> Result<i64, StoreError> {
    check_deleting(connection, directory).await?;
    let [members, values, events, tombstones] = dialect::PIECES;
    for statement in [members, values] {
        let removed = remove(connection, statement, directory, limit).await?;
        if removed > 0 {
            return Ok(removed);
        }
    }
    let removed = dialect::remove_resources(connection, directory, limit).await?;
    if !removed.is_empty() {
        let total = removed.iter().map(|(_, count)| count).sum();
        let counts: Map<String, Value> = removed.into_iter().map(|(name, count)| (name, count.into())).collect();
        let entry = AuditEntry { after: Some(json!({ "removed": counts })), ..entry.clone() };
        audit::append(connection, &entry, None).await?;
        return Ok(total);
    }
    let removed = remove(connection, events, directory, limit).await?;
    if removed > 0 { Ok(removed) } else { remove(connection, tombstones, directory, limit).await }
}

async fn remove(
    connection: &mut Connection,
    statement: &'static str,
    directory: DirectoryId,
    limit: u32,
) -> Result<i64, StoreError> {
    let done = sqlx::query(statement).bind(directory.0).bind(i64::from(limit)).execute(connection).await.map_err(store_error)?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}

async fn check_deleting(connection: &mut Connection, directory: DirectoryId) -> Result<(), StoreError> {
    let found = sqlx::query("SELECT id FROM directories WHERE id = $1 AND status = $2")
        .bind(directory.0)
        .bind(DirectoryStatus::Deleting.word())
        .fetch_optional(connection)
        .await
        .map_err(store_error)?;
    found.map(drop).ok_or(StoreError::NotFound)
}

pub(in super::super) async fn drop_directory(connection: &mut Connection, directory: DirectoryId) -> Result<i64, StoreError> {
    check_deleting(connection, directory).await?;
    for statement in REST {
        sqlx::query(statement).bind(directory.0).execute(&mut *connection).await.map_err(store_error)?;
    }
    let gone = sqlx::query(
        "DELETE FROM directories WHERE id = $1 \
             AND NOT EXISTS (SELECT 1 FROM resources WHERE directory_id = $1) RETURNING id",
    )
    .bind(directory.0)
    .fetch_optional(connection)
    .await
    .map_err(store_error)?;
    let gone = gone.ok_or(StoreError::VersionConflict)?;
    gone.try_get(0).map_err(corrupt("directories"))
}
