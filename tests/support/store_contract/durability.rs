//! Restarts, callers that go away, and replicas that start together.

use super::fixture::Fixture;
use super::sample::*;
use scimd::id::ResourceId;
use scimd::scim::schema::Registry;
use scimd::store::{Change, Query, Start, StoreError};
use std::collections::HashSet;
use std::time::Duration;

pub async fn what_was_committed_is_there_after_reopening(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let alice = create_user(&*store, directory, "alice").await;
    let group = create_group(&*store, directory, "staff", &[alice]).await;
    store.close().await;
    let store = fixture.open_another().await;
    assert_eq!(store.pending_migrations().await.expect("answers"), Vec::<String>::new());
    store.ping().await.expect("answers");
    assert_eq!(get(&*store, directory, "User", alice).await.version, 1);
    assert_eq!(member_ids(&*store, directory, group).await, [alice]);
    let taken = commit(&*store, directory, Change::Create(Box::new(user("alice")))).await;
    assert!(matches!(taken, Err(StoreError::Uniqueness { .. })), "{taken:?}");
}

pub async fn a_dropped_commit_happens_wholly_or_not_at_all(fixture: &mut impl Fixture) {
    const CALLS: u64 = 200;
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let mut users = Vec::new();
    for number in 0..CALLS {
        let user = user(&format!("user{number}"));
        users.push((number, user.id));
        let store = store.clone();
        let call = tokio::spawn(async move { commit(&*store, directory, Change::Create(Box::new(user))).await });
        // From a drop before the first poll to one after the end.
        tokio::time::sleep(Duration::from_micros(number * 10)).await;
        call.abort();
    }
    // Commits that follow work.
    let last = create_user(&*store, directory, "last").await;
    // What was begun goes on without its callers; closing waits for it.
    store.close().await;
    let store = fixture.open_another().await;

    let events: HashSet<ResourceId> = fixture.events(directory).await.into_iter().map(|event| event.resource_id).collect();
    assert!(events.contains(&last));
    for &(number, id) in &users {
        let there = store.get(directory, "User", id).await.expect("answers").is_some();
        assert_eq!(there, events.contains(&id), "user{number} and its event");
        let again = commit(&*store, directory, Change::Create(Box::new(user(&format!("user{number}"))))).await;
        let taken = matches!(again, Err(StoreError::Uniqueness { .. }));
        assert_eq!(taken, there, "user{number} and its index row: {again:?}");
    }
    let registry = Registry::built_in();
    let resource_type = registry.resource_type("User").expect("is built in");
    let query = Query { resource_type, filter: None, sort: None, start: Start::Offset(0), limit: 0, group_depth: 10 };
    assert_eq!(store.search(directory, &query).await.expect("answers").total, CALLS + 1, "and the counter");
}

pub async fn closing_finishes_what_was_begun(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let user = user(&format!("user{number}"));
                let id = user.id;
                commit(&*store, directory, Change::Create(Box::new(user))).await.map(|_| id)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(1)).await;
    store.close().await;
    let other = fixture.open_another().await;
    for task in tasks {
        match task.await.expect("does not panic") {
            Ok(id) => assert_eq!(get(&*other, directory, "User", id).await.version, 1),
            Err(error) => assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}"),
        }
    }
    let refused = commit(&*store, directory, Change::Create(Box::new(user("late")))).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
}

pub async fn migrating_again_from_several_replicas_at_once_changes_nothing(fixture: &mut impl Fixture) {
    let mut replicas = Vec::new();
    for _ in 0..4 {
        replicas.push(fixture.open_another().await);
    }
    let tasks: Vec<_> = replicas.into_iter().map(|store| tokio::spawn(async move { store.migrate().await })).collect();
    for task in tasks {
        task.await.expect("does not panic").expect("migrates");
    }
}
