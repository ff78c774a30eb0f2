//! The filter vectors of `tests/corpus/filters.json`, over HTTP (RFC 7644 §3.4.2.2).

use crate::app::App;
use crate::on_both_back_ends;
use serde_json::{Map, Value};

/// The corpus with its resources created: an id in the place of each `{{id:key}}`.
async fn created(app: &App) -> Value {
    let mut text = include_str!("../corpus/filters.json").to_owned();
    for (kind, endpoint) in [("users", "/Users"), ("groups", "/Groups")] {
        let corpus: Value = serde_json::from_str(&text).expect("the corpus is JSON");
        for (key, resource) in corpus["resources"][kind].as_object().expect("an object") {
            let id = app.post(endpoint, resource.clone()).await.expect(201).id();
            text = text.replace(&format!("{{{{id:{key}}}}}"), &id);
            let mut corpus: Value = serde_json::from_str(&text).expect("ids are JSON-safe");
            corpus["resources"][kind][key]["id"] = id.into();
            text = corpus.to_string();
        }
    }
    serde_json::from_str(&text).expect("ids are JSON-safe")
}

/// The keys of the resources that an answer lists, sorted.
fn keys(answer: &Value, resources: &Map<String, Value>) -> Vec<String> {
    let found = answer["Resources"].as_array().expect("a list");
    let key_of = |found: &Value| {
        let resource = resources.iter().find(|(_, resource)| resource["id"] == found["id"]);
        resource.map(|(key, _)| key.clone()).expect("nothing else was created")
    };
    let mut keys: Vec<String> = found.iter().map(key_of).collect();
    keys.sort();
    keys
}

/// What is wrong with the answer to one case, if anything.
async fn fault_of(app: &App, resources: &Map<String, Value>, case: &Value) -> Option<String> {
    let filter = case["filter"].as_str().expect("each case has a filter");
    let answer = app.filter(case["endpoint"].as_str().expect("an endpoint"), filter).await;
    let list =
        |field: &str| case.get(field).map(|keys| serde_json::from_value::<Vec<String>>(keys.clone()).expect("a list of keys"));
    let found = (answer.status == 200).then(|| keys(&answer.json, resources));
    let refused = answer.status == 400 && answer.json["scimType"] == "invalidFilter";
    let right = match (&case["valid"], found) {
        (Value::Bool(true), Some(found)) => {
            answer.json["totalResults"] == found.len() && [list("matches"), list("matches_also_accepted")].contains(&Some(found))
        }
        (Value::Bool(false), None) => refused,
        (Value::String(_), Some(found)) => {
            list("matches_if_answered").is_none_or(|accepted| found.is_empty() || found == accepted)
        }
        (Value::String(_), None) => answer.status.is_client_error() && answer.json["status"] == answer.status.as_str(),
        _ => false,
    };
    (!right).then(|| format!("{} {filter}: {} {}", case["id"], answer.status, answer.json))
}

on_both_back_ends! {
    /// Shows P-3.4.2.2-02, P-3.4.2.2-19.
    async fn every_filter_of_the_corpus_selects_what_it_says(app: App) {
        let corpus = created(&app).await;
        let cases = corpus["cases"].as_array().expect("a list");
        assert_eq!(cases.len(), 202);
        let mut wrong = Vec::new();
        for case in cases {
            let kind = if case["endpoint"] == "/Users" { "users" } else { "groups" };
            wrong.extend(fault_of(&app, corpus["resources"][kind].as_object().expect("an object"), case).await);
        }
        assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    }
}
