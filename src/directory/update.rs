//! Committing a changed document: what PUT and PATCH have in common.

use super::{Ctx, load, members, memberships};
use crate::scim::resource::{Document, grams, keys};
use crate::scim::schema::ResourceType;
use crate::scim::{ErrorKind, ScimError};
use crate::store::{Change, DocumentChange, IndexRow, MemberChange, PasswordChange, StoreError, Stored, Update};

/// What a resource is to become.
pub struct Wanted {
    /// Its document.
    pub document: Document,
    /// Its password.
    pub password: PasswordChange,
    /// Its members.
    pub members: MemberChange,
}

/// Commits what differs from `stored`, and gives the resource as it is then. Nothing differs: nothing is written (D-62).
///
/// A new document or password is committed only on the version that it was made from. Members alone are committed on any
/// version, unless `depends` says that the client asked for this one.
///
/// # Errors
/// - `VersionConflict`: somebody changed the resource since it was read; read again and retry
/// - `Uniqueness`, `UnknownMember`, and the failures of the database
pub async fn commit(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    stored: &Stored,
    wanted: Wanted,
    depends: bool,
) -> Result<Stored, StoreError> {
    let document = memberships::without_echoes(ctx, resource_type, stored, wanted.document).await?;
    let text = document.to_text();
    let document = if text == stored.document { None } else { Some(difference(ctx, resource_type, stored, &document, text)?) };
    if document.is_none() && wanted.password == PasswordChange::Keep && wanted.members.is_empty() {
        return Ok(stored.clone());
    }
    let depends = depends || document.is_some() || wanted.password != PasswordChange::Keep;
    let new_text = document.as_ref().map(|change| change.document.clone());
    let update = Update {
        resource_type: resource_type.name.to_string(),
        id: stored.id,
        expected_version: depends.then_some(stored.version),
        document,
        password: wanted.password,
        members: wanted.members,
        member_types: members::types(ctx, resource_type),
    };
    let change = Change::Update(Box::new(update));
    let committed = ctx.store.commit(ctx.directory.id, ctx.commit(resource_type, ctx.clock.now(), change)).await?;
    Ok(Stored {
        document: new_text.unwrap_or_else(|| stored.document.clone()),
        version: committed.version,
        last_modified: committed.last_modified,
        ..stored.clone()
    })
}

/// The answer when a resource changed under each of several tries.
pub fn too_busy() -> ScimError {
    ScimError::new(ErrorKind::Unavailable, "the resource is changing too fast; try again")
}

fn difference(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    stored: &Stored,
    document: &Document,
    text: String,
) -> Result<DocumentChange, StoreError> {
    let old = load::decode(stored)?;
    let (before, after) = (ctx.directory.index_rows(&old, resource_type), ctx.directory.index_rows(document, resource_type));
    // Rows come in order.
    let only_in =
        |rows: &[IndexRow], other: &[IndexRow]| rows.iter().filter(|row| other.binary_search(row).is_err()).cloned().collect();
    let [had, has] = [&old, document].map(|document| grams(document, ctx.directory.id, resource_type));
    Ok(DocumentChange {
        document: text,
        keys: keys(document, resource_type).to_string(),
        index_removed: only_in(&before, &after),
        index_added: only_in(&after, &before),
        grams: (has != had).then_some(has),
    })
}
