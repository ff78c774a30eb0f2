//! Every case of `corpus/patches.json`: a resource, a PATCH request, and what must be there afterwards.
//!
//! Requests go the way that the server sends them: quirks of the `generic` profile, parse, split, apply; the members of a
//! group are a list in memory.

#![expect(clippy::panic, reason = "tests")]

use scimd::scim::filter::FilterOptions;
use scimd::scim::patch::membership::split;
use scimd::scim::patch::{PatchContext, PatchLimits, PatchRequest, apply};
use scimd::scim::quirks::{Message, MessageKind, profile, rewrite};
use scimd::scim::resource::{Document, ValueLimits, canonicalize};
use scimd::scim::schema::{Registry, ResourceType};
use scimd::scim::{ErrorKind, ScimError};
use serde_json::{Map, Value, json};

/// Cases whose outcome is not decided by the resource and the request alone. What is tested here is that nothing before the
/// store refuses them.
const DECIDED_BY_THE_STORE: [(&str, &str); 2] =
    [("P116", "the userName is another resource's"), ("P139", "the userName is another resource's, in other letter case")];

/// A resource in memory: what the store keeps of it.
#[derive(Debug, Clone, PartialEq)]
struct Resource {
    document: Document,
    members: Vec<Value>,
}

impl Resource {
    fn create(body: Value, resource_type: &ResourceType) -> Self {
        let Value::Object(mut body) = body else { panic!("a resource is an object") };
        let members = body.remove("members").and_then(|members| members.as_array().cloned()).unwrap_or_default();
        Self { document: canonicalize(body, resource_type), members }
    }

    fn to_value(&self) -> Value {
        let mut object = self.document.as_object().clone();
        object.insert("members".to_owned(), Value::Array(self.members.clone()));
        Value::Object(object)
    }
}

fn patch(resource: &Resource, mut body: Value, id: &str, resource_type: &ResourceType) -> Result<Resource, ScimError> {
    let generic = profile("generic").expect("a profile");
    let (tolerance, limits, filter) = ((generic.tolerance)(), ValueLimits::default(), FilterOptions::default());
    rewrite(generic.quirks, &mut Message { kind: MessageKind::Patch, resource_type, body: &mut body });
    let operations = PatchRequest::parse(body, &tolerance, &PatchLimits { operations_max: 100 })?;
    let context = PatchContext { tolerance: &tolerance, limits: &limits, filter: &filter, id };
    let (operations, mut changes) = split(operations, resource_type, &context)?;
    let patched = apply(&resource.document, &operations, resource_type, &context)?;
    if changes.needs_members() {
        changes.resolve_matching(&resource.members, &[])?;
    }
    let id_of = |member: &Value| member["value"].as_str().expect("an id").to_owned();
    let mut members = resource.members.clone();
    members.retain(|member| match changes.clear {
        true => changes.add.contains(&id_of(member)),
        false => !changes.remove.contains(&id_of(member)),
    });
    let new = changes.add.iter().filter(|id| members.iter().all(|member| id_of(member) != **id));
    let new = new.map(|id| json!({"value": id})).collect::<Vec<_>>();
    members.extend(new);
    Ok(Resource { document: patched.document, members })
}

#[test]
fn every_case_of_the_corpus_has_one_of_its_outcomes() {
    let text = include_str!("corpus/patches.json");
    let corpus: Value = serde_json::from_str(text).expect("JSON");
    let cases = corpus["cases"].as_array().expect("a list");
    assert_eq!(cases.len(), 149);
    let failures = cases
        .iter()
        .filter_map(|case| run(case).err().map(|why| format!("{} {}: {why}", case["id"], case["title"])))
        .collect::<Vec<_>>();
    assert!(failures.is_empty(), "{} of {} failed\n{}", failures.len(), cases.len(), failures.join("\n"));
}

fn run(case: &Value) -> Result<(), String> {
    let registry = Registry::built_in();
    let resource_type = registry.resource_type(case["resourceType"].as_str().expect("a name")).expect("built in");
    let before = Resource::create(fill(&case["before"]), resource_type);
    let body = match (case.get("raw"), case.get("body")) {
        (Some(raw), _) => serde_json::from_str(raw.as_str().expect("text")).expect("the raw cases are JSON"),
        (None, Some(body)) => fill(body),
        (None, None) => {
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": fill(&case["ops"])})
        }
    };
    let outcome = patch(&before, body, &id("self"), resource_type);
    if DECIDED_BY_THE_STORE.iter().any(|(id, _)| case["id"] == *id) {
        return outcome.map(|_| ()).map_err(|error| format!("refused: {error:?}"));
    }
    let expected = case["expect"].as_array().expect("a list");
    let why = expected.iter().map(|expected| compare(&outcome, &before, expected)).collect::<Vec<_>>();
    if why.iter().any(Result::is_ok) { Ok(()) } else { Err(format!("{why:?}")) }
}

fn compare(outcome: &Result<Resource, ScimError>, before: &Resource, expected: &Value) -> Result<(), String> {
    match (outcome, expected.get("error")) {
        (Err(error), Some(expected)) => {
            let (status, scim_type) = status_and_type(error.kind);
            let accepted = match &expected["scimType"] {
                Value::Null => true,
                Value::Array(accepted) => accepted.contains(&json!(scim_type)),
                one => one == scim_type,
            };
            match expected["status"] == status && accepted {
                true => Ok(()),
                false => Err(format!("{error:?}, wanted {expected}")),
            }
        }
        (Err(error), None) => Err(format!("refused: {error:?}")),
        (Ok(after), Some(expected)) => Err(format!("became {}, wanted {expected}", after.to_value())),
        (Ok(after), None) => {
            let (got, wanted) = (comparable(&after.to_value()), comparable(&fill(&expected["after"])));
            if got != wanted {
                return Err(format!("became {got:?}, wanted {wanted:?}"));
            }
            if expected["lastModified"] == "unchanged" && after != before {
                return Err("changed".to_owned());
            }
            let schemas = &after.document.as_object()["schemas"];
            match expected["schemas_include"].as_array().into_iter().flatten().find(|urn| !contains(schemas, urn)) {
                Some(urn) => Err(format!("schemas lacks {urn}")),
                None => Ok(()),
            }
        }
    }
}

fn contains(list: &Value, element: &Value) -> bool {
    list.as_array().is_some_and(|list| list.contains(element))
}

fn status_and_type(kind: ErrorKind) -> (u16, &'static str) {
    match kind {
        ErrorKind::InvalidFilter => (400, "invalidFilter"),
        ErrorKind::Mutability => (400, "mutability"),
        ErrorKind::InvalidSyntax => (400, "invalidSyntax"),
        ErrorKind::InvalidPath => (400, "invalidPath"),
        ErrorKind::NoTarget => (400, "noTarget"),
        ErrorKind::InvalidValue => (400, "invalidValue"),
        other => panic!("a PATCH does not fail with {other:?}"),
    }
}

/// The id that stands for `{{id:key}}`.
fn id(key: &str) -> String {
    format!("id-of-{key}")
}

/// Puts ids for `{{id:key}}`, in names and texts.
fn fill(value: &Value) -> Value {
    let text = |text: &str| {
        let mut parts = text.split("{{id:");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (key, rest) = part.split_once("}}").expect("a closed placeholder");
            filled.push_str(&id(key));
            filled.push_str(rest);
        }
        filled
    };
    match value {
        Value::String(string) => Value::String(text(string)),
        Value::Array(elements) => elements.iter().map(fill).collect(),
        Value::Object(object) => Value::Object(object.iter().map(|(name, value)| (text(name), fill(value))).collect()),
        other => other.clone(),
    }
}

/// A resource without what the cases leave open: the order of values, id, meta and schemas, letter case of names, what a
/// server computes beside a reference, and primary false versus absent.
fn comparable(resource: &Value) -> Map<String, Value> {
    const IGNORED: [&str; 5] = ["id", "meta", "schemas", "password", "groups"];
    let object = resource.as_object().expect("a resource is an object");
    let mut comparable = Map::new();
    for (name, value) in object.iter().filter(|(name, _)| !IGNORED.contains(&name.as_str())) {
        let value = match value {
            Value::Object(extension) if name.starts_with("urn:") => extension
                .iter()
                .map(|(name, value)| (name.clone(), canonical(value, name.eq_ignore_ascii_case("manager"))))
                .map(|(name, value)| (name.to_lowercase(), value))
                .filter(|(_, value)| !is_empty(value))
                .collect(),
            value => canonical(value, name.eq_ignore_ascii_case("members")),
        };
        if !is_empty(&value) {
            comparable.insert(name.to_lowercase(), value);
        }
    }
    comparable
}

fn canonical(value: &Value, is_reference: bool) -> Value {
    const COMPUTED: [&str; 3] = ["display", "type", "displayName"];
    match value {
        Value::Object(object) => object
            .iter()
            .filter(|(name, _)| *name != "$ref" && !(is_reference && COMPUTED.contains(&name.as_str())))
            .map(|(name, value)| (name.to_lowercase(), canonical(value, false)))
            .filter(|(name, value)| !is_empty(value) && (name != "primary" || *value != json!(false)))
            .collect(),
        Value::Array(elements) => {
            let mut elements = elements.iter().map(|element| canonical(element, is_reference)).collect::<Vec<_>>();
            elements.sort_by_key(sorted_text);
            Value::Array(elements)
        }
        other => other.clone(),
    }
}

fn sorted_text(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let mut members = object.iter().map(|(name, value)| format!("{name}={}", sorted_text(value))).collect::<Vec<_>>();
            members.sort();
            members.join(",")
        }
        other => other.to_string(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
