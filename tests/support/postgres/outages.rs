//! Sessions that die, callers that hang up, servers that are not there.

use crate::sample::*;
use crate::test_database::{TestDatabase, patient};
use crate::{PATIENCE, open};
use scimd::id::ResourceId;
use scimd::store::postgres::{PostgresOptions, PostgresStore};
use scimd::store::{Basis, Bounds, Change, Commit, MemberChange, Store, StoreError};
use sqlx::PgConnection;
use std::time::{Duration, Instant};

/// Ends all sessions on the database but this one.
async fn terminate_sessions(connection: &mut PgConnection) -> i64 {
    sqlx::query_scalar(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .fetch_one(connection)
    .await
    .expect("terminates")
}

/// Waits until no other session on the database is one of those that `which` says.
async fn until_none(connection: &mut PgConnection, which: &'static str) {
    let sessions = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
         AND backend_type = 'client backend' AND {which}"
    );
    let deadline = Instant::now() + PATIENCE;
    loop {
        let there: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sessions.as_str())).fetch_one(&mut *connection).await.expect("counts");
        if there == 0 {
            return;
        }
        assert!(Instant::now() < deadline, "{there} sessions stay: {which}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_all_sessions_were_terminated_at_most_one_operation_fails() {
    let (database, store) = open().await;
    let directory = fresh_directory(&*store).await;
    let mut connection = database.connect().await;
    for round in 0..5 {
        let mut opened = Vec::new();
        for number in 0..8 {
            let store = store.clone();
            let user = user(&format!("user{round}-{number}"));
            opened
                .push(tokio::spawn(async move { commit(&*store, directory, Change::Create(Box::new(user))).await.map(|_| ()) }));
        }
        for creating in opened {
            creating.await.expect("does not panic").expect("creates");
        }
        assert!(terminate_sessions(&mut connection).await > 0);
        let mut failed = 0;
        for _ in 0..20 {
            match store.directory("none").await {
                Ok(found) => assert_eq!(found, None),
                Err(StoreError::Unavailable(_)) => failed += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
        assert!(failed <= 1, "{failed} failed in round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_is_refused_in_a_transaction_costs_no_session() {
    let (database, store) = open().await;
    let directory = fresh_directory(&*store).await;
    let (alice, bob) = (create_user(&*store, directory, "alice").await, create_user(&*store, directory, "bob").await);
    let mut connection = database.connect().await;
    let mut sessions = async || -> Vec<i32> {
        sqlx::query_scalar(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'scimd' ORDER BY pid",
        )
        .fetch_all(&mut connection)
        .await
        .expect("lists")
    };
    let before = sessions().await;
    assert!(!before.is_empty());
    let bounds = Bounds { resources_max: Some(10), ..Bounds::default() };
    let basis = Some(Basis { revision: 0, building: true });
    let taken = [
        (None, bounds, Change::Create(Box::new(user("alice")))),
        (basis, Bounds::default(), updated(rename_user(bob, 1, "bob", "alice"))),
    ];
    for (basis, bounds, change) in taken {
        let commit = Commit { actor: None, now: NOW, basis, bounds, record: None, change };
        let refused = store.commit(directory, commit).await;
        assert!(matches!(refused, Err(StoreError::Uniqueness { .. })), "{refused:?}");
    }
    assert_eq!(sessions().await, before);
    assert_eq!(get(&*store, directory, "User", alice).await.version, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_died_while_idle_are_noticed_before_use() {
    let (database, store) = open().await;
    let mut connection = database.connect().await;
    store.ping().await.expect("answers");
    assert!(terminate_sessions(&mut connection).await > 0);
    until_none(&mut connection, "TRUE").await;
    // So that the store has not used it for some time.
    tokio::time::sleep(Duration::from_millis(200)).await;
    store.ping().await.expect("answers by another session");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_hang_up_leave_no_transaction_open() {
    let (database, store) = open().await;
    let directory = fresh_directory(&*store).await;
    let mut users = Vec::new();
    for number in 0..20 {
        users.push(create_user(&*store, directory, &format!("user{number}")).await);
    }
    let group = create_group(&*store, directory, "staff", &[]).await;
    let mut calls = Vec::new();
    for number in 0..400_u64 {
        let store = store.clone();
        let member = users[number as usize % users.len()];
        let call = tokio::spawn(async move {
            match number % 4 {
                0 => commit(&*store, directory, Change::Create(Box::new(user(&format!("more{number}"))))).await.map(|_| ()),
                1 => commit(&*store, directory, updated(change_members(group, add(&[member])))).await.map(|_| ()),
                // Removals that were outrun run in a transaction.
                2 => commit(&*store, directory, updated(change_members(group, remove(&[member])))).await.map(|_| ()),
                _ => store.members(directory, group, None, 100).await.map(|_| ()),
            }
        });
        let moment = Duration::from_micros(number * 7919 % 3000);
        calls.push(tokio::spawn(async move {
            tokio::time::sleep(moment).await;
            call.abort();
        }));
    }
    for call in calls {
        call.await.expect("does not panic");
    }
    for number in 0..100 {
        create_user(&*store, directory, &format!("clean{number}")).await;
    }
    // What was begun goes on without its callers, and then no session of the store is in a transaction.
    let mut connection = database.connect().await;
    until_none(&mut connection, "state LIKE 'idle in transaction%'").await;
    store.close().await;
    // In a transaction that was open they would be gone with the session.
    let clean: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM resources WHERE directory_id = $1 AND resource_type = 'User' AND document LIKE '%clean%'",
    )
    .bind(directory.0)
    .fetch_one(&mut connection)
    .await
    .expect("counts");
    assert_eq!(clean, 100);
    let (version, events): (i64, i64) = sqlx::query_as(
        "SELECT r.version, (SELECT count(*) FROM events e WHERE e.directory_id = $1 AND e.resource_id = $2) \
         FROM resources r WHERE r.directory_id = $1 AND r.id = $2",
    )
    .bind(directory.0)
    .bind(group.0)
    .fetch_one(&mut connection)
    .await
    .expect("is there");
    assert_eq!(version, events);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_within_the_timeout() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("has one").port();
    drop(listener);
    let options = PostgresOptions { acquire_timeout: Duration::from_millis(300), ..patient() };
    let began = Instant::now();
    let opened = PostgresStore::open(&format!("postgres://scimd@127.0.0.1:{port}/scimd"), options).await;
    assert!(matches!(opened, Err(StoreError::Unavailable(_))), "{opened:?}");
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_unavailable_within_the_timeout() {
    // Accepts connections, by its backlog, and says nothing.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("has one").port();
    let options = PostgresOptions { acquire_timeout: Duration::from_millis(300), ..patient() };
    let began = Instant::now();
    let opened = PostgresStore::open(&format!("postgres://scimd@127.0.0.1:{port}/scimd"), options).await;
    assert!(matches!(opened, Err(StoreError::Unavailable(_))), "{opened:?}");
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

#[tokio::test]
async fn when_all_connections_are_in_use_callers_wait_no_longer_than_the_timeout() {
    let (database, _) = open().await;
    // Connecting has to be done in that time, too.
    let options = PostgresOptions { connections_max: 1, acquire_timeout: Duration::from_secs(3), ..patient() };
    let store = PostgresStore::open(&database.url, options).await.expect("opens");
    let mut connection = database.connect().await;
    sqlx::raw_sql("BEGIN; LOCK TABLE directories").execute(&mut connection).await.expect("locks");
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.directory("none").await }
    });
    crate::waiting::until_one_waits(&database).await;
    let refused = store.ping().await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    sqlx::raw_sql("COMMIT").execute(&mut connection).await.expect("commits");
    assert_eq!(waiting.await.expect("does not panic").expect("answers"), None);
    store.ping().await.expect("answers");
}

#[tokio::test]
async fn a_server_without_durability_is_refused() {
    let database = TestDatabase::create().await;
    let url = format!("{}?options=-c%20synchronous_commit%3Doff", database.url);
    let opened = PostgresStore::open(&url, patient()).await;
    let Err(StoreError::Unavailable(error)) = opened else { panic!("{opened:?}") };
    assert!(error.to_string().contains("synchronous_commit off"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_together_on_an_empty_database_all_succeed() {
    let database = TestDatabase::create().await;
    let mut stores = Vec::new();
    for _ in 0..4 {
        stores.push(PostgresStore::open(&database.url, patient()).await.expect("opens"));
    }
    assert_eq!(stores[0].pending_migrations().await.expect("answers").first().map(String::as_str), Some("0001_init"));
    let migrating: Vec<_> = stores.iter().cloned().map(|store| tokio::spawn(async move { store.migrate().await })).collect();
    for replica in migrating {
        replica.await.expect("does not panic").expect("migrates");
    }
    for store in stores {
        assert_eq!(store.pending_migrations().await.expect("answers"), Vec::<String>::new());
        let directory = fresh_directory(&store).await;
        let group = create_group(&store, directory, "staff", &[]).await;
        let clear = MemberChange { clear: true, ..MemberChange::default() };
        commit(&store, directory, updated(change_members(group, clear))).await.expect("works");
        assert_eq!(store.get(directory, "User", ResourceId::generate()).await.expect("answers"), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_was_left_half_built_is_built_anew() {
    let (database, store) = open().await;
    let mut connection = database.connect().await;
    let interrupted = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'attribute_values_global'::regclass; \
         DELETE FROM _sqlx_migrations WHERE description = 'global values index'";
    sqlx::raw_sql(interrupted).execute(&mut connection).await.expect("is the server's superuser");
    assert_eq!(store.pending_migrations().await.expect("answers"), ["0014_global_values_index"]);
    store.migrate().await.expect("migrates");
    let valid: Vec<bool> = sqlx::query_scalar(
        "SELECT indisvalid AND indisunique FROM pg_index WHERE indexrelid = 'attribute_values_global'::regclass",
    )
    .fetch_all(&mut connection)
    .await
    .expect("reads");
    assert_eq!(valid, [true]);
}
