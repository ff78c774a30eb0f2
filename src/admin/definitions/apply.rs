//! A change of definitions, from beginning to end.

use super::plan::{Plan, Wanted};
use super::scan;
use crate::admin::AdminError;
use crate::clock::Clock;
use crate::id::DirectoryId;
use crate::scim::schema::change::TypeChange;
use crate::scim::schema::{Fault, Faults};
use crate::store::{DefinitionChange, DefinitionKind, Store, StoreError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How often a change is planned anew because another one came in between.
const ATTEMPTS_MAX: u32 = 5;

/// When a change goes on, after which no server reads by the definitions of before.
#[derive(Debug, Clone, Copy)]
pub enum Timing {
    /// After the second for which they are believed, and what a search takes. None writes by them at once, for the store
    /// refuses it, and [`Store::wait_for_changes`] says when the last change has come to its end that was on its way.
    After(Duration),
    /// With a permit, for tests: when that has happened which they want to happen meanwhile.
    Permitted(&'static Semaphore),
}

impl Default for Timing {
    fn default() -> Self {
        Self::After(Duration::from_secs(4))
    }
}

impl Timing {
    async fn settled(self) {
        match self {
            Self::After(duration) => tokio::time::sleep(duration).await,
            Self::Permitted(permits) => {
                if let Ok(permit) = permits.acquire().await {
                    permit.forget();
                }
            }
        }
    }
}

/// What a change took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// How many stored resources were looked at.
    pub examined: u64,
    /// How many indexes were built for them.
    pub built: usize,
}

/// Changes the definitions of the Directories called `names`, or nothing.
pub(super) async fn apply(
    store: &dyn Store,
    clock: &dyn Clock,
    names: &[&str],
    wanted: Wanted,
    timing: Timing,
) -> Result<Applied, AdminError> {
    for _ in 0..ATTEMPTS_MAX {
        let mut plans = Vec::with_capacity(names.len());
        for name in names {
            plans.push(Plan::make(store, name, &wanted).await?);
        }
        let mut applied = Applied::default();
        let mut faults = Vec::new();
        for plan in &plans {
            for change in &plan.changes {
                let found = scan::scan(store, plan.row.id, change, None).await?;
                applied.examined += found.resources;
                faults.extend(within(plan, names, found.faults));
            }
        }
        if !faults.is_empty() {
            return Err(AdminError::Contradicted(Faults(faults)));
        }
        applied.built = plans.iter().map(|plan| plan.built().len()).sum();
        match change(store, clock, &mut plans, &wanted).await {
            Ok(()) => {}
            Err(AdminError::Store(StoreError::VersionConflict)) => continue,
            Err(error) => return Err(error),
        }
        if plans.iter().any(Plan::concerns_resources) {
            timing.settled().await;
            store.wait_for_changes().await?;
            finish(store, clock, &plans, names, &wanted, timing).await?;
        }
        return Ok(applied);
    }
    Err(AdminError::TooBusy)
}

/// Names the Directory of faults, if there are several.
fn within(plan: &Plan, names: &[&str], faults: Vec<Fault>) -> Vec<Fault> {
    if names.len() < 2 {
        return faults;
    }
    faults.into_iter().map(|fault| Fault::new(format!("Directory {}: {}", plan.row.name, fault.path), fault.problem)).collect()
}

/// Changes the definitions, after those indexes are said to be building that stored resources need rows in.
async fn change(store: &dyn Store, clock: &dyn Clock, plans: &mut [Plan], wanted: &Wanted) -> Result<(), AdminError> {
    for plan in plans.iter_mut().filter(|plan| !plan.built().is_empty()) {
        let begin = DefinitionChange {
            directory: Some(plan.row.id),
            expected: vec![(plan.row.id, plan.row.schema_revision)],
            put: plan.built().iter().map(building).collect(),
            remove: Vec::new(),
        };
        store.change_definitions(&begin, clock.now()).await?;
        plan.row.schema_revision += 1;
    }
    let change = DefinitionChange {
        directory: wanted.directory,
        expected: plans.iter().map(|plan| (plan.row.id, plan.row.schema_revision)).collect(),
        put: wanted.put.clone(),
        remove: wanted.remove.clone(),
    };
    Ok(store.change_definitions(&change, clock.now()).await?)
}

/// Looks again and builds the indexes; or takes the change back.
async fn finish(
    store: &dyn Store,
    clock: &dyn Clock,
    plans: &[Plan],
    names: &[&str],
    wanted: &Wanted,
    timing: Timing,
) -> Result<(), AdminError> {
    let mut faults = Vec::new();
    for plan in plans {
        for change in &plan.changes {
            let index = change.new.as_ref().map(|resource_type| (&plan.new, resource_type));
            let found = scan::scan(store, plan.row.id, change, index).await?;
            faults.extend(within(plan, names, found.faults));
        }
    }
    if !faults.is_empty() {
        take_back(store, clock, plans, wanted, timing).await?;
        return Err(AdminError::Contradicted(Faults(faults)));
    }
    for plan in plans {
        for change in plan.changes.iter().filter(|change| change.new.is_some()) {
            for attribute in &change.dropped {
                scan::drop_index(store, plan.row.id, &change.old.name, attribute).await?;
            }
        }
        built(store, clock, plan).await?;
    }
    Ok(())
}

/// Brings the definitions back, and the index rows.
async fn take_back(
    store: &dyn Store,
    clock: &dyn Clock,
    plans: &[Plan],
    wanted: &Wanted,
    timing: Timing,
) -> Result<(), AdminError> {
    let before = plans.first().map(|plan| plan.rows.as_slice()).unwrap_or_default();
    let undo = wanted.undo(before);
    update(store, clock, undo.directory, undo.put, undo.remove).await?;
    timing.settled().await;
    store.wait_for_changes().await?;
    for plan in plans {
        for change in &plan.changes {
            let had = |name: &str| change.old.indexed.iter().any(|indexed| *indexed.name == *name);
            let (again, new): (Vec<_>, Vec<_>) = change.built.iter().cloned().partition(|name| had(name));
            for attribute in new {
                scan::drop_index(store, plan.row.id, &change.old.name, &attribute).await?;
            }
            let again = TypeChange { conditions: Vec::new(), built: again, ..change.clone() };
            scan::scan(store, plan.row.id, &again, Some((&plan.old, &change.old))).await?;
        }
        built(store, clock, plan).await?;
    }
    Ok(())
}

/// Says that the indexes of a plan are not building any more.
async fn built(store: &dyn Store, clock: &dyn Clock, plan: &Plan) -> Result<(), AdminError> {
    let remove: Vec<_> =
        plan.built().iter().chain(&plan.unfinished).map(|index| (DefinitionKind::Building, building(index).1)).collect();
    if remove.is_empty() { Ok(()) } else { update(store, clock, Some(plan.row.id), Vec::new(), remove).await }
}

/// Changes definitions whatever others do to others at the same time.
async fn update(
    store: &dyn Store,
    clock: &dyn Clock,
    directory: Option<DirectoryId>,
    put: Vec<(DefinitionKind, String, String)>,
    remove: Vec<(DefinitionKind, String)>,
) -> Result<(), AdminError> {
    for _ in 0..ATTEMPTS_MAX {
        let rows = crate::admin::directories::list(store).await?;
        let expected = rows.iter().filter(|row| directory == Some(row.id)).map(|row| (row.id, row.schema_revision)).collect();
        let change = DefinitionChange { directory, expected, put: put.clone(), remove: remove.clone() };
        match store.change_definitions(&change, clock.now()).await {
            Err(StoreError::VersionConflict) => {}
            done => return Ok(done?),
        }
    }
    Err(AdminError::TooBusy)
}

/// The row that says that an index is building.
fn building((resource_type, attribute): &(String, String)) -> (DefinitionKind, String, String) {
    let definition = serde_json::json!([resource_type, attribute]).to_string();
    (DefinitionKind::Building, format!("{resource_type}/{attribute}"), definition)
}
