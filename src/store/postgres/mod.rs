//! The store on PostgreSQL 15 or later, for production.
//!
//! A read or a change is one statement and one round trip, in autocommit: what belongs together is written by common table
//! expressions of one statement, arrays travel as `UNNEST`. So there is no transaction that a caller who goes away
//! could leave open (R22). A search has a second statement for its total if its page does not show it. What has to lock before
//! it looks (a change that another one outran, a change of definitions) is a transaction, whose connection is closed if the
//! caller goes away. Creations that come at the same time are made by one statement together. Statements run at READ COMMITTED; each says in its comment why that is enough.
//!
//! - [`connections`]: connections to the server, handed out one at a time
//! - [`failure`]: what PostgreSQL's error codes mean
//! - [`migrate`]: the tables
//! - [`read`]: one resource, references, memberships
//! - [`search`]: pages of results
//! - [`commit`]: a change; retries, and who waits for whom
//! - [`create`], [`update`], [`delete`]: the three statements
//! - [`gathering`], [`create_all`]: creations that come at the same time, made by one statement
//! - [`bounded`]: a change of which there is a bound to what it adds to
//! - [`operator`]: what operators keep, in statements for both back ends; [`dialect`]: what those are made of here
//! - [`definitions`]: schemas and resource types of an operator
//! - [`requests`]: the request log, in [`statements`] that are, but for the writing, the same for both back ends; [`copy`]: many rows
//!   on their way
//! - [`transfer`]: a Directory on its way out and in

mod bounded;
mod commit;
mod connections;
mod copy;
mod create;
mod create_all;
mod definitions;
mod delete;
mod dialect;
mod failure;
mod gathering;
mod migrate;
#[allow(clippy::duplicate_mod, reason = "compiled once for each back end, with its dialect")]
#[path = "../sql/operator/mod.rs"]
mod operator;
mod read;
mod requests;
mod search;
#[allow(clippy::duplicate_mod, reason = "compiled once for each back end, with its dialect")]
#[path = "../sql/requests.rs"]
mod statements;
mod transfer;
mod update;

pub use requests::PostgresRequests;

use super::audit::{AuditEntry, AuditFilter, AuditRow, Link};
use super::operator::{AccountRow, ApiKeyRow, GlobalValue, Operation, OperatorStore, TokenUse};
use super::transfer::{Edge, Exported, Imported, Snapshot, Taken, TransferStore};
use super::{
    Basis, Commit, Committed, DefinitionChange, DefinitionRow, DirectoryRow, Listing, ListingPage, Load, Membership, Page, Query,
    Reference, ResourceIndex, Standing, Store, StoreError, Stored, TokenDigest, TokenRow, Tombstone,
};
use crate::clock::Timestamp;
use crate::id::{AccountId, ApiKeyId, DirectoryId, ResourceId, TokenId};
use crate::scim::schema::ShownType;
use async_trait::async_trait;
use connections::Connections;
use gathering::Gathering;
use std::sync::Arc;
use std::time::Duration;

/// How the store uses the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresOptions {
    /// How many connections there are at most; at least 1.
    pub connections_max: u32,
    /// How long an operation waits for a connection, to be made or to become free. Below 5 s, so that a request is
    /// answered in that time while the database is away (R22).
    pub acquire_timeout: Duration,
    /// How long one statement may run.
    pub statement_timeout: Duration,
    /// How long the statements of one search may run together that no index serves (D-46); at most
    /// `statement_timeout` counts.
    pub scan_timeout: Duration,
    /// How long one statement waits for the lock of another.
    pub lock_timeout: Duration,
    /// How long a start waits for another replica that is migrating.
    pub migrate_timeout: Duration,
    /// After how long a statement that creates resources lets those be created beside it that wait for it.
    pub held_up_after: Duration,
    /// How many prepared statements each connection keeps.
    pub statements_max: usize,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            connections_max: 16,
            acquire_timeout: Duration::from_secs(4),
            statement_timeout: Duration::from_secs(30),
            scan_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(5),
            migrate_timeout: Duration::from_secs(60),
            held_up_after: Duration::from_millis(100),
            statements_max: 256,
        }
    }
}

/// The store on PostgreSQL.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    connections: Arc<Connections>,
    gathering: Arc<Gathering>,
}

impl PostgresStore {
    /// Connects to the database of `url`: `postgres://user:password@host:5432/database`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: the URL is none, the server does not answer, or it is one that the store cannot be
    /// durable or correct on: older than 15, not UTF-8, or with `fsync` or `synchronous_commit` off (R20, R21).
    pub async fn open(url: &str, options: PostgresOptions) -> Result<Self, StoreError> {
        let connections = Connections::new(url, connections::CHANGING, options).map_err(failure::store_error)?;
        let store = Self { connections: Arc::new(connections), gathering: Arc::default() };
        store.ping().await?;
        Ok(store)
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        migrate::migrate(&self.connections).await
    }

    async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        migrate::pending(&self.connections).await
    }

    fn load(&self) -> Load {
        Load { writes_waiting: self.gathering.waiting() as u64, ..self.connections.load() }
    }

    async fn ping(&self) -> Result<(), StoreError> {
        read::ping(&self.connections).await
    }

    async fn directory(&self, name: &str) -> Result<Option<DirectoryRow>, StoreError> {
        self.connections.lend(async |connection| operator::directory(connection, name).await).await
    }

    #[tracing::instrument(name = "store.token", target = "scimd::span", skip_all)]
    async fn token(&self, digest: &TokenDigest) -> Result<Option<(TokenRow, DirectoryRow)>, StoreError> {
        self.connections.lend(async |connection| operator::token(connection, digest).await).await
    }

    async fn token_of(&self, directory: DirectoryId, token: TokenId) -> Result<Option<(TokenRow, DirectoryRow)>, StoreError> {
        self.connections.lend(async |connection| operator::token_of(connection, directory, token).await).await
    }

    async fn definitions(&self, directory: Option<DirectoryId>, limit: u32) -> Result<Vec<DefinitionRow>, StoreError> {
        definitions::definitions(&self.connections, directory, limit).await
    }

    async fn change_definitions(&self, change: &DefinitionChange, now: Timestamp) -> Result<(), StoreError> {
        definitions::change(&self.connections, change, now).await
    }

    async fn wait_for_changes(&self) -> Result<(), StoreError> {
        definitions::wait_for_changes(&self.connections).await
    }

    async fn index_resources(
        &self,
        directory: DirectoryId,
        revision: i64,
        resource_type: &str,
        resources: Vec<ResourceIndex>,
    ) -> Result<Vec<ResourceId>, StoreError> {
        definitions::index_resources(&self.connections, directory, revision, resource_type, &resources).await
    }

    async fn drop_index(
        &self,
        directory: DirectoryId,
        revision: i64,
        resource_type: &str,
        attribute: &str,
        limit: u32,
    ) -> Result<u64, StoreError> {
        definitions::drop_index(&self.connections, directory, revision, resource_type, attribute, limit).await
    }

    #[tracing::instrument(name = "store.get", target = "scimd::span", skip_all)]
    async fn get(&self, directory: DirectoryId, resource_type: &str, id: ResourceId) -> Result<Option<Stored>, StoreError> {
        read::get(&self.connections, directory, resource_type, id).await
    }

    async fn directory_key(&self, directory: DirectoryId, purpose: &str, candidate: &[u8; 32]) -> Result<[u8; 32], StoreError> {
        self.connections.lend(async |connection| operator::directory_key(connection, directory, purpose, candidate).await).await
    }

    #[tracing::instrument(name = "store.search", target = "scimd::span", skip_all)]
    async fn search(&self, directory: DirectoryId, query: &Query<'_>) -> Result<Page, StoreError> {
        search::search(&self.connections, directory, query).await
    }

    #[tracing::instrument(name = "store.list", target = "scimd::span", skip_all)]
    async fn list(&self, directory: DirectoryId, listing: &Listing<'_>) -> Result<ListingPage, StoreError> {
        search::list(&self.connections, directory, listing).await
    }

    #[tracing::instrument(name = "store.references", target = "scimd::span", skip_all)]
    async fn references(&self, directory: DirectoryId, ids: &[ResourceId]) -> Result<Vec<Reference>, StoreError> {
        read::references(&self.connections, directory, ids).await
    }

    #[tracing::instrument(name = "store.members", target = "scimd::span", skip_all)]
    async fn members(
        &self,
        directory: DirectoryId,
        group: ResourceId,
        after: Option<ResourceId>,
        limit: u32,
    ) -> Result<Vec<Reference>, StoreError> {
        read::members(&self.connections, directory, group, after, limit).await
    }

    #[tracing::instrument(name = "store.members_of", target = "scimd::span", skip_all)]
    async fn members_of(
        &self,
        directory: DirectoryId,
        groups: &[ResourceId],
        limit: u32,
    ) -> Result<Vec<(ResourceId, Reference)>, StoreError> {
        read::members_of(&self.connections, directory, groups, limit).await
    }

    #[tracing::instrument(name = "store.memberships", target = "scimd::span", skip_all)]
    async fn memberships(
        &self,
        directory: DirectoryId,
        members: &[ResourceId],
        depth: u32,
        shown: &[&ShownType],
    ) -> Result<Vec<Membership>, StoreError> {
        read::memberships(&self.connections, directory, members, depth, shown).await
    }

    async fn password_hash(&self, directory: DirectoryId, id: ResourceId) -> Result<Option<String>, StoreError> {
        read::password_hash(&self.connections, directory, id).await
    }

    #[tracing::instrument(name = "store.commit", target = "scimd::span", skip_all)]
    async fn commit(&self, directory: DirectoryId, commit: Commit) -> Result<Committed, StoreError> {
        commit::commit(&self.connections, &self.gathering, directory, commit).await
    }

    async fn was_deleted(&self, directory: DirectoryId, id: ResourceId) -> Result<bool, StoreError> {
        self.connections.lend(async |connection| operator::was_deleted(connection, directory, id).await).await
    }

    async fn lift_tombstone(&self, directory: DirectoryId, resource_type: &str, id: ResourceId) -> Result<bool, StoreError> {
        self.connections.lend(async |connection| operator::lift_tombstone(connection, directory, resource_type, id).await).await
    }

    async fn close(&self) {
        self.connections.close().await;
    }
}

#[async_trait]
impl OperatorStore for PostgresStore {
    async fn operate(&self, operation: Operation, entry: AuditEntry) -> Result<i64, StoreError> {
        self.connections.transact(async |connection| operator::operate(connection, &operation, &entry).await).await
    }

    async fn directories(&self, after: Option<&str>, limit: u32) -> Result<Vec<DirectoryRow>, StoreError> {
        self.connections.lend(async |connection| operator::directories(connection, after, limit).await).await
    }

    async fn unfinished_directories(&self, after: Option<&str>, limit: u32) -> Result<Vec<DirectoryRow>, StoreError> {
        self.connections.lend(async |connection| operator::unfinished_directories(connection, after, limit).await).await
    }

    async fn taken_elsewhere(&self, directory: DirectoryId, values: &[GlobalValue]) -> Result<Vec<usize>, StoreError> {
        definitions::taken_elsewhere(&self.connections, directory, values).await
    }

    async fn tokens(&self, directory: DirectoryId, after: Option<TokenId>, limit: u32) -> Result<Vec<TokenRow>, StoreError> {
        self.connections.lend(async |connection| operator::tokens(connection, directory, after, limit).await).await
    }

    async fn expiring_tokens(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<TokenRow>, StoreError> {
        self.connections.lend(async |connection| operator::expiring_tokens(connection, now, until, limit).await).await
    }

    async fn note_uses(&self, uses: Vec<TokenUse>) -> Result<(), StoreError> {
        self.connections.transact(async |connection| operator::note_uses(connection, &uses).await).await
    }

    async fn token_uses(&self, directory: DirectoryId, after: Option<TokenId>, limit: u32) -> Result<Vec<TokenUse>, StoreError> {
        self.connections.lend(async |connection| operator::token_uses(connection, directory, after, limit).await).await
    }

    async fn note_assertion(
        &self,
        directory: DirectoryId,
        client: TokenId,
        jti: &[u8; 32],
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let note = async |connection: &mut _| operator::note_assertion(connection, directory, client, jti, expires, now).await;
        self.connections.transact(note).await
    }

    async fn accounts(&self, after: Option<&str>, limit: u32) -> Result<Vec<AccountRow>, StoreError> {
        self.connections.lend(async |connection| operator::accounts(connection, after, limit).await).await
    }

    async fn account(&self, name: &str) -> Result<Option<AccountRow>, StoreError> {
        self.connections.lend(async |connection| operator::account(connection, name).await).await
    }

    async fn api_keys(&self, account: AccountId, limit: u32) -> Result<Vec<ApiKeyRow>, StoreError> {
        self.connections.lend(async |connection| operator::api_keys(connection, account, limit).await).await
    }

    async fn api_key(&self, digest: &TokenDigest) -> Result<Option<(ApiKeyRow, AccountRow)>, StoreError> {
        self.connections.lend(async |connection| operator::api_key(connection, digest).await).await
    }

    async fn note_key_use(&self, key: ApiKeyId, now: Timestamp, address: Option<&str>) -> Result<(), StoreError> {
        self.connections.lend(async |connection| operator::note_key_use(connection, key, now, address).await).await
    }

    async fn roll(
        &self,
        directory: DirectoryId,
        query: &Query<'_>,
        standing: Option<Standing>,
    ) -> Result<Vec<Stored>, StoreError> {
        search::roll(&self.connections, directory, query, standing).await
    }

    async fn tombstones(
        &self,
        directory: DirectoryId,
        resource_type: &str,
        after: Option<ResourceId>,
        limit: u32,
    ) -> Result<Vec<Tombstone>, StoreError> {
        self.connections
            .lend(async |connection| operator::tombstones(connection, directory, resource_type, after, limit).await)
            .await
    }

    async fn forget_tombstones(&self, directory: DirectoryId, until: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.connections.lend(async |connection| operator::forget_tombstones(connection, directory, until, limit).await).await
    }

    async fn audit(&self, filter: &AuditFilter, before: Option<i64>, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.connections.lend(async |connection| operator::audit(connection, filter, before, limit).await).await
    }

    async fn audit_after(&self, filter: &AuditFilter, after: i64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.connections.lend(async |connection| operator::audit_after(connection, filter, after, limit).await).await
    }

    async fn audit_start(&self) -> Result<Link, StoreError> {
        self.connections.lend(async |connection| operator::audit_start(connection).await).await
    }

    async fn forget_audit(&self, until: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.connections.transact(async |connection| operator::forget_audit(connection, until, limit).await).await
    }
}

#[async_trait]
impl TransferStore for PostgresStore {
    async fn snapshot(&self, directory: DirectoryId) -> Result<Box<dyn Snapshot>, StoreError> {
        Ok(Box::new(transfer::snapshot(&self.connections, directory).await?))
    }

    async fn settled(&self, directory: DirectoryId) -> Result<i64, StoreError> {
        transfer::settled(&self.connections, directory).await
    }

    async fn stored(&self, directory: DirectoryId, ids: &[ResourceId]) -> Result<Vec<Exported>, StoreError> {
        transfer::stored(&self.connections, directory, ids).await
    }

    async fn import_resources(
        &self,
        directory: DirectoryId,
        basis: Basis,
        now: Timestamp,
        resources: Vec<Imported>,
    ) -> Result<Option<Taken>, StoreError> {
        transfer::import_resources(&self.connections, directory, basis, now, &resources).await
    }

    async fn import_members(&self, directory: DirectoryId, edges: Vec<Edge>) -> Result<(), StoreError> {
        transfer::import_members(&self.connections, directory, &edges).await
    }
}
