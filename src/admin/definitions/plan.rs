//! What a change of definitions does to one Directory.

use crate::admin::AdminError;
use crate::directory::Directory;
use crate::directory::definitions::{ROWS_MAX, index_name, read, registry};
use crate::id::DirectoryId;
use crate::scim::schema::Faults;
use crate::scim::schema::change::{self, TypeChange};
use crate::store::{DefinitionKind, DefinitionRow, DirectoryRow, Store};

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
    /// Indexes that an earlier change began to build and did not finish.
    pub unfinished: Vec<(String, String)>,
}

impl Plan {
    /// Makes the plan for the Directory called `name`.
    pub async fn make(store: &dyn Store, name: &str, wanted: &Wanted) -> Result<Self, AdminError> {
        let row = super::super::directories::find(store, name).await?;
        let rows = read(store, Some(row.id)).await?;
        let old = registry(&rows).map_err(AdminError::Definition)?;
        let new = registry(&wanted.result(&rows)).map_err(AdminError::Definition)?;
        let building = rows.iter().filter(|row| row.kind == DefinitionKind::Building);
        let unfinished = building.map(index_name).collect::<Result<_, _>>().map_err(AdminError::Definition)?;
        let changes = change::changes(&old, &new);
        let directory = |registry| Directory::load(&row, registry).map_err(AdminError::Settings);
        let plan = Self { old: directory(old)?, new: directory(new)?, row, changes, rows, unfinished };
        let recorded = plan.built().into_iter().filter(|index| !plan.unfinished.contains(index)).count();
        if recorded > 0 && plan.rows.len() + wanted.put.len() + recorded > ROWS_MAX {
            let problem = format!("the Directory would have more than {ROWS_MAX} definitions and indexes to build");
            return Err(AdminError::Definition(Faults::one("", &problem)));
        }
        Ok(plan)
    }

    /// The indexes that have to be built, each by its type and attribute.
    pub fn built(&self) -> Vec<(String, String)> {
        let of = |change: &TypeChange| {
            let name = change.old.name.to_string();
            change.built.iter().map(|attribute| (name.clone(), attribute.to_string())).collect::<Vec<_>>()
        };
        self.changes.iter().flat_map(of).collect()
    }

    /// Whether its stored resources have to be looked at, or its index rows change.
    pub fn concerns_resources(&self) -> bool {
        !self.unfinished.is_empty() || self.changes.iter().any(|change| change.concerns_resources() || !change.dropped.is_empty())
    }
}
