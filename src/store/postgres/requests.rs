//! The request log in a table of its own, by connections of its own.

use super::PostgresOptions;
use super::connections::{Connections, REQUEST_LOG};
use super::dialect::store_error;
use super::statements::{self, Range};
use crate::clock::Timestamp;
use crate::store::StoreError;
use crate::store::requests::{RequestEntry, RequestFilter, RequestLog, RequestRow};
use async_trait::async_trait;
use sqlx::PgConnection;

/// How many connections read.
const READERS_MAX: u32 = 2;

/// Those who write do so one after the other: "scimd lg" in ASCII.
const WRITERS: i64 = 0x7363_696d_6420_6c67;

/// The request log on PostgreSQL. It connects when there is something to write or to read.
#[derive(Debug)]
pub struct PostgresRequests {
    /// One connection, so that who reads keeps nobody from writing.
    writer: Connections,
    readers: Connections,
}

impl PostgresRequests {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: the URL is none.
    pub fn new(url: &str, options: PostgresOptions) -> Result<Self, StoreError> {
        let connections = |connections_max| {
            let options = PostgresOptions { connections_max, ..options.clone() };
            Connections::new(url, REQUEST_LOG, options).map_err(store_error)
        };
        Ok(Self { writer: connections(1)?, readers: connections(READERS_MAX)? })
    }
}

#[async_trait]
impl RequestLog for PostgresRequests {
    async fn write(&self, entries: &[RequestEntry]) -> Result<(), StoreError> {
        self.writer
            .transact(async |connection| {
                // Numbers are given while the lock is held, which is until the commit: so they are seen in their order.
                sqlx::query("SELECT pg_advisory_xact_lock($1)")
                    .bind(WRITERS)
                    .execute(&mut *connection)
                    .await
                    .map_err(store_error)?;
                insert(connection, entries).await
            })
            .await
    }

    async fn page(&self, filter: &RequestFilter, before: Option<i64>, limit: u32) -> Result<Vec<RequestRow>, StoreError> {
        let range = Range { after: 0, before: before.unwrap_or(i64::MAX), latest_first: true, limit };
        self.readers.lend(async |connection| statements::select(connection, filter, &range).await).await
    }

    async fn between(&self, filter: &RequestFilter, after: i64, until: i64, limit: u32) -> Result<Vec<RequestRow>, StoreError> {
        let range = Range { after, before: until.saturating_add(1), latest_first: false, limit };
        self.readers.lend(async |connection| statements::select(connection, filter, &range).await).await
    }

    async fn last(&self) -> Result<i64, StoreError> {
        self.readers.lend(async |connection| statements::last(connection).await).await
    }

    async fn forget(&self, until: Timestamp, rows_max: u64, limit: u32) -> Result<u64, StoreError> {
        self.writer.lend(async |connection| statements::forget(connection, until, rows_max, limit).await).await
    }

    async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }
}

async fn insert(connection: &mut PgConnection, entries: &[RequestEntry]) -> Result<(), StoreError> {
    // The last entries may be lost when the power goes; nobody waits for the disk on their account.
    sqlx::query("SET LOCAL synchronous_commit = off").execute(&mut *connection).await.map_err(store_error)?;
    let numbers = |number: fn(&RequestEntry) -> i64| entries.iter().map(number).collect::<Vec<_>>();
    sqlx::query(
        "INSERT INTO requests (at, request_id, directory_id, token_id, token_name, method, path, resource_type, resource_id, \
                               status, duration_us, filter, detail) \
         SELECT * FROM UNNEST($1::bigint[], $2::uuid[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], \
                              $8::text[], $9::uuid[], $10::integer[], $11::bigint[], $12::text[], $13::text[])",
    )
    .bind(numbers(|entry| entry.at.0))
    .bind(entries.iter().map(|entry| entry.request_id).collect::<Vec<_>>())
    .bind(numbers(statements::directory_number))
    .bind(entries.iter().map(|entry| entry.token.map(|token| token.0)).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| entry.token_name.as_deref()).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| &*entry.method).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| &*entry.path).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| entry.resource_type.as_deref()).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| entry.resource.map(|resource| resource.0)).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| i32::from(entry.status)).collect::<Vec<_>>())
    .bind(numbers(|entry| entry.duration_us))
    .bind(entries.iter().map(|entry| entry.filter.as_deref()).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| &*entry.detail).collect::<Vec<_>>())
    .execute(connection)
    .await
    .map(drop)
    .map_err(store_error)
}
