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
//! - [`operator`]: Directories and tokens
//! - [`definitions`]: schemas and resource types of an operator

mod batch;
mod change;
mod connect;
mod definitions;
mod failure;
mod migrate;
mod operator;
mod read;
mod scan;
mod search;
#[cfg(test)]
mod tests;
mod writer;

pub use connect::SqliteOptions;

use self::connect::Database;
use self::writer::{Job, Writer};
use super::budget::ScanBudget;
use super::{
    Commit, Committed, DefinitionChange, DefinitionRow, DirectoryRow, Listing, ListingPage, Membership, Page, Query, Reference,
    ResourceIndex, Store, StoreError, Stored, TokenDigest, TokenRow,
};
use crate::clock::Timestamp;
use crate::id::{DirectoryId, ResourceId, TokenId};
use crate::scim::schema::ShownType;
use async_trait::async_trait;
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

    async fn ping(&self) -> Result<(), StoreError> {
        if self.writer.is_closed() {
            return Err(writer::closed());
        }
        read::ping(&self.readers).await
    }

    async fn create_directory(
        &self,
        name: &str,
        provider: &str,
        settings: &str,
        now: Timestamp,
    ) -> Result<DirectoryRow, StoreError> {
        let directory = operator::NewDirectory { name: name.into(), provider: provider.into(), settings: settings.into(), now };
        self.writer.ask(|reply| Job::CreateDirectory { directory, reply }).await
    }

    async fn directory(&self, name: &str) -> Result<Option<DirectoryRow>, StoreError> {
        operator::directory(&self.readers, name).await
    }

    async fn directories(&self, after: Option<&str>, limit: u32) -> Result<Vec<DirectoryRow>, StoreError> {
        operator::directories(&self.readers, after, limit).await
    }

    async fn create_token(
        &self,
        directory: DirectoryId,
        name: &str,
        digest: &TokenDigest,
        now: Timestamp,
        expires: Option<Timestamp>,
        user: Option<ResourceId>,
    ) -> Result<TokenRow, StoreError> {
        let token = operator::NewToken { directory, name: name.into(), digest: *digest, now, expires, user };
        self.writer.ask(|reply| Job::CreateToken { token, reply }).await
    }

    async fn token(&self, digest: &TokenDigest) -> Result<Option<(TokenRow, DirectoryRow)>, StoreError> {
        operator::token(&self.readers, digest).await
    }

    async fn tokens(&self, directory: DirectoryId, after: Option<TokenId>, limit: u32) -> Result<Vec<TokenRow>, StoreError> {
        operator::tokens(&self.readers, directory, after, limit).await
    }

    async fn revoke_token(&self, directory: DirectoryId, token: TokenId, now: Timestamp) -> Result<bool, StoreError> {
        self.writer.ask(|reply| Job::RevokeToken { directory, token, now, reply }).await
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

    async fn get(&self, directory: DirectoryId, resource_type: &str, id: ResourceId) -> Result<Option<Stored>, StoreError> {
        read::get(&self.readers, directory, resource_type, id).await
    }

    async fn directory_key(&self, directory: DirectoryId, purpose: &str, candidate: &[u8; 32]) -> Result<[u8; 32], StoreError> {
        if let Some(secret) = operator::directory_key(&self.readers, directory, purpose).await? {
            return Ok(secret);
        }
        let (purpose, secret) = (purpose.to_owned(), *candidate);
        self.writer.ask(|reply| Job::CreateDirectoryKey { directory, purpose, secret, reply }).await
    }

    async fn search(&self, directory: DirectoryId, query: &Query<'_>) -> Result<Page, StoreError> {
        search::search(&self.readers, self.budget(), directory, query).await
    }

    async fn list(&self, directory: DirectoryId, listing: &Listing<'_>) -> Result<ListingPage, StoreError> {
        search::list(&self.readers, self.budget(), directory, listing).await
    }

    async fn references(&self, directory: DirectoryId, ids: &[ResourceId]) -> Result<Vec<Reference>, StoreError> {
        read::references(&self.readers, directory, ids).await
    }

    async fn members(
        &self,
        directory: DirectoryId,
        group: ResourceId,
        after: Option<ResourceId>,
        limit: u32,
    ) -> Result<Vec<Reference>, StoreError> {
        read::members(&self.readers, directory, group, after, limit).await
    }

    async fn members_of(
        &self,
        directory: DirectoryId,
        groups: &[ResourceId],
        limit: u32,
    ) -> Result<Vec<(ResourceId, Reference)>, StoreError> {
        read::members_of(&self.readers, directory, groups, limit).await
    }

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

    async fn commit(&self, directory: DirectoryId, commit: Commit) -> Result<Committed, StoreError> {
        self.writer.ask(|reply| Job::Commit { directory, commit, reply }).await
    }

    async fn close(&self) {
        // Readers first: the last connection to close writes the log back to the file.
        self.readers.close().await;
        // An error says that it was closed before.
        let _ = self.writer.ask(|reply| Job::Close { reply }).await;
    }
}
