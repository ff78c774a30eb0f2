//! Bulk (RFC 7644 §3.7), over HTTP, on both back ends.

#[path = "bulk/limits.rs"]
mod limits;
#[path = "bulk/messages.rs"]
mod messages;
#[path = "bulk/order.rs"]
mod order;
#[path = "bulk/references.rs"]
mod references;

#[path = "support/app.rs"]
mod app;

use app::{Answer, App, GROUP, USER};
use serde_json::{Value, json};

/// The schema of a bulk request.
const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// Sends operations.
async fn bulk(app: &App, operations: Value) -> Answer {
    app.post("/Bulk", json!({ "schemas": [BULK_REQUEST], "Operations": operations })).await
}

/// Sends operations that stop after this many failures.
async fn bulk_until(app: &App, fail_on_errors: u32, operations: Value) -> Answer {
    app.post("/Bulk", json!({ "schemas": [BULK_REQUEST], "failOnErrors": fail_on_errors, "Operations": operations })).await
}

/// The creation of a user.
fn create_user(user_name: &str) -> Value {
    json!({ "method": "POST", "path": "/Users", "bulkId": user_name, "data": { "schemas": [USER], "userName": user_name } })
}

/// The creation of a group with these members.
fn create_group(display_name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    let data = json!({ "schemas": [GROUP], "displayName": display_name, "members": members });
    json!({ "method": "POST", "path": "/Groups", "bulkId": display_name, "data": data })
}

/// The statuses in the answer, in order.
#[track_caller]
fn statuses(answer: &Answer) -> Vec<&str> {
    let operations = answer.at("/Operations").as_array().expect("a list");
    operations.iter().map(|operation| operation["status"].as_str().expect("a string")).collect()
}

/// The id at the end of the location of an operation.
#[track_caller]
fn id_of(answer: &Answer, operation: usize) -> String {
    let location = answer.text(&format!("/Operations/{operation}/location"));
    location.rsplit('/').next().expect("an id").to_owned()
}

/// The ids of the members of a group, in order.
async fn members(app: &App, group: &str) -> Vec<String> {
    let group = app.get(&format!("/Groups/{group}")).await.expect(200);
    let members = group.json["members"].as_array().into_iter().flatten();
    let mut ids: Vec<String> = members.map(|member| member["value"].as_str().expect("an id").to_owned()).collect();
    ids.sort_unstable();
    ids
}
