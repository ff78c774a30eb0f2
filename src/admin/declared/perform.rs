//! Making things as a file declares them.

use super::file::Declared;
use super::plan::{Change, Plan, plan};
use crate::admin::definitions::{self, Timing};
use crate::admin::directories::{self, New};
use crate::admin::{AdminError, Operator};
use crate::store::StoreError;
use std::collections::BTreeMap;
use std::time::Duration;

/// How often a start plans anew because another server that started with it was faster.
const ATTEMPTS_MAX: u32 = 10;

/// Does what a plan says, each change on record.
///
/// # Errors
/// [`AdminError::Changed`], [`AdminError::DirectoryExists`]: something is otherwise than when the plan was made; what was done
/// by then stays, and another plan does the rest.
pub async fn perform(operator: &Operator<'_>, plan: &Plan, timing: Timing) -> Result<(), AdminError> {
    for change in &plan.changes {
        one(operator, change, timing).await?;
    }
    Ok(())
}

async fn one(operator: &Operator<'_>, change: &Change, timing: Timing) -> Result<(), AdminError> {
    let wanted = &change.wanted;
    let (row, timing) = match &change.row {
        Some(row) => {
            let row = directories::edit_as(operator, row, wanted.edit()).await?;
            (directories::set_status(operator, &row, wanted.status).await?, timing)
        }
        None => {
            let new = New {
                name: &change.name,
                display_name: &wanted.display_name,
                provider: &wanted.provider,
                settings: &wanted.settings,
                status: wanted.status,
                protected: wanted.protected,
            };
            // There is no token yet, so nobody goes by the schemas of before.
            (directories::create_as(operator, &new).await?, Timing::After(Duration::ZERO))
        }
    };
    if !wanted.given.is_empty() {
        definitions::give(operator, &row, &wanted.given, timing).await?;
    }
    Ok(())
}

/// Makes everything as a file declares it, and gives the plans that this took: none, if it was so. Others may do the same at the
/// same time; what one of them has done, the others find done.
///
/// # Errors
/// Those of [`plan`], and [`AdminError::TooBusy`].
pub async fn settle(
    operator: &Operator<'_>,
    declared: &Declared,
    files: &BTreeMap<String, String>,
    timing: Timing,
) -> Result<Vec<Plan>, AdminError> {
    let mut plans = Vec::new();
    for _ in 0..ATTEMPTS_MAX {
        let plan = plan(operator, declared, files).await?;
        if plan.changes.is_empty() {
            return Ok(plans);
        }
        let done = perform(operator, &plan, timing).await;
        plans.push(plan);
        match done {
            Ok(())
            | Err(
                AdminError::DirectoryExists(_)
                | AdminError::Changed(_)
                | AdminError::TooBusy
                | AdminError::Store(StoreError::VersionConflict | StoreError::SchemasChanged | StoreError::Contention(_)),
            ) => {}
            Err(error) => return Err(error),
        }
    }
    Err(AdminError::TooBusy)
}
