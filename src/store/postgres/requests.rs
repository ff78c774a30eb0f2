//! The request log in a table of its own, by connections of its own.

use super::PostgresOptions;
use super::connections::{Connections, REQUEST_LOG};
use super::copy::{Rows, Value};
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

/// What a row has beside its details, in bytes, about.
const ROW_BYTES: usize = 256;

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
                // The last entries may be lost when the power goes; nobody waits for the disk on their account.
                sqlx::query("SELECT pg_advisory_xact_lock($1), set_config('synchronous_commit', 'off', true)")
                    .bind(WRITERS)
                    .execute(&mut *connection)
                    .await
                    .map_err(store_error)?;
                copy(connection, entries).await
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

/// The columns of [`row`], in its order. The number of an entry is the next one.
const COPY: &str = "COPY requests (at, request_id, directory_id, token_id, token_name, method, path, resource_type, resource_id, \
                    status, duration_us, filter, detail) FROM STDIN (FORMAT binary)";

const COLUMNS: i16 = 13;

fn row(entry: &RequestEntry) -> [Value<'_>; COLUMNS as usize] {
    [
        Value::Big(entry.at.0),
        Value::Uuid(entry.request_id),
        Value::Big(statements::directory_number(entry)),
        entry.token.map(|token| token.0).into(),
        entry.token_name.as_deref().into(),
        Value::Text(&entry.method),
        Value::Text(&entry.path),
        entry.resource_type.as_deref().into(),
        entry.resource.map(|resource| resource.0).into(),
        Value::Integer(entry.status.into()),
        Value::Big(entry.duration_us),
        entry.filter.as_deref().into(),
        Value::Text(&entry.detail),
    ]
}

async fn copy(connection: &mut PgConnection, entries: &[RequestEntry]) -> Result<(), StoreError> {
    let mut rows = Rows::new(COLUMNS, entries.iter().map(|entry| ROW_BYTES + entry.detail.len()).sum());
    for entry in entries {
        rows.begin();
        row(entry).into_iter().for_each(|value| rows.push(value));
    }
    let mut copying = connection.copy_in_raw(COPY).await.map_err(store_error)?;
    copying.send(rows.finish()).await.map_err(store_error)?;
    copying.finish().await.map(drop).map_err(store_error)
}
