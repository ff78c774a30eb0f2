//! Stored resources against a change, and their index rows, a batch at a time.

use crate::admin::{AdminError, PAGE_ROWS};
use crate::directory::Directory;
use crate::id::{DirectoryId, ResourceId};
use crate::scim::resource::Document;
use crate::scim::schema::change::{Seen, TypeChange};
use crate::scim::schema::{Fault, ResourceType};
use crate::store::{Query, ResourceIndex, Start, Store, StoreError, Stored};
use std::sync::Arc;

/// How often a resource that changes while it is indexed is read again.
const ATTEMPTS_MAX: u32 = 100;

/// Index rows are written and deleted at whatever revision the schemas are.
const ANY: i64 = i64::MAX;

/// Index rows that are deleted in one statement.
const DROP_ROWS: u32 = 1_000;

/// What a pass over the resources of one type found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What they contradict.
    pub faults: Vec<Fault>,
    /// How many there are.
    pub resources: u64,
}

/// Looks at all resources of a type. With `index`, writes the rows that the Directory has for them in the indexes that the
/// change builds.
///
/// # Errors
/// Those of the store; a unique value that two of them have is no error but a fault.
pub(super) async fn scan(
    store: &dyn Store,
    directory: DirectoryId,
    change: &TypeChange,
    index: Option<(&Directory, &Arc<ResourceType>)>,
) -> Result<Found, AdminError> {
    if !change.concerns_resources() {
        return Ok(Found::default());
    }
    if change.new.is_none() {
        let query =
            Query { resource_type: &change.old, filter: None, sort: None, start: Start::Offset(0), limit: 0, group_depth: 1 };
        let resources = store.search(directory, &query).await?.total;
        let problem = format!("there {} of type {}, which would be lost", count(resources), change.old.name);
        let faults = if resources > 0 { vec![Fault::new(&*change.old.name, problem)] } else { Vec::new() };
        return Ok(Found { faults, resources });
    }
    let mut seen: Vec<(Seen, u64)> = change.conditions.iter().map(|_| (Seen::default(), 0)).collect();
    let mut resources = 0;
    let mut taken = false;
    let mut start = Start::Offset(0);
    loop {
        let query = Query { resource_type: &change.old, filter: None, sort: None, start, limit: PAGE_ROWS, group_depth: 1 };
        let page = store.search(directory, &query).await?.resources;
        let Some(last) = page.last().map(|last| last.id) else { break };
        start = Start::After(last);
        resources += page.len() as u64;
        for stored in &page {
            let document = document(stored)?;
            for (condition, (seen, broken)) in change.conditions.iter().zip(&mut seen) {
                *broken += u64::from(condition.is_broken(&document, seen));
            }
        }
        if let Some((of, resource_type)) = index {
            taken |= !build(store, directory, of, resource_type, &change.built, page).await?;
        }
    }
    let broken = change.conditions.iter().zip(&seen).filter(|(_, (_, broken))| *broken > 0);
    let mut faults: Vec<Fault> = broken
        .map(|(condition, (_, broken))| Fault::new(condition.name(), condition.problem(&change.old.name, *broken)))
        .collect();
    if taken && faults.is_empty() {
        faults.push(Fault::new(&*change.old.name, "a value that must be unique was given to two resources at the same time"));
    }
    Ok(Found { faults, resources })
}

fn count(resources: u64) -> String {
    if resources == 1 { "is 1 resource".to_owned() } else { format!("are {resources} resources") }
}

fn document(stored: &Stored) -> Result<Document, AdminError> {
    Document::from_stored(&stored.document).map_err(|source| AdminError::Corrupt { id: stored.id.to_string(), source })
}

/// Writes the index rows of some resources, those that change meanwhile again. Returns whether all could be written: not if a
/// unique value is taken.
async fn build(
    store: &dyn Store,
    directory: DirectoryId,
    of: &Directory,
    resource_type: &Arc<ResourceType>,
    built: &[Arc<str>],
    mut resources: Vec<Stored>,
) -> Result<bool, AdminError> {
    if built.is_empty() {
        return Ok(true);
    }
    for _ in 0..ATTEMPTS_MAX {
        let mut indexes = Vec::with_capacity(resources.len());
        for stored in &resources {
            let mut rows = of.index_rows(&document(stored)?, resource_type);
            rows.retain(|row| built.iter().any(|name| **name == *row.attribute));
            indexes.push(ResourceIndex { id: stored.id, version: stored.version, rows });
        }
        let done: Vec<ResourceId> = match store.index_resources(directory, ANY, &resource_type.name, indexes).await {
            Ok(done) => done,
            Err(StoreError::Uniqueness { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let mut missed = Vec::new();
        for id in resources.iter().map(|stored| stored.id).filter(|id| !done.contains(id)) {
            // One that is gone needs no rows.
            missed.extend(store.get(directory, &resource_type.name, id).await?);
        }
        if missed.is_empty() {
            return Ok(true);
        }
        resources = missed;
    }
    Err(AdminError::TooBusy)
}

/// Deletes all rows of an index.
pub(super) async fn drop_index(
    store: &dyn Store,
    directory: DirectoryId,
    resource_type: &str,
    attribute: &str,
) -> Result<(), AdminError> {
    while store.drop_index(directory, ANY, resource_type, attribute, DROP_ROWS).await? == u64::from(DROP_ROWS) {}
    Ok(())
}
