//! What is otherwise than in the file.

use super::file::{Declared, DeclaredDirectory, place};
use crate::admin::definitions::{self, Given};
use crate::admin::directories::{self, Edit};
use crate::admin::{AdminError, Operator};
use crate::directory::definitions::{read, registry};
use crate::directory::settings::{Settings, SettingsError};
use crate::id::DirectoryId;
use crate::scim::schema::{Fault, Faults};
use crate::store::{DefinitionKind, DirectoryRow, DirectoryStatus, OperatorStore};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What has to change so that all is as a file declares it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The Directories of the file that are otherwise, in its order.
    pub changes: Vec<Change>,
    /// How many of them are as they should be.
    pub unchanged: usize,
}

/// What has to change of one Directory.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its name.
    pub name: String,
    /// It, if it is there.
    pub row: Option<DirectoryRow>,
    /// What differs.
    pub fields: Vec<Field>,
    pub(super) wanted: Wanted,
}

/// Something of a Directory that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// What: `displayName`, `settings.uniqueExternalId`, `schema urn:example:badge`.
    pub name: String,
    /// As it is; `None`: it is not there.
    pub before: Option<String>,
    /// As it will be; `None`: it will not be there.
    pub after: Option<String>,
}

/// A Directory as it should be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    pub display_name: String,
    pub provider: String,
    pub settings: Settings,
    pub status: DirectoryStatus,
    pub protected: bool,
    pub given: Vec<Given>,
}

impl Wanted {
    /// What makes an existing Directory so, but for its status and its definitions.
    pub fn edit(&self) -> Edit {
        Edit {
            display_name: Some(self.display_name.clone()),
            provider: Some(self.provider.clone()),
            settings: Some(self.settings.clone()),
            protected: Some(self.protected),
        }
    }
}

/// Compares what is there with what a file declares. `files`: the texts of the schemas and resource types, by path.
///
/// # Errors
/// [`AdminError::Declared`] with all that cannot be done; then nothing of it should be.
pub async fn plan(operator: &Operator<'_>, declared: &Declared, files: &BTreeMap<String, String>) -> Result<Plan, AdminError> {
    let mut plan = Plan::default();
    let mut faults = Vec::new();
    for directory in &declared.directories {
        match change(operator.store, directory, files).await {
            Ok(Some(change)) => plan.changes.push(change),
            Ok(None) => plan.unchanged += 1,
            Err(AdminError::Declared(Faults(more))) => faults.extend(more),
            Err(error) => return Err(error),
        }
    }
    if faults.is_empty() { Ok(plan) } else { Err(AdminError::Declared(Faults(faults))) }
}

async fn change(
    store: &dyn OperatorStore,
    declared: &DeclaredDirectory,
    files: &BTreeMap<String, String>,
) -> Result<Option<Change>, AdminError> {
    let place = place(&declared.name);
    let mut faults = Vec::new();
    let row = store.directory(&declared.name).await?;
    let wanted = wanted(declared, row.as_ref(), &mut |path: &str, problem: String| {
        let path = if path.is_empty() { place.clone() } else { format!("{place}: {path}") };
        faults.push(Fault::new(path, problem));
    });
    let mut given = Vec::new();
    match definitions_of(store, row.as_ref(), declared, files).await {
        Ok(found) => {
            given = found;
            if let Err(error) = check_names(store, row.as_ref(), &wanted.settings, &given).await? {
                faults.push(Fault::new(format!("{place}: settings"), error.to_string()));
            }
        }
        Err(error @ AdminError::Store(_)) => return Err(error),
        Err(error) => faults.push(Fault::new(format!("{place}: schemas"), error.to_string())),
    }
    if !faults.is_empty() {
        return Err(AdminError::Declared(Faults(faults)));
    }
    let wanted = Wanted { given, ..wanted };
    let fields = fields(row.as_ref(), &wanted)?;
    let is_same = row.is_some() && fields.is_empty();
    Ok((!is_same).then(|| Change { name: declared.name.clone(), row, fields, wanted }))
}

/// The definitions of the file that a Directory has not, or has otherwise.
async fn definitions_of(
    store: &dyn OperatorStore,
    row: Option<&DirectoryRow>,
    declared: &DeclaredDirectory,
    files: &BTreeMap<String, String>,
) -> Result<Vec<Given>, AdminError> {
    if declared.schemas.is_empty() {
        return Ok(Vec::new());
    }
    let rows = read(store, row.map(|row| row.id)).await?;
    let texts: Vec<String> = declared.schemas.iter().filter_map(|path| files.get(path).cloned()).collect();
    let given = definitions::given(&rows, &texts)?;
    definitions::examine(store, row, &rows, &given).await?;
    Ok(given)
}

/// Whether the settings name attributes that the Directory will have. The inner error says which it will not.
async fn check_names(
    store: &dyn OperatorStore,
    row: Option<&DirectoryRow>,
    settings: &Settings,
    given: &[Given],
) -> Result<Result<(), SettingsError>, AdminError> {
    if !settings.have_names() {
        return Ok(Ok(()));
    }
    let before = row.map(Settings::of).transpose().map_err(AdminError::Settings)?;
    let id = row.map(|row| row.id);
    let rows = read(store, id).await?;
    let rows = definitions::result(&rows, id.unwrap_or(DirectoryId(0)), given);
    let registry = registry(&rows).map_err(AdminError::Definition)?;
    Ok(settings.check_names(before.as_ref(), &registry))
}

/// What the file says over what is there, or over what a new Directory has.
fn wanted(declared: &DeclaredDirectory, row: Option<&DirectoryRow>, fault: &mut dyn FnMut(&str, String)) -> Wanted {
    if !directories::is_name(&declared.name) {
        fault("", AdminError::DirectoryName(declared.name.clone()).to_string());
    }
    if row.is_some_and(|row| row.status == DirectoryStatus::Deleting) {
        fault("", AdminError::Gone(declared.name.clone()).to_string());
    }
    let mut checked = |path: &str, value: Result<String, AdminError>| {
        value.unwrap_or_else(|error| {
            fault(path, error.to_string());
            String::new()
        })
    };
    let display_name = declared.display_name.as_deref().or(row.map(|row| row.display_name.as_str())).unwrap_or_default();
    let display_name = checked("display_name", directories::checked_display_name(display_name));
    let provider = declared.provider.as_deref().or(row.map(|row| row.provider.as_str())).unwrap_or("generic");
    let provider = checked("provider", directories::checked_provider(provider));
    let settings = match (&declared.settings, row) {
        (Some(table), _) => settings(table),
        (None, Some(row)) => Settings::of(row).map_err(|error| error.to_string()),
        (None, None) => Ok(Settings::default()),
    };
    let settings = settings.unwrap_or_else(|problem| {
        fault("settings", problem);
        Settings::default()
    });
    let status = match declared.status.as_deref().map(DirectoryStatus::of) {
        Some(Some(status)) if status != DirectoryStatus::Deleting => status,
        Some(_) => {
            fault("status", "it is active, paused or disabled".to_owned());
            DirectoryStatus::Active
        }
        None => row.map_or(DirectoryStatus::Active, |row| row.status),
    };
    let protected = declared.protected.unwrap_or(row.is_some_and(|row| row.protected));
    Wanted { display_name, provider, settings, status, protected, given: Vec::new() }
}

fn settings(table: &toml::Table) -> Result<Settings, String> {
    let value = serde_json::to_value(table).map_err(|error| error.to_string())?;
    Settings::of_json(value).map_err(|error| match error {
        SettingsError::Given(source) => source.to_string(),
        error => error.to_string(),
    })
}

/// What differs; of a new Directory all that it will have.
fn fields(row: Option<&DirectoryRow>, wanted: &Wanted) -> Result<Vec<Field>, AdminError> {
    let mut fields = Vec::new();
    let mut field = |name: String, before: Option<String>, after: Option<String>| {
        if before != after {
            fields.push(Field { name, before, after });
        }
    };
    let quoted = |text: &str| format!("{text:?}");
    let said = |text: &str| (!text.is_empty()).then(|| quoted(text));
    field("displayName".into(), said(row.map_or("", |row| &row.display_name)), said(&wanted.display_name));
    field("provider".into(), row.map(|row| row.provider.clone()), Some(wanted.provider.clone()));
    field("status".into(), row.map(|row| row.status.word().to_owned()), Some(wanted.status.word().to_owned()));
    field("protected".into(), row.map(|row| row.protected.to_string()), Some(wanted.protected.to_string()));
    let before = match row {
        Some(row) => object(&Settings::of(row).map_err(AdminError::Settings)?),
        None => Map::new(),
    };
    let after = object(&wanted.settings);
    let added = after.keys().filter(|key| !before.contains_key(*key));
    for key in before.keys().chain(added) {
        let text = |of: &Map<String, Value>| of.get(key).map(ToString::to_string);
        field(format!("settings.{key}"), text(&before), text(&after));
    }
    for one in &wanted.given {
        let kind = if one.kind == DefinitionKind::Schema { "schema" } else { "resource type" };
        let before = one.before.as_ref().map(|_| "another version".to_owned());
        field(format!("{kind} {}", one.name), before, Some("that of the file".to_owned()));
    }
    Ok(fields)
}

fn object(settings: &Settings) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(object)) => object,
        Ok(_) | Err(_) => Map::new(),
    }
}
