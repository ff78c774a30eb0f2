//! Values that are unique in all Directories (`uniqueness: global`, RFC 7643 §7).

use super::fixture::Fixture;
use super::sample::*;
use scimd::id::{DirectoryId, ResourceId};
use scimd::scim::schema::Uniqueness;
use scimd::store::operator::GlobalValue;
use scimd::store::transfer::{Imported, Taken};
use scimd::store::{
    Basis, Bounds, Change, Commit, Committed, DocumentChange, IndexRow, NewResource, OperatorStore, ResourceIndex, StoreError,
    Update,
};

fn badge(value: &str, uniqueness: Uniqueness) -> IndexRow {
    IndexRow { attribute: "badge".into(), value: value.into(), uniqueness }
}

/// A user with a badge that no other Directory has.
fn holder(name: &str, value: &str) -> NewResource {
    NewResource { index: vec![user_name_row(name), badge(value, Uniqueness::Global)], ..user(name) }
}

/// An update of a user's badge, at the version that creation gave it.
fn change_badge(id: ResourceId, name: &str, old: &str, new: Option<&str>) -> Change {
    let as_it_is = rename_user(id, 1, name, name).document.expect("changes the document");
    let document = DocumentChange {
        index_removed: vec![badge(old, Uniqueness::Global)],
        index_added: new.map(|new| badge(new, Uniqueness::Global)).into_iter().collect(),
        ..as_it_is
    };
    updated(Update { expected_version: Some(1), document: Some(document), ..user_update(id) })
}

async fn create(store: &dyn OperatorStore, directory: DirectoryId, resource: &NewResource) -> Result<Committed, StoreError> {
    commit(store, directory, Change::Create(Box::new(resource.clone()))).await
}

/// The same by the statement for one alone: that of PostgreSQL is another one then.
async fn create_alone(
    store: &dyn OperatorStore,
    directory: DirectoryId,
    resource: &NewResource,
) -> Result<Committed, StoreError> {
    let (bounds, change) = (Bounds { resources_max: Some(100), ..Bounds::default() }, Change::Create(Box::new(resource.clone())));
    store.commit(directory, Commit { actor: None, now: NOW, basis: None, bounds, record: None, change }).await
}

/// The places of the badges that another Directory has.
async fn elsewhere(store: &dyn OperatorStore, directory: DirectoryId, values: &[&str]) -> Vec<usize> {
    let value =
        |value: &&str| GlobalValue { resource_type: "User".into(), attribute: "badge".into(), value: (*value).to_owned() };
    let values: Vec<GlobalValue> = values.iter().map(value).collect();
    store.taken_elsewhere(directory, &values).await.expect("answers")
}

#[track_caller]
fn assert_taken(outcome: &Result<Committed, StoreError>) {
    assert!(matches!(outcome, Err(StoreError::Uniqueness { attribute }) if attribute == "badge"), "{outcome:?}");
}

pub async fn a_global_value_is_taken_in_all_directories(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let (ours, theirs) = (fresh_directory(&*store).await, fresh_directory(&*store).await);
    create(&*store, ours, &holder("alice", "7")).await.expect("creates");
    for directory in [ours, theirs] {
        assert_taken(&create(&*store, directory, &holder("bob", "7")).await);
        assert_taken(&create_alone(&*store, directory, &holder("bob", "7")).await);
    }
    let bob = holder("bob", "8");
    create(&*store, theirs, &bob).await.expect("creates");
    assert_taken(&commit(&*store, theirs, change_badge(bob.id, "bob", "8", Some("7"))).await);
    assert_eq!(get(&*store, theirs, "User", bob.id).await.version, 1);
    assert_eq!(fixture.events(theirs).await.len(), 1, "what was refused left nothing");
    let group = NewResource { index: vec![badge("7", Uniqueness::Global)], ..group("staff") };
    create(&*store, theirs, &group).await.expect("of another type it is another value");
}

pub async fn a_value_that_is_not_global_is_its_directorys_own(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let (ours, theirs) = (fresh_directory(&*store).await, fresh_directory(&*store).await);
    create(&*store, ours, &holder("alice", "7")).await.expect("creates");
    for (name, uniqueness) in [("alice", Uniqueness::Server), ("bob", Uniqueness::None)] {
        let user = NewResource { index: vec![user_name_row(name), badge("7", uniqueness)], ..user(name) };
        create(&*store, theirs, &user).await.expect("asks for less");
    }
}

pub async fn a_global_value_is_free_again_when_its_holder_drops_it_or_goes(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let (ours, theirs) = (fresh_directory(&*store).await, fresh_directory(&*store).await);
    let (alice, bob) = (holder("alice", "7"), holder("bob", "8"));
    create(&*store, ours, &alice).await.expect("creates");
    create(&*store, ours, &bob).await.expect("creates");
    commit(&*store, ours, change_badge(alice.id, "alice", "7", None)).await.expect("drops it");
    let index = bob.index.clone();
    let gone = Change::Delete { resource_type: "User".into(), id: bob.id, expected_version: 1, index, burial: None };
    commit(&*store, ours, gone).await.expect("goes");
    create(&*store, theirs, &holder("carol", "7")).await.expect("is free");
    create_alone(&*store, theirs, &holder("dave", "8")).await.expect("is free");
}

pub async fn of_creates_in_many_directories_with_one_global_value_one_wins(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let mut tasks = Vec::new();
    for number in 0..8 {
        let directory = fresh_directory(&*store).await;
        for alone in [false, true] {
            let (store, user) = (store.clone(), holder(&format!("user-{number}-{alone}"), "7"));
            tasks.push(tokio::spawn(async move {
                if alone { create_alone(&*store, directory, &user).await } else { create(&*store, directory, &user).await }
            }));
        }
    }
    let mut won = 0;
    for task in tasks {
        match task.await.expect("does not panic") {
            Ok(_) => won += 1,
            refused => assert_taken(&refused),
        }
    }
    assert_eq!(won, 1);
}

pub async fn stored_values_become_global_and_free_again(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let (ours, theirs) = (fresh_directory(&*store).await, fresh_directory(&*store).await);
    let (alice, bob) = (create_user(&*store, ours, "alice").await, create_user(&*store, theirs, "bob").await);
    let write = async |directory, id, uniqueness| {
        let rows = vec![badge("7", uniqueness)];
        store.index_resources(directory, 0, "User", vec![ResourceIndex { id, version: 1, rows }]).await
    };
    for (uniqueness, is_free) in [
        (Uniqueness::Server, true),
        (Uniqueness::Global, false),
        (Uniqueness::None, true),
        (Uniqueness::Global, false),
        (Uniqueness::Server, true),
    ] {
        assert_eq!(write(theirs, bob, Uniqueness::Server).await.expect("is within its Directory"), [bob]);
        assert_eq!(write(ours, alice, uniqueness).await.expect("writes"), [alice]);
        match write(theirs, bob, Uniqueness::Global).await {
            Ok(written) => assert!(is_free && written == [bob], "{uniqueness:?}"),
            Err(error) => assert!(!is_free && matches!(error, StoreError::Uniqueness { .. }), "{uniqueness:?}: {error}"),
        }
    }
}

pub async fn an_import_takes_no_global_value_of_another_directory(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let (ours, theirs) = (fresh_directory(&*store).await, fresh_directory(&*store).await);
    let (alice, bob) = (holder("alice", "7"), holder("bob", "8"));
    create(&*store, ours, &alice).await.expect("creates");
    let import = async |resources: &[&NewResource]| {
        let imported = |resource: &NewResource| Imported {
            resource: resource.clone(),
            held: false,
            version: 3,
            created: NOW,
            last_modified: NOW,
        };
        let resources = resources.iter().map(|resource| imported(resource)).collect();
        store.import_resources(theirs, Basis { revision: 0, building: false }, NOW, resources).await.expect("answers")
    };
    // An import keeps the ids, so that the same resource can come from the same server.
    assert_eq!(import(&[&bob, &alice]).await, Some(Taken { id: alice.id, attribute: "badge".into() }));
    assert!(store.stored(theirs, &[alice.id, bob.id]).await.expect("answers").is_empty(), "all or none");
    assert_eq!(import(&[&bob]).await, None);
    assert_taken(&create(&*store, ours, &holder("carol", "8")).await);
    assert_eq!(elsewhere(&*store, theirs, &["9", "7", "8"]).await, [1], "what is its own does not count");
    assert_eq!(elsewhere(&*store, ours, &["9", "7", "8"]).await, [2]);
    // One that has the same id as the one that has the value.
    let twin = NewResource { id: alice.id, ..holder("alice", "9") };
    create(&*store, theirs, &twin).await.expect("creates");
    assert_taken(&commit(&*store, theirs, change_badge(twin.id, "alice", "9", Some("7"))).await);
}
