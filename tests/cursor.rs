//! Cursor paging (RFC 9865), on both back ends.

#[path = "cursor/large.rs"]
mod large;
#[path = "cursor/opening.rs"]
mod opening;
#[path = "cursor/orders.rs"]
mod orders;
#[path = "cursor/pages.rs"]
mod pages;

#[path = "support/app.rs"]
mod app;

use app::{Answer, App, USER};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::collections::HashMap;

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

fn user_names(answer: &Answer) -> Vec<String> {
    let resources = answer.at("/Resources").as_array().expect("a list");
    resources.iter().map(|one| one["userName"].as_str().or(one["displayName"].as_str()).expect("a name").to_owned()).collect()
}

fn next(answer: &Answer) -> Option<String> {
    answer.json.get("nextCursor").map(|cursor| cursor.as_str().expect("a text").to_owned())
}

/// All pages of a walk; `query` is everything but the cursor.
async fn walk(app: &App, query: &str) -> Vec<Vec<String>> {
    let separator = if query.contains('?') { '&' } else { '?' };
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("{query}{separator}cursor={cursor}")).await.expect(200);
        assert!(page.json.get("startIndex").is_none());
        assert!(page.json.get("previousCursor").is_none());
        pages.push(user_names(&page));
        match next(&page) {
            None => return pages,
            Some(next) => cursor = next,
        }
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)), "{cursor}");
        assert!(pages.len() < 100, "the walk does not end");
    }
}

#[track_caller]
fn refused(answer: Answer, scim_type: &str) -> String {
    answer.expect_error(400, scim_type).text("/detail")
}

/// The answer to a search by POST to `path`, with these parameters.
async fn search(app: &App, path: &str, mut parameters: Value) -> Answer {
    parameters["schemas"] = json!([SEARCH]);
    app.post(&format!("{path}/.search"), parameters).await
}

on_both_back_ends! {
    /// Shows C-2-01, C-2-02, C-2-05, C-2-06, C-2-07, C-2-09, C-2-12, C-2.2-01, P-3.4.2-02: each order, and a last page that is full.
    async fn a_walk_gives_what_index_paging_gives(app: App) {
        for (name, title) in [("ann", Some("x")), ("Bob", None), ("cid", Some("x")), ("dan", Some("a")), ("eve", None), ("fay", Some("b"))] {
            let mut user = json!({ "schemas": [USER], "userName": name, "active": name != "cid" });
            if let Some(title) = title {
                user["title"] = json!(title);
            }
            app.post("/Users", user).await.expect(201);
        }
        app.group("Staff", &[]).await;
        app.group("Guests", &[]).await;
        for path in ["/Users", ""] {
            for sort in ["", "sortBy=userName", "sortBy=title", "sortBy=active", "sortBy=displayName", "sortBy=meta.created", "sortBy=id", "sortBy=meta.resourceType"] {
                for order in ["", "&sortOrder=descending"] {
                    for filter in ["", "userName pr", "userName gt \"b\" or title pr"] {
                        let mut query = format!("{path}?{sort}{order}");
                        if !filter.is_empty() {
                            query.push_str(&format!("&filter={}", utf8_percent_encode(filter, NON_ALPHANUMERIC)));
                        }
                        let whole = app.get(&query).await.expect(200);
                        let expected = user_names(&whole);
                        for count in [1, 2, 3, 6, 50] {
                            let pages = walk(&app, &format!("{query}&count={count}")).await;
                            assert_eq!(pages.concat(), expected, "{query} {count}");
                            assert_eq!(pages.len(), expected.len().div_ceil(count), "{query} {count}");
                        }
                    }
                }
            }
        }
    }

    /// Shows C-2-03, C-2-04.
    async fn count_0_and_less_give_the_total_alone(app: App) {
        app.user("ann").await;
        for count in ["0", "-1"] {
            let page = app.get(&format!("/Users?cursor&count={count}")).await.expect(200);
            assert_eq!(page.at("/totalResults"), &json!(1));
            assert_eq!((next(&page), user_names(&page).len()), (None, 0));
        }
    }

    /// Shows C-2-11, C-2-10, C-2.1-02, C-2.1-04, C-5.2-01, C-5.2-04, C-5.2-05: a cursor opens the search that it is of, and nothing else.
    async fn a_cursor_opens_its_own_search_only(app: App) {
        for name in ["ann", "bob", "cid"] {
            app.user(name).await;
        }
        let query = "/Users?sortBy=userName&count=1&cursor=";
        let cursor = next(&app.get(query).await.expect(200)).expect("more pages");
        assert_eq!(user_names(&app.get(&format!("{query}{cursor}")).await.expect(200)), ["bob"]);
        let mut details = Vec::new();
        for other in [
            "/Users?count=1&cursor=",
            "/Users?sortBy=userName&sortOrder=descending&count=1&cursor=",
            "/Users?sortBy=userName&filter=userName%20pr&count=1&cursor=",
            "/Users?sortBy=userName&attributes=userName&count=1&cursor=",
            "?sortBy=userName&count=1&cursor=",
        ] {
            details.push(refused(app.get(&format!("{other}{cursor}")).await, "invalidCursor"));
        }
        let elsewhere = app.directory("elsewhere", "generic").await;
        elsewhere.user("zoe").await;
        details.push(refused(elsewhere.get(&format!("{query}{cursor}")).await, "invalidCursor"));
        for at in [0, 15, cursor.len() - 2] {
            let mut bytes = cursor.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(bytes).expect("ASCII");
            details.push(refused(app.get(&format!("{query}{forged}")).await, "invalidCursor"));
        }
        for garbage in ["x", "%00", "AAAA", &cursor[..20], &format!("{cursor}A"), "%F0%9F%98%80"] {
            details.push(refused(app.get(&format!("{query}{garbage}")).await, "invalidCursor"));
        }
        details.dedup();
        assert_eq!(details.len(), 1, "all in the same words");
        refused(app.get(&format!("/Users?sortBy=userName&count=2&cursor={cursor}")).await, "invalidCount");
        refused(app.get("/Users?count=abc&cursor=").await, "invalidCount");
        refused(app.get("/Users?startIndex=1&cursor=").await, "invalidValue");
    }

    /// Shows C-2.4-01, C-2.4-02, C-3-01, C-4-01, C-4-02, C-4-03.
    async fn cursors_work_by_post_and_are_announced(app: App) {
        for name in ["ann", "bob", "cid"] {
            app.user(name).await;
        }
        for path in ["/Users/.search", "/.search"] {
            let (mut found, mut cursor) = (Vec::new(), Some(String::new()));
            while let Some(value) = cursor {
                let body = json!({ "schemas": [SEARCH], "cursor": value, "count": 2, "sortBy": "userName" });
                let page = app.post(path, body).await.expect(200);
                found.extend(user_names(&page));
                cursor = next(&page);
            }
            assert_eq!(found, ["ann", "bob", "cid"]);
        }
        assert!(app.get("/Users?count=1").await.expect(200).json.get("nextCursor").is_none());
        let config = app.get("/ServiceProviderConfig").await.expect(200);
        assert_eq!(config.at("/pagination"), &json!({
            "cursor": true, "index": true, "defaultPaginationMethod": "index",
            "defaultPageSize": 100, "maxPageSize": 1000, "cursorTimeout": 3600,
        }));
    }

    /// Shows C-2-14: whoever is there throughout is found once, whatever comes and goes meanwhile.
    async fn a_walk_among_changes_finds_everybody_once(app: App) {
        for sort in ["", "&sortBy=userName", "&sortBy=title&sortOrder=descending"] {
            let prefix = format!("u{}", sort.len());
            let mut ids = HashMap::new();
            for number in 0..300 {
                let name = format!("{prefix}-{number:04}");
                let user = json!({ "schemas": [USER], "userName": name, "title": format!("t{}", number % 7) });
                ids.insert(name, app.post("/Users", user).await.expect(201).id());
            }
            let changes = {
                let (app, prefix, ids) = (app.clone(), prefix.clone(), ids.clone());
                tokio::spawn(async move {
                    for number in (0..300).step_by(3) {
                        let user = json!({ "schemas": [USER], "userName": format!("{prefix}-new-{number:04}"), "title": "t3" });
                        app.post("/Users", user).await.expect(201);
                        app.delete(&format!("/Users/{}", ids[&format!("{prefix}-{number:04}")])).await.expect(204);
                    }
                })
            };
            let mut seen: HashMap<String, u32> = HashMap::new();
            for name in walk(&app, &format!("/Users?count=17{sort}")).await.concat() {
                *seen.entry(name).or_default() += 1;
            }
            changes.await.expect("no panic");
            assert_eq!(seen.values().max(), Some(&1));
            for number in (0..300).filter(|number| number % 3 != 0) {
                let name = format!("{prefix}-{number:04}");
                assert!(seen.contains_key(&name), "{name}");
            }
        }
    }
}
