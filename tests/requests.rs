//! The request log: what became of each request, and why.

#[path = "support/app.rs"]
mod app;

use app::{App, ENTERPRISE, PATCH_OP, USER};
use scimd::admin::requests::{Tail, directory_names, page, to_json};
use scimd::admin::tokens;
use scimd::clock::{Clock as _, Timestamp};
use scimd::directory::settings::Settings;
use scimd::id::ResourceId;
use scimd::store::StoreError;
use scimd::store::requests::{Recorder, RequestEntry, RequestFilter, RequestLog, RequestRow};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A server that records, and its log.
struct Recorded {
    app: App,
    recorder: Arc<Recorder>,
    log: Arc<dyn RequestLog>,
}

impl Recorded {
    fn new(app: &App) -> Self {
        let log = app.request_log();
        let (app, recorder) = app.recording(log.clone(), |_| ());
        Self { app, recorder, log }
    }

    /// The entries that `filter` selects, the latest first, once all are written.
    async fn find(&self, filter: &RequestFilter) -> Vec<Value> {
        self.recorder.flush().await;
        let names = directory_names(&*self.app.store).await.expect("lists");
        let rows = page(&*self.log, filter, None, 100).await.expect("reads");
        rows.iter().map(|row| to_json(row, &names)).collect()
    }

    /// The entry of the last request.
    async fn last(&self) -> Value {
        self.find(&RequestFilter::default()).await.swap_remove(0)
    }

    #[track_caller]
    fn counters(&self, written: u64, lost: u64) {
        let counters = self.recorder.counters();
        assert_eq!((counters.written, counters.dropped, counters.lost, counters.waiting), (written, 0, lost, 0));
    }
}

/// The parts of an entry that a case is about.
fn parts(entry: &Value, names: &[&str]) -> Value {
    names.iter().map(|name| entry.get(*name).cloned().unwrap_or(Value::Null)).collect()
}

on_both_back_ends! {
    async fn each_verb_leaves_an_entry_that_says_what_it_was(app: App) {
        let recorded = Recorded::new(&app);
        let app = recorded.app.directory("acme", "entra").await;
        let user = json!({
            "schemas": [USER], "userName": "bjensen", "shoeSize": 9, "groups": [], "department": "Sales", "password": "t1meMa$heen",
        });
        let created = app.post("/Users", user).await.expect(201);
        let id = created.id();
        let entry = recorded.last().await;
        assert_eq!(entry["requestId"], created.header("x-request-id"));
        assert_eq!(
            parts(&entry, &["directory", "tokenName", "method", "path", "resourceType", "resource", "status"]),
            json!(["acme", "test", "POST", "/Users", "User", id, 201])
        );
        assert!(entry["durationMs"].as_f64().is_some_and(|duration| duration > 0.0), "{entry}");
        assert_eq!(entry["quirks"], json!(["extension-attributes-at-top-level"]));
        assert_eq!(entry["ignored"], json!(["shoeSize", "groups"]));
        let string = |length: usize| json!({ "redacted": "string", "length": length });
        assert_eq!(
            entry["changes"],
            json!([
                { "attribute": "userName", "after": string(7) },
                { "attribute": "active", "after": { "redacted": "boolean" } },
                { "attribute": format!("{ENTERPRISE}:department"), "after": string(5) },
                { "attribute": "password", "after": { "redacted": "secret" } },
            ])
        );

        let path = format!("/Users/{id}");
        app.get(&path).await.expect(200);
        assert_eq!(parts(&recorded.last().await, &["method", "path", "resource", "changes"]), json!(["GET", "/Users/{id}", id, null]));
        app.patch(&path, json!([{ "op": "replace", "path": "userName", "value": "babs" }])).await.expect(200);
        let changed = json!([{ "attribute": "userName", "before": string(7), "after": string(4) }]);
        assert_eq!(parts(&recorded.last().await, &["method", "resource", "changes"]), json!(["PATCH", id, changed]));
        app.patch(&path, json!([{ "op": "replace", "path": "userName", "value": "babs" }])).await.expect(200);
        assert_eq!(parts(&recorded.last().await, &["changes", "unchanged"]), json!([null, true]));
        app.put(&path, json!({ "schemas": [USER], "userName": "babs", "title": "Boss" })).await.expect(200);
        let entry = recorded.last().await;
        assert_eq!(entry["changes"][0], json!({ "attribute": "title", "after": string(4) }), "{entry}");
        assert_eq!(entry["changes"][1]["before"], string(5), "{entry}");

        app.filter("/Users", r#"userName eq "babs" and emails[type eq "work"]"#).await.expect(200);
        let shape = "userName eq ? and emails[type eq ?]";
        assert_eq!(parts(&recorded.last().await, &["method", "path", "filter", "resource"]), json!(["GET", "/Users", shape, null]));
        let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": "title pr" });
        app.post("/.search", search).await.expect(200);
        assert_eq!(parts(&recorded.last().await, &["method", "path", "filter"]), json!(["POST", "/.search", "title pr; false"]));

        let group = app.group("Tour Guides", &[&id]).await;
        let members = json!({ "attribute": "members", "added": 1, "removed": 0 });
        assert_eq!(parts(&recorded.last().await, &["resourceType", "resource", "members"]), json!(["Group", group, members]));
        app.patch(&format!("/Groups/{group}"), json!([{ "op": "remove", "path": format!("members[value eq \"{id}\"]") }])).await;
        let members = json!({ "attribute": "members", "added": 0, "removed": 1 });
        assert_eq!(parts(&recorded.last().await, &["status", "members"]), json!([204, members]));
        app.delete(&path).await.expect(204);
        assert_eq!(parts(&recorded.last().await, &["method", "path", "resource", "status"]), json!(["DELETE", "/Users/{id}", id, 204]));
        app.get("/ServiceProviderConfig").await.expect(200);
        assert_eq!(parts(&recorded.last().await, &["path", "resource"]), json!(["/ServiceProviderConfig", null]));

        let of_user = RequestFilter { resource: ResourceId::parse(&id), ..RequestFilter::default() };
        assert_eq!(recorded.find(&of_user).await.len(), 6);
        app.get("//healthz").await.expect(200);
        assert_eq!(recorded.find(&RequestFilter::default()).await.len(), 11, "health is no request of SCIM");
        recorded.counters(11, 0);
    }

    async fn a_refusal_says_why_and_what_would_mend_it_without_what_the_client_wrote(app: App) {
        let recorded = Recorded::new(&app);
        let app = recorded.app.clone();
        let id = app.user("bjensen").await;
        let path = format!("/Users/{id}");
        let refused = app.post("/Users", json!({ "schemas": [USER], "userName": "BJENSEN" })).await.expect_error(409, "uniqueness");
        let entry = recorded.last().await;
        assert_eq!(entry["requestId"], refused.header("x-request-id"));
        assert_eq!(parts(&entry["refusal"], &["scimType", "detail"]), json!(["uniqueness", "another resource already has this userName"]));
        assert!(entry["refusal"]["advice"].as_str().is_some_and(|advice| advice.contains("match")), "{entry}");

        let replace = |path: &str, value: Value| json!([{ "op": "replace", "path": path, "value": value }]);
        app.patch(&path, replace("emails[value eq \"secret@example.com\"].type", json!("work"))).await.expect(400);
        let shown = recorded.last().await["refusal"]["detail"].as_str().expect("text").to_owned();
        assert!(shown.starts_with("operation 1 (path emails[…]): ") && !shown.contains("secret"), "{shown}");
        app.filter("/Users", "userName eq secret").await.expect(400);
        let shown = recorded.last().await["refusal"]["detail"].clone();
        assert_eq!(shown, "filter position 12: expected a string in double quotes, a number, true, false or null, found …");
        app.filter("/Users", "shoeSize eq 9").await.expect(400);
        assert_eq!(recorded.last().await["refusal"]["detail"], "filter position 0: User has no attribute shoeSize");
        app.get("/Users?cursor=&count=secret").await.expect_error(400, "invalidCount");
        assert_eq!(recorded.last().await["refusal"]["detail"], "count is an integer, not …");
        app.post("/Groups", json!({ "schemas": [app::GROUP], "displayName": "G", "members": [{ "value": "secret" }] })).await.expect(400);
        assert_eq!(recorded.last().await["refusal"]["detail"], "members: there is no resource with the id … to be a member");
        app.get("/Users/secret").await.expect(404);
        assert_eq!(parts(&recorded.last().await, &["path", "resource", "status"]), json!(["/Users/{id}", null, 404]));
        app.get("/secret").await.expect(404);
        assert_eq!(parts(&recorded.last().await, &["path", "status"]), json!(["", 404]));
    }

    async fn refused_credentials_are_told_of_in_their_directory(app: App) {
        let recorded = Recorded::new(&app);
        let app = &recorded.app;
        let row = app.row().await;
        let wanted = tokens::Wanted { name: Some("old".into()), expires_in: Some(Duration::from_secs(1)), ..Default::default() };
        let token = tokens::create(&app.operator(), &row, wanted).await.expect("creates");
        app.clock.advance(2_000);
        let mut expired = app.clone();
        expired.token = token.secret.expose().to_owned();
        expired.get("/Users").await.expect(401);
        let of_directory = RequestFilter { directory: Some(row.id), status: Some((400, 499)), ..RequestFilter::default() };
        let found = recorded.find(&of_directory).await;
        assert_eq!(parts(&found[0], &["directory", "tokenName", "status"]), json!(["test", "old", 401]));
        assert_eq!(found[0]["refusal"]["credentials"], "expired");
        assert!(found[0]["refusal"]["advice"].as_str().is_some_and(|advice| advice.starts_with("Renew")), "{found:?}");
        for (authorization, reason) in [("", "missing"), ("Basic x", "malformed"), ("Bearer x", "unknown")] {
            app.send("GET", "/Users", &[("authorization", authorization)], "").await.expect(401);
            let entry = recorded.last().await;
            assert_eq!(parts(&entry, &["directory", "token"]), json!([null, null]), "{entry}");
            assert_eq!(entry["refusal"]["credentials"], reason);
        }
        assert_eq!(recorded.find(&of_directory).await.len(), 1, "nobody knows whose the others were");
    }

    async fn values_are_shown_only_if_the_directory_says_so_and_secrets_never(app: App) {
        let recorded = Recorded::new(&app);
        let settings = Settings { log_values: Some(true), ..Settings::default() };
        let open = recorded.app.directory_with("open", "generic", &settings).await;
        let user = json!({ "schemas": [USER], "userName": "bjensen", "password": "t1meMa$heen" });
        let id = open.post("/Users", user).await.expect(201).id();
        let entry = recorded.last().await;
        assert_eq!(entry["changes"][0], json!({ "attribute": "userName", "after": "bjensen" }));
        open.patch(&format!("/Users/{id}"), json!([{ "op": "replace", "value": { "active": false, "password": "m0reS3cret!" } }])).await;
        let changes = json!([
            { "attribute": "active", "before": true, "after": false },
            { "attribute": "password", "after": { "redacted": "secret" } },
        ]);
        assert_eq!(recorded.last().await["changes"], changes);
        open.filter("/Users", r#"userName eq "bjensen""#).await.expect(200);
        assert_eq!(recorded.last().await["filter"], r#"userName eq "bjensen""#);
        let group = open.group("G", &[&id]).await;
        assert_eq!(parts(&recorded.last().await, &["resource", "members"]), json!([group, { "attribute": "members", "added": 1, "removed": 0, "addedIds": [id] }]));
        let all = json!(recorded.find(&RequestFilter::default()).await).to_string();
        assert!(!all.contains("t1meMa") && !all.contains("m0reS3") && !all.contains(&open.token), "{all}");
    }

    async fn a_bulk_request_is_one_entry_with_its_operations(app: App) {
        let recorded = Recorded::new(&app);
        let post = |name: &str| json!({ "method": "POST", "path": "/Users", "bulkId": name, "data": { "schemas": [USER], "userName": name } });
        let patch = json!({ "schemas": [PATCH_OP], "Operations": [{ "op": "add", "path": "title", "value": "T" }] });
        let operations = json!([post("a"), post("A"), { "method": "PATCH", "path": "/Users/bulkId:a", "data": patch }]);
        let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations });
        let answer = recorded.app.post("/Bulk", body).await.expect(200);
        let entry = recorded.last().await;
        assert_eq!(entry["requestId"], answer.header("x-request-id"));
        assert_eq!(parts(&entry, &["path", "status", "operationsTotal", "resource"]), json!(["/Bulk", 200, 3, null]));
        let of = |place: usize| parts(&entry["operations"][place], &["number", "method", "resourceType", "status"]);
        assert_eq!([of(0), of(1), of(2)], [
            json!([1, "POST", "User", 201]), json!([2, "POST", "User", 409]), json!([3, "PATCH", "User", 200])
        ]);
        assert_eq!(entry["operations"][0]["resource"], entry["operations"][2]["resource"]);
        assert_eq!(entry["operations"][1]["refusal"]["scimType"], "uniqueness");
        assert_eq!(entry["operations"][2]["changes"], json!([{ "attribute": "title", "after": { "redacted": "string", "length": 1 } }]));
    }

    async fn entries_of_one_directory_are_in_no_query_for_another(app: App) {
        let recorded = Recorded::new(&app);
        let other = recorded.app.directory("other", "generic").await;
        let id = recorded.app.user("bjensen").await;
        let request = recorded.app.get(&format!("/Users/{id}")).await.expect(200);
        recorded.app.get("/Users/x").await.expect(404);
        let foreign = other.row().await.id;
        let request_id = request.header("x-request-id").parse().ok();
        assert!(request_id.is_some());
        for filter in [
            RequestFilter::default(),
            RequestFilter { resource: ResourceId::parse(&id), ..RequestFilter::default() },
            RequestFilter { request_id, ..RequestFilter::default() },
            RequestFilter { token_name: Some("test".into()), ..RequestFilter::default() },
            RequestFilter { status: Some((400, 499)), ..RequestFilter::default() },
            RequestFilter { since: Some(Timestamp(0)), ..RequestFilter::default() },
        ] {
            assert!(!recorded.find(&filter).await.is_empty(), "{filter:?}");
            let filter = RequestFilter { directory: Some(foreign), ..filter };
            assert_eq!(recorded.find(&filter).await, Vec::<Value>::new(), "{filter:?}");
            let mut tail = Tail::open(recorded.log.clone(), filter.clone(), Some(0), recorded.recorder.news()).await.expect("opens");
            let next = tokio::time::timeout(Duration::from_millis(50), tail.next()).await;
            assert!(next.is_err(), "{filter:?}: {next:?}");
        }
        other.get("/Users/x").await.expect(404);
        assert_eq!(recorded.find(&RequestFilter { directory: Some(foreign), ..RequestFilter::default() }).await.len(), 1);
    }

    async fn pages_go_back_and_filters_select(app: App) {
        let recorded = Recorded::new(&app);
        let app = &recorded.app;
        app.clock.advance(0);
        for _ in 0..5 {
            app.get("/Users").await.expect(200);
            app.get("/Users/x").await.expect(404);
            app.clock.advance(60_000);
        }
        recorded.recorder.flush().await;
        let all = page(&*recorded.log, &RequestFilter::default(), None, 100).await.expect("reads");
        let mut paged: Vec<RequestRow> = Vec::new();
        while let Ok(rows) = page(&*recorded.log, &RequestFilter::default(), paged.last().map(|row| row.seq), 3).await {
            if rows.is_empty() {
                break;
            }
            paged.extend(rows);
        }
        assert_eq!((paged.len(), &paged), (10, &all));
        let now = app.clock.now().0;
        let since = |minutes: i64| Some(Timestamp(now - minutes * 60_000));
        for (filter, found) in [
            (RequestFilter { status: Some((404, 404)), ..RequestFilter::default() }, 5),
            (RequestFilter { status: Some((200, 299)), ..RequestFilter::default() }, 5),
            (RequestFilter { since: since(2), ..RequestFilter::default() }, 4),
            (RequestFilter { since: since(30), ..RequestFilter::default() }, 10),
            (RequestFilter { until: since(2), ..RequestFilter::default() }, 6),
            (RequestFilter { since: since(4), until: since(2), status: Some((400, 499)), ..RequestFilter::default() }, 2),
            (RequestFilter { token_name: Some("nobody's".into()), ..RequestFilter::default() }, 0),
            (RequestFilter { token_name: Some("test".into()), ..RequestFilter::default() }, 10),
        ] {
            assert_eq!(recorded.find(&filter).await.len(), found, "{filter:?}");
        }
    }

    async fn who_follows_sees_each_entry_of_every_replica_once_and_in_order(app: App) {
        let replicas = [Recorded::new(&app), Recorded::new(&app)];
        replicas[0].app.get("/Users").await.expect(200);
        replicas[0].recorder.flush().await;
        let news = replicas[0].recorder.news();
        let mut tail = Tail::open(app.request_log(), RequestFilter::default(), None, news).await.expect("opens");
        let sending = replicas.iter().map(|replica| async {
            for _ in 0..50 {
                replica.app.get("/Users").await.expect(200);
            }
            replica.recorder.flush().await;
        });
        let following = async {
            let mut rows = Vec::new();
            while rows.len() < 100 {
                rows.push(tail.next().await.expect("reads"));
            }
            rows
        };
        let (_, rows) = tokio::join!(futures_util::future::join_all(sending), following);
        assert!(rows.is_sorted_by(|one, other| one.seq < other.seq), "{rows:#?}");
        let mut ids: Vec<_> = rows.iter().map(|row| row.entry.request_id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 100);
        let next = tokio::time::timeout(Duration::from_millis(50), tail.next()).await;
        assert!(next.is_err(), "there are no more");
    }

    async fn entries_are_forgotten_by_age_and_by_number(app: App) {
        let log = app.request_log();
        let (first, recorder) = app.recording(app.request_log(), |options| options.days_max = 2);
        first.clock.advance(0);
        for _ in 0..5 {
            first.get("/Users").await.expect(200);
        }
        recorder.flush().await;
        first.clock.advance(DAY_MS);
        first.get("/Users").await.expect(200);
        recorder.close().await;
        let count = async || log.page(&RequestFilter::default(), None, 100).await.expect("reads").len();
        assert_eq!(count().await, 6, "none is too old");
        // A recorder looks at its start, and then now and then.
        first.clock.advance(DAY_MS + 1);
        let (second, recorder) = app.recording(app.request_log(), |options| options.days_max = 2);
        until(async || count().await == 1).await;
        for _ in 0..9 {
            second.get("/Users").await.expect(200);
        }
        recorder.close().await;
        assert_eq!(count().await, 10);
        let (_, recorder) = app.recording(app.request_log(), |options| options.rows_max = 4);
        until(async || count().await == 4).await;
        recorder.close().await;
        assert_eq!(count().await, 4);
    }

    async fn an_entry_of_a_time_to_come_keeps_no_older_one(app: App) {
        let recorded = Recorded::new(&app);
        recorded.app.get("/Users").await.expect(200);
        recorded.recorder.flush().await;
        let entry = page(&*recorded.log, &RequestFilter::default(), None, 1).await.expect("reads").swap_remove(0).entry;
        let at = |days: i64| RequestEntry { at: Timestamp(entry.at.0 + days * DAY_MS), ..entry.clone() };
        recorded.log.write(&[at(9), at(-9), at(-8), at(9), at(-7), at(-6)]).await.expect("writes");
        let mut forgotten = 0;
        for _ in 0..10 {
            forgotten += recorded.log.forget(at(-5).at, 1_000, 1).await.expect("forgets");
        }
        assert_eq!(forgotten, 4);
        assert_eq!(recorded.find(&RequestFilter::default()).await.len(), 3);
    }

    async fn requests_of_nobody_push_out_none_of_a_client(app: App) {
        let log = app.request_log();
        let (app, recorder) = app.recording(log.clone(), |options| options.rows_max = 200);
        for _ in 0..30 {
            app.send("GET", "/Users", &[("authorization", "")], "").await.expect(401);
        }
        app.get("/Users").await.expect(200);
        recorder.flush().await;
        let counters = recorder.counters();
        assert_eq!((counters.written, counters.dropped, counters.nobodys), (21, 0, 10));
        let rows = log.page(&RequestFilter::default(), None, 100).await.expect("reads");
        assert_eq!((rows.len(), rows[0].entry.status), (21, 200));
    }

    async fn a_creation_that_was_refused_names_no_resource(app: App) {
        let recorded = Recorded::new(&app);
        recorded.app.user("bjensen").await;
        let again = json!({ "schemas": [USER], "userName": "bjensen" });
        recorded.app.post("/Users", again).await.expect_error(409, "uniqueness");
        let entry = recorded.last().await;
        assert_eq!(parts(&entry, &["status", "resourceType", "resource"]), json!([409, "User", null]));
    }

    async fn a_log_that_is_broken_fails_no_request_and_goes_on_when_it_is_mended(app: App) {
        // Another file in place of the log's, and another table.
        if let Some(folder) = app.folder() {
            std::fs::write(folder.join("scimd-log.db"), "x".repeat(5_000)).expect("writes");
        }
        app.execute("SELECT 1", "ALTER TABLE requests RENAME TO others").await;
        let recorded = Recorded::new(&app);
        for number in 0..5 {
            recorded.app.user(&format!("user-{number}")).await;
        }
        recorded.recorder.flush().await;
        recorded.counters(0, 5);
        if let Some(folder) = app.folder() {
            std::fs::remove_file(folder.join("scimd-log.db")).expect("removes");
        }
        app.execute("SELECT 1", "ALTER TABLE others RENAME TO requests").await;
        recorded.app.user("another").await;
        assert_eq!(recorded.find(&RequestFilter::default()).await.len(), 1);
        recorded.counters(1, 5);
    }

    async fn a_queue_that_is_full_drops_and_counts_and_delays_nobody(app: App) {
        let log = Arc::new(Stuck { inner: app.request_log(), is_stuck: AtomicBool::new(true) });
        let (app, recorder) = app.recording(log.clone(), |options| (options.queue_max, options.batch_max) = (8, 4));
        for number in 0..100 {
            app.user(&format!("user-{number}")).await;
        }
        // A batch is being written, and the queue behind it is full.
        let counters = recorder.counters();
        assert_eq!((counters.written, counters.lost), (0, 0));
        assert!((88..=92).contains(&counters.dropped), "{counters:?}");
        assert_eq!(counters.waiting, 8);
        log.is_stuck.store(false, Ordering::Relaxed);
        recorder.flush().await;
        let after = recorder.counters();
        assert_eq!((after.written, after.dropped, after.lost, after.waiting), (100 - counters.dropped, counters.dropped, 0, 0));
    }
}

/// Waits for something that a task does in the background.
async fn until(holds: impl AsyncFn() -> bool) {
    let waited = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waited).await.expect("happens");
}

/// A log that does not come back from writing.
struct Stuck {
    inner: Arc<dyn RequestLog>,
    is_stuck: AtomicBool,
}

#[async_trait::async_trait]
impl RequestLog for Stuck {
    async fn write(&self, entries: &[RequestEntry]) -> Result<(), StoreError> {
        while self.is_stuck.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.inner.write(entries).await
    }

    async fn page(&self, filter: &RequestFilter, before: Option<i64>, limit: u32) -> Result<Vec<RequestRow>, StoreError> {
        self.inner.page(filter, before, limit).await
    }

    async fn between(&self, filter: &RequestFilter, after: i64, until: i64, limit: u32) -> Result<Vec<RequestRow>, StoreError> {
        self.inner.between(filter, after, until, limit).await
    }

    async fn last(&self) -> Result<i64, StoreError> {
        self.inner.last().await
    }

    async fn forget(&self, _: Timestamp, _: u64, _: u32) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
