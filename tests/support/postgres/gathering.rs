//! Creations that come while others are being made: they are made together, and succeed or fail apart. Each case holds up two,
//! as many as there are statements at once, so that what comes then waits and is made together.

use crate::sample::*;
use crate::test_database::{TestDatabase, patient};
use crate::waiting::{begin_taking, until_waiting};
use crate::{PATIENCE, open};
use scimd::clock::Timestamp;
use scimd::id::{DirectoryId, ResourceId, TokenId};
use scimd::scim::resource::Gram;
use scimd::scim::schema::Uniqueness;
use scimd::store::postgres::{PostgresOptions, PostgresStore};
use scimd::store::{Basis, Bounds, Change, Commit, Committed, IndexRow, MatchKeys, NewResource, Source, Store as _, StoreError};
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

    /// Begins to create them, each behind the one before it.
    async fn gather(&self, news: impl IntoIterator<Item = NewResource>) -> Vec<Creating> {
        let mut created = Vec::new();
        for (number, new) in (1..).zip(news) {
            created.push(self.create(new));
            self.until_gathered(number).await;
        }
        created
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

    /// All that the tables have of some resources, but for the Directory and numbers that go up.
    async fn rows(&self, directory: DirectoryId, ids: &[uuid::Uuid]) -> serde_json::Value {
        sqlx::query_scalar(
            "SELECT jsonb_build_array( \
                (SELECT jsonb_agg(to_jsonb(r) - 'directory_id' ORDER BY id) FROM resources r \
                    WHERE directory_id = $1 AND id = ANY($2)), \
                (SELECT jsonb_agg(to_jsonb(v) - 'directory_id' ORDER BY resource_id, attribute, value) FROM attribute_values v \
                    WHERE directory_id = $1 AND resource_id = ANY($2)), \
                (SELECT jsonb_agg(to_jsonb(s) - 'directory_id' ORDER BY resource_id) FROM substrings s \
                    WHERE directory_id = $1 AND resource_id = ANY($2)), \
                (SELECT jsonb_agg(to_jsonb(e) - 'directory_id' - 'seq' ORDER BY seq) FROM events e \
                    WHERE directory_id = $1 AND resource_id = ANY($2)))",
        )
        .bind(directory.0)
        .bind(ids)
        .fetch_one(&mut self.database.connect().await)
        .await
        .expect("reads")
    }

    async fn counted(&self) -> i64 {
        sqlx::query_scalar("SELECT sum(resources)::bigint FROM counters WHERE directory_id = $1 AND resource_type = 'User'")
            .bind(self.directory.0)
            .fetch_one(&mut self.database.connect().await)
            .await
            .expect("counts")
    }
}

/// What became of them, in their order.
async fn outcomes(created: Vec<Creating>) -> Vec<Result<Committed, StoreError>> {
    let mut outcomes = Vec::new();
    for creating in created {
        outcomes.push(creating.await.expect("does not panic"));
    }
    outcomes
}

fn newcomer(name: &str) -> NewResource {
    NewResource { grams: vec![Gram(7)], ..user(name) }
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
    let created = case.gather((0..3).map(|_| newcomer("same"))).await;
    case.let_go().await;
    let outcomes = outcomes(created).await;
    let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    refused.into_iter().for_each(assert_taken);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_loses_a_race_among_those_that_are_made_together_loses_alone() {
    let mut case = Case::begin().await;
    let news: Vec<NewResource> = ["first", "raced", "last"].into_iter().map(newcomer).collect();
    let ids = [news[0].id, news[2].id];
    let created = case.gather(news).await;
    let mut racer = case.database.connect().await;
    begin_taking(&mut racer, case.directory, "userName", "raced").await;
    case.let_go().await;
    until_waiting(&case.database, 1).await;
    sqlx::raw_sql("COMMIT").execute(&mut racer).await.expect("commits");
    let outcomes = outcomes(created).await;
    let [Ok(_), Err(StoreError::Uniqueness { .. }), Ok(_)] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    case.transactions(&ids).await;
    assert_eq!(case.counted().await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_a_global_value_of_another_directory_is_refused_alone() {
    let mut case = Case::begin().await;
    let badge = |value: &str| IndexRow { attribute: "badge".into(), value: value.into(), uniqueness: Uniqueness::Global };
    let holder = |name: &str, value: &str| NewResource { index: vec![user_name_row(name), badge(value)], ..newcomer(name) };
    let other = fresh_directory(&*case.store).await;
    commit(&*case.store, other, Change::Create(Box::new(holder("alice", "taken")))).await.expect("creates");
    let news = [holder("first", "1"), holder("taken", "taken"), newcomer("plain"), holder("last", "2")];
    let ids = [0, 2, 3].map(|place: usize| news[place].id);
    let created = case.gather(news).await;
    case.let_go().await;
    let outcomes = outcomes(created).await;
    let [Ok(_), Err(StoreError::Uniqueness { attribute }), Ok(_), Ok(_)] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    assert_eq!(attribute, "badge");
    assert_eq!(case.transactions(&ids).await, 1, "one statement made the others");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_loses_the_race_for_a_global_value_loses_alone() {
    let mut case = Case::begin().await;
    let raced = IndexRow { attribute: "badge".into(), value: "raced".into(), uniqueness: Uniqueness::Global };
    let news = [newcomer("first"), NewResource { index: vec![raced.clone()], ..newcomer("raced") }, newcomer("last")];
    let ids = [news[0].id, news[2].id];
    let created = case.gather(news).await;
    let other = fresh_directory(&*case.store).await;
    let mut racer = case.database.connect().await;
    begin_taking(&mut racer, other, "badge", "raced").await;
    sqlx::raw_sql("UPDATE attribute_values SET is_global = true WHERE attribute = 'badge'")
        .execute(&mut racer)
        .await
        .expect("takes");
    case.let_go().await;
    until_waiting(&case.database, 1).await;
    sqlx::raw_sql("COMMIT").execute(&mut racer).await.expect("commits");
    let outcomes = outcomes(created).await;
    let [Ok(_), Err(StoreError::Uniqueness { .. }), Ok(_)] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    case.transactions(&ids).await;
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
async fn what_is_made_together_is_what_would_be_made_alone() {
    let mut case = Case::begin().await;
    let alone = fresh_directory(&*case.store).await;
    let row =
        |attribute: &str, value: &str, uniqueness| IndexRow { attribute: attribute.into(), value: value.into(), uniqueness };
    let whole = |name: &str, source, password_hash: Option<&str>| NewResource {
        index: vec![
            user_name_row(name),
            row("emails.value", "a@example.com", Uniqueness::None),
            row("badge", name, Uniqueness::Server),
        ],
        grams: vec![Gram(3), Gram(u32::MAX)],
        password_hash: password_hash.map(str::to_owned),
        source,
        match_keys: Some(MatchKeys { name: Some(name.into()), external_id: Some(format!("{name}-1")) }),
        ..user(name)
    };
    let users = [
        whole("first", Source::Provisioned, Some("$argon2id$1")),
        whole("second", Source::Manual, None),
        NewResource { index: vec![], keys: "{}".into(), ..user("third") },
    ];
    let commit = |number: i64, resource: &NewResource, bounds| Commit {
        actor: (number != 2).then_some(TokenId(number)),
        now: Timestamp(number),
        basis: Some(Basis { revision: number, building: false }),
        bounds,
        record: None,
        change: Change::Create(Box::new(resource.clone())),
    };
    // What there is a bound to is made alone.
    let bounded = Bounds { resources_max: Some(100), ..Bounds::default() };
    let mut created = Vec::new();
    for (number, resource) in (1..).zip(&users) {
        case.store.commit(alone, commit(number, resource, bounded)).await.expect("creates");
        let (store, directory, commit) = (case.store.clone(), case.directory, commit(number, resource, Bounds::default()));
        created.push(tokio::spawn(async move { store.commit(directory, commit).await }));
        case.until_gathered(number as u64).await;
    }
    case.let_go().await;
    for (number, creating) in (1..).zip(created) {
        let committed = creating.await.expect("does not panic").expect("creates");
        assert_eq!((committed.created, committed.last_modified), (Timestamp(number), Timestamp(number)));
    }
    let ids: Vec<_> = users.iter().map(|user| user.id.0).collect();
    let transactions: i64 = sqlx::query_scalar("SELECT count(DISTINCT xmin::text) FROM resources WHERE directory_id = $1")
        .bind(case.directory.0)
        .fetch_one(&mut case.database.connect().await)
        .await
        .expect("counts");
    assert_eq!(transactions, 1);
    assert_eq!(case.rows(case.directory, &ids).await, case.rows(alone, &ids).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_barred_among_those_that_are_made_together_is_refused_alone() {
    let mut case = Case::begin().await;
    for (name_key, external_key, barred) in
        [("alice", Some("a1"), "untilReassigned"), ("bob", None, "untilLifted"), ("carol", Some("c1"), "no")]
    {
        sqlx::query(
            "INSERT INTO tombstones (directory_id, resource_id, resource_type, at, version, barred, name, name_key, external_key) \
             VALUES ($1, $2, 'User', 1, 1, $3, $4, $4, $5)",
        )
        .bind(case.directory.0)
        .bind(ResourceId::generate().0)
        .bind(barred)
        .bind(name_key)
        .bind(external_key)
        .execute(&mut case.database.connect().await)
        .await
        .expect("inserts");
    }
    let mut created = Vec::new();
    for (name, external_id, is_barred) in [
        ("alice", None, true),
        ("renamed", Some("a1"), true),
        ("bob", Some("b1"), true),
        ("alice", Some("a2"), false),
        ("carol", Some("c1"), false),
    ] {
        let keys = MatchKeys { name: Some(name.into()), external_id: external_id.map(str::to_owned) };
        let index = vec![user_name_row(&format!("{name} {external_id:?}"))];
        created.push((case.create(NewResource { match_keys: Some(keys), index, ..user(name) }), is_barred));
        case.until_gathered(created.len() as u64).await;
    }
    case.let_go().await;
    for (creating, is_barred) in created {
        let outcome = creating.await.expect("does not panic");
        assert_eq!(matches!(outcome, Err(StoreError::Barred)), is_barred, "{outcome:?}");
        assert_eq!(outcome.is_ok(), !is_barred);
    }
    assert_eq!(case.counted().await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_documents_are_made_by_several_statements() {
    let mut case = Case::begin().await;
    let large =
        |number: u64| NewResource { document: format!("{{\"a\":\"{}\"}}", "x".repeat(200_000)), ..newcomer(&number.to_string()) };
    let news: Vec<NewResource> = (0..12).map(large).collect();
    let ids: Vec<ResourceId> = news.iter().map(|new| new.id).collect();
    let created: Vec<Creating> = news.into_iter().map(|new| case.create(new)).collect();
    case.until_gathered(12).await;
    case.let_go().await;
    for creating in created {
        creating.await.expect("does not panic").expect("creates");
    }
    assert_eq!(case.transactions(&ids).await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_as_many_wait_as_may_the_next_is_made_alone() {
    let mut case = Case::begin().await;
    let gathered: Vec<Creating> = (0..512).map(|number| case.create(newcomer(&format!("gathered{number}")))).collect();
    case.until_gathered(512).await;
    case.create(newcomer("next")).await.expect("does not panic").expect("creates while all others wait");
    case.let_go().await;
    for creating in gathered {
        creating.await.expect("does not panic").expect("creates");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_is_held_holds_up_those_alone_who_want_it() {
    let mut case = Case::begin().await;
    let options = PostgresOptions { held_up_after: Duration::from_millis(20), ..patient() };
    case.store = Arc::new(PostgresStore::open(&case.database.url, options).await.expect("opens"));
    for round in 0..3 {
        let wanting = case.create(user("held"));
        case.held_up.push(wanting);
        let others: Vec<Creating> = (0..8).map(|number| case.create(newcomer(&format!("{round}-{number}")))).collect();
        let wanting = case.create(user("held"));
        case.held_up.push(wanting);
        for creating in others {
            let created = tokio::time::timeout(PATIENCE / 2, creating).await;
            created.expect("is not held up").expect("does not panic").expect("creates");
        }
    }
    assert!(case.held_up.iter().all(|creating| !creating.is_finished()));
    case.let_go().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_a_server_that_is_not_there_waits_little_longer_than_the_first() {
    let mut case = Case::begin().await;
    // One connection, which a creation holds that waits for a lock: there is none for others.
    let (acquire_timeout, held_up_after) = (Duration::from_secs(2), Duration::from_millis(20));
    let options = PostgresOptions { connections_max: 1, acquire_timeout, held_up_after, ..patient() };
    case.store = Arc::new(PostgresStore::open(&case.database.url, options).await.expect("opens"));
    case.held_up.push(case.create(user("held")));
    until_waiting(&case.database, 3).await;
    let started = Instant::now();
    // As many as five statements make, which would be ten seconds one after the other.
    let created: Vec<Creating> = (0..320).map(|number| case.create(newcomer(&format!("new{number}")))).collect();
    for creating in created {
        let outcome = creating.await.expect("does not panic");
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    }
    assert!(started.elapsed() < 2 * acquire_timeout, "{:?}", started.elapsed());
    case.let_go().await;
}
