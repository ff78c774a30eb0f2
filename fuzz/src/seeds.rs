//! What each target begins with: the vectors of `tests/corpus`, the provider conversations of `tests/replays`, the files of `config`.

use scimd::scim::patch::PATCH_OP_SCHEMA;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The seeds of a target, in order, each once. `root` is the folder of the project.
pub fn seeds(target: &str, root: &Path) -> BTreeSet<Vec<u8>> {
    let mut seeds = Seeds::default();
    match target {
        "filter" => {
            let vectors = json(&root.join("tests/corpus/filters.json"));
            each(&vectors["cases"]).for_each(|case| seeds.text(&case["filter"]));
        }
        "path" => {
            for body in patch_bodies(root) {
                each(&body["Operations"]).for_each(|operation| seeds.text(&operation["path"]));
            }
        }
        "patch" => patch_bodies(root).iter().for_each(|body| seeds.json(body)),
        "bulk" => {
            for request in
                requests(root).iter().filter(|request| request["path"].as_str().is_some_and(|path| path.ends_with("/Bulk")))
            {
                seeds.json(&request["body"]);
            }
            seeds.files(&root.join("fuzz/seeds/bulk"));
        }
        "schema" => {
            for folder in ["config/schemas", "config/resource-types", "fuzz/seeds/schema"] {
                seeds.files(&root.join(folder));
            }
        }
        "cursor" => seeds.files(&root.join("fuzz/seeds/cursor")),
        other => unreachable!("there is no target {other}"),
    }
    seeds.0
}

#[derive(Default)]
struct Seeds(BTreeSet<Vec<u8>>);

impl Seeds {
    fn text(&mut self, value: &Value) {
        self.0.extend(value.as_str().map(|text| text.as_bytes().to_vec()));
    }

    fn json(&mut self, value: &Value) {
        self.0.insert(value.to_string().into_bytes());
    }

    fn files(&mut self, folder: &Path) {
        let entries = fs::read_dir(folder).unwrap_or_else(|error| unreachable!("{}: {error}", folder.display()));
        self.0.extend(entries.map(|entry| fs::read(entry.expect("an entry").path()).expect("a file")));
    }
}

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| unreachable!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| unreachable!("{}: {error}", path.display()))
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// The bodies of PATCH in the vectors, and in the conversations of providers.
fn patch_bodies(root: &Path) -> Vec<Value> {
    let vectors = json(&root.join("tests/corpus/patches.json"));
    let vectors = each(&vectors["cases"]).filter(|case| case.get("raw").is_none()).map(|case| match case.get("body") {
        Some(body) => body.clone(),
        None => serde_json::json!({ "schemas": [PATCH_OP_SCHEMA], "Operations": case["ops"] }),
    });
    let sent = requests(root).into_iter().filter(|request| request["method"] == "PATCH").map(|request| request["body"].clone());
    vectors.chain(sent).collect()
}

/// The requests of the conversations.
fn requests(root: &Path) -> Vec<Value> {
    let folder = fs::read_dir(root.join("tests/replays")).expect("the folder of the conversations");
    let files = folder.map(|entry| entry.expect("an entry").path());
    let conversations =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).map(|path| json(&path));
    conversations.flat_map(|one| each(&one["steps"]).map(|step| step["request"].clone()).collect::<Vec<_>>()).collect()
}
