//! The request log in a file of its own.

use super::dialect::store_error;
use super::statements::{self, Range};
use crate::clock::Timestamp;
use crate::store::StoreError;
use crate::store::requests::{RequestEntry, RequestFilter, RequestLog, RequestRow};
use async_trait::async_trait;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite-log");

/// After how many pages the write-ahead log is written back to the file.
const WAL_CHECKPOINT_PAGES: u32 = 1_000;

/// What the write-ahead log is cut to after it was written back, in bytes.
const WAL_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The request log in one SQLite file, which is opened when there is something to write or to read, and again after a failure.
#[derive(Debug)]
pub struct SqliteRequests {
    file: PathBuf,
    connect: SqliteConnectOptions,
    /// The connection that writes, unless it failed.
    writer: Mutex<Option<SqliteConnection>>,
    /// Whether this process has brought the file up to date; after a read that failed, that is in doubt.
    is_current: AtomicBool,
}

impl SqliteRequests {
    /// Nothing is opened yet. `busy_timeout`: how long a statement waits for another process.
    pub fn new(file: &Path, busy_timeout: Duration) -> Self {
        let connect = SqliteConnectOptions::new()
            .filename(file)
            .busy_timeout(busy_timeout)
            .journal_mode(SqliteJournalMode::Wal)
            // The last entries may be lost when the power goes; the file stays whole.
            .synchronous(SqliteSynchronous::Normal)
            .pragma("temp_store", "MEMORY")
            .pragma("wal_autocheckpoint", WAL_CHECKPOINT_PAGES.to_string())
            .pragma("journal_size_limit", WAL_BYTES_MAX.to_string())
            .disable_statement_logging();
        Self { file: file.to_owned(), connect, writer: Mutex::default(), is_current: AtomicBool::new(false) }
    }

    /// A new connection to the file, which is made, readable and writable by its owner alone, and brought up to date.
    async fn open(&self) -> Result<SqliteConnection, StoreError> {
        let mut file = tokio::fs::OpenOptions::new();
        file.read(true).write(true).create(true);
        #[cfg(unix)]
        file.mode(0o600);
        file.open(&self.file).await.map_err(|error| StoreError::Unavailable(error.into()))?;
        let mut connection = self.connect.connect().await.map_err(store_error)?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
        MIGRATIONS.run_direct(None, &mut *transaction, false).await.map_err(|error| match error {
            MigrateError::Execute(error) => store_error(error),
            error => StoreError::Migrate(error),
        })?;
        transaction.commit().await.map_err(store_error)?;
        self.is_current.store(true, Ordering::Relaxed);
        Ok(connection)
    }

    /// Lends the connection that writes to `work`, in a transaction. After a failure the next one begins anew.
    async fn change<T>(&self, work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut writer = self.writer.lock().await;
        // Taken out, so that it is not used again if this future is dropped or fails half-way.
        let mut connection = match writer.take() {
            Some(connection) => connection,
            None => self.open().await?,
        };
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
        let done = work(&mut transaction).await?;
        transaction.commit().await.map_err(store_error)?;
        *writer = Some(connection);
        Ok(done)
    }

    /// Lends a connection of its own to `work`, which cannot write: operators read seldom.
    async fn read<T>(&self, work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if !self.is_current.load(Ordering::Relaxed) {
            self.open().await?.close().await.map_err(store_error)?;
        }
        let done = self.read_current(work).await;
        if done.is_err() {
            self.is_current.store(false, Ordering::Relaxed);
        }
        done
    }

    async fn read_current<T>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connect.clone().pragma("query_only", "ON").connect().await.map_err(store_error)?;
        let done = work(&mut connection).await;
        let closed = connection.close().await.map_err(store_error);
        done.and_then(|done| closed.map(|()| done))
    }
}

#[async_trait]
impl RequestLog for SqliteRequests {
    async fn write(&self, entries: &[RequestEntry]) -> Result<(), StoreError> {
        self.change(async |connection| {
            for entry in entries {
                insert(connection, entry).await?;
            }
            Ok(())
        })
        .await
    }

    async fn page(&self, filter: &RequestFilter, before: Option<i64>, limit: u32) -> Result<Vec<RequestRow>, StoreError> {
        let range = Range { after: 0, before: before.unwrap_or(i64::MAX), latest_first: true, limit };
        self.read(async |connection| statements::select(connection, filter, &range).await).await
    }

    async fn between(&self, filter: &RequestFilter, after: i64, until: i64, limit: u32) -> Result<Vec<RequestRow>, StoreError> {
        let range = Range { after, before: until.saturating_add(1), latest_first: false, limit };
        self.read(async |connection| statements::select(connection, filter, &range).await).await
    }

    async fn last(&self) -> Result<i64, StoreError> {
        self.read(async |connection| statements::last(connection).await).await
    }

    async fn forget(&self, until: Timestamp, rows_max: u64, limit: u32) -> Result<u64, StoreError> {
        self.change(async |connection| statements::forget(connection, until, rows_max, limit).await).await
    }

    async fn close(&self) {
        if let Some(connection) = self.writer.lock().await.take() {
            // What was written is in the file or its write-ahead log.
            let _ = connection.close().await;
        }
    }
}

async fn insert(connection: &mut SqliteConnection, entry: &RequestEntry) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO requests (at, request_id, directory_id, token_id, token_name, method, path, resource_type, resource_id, \
                               status, duration_us, filter, detail) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(entry.at.0)
    .bind(entry.request_id)
    .bind(statements::directory_number(entry))
    .bind(entry.token.map(|token| token.0))
    .bind(entry.token_name.as_deref())
    .bind(&*entry.method)
    .bind(&*entry.path)
    .bind(entry.resource_type.as_deref())
    .bind(entry.resource.map(|resource| resource.0))
    .bind(i32::from(entry.status))
    .bind(entry.duration_us)
    .bind(entry.filter.as_deref())
    .bind(&*entry.detail)
    .execute(connection)
    .await
    .map(drop)
    .map_err(store_error)
}
