//! What the statements for both back ends are made of, on SQLite.

pub(super) use super::failure::{Cause, corrupt, store_error};
pub(super) use sqlx::sqlite::SqliteRow as Row;
pub(super) use sqlx::{Sqlite as Db, SqliteConnection as Connection};

use crate::id::DirectoryId;
use crate::store::StoreError;
use sqlx::Row as _;

/// What is removed of a Directory a piece at a time, in this order: all rows that it can have without number. Members come before the
/// resources that they refer to.
pub(super) const PIECES: [&str; 4] = [
    "DELETE FROM members WHERE directory_id = $1 AND (group_id, member_id) IN \
         (SELECT group_id, member_id FROM members WHERE directory_id = $1 LIMIT $2)",
    "DELETE FROM attribute_values WHERE directory_id = $1 AND (resource_type, attribute, value, resource_id) IN \
         (SELECT resource_type, attribute, value, resource_id FROM attribute_values WHERE directory_id = $1 LIMIT $2)",
    "DELETE FROM events WHERE directory_id = $1 AND seq IN (SELECT seq FROM events WHERE directory_id = $1 LIMIT $2)",
    "DELETE FROM tombstones WHERE directory_id = $1 \
         AND resource_id IN (SELECT resource_id FROM tombstones WHERE directory_id = $1 LIMIT $2)",
];

/// Waits until no other act of an operator is under way; there is one transaction that writes at a time.
pub(super) async fn lock_record(_: &mut Connection) -> Result<(), StoreError> {
    Ok(())
}

/// Removes up to `limit` resources, of which nobody is a member any more; gives how many of each type. What finds them by parts of
/// values is noted, and goes when the batch ends.
pub(super) async fn remove_resources(
    connection: &mut Connection,
    directory: DirectoryId,
    limit: u32,
) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = sqlx::query(
        "INSERT OR REPLACE INTO substrings_due (number, grams) \
         SELECT number, '' FROM resources WHERE directory_id = $1 ORDER BY id LIMIT $2; \
         DELETE FROM resources WHERE directory_id = $1 \
             AND id IN (SELECT id FROM resources WHERE directory_id = $1 ORDER BY id LIMIT $2) RETURNING resource_type",
    )
    .bind(directory.0)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(store_error)?;
    let mut counts = std::collections::BTreeMap::new();
    for row in &rows {
        *counts.entry(row.try_get::<String, _>(0).map_err(corrupt("resources"))?).or_default() += 1;
    }
    Ok(counts.into_iter().collect())
}
