//! Discovery endpoints (RFC 7644 §4, §3.1).

use crate::on_both_back_ends;
use serde_json::{Value, json};

const SCHEMAS: [&str; 6] = [
    "core:2.0:User",
    "core:2.0:Group",
    "extension:enterprise:2.0:User",
    "core:2.0:ServiceProviderConfig",
    "core:2.0:ResourceType",
    "core:2.0:Schema",
];

on_both_back_ends! {
    /// Shows P-4-01, P-4-06.
    async fn the_configuration_is_one_object(app: App) {
        let config = app.get("/ServiceProviderConfig").await.expect(200);
        assert_eq!(config.json["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]));
        assert_eq!(config.at("/meta/resourceType"), "ServiceProviderConfig");
        assert_eq!(config.text("/meta/location"), format!("https://scim.example.com{}/ServiceProviderConfig", app.base));
        assert_eq!(config.json.get("Resources"), None);
    }

    /// Shows P-4-02, P-4-03, P-4-06, P-4-07, P-3.1-04.
    async fn schemas_are_listed_and_found_by_urn_but_those_of_messages_are_not(app: App) {
        let list = app.get("/Schemas").await.expect(200);
        assert_eq!(list.json["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]));
        let listed = list.json["Resources"].as_array().expect("a list");
        assert_eq!((list.at("/totalResults"), list.at("/itemsPerPage"), listed.len()), (&json!(6), &json!(6), 6));
        for name in SCHEMAS {
            let urn = format!("urn:ietf:params:scim:schemas:{name}");
            let one = app.get(&format!("/Schemas/{urn}")).await.expect(200);
            assert_eq!(one.json["id"], urn);
            assert!(listed.contains(&one.json), "{urn}");
            assert_eq!(app.get(&format!("/Schemas/{}", urn.to_uppercase())).await.expect(200).json, one.json);
        }
        assert!(listed.iter().all(|schema| schema["id"].as_str().is_some_and(|id| id.starts_with("urn:ietf:params:scim:schemas:"))));
        for message in ["ListResponse", "SearchRequest", "PatchOp", "BulkRequest", "BulkResponse", "Error"] {
            app.get(&format!("/Schemas/urn:ietf:params:scim:api:messages:2.0:{message}")).await.expect_error(404, "");
        }
        app.get("/Schemas/urn:x").await.expect_error(404, "");
    }

    /// Shows P-4-04, P-4-05, P-4-06, P-4-07, P-3.2-01.
    async fn resource_types_are_listed_and_found_by_name(app: App) {
        let list = app.get("/ResourceTypes").await.expect(200);
        assert_eq!(list.json["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]));
        assert_eq!(list.json["totalResults"], 2);
        for (number, (name, endpoint)) in [("User", "/Users"), ("Group", "/Groups")].into_iter().enumerate() {
            let one = app.get(&format!("/ResourceTypes/{name}")).await.expect(200);
            assert_eq!((&one.json["name"], &one.json["endpoint"]), (&json!(name), &json!(endpoint)));
            assert_eq!(list.json["Resources"][number], one.json);
            app.get(endpoint).await.expect(200);
        }
        app.get("/ResourceTypes/Printer").await.expect_error(404, "");
    }

    /// Shows P-4-08, P-4-09.
    async fn query_parameters_are_ignored_but_a_filter_is_forbidden(app: App) {
        for endpoint in ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/ResourceTypes/User"] {
            let plain: Value = app.get(endpoint).await.expect(200).json;
            let query = "count=1&startIndex=5&sortBy=id&sortOrder=up&attributes=id&excludedAttributes=meta&count=x";
            assert_eq!(app.get(&format!("{endpoint}?{query}")).await.expect(200).json, plain, "{endpoint}");
            for filter in ["filter=", "filter=id%20pr", "FILTER=nonsense"] {
                app.get(&format!("{endpoint}?{filter}")).await.expect_error(403, "");
            }
        }
    }

    /// Shows P-4-10.
    async fn discovery_is_read_only(app: App) {
        for endpoint in ["/ServiceProviderConfig", "/Schemas", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", "/ResourceTypes", "/ResourceTypes/User"] {
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                let refused = app.send(method, endpoint, &[], "{}").await.expect_error(405, "");
                assert_eq!(refused.header("allow"), "GET, HEAD, OPTIONS");
            }
            app.send("HEAD", endpoint, &[], "").await.expect(200);
        }
    }
}
