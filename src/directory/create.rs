//! POST (RFC 7644 §3.3).

use super::{Ctx, ProjectionParams, ResourceReply, body, domains, life_cycle, members, render};
use crate::id::ResourceId;
use crate::scim::ScimError;
use crate::scim::quirks::MessageKind;
use crate::scim::resource::{Normalized, defaults, grams, keys, validate};
use crate::scim::schema::ResourceType;
use crate::store::{Change, MemberChange, NewResource, PasswordChange, StoreError, Stored};

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
    let (stored, sent) = store(ctx, resource_type, ResourceId::generate(), body).await?;
    render::one(ctx, resource_type, stored, &projection, &sent).await
}

/// Stores a new resource under `id`, and gives it with the attributes that the client sent. Defaults are already in `body`.
///
/// # Errors
/// As [`create`].
pub async fn store(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    id: ResourceId,
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
        Err(StoreError::UnknownMember) => Err(members::unknown(ctx, resource_type, &members.add).await),
        Err(error) => Err(error.into()),
    }
}
