//! What a change of definitions does to one Directory.

use super::{added, removed, value_of};
use crate::admin::operator::Act;
use crate::admin::{AdminError, Operator};
use crate::directory::Directory;
use crate::directory::definitions::{ROWS_MAX, index_name, read, registry};
use crate::id::DirectoryId;
use crate::scim::schema::change::{self, Condition, TypeChange};
use crate::scim::schema::extended::IndexName;
use crate::scim::schema::{Faults, IndexedAttribute, ResourceType};
use crate::store::audit::AuditEntry;
use crate::store::{DefinitionKind, DefinitionRow, DirectoryRow, OperatorStore};
use serde_json::Value;
use std::sync::Arc;

/// The definitions that come and go.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Whose; `None`: those of every Directory.
    pub directory: Option<DirectoryId>,
    /// These come.
    pub put: Vec<(DefinitionKind, String, String)>,
    /// These go.
    pub remove: Vec<(DefinitionKind, String)>,
}

impl Wanted {
    /// That everything stays.
    pub fn nothing() -> Self {
        Self { directory: None, put: Vec::new(), remove: Vec::new() }
    }

    /// The definitions as they will be, without the indexes that are being built.
    pub fn result(&self, rows: &[DefinitionRow]) -> Vec<DefinitionRow> {
        let goes = |row: &DefinitionRow| {
            let is = |kind: DefinitionKind, name: &str| kind == row.kind && *name == row.name;
            row.directory == self.directory
                && (self.remove.iter().any(|(kind, name)| is(*kind, name))
                    || self.put.iter().any(|(kind, name, _)| is(*kind, name)))
        };
        let kept = rows.iter().filter(|row| row.kind != DefinitionKind::Building && !goes(row)).cloned();
        let new = self.put.iter().map(|(kind, name, definition)| DefinitionRow {
            directory: self.directory,
            kind: *kind,
            name: name.clone(),
            definition: definition.clone(),
        });
        kept.chain(new).collect()
    }

    /// What it does, for the record. `directory`: the one that it is for, if for one; `rows`: the definitions of before.
    pub fn record(&self, operator: &Operator<'_>, directory: Option<&DirectoryRow>, rows: &[DefinitionRow]) -> Vec<AuditEntry> {
        let is = |kind: DefinitionKind, name: &str, of_kind: DefinitionKind, of_name: &str| {
            kind == of_kind && name.eq_ignore_ascii_case(of_name)
        };
        let before = |kind: DefinitionKind, name: &str| {
            let known = rows.iter().find(|row| row.directory == self.directory && is(kind, name, row.kind, &row.name));
            known.map(|row| value_of(&row.definition))
        };
        let entry = |act: &'static str, kind: DefinitionKind, name: &str, after: Option<Value>| {
            let (target, before) = (name.to_owned(), before(kind, name));
            operator.entry(Act { at: None, name: act, directory, target: target.clone(), target_name: target, before, after })
        };
        let came = self.put.iter().map(|(kind, name, text)| entry(added(*kind), *kind, name, Some(value_of(text))));
        // One that was spelled in another letter case makes way, and is what was there before.
        let makes_way = |kind: DefinitionKind, name: &str| self.put.iter().any(|(of, new, _)| is(kind, name, *of, new));
        let went = self.remove.iter().filter(|(kind, name)| !makes_way(*kind, name));
        came.chain(went.map(|(kind, name)| entry(removed(*kind), *kind, name, None))).collect()
    }

    /// What brings `rows` back from the result.
    pub fn undo(&self, rows: &[DefinitionRow]) -> Wanted {
        let had = |kind: DefinitionKind, name: &str| {
            rows.iter().find(|row| row.directory == self.directory && row.kind == kind && *row.name == *name)
        };
        let names =
            self.put.iter().map(|(kind, name, _)| (*kind, name)).chain(self.remove.iter().map(|(kind, name)| (*kind, name)));
        let mut undo = Wanted { directory: self.directory, put: Vec::new(), remove: Vec::new() };
        for (kind, name) in names {
            match had(kind, name) {
                Some(row) => undo.put.push((kind, name.clone(), row.definition.clone())),
                None => undo.remove.push((kind, name.clone())),
            }
        }
        undo
    }
}

/// What a change does to one Directory.
pub(super) struct Plan {
    /// The Directory, with the revision that the plan was made at.
    pub row: DirectoryRow,
    /// The Directory as it was.
    pub old: Directory,
    /// The Directory as it will be.
    pub new: Directory,
    /// What changes for its resources.
    pub changes: Vec<TypeChange>,
    /// The definitions that it was made from.
    pub rows: Vec<DefinitionRow>,
    /// Indexes that an earlier change began to build or to drop and did not finish.
    pub unfinished: Vec<IndexName>,
}

impl Plan {
    /// Makes the plan for the Directory called `name`.
    pub async fn make(store: &dyn OperatorStore, name: &str, wanted: &Wanted) -> Result<Self, AdminError> {
        let row = super::super::directories::find(store, name).await?;
        let rows = read(store, Some(row.id)).await?;
        let old = registry(&rows).map_err(AdminError::Definition)?;
        let new = registry(&wanted.result(&rows)).map_err(AdminError::Definition)?;
        let unfinished = unfinished(&rows)?;
        let changes = change::changes(&old, &new);
        let directory = |registry| Directory::load(&row, registry).map_err(AdminError::Settings);
        let plan = Self { old: directory(old)?, new: directory(new)?, row, changes, rows, unfinished };
        plan.checked(wanted.put.len())
    }

    /// Makes the plan for a Directory that keeps its schemas, while its row becomes `after`.
    ///
    /// # Errors
    /// [`AdminError::Changed`] if its row is no longer the one that `after` was made from.
    pub async fn of_row(store: &dyn OperatorStore, after: &DirectoryRow) -> Result<Self, AdminError> {
        let row = super::super::directories::find(store, &after.name).await?;
        if row.revision != after.revision {
            return Err(AdminError::Changed(row.name));
        }
        let rows = read(store, Some(row.id)).await?;
        let registry = registry(&rows).map_err(AdminError::Definition)?;
        let unfinished = unfinished(&rows)?;
        let directory = |row| Directory::load(row, registry.clone()).map_err(AdminError::Settings);
        let (old, new) = (directory(&row)?, directory(after)?);
        let changes = uniqueness(&old, &new);
        Self { old, new, row, changes, rows, unfinished }.checked(0)
    }

    /// Refuses what would leave more rows than a Directory may have.
    fn checked(self, put: usize) -> Result<Self, AdminError> {
        let recorded = self.touched().into_iter().filter(|index| !self.unfinished.contains(index)).count();
        if recorded > 0 && self.rows.len() + put + recorded > ROWS_MAX {
            let problem = format!("the Directory would have more than {ROWS_MAX} definitions and indexes to build or drop");
            return Err(AdminError::Definition(Faults::one("", &problem)));
        }
        Ok(self)
    }

    /// Has these built too, as far as the Directory will have them.
    pub fn rebuild(&mut self, indexes: &[IndexName]) {
        for change in &mut self.changes {
            let Some(new) = &change.new else { continue };
            for indexed in &new.indexed {
                let is_it = |(of_type, attribute): &IndexName| **of_type == *new.name && **attribute == *indexed.name;
                if indexes.iter().any(is_it) && !change.built.contains(&indexed.name) {
                    change.built.push(indexed.name.clone());
                }
            }
        }
    }

    /// The indexes that have to be built, each by its type and attribute.
    pub fn built(&self) -> Vec<IndexName> {
        self.changes.iter().flat_map(|change| names(change, &change.built)).collect()
    }

    /// The indexes that have to be built or dropped. Those of a type that goes have no rows: there is no resource of it.
    pub fn touched(&self) -> Vec<IndexName> {
        let stays = self.changes.iter().filter(|change| change.new.is_some());
        self.built().into_iter().chain(stays.flat_map(|change| names(change, &change.dropped))).collect()
    }

    /// The indexes that come, but may have rows of before that nobody kept up to date.
    pub fn leftovers(&self) -> Vec<IndexName> {
        let has = |directory: &Directory, (resource_type, attribute): &IndexName| {
            let known = directory.registry.resource_type(resource_type);
            known.is_some_and(|known| known.indexed.iter().any(|indexed| *indexed.name == **attribute))
        };
        self.unfinished.iter().filter(|index| !has(&self.old, index) && has(&self.new, index)).cloned().collect()
    }

    /// Whether its stored resources have to be looked at, or its index rows change.
    pub fn concerns_resources(&self) -> bool {
        !self.unfinished.is_empty() || self.changes.iter().any(|change| change.concerns_resources() || !change.dropped.is_empty())
    }
}

fn unfinished(rows: &[DefinitionRow]) -> Result<Vec<IndexName>, AdminError> {
    let building = rows.iter().filter(|row| row.kind == DefinitionKind::Building);
    building.map(index_name).collect::<Result<_, _>>().map_err(AdminError::Definition)
}

/// What changes for stored resources where one Directory holds other attributes unique than the other.
fn uniqueness(old: &Directory, new: &Directory) -> Vec<TypeChange> {
    let change = |resource_type: &Arc<ResourceType>| {
        let differs =
            |indexed: &&IndexedAttribute| old.is_unique(resource_type, indexed) != new.is_unique(resource_type, indexed);
        let built: Vec<&IndexedAttribute> = resource_type.indexed.iter().filter(differs).collect();
        let becoming = built.iter().filter(|indexed| new.is_unique(resource_type, indexed));
        let change = TypeChange {
            old: resource_type.clone(),
            new: Some(resource_type.clone()),
            conditions: becoming.map(|indexed| Condition::unique(&indexed.target)).collect(),
            built: built.iter().map(|indexed| indexed.name.clone()).collect(),
            dropped: Vec::new(),
        };
        (!built.is_empty()).then_some(change)
    };
    old.registry.resource_types.iter().filter_map(change).collect()
}

fn names(change: &TypeChange, attributes: &[Arc<str>]) -> Vec<IndexName> {
    attributes.iter().map(|attribute| (change.old.name.to_string(), attribute.to_string())).collect()
}
