//! A change of which there is a bound to what it adds to.
//!
//! A statement sees what was committed when it began, so two at once would both find room for the last one. Who has a bound
//! therefore locks first, then counts, then changes, in one transaction; each of its statements sees all that was committed
//! before the locks were granted. Those who add to the same wait for each other, and nobody else does:
//!
//! - new resources: a lock of the Directory and the type, by a number; a row that all of them lock would have to be there
//! - members: the group, which every change of it locks
//! - groups of a user: the users who come

use super::commit::{Failure, run_recorded, sorted_ids};
use super::connections::{Connections, Prepared};
use super::dialect;
use super::failure::corrupt;
use crate::id::DirectoryId;
use crate::store::bounds::{Adding, Counted, count_for_bounds};
use crate::store::{Commit, StoreError};
use sqlx::Row;
use sqlx::postgres::PgRow;

/// In the order of all changes: the group, then members by id.
const LOCK: &str = "SELECT \
    (SELECT pg_advisory_xact_lock(hashtextextended(($1::bigint)::text || '/' || $3::text, 0))::text WHERE $4), \
    (SELECT count(*) FROM (SELECT 1 FROM resources WHERE directory_id = $1 AND (id = $2 OR id = ANY($5::uuid[])) \
        ORDER BY id <> $2, id FOR NO KEY UPDATE) AS locked)";

const COUNT: &str = count_for_bounds!("SELECT unnest($4::uuid[]) AS id", "SELECT unnest($5::uuid[]) AS id");

/// Runs the statement of a change if there is room for what it adds; that of an operator in one transaction with its record,
/// too. `made`: the column that says whether anything changed. The inner error is a statement's own.
pub(super) async fn fetch(
    connections: &Connections,
    directory: DirectoryId,
    commit: &Commit,
    adding: &Adding<'_>,
    statement: Prepared<'_>,
    made: usize,
) -> Result<Result<Option<PgRow>, sqlx::Error>, Failure> {
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
    let Some(entry) = commit.record.as_deref() else {
        return match connections.fetch_judged(lock, count, judge, statement).await {
            Ok(judged) => judged.map(Ok).map_err(Failure::Final),
            Err(error) => Ok(Err(error)),
        };
    };
    let recorded = connections.transact(async |connection| {
        dialect::lock_record(connection).await?;
        if let Err(error) = lock.execute(&mut *connection).await {
            return Ok(Err(error));
        }
        match count.fetch_one(&mut *connection).await {
            Ok(row) => judge(&row)?,
            Err(error) => return Ok(Err(error)),
        }
        run_recorded(connection, entry, statement, made).await
    });
    recorded.await.map_err(Failure::Final)
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
