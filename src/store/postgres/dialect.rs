//! What the statements for both back ends are made of, on PostgreSQL.

pub(super) use super::failure::{Cause, corrupt, store_error};
pub(super) use sqlx::postgres::PgRow as Row;
pub(super) use sqlx::{PgConnection as Connection, Postgres as Db};

use crate::id::DirectoryId;
use crate::store::StoreError;
use sqlx::Row as _;

/// The lock of the record: "scimd op" in ASCII.
const RECORD: i64 = 0x7363_696d_6420_6f70;

/// What is removed of a Directory a piece at a time, in this order: all rows that it can have without number. Members come before the
/// resources that they refer to. By `ctid`, so that no statistics, however old, make a join or a sort of it; a row that moves meanwhile
/// is met by the next piece.
pub(super) const PIECES: [&str; 4] = [
    "DELETE FROM members WHERE directory_id = $1 \
         AND ctid = ANY (ARRAY(SELECT ctid FROM members WHERE directory_id = $1 LIMIT $2))",
    "DELETE FROM attribute_values WHERE directory_id = $1 \
         AND ctid = ANY (ARRAY(SELECT ctid FROM attribute_values WHERE directory_id = $1 LIMIT $2))",
    "DELETE FROM events WHERE directory_id = $1 \
         AND ctid = ANY (ARRAY(SELECT ctid FROM events WHERE directory_id = $1 LIMIT $2))",
    "DELETE FROM tombstones WHERE directory_id = $1 \
         AND ctid = ANY (ARRAY(SELECT ctid FROM tombstones WHERE directory_id = $1 LIMIT $2))",
];

/// Waits until no other act of an operator is under way.
pub(super) async fn lock_record(connection: &mut Connection) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(RECORD).execute(connection).await.map(drop).map_err(store_error)
}

/// Removes up to `limit` resources, of which nobody is a member any more, and what finds them by parts of values; gives how many of
/// each type.
pub(super) async fn remove_resources(
    connection: &mut Connection,
    directory: DirectoryId,
    limit: u32,
) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = sqlx::query(
        "WITH doomed AS MATERIALIZED ( \
             SELECT id FROM resources WHERE directory_id = $1 ORDER BY id LIMIT $2 \
         ), not_taken_apart AS ( \
             DELETE FROM substrings WHERE directory_id = $1 AND resource_id IN (SELECT id FROM doomed) \
         ), gone AS ( \
             DELETE FROM resources WHERE directory_id = $1 AND id IN (SELECT id FROM doomed) RETURNING resource_type \
         ) SELECT resource_type, count(*) FROM gone GROUP BY resource_type ORDER BY resource_type",
    )
    .bind(directory.0)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(store_error)?;
    let read = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
    rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(corrupt("resources"))
}
