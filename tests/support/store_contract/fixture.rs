//! What a back end provides to be tested.

use scimd::id::{DirectoryId, ResourceId};
use scimd::store::OperatorStore;
use std::sync::Arc;

/// A database of one back end. Cases share nothing: each makes its own Directory, so that a back end may give all of
/// them one database.
pub trait Fixture: Sized {
    /// A database with its tables.
    async fn open() -> Self;

    /// The store on it.
    fn store(&self) -> Arc<dyn OperatorStore>;

    /// Another store on the same database, as a second process would open it, not migrated.
    async fn open_another(&self) -> Arc<dyn OperatorStore>;

    /// The rows of `events` of a Directory, in order, read past the store.
    async fn events(&self, directory: DirectoryId) -> Vec<Event>;
}

/// A row of `events`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `create`, `update`, `delete`.
    pub kind: String,
    /// Of what.
    pub resource_id: ResourceId,
    /// The version after it.
    pub version: i64,
    /// What more there is to say, in JSON.
    pub detail: Option<serde_json::Value>,
}
