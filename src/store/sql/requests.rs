//! The statements of the request log, for both back ends: compiled twice, as the files of `operator` beside this one.
//!
//! Writing differs from one to the other, and stands there.

use super::dialect::{Connection, Db, Row, corrupt, store_error};
use crate::clock::Timestamp;
use crate::id::{DirectoryId, ResourceId, TokenId};
use crate::store::StoreError;
use crate::store::requests::{RequestEntry, RequestFilter, RequestRow};
use sqlx::{QueryBuilder, Row as _};

/// Entries are numbered as they are written, at the end of their requests: one that came earlier may have a higher number, if its
/// answer took longer, but not by more than this many milliseconds.
const LATE_MS: i64 = 10 * 60 * 1_000;

/// The number in `directory_id` of a request that opened no Directory.
pub(super) fn directory_number(entry: &RequestEntry) -> i64 {
    entry.directory.map_or(0, |directory| directory.0)
}

/// What is asked for, besides the filter.
pub(super) struct Range {
    /// Numbers above this one.
    pub after: i64,
    /// Numbers below this one.
    pub before: i64,
    /// Whether the latest come first.
    pub latest_first: bool,
    /// How many.
    pub limit: u32,
}

pub(super) async fn select(
    connection: &mut Connection,
    filter: &RequestFilter,
    range: &Range,
) -> Result<Vec<RequestRow>, StoreError> {
    let mut query = QueryBuilder::<Db>::new(
        "SELECT seq, at, request_id, directory_id, token_id, token_name, method, path, resource_type, resource_id, status, \
                duration_us, filter, detail \
         FROM requests WHERE seq < ",
    );
    query.push_bind(range.before).push(" AND seq > ").push_bind(range.after);
    conditions(&mut query, filter);
    query.push(if range.latest_first { " ORDER BY seq DESC LIMIT " } else { " ORDER BY seq LIMIT " });
    query.push_bind(i64::from(range.limit));
    let rows = query.build().fetch_all(connection).await.map_err(store_error)?;
    rows.iter().map(read).collect()
}

fn conditions(query: &mut QueryBuilder<Db>, filter: &RequestFilter) {
    let RequestFilter { directory, token_name, status, resource, request_id, since, until } = filter;
    if let Some(directory) = directory {
        query.push(" AND directory_id = ").push_bind(directory.0);
    }
    if let Some(name) = token_name {
        query.push(" AND token_name = ").push_bind(name.clone());
    }
    if let Some((first, last)) = status {
        query.push(" AND status >= ").push_bind(i32::from(*first)).push(" AND status <= ").push_bind(i32::from(*last));
    }
    if let Some(resource) = resource {
        query.push(" AND resource_id = ").push_bind(resource.0);
    }
    if let Some(id) = request_id {
        query.push(" AND request_id = ").push_bind(*id);
    }
    if let Some(since) = since {
        // The second condition follows from the first, nearly, and is what keeps the rest of the log from being read.
        query.push(" AND at >= ").push_bind(since.0);
        query.push(" AND seq > coalesce((SELECT seq FROM requests WHERE at < ").push_bind(since.0.saturating_sub(LATE_MS));
        query.push(" ORDER BY at DESC LIMIT 1), 0)");
    }
    if let Some(until) = until {
        query.push(" AND at < ").push_bind(until.0);
    }
}

pub(super) async fn last(connection: &mut Connection) -> Result<i64, StoreError> {
    sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM requests").fetch_one(connection).await.map_err(store_error)
}

pub(super) async fn forget(connection: &mut Connection, until: Timestamp, rows_max: u64, limit: u32) -> Result<u64, StoreError> {
    // By age in the order of time, and by number in that of numbers: clocks differ, and are set.
    let gone = sqlx::query(
        "DELETE FROM requests \
         WHERE at < $1 AND at <= coalesce((SELECT at FROM requests ORDER BY at LIMIT 1 OFFSET $2), $1) \
             OR seq <= (SELECT max(seq) - $3 FROM requests) AND seq < (SELECT min(seq) + $2 FROM requests)",
    )
    .bind(until.0)
    .bind(i64::from(limit))
    .bind(i64::try_from(rows_max).unwrap_or(i64::MAX))
    .execute(connection)
    .await
    .map_err(store_error)?;
    Ok(gone.rows_affected())
}

fn read(row: &Row) -> Result<RequestRow, StoreError> {
    let corrupt = corrupt("requests");
    let text = |column: usize| row.try_get::<String, _>(column).map_err(&corrupt);
    let directory: i64 = row.try_get(3).map_err(&corrupt)?;
    let status: i32 = row.try_get(10).map_err(&corrupt)?;
    let entry = RequestEntry {
        at: Timestamp(row.try_get(1).map_err(&corrupt)?),
        request_id: row.try_get(2).map_err(&corrupt)?,
        directory: (directory != 0).then_some(DirectoryId(directory)),
        token: row.try_get::<Option<i64>, _>(4).map_err(&corrupt)?.map(TokenId),
        token_name: row.try_get::<Option<String>, _>(5).map_err(&corrupt)?.map(Into::into),
        method: text(6)?.into(),
        path: text(7)?.into(),
        resource_type: row.try_get::<Option<String>, _>(8).map_err(&corrupt)?.map(Into::into),
        resource: row.try_get::<Option<uuid::Uuid>, _>(9).map_err(&corrupt)?.map(ResourceId),
        status: u16::try_from(status).unwrap_or_default(),
        duration_us: row.try_get(11).map_err(&corrupt)?,
        filter: row.try_get(12).map_err(&corrupt)?,
        detail: text(13)?,
    };
    Ok(RequestRow { seq: row.try_get(0).map_err(&corrupt)?, entry })
}
