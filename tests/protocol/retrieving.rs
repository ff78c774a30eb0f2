//! GET of one resource and of a list (RFC 7644 §3.4.1, §3.4.2).

use crate::app::{USER, next_millisecond};
use crate::on_both_back_ends;
use serde_json::json;

on_both_back_ends! {
    /// Shows P-3.4-01, P-3.4.1-01, P-3.4.1-03.
    async fn a_resource_is_found_at_its_location_and_by_a_query(app: App) {
        let created = app.post("/Users", json!({ "schemas": [USER], "userName": "bjensen", "title": "T" })).await.expect(201);
        let found = app.get(&format!("/Users/{}", created.id())).await.expect(200);
        assert_eq!(found.json, created.json);
        let location = created.text("/meta/location");
        assert_eq!((found.header("location"), found.header("content-location")), (location.as_str(), location.as_str()));
        assert_eq!(found.header("etag"), created.text("/meta/version"));
        assert_eq!(app.filter("/Users", "userName eq \"bjensen\"").await.expect(200).at("/Resources/0"), &created.json);
    }

    /// Shows P-3.4.1-02.
    async fn an_id_that_nothing_has_is_not_found(app: App) {
        let (user, group) = (app.user("bjensen").await, app.group("g", &[]).await);
        for path in [
            "/Users/0193b1c8-0000-7000-8000-000000000001".to_owned(),
            "/Users/bjensen".to_owned(),
            "/Users/%00".to_owned(),
            "/Users/..".to_owned(),
            format!("/Users/{group}"),
            format!("/Groups/{user}"),
            format!("/Users/{}", user.to_uppercase()),
            format!("/Users/{user}%20"),
        ] {
            let answer = app.get(&path).await.expect_error(404, "");
            assert_eq!(answer.json["detail"], "no such resource", "{path}");
        }
    }

    /// Shows P-3.4.2-03, P-3.4.2.1-06.
    async fn parameters_that_mean_nothing_here_are_ignored(app: App) {
        let path = format!("/Users/{}", app.user("bjensen").await);
        assert_eq!(app.get("/Users?foo=bar&foo=baz&%66oo").await.expect(200).json["totalResults"], 1);
        let plain = app.get(&path).await.expect(200).json;
        for query in ["filter=userName%20eq%20%22x%22", "filter=nonsense", "count=0&startIndex=9&sortBy=x"] {
            assert_eq!(app.get(&format!("{path}?{query}")).await.expect(200).json, plain, "{query}");
        }
    }

    /// Shows P-3.4.2-04, P-3.4.2-05, P-3.4.2-06, P-3.4.2-07, P-3.4.2-08.
    async fn a_list_response_says_which_part_of_how_many_it_is(app: App) {
        for number in 0..25 {
            app.user(&format!("user{number:02}")).await;
        }
        for (query, start_index, items) in [("", 1, 25), ("?count=10", 1, 10), ("?count=10&startIndex=21", 21, 5), ("?count=0", 1, 0)] {
            let page = app.get(&format!("/Users{query}")).await.expect(200);
            assert_eq!(page.json["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]), "{query}");
            assert_eq!(page.json["totalResults"], 25, "{query}");
            assert_eq!(page.json["startIndex"], start_index, "{query}");
            assert_eq!(page.json["itemsPerPage"], items, "{query}");
            assert_eq!(page.json["Resources"].as_array().expect("a list").len(), items, "{query}");
        }
    }

    /// Shows P-3.4.2-09.
    async fn no_match_is_an_empty_list(app: App) {
        app.user("bjensen").await;
        let found = app.filter("/Users", "userName eq \"nobody\"").await.expect(200);
        assert_eq!((found.at("/totalResults"), found.at("/Resources")), (&json!(0), &json!([])));
    }

    /// Shows P-3.4.2-01.
    async fn one_resource_a_type_and_the_root_can_be_asked(app: App) {
        let user = app.user("bjensen").await;
        next_millisecond().await;
        let group = app.group("g", &[]).await;
        assert_eq!(app.get(&format!("/Users/{user}?attributes=userName")).await.expect(200).json["userName"], "bjensen");
        assert_eq!(app.get("/Users").await.expect(200).at("/totalResults"), 1);
        let all = app.get("/?sortBy=meta.created").await.expect(200);
        assert_eq!((all.text("/Resources/0/id"), all.text("/Resources/1/id")), (user, group));
    }
}
