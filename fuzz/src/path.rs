//! Paths of PATCH operations (RFC 7644 Figure 7), and attribute notation (§3.10).

use super::filter::MESSAGE_BYTES_MAX;
use super::sample;
use scimd::scim::filter::{FilterOptions, Path, parse_path};
use scimd::scim::patch::PatchContext;
use scimd::scim::patch::target::{self, AttributeTarget, PatchTarget};
use scimd::scim::resource::ValueLimits;
use scimd::scim::schema::path::Resolved;
use scimd::scim::schema::{ResourceType, Target};
use scimd::scim::{ErrorKind, Tolerance};
use serde_json::Value;

/// Checks one path.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match parse_path(text, &FilterOptions::default()) {
        Ok(path) => check_printed(&path),
        Err(error) => {
            assert!(matches!(error.kind, ErrorKind::InvalidPath | ErrorKind::InvalidFilter), "{:?}: {error}", error.kind);
            assert!(error.detail.len() <= MESSAGE_BYTES_MAX, "{error}");
        }
    }
    for resource_type in sample::resource_types() {
        check_notation(text, resource_type);
        for interop_profile in [false, true] {
            check_target(text, resource_type, &Tolerance { interop_profile, ..Tolerance::default() });
        }
    }
}

/// The path as bulk prints it once it has replaced a bulkId in it.
fn check_printed(path: &Path) {
    let mut printed = path.attribute.text.clone();
    if let Some(filter) = &path.filter {
        printed.push_str(&format!("[{filter}]"));
    }
    if let Some(sub) = &path.sub {
        printed.push_str(&format!(".{sub}"));
    }
    let wider = FilterOptions { text_bytes_max: 1_000_000, ..FilterOptions::default() };
    assert_eq!(parse_path(&printed, &wider).as_ref(), Ok(path), "printed as {printed}");
}

/// What a name means has a name that means it.
fn check_notation(text: &str, resource_type: &ResourceType) {
    match resource_type.resolve(text) {
        Some(Resolved::Attribute(target)) => {
            assert_eq!(resource_type.resolve(&target.name()), Some(Resolved::Attribute(target)), "{text}");
        }
        Some(Resolved::Container(urn)) => assert_eq!(resource_type.resolve(&urn), Some(Resolved::Container(urn)), "{text}"),
        None => {}
    }
}

fn check_target(text: &str, resource_type: &ResourceType, tolerance: &Tolerance) {
    let limits = ValueLimits::default();
    let context = PatchContext { tolerance, limits: &limits, filter: &FilterOptions::default(), id: "1" };
    match target::resolve(text, resource_type, &context) {
        Ok(PatchTarget::Attribute(target)) => check_attribute(text, &target, resource_type),
        Ok(PatchTarget::Container(urn)) => assert!(resource_type.urns().any(|known| *known == urn), "{urn}"),
        Ok(PatchTarget::Unknown) => {}
        Err(error) => {
            let refusal = matches!(error.kind, ErrorKind::InvalidPath | ErrorKind::InvalidFilter | ErrorKind::Sensitive);
            assert!(refusal, "{:?}: {error}", error.kind);
            assert!(error.detail.len() <= text.len() + MESSAGE_BYTES_MAX, "{error}");
        }
    }
}

fn check_attribute(text: &str, target: &AttributeTarget, resource_type: &ResourceType) {
    let AttributeTarget { place, attribute, filter, sub } = target;
    let named = Target { place: place.clone(), attribute: attribute.clone(), sub: sub.clone() };
    assert_eq!(resource_type.resolve(&target.name()), Some(Resolved::Attribute(named)), "{text}");
    let Some(filter) = filter else { return };
    if let Some(values) = filter.alternatives() {
        assert!(!values.is_empty(), "{text}");
        // What is found by id alone is what the filter selects, as far as ids compare as they are written.
        if attribute.sub_attribute("value").is_some_and(|value| value.case_exact) {
            let selects = |id: &String| filter.resolved.matches_element(&serde_json::json!({ "value": id }));
            assert!(values.iter().all(selects), "{text}");
        }
    }
    let negated = scimd::scim::filter::ResolvedFilter::Not(Box::new(filter.resolved.clone()));
    for element in elements(target, resource_type) {
        assert_ne!(filter.resolved.matches_element(element), negated.matches_element(element), "{text}");
    }
}

/// The values of the attribute in the samples.
fn elements<'a>(target: &AttributeTarget, resource_type: &'a ResourceType) -> impl Iterator<Item = &'a Value> {
    let pointer = target.attribute.name.clone();
    let values = |value: &'a Value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    sample::resources(resource_type).iter().filter_map(move |resource| resource.get(&pointer)).flat_map(values)
}
