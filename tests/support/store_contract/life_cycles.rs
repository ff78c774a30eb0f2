//! Whose a resource is, what is left of one that was deleted, and the record of what an operator does to one.

use super::fixture::Fixture;
use super::sample::{
    NOW, add, change_members, commit, create_group, create_user, entry, fresh_directory, get, group, rename_user, updated, user,
    user_name_row, user_update,
};
use scimd::clock::Timestamp;
use scimd::id::{DirectoryId, ResourceId};
use scimd::scim::schema::Registry;
use scimd::store::audit::AuditFilter;
use scimd::store::{
    Bar, Bounds, Burial, Change, Commit, MatchKeys, NewResource, OperatorStore, Query, Source, Standing, Start, StoreError,
    Update,
};

fn keys(name: &str, external_id: Option<&str>) -> MatchKeys {
    MatchKeys { name: Some(name.to_lowercase()), external_id: external_id.map(str::to_owned) }
}

/// The end of a user at version 1 that leaves this.
fn buried(id: ResourceId, name: &str, burial: Burial) -> Change {
    Change::Delete {
        resource_type: "User".into(),
        id,
        expected_version: 1,
        index: vec![user_name_row(name)],
        burial: Some(Box::new(burial)),
    }
}

fn burial(name: &str, keep: bool, bar: Bar, external_id: Option<&str>) -> Burial {
    Burial { keep, bar, name: name.to_owned(), keys: keys(name, external_id) }
}

/// A user that is looked up among those that are barred.
fn arriving(name: &str, external_id: Option<&str>) -> Change {
    Change::Create(Box::new(NewResource { match_keys: Some(keys(name, external_id)), ..user(name) }))
}

pub async fn a_resource_is_changed_for_its_source_only(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let alice = create_user(&*store, directory, "alice").await;
    let (theirs, ours) = (group("theirs"), NewResource { source: Source::Manual, ..group("ours") });
    let groups = [(theirs.id, Source::Provisioned, Source::Manual), (ours.id, Source::Manual, Source::Provisioned)];
    for new in [theirs, ours] {
        commit(&*store, directory, Change::Create(Box::new(new))).await.expect("creates");
    }
    for (id, source, other) in groups {
        assert_eq!(get(&*store, directory, "Group", id).await.source, source);
        let of = |source| Update { source: Some(source), ..change_members(id, add(&[alice])) };
        let refused = commit(&*store, directory, updated(of(other))).await;
        assert!(matches!(refused, Err(StoreError::OtherSource)), "{refused:?}");
        assert_eq!(get(&*store, directory, "Group", id).await.version, 1);
        assert_eq!(store.members(directory, id, None, 10).await.expect("answers"), []);
        assert!(commit(&*store, directory, updated(of(source))).await.expect("is of this source").changed);
    }
    let renamed = Update { source: Some(Source::Manual), ..rename_user(alice, 1, "alice", "bob") };
    assert!(matches!(commit(&*store, directory, updated(renamed)).await, Err(StoreError::OtherSource)));
    assert_eq!(get(&*store, directory, "User", alice).await.version, 1);
}

pub async fn what_is_held_moves_the_version(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let alice = create_user(&*store, directory, "alice").await;
    assert!(!get(&*store, directory, "User", alice).await.held);
    for (version, held) in [(1, true), (2, false)] {
        let update = Update { expected_version: Some(version), held: Some(held), ..user_update(alice) };
        let committed = commit(&*store, directory, updated(update)).await.expect("updates");
        assert_eq!((committed.version, committed.changed), (version + 1, true));
        assert_eq!(get(&*store, directory, "User", alice).await.held, held);
    }
}

pub async fn what_is_barred_is_not_created(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let (directory, other) = (fresh_directory(&*store).await, fresh_directory(&*store).await);
    for (name, external_id, bar) in
        [("alice", Some("A1"), Bar::UntilReassigned), ("bob", None, Bar::UntilLifted), ("carol", Some("C1"), Bar::No)]
    {
        let id = create_user(&*store, directory, name).await;
        commit(&*store, directory, buried(id, name, burial(name, false, bar, external_id))).await.expect("deletes");
    }
    for (name, external_id) in
        [("Alice", None), ("ALICE", Some("A1")), ("renamed", Some("A1")), ("bob", None), ("bob", Some("B1"))]
    {
        let refused = commit(&*store, directory, arriving(name, external_id)).await;
        assert!(matches!(refused, Err(StoreError::Barred)), "{name}: {refused:?}");
        commit(&*store, other, arriving(name, external_id)).await.expect("is barred in the other Directory only");
        let id = store_find(&*store, other, name).await;
        let index = vec![user_name_row(name)];
        let gone = Change::Delete { resource_type: "User".into(), id, expected_version: 1, index, burial: None };
        commit(&*store, other, gone).await.expect("deletes");
    }
    for (name, external_id) in [("alice", Some("A2")), ("carol", Some("C1"))] {
        commit(&*store, directory, arriving(name, external_id)).await.expect("is somebody else, or not barred");
    }
    let unasked = NewResource { match_keys: None, ..user("bob") };
    commit(&*store, directory, Change::Create(Box::new(unasked))).await.expect("nobody looks");
    // Nothing is left of what was refused.
    assert_eq!(roll(&*store, directory, None).await.len(), 3);
}

pub async fn an_id_that_was_deleted_is_created_once_only(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let (directory, other) = (fresh_directory(&*store).await, fresh_directory(&*store).await);
    let member = create_user(&*store, directory, "member").await;
    // With and without members, alone and as an operator does it, which are different statements.
    for (is_group, is_recorded) in [(false, false), (false, true), (true, false), (true, true)] {
        let sample = || match is_group {
            true => NewResource { members: vec![member], ..group("once") },
            false => user("once"),
        };
        let once = NewResource { once: true, ..sample() };
        let create = async |directory: DirectoryId, resource: &NewResource| {
            let record = is_recorded.then(|| Box::new(entry("case.create")));
            let change = Change::Create(Box::new(resource.clone()));
            store
                .commit(directory, Commit { actor: None, now: NOW, basis: None, bounds: Bounds::default(), record, change })
                .await
        };
        let delete = async |directory: DirectoryId, resource: &NewResource| {
            let (resource_type, index) = (resource.resource_type.clone(), resource.index.clone());
            let gone = Change::Delete { resource_type, id: resource.id, expected_version: 1, index, burial: None };
            commit(&*store, directory, gone).await.expect("deletes");
        };
        create(directory, &once).await.expect("creates");
        assert!(create(directory, &once).await.is_err(), "it is there");
        delete(directory, &once).await;
        let spent = create(directory, &once).await;
        assert!(matches!(spent, Err(StoreError::Spent)), "{is_group} {is_recorded}: {spent:?}");
        assert_eq!(store.get(directory, &once.resource_type, once.id).await.expect("answers"), None);
        // Another id, or another Directory, is none of its.
        let another = NewResource { once: true, ..sample() };
        create(directory, &another).await.expect("creates");
        delete(directory, &another).await;
        if !is_group {
            create(other, &once).await.expect("creates");
            delete(other, &once).await;
        }
        // What comes back under its id, as an import does, is asked nothing.
        let back = NewResource { once: false, ..once };
        create(directory, &back).await.expect("creates");
        delete(directory, &back).await;
    }
}

pub async fn what_is_kept_has_its_document_until_it_is_forgotten(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let mut ids = Vec::new();
    for (name, keep, at) in [("alice", true, 10), ("bob", false, 20), ("carol", true, 30)] {
        let id = create_user(&*store, directory, name).await;
        let change = buried(id, name, burial(name, keep, Bar::No, None));
        let (now, basis) = (Timestamp(at), None);
        let commit = Commit { actor: None, now, basis, bounds: Bounds::default(), record: None, change };
        store.commit(directory, commit).await.expect("deletes");
        ids.push(id);
    }
    let found = store.tombstones(directory, "User", None, 10).await.expect("answers");
    let shown: Vec<_> =
        found.iter().map(|one| (one.id, one.name.as_str(), one.at.0, one.version, one.document.is_some())).collect();
    assert_eq!(shown, [(ids[0], "alice", 10, 2, true), (ids[1], "bob", 20, 2, false), (ids[2], "carol", 30, 2, true)]);
    assert!(found[0].document.as_deref().is_some_and(|document| document.contains("alice")));
    assert_eq!(store.tombstones(directory, "Group", None, 10).await.expect("answers"), []);
    assert_eq!(store.tombstones(directory, "User", Some(ids[0]), 1).await.expect("answers")[0].id, ids[1]);
    // Of what is old enough the oldest goes first, and no more than asked for.
    assert_eq!(store.forget_tombstones(directory, Timestamp(30), 1).await.expect("forgets"), 1);
    assert_eq!(store.tombstones(directory, "User", None, 10).await.expect("answers").len(), 2);
    assert_eq!(store.forget_tombstones(directory, Timestamp(30), 10).await.expect("forgets"), 1);
    assert_eq!(store.tombstones(directory, "User", None, 10).await.expect("answers")[0].id, ids[2]);
    // A resource that is not at its version is neither deleted nor buried.
    let dave = create_user(&*store, directory, "dave").await;
    commit(&*store, directory, updated(rename_user(dave, 1, "dave", "erin"))).await.expect("renames");
    let stale = commit(&*store, directory, buried(dave, "dave", burial("dave", true, Bar::No, None))).await;
    assert!(matches!(stale, Err(StoreError::VersionConflict)), "{stale:?}");
    assert_eq!(store.tombstones(directory, "User", None, 10).await.expect("answers").len(), 1);
}

pub async fn a_resource_that_came_back_under_its_id_is_deleted_again(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let alice = user("alice");
    for (keep, bar) in [(true, Bar::UntilLifted), (false, Bar::UntilReassigned)] {
        commit(&*store, directory, Change::Create(Box::new(alice.clone()))).await.expect("creates");
        commit(&*store, directory, buried(alice.id, "alice", burial("alice", keep, bar, None))).await.expect("deletes");
        let left = store.tombstones(directory, "User", None, 10).await.expect("answers");
        let left: Vec<_> = left.iter().map(|one| (one.id, one.bar, one.document.is_some())).collect();
        assert_eq!(left, [(alice.id, bar, keep)], "the last end counts");
    }
}

pub async fn a_bar_is_lifted_for_its_own_type_and_directory(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let (directory, other) = (fresh_directory(&*store).await, fresh_directory(&*store).await);
    let mut ids = Vec::new();
    for (name, bar) in [("alice", Bar::UntilReassigned), ("bob", Bar::UntilLifted)] {
        let id = create_user(&*store, directory, name).await;
        commit(&*store, directory, buried(id, name, burial(name, false, bar, None))).await.expect("deletes");
        ids.push(id);
    }
    assert!(!store.lift_tombstone(other, "User", ids[0]).await.expect("answers"));
    assert!(!store.lift_tombstone(directory, "Group", ids[0]).await.expect("answers"));
    assert!(!store.lift_tombstone(directory, "User", ids[1]).await.expect("answers"), "an operator lifts this one");
    assert_eq!(store.tombstones(directory, "User", None, 10).await.expect("answers").len(), 2);
    assert!(store.lift_tombstone(directory, "User", ids[0]).await.expect("answers"));
    assert!(!store.lift_tombstone(directory, "User", ids[0]).await.expect("answers"));
    commit(&*store, directory, arriving("alice", None)).await.expect("may come again");
}

pub async fn a_change_of_an_operator_and_its_record_are_one(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let acts = async |name: &'static str| {
        let filter = AuditFilter { act: Some(name.to_owned()), ..AuditFilter::default() };
        store.audit(&filter, None, 500).await.expect("answers").iter().filter(|row| row.target == directory.0.to_string()).count()
    };
    let recorded = async |name: &'static str, change: Change| {
        let record = Some(Box::new(scimd::store::audit::AuditEntry { target: directory.0.to_string(), ..entry(name) }));
        let commit = Commit { actor: None, now: NOW, basis: None, bounds: Bounds::default(), record, change };
        store.commit(directory, commit).await
    };
    let alice = user("alice");
    let id = alice.id;
    recorded("case.create", Change::Create(Box::new(alice))).await.expect("creates");
    assert_eq!(acts("case.create").await, 1);
    let twice = recorded("case.twice", Change::Create(Box::new(user("alice")))).await;
    assert!(matches!(twice, Err(StoreError::Uniqueness { .. })), "{twice:?}");
    assert_eq!(acts("case.twice").await, 0);
    recorded("case.update", updated(rename_user(id, 1, "alice", "bob"))).await.expect("updates");
    assert_eq!(acts("case.update").await, 1);
    let stale = recorded("case.stale", updated(rename_user(id, 1, "bob", "carol"))).await;
    assert!(matches!(stale, Err(StoreError::VersionConflict)), "{stale:?}");
    assert!(!recorded("case.nothing", updated(user_update(id))).await.expect("changes nothing").changed);
    assert_eq!((acts("case.stale").await, acts("case.nothing").await), (0, 0));
    let index = vec![user_name_row("bob")];
    let gone = Change::Delete { resource_type: "User".into(), id, expected_version: 2, index, burial: None };
    recorded("case.delete", gone.clone()).await.expect("deletes");
    assert!(matches!(recorded("case.gone", gone).await, Err(StoreError::NotFound)));
    assert_eq!((acts("case.delete").await, acts("case.gone").await), (1, 0));
}

pub async fn a_roll_has_those_of_one_standing_by_id(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let theirs = create_user(&*store, directory, "alice").await;
    let held = create_user(&*store, directory, "bob").await;
    let ours = user("carol");
    let manual = ours.id;
    commit(&*store, directory, Change::Create(Box::new(NewResource { source: Source::Manual, ..ours }))).await.expect("creates");
    create_group(&*store, directory, "group", &[theirs]).await;
    let hold = Update { expected_version: Some(1), held: Some(true), ..user_update(held) };
    commit(&*store, directory, updated(hold)).await.expect("holds");
    assert_eq!(roll(&*store, directory, None).await, [theirs, held, manual]);
    assert_eq!(roll(&*store, directory, Some(Standing::Of(Source::Provisioned))).await, [theirs, held]);
    assert_eq!(roll(&*store, directory, Some(Standing::Of(Source::Manual))).await, [manual]);
    assert_eq!(roll(&*store, directory, Some(Standing::Held)).await, [held]);
}

async fn roll(store: &dyn OperatorStore, directory: DirectoryId, standing: Option<Standing>) -> Vec<ResourceId> {
    let registry = Registry::built_in();
    let resource_type = registry.resource_type("User").expect("is built in");
    let query = Query { resource_type, filter: None, sort: None, start: Start::Offset(0), limit: 10, group_depth: 1 };
    store.roll(directory, &query, standing).await.expect("answers").into_iter().map(|user| user.id).collect()
}

/// The one user that there is.
async fn store_find(store: &dyn OperatorStore, directory: DirectoryId, name: &str) -> ResourceId {
    let found = roll(store, directory, None).await;
    assert_eq!(found.len(), 1, "{name} alone");
    found[0]
}
