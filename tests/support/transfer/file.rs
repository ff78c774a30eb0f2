//! Exports, made and taken apart by hand: what the format says, without the code that writes it.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The id of the resource of this number; they rise.
pub fn id(number: u64) -> String {
    format!("0198c0de-0000-7000-8000-{number:012x}")
}

/// The first line of an export of an unremarkable Directory.
pub fn begin() -> String {
    json!({
        "scimdExport": 1, "exported": "2026-11-25T03:05:38.000Z",
        "directory": {
            "name": "elsewhere", "displayName": "", "provider": "generic", "settings": {}, "status": "active", "protected": false
        },
        "everyDirectoryHas": [], "passwordHashes": false, "leftOut": []
    })
    .to_string()
}

/// A line with a user.
pub fn user(number: u64, user_name: &str) -> String {
    let schema = "urn:ietf:params:scim:schemas:core:2.0:User";
    resource("User", number, json!({ "schemas": [schema], "userName": user_name, "active": true })).to_string()
}

/// A line with a group.
pub fn group(number: u64, display_name: &str) -> String {
    let schema = "urn:ietf:params:scim:schemas:core:2.0:Group";
    resource("Group", number, json!({ "schemas": [schema], "displayName": display_name })).to_string()
}

/// A line with a resource.
pub fn resource(resource_type: &str, number: u64, document: Value) -> Value {
    json!({
        "resource": resource_type, "id": id(number), "created": "2026-11-25T03:05:38.000Z",
        "lastModified": "2026-11-26T03:05:38.123Z", "version": 3, "document": document
    })
}

/// A line with members.
pub fn members(group: u64, members: &[u64]) -> String {
    json!({ "group": id(group), "members": members.iter().map(|member| id(*member)).collect::<Vec<_>>() }).to_string()
}

/// The lines with the last one that they need.
pub fn sealed(lines: &[String]) -> String {
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let (mut resources, mut edges) = (serde_json::Map::new(), 0);
    for line in lines {
        // What is to be refused may be no JSON.
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        if let Some(resource_type) = line["resource"].as_str() {
            let before = resources.get(resource_type).and_then(Value::as_u64).unwrap_or(0);
            resources.insert(resource_type.to_owned(), (before + 1).into());
        }
        edges += line["members"].as_array().map_or(0, Vec::len);
    }
    let digest: String = Sha256::digest(body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{body}{}\n", json!({ "end": { "resources": resources, "members": edges, "sha256": digest } }))
}

/// The lines between the first and the last.
pub fn content(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    lines[1..lines.len() - 1].to_vec()
}
