//! Attributes of a schema (RFC 7643 §2.2, §7): from the file, checked, and back to what `/Schemas` shows.

use super::fault::Fault;
use super::reader::Reader;
use crate::scim::schema::{Attribute, AttributeType, Mutability, Returned, Uniqueness};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Attributes of one schema at most.
const ATTRIBUTES_MAX: usize = 500;
/// Sub-attributes of one attribute at most.
const SUB_ATTRIBUTES_MAX: usize = 100;
/// Bytes of a name at most.
const NAME_BYTES_MAX: usize = 100;

const KEYS: [&str; 14] = [
    "name",
    "type",
    "multiValued",
    "description",
    "required",
    "canonicalValues",
    "caseExact",
    "mutability",
    "returned",
    "uniqueness",
    "referenceTypes",
    "subAttributes",
    "indexed",
    "enforceCanonical",
];

const TYPES: [(&str, AttributeType); 8] = [
    ("string", AttributeType::String),
    ("boolean", AttributeType::Boolean),
    ("decimal", AttributeType::Decimal),
    ("integer", AttributeType::Integer),
    ("dateTime", AttributeType::DateTime),
    ("reference", AttributeType::Reference),
    ("binary", AttributeType::Binary),
    ("complex", AttributeType::Complex),
];

const MUTABILITIES: [(&str, Mutability); 4] = [
    ("readOnly", Mutability::ReadOnly),
    ("readWrite", Mutability::ReadWrite),
    ("immutable", Mutability::Immutable),
    ("writeOnly", Mutability::WriteOnly),
];

const RETURNED: [(&str, Returned); 4] =
    [("always", Returned::Always), ("never", Returned::Never), ("default", Returned::Default), ("request", Returned::Request)];

const UNIQUENESS: [(&str, Uniqueness); 3] =
    [("none", Uniqueness::None), ("server", Uniqueness::Server), ("global", Uniqueness::Global)];

/// Reads the list of attributes that stands at `path`.
pub(super) fn read_list(
    objects: &[&Map<String, Value>],
    path: &str,
    faults: &mut Vec<Fault>,
    warnings: &mut Vec<Fault>,
) -> Vec<Arc<Attribute>> {
    list(objects, path, None, faults, warnings)
}

/// `parent`: the complex attribute whose sub-attributes they are.
fn list(
    objects: &[&Map<String, Value>],
    path: &str,
    parent: Option<&str>,
    faults: &mut Vec<Fault>,
    warnings: &mut Vec<Fault>,
) -> Vec<Arc<Attribute>> {
    let max = if parent.is_some() { SUB_ATTRIBUTES_MAX } else { ATTRIBUTES_MAX };
    if objects.len() > max {
        faults.push(Fault::new(path, format!("there are {} of them; {max} are allowed", objects.len())));
        return Vec::new();
    }
    let mut attributes: Vec<Arc<Attribute>> = Vec::with_capacity(objects.len());
    for (place, object) in objects.iter().enumerate() {
        // Named by its name; one without a name by its place, counted from 0 as in a JSON pointer.
        let name = object.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
        let here = format!("{path}.{}", name.map_or_else(|| place.to_string(), str::to_owned));
        if let Some(name) = name
            && attributes.iter().any(|other| other.name.eq_ignore_ascii_case(name))
        {
            faults.push(Fault::new(&here, "the name is there twice; letter case does not tell names apart"));
        }
        attributes.push(Arc::new(one(object, here, parent.is_some(), faults, warnings)));
    }
    attributes
}

fn one(object: &Map<String, Value>, path: String, is_sub: bool, faults: &mut Vec<Fault>, warnings: &mut Vec<Fault>) -> Attribute {
    let mut reader = Reader::new(object, path, &KEYS, faults);
    let name = reader.required_string("name").unwrap_or_default();
    if !reader.is_absent("name") && !is_name(&name) {
        reader.fault(
            "name",
            format!("{name:?} cannot be a name: a letter, then letters, digits, $, - and _, {NAME_BYTES_MAX} at most"),
        );
    }
    let attribute_type = reader.choice("type", &TYPES);
    let mut attribute = Attribute {
        name,
        attribute_type,
        multi_valued: reader.boolean("multiValued"),
        description: reader.string("description").unwrap_or_default(),
        required: reader.boolean("required"),
        canonical_values: reader.strings("canonicalValues"),
        enforce_canonical: reader.boolean("enforceCanonical"),
        case_exact: false,
        mutability: reader.choice("mutability", &MUTABILITIES),
        returned: reader.choice("returned", &RETURNED),
        uniqueness: reader.choice("uniqueness", &UNIQUENESS),
        reference_types: reader.strings("referenceTypes"),
        sub_attributes: Vec::new(),
        indexed: reader.boolean("indexed"),
        spelling: None,
    };
    let case_exact = reader.optional_boolean("caseExact");
    attribute.case_exact = match attribute_type {
        AttributeType::Reference | AttributeType::Binary => true,
        _ => case_exact.unwrap_or_default(),
    };
    if attribute.case_exact && case_exact == Some(false) {
        let always = format!("a {} is caseExact always (RFC 7643 §2.3); false is taken as true", word(&TYPES, attribute_type));
        warnings.push(Fault::new(reader.path_of("caseExact"), always));
    }
    check_combination(&attribute, is_sub, &mut reader);
    if attribute.is_complex() && !is_sub {
        let objects = reader.objects("subAttributes");
        if objects.is_empty() {
            reader.fault("subAttributes", "a complex attribute lists its sub-attributes");
        }
        let path = reader.path_of("");
        attribute.sub_attributes = list(&objects, &path, Some(&attribute.name), reader.faults(), warnings);
    }
    attribute
}

/// What no single key shows.
fn check_combination(attribute: &Attribute, is_sub: bool, reader: &mut Reader<'_>) {
    let attribute_type = attribute.attribute_type;
    if attribute.is_complex() && is_sub {
        reader.fault("type", "a sub-attribute is not complex (RFC 7643 §2.3.8)");
    }
    if !attribute.is_complex() && !reader.is_absent("subAttributes") {
        reader.fault("subAttributes", "only a complex attribute has sub-attributes");
    }
    match attribute_type {
        AttributeType::Reference if attribute.reference_types.is_empty() => {
            reader.fault("referenceTypes", "a reference says what it refers to: names of resource types, external or uri");
        }
        AttributeType::Reference => {}
        _ if !attribute.reference_types.is_empty() => {
            reader.fault("referenceTypes", "only an attribute of type reference has them");
        }
        _ => {}
    }
    if attribute.enforce_canonical && (attribute.canonical_values.is_empty() || attribute_type != AttributeType::String) {
        reader.fault("enforceCanonical", "only a string with canonicalValues can be held to them");
    }
    let has_key = matches!(
        attribute_type,
        AttributeType::String | AttributeType::Reference | AttributeType::DateTime | AttributeType::Integer
    );
    if attribute.uniqueness != Uniqueness::None && !has_key {
        reader.fault("uniqueness", "only a string, reference, dateTime or integer can be unique");
    }
    if attribute.indexed && !matches!(attribute_type, AttributeType::String | AttributeType::Reference) {
        reader.fault("indexed", "only a string or reference can be indexed");
    }
    if attribute.indexed && attribute.is_secret() {
        reader.fault("indexed", "what is never returned cannot be filtered by, so an index serves nothing");
    }
}

/// ATTRNAME of RFC 7644 Figure 1, or `$ref` (D-02).
fn is_name(name: &str) -> bool {
    let rest_is_fit = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$-_".contains(&byte));
    name == "$ref"
        || (name.len() <= NAME_BYTES_MAX && name.starts_with(|first: char| first.is_ascii_alphabetic()) && rest_is_fit(name))
}

/// The attribute as `/Schemas` shows it: all characteristics that it has, those that the file leaves out included, and
/// without what is scimd's own.
pub(super) fn describe(attribute: &Attribute) -> Value {
    let mut shown = json!({
        "name": attribute.name,
        "type": word(&TYPES, attribute.attribute_type),
        "multiValued": attribute.multi_valued,
        "description": attribute.description,
        "required": attribute.required,
        "mutability": word(&MUTABILITIES, attribute.mutability),
        "returned": word(&RETURNED, attribute.returned),
    });
    if let Some(shown) = shown.as_object_mut() {
        if !attribute.canonical_values.is_empty() {
            shown.insert("canonicalValues".to_owned(), json!(attribute.canonical_values));
        }
        if !attribute.reference_types.is_empty() {
            shown.insert("referenceTypes".to_owned(), json!(attribute.reference_types));
        }
        if attribute.is_complex() {
            let sub_attributes = attribute.sub_attributes.iter().map(|sub| describe(sub)).collect();
            shown.insert("subAttributes".to_owned(), Value::Array(sub_attributes));
        } else {
            // A complex attribute has neither (RFC 7643 §2.3.8, EID 6004).
            shown.insert("caseExact".to_owned(), json!(attribute.case_exact));
            shown.insert("uniqueness".to_owned(), json!(word(&UNIQUENESS, attribute.uniqueness)));
        }
    }
    shown
}

fn word<'w, T: PartialEq>(words: &[(&'w str, T)], meaning: T) -> &'w str {
    words.iter().find(|(_, known)| *known == meaning).map_or("", |(word, _)| word)
}
