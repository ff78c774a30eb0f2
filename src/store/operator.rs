//! What operators keep: Directories, tokens, their own accounts and API keys, and the record of what they did.
//!
//! An act is one [`Operation`] with one [`AuditEntry`], in one transaction: nothing is done without being on record, and
//! nothing is on record that was not done.

use super::audit::{AuditEntry, AuditFilter, AuditRow, Link};
use super::{DirectoryRow, Query, Standing, Store, StoreError, Stored, TokenDigest, TokenRow, Tombstone, TransferStore};
use crate::clock::Timestamp;
use crate::id::{AccountId, ApiKeyId, DirectoryId, ResourceId, TokenId};
use async_trait::async_trait;

/// Whether a Directory serves its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DirectoryStatus {
    /// It does.
    Active,
    /// Not for a while: clients are told to come again.
    Paused,
    /// Not until an operator enables it: clients are refused.
    Disabled,
    /// Never again: what is in it is being deleted.
    Deleting,
}

impl DirectoryStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Active, Self::Paused, Self::Disabled, Self::Deleting];

    /// The word in the column `status`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
            Self::Deleting => "deleting",
        }
    }

    /// The status of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenKind {
    /// It is shown with each request (RFC 6750).
    Bearer,
    /// It is shown for short-lived tokens only (RFC 6749 §4.4).
    Client,
}

impl TokenKind {
    /// The word in the column `kind`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Client => "client",
        }
    }

    /// The kind of a word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Bearer, Self::Client].into_iter().find(|kind| kind.word() == word)
    }
}

/// What an operator may do, each role all that the ones after it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Everything, accounts included.
    Owner,
    /// Directories, tokens, users, groups.
    Operator,
    /// Looking.
    Viewer,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Owner, Self::Operator, Self::Viewer];

    /// The word in the column `role`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
        }
    }

    /// The role of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// An operator's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Its number.
    pub id: AccountId,
    /// Its name, unique.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The hash of its password, in PHC form; `None`: it has API keys only.
    pub password_hash: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// Since when it is refused, if it is.
    pub disabled: Option<Timestamp>,
    /// Moves with every change.
    pub revision: i64,
}

/// What the names of API keys begin with that stand for somebody who signed in with a password: sessions.
pub const SESSION: &str = "session-";

/// An API key, without its secret: it is as good as the account that it belongs to, and dies with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// Its number.
    pub id: ApiKeyId,
    /// The account.
    pub account: AccountId,
    /// What people call it; unique among those of the account.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
    /// From when on it is refused, if ever.
    pub expires: Option<Timestamp>,
    /// When it was last used.
    pub last_used: Option<Timestamp>,
    /// From where.
    pub last_address: Option<String>,
}

/// A Directory to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDirectory {
    /// Its name in URLs.
    pub name: String,
    /// Its name for people; may be empty.
    pub display_name: String,
    /// The provider whose profile it has.
    pub provider: String,
    /// Settings that differ from the profile's, as a JSON object.
    pub settings: String,
    /// Whether it serves its clients.
    pub status: DirectoryStatus,
    /// Whether it refuses to be deleted.
    pub protected: bool,
}

/// A token to create; it is active at first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// The Directory that it opens.
    pub directory: DirectoryId,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub kind: TokenKind,
    /// The SHA-256 of its secret.
    pub digest: TokenDigest,
    /// From when on it is refused, if ever.
    pub expires: Option<Timestamp>,
    /// The user whom it stands for, if for one.
    pub user: Option<ResourceId>,
    /// What it may do; empty: everything.
    pub scopes: String,
    /// The public keys of a client, as a JSON Web Key Set.
    pub jwks: Option<String>,
}

/// When and from where a token was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenUse {
    /// The Directory.
    pub directory: DirectoryId,
    /// The token.
    pub token: TokenId,
    /// The last time.
    pub last_used: Timestamp,
    /// From where, the last time.
    pub last_address: Option<String>,
    /// How often; when it is written, how often since the last writing.
    pub uses: i64,
}

/// What an operator changes. A row that is given as it shall be says by its `revision` which one it was made from: if it has
/// changed since, the operation is refused with [`StoreError::VersionConflict`].
#[derive(Debug, Clone)]
pub enum Operation {
    /// Nothing here: the act changes something that is kept by other means, or nothing at all.
    Record,
    /// A new Directory. [`StoreError::Exists`] if the name is taken.
    CreateDirectory(NewDirectory),
    /// A Directory becomes this; its id, name, creation and schema revision stay.
    ChangeDirectory(DirectoryRow),
    /// As [`Operation::ChangeDirectory`]; its schema revision, which has to be that of the row, moves too, so that nothing is written
    /// any more by the rules of before. [`StoreError::SchemasChanged`] if it has another one.
    ChangeRules {
        /// The Directory.
        directory: DirectoryRow,
        /// The indexes that are being built from then on, each by its name and its definition
        /// ([`DefinitionKind::Building`](super::DefinitionKind)).
        building: Vec<(String, String)>,
    },
    /// As [`Operation::ChangeRules`], and all its tokens are revoked. It has no provider any more, and is disconnecting until
    /// [`Operation::KeepPiece`] has given all of its resources to the operators.
    Disconnect(DirectoryRow),
    /// Up to `limit` resources of a Directory that is disconnecting become the operators' own, or, once all are, so many of those
    /// that were deleted are forgotten; gives how many. 0: that was all. Nothing of it is put on record.
    /// [`StoreError::NotFound`] if it is not disconnecting.
    KeepPiece {
        /// The Directory.
        directory: DirectoryId,
        /// How many rows.
        limit: u32,
    },
    /// Up to `limit` rows of what a Directory holds that is being deleted are removed; gives how many. Only what people know, that
    /// is, resources, is put on record, and how many of each type. [`StoreError::NotFound`] if it is not being deleted.
    RemovePiece {
        /// The Directory.
        directory: DirectoryId,
        /// How many rows.
        limit: u32,
    },
    /// A Directory goes that is being deleted, with its tokens, schemas and keys. [`StoreError::NotFound`] if it is not being
    /// deleted; [`StoreError::VersionConflict`], and nothing goes, if there are resources in it.
    DropDirectory(DirectoryId),
    /// A new token. `live_max`: how many that stand for no user may be in use, this one included;
    /// [`StoreError::LimitReached`] if it would be one too many. [`StoreError::Exists`] if a token that is not revoked has the name,
    /// [`StoreError::NotFound`] if there is no such Directory, or if it is disconnecting.
    CreateToken {
        /// The token.
        token: NewToken,
        /// The limit, if there is one.
        live_max: Option<u32>,
    },
    /// A token becomes this; its id, Directory, kind, user and creation stay. `live_max` as above, if it comes into use.
    ChangeToken {
        /// The token.
        token: TokenRow,
        /// The limit, if there is one.
        live_max: Option<u32>,
    },
    /// A warning of `days` days before its expiry is given for a token. [`StoreError::VersionConflict`] if that one or a later one
    /// was given before, or there is no such token.
    WarnOfToken {
        /// The Directory.
        directory: DirectoryId,
        /// The token.
        token: TokenId,
        /// How many days before.
        days: i64,
    },
    /// A token is forgotten that has this revision. [`StoreError::NotFound`] if there is none.
    DeleteToken {
        /// The Directory.
        directory: DirectoryId,
        /// The token.
        token: TokenId,
        /// The revision.
        revision: i64,
    },
    /// A new account. [`StoreError::Exists`] if the name is taken.
    CreateAccount {
        /// Its name.
        name: String,
        /// Its role.
        role: Role,
        /// The hash of its password.
        password_hash: Option<String>,
    },
    /// An account becomes this; its id, name and creation stay. [`StoreError::LastOwner`] if no owner would be left.
    ChangeAccount {
        /// The account.
        account: AccountRow,
        /// Whether its sessions end with it.
        ends_sessions: bool,
    },
    /// An account goes that has this revision, with its API keys. [`StoreError::NotFound`] if there is none,
    /// [`StoreError::LastOwner`] if no owner would be left.
    DeleteAccount {
        /// The account.
        account: AccountId,
        /// The revision.
        revision: i64,
    },
    /// A new API key of an account that has this revision and is not disabled. [`StoreError::Exists`] if it has one of this
    /// name, [`StoreError::NotFound`] if there is no such account.
    CreateApiKey {
        /// The account.
        account: AccountId,
        /// The account's revision.
        revision: i64,
        /// The key's name.
        name: String,
        /// The SHA-256 of its secret.
        digest: TokenDigest,
        /// From when on it is refused, if ever.
        expires: Option<Timestamp>,
        /// How many the account may have, this one included: of sessions the oldest make way, of other keys there can be no more
        /// ([`StoreError::LimitReached`]).
        max: u32,
    },
    /// An API key goes.
    DeleteApiKey(AccountId, ApiKeyId),
    /// The tombstone of a resource of a type goes, with the document that it keeps.
    ForgetTombstone {
        /// The Directory.
        directory: DirectoryId,
        /// The type.
        resource_type: &'static str,
        /// The resource.
        id: ResourceId,
    },
}

/// A value that is, or is to be, unique in all Directories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalValue {
    /// The type of the resource that has it.
    pub resource_type: String,
    /// The attribute, as named in the index.
    pub attribute: String,
    /// Its comparison key, as in the index.
    pub value: String,
}

/// Where what operators keep is kept.
#[async_trait]
pub trait OperatorStore: Store + TransferStore {
    /// Does something and puts it on record, both or neither. Gives the number of the row that was created or changed; 0 for
    /// [`Operation::Record`]. [`StoreError::NotFound`] if what is to be changed is not there.
    async fn operate(&self, operation: Operation, entry: AuditEntry) -> Result<i64, StoreError>;

    /// Up to `limit` Directories whose names come after `after`, by name.
    async fn directories(&self, after: Option<&str>, limit: u32) -> Result<Vec<DirectoryRow>, StoreError>;

    /// Those of them of which an index is being built or dropped.
    async fn unfinished_directories(&self, after: Option<&str>, limit: u32) -> Result<Vec<DirectoryRow>, StoreError>;

    /// The places of those of the values, rising, that a resource of another Directory has and that are unique in all of them there. At most 1,000.
    ///
    /// So that what many resources would be refused for is known before anything is written; whoever writes is refused by the database
    /// all the same.
    async fn taken_elsewhere(&self, directory: DirectoryId, values: &[GlobalValue]) -> Result<Vec<usize>, StoreError>;

    /// Up to `limit` tokens of a Directory with numbers above `after`, by number.
    async fn tokens(&self, directory: DirectoryId, after: Option<TokenId>, limit: u32) -> Result<Vec<TokenRow>, StoreError>;

    /// Up to `limit` tokens of all Directories that are in use and expire before `until`, by the time of expiry.
    async fn expiring_tokens(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<TokenRow>, StoreError>;

    /// Adds uses to those that are on record; of tokens that are gone, none. At most 1,000.
    async fn note_uses(&self, uses: Vec<TokenUse>) -> Result<(), StoreError>;

    /// The uses of the tokens of a Directory with numbers above `after`, up to `limit`, by number of the token.
    async fn token_uses(&self, directory: DirectoryId, after: Option<TokenId>, limit: u32) -> Result<Vec<TokenUse>, StoreError>;

    /// Notes that a client has shown an assertion, by the SHA-256 of its `jti`; it is remembered until `expires`. `false`: it was
    /// shown before, to whichever server, or the client is gone.
    async fn note_assertion(
        &self,
        directory: DirectoryId,
        client: TokenId,
        jti: &[u8; 32],
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Up to `limit` accounts with names after `after`, by name.
    async fn accounts(&self, after: Option<&str>, limit: u32) -> Result<Vec<AccountRow>, StoreError>;

    /// The account called `name`.
    async fn account(&self, name: &str) -> Result<Option<AccountRow>, StoreError>;

    /// The API keys of an account, up to `limit`, by number.
    async fn api_keys(&self, account: AccountId, limit: u32) -> Result<Vec<ApiKeyRow>, StoreError>;

    /// The API key with this digest and its account, whatever state they are in.
    async fn api_key(&self, digest: &TokenDigest) -> Result<Option<(ApiKeyRow, AccountRow)>, StoreError>;

    /// Notes when and from where an API key was used.
    async fn note_key_use(&self, key: ApiKeyId, now: Timestamp, address: Option<&str>) -> Result<(), StoreError>;

    /// A page of what a query selects, of those that stand as `standing` says; without counting the others.
    async fn roll(
        &self,
        directory: DirectoryId,
        query: &Query<'_>,
        standing: Option<Standing>,
    ) -> Result<Vec<Stored>, StoreError>;

    /// Up to `limit` tombstones of resources of a type with ids above `after`, by id.
    async fn tombstones(
        &self,
        directory: DirectoryId,
        resource_type: &str,
        after: Option<ResourceId>,
        limit: u32,
    ) -> Result<Vec<Tombstone>, StoreError>;

    /// Forgets up to `limit` of the oldest tombstones from before `until`, and returns how many.
    async fn forget_tombstones(&self, directory: DirectoryId, until: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Up to `limit` records of what was done that `filter` selects, with numbers below `before`, the latest first.
    async fn audit(&self, filter: &AuditFilter, before: Option<i64>, limit: u32) -> Result<Vec<AuditRow>, StoreError>;

    /// Up to `limit` records of what was done that `filter` selects, with numbers above `after`, the oldest first.
    async fn audit_after(&self, filter: &AuditFilter, after: i64, limit: u32) -> Result<Vec<AuditRow>, StoreError>;

    /// What the oldest record stands behind: the last one that was forgotten.
    async fn audit_start(&self) -> Result<Link, StoreError>;

    /// Forgets up to `limit` of the oldest records from before `until`, notes what the next one stands behind, and returns how
    /// many went. The last record stays.
    async fn forget_audit(&self, until: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
