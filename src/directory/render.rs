//! From stored resources to the JSON that a client reads.
//!
//! What is computed (who is in which group, who a manager is) is fetched for a whole page at once, and only if the answer shows
//! it. A resource of which nothing has to be left out or computed is answered with its stored text as it is.

use super::{Ctx, ResourceReply, load};
use crate::id::ResourceId;
use crate::scim::ScimError;
use crate::scim::resource::{self, Document, Meta, Projection, Shown};
use crate::scim::schema::{Attribute, ResourceType};
use crate::store::{Membership, Reference, Stored};
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;

/// How many resources are looked up in one statement.
const BATCH: usize = 1_000;

/// The answer with one resource. `written`: the attributes that the request itself set (D-49).
pub async fn one(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    stored: Stored,
    projection: &Projection,
    written: &[String],
) -> Result<ResourceReply, ScimError> {
    let (id, version) = (stored.id, stored.version);
    let mut texts = page(ctx, resource_type, vec![stored], projection, written).await?;
    Ok(ResourceReply { body: texts.pop(), ..no_content(ctx, resource_type, id, version) })
}

/// The answer without a body (D-63).
pub fn no_content(ctx: &Ctx<'_>, resource_type: &ResourceType, id: ResourceId, version: i64) -> ResourceReply {
    ResourceReply { location: ctx.location_in(resource_type, id), version, body: None }
}

/// The JSON texts of resources of one type, in order: of all of them, or of the first ones whose members are as many as
/// `limits.page_members_max` allows, but of one at least.
pub async fn page(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    resources: Vec<Stored>,
    projection: &Projection,
    written: &[String],
) -> Result<Vec<String>, ScimError> {
    let (whole, computed) = computed(ctx, resource_type, &resources, projection).await?;
    let mut texts = Vec::with_capacity(whole);
    let mut to_project = Vec::new();
    for stored in &resources[..whole] {
        let as_it_is = projection.is_default() && resource::is_spliceable(&stored.document, resource_type);
        match as_it_is.then(|| splice(ctx, resource_type, stored, &computed)).flatten() {
            Some(text) => texts.push(text),
            None => {
                to_project.push((texts.len(), stored, load::document(stored)?));
                texts.push(String::new());
            }
        }
    }
    if to_project.is_empty() {
        return Ok(texts);
    }

    let shown = shown(ctx, resource_type, to_project.iter().map(|(_, _, document)| document)).await?;
    for (place, stored, document) in to_project {
        let location = ctx.location_in(resource_type, stored.id);
        let lists = computed.of(stored.id).map(|(name, elements)| (name, elements.iter().map(json_of).collect())).collect();
        let mut whole = resource::render(document, stored.id, lists, &meta(resource_type, stored, &location));
        resource::show_references(&mut whole, resource_type, &|id| shown.get(id).cloned());
        projection.apply(&mut whole, resource_type, written);
        texts[place] = Value::Object(whole).to_string();
    }
    Ok(texts)
}

/// The JSON texts of resources of several types, in order, each by the rules and the projection of its own type; of as many
/// as [`page`] gives of each.
pub async fn mixed(
    ctx: &Ctx<'_>,
    types: &[(&ResourceType, Projection)],
    resources: Vec<Stored>,
) -> Result<Vec<String>, ScimError> {
    let mut texts = vec![String::new(); resources.len()];
    let mut end = texts.len();
    let mut resources: Vec<(usize, Stored)> = resources.into_iter().enumerate().collect();
    for (resource_type, projection) in types {
        let (of_type, others): (Vec<_>, Vec<_>) =
            resources.into_iter().partition(|(_, stored)| stored.resource_type == *resource_type.name);
        resources = others;
        let (places, of_type): (Vec<usize>, Vec<Stored>) = of_type.into_iter().unzip();
        if of_type.is_empty() {
            continue;
        }
        let shown = page(ctx, resource_type, of_type, projection, &[]).await?;
        end = end.min(places.get(shown.len()).copied().unwrap_or(end));
        for (place, text) in places.into_iter().zip(shown) {
            texts[place] = text;
        }
    }
    texts.truncate(end);
    Ok(texts)
}

/// An element of `members` or `groups`.
#[derive(Debug, Serialize)]
struct Element {
    value: String,
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<String>,
    #[serde(rename = "type")]
    kind: String,
}

/// The memberships of a page of resources, each list under the name of its attribute.
struct Computed<'a> {
    members: Option<(&'a str, HashMap<ResourceId, Vec<Element>>)>,
    groups: Option<(&'a str, HashMap<ResourceId, Vec<Element>>)>,
}

impl Computed<'_> {
    fn of(&self, id: ResourceId) -> impl Iterator<Item = (&str, &Vec<Element>)> {
        let lists = self.members.iter().chain(&self.groups);
        lists.filter_map(move |(name, lists)| lists.get(&id).map(|elements| (*name, elements)))
    }
}

/// What is computed of the first ones of `resources`, and of how many.
async fn computed<'a>(
    ctx: &Ctx<'_>,
    resource_type: &'a ResourceType,
    resources: &[Stored],
    projection: &Projection,
) -> Result<(usize, Computed<'a>), ScimError> {
    let wanted = |attribute: &'a Option<std::sync::Arc<Attribute>>| {
        attribute.as_ref().map(|attribute| attribute.name.as_str()).filter(|name| projection.wants(name))
    };
    let (whole, members) = match wanted(&resource_type.membership) {
        Some(name) => {
            let (whole, lists) = members(ctx, resources).await?;
            (whole, Some((name, lists)))
        }
        None => (resources.len(), None),
    };
    let groups = match wanted(&resource_type.member_of) {
        Some(name) => Some((name, groups(ctx, resource_type, &resources[..whole]).await?)),
        None => None,
    };
    Ok((whole, Computed { members, groups }))
}

/// The members of the first ones of `resources`, and of how many: all, or as many as keep to `limits.page_members_max`, but one
/// at least.
async fn members(ctx: &Ctx<'_>, resources: &[Stored]) -> Result<(usize, HashMap<ResourceId, Vec<Element>>), ScimError> {
    let groups: Vec<ResourceId> = resources.iter().map(|stored| stored.id).collect();
    let mut lists = HashMap::new();
    let mut room = ctx.limits.page_members_max;
    for (batch, begin) in groups.chunks(BATCH).zip((0..).step_by(BATCH)) {
        let mut found = ctx.store.members_of(ctx.directory.id, batch, room.saturating_add(1)).await?;
        let cut = found.last().map(|(group, _)| *group).filter(|_| found.len() > room as usize);
        let Some(cut) = cut else {
            room -= u32::try_from(found.len()).unwrap_or(room);
            add_members(ctx, found, &mut lists);
            continue;
        };
        let mut whole = begin + batch.iter().take_while(|group| **group != cut).count();
        if whole == 0 {
            found = ctx.store.members_of(ctx.directory.id, &groups[..1], u32::MAX).await?;
            whole = 1;
        } else {
            found.retain(|(group, _)| *group != cut);
        }
        add_members(ctx, found, &mut lists);
        return Ok((whole, lists));
    }
    Ok((groups.len(), lists))
}

fn add_members(ctx: &Ctx<'_>, members: Vec<(ResourceId, Reference)>, lists: &mut HashMap<ResourceId, Vec<Element>>) {
    for (group, member) in members {
        lists.entry(group).or_default().push(Element {
            value: member.id.to_string(),
            location: ctx.location(&member.resource_type, member.id),
            display: member.display,
            kind: member.resource_type,
        });
    }
}

async fn groups(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    resources: &[Stored],
) -> Result<HashMap<ResourceId, Vec<Element>>, ScimError> {
    let mut lists: HashMap<ResourceId, Vec<Element>> = HashMap::new();
    let members: Vec<ResourceId> = resources.iter().filter(|stored| stored.is_member).map(|stored| stored.id).collect();
    for batch in members.chunks(BATCH) {
        let memberships = ctx.store.memberships(ctx.directory.id, batch, ctx.limits.group_depth_max).await?;
        for Membership { member, group, group_type, display, direct } in memberships {
            if resource_type.shown_types.as_ref().is_some_and(|types| !types.iter().any(|shown| **shown == *group_type)) {
                continue;
            }
            lists.entry(member).or_default().push(Element {
                value: group.to_string(),
                location: ctx.location(&group_type, group),
                display,
                kind: if direct { "direct" } else { "indirect" }.to_owned(),
            });
        }
    }
    Ok(lists)
}

/// What is shown of the resources that the documents point at, by id.
async fn shown(
    ctx: &Ctx<'_>,
    resource_type: &ResourceType,
    documents: impl Iterator<Item = &Document>,
) -> Result<HashMap<String, Shown>, ScimError> {
    let mut ids: Vec<ResourceId> =
        documents.flat_map(|document| resource::referenced_ids(document, resource_type)).filter_map(ResourceId::parse).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut shown = HashMap::with_capacity(ids.len());
    for batch in ids.chunks(BATCH) {
        for found in ctx.store.references(ctx.directory.id, batch).await? {
            if let Some(location) = ctx.location(&found.resource_type, found.id) {
                let value = Shown { location, display: found.display, resource_type: found.resource_type };
                shown.insert(found.id.to_string(), value);
            }
        }
    }
    Ok(shown)
}

fn splice(ctx: &Ctx<'_>, resource_type: &ResourceType, stored: &Stored, computed: &Computed<'_>) -> Option<String> {
    let lists: Vec<(&str, String)> = computed.of(stored.id).map(|(name, elements)| (name, text_of(elements))).collect();
    let lists: Vec<(&str, &str)> = lists.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let location = ctx.location_in(resource_type, stored.id);
    resource::splice(&stored.document, stored.id, &lists, &meta(resource_type, stored, &location).to_text())
}

fn meta<'a>(resource_type: &'a ResourceType, stored: &Stored, location: &'a str) -> Meta<'a> {
    Meta {
        resource_type: &resource_type.name,
        created: stored.created,
        last_modified: stored.last_modified,
        location,
        version: stored.version,
    }
}

fn json_of(element: &Element) -> Value {
    serde_json::to_value(element).expect("a struct of strings serialises")
}

fn text_of(elements: &[Element]) -> String {
    serde_json::to_string(elements).expect("structs of strings serialise")
}
