//! DELETE (RFC 7644 §3.6).

use super::{Ctx, Precondition, load};
use crate::scim::schema::ResourceType;
use crate::scim::{ErrorKind, ScimError};
use crate::store::{Change, StoreError};

/// Deletes a resource for good, and takes it out of all groups.
///
/// # Errors
/// - `NotFound`: there is none with this id, of this type, in this Directory
/// - `PreconditionFailed`: it is not at a version that `if_match` names
pub async fn delete(ctx: &Ctx<'_>, resource_type: &ResourceType, id: &str, if_match: &Precondition) -> Result<(), ScimError> {
    for _ in 0..=ctx.limits.commit_retries_max {
        let stored = load::stored(ctx, resource_type, id, if_match).await?;
        let document = load::document(&stored)?;
        let change = Change::Delete {
            resource_type: resource_type.name.to_string(),
            id: stored.id,
            expected_version: stored.version,
            index: ctx.directory.index_rows(&document, resource_type),
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
