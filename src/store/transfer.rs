//! What the export and the import of a Directory need of a store, beside what SCIM clients can do: one look at all of a
//! Directory as it is at one moment, and resources that keep the version and the times that they had elsewhere.

use super::{Basis, NewResource, Source, StoreError};
use crate::clock::Timestamp;
use crate::id::{DirectoryId, ResourceId};
use async_trait::async_trait;

/// A resource as it leaves a Directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Its id.
    pub id: ResourceId,
    /// The name of its type.
    pub resource_type: String,
    /// The text of its document.
    pub document: String,
    /// The revision behind `meta.version`.
    pub version: i64,
    /// `meta.created`.
    pub created: Timestamp,
    /// `meta.lastModified`.
    pub last_modified: Timestamp,
    /// The hash of its password, in PHC form.
    pub password_hash: Option<String>,
    /// Who made it.
    pub source: Source,
    /// Whether an operator holds it disabled.
    pub held: bool,
}

/// A resource that comes from elsewhere.
#[derive(Debug, Clone)]
pub struct Imported {
    /// What is created; without members, which come with [`TransferStore::import_members`].
    pub resource: NewResource,
    /// Whether an operator holds it disabled.
    pub held: bool,
    /// The revision that it keeps.
    pub version: i64,
    /// When it was created, there.
    pub created: Timestamp,
    /// When it last changed, there.
    pub last_modified: Timestamp,
}

/// A member of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The group.
    pub group: ResourceId,
    /// Its member.
    pub member: ResourceId,
}

/// Why a batch of resources was refused; nothing of it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The resource of the batch.
    pub id: ResourceId,
    /// The attribute of which another resource has the same unique value.
    pub attribute: String,
}

/// By what it is known whether a Directory is what it was: each change of its row, of its schemas, and of its resources and memberships moves
/// one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// That of the Directory's row.
    pub revision: i64,
    /// That of its schemas.
    pub schema_revision: i64,
    /// How many changes of resources and memberships there were that have no row in `events`.
    pub silent_changes: i64,
    /// How many events there are behind the one that was asked from.
    pub events: u64,
    /// The number and the time of the last event from that one on.
    pub last_event: Option<(i64, Timestamp)>,
}

/// A Directory as it was at one moment, whatever happens to it meanwhile.
///
/// It holds a connection, and whatever the database keeps for a transaction that reads. Dropped, it is given up.
#[async_trait]
pub trait Snapshot: Send {
    /// By what this moment is known, asked from the event `settled` on, of which [`TransferStore::settled`] says that no event comes
    /// up to it any more. Of two snapshots that were asked from the same one and give the same, all else is the same too. It
    /// counts up to `limit` events. `None`: there is no such Directory.
    async fn mark(&mut self, settled: i64, limit: u32) -> Result<Option<Mark>, StoreError>;

    /// Up to `limit` resources of all types with ids above `after`, by id.
    async fn resources(&mut self, after: Option<ResourceId>, limit: u32) -> Result<Vec<Exported>, StoreError>;

    /// Up to `limit` memberships behind `after`, by group and member.
    async fn edges(&mut self, after: Option<Edge>, limit: u32) -> Result<Vec<Edge>, StoreError>;
}

/// Where Directories come from and go to.
#[async_trait]
pub trait TransferStore: Send + Sync {
    /// The number of an event of the Directory up to which all events are there that ever will be; later snapshots see them. 0: there are
    /// none. It waits for what is on its way, as [`super::Store::wait_for_changes`] does: numbers are given before a change is
    /// committed, so one with a lower number may come after one with a higher.
    async fn settled(&self, directory: DirectoryId) -> Result<i64, StoreError>;

    /// A Directory as it is now.
    async fn snapshot(&self, directory: DirectoryId) -> Result<Box<dyn Snapshot>, StoreError>;

    /// Those of `ids` that are there. At most 1,000.
    async fn stored(&self, directory: DirectoryId, ids: &[ResourceId]) -> Result<Vec<Exported>, StoreError>;

    /// Creates resources as they were elsewhere, all or none, durable when this returns; each with an event `create` of its
    /// version, by an operator. What was left of a resource with the same id that was deleted is forgotten. [`StoreError::Exists`] if one of the ids is there; [`StoreError::SchemasChanged`] as
    /// [`super::Store::commit`] has it. At most 1,000, each with an id of its own.
    async fn import_resources(
        &self,
        directory: DirectoryId,
        basis: Basis,
        now: Timestamp,
        resources: Vec<Imported>,
    ) -> Result<Option<Taken>, StoreError>;

    /// Adds memberships, as far as they are not there; no version moves and no event tells of it, for the versions of the groups are
    /// those of elsewhere. [`Mark::silent_changes`] moves if any is added.
    /// [`StoreError::UnknownMember`], and nothing added, if a group or a member is not there. At most 10,000.
    async fn import_members(&self, directory: DirectoryId, edges: Vec<Edge>) -> Result<(), StoreError>;
}
