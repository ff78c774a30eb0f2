//! A request body before the core reads it.

use crate::scim::json::member;
use crate::scim::schema::ResourceType;
use crate::scim::schema::path::Resolved;
use serde_json::{Map, Value};

/// Which request a body belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// POST: a new resource.
    Create,
    /// PUT: a whole resource.
    Replace,
    /// PATCH: operations.
    Patch,
}

/// A request body, on its way to the core.
#[derive(Debug)]
pub struct Message<'a> {
    /// What the body is.
    pub kind: MessageKind,
    /// The type of the resource it is about.
    pub resource_type: &'a ResourceType,
    /// The body: JSON of any shape.
    pub body: &'a mut Value,
}

/// Where in a message a value stands.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// The path of the attribute, in the client's spelling: a member of a body, or the path of an operation.
    pub path: &'a str,
    /// Whether it is the value of a `remove`.
    pub removes: bool,
}

impl Message<'_> {
    /// Shows `rewrite` every attribute value of the message: the members of a resource, the values of operations with a
    /// path, and the members of the value of an operation without one; those in extension containers under `urn:…:name`.
    /// Returns whether `rewrite` said of any that it changed it.
    pub fn visit(&mut self, rewrite: &mut dyn FnMut(Part<'_>, &mut Value) -> bool) -> bool {
        let resource_type = self.resource_type;
        match self.kind {
            MessageKind::Create | MessageKind::Replace => match self.body.as_object_mut() {
                Some(body) => visit_object(body, resource_type, false, rewrite),
                None => false,
            },
            MessageKind::Patch => {
                let mut acted = false;
                for operation in self.operations() {
                    let removes = member(operation, "op").is_some_and(|op| is_text(op, "remove"));
                    let path = member(operation, "path").and_then(|path| path.as_str()).map(str::to_owned);
                    let Some(value) = member(operation, "value") else { continue };
                    acted |= match (path, value) {
                        (Some(path), value) => visit_value(&path, value, resource_type, removes, rewrite),
                        (None, Value::Object(attributes)) => visit_object(attributes, resource_type, removes, rewrite),
                        (None, _) => false,
                    };
                }
                acted
            }
        }
    }

    /// The operations of a PATCH body, as far as they are objects.
    fn operations(&mut self) -> impl Iterator<Item = &mut Map<String, Value>> {
        self.body
            .as_object_mut()
            .and_then(|body| member(body, "Operations"))
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
    }
}

fn is_text(value: &Value, text: &str) -> bool {
    value.as_str().is_some_and(|value| value.eq_ignore_ascii_case(text))
}

fn visit_object(
    object: &mut Map<String, Value>,
    resource_type: &ResourceType,
    removes: bool,
    rewrite: &mut dyn FnMut(Part<'_>, &mut Value) -> bool,
) -> bool {
    let mut acted = false;
    for (path, value) in object {
        acted |= visit_value(path, value, resource_type, removes, rewrite);
    }
    acted
}

fn visit_value(
    path: &str,
    value: &mut Value,
    resource_type: &ResourceType,
    removes: bool,
    rewrite: &mut dyn FnMut(Part<'_>, &mut Value) -> bool,
) -> bool {
    match (resource_type.resolve(path), value) {
        (Some(Resolved::Container(urn)), Value::Object(container)) => {
            let mut acted = false;
            for (name, value) in container {
                acted |= rewrite(Part { path: &format!("{urn}:{name}"), removes }, value);
            }
            acted
        }
        (_, value) => rewrite(Part { path, removes }, value),
    }
}
