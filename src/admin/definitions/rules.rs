//! A change of a Directory's row by which other attributes are unique than before: by its settings, or by another profile.
//!
//! Whether an attribute is unique is written in each row of its index. So this is a change of indexes, by the same means as one
//! of schemas: what stored resources contradict is refused, with numbers; the row comes into force; then the index rows are
//! written anew, and whoever is killed in between leaves them to a server.

use super::apply::{ATTEMPTS_MAX, contradictions};
use super::indexes::{self, building};
use super::plan::Plan;
use crate::admin::operator::Act;
use crate::admin::{AdminError, Operator};
use crate::scim::schema::extended::IndexName;
use crate::scim::schema::{Fault, Faults};
use crate::store::operator::Operation;
use crate::store::{DirectoryRow, StoreError};

/// Makes `after` of the row `before`, and puts that on record as `act`. Without a change of what is unique it is one transaction.
///
/// Nobody has to wait until servers have read the new row, as after a change of schemas: whoever searches by the index finds
/// the same by its old rows as by its new ones, and nothing is written by the rules of before, for the store refuses it.
///
/// # Errors
/// [`AdminError::Contradicted`], [`AdminError::Changed`], [`AdminError::Unfinished`].
pub async fn change_rules(
    operator: &Operator<'_>,
    before: &DirectoryRow,
    after: &DirectoryRow,
    act: Act<'_>,
) -> Result<(), AdminError> {
    for _ in 0..ATTEMPTS_MAX {
        let plan = Plan::of_row(operator.store, after).await?;
        if plan.changes.is_empty() {
            operator.act(act.clone(), Operation::ChangeDirectory(after.clone())).await?;
            return Ok(());
        }
        let (_, faults) = contradictions(operator.store, std::slice::from_ref(&plan)).await?;
        if !faults.is_empty() {
            return Err(AdminError::Contradicted(Faults(faults)));
        }
        if !begin(operator, &plan, after, act.clone()).await? {
            continue;
        }
        let faults = finish(operator, &plan, after).await?;
        if faults.is_empty() {
            return Ok(());
        }
        // Somebody was faster than the look at the resources, or the index tells fewer values apart.
        let undo = Act { before: act.after, after: act.before, ..act };
        return match take_back(operator, before, after, undo, &plan.touched()).await {
            Ok(()) => Err(AdminError::Contradicted(Faults(faults))),
            Err(AdminError::Changed(_)) => Err(AdminError::Unfinished(Faults(faults))),
            Err(error) => Err(error),
        };
    }
    Err(AdminError::TooBusy)
}

/// Brings the row into force, and with it the record of what has to be written anew. `false`: the row or the schemas have changed
/// meanwhile.
async fn begin(operator: &Operator<'_>, plan: &Plan, after: &DirectoryRow, act: Act<'_>) -> Result<bool, AdminError> {
    let directory = DirectoryRow { schema_revision: plan.row.schema_revision, ..after.clone() };
    let building = plan.touched().iter().map(building).map(|(_, name, definition)| (name, definition)).collect();
    match operator.act(act, Operation::ChangeRules { directory, building }).await {
        Ok(_) => Ok(true),
        Err(StoreError::SchemasChanged | StoreError::VersionConflict) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Writes the index rows, and says which values contradict them; those of an index that was not complete before do not count.
async fn finish(operator: &Operator<'_>, plan: &Plan, after: &DirectoryRow) -> Result<Vec<Fault>, AdminError> {
    let finished = indexes::finish(operator.store, operator.clock, &after.name).await?;
    let counts = |index: &IndexName| plan.touched().contains(index) && !plan.unfinished.contains(index);
    Ok(finished.faults.into_iter().filter(|(index, _)| counts(index)).map(|(_, fault)| fault).collect())
}

async fn take_back(
    operator: &Operator<'_>,
    before: &DirectoryRow,
    after: &DirectoryRow,
    act: Act<'_>,
    indexes: &[IndexName],
) -> Result<(), AdminError> {
    let row = DirectoryRow { revision: after.revision + 1, ..before.clone() };
    for _ in 0..ATTEMPTS_MAX {
        let mut plan = Plan::of_row(operator.store, &row).await?;
        plan.rebuild(indexes);
        if begin(operator, &plan, &row, act.clone()).await? {
            indexes::finish(operator.store, operator.clock, &row.name).await?;
            return Ok(());
        }
    }
    Err(AdminError::TooBusy)
}
