//! What goes in and comes out.

use crate::app::{ERROR, PATCH_OP, USER};
use crate::{bulk, create_user, id_of, on_both_back_ends, statuses};
use serde_json::json;

on_both_back_ends! {
    /// Shows P-3.7-01, P-3.7-05, P-3.7-09, P-3.7-10, P-3.7-12, P-3.7-16, P-3.7-19.
    async fn each_method_has_its_status_location_and_version(app: App) {
        let [put, patch, delete] = [app.user("put").await, app.user("patch").await, app.user("delete").await];
        let operations = json!([
            { "method": "post", "path": "/users", "bulkId": "new", "data": { "schemas": [USER], "userName": "new" } },
            { "method": "PUT", "path": format!("/Users/{put}"), "bulkId": "p", "data": { "schemas": [USER], "userName": "put2" } },
            { "method": "PATCH", "path": format!("/Users/{patch}"), "version": "W/\"1\"",
              "data": { "schemas": [PATCH_OP], "Operations": [{ "op": "replace", "path": "title", "value": "T" }] } },
            { "method": "DELETE", "path": format!("/Users/{delete}") },
        ]);
        let answer = bulk(&app, operations).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/scim+json");
        let location = |id: &str| format!("https://scim.example.com{}/Users/{id}", app.base);
        let new = id_of(&answer, 0);
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
            "Operations": [
                { "location": location(&new), "method": "post", "bulkId": "new", "version": "W/\"1\"", "status": "201" },
                { "location": location(&put), "method": "PUT", "bulkId": "p", "version": "W/\"2\"", "status": "200" },
                { "location": location(&patch), "method": "PATCH", "version": "W/\"2\"", "status": "200" },
                { "location": location(&delete), "method": "DELETE", "status": "204" },
            ],
        });
        assert_eq!(answer.json, expected);
        for (id, user_name) in [(&new, "new"), (&put, "put2"), (&patch, "patch")] {
            let user = app.get(&format!("/Users/{id}")).await.expect(200);
            assert_eq!(user.text("/userName"), user_name);
            let version = answer.json["Operations"].as_array().expect("a list").iter()
                .find(|operation| operation["location"] == location(id)).expect("it is there")["version"].clone();
            assert_eq!(user.json["meta"]["version"], version);
        }
        app.get(&format!("/Users/{delete}")).await.expect(404);
    }

    /// Shows P-3.7-02, P-3.7-03, P-3.7-04, P-3.7-06.
    async fn what_is_no_bulk_request_is_refused_whole(app: App) {
        let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]);
        let operations = json!([create_user("bjensen")]);
        for (body, scim_type) in [
            (json!({ "Operations": operations }), "invalidSyntax"),
            (json!({ "schemas": [PATCH_OP], "Operations": operations }), "invalidSyntax"),
            (json!({ "schemas": schemas }), "invalidSyntax"),
            (json!({ "schemas": schemas, "Operations": operations[0] }), "invalidSyntax"),
            (json!({ "schemas": schemas, "Operations": operations, "failOnErrors": "1" }), "invalidSyntax"),
            (json!({ "schemas": schemas, "Operations": operations, "failOnErrors": -1 }), "invalidValue"),
            (json!({ "schemas": schemas, "Operations": [operations[0], operations[0]] }), "invalidValue"),
        ] {
            app.post("/Bulk", body).await.expect_error(400, scim_type);
        }
        assert_eq!(app.get("/Users").await.json["totalResults"], 0);
        let empty = bulk(&app, json!([])).await.expect(200);
        assert_eq!(empty.json["Operations"], json!([]));
    }

    /// Shows P-3.7-05, P-3.7-06, P-3.7-08, P-3.7-09, P-3.7-10, P-3.7-11, P-3.7-13, P-3.7-14, P-3.7.3-02, P-3.12-26.
    async fn an_operation_that_fails_has_its_error_and_the_others_are_done(app: App) {
        let user = app.user("taken").await;
        let data = json!({ "schemas": [USER], "userName": "x" });
        let wrong = [
            (json!({ "method": "GET", "path": format!("/Users/{user}") }), "400", "invalidSyntax"),
            (json!({ "method": "POST", "path": "/Users", "data": data }), "400", "invalidValue"),
            (json!({ "method": "POST", "path": "/Users", "bulkId": "a" }), "400", "invalidSyntax"),
            (json!({ "method": "POST", "path": "/Users/1", "bulkId": "b", "data": data }), "400", "invalidValue"),
            (json!({ "method": "POST", "path": "/Nothing", "bulkId": "c", "data": data }), "404", ""),
            (json!({ "method": "POST", "path": "/Bulk", "bulkId": "d", "data": data }), "404", ""),
            (json!({ "method": "POST", "path": "/Me", "bulkId": "e", "data": data }), "404", ""),
            (json!({ "method": "POST", "path": "/Users", "bulkId": "f", "data": { "schemas": [USER] } }), "400", "invalidValue"),
            (json!({ "method": "POST", "path": "/Users", "bulkId": "g", "data": { "schemas": [USER], "userName": "TAKEN" } }), "409", "uniqueness"),
            (json!({ "method": "PUT", "path": "/Users", "data": data }), "400", "invalidValue"),
            (json!({ "method": "PUT", "path": "https://scim.example.com/Users/1", "data": data }), "400", "invalidValue"),
            (json!({ "method": "PATCH", "path": format!("/Users/{user}"), "data": [{ "op": "remove", "path": "title" }] }), "400", "invalidSyntax"),
            (json!({ "method": "PATCH", "path": "/Users/unknown", "data": { "Operations": [{ "op": "remove", "path": "title" }] } }), "404", ""),
            (json!({ "method": "DELETE", "path": "/Users/unknown" }), "404", ""),
            (json!(7), "400", "invalidSyntax"),
        ];
        let mut operations: Vec<_> = wrong.iter().map(|(operation, ..)| operation.clone()).collect();
        operations.push(create_user("fine"));
        let answer = bulk(&app, json!(operations)).await.expect(200);
        for (place, (operation, status, scim_type)) in wrong.iter().enumerate() {
            let got = &answer.json["Operations"][place];
            assert_eq!(got["status"], *status, "{operation} {got}");
            assert_eq!(got["method"], operation["method"], "{operation} {got}");
            assert_eq!(got["response"]["schemas"], json!([ERROR]), "{operation} {got}");
            assert_eq!(got["response"]["status"], *status, "{operation} {got}");
            assert_eq!(got["response"]["scimType"].as_str().unwrap_or_default(), *scim_type, "{operation} {got}");
            assert!(got["response"]["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{operation} {got}");
            let has_location = got["location"].as_str().is_some_and(|location| location.starts_with("https://scim.example.com/"));
            let names_resource = operation["path"].as_str().is_some_and(|path| path.starts_with('/'));
            assert_eq!(has_location, names_resource && operation["method"] != "POST", "{operation} {got}");
        }
        assert_eq!(answer.json["Operations"][wrong.len()]["status"], "201");
        assert_eq!(app.filter("/Users", "userName eq \"fine\"").await.json["totalResults"], 1);
        assert_eq!(app.get("/Users").await.json["totalResults"], 2);
    }

    /// Shows P-3.7-07.
    async fn version_is_the_if_match_of_an_operation(app: App) {
        let user = app.user("bjensen").await;
        let path = format!("/Users/{user}");
        let data = json!({ "schemas": [USER], "userName": "bjensen", "title": "T" });
        let patch = json!({ "Operations": [{ "op": "remove", "path": "title" }] });
        let answer = bulk(&app, json!([
            { "method": "PUT", "path": path, "version": "W/\"7\"", "data": data },
            { "method": "PATCH", "path": path, "version": "W/\"7\"", "data": patch },
            { "method": "DELETE", "path": path, "version": "W/\"7\"" },
            { "method": "PUT", "path": path, "version": "W/\"1\"", "data": data },
            { "method": "PATCH", "path": path, "version": "\"2\"", "data": patch },
            { "method": "DELETE", "path": path, "version": "W/\"3\"" },
        ])).await.expect(200);
        assert_eq!(statuses(&answer), ["412", "412", "412", "200", "200", "204"]);
    }

    /// A provider's quirks act on operations as on requests of their own; passwords never come back. Shows S-4.1.1-12.
    async fn quirks_and_secrets_are_as_in_single_requests(app: App) {
        let entra = app.directory("entra", "entra").await;
        let answer = bulk(&entra, json!([{ "method": "POST", "path": "/Users", "bulkId": "a",
            "data": { "schemas": [USER], "userName": "noa", "active": "True", "password": "t1meMa$heen" } }])).await.expect(200);
        assert_eq!(statuses(&answer), ["201"]);
        assert!(!answer.json.to_string().contains("t1meMa"));
        let user = entra.get(&format!("/Users/{}", id_of(&answer, 0))).await.expect(200);
        assert_eq!(user.json["active"], true);
        assert_eq!(app.get("/Users").await.json["totalResults"], 0, "it is another Directory");
        let foreign = bulk(&app, json!([{ "method": "DELETE", "path": format!("/Users/{}", user.id()) }])).await.expect(200);
        assert_eq!(statuses(&foreign), ["404"]);
    }
}
