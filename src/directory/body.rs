//! From the bytes of a request to what they mean: JSON, then the Directory's quirks, then the schema.

use super::Ctx;
use crate::scim::ScimError;
use crate::scim::explain::name_without_values;
use crate::scim::json;
use crate::scim::patch::{Operation, PatchRequest};
use crate::scim::quirks::{self, Message, MessageKind};
use crate::scim::resource::{Normalized, normalize};
use crate::scim::schema::ResourceType;
use serde_json::Value;

/// Reads the resource in the body of a POST or PUT.
pub fn resource(ctx: &Ctx<'_>, resource_type: &ResourceType, kind: MessageKind, bytes: &[u8]) -> Result<Normalized, ScimError> {
    let mut body = json(ctx, bytes)?;
    rewrite(ctx, resource_type, kind, &mut body);
    normalized(ctx, resource_type, body)
}

/// Reads a resource that [`rewrite`] has seen.
pub fn normalized(ctx: &Ctx<'_>, resource_type: &ResourceType, body: Value) -> Result<Normalized, ScimError> {
    normalize(body, resource_type, &ctx.directory.tolerance, &ctx.limits.values)
}

/// Reads JSON within the limits.
pub fn json(ctx: &Ctx<'_>, bytes: &[u8]) -> Result<Value, ScimError> {
    json::parse(bytes, &ctx.limits.json)
}

/// Reads the operations in the body of a PATCH.
pub fn operations(ctx: &Ctx<'_>, resource_type: &ResourceType, bytes: &[u8]) -> Result<Vec<Operation>, ScimError> {
    let mut body = json(ctx, bytes)?;
    rewrite(ctx, resource_type, MessageKind::Patch, &mut body);
    PatchRequest::parse(body, &ctx.directory.tolerance, &ctx.limits.patch)
}

/// Lets each quirk of the Directory turn what its provider sent into what it meant, and tells which acted.
pub fn rewrite(ctx: &Ctx<'_>, resource_type: &ResourceType, kind: MessageKind, body: &mut Value) {
    for name in quirks::rewrite(&ctx.directory.quirks, &mut Message { kind, resource_type, body }) {
        ctx.metrics.quirk_applied(name);
        tracing::debug!(quirk.name = name, "a quirk rewrote the request");
        ctx.tell_quirk(name);
    }
}

/// Tells which attributes were left out, by name: nothing is dropped silently.
pub fn report_ignored(ctx: &Ctx<'_>, names: &[String]) {
    if !names.is_empty() {
        ctx.tell_ignored(names);
        let names: Vec<String> = names.iter().map(|name| name_without_values(name)).collect();
        let names = names.join(", ");
        tracing::info!(attributes = %names, "ignored attributes that the resource type does not have or the client may not write");
    }
}
