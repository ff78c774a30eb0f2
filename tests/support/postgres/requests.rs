//! The request log while its readers wait.

use crate::PATIENCE;
use crate::open;
use crate::test_database::patient;
use crate::waiting::until_waiting;
use scimd::clock::Timestamp;
use scimd::store::postgres::PostgresRequests;
use scimd::store::requests::{RequestEntry, RequestFilter, RequestLog as _};
use std::sync::Arc;
use tokio::time::timeout;

/// What reads from now on waits for the lock 1; who writes notices nothing.
const READERS_WAIT: &str = "ALTER TABLE requests RENAME TO kept; \
     CREATE VIEW requests AS SELECT * FROM kept WHERE pg_advisory_lock_shared(1) IS NOT NULL; \
     CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN \
         INSERT INTO kept (at, request_id, directory_id, method, path, status, duration_us, detail) \
         VALUES (NEW.at, NEW.request_id, NEW.directory_id, NEW.method, NEW.path, NEW.status, NEW.duration_us, NEW.detail); \
         RETURN NEW; END'; \
     CREATE TRIGGER keep INSTEAD OF INSERT ON requests FOR EACH ROW EXECUTE FUNCTION keep()";

fn entry() -> RequestEntry {
    RequestEntry {
        at: Timestamp(1_764_000_000_000),
        request_id: uuid::Uuid::now_v7(),
        directory: None,
        token: None,
        token_name: None,
        method: "GET".into(),
        path: "/Users".into(),
        resource_type: None,
        resource: None,
        status: 200,
        duration_us: 1,
        filter: None,
        detail: "{}".into(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_the_request_log_keep_nobody_from_writing() {
    let (database, _store) = open().await;
    let log = Arc::new(PostgresRequests::new(&database.url, patient()).expect("a URL"));
    log.write(&[entry()]).await.expect("writes");
    let mut holder = database.connect().await;
    sqlx::raw_sql(READERS_WAIT).execute(&mut holder).await.expect("renames");
    sqlx::raw_sql("SELECT pg_advisory_lock(1)").execute(&mut holder).await.expect("locks");
    let reads: Vec<_> = (0..4)
        .map(|_| {
            let log = log.clone();
            tokio::spawn(async move { log.page(&RequestFilter::default(), None, 10).await.expect("reads").len() })
        })
        .collect();
    until_waiting(&database, 2).await;
    log.write(&[entry()]).await.expect("writes");
    sqlx::raw_sql("SELECT pg_advisory_unlock(1)").execute(&mut holder).await.expect("unlocks");
    for read in reads {
        assert!(timeout(PATIENCE, read).await.expect("goes on").expect("no panic") >= 1);
    }
    log.close().await;
}
