//! What is particular to SQLite; the contract is in `tests/store_contract.rs`.

use super::batch::Transaction;
use super::connect::Database;
use super::{SqliteOptions, SqliteRequests, SqliteStore};
use crate::clock::Timestamp;
use crate::store::audit::{Actor, AuditEntry};
use crate::store::budget::ScanBudget;
use crate::store::operator::Operation;
use crate::store::requests::RequestLog;
use crate::store::{OperatorStore, Store, StoreError};
use sqlx::{Connection, Row, SqliteConnection};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

const NOW: Timestamp = Timestamp(1_764_000_000_000);

/// A place for a file that does not exist yet.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a temporary directory") }
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.directory.path().join("scimd.db").display())
    }

    async fn open(&self) -> SqliteStore {
        // Short, so that the tests that run into a lock do not wait.
        let options = SqliteOptions { busy_timeout: Duration::from_millis(300), ..SqliteOptions::default() };
        SqliteStore::open(&self.url(), options).await.expect("opens")
    }

    async fn open_migrated(&self) -> SqliteStore {
        let store = self.open().await;
        store.migrate().await.expect("migrates");
        store
    }

    /// A connection that knows nothing of the store, as another program would have.
    async fn foreign_connection(&self) -> SqliteConnection {
        SqliteConnection::connect(&self.url()).await.expect("connects")
    }
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.expect(sql);
}

#[tokio::test]
async fn a_database_in_memory_is_refused() {
    for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite://x?mode=memory"] {
        let refused = SqliteStore::open(url, SqliteOptions::default()).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{url}: {refused:?}");
    }
}

#[cfg(unix)]
/// Shows S-9.3-04.
#[tokio::test]
async fn a_new_file_and_its_log_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let _store = place.open_migrated().await;
    for name in ["scimd.db", "scimd.db-wal", "scimd.db-shm"] {
        let metadata = std::fs::metadata(place.directory.path().join(name)).expect(name);
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn all_connections_are_durable_and_readers_cannot_write() {
    let place = Place::new();
    let store = place.open_migrated().await;
    let mut readers = Vec::new();
    for _ in 0..store.readers.options().get_max_connections() {
        readers.push(store.readers.acquire().await.expect("a reader"));
    }
    for reader in &mut readers {
        let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut **reader).await.expect("answers");
        assert_eq!(synchronous, 2);
        sqlx::query("DELETE FROM resources").execute(&mut **reader).await.expect_err("a reader cannot write");
    }
    let mut writer = store.database.connect().await.expect("a writer");
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut writer).await.expect("answers");
    assert_eq!(synchronous, 2);
}

#[tokio::test]
async fn a_connection_that_is_not_durable_is_refused() {
    let place = Place::new();
    let _store = place.open_migrated().await;
    let mut connection = place.foreign_connection().await;
    super::connect::check(&mut connection, false).await.expect("as it should be");
    for sql in ["PRAGMA synchronous = NORMAL", "PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF"] {
        run(&mut connection, sql).await;
        super::connect::check(&mut connection, false).await.expect_err(sql);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_together_on_no_file_all_come_up() {
    let place = Arc::new(Place::new());
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let place = place.clone();
            tokio::spawn(async move {
                let store = SqliteStore::open(&place.url(), SqliteOptions::default()).await?;
                store.migrate().await?;
                store.pending_migrations().await
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.expect("does not panic").expect("migrates"), Vec::<String>::new());
    }
}

#[tokio::test]
async fn migrations_are_pending_until_they_are_applied() {
    let place = Place::new();
    let store = place.open().await;
    assert_eq!(store.pending_migrations().await.expect("answers").first().map(String::as_str), Some("0001_init"));
    store.migrate().await.expect("migrates");
    assert_eq!(store.pending_migrations().await.expect("answers"), Vec::<String>::new());
}

fn entry() -> AuditEntry {
    AuditEntry {
        actor: Actor::server(),
        at: NOW,
        act: "token.create",
        directory: None,
        target: String::new(),
        target_name: String::new(),
        before: None,
        after: None,
    }
}

#[tokio::test]
async fn a_change_that_another_process_locks_out_fails_and_the_next_one_works() {
    let place = Place::new();
    let store = place.open_migrated().await;
    let mut other = place.foreign_connection().await;
    run(&mut other, "BEGIN IMMEDIATE").await;
    let refused = store.operate(Operation::Record, entry()).await;
    assert!(matches!(refused, Err(StoreError::Contention(_))), "{refused:?}");
    run(&mut other, "ROLLBACK").await;
    store.operate(Operation::Record, entry()).await.expect("works again");
}

/// Runs jobs in one transaction on `connection`, and gives their answers.
async fn batch(
    database: &Database,
    connection: &mut Option<SqliteConnection>,
    jobs: &[&'static str],
) -> Vec<Result<(), StoreError>> {
    let mut transaction = Transaction::new(database, connection);
    let mut answers = Vec::new();
    for &sql in jobs {
        let (reply, answer) = oneshot::channel();
        let job = async |connection: &mut SqliteConnection| {
            super::batch::execute(connection, "RELEASE job; SAVEPOINT job").await?;
            super::batch::execute(connection, sql).await
        };
        transaction.run(reply, job).await;
        answers.push(answer);
    }
    transaction.finish().await;
    let mut outcomes = Vec::new();
    for answer in answers {
        outcomes.push(answer.await.expect("is answered"));
    }
    outcomes
}

async fn count(connection: &mut Option<SqliteConnection>) -> i64 {
    let connection = connection.as_mut().expect("is there");
    sqlx::query_scalar("SELECT count(*) FROM counters").fetch_one(connection).await.expect("answers")
}

const ONE: &str = "INSERT INTO counters VALUES (1, 'User', 0, 1)";
const ONE_AND_A_MISTAKE: &str = "INSERT INTO counters VALUES (3, 'User', 0, 1); INSERT INTO counters VALUES (1, 'User', 0, 1)";
const TWO: &str = "INSERT INTO counters VALUES (2, 'User', 0, 1)";

#[tokio::test]
async fn a_refused_job_undoes_only_itself() {
    let place = Place::new();
    let store = place.open_migrated().await;
    let mut connection = Some(store.database.connect().await.expect("connects"));
    let outcomes = batch(&store.database, &mut connection, &[ONE, ONE_AND_A_MISTAKE, TWO]).await;
    assert!(matches!(outcomes.as_slice(), [Ok(()), Err(StoreError::Database(_)), Ok(())]), "{outcomes:?}");
    assert_eq!(count(&mut connection).await, 2);
}

#[tokio::test]
async fn if_the_transaction_fails_no_job_is_acknowledged() {
    let place = Place::new();
    let store = place.open_migrated().await;
    let mut connection = Some(store.database.connect().await.expect("connects"));
    // The second job takes the transaction away from under the others.
    let outcomes = batch(&store.database, &mut connection, &[ONE, "ROLLBACK", TWO]).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(StoreError::Unavailable(_)))), "{outcomes:?}");
    let outcomes = batch(&store.database, &mut connection, &[TWO]).await;
    assert!(matches!(outcomes.as_slice(), [Ok(())]), "{outcomes:?}");
    assert_eq!(count(&mut connection).await, 1);
}

#[tokio::test]
async fn a_full_disk_refuses_changes_until_there_is_space() {
    const LARGE: &str = "INSERT INTO directories (name, provider, settings, created) \
                         VALUES ('large', 'okta', hex(zeroblob(1000000)), 0)";
    let place = Place::new();
    let store = place.open_migrated().await;
    let mut connection = store.database.connect().await.expect("connects");
    // SQLite takes the present size as the least maximum.
    run(&mut connection, "PRAGMA max_page_count = 1").await;
    let mut connection = Some(connection);
    let outcomes = batch(&store.database, &mut connection, &[ONE, LARGE, TWO]).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(StoreError::Full(_)))), "{outcomes:?}");
    assert_eq!(count(&mut connection).await, 0);
    assert_eq!(store.directories(None, 10).await.expect("reads go on"), []);
    run(connection.as_mut().expect("was kept"), "PRAGMA max_page_count = 100000").await;
    let outcomes = batch(&store.database, &mut connection, &[ONE, LARGE, TWO]).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
}

#[tokio::test]
async fn a_lost_connection_is_replaced() {
    let place = Place::new();
    let store = place.open_migrated().await;
    let mut connection = None;
    let outcomes = batch(&store.database, &mut connection, &[ONE]).await;
    assert!(matches!(outcomes.as_slice(), [Ok(())]), "{outcomes:?}");
    assert_eq!(count(&mut connection).await, 1);
}

#[tokio::test]
async fn no_statement_searches_a_directory_for_what_it_could_look_up() {
    let place = Place::new();
    let _store = place.open_migrated().await;
    let mut connection = place.foreign_connection().await;
    run(&mut connection, super::batch::NOTES).await;
    let scripts = super::change::STATEMENTS.iter().chain(super::read::STATEMENTS).chain(super::transfer::STATEMENTS);
    for script in scripts.chain(&[super::definitions::TAKEN_ELSEWHERE]) {
        for statement in script.split(';').filter(|sql| !sql.contains("SAVEPOINT") && !sql.contains("job")) {
            let sql = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
            let rows = sqlx::query(sql).fetch_all(&mut connection).await.expect(statement);
            for row in rows {
                let step: String = row.get("detail");
                let list = step.contains("VIRTUAL TABLE") || ["SCAN walk", "SCAN reached", "SCAN listed"].contains(&&*step);
                let scans = step.starts_with("SCAN") && !list && step != "SCAN CONSTANT ROW";
                let half = step.ends_with("(directory_id=?)") || step.ends_with("(directory_id=? AND resource_type=?)");
                assert!(!scans && !half, "{step}: {statement}");
            }
        }
    }
}

/// A statement that has no end of its own.
const ENDLESS: &str = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT count(*) FROM numbers";

/// A store with one connection that reads.
async fn open_with_one_reader(place: &Place) -> SqliteStore {
    let options = SqliteOptions { readers_max: 1, ..SqliteOptions::default() };
    let store = SqliteStore::open(&place.url(), options).await.expect("opens");
    store.migrate().await.expect("migrates");
    store
}

/// More instructions than there are between two looks at the clock.
async fn count_to_a_million(store: &SqliteStore) -> i64 {
    const COUNT: &str =
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT 1000000) SELECT count(*) FROM numbers";
    sqlx::query_scalar(COUNT).fetch_one(&store.readers).await.expect("nothing ends it")
}

#[tokio::test]
async fn a_statement_ends_when_its_time_is_up_and_its_connection_serves_on() {
    let place = Place::new();
    let store = open_with_one_reader(&place).await;
    for _ in 0..3 {
        let mut budget = ScanBudget::new(Duration::from_millis(20));
        let ended = super::scan::fetch_all(&store.readers, sqlx::query(ENDLESS), &mut budget).await.map(|rows| rows.len());
        assert!(matches!(ended, Err(StoreError::TooMany { limit }) if limit == Duration::from_millis(20)), "{ended:?}");
        assert!(budget.spent() >= Some(Duration::from_millis(20)) && budget.left() == Duration::ZERO);
        assert_eq!(count_to_a_million(&store).await, 1_000_000);
    }
    assert_eq!(store.readers.size(), 1);
}

#[tokio::test]
async fn a_statement_ends_when_nobody_waits_for_it_any_more() {
    let place = Place::new();
    let store = open_with_one_reader(&place).await;
    for _ in 0..3 {
        let mut budget = ScanBudget::new(Duration::from_secs(3_600));
        let statement = super::scan::fetch_all(&store.readers, sqlx::query(ENDLESS), &mut budget);
        tokio::time::timeout(Duration::from_millis(20), statement)
            .await
            .map(|rows| rows.map(|rows| rows.len()))
            .expect_err("no end");
        // If it went on there would be no connection.
        assert_eq!(count_to_a_million(&store).await, 1_000_000);
    }
}

#[tokio::test]
async fn the_request_log_is_read_while_somebody_writes_it() {
    let place = Place::new();
    let file = place.directory.path().join("log.db");
    // Short: who waited for a lock would fail.
    let log = SqliteRequests::new(&file, Duration::from_millis(1));
    assert_eq!(log.last().await.expect("the file is made"), 0);
    let mut other = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.expect("connects");
    run(&mut other, "BEGIN IMMEDIATE").await;
    assert_eq!(log.last().await.expect("reads"), 0);
    run(&mut other, "ROLLBACK").await;
    other.close().await.expect("closes");
    // A file that is gone is made anew.
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(place.directory.path().join(format!("log.db{end}")));
    }
    assert!(log.last().await.is_err(), "it was there");
    assert_eq!(log.last().await.expect("it is made anew"), 0);
}
