//! Indexes that a change left to be built or dropped, brought to their end.
//!
//! A change records each index that it touches, as a row of kind `building`, before its definitions come into force; the row
//! goes when the work is done. Whoever finds such a row can go on, also at the same time as others:
//!
//! - an index that the definitions have is *building*: every server writes its rows, and what is written here beside them is
//!   what it would have written
//! - one that they do not have is *dropping*: no server writes its rows, and all of them go
//!
//! An index changes from dropping to building only when no row is left (`apply::enforce`). Each step is refused once the
//! definitions are others than those that it goes by, and then the work begins anew with those of now.

use super::apply::ATTEMPTS_MAX;
use super::plan::{Plan, Wanted};
use super::scan;
use crate::admin::AdminError;
use crate::clock::Clock;
use crate::scim::schema::Fault;
use crate::scim::schema::extended::IndexName;
use crate::store::{DefinitionChange, DefinitionKind, OperatorStore, StoreError};

/// What became of the indexes of a Directory.
#[derive(Debug, Default)]
pub(super) struct Finished {
    /// How many stored resources were indexed.
    pub resources: u64,
    /// How many indexes are complete, or gone.
    pub indexes: usize,
    /// The indexes that cannot be completed, and why. They stay *building*.
    pub faults: Vec<(IndexName, Fault)>,
}

/// Builds and drops what is left to build and to drop in the Directory called `name`.
pub(super) async fn finish(store: &dyn OperatorStore, clock: &dyn Clock, name: &str) -> Result<Finished, AdminError> {
    for _ in 0..ATTEMPTS_MAX {
        let plan = Plan::make(store, name, &Wanted::nothing()).await?;
        if plan.unfinished.is_empty() {
            return Ok(Finished::default());
        }
        match attempt(store, clock, &plan).await {
            Err(AdminError::Store(StoreError::SchemasChanged | StoreError::VersionConflict)) => {}
            done => return done,
        }
    }
    Err(AdminError::TooBusy)
}

async fn attempt(store: &dyn OperatorStore, clock: &dyn Clock, plan: &Plan) -> Result<Finished, AdminError> {
    store.wait_for_changes().await?;
    let mut finished = Finished::default();
    for change in plan.changes.iter().filter(|change| !change.built.is_empty()) {
        let (resources, taken) = scan::build(store, plan, change).await?;
        finished.resources += resources;
        for (attribute, resources) in taken {
            let (s, have) = if resources == 1 { ("", "has") } else { ("s", "have") };
            let of_type = format!("{resources} resource{s} of type {}", change.old.name);
            let fault = Fault::new(&*attribute, format!("{of_type} {have} a value that another one has, which must be unique"));
            finished.faults.push(((change.old.name.to_string(), attribute.to_string()), fault));
        }
    }
    let built = plan.built();
    for (resource_type, attribute) in plan.unfinished.iter().filter(|index| !built.contains(index)) {
        scan::drop_index(store, plan, resource_type, attribute).await?;
    }
    let is_done = |index: &&IndexName| !finished.faults.iter().any(|(faulty, _)| faulty == *index);
    let done: Vec<_> =
        plan.unfinished.iter().filter(is_done).map(|index| (DefinitionKind::Building, building(index).1)).collect();
    finished.indexes = done.len();
    if !done.is_empty() {
        let expected = vec![(plan.row.id, plan.row.schema_revision)];
        let change = DefinitionChange { directory: Some(plan.row.id), expected, remove: done, ..DefinitionChange::default() };
        store.change_definitions(&change, clock.now()).await?;
    }
    Ok(finished)
}

/// The row that says that an index is being built or dropped.
pub(super) fn building((resource_type, attribute): &IndexName) -> (DefinitionKind, String, String) {
    let definition = serde_json::json!([resource_type, attribute]).to_string();
    (DefinitionKind::Building, format!("{resource_type}/{attribute}"), definition)
}
