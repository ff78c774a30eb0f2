//! The tables, brought up to date.

use super::connect::Database;
use super::failure::{corrupt, store_error};
use crate::store::StoreError;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::SqlitePool;
use sqlx::{Connection, Row, SqliteConnection};
use std::collections::HashSet;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Applies what is missing, all or nothing, under the file's write lock: processes that start together apply it once.
pub(super) async fn migrate(database: &Database) -> Result<(), StoreError> {
    let mut connection = database.connect().await?;
    let applied = apply(&mut connection).await;
    let closed = connection.close().await.map_err(store_error);
    applied.and(closed)
}

async fn apply(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
    // `run` does the same, but its bound on `Acquire` does not hold inside a boxed future.
    MIGRATIONS.run_direct(None, &mut *transaction, false).await.map_err(|error| match error {
        MigrateError::Execute(error) => store_error(error),
        error => StoreError::Migrate(error),
    })?;
    transaction.commit().await.map_err(store_error)
}

/// The names of those that are not applied, such as `0001_init`.
pub(super) async fn pending(readers: &SqlitePool) -> Result<Vec<String>, StoreError> {
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')")
        .fetch_one(readers)
        .await
        .map_err(store_error)?;
    let mut applied = HashSet::new();
    if exists {
        let rows =
            sqlx::query("SELECT version FROM _sqlx_migrations WHERE success").fetch_all(readers).await.map_err(store_error)?;
        for row in &rows {
            applied.insert(row.try_get::<i64, _>(0).map_err(corrupt("_sqlx_migrations"))?);
        }
    }
    Ok(MIGRATIONS
        .iter()
        .filter(|migration| !applied.contains(&migration.version))
        .map(|migration| format!("{:04}_{}", migration.version, migration.description.replace(' ', "_")))
        .collect())
}
