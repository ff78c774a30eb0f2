//! DELETE (RFC 7644 §3.6).

use super::{Ctx, Precondition, life_cycle, load};
use crate::scim::schema::ResourceType;
use crate::scim::{ErrorKind, ScimError};
use crate::store::{Change, StoreError};

/// Deletes a resource, and takes it out of all groups. What the Directory keeps of it, no client sees.
///
/// # Errors
/// - `NotFound`: there is none with this id, of this type, in this Directory
/// - `Forbidden`: an operator made it
/// - `PreconditionFailed`: it is not at a version that `if_match` names
pub async fn delete(ctx: &Ctx<'_>, resource_type: &ResourceType, id: &str, if_match: &Precondition) -> Result<(), ScimError> {
    remove(ctx, resource_type, id, if_match, true).await
}

/// Deletes a resource that came to be in a request that failed, at any version: nothing of it is kept.
///
/// # Errors
/// As [`delete`].
pub async fn take_back(ctx: &Ctx<'_>, resource_type: &ResourceType, id: &str) -> Result<(), ScimError> {
    remove(ctx, resource_type, id, &Precondition::None, false).await
}

async fn remove(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    id: &str,
    if_match: &Precondition,
    buries: bool,
) -> Result<(), ScimError> {
    for _ in 0..=ctx.limits.commit_retries_max {
        let stored = match load::stored(ctx, resource_type, id, if_match).await {
            Ok(stored) => stored,
            Err(error) if error.kind == ErrorKind::NotFound => {
                life_cycle::unassigned(ctx, resource_type, id).await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        life_cycle::check_deletable(ctx, &stored)?;
        let document = load::document(&stored)?;
        let index = ctx.directory.index_rows(&document, resource_type);
        let change = Change::Delete {
            resource_type: resource_type.name.to_string(),
            id: stored.id,
            expected_version: stored.version,
            burial: if buries { life_cycle::burial(ctx, resource_type, &stored, &document, &index) } else { None },
            index,
        };
        match ctx.store.commit(ctx.directory.id, ctx.commit(resource_type, ctx.clock.now(), change)).await {
            Ok(_) => return Ok(()),
            // Somebody changed it since it was read; the index rows to remove have to be those of the new document.
            Err(StoreError::VersionConflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ScimError::new(ErrorKind::Unavailable, "the resource is changing too fast to be deleted; try again"))
}
