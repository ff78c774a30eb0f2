//! Schemas and resource types that an operator gives: to one Directory, or by files to every one (D-97).
//!
//! A change is checked whole before anything happens: the text by itself, beside the other definitions, and against all stored
//! resources. What they contradict is refused, with numbers. Then the definitions change in one transaction, and every server
//! sees it within a second.
//!
//! What was written by the old ones until then was not looked at. So a change that stored resources could contradict waits
//! until no server goes by those, looks again, and takes itself back if somebody was faster. An index that needs rows of stored
//! resources is *building* meanwhile: servers write its rows but do not read by them, until all are there. What is interrupted
//! before, the next change of the Directory brings to its end, or a server within a minute ([`resume`]).
//!
//! - `plan`: what a change does to each Directory
//! - `scan`: stored resources against a plan, and their index rows
//! - `indexes`: building and dropping what is left to build and to drop
//! - `apply`: a change from beginning to end
//! - `rules`: another row of a Directory, by which other attributes are unique
//! - `files`: the definitions of every Directory
//! - `several`: several definitions for one Directory at once

mod apply;
mod files;
mod indexes;
mod plan;
mod rules;
mod scan;
mod several;

pub use apply::{Applied, Timing};
pub use files::{File, provide};
pub use rules::change_rules;
pub use several::{Given, examine, give, given, name_of, result};

use super::{AdminError, Operator, PAGE_ROWS};
use crate::clock::Clock;
use crate::directory::definitions::{read, registry};
use crate::id::DirectoryId;
use crate::scim::schema::definition::{self, Definition, Fault};
use crate::store::{DefinitionKind, DefinitionRow, DirectoryRow, DirectoryStatus, OperatorStore};
use serde_json::Value;
use std::collections::HashMap;

/// The definitions of a kind that a Directory has, those of every Directory included.
pub async fn list(
    store: &dyn OperatorStore,
    directory: &DirectoryRow,
    kind: DefinitionKind,
) -> Result<Vec<DefinitionRow>, AdminError> {
    let mut rows = read(store, Some(directory.id)).await?;
    rows.retain(|row| row.kind == kind);
    Ok(rows)
}

/// What [`add`] did.
#[derive(Debug)]
pub struct Added {
    /// What the definition is called.
    pub name: String,
    /// Whether it took the place of another one.
    pub replaced: bool,
    /// What is odd about it.
    pub warnings: Vec<Fault>,
    /// What it took.
    pub applied: Applied,
}

/// Gives a Directory a schema or a resource type, or another version of one that it was given before.
///
/// # Errors
/// [`AdminError::Definition`], [`AdminError::Contradicted`], [`AdminError::WrongKind`], [`AdminError::Everyones`].
pub async fn add(
    operator: &Operator<'_>,
    directory: &DirectoryRow,
    kind: DefinitionKind,
    text: &str,
    timing: Timing,
) -> Result<Added, AdminError> {
    let store = operator.store;
    let parsed = definition::parse(text).map_err(AdminError::Definition)?;
    let found = kind_of(&parsed.definition);
    if found != kind {
        return Err(AdminError::WrongKind { found });
    }
    let name = parsed.definition.name().to_owned();
    let rows = read(store, Some(directory.id)).await?;
    let known = rows.iter().find(|row| row.kind == kind && row.name.eq_ignore_ascii_case(&name));
    if known.is_some_and(|row| row.directory.is_none()) {
        return Err(AdminError::Everyones(name));
    }
    let wanted = plan::Wanted {
        directory: Some(directory.id),
        put: vec![(kind, name.clone(), text.to_owned())],
        // One that is spelled in another letter case makes way.
        remove: known.filter(|row| row.name != name).map(|row| (kind, row.name.clone())).into_iter().collect(),
    };
    let mut warnings = parsed.warnings;
    warnings.extend(oddities(&wanted.result(&rows), [&parsed.definition]));
    let applied = apply::apply(operator, &[directory.name.as_str()], wanted, timing).await?;
    Ok(Added { name, replaced: known.is_some(), warnings, applied })
}

/// Takes a schema or a resource type away from a Directory.
///
/// # Errors
/// [`AdminError::NoDefinition`], [`AdminError::Everyones`]; [`AdminError::Definition`] if another one needs it,
/// [`AdminError::Contradicted`] if there are resources with it.
pub async fn remove(
    operator: &Operator<'_>,
    directory: &DirectoryRow,
    kind: DefinitionKind,
    name: &str,
    timing: Timing,
) -> Result<Applied, AdminError> {
    let store = operator.store;
    let rows = read(store, Some(directory.id)).await?;
    let row = rows
        .iter()
        .find(|row| row.kind == kind && row.name.eq_ignore_ascii_case(name))
        .ok_or_else(|| AdminError::NoDefinition(name.to_owned()))?;
    if row.directory.is_none() {
        return Err(AdminError::Everyones(row.name.clone()));
    }
    let wanted = plan::Wanted { directory: Some(directory.id), put: Vec::new(), remove: vec![(kind, row.name.clone())] };
    apply::apply(operator, &[directory.name.as_str()], wanted, timing).await
}

fn added(kind: DefinitionKind) -> &'static str {
    if kind == DefinitionKind::Schema { "schema.add" } else { "resource-type.add" }
}

fn removed(kind: DefinitionKind) -> &'static str {
    if kind == DefinitionKind::Schema { "schema.remove" } else { "resource-type.remove" }
}

fn value_of(definition: &str) -> Value {
    serde_json::from_str(definition).unwrap_or(Value::Null)
}

/// The revisions of the schemas of Directories at which some of their indexes could not be completed, for [`resume`].
#[derive(Debug, Default)]
pub struct Tried(HashMap<DirectoryId, i64>);

/// Builds and drops the indexes that interrupted changes have left, in every Directory, but for those that were `tried` in vain with
/// the schemas that are in force. One that cannot be brought to its end is no obstacle to the others. Several servers may do this at
/// the same time, and while a change of definitions is under way.
///
/// # Errors
/// The first of those that happened, once all Directories had their turn.
pub async fn resume(
    store: &dyn OperatorStore,
    clock: &dyn Clock,
    timing: Timing,
    Tried(tried): &mut Tried,
) -> Result<Applied, AdminError> {
    let mut rows = unfinished(store).await?;
    tried.retain(|id, _| rows.iter().any(|row| row.id == *id));
    rows.retain(|row| tried.get(&row.id) != Some(&row.schema_revision));
    let mut applied = Applied::default();
    if rows.is_empty() {
        return Ok(applied);
    }
    apply::settle(store, timing).await?;
    let mut failed = None;
    for DirectoryRow { id, name, schema_revision, .. } in rows {
        match indexes::finish(store, clock, &name).await {
            Ok(finished) => {
                if !finished.faults.is_empty() {
                    tried.insert(id, schema_revision);
                }
                applied.examined += finished.resources;
                applied.built += finished.indexes;
                let within = |fault: Fault| Fault::new(format!("Directory {name}: {}", fault.path), fault.problem);
                applied.unfinished.extend(finished.faults.into_iter().map(|(_, fault)| within(fault)));
            }
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(applied), Err)
}

/// The Directories of which an index is being built or dropped, but for those that are being deleted.
async fn unfinished(store: &dyn OperatorStore) -> Result<Vec<DirectoryRow>, AdminError> {
    let mut all: Vec<DirectoryRow> = Vec::new();
    loop {
        let page = store.unfinished_directories(all.last().map(|row| row.name.as_str()), PAGE_ROWS).await?;
        if page.is_empty() {
            all.retain(|row| row.status != DirectoryStatus::Deleting);
            return Ok(all);
        }
        all.extend(page);
    }
}

/// What is odd about `definitions` beside all that there will be; nothing, if these do not fit each other, which is refused elsewhere.
fn oddities<'d>(rows: &[DefinitionRow], definitions: impl IntoIterator<Item = &'d Definition>) -> Vec<Fault> {
    let Ok(registry) = registry(rows) else { return Vec::new() };
    definitions.into_iter().flat_map(|definition| registry.oddities(definition)).collect()
}

fn kind_of(definition: &Definition) -> DefinitionKind {
    match definition {
        Definition::Schema(_) => DefinitionKind::Schema,
        Definition::ResourceType(_) => DefinitionKind::ResourceType,
    }
}
