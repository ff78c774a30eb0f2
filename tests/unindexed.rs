//! Searches that no index serves, on both back ends: they end when their time is up, and what an index serves goes on.

#[path = "support/app.rs"]
mod app;

use app::{Answer, App};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use sqlx::{Connection, PgConnection, SqliteConnection};
use std::time::Duration;

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// How many users there are: to read all of them takes longer than a millisecond.
const USERS: i64 = 20_000;

const FILL_SQLITE: &str = "
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
    INSERT INTO resources (directory_id, id, resource_type, document, version, created, last_modified, keys)
        SELECT d.id, randomblob(16), 'User', '{\"userName\":\"user' || n || '\"}', 1, n, n,
            jsonb('{\"userName\":\"user' || n || '\"}') FROM numbers, directories d WHERE d.name = 'test';
    INSERT INTO attribute_values (directory_id, resource_type, attribute, value, resource_id, is_unique)
        SELECT directory_id, resource_type, 'userName', 'user' || created, id, 1 FROM resources;
    INSERT INTO counters SELECT id, 'User', 0, 20000 FROM directories WHERE name = 'test'";

const FILL_POSTGRES: &str = "
    INSERT INTO resources (directory_id, id, resource_type, document, version, created, last_modified, keys)
        SELECT d.id, gen_random_uuid(), 'User', '{\"userName\":\"user' || n || '\"}', 1, n, n,
            jsonb_build_object('userName', 'user' || n) FROM generate_series(1, 20000) AS n, directories d WHERE d.name = 'test';
    INSERT INTO attribute_values (directory_id, resource_type, attribute, value, resource_id, is_unique)
        SELECT directory_id, resource_type, 'userName', 'user' || created, id, true FROM resources;
    INSERT INTO counters SELECT id, 'User', 0, 20000 FROM directories WHERE name = 'test'";

/// Makes the users past the server, which would take long.
async fn fill(app: &App) {
    let url = app.url();
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(&url).await.expect("connects");
        sqlx::raw_sql(FILL_SQLITE).execute(&mut connection).await.expect("fills");
    } else {
        let mut connection = PgConnection::connect(&url).await.expect("connects");
        sqlx::raw_sql(FILL_POSTGRES).execute(&mut connection).await.expect("fills");
    }
}

/// A server that gives such searches a millisecond, on one connection that reads.
async fn hurried(app: &App) -> App {
    app.reopened(|config| {
        config.database.unindexed_search_timeout = Duration::from_millis(1);
        config.database.reader_connections = 1;
        config.database.connections_max = 1;
    })
    .await
}

#[track_caller]
fn check_refused(answer: Answer) -> String {
    answer.expect_error(400, "tooMany").text("/detail")
}

async fn find(app: &App, filter: &str) -> Answer {
    app.get(&format!("/Users?count=3&filter={}", utf8_percent_encode(filter, NON_ALPHANUMERIC))).await
}

on_both_back_ends! {
    /// Shows P-3.4.2.1-03, P-3.12-17.
    async fn a_search_that_no_index_serves_ends_when_its_time_is_up(app: App) {
        fill(&app).await;
        let hurried = hurried(&app).await;
        let detail = check_refused(find(&hurried, "title co \"a\"").await);
        for part in ["no index", "1 ms", "database.unindexed_search_timeout_ms", "of User: id, meta.created, meta.lastModified, userName, externalId"] {
            assert!(detail.contains(part), "{part} is not in: {detail}");
        }
        for query in ["/Users?sortBy=title", "/Users?sortBy=title&cursor=", "/Users?count=0&filter=title%20pr", "/Users?filter=title%20pr&cursor="] {
            check_refused(hurried.get(query).await);
        }
        let search = json!({ "schemas": [SEARCH], "filter": "title eq \"x\" or nickName pr" });
        check_refused(hurried.post("/Users/.search", search.clone()).await);
        // Of all types together: what is compared is compared with each resource of each type.
        let detail = check_refused(hurried.post("/.search", search).await);
        assert!(detail.contains("; of Group: id, meta.created, meta.lastModified, displayName"), "{detail}");
        check_refused(hurried.get("?filter=title%20pr").await);
        check_refused(hurried.get("?sortBy=title").await);
    }

    async fn what_an_index_serves_is_not_hurried(app: App) {
        fill(&app).await;
        let hurried = hurried(&app).await;
        for round in 0..3 {
            check_refused(find(&hurried, "title co \"a\"").await);
            for (filter, total) in [
                ("userName eq \"user77\"", 1),
                ("userName sw \"user1999\"", 11),
                ("meta.created gt \"1970-01-01T00:00:10Z\"", 10_000),
                ("userName eq \"user77\" and title pr", 0),
            ] {
                assert_eq!(find(&hurried, filter).await.expect(200).at("/totalResults"), &json!(total), "{filter}, {round}");
            }
            for query in ["/Users?startIndex=15000&count=10", "/Users?sortBy=userName&count=10", "/Users?sortBy=meta.lastModified&sortOrder=descending", "?cursor="] {
                assert_eq!(hurried.get(query).await.expect(200).at("/totalResults"), &json!(USERS), "{query}, {round}");
            }
            hurried.user(&format!("new{round}")).await;
            hurried.delete(&format!("/Users/{}", hurried.filter("/Users", &format!("userName eq \"new{round}\"")).await.text("/Resources/0/id"))).await.expect(204);
        }
    }

    /// By default a normal machine has time for many more.
    async fn the_default_leaves_time_for_a_whole_directory(app: App) {
        fill(&app).await;
        let patient = app.reopened(|_| ()).await;
        assert_eq!(find(&patient, "title co \"a\"").await.expect(200).at("/totalResults"), &json!(0));
        assert_eq!(find(&patient, "userName pr").await.expect(200).at("/totalResults"), &json!(USERS));
        assert_eq!(patient.get("/Users?sortBy=title&count=1").await.expect(200).at("/totalResults"), &json!(USERS));
    }

    async fn a_client_that_hangs_up_leaves_the_connection_to_others(app: App) {
        fill(&app).await;
        let one = app.reopened(|config| {
            config.database.reader_connections = 1;
            config.database.connections_max = 1;
        }).await;
        for _ in 0..3 {
            let search = find(&one, "title co \"a\" or nickName co \"b\"");
            // Long enough for the statement to begin, and shorter than it takes.
            let hung_up = tokio::time::timeout(Duration::from_millis(3), search).await;
            drop(hung_up);
            assert_eq!(find(&one, "userName eq \"user77\"").await.expect(200).at("/totalResults"), &json!(1));
        }
    }
}
