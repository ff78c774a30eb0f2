//! Pages of a search.

use super::connections::{Connections, Prepared};
use super::failure::{Cause, corrupt, store_error};
use super::read::read_stored;
use crate::id::DirectoryId;
use crate::store::budget::ScanBudget;
use crate::store::sql::{self, Bind, Dialect, Statement};
use crate::store::{Listing, ListingPage, ListingStart, Page, Query, SortKey, Standing, Start, StoreError, Stored};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row, TypeInfo, ValueRef};

pub(super) async fn search(connections: &Connections, directory: DirectoryId, query: &Query<'_>) -> Result<Page, StoreError> {
    let mut budget = budget(connections);
    let mut resources = Vec::new();
    if query.limit > 0 {
        let rows = fetch(connections, &mut budget, sql::page(Dialect::Postgres, directory, query)?).await?;
        resources = rows.iter().map(read_stored).collect::<Result<_, _>>()?;
    }
    let found = resources.len() as u64;
    // A first page that is not full holds all that there is.
    let total = if query.start == Start::Offset(0) && found < u64::from(query.limit) {
        found
    } else {
        count(connections, &mut budget, sql::total(Dialect::Postgres, directory, query)?).await?
    };
    Ok(Page { total, scanned: budget.spent(), resources })
}

pub(super) async fn roll(
    connections: &Connections,
    directory: DirectoryId,
    query: &Query<'_>,
    standing: Option<Standing>,
) -> Result<Vec<Stored>, StoreError> {
    let statement = sql::roll(Dialect::Postgres, directory, query, standing)?;
    fetch(connections, &mut budget(connections), statement).await?.iter().map(read_stored).collect()
}

pub(super) async fn list(
    connections: &Connections,
    directory: DirectoryId,
    listing: &Listing<'_>,
) -> Result<ListingPage, StoreError> {
    let mut budget = budget(connections);
    let mut resources = Vec::new();
    if listing.limit > 0 {
        for row in &fetch(connections, &mut budget, sql::listing(Dialect::Postgres, directory, listing)?).await? {
            resources.push((read_stored(row)?, read_key(row)?));
        }
    }
    let found = resources.len() as u64;
    let total = if listing.start == ListingStart::Offset(0) && found < u64::from(listing.limit) {
        found
    } else {
        count(connections, &mut budget, sql::listing_total(Dialect::Postgres, directory, listing)?).await?
    };
    Ok(ListingPage { total, scanned: budget.spent(), resources })
}

fn budget(connections: &Connections) -> ScanBudget {
    let options = connections.options();
    ScanBudget::new(options.scan_timeout.min(options.statement_timeout))
}

async fn count(connections: &Connections, budget: &mut ScanBudget, statement: Statement) -> Result<u64, StoreError> {
    let rows = fetch(connections, budget, statement).await?;
    let total: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0)).map_err(corrupt("counters"))?;
    Ok(u64::try_from(total).unwrap_or(0))
}

/// Runs a statement; one that no index serves for as long as `budget` has time left.
async fn fetch(connections: &Connections, budget: &mut ScanBudget, statement: Statement) -> Result<Vec<PgRow>, StoreError> {
    if !statement.scans {
        return connections.fetch_all(prepare(statement)).await.map_err(store_error);
    }
    let rows = connections.fetch_all_within(budget, prepare(statement)).await;
    rows.map_err(|error| if Cause::of(&error) == Cause::StatementTimeout { budget.exceeded() } else { store_error(error) })
}

/// The column of the sort key.
const SORT_KEY: usize = 9;

/// Reads the sort key behind the columns of [`read_stored`].
fn read_key(row: &PgRow) -> Result<Option<SortKey>, StoreError> {
    let corrupt = corrupt("resources");
    let value = row.try_get_raw(SORT_KEY).map_err(&corrupt)?;
    if value.is_null() {
        return Ok(None);
    }
    let kind = value.type_info().name().to_owned();
    Ok(Some(match kind.as_str() {
        "INT8" => SortKey::Integer(row.try_get(SORT_KEY).map_err(&corrupt)?),
        "FLOAT8" => SortKey::Number(row.try_get(SORT_KEY).map_err(&corrupt)?),
        "BOOL" => SortKey::Boolean(row.try_get(SORT_KEY).map_err(&corrupt)?),
        _ => SortKey::Text(row.try_get(SORT_KEY).map_err(&corrupt)?),
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
