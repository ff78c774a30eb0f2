//! A resource that goes.

use super::{Origin, Target, lists, read_committed, refusal};
use crate::store::sqlite::failure::store_error;
use crate::store::{Burial, Committed, IndexRow, StoreError};
use sqlx::SqliteConnection;

pub(super) async fn delete(
    connection: &mut SqliteConnection,
    origin: Origin,
    target: Target<'_>,
    index: &[IndexRow],
    burial: Option<&Burial>,
) -> Result<Committed, StoreError> {
    let rows = sqlx::query(DELETE)
        .bind(origin.directory.0)
        .bind(target.resource_type)
        .bind(target.id.0)
        .bind(origin.now.0)
        .bind(origin.actor)
        .bind(target.expected_version)
        .bind(lists::index_rows(index))
        .bind(origin.revision)
        .bind(burial.map(|burial| burial.bar.word()))
        .bind(burial.map(|burial| burial.name.as_str()))
        .bind(burial.and_then(|burial| burial.keys.name.as_deref()))
        .bind(burial.and_then(|burial| burial.keys.external_id.as_deref()))
        .bind(burial.is_some_and(|burial| burial.keep))
        .fetch_all(&mut *connection)
        .await
        .map_err(store_error)?;
    match rows.first() {
        Some(row) => read_committed(row, true),
        None => Err(refusal::of_missing(connection, origin, target).await),
    }
}

/// The groups that the resource is in move first, while their rows in `members` are still there; those go by cascade,
/// as do the members of the resource itself.
pub(super) const DELETE: &str = concat!(
    next_job!(),
    "INSERT INTO events (directory_id, at, actor, kind, resource_type, resource_id, version, detail) \
     SELECT $1, $4, $5, 'update', g.resource_type, g.id, g.version + 1, '{\"added\":0,\"removed\":1}' \
     FROM members AS m JOIN resources AS g ON g.directory_id = $1 AND g.id = m.group_id \
     WHERE m.directory_id = $1 AND m.member_id = $3 AND m.group_id <> $3; \
     UPDATE resources SET version = version + 1, last_modified = max(last_modified, $4) \
     WHERE directory_id = $1 AND id <> $3 \
         AND id IN (SELECT group_id FROM members WHERE directory_id = $1 AND member_id = $3); ",
    remove_index!("$7"),
    "INSERT OR REPLACE INTO substrings_due (number, grams) \
     SELECT number, '' FROM resources WHERE directory_id = $1 AND id = $3 AND resource_type = $2 AND version = $6; ",
    "INSERT OR REPLACE INTO tombstones (directory_id, resource_id, resource_type, at, actor, version, barred, name, name_key, external_key, \
         document) \
     SELECT $1, $3, $2, $4, $5, version + 1, $9, $10, $11, $12, CASE WHEN $13 THEN document END FROM resources \
     WHERE $9 IS NOT NULL AND directory_id = $1 AND id = $3 AND resource_type = $2 AND version = $6; ",
    "DELETE FROM resources WHERE directory_id = $1 AND id = $3 AND resource_type = $2 AND version = $6 AND ",
    schemas_are!("$8"),
    " RETURNING version + 1, created, max(last_modified, $4); \
     UPDATE counters SET resources = resources - 1 WHERE directory_id = $1 AND resource_type = $2 AND slot = 0; \
     INSERT INTO events (directory_id, at, actor, kind, resource_type, resource_id, version) \
     VALUES ($1, $4, $5, 'delete', $2, $3, $6 + 1)",
);
