//! Whose a resource is, and what is left of one that was deleted.

use crate::clock::Timestamp;
use crate::id::{ResourceId, TokenId};
use crate::scim::resource::IndexRow;

/// Who made a resource. Nobody else changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The provider, by a client.
    Provisioned,
    /// An operator.
    Manual,
}

/// Which resources an operator wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Those of one source.
    Of(Source),
    /// Those that an operator disabled and no client enables.
    Held,
}

/// Whether a resource that was deleted may be created anew by a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bar {
    /// It may.
    No,
    /// Not until its client disables or deletes the one that is gone, as it does when somebody unassigns it there.
    UntilReassigned,
    /// Not until an operator says so.
    UntilLifted,
}

impl Source {
    /// The word for people.
    pub fn word(self) -> &'static str {
        if self == Self::Manual { "manual" } else { "provisioned" }
    }

    /// The source of the column `manual`.
    pub(super) fn of(manual: bool) -> Self {
        if manual { Self::Manual } else { Self::Provisioned }
    }
}

impl Bar {
    /// The word in the column `barred`.
    pub fn word(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::UntilReassigned => "untilReassigned",
            Self::UntilLifted => "untilLifted",
        }
    }

    /// The bar of a word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::No, Self::UntilReassigned, Self::UntilLifted].into_iter().find(|bar| bar.word() == word)
    }
}

/// By what a resource is recognised when it comes again: comparison keys, as in the index.
///
/// Two are the same if their `externalId`s are; if either has none, if their names are. Another person with the name of one
/// who left is somebody else to a provider that sends an `externalId`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MatchKeys {
    /// That of `userName`, else of `displayName`.
    pub name: Option<String>,
    /// That of `externalId`.
    pub external_id: Option<String>,
}

impl MatchKeys {
    /// Those of a resource with these rows in the index.
    pub fn of(index: &[IndexRow]) -> Self {
        let value = |name: &str| index.iter().find(|row| row.attribute == name).map(|row| row.value.clone());
        Self { name: value("userName").or_else(|| value("displayName")), external_id: value("externalId") }
    }
}

/// What is left of a resource that is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Burial {
    /// Whether its document is kept for operators.
    pub keep: bool,
    /// Whether it may come again.
    pub bar: Bar,
    /// What people call it.
    pub name: String,
    /// By what it is recognised.
    pub keys: MatchKeys,
}

/// A resource that was deleted, as far as anything of it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// The id that it had.
    pub id: ResourceId,
    /// The name of its type.
    pub resource_type: String,
    /// When it was deleted.
    pub at: Timestamp,
    /// By which token; `None`: by an operator.
    pub actor: Option<TokenId>,
    /// Its version after that.
    pub version: i64,
    /// Whether it may come again.
    pub bar: Bar,
    /// What people called it.
    pub name: String,
    /// The text of its document, if it is kept.
    pub document: Option<String>,
}
