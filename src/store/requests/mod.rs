//! The request log: what became of each request, written beside the requests and never in their way.
//!
//! - [`recorder`]: the queue that requests leave their entries in, and the one task that writes them
//! - `allowance`: how many entries requests may leave that are nobody's
//!
//! Entries are kept apart from all else: on SQLite in a file of their own, on PostgreSQL in a table that is written and read by
//! connections of its own. Losing some of them loses nothing else.

mod allowance;
pub mod recorder;

pub use recorder::{Recorder, RecorderCounters, RecorderOptions};

use super::StoreError;
use crate::clock::Timestamp;
use crate::id::{DirectoryId, ResourceId, TokenId};
use async_trait::async_trait;
use std::borrow::Cow;
use std::sync::Arc;
use uuid::Uuid;

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestEntry {
    /// When it came.
    pub at: Timestamp,
    /// What it is called.
    pub request_id: Uuid,
    /// The Directory; none: the credentials were nobody's, or none were needed.
    pub directory: Option<DirectoryId>,
    /// The token.
    pub token: Option<TokenId>,
    /// What people called it then.
    pub token_name: Option<Arc<str>>,
    /// The method.
    pub method: Cow<'static, str>,
    /// The path below the Base URL, as a template: `/Users/{id}`; empty: it led nowhere.
    pub path: Cow<'static, str>,
    /// The name of the type of the resource.
    pub resource_type: Option<Arc<str>>,
    /// The resource.
    pub resource: Option<ResourceId>,
    /// The status of the answer.
    pub status: u16,
    /// How long the answer took, in microseconds.
    pub duration_us: i64,
    /// The filter.
    pub filter: Option<String>,
    /// All else, as a JSON object.
    pub detail: String,
}

/// An entry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// Its number. Entries get higher ones as they are written.
    pub seq: i64,
    /// The entry.
    pub entry: RequestEntry,
}

/// Which entries are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// Those of one Directory; `None`: of all, which only an operator may ask for.
    pub directory: Option<DirectoryId>,
    /// Those of tokens of this name.
    pub token_name: Option<String>,
    /// Those with a status from the first to the second.
    pub status: Option<(u16, u16)>,
    /// Those about one resource.
    pub resource: Option<ResourceId>,
    /// The one of this request.
    pub request_id: Option<Uuid>,
    /// Those from then on.
    pub since: Option<Timestamp>,
    /// Those before.
    pub until: Option<Timestamp>,
}

/// Where entries are kept.
#[async_trait]
pub trait RequestLog: Send + Sync {
    /// Writes entries, all or none. Whoever sees one sees all those with lower numbers.
    async fn write(&self, entries: &[RequestEntry]) -> Result<(), StoreError>;

    /// Up to `limit` entries that `filter` selects, with numbers below `before`, the latest first.
    async fn page(&self, filter: &RequestFilter, before: Option<i64>, limit: u32) -> Result<Vec<RequestRow>, StoreError>;

    /// Up to `limit` entries that `filter` selects, with numbers above `after` and up to `until`, the oldest first.
    async fn between(&self, filter: &RequestFilter, after: i64, until: i64, limit: u32) -> Result<Vec<RequestRow>, StoreError>;

    /// The number of the last entry; 0: there never was one, or all are gone.
    async fn last(&self) -> Result<i64, StoreError>;

    /// Forgets entries from before `until`, and those that are beyond the latest `rows_max`: of each some `limit`, the oldest first.
    /// Returns how many.
    async fn forget(&self, until: Timestamp, rows_max: u64, limit: u32) -> Result<u64, StoreError>;

    /// Closes the connections.
    async fn close(&self);
}
