//! Definitions of schemas and resource types (RFC 7643 §6, §7, D-97): a file to what clients see and resources must be like.

use super::sample;
use scimd::scim::filter::{Filter, FilterOptions};
use scimd::scim::protocol::discovery;
use scimd::scim::resource::{ValueLimits, normalize, validate};
use scimd::scim::schema::change::{Seen, changes};
use scimd::scim::schema::definition::{self, Definition};
use scimd::scim::schema::path::Resolved;
use scimd::scim::schema::{Attribute, AttributeType, Faults, Mutability, Registry, ResourceType, Schema};
use scimd::scim::{ErrorKind, Tolerance};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Files of one input at most; a zero byte stands between them.
const FILES_MAX: usize = 4;

/// Checks one or several files.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut definitions = Vec::new();
    for file in text.splitn(FILES_MAX, '\0') {
        match definition::parse(file) {
            Ok(parsed) => {
                check_definition(&parsed.definition);
                definitions.push(parsed.definition);
            }
            Err(faults) => check_faults(&faults),
        }
    }
    let built_in = Registry::built_in();
    match built_in.with(&definitions, &[]) {
        Ok(registry) => check_registry(&registry, &built_in),
        Err(faults) => check_faults(&faults),
    }
}

fn check_faults(Faults(faults): &Faults) {
    assert!(!faults.is_empty());
    assert!(faults.iter().all(|fault| !fault.problem.is_empty()), "{faults:?}");
}

/// What clients see of a schema is a definition of it.
fn check_definition(definition: &Definition) {
    assert!(!definition.name().is_empty());
    let Definition::Schema(schema) = definition else { return };
    let shown = &schema.schema.definition;
    let again = definition::parse(&shown.to_string()).unwrap_or_else(|faults| unreachable!("{faults}: {shown}"));
    let Definition::Schema(again) = again.definition else { unreachable!("not a schema: {shown}") };
    assert_eq!(&again.schema.definition, shown);
}

fn check_registry(registry: &Registry, built_in: &Registry) {
    let (schemas, types) =
        (discovery::schemas(registry, sample::BASE_URL), discovery::resource_types(registry, sample::BASE_URL));
    for (list, count) in [(&schemas, registry.schemas.len()), (&types, registry.resource_types.len())] {
        assert_eq!(list["totalResults"], count);
        assert_eq!(list["Resources"].as_array().map(Vec::len), Some(count));
    }
    for schema in &registry.schemas {
        let shown =
            discovery::schema(registry, &schema.id.to_uppercase(), sample::BASE_URL).expect("a schema is found by its URN");
        assert_eq!(shown["id"], *schema.id);
    }
    for resource_type in &registry.resource_types {
        let shown = discovery::resource_type(registry, &resource_type.name, sample::BASE_URL).expect("found by its name");
        assert_eq!(shown["endpoint"], *resource_type.endpoint);
        assert_eq!(registry.endpoint(&resource_type.endpoint), Some(resource_type));
        for urn in resource_type.urns() {
            assert!(registry.schema(urn).is_some_and(|schema| schema.id == *urn), "{urn}");
        }
        check_type(resource_type);
    }
    check_changes(registry, built_in);
}

fn check_changes(registry: &Registry, built_in: &Registry) {
    assert_eq!(changes(registry, registry), Vec::new());
    let there = changes(built_in, registry);
    let back = changes(registry, built_in);
    for change in there.iter().chain(&back) {
        for condition in &change.conditions {
            assert!(!condition.problem(&change.old.name, 1).is_empty());
            let named = change.old.resolve(&condition.name()).is_some();
            assert!(named || change.new.as_ref().is_some_and(|new| new.resolve(&condition.name()).is_some()), "{condition:?}");
            let mut seen = Seen::default();
            for (resource_type, document) in sample::DOCUMENTS.iter().filter(|(of, _)| of.name == change.old.name) {
                condition.is_broken(document, &mut seen);
                assert!(!resource_type.name.is_empty());
            }
        }
    }
}

/// Its attributes can be named, filtered by, written and read.
fn check_type(resource_type: &Arc<ResourceType>) {
    for urn in resource_type.urns() {
        for attribute in resource_type.attributes_of(urn).expect("a URN of the type") {
            let name = format!("{urn}:{}", attribute.name);
            match resource_type.resolve(&name) {
                Some(Resolved::Attribute(target)) => assert_eq!(&target.attribute, attribute),
                other => unreachable!("{name} means {other:?}"),
            }
            let filter = Filter::parse(&format!("{name} pr"), &FilterOptions::default()).expect("a filter");
            let resolved = filter.resolve(resource_type, &Tolerance::default()).map_err(|error| error.kind);
            assert!(matches!(resolved, Ok(_) | Err(ErrorKind::Sensitive)), "{name}: {resolved:?}");
        }
    }
    let mut body = values(&resource_type.schema, resource_type);
    body.insert("schemas".to_owned(), resource_type.urns().map(|urn| Value::from(&**urn)).collect());
    for extension in &resource_type.extensions {
        body.insert(extension.schema.id.to_string(), Value::Object(values(&extension.schema, resource_type)));
    }
    let body = Value::Object(body);
    let read = normalize(body.clone(), resource_type, &Tolerance::default(), &ValueLimits::default());
    let document = read.unwrap_or_else(|error| unreachable!("{error}: {body}")).document;
    if let Err(error) = validate(&document, resource_type, &Tolerance::default()) {
        assert_eq!(error.kind, ErrorKind::InvalidValue, "{error}");
    }
    super::patch::check_document(&document, resource_type);
}

/// A value for each attribute of a schema.
fn values(schema: &Schema, resource_type: &ResourceType) -> Map<String, Value> {
    let is_common =
        |attribute: &Attribute| resource_type.common.iter().any(|common| common.name.eq_ignore_ascii_case(&attribute.name));
    let attributes = schema.attributes.iter().filter(|attribute| *schema.id != *resource_type.schema.id || !is_common(attribute));
    attributes.map(|attribute| (attribute.name.clone(), value(attribute))).collect()
}

fn value(attribute: &Attribute) -> Value {
    let one = match attribute.attribute_type {
        AttributeType::String => json!("1"),
        AttributeType::Boolean => json!(true),
        AttributeType::Decimal => json!(1.5),
        AttributeType::Integer => json!(1),
        AttributeType::DateTime => json!("2026-01-01T00:00:00Z"),
        AttributeType::Reference => json!("https://example.com/1"),
        AttributeType::Binary => json!("AAEC"),
        AttributeType::Complex => {
            let subs = attribute.sub_attributes.iter().filter(|sub| sub.mutability != Mutability::ReadOnly);
            subs.map(|sub| (sub.name.clone(), value(sub))).collect()
        }
    };
    if attribute.multi_valued { Value::Array(vec![one]) } else { one }
}
