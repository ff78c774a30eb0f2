//! What RFC 7643 requires of a service provider, through HTTP on both back ends; a module for each part of the RFC.

#[path = "support/app.rs"]
mod app;

#[path = "core_schema/attributes.rs"]
mod attributes;
#[path = "core_schema/common.rs"]
mod common;
#[path = "core_schema/discovery.rs"]
mod discovery;
#[path = "core_schema/group.rs"]
mod group;
#[path = "core_schema/password.rs"]
mod password;
#[path = "core_schema/references.rs"]
mod references;
#[path = "core_schema/schemas_attribute.rs"]
mod schemas_attribute;
#[path = "core_schema/user.rs"]
mod user;
#[path = "core_schema/values.rs"]
mod values;

use app::{App, USER};
use scimd::id::{DirectoryId, ResourceId};
use scimd::store::Stored;
use serde_json::{Value, json};

/// Where the Directory `test` is, from outside.
const BASE_URL: &str = "https://scim.example.com/directories/test/scim/v2";

/// The body of the user `bjensen` with more attributes.
fn user(attributes: Value) -> Value {
    let mut body = json!({ "schemas": [USER], "userName": "bjensen" });
    body.as_object_mut().expect("an object").extend(attributes.as_object().expect("an object").clone());
    body
}

/// Creates the user `bjensen` with more attributes, and gives its path.
async fn create(app: &App, attributes: Value) -> String {
    format!("/Users/{}", app.post("/Users", user(attributes)).await.expect(201).id())
}

/// The ids of the resources in a list, in order.
#[track_caller]
fn ids(list: &app::Answer) -> Vec<String> {
    let resources = list.json["Resources"].as_array().expect("a ListResponse");
    resources.iter().map(|resource| resource["id"].as_str().expect("an id").to_owned()).collect()
}

/// GET of a URI that an answer gave.
async fn follow(app: &App, uri: &str) -> app::Answer {
    let path = uri.strip_prefix("https://scim.example.com").expect("an absolute URI of this server");
    app.get(&format!("/{path}")).await
}

/// The number of the Directory `test`.
async fn directory_id(app: &App) -> DirectoryId {
    app.store.directory("test").await.expect("answers").expect("is there").id
}

/// A user as the store holds it.
async fn stored(app: &App, id: &str) -> Stored {
    let id = ResourceId::parse(id).expect("an id of the server");
    app.store.get(directory_id(app).await, "User", id).await.expect("answers").expect("is there")
}
