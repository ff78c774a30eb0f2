//! The store in one file, for a server that needs no other: SQLite, bundled.
//!
//! Reads go to a pool of connections that cannot write, each statement on its own snapshot, and wait for nobody. Changes
//! go to one task that commits whatever is waiting in one durable transaction.
//!
//! - [`connect`]: the file, its settings, [`SqliteOptions`]
//! - [`failure`]: what SQLite's result codes mean
//! - [`migrate`]: the tables
//! - [`read`], [`search`]: what is read of resources
//! - [`scan`]: a statement that no index serves
//! - [`writer`]: the queue and the task
//! - [`batch`]: the transaction that jobs share
//! - [`change`]: the statements of one change
//! - [`operator`]: what operators keep, in statements for both back ends; [`dialect`]: what those are made of here
//! - [`definitions`]: schemas and resource types of an operator
//! - [`requests`]: the request log, in [`statements`] that are, but for the writing, the same for both back ends
//! - [`transfer`]: a Directory on its way out and in

mod batch;
mod change;
mod connect;
mod definitions;
mod dialect;
mod failure;
mod migrate;
#[allow(clippy::duplicate_mod, reason = "compiled once for each back end, with its dialect")]
#[path = "../sql/operator/mod.rs"]
mod operator;
mod read;
mod requests;
mod scan;
mod search;
#[allow(clippy::duplicate_mod, reason = "compiled once for each back end, with its dialect")]
#[path = "../sql/requests.rs"]
mod statements;
#[cfg(test)]
mod tests;
mod transfer;
mod writer;

pub use connect::SqliteOptions;
pub use requests::SqliteRequests;

use self::connect::Database;
use self::writer::{Job, Writer};
use super::audit::{AuditEntry, AuditFilter, AuditRow, Link};
use super::budget::ScanBudget;
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
use sqlx::Sqlite;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;

/// A store in one SQLite file.
///
/// Several processes may have the same file open; each waits for the other's transactions for
/// [`SqliteOptions::busy_timeout`].
#[derive(Debug)]
pub struct SqliteStore {
    database: Database,
    readers: SqlitePool,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the file that `url` names, such as `sqlite:/var/lib/scimd/scimd.db`; creates it, readable by its owner alone,
    /// if it is missing. The tables are brought up to date by [`Store::migrate`] only.
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the file cannot be opened, is no database, or does not take the settings that
    ///   durability rests on; or `url` asks for a database in memory
    pub async fn open(url: &str, options: SqliteOptions) -> Result<Self, StoreError> {
        let database = Database::open(url, options).await?;
        // The writer comes first: it makes the file a WAL database, which those that cannot write could not.
        let writer = Writer::start(database.clone()).await?;
        let readers = database.readers();
        Ok(Self { database, readers, writer })
    }

    /// A connection that cannot write.
    async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        self.readers.acquire().await.map_err(failure::store_error)
    }

    fn budget(&self) -> ScanBudget {
        ScanBudget::new(self.database.options().scan_timeout)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        migrate::migrate(&self.database).await
    }

    async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        migrate::pending(&self.readers).await
    }

    fn load(&self) -> Load {
        let (all, idle) = (u64::from(self.readers.size()), self.readers.num_idle() as u64);
        let writes_waiting = self.writer.waiting() as u64;
        Load { connections_in_use: all.saturating_sub(idle), connections_idle: idle, writes_waiting }
    }

    async fn ping(&self) -> Result<(), StoreError> {
        if self.writer.is_closed() {
            return Err(writer::closed());
        }
        read::ping(&self.readers).await
    }

    async fn directory(&self, name: &str) -> Result<Option<DirectoryRow>, StoreError> {
        operator::directory(&mut *self.reader().await?, name).await
    }

    #[tracing::instrument(name = "store.token", target = "scimd::span", skip_all)]
    async fn token(&self, digest: &TokenDigest) -> Result<Option<(TokenRow, DirectoryRow)>, StoreError> {
        operator::token(&mut *self.reader().await?, digest).await
    }

    async fn token_of(&self, directory: DirectoryId, token: TokenId) -> Result<Option<(TokenRow, DirectoryRow)>, StoreError> {
        operator::token_of(&mut *self.reader().await?, directory, token).await
    }

    async fn definitions(&self, directory: Option<DirectoryId>, limit: u32) -> Result<Vec<DefinitionRow>, StoreError> {
        definitions::definitions(&self.readers, directory, limit).await
    }

    async fn change_definitions(&self, change: &DefinitionChange, now: Timestamp) -> Result<(), StoreError> {
        let change = change.clone();
        self.writer.ask(|reply| Job::ChangeDefinitions { change, now, reply }).await
    }

    async fn wait_for_changes(&self) -> Result<(), StoreError> {
        // Each change looks at the revision in a transaction that writes, and there is one of those at a time.
        Ok(())
    }

    async fn index_resources(
        &self,
        directory: DirectoryId,
        revision: i64,
        resource_type: &str,
        resources: Vec<ResourceIndex>,
    ) -> Result<Vec<ResourceId>, StoreError> {
        let resource_type = resource_type.to_owned();
        self.writer.ask(|reply| Job::IndexResources { directory, revision, resource_type, resources, reply }).await
    }

    async fn drop_index(
        &self,
        directory: DirectoryId,
        revision: i64,
        resource_type: &str,
        attribute: &str,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let (resource_type, attribute) = (resource_type.to_owned(), attribute.to_owned());
        self.writer.ask(|reply| Job::DropIndex { directory, revision, resource_type, attribute, limit, reply }).await
    }

    #[tracing::instrument(name = "store.get", target = "scimd::span", skip_all)]
    async fn get(&self, directory: DirectoryId, resource_type: &str, id: ResourceId) -> Result<Option<Stored>, StoreError> {
        read::get(&self.readers, directory, resource_type, id).await
    }

    async fn directory_key(&self, directory: DirectoryId, purpose: &str, candidate: &[u8; 32]) -> Result<[u8; 32], StoreError> {
        let (purpose, secret) = (purpose.to_owned(), *candidate);
        self.writer.ask(|reply| Job::CreateDirectoryKey { directory, purpose, secret, reply }).await
    }

    #[tracing::instrument(name = "store.search", target = "scimd::span", skip_all)]
    async fn search(&self, directory: DirectoryId, query: &Query<'_>) -> Result<Page, StoreError> {
        search::search(&self.readers, self.budget(), directory, query).await
    }

    #[tracing::instrument(name = "store.list", target = "scimd::span", skip_all)]
    async fn list(&self, directory: DirectoryId, listing: &Listing<'_>) -> Result<ListingPage, StoreError> {
        search::list(&self.readers, self.budget(), directory, listing).await
    }

    #[tracing::instrument(name = "store.references", target = "scimd::span", skip_all)]
    async fn references(&self, directory: DirectoryId, ids: &[ResourceId]) -> Result<Vec<Reference>, StoreError> {
        read::references(&self.readers, directory, ids).await
    }

    #[tracing::instrument(name = "store.members", target = "scimd::span", skip_all)]
    async fn members(
        &self,
        directory: DirectoryId,
        group: ResourceId,
        after: Option<ResourceId>,
        limit: u32,
    ) -> Result<Vec<Reference>, StoreError> {
        read::members(&self.readers, directory, group, after, limit).await
    }

    #[tracing::instrument(name = "store.members_of", target = "scimd::span", skip_all)]
    async fn members_of(
        &self,
        directory: DirectoryId,
        groups: &[ResourceId],
        limit: u32,
    ) -> Result<Vec<(ResourceId, Reference)>, StoreError> {
        read::members_of(&self.readers, directory, groups, limit).await
    }

    #[tracing::instrument(name = "store.memberships", target = "scimd::span", skip_all)]
    async fn memberships(
        &self,
        directory: DirectoryId,
        members: &[ResourceId],
        depth: u32,
        shown: &[&ShownType],
    ) -> Result<Vec<Membership>, StoreError> {
        read::memberships(&self.readers, directory, members, depth, shown).await
    }

    async fn password_hash(&self, directory: DirectoryId, id: ResourceId) -> Result<Option<String>, StoreError> {
        read::password_hash(&self.readers, directory, id).await
    }

    #[tracing::instrument(name = "store.commit", target = "scimd::span", skip_all)]
    async fn commit(&self, directory: DirectoryId, commit: Commit) -> Result<Committed, StoreError> {
        self.writer.ask(|reply| Job::Commit { directory, commit, reply }).await
    }

    async fn was_deleted(&self, directory: DirectoryId, id: ResourceId) -> Result<bool, StoreError> {
        operator::was_deleted(&mut *self.reader().await?, directory, id).await
    }

    async fn lift_tombstone(&self, directory: DirectoryId, resource_type: &str, id: ResourceId) -> Result<bool, StoreError> {
        let resource_type = resource_type.to_owned();
        self.writer.ask(|reply| Job::LiftTombstone { directory, resource_type, id, reply }).await
    }

    async fn close(&self) {
        // Readers first: the last connection to close writes the log back to the file.
        self.readers.close().await;
        // An error says that it was closed before.
        let _ = self.writer.ask(|reply| Job::Close { reply }).await;
    }
}

#[async_trait]
impl OperatorStore for SqliteStore {
    async fn operate(&self, operation: Operation, entry: AuditEntry) -> Result<i64, StoreError> {
        self.writer.ask(|reply| Job::Operate { operation: Box::new((operation, entry)), reply }).await
    }

    async fn directories(&self, after: Option<&str>, limit: u32) -> Result<Vec<DirectoryRow>, StoreError> {
        operator::directories(&mut *self.reader().await?, after, limit).await
    }

    async fn unfinished_directories(&self, after: Option<&str>, limit: u32) -> Result<Vec<DirectoryRow>, StoreError> {
        operator::unfinished_directories(&mut *self.reader().await?, after, limit).await
    }

    async fn taken_elsewhere(&self, directory: DirectoryId, values: &[GlobalValue]) -> Result<Vec<usize>, StoreError> {
        definitions::taken_elsewhere(&self.readers, directory, values).await
    }

    async fn tokens(&self, directory: DirectoryId, after: Option<TokenId>, limit: u32) -> Result<Vec<TokenRow>, StoreError> {
        operator::tokens(&mut *self.reader().await?, directory, after, limit).await
    }

    async fn expiring_tokens(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<TokenRow>, StoreError> {
        operator::expiring_tokens(&mut *self.reader().await?, now, until, limit).await
    }

    async fn note_uses(&self, uses: Vec<TokenUse>) -> Result<(), StoreError> {
        self.writer.ask(|reply| Job::NoteUses { uses, reply }).await
    }

    async fn token_uses(&self, directory: DirectoryId, after: Option<TokenId>, limit: u32) -> Result<Vec<TokenUse>, StoreError> {
        operator::token_uses(&mut *self.reader().await?, directory, after, limit).await
    }

    async fn note_assertion(
        &self,
        directory: DirectoryId,
        client: TokenId,
        jti: &[u8; 32],
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let jti = *jti;
        self.writer.ask(|reply| Job::NoteAssertion { directory, client, jti, expires, now, reply }).await
    }

    async fn accounts(&self, after: Option<&str>, limit: u32) -> Result<Vec<AccountRow>, StoreError> {
        operator::accounts(&mut *self.reader().await?, after, limit).await
    }

    async fn account(&self, name: &str) -> Result<Option<AccountRow>, StoreError> {
        operator::account(&mut *self.reader().await?, name).await
    }

    async fn api_keys(&self, account: AccountId, limit: u32) -> Result<Vec<ApiKeyRow>, StoreError> {
        operator::api_keys(&mut *self.reader().await?, account, limit).await
    }

    async fn api_key(&self, digest: &TokenDigest) -> Result<Option<(ApiKeyRow, AccountRow)>, StoreError> {
        operator::api_key(&mut *self.reader().await?, digest).await
    }

    async fn note_key_use(&self, key: ApiKeyId, now: Timestamp, address: Option<&str>) -> Result<(), StoreError> {
        let address = address.map(str::to_owned);
        self.writer.ask(|reply| Job::NoteKeyUse { key, now, address, reply }).await
    }

    async fn roll(
        &self,
        directory: DirectoryId,
        query: &Query<'_>,
        standing: Option<Standing>,
    ) -> Result<Vec<Stored>, StoreError> {
        search::roll(&self.readers, self.budget(), directory, query, standing).await
    }

    async fn tombstones(
        &self,
        directory: DirectoryId,
        resource_type: &str,
        after: Option<ResourceId>,
        limit: u32,
    ) -> Result<Vec<Tombstone>, StoreError> {
        operator::tombstones(&mut *self.reader().await?, directory, resource_type, after, limit).await
    }

    async fn forget_tombstones(&self, directory: DirectoryId, until: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.writer.ask(|reply| Job::ForgetTombstones { directory, until, limit, reply }).await
    }

    async fn audit(&self, filter: &AuditFilter, before: Option<i64>, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        operator::audit(&mut *self.reader().await?, filter, before, limit).await
    }

    async fn audit_after(&self, filter: &AuditFilter, after: i64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        operator::audit_after(&mut *self.reader().await?, filter, after, limit).await
    }

    async fn audit_start(&self) -> Result<Link, StoreError> {
        operator::audit_start(&mut *self.reader().await?).await
    }

    async fn forget_audit(&self, until: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.writer.ask(|reply| Job::ForgetAudit { until, limit, reply }).await
    }
}

#[async_trait]
impl TransferStore for SqliteStore {
    async fn snapshot(&self, directory: DirectoryId) -> Result<Box<dyn Snapshot>, StoreError> {
        Ok(Box::new(transfer::snapshot(&self.database, directory).await?))
    }

    async fn settled(&self, directory: DirectoryId) -> Result<i64, StoreError> {
        transfer::settled(&self.readers, directory).await
    }

    async fn stored(&self, directory: DirectoryId, ids: &[ResourceId]) -> Result<Vec<Exported>, StoreError> {
        transfer::stored(&self.readers, directory, ids).await
    }

    async fn import_resources(
        &self,
        directory: DirectoryId,
        basis: Basis,
        now: Timestamp,
        resources: Vec<Imported>,
    ) -> Result<Option<Taken>, StoreError> {
        self.writer.ask(|reply| Job::ImportResources { directory, basis, now, resources, reply }).await
    }

    async fn import_members(&self, directory: DirectoryId, edges: Vec<Edge>) -> Result<(), StoreError> {
        self.writer.ask(|reply| Job::ImportMembers { directory, edges, reply }).await
    }
}
