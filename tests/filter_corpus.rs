//! The filter vectors of `tests/corpus/filters.json`, each read, resolved and evaluated on the corpus' own resources.

use scimd::scim::filter::{Filter, FilterOptions};
use scimd::scim::schema::{Registry, ResourceType};
use scimd::scim::{ErrorKind, ScimError, Tolerance};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const BASE_URL: &str = "https://scim.example.com/scim/v2";
const CASES: usize = 202;

/// The resources of one type by the key that the corpus gives them.
type Resources = BTreeMap<String, Map<String, Value>>;

struct Corpus {
    users: Resources,
    groups: Resources,
    cases: Vec<Value>,
}

#[test]
fn every_filter_of_the_corpus_selects_what_it_says() {
    let corpus = load();
    assert_eq!(corpus.cases.len(), CASES);
    let wrong: Vec<String> = corpus.cases.iter().filter_map(|case| fault_of(&corpus, case)).collect();
    assert!(wrong.is_empty(), "{} of {CASES} cases:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is wrong with the answer to one case, if anything.
fn fault_of(corpus: &Corpus, case: &Value) -> Option<String> {
    let filter = case["filter"].as_str().expect("each case has a filter");
    let endpoint = case["endpoint"].as_str().expect("each case has an endpoint");
    let resources = if endpoint == "/Users" { &corpus.users } else { &corpus.groups };
    let registry = Registry::built_in();
    let resource_type = registry.endpoint(endpoint).expect("the corpus asks /Users and /Groups");
    let keys =
        |field: &str| case.get(field).map(|keys| serde_json::from_value::<Vec<String>>(keys.clone()).expect("a list of keys"));

    let problem = match (&case["valid"], select(filter, resource_type, resources)) {
        (Value::Bool(true), Ok(selected)) => {
            let accepted = [keys("matches"), keys("matches_also_accepted")];
            (!accepted.contains(&Some(selected.clone()))).then(|| format!("selects {selected:?}, not {accepted:?}"))
        }
        (Value::Bool(true), Err(error)) => Some(format!("refused: {error}")),
        (Value::Bool(false), Ok(selected)) => Some(format!("selects {selected:?}, is to be refused")),
        (Value::Bool(false), Err(error)) => {
            (error.kind != ErrorKind::InvalidFilter).then(|| format!("refused as {:?}: {error}", error.kind))
        }
        (_, Ok(selected)) => match keys("matches_if_answered") {
            Some(accepted) => (selected != accepted && !selected.is_empty()).then(|| format!("selects {selected:?}")),
            None => None,
        },
        (_, Err(error)) => {
            let refusal = matches!(error.kind, ErrorKind::InvalidFilter | ErrorKind::Sensitive);
            (!refusal).then(|| format!("refused as {:?}: {error}", error.kind))
        }
    };
    problem.map(|problem| format!("{} {filter}: {problem}", case["id"]))
}

fn select(text: &str, resource_type: &ResourceType, resources: &Resources) -> Result<Vec<String>, ScimError> {
    let filter = Filter::parse(text, &FilterOptions::default())?;
    let printed = filter.to_string();
    assert_eq!(Filter::parse(&printed, &FilterOptions::default()).as_ref(), Ok(&filter), "printed as {printed}");
    let filter = filter.resolve(resource_type, &Tolerance::default())?;
    Ok(resources.iter().filter(|(_, resource)| filter.matches(resource)).map(|(key, _)| key.clone()).collect())
}

/// Reads the corpus and renders its resources as answers show them: with ids, meta and the computed references.
fn load() -> Corpus {
    let text = include_str!("corpus/filters.json");
    let raw: Value = serde_json::from_str(text).expect("the corpus is JSON");
    let mut text = text.to_owned();
    let keys = ["users", "groups"].map(|kind| raw["resources"][kind].as_object().expect("an object").keys().cloned());
    for (number, key) in keys.into_iter().flatten().enumerate() {
        text = text.replace(&format!("{{{{id:{key}}}}}"), &id(number));
    }
    let mut corpus: Value = serde_json::from_str(&text).expect("ids are JSON-safe");
    let mut users: Resources = serde_json::from_value(corpus["resources"]["users"].take()).expect("users");
    let mut groups: Resources = serde_json::from_value(corpus["resources"]["groups"].take()).expect("groups");
    for (number, user) in users.values_mut().enumerate() {
        complete(user, number, "User");
    }
    let first_group = users.len();
    for (number, group) in groups.values_mut().enumerate() {
        complete(group, first_group + number, "Group");
    }
    for group in groups.values_mut() {
        link(group, &mut users);
    }
    let cases = serde_json::from_value(corpus["cases"].take()).expect("cases");
    Corpus { users, groups, cases }
}

/// The id of the resource that stands at `number` in the corpus.
fn id(number: usize) -> String {
    format!("01920000-0000-7000-8000-{number:012}")
}

fn complete(resource: &mut Map<String, Value>, number: usize, resource_type: &str) {
    let id = id(number);
    let meta = json!({
        "resourceType": resource_type,
        "created": "2026-01-01T00:00:00.000Z",
        "lastModified": "2026-01-02T03:04:05.678Z",
        "location": format!("{BASE_URL}/{resource_type}s/{id}"),
        "version": "W/\"1\"",
    });
    resource.insert("id".into(), id.into());
    resource.insert("meta".into(), meta);
}

/// Completes the members of a group, and adds the group to the `groups` of each of them.
fn link(group: &mut Map<String, Value>, users: &mut Resources) {
    let group_id = group["id"].as_str().expect("completed").to_owned();
    let back = json!({
        "value": group_id, "$ref": format!("{BASE_URL}/Groups/{group_id}"), "display": group["displayName"], "type": "direct"
    });
    let Some(members) = group.get_mut("members").and_then(Value::as_array_mut) else { return };
    for member in members {
        let user = users.values_mut().find(|user| user["id"] == member["value"]).expect("members are users of the corpus");
        member["$ref"] = user["meta"]["location"].clone();
        member["type"] = "User".into();
        member["display"] = user.get("displayName").unwrap_or(&user["userName"]).clone();
        let groups = user.entry("groups").or_insert_with(|| json!([]));
        groups.as_array_mut().expect("the corpus gives users no groups").push(back.clone());
    }
}
