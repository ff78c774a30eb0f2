//! How much one request may hold, and when it stops.

use crate::{BULK_REQUEST, bulk, bulk_until, create_user, on_both_back_ends, statuses};
use serde_json::json;

on_both_back_ends! {
    /// Shows P-3.7.4-01, P-3.7.4-02, P-3.7.4-03, P-3.7.4-04, S-5-03, P-3.12-13.
    async fn past_a_limit_nothing_is_run(app: App) {
        let config = app.get("/ServiceProviderConfig").await.expect(200);
        assert_eq!(config.json["bulk"]["supported"], true);
        let operations_max = config.at("/bulk/maxOperations").as_u64().expect("a number") as usize;
        let bytes_max = config.at("/bulk/maxPayloadSize").as_u64().expect("a number") as usize;

        let mut operations = vec![create_user("first")];
        operations.resize(operations_max + 1, json!({ "method": "DELETE", "path": "/Users/x" }));
        let refused = bulk(&app, json!(operations)).await.expect_error(413, "");
        assert!(refused.text("/detail").contains("maxOperations") && refused.text("/detail").contains(&operations_max.to_string()));
        operations.truncate(operations_max);
        let padded = |bytes: usize| {
            let body = json!({ "schemas": [BULK_REQUEST], "Operations": operations }).to_string();
            format!("{body}{}", " ".repeat(bytes - body.len()))
        };
        let refused = app.send("POST", "/Bulk", &[], padded(bytes_max + 1)).await.expect_error(413, "");
        assert!(refused.text("/detail").contains("maxPayloadSize") && refused.text("/detail").contains(&bytes_max.to_string()));
        assert_eq!(app.get("/Users").await.json["totalResults"], 0);

        let answer = app.send("POST", "/Bulk", &[], padded(bytes_max)).await.expect(200);
        assert_eq!(statuses(&answer).len(), operations_max);
        assert_eq!(app.get("/Users").await.json["totalResults"], 1);
    }

    /// Shows P-3.7-14, P-3.7-15, P-3.7.3-01, P-3.7.3-03.
    async fn fail_on_errors_stops_before_the_next_operation(app: App) {
        app.user("taken").await;
        for (fail_on_errors, expected, users) in [
            (1, &["201", "409"][..], 2),
            (2, &["201", "409", "201", "409"], 3),
            (3, &["201", "409", "201", "409", "201"], 4),
            (0, &["201", "409", "201", "409", "201"], 4),
        ] {
            let app = app.directory(&format!("stops{fail_on_errors}"), "generic").await;
            app.user("taken").await;
            let again = |bulk_id: &str| {
                let mut operation = create_user("taken");
                operation["bulkId"] = json!(bulk_id);
                operation
            };
            let operations = json!([create_user("a"), again("1"), create_user("b"), again("2"), create_user("c")]);
            let answer = bulk_until(&app, fail_on_errors, operations).await.expect(200);
            assert_eq!(statuses(&answer), expected, "failOnErrors {fail_on_errors}");
            assert_eq!(answer.json.get("failOnErrors"), None);
            assert_eq!(app.get("/Users").await.json["totalResults"], users, "failOnErrors {fail_on_errors}");
        }
    }

    /// Many operations are answered in the order of the request. Shows P-3.7.3-01.
    async fn a_large_request_is_answered_index_by_index(app: App) {
        let operations: Vec<_> = (0..300).map(|number| create_user(&format!("user{number}"))).collect();
        let answer = bulk(&app, json!(operations)).await.expect(200);
        for (number, operation) in answer.at("/Operations").as_array().expect("a list").iter().enumerate() {
            assert_eq!((&operation["status"], &operation["bulkId"]), (&json!("201"), &json!(format!("user{number}"))));
        }
        assert_eq!(app.get("/Users?count=0").await.json["totalResults"], 300);
    }
}
