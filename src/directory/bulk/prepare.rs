//! From a bulk request to tasks: who is to be created under which id, who refers to whom, what each body means.

use super::{BulkReply, Done};
use crate::auth::Access;
use crate::directory::trace::{Report, Trace};
use crate::directory::{Ctx, Precondition, body};
use crate::id::ResourceId;
use crate::scim::bulk::{BulkEntry, BulkIds, BulkMethod, BulkOperation, Defined, references};
use crate::scim::patch::{Operation, PatchRequest};
use crate::scim::quirks::MessageKind;
use crate::scim::resource::{Normalized, defaults};
use crate::scim::schema::ResourceType;
use crate::scim::{ErrorKind, ScimError};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// After how many operations other requests get a turn.
const YIELD_AFTER: usize = 32;

/// An operation that can run.
pub struct Prepared {
    method: Option<String>,
    bulk_id: Option<String>,
    is_post: bool,
    location: Option<String>,
    /// What to run, or what is wrong with it.
    pub task: Result<Task, ScimError>,
    /// The POSTs that it refers to: if one of them fails, so does it.
    pub refers_to: BTreeSet<usize>,
    /// All operations that come before it: those, and the one before on the same resource.
    pub waits_for: Vec<usize>,
}

/// What an operation asks for.
pub struct Task {
    /// The type of the resource.
    pub resource_type: Arc<ResourceType>,
    /// What to do with it.
    pub action: Action,
}

/// What to do with a resource.
pub enum Action {
    /// Create it under this id.
    Create(ResourceId, Box<Normalized>),
    /// Make it this.
    Replace(String, Box<Normalized>, Precondition),
    /// Apply operations.
    Patch(String, Vec<Operation>, Precondition),
    /// Delete it.
    Delete(String, Precondition),
}

impl Prepared {
    /// The answer.
    pub fn reply(self, outcome: Result<Done, ScimError>, report: Report) -> BulkReply {
        let location = self.location.filter(|_| outcome.is_ok() || !self.is_post);
        BulkReply { method: self.method, bulk_id: self.bulk_id, location, outcome, report }
    }
}

/// Prepares all operations of a request, each of which tells about itself in a trace of its own.
pub async fn all(ctx: &Ctx<'_>, entries: Vec<BulkEntry>, traces: &[Trace]) -> Vec<Prepared> {
    let ids: Vec<ResourceId> = entries.iter().map(|_| ResourceId::generate()).collect();
    let bulk_ids = define(ctx, &entries, &ids);
    let mut last_on = HashMap::new();
    let mut prepared = Vec::with_capacity(entries.len());
    for (place, entry) in entries.into_iter().enumerate() {
        if place % YIELD_AFTER == YIELD_AFTER - 1 {
            tokio::task::yield_now().await;
        }
        let is_post = entry.is_post();
        let mut location = entry.path.filter(|path| path.starts_with('/')).map(|path| format!("{}{path}", ctx.base_url));
        let mut refers_to = BTreeSet::new();
        let task = entry
            .operation
            .and_then(|operation| task(&ctx.traced_by(&traces[place]), operation, ids[place], &bulk_ids, &mut refers_to));
        // What will not run waits for nobody, and nothing else than its own fault is to be told of it.
        let mut waits_for = Vec::new();
        match &task {
            Ok(task) => {
                let id = task.id();
                location = Some(format!("{}{}/{id}", ctx.base_url, task.resource_type.endpoint));
                refers_to.remove(&place);
                waits_for.extend(&refers_to);
                // To a new resource others refer by its bulkId.
                if !is_post {
                    waits_for.extend(last_on.insert((task.resource_type.name.clone(), id), place));
                }
            }
            Err(_) => refers_to.clear(),
        }
        prepared.push(Prepared { method: entry.method, bulk_id: entry.bulk_id, is_post, location, task, refers_to, waits_for });
    }
    prepared
}

impl Task {
    fn id(&self) -> String {
        match &self.action {
            Action::Create(id, _) => id.to_string(),
            Action::Replace(id, ..) | Action::Patch(id, ..) | Action::Delete(id, _) => id.clone(),
        }
    }
}

/// What the bulkIds stand for. A POST that cannot succeed defines its bulkId too: who refers to it fails with it.
fn define(ctx: &Ctx<'_>, entries: &[BulkEntry], ids: &[ResourceId]) -> BulkIds {
    let mut bulk_ids = BulkIds::with_capacity(entries.len());
    for (operation, entry) in entries.iter().enumerate() {
        let Some(bulk_id) = entry.defines() else { continue };
        let endpoint = entry.operation.as_ref().ok().and_then(|operation| endpoint(ctx, &operation.endpoint).ok());
        let location = endpoint.map(|resource_type| ctx.location_in(resource_type, ids[operation])).unwrap_or_default();
        bulk_ids.insert(bulk_id.to_owned(), Defined { operation, id: ids[operation].to_string(), location });
    }
    bulk_ids
}

fn endpoint<'a>(ctx: &'a Ctx<'_>, name: &str) -> Result<&'a Arc<ResourceType>, ScimError> {
    let is_it = |resource_type: &&Arc<ResourceType>| {
        resource_type.endpoint.strip_prefix('/').is_some_and(|endpoint| endpoint.eq_ignore_ascii_case(name))
    };
    ctx.directory.registry.resource_types.iter().find(is_it).ok_or_else(|| {
        ScimError::new(ErrorKind::NotFound, "path leads to no endpoint for resources; the bulk request may hold those only")
    })
}

fn task(
    ctx: &Ctx<'_>,
    operation: BulkOperation,
    new_id: ResourceId,
    bulk_ids: &BulkIds,
    refers_to: &mut BTreeSet<usize>,
) -> Result<Task, ScimError> {
    let BulkOperation { method, endpoint, id, version, data } = operation;
    let resource_type = self::endpoint(ctx, &endpoint)?.clone();
    ctx.check_scope(&resource_type, Access::Write)?;
    let mut id = id.unwrap_or_default();
    if let Some(defined) = references::resolve_id(&id, bulk_ids)? {
        refers_to.insert(defined.operation);
        id.clone_from(&defined.id);
    }
    let read = |kind: MessageKind| -> Result<Value, ScimError> {
        let mut data = data;
        body::rewrite(ctx, &resource_type, kind, &mut data);
        refers_to.extend(references::resolve(&mut data, kind, &resource_type, bulk_ids, &ctx.limits.filter)?);
        Ok(data)
    };
    let if_match = version.map_or(Precondition::None, |version| Precondition::parse(&version));
    let action = match method {
        BulkMethod::Post => {
            let mut body = body::normalized(ctx, &resource_type, read(MessageKind::Create)?)?;
            defaults::apply(&mut body.document, &resource_type, &body.sent);
            Action::Create(new_id, Box::new(body))
        }
        BulkMethod::Put => {
            let body = body::normalized(ctx, &resource_type, read(MessageKind::Replace)?)?;
            Action::Replace(id, Box::new(body), if_match)
        }
        BulkMethod::Patch => {
            let data = read(MessageKind::Patch)?;
            let operations = PatchRequest::parse_bulk_data(data, &ctx.directory.tolerance, &ctx.limits.patch)?;
            Action::Patch(id, operations, if_match)
        }
        BulkMethod::Delete => Action::Delete(id, if_match),
    };
    Ok(Task { resource_type, action })
}
