//! Directories: one for each connected provider.

use super::definitions::change_rules;
use super::operator::{Act, difference};
use super::{AdminError, Operator, PAGE_ROWS, deletion};
use crate::directory::definitions;
use crate::directory::settings::{Settings, SettingsError};
use crate::id::DirectoryId;
use crate::scim::quirks::profile;
use crate::store::operator::{NewDirectory, Operation};
use crate::store::{DirectoryRow, DirectoryStatus, OperatorStore, StoreError};
use serde_json::{Value, json};

/// The longest name of a Directory, in bytes: that of a DNS label.
pub const NAME_BYTES_MAX: usize = 63;

/// The longest name for people, in characters.
pub const DISPLAY_NAME_CHARACTERS_MAX: usize = 200;

/// Whether `name` can be a Directory's: 1 to 63 of `a-z 0-9 -`, beginning with a letter or digit, as it stands in URLs.
pub fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && !name.starts_with('-')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Creates a Directory with the profile of `provider`, and settings that differ from it. It is active, and not protected.
///
/// # Errors
/// As [`create_as`]; [`AdminError::Settings`] if they name what is in no Directory.
pub async fn create(
    operator: &Operator<'_>,
    name: &str,
    display_name: &str,
    provider: &str,
    settings: &Settings,
) -> Result<DirectoryRow, AdminError> {
    check_names(operator.store, None, settings).await?;
    create_as(operator, &New { name, display_name, provider, settings, status: DirectoryStatus::Active, protected: false }).await
}

/// A Directory to create.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// Its name in URLs.
    pub name: &'a str,
    /// Its name for people.
    pub display_name: &'a str,
    /// The provider whose profile it has.
    pub provider: &'a str,
    /// The settings that differ from the profile's.
    pub settings: &'a Settings,
    /// Whether it serves its clients; not [`DirectoryStatus::Deleting`].
    pub status: DirectoryStatus,
    /// Whether it refuses to be deleted.
    pub protected: bool,
}

/// Creates a Directory that has its status and its protection from the first moment on. What its settings name may come later.
///
/// # Errors
/// [`AdminError::DirectoryName`], [`AdminError::DisplayName`], [`AdminError::Provider`], [`AdminError::DirectoryExists`].
pub async fn create_as(operator: &Operator<'_>, new: &New<'_>) -> Result<DirectoryRow, AdminError> {
    if !is_name(new.name) {
        return Err(AdminError::DirectoryName(new.name.to_owned()));
    }
    let row = DirectoryRow {
        id: DirectoryId(0),
        name: new.name.to_owned(),
        display_name: checked_display_name(new.display_name)?,
        provider: checked_provider(new.provider)?,
        settings: text_of(new.settings)?,
        created: operator.clock.now(),
        status: new.status,
        protected: new.protected,
        disconnecting: false,
        revision: 1,
        schema_revision: 0,
    };
    let new = NewDirectory {
        name: row.name.clone(),
        display_name: row.display_name.clone(),
        provider: row.provider.clone(),
        settings: row.settings.clone(),
        status: row.status,
        protected: row.protected,
    };
    let act = Act {
        at: Some(row.created),
        name: "directory.create",
        target_name: row.name.clone(),
        after: Some(on_record(&row)),
        ..Act::default()
    };
    match operator.act(act, Operation::CreateDirectory(new)).await {
        Ok(id) => Ok(DirectoryRow { id: DirectoryId(id), ..row }),
        Err(StoreError::Exists) => Err(AdminError::DirectoryExists(row.name)),
        Err(error) => Err(error.into()),
    }
}

/// What of a Directory can be changed; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// Its name for people.
    pub display_name: Option<String>,
    /// The provider whose profile it has.
    pub provider: Option<String>,
    /// The settings that differ from the profile's, all of them.
    pub settings: Option<Settings>,
    /// Whether it refuses to be deleted.
    pub protected: Option<bool>,
}

/// Changes a Directory, which must be as `directory` says. If other attributes become unique by it, stored resources are looked
/// at, and their index rows are written anew.
///
/// # Errors
/// As [`edit_as`]; [`AdminError::Settings`] if they name what is not in the Directory.
pub async fn edit(operator: &Operator<'_>, directory: &DirectoryRow, edit: Edit) -> Result<DirectoryRow, AdminError> {
    if let Some(settings) = &edit.settings {
        check_names(operator.store, Some(directory), settings).await?;
    }
    edit_as(operator, directory, edit).await
}

/// Refuses settings that name what is in none of the types of a Directory, or of a new one, and did not before.
async fn check_names(store: &dyn OperatorStore, directory: Option<&DirectoryRow>, settings: &Settings) -> Result<(), AdminError> {
    if !settings.have_names() {
        return Ok(());
    }
    let before = directory.map(Settings::of).transpose().map_err(AdminError::Settings)?;
    let rows = definitions::read(store, directory.map(|directory| directory.id)).await?;
    let registry = definitions::registry(&rows).map_err(AdminError::Definition)?;
    settings.check_names(before.as_ref(), &registry).map_err(AdminError::Settings)
}

/// The secret of a Directory for one purpose, the same whenever and by whichever server it is asked for.
///
/// # Errors
/// Those of the store; the operating system has no randomness.
pub(super) async fn secret(store: &dyn OperatorStore, directory: DirectoryId, purpose: &str) -> Result<[u8; 32], AdminError> {
    let mut candidate = [0; 32];
    getrandom::fill(&mut candidate)?;
    Ok(store.directory_key(directory, purpose, &candidate).await?)
}

/// As [`edit`], for who knows which definitions the Directory will have: what settings name may come later.
///
/// # Errors
/// [`AdminError::DisplayName`], [`AdminError::Provider`], [`AdminError::Changed`], [`AdminError::Gone`];
/// [`AdminError::Contradicted`] if resources have a value in common that would be unique.
pub async fn edit_as(operator: &Operator<'_>, directory: &DirectoryRow, edit: Edit) -> Result<DirectoryRow, AdminError> {
    let mut edited = directory.clone();
    if let Some(name) = edit.display_name {
        edited.display_name = checked_display_name(&name)?;
    }
    if let Some(provider) = edit.provider {
        edited.provider = checked_provider(&provider)?;
    }
    if let Some(settings) = edit.settings {
        edited.settings = text_of(&settings)?;
    }
    edited.protected = edit.protected.unwrap_or(edited.protected);
    if edited == *directory {
        return Ok(edited);
    }
    if directory.status == DirectoryStatus::Deleting {
        return Err(AdminError::Gone(directory.name.clone()));
    }
    match change_rules(operator, directory, &edited, act("directory.edit", directory, &edited)).await {
        Ok(()) => find(operator.store, &edited.name).await,
        Err(AdminError::Store(StoreError::VersionConflict)) => Err(AdminError::Changed(edited.name)),
        Err(error) => Err(error),
    }
}

/// A change of a Directory, for the record.
pub(super) fn act<'a>(name: &'static str, before: &DirectoryRow, after: &'a DirectoryRow) -> Act<'a> {
    let (was, is) = difference(on_record(before), on_record(after));
    Act {
        at: None,
        name,
        directory: Some(after),
        target: after.id.0.to_string(),
        target_name: after.name.clone(),
        before: was,
        after: is,
    }
}

/// Pauses, resumes, disables or enables a Directory, or begins to delete it. Without effect if it is so already.
///
/// # Errors
/// [`AdminError::Changed`], [`AdminError::Gone`].
pub async fn set_status(
    operator: &Operator<'_>,
    directory: &DirectoryRow,
    status: DirectoryStatus,
) -> Result<DirectoryRow, AdminError> {
    if directory.status == status {
        return Ok(directory.clone());
    }
    let name = match status {
        DirectoryStatus::Active => "directory.resume",
        DirectoryStatus::Paused => "directory.pause",
        DirectoryStatus::Disabled => "directory.disable",
        DirectoryStatus::Deleting => return deletion::begin(operator, directory).await,
    };
    change(operator, name, directory, DirectoryRow { status, ..directory.clone() }).await
}

async fn change(
    operator: &Operator<'_>,
    name: &'static str,
    before: &DirectoryRow,
    after: DirectoryRow,
) -> Result<DirectoryRow, AdminError> {
    if before.status == DirectoryStatus::Deleting {
        return Err(AdminError::Gone(before.name.clone()));
    }
    match operator.act(act(name, before, &after), Operation::ChangeDirectory(after.clone())).await {
        Ok(_) => Ok(DirectoryRow { revision: after.revision + 1, ..after }),
        Err(StoreError::VersionConflict) => Err(AdminError::Changed(after.name)),
        Err(error) => Err(error.into()),
    }
}

/// The Directory called `name`.
///
/// # Errors
/// [`AdminError::NoDirectory`].
pub async fn find(store: &dyn OperatorStore, name: &str) -> Result<DirectoryRow, AdminError> {
    let found = if is_name(name) { store.directory(name).await? } else { None };
    found.ok_or_else(|| AdminError::NoDirectory(name.to_owned()))
}

/// All Directories, by name.
pub async fn list(store: &dyn OperatorStore) -> Result<Vec<DirectoryRow>, AdminError> {
    let mut all: Vec<DirectoryRow> = Vec::new();
    loop {
        let page = store.directories(all.last().map(|directory| directory.name.as_str()), PAGE_ROWS).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

pub(super) fn checked_display_name(name: &str) -> Result<String, AdminError> {
    if name.chars().count() > DISPLAY_NAME_CHARACTERS_MAX || name.chars().any(char::is_control) {
        return Err(AdminError::DisplayName(name.to_owned()));
    }
    Ok(name.to_owned())
}

pub(super) fn checked_provider(name: &str) -> Result<String, AdminError> {
    profile(name).map(|profile| profile.name.to_owned()).ok_or_else(|| AdminError::Provider(name.to_owned()))
}

pub(super) fn text_of(settings: &Settings) -> Result<String, AdminError> {
    settings.check().map_err(AdminError::Settings)?;
    serde_json::to_string(settings).map_err(|source| AdminError::Settings(SettingsError::Malformed(source)))
}

/// A Directory as the record has it.
fn on_record(directory: &DirectoryRow) -> Value {
    json!({
        "name": directory.name,
        "displayName": directory.display_name,
        "provider": directory.provider,
        "settings": serde_json::from_str::<Value>(&directory.settings).unwrap_or(Value::Null),
        "status": directory.status.word(),
        "protected": directory.protected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_lower_case_dns_label() {
        for name in ["a", "0", "acme", "acme-2", "a-", &"a".repeat(63)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "-a", "Acme", "a_b", "a.b", "a/b", "a b", "é", &"a".repeat(64)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
