//! From stored resources to the JSON that a client reads.
//!
//! What is computed (who is in which group, who a manager is) is fetched for a whole page at once, and only if the answer shows
//! it. A resource of which nothing has to be left out or computed is answered with its stored text as it is.

use super::memberships::{self, BATCH, Element, Lists};
use super::{Ctx, ResourceReply, load};
use crate::id::ResourceId;
use crate::scim::ScimError;
use crate::scim::resource::{self, Document, Meta, Projection, Shown};
use crate::scim::schema::{Attribute, MemberOf, ResourceType};
use crate::store::{Reference, Stored};
use serde_json::Value;
use std::collections::HashMap;

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
        let as_it_is =
            projection.is_default() && resource::is_spliceable(&stored.document, resource_type) && !computed.adds_to(stored);
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
        let lists = computed.of(stored.id).map(|(of, elements)| (of.attribute, elements.iter().map(Element::json).collect()));
        let mut whole = resource::render(document, stored.id, lists.collect(), &meta(resource_type, stored, &location));
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

/// The lists of a page that are made of memberships.
struct Computed<'a>(Vec<Computing<'a>>);

/// One of them, for all resources of the page.
struct Computing<'a> {
    attribute: &'a Attribute,
    /// Whether clients write values of it too.
    written: bool,
    lists: Lists,
}

impl<'a> Computed<'a> {
    fn of(&self, id: ResourceId) -> impl Iterator<Item = (&Computing<'a>, &Vec<Element>)> {
        self.0.iter().filter_map(move |computing| computing.lists.get(&id).map(|elements| (computing, elements)))
    }

    /// Whether the document has a list already that one of them adds to. The name in quotes may as well stand in a value; then the
    /// long way is taken without need.
    fn adds_to(&self, stored: &Stored) -> bool {
        let has = |computing: &Computing<'_>| stored.document.contains(&format!("\"{}\":", computing.attribute.name));
        self.of(stored.id).any(|(computing, _)| computing.written && has(computing))
    }
}

/// What is computed of the first ones of `resources`, and of how many.
async fn computed<'a>(
    ctx: &Ctx<'_>,
    resource_type: &'a ResourceType,
    resources: &[Stored],
    projection: &Projection,
) -> Result<(usize, Computed<'a>), ScimError> {
    let mut computed = Vec::new();
    let mut whole = resources.len();
    if let Some(attribute) = resource_type.membership.as_deref().filter(|attribute| projection.wants(&attribute.name)) {
        let (shown, lists) = members(ctx, resources).await?;
        whole = shown;
        computed.push(Computing { attribute, written: false, lists });
    }
    let shown: Vec<&MemberOf> = resource_type.member_of.iter().filter(|shows| projection.wants(&shows.attribute.name)).collect();
    let members: Vec<ResourceId> = resources[..whole].iter().filter(|stored| stored.is_member).map(|stored| stored.id).collect();
    for (shows, lists) in shown.iter().zip(memberships::shown(ctx, &shown, &members).await?) {
        computed.push(Computing { attribute: &shows.attribute, written: shows.written, lists });
    }
    Ok((whole, Computed(computed)))
}

/// The members of the first ones of `resources`, and of how many: all, or as many as keep to `limits.page_members_max`, but one
/// at least.
async fn members(ctx: &Ctx<'_>, resources: &[Stored]) -> Result<(usize, Lists), ScimError> {
    let groups: Vec<ResourceId> = resources.iter().map(|stored| stored.id).collect();
    let mut lists = Lists::new();
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

fn add_members(ctx: &Ctx<'_>, members: Vec<(ResourceId, Reference)>, lists: &mut Lists) {
    for (group, member) in members {
        lists.entry(group).or_default().push(Element {
            value: member.id.to_string(),
            location: ctx.location(&member.resource_type, member.id),
            display: member.display,
            kind: Some(member.resource_type),
        });
    }
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
    let lists: Vec<(&str, String)> =
        computed.of(stored.id).map(|(of, elements)| (of.attribute.name.as_str(), text_of(elements))).collect();
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

fn text_of(elements: &[Element]) -> String {
    serde_json::to_string(elements).expect("structs of strings serialise")
}
