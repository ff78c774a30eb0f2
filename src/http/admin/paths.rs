//! The variables of paths, with what the description says of them.

use crate::admin::Kind;
use crate::store::DefinitionKind;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// An account.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct AccountPath {
    /// The account's name.
    pub account: String,
}

/// An API key of an account.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct KeyPath {
    /// The account's name.
    pub account: String,
    /// The key's name or number.
    pub key: String,
}

/// A Directory.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DirectoryPath {
    /// The Directory's name.
    pub directory: String,
}

/// A token of a Directory.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TokenPath {
    /// The Directory's name.
    pub directory: String,
    /// The token's name or number; of a client also what it calls itself.
    pub token: String,
}

/// The definitions of a kind in a Directory.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DefinitionsPath {
    /// The Directory's name.
    pub directory: String,
    /// Which of them.
    #[param(inline)]
    pub kind: DefinitionWord,
}

/// A definition of a Directory.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DefinitionPath {
    /// The Directory's name.
    pub directory: String,
    /// Which of them.
    #[param(inline)]
    pub kind: DefinitionWord,
    /// The URN of the schema, or the name of the resource type.
    pub name: String,
}

/// The users or the groups of a Directory.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ResourcesPath {
    /// The Directory's name.
    pub directory: String,
    /// Which of them.
    #[param(inline)]
    pub kind: KindWord,
}

/// A user or a group of a Directory.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ResourcePath {
    /// The Directory's name.
    pub directory: String,
    /// Which of them.
    #[param(inline)]
    pub kind: KindWord,
    /// The id, or the user's userName or the group's displayName.
    pub resource: String,
}

/// A user or a group of a Directory that was deleted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DeletedPath {
    /// The Directory's name.
    pub directory: String,
    /// Which of them.
    #[param(inline)]
    pub kind: KindWord,
    /// The id that it had.
    pub id: String,
}

/// A user of a Directory.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct UserPath {
    /// The Directory's name.
    pub directory: String,
    /// The user's id or userName.
    pub user: String,
}

/// A group of a Directory.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct GroupPath {
    /// The Directory's name.
    pub directory: String,
    /// The group's id or displayName.
    pub group: String,
}

/// Users, or groups.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KindWord {
    /// Users.
    Users,
    /// Groups.
    Groups,
}

impl KindWord {
    /// The word in paths.
    pub fn word(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Groups => "groups",
        }
    }
}

impl From<KindWord> for Kind {
    fn from(word: KindWord) -> Self {
        match word {
            KindWord::Users => Self::User,
            KindWord::Groups => Self::Group,
        }
    }
}

/// Schemas, or resource types.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DefinitionWord {
    /// Schemas (RFC 7643 §7).
    Schemas,
    /// Resource types (RFC 7643 §6).
    ResourceTypes,
}

impl From<DefinitionWord> for DefinitionKind {
    fn from(word: DefinitionWord) -> Self {
        match word {
            DefinitionWord::Schemas => Self::Schema,
            DefinitionWord::ResourceTypes => Self::ResourceType,
        }
    }
}
