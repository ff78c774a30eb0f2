//! A change of definitions, from beginning to end.

use super::indexes::{self, building};
use super::plan::{Plan, Wanted};
use super::scan;
use crate::admin::{AdminError, Operator};
use crate::scim::schema::{Fault, Faults};
use crate::store::{DefinitionChange, OperatorStore, StoreError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How often a change is planned anew because another one came in between.
pub(super) const ATTEMPTS_MAX: u32 = 5;

/// When a change goes on, after which no server reads by the definitions of before.
#[derive(Debug, Clone, Copy)]
pub enum Timing {
    /// After the second for which they are believed, and what a search takes. None writes by them at once, for the store
    /// refuses it, and [`wait_for_changes`](crate::store::Store::wait_for_changes) says when the last change has come to its end that was on its way.
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

/// What a change took, and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// How many stored resources were looked at.
    pub examined: u64,
    /// How many indexes were built for them.
    pub built: usize,
    /// Indexes that an earlier change began and that cannot be completed: searches do without them, and some resources are not
    /// held to the uniqueness of their values.
    pub unfinished: Vec<Fault>,
}

/// Changes the definitions of the Directories called `names`, on record, or nothing.
pub(super) async fn apply(
    operator: &Operator<'_>,
    names: &[&str],
    wanted: Wanted,
    timing: Timing,
) -> Result<Applied, AdminError> {
    let store = operator.store;
    for _ in 0..ATTEMPTS_MAX {
        let mut plans = make(store, names, &wanted).await?;
        let (examined, faults) = contradictions(store, &plans).await?;
        if !faults.is_empty() {
            return Err(AdminError::Contradicted(Faults(faults)));
        }
        let built = plans.iter().map(|plan| plan.built().len()).sum();
        match enforce(operator, &mut plans, &wanted, timing).await {
            Ok(()) => {}
            Err(AdminError::Store(StoreError::VersionConflict | StoreError::SchemasChanged)) => continue,
            Err(error) => return Err(error),
        }
        let mut applied = Applied { examined, built, unfinished: Vec::new() };
        if plans.iter().any(Plan::concerns_resources) {
            finish(operator, &plans, &wanted, timing, &mut applied).await?;
        }
        return Ok(applied);
    }
    Err(AdminError::TooBusy)
}

/// Whether what the Directory called `name` holds contradicts a change.
///
/// # Errors
/// [`AdminError::Contradicted`]; [`AdminError::Definition`] if the definitions do not fit each other.
pub(super) async fn contradicted(store: &dyn OperatorStore, name: &str, wanted: &Wanted) -> Result<(), AdminError> {
    let plans = make(store, &[name], wanted).await?;
    let (_, faults) = contradictions(store, &plans).await?;
    if faults.is_empty() { Ok(()) } else { Err(AdminError::Contradicted(Faults(faults))) }
}

async fn make(store: &dyn OperatorStore, names: &[&str], wanted: &Wanted) -> Result<Vec<Plan>, AdminError> {
    let mut plans = Vec::with_capacity(names.len());
    for name in names {
        plans.push(Plan::make(store, name, wanted).await?);
    }
    Ok(plans)
}

/// How many stored resources were looked at, and what they contradict.
pub(super) async fn contradictions(store: &dyn OperatorStore, plans: &[Plan]) -> Result<(u64, Vec<Fault>), AdminError> {
    let (mut examined, mut faults) = (0, Vec::new());
    for plan in plans {
        for change in &plan.changes {
            let found = scan::scan(store, plan.row.id, change).await?;
            examined += found.resources;
            faults.extend(found.faults.into_iter().map(|fault| within(plan, plans, fault)));
        }
    }
    Ok((examined, faults))
}

/// Names the Directory of a fault, if there are several.
fn within(plan: &Plan, plans: &[Plan], fault: Fault) -> Fault {
    if plans.len() < 2 { fault } else { Fault::new(format!("Directory {}: {}", plan.row.name, fault.path), fault.problem) }
}

/// Brings definitions into force. When it returns, nobody goes by those of before any more.
async fn enforce(operator: &Operator<'_>, plans: &mut [Plan], wanted: &Wanted, timing: Timing) -> Result<(), AdminError> {
    let store = operator.store;
    if plans.iter().any(|plan| !plan.leftovers().is_empty()) {
        settle(store, timing).await?;
    }
    for plan in &*plans {
        for (resource_type, attribute) in plan.leftovers() {
            scan::drop_index(store, plan, &resource_type, &attribute).await?;
        }
    }
    change(operator, plans, wanted).await?;
    if plans.iter().any(Plan::concerns_resources) {
        settle(store, timing).await?;
    }
    Ok(())
}

/// Waits until nobody goes by the definitions of before.
pub(super) async fn settle(store: &dyn OperatorStore, timing: Timing) -> Result<(), AdminError> {
    timing.settled().await;
    Ok(store.wait_for_changes().await?)
}

/// Changes the definitions, after those indexes are recorded whose rows have to come or go: whatever happens from then on, it is
/// known what is left to do.
async fn change(operator: &Operator<'_>, plans: &mut [Plan], wanted: &Wanted) -> Result<(), AdminError> {
    let Operator { store, clock, .. } = *operator;
    for plan in plans.iter_mut().filter(|plan| !plan.touched().is_empty()) {
        let begin = DefinitionChange {
            directory: Some(plan.row.id),
            expected: vec![(plan.row.id, plan.row.schema_revision)],
            put: plan.touched().iter().map(building).collect(),
            ..DefinitionChange::default()
        };
        store.change_definitions(&begin, clock.now()).await?;
        plan.row.schema_revision += 1;
    }
    let first = plans.first();
    let rows = first.map(|plan| plan.rows.as_slice()).unwrap_or_default();
    let directory = first.map(|plan| &plan.row).filter(|row| wanted.directory == Some(row.id));
    let change = DefinitionChange {
        directory: wanted.directory,
        expected: plans.iter().map(|plan| (plan.row.id, plan.row.schema_revision)).collect(),
        put: wanted.put.clone(),
        remove: wanted.remove.clone(),
        record: wanted.record(operator, directory, rows),
    };
    Ok(store.change_definitions(&change, clock.now()).await?)
}

/// Looks again, then builds and drops the indexes; or takes the change back. An index that an earlier change began is no reason
/// to take this one back.
async fn finish(
    operator: &Operator<'_>,
    plans: &[Plan],
    wanted: &Wanted,
    timing: Timing,
    applied: &mut Applied,
) -> Result<(), AdminError> {
    let Operator { store, clock, .. } = *operator;
    let (_, mut faults) = contradictions(store, plans).await?;
    if faults.is_empty() {
        let mut indexed = 0;
        for plan in plans {
            let finished = indexes::finish(store, clock, &plan.row.name).await?;
            indexed += finished.resources;
            for (index, fault) in finished.faults {
                let earlier = plan.unfinished.contains(&index);
                if earlier { &mut applied.unfinished } else { &mut faults }.push(within(plan, plans, fault));
            }
        }
        applied.examined = applied.examined.max(indexed);
        applied.built = applied.built.saturating_sub(applied.unfinished.len());
    }
    if faults.is_empty() {
        return Ok(());
    }
    take_back(operator, plans, wanted, timing).await?;
    Err(AdminError::Contradicted(Faults(faults)))
}

/// Brings the definitions back, on record too, and the index rows.
async fn take_back(operator: &Operator<'_>, plans: &[Plan], wanted: &Wanted, timing: Timing) -> Result<(), AdminError> {
    let Operator { store, clock, .. } = *operator;
    let before = plans.first().map(|plan| plan.rows.as_slice()).unwrap_or_default();
    let undo = wanted.undo(before);
    let names: Vec<&str> = plans.iter().map(|plan| plan.row.name.as_str()).collect();
    for _ in 0..ATTEMPTS_MAX {
        let mut undoing = make(store, &names, &undo).await?;
        for (undoing, plan) in undoing.iter_mut().zip(plans) {
            // Somebody else may have dropped one of them meanwhile.
            undoing.rebuild(&plan.touched());
        }
        match enforce(operator, &mut undoing, &undo, timing).await {
            Ok(()) => {}
            Err(AdminError::Store(StoreError::VersionConflict | StoreError::SchemasChanged)) => continue,
            Err(error) => return Err(error),
        }
        for name in names {
            // What cannot be completed was not complete before either.
            indexes::finish(store, clock, name).await?;
        }
        return Ok(());
    }
    Err(AdminError::TooBusy)
}
