//! The end of a Directory, also while its users are active.
//!
//! What becomes of its users and groups is for the operator to choose. Either they stay, without a provider: the Directory keeps its
//! name and gets the profile `manual`, and is *disconnecting* until all of them are the operators' own. Or they are removed: the
//! Directory is *deleting* from then on, which nothing ends but its end. In either case its tokens are refused at once, and what is
//! on its way by one of them is refused by the store, for the schema revision moves.
//!
//! Keeping and removing go a piece at a time, each in a transaction of its own, so that others can write in between. Whoever is killed
//! has lost nothing: [`resume`] goes on with what is left, also at the same time as somebody else. What is removed has its own line
//! on record with each piece.

use super::operator::Act;
use super::{AdminError, Operator, directories};
use crate::directory::definitions::{read, registry};
use crate::directory::settings::Settings;
use crate::scim::quirks::profile;
use crate::scim::quirks::profiles::MANUAL;
use crate::store::operator::Operation;
use crate::store::{DirectoryRow, DirectoryStatus, OperatorStore, Query, Start, StoreError};
use serde_json::{Map, Value, json};

/// Rows that are removed or kept in one transaction: on SQLite nobody else writes meanwhile.
const PIECE_ROWS: u32 = 1_000;

/// How often it is looked again for what came behind the last piece.
const ATTEMPTS_MAX: u32 = 5;

/// Takes the provider away from a Directory: its tokens are revoked, and what is in it stays, as it was unique before.
///
/// # Errors
/// [`AdminError::Protected`], [`AdminError::Gone`], [`AdminError::Changed`].
pub async fn disconnect(operator: &Operator<'_>, directory: &DirectoryRow) -> Result<DirectoryRow, AdminError> {
    check(directory)?;
    let mut settings = Settings::of(directory).map_err(AdminError::Settings)?;
    let by_profile = profile(&directory.provider).is_some_and(|profile| profile.unique_group_display_name);
    // The index rows of groups are as they are, so this stays as it is.
    settings.unique_group_display_name = Some(settings.unique_group_display_name.unwrap_or(by_profile));
    let after = DirectoryRow { provider: MANUAL.to_owned(), settings: directories::text_of(&settings)?, ..directory.clone() };
    let kept = json!({ "kept": counts(operator.store, directory).await? });
    let mut act = directories::act("directory.disconnect", directory, &after);
    if let (Some(Value::Object(after)), Value::Object(kept)) = (&mut act.after, kept) {
        after.extend(kept);
    }
    change(operator, directory, act, Operation::Disconnect(after.clone())).await?;
    keep(operator, &after).await?;
    directories::find(operator.store, &after.name).await
}

/// Gives what is in a Directory that is disconnecting to the operators. Without effect if somebody else has done so meanwhile.
async fn keep(operator: &Operator<'_>, directory: &DirectoryRow) -> Result<(), AdminError> {
    // Nothing that a client created arrives behind the pieces.
    operator.store.wait_for_changes().await?;
    loop {
        let act = Act { name: "directory.disconnect", directory: Some(directory), ..Act::default() };
        match operator.act(act, Operation::KeepPiece { directory: directory.id, limit: PIECE_ROWS }).await {
            Ok(0) | Err(StoreError::NotFound) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Begins to remove a Directory and all that is in it, and gives it as it is then. Without effect if somebody has begun already.
///
/// # Errors
/// [`AdminError::Protected`], [`AdminError::Changed`].
pub async fn begin(operator: &Operator<'_>, directory: &DirectoryRow) -> Result<DirectoryRow, AdminError> {
    if directory.status == DirectoryStatus::Deleting {
        return Ok(directory.clone());
    }
    check(directory)?;
    let after = DirectoryRow { status: DirectoryStatus::Deleting, ..directory.clone() };
    let act = directories::act("directory.delete", directory, &after);
    change(operator, directory, act, Operation::ChangeRules { directory: after.clone(), building: Vec::new() }).await?;
    Ok(DirectoryRow { revision: after.revision + 1, schema_revision: after.schema_revision + 1, ..after })
}

/// Removes what is left of a Directory that is being deleted, and then the Directory. Gives how many rows that were.
///
/// # Errors
/// [`AdminError::NoDirectory`] if it is not being deleted; those of the store.
pub async fn finish(operator: &Operator<'_>, directory: &DirectoryRow) -> Result<i64, AdminError> {
    // Nothing that was on its way when the Directory ended arrives behind the pieces.
    operator.store.wait_for_changes().await?;
    let act = |name| Act {
        name,
        directory: Some(directory),
        target: directory.id.0.to_string(),
        target_name: directory.name.clone(),
        ..Act::default()
    };
    let mut total = 0;
    for _ in 0..ATTEMPTS_MAX {
        loop {
            let piece = Operation::RemovePiece { directory: directory.id, limit: PIECE_ROWS };
            match operator.act(act("directory.remove"), piece).await {
                Ok(0) => break,
                Ok(removed) => total += removed,
                Err(error) => return over(error, directory, total),
            }
        }
        match operator.act(act("directory.deleted"), Operation::DropDirectory(directory.id)).await {
            Ok(_) => return Ok(total),
            // Somebody wrote behind the last piece.
            Err(StoreError::VersionConflict) => {}
            Err(error) => return over(error, directory, total),
        }
    }
    Err(AdminError::TooBusy)
}

/// If somebody else has finished meanwhile, that is as good.
fn over(error: StoreError, directory: &DirectoryRow, total: i64) -> Result<i64, AdminError> {
    match error {
        StoreError::NotFound if directory.status == DirectoryStatus::Deleting => Ok(total),
        StoreError::NotFound => Err(AdminError::NoDirectory(directory.name.clone())),
        error => Err(error.into()),
    }
}

/// Finishes all that were begun and were interrupted. One that fails is no obstacle to the others. Gives their names.
///
/// # Errors
/// The first that happened, once all had their turn.
pub async fn resume(operator: &Operator<'_>) -> Result<Vec<String>, AdminError> {
    let mut finished = Vec::new();
    let mut failed = None;
    for directory in directories::list(operator.store).await? {
        let done = if directory.status == DirectoryStatus::Deleting {
            finish(operator, &directory).await.map(drop)
        } else if directory.disconnecting {
            keep(operator, &directory).await
        } else {
            continue;
        };
        match done {
            Ok(()) => finished.push(directory.name),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(finished), Err)
}

fn check(directory: &DirectoryRow) -> Result<(), AdminError> {
    if directory.protected {
        Err(AdminError::Protected(directory.name.clone()))
    } else if directory.status == DirectoryStatus::Deleting {
        Err(AdminError::Gone(directory.name.clone()))
    } else {
        Ok(())
    }
}

async fn change(operator: &Operator<'_>, directory: &DirectoryRow, act: Act<'_>, operation: Operation) -> Result<(), AdminError> {
    match operator.act(act, operation).await {
        Ok(_) => Ok(()),
        Err(StoreError::VersionConflict | StoreError::SchemasChanged) => Err(AdminError::Changed(directory.name.clone())),
        Err(error) => Err(error.into()),
    }
}

/// How many resources of each type there are.
async fn counts(store: &dyn OperatorStore, directory: &DirectoryRow) -> Result<Map<String, Value>, AdminError> {
    let rows = read(store, Some(directory.id)).await?;
    let registry = registry(&rows).map_err(AdminError::Definition)?;
    let mut counts = Map::new();
    for resource_type in &registry.resource_types {
        let query = Query { resource_type, filter: None, sort: None, start: Start::Offset(0), limit: 0, group_depth: 1 };
        let total = store.search(directory.id, &query).await?.total;
        counts.insert(resource_type.name.to_string(), total.into());
    }
    Ok(counts)
}
