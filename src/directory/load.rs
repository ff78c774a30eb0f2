//! Reading what a verb is about to answer or change.

use super::{Ctx, Precondition};
use crate::id::ResourceId;
use crate::scim::resource::Document;
use crate::scim::schema::ResourceType;
use crate::scim::{ErrorKind, ScimError};
use crate::store::{StoreError, Stored};

/// The resource with this id, if it satisfies `if_match`.
///
/// # Errors
/// - `NotFound`: none of this type in this Directory has the id, or the text is not the spelling of any id
/// - `PreconditionFailed`: its version is another
pub async fn stored(ctx: &Ctx<'_>, resource_type: &ResourceType, id: &str, if_match: &Precondition) -> Result<Stored, ScimError> {
    let id = ResourceId::parse(id).ok_or_else(ScimError::resource_not_found)?;
    ctx.tell_resource(resource_type, id);
    let stored = ctx.store.get(ctx.directory.id, &resource_type.name, id).await?.ok_or_else(ScimError::resource_not_found)?;
    if if_match.holds(stored.version) { Ok(stored) } else { Err(stale()) }
}

/// The document of a stored resource, as a verb needs it.
pub fn document(stored: &Stored) -> Result<Document, ScimError> {
    decode(stored).map_err(ScimError::from)
}

/// The document of a stored resource.
pub fn decode(stored: &Stored) -> Result<Document, StoreError> {
    Document::from_stored(&stored.document).map_err(|source| StoreError::Corrupt { table: "resources", source: Box::new(source) })
}

/// 412: the resource is not at a version that If-Match names.
pub fn stale() -> ScimError {
    ScimError::new(ErrorKind::PreconditionFailed, "the resource has changed since the version that If-Match names; read it again")
}
