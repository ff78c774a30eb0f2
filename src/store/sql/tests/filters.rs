//! Filters written as values, and the types that they speak of.

use crate::scim::filter::{CompareOp, Literal, ResolvedFilter};
use crate::scim::schema::definition;
use crate::scim::schema::path::Resolved;
use crate::scim::schema::{Attribute, Extension, IndexedAttribute, Place, Registry, ResourceType, Schema, Target};
use serde_json::json;
use std::sync::Arc;

pub(super) fn user() -> Arc<ResourceType> {
    Registry::built_in().resource_type("User").expect("built in").clone()
}

pub(super) fn group() -> Arc<ResourceType> {
    Registry::built_in().resource_type("Group").expect("built in").clone()
}

/// The types that there are with the files of `config/roles`.
pub(super) fn with_roles(name: &str) -> Arc<ResourceType> {
    let files =
        [include_str!("../../../../config/roles/role-schema.json"), include_str!("../../../../config/roles/role-type.json")];
    let definitions = files.map(|text| definition::parse(text).expect("a definition").definition);
    let registry = Registry::built_in().with(&definitions, &[]).expect("fits");
    registry.resource_type(name).expect("one of the types").clone()
}

/// A type with what the built-in ones lack: numbers, instants, simple lists, a list of references, an odd URN.
pub(super) fn device() -> Arc<ResourceType> {
    let attribute = |value: serde_json::Value| Arc::new(serde_json::from_value::<Attribute>(value).expect("an attribute"));
    let schema = |id: &str, attributes: Vec<Arc<Attribute>>| {
        Arc::new(Schema { id: id.into(), name: String::new(), description: String::new(), attributes, definition: json!({}) })
    };
    let core = schema(
        "urn:example:Device",
        vec![
            attribute(json!({"name": "serial", "uniqueness": "server", "required": true})),
            attribute(json!({"name": "slots", "type": "integer"})),
            attribute(json!({"name": "weight", "type": "decimal"})),
            attribute(json!({"name": "bought", "type": "dateTime"})),
            attribute(json!({"name": "tags", "multiValued": true})),
            attribute(json!({"name": "ports", "type": "integer", "multiValued": true})),
            attribute(json!({"name": "owners", "type": "complex", "multiValued": true, "subAttributes": [
                {"name": "value"},
                {"name": "$ref", "type": "reference", "referenceTypes": ["User"]},
                {"name": "display", "mutability": "readOnly"},
                {"name": "labels", "multiValued": true},
            ]})),
        ],
    );
    let extension = schema("urn:it's:1.0:Odd", vec![attribute(json!({"name": "o'clock"}))]);
    let mut device = ResourceType {
        name: "Device".into(),
        endpoint: "/Devices".into(),
        description: String::new(),
        schema: core,
        extensions: vec![Extension { schema: extension, required: false }],
        common: user().common.clone(),
        indexed: Vec::new(),
        membership: None,
        member_of: Vec::new(),
        shown_as: None,
        service_provider_config: serde_json::Map::new(),
    };
    for name in ["serial", "tags"] {
        let indexed =
            IndexedAttribute { name: name.into(), target: target(&device, name), ready: true, by_parts: name == "tags" };
        device.indexed.push(indexed);
    }
    Arc::new(device)
}

pub(super) fn target(resource_type: &ResourceType, path: &str) -> Target {
    match resource_type.resolve(path) {
        Some(Resolved::Attribute(target)) => target,
        _ => panic!("{path} names no attribute"),
    }
}

pub(super) fn compare(resource_type: &ResourceType, path: &str, op: CompareOp, literal: Literal) -> ResolvedFilter {
    ResolvedFilter::Compare { target: target(resource_type, path), op, literal }
}

pub(super) fn text(resource_type: &ResourceType, path: &str, op: CompareOp, literal: &str) -> ResolvedFilter {
    compare(resource_type, path, op, Literal::Text(literal.to_owned()))
}

pub(super) fn present(resource_type: &ResourceType, path: &str) -> ResolvedFilter {
    ResolvedFilter::Present(target(resource_type, path))
}

/// `path[…]` over comparisons of sub-attributes, all of which must hold.
pub(super) fn element(resource_type: &ResourceType, path: &str, terms: &[(&str, CompareOp, Literal)]) -> ResolvedFilter {
    let outer = target(resource_type, path);
    let term = |(sub, op, literal): &(&str, CompareOp, Literal)| {
        let attribute = if outer.attribute.is_complex() {
            outer.attribute.sub_attribute(sub).expect("a sub-attribute").clone()
        } else {
            outer.attribute.clone()
        };
        let target = Target { place: Place::Element, attribute, sub: None };
        ResolvedFilter::Compare { target, op: *op, literal: literal.clone() }
    };
    let mut terms: Vec<_> = terms.iter().map(term).collect();
    let filter = if terms.len() == 1 { terms.remove(0) } else { ResolvedFilter::And(terms) };
    ResolvedFilter::Element { target: outer, filter: Box::new(filter) }
}

pub(super) fn not(filter: ResolvedFilter) -> ResolvedFilter {
    ResolvedFilter::Not(Box::new(filter))
}

pub(super) fn literal(text: &str) -> Literal {
    Literal::Text(text.to_owned())
}
