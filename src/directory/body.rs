//! From the bytes of a request to what they mean: JSON, then the Directory's quirks, then the schema.

use super::Ctx;
use crate::scim::ScimError;
use crate::scim::json;
use crate::scim::patch::{Operation, PatchRequest};
use crate::scim::quirks::{self, Message, MessageKind};
use crate::scim::resource::{Normalized, normalize};
use crate::scim::schema::ResourceType;
use serde_json::Value;

/// Reads the resource in the body of a POST or PUT.
pub fn resource(ctx: &Ctx<'_>, resource_type: &ResourceType, kind: MessageKind, bytes: &[u8]) -> Result<Normalized, ScimError> {
    let mut body = json::parse(bytes, &ctx.limits.json)?;
    rewrite(ctx, resource_type, kind, &mut body);
    normalize(body, resource_type, &ctx.directory.tolerance, &ctx.limits.values)
}

/// Reads the operations in the body of a PATCH.
pub fn operations(ctx: &Ctx<'_>, resource_type: &ResourceType, bytes: &[u8]) -> Result<Vec<Operation>, ScimError> {
    let mut body = json::parse(bytes, &ctx.limits.json)?;
    rewrite(ctx, resource_type, MessageKind::Patch, &mut body);
    PatchRequest::parse(body, &ctx.directory.tolerance, &ctx.limits.patch)
}

/// Lets each quirk of the Directory turn what its provider sent into what it meant, and says which acted.
fn rewrite(ctx: &Ctx<'_>, resource_type: &ResourceType, kind: MessageKind, body: &mut Value) {
    for name in quirks::rewrite(ctx.directory.quirks, &mut Message { kind, resource_type, body }) {
        tracing::debug!(quirk.name = name, "a quirk rewrote the request");
    }
}

/// Says which attributes were left out, by name: nothing is dropped silently.
pub fn report_ignored(names: &[String]) {
    if !names.is_empty() {
        tracing::info!(attributes = %names.join(", "), "ignored attributes that the resource type does not have or the client may not write");
    }
}
