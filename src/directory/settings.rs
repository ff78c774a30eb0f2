//! From a Directory's row to its rules: the profile of its provider, and the settings that differ from it.

use super::Directory;
use crate::scim::quirks::profiles::{self, Profile};
use crate::scim::resource::{Document, index_rows};
use crate::scim::schema::{IndexedAttribute, Registry, ResourceType, Uniqueness};
use crate::store::{DirectoryRow, IndexRow};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::sync::Arc;

/// The settings of a Directory that differ from its profile's; absent ones are the profile's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// Whether a Group's displayName is unique (rule 11 of the providers: Entra, Okta and JumpCloud match groups by it).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_group_display_name: Option<bool>,
    /// Whether externalId is unique (D-22).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_external_id: Option<bool>,
    /// Whether PATCH of a Group answers 200 with the whole group (D-63).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch_answers_with_members: Option<bool>,
    /// How many tokens may be in use at once; [`TOKENS_MAX_DEFAULT`] if absent. Those that stand for a user do not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_max: Option<u32>,
}

/// How many tokens of a Directory may be in use at once: two, so that one takes over from the other.
pub const TOKENS_MAX_DEFAULT: u32 = 2;

impl Settings {
    /// The settings of a Directory.
    ///
    /// # Errors
    /// [`SettingsError::Malformed`].
    pub fn of(directory: &DirectoryRow) -> Result<Self, SettingsError> {
        serde_json::from_str(&directory.settings).map_err(SettingsError::Malformed)
    }

    /// How many tokens may be in use at once.
    pub fn tokens_max(&self) -> u32 {
        self.tokens_max.unwrap_or(TOKENS_MAX_DEFAULT)
    }

    /// Settings given one by one, as `KEY=VALUE`.
    ///
    /// # Errors
    /// There is no such setting, it is given twice, or has no such value.
    pub fn of_pairs(pairs: &[(String, String)]) -> Result<Self, SettingsError> {
        Self::default().with_pairs(pairs)
    }

    /// These, with others given one by one, as `KEY=VALUE`; `KEY=` takes the profile's.
    ///
    /// # Errors
    /// As [`Settings::of_pairs`].
    pub fn with_pairs(&self, pairs: &[(String, String)]) -> Result<Self, SettingsError> {
        let mut given = HashSet::new();
        let mut changes = Map::new();
        for (key, text) in pairs {
            if !given.insert(key) {
                return Err(SettingsError::Twice(key.clone()));
            }
            // Without a value it is null, which is absent, if there is such a setting.
            let text = if text.is_empty() { "null" } else { text };
            let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
            changes.insert(key.clone(), value);
        }
        self.merged(changes)
    }

    /// These, with others given as JSON; null takes the profile's.
    ///
    /// # Errors
    /// There is no such setting, or it has no such value.
    pub fn merged(&self, changes: Map<String, Value>) -> Result<Self, SettingsError> {
        let mut all = match serde_json::to_value(self).map_err(SettingsError::Malformed)? {
            Value::Object(all) => all,
            _ => Map::new(),
        };
        all.extend(changes);
        serde_json::from_value(Value::Object(all)).map_err(SettingsError::Given)
    }
}

impl Directory {
    /// Reads the rules of a Directory with this registry.
    ///
    /// # Errors
    /// The settings are not of the form of [`Settings`], or no profile has the provider's name; the admin functions never store such.
    pub fn load(row: &DirectoryRow, registry: Arc<Registry>) -> Result<Self, SettingsError> {
        let profile = profiles::profile(&row.provider).ok_or_else(|| SettingsError::Provider(row.provider.clone()))?;
        let settings = Settings::of(row)?;
        Ok(Self {
            id: row.id,
            name: row.name.clone(),
            unique: unique(&registry, profile, &settings),
            registry,
            schema_revision: row.schema_revision,
            tolerance: (profile.tolerance)(),
            quirks: profile.quirks,
            patch_answers_with_members: settings.patch_answers_with_members.unwrap_or(false),
        })
    }

    /// Whether no two resources of the type may have the same value of the attribute.
    pub fn is_unique(&self, resource_type: &ResourceType, indexed: &IndexedAttribute) -> bool {
        let also_unique = |(name, attribute): &(String, String)| **name == *resource_type.name && **attribute == *indexed.name;
        indexed.target.leaf().uniqueness != Uniqueness::None || self.unique.iter().any(also_unique)
    }

    /// The rows of a document in the index of this Directory.
    pub fn index_rows(&self, document: &Document, resource_type: &ResourceType) -> Vec<IndexRow> {
        let also_unique: Vec<&str> = self
            .unique
            .iter()
            .filter(|(name, _)| **name == *resource_type.name)
            .map(|(_, attribute)| attribute.as_str())
            .collect();
        index_rows(document, resource_type, &also_unique)
    }
}

/// Why the rules of a Directory cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// There is no such profile.
    #[error("there is no profile for the provider {0}")]
    Provider(String),
    /// A setting is given twice.
    #[error("the setting {0} is given twice")]
    Twice(String),
    /// There is no such setting, or it has no such value.
    #[error("the settings are refused")]
    Given(#[source] serde_json::Error),
    /// The settings are malformed.
    #[error("the settings of the Directory do not decode")]
    Malformed(#[source] serde_json::Error),
}

fn unique(registry: &Registry, profile: &Profile, settings: &Settings) -> Vec<(String, String)> {
    let mut unique = Vec::new();
    if settings.unique_group_display_name.unwrap_or(profile.unique_group_display_name) {
        unique.push(("Group".to_owned(), "displayName".to_owned()));
    }
    if settings.unique_external_id.unwrap_or(false) {
        unique.extend(
            registry.resource_types.iter().map(|resource_type| (resource_type.name.to_string(), "externalId".to_owned())),
        );
    }
    unique
}
