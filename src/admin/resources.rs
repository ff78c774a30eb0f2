//! Users and groups of a Directory, as an operator sees and manages them.
//!
//! Those that an operator made are the operators' to change. Those of a provider are the provider's: an operator reads them,
//! and may disable, enable and delete them; what the provider does then, the life cycles of the Directory say
//! (`docs/life-cycles.md`).

use super::desk::{Desk, Kind};
use super::operator::Act;
use super::{AdminError, Operator, PAGE_ROWS};
use crate::clock::Timestamp;
use crate::directory::settings::Settings;
use crate::directory::{self, Once, Precondition, ProjectionParams};
use crate::id::{DirectoryId, ResourceId};
use crate::scim::filter::{CompareOp, Filter, Literal, ResolvedFilter};
use crate::scim::key::key;
use crate::scim::resource::{Document, without_secrets};
use crate::scim::schema::path::Resolved;
use crate::scim::schema::{Registry, ResourceType, Target};
use crate::scim::{ErrorKind, ScimError};
use crate::store::operator::Operation;
use crate::store::{DirectoryRow, OperatorStore, Query, Standing, Start, StoreError, Stored, Tombstone};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// What the secret is for, in the store, that ids of what is created once come of.
const IDEMPOTENCY: &str = "idempotency";

/// Which resources are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Those that this filter of RFC 7644 §3.4.2.2 selects.
    pub filter: Option<&'a str>,
    /// Those of one source, or those that are held.
    pub standing: Option<Standing>,
    /// Those that are active, or those that are not.
    pub active: Option<bool>,
}

/// Some of the resources that were asked for.
#[derive(Debug)]
pub struct Page {
    /// They, by id.
    pub resources: Vec<Stored>,
    /// Behind which id the next ones come, if there may be more.
    pub next: Option<ResourceId>,
}

/// Up to `limit` resources, 500 at most, with ids above `after`.
///
/// # Errors
/// [`AdminError::Refused`]: the filter is none, or no index serves it and it took too long.
pub async fn list(
    desk: &Desk<'_>,
    kind: Kind,
    wanted: &Wanted<'_>,
    after: Option<ResourceId>,
    limit: u32,
) -> Result<Page, AdminError> {
    let resource_type = desk.resource_type(kind);
    let filter = filter(desk, resource_type, wanted)?;
    let limit = limit.clamp(1, PAGE_ROWS);
    let query = Query {
        resource_type,
        filter: filter.as_ref(),
        sort: None,
        start: after.map_or(Start::Offset(0), Start::After),
        limit,
        group_depth: desk.limits.group_depth_max,
    };
    let found = desk.operator.store.roll(desk.row.id, &query, wanted.standing).await;
    let resources = found.map_err(|error| match error {
        error @ (StoreError::TooMany { .. } | StoreError::Unsupported { .. }) => AdminError::Refused(error.into()),
        error => AdminError::Store(error),
    })?;
    let next = resources.last().map(|last| last.id).filter(|_| resources.len() == limit as usize);
    Ok(Page { resources, next })
}

fn filter(desk: &Desk<'_>, resource_type: &Arc<ResourceType>, wanted: &Wanted<'_>) -> Result<Option<ResolvedFilter>, AdminError> {
    let mut terms = Vec::new();
    if let Some(text) = wanted.filter {
        let tolerance = &desk.directory.tolerance;
        let mut options = desk.limits.filter.clone();
        options.value_path_suffix = tolerance.value_path_suffix;
        terms.push(Filter::parse(text, &options)?.resolve(resource_type, tolerance)?);
    }
    if let Some(active) = wanted.active
        && let Some(Resolved::Attribute(target)) = resource_type.resolve("active")
    {
        // Who has no word on it is active.
        let op = if active { CompareOp::Ne } else { CompareOp::Eq };
        terms.push(ResolvedFilter::Compare { target, op, literal: Literal::Boolean(false) });
    }
    Ok(match terms.len() {
        0 => None,
        1 => terms.pop(),
        _ => Some(ResolvedFilter::And(terms)),
    })
}

/// The resource with this id, or else with this userName or displayName, compared as SCIM clients compare it (D-23). Of several
/// groups with one name, none.
///
/// # Errors
/// [`AdminError::NoUser`], [`AdminError::NoGroup`], [`AdminError::SeveralGroups`].
pub async fn find(store: &dyn OperatorStore, directory: DirectoryId, kind: Kind, id_or_name: &str) -> Result<Stored, AdminError> {
    // Values with this character are refused, and PostgreSQL has no text with it.
    if id_or_name.contains('\0') {
        return Err(missing(kind, id_or_name));
    }
    if let Some(id) = ResourceId::parse(id_or_name)
        && let Some(resource) = store.get(directory, kind.name(), id).await?
    {
        return Ok(resource);
    }
    let registry = Registry::built_in();
    let resource_type = registry.resource_type(kind.name()).expect("User and Group are built in");
    let target = name_of(resource_type, kind);
    let literal = Literal::Text(key(target.leaf(), id_or_name));
    let filter = ResolvedFilter::Compare { target, op: CompareOp::Eq, literal };
    let query = Query { resource_type, filter: Some(&filter), sort: None, start: Start::Offset(0), limit: 2, group_depth: 1 };
    let mut found = store.search(directory, &query).await?.resources;
    match (found.pop(), found.is_empty()) {
        (Some(resource), true) => Ok(resource),
        (Some(_), false) => Err(AdminError::SeveralGroups(id_or_name.to_owned())),
        (None, _) => Err(missing(kind, id_or_name)),
    }
}

fn name_of(resource_type: &ResourceType, kind: Kind) -> Target {
    match resource_type.resolve(kind.name_attribute()) {
        Some(Resolved::Attribute(target)) => target,
        Some(Resolved::Container(_)) | None => unreachable!("the built-in types have the attribute of their name"),
    }
}

pub(super) fn missing(kind: Kind, name: &str) -> AdminError {
    match kind {
        Kind::User => AdminError::NoUser(name.to_owned()),
        Kind::Group => AdminError::NoGroup(name.to_owned()),
    }
}

/// The attributes of a resource as stored, without `id` and `meta`, and without those that nobody may read (D-42).
///
/// # Errors
/// [`AdminError::Corrupt`].
pub fn attributes(desk: &Desk<'_>, kind: Kind, resource: &Stored) -> Result<Map<String, Value>, AdminError> {
    readable(desk, kind, resource.id, &resource.document)
}

fn readable(desk: &Desk<'_>, kind: Kind, id: ResourceId, document: &str) -> Result<Map<String, Value>, AdminError> {
    let corrupt = |source| AdminError::Corrupt { id: id.to_string(), source };
    let document = Document::from_stored(document).map_err(corrupt)?;
    Ok(without_secrets(document, desk.resource_type(kind)).into_object())
}

/// Creates a resource that is the operators', from JSON as a client would send it. Gives its id.
///
/// # Errors
/// [`AdminError::Refused`] with the reason that a client would read.
pub async fn create(desk: &Desk<'_>, kind: Kind, body: &[u8]) -> Result<ResourceId, AdminError> {
    let resource_type = desk.resource_type(kind);
    let create = async |ctx: &directory::Ctx<'_>| directory::create(ctx, resource_type, body, ProjectionParams::default()).await;
    let created = desk.act(creation(kind), create).await?;
    let id = created.location.rsplit('/').next().and_then(ResourceId::parse);
    Ok(id.expect("a location ends with the id"))
}

/// As [`create`], once for each `key`: who repeats it finds what was made the first time. Gives its id, and whether it was made now.
///
/// # Errors
/// As [`create`]; [`AdminError::KeyOfOther`], [`AdminError::KeySpent`].
pub async fn create_once(desk: &Desk<'_>, kind: Kind, key: &str, body: &[u8]) -> Result<(ResourceId, bool), AdminError> {
    let resource_type = desk.resource_type(kind);
    let id = ResourceId::derived(&desk.secret(IDEMPOTENCY).await?, kind.name(), key);
    let create = async |ctx: &directory::Ctx<'_>| directory::create_once(ctx, resource_type, id, body).await;
    match desk.act(creation(kind), create).await? {
        Once::Created => Ok((id, true)),
        Once::There => Ok((id, false)),
        Once::Different => Err(AdminError::KeyOfOther(id)),
        Once::Deleted => Err(AdminError::KeySpent(id)),
    }
}

fn creation(kind: Kind) -> Act<'static> {
    let name = match kind {
        Kind::User => "user.create",
        Kind::Group => "group.create",
    };
    Act { name, after: Some(json!({ "source": "manual" })), ..Act::default() }
}

/// Replaces a resource that is the operators' by JSON as a client would send it (RFC 7644 §3.5.1), if the condition holds.
///
/// # Errors
/// [`AdminError::Refused`], also if the provider made it; [`AdminError::NoUser`], [`AdminError::NoGroup`].
pub async fn replace(
    desk: &Desk<'_>,
    kind: Kind,
    id: ResourceId,
    body: &[u8],
    condition: &Precondition,
) -> Result<(), AdminError> {
    let name = match kind {
        Kind::User => "user.edit",
        Kind::Group => "group.edit",
    };
    let (resource_type, text) = (desk.resource_type(kind), id.to_string());
    let replace = async |ctx: &directory::Ctx<'_>| {
        directory::replace(ctx, resource_type, &text, body, condition, ProjectionParams::default()).await
    };
    desk.act(Act { name, ..Act::default() }, replace).await.map(drop).map_err(|error| found(kind, id, error))
}

/// Deletes a resource, whoever made it, if the condition holds.
///
/// # Errors
/// [`AdminError::NoUser`], [`AdminError::NoGroup`]; [`AdminError::Refused`] if it does not hold.
pub async fn delete(desk: &Desk<'_>, kind: Kind, resource: &Stored, condition: &Precondition) -> Result<(), AdminError> {
    let name = match kind {
        Kind::User => "user.delete",
        Kind::Group => "group.delete",
    };
    let before = Some(json!({ "source": resource.source.word() }));
    let (resource_type, text) = (desk.resource_type(kind), resource.id.to_string());
    let delete = async |ctx: &directory::Ctx<'_>| directory::delete(ctx, resource_type, &text, condition).await;
    desk.act(Act { name, before, ..Act::default() }, delete).await.map_err(|error| found(kind, resource.id, error))
}

/// The error of a verb on a resource by its id, as an operator knows it.
pub(super) fn found(kind: Kind, id: ResourceId, error: AdminError) -> AdminError {
    match error {
        AdminError::Refused(ScimError { kind: ErrorKind::NotFound, .. }) => missing(kind, &id.to_string()),
        error => error,
    }
}

/// Up to `limit` resources that were deleted and of which something is kept or remembered, with ids above `after`, by id.
pub async fn deleted(
    store: &dyn OperatorStore,
    directory: DirectoryId,
    kind: Kind,
    after: Option<ResourceId>,
    limit: u32,
) -> Result<Vec<Tombstone>, AdminError> {
    Ok(store.tombstones(directory, kind.name(), after, limit).await?)
}

/// One that was deleted as JSON, with its attributes if they are kept.
///
/// # Errors
/// [`AdminError::Corrupt`].
pub fn describe_deleted(desk: &Desk<'_>, kind: Kind, tombstone: &Tombstone) -> Result<Value, AdminError> {
    let document = tombstone.document.as_deref();
    let kept = document.map(|document| readable(desk, kind, tombstone.id, document)).transpose()?;
    Ok(json!({
        "id": tombstone.id.to_string(),
        "name": tombstone.name,
        "resourceType": tombstone.resource_type,
        "deleted": tombstone.at.to_rfc3339(),
        "by": if tombstone.actor.is_some() { "client" } else { "operator" },
        "token": tombstone.actor.map(|token| token.0),
        "version": tombstone.version,
        "barred": tombstone.bar.word(),
        "kept": kept,
    }))
}

/// Forgets a resource that was deleted: what is kept of it goes for good, and its provider may create it anew.
///
/// # Errors
/// [`AdminError::NoUser`], [`AdminError::NoGroup`]: nothing is known of it.
pub async fn purge(operator: &Operator<'_>, directory: &DirectoryRow, kind: Kind, id: ResourceId) -> Result<(), AdminError> {
    let name = match kind {
        Kind::User => "user.purge",
        Kind::Group => "group.purge",
    };
    let act = Act { name, directory: Some(directory), target: id.to_string(), target_name: id.to_string(), ..Act::default() };
    match operator.act(act, Operation::ForgetTombstone { directory: directory.id, resource_type: kind.name(), id }).await {
        Ok(_) => Ok(()),
        Err(StoreError::NotFound) => Err(missing(kind, &id.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// Forgets what was deleted in any Directory longer ago than its retention, in small steps. Returns how many were forgotten. A
/// Directory that fails is no obstacle to the others.
///
/// # Errors
/// The first of those that happened, once all Directories had their turn.
pub async fn forget_deleted(store: &dyn OperatorStore, now: Timestamp) -> Result<u64, AdminError> {
    let mut forgotten = 0;
    let mut failed = None;
    for directory in super::directories::list(store).await? {
        match forget_in(store, &directory, now).await {
            Ok(rows) => forgotten += rows,
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(forgotten), Err)
}

async fn forget_in(store: &dyn OperatorStore, directory: &DirectoryRow, now: Timestamp) -> Result<u64, AdminError> {
    let settings = Settings::of(directory).map_err(AdminError::Settings)?;
    let Some(days) = settings.delete_retention_days() else { return Ok(0) };
    let until = Timestamp(now.0.saturating_sub(i64::from(days) * DAY_MS));
    let mut forgotten = 0;
    loop {
        let rows = store.forget_tombstones(directory.id, until, PAGE_ROWS).await?;
        forgotten += rows;
        if rows < u64::from(PAGE_ROWS) {
            return Ok(forgotten);
        }
    }
}
