//! Who is in which group.

use super::fixture::Fixture;
use super::sample::*;
use scimd::id::ResourceId;
use scimd::store::{Change, MemberChange, Membership, NewResource, Reference, StoreError, Update};

pub async fn member_deltas_of_many_callers_all_arrive(fixture: &mut impl Fixture) {
    const TASKS: usize = 16;
    const EACH: usize = 50;
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let group = create_group(&*store, directory, "staff", &[]).await;
    let mut users = Vec::new();
    for number in 0..TASKS * EACH {
        users.push(create_user(&*store, directory, &format!("user{number}")).await);
    }
    let tasks: Vec<_> = users
        .chunks(EACH)
        .map(|users| {
            let store = store.clone();
            let users = users.to_vec();
            tokio::spawn(async move {
                let mut changing = 0;
                for user in users {
                    // The second of each pair finds the member there already.
                    for _ in 0..2 {
                        let change = updated(change_members(group, add(&[user])));
                        changing += i64::from(commit(&*store, directory, change).await.expect("adds").changed);
                    }
                }
                changing
            })
        })
        .collect();
    let mut changing = 0;
    for task in tasks {
        changing += task.await.expect("does not panic");
    }
    assert_eq!(changing, users.len() as i64);
    assert_eq!(get(&*store, directory, "Group", group).await.version, 1 + changing);
    users.sort();
    assert_eq!(member_ids(&*store, directory, group).await, users);
}

pub async fn clearing_keeps_the_members_that_are_added(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let alice = create_user(&*store, directory, "alice").await;
    let bob = create_user(&*store, directory, "bob").await;
    let carol = create_user(&*store, directory, "carol").await;
    let group = create_group(&*store, directory, "staff", &[alice, bob]).await;
    let replace = MemberChange { clear: true, ..add(&[bob, carol]) };
    let committed = commit(&*store, directory, updated(change_members(group, replace))).await.expect("updates");
    assert_eq!((committed.version, committed.changed), (2, true));
    assert_eq!(member_ids(&*store, directory, group).await, [bob, carol]);
    let event = fixture.events(directory).await.pop().expect("an event");
    assert_eq!(event.detail.expect("detail").to_string(), r#"{"added":1,"removed":1}"#);
    let clear = MemberChange { clear: true, ..MemberChange::default() };
    let committed = commit(&*store, directory, updated(change_members(group, clear))).await.expect("updates");
    assert_eq!((committed.version, committed.changed), (3, true));
    assert_eq!(member_ids(&*store, directory, group).await, []);
}

pub async fn an_unknown_member_undoes_the_whole_change(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let alice = create_user(&*store, directory, "alice").await;
    let staff = create_group(&*store, directory, "staff", &[alice]).await;
    let before = get(&*store, directory, "Group", staff).await;
    let events = fixture.events(directory).await;
    let nobody = ResourceId::generate();

    let created = NewResource { members: vec![alice, nobody], ..group("more") };
    let id = created.id;
    let refused = commit(&*store, directory, Change::Create(Box::new(created))).await;
    assert!(matches!(refused, Err(StoreError::UnknownMember)), "{refused:?}");
    assert_eq!(store.get(directory, "Group", id).await.expect("answers"), None);

    let mut renaming = rename_user(staff, 1, "alice", "bob");
    renaming.resource_type = "Group".into();
    renaming.member_types = member_types();
    renaming.members = MemberChange { remove: vec![alice], ..add(&[nobody]) };
    let users_only = Update { member_types: vec!["User".into()], ..change_members(staff, add(&[staff])) };
    for update in [renaming, change_members(staff, add(&[nobody])), users_only] {
        let refused = commit(&*store, directory, updated(update.clone())).await;
        assert!(matches!(refused, Err(StoreError::UnknownMember)), "{update:?}: {refused:?}");
    }
    assert_eq!(get(&*store, directory, "Group", staff).await, before);
    assert_eq!(member_ids(&*store, directory, staff).await, [alice]);
    assert_eq!(fixture.events(directory).await, events);
}

pub async fn a_membership_change_checks_the_version_only_if_one_is_given(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let alice = create_user(&*store, directory, "alice").await;
    let group = create_group(&*store, directory, "staff", &[]).await;
    let expecting = |version| Update { expected_version: Some(version), ..change_members(group, add(&[alice])) };
    let refused = commit(&*store, directory, updated(expecting(2))).await;
    assert!(matches!(refused, Err(StoreError::VersionConflict)), "{refused:?}");
    assert_eq!(member_ids(&*store, directory, group).await, []);
    commit(&*store, directory, updated(expecting(1))).await.expect("adds");
    commit(&*store, directory, updated(change_members(group, remove(&[alice])))).await.expect("removes");
    assert_eq!(get(&*store, directory, "Group", group).await.version, 3);
}

pub async fn deleting_a_member_moves_its_groups(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let alice = create_user(&*store, directory, "alice").await;
    let bob = create_user(&*store, directory, "bob").await;
    let one = create_group(&*store, directory, "one", &[alice, bob]).await;
    let two = create_group(&*store, directory, "two", &[alice]).await;
    let three = create_group(&*store, directory, "three", &[bob]).await;
    assert!(get(&*store, directory, "User", alice).await.is_member);
    let later = scimd::clock::Timestamp(NOW.0 + 5);
    commit_at(&*store, directory, later, delete_user(alice, 1, "alice")).await.expect("deletes");
    for (group, version, last_modified, members) in
        [(one, 2, later, vec![bob]), (two, 2, later, vec![]), (three, 1, NOW, vec![bob])]
    {
        let stored = get(&*store, directory, "Group", group).await;
        assert_eq!((stored.version, stored.last_modified), (version, last_modified));
        assert_eq!(member_ids(&*store, directory, group).await, members);
    }
    let mut moved: Vec<_> = fixture
        .events(directory)
        .await
        .into_iter()
        .filter(|event| event.kind == "update")
        .map(|event| (event.resource_id, event.version, event.detail.expect("detail").to_string()))
        .collect();
    moved.sort();
    let detail = r#"{"added":0,"removed":1}"#.to_owned();
    assert_eq!(moved, [(one, 2, detail.clone()), (two, 2, detail)]);

    let group = Change::Delete {
        resource_type: "Group".into(),
        id: one,
        expected_version: 2,
        index: vec![group_name_row("one")],
        burial: None,
    };
    commit(&*store, directory, group).await.expect("deletes");
    assert_eq!(get(&*store, directory, "User", bob).await.version, 1, "a member of a deleted group stays as it is");
}

pub async fn members_are_paged_by_id(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let mut users = Vec::new();
    for number in 0..5 {
        users.push(create_user(&*store, directory, &format!("user{number}")).await);
    }
    users.sort();
    let group = create_group(&*store, directory, "staff", &users).await;
    let mut walked = Vec::new();
    loop {
        let page = store.members(directory, group, walked.last().copied(), 2).await.expect("answers");
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2);
        assert!(page.iter().all(|member| member.resource_type == "User"));
        walked.extend(page.into_iter().map(|member| member.id));
    }
    assert_eq!(walked, users);
}

pub async fn memberships_reach_through_groups_and_end_in_cycles(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let alice = create_user(&*store, directory, "alice").await;
    let bob = create_user(&*store, directory, "bob").await;
    let inner = create_group(&*store, directory, "inner", &[alice]).await;
    let middle = create_group(&*store, directory, "middle", &[inner, alice]).await;
    let outer = create_group(&*store, directory, "outer", &[middle]).await;
    commit(&*store, directory, updated(change_members(inner, add(&[outer])))).await.expect("a cycle is allowed");

    let expect = |member, group, name: &str, direct| Membership {
        member,
        group,
        group_type: "Group".into(),
        display: Some(name.into()),
        value: None,
        kind: None,
        direct,
    };
    let ask = async |members: &[ResourceId], depth| store.memberships(directory, members, depth, &[]).await.expect("answers");
    let direct = [expect(alice, inner, "inner", true), expect(alice, middle, "middle", true)];
    assert_eq!(ask(&[alice], 1).await, direct);
    let all = [direct[0].clone(), direct[1].clone(), expect(alice, outer, "outer", false)];
    assert_eq!(ask(&[alice], 2).await, all, "direct wins over indirect");
    assert_eq!(ask(&[bob, alice], 64).await, all);
    let of_inner =
        [expect(inner, inner, "inner", false), expect(inner, middle, "middle", true), expect(inner, outer, "outer", false)];
    assert_eq!(ask(&[inner], 64).await, of_inner, "through a cycle a group is in itself");
    assert_eq!(ask(&[bob], 64).await, []);
    assert_eq!(ask(&[], 64).await, []);
}

pub async fn a_reference_shows_the_display_name(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let alice = create_user(&*store, directory, "Alice").await;
    let named = NewResource {
        document: r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"bob","displayName":"Bob B."}"#.into(),
        ..user("bob")
    };
    let bob = named.id;
    commit(&*store, directory, Change::Create(Box::new(named))).await.expect("creates");
    let bare = NewResource { document: "{}".into(), keys: "{}".into(), index: Vec::new(), ..group("bare") };
    let bare_id = bare.id;
    commit(&*store, directory, Change::Create(Box::new(bare))).await.expect("creates");
    let reference = |id, resource_type: &str, display: Option<&str>| Reference {
        id,
        resource_type: resource_type.into(),
        display: display.map(str::to_owned),
    };
    let mut found = store.references(directory, &[bare_id, bob, alice, ResourceId::generate(), alice]).await.expect("answers");
    found.sort_by_key(|reference| reference.id);
    let mut expected =
        [reference(alice, "User", None), reference(bob, "User", Some("Bob B.")), reference(bare_id, "Group", None)];
    expected.sort_by_key(|reference| reference.id);
    assert_eq!(found, expected);
    let group = create_group(&*store, directory, "staff", &[alice, bob]).await;
    let mut members = store.members(directory, group, None, 10).await.expect("answers");
    members.sort_by_key(|reference| reference.display.clone());
    assert_eq!(members, [reference(alice, "User", None), reference(bob, "User", Some("Bob B."))]);
}
