//! The PATCH vectors of `tests/corpus/patches.json`, over HTTP (RFC 7644 §3.5.2).

use crate::app::{App, PATCH_OP};
use crate::on_both_back_ends;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The ids by the keys that the corpus gives to resources.
type Ids = BTreeMap<String, String>;

/// `value` with ids in the places of `{{id:key}}`.
fn filled(value: &Value, ids: &Ids) -> Value {
    let text = ids.iter().fold(value.to_string(), |text, (key, id)| text.replace(&format!("{{{{id:{key}}}}}"), id));
    assert!(!text.contains("{{id:"), "{text}");
    serde_json::from_str(&text).expect("ids are JSON-safe")
}

/// A resource without what the cases leave open: the order of values, id, meta and schemas, letter case of names, what the
/// server computes beside a reference, and primary false versus absent.
fn comparable(resource: &Value) -> BTreeMap<String, Value> {
    const LEFT_OPEN: [&str; 5] = ["id", "meta", "schemas", "password", "groups"];
    let object = resource.as_object().expect("a resource is an object");
    let kept = object.iter().filter(|(name, _)| !LEFT_OPEN.contains(&name.as_str()));
    let plain = kept.map(|(name, value)| match value {
        Value::Object(extension) if name.starts_with("urn:") => (name.to_lowercase(), Value::Object(members(extension))),
        value => (name.to_lowercase(), plain(value, name.eq_ignore_ascii_case("members"))),
    });
    plain.filter(|(_, value)| !is_empty(value)).collect()
}

fn members(extension: &Map<String, Value>) -> Map<String, Value> {
    let plain = extension.iter().map(|(name, value)| (name.to_lowercase(), plain(value, name.eq_ignore_ascii_case("manager"))));
    plain.filter(|(_, value)| !is_empty(value)).collect()
}

fn plain(value: &Value, is_reference: bool) -> Value {
    match value {
        Value::Object(object) => {
            let is_computed = |name: &str| name == "$ref" || (is_reference && ["display", "type", "displayName"].contains(&name));
            let kept =
                object.iter().filter(|(name, value)| !(is_computed(name) || (*name == "primary" && **value == json!(false))));
            let sorted: BTreeMap<String, Value> = kept.map(|(name, value)| (name.to_lowercase(), plain(value, false))).collect();
            Value::Object(sorted.into_iter().collect())
        }
        Value::Array(elements) => {
            let mut elements: Vec<Value> = elements.iter().map(|element| plain(element, is_reference)).collect();
            elements.sort_by_key(Value::to_string);
            Value::Array(elements)
        }
        other => other.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    [json!(null), json!(""), json!([]), json!({})].contains(value)
}

/// What is wrong with one outcome of a case, if anything.
fn fault_of(expected: &Value, answer: &(u16, Value), before: &Value, after: &Value, ids: &Ids) -> Option<String> {
    let (status, body) = answer;
    let right = match expected.get("error") {
        Some(error) => {
            let scim_type = &body["scimType"];
            let accepted = match &error["scimType"] {
                Value::Null => true,
                Value::Array(accepted) => accepted.contains(scim_type),
                one => one == scim_type,
            };
            // A failed PATCH leaves no trace, lastModified and version included.
            error["status"] == *status && body["status"] == json!(status.to_string()) && accepted && after == before
        }
        None => {
            let included = expected["schemas_include"].as_array().into_iter().flatten();
            [200, 204].contains(status)
                && comparable(after) == comparable(&filled(&expected["after"], ids))
                && included.clone().all(|urn| after["schemas"].as_array().is_some_and(|schemas| schemas.contains(urn)))
                && (expected["lastModified"] != "unchanged" || after["meta"] == before["meta"])
        }
    };
    (!right).then(|| format!("{status} {body}, then {after}; wanted {expected}"))
}

async fn run(app: &App, case: &Value, ids: &mut Ids) -> Option<String> {
    let endpoint = format!("/{}s", case["resourceType"].as_str().expect("a type"));
    ids.remove("self");
    let created = app.post(&endpoint, filled(&case["before"], ids)).await.expect(201);
    ids.insert("self".to_owned(), created.id());
    let path = format!("{endpoint}/{}", created.id());
    let before = app.get(&path).await.expect(200).json;
    let body = match (case.get("raw"), case.get("body")) {
        (Some(raw), _) => raw.as_str().expect("text").to_owned(),
        (None, Some(body)) => filled(body, ids).to_string(),
        (None, None) => json!({ "schemas": [PATCH_OP], "Operations": filled(&case["ops"], ids) }).to_string(),
    };
    let answer = app.send("PATCH", &path, &[], body).await;
    let after = app.get(&path).await.expect(200).json;
    let answer = (answer.status.as_u16(), answer.json);
    let outcomes = case["expect"].as_array().expect("a list").iter();
    let faults: Vec<Option<String>> = outcomes.map(|expected| fault_of(expected, &answer, &before, &after, ids)).collect();
    app.delete(&path).await.expect(204);
    if faults.iter().any(Option::is_none) { None } else { Some(format!("{} {}: {faults:?}", case["id"], case["title"])) }
}

on_both_back_ends! {
    /// Shows P-3.5.2-08, P-3.5.2-11, P-3.5.2-17, P-3.5.2-18.
    async fn every_patch_of_the_corpus_has_one_of_its_outcomes(app: App) {
        let corpus: Value = serde_json::from_str(include_str!("../corpus/patches.json")).expect("JSON");
        let mut ids = Ids::new();
        for (key, peer) in corpus["peers"].as_object().expect("an object") {
            let endpoint = if peer.get("userName").is_some() { "/Users" } else { "/Groups" };
            ids.insert(key.clone(), app.post(endpoint, peer.clone()).await.expect(201).id());
        }
        let cases = corpus["cases"].as_array().expect("a list");
        assert_eq!(cases.len(), 149);
        let mut wrong = Vec::new();
        for case in cases {
            wrong.extend(run(&app, case, &mut ids).await);
        }
        assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    }
}
