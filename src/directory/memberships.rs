//! What a resource shows of the resources that it is a member of (D-69).

use super::{Ctx, load};
use crate::id::ResourceId;
use crate::scim::resource::{Document, shown};
use crate::scim::schema::{MemberOf, ResourceType, ShownType};
use crate::store::{Membership, StoreError, Stored};
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;

/// How many resources are looked up in one statement.
pub const BATCH: usize = 1_000;

/// An element of `members`, `groups` or another list that is made of memberships.
#[derive(Debug, Serialize)]
pub struct Element {
    /// `value`
    pub value: String,
    /// `$ref`
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// `display`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// `type`
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

impl Element {
    /// As JSON.
    pub fn json(&self) -> Value {
        serde_json::to_value(self).expect("a struct of strings serialises")
    }
}

/// The elements of resources, by their ids.
pub type Lists = HashMap<ResourceId, Vec<Element>>;

/// What each of `attributes` shows for `members`: as many maps, in this order. One statement for all attributes and 1,000 members.
///
/// # Errors
/// The failures of the database.
pub async fn shown(ctx: &Ctx<'_>, attributes: &[&MemberOf], members: &[ResourceId]) -> Result<Vec<Lists>, StoreError> {
    let mut lists: Vec<Lists> = attributes.iter().map(|_| Lists::new()).collect();
    let types: Vec<&ShownType> = attributes.iter().flat_map(|shows| &shows.types).collect();
    if types.is_empty() {
        return Ok(lists);
    }
    for batch in members.chunks(BATCH) {
        for membership in ctx.store.memberships(ctx.directory.id, batch, ctx.limits.group_depth_max, &types).await? {
            for (shows, lists) in attributes.iter().zip(&mut lists) {
                if shows.shown_type(&membership.group_type).is_some() {
                    lists.entry(membership.member).or_default().push(element(ctx, shows, &membership));
                }
            }
        }
    }
    Ok(lists)
}

fn element(ctx: &Ctx<'_>, shows: &MemberOf, membership: &Membership) -> Element {
    let Membership { group, group_type, display, value, kind, direct, .. } = membership;
    let reach = if *direct { "direct" } else { "indirect" };
    let shows_display = !shows.written || shows.attribute.sub_attribute("display").is_some();
    Element {
        value: value.clone().unwrap_or_else(|| group.to_string()),
        // A list that clients write has no reference to resources of this server.
        location: if shows.written { None } else { ctx.location(group_type, *group) },
        display: display.clone().filter(|_| shows_display),
        kind: kind.clone().or_else(|| (!shows.written).then(|| reach.to_owned())),
    }
}

/// `new` without the values that only came back from an answer: those that memberships show.
///
/// # Errors
/// The failures of the database.
pub async fn without_echoes(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    stored: &Stored,
    mut new: Document,
) -> Result<Document, StoreError> {
    if !stored.is_member || resource_type.written_member_of().next().is_none() {
        return Ok(new);
    }
    let old = load::decode(stored)?;
    let of: Vec<&MemberOf> =
        resource_type.written_member_of().filter(|shows| shown::has_new_value(&new, &old, &shows.attribute)).collect();
    if of.is_empty() {
        return Ok(new);
    }
    for (shows, lists) in of.iter().zip(shown(ctx, &of, &[stored.id]).await?) {
        let memberships: Vec<Value> = lists.values().flatten().map(Element::json).collect();
        new = shown::without_echoes(new, &old, resource_type, &shows.attribute, &memberships);
    }
    Ok(new)
}
