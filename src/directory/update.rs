//! Committing a changed document: what PUT and PATCH have in common.

use super::{Ctx, life_cycle, load, members, memberships};
use crate::scim::resource::{Document, grams, keys};
use crate::scim::schema::ResourceType;
use crate::scim::{ErrorKind, ScimError};
use crate::store::{Change, DocumentChange, IndexRow, MemberChange, PasswordChange, Source, StoreError, Stored, Update};

/// What a resource is to become.
pub struct Wanted {
    /// Its document.
    pub document: Document,
    /// Its password.
    pub password: PasswordChange,
    /// Its members.
    pub members: MemberChange,
    /// The source that it must be of, if that matters.
    pub source: Option<Source>,
    /// Whether an operator holds it from now on, if that changes.
    pub held: Option<bool>,
}

impl Wanted {
    /// What the one who asks makes of it.
    pub fn by(ctx: &Ctx<'_>, document: Document, password: PasswordChange, members: MemberChange) -> Self {
        Self { document, password, members, source: life_cycle::changeable(ctx), held: None }
    }
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
    let old = if text == stored.document { None } else { Some(load::decode(stored)?) };
    let alone = old.is_none() && wanted.password == PasswordChange::Keep;
    if alone && wanted.members.is_empty() && wanted.held.is_none() {
        ctx.tell_unchanged();
        return Ok(stored.clone());
    }
    let depends = depends || !alone || wanted.held.is_some();
    let new_text = old.is_some().then(|| text.clone());
    let (password, members) = (wanted.password.clone(), wanted.members.clone());
    let update = Update {
        resource_type: resource_type.name.to_string(),
        id: stored.id,
        expected_version: depends.then_some(stored.version),
        document: old.as_ref().map(|old| difference(ctx, resource_type, old, &document, text)),
        password: wanted.password,
        members: wanted.members,
        member_types: members::types(ctx, resource_type),
        source: wanted.source,
        held: wanted.held,
    };
    let change = Change::Update(Box::new(update));
    let mut commit = ctx.commit(resource_type, ctx.clock.now(), change);
    ctx.put_on_record(&mut commit, resource_type, old.as_ref().map(|old| (Some(old), &document)), &members);
    let committed = ctx.store.commit(ctx.directory.id, commit).await?;
    if committed.changed {
        if let Some(old) = &old {
            ctx.tell_document(resource_type, Some(old), &document);
        }
        ctx.tell_password(&password);
        ctx.tell_members(resource_type, &members);
    } else {
        ctx.tell_unchanged();
    }
    Ok(Stored {
        document: new_text.unwrap_or_else(|| stored.document.clone()),
        version: committed.version,
        last_modified: committed.last_modified,
        held: wanted.held.unwrap_or(stored.held),
        ..stored.clone()
    })
}

/// The answer when a resource changed under each of several tries.
pub fn too_busy() -> ScimError {
    ScimError::new(ErrorKind::Unavailable, "the resource is changing too fast; try again")
}

fn difference(ctx: &Ctx<'_>, resource_type: &ResourceType, old: &Document, document: &Document, text: String) -> DocumentChange {
    let (before, after) = (ctx.directory.index_rows(old, resource_type), ctx.directory.index_rows(document, resource_type));
    // Rows come in order.
    let only_in =
        |rows: &[IndexRow], other: &[IndexRow]| rows.iter().filter(|row| other.binary_search(row).is_err()).cloned().collect();
    let [had, has] = [old, document].map(|document| grams(document, ctx.directory.id, resource_type));
    DocumentChange {
        document: text,
        keys: keys(document, resource_type).to_string(),
        index_removed: only_in(&before, &after),
        index_added: only_in(&after, &before),
        grams: (has != had).then_some(has),
    }
}
