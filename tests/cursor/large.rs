//! A walk through 100,000 users while 5,000 of them go and 5,000 others come.

use crate::app::{App, USER};
use crate::{next, on_both_back_ends};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Semaphore;

const USERS: u64 = 100_000;
/// Users that go, and as many that come.
const CHANGED: u64 = 5_000;
/// Clients that change something at the same time.
const WRITERS: u64 = 6;
/// Changes that begin with each page, so that all are made before the last of some 100 pages.
const CHANGES_A_PAGE: u32 = 120;

/// Multiplied by this, modulo [`USERS`], the numbers of the users are in another order.
const SHUFFLE: u64 = 7_919;

/// Copies the one user that there is, under `USERS` names, with ids that rise with the number; its rows in the index
/// too. The names are in another order than the ids.
async fn fill(app: &App) {
    app.user("template").await;
    app.execute(
        "CREATE TEMP TABLE one AS SELECT * FROM resources;
         CREATE TEMP TABLE copies AS
         WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 99999)
         SELECT unhex(printf('%012x70008%015x', 1700000000000 + n, n)) AS id, printf('user-%05d', n * 7919 % 100000) AS name FROM numbers;
         BEGIN;
         INSERT INTO resources (directory_id, id, resource_type, document, version, created, last_modified, keys)
         SELECT directory_id, c.id, resource_type, replace(document, 'template', name), version, created, last_modified,
             jsonb(replace(json(keys), 'template', name)) FROM copies c CROSS JOIN one;
         INSERT INTO attribute_values (directory_id, resource_type, attribute, value, resource_id, is_unique)
         SELECT v.directory_id, v.resource_type, v.attribute, replace(v.value, 'template', name), c.id, is_unique
         FROM copies c CROSS JOIN (SELECT * FROM attribute_values) v ORDER BY 1, 2, 3, 4, 5;
         UPDATE counters SET resources = resources + 100000;
         COMMIT;
         ANALYZE;",
        "CREATE TEMP TABLE copies AS
         SELECT (lpad(to_hex(1700000000000 + n), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid AS id,
             'user-' || lpad((n * 7919 % 100000)::text, 5, '0') AS name FROM generate_series(0::bigint, 99999) AS n;
         INSERT INTO attribute_values (directory_id, resource_type, attribute, value, resource_id, is_unique)
         SELECT v.directory_id, v.resource_type, v.attribute, replace(v.value, 'template', name), c.id, is_unique
         FROM copies c CROSS JOIN attribute_values v;
         INSERT INTO resources (directory_id, id, resource_type, document, version, created, last_modified, keys)
         SELECT directory_id, c.id, resource_type, replace(document, 'template', name), version, created, last_modified,
             replace(keys::text, 'template', name)::jsonb FROM copies c CROSS JOIN resources;
         UPDATE counters SET resources = resources + 100000
         WHERE ctid = (SELECT ctid FROM counters WHERE resource_type = 'User' LIMIT 1);
         ANALYZE;",
    )
    .await;
}

/// The id of the user whom `fill` made from this number.
fn id(number: u64) -> String {
    let time = format!("{:012x}", 1_700_000_000_000 + number);
    format!("{}-{}-7000-8{:03x}-{:012x}", &time[..8], &time[8..], number >> 48, number)
}

fn name(number: u64) -> String {
    format!("user-{:05}", number * SHUFFLE % USERS)
}

/// Every twentieth by number, spread over both orders.
fn goes(number: u64) -> bool {
    number % (USERS / CHANGED) == 13
}

/// What writers and readers wait for, so that none runs far ahead of the others.
struct Pace {
    /// Changes that may begin.
    allowed: Semaphore,
    /// Changes that were made.
    made: Semaphore,
}

/// One of [`WRITERS`]: deletes and creates by turns, as fast as it may.
async fn write(app: App, writer: u64, pace: Arc<Pace>) {
    let mine = (0..USERS).filter(|number| goes(*number)).skip(writer as usize).step_by(WRITERS as usize);
    for number in mine {
        for delete in [true, false] {
            pace.allowed.acquire().await.expect("is open").forget();
            if delete {
                app.delete(&format!("/Users/{}", id(number))).await.expect(204);
            } else {
                // Between two names that were there before.
                let new = json!({ "schemas": [USER], "userName": format!("{}-new", name(number)) });
                app.post("/Users", new).await.expect(201);
            }
            pace.made.add_permits(1);
        }
    }
}

/// A walk, and how often it found each user.
struct Walk {
    query: &'static str,
    /// To the next page; `None`: there is none.
    cursor: Option<String>,
    found: HashMap<String, u32>,
}

impl Walk {
    fn new(query: &'static str) -> Self {
        Self { query, cursor: Some(String::new()), found: HashMap::new() }
    }

    async fn go_on(&mut self, app: &App) {
        let Some(cursor) = self.cursor.take() else { return };
        let page = app.get(&format!("{}&cursor={cursor}", self.query)).await.expect(200);
        let total = page.at("/totalResults").as_u64().expect("a number");
        assert!((USERS - CHANGED..=USERS + CHANGED + 1).contains(&total), "{total}");
        let resources = page.at("/Resources").as_array().expect("a list");
        self.cursor = next(&page);
        assert!(self.cursor.is_none() || resources.len() == 1_000, "a page is full unless it is the last");
        for resource in resources {
            *self.found.entry(resource["userName"].as_str().expect("a name").to_owned()).or_default() += 1;
        }
    }

    fn check(&self) {
        let twice: Vec<&String> = self.found.iter().filter(|(_, times)| **times > 1).map(|(name, _)| name).collect();
        assert!(twice.is_empty(), "{}: found twice: {twice:?}", self.query);
        let stayed = (0..USERS).filter(|number| !goes(*number)).map(name);
        let missing: Vec<String> = stayed.filter(|name| !self.found.contains_key(name)).collect();
        assert!(missing.is_empty(), "{}: there throughout and not found: {missing:?}", self.query);
    }
}

on_both_back_ends! {
    /// Shows C-2-12, C-2-14: at full size, through two orders at once.
    async fn a_walk_through_100_000_among_10_000_changes_finds_everybody_once(app: App) {
        fill(&app).await;
        assert_eq!(app.get(&format!("/Users/{}", id(1))).await.expect(200).text("/userName"), name(1));
        assert_eq!(app.get("/Users?count=0").await.expect(200).at("/totalResults"), &json!(USERS + 1));

        let pace = Arc::new(Pace { allowed: Semaphore::new(0), made: Semaphore::new(0) });
        let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(write(app.clone(), writer, pace.clone()))).collect();
        let mut walks = [Walk::new("/Users?count=1000"), Walk::new("/Users?count=1000&sortBy=userName")];
        let (mut left, mut begun) = (2 * CHANGED as u32, 0);
        while walks.iter().any(|walk| walk.cursor.is_some()) {
            // These are made while this page is read, those before them are all made by now.
            let beginning = left.min(CHANGES_A_PAGE);
            pace.allowed.add_permits(beginning as usize);
            pace.made.acquire_many(begun).await.expect("is open").forget();
            (left, begun) = (left - beginning, beginning);
            for walk in &mut walks {
                walk.go_on(&app).await;
                assert!(walk.cursor.is_some() || left + begun == 0, "{} ended before the changes", walk.query);
            }
        }
        for writer in writers {
            writer.await.expect("does not panic");
        }
        for walk in &walks {
            walk.check();
        }
        assert_eq!(app.get("/Users?count=0").await.expect(200).at("/totalResults"), &json!(USERS + 1), "as many came as went");
    }
}
