//! POST (RFC 7644 §3.3).

use super::{Ctx, ProjectionParams, ResourceReply, body, domains, life_cycle, members, render};
use crate::id::ResourceId;
use crate::scim::quirks::MessageKind;
use crate::scim::resource::{Normalized, defaults, grams, keys, validate};
use crate::scim::schema::ResourceType;
use crate::scim::{ErrorKind, ScimError};
use crate::store::{Change, MemberChange, NewResource, PasswordChange, StoreError, Stored};
use std::collections::HashSet;

/// Creates a resource from a request body, and answers with it as stored.
///
/// # Errors
/// - `InvalidSyntax`, `InvalidValue`: the body is not a resource of this type
/// - `Uniqueness`: another resource has the value of a unique attribute
/// - `Forbidden`: an operator deleted it, and it may not come again yet
pub async fn create(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    body: &[u8],
    projection: ProjectionParams<'_>,
) -> Result<ResourceReply, ScimError> {
    let projection = projection.resolve(resource_type)?;
    let mut body = body::resource(ctx, resource_type, MessageKind::Create, body)?;
    defaults::apply(&mut body.document, resource_type, &body.sent);
    let (stored, sent) = store(ctx, resource_type, NewId::generate(), body).await?;
    render::one(ctx, resource_type, stored, &projection, &sent).await
}

/// The id of a resource that is to be created.
#[derive(Debug, Clone, Copy)]
pub struct NewId {
    id: ResourceId,
    /// Whether it comes of a client's key, so that it may have been another's.
    once: bool,
}

impl NewId {
    /// One that is nobody's.
    pub fn generate() -> Self {
        Self::of(ResourceId::generate())
    }

    /// One that was generated.
    pub fn of(id: ResourceId) -> Self {
        Self { id, once: false }
    }
}

/// What became of a creation under an id that the client's key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Once {
    /// It was created.
    Created,
    /// It is there, and as far as can be told it is what the body says.
    There,
    /// It is there, and was made from another body.
    Different,
    /// It was there, and was deleted: an id is never used again (D-21).
    Deleted,
}

/// Creates a resource under `id` from a request body, unless it is there or was: whoever sends the same twice, also at the same
/// time, makes one.
///
/// # Errors
/// As [`create`].
pub async fn create_once(ctx: &Ctx<'_>, resource_type: &ResourceType, id: ResourceId, body: &[u8]) -> Result<Once, ScimError> {
    let mut body = body::resource(ctx, resource_type, MessageKind::Create, body)?;
    defaults::apply(&mut body.document, resource_type, &body.sent);
    let (text, members) = (body.document.to_text(), body.members.clone());
    if let Some(found) = find_former(ctx, resource_type, id, &text, members.clone()).await? {
        return Ok(found);
    }
    match store(ctx, resource_type, NewId { id, once: true }, body).await {
        Ok(_) => Ok(Once::Created),
        // Another request may have been faster, whatever stood in the way of this one then; what it made may even be gone again.
        Err(error) => find_former(ctx, resource_type, id, &text, members).await?.ok_or(error),
    }
}

/// What became of the resource that had `id` before, if there was one, against the document and members to make one from.
async fn find_former(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    id: ResourceId,
    document: &str,
    members: Option<Vec<String>>,
) -> Result<Option<Once>, ScimError> {
    if let Some(found) = find_made(ctx, resource_type, id, document, members).await? {
        return Ok(Some(found));
    }
    Ok(ctx.store.was_deleted(ctx.directory.id, id).await?.then_some(Once::Deleted))
}

/// The resource that was made under `id`, if it is there, against the document and members to make it from.
///
/// What was changed since no longer says what it was made from, and is taken for the same. Passwords are not compared, so that
/// nobody finds one out by trying.
async fn find_made(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    id: ResourceId,
    document: &str,
    members: Option<Vec<String>>,
) -> Result<Option<Once>, ScimError> {
    let Some(stored) = ctx.store.get(ctx.directory.id, &resource_type.name, id).await? else { return Ok(None) };
    if stored.version > 1 {
        return Ok(Some(Once::There));
    }
    if stored.document != document {
        return Ok(Some(Once::Different));
    }
    let sent: HashSet<ResourceId> = members::ids(resource_type, members.unwrap_or_default())?.into_iter().collect();
    let limit = u32::try_from(sent.len()).unwrap_or(u32::MAX).saturating_add(1);
    let found = ctx.store.members(ctx.directory.id, id, None, limit).await?;
    let is_the_same = found.len() == sent.len() && found.iter().all(|member| sent.contains(&member.id));
    Ok(Some(if is_the_same { Once::There } else { Once::Different }))
}

/// Stores a new resource, and gives it with the attributes that the client sent. Defaults are already in `body`.
///
/// # Errors
/// As [`create`].
pub async fn store(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    NewId { id, once }: NewId,
    body: Normalized,
) -> Result<(Stored, Vec<String>), ScimError> {
    let Normalized { document, members, password, sent, ignored } = body;
    body::report_ignored(ctx, &ignored);
    ctx.tell_type(resource_type);
    validate(&document, resource_type, &ctx.directory.tolerance)?;
    domains::check(ctx.directory.domains.as_ref(), resource_type, None, &document)?;
    let members = members::ids(resource_type, members.unwrap_or_default())?;
    members::refuse_itself(resource_type, id, &members)?;
    let password_hash = match password.flatten() {
        Some(password) => Some(ctx.passwords.hash(&password).await?),
        None => None,
    };

    let now = ctx.clock.now();
    let index = ctx.directory.index_rows(&document, resource_type);
    let new = NewResource {
        id,
        resource_type: resource_type.name.to_string(),
        document: document.to_text(),
        keys: keys(&document, resource_type).to_string(),
        match_keys: life_cycle::keys(ctx, resource_type, &index),
        index,
        grams: grams(&document, ctx.directory.id, resource_type),
        password_hash,
        members,
        member_types: members::types(ctx, resource_type),
        source: life_cycle::source(ctx),
        once,
    };
    let stored = Stored {
        id: new.id,
        resource_type: new.resource_type.clone(),
        document: new.document.clone(),
        version: 1,
        created: now,
        last_modified: now,
        is_member: false,
        source: new.source,
        held: false,
    };
    let members = MemberChange { add: new.members.clone(), ..MemberChange::default() };
    let password = new.password_hash.clone().map_or(PasswordChange::Keep, PasswordChange::Set);
    let change = Change::Create(Box::new(new));
    let mut commit = ctx.commit(resource_type, now, change);
    ctx.put_on_record(&mut commit, resource_type, Some((None, &document)), &members);
    match ctx.store.commit(ctx.directory.id, commit).await {
        Ok(_) => {
            ctx.tell_resource(resource_type, id);
            ctx.tell_document(resource_type, None, &document);
            ctx.tell_password(&password);
            ctx.tell_members(resource_type, &members);
            Ok((stored, sent))
        }
        // Of two that make one id at the same time, the later one.
        Err(error @ (StoreError::Contention(_) | StoreError::Database(_)))
            if once && ctx.store.get(ctx.directory.id, &resource_type.name, id).await.is_ok_and(|found| found.is_some()) =>
        {
            tracing::debug!(cause = %error, "another request created the same resource");
            Err(ScimError::new(ErrorKind::Conflict, "another request has created this resource"))
        }
        Err(StoreError::UnknownMember) => Err(members::unknown(ctx, resource_type, &members.add).await),
        Err(error) => Err(error.into()),
    }
}
