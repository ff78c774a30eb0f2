//! The members of a group, between the ids that clients send and the rows that the store keeps (D-41).

use super::Ctx;
use crate::id::ResourceId;
use crate::scim::ScimError;
use crate::scim::patch::MemberPatch;
use crate::scim::schema::ResourceType;
use crate::store::{MemberChange, Reference};
use serde_json::{Value, json};
use std::collections::HashSet;

/// How many references are looked up in one statement.
const BATCH: usize = 1_000;

/// The ids that `values` spell, without duplicates.
///
/// # Errors
/// - `InvalidValue`: one of them is not the spelling of any id
pub fn ids(resource_type: &ResourceType, values: Vec<String>) -> Result<Vec<ResourceId>, ScimError> {
    let mut seen = HashSet::with_capacity(values.len());
    let mut ids = Vec::with_capacity(values.len());
    for value in values {
        let id = ResourceId::parse(&value).ok_or_else(|| no_such(resource_type, &value))?;
        if seen.insert(id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// What a PATCH of members changes. An id that cannot exist is refused to add and without effect to remove (D-59).
///
/// # Errors
/// - `InvalidValue`: a member to add is not the spelling of any id, or is the group itself
pub fn change(resource_type: &ResourceType, group: ResourceId, patch: &MemberPatch) -> Result<MemberChange, ScimError> {
    let change = MemberChange {
        clear: patch.clear,
        remove: patch.remove.iter().filter_map(|value| ResourceId::parse(value)).collect(),
        add: ids(resource_type, patch.add.clone())?,
    };
    refuse_itself(resource_type, group, &change.add)?;
    Ok(change)
}

/// Refuses a group as its own member; longer cycles are allowed.
pub fn refuse_itself(resource_type: &ResourceType, group: ResourceId, add: &[ResourceId]) -> Result<(), ScimError> {
    if add.contains(&group) {
        return Err(ScimError::invalid_value(format!(
            "{}: a {} cannot be its own member",
            name(resource_type),
            resource_type.name
        )));
    }
    Ok(())
}

/// The names of the resource types that members may have: those that `$ref` of the membership attribute may point at.
pub fn types(ctx: &Ctx<'_>, resource_type: &ResourceType) -> Vec<String> {
    let Some(reference) = resource_type.membership.as_ref().and_then(|membership| membership.sub_attribute("$ref")) else {
        return Vec::new();
    };
    reference.reference_types.iter().filter(|name| ctx.directory.registry.resource_type(name).is_some()).cloned().collect()
}

/// The error for `added` after the store found one of them to be no resource: names the first.
pub async fn unknown(ctx: &Ctx<'_>, resource_type: &ResourceType, added: &[ResourceId]) -> ScimError {
    let allowed = types(ctx, resource_type);
    for batch in added.chunks(BATCH) {
        let found = match ctx.store.references(ctx.directory.id, batch).await {
            Ok(found) => found,
            Err(error) => return error.into(),
        };
        let known: HashSet<ResourceId> =
            found.iter().filter(|found| allowed.contains(&found.resource_type)).map(|found| found.id).collect();
        if let Some(missing) = batch.iter().find(|id| !known.contains(id)) {
            return no_such(resource_type, &missing.to_string());
        }
    }
    // It came into being between the two statements.
    ScimError::invalid_value(format!("{}: a member did not exist; try again", name(resource_type)))
}

/// All members of a group in the form in which value filters see them; only for filters that name no ids.
pub async fn current(ctx: &Ctx<'_>, group: ResourceId) -> Result<Vec<Value>, ScimError> {
    let mut members = Vec::new();
    let mut after = None;
    loop {
        let batch = ctx.store.members(ctx.directory.id, group, after, BATCH as u32).await?;
        after = batch.last().map(|last| last.id);
        members.extend(batch.iter().map(|member| element(ctx, member)));
        if batch.len() < BATCH {
            return Ok(members);
        }
    }
}

/// Those whom a PATCH adds in passing or for good, as far as they exist, in the same form.
pub async fn newcomers(ctx: &Ctx<'_>, patch: &MemberPatch) -> Result<Vec<Value>, ScimError> {
    let mut ids: Vec<ResourceId> = patch.newcomers().filter_map(ResourceId::parse).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut newcomers = Vec::with_capacity(ids.len());
    for batch in ids.chunks(BATCH) {
        let found = ctx.store.references(ctx.directory.id, batch).await?;
        newcomers.extend(found.iter().map(|member| element(ctx, member)));
    }
    Ok(newcomers)
}

/// A member as JSON.
fn element(ctx: &Ctx<'_>, member: &Reference) -> Value {
    let mut element = json!({ "value": member.id.to_string(), "type": member.resource_type });
    if let Some(location) = ctx.location(&member.resource_type, member.id) {
        element["$ref"] = location.into();
    }
    if let Some(display) = &member.display {
        element["display"] = display.as_str().into();
    }
    element
}

fn no_such(resource_type: &ResourceType, value: &str) -> ScimError {
    let detail = format!("{}: there is no resource with the id {value} to be a member", name(resource_type));
    let error = ScimError::invalid_value(detail);
    // What is an id of the server's own making tells nothing of anybody.
    if ResourceId::parse(value).is_some() { error } else { error.quoting(value) }
}

fn name(resource_type: &ResourceType) -> &str {
    resource_type.membership.as_ref().map_or("members", |membership| &membership.name)
}
