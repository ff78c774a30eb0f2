//! The record of what operators did.

use super::super::dialect::{self, Connection, Db, Row, corrupt, store_error};
use super::digest;
use crate::clock::Timestamp;
use crate::store::StoreError;
use crate::store::audit::{AuditEntry, AuditFilter, AuditRow, Link};
use sqlx::{QueryBuilder, Row as _};

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
    let row = AuditRow::of(entry, link("audit", last.as_ref())?, target);
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

/// All columns, as [`read`] takes them, of rows whose numbers are to be limited.
const ROWS: &str = "SELECT seq, at, actor_kind, actor, address, act, directory_id, directory_name, provider, target, target_name, \
         before, after, previous, hash \
     FROM audit WHERE seq ";

pub(in super::super) async fn audit(
    connection: &mut Connection,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let mut query = QueryBuilder::<Db>::new(ROWS);
    query.push("< ").push_bind(before.unwrap_or(i64::MAX));
    conditions(&mut query, filter);
    query.push(" ORDER BY seq DESC LIMIT ").push_bind(i64::from(limit));
    let rows = query.build().fetch_all(connection).await.map_err(store_error)?;
    rows.iter().map(read).collect()
}

pub(in super::super) async fn audit_after(
    connection: &mut Connection,
    filter: &AuditFilter,
    after: i64,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let mut query = QueryBuilder::<Db>::new(ROWS);
    query.push("> ").push_bind(after);
    conditions(&mut query, filter);
    query.push(" ORDER BY seq LIMIT ").push_bind(i64::from(limit));
    let rows = query.build().fetch_all(connection).await.map_err(store_error)?;
    rows.iter().map(read).collect()
}

/// Only those that are asked for: a condition that may be none serves no index.
fn conditions(query: &mut QueryBuilder<Db>, filter: &AuditFilter) {
    let AuditFilter { directory, act, actor, since, until } = filter;
    if let Some(directory) = directory {
        query.push(" AND directory_id = ").push_bind(directory.0);
    }
    match act {
        Some(begins) if begins.ends_with('.') => {
            query.push(" AND substr(act, 1, length(").push_bind(begins.clone()).push(")) = ").push_bind(begins.clone());
        }
        Some(act) => {
            query.push(" AND act = ").push_bind(act.clone());
        }
        None => {}
    }
    if let Some(actor) = actor {
        query.push(" AND actor = ").push_bind(actor.clone());
    }
    if let Some(since) = since {
        query.push(" AND at >= ").push_bind(since.0);
    }
    if let Some(until) = until {
        query.push(" AND at < ").push_bind(until.0);
    }
}

/// What the first row stands behind: the last one that retention took away, or nothing.
pub(in super::super) async fn start(connection: &mut Connection) -> Result<Link, StoreError> {
    let row = sqlx::query("SELECT seq, hash FROM audit_start").fetch_optional(connection).await.map_err(store_error)?;
    link("audit_start", row.as_ref())
}

/// Retention: what alone takes rows away, in a transaction. From the beginning of the chain, never the last row, and it leaves
/// what the next row stands behind.
pub(in super::super) async fn forget(connection: &mut Connection, until: Timestamp, limit: u32) -> Result<u64, StoreError> {
    lock(connection).await?;
    let noted = sqlx::query(
        "INSERT INTO audit_start (id, seq, hash) \
         SELECT 1, seq, hash FROM audit \
         WHERE at < $1 AND seq < (SELECT min(seq) + $2 FROM audit) AND seq < (SELECT max(seq) FROM audit) \
             AND seq < (SELECT coalesce(min(seq), $3) FROM audit WHERE at >= $1) \
         ORDER BY seq DESC LIMIT 1 \
         ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash RETURNING seq",
    )
    .bind(until.0)
    .bind(i64::from(limit))
    .bind(i64::MAX)
    .fetch_optional(&mut *connection)
    .await
    .map_err(store_error)?;
    let Some(noted) = noted else { return Ok(0) };
    let last: i64 = noted.try_get(0).map_err(corrupt("audit_start"))?;
    let gone = sqlx::query("DELETE FROM audit WHERE seq <= $1").bind(last).execute(connection).await.map_err(store_error)?;
    Ok(gone.rows_affected())
}

/// Reads the columns seq, hash of a row of `table`; without one, what the very first row stands behind.
fn link(table: &'static str, row: Option<&Row>) -> Result<Link, StoreError> {
    let Some(row) = row else { return Ok(Link::FIRST) };
    let corrupt = corrupt(table);
    Ok(Link { seq: row.try_get(0).map_err(&corrupt)?, hash: digest(table, row.try_get(1).map_err(&corrupt)?)? })
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
