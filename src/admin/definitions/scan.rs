//! Stored resources against a change, and their index rows, a batch at a time.

use super::plan::Plan;
use crate::admin::{AdminError, PAGE_ROWS};
use crate::id::{DirectoryId, ResourceId};
use crate::scim::resource::{Document, index_rows};
use crate::scim::schema::change::{Condition, Seen, TypeChange};
use crate::scim::schema::{Fault, ResourceType, Uniqueness};
use crate::store::operator::GlobalValue;
use crate::store::{IndexRow, OperatorStore, Query, ResourceIndex, Start, StoreError, Stored};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// How often resources of a page that change while they are indexed are read again.
const ATTEMPTS_MAX: u32 = 100;

/// Index rows that are deleted in one statement.
const DROP_ROWS: u32 = 1_000;

/// Values that are looked for in other Directories at a time.
const VALUES_MAX: usize = 1_000;

/// What a pass over the resources of one type found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What they contradict.
    pub faults: Vec<Fault>,
    /// How many there are.
    pub resources: u64,
}

/// Looks at all resources of a type, if there is a condition that they could break.
///
/// # Errors
/// Those of the store.
pub(super) async fn scan(store: &dyn OperatorStore, directory: DirectoryId, change: &TypeChange) -> Result<Found, AdminError> {
    if change.new.is_none() {
        let query =
            Query { resource_type: &change.old, filter: None, sort: None, start: Start::Offset(0), limit: 0, group_depth: 1 };
        let resources = store.search(directory, &query).await?.total;
        let problem = format!("there {} of type {}, which would be lost", count(resources), change.old.name);
        let faults = if resources > 0 { vec![Fault::new(&*change.old.name, problem)] } else { Vec::new() };
        return Ok(Found { faults, resources });
    }
    if change.conditions.is_empty() {
        return Ok(Found::default());
    }
    let mut seen: Vec<(Seen, u64)> = change.conditions.iter().map(|_| (Seen::default(), 0)).collect();
    let global: Vec<Option<String>> = change.conditions.iter().map(Condition::global).collect();
    let mut resources = 0;
    let mut start = Start::Offset(0);
    while let Some((page, next)) = page(store, directory, &change.old, start).await? {
        start = next;
        resources += page.len() as u64;
        let documents: Vec<Document> = page.iter().map(document).collect::<Result<_, _>>()?;
        let elsewhere = taken_elsewhere(store, directory, change, &global, &documents).await?;
        for (place, document) in documents.iter().enumerate() {
            for ((condition, global), (seen, broken)) in change.conditions.iter().zip(&global).zip(&mut seen) {
                let is_taken = global.as_ref().is_some_and(|name| elsewhere.contains(&(place, name.clone())));
                *broken += u64::from(condition.is_broken(document, seen) || is_taken);
            }
        }
    }
    let broken = change.conditions.iter().zip(&seen).filter(|(_, (_, broken))| *broken > 0);
    let faults =
        broken.map(|(condition, (_, broken))| Fault::new(condition.name(), condition.problem(&change.old.name, *broken)));
    Ok(Found { faults: faults.collect(), resources })
}

/// Which of the documents, by its place, has a value that another Directory has, of which of the attributes that are to be unique in
/// all of them. Values that come there meanwhile are met when the index rows are written.
async fn taken_elsewhere(
    store: &dyn OperatorStore,
    directory: DirectoryId,
    change: &TypeChange,
    global: &[Option<String>],
    documents: &[Document],
) -> Result<HashSet<(usize, String)>, AdminError> {
    let Some(new) = change.new.as_ref().filter(|_| global.iter().any(Option::is_some)) else { return Ok(HashSet::new()) };
    let (mut values, mut places) = (Vec::new(), Vec::new());
    for (place, document) in documents.iter().enumerate() {
        let rows = index_rows(document, new, &[]).into_iter().filter(|row| row.uniqueness == Uniqueness::Global);
        for IndexRow { attribute, value, .. } in rows.filter(|row| global.iter().flatten().any(|name| *name == row.attribute)) {
            places.push((place, attribute.clone()));
            values.push(GlobalValue { resource_type: new.name.to_string(), attribute, value });
        }
    }
    let mut taken = HashSet::new();
    for (values, places) in values.chunks(VALUES_MAX).zip(places.chunks(VALUES_MAX)) {
        taken.extend(store.taken_elsewhere(directory, values).await?.into_iter().map(|place| places[place].clone()));
    }
    Ok(taken)
}

/// The resources from `start` on, and where the next ones begin; `None`: there are no more.
async fn page(
    store: &dyn OperatorStore,
    directory: DirectoryId,
    resource_type: &ResourceType,
    start: Start,
) -> Result<Option<(Vec<Stored>, Start)>, AdminError> {
    let query = Query { resource_type, filter: None, sort: None, start, limit: PAGE_ROWS, group_depth: 1 };
    let page = store.search(directory, &query).await?.resources;
    Ok(page.last().map(|last| Start::After(last.id)).map(|next| (page, next)))
}

fn count(resources: u64) -> String {
    if resources == 1 { "is 1 resource".to_owned() } else { format!("are {resources} resources") }
}

fn document(stored: &Stored) -> Result<Document, AdminError> {
    Document::from_stored(&stored.document).map_err(|source| AdminError::Corrupt { id: stored.id.to_string(), source })
}

/// Writes the rows that all resources of a type have in the indexes that the change builds, and returns how many resources there
/// are, and how many of them could not be written for which index: they have a unique value that another one has.
///
/// # Errors
/// [`StoreError::SchemasChanged`] if the definitions are others than those of the plan by now, and those of the store.
pub(super) async fn build(
    store: &dyn OperatorStore,
    plan: &Plan,
    change: &TypeChange,
) -> Result<(u64, BTreeMap<Arc<str>, u64>), AdminError> {
    let mut taken = BTreeMap::new();
    let mut count = 0;
    let mut start = Start::Offset(0);
    while let Some((page, next)) = page(store, plan.row.id, &change.old, start).await? {
        start = next;
        count += page.len() as u64;
        write(store, plan, change, page, &mut taken).await?;
    }
    Ok((count, taken))
}

/// Writes the index rows of some resources: all at once, those that change meanwhile again, and one by one if a unique value
/// among them is taken.
async fn write(
    store: &dyn OperatorStore,
    plan: &Plan,
    change: &TypeChange,
    resources: Vec<Stored>,
    taken: &mut BTreeMap<Arc<str>, u64>,
) -> Result<(), AdminError> {
    let Some(resource_type) = &change.new else { return Ok(()) };
    let (directory, revision) = (plan.row.id, plan.row.schema_revision);
    let mut missed_often = 0;
    let mut work = vec![(resources, change.built.clone())];
    while let Some((resources, built)) = work.pop() {
        let mut indexes = Vec::with_capacity(resources.len());
        for stored in &resources {
            let mut rows = plan.new.index_rows(&document(stored)?, resource_type);
            rows.retain(|row| built.iter().any(|name| **name == *row.attribute));
            indexes.push(ResourceIndex { id: stored.id, version: stored.version, rows });
        }
        let done: Vec<ResourceId> = match store.index_resources(directory, revision, &resource_type.name, indexes).await {
            Ok(done) => done,
            Err(StoreError::Uniqueness { .. }) => {
                match (resources.as_slice(), built.as_slice()) {
                    ([_], [attribute]) => *taken.entry(attribute.clone()).or_default() += 1,
                    _ => work.extend(one_by_one(&resources, &built)),
                }
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let mut missed = Vec::new();
        for id in resources.iter().map(|stored| stored.id).filter(|id| !done.contains(id)) {
            // One that is gone needs no rows.
            missed.extend(store.get(directory, &resource_type.name, id).await?);
        }
        if !missed.is_empty() {
            missed_often += 1;
            if missed_often == ATTEMPTS_MAX {
                return Err(AdminError::TooBusy);
            }
            work.push((missed, built));
        }
    }
    Ok(())
}

fn one_by_one(resources: &[Stored], built: &[Arc<str>]) -> Vec<(Vec<Stored>, Vec<Arc<str>>)> {
    let of = |stored: &Stored| -> Vec<_> { built.iter().map(|name| (vec![stored.clone()], vec![name.clone()])).collect() };
    // What is last is done first; the first to have a value keeps it.
    resources.iter().rev().flat_map(of).collect()
}

/// Deletes all rows of an index, which the definitions of the plan have not.
///
/// # Errors
/// [`StoreError::SchemasChanged`] if they are others by now, and those of the store.
pub(super) async fn drop_index(
    store: &dyn OperatorStore,
    plan: &Plan,
    resource_type: &str,
    attribute: &str,
) -> Result<(), AdminError> {
    let (directory, revision) = (plan.row.id, plan.row.schema_revision);
    while store.drop_index(directory, revision, resource_type, attribute, DROP_ROWS).await? == u64::from(DROP_ROWS) {}
    Ok(())
}
