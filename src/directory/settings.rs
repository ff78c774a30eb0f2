//! From a Directory's row to its rules: the profile of its provider, and the settings that differ from it.

use super::Directory;
use super::domains::Domains;
use super::setting_ranges::{expected, range};
use super::{self_service, setting_lists};
use crate::scim::quirks::adjusted::{self, Adjustments};
use crate::scim::quirks::profiles::{self, Profile};
use crate::scim::quirks::{DeletePolicy, LifeCycles, OperatorDelete, OperatorDisable};
use crate::scim::resource::{Document, index_rows};
use crate::scim::schema::{AttributeList, IndexedAttribute, Registry, ResourceType, Uniqueness};
use crate::store::{Bounds, DirectoryRow, IndexRow, MembershipBound};
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
    /// Whether the request log shows the values of attributes, those of secrets excepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_values: Option<bool>,
    /// How many tokens may be in use at once; [`TOKENS_MAX_DEFAULT`] if absent. Those that stand for a user do not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_max: Option<u32>,
    /// For how many days a secret of a token or client may be good (RFC 7644 §7.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_days_max: Option<u32>,
    /// The rewrites and switches that differ from the profile's, by name: whether they are on.
    #[serde(default, skip_serializing_if = "Adjustments::is_empty")]
    pub quirks: Adjustments,
    /// The domains that a userName may have; absent: any, or none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "setting_lists::domains")]
    pub domains: Option<Domains>,
    /// The attributes that clients may not filter by in a URL (RFC 7644 §7.5.2); absent: passwords alone.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "setting_lists::attributes")]
    pub sensitive: Option<AttributeList>,
    /// The attributes that a user may change of itself by `/Me`; [`self_service::default`] if absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "setting_lists::attributes")]
    pub self_service: Option<AttributeList>,
    /// How many users there may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users_max: Option<u32>,
    /// How many groups there may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups_max: Option<u32>,
    /// How many members a group may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members_max: Option<u32>,
    /// In how many groups a user may be directly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups_per_user_max: Option<u32>,
    /// How many requests a second are answered, in the long run, by each server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<u32>,
    /// How many requests may come at once after a pause; if absent, as many as in a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_burst: Option<u32>,
    /// What DELETE does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_policy: Option<DeletePolicy>,
    /// For how many days operators have what DELETE disabled, and what an operator deleted is remembered;
    /// [`RETENTION_DAYS_DEFAULT`] if absent. 0: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_retention_days: Option<u32>,
    /// What becomes of a user that an operator disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_disable: Option<OperatorDisable>,
    /// What becomes of a user that an operator deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_delete_user: Option<OperatorDelete>,
    /// What becomes of a group that an operator deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_delete_group: Option<OperatorDelete>,
}

/// The setting that says what users may change of themselves.
const SELF_SERVICE: &str = "selfService";

/// How many tokens of a Directory may be in use at once: two, so that one takes over from the other.
pub const TOKENS_MAX_DEFAULT: u32 = 2;

/// For how many days what was deleted is kept or remembered: as long as Entra ID keeps who was deleted there.
pub const RETENTION_DAYS_DEFAULT: u32 = 30;

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

    /// For how many days a secret may be good in a Directory with this profile; `None`: for ever.
    pub fn token_days_max(&self, profile: &Profile) -> Option<u32> {
        self.token_days_max.or(profile.token_days_max)
    }

    /// The settings that an operator gives as JSON.
    ///
    /// # Errors
    /// As [`Settings::of_pairs`].
    pub fn of_json(value: Value) -> Result<Self, SettingsError> {
        for (key, value) in value.as_object().into_iter().flatten() {
            check_one(key, value)?;
        }
        let settings: Self = serde_json::from_value(value).map_err(SettingsError::Given)?;
        settings.check()?;
        Ok(settings)
    }

    /// Whether each has a value that it may have.
    ///
    /// # Errors
    /// The first that has not, with its range.
    pub fn check(&self) -> Result<(), SettingsError> {
        let numbers = [
            ("tokensMax", self.tokens_max),
            ("tokenDaysMax", self.token_days_max),
            ("usersMax", self.users_max),
            ("groupsMax", self.groups_max),
            ("membersMax", self.members_max),
            ("groupsPerUserMax", self.groups_per_user_max),
            ("requestsPerSecond", self.requests_per_second),
            ("requestsBurst", self.requests_burst),
            ("deleteRetentionDays", self.delete_retention_days),
        ];
        for (key, number) in numbers {
            if let (Some(number), Some(range)) = (number, range(key))
                && !range.contains(&number)
            {
                return Err(SettingsError::value(key));
            }
        }
        match self.quirks.keys().find(|name| !adjusted::is_known(name)) {
            Some(name) => Err(SettingsError::Quirk(name.clone())),
            None => Ok(()),
        }
    }

    /// Refuses what these name that is in none of the Directory's types, unless `before` has it too.
    ///
    /// # Errors
    /// [`SettingsError::Unknown`]: an attribute is one of no type.
    pub fn check_names(&self, before: Option<&Self>, registry: &Registry) -> Result<(), SettingsError> {
        for (key, list) in self.attribute_lists() {
            let had = before.into_iter().flat_map(Self::attribute_lists).any(|had| had == (key, list));
            let types = registry.resource_types.iter().map(|resource_type| &**resource_type);
            // What is kept from URLs may be several attributes of one name; what is granted is one.
            let unknown = if key == SELF_SERVICE { list.unnamed(types) } else { list.unknown(types) };
            if let Some(path) = unknown.filter(|_| !had) {
                return Err(SettingsError::Unknown { key, name: path.to_owned() });
            }
        }
        Ok(())
    }

    /// Whether they name attributes.
    pub fn have_names(&self) -> bool {
        self.attribute_lists().next().is_some()
    }

    fn attribute_lists(&self) -> impl Iterator<Item = (&'static str, &AttributeList)> {
        let lists = [("sensitive", &self.sensitive), (SELF_SERVICE, &self.self_service)];
        lists.into_iter().filter_map(|(key, list)| Some((key, list.as_ref()?)))
    }

    /// For how many days what was deleted is kept or remembered; `None`: for ever.
    pub fn delete_retention_days(&self) -> Option<u32> {
        Some(self.delete_retention_days.unwrap_or(RETENTION_DAYS_DEFAULT)).filter(|days| *days > 0)
    }

    /// The life cycles of a Directory with this profile.
    pub fn life_cycles(&self, profile: &Profile) -> LifeCycles {
        let of_profile = profile.life_cycles;
        LifeCycles {
            delete: self.delete_policy.unwrap_or(of_profile.delete),
            operator_disable: self.operator_disable.unwrap_or(of_profile.operator_disable),
            operator_delete_user: self.operator_delete_user.unwrap_or(of_profile.operator_delete_user),
            operator_delete_group: self.operator_delete_group.unwrap_or(of_profile.operator_delete_group),
        }
    }

    /// Settings given one by one, as `KEY=VALUE`.
    ///
    /// # Errors
    /// There is no such setting, it is given twice, or has no such value.
    pub fn of_pairs(pairs: &[(String, String)]) -> Result<Self, SettingsError> {
        Self::default().with_pairs(pairs)
    }

    /// These, with others given one by one, as `KEY=VALUE`; `KEY=` takes the profile's. `quirks.NAME` is one of the quirks.
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
            match key.strip_prefix("quirks.") {
                Some(name) => adjust(&mut changes, name, value),
                None => drop(changes.insert(key.clone(), value)),
            }
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
        for (key, value) in changes {
            match (key.as_str(), value) {
                ("quirks", Value::Object(quirks)) => quirks.into_iter().for_each(|(name, value)| match value {
                    Value::Null => forget(&mut all, &name),
                    value => adjust(&mut all, &name, value),
                }),
                // No adjustments are none.
                ("quirks", Value::Null) => drop(all.remove("quirks")),
                (_, value) => drop(all.insert(key, value)),
            }
        }
        Self::of_json(Value::Object(all))
    }
}

/// Sets one of the quirks.
fn adjust(settings: &mut Map<String, Value>, name: &str, value: Value) {
    let quirks = settings.entry("quirks").or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(quirks) = quirks {
        quirks.insert(name.to_owned(), value);
    }
}

/// Takes the profile's for one of the quirks.
fn forget(settings: &mut Map<String, Value>, name: &str) {
    if let Some(Value::Object(quirks)) = settings.get_mut("quirks") {
        quirks.remove(name);
    }
}

/// Says what a setting takes, if this is no value for it.
fn check_one(key: &str, value: &Value) -> Result<(), SettingsError> {
    let alone = Value::Object([(key.to_owned(), value.clone())].into_iter().collect());
    match (serde_json::from_value::<Settings>(alone), expected(key)) {
        (Ok(_), _) => Ok(()),
        (Err(_), Some(_)) => Err(SettingsError::value(key)),
        (Err(error), None) => Err(SettingsError::Given(error)),
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
        let adjusted = adjusted::adjusted(profile, &settings.quirks);
        Ok(Self {
            id: row.id,
            name: row.name.clone(),
            unique: unique(&registry, profile, &settings),
            registry,
            schema_revision: row.schema_revision,
            tolerance: adjusted.tolerance,
            quirks: adjusted.quirks,
            domains: settings.domains.clone(),
            sensitive: settings.sensitive.clone(),
            self_service: settings.self_service.clone().unwrap_or_else(self_service::default),
            bounds: DirectoryBounds {
                users_max: settings.users_max,
                groups_max: settings.groups_max,
                members_max: settings.members_max,
                groups_per_user_max: settings.groups_per_user_max,
            },
            patch_answers_with_members: settings.patch_answers_with_members.unwrap_or(false),
            log_values: settings.log_values.unwrap_or(false),
            life_cycles: settings.life_cycles(profile),
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

/// How much of what there may be in a Directory; `None`: any number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DirectoryBounds {
    /// Users.
    pub users_max: Option<u32>,
    /// Groups.
    pub groups_max: Option<u32>,
    /// Members of a group.
    pub members_max: Option<u32>,
    /// Groups that a user is in directly.
    pub groups_per_user_max: Option<u32>,
}

impl DirectoryBounds {
    /// What they are for a change of a resource of this type. Types other than User and Group are not counted.
    pub fn of(&self, resource_type: &ResourceType) -> Bounds {
        match &*resource_type.name {
            "User" => Bounds { resources_max: self.users_max, ..Bounds::default() },
            "Group" => Bounds {
                resources_max: self.groups_max,
                members_max: self.members_max,
                memberships_max: self.groups_per_user_max.map(|max| MembershipBound { member_type: "User", max }),
            },
            _ => Bounds::default(),
        }
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
    /// A setting has no such value.
    #[error("the setting {key} takes {expected}")]
    Value {
        /// Its name.
        key: String,
        /// What it takes.
        expected: String,
    },
    /// A setting names an attribute that there is not.
    #[error("the setting {key} names {name}, which is an attribute of no resource type of the Directory")]
    Unknown {
        /// The setting.
        key: &'static str,
        /// What it names.
        name: String,
    },
    /// There is no such quirk.
    #[error("the setting quirks takes true or false by the name of a quirk, and there is none that is called {0:?}; there are {list}", list = adjusted::names().collect::<Vec<_>>().join(", "))]
    Quirk(String),
    /// There is no such setting.
    #[error("the settings are refused")]
    Given(#[source] serde_json::Error),
    /// The settings are malformed.
    #[error("the settings of the Directory do not decode")]
    Malformed(#[source] serde_json::Error),
}

impl SettingsError {
    fn value(key: &str) -> Self {
        Self::Value { key: key.to_owned(), expected: expected(key).unwrap_or_default() }
    }
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
