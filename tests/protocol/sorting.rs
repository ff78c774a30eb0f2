//! Sorting (RFC 7644 §3.4.2.3).

use crate::app::{App, ENTERPRISE, USER, next_millisecond};
use crate::on_both_back_ends;
use serde_json::{Value, json};

/// The userNames in the order of `query`.
async fn order(app: &App, query: &str) -> Vec<String> {
    let page = app.get(&format!("/Users?{query}")).await.expect(200);
    page.json["Resources"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|user| user["userName"].as_str().expect("a name").to_owned())
        .collect()
}

/// Creates users with a userName each and what else is said of them, in this order and each at a moment of its own:
/// `meta.created` counts milliseconds.
async fn users(app: &App, users: &[(&str, Value)]) {
    for (name, more) in users {
        let mut body = json!({ "schemas": [USER], "userName": name });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        app.post("/Users", body).await.expect(201);
        next_millisecond().await;
    }
}

on_both_back_ends! {
    /// Shows P-3.4.2.3-01, P-3.4.2.3-02, P-3.4.2.3-06, P-3.4.2.3-07.
    async fn the_order_is_that_of_the_type_of_the_attribute(app: App) {
        assert_eq!(app.get("/ServiceProviderConfig").await.at("/sort/supported"), true);
        users(&app, &[
            ("c", json!({ "externalId": "a", "displayName": "École" })),
            ("B", json!({ "externalId": "B", "displayName": "zoo" })),
            ("a", json!({ "externalId": "b", "displayName": "echo" })),
        ]).await;
        assert_eq!(order(&app, "sortBy=userName").await, ["a", "B", "c"]);
        assert_eq!(order(&app, "sortBy=USERNAME&sortOrder=ascending").await, ["a", "B", "c"]);
        assert_eq!(order(&app, "sortBy=userName&sortOrder=descending").await, ["c", "B", "a"]);
        assert_eq!(order(&app, "sortBy=externalId").await, ["B", "c", "a"], "case exact");
        assert_eq!(order(&app, "sortBy=displayName").await, ["a", "B", "c"], "by code point, in no language");
        assert_eq!(order(&app, "sortBy=meta.created").await, ["c", "B", "a"]);
        assert_eq!(order(&app, "sortBy=meta.created&sortOrder=descending").await, ["a", "B", "c"]);
    }

    /// Shows P-3.4.2.3-03.
    async fn of_many_values_the_primary_counts_and_else_the_first(app: App) {
        users(&app, &[
            ("primary", json!({ "emails": [{ "value": "a@example.com" }, { "value": "m@example.com", "type": "x", "primary": true }] })),
            ("first", json!({ "emails": [{ "value": "k@example.com" }, { "value": "z@example.com" }] })),
            ("last", json!({ "emails": [{ "value": "x@example.com" }, { "value": "b@example.com" }] })),
        ]).await;
        assert_eq!(order(&app, "sortBy=emails.value").await, ["first", "primary", "last"]);
        assert_eq!(order(&app, "sortBy=emails&sortOrder=descending").await, ["last", "primary", "first"]);
    }

    /// Shows P-3.4.2.3-04.
    async fn a_complex_attribute_is_sorted_by_a_sub_attribute(app: App) {
        users(&app, &[("x", json!({ "name": { "givenName": "Z" } })), ("y", json!({ "name": { "givenName": "A" } }))]).await;
        assert_eq!(order(&app, "sortBy=name.givenName").await, ["y", "x"]);
        for unsortable in ["name", "addresses", "shoeSize", "password"] {
            app.get(&format!("/Users?sortBy={unsortable}")).await.expect_error(400, "invalidValue");
        }
    }

    /// Shows P-3.4.2.3-05.
    async fn who_has_no_value_comes_last_and_in_descending_order_first(app: App) {
        users(&app, &[("none", json!({})), ("b", json!({ "title": "B" })), ("a", json!({ "title": "A" }))]).await;
        assert_eq!(order(&app, "sortBy=title").await, ["a", "b", "none"]);
        assert_eq!(order(&app, "sortBy=title&sortOrder=descending").await, ["none", "b", "a"]);
    }

    /// Shows P-3.4.2.3-08.
    async fn an_order_is_ascending_or_descending(app: App) {
        users(&app, &[("a", json!({})), ("b", json!({}))]).await;
        assert_eq!(order(&app, "sortBy=userName&sortOrder=Descending").await, ["b", "a"]);
        for sort_order in ["up", "desc", "1"] {
            app.get(&format!("/Users?sortBy=userName&sortOrder={sort_order}")).await.expect_error(400, "invalidValue");
        }
    }

    /// Shows P-3.4.2.3-09.
    async fn pages_of_a_sorted_list_are_parts_of_it(app: App) {
        for number in 0..11 {
            let department = json!({ ENTERPRISE: { "department": format!("d{}", number % 3) } });
            users(&app, &[(&format!("user{number:02}"), department)]).await;
        }
        for sort in ["sortBy=department", "sortBy=department&sortOrder=descending", "sortBy=userType"] {
            let whole = order(&app, sort).await;
            assert_eq!(whole.len(), 11);
            for count in 1..=4 {
                let mut pages = Vec::new();
                for start in (1..=11).step_by(count) {
                    pages.extend(order(&app, &format!("{sort}&startIndex={start}&count={count}")).await);
                }
                assert_eq!(pages, whole, "{sort} by {count}");
            }
        }
    }
}
