//! Running one task, or the tasks of a cycle.

use super::Done;
use super::prepare::{Action, Task};
use crate::directory::create::NewId;
use crate::directory::trace::Trace;
use crate::directory::{Ctx, Precondition, create, delete, patch, replace};
use crate::id::ResourceId;
use crate::scim::resource::Normalized;
use crate::scim::schema::ResourceType;
use crate::scim::{ErrorKind, ScimError};
use crate::store::MemberChange;
use std::collections::HashSet;
use std::sync::Arc;

/// 409: a POST that the operation refers to has failed (D-89).
pub fn dependency_failed() -> ScimError {
    ScimError::new(ErrorKind::Conflict, "a resource that the operation refers to by its bulkId could not be created")
}

/// Runs a task.
pub async fn one(ctx: &Ctx<'_>, task: Result<Task, ScimError>) -> Result<Done, ScimError> {
    let Task { resource_type, action } = task?;
    match action {
        Action::Create(id, body) => {
            create::store(ctx, &resource_type, NewId::of(id), *body).await.map(|(stored, _)| Done::Created(stored.version))
        }
        Action::Replace(id, body, if_match) => {
            let (stored, _) = replace::store(ctx, &resource_type, &id, *body, &if_match).await?;
            Ok(Done::Updated(stored.version))
        }
        Action::Patch(id, operations, if_match) => {
            let id = ResourceId::parse(&id).ok_or_else(ScimError::resource_not_found)?;
            patch::store(ctx, &resource_type, id, operations, &if_match).await.map(|patched| Done::Updated(patched.version()))
        }
        Action::Delete(id, if_match) => delete::delete(ctx, &resource_type, &id, &if_match).await.map(|()| Done::Deleted),
    }
}

/// A resource of a cycle that has been created.
struct Created {
    operation: usize,
    resource_type: Arc<ResourceType>,
    id: ResourceId,
    version: i64,
    /// Its members that did not exist yet.
    missing: Vec<ResourceId>,
}

/// Creates resources that refer to each other: each without the members that do not exist yet, which are added once
/// they do. Other references need no such care, because the ids are known.
///
/// Each is a commit of its own. If one fails, those that came to be are taken back; a server that is killed in between
/// leaves them.
pub async fn cycle(
    ctx: &Ctx<'_>,
    tasks: Vec<(usize, Result<Task, ScimError>)>,
    traces: &[Trace],
) -> Vec<(usize, Result<Done, ScimError>)> {
    let operations: Vec<usize> = tasks.iter().map(|(operation, _)| *operation).collect();
    let mut created = Vec::with_capacity(tasks.len());
    match create_all(ctx, tasks, traces, &mut created).await {
        Ok(()) => created.into_iter().map(|one| (one.operation, Ok(Done::Created(one.version)))).collect(),
        Err((failed, error)) => {
            for one in created.iter().rev() {
                undo(ctx, one).await;
            }
            let outcome = |operation| if operation == failed { error.clone() } else { dependency_failed() };
            operations.into_iter().map(|operation| (operation, Err(outcome(operation)))).collect()
        }
    }
}

/// On error: which operation failed, and why.
async fn create_all(
    ctx: &Ctx<'_>,
    tasks: Vec<(usize, Result<Task, ScimError>)>,
    traces: &[Trace],
    created: &mut Vec<Created>,
) -> Result<(), (usize, ScimError)> {
    let mut to_create = Vec::with_capacity(tasks.len());
    for (operation, task) in tasks {
        match task {
            Ok(Task { resource_type, action: Action::Create(id, body) }) => to_create.push((operation, resource_type, id, body)),
            // Only what is created can be referred to by a bulkId, so nothing else is part of a cycle.
            Ok(_) => return Err((operation, dependency_failed())),
            Err(error) => return Err((operation, error)),
        }
    }
    let mut absent: HashSet<String> = to_create.iter().map(|(_, _, id, _)| id.to_string()).collect();
    for (operation, resource_type, id, mut body) in to_create {
        absent.remove(&id.to_string());
        let missing = take_missing(&mut body, &absent);
        let ctx = ctx.traced_by(&traces[operation]);
        let (stored, _) = create::store(&ctx, &resource_type, NewId::of(id), *body).await.map_err(|error| (operation, error))?;
        created.push(Created { operation, resource_type, id, version: stored.version, missing });
    }
    for one in created.iter_mut().filter(|one| !one.missing.is_empty()) {
        let change = MemberChange { add: std::mem::take(&mut one.missing), ..MemberChange::default() };
        let committed = patch::commit_members(ctx, &one.resource_type, one.id, change, &Precondition::None).await;
        one.version = committed.map_err(|error| (one.operation, error))?.version;
    }
    Ok(())
}

/// Takes out of the members those that do not exist yet.
fn take_missing(body: &mut Normalized, absent: &HashSet<String>) -> Vec<ResourceId> {
    let Some(members) = &mut body.members else { return Vec::new() };
    let missing = members.extract_if(.., |member| absent.contains(member)).collect::<Vec<_>>();
    missing.iter().filter_map(|member| ResourceId::parse(member)).collect()
}

async fn undo(ctx: &Ctx<'_>, created: &Created) {
    // At any version: the group of a member that was taken back is at another one than it was created at.
    if let Err(error) = delete::take_back(ctx, &created.resource_type, &created.id.to_string()).await {
        tracing::error!(
            resource.r#type = &*created.resource_type.name,
            resource.id = %created.id,
            cause = %error,
            "a resource of a failed cycle of references could not be taken back"
        );
    }
}
