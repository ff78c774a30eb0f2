//! Whose a resource is, and what is left of one that was deleted: the policies of [`LifeCycles`].
//!
//! A resource belongs to who made it, the provider or an operator. Nobody else changes it, but for what an operator may do to a
//! user or group of a provider: disable, enable, delete. What the provider does next then, the policies of the Directory judge.
//!
//! [`LifeCycles`]: crate::scim::quirks::LifeCycles

use super::context::Party;
use super::{Ctx, Precondition, load, update};
use crate::id::ResourceId;
use crate::scim::patch::{self, Operation, PatchContext};
use crate::scim::quirks::{DeletePolicy, OperatorDelete, OperatorDisable};
use crate::scim::resource::{Document, canonicalize};
use crate::scim::schema::ResourceType;
use crate::scim::{ErrorKind, ScimError};
use crate::store::{Bar, Burial, IndexRow, MatchKeys, MemberChange, PasswordChange, Source, StoreError, Stored};
use serde_json::{Map, Value, json};

/// The source of what the one who asks creates.
pub fn source(ctx: &Ctx<'_>) -> Source {
    match ctx.party {
        Party::Provider | Party::User => Source::Provisioned,
        Party::Operator(_) => Source::Manual,
    }
}

/// The source that a resource must be of for the one who asks to change it; `None`: any.
pub fn changeable(ctx: &Ctx<'_>) -> Option<Source> {
    match ctx.party {
        Party::User => None,
        Party::Provider | Party::Operator(_) => Some(source(ctx)),
    }
}

/// Refuses to change what somebody else made.
///
/// # Errors
/// - `Forbidden`
pub fn check_source(ctx: &Ctx<'_>, stored: &Stored) -> Result<(), ScimError> {
    if changeable(ctx).is_none_or(|source| source == stored.source) { Ok(()) } else { Err(others(ctx)) }
}

/// Refuses to delete what an operator made, but to operators, who delete what anybody made.
///
/// # Errors
/// - `Forbidden`
pub fn check_deletable(ctx: &Ctx<'_>, stored: &Stored) -> Result<(), ScimError> {
    if matches!(ctx.party, Party::Operator(_)) { Ok(()) } else { check_source(ctx, stored) }
}

/// The answer to who changes what somebody else made.
pub fn others(ctx: &Ctx<'_>) -> ScimError {
    ScimError::new(
        ErrorKind::Forbidden,
        match ctx.party {
            Party::Provider | Party::User => "an operator of the server made this resource, and operators alone change it",
            Party::Operator(_) => {
                "the provider made this resource, and the provider alone changes it; operators may disable, enable and delete it"
            }
        },
    )
}

/// Refuses to enable a user that an operator holds.
///
/// # Errors
/// - `Forbidden`
pub fn check_held(ctx: &Ctx<'_>, stored: &Stored, wanted: &Document) -> Result<(), ScimError> {
    if !stored.held || is_disabled(wanted) || matches!(ctx.party, Party::Operator(_)) {
        return Ok(());
    }
    let detail = "an operator of the server disabled this user; it stays so until an operator enables it";
    Err(ScimError::new(ErrorKind::Forbidden, detail))
}

/// By what the store is to recognise a new resource as one that is barred; `None` if none can be.
pub fn keys(ctx: &Ctx<'_>, resource_type: &ResourceType, index: &[IndexRow]) -> Option<MatchKeys> {
    let policies = &ctx.directory.life_cycles;
    let bars = policies.operator_delete(&resource_type.name) == OperatorDelete::UntilReassigned
        || policies.operator_disable == OperatorDisable::Hold && has_active(resource_type);
    (bars && source(ctx) == Source::Provisioned).then(|| MatchKeys::of(index))
}

/// What is left of a resource when the one who asks deletes it.
pub fn burial(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    stored: &Stored,
    document: &Document,
    index: &[IndexRow],
) -> Option<Box<Burial>> {
    let policies = &ctx.directory.life_cycles;
    let (keep, bar) = match ctx.party {
        Party::Operator(_) if stored.source == Source::Manual => (false, Bar::No),
        Party::Operator(_) => match policies.operator_delete(&resource_type.name) {
            OperatorDelete::Revive => (false, Bar::No),
            OperatorDelete::UntilReassigned => (false, Bar::UntilReassigned),
        },
        // Who deletes a user and creates it anew does not get around the operator who disabled it.
        Party::Provider | Party::User => {
            (policies.delete == DeletePolicy::Disable, if stored.held { Bar::UntilLifted } else { Bar::No })
        }
    };
    if !keep && bar == Bar::No {
        return None;
    }
    let named = |name: &str| document.as_object().get(name).and_then(Value::as_str);
    let name = named("userName").or_else(|| named("displayName")).unwrap_or_default().to_owned();
    Some(Box::new(Burial { keep, bar, name, keys: MatchKeys::of(index) }))
}

/// Takes note that the provider unassigned a resource, if it is one that an operator deleted: it may come again from now on.
/// To the provider it is not there, as before.
///
/// # Errors
/// The failures of the database.
pub async fn unassigned(ctx: &Ctx<'_>, resource_type: &ResourceType, id: &str) -> Result<(), ScimError> {
    let bars = ctx.directory.life_cycles.operator_delete(&resource_type.name) == OperatorDelete::UntilReassigned;
    if let (true, Party::Provider, Some(id)) = (bars, ctx.party, ResourceId::parse(id))
        && ctx.store.lift_tombstone(ctx.directory.id, &resource_type.name, id).await?
    {
        tracing::info!(
            resource.r#type = &*resource_type.name,
            resource.id = %id,
            "the provider unassigned what an operator deleted, so it may come again"
        );
    }
    Ok(())
}

/// As [`unassigned`], if this is what the resource was to become: a disabled user.
///
/// # Errors
/// The failures of the database.
pub async fn unassigned_by_put(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    id: &str,
    wanted: &Document,
) -> Result<(), ScimError> {
    if is_disabled(wanted) { unassigned(ctx, resource_type, id).await } else { Ok(()) }
}

/// As [`unassigned`], if these operations disable a user.
///
/// # Errors
/// The failures of the database.
pub async fn unassigned_by_patch(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    id: ResourceId,
    operations: &[Operation],
    context: &PatchContext<'_>,
) -> Result<(), ScimError> {
    if !has_active(resource_type) {
        return Ok(());
    }
    // What was deleted is not known any more, but that it was a user, and active.
    let bare = Document::from_canonical(Map::from_iter([("active".to_owned(), json!(true))]));
    match patch::apply_to_part(&bare, operations, resource_type, context) {
        Ok(patched) if is_disabled(&patched.document) => unassigned(ctx, resource_type, &id.to_string()).await,
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Disables or enables a user, as an operator does it to any. Without effect if it is so already.
///
/// # Errors
/// - `NotFound`: there is none with this id
pub async fn set_active(ctx: &Ctx<'_>, resource_type: &ResourceType, id: ResourceId, active: bool) -> Result<Stored, ScimError> {
    let hold = !active && ctx.directory.life_cycles.operator_disable == OperatorDisable::Hold;
    for _ in 0..=ctx.limits.commit_retries_max {
        let stored = load::stored(ctx, resource_type, &id.to_string(), &Precondition::None).await?;
        let mut object = load::document(&stored)?.into_object();
        object.insert("active".to_owned(), json!(active));
        let document = canonicalize(object, resource_type);
        // A user whom an operator made needs no hold: no client changes it.
        let held = hold && stored.source == Source::Provisioned;
        let wanted = update::Wanted {
            document,
            password: PasswordChange::Keep,
            members: MemberChange::default(),
            source: None,
            held: (held != stored.held).then_some(held),
        };
        match update::commit(ctx, resource_type, &stored, wanted, true).await {
            Ok(stored) => return Ok(stored),
            Err(StoreError::VersionConflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(update::too_busy())
}

fn has_active(resource_type: &ResourceType) -> bool {
    resource_type.resolve("active").is_some()
}

fn is_disabled(document: &Document) -> bool {
    document.as_object().get("active") == Some(&Value::Bool(false))
}
