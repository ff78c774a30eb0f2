//! GET of one resource (RFC 7644 §3.4.1).

use super::{Ctx, Precondition, ProjectionParams, ResourceReply, load, render};
use crate::scim::ScimError;
use crate::scim::schema::ResourceType;

/// Answers with one resource.
///
/// # Errors
/// - `NotFound`: there is none with this id, of this type, in this Directory
pub async fn read(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    id: &str,
    projection: ProjectionParams<'_>,
) -> Result<ResourceReply, ScimError> {
    let projection = projection.resolve(resource_type)?;
    let stored = load::stored(ctx, resource_type, id, &Precondition::None).await?;
    render::one(ctx, resource_type, stored, &projection, &[]).await
}
