//! The record of what operators did.

use super::super::dialect::{self, Connection, Row, corrupt, store_error};
use super::digest;
use crate::clock::Timestamp;
use crate::store::StoreError;
use crate::store::audit::{AuditEntry, AuditFilter, AuditRow};
use sqlx::Row as _;

/// Waits until no other act is under way: the record is a chain, and what an act checks must not change beside it.
pub(super) async fn lock(connection: &mut Connection) -> Result<(), StoreError> {
    dialect::lock_record(connection).await
}

/// Adds a row behind the last one. `target`: the number of what was created.
pub(in super::super) async fn append(
    connection: &mut Connection,
    entry: &AuditEntry,
    target: Option<i64>,
) -> Result<(), StoreError> {
    let last = sqlx::query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
        .fetch_optional(&mut *connection)
        .await
        .map_err(store_error)?;
    let last = match last {
        None => None,
        Some(row) => {
            let corrupt = corrupt("audit");
            let hash = row.try_get(1).map_err(&corrupt)?;
            Some((row.try_get(0).map_err(&corrupt)?, digest("audit", hash)?))
        }
    };
    let row = AuditRow::of(entry, last, target);
    sqlx::query(
        "INSERT INTO audit (seq, at, actor_kind, actor, address, act, directory_id, directory_name, provider, target, \
                            target_name, before, after, previous, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(row.seq)
    .bind(row.at.0)
    .bind(&row.actor_kind)
    .bind(&row.actor)
    .bind(&row.address)
    .bind(&row.act)
    .bind(row.directory_id)
    .bind(&row.directory_name)
    .bind(&row.provider)
    .bind(&row.target)
    .bind(&row.target_name)
    .bind(&row.before)
    .bind(&row.after)
    .bind(row.previous.as_slice())
    .bind(row.hash.as_slice())
    .execute(connection)
    .await
    .map(drop)
    .map_err(store_error)
}

pub(in super::super) async fn audit(
    connection: &mut Connection,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let begins = filter.act.as_deref().filter(|act| act.ends_with('.'));
    let rows = sqlx::query(
        "SELECT seq, at, actor_kind, actor, address, act, directory_id, directory_name, provider, target, target_name, before, \
                after, previous, hash \
         FROM audit WHERE seq < $1 AND ($2 IS NULL OR directory_id = $2) AND ($3 IS NULL OR act = $3) \
             AND ($4 IS NULL OR substr(act, 1, length($4)) = $4) AND ($5 IS NULL OR actor = $5) AND at >= $6 AND at < $7 \
         ORDER BY seq DESC LIMIT $8",
    )
    .bind(before.unwrap_or(i64::MAX))
    .bind(filter.directory.map(|directory| directory.0))
    .bind(filter.act.as_deref().filter(|_| begins.is_none()))
    .bind(begins)
    .bind(&filter.actor)
    .bind(filter.since.map_or(i64::MIN, |at| at.0))
    .bind(filter.until.map_or(i64::MAX, |at| at.0))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(store_error)?;
    rows.iter().map(read).collect()
}

pub(in super::super) async fn audit_after(
    connection: &mut Connection,
    after: i64,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT seq, at, actor_kind, actor, address, act, directory_id, directory_name, provider, target, target_name, before, \
                after, previous, hash \
         FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2",
    )
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(store_error)?;
    rows.iter().map(read).collect()
}

/// Retention: the one statement that takes rows away, from the beginning of the chain, and never the last row.
pub(in super::super) async fn forget(connection: &mut Connection, until: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let gone = sqlx::query(
        "DELETE FROM audit WHERE at < $1 AND seq < (SELECT min(seq) + $2 FROM audit) AND seq < (SELECT max(seq) FROM audit) \
             AND seq < (SELECT coalesce(min(seq), $3) FROM audit WHERE at >= $1)",
    )
    .bind(until.0)
    .bind(i64::from(limit))
    .bind(i64::MAX)
    .execute(connection)
    .await
    .map_err(store_error)?;
    Ok(gone.rows_affected())
}

fn read(row: &Row) -> Result<AuditRow, StoreError> {
    let corrupt = corrupt("audit");
    Ok(AuditRow {
        seq: row.try_get(0).map_err(&corrupt)?,
        at: Timestamp(row.try_get(1).map_err(&corrupt)?),
        actor_kind: row.try_get(2).map_err(&corrupt)?,
        actor: row.try_get(3).map_err(&corrupt)?,
        address: row.try_get(4).map_err(&corrupt)?,
        act: row.try_get(5).map_err(&corrupt)?,
        directory_id: row.try_get(6).map_err(&corrupt)?,
        directory_name: row.try_get(7).map_err(&corrupt)?,
        provider: row.try_get(8).map_err(&corrupt)?,
        target: row.try_get(9).map_err(&corrupt)?,
        target_name: row.try_get(10).map_err(&corrupt)?,
        before: row.try_get(11).map_err(&corrupt)?,
        after: row.try_get(12).map_err(&corrupt)?,
        previous: digest("audit", row.try_get(13).map_err(&corrupt)?)?,
        hash: digest("audit", row.try_get(14).map_err(&corrupt)?)?,
    })
}
