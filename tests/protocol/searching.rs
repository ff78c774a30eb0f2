//! Queries by POST to an endpoint's `.search` (RFC 7644 §3.4.3).

use crate::app::{Answer, App};
use crate::on_both_back_ends;
use serde_json::{Value, json};

const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

async fn search(app: &App, endpoint: &str, mut request: Value) -> Answer {
    request["schemas"] = json!([SEARCH_REQUEST]);
    app.post(&format!("{endpoint}/.search"), request).await
}

on_both_back_ends! {
    /// Shows P-3.4.3-02, P-3.4.3-04, P-3.4.3-06, P-3.4.3-07.
    async fn a_search_answers_as_the_same_query_does(app: App) {
        for number in 0..7 {
            app.user(&format!("user{number}")).await;
        }
        for (query, request) in [
            ("", json!({})),
            ("?filter=userName%20gt%20%22user2%22", json!({ "filter": "userName gt \"user2\"" })),
            ("?sortBy=userName&sortOrder=descending&count=3", json!({ "sortBy": "userName", "sortOrder": "descending", "count": 3 })),
            ("?startIndex=3&count=2", json!({ "startIndex": 3, "count": 2 })),
            ("?startIndex=-1&count=-1", json!({ "startIndex": -1, "count": -1 })),
            ("?attributes=userName,meta.version", json!({ "attributes": ["userName", "meta.version"] })),
            ("?attributes=userName,meta.version", json!({ "attributes": "userName,meta.version" })),
            ("?excludedAttributes=id,meta", json!({ "excludedAttributes": ["id", "meta"] })),
        ] {
            let found = search(&app, "/Users", request).await.expect(200);
            assert_eq!(found.json, app.get(&format!("/Users{query}")).await.expect(200).json, "{query}");
        }
        let found = search(&app, "/Users", json!({ "excludedAttributes": ["id"] })).await.expect(200);
        assert!(found.at("/Resources/0/id").is_string(), "what is always returned stays");
        for request in [json!({ "count": "10" }), json!({ "startIndex": 1.5 })] {
            search(&app, "/Users", request).await.expect_error(400, "invalidValue");
        }
        search(&app, "/Users", json!({ "attributes": 7 })).await.expect_error(400, "invalidSyntax");
        search(&app, "/Users", json!({ "sortBy": "name" })).await.expect_error(400, "invalidValue");
    }

    /// Shows P-3.4.3-03, P-3.4.3-05.
    async fn a_search_request_names_its_schema_and_has_a_valid_filter(app: App) {
        for request in [json!({}), json!({ "schemas": [] }), json!({ "schemas": ["urn:x"] }), json!({ "schemas": SEARCH_REQUEST }), json!([])] {
            app.post("/Users/.search", request).await.expect_error(400, "invalidSyntax");
        }
        for filter in ["", "userName", "shoeSize eq 44", "userName regex \"x\"", "password eq \"x\""] {
            search(&app, "/Users", json!({ "filter": filter })).await.expect_error(400, "invalidFilter");
        }
    }

    /// Shows P-3.4.3-08.
    async fn what_cannot_be_queried_cannot_be_searched(app: App) {
        let user = app.user("bjensen").await;
        for endpoint in ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig", &format!("/Users/{user}"), "/Nothing"] {
            let answer = search(&app, endpoint, json!({})).await;
            assert!([404, 405].contains(&answer.status.as_u16()), "{endpoint}: {}", answer.status);
        }
        search(&app, "/Groups", json!({})).await.expect(200);
    }
}
