//! Search: the statements of `store::sql`, executed.

use super::failure::{corrupt, store_error};
use super::read::read_stored;
use crate::id::DirectoryId;
use crate::store::sql::{self, Bind, Dialect, Statement};
use crate::store::{Page, Query, Start, StoreError};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, Row};

pub(super) async fn search(readers: &SqlitePool, directory: DirectoryId, query: &Query<'_>) -> Result<Page, StoreError> {
    let mut resources = Vec::new();
    if query.limit > 0 {
        let rows = fetch(readers, sql::page(Dialect::Sqlite, directory, query)?).await?;
        resources.reserve(rows.len());
        for row in &rows {
            resources.push(read_stored(row)?);
        }
    }
    let total = match end_of(query, resources.len() as u64) {
        Some(total) => total,
        None => {
            let rows = fetch(readers, sql::total(Dialect::Sqlite, directory, query)?).await?;
            let total: i64 = match rows.first() {
                Some(row) => row.try_get(0).map_err(corrupt("resources"))?,
                None => 0,
            };
            u64::try_from(total).unwrap_or(0)
        }
    };
    Ok(Page { total, resources })
}

/// The total, if the page shows it: it has the last resource, and how many are before it is known. So a look-up of one
/// user by name is one statement.
fn end_of(query: &Query<'_>, found: u64) -> Option<u64> {
    match query.start {
        Start::Offset(offset) if found < u64::from(query.limit) && (found > 0 || offset == 0) => Some(offset + found),
        Start::Offset(_) | Start::After(_) => None,
    }
}

async fn fetch(readers: &SqlitePool, statement: Statement) -> Result<Vec<SqliteRow>, StoreError> {
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
    query.fetch_all(readers).await.map_err(store_error)
}
