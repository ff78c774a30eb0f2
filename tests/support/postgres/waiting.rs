//! Changes that wait for each other. Each case holds a lock past the store, lets a change run into it, and goes on when
//! the server says that the change waits.

use crate::sample::*;
use crate::test_database::{TestDatabase, patient};
use crate::{PATIENCE, open};
use scimd::id::{DirectoryId, ResourceId};
use scimd::scim::filter::{Filter, FilterOptions};
use scimd::scim::schema::{Registry, Uniqueness};
use scimd::scim::{ErrorKind, ScimError, Tolerance};
use scimd::store::postgres::{PostgresOptions, PostgresStore};
use scimd::store::{
    Basis, Bounds, Change, Commit, DefinitionChange, DefinitionKind, IndexRow, MemberChange, Query, ResourceIndex, Start,
    Store as _, StoreError, TransferStore as _,
};
use sqlx::PgConnection;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Returns when a session on the database waits for a lock.
pub async fn until_one_waits(database: &TestDatabase) {
    until_waiting(database, 1).await;
}

/// Returns when so many sessions on the database wait for locks.
pub async fn until_waiting(database: &TestDatabase, sessions: i64) {
    let mut connection = database.connect().await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let waiting: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .fetch_one(&mut connection)
        .await
        .expect("counts");
        if waiting >= sessions {
            return;
        }
        assert!(Instant::now() < deadline, "{waiting} of {sessions} wait");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Adds a member as another replica would, in a transaction that stays open.
async fn begin_adding(connection: &mut PgConnection, directory: DirectoryId, group: ResourceId, member: ResourceId) {
    sqlx::raw_sql("BEGIN").execute(&mut *connection).await.expect("begins");
    sqlx::query("UPDATE resources SET version = version + 1 WHERE directory_id = $1 AND id = $2")
        .bind(directory.0)
        .bind(group.0)
        .execute(&mut *connection)
        .await
        .expect("updates");
    sqlx::query("INSERT INTO members (directory_id, group_id, member_id) VALUES ($1, $2, $3)")
        .bind(directory.0)
        .bind(group.0)
        .bind(member.0)
        .execute(&mut *connection)
        .await
        .expect("inserts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_that_waits_removes_what_was_added_meanwhile() {
    for change in [|member| remove(&[member]), |_| MemberChange { clear: true, ..MemberChange::default() }] {
        let (database, store) = open().await;
        let directory = fresh_directory(&*store).await;
        let alice = create_user(&*store, directory, "alice").await;
        let group = create_group(&*store, directory, "staff", &[]).await;
        let mut connection = database.connect().await;
        begin_adding(&mut connection, directory, group, alice).await;
        let removing = tokio::spawn({
            let store = store.clone();
            async move { commit(&*store, directory, updated(change_members(group, change(alice)))).await }
        });
        until_one_waits(&database).await;
        sqlx::raw_sql("COMMIT").execute(&mut connection).await.expect("commits");
        let removed = removing.await.expect("does not panic").expect("removes");
        assert_eq!((removed.version, removed.changed), (3, true));
        assert_eq!(member_ids(&*store, directory, group).await, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delete_that_waits_moves_the_groups_that_got_it_meanwhile() {
    let (database, store) = open().await;
    let directory = fresh_directory(&*store).await;
    let alice = create_user(&*store, directory, "alice").await;
    let group = create_group(&*store, directory, "staff", &[]).await;
    let mut connection = database.connect().await;
    begin_adding(&mut connection, directory, group, alice).await;
    let deleting = tokio::spawn({
        let store = store.clone();
        async move { commit(&*store, directory, delete_user(alice, 1, "alice")).await }
    });
    until_one_waits(&database).await;
    sqlx::raw_sql("COMMIT").execute(&mut connection).await.expect("commits");
    deleting.await.expect("does not panic").expect("deletes");
    assert_eq!(get(&*store, directory, "Group", group).await.version, 3);
    assert_eq!(member_ids(&*store, directory, group).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_goes_while_it_is_added_is_unknown() {
    let (database, store) = open().await;
    let directory = fresh_directory(&*store).await;
    let alice = create_user(&*store, directory, "alice").await;
    let group = create_group(&*store, directory, "staff", &[]).await;
    let mut connection = database.connect().await;
    sqlx::raw_sql("BEGIN").execute(&mut connection).await.expect("begins");
    sqlx::query("DELETE FROM resources WHERE directory_id = $1 AND id = $2")
        .bind(directory.0)
        .bind(alice.0)
        .execute(&mut connection)
        .await
        .expect("deletes");
    let adding = tokio::spawn({
        let store = store.clone();
        async move { commit(&*store, directory, updated(change_members(group, add(&[alice])))).await }
    });
    until_one_waits(&database).await;
    sqlx::raw_sql("COMMIT").execute(&mut connection).await.expect("commits");
    let refused = adding.await.expect("does not panic");
    assert!(matches!(refused, Err(StoreError::UnknownMember)), "{refused:?}");
    assert_eq!(get(&*store, directory, "Group", group).await.version, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_that_waits_is_refused_if_the_version_moved_meanwhile() {
    let (database, store) = open().await;
    let directory = fresh_directory(&*store).await;
    let alice = create_user(&*store, directory, "alice").await;
    let group = create_group(&*store, directory, "staff", &[]).await;
    let mut connection = database.connect().await;
    begin_adding(&mut connection, directory, group, alice).await;
    let mut renaming = rename_user(group, 1, "staff", "people");
    renaming.resource_type = "Group".into();
    let updating = tokio::spawn({
        let store = store.clone();
        async move { commit(&*store, directory, updated(renaming)).await }
    });
    until_one_waits(&database).await;
    sqlx::raw_sql("COMMIT").execute(&mut connection).await.expect("commits");
    let refused = updating.await.expect("does not panic");
    assert!(matches!(refused, Err(StoreError::VersionConflict)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_the_server_ends_as_a_deadlock_is_tried_again() {
    let (database, ready) = open().await;
    let directory = fresh_directory(&*ready).await;
    let alice = create_user(&*ready, directory, "alice").await;
    let mut groups = Vec::new();
    for name in ["one", "two"] {
        groups.push(create_group(&*ready, directory, name, &[alice]).await);
    }
    groups.sort();
    // The server looks once at a session that has waited for so long: the circle has to be closed by then, and the test's own
    // session must not be looked at before.
    let url = format!("{}?options=-c%20deadlock_timeout%3D3s", database.url);
    let store = PostgresStore::open(&url, patient()).await.expect("opens");
    let mut connection = database.connect().await;
    let move_on = "UPDATE resources SET version = version + 1 WHERE directory_id = $1 AND id = $2";
    sqlx::raw_sql("BEGIN; SET LOCAL deadlock_timeout = '1min'").execute(&mut connection).await.expect("begins");
    sqlx::query(move_on).bind(directory.0).bind(groups[1].0).execute(&mut connection).await.expect("updates");
    let deleting = tokio::spawn({
        let store = store.clone();
        async move { commit(&store, directory, delete_user(alice, 1, "alice")).await }
    });
    until_one_waits(&database).await;
    // The delete holds the first group and waits for the second.
    sqlx::query(move_on).bind(directory.0).bind(groups[0].0).execute(&mut connection).await.expect("updates");
    sqlx::raw_sql("COMMIT").execute(&mut connection).await.expect("commits");
    deleting.await.expect("does not panic").expect("deletes");
    for group in groups {
        assert_eq!(get(&store, directory, "Group", group).await.version, 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memberships_and_versions_agree_when_members_come_and_go_at_once() {
    let (database, store) = open().await;
    let directory = fresh_directory(&*store).await;
    let group = create_group(&*store, directory, "staff", &[]).await;
    let mut tasks = Vec::new();
    for number in 0..16 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut moves = 0;
            for round in 0..10 {
                let name = format!("user{number}-{round}");
                let user = create_user(&*store, directory, &name).await;
                for change in [add(&[user]), remove(&[user]), add(&[user])] {
                    let committed = commit(&*store, directory, updated(change_members(group, change))).await;
                    moves += i64::from(committed.expect("is done").changed);
                }
                commit(&*store, directory, delete_user(user, 1, &name)).await.expect("deletes");
                moves += 1;
            }
            moves
        }));
    }
    let mut moves = 0;
    for task in tasks {
        moves += task.await.expect("does not panic");
    }
    assert_eq!(moves, 16 * 10 * 4);
    assert_eq!(get(&*store, directory, "Group", group).await.version, 1 + moves);
    assert_eq!(member_ids(&*store, directory, group).await, []);
    let mut connection = database.connect().await;
    let versions: Vec<i64> =
        sqlx::query_scalar("SELECT version FROM events WHERE directory_id = $1 AND resource_id = $2 ORDER BY version")
            .bind(directory.0)
            .bind(group.0)
            .fetch_all(&mut connection)
            .await
            .expect("reads");
    assert_eq!(versions, (1..=1 + moves).collect::<Vec<_>>());
}

/// Inserts a unique index row in a transaction that stays open.
pub async fn begin_taking(connection: &mut PgConnection, directory: DirectoryId, attribute: &str, value: &str) {
    sqlx::raw_sql("BEGIN").execute(&mut *connection).await.expect("begins");
    sqlx::query(
        "INSERT INTO attribute_values (directory_id, resource_type, attribute, value, resource_id, is_unique) \
         VALUES ($1, 'User', $2, $3, $4, true)",
    )
    .bind(directory.0)
    .bind(attribute)
    .bind(value)
    .bind(ResourceId::generate().0)
    .execute(&mut *connection)
    .await
    .expect("inserts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_waits_for_the_builder_of_an_index_removes_what_it_wrote() {
    let title = |value: &str| IndexRow { attribute: "title".into(), value: value.into(), uniqueness: Uniqueness::Server };
    for deletes in [false, true] {
        let (database, store) = open().await;
        let directory = fresh_directory(&*store).await;
        let alice = create_user(&*store, directory, "alice").await;
        let mut connection = database.connect().await;
        // The builder locks the resource, then waits for who is about to take the value.
        begin_taking(&mut connection, directory, "title", "red").await;
        let building = tokio::spawn({
            let (store, index) = (store.clone(), vec![ResourceIndex { id: alice, version: 1, rows: vec![title("red")] }]);
            async move { store.index_resources(directory, 0, "User", index).await }
        });
        until_one_waits(&database).await;
        let change = if deletes {
            let index = vec![user_name_row("alice"), title("red")];
            Change::Delete { resource_type: "User".into(), id: alice, expected_version: 1, index, burial: None }
        } else {
            let mut update = rename_user(alice, 1, "alice", "alice");
            let document = update.document.as_mut().expect("changes the document");
            (document.index_removed, document.index_added) = (vec![title("red")], vec![title("blue")]);
            updated(update)
        };
        let changing = tokio::spawn({
            let store = store.clone();
            let basis = Some(Basis { revision: 0, building: true });
            let commit = Commit { actor: None, now: NOW, basis, bounds: Bounds::default(), record: None, change };
            async move { store.commit(directory, commit).await }
        });
        until_waiting(&database, 2).await;
        sqlx::raw_sql("ROLLBACK").execute(&mut connection).await.expect("rolls back");
        assert_eq!(building.await.expect("does not panic").expect("writes"), [alice]);
        changing.await.expect("does not panic").expect("changes");
        let values: Vec<String> = sqlx::query_scalar("SELECT value FROM attribute_values WHERE attribute = 'title'")
            .fetch_all(&mut connection)
            .await
            .expect("reads");
        assert_eq!(values, if deletes { vec![] } else { vec!["blue"] });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_by_the_schemas_of_before_that_is_on_its_way_is_waited_for() {
    let (database, store) = open().await;
    let directory = fresh_directory(&*store).await;
    let mut connection = database.connect().await;
    begin_taking(&mut connection, directory, "userName", "alice").await;
    let alice = user("alice");
    let id = alice.id;
    let creating = tokio::spawn({
        let store = store.clone();
        let basis = Some(Basis { revision: 0, building: false });
        let change = Change::Create(Box::new(alice));
        let commit = Commit { actor: None, now: NOW, basis, bounds: Bounds::default(), record: None, change };
        async move { store.commit(directory, commit).await }
    });
    until_one_waits(&database).await;
    let change = DefinitionChange {
        directory: Some(directory),
        expected: vec![(directory, 0)],
        put: vec![(DefinitionKind::Schema, "urn:a".into(), "1".into())],
        ..DefinitionChange::default()
    };
    store.change_definitions(&change, NOW).await.expect("does not wait for it");
    let early = tokio::time::timeout(Duration::from_millis(200), store.wait_for_changes()).await;
    assert!(early.is_err(), "it is still on its way");
    sqlx::raw_sql("ROLLBACK").execute(&mut connection).await.expect("rolls back");
    store.wait_for_changes().await.expect("it comes to its end");
    assert_eq!(get(&*store, directory, "User", id).await.version, 1);
    creating.await.expect("does not panic").expect("creates");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_is_open_is_not_waited_for() {
    let (_database, store) = open().await;
    let directory = fresh_directory(&*store).await;
    create_user(&*store, directory, "alice").await;
    let mut snapshot = store.snapshot(directory).await.expect("opens");
    let change = DefinitionChange {
        directory: Some(directory),
        expected: vec![(directory, 0)],
        put: vec![(DefinitionKind::Schema, "urn:a".into(), "1".into())],
        ..DefinitionChange::default()
    };
    store.change_definitions(&change, NOW).await.expect("changes");
    tokio::time::timeout(PATIENCE, store.wait_for_changes()).await.expect("does not wait").expect("answers");
    assert_eq!(snapshot.resources(None, 10).await.expect("is still open").len(), 1);
}

/// An event in a transaction that stays open. It has its number already.
async fn begin_an_event(connection: &mut PgConnection, directory: DirectoryId) -> i64 {
    sqlx::raw_sql("BEGIN").execute(&mut *connection).await.expect("begins");
    sqlx::query_scalar(
        "INSERT INTO events (directory_id, at, kind, resource_type, resource_id, version) \
         VALUES ($1, 0, 'update', 'User', $2, 2) RETURNING seq",
    )
    .bind(directory.0)
    .bind(ResourceId::generate().0)
    .fetch_one(connection)
    .await
    .expect("inserts")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_with_a_lower_number_that_comes_later_moves_the_mark() {
    let (database, store) = open().await;
    let directory = fresh_directory(&*store).await;
    create_user(&*store, directory, "alice").await;
    let settled = store.settled(directory).await.expect("answers");
    let mut connection = database.connect().await;
    let lower = begin_an_event(&mut connection, directory).await;
    create_user(&*store, directory, "bob").await;
    let mark = async || {
        let mut snapshot = store.snapshot(directory).await.expect("opens");
        snapshot.mark(settled, 100).await.expect("answers").expect("is there")
    };
    let before = mark().await;
    assert_eq!(mark().await, before);
    sqlx::raw_sql("COMMIT").execute(&mut connection).await.expect("commits");
    let after = mark().await;
    assert!(before.last_event.is_some_and(|(seq, _)| seq > lower), "{before:?}");
    assert_eq!(after.last_event, before.last_event, "it is not the last");
    assert_eq!((before.events, after.events), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_come_with_a_lower_number_is_waited_for() {
    let (database, store) = open().await;
    let directory = fresh_directory(&*store).await;
    let mut connection = database.connect().await;
    // As the store's own sessions are called.
    sqlx::raw_sql("SET application_name = 'scimd'").execute(&mut connection).await.expect("sets");
    let lower = begin_an_event(&mut connection, directory).await;
    create_user(&*store, directory, "bob").await;
    let early = tokio::time::timeout(Duration::from_millis(200), store.settled(directory)).await;
    assert!(early.is_err(), "one may still come");
    sqlx::raw_sql("COMMIT").execute(&mut connection).await.expect("commits");
    let settled = tokio::time::timeout(PATIENCE, store.settled(directory)).await.expect("ends").expect("answers");
    assert!(settled > lower);
}

/// A store with one connection, and a lock that no read gets past: long reading, played by a wait that only a limit ends.
async fn locked_out(
    scan_timeout: Duration,
    statement_timeout: Duration,
) -> (TestDatabase, Arc<PostgresStore>, DirectoryId, PgConnection) {
    let (database, ready) = open().await;
    let directory = fresh_directory(&*ready).await;
    create_user(&*ready, directory, "alice").await;
    // The timeout of statements covers what is asked of a new connection, too.
    let options = PostgresOptions { connections_max: 1, scan_timeout, statement_timeout, ..patient() };
    let store = PostgresStore::open(&database.url, options).await.expect("opens");
    let mut connection = database.connect().await;
    sqlx::raw_sql("BEGIN; LOCK TABLE resources IN ACCESS EXCLUSIVE MODE").execute(&mut connection).await.expect("locks");
    (database, Arc::new(store), directory, connection)
}

async fn search(store: &PostgresStore, directory: DirectoryId, filter: &str) -> Result<u64, StoreError> {
    let registry = Registry::built_in();
    let resource_type = registry.resource_type("User").expect("built in");
    let filter = Filter::parse(filter, &FilterOptions::default()).expect("parses");
    let filter = filter.resolve(resource_type, &Tolerance::default()).expect("resolves");
    let query = Query { resource_type, filter: Some(&filter), sort: None, start: Start::Offset(0), limit: 10, group_depth: 10 };
    store.search(directory, &query).await.map(|page| page.total)
}

const UNINDEXED: &str = "not (title pr)";
const INDEXED: &str = "userName eq \"alice\"";

/// Shows P-3.4.2.1-03, P-3.12-17.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_that_no_index_serves_is_too_much_when_its_time_is_up() {
    let limit = Duration::from_millis(1);
    let (database, store, directory, mut lock) = locked_out(limit, Duration::from_secs(30)).await;
    for _ in 0..2 {
        let error = search(&store, directory, UNINDEXED).await.expect_err("it takes too long");
        assert!(matches!(error, StoreError::TooMany { limit: is } if is == limit), "{error:?}");
        assert_eq!(ScimError::from(error).kind, ErrorKind::TooMany);
    }
    // The same connection has the time that it had before, for what an index serves.
    let unlocking = async {
        until_one_waits(&database).await;
        sqlx::raw_sql("COMMIT").execute(&mut lock).await.expect("unlocks");
    };
    let (found, ()) = tokio::join!(search(&store, directory, INDEXED), unlocking);
    assert_eq!(found.expect("waits"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_that_an_index_serves_is_never_too_much() {
    let (_database, store, directory, _lock) = locked_out(Duration::from_secs(30), Duration::from_secs(2)).await;
    let error = search(&store, directory, INDEXED).await.expect_err("it takes too long");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    // No statement may take longer than statements may, so that is the limit for the others too.
    let error = search(&store, directory, UNINDEXED).await.expect_err("it takes too long");
    assert!(matches!(error, StoreError::TooMany { limit } if limit == Duration::from_secs(2)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_hangs_up_during_a_search_leaves_no_transaction_open() {
    let (database, store, directory, mut lock) = locked_out(Duration::from_secs(30), Duration::from_secs(30)).await;
    let caller = store.clone();
    let waiting = tokio::spawn(async move { search(&caller, directory, UNINDEXED).await });
    until_one_waits(&database).await;
    waiting.abort();
    waiting.await.expect_err("it hung up");
    sqlx::raw_sql("COMMIT").execute(&mut lock).await.expect("unlocks");
    assert_eq!(search(&store, directory, INDEXED).await.expect("answers"), 1);
    assert_eq!(search(&store, directory, UNINDEXED).await.expect("answers"), 1);
}
