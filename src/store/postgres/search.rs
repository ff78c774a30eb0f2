//! Pages of a search.

use super::connections::{Connections, Prepared};
use super::failure::{Cause, corrupt, store_error};
use super::read::read_stored;
use crate::id::DirectoryId;
use crate::store::sql::{self, Bind, Dialect, Statement};
use crate::store::{Listing, ListingPage, ListingStart, Page, Query, SortKey, Start, StoreError, Stored};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row, TypeInfo, ValueRef};

pub(super) async fn search(connections: &Connections, directory: DirectoryId, query: &Query<'_>) -> Result<Page, StoreError> {
    let resources = match query.limit {
        0 => Vec::new(),
        _ => page(connections, directory, query).await?,
    };
    let found = resources.len() as u64;
    // A first page that is not full holds all that there is.
    if query.start == Start::Offset(0) && query.limit > 0 && found < u64::from(query.limit) {
        return Ok(Page { total: found, resources });
    }
    Ok(Page { total: total(connections, directory, query).await?, resources })
}

async fn page(connections: &Connections, directory: DirectoryId, query: &Query<'_>) -> Result<Vec<Stored>, StoreError> {
    let statement = sql::page(Dialect::Postgres, directory, query)?;
    let rows = connections.fetch_all(prepare(statement)).await.map_err(search_error)?;
    rows.iter().map(read_stored).collect()
}

async fn total(connections: &Connections, directory: DirectoryId, query: &Query<'_>) -> Result<u64, StoreError> {
    count(connections, sql::total(Dialect::Postgres, directory, query)?).await
}

async fn count(connections: &Connections, statement: Statement) -> Result<u64, StoreError> {
    let row = connections.fetch_optional(prepare(statement)).await.map_err(search_error)?;
    let total: i64 = row.map_or(Ok(0), |row| row.try_get(0)).map_err(corrupt("counters"))?;
    Ok(u64::try_from(total).unwrap_or(0))
}

pub(super) async fn list(
    connections: &Connections,
    directory: DirectoryId,
    listing: &Listing<'_>,
) -> Result<ListingPage, StoreError> {
    let mut resources = Vec::new();
    if listing.limit > 0 {
        let statement = sql::listing(Dialect::Postgres, directory, listing)?;
        for row in &connections.fetch_all(prepare(statement)).await.map_err(search_error)? {
            resources.push((read_stored(row)?, read_key(row)?));
        }
    }
    let found = resources.len() as u64;
    if listing.start == ListingStart::Offset(0) && found < u64::from(listing.limit) {
        return Ok(ListingPage { total: found, resources });
    }
    let total = count(connections, sql::listing_total(Dialect::Postgres, directory, listing)?).await?;
    Ok(ListingPage { total, resources })
}

/// Reads the sort key behind the columns of [`read_stored`].
fn read_key(row: &PgRow) -> Result<Option<SortKey>, StoreError> {
    let corrupt = corrupt("resources");
    let value = row.try_get_raw(7).map_err(&corrupt)?;
    if value.is_null() {
        return Ok(None);
    }
    let kind = value.type_info().name().to_owned();
    Ok(Some(match kind.as_str() {
        "INT8" => SortKey::Integer(row.try_get(7).map_err(&corrupt)?),
        "FLOAT8" => SortKey::Number(row.try_get(7).map_err(&corrupt)?),
        "BOOL" => SortKey::Boolean(row.try_get(7).map_err(&corrupt)?),
        _ => SortKey::Text(row.try_get(7).map_err(&corrupt)?),
    }))
}

/// The statement with its values. Its text is the compiler's, which writes no value of a client into it.
fn prepare(statement: Statement) -> Prepared<'static> {
    let mut query = sqlx::query(AssertSqlSafe(statement.sql));
    for bind in statement.binds {
        query = match bind {
            Bind::Text(text) => query.bind(text),
            Bind::Integer(integer) => query.bind(integer),
            Bind::Number(number) => query.bind(number),
            Bind::Boolean(boolean) => query.bind(boolean),
            Bind::Id(id) => query.bind(id),
        };
    }
    query
}

/// A search that takes too long would read too much (D-46).
fn search_error(error: sqlx::Error) -> StoreError {
    match Cause::of(&error) {
        Cause::StatementTimeout => StoreError::TooMany,
        Cause::Unique
        | Cause::ForeignKey
        | Cause::Deadlock
        | Cause::LockTimeout
        | Cause::Full
        | Cause::Unavailable
        | Cause::Misconfigured
        | Cause::Other => store_error(error),
    }
}
