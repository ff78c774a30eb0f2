//! Connections to one file, all with the same settings, which are read back before a connection is used.

use super::batch::{NOTES, execute};
use super::failure::{Cause, store_error};
use crate::store::StoreError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Row, SqliteConnection};
use std::str::FromStr;
use std::time::Duration;

/// How the store uses the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    /// How many connections read.
    pub readers_max: u32,
    /// How long a read waits for a connection.
    pub acquire_timeout: Duration,
    /// How long a statement waits for the lock of another process.
    pub busy_timeout: Duration,
    /// How long the statements of one search may run together that no index serves (D-46).
    pub scan_timeout: Duration,
    /// How many changes may wait for the writer; more callers wait for a place.
    pub write_queue_max: usize,
    /// How many changes are committed in one transaction.
    pub write_batch_max: usize,
    /// The page cache of each connection, in KiB.
    pub cache_kib: u32,
    /// How much of the file is mapped into memory, in bytes; SQLite maps [`MMAP_BYTES_MAX`] at most. What lies behind it, each
    /// reader copies into a page cache of its own.
    pub mmap_bytes: u64,
    /// After how many pages the write-ahead log is written back to the file.
    pub wal_checkpoint_pages: u32,
    /// What the write-ahead log is cut to after it was written back, in bytes.
    pub wal_bytes_max: u64,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            readers_max: 4,
            acquire_timeout: Duration::from_secs(5),
            busy_timeout: Duration::from_secs(5),
            scan_timeout: Duration::from_secs(5),
            write_queue_max: 1024,
            write_batch_max: 256,
            cache_kib: 32 * 1024,
            mmap_bytes: MMAP_BYTES_MAX,
            wal_checkpoint_pages: 4000,
            wal_bytes_max: 64 * 1024 * 1024,
        }
    }
}

/// A file, and how to connect to it.
#[derive(Debug, Clone)]
pub(super) struct Database {
    connect: SqliteConnectOptions,
    options: SqliteOptions,
}

impl Database {
    /// Creates the file if it is missing, readable and writable by its owner alone: it holds people and password hashes.
    pub(super) async fn open(url: &str, options: SqliteOptions) -> Result<Self, StoreError> {
        if url.contains(":memory:") || url.contains("mode=memory") {
            let problem = "a database in memory is not durable, and each connection would have its own";
            return Err(StoreError::Unavailable(sqlx::Error::Configuration(problem.into())));
        }
        let connect = SqliteConnectOptions::from_str(url)
            .map_err(store_error)?
            .busy_timeout(options.busy_timeout)
            .journal_mode(SqliteJournalMode::Wal)
            // With NORMAL, a commit is lost when the power goes (R21).
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("temp_store", "MEMORY")
            .pragma("cache_size", format!("-{}", options.cache_kib))
            .pragma("mmap_size", options.mmap_bytes.to_string())
            .pragma("wal_autocheckpoint", options.wal_checkpoint_pages.to_string())
            .pragma("journal_size_limit", options.wal_bytes_max.to_string())
            .disable_statement_logging();
        let mut file = tokio::fs::OpenOptions::new();
        file.read(true).write(true).create(true);
        #[cfg(unix)]
        file.mode(0o600);
        file.open(connect.get_filename()).await.map_err(|error| StoreError::Unavailable(error.into()))?;
        Ok(Self { connect, options })
    }

    /// A connection that can write.
    pub(super) async fn connect(&self) -> Result<SqliteConnection, StoreError> {
        // The busy timeout does not cover the change of the journal mode, which two processes that make a new file
        // together both ask for.
        let deadline = tokio::time::Instant::now() + self.options.busy_timeout;
        loop {
            match self.connect.connect().await {
                Ok(mut connection) => {
                    check(&mut connection, false).await.map_err(store_error)?;
                    execute(&mut connection, NOTES).await?;
                    return Ok(connection);
                }
                Err(error) if Cause::of(&error) == Cause::Contention && tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(CONNECT_PAUSE).await;
                }
                Err(error) => return Err(store_error(error)),
            }
        }
    }

    /// A connection of its own that cannot write, closed when dropped.
    pub(super) async fn connect_own(&self) -> Result<SqliteConnection, StoreError> {
        let mut connection = self.connect.clone().pragma("query_only", "ON").connect().await.map_err(store_error)?;
        check(&mut connection, true).await.map_err(store_error)?;
        Ok(connection)
    }

    /// Connections that cannot write. They never hold a transaction open: each statement reads its own snapshot, so a
    /// caller that is dropped leaves nothing behind (R22).
    pub(super) fn readers(&self) -> SqlitePool {
        SqlitePoolOptions::new()
            .max_connections(self.options.readers_max)
            .acquire_timeout(self.options.acquire_timeout)
            .idle_timeout(None)
            .max_lifetime(None)
            // There is no network that could have gone away, and the ping costs as much as a read.
            .test_before_acquire(false)
            .after_connect(|connection, _| Box::pin(check(connection, true)))
            .connect_lazy_with(self.connect.clone().pragma("query_only", "ON"))
    }

    pub(super) fn options(&self) -> &SqliteOptions {
        &self.options
    }
}

/// The most that SQLite maps, as it is built (`SQLITE_MAX_MMAP_SIZE`).
const MMAP_BYTES_MAX: u64 = 0x7fff_0000;

/// The pause between two attempts to connect to a file that another process is setting up.
const CONNECT_PAUSE: Duration = Duration::from_millis(10);

/// Refuses a connection whose settings are not those that durability and consistency rest on (R21).
pub(super) async fn check(connection: &mut SqliteConnection, query_only: bool) -> Result<(), sqlx::Error> {
    let row = sqlx::query(
        "SELECT (SELECT journal_mode FROM pragma_journal_mode), (SELECT synchronous FROM pragma_synchronous), \
         (SELECT foreign_keys FROM pragma_foreign_keys), (SELECT query_only FROM pragma_query_only)",
    )
    .fetch_one(connection)
    .await?;
    let settings: (String, i64, bool, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    if settings == ("wal".to_owned(), SYNCHRONOUS_FULL, true, query_only) {
        return Ok(());
    }
    let (journal_mode, synchronous, foreign_keys, query_only) = settings;
    let problem = format!(
        "SQLite did not take the settings: journal_mode {journal_mode}, synchronous {synchronous}, \
         foreign_keys {foreign_keys}, query_only {query_only}"
    );
    Err(sqlx::Error::Configuration(problem.into()))
}

/// What `PRAGMA synchronous` answers for FULL.
const SYNCHRONOUS_FULL: i64 = 2;
