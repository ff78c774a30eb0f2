//! How much is in a page.

use crate::app::App;
use crate::{next, on_both_back_ends, refused, search, user_names, walk};
use serde_json::json;

/// Users u00, u01 and so on.
async fn users(app: &App, number: usize) -> Vec<String> {
    let names: Vec<String> = (0..number).map(|number| format!("u{number:02}")).collect();
    for name in &names {
        app.user(name).await;
    }
    names
}

on_both_back_ends! {
    /// Shows C-2-05, C-4-02, C-4-03, C-5.3-01: what an operator sets is what is published, and what is kept to.
    async fn sizes_and_times_are_the_published_ones(app: App) {
        let names = users(&app, 12).await;
        let small = app.configured(|config| {
            config.limits.page_size_default = 3;
            config.limits.page_size_max = 5;
            config.limits.cursor_lifetime_s = 7;
        });
        let pagination = small.get("/ServiceProviderConfig").await.expect(200).at("/pagination").clone();
        assert_eq!(pagination, json!({
            "cursor": true, "index": true, "defaultPaginationMethod": "index",
            "defaultPageSize": 3, "maxPageSize": 5, "cursorTimeout": 7,
        }));
        for (asked, sizes) in [
            ("", &[3, 3, 3, 3][..]),
            ("&count=", &[3, 3, 3, 3]),
            ("&count=4", &[4, 4, 4]),
            ("&count=5", &[5, 5, 2]),
            ("&count=6", &[5, 5, 2]),
            ("&count=9223372036854775807", &[5, 5, 2]),
        ] {
            let pages = walk(&small, &format!("/Users?sortBy=userName{asked}")).await;
            assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), sizes, "{asked}");
            assert_eq!(pages.concat(), names, "{asked}");
        }
        assert_eq!(user_names(&small.get("/Users?startIndex=1").await.expect(200)).len(), 3, "index paging is there too");

        app.clock.advance(0);
        let cursor = next(&small.get("/Users?cursor").await.expect(200)).expect("more pages");
        app.clock.advance(7_000);
        small.get(&format!("/Users?cursor={cursor}")).await.expect(200);
        app.clock.advance(1);
        refused(small.get(&format!("/Users?cursor={cursor}")).await, "expiredCursor");
    }

    /// Shows C-2-05, C-2-06, C-2-07: a page that ends early because of the members in it is not the last one.
    async fn many_members_end_a_page_and_not_the_walk(app: App) {
        let (one, two) = (app.user("one").await, app.user("two").await);
        let mut names = Vec::new();
        for (number, members) in [&[&*one, &*two][..], &[&one, &two], &[], &[&one], &[&one, &two]].into_iter().enumerate() {
            names.push(format!("g{number}"));
            app.group(&names[number], members).await;
        }
        for (members_max, sizes) in [(1, &[1, 1, 2, 1][..]), (2, &[1, 2, 1, 1]), (3, &[1, 3, 1]), (5, &[4, 1]), (7, &[4, 1])] {
            let app = app.configured(|config| config.limits.page_members_max = members_max);
            let pages = walk(&app, "/Groups?sortBy=displayName&count=4").await;
            assert_eq!(pages.concat(), names, "{members_max}");
            assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), sizes, "{members_max}");
        }
    }

    /// Shows C-2-01, C-2.4-01: with or without `=`, in any letter case; without it there is no cursor.
    async fn a_walk_begins_with_an_empty_cursor(app: App) {
        let names = users(&app, 3).await;
        for begin in ["cursor", "cursor=", "Cursor="] {
            let page = app.get(&format!("/Users?sortBy=userName&count=2&{begin}")).await.expect(200);
            assert_eq!(user_names(&page), names[..2]);
            assert!(next(&page).is_some() && page.json.get("startIndex").is_none() && page.json.get("previousCursor").is_none());
            assert_eq!((page.at("/totalResults"), page.at("/itemsPerPage")), (&json!(3), &json!(2)));
        }
        for begin in ["", "startIndex=1"] {
            let page = app.get(&format!("/Users?sortBy=userName&count=2&{begin}")).await.expect(200);
            assert_eq!((next(&page), page.at("/startIndex")), (None, &json!(1)));
        }
        let page = search(&app, "/Users", json!({ "count": 2, "cursor": null })).await.expect(200);
        assert_eq!((next(&page), page.at("/startIndex")), (None, &json!(1)));
    }

    /// Shows C-2-03, C-2-04: the total alone, and no way on from there.
    async fn less_than_1_asks_for_the_total(app: App) {
        users(&app, 2).await;
        app.group("Staff", &[]).await;
        for count in [0, -1, i64::MIN] {
            for (path, total) in [("/Users", 2), ("/Groups", 1), ("", 3)] {
                let by_get = app.get(&format!("{path}?cursor&count={count}")).await.expect(200);
                let by_post = search(&app, path, json!({ "cursor": "", "count": count })).await.expect(200);
                for page in [by_get, by_post] {
                    assert_eq!(page.at("/totalResults"), &json!(total));
                    assert_eq!((page.at("/itemsPerPage"), page.at("/Resources")), (&json!(0), &json!([])));
                    assert_eq!(next(&page), None);
                }
            }
        }
    }

    /// Shows C-2.1-01, C-2.1-04: the count is a number, and the same for all pages.
    async fn the_count_of_a_walk_stays(app: App) {
        let names = users(&app, 5).await;
        let walk = "/Users?sortBy=userName";
        let cursor = next(&app.get(&format!("{walk}&count=2&cursor")).await.expect(200)).expect("more pages");
        for other in ["", "&count=", "&count=1", "&count=3", "&count=0", "&count=-2", "&count=1000"] {
            refused(app.get(&format!("{walk}&cursor={cursor}{other}")).await, "invalidCount");
        }
        for wrong in ["abc", "1.5", "2x", "0x2", "%2B"] {
            refused(app.get(&format!("{walk}&cursor&count={wrong}")).await, "invalidCount");
            refused(app.get(&format!("{walk}&cursor={cursor}&count={wrong}")).await, "invalidCount");
        }
        assert_eq!(user_names(&app.get(&format!("{walk}&cursor={cursor}&count=2")).await.expect(200)), names[2..4]);

        let first = json!({ "sortBy": "userName", "cursor": "", "count": 2 });
        let cursor = next(&search(&app, "/Users", first).await.expect(200)).expect("more pages");
        let page = |count: i64| json!({ "sortBy": "userName", "cursor": cursor, "count": count });
        refused(search(&app, "/Users", page(3)).await, "invalidCount");
        assert_eq!(user_names(&search(&app, "/Users", page(2)).await.expect(200)), names[2..4]);
        refused(search(&app, "/Users", json!({ "cursor": "", "count": "2" })).await, "invalidValue");
    }

    /// Shows C-2.1-01, C-2.4-01: a request is paged in one way (D-91).
    async fn an_index_and_a_cursor_exclude_each_other(app: App) {
        users(&app, 3).await;
        let cursor = next(&app.get("/Users?count=1&cursor").await.expect(200)).expect("more pages");
        for index in ["1", "2", "0", "", "x"] {
            refused(app.get(&format!("/Users?count=1&cursor&startIndex={index}")).await, "invalidValue");
            refused(app.get(&format!("/Users?count=1&cursor={cursor}&startIndex={index}")).await, "invalidValue");
        }
        for path in ["/Users", ""] {
            refused(search(&app, path, json!({ "cursor": "", "startIndex": 1 })).await, "invalidValue");
        }
        refused(app.get(&format!("/Users?count=1&cursor&cursor={cursor}")).await, "invalidValue");
    }
}
