//! What can be changed. One [`Commit`] is one transaction with its events.
//!
//! Each resource that gets a new version gets one row in `events`, with that version: so a resource's versions in
//! `events` rise, and none is missing. `detail` is `{"added":2,"removed":1}`, the numbers of members that came and went,
//! where any did, else NULL.

use crate::clock::Timestamp;
use crate::id::{ResourceId, TokenId};
use crate::scim::resource::{Gram, IndexRow};
use crate::store::audit::AuditEntry;
use crate::store::{Burial, MatchKeys, Source};

/// A change, and who made it when.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The token that asked for it; `None`: an operator.
    pub actor: Option<TokenId>,
    /// When.
    pub now: Timestamp,
    /// The schemas that it was made by; `None`: by none, for nothing in it depends on them.
    pub basis: Option<Basis>,
    /// How much there may be of what it adds to.
    pub bounds: Bounds,
    /// What an operator does by it: comes on record with it, unless nothing changes.
    pub record: Option<Box<AuditEntry>>,
    /// What.
    pub change: Change,
}

/// How much there may be of what a change adds to; `None`: any number. What is there is never too much: a change that adds nothing
/// is not refused, nor one that leaves less than there was.
///
/// They hold also for changes at the same time, and cost those alone that have one: who adds waits for others who add to the same.
/// Nothing is counted for them that grows without end: of resources there is a number already (`counters`), and of
/// members and memberships no more are counted than there may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Resources of the type, for a new one.
    pub resources_max: Option<u32>,
    /// Members of the resource.
    pub members_max: Option<u32>,
    /// Resources of the type that a member who is added may be a direct member of.
    pub memberships_max: Option<MembershipBound>,
}

/// See [`Bounds::memberships_max`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MembershipBound {
    /// The type of the members that it holds for.
    pub member_type: &'static str,
    /// How many.
    pub max: u32,
}

/// What there is as much of as may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// Resources of a type.
    Resources {
        /// The type.
        resource_type: String,
        /// How many.
        max: u32,
    },
    /// Members of the resource.
    Members {
        /// How many.
        max: u32,
    },
    /// Groups that a member is in.
    Memberships {
        /// How many.
        max: u32,
    },
}

/// The schemas that a change was made by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// Their revision. If the Directory is at a higher one, the change is refused: it may lack index rows, or have values that
    /// nobody reads any more.
    pub revision: i64,
    /// Whether an index of the type is being built. Somebody else writes rows for stored resources then, so whoever replaces or
    /// deletes one must see those that were written until it got hold of the resource.
    pub building: bool,
}

/// What changes.
#[derive(Debug, Clone)]
pub enum Change {
    /// A new resource.
    Create(Box<NewResource>),
    /// An existing one.
    Update(Box<Update>),
    /// An existing one goes, out of all groups too; those groups move to a new version (D-41), which is an `update` of
    /// each in `events`. The version of its own event and in [`Committed`] is the one after its last.
    Delete {
        /// The name of its type.
        resource_type: String,
        /// Its id.
        id: ResourceId,
        /// The version it must be at: that of the document that `index` was made from.
        expected_version: i64,
        /// Its rows in the index.
        index: Vec<IndexRow>,
        /// What is left of it, if anything is.
        burial: Option<Box<Burial>>,
    },
}

impl Change {
    /// The resource that changes.
    pub fn resource(&self) -> ResourceId {
        match self {
            Self::Create(new) => new.id,
            Self::Update(update) => update.id,
            Self::Delete { id, .. } => *id,
        }
    }
}

/// A resource to create, at version 1.
#[derive(Debug, Clone)]
pub struct NewResource {
    /// Its id.
    pub id: ResourceId,
    /// The name of its type.
    pub resource_type: String,
    /// The text of its document.
    pub document: String,
    /// The text of its key document: see `scim::resource::keys`.
    pub keys: String,
    /// Its rows in the index.
    pub index: Vec<IndexRow>,
    /// Its grams, in order, each once.
    pub grams: Vec<Gram>,
    /// The hash of its password, in PHC form.
    pub password_hash: Option<String>,
    /// Its members, without duplicates.
    pub members: Vec<ResourceId>,
    /// The names of the types that members may have.
    pub member_types: Vec<String>,
    /// Who makes it.
    pub source: Source,
    /// By what it is recognised as one that was deleted and is barred, which is [`StoreError::Barred`]; `None`: nobody looks.
    ///
    /// [`StoreError::Barred`]: super::StoreError::Barred
    pub match_keys: Option<MatchKeys>,
    /// Whether its id may be one that was given out before, as it comes of a client's key: if the resource that had it was deleted, this
    /// is [`StoreError::Spent`] (D-21).
    ///
    /// [`StoreError::Spent`]: super::StoreError::Spent
    pub once: bool,
}

/// A change of a resource that exists.
///
/// If nothing of it changes anything (no document, and no member row added or removed), nothing is written: same
/// version, no event (D-62).
#[derive(Debug, Clone)]
pub struct Update {
    /// The name of its type.
    pub resource_type: String,
    /// Its id.
    pub id: ResourceId,
    /// The version it must be at. Always given with `document`; with members alone only for If-Match, because adding
    /// and removing members commutes with what others do.
    pub expected_version: Option<i64>,
    /// The new document, if it differs from the stored one.
    pub document: Option<DocumentChange>,
    /// The password.
    pub password: PasswordChange,
    /// The members.
    pub members: MemberChange,
    /// The names of the types that members may have.
    pub member_types: Vec<String>,
    /// The source that it must be of, else [`StoreError::OtherSource`]; `None`: any.
    ///
    /// [`StoreError::OtherSource`]: super::StoreError::OtherSource
    pub source: Option<Source>,
    /// Whether it is held from now on, if that changes. Counts as a change.
    pub held: Option<bool>,
}

/// A new document for a resource.
#[derive(Debug, Clone)]
pub struct DocumentChange {
    /// Its text.
    pub document: String,
    /// The text of its key document.
    pub keys: String,
    /// Rows to remove from the index: those of the old document that the new one has not.
    pub index_removed: Vec<IndexRow>,
    /// Rows to add to the index.
    pub index_added: Vec<IndexRow>,
    /// All its grams, if they are not those of the old document.
    pub grams: Option<Vec<Gram>>,
}

/// What happens to the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordChange {
    /// It stays.
    Keep,
    /// It becomes this hash, in PHC form. Counts as a change.
    Set(String),
    /// It goes.
    Remove,
}

/// What happens to the members of a resource, as set operations, so that the cost is that of the change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberChange {
    /// First all members go, except those in `add`, which stay as they are if present.
    pub clear: bool,
    /// These go; without effect for those that are not there.
    pub remove: Vec<ResourceId>,
    /// These come; without effect for those that are there. Disjoint from `remove`, without duplicates.
    pub add: Vec<ResourceId>,
}

impl MemberChange {
    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        !self.clear && self.remove.is_empty() && self.add.is_empty()
    }
}

/// What a commit did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The resource's version afterwards.
    pub version: i64,
    /// Its `meta.created`.
    pub created: Timestamp,
    /// Its `meta.lastModified` afterwards.
    pub last_modified: Timestamp,
    /// Whether anything changed.
    pub changed: bool,
}
