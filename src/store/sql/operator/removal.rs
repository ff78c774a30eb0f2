//! Directories that lose their provider, or all that is in them.

use super::super::dialect::{self, Connection, corrupt, store_error};
use super::{audit, directories};
use crate::clock::Timestamp;
use crate::id::DirectoryId;
use crate::store::audit::AuditEntry;
use crate::store::{DirectoryRow, DirectoryStatus, StoreError};
use serde_json::{Map, Value, json};
use sqlx::Row as _;

/// What goes with the Directory: a few rows each. Tokens come before the Directory that they refer to.
const REST: [&str; 7] = [
    "DELETE FROM tombstones WHERE directory_id = $1",
    "DELETE FROM used_assertions WHERE directory_id = $1",
    "DELETE FROM token_uses WHERE directory_id = $1",
    "DELETE FROM tokens WHERE directory_id = $1",
    "DELETE FROM definitions WHERE directory_id = $1",
    "DELETE FROM directory_keys WHERE directory_id = $1",
    "DELETE FROM counters WHERE directory_id = $1",
];

/// Brings the row of a Directory without provider into force, and revokes its tokens.
///
/// This is the moment at which all its resources become manual: no provider holds on to them, and operators change them. What was
/// deleted is forgotten: nobody is left who could create it anew.
pub(in super::super) async fn disconnect(
    connection: &mut Connection,
    directory: &DirectoryRow,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let id = directories::change_rules(connection, directory).await?;
    sqlx::query("UPDATE tokens SET revoked = $2, revision = revision + 1 WHERE directory_id = $1 AND revoked IS NULL")
        .bind(directory.id.0)
        .bind(now.0)
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    for statement in [
        "UPDATE resources SET manual = true, held = false WHERE directory_id = $1 AND (NOT manual OR held)",
        "DELETE FROM tombstones WHERE directory_id = $1",
    ] {
        sqlx::query(statement).bind(directory.id.0).execute(&mut *connection).await.map_err(store_error)?;
    }
    Ok(id)
}

/// Removes one piece. Each call goes on with what is left, so that whoever is interrupted has lost nothing.
pub(in super::super) async fn piece(
    connection: &mut Connection,
    directory: DirectoryId,
    limit: u32,
    entry: &AuditEntry,
) -> Result<i64, StoreError> {
    check_deleting(connection, directory).await?;
    let [members, values, events] = dialect::PIECES;
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
    remove(connection, events, directory, limit).await
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
    let gone = gone.ok_or(StoreError::NotFound)?;
    gone.try_get(0).map_err(corrupt("directories"))
}
