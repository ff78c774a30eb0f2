//! Schemas and resource types that an operator gives, as they are kept.

use crate::id::{DirectoryId, ResourceId};
use crate::scim::resource::IndexRow;
use crate::store::audit::AuditEntry;

/// What a [`DefinitionRow`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DefinitionKind {
    /// A schema, by its URN.
    Schema,
    /// A resource type, by its name.
    ResourceType,
    /// An index whose rows are not all there yet, by `type/attribute`; the definition is `["type", "attribute"]`.
    Building,
}

impl DefinitionKind {
    /// The word in the column `kind`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::ResourceType => "resourceType",
            Self::Building => "building",
        }
    }

    /// The kind of a word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Schema, Self::ResourceType, Self::Building].into_iter().find(|kind| kind.word() == word)
    }
}

/// A schema or a resource type of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionRow {
    /// The Directory that it is for; `None`: every one.
    pub directory: Option<DirectoryId>,
    /// What it is.
    pub kind: DefinitionKind,
    /// What it is called.
    pub name: String,
    /// Its text.
    pub definition: String,
}

/// A change of the definitions of one Directory, or of those of every Directory.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DefinitionChange {
    /// Whose; `None`: those of every Directory.
    pub directory: Option<DirectoryId>,
    /// The Directories that were looked at, with the revision of the schemas that each had; the change is refused if one has
    /// another by now.
    pub expected: Vec<(DirectoryId, i64)>,
    /// These come, or take the place of those with their kind and name.
    pub put: Vec<(DefinitionKind, String, String)>,
    /// These go, by kind and name; none of them is in `put`.
    pub remove: Vec<(DefinitionKind, String)>,
    /// What somebody does by it: comes on record with it.
    pub record: Vec<AuditEntry>,
}

/// A stored resource and the rows that it is to have in an index that is being built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceIndex {
    /// The resource.
    pub id: ResourceId,
    /// Its version when the rows were made.
    pub version: i64,
    /// Its rows.
    pub rows: Vec<IndexRow>,
}
