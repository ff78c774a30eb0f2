//! Schemas and resource types of an operator, and the indexes that they ask for.

use super::fixture::Fixture;
use super::sample::{
    NOW, add, change_members, commit, create_group, create_user, delete_user, fresh_directory, get, rename_user, updated, user,
    user_update,
};
use scimd::id::DirectoryId;
use scimd::scim::schema::Uniqueness;
use scimd::store::{
    Basis, Bounds, Change, Commit, DefinitionChange, DefinitionKind, IndexRow, OperatorStore, PasswordChange, ResourceIndex,
    StoreError, Update,
};

fn put(directory: DirectoryId, revision: i64, name: &str, definition: &str) -> DefinitionChange {
    DefinitionChange {
        directory: Some(directory),
        expected: vec![(directory, revision)],
        put: vec![(DefinitionKind::Schema, name.into(), definition.into())],
        ..DefinitionChange::default()
    }
}

async fn texts(store: &dyn OperatorStore, directory: DirectoryId) -> Vec<String> {
    let mut rows = store.definitions(Some(directory), 1_000).await.expect("answers");
    rows.retain(|row| row.directory == Some(directory));
    rows.into_iter().map(|row| row.definition).collect()
}

pub async fn definitions_change_together_and_move_the_revision(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let (ours, theirs) = (fresh_directory(&*store).await, fresh_directory(&*store).await);
    store.change_definitions(&put(ours, 0, "urn:a", "1"), NOW).await.expect("changes");
    assert_eq!(texts(&*store, ours).await, ["1"]);
    assert_eq!(texts(&*store, theirs).await, Vec::<String>::new());
    let stale = store.change_definitions(&put(ours, 0, "urn:a", "2"), NOW).await;
    assert!(matches!(stale, Err(StoreError::VersionConflict)), "{stale:?}");
    assert_eq!(texts(&*store, ours).await, ["1"], "a refused change changes nothing");
    store.change_definitions(&put(ours, 1, "urn:a", "2"), NOW).await.expect("changes");
    let both = DefinitionChange { remove: vec![(DefinitionKind::Schema, "urn:a".into())], ..put(ours, 2, "urn:b", "3") };
    store.change_definitions(&both, NOW).await.expect("changes");
    assert_eq!(texts(&*store, ours).await, ["3"]);
    let mut rows = store.directories(None, 10_000).await.expect("answers");
    rows.retain(|row| row.id == ours || row.id == theirs);
    rows.sort_by_key(|row| row.id);
    assert_eq!(rows.iter().map(|row| row.schema_revision).collect::<Vec<_>>(), [3, 0]);
}

pub async fn index_rows_are_written_for_the_version_they_were_made_of(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let (a, b) = (create_user(&*store, directory, "a").await, create_user(&*store, directory, "b").await);
    commit(&*store, directory, updated(rename_user(b, 1, "b", "c"))).await.expect("renames");
    let row = |value: &str, uniqueness| vec![IndexRow { attribute: "title".into(), value: value.into(), uniqueness }];
    let index = |id, version, rows| ResourceIndex { id, version, rows };
    let write = async |resources| store.index_resources(directory, 0, "User", resources).await;
    let done =
        write(vec![index(a, 1, row("x", Uniqueness::None)), index(b, 1, row("y", Uniqueness::None))]).await.expect("writes");
    assert_eq!(done, [a], "the other one has moved on");
    assert_eq!(write(vec![index(b, 2, row("x", Uniqueness::None))]).await.expect("writes"), [b]);
    let taken = write(vec![index(a, 1, row("x", Uniqueness::Server)), index(b, 2, row("x", Uniqueness::Server))]).await;
    assert!(matches!(taken, Err(StoreError::Uniqueness { .. })), "{taken:?}");
    assert_eq!(store.drop_index(directory, 0, "User", "title", 1).await.expect("deletes"), 1);
    assert_eq!(store.drop_index(directory, 0, "User", "title", 10).await.expect("deletes"), 1);
    assert_eq!(store.drop_index(directory, 0, "User", "title", 10).await.expect("deletes"), 0);
    assert_eq!(get(&*store, directory, "User", a).await.version, 1, "indexing is no change of a resource");
}

pub async fn a_change_by_the_schemas_of_before_is_refused(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let (a, b) = (create_user(&*store, directory, "a").await, create_user(&*store, directory, "b").await);
    let group = create_group(&*store, directory, "staff", &[]).await;
    store.change_definitions(&put(directory, 0, "urn:a", "1"), NOW).await.expect("changes");
    store.wait_for_changes().await.expect("waits");
    let password = Update { password: PasswordChange::Remove, ..user_update(b) };
    let changes = [
        Change::Create(Box::new(user("c"))),
        updated(rename_user(a, 1, "a", "d")),
        updated(change_members(group, add(&[a]))),
        updated(password),
        delete_user(b, 1, "b"),
    ];
    let made = async |revision, building, change: &Change| {
        let basis = Some(Basis { revision, building });
        let (bounds, change) = (Bounds::default(), change.clone());
        store.commit(directory, Commit { actor: None, now: NOW, basis, bounds, record: None, change }).await
    };
    let events = fixture.events(directory).await;
    for change in &changes {
        for building in [false, true] {
            let refused = made(0, building, change).await;
            assert!(matches!(refused, Err(StoreError::SchemasChanged)), "{change:?}: {refused:?}");
        }
    }
    assert_eq!(fixture.events(directory).await, events, "nothing was changed");
    for change in &changes {
        made(1, true, change).await.expect("is made");
    }
}

pub async fn work_on_an_index_by_the_schemas_of_before_is_refused(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let a = create_user(&*store, directory, "a").await;
    let index = || vec![ResourceIndex { id: a, version: 1, rows: Vec::new() }];
    store.change_definitions(&put(directory, 0, "urn:a", "1"), NOW).await.expect("changes");
    let written = store.index_resources(directory, 0, "User", index()).await;
    assert!(matches!(written, Err(StoreError::SchemasChanged)), "{written:?}");
    let dropped = store.drop_index(directory, 0, "User", "userName", 10).await;
    assert!(matches!(dropped, Err(StoreError::SchemasChanged)), "{dropped:?}");
    assert_eq!(store.index_resources(directory, 1, "User", index()).await.expect("writes"), [a]);
    assert_eq!(store.drop_index(directory, 1, "User", "userName", 10).await.expect("deletes"), 1, "nothing was deleted before");
}
