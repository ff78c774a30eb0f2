//! Index paging (RFC 7644 §3.4.2.4).

use crate::app::{Answer, App};
use crate::on_both_back_ends;
use serde_json::json;

fn ids(page: &Answer) -> Vec<String> {
    page.json["Resources"].as_array().expect("a list").iter().map(|user| user["id"].as_str().expect("an id").to_owned()).collect()
}

async fn users(app: &App, number: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..number {
        ids.push(app.user(&format!("user{number}")).await);
    }
    ids
}

on_both_back_ends! {
    /// Shows P-3.4.2.4-01, P-3.4.2.4-04.
    async fn pages_count_from_one_and_hold_what_was_asked_for(app: App) {
        let all = users(&app, 5).await;
        for start in ["", "&startIndex=1", "&startIndex=0", "&startIndex=-5"] {
            let page = app.get(&format!("/Users?count=2{start}")).await.expect(200);
            assert_eq!((page.at("/startIndex"), ids(&page)), (&json!(1), all[..2].to_vec()), "{start}");
        }
        for count in 1..=6 {
            for start in 1..=5 {
                let page = app.get(&format!("/Users?count={count}&startIndex={start}")).await.expect(200);
                assert_eq!(ids(&page), all[start - 1..all.len().min(start - 1 + count)], "{count} from {start}");
            }
        }
    }

    /// Shows P-3.4.2.4-02, P-3.4.2.4-03.
    async fn a_count_of_nothing_still_counts(app: App) {
        users(&app, 3).await;
        for count in ["0", "-1", "-9223372036854775808", "-99999999999999999999"] {
            let page = app.get(&format!("/Users?count={count}")).await.expect(200);
            assert_eq!((page.at("/totalResults"), page.at("/Resources"), page.at("/itemsPerPage")), (&json!(3), &json!([]), &json!(0)));
        }
    }

    /// Shows P-3.4.2.4-05, P-3.4.2.4-06.
    async fn the_server_bounds_a_page(app: App) {
        let mut clients = tokio::task::JoinSet::new();
        for client in 0..8 {
            let app = app.clone();
            clients.spawn(async move {
                for number in 0..126 {
                    app.user(&format!("user{client}-{number}")).await;
                }
            });
        }
        clients.join_all().await;
        let config = app.get("/ServiceProviderConfig").await.expect(200);
        assert_eq!(config.at("/filter/maxResults"), 1_000);
        for (query, items) in [("", 100), ("?count=1000", 1_000), ("?count=1001", 1_000), ("?count=9223372036854775807", 1_000), ("?count=99999999999999999999", 1_000)] {
            let page = app.get(&format!("/Users{query}")).await.expect(200);
            assert_eq!((page.at("/totalResults"), page.at("/itemsPerPage")), (&json!(1_008), &json!(items)), "{query}");
            assert_eq!(ids(&page).len(), items, "{query}");
        }
    }

    /// Shows P-3.4.2.4-07.
    async fn beyond_the_end_is_an_empty_page(app: App) {
        users(&app, 2).await;
        let page = app.get("/Users?startIndex=1000").await.expect(200);
        assert_eq!((page.at("/totalResults"), page.at("/startIndex"), page.at("/Resources")), (&json!(2), &json!(1_000), &json!([])));
    }

    /// Shows P-3.4.2.4-08.
    async fn a_page_is_asked_for_by_its_number_alone(app: App) {
        let all = users(&app, 6).await;
        // Pages in any order, by clients that ask for nothing else, with changes in between.
        assert_eq!(ids(&app.get("/Users?startIndex=5&count=2").await), all[4..]);
        assert_eq!(ids(&app.get("/Users?startIndex=1&count=2").await), all[..2]);
        app.user("another").await;
        let page = app.get("/Users?startIndex=3&count=2").await;
        assert_eq!((ids(&page), page.at("/totalResults")), (all[2..4].to_vec(), &json!(7)));
    }

    /// Shows P-3.4.2.4-09.
    async fn what_is_no_integer_is_refused(app: App) {
        for (query, detail) in [
            ("count=ten", "count is an integer, not ten"),
            ("startIndex=1.5", "startIndex is an integer, not 1.5"),
            ("startIndex=0x1", "startIndex is an integer, not 0x1"),
            ("count=1e2", "count is an integer, not 1e2"),
        ] {
            assert_eq!(app.get(&format!("/Users?{query}")).await.expect_error(400, "invalidValue").text("/detail"), detail);
        }
    }

    /// Shows P-3.4.2.4-01, P-3.4.2.4-09.
    async fn a_number_may_have_any_length(app: App) {
        let all = users(&app, 2).await;
        let search = async |start: &str| {
            let body = format!("{{\"schemas\": [\"urn:ietf:params:scim:api:messages:2.0:SearchRequest\"], \"startIndex\": {start}}}");
            (app.get(&format!("/Users?startIndex={start}")).await, app.send("POST", "/Users/.search", &[], body).await)
        };
        let least = format!("-{}", "9".repeat(50));
        let (got, posted) = search(&least).await;
        for page in [got, posted] {
            assert_eq!((page.at("/startIndex"), ids(&page)), (&json!(1), all.clone()));
        }
        let greatest = i64::MAX.to_string();
        let (got, posted) = search(&greatest).await;
        for page in [got, posted] {
            assert_eq!((page.at("/startIndex"), ids(&page)), (&json!(i64::MAX), Vec::<String>::new()));
        }
        for beyond in ["9223372036854775808", "99999999999999999999", &"9".repeat(50)] {
            let (got, posted) = search(beyond).await;
            for page in [got, posted] {
                let detail = page.expect_error(400, "invalidValue").text("/detail");
                assert_eq!(detail, "startIndex is greater than 9223372036854775807, the greatest that there is");
            }
        }
    }

    /// Shows P-3.4.2.4-09, P-3.4.2.4-05.
    async fn a_count_beyond_all_numbers_is_cut_to_the_maximum(app: App) {
        users(&app, 2).await;
        let body = "{\"schemas\": [\"urn:ietf:params:scim:api:messages:2.0:SearchRequest\"], \"count\": 99999999999999999999}";
        let page = app.send("POST", "/Users/.search", &[], body).await.expect(200);
        assert_eq!(page.at("/itemsPerPage"), 2);
    }
}
