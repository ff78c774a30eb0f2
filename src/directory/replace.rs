//! PUT (RFC 7644 §3.5.1).

use super::{
    Ctx, Precondition, ProjectionParams, ResourceReply, body, domains, life_cycle, load, members, render, self_service, update,
};
use crate::scim::quirks::MessageKind;
use crate::scim::resource::{Normalized, replace as rules, validate};
use crate::scim::schema::ResourceType;
use crate::scim::{ErrorKind, ScimError};
use crate::store::{MemberChange, PasswordChange, StoreError, Stored};

/// Replaces a resource by a request body, and answers with it as stored.
///
/// What the body omits becomes unassigned, but for the password and `active` (D-18); immutable attributes keep their
/// value (D-17).
///
/// # Errors
/// - `NotFound`, `PreconditionFailed`: as for reading with If-Match
/// - `InvalidSyntax`, `InvalidValue`, `Mutability`: the body is not what this resource may become
/// - `Uniqueness`: another resource has the value of a unique attribute
/// - `Forbidden`: somebody else made it, or an operator holds it; or a user changes of itself what it may not
pub async fn replace(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    id: &str,
    body: &[u8],
    if_match: &Precondition,
    projection: ProjectionParams<'_>,
) -> Result<ResourceReply, ScimError> {
    let projection = projection.resolve(resource_type)?;
    let body = body::resource(ctx, resource_type, MessageKind::Replace, body)?;
    let (stored, sent) = store(ctx, resource_type, id, body, if_match).await?;
    render::one(ctx, resource_type, stored, &projection, &sent).await
}

/// Stores what a resource is to become, and gives it with the attributes that the client sent.
///
/// # Errors
/// As [`replace`].
pub async fn store(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    id: &str,
    body: Normalized,
    if_match: &Precondition,
) -> Result<(Stored, Vec<String>), ScimError> {
    let Normalized { document, members, password, sent, ignored } = body;
    body::report_ignored(ctx, &ignored);
    let members = match &resource_type.membership {
        Some(_) => {
            MemberChange { clear: true, add: members::ids(resource_type, members.unwrap_or_default())?, ..Default::default() }
        }
        None => MemberChange::default(),
    };
    let password = match password {
        Some(Some(password)) => PasswordChange::Set(ctx.passwords.hash(&password).await?),
        Some(None) | None => PasswordChange::Keep,
    };

    for _ in 0..=ctx.limits.commit_retries_max {
        let stored = match load::stored(ctx, resource_type, id, if_match).await {
            Ok(stored) => stored,
            Err(error) if error.kind == ErrorKind::NotFound => {
                life_cycle::unassigned_by_put(ctx, resource_type, id, &document).await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        life_cycle::check_source(ctx, &stored)?;
        members::refuse_itself(resource_type, stored.id, &members.add)?;
        let before = load::document(&stored)?;
        let document = rules::merge(&before, document.clone(), resource_type, &sent)?;
        validate(&document, resource_type, &ctx.directory.tolerance)?;
        domains::check(ctx.directory.domains.as_ref(), resource_type, Some(&before), &document)?;
        life_cycle::check_held(ctx, &stored, &document)?;
        self_service::check(ctx, resource_type, &before, &document, password != PasswordChange::Keep)?;
        let change = update::Wanted::by(ctx, document, password.clone(), members.clone());
        match update::commit(ctx, resource_type, &stored, change, *if_match != Precondition::None).await {
            Ok(stored) => return Ok((stored, sent)),
            Err(StoreError::VersionConflict) => {}
            Err(StoreError::UnknownMember) => return Err(members::unknown(ctx, resource_type, &members.add).await),
            Err(error) => return Err(error.into()),
        }
    }
    Err(update::too_busy())
}
