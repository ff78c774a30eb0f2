//! A change of which there is a bound to what it adds to.
//!
//! A statement sees what was committed when it began, so two at once would both find room for the last one. Who has a bound
//! therefore locks first, then counts, then changes, in one transaction; each of its statements sees all that was committed
//! before the locks were granted. Those who add to the same wait for each other, and nobody else does:
//!
//! - new resources: a lock of the Directory and the type, by a number; a row that all of them lock would have to be there
//! - members: the group, which every change of it locks
//! - groups of a user: the users who come

use super::commit::{Failure, IndexColumns, refused, sorted_ids};
use super::connections::{Connections, Prepared};
use super::failure::corrupt;
use crate::id::DirectoryId;
use crate::store::StoreError;
use crate::store::bounds::{Adding, Counted, count_for_bounds};
use sqlx::Row;
use sqlx::postgres::PgRow;

/// In the order of all changes: the group, then members by id.
const LOCK: &str = "SELECT \
    (SELECT pg_advisory_xact_lock(hashtextextended(($1::bigint)::text || '/' || $3::text, 0))::text WHERE $4), \
    (SELECT count(*) FROM (SELECT 1 FROM resources WHERE directory_id = $1 AND (id = $2 OR id = ANY($5::uuid[])) \
        ORDER BY id <> $2, id FOR NO KEY UPDATE) AS locked)";

const COUNT: &str = count_for_bounds!("SELECT unnest($4::uuid[])", "SELECT unnest($5::uuid[])");

/// Runs the statement of a change if there is room for what it adds.
pub(super) async fn fetch(
    connections: &Connections,
    directory: DirectoryId,
    adding: &Adding<'_>,
    statement: Prepared<'_>,
    index: &IndexColumns,
) -> Result<Option<PgRow>, Failure> {
    let (add, remove) = (sorted_ids(adding.add), sorted_ids(adding.remove));
    let to_lock = if adding.counts_memberships() { add.clone() } else { Vec::new() };
    let lock = sqlx::query(LOCK)
        .bind(directory.0)
        .bind(adding.id.0)
        .bind(adding.resource_type)
        .bind(adding.counts_resources())
        .bind(to_lock);
    let count = sqlx::query(COUNT)
        .bind(directory.0)
        .bind(adding.id.0)
        .bind(adding.resource_type)
        .bind(add)
        .bind(remove)
        .bind(adding.members_counted())
        .bind(adding.memberships_counted())
        .bind(adding.member_type());
    let judge = |row: &PgRow| adding.judge(&read(row)?);
    match connections.fetch_judged(lock, count, judge, statement).await {
        Ok(judged) => judged.map_err(Failure::Final),
        Err(error) => Err(refused(error, connections, directory, adding.resource_type, adding.id, index).await),
    }
}

fn read(row: &PgRow) -> Result<Counted, StoreError> {
    let read = || {
        Ok::<_, sqlx::Error>(Counted {
            resources: row.try_get(0)?,
            members: row.try_get(1)?,
            removed: row.try_get(2)?,
            present: row.try_get(3)?,
            crowded: row.try_get(4)?,
        })
    };
    read().map_err(corrupt("members"))
}
