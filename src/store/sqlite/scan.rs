//! A statement that no index serves, under a limit of time (D-46).
//!
//! SQLite is asked to look at the clock now and then, by a handler on the connection. No other statement must run under
//! it: the connection comes back to the pool without the handler, or not at all.

use super::failure::{is_interrupt, store_error};
use crate::store::StoreError;
use crate::store::budget::ScanBudget;
use sqlx::Sqlite;
use sqlx::pool::PoolConnection;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqlitePool, SqliteRow};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many instructions SQLite runs between two looks at the clock: some tens of microseconds.
const INSTRUCTIONS_BETWEEN_LOOKS: i32 = 1_000;

/// Runs a statement for as long as `budget` has time left, and for as long as somebody waits for it.
///
/// # Errors
/// [`StoreError::TooMany`]: the time is up.
pub(super) async fn fetch_all(
    readers: &SqlitePool,
    statement: Query<'_, Sqlite, SqliteArguments>,
    budget: &mut ScanBudget,
) -> Result<Vec<SqliteRow>, StoreError> {
    let mut watched = Watched { connection: Some(readers.acquire().await.map_err(store_error)?), caller: Arc::new(()) };
    let started = Instant::now();
    let rows = watched.run(statement, budget.left()).await;
    budget.spend(started.elapsed());
    watched.release().await.map_err(store_error)?;
    rows.map_err(|error| if is_interrupt(&error) { budget.exceeded() } else { store_error(error) })
}

/// A connection that has a handler. Dropped, it is closed, and what it runs is ended.
struct Watched {
    connection: Option<PoolConnection<Sqlite>>,
    /// What is left of it says whether anybody still waits for the rows.
    caller: Arc<()>,
}

impl Watched {
    async fn run(
        &mut self,
        statement: Query<'_, Sqlite, SqliteArguments>,
        limit: Duration,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let connection = self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        let (started, caller) = (Instant::now(), Arc::downgrade(&self.caller));
        let goes_on = move || caller.strong_count() > 0 && started.elapsed() < limit;
        connection.lock_handle().await?.set_progress_handler(INSTRUCTIONS_BETWEEN_LOOKS, goes_on);
        statement.fetch_all(&mut **connection).await
    }

    /// Gives the connection back without the handler.
    async fn release(mut self) -> Result<(), sqlx::Error> {
        let connection = self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        connection.lock_handle().await?.remove_progress_handler();
        drop(self.connection.take());
        Ok(())
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.close_on_drop();
        }
    }
}
