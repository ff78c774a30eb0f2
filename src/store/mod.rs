//! What is kept, and the contract that both back ends keep it by.
//!
//! Every method that touches a Directory's data takes its [`DirectoryId`], and every statement behind it has it in
//! its WHERE: that is tenant isolation (R4). What a method promises holds on SQLite and on PostgreSQL alike;
//! `tests/store_contract.rs` runs the same cases on both.
//!
//! - [`query`]: what can be asked
//! - [`definition`]: schemas and resource types of an operator
//! - [`operator`]: Directories, tokens and accounts, for operators; [`audit`]: the record of what they did
//! - [`requests`]: the request log
//! - [`transfer`]: a whole Directory, on its way out and in
//! - [`commit`]: what can be changed; one [`Commit`] is one transaction
//! - [`tombstone`]: whose a resource is, and what is left of one that was deleted
//! - [`error`]: how it can fail
//! - [`sql`]: what both back ends share: search statements compiled from a [`Query`]
//! - [`sqlite`]: the store in one file
//! - [`postgres`]: the store on a server

pub mod audit;
mod bounds;
mod budget;
pub mod commit;
pub mod definition;
pub mod error;
pub mod operator;
pub mod postgres;
pub mod query;
pub mod requests;
pub mod sql;
pub mod sqlite;
pub mod tombstone;
pub mod transfer;

pub use crate::scim::resource::keys::{INDEX_VALUE_BYTES_MAX, IndexRow};
pub use commit::{
    Basis, Bound, Bounds, Change, Commit, Committed, DocumentChange, MemberChange, MembershipBound, NewResource, PasswordChange,
    Update,
};
pub use definition::{DefinitionChange, DefinitionKind, DefinitionRow, ResourceIndex};
pub use error::StoreError;
pub use operator::{DirectoryStatus, OperatorStore, TokenKind};
pub use query::{
    Listing, ListingPage, ListingStart, Membership, Page, Part, Position, Query, Reference, Sort, SortKey, Start, Stored,
};
pub use tombstone::{Bar, Burial, MatchKeys, Source, Standing, Tombstone};
pub use transfer::TransferStore;

use crate::clock::Timestamp;
use crate::id::{DirectoryId, ResourceId, TokenId};
use crate::scim::schema::ShownType;
use async_trait::async_trait;

/// A Directory: one connected provider, its users, groups, tokens and rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryRow {
    /// Its number.
    pub id: DirectoryId,
    /// Its name, in URLs: 1 to 63 of `a-z 0-9 -`, beginning with a letter or digit.
    pub name: String,
    /// Its name for people; may be empty.
    pub display_name: String,
    /// The provider whose profile it has: `entra`, `okta`, …, `generic`, `strict`.
    pub provider: String,
    /// Settings that differ from the profile's, as a JSON object; `{}` if none do.
    pub settings: String,
    /// When it was created.
    pub created: Timestamp,
    /// Whether it serves its clients.
    pub status: DirectoryStatus,
    /// Whether it refuses to be deleted, because people sign in by it.
    pub protected: bool,
    /// Whether its provider was taken away and not all that is in it is the operators' own yet.
    pub disconnecting: bool,
    /// Moves with every change of what stands above.
    pub revision: i64,
    /// Moves whenever its schemas or resource types change.
    pub schema_revision: i64,
}

/// A bearer token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its number.
    pub id: TokenId,
    /// The Directory that it opens.
    pub directory_id: DirectoryId,
    /// What people call it; unique among the live tokens of the Directory.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
    /// From when on it is refused, if ever.
    pub expires: Option<Timestamp>,
    /// Since when it is refused, if it was revoked.
    pub revoked: Option<Timestamp>,
    /// The user whom it stands for, if for one: then it opens `/Me` only (RFC 7644 §3.11).
    pub user: Option<ResourceId>,
    /// What it is for.
    pub kind: TokenKind,
    /// The SHA-256 of its secret.
    pub digest: TokenDigest,
    /// What it may do, separated by blanks; empty: everything.
    pub scopes: String,
    /// Since when it is out of use, if it is.
    pub inactive: Option<Timestamp>,
    /// When it got the secret that it has, if that is not its first.
    pub renewed: Option<Timestamp>,
    /// The secret of before, for as long as it is good too.
    pub former: Option<FormerSecret>,
    /// The public keys of a client, as a JSON Web Key Set.
    pub jwks: Option<String>,
    /// Of how many days before its expiry a warning was last given.
    pub warned_days: Option<i64>,
    /// Moves with every change.
    pub revision: i64,
}

/// The secret that a token had before it was renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerSecret {
    /// Its SHA-256.
    pub digest: TokenDigest,
    /// From when on it is refused.
    pub expires: Timestamp,
}

/// The SHA-256 of a token, by which it is looked up; the secret itself is never stored (R28).
pub type TokenDigest = [u8; 32];

/// How busy a store is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Connections that somebody uses; of SQLite, those that read.
    pub connections_in_use: u64,
    /// Connections that nobody uses.
    pub connections_idle: u64,
    /// Changes that wait to be written together with others: for the one that writes, on SQLite; creations alone, on PostgreSQL.
    pub writes_waiting: u64,
}

/// Where resources, Directories and tokens are kept.
#[async_trait]
pub trait Store: Send + Sync {
    /// Brings the tables up to date, under a lock that several starting replicas share (R44).
    async fn migrate(&self) -> Result<(), StoreError>;

    /// The names of the migrations that are not applied yet, in order.
    async fn pending_migrations(&self) -> Result<Vec<String>, StoreError>;

    /// How busy it is at this moment; nobody is asked for it.
    fn load(&self) -> Load {
        Load::default()
    }

    /// Whether the database answers; for `/readyz` and `scimd check`.
    async fn ping(&self) -> Result<(), StoreError>;

    /// The Directory called `name`.
    async fn directory(&self, name: &str) -> Result<Option<DirectoryRow>, StoreError>;

    /// The token that has or had a secret with this digest, and its Directory, whatever state they are in.
    async fn token(&self, digest: &TokenDigest) -> Result<Option<(TokenRow, DirectoryRow)>, StoreError>;

    /// The token of this number in a Directory, and the Directory, whatever state they are in.
    async fn token_of(&self, directory: DirectoryId, token: TokenId) -> Result<Option<(TokenRow, DirectoryRow)>, StoreError>;

    /// The definitions of every Directory and, if one is given, of that Directory: up to `limit` of them, those of every
    /// Directory first, then by kind and name.
    async fn definitions(&self, directory: Option<DirectoryId>, limit: u32) -> Result<Vec<DefinitionRow>, StoreError>;

    /// Changes definitions and puts that on record, all or none, and moves the revision of each Directory that they are for.
    /// [`StoreError::VersionConflict`] if a Directory has another revision than expected.
    async fn change_definitions(&self, change: &DefinitionChange, now: Timestamp) -> Result<(), StoreError>;

    /// Returns when no change is on its way any more that was made by schemas of before the last
    /// [`Store::change_definitions`]: all those that come later are refused with [`StoreError::SchemasChanged`].
    async fn wait_for_changes(&self) -> Result<(), StoreError>;

    /// Writes index rows of stored resources beside those that they have, for those that are still at the version given, and
    /// returns the ids of these. A row that is there is as unique as the new one afterwards. [`StoreError::Uniqueness`], and
    /// nothing written, if another resource has a unique value; [`StoreError::SchemasChanged`] if the Directory's schemas are at
    /// a higher `revision`. At most 1,000 resources.
    async fn index_resources(
        &self,
        directory: DirectoryId,
        revision: i64,
        resource_type: &str,
        resources: Vec<ResourceIndex>,
    ) -> Result<Vec<ResourceId>, StoreError>;

    /// Deletes up to `limit` index rows of one attribute, and returns how many there were. [`StoreError::SchemasChanged`] if
    /// the Directory's schemas are at a higher `revision`.
    async fn drop_index(
        &self,
        directory: DirectoryId,
        revision: i64,
        resource_type: &str,
        attribute: &str,
        limit: u32,
    ) -> Result<u64, StoreError>;

    /// One resource of a type, by id.
    async fn get(&self, directory: DirectoryId, resource_type: &str, id: ResourceId) -> Result<Option<Stored>, StoreError>;

    /// The secret of a Directory for `purpose`; `candidate` becomes it, if there is none yet. All replicas are given the same.
    async fn directory_key(&self, directory: DirectoryId, purpose: &str, candidate: &[u8; 32]) -> Result<[u8; 32], StoreError>;

    /// The resources that a query selects, one page of them, and how many there are.
    async fn search(&self, directory: DirectoryId, query: &Query<'_>) -> Result<Page, StoreError>;

    /// The resources of several types in one order, or of one type from a place in its order on; one page of them, and how
    /// many there are.
    async fn list(&self, directory: DirectoryId, listing: &Listing<'_>) -> Result<ListingPage, StoreError>;

    /// For each of `ids` that exists, its type and what to show for it: the target of a `$ref`. At most 1,000 ids.
    async fn references(&self, directory: DirectoryId, ids: &[ResourceId]) -> Result<Vec<Reference>, StoreError>;

    /// Up to `limit` members of `group` with ids above `after`, by id.
    async fn members(
        &self,
        directory: DirectoryId,
        group: ResourceId,
        after: Option<ResourceId>,
        limit: u32,
    ) -> Result<Vec<Reference>, StoreError>;

    /// The members of `groups`, each with its group, in the order of `groups` and by id, in one statement. At most 1,000
    /// groups, each named once.
    ///
    /// At most `limit` members: if there are as many, those of the last group that is there may not be all, and those of the
    /// groups behind it are missing.
    async fn members_of(
        &self,
        directory: DirectoryId,
        groups: &[ResourceId],
        limit: u32,
    ) -> Result<Vec<(ResourceId, Reference)>, StoreError>;

    /// The groups that each of `members` is in, directly or through up to `depth` - 1 groups in between (D-69), in one
    /// statement, with what `shown` names of groups of these types; by member and group. At most 1,000 members.
    async fn memberships(
        &self,
        directory: DirectoryId,
        members: &[ResourceId],
        depth: u32,
        shown: &[&ShownType],
    ) -> Result<Vec<Membership>, StoreError>;

    /// The password hash of a resource, in PHC form.
    async fn password_hash(&self, directory: DirectoryId, id: ResourceId) -> Result<Option<String>, StoreError>;

    /// Makes one change, whole or not at all, durable when this returns (R20, R21). It runs to its end even if the
    /// caller is dropped (R22). [`StoreError::SchemasChanged`] if it was made by other schemas than the Directory's.
    async fn commit(&self, directory: DirectoryId, commit: Commit) -> Result<Committed, StoreError>;

    /// Whether there was a resource of this id that was deleted, whatever else is known of it.
    async fn was_deleted(&self, directory: DirectoryId, id: ResourceId) -> Result<bool, StoreError>;

    /// Forgets that a resource of this type was deleted, if it is barred until it is reassigned; whether it was.
    async fn lift_tombstone(&self, directory: DirectoryId, resource_type: &str, id: ResourceId) -> Result<bool, StoreError>;

    /// Finishes what was begun and closes the connections.
    async fn close(&self);
}
