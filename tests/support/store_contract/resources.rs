//! Create, update and delete one resource.

use super::fixture::Fixture;
use super::sample::*;
use scimd::clock::Timestamp;
use scimd::id::ResourceId;
use scimd::store::{Change, Committed, NewResource, PasswordChange, Source, StoreError, Stored, Update};

pub async fn a_created_resource_is_read_as_it_was_written(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let alice = user("Alice");
    let committed = commit(&*store, directory, Change::Create(Box::new(alice.clone()))).await.expect("creates");
    assert_eq!(committed, Committed { version: 1, created: NOW, last_modified: NOW, changed: true });
    let expected = Stored {
        id: alice.id,
        resource_type: "User".into(),
        document: alice.document,
        version: 1,
        created: NOW,
        last_modified: NOW,
        is_member: false,
        source: Source::Provisioned,
        held: false,
    };
    assert_eq!(store.get(directory, "User", alice.id).await.expect("answers"), Some(expected));
    assert_eq!(store.get(directory, "Group", alice.id).await.expect("answers"), None, "of another type");
    assert_eq!(store.get(directory, "User", ResourceId::generate()).await.expect("answers"), None, "of another id");
}

pub async fn of_many_creates_with_one_unique_value_one_wins(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { commit(&*store, directory, Change::Create(Box::new(user("alice")))).await })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await.expect("does not panic") {
            Err(StoreError::Uniqueness { attribute }) => assert_eq!(attribute, "userName"),
            other => {
                other.expect("only refused for its name");
                won += 1;
            }
        }
    }
    assert_eq!(won, 1);
    assert_eq!(fixture.events(directory).await.len(), 1, "those who lost left nothing");
}

pub async fn an_update_moves_document_version_and_index(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let id = create_user(&*store, directory, "alice").await;
    let later = Timestamp(NOW.0 + 5);
    let committed = commit_at(&*store, directory, later, updated(rename_user(id, 1, "alice", "bob"))).await.expect("updates");
    assert_eq!(committed, Committed { version: 2, created: NOW, last_modified: later, changed: true });
    let stored = get(&*store, directory, "User", id).await;
    assert!(stored.document.contains("bob"));
    assert_eq!((stored.version, stored.created, stored.last_modified), (2, NOW, later));
    create_user(&*store, directory, "alice").await;
    let taken = commit(&*store, directory, Change::Create(Box::new(user("bob")))).await;
    assert!(matches!(taken, Err(StoreError::Uniqueness { attribute }) if attribute == "userName"));
}

pub async fn last_modified_never_goes_back(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let id = create_user(&*store, directory, "alice").await;
    let earlier = Timestamp(NOW.0 - 60_000);
    let committed = commit_at(&*store, directory, earlier, updated(rename_user(id, 1, "alice", "bob"))).await.expect("updates");
    assert_eq!(committed, Committed { version: 2, created: NOW, last_modified: NOW, changed: true });
    let group = create_group(&*store, directory, "staff", &[]).await;
    let committed = commit_at(&*store, directory, earlier, updated(change_members(group, add(&[id])))).await.expect("updates");
    assert_eq!(committed, Committed { version: 2, created: NOW, last_modified: NOW, changed: true });
}

pub async fn a_commit_that_expects_another_version_is_refused(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let id = create_user(&*store, directory, "alice").await;
    let before = get(&*store, directory, "User", id).await;
    let set_password = Update { expected_version: Some(2), password: PasswordChange::Set("$x".into()), ..user_update(id) };
    let nothing = Update { expected_version: Some(2), ..user_update(id) };
    for change in [
        updated(rename_user(id, 2, "alice", "bob")),
        updated(rename_user(id, 0, "alice", "bob")),
        updated(set_password),
        updated(nothing),
        delete_user(id, 2, "alice"),
    ] {
        let refused = commit(&*store, directory, change.clone()).await;
        assert!(matches!(refused, Err(StoreError::VersionConflict)), "{change:?}: {refused:?}");
    }
    assert_eq!(get(&*store, directory, "User", id).await, before);
    assert_eq!(fixture.events(directory).await.len(), 1);
}

pub async fn a_commit_on_what_is_not_there_is_refused(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let id = create_user(&*store, directory, "alice").await;
    let nobody = ResourceId::generate();
    let password = |id| Update { password: PasswordChange::Set("$x".into()), ..user_update(id) };
    for change in [
        updated(rename_user(nobody, 1, "alice", "bob")),
        updated(password(nobody)),
        updated(user_update(nobody)),
        updated(change_members(nobody, add(&[id]))),
        updated(change_members(id, add(&[id]))),
        updated(Update { resource_type: "Group".into(), ..password(id) }),
        delete_user(nobody, 1, "alice"),
        Change::Delete { resource_type: "Group".into(), id, expected_version: 1, index: Vec::new(), burial: None },
    ] {
        let refused = commit(&*store, directory, change.clone()).await;
        assert!(matches!(refused, Err(StoreError::NotFound)), "{change:?}: {refused:?}");
    }
    assert_eq!(fixture.events(directory).await.len(), 1);
}

pub async fn a_unique_value_is_free_again_when_its_holder_drops_it_or_goes(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let first = create_user(&*store, directory, "alice").await;
    let second = create_user(&*store, directory, "bob").await;
    let taken = commit(&*store, directory, updated(rename_user(second, 1, "bob", "alice"))).await;
    assert!(matches!(taken, Err(StoreError::Uniqueness { attribute }) if attribute == "userName"));
    assert_eq!(get(&*store, directory, "User", second).await.version, 1);
    commit(&*store, directory, updated(rename_user(first, 1, "alice", "carol"))).await.expect("renames");
    commit(&*store, directory, updated(rename_user(second, 1, "bob", "alice"))).await.expect("is free");
    let deleted = commit(&*store, directory, delete_user(second, 2, "alice")).await.expect("deletes");
    assert_eq!((deleted.version, deleted.changed), (3, true));
    assert_eq!(store.get(directory, "User", second).await.expect("answers"), None);
    let again = commit(&*store, directory, delete_user(second, 2, "alice")).await;
    assert!(matches!(again, Err(StoreError::NotFound)));
    create_user(&*store, directory, "alice").await;
}

pub async fn an_update_that_changes_nothing_leaves_no_trace(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let alice = create_user(&*store, directory, "alice").await;
    let bob = create_user(&*store, directory, "bob").await;
    let group = create_group(&*store, directory, "staff", &[alice]).await;
    let events = fixture.events(directory).await;
    let later = Timestamp(NOW.0 + 5);
    let same = scimd::store::MemberChange { clear: true, ..add(&[alice]) };
    for change in [
        updated(user_update(alice)),
        updated(Update { password: PasswordChange::Remove, ..user_update(alice) }),
        updated(change_members(group, add(&[alice]))),
        updated(change_members(group, remove(&[bob]))),
        updated(change_members(group, same)),
    ] {
        let committed = commit_at(&*store, directory, later, change.clone()).await.expect("is done");
        assert_eq!(committed, Committed { version: 1, created: NOW, last_modified: NOW, changed: false }, "{change:?}");
    }
    assert_eq!(fixture.events(directory).await, events);
    assert_eq!(get(&*store, directory, "Group", group).await.version, 1);
}

pub async fn a_password_is_kept_apart_from_the_document(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let alice = NewResource { password_hash: Some("$first".into()), ..user("alice") };
    let id = alice.id;
    commit(&*store, directory, Change::Create(Box::new(alice))).await.expect("creates");
    let steps = [
        (PasswordChange::Keep, false, Some("$first")),
        (PasswordChange::Set("$second".into()), true, Some("$second")),
        (PasswordChange::Remove, true, None),
        (PasswordChange::Remove, false, None),
    ];
    for (password, changed, expected) in steps {
        let update = Update { password: password.clone(), ..user_update(id) };
        let committed = commit(&*store, directory, updated(update)).await.expect("updates");
        assert_eq!(committed.changed, changed, "{password:?}");
        assert_eq!(store.password_hash(directory, id).await.expect("answers").as_deref(), expected, "{password:?}");
    }
    assert_eq!(get(&*store, directory, "User", id).await.version, 3);
    let renamed = Update { password: PasswordChange::Set("$third".into()), ..rename_user(id, 3, "alice", "bob") };
    commit(&*store, directory, updated(renamed)).await.expect("updates");
    commit(&*store, directory, updated(rename_user(id, 4, "bob", "carol"))).await.expect("updates");
    assert_eq!(store.password_hash(directory, id).await.expect("answers").as_deref(), Some("$third"));
}

pub async fn every_version_has_one_event(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let alice = create_user(&*store, directory, "alice").await;
    let bob = create_user(&*store, directory, "bob").await;
    let group = create_group(&*store, directory, "staff", &[alice]).await;
    commit(&*store, directory, updated(rename_user(alice, 1, "alice", "carol"))).await.expect("updates");
    let delta = scimd::store::MemberChange { remove: vec![alice], ..add(&[bob]) };
    commit(&*store, directory, updated(change_members(group, delta))).await.expect("updates");
    commit(&*store, directory, delete_user(alice, 2, "carol")).await.expect("deletes");
    let events: Vec<_> = fixture
        .events(directory)
        .await
        .into_iter()
        .map(|event| (event.kind, event.resource_id, event.version, event.detail.map(|detail| detail.to_string())))
        .collect();
    let counts = |text: &str| Some(text.to_owned());
    assert_eq!(
        events,
        [
            ("create".to_owned(), alice, 1, None),
            ("create".to_owned(), bob, 1, None),
            ("create".to_owned(), group, 1, counts(r#"{"added":1,"removed":0}"#)),
            ("update".to_owned(), alice, 2, None),
            ("update".to_owned(), group, 2, counts(r#"{"added":1,"removed":1}"#)),
            ("delete".to_owned(), alice, 3, None),
        ]
    );
}

pub async fn directories_do_not_see_each_other(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let ours = fresh_directory(&*store).await;
    let theirs = fresh_directory(&*store).await;
    let alice = create_user(&*store, ours, "alice").await;
    let other = create_user(&*store, theirs, "alice").await;
    let group = create_group(&*store, ours, "staff", &[alice]).await;

    assert_eq!(store.get(theirs, "User", alice).await.expect("answers"), None);
    assert_eq!(store.password_hash(theirs, alice).await.expect("answers"), None);
    assert_eq!(store.references(theirs, &[alice, group]).await.expect("answers"), []);
    assert_eq!(store.members(theirs, group, None, 10).await.expect("answers"), []);
    assert_eq!(store.memberships(theirs, &[alice], 8, &[]).await.expect("answers"), []);
    for change in [
        updated(rename_user(alice, 1, "alice", "bob")),
        updated(change_members(group, add(&[other]))),
        updated(change_members(group, remove(&[alice]))),
        delete_user(alice, 1, "alice"),
    ] {
        let refused = commit(&*store, theirs, change.clone()).await;
        assert!(matches!(refused, Err(StoreError::NotFound)), "{change:?}: {refused:?}");
    }
    let foreign_member = commit(&*store, ours, updated(change_members(group, add(&[other])))).await;
    assert!(matches!(foreign_member, Err(StoreError::UnknownMember)), "{foreign_member:?}");

    commit(&*store, theirs, delete_user(other, 1, "alice")).await.expect("deletes");
    assert_eq!(get(&*store, ours, "User", alice).await.version, 1);
    assert_eq!(member_ids(&*store, ours, group).await, [alice]);
    let taken = commit(&*store, ours, Change::Create(Box::new(user("alice")))).await;
    assert!(matches!(taken, Err(StoreError::Uniqueness { .. })), "{taken:?}");
}
