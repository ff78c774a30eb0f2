//! The tables, brought up to date.

use super::connections::Connections;
use super::failure::{Cause, corrupt, store_error};
use crate::store::StoreError;
use sqlx::migrate::{MigrateError, Migration, Migrator};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Row};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// The advisory lock that replicas share while they start: `scimd` in ASCII.
const LOCK: i64 = 0x0073_6369_6d64;

/// The pause between attempts to get it.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// Migrations without sqlx's own lock, which is waited for without limit: a session that waits holds a snapshot, on
/// which `CREATE INDEX CONCURRENTLY` of the one that has the lock would wait in turn (R44).
///
/// What a newer release has applied is no error: tables grow before they shrink, so this release runs beside it.
fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!("migrations/postgres");
    migrator.set_locking(false).set_ignore_missing(true);
    migrator
}

/// Applies what is missing. With nothing missing it writes nothing, so that a role without DDL can start.
pub(super) async fn migrate(connections: &Connections) -> Result<(), StoreError> {
    let mut connection = connections.connect_unlimited().await.map_err(store_error)?;
    let deadline = Instant::now() + connections.options().migrate_timeout;
    while !pending_on(&mut connection).await?.is_empty() {
        if try_lock(&mut connection).await? {
            drop_half_built(&mut connection).await?;
            // Not `run`: its bound is too narrow for a future that is boxed.
            migrator().run_direct(None, &mut connection, false).await.map_err(migrate_error)?;
            break;
        }
        if Instant::now() >= deadline {
            return Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut));
        }
        tokio::time::sleep(LOCK_PAUSE).await;
    }
    // Ends the session and with it the lock.
    connection.close().await.map_err(store_error)
}

/// The names of those that are not applied, such as `0001_init`.
pub(super) async fn pending(connections: &Connections) -> Result<Vec<String>, StoreError> {
    let mut connection = connections.connect_unlimited().await.map_err(store_error)?;
    let pending = pending_on(&mut connection).await?;
    connection.close().await.map_err(store_error)?;
    Ok(pending)
}

async fn pending_on(connection: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    let exists: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await
        .map_err(store_error)?;
    let mut applied: HashMap<i64, Vec<u8>> = HashMap::new();
    if exists {
        let rows = sqlx::query("SELECT version, checksum FROM _sqlx_migrations WHERE success")
            .fetch_all(connection)
            .await
            .map_err(store_error)?;
        let corrupt = corrupt("_sqlx_migrations");
        for row in &rows {
            applied.insert(row.try_get(0).map_err(&corrupt)?, row.try_get(1).map_err(&corrupt)?);
        }
    }
    let mut pending = Vec::new();
    for migration in migrator().iter() {
        match applied.get(&migration.version) {
            None => pending.push(name_of(migration)),
            Some(checksum) if *checksum != *migration.checksum => {
                return Err(StoreError::Migrate(MigrateError::VersionMismatch(migration.version)));
            }
            Some(_) => {}
        }
    }
    Ok(pending)
}

/// Drops what is left of indexes that a migration was building concurrently when it was interrupted: it would take them for built, and
/// they may hold nothing to be unique.
async fn drop_half_built(connection: &mut PgConnection) -> Result<(), StoreError> {
    let pending = pending_on(&mut *connection).await?;
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
         WHERE NOT i.indisvalid AND c.relnamespace = to_regnamespace(current_schema())",
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(store_error)?;
    for name in names {
        let builds = |migration: &Migration| migration.no_tx && migration.sql.as_str().contains(&format!(" {name} "));
        if migrator().iter().any(|migration| pending.contains(&name_of(migration)) && builds(migration)) {
            let drop = AssertSqlSafe(format!("DROP INDEX CONCURRENTLY {name}"));
            sqlx::query(drop).execute(&mut *connection).await.map_err(store_error)?;
        }
    }
    Ok(())
}

/// Such as `0001_init`.
fn name_of(migration: &Migration) -> String {
    format!("{:04}_{}", migration.version, migration.description.replace(' ', "_"))
}

async fn try_lock(connection: &mut PgConnection) -> Result<bool, StoreError> {
    sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(LOCK).fetch_one(connection).await.map_err(store_error)
}

fn migrate_error(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) if Cause::of(&error) != Cause::Other => store_error(error),
        error => StoreError::Migrate(error),
    }
}
