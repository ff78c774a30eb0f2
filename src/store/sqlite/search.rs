//! Search: the statements of `store::sql`, executed.

use super::failure::{corrupt, store_error};
use super::read::read_stored;
use super::scan;
use crate::id::DirectoryId;
use crate::store::budget::ScanBudget;
use crate::store::sql::{self, Bind, Dialect, Statement};
use crate::store::{Listing, ListingPage, ListingStart, Page, Query, SortKey, Standing, Start, StoreError, Stored};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, Row, TypeInfo, ValueRef};

pub(super) async fn search(
    readers: &SqlitePool,
    mut budget: ScanBudget,
    directory: DirectoryId,
    query: &Query<'_>,
) -> Result<Page, StoreError> {
    let mut resources = Vec::new();
    if query.limit > 0 {
        let rows = fetch(readers, &mut budget, sql::page(Dialect::Sqlite, directory, query)?).await?;
        resources.reserve(rows.len());
        for row in &rows {
            resources.push(read_stored(row)?);
        }
    }
    let total = match end_of(query, resources.len() as u64) {
        Some(total) => total,
        None => count(readers, &mut budget, sql::total(Dialect::Sqlite, directory, query)?).await?,
    };
    Ok(Page { total, scanned: budget.spent(), resources })
}

pub(super) async fn roll(
    readers: &SqlitePool,
    mut budget: ScanBudget,
    directory: DirectoryId,
    query: &Query<'_>,
    standing: Option<Standing>,
) -> Result<Vec<Stored>, StoreError> {
    let statement = sql::roll(Dialect::Sqlite, directory, query, standing)?;
    fetch(readers, &mut budget, statement).await?.iter().map(read_stored).collect()
}

pub(super) async fn list(
    readers: &SqlitePool,
    mut budget: ScanBudget,
    directory: DirectoryId,
    listing: &Listing<'_>,
) -> Result<ListingPage, StoreError> {
    let mut resources = Vec::new();
    if listing.limit > 0 {
        for row in &fetch(readers, &mut budget, sql::listing(Dialect::Sqlite, directory, listing)?).await? {
            resources.push((read_stored(row)?, read_key(row)?));
        }
    }
    let found = resources.len() as u64;
    let is_whole = listing.start == ListingStart::Offset(0) && found < u64::from(listing.limit);
    let total = if is_whole {
        found
    } else {
        count(readers, &mut budget, sql::listing_total(Dialect::Sqlite, directory, listing)?).await?
    };
    Ok(ListingPage { total, scanned: budget.spent(), resources })
}

async fn count(readers: &SqlitePool, budget: &mut ScanBudget, statement: Statement) -> Result<u64, StoreError> {
    let rows = fetch(readers, budget, statement).await?;
    let total: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0)).map_err(corrupt("resources"))?;
    Ok(u64::try_from(total).unwrap_or(0))
}

/// The column of the sort key.
const SORT_KEY: usize = 9;

/// Reads the sort key behind the columns of [`read_stored`].
fn read_key(row: &SqliteRow) -> Result<Option<SortKey>, StoreError> {
    let corrupt = corrupt("resources");
    let value = row.try_get_raw(SORT_KEY).map_err(&corrupt)?;
    if value.is_null() {
        return Ok(None);
    }
    let kind = value.type_info().name().to_owned();
    Ok(Some(match kind.as_str() {
        "INTEGER" | "BOOLEAN" => SortKey::Integer(row.try_get_unchecked(SORT_KEY).map_err(&corrupt)?),
        "REAL" => SortKey::Number(row.try_get_unchecked(SORT_KEY).map_err(&corrupt)?),
        _ => SortKey::Text(row.try_get_unchecked(SORT_KEY).map_err(&corrupt)?),
    }))
}

/// The total, if the page shows it: it has the last resource, and how many are before it is known. So a look-up of one
/// user by name is one statement.
fn end_of(query: &Query<'_>, found: u64) -> Option<u64> {
    match query.start {
        Start::Offset(offset) if found < u64::from(query.limit) && (found > 0 || offset == 0) => Some(offset + found),
        Start::Offset(_) | Start::After(_) => None,
    }
}

async fn fetch(readers: &SqlitePool, budget: &mut ScanBudget, statement: Statement) -> Result<Vec<SqliteRow>, StoreError> {
    let mut query = sqlx::query::<sqlx::Sqlite>(AssertSqlSafe(statement.sql));
    for bind in statement.binds {
        query = match bind {
            Bind::Text(text) => query.bind(text),
            Bind::Integer(integer) => query.bind(integer),
            Bind::Number(number) => query.bind(number),
            Bind::Boolean(boolean) => query.bind(boolean),
            Bind::Id(id) => query.bind(id),
        };
    }
    if statement.scans {
        return scan::fetch_all(readers, query, budget).await;
    }
    query.fetch_all(readers).await.map_err(store_error)
}
