//! PATCH documents (RFC 7644 §3.5.2): a body to a changed resource.

use super::sample;
use scimd::id::DirectoryId;
use scimd::scim::filter::FilterOptions;
use scimd::scim::json::{self, JsonLimits};
use scimd::scim::patch::{MemberPatch, Op, Operation, PatchContext, PatchLimits, PatchRequest, Patched, apply, membership};
use scimd::scim::quirks::{self, Message, MessageKind, PROFILES, Profile};
use scimd::scim::resource::{
    Document, ProjectionRequest, ValueLimits, canonicalize, grams, index_rows, is_spliceable, keys, normalize, render, splice,
    validate,
};
use scimd::scim::schema::{Attribute, Mutability, ResourceType, Returned};
use scimd::scim::{ErrorKind, ScimError, Tolerance};
use scimd::store::INDEX_VALUE_BYTES_MAX;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// The profiles whose rules differ most.
const PROFILES_TRIED: [&str; 3] = ["strict", "generic", "entra"];

/// Checks one body.
pub fn check(bytes: &[u8]) {
    let Ok(body) = json::parse(bytes, &JsonLimits::default()) else { return };
    for profile in PROFILES.iter().filter(|profile| PROFILES_TRIED.contains(&profile.name)) {
        for (resource_type, document) in sample::DOCUMENTS.iter() {
            check_body(body.clone(), profile, resource_type, document);
        }
    }
}

fn check_body(mut body: Value, profile: &Profile, resource_type: &ResourceType, document: &Document) {
    let tolerance = (profile.tolerance)();
    quirks::rewrite(profile.quirks, &mut Message { kind: MessageKind::Patch, resource_type, body: &mut body });
    let limits = ValueLimits { elements_max: 20, ..ValueLimits::default() };
    let filter = FilterOptions::default();
    let context = PatchContext { tolerance: &tolerance, limits: &limits, filter: &filter, id: "1" };
    let before = document.to_text();
    let patched = PatchRequest::parse(body, &tolerance, &PatchLimits { operations_max: 50 })
        .and_then(|operations| membership::split(operations, resource_type, &context))
        .and_then(|(operations, members)| Ok((apply(document, &operations, resource_type, &context)?, members)));
    assert_eq!(document.to_text(), before);
    match patched {
        Ok((patched, members)) => {
            check_members(members);
            check_patched(&patched, resource_type, &context);
        }
        Err(error) => check_refusal(&error),
    }
}

/// The client did something wrong, and is told so.
pub fn check_refusal(error: &ScimError) {
    use ErrorKind::{InvalidFilter, InvalidPath, InvalidSyntax, InvalidValue, Mutability, NoTarget, PayloadTooLarge, Sensitive};
    let known = [InvalidFilter, InvalidPath, InvalidSyntax, InvalidValue, Mutability, NoTarget, PayloadTooLarge, Sensitive];
    assert!(known.contains(&error.kind), "{:?}: {error}", error.kind);
    assert!(!error.detail.is_empty());
}

fn check_members(mut members: MemberPatch) {
    let current: Vec<Value> =
        sample::computed(sample::resource_types()[1]).into_iter().flat_map(|(_, members)| members).collect();
    if members.needs_members() && members.resolve_matching(&current, &[]).is_err() {
        return;
    }
    assert!(!members.needs_members());
    assert!(!members.clear || members.remove.is_empty(), "{members:?}");
    let named: Vec<&String> = members.add.iter().chain(&members.remove).collect();
    assert_eq!(named.iter().collect::<HashSet<_>>().len(), named.len(), "{members:?}");
}

fn check_patched(patched: &Patched, resource_type: &ResourceType, context: &PatchContext<'_>) {
    let document = &patched.document;
    check_put(document, resource_type, context.tolerance, context.limits);
    check_document(document, resource_type);
    // Writing back what was read changes nothing.
    let replace = |(path, value): (&String, &Value)| Operation {
        number: 1,
        op: Op::Replace,
        path: path.clone(),
        value: Some(value.clone()),
        from_object: true,
    };
    let again: Vec<Operation> = document.as_object().iter().map(replace).collect();
    let again = apply(document, &again, resource_type, context);
    assert_eq!(again.map(|again| again.document.to_text()), Ok(document.to_text()));
}

/// PATCH makes nothing that PUT would not take.
fn check_put(document: &Document, resource_type: &ResourceType, tolerance: &Tolerance, limits: &ValueLimits) {
    let text = document.to_text();
    assert_eq!(validate(document, resource_type, tolerance), Ok(()), "{text}");
    let put = normalize(Value::Object(document.as_object().clone()), resource_type, tolerance, limits);
    assert_eq!(put.map(|put| put.document.to_text()), Ok(text));
}

/// What must hold of a document whoever made it.
pub fn check_document(document: &Document, resource_type: &ResourceType) {
    let text = document.to_text();
    assert_eq!(Document::from_stored(&text).expect("its text is JSON"), *document);
    assert_eq!(canonicalize(document.as_object().clone(), resource_type).to_text(), text, "it is canonical");
    check_rendering(document, &text, resource_type);
    let keys = keys(document, resource_type);
    check_hidden(&keys, resource_type);
    for row in index_rows(document, resource_type, &["externalId"]) {
        assert!(row.value.len() <= INDEX_VALUE_BYTES_MAX && !(row.is_unique() && row.value.is_empty()), "{row:?}");
    }
    grams(document, DirectoryId(1), resource_type);
}

fn check_rendering(document: &Document, text: &str, resource_type: &ResourceType) {
    let meta = sample::meta(resource_type);
    let computed = sample::computed(resource_type);
    let texts: Vec<String> = computed.iter().map(|(_, values)| Value::Array(values.clone()).to_string()).collect();
    let lists: Vec<(&str, &str)> =
        computed.iter().zip(&texts).map(|((attribute, _), text)| (&*attribute.name, &**text)).collect();
    let spliced = splice(text, sample::id(1), &lists, &meta.to_text());
    let whole: Map<String, Value> = render(document.clone(), sample::id(1), computed, &meta);
    if is_spliceable(text, resource_type) {
        assert_eq!(spliced, Some(json!(whole).to_string()));
    }
    let projection = ProjectionRequest::parse(None, None).expect("nothing is asked").resolve(resource_type);
    let mut shown = whole.clone();
    projection.apply(&mut shown, resource_type, &[]);
    assert_eq!(shown.get("meta"), whole.get("meta"));
    check_hidden(&Value::Object(shown), resource_type);
}

/// What is never returned is neither shown nor filtered by.
fn check_hidden(shown: &Value, resource_type: &ResourceType) {
    for urn in resource_type.urns() {
        let container = if *urn == resource_type.schema.id { Some(shown) } else { shown.get(&**urn) };
        for attribute in resource_type.attributes_of(urn).unwrap_or_default() {
            let Some(value) = container.and_then(|container| container.get(&attribute.name)) else { continue };
            assert!(!is_secret(attribute) || common(resource_type, attribute), "{}: {shown}", attribute.name);
            let elements = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            for sub in attribute.sub_attributes.iter().filter(|sub| is_secret(sub)) {
                assert!(elements.iter().all(|element| element.get(&sub.name).is_none()), "{}: {shown}", sub.name);
            }
        }
    }
}

fn is_secret(attribute: &Attribute) -> bool {
    attribute.returned == Returned::Never || attribute.mutability == Mutability::WriteOnly
}

/// Whether a schema lists a common attribute again, which changes nothing (RFC 7643 §3.1).
fn common(resource_type: &ResourceType, attribute: &Attribute) -> bool {
    resource_type.common.iter().any(|common| common.name.eq_ignore_ascii_case(&attribute.name))
}
