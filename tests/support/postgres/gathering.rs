//! Creations that come while others are being made: they are made together, and succeed or fail apart. Each case holds up two,
//! as many as there are statements at once, so that what comes then waits and is made together.

use crate::sample::*;
use crate::test_database::{TestDatabase, patient};
use crate::waiting::{begin_taking, until_waiting};
use crate::{PATIENCE, open};
use scimd::id::{DirectoryId, ResourceId};
use scimd::store::postgres::{PostgresOptions, PostgresStore};
use scimd::store::{Basis, Bounds, Change, Commit, Committed, NewResource, Store as _, StoreError};
use sqlx::PgConnection;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// A creation on its way.
type Creating = JoinHandle<Result<Committed, StoreError>>;

struct Case {
    database: TestDatabase,
    store: Arc<PostgresStore>,
    directory: DirectoryId,
    /// Holds the value that the first two wait for.
    holder: PgConnection,
    held_up: Vec<Creating>,
}

impl Case {
    async fn begin() -> Self {
        let (database, store) = open().await;
        let directory = fresh_directory(&*store).await;
        let mut holder = database.connect().await;
        begin_taking(&mut holder, directory, "userName", "held").await;
        let mut case = Self { database, store, directory, holder, held_up: Vec::new() };
        for _ in 0..2 {
            let creating = case.create(user("held"));
            case.held_up.push(creating);
        }
        until_waiting(&case.database, 2).await;
        case
    }

    fn create(&self, resource: NewResource) -> Creating {
        self.create_by(resource, None)
    }

    fn create_by(&self, resource: NewResource, basis: Option<Basis>) -> Creating {
        let (store, directory) = (self.store.clone(), self.directory);
        let change = Change::Create(Box::new(resource));
        let commit = Commit { actor: None, now: NOW, basis, bounds: Bounds::default(), record: None, change };
        tokio::spawn(async move { store.commit(directory, commit).await })
    }

    /// Returns when so many wait to be made together.
    async fn until_gathered(&self, count: u64) {
        let deadline = Instant::now() + PATIENCE;
        while self.store.load().writes_waiting != count {
            assert!(Instant::now() < deadline, "{} of {count} wait", self.store.load().writes_waiting);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Lets the first two go: the value that they wait for is taken.
    async fn let_go(&mut self) {
        sqlx::raw_sql("COMMIT").execute(&mut self.holder).await.expect("commits");
        for creating in self.held_up.drain(..) {
            assert_taken(creating.await.expect("does not panic"));
        }
    }

    /// How many transactions made these, all of which are there with their rows in all tables.
    async fn transactions(&self, ids: &[ResourceId]) -> i64 {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let (there, transactions): (i64, i64) = sqlx::query_as(
            "SELECT count(*), count(DISTINCT r.xmin::text) FROM resources r \
             JOIN attribute_values v ON v.directory_id = r.directory_id AND v.resource_id = r.id AND v.attribute = 'userName' \
             JOIN substrings s ON s.directory_id = r.directory_id AND s.resource_id = r.id AND s.grams[1] = 7 \
             JOIN events e ON e.directory_id = r.directory_id AND e.resource_id = r.id AND e.kind = 'create' \
             WHERE r.directory_id = $1 AND r.id = ANY($2)",
        )
        .bind(self.directory.0)
        .bind(&ids)
        .fetch_one(&mut self.database.connect().await)
        .await
        .expect("counts");
        assert_eq!(there, ids.len() as i64);
        transactions
    }

    async fn counted(&self) -> i64 {
        sqlx::query_scalar("SELECT sum(resources)::bigint FROM counters WHERE directory_id = $1 AND resource_type = 'User'")
            .bind(self.directory.0)
            .fetch_one(&mut self.database.connect().await)
            .await
            .expect("counts")
    }
}

fn newcomer(name: &str) -> NewResource {
    NewResource { grams: vec![scimd::scim::resource::Gram(7)], ..user(name) }
}

fn assert_taken(outcome: Result<Committed, StoreError>) {
    match outcome {
        Err(StoreError::Uniqueness { attribute }) => assert_eq!(attribute, "userName"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creations_that_come_together_are_made_by_one_statement_and_fail_apart() {
    let mut case = Case::begin().await;
    // Another path than the one that is held up.
    let taken = NewResource { resource_type: "Other".into(), ..user("taken") };
    commit(&*case.store, case.directory, Change::Create(Box::new(taken))).await.expect("creates");
    let there: Vec<Creating> = (0..3).map(|_| case.create(user("held"))).collect();
    case.until_gathered(3).await;
    let old = case.create_by(newcomer("old"), Some(Basis { revision: -1, building: false }));
    let news: Vec<NewResource> = (0..20).map(|number| newcomer(&format!("new{number}"))).collect();
    let ids: Vec<ResourceId> = news.iter().map(|new| new.id).collect();
    let created: Vec<Creating> = news.into_iter().map(|new| case.create(new)).collect();
    case.until_gathered(24).await;
    case.let_go().await;
    for creating in there {
        assert_taken(creating.await.expect("does not panic"));
    }
    let old = old.await.expect("does not panic");
    assert!(matches!(old, Err(StoreError::SchemasChanged)), "{old:?}");
    for creating in created {
        let committed = creating.await.expect("does not panic").expect("creates");
        assert_eq!((committed.version, committed.created, committed.changed), (1, NOW, true));
    }
    // Those with one value go one after the other, so the queue may be cut in a few pieces, not in twenty.
    let transactions = case.transactions(&ids).await;
    assert!(transactions <= 4, "{transactions}");
    assert_eq!(case.counted().await, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_that_come_together_with_one_value_the_first_gets_it() {
    let mut case = Case::begin().await;
    let mut created = Vec::new();
    for waiting in 1..=3 {
        created.push(case.create(newcomer("same")));
        case.until_gathered(waiting).await;
    }
    case.let_go().await;
    let mut outcomes = Vec::new();
    for creating in created {
        outcomes.push(creating.await.expect("does not panic"));
    }
    let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    refused.into_iter().for_each(assert_taken);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_loses_a_race_among_those_that_are_made_together_loses_alone() {
    let mut case = Case::begin().await;
    let news: Vec<NewResource> = ["first", "raced", "last"].into_iter().map(newcomer).collect();
    let ids = [news[0].id, news[2].id];
    let mut created = Vec::new();
    for (number, new) in (1..).zip(news) {
        created.push(case.create(new));
        case.until_gathered(number).await;
    }
    let mut racer = case.database.connect().await;
    begin_taking(&mut racer, case.directory, "userName", "raced").await;
    case.let_go().await;
    until_waiting(&case.database, 1).await;
    sqlx::raw_sql("COMMIT").execute(&mut racer).await.expect("commits");
    let mut outcomes = Vec::new();
    for creating in created {
        outcomes.push(creating.await.expect("does not panic"));
    }
    let [Ok(_), Err(StoreError::Uniqueness { .. }), Ok(_)] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    case.transactions(&ids).await;
    assert_eq!(case.counted().await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_hangs_up_while_waiting_is_created_all_the_same() {
    let mut case = Case::begin().await;
    let new = newcomer("gone");
    let id = new.id;
    let creating = case.create(new);
    case.until_gathered(1).await;
    creating.abort();
    creating.await.expect_err("is aborted");
    let last = case.create(newcomer("last"));
    case.until_gathered(2).await;
    case.let_go().await;
    last.await.expect("does not panic").expect("creates");
    assert!(case.store.get(case.directory, "User", id).await.expect("reads").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_a_server_that_is_not_there_waits_no_longer_than_the_first() {
    let mut case = Case::begin().await;
    // One connection, which a creation holds that waits for a lock: there is none for others.
    let options = PostgresOptions { connections_max: 1, acquire_timeout: Duration::from_millis(500), ..patient() };
    case.store = Arc::new(PostgresStore::open(&case.database.url, options).await.expect("opens"));
    case.held_up.push(case.create(user("held")));
    until_waiting(&case.database, 3).await;
    let created: Vec<Creating> = (0..8).map(|number| case.create(newcomer(&format!("new{number}")))).collect();
    for creating in created {
        let outcome = creating.await.expect("does not panic");
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    }
    case.let_go().await;
}
