//! Several definitions for one Directory at once, which may need each other.

use super::apply::{Applied, Timing, apply, contradicted};
use super::plan::Wanted;
use super::{kind_of, value_of};
use crate::admin::{AdminError, Operator};
use crate::directory::definitions::registry;
use crate::id::DirectoryId;
use crate::scim::schema::definition::{self, Fault, Faults};
use crate::store::{DefinitionKind, DefinitionRow, DirectoryRow, OperatorStore};
use serde_json::Value;

/// A definition that a Directory has not, or has otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// What it is.
    pub kind: DefinitionKind,
    /// What it is called.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The one that it takes the place of.
    pub before: Option<DefinitionRow>,
}

/// Those of `texts` that `rows` have not, or have otherwise than by white space.
///
/// # Errors
/// [`AdminError::Definition`] with the faults of all texts; [`AdminError::Everyones`].
pub fn given(rows: &[DefinitionRow], texts: &[String]) -> Result<Vec<Given>, AdminError> {
    let mut all: Vec<Given> = Vec::with_capacity(texts.len());
    let mut faults = Vec::new();
    for text in texts {
        let parsed = match definition::parse(text) {
            Ok(parsed) => parsed.definition,
            Err(Faults(more)) => {
                faults.extend(more);
                continue;
            }
        };
        let (kind, name) = (kind_of(&parsed), parsed.name().to_owned());
        let is_it = |of_kind: DefinitionKind, of_name: &str| of_kind == kind && of_name.eq_ignore_ascii_case(&name);
        if all.iter().any(|one| is_it(one.kind, &one.name)) {
            faults.push(Fault::new(name, "it is there twice"));
            continue;
        }
        let before = rows.iter().find(|row| is_it(row.kind, &row.name)).cloned();
        if before.as_ref().is_some_and(|row| row.name == name && value_of(&row.definition) == value_of(text)) {
            continue;
        }
        if before.as_ref().is_some_and(|row| row.directory.is_none()) {
            return Err(AdminError::Everyones(name));
        }
        all.push(Given { kind, name, text: text.clone(), before });
    }
    if faults.is_empty() { Ok(all) } else { Err(AdminError::Definition(Faults(faults))) }
}

/// The definitions of a Directory once it was given these.
pub fn result(rows: &[DefinitionRow], directory: DirectoryId, given: &[Given]) -> Vec<DefinitionRow> {
    wanted(directory, given).result(rows)
}

/// Whether a Directory can be given these.
///
/// # Errors
/// [`AdminError::Definition`] if they do not fit each other and the rest; [`AdminError::Contradicted`].
pub async fn examine(
    store: &dyn OperatorStore,
    row: Option<&DirectoryRow>,
    rows: &[DefinitionRow],
    given: &[Given],
) -> Result<(), AdminError> {
    match row {
        Some(row) if !given.is_empty() => contradicted(store, &row.name, &wanted(row.id, given)).await,
        _ => registry(&result(rows, DirectoryId(0), given)).map(drop).map_err(AdminError::Definition),
    }
}

/// Gives a Directory definitions, all of them or none, on record.
///
/// # Errors
/// As [`examine`].
pub async fn give(
    operator: &Operator<'_>,
    directory: &DirectoryRow,
    given: &[Given],
    timing: Timing,
) -> Result<Applied, AdminError> {
    apply(operator, &[directory.name.as_str()], wanted(directory.id, given), timing).await
}

/// The name that a definition says to have: the URN of a schema, the name of a resource type.
pub fn name_of(definition: &Value) -> Option<&str> {
    let name = if definition.get("attributes").is_some() { "id" } else { "name" };
    definition.get(name)?.as_str()
}

fn wanted(directory: DirectoryId, given: &[Given]) -> Wanted {
    let other_spelling =
        |one: &Given| one.before.as_ref().filter(|row| row.name != one.name).map(|row| (one.kind, row.name.clone()));
    Wanted {
        directory: Some(directory),
        put: given.iter().map(|one| (one.kind, one.name.clone(), one.text.clone())).collect(),
        // One that is spelled in another letter case makes way.
        remove: given.iter().filter_map(other_spelling).collect(),
    }
}
