//! Listing several types in one order, and from a place in it on.

use super::fixture::Fixture;
use super::sample::*;
use scimd::clock::Timestamp;
use scimd::id::{DirectoryId, ResourceId};
use scimd::scim::filter::{CompareOp, Literal, ResolvedFilter};
use scimd::scim::schema::path::Resolved;
use scimd::scim::schema::{Registry, ResourceType, Target};
use scimd::store::{Change, Listing, ListingPage, ListingStart, OperatorStore, Part, Position, Sort, SortKey};
use std::sync::Arc;

fn types() -> Vec<Arc<ResourceType>> {
    ["User", "Group"].map(|name| Registry::built_in().resource_type(name).expect("is built in").clone()).to_vec()
}

fn target(resource_type: &ResourceType, name: &str) -> Option<Target> {
    match resource_type.resolve(name) {
        Some(Resolved::Attribute(target)) => Some(target),
        Some(Resolved::Container(_)) | None => None,
    }
}

/// Users and groups together. `by`: the attribute to sort by, and whether descending.
async fn list(
    store: &dyn OperatorStore,
    directory: DirectoryId,
    by: Option<(&str, bool)>,
    start: ListingStart,
    limit: u32,
) -> (u64, Vec<(ResourceId, Option<SortKey>)>) {
    let types = types();
    let sort = |resource_type: &Arc<ResourceType>| {
        let (name, descending) = by?;
        Some(Sort { target: target(resource_type, name)?, descending })
    };
    let sorts: Vec<Option<Sort>> = types.iter().map(sort).collect();
    let parts =
        types.iter().zip(&sorts).map(|(resource_type, sort)| Part { resource_type, filter: None, sort: sort.as_ref() }).collect();
    let ListingPage { total, resources, .. } =
        store.list(directory, &Listing { parts, start, limit, group_depth: 10 }).await.expect("answers");
    (total, resources.into_iter().map(|(stored, key)| (stored.id, key)).collect())
}

/// All pages of `limit` from the beginning, each from behind the one before.
async fn walk(
    store: &dyn OperatorStore,
    directory: DirectoryId,
    by: Option<(&str, bool)>,
    limit: u32,
) -> Vec<(ResourceId, Option<SortKey>)> {
    let (mut all, mut start) = (Vec::new(), ListingStart::Offset(0));
    loop {
        let (total, page) = list(store, directory, by, start, limit).await;
        assert!(page.len() <= limit as usize && all.len() + page.len() <= total as usize, "{page:?} of {total}");
        let Some((id, key)) = page.last().cloned() else { return all };
        start = ListingStart::After(Position { key, id });
        all.extend(page);
    }
}

fn ids(listed: &[(ResourceId, Option<SortKey>)]) -> Vec<ResourceId> {
    listed.iter().map(|(id, _)| *id).collect()
}

fn named(name: &str) -> Option<SortKey> {
    Some(SortKey::Text(name.into()))
}

async fn delete_group(store: &dyn OperatorStore, directory: DirectoryId, id: ResourceId, name: &str) {
    let change = Change::Delete {
        resource_type: "Group".into(),
        id,
        expected_version: 1,
        index: vec![group_name_row(name)],
        burial: None,
    };
    commit(store, directory, change).await.expect("deletes");
}

pub async fn a_listing_has_all_types_in_one_order(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let elsewhere = fresh_directory(&*store).await;
    create_user(&*store, elsewhere, "user1").await;
    let mut expected = Vec::new();
    for number in 0..3 {
        let user = create_user(&*store, directory, &format!("user{number}")).await;
        expected.extend([user, create_group(&*store, directory, &format!("group{number}"), &[user]).await]);
    }
    expected.sort();
    for (offset, limit, shown) in
        [(0, 10, 0..6), (0, 6, 0..6), (0, 4, 0..4), (1, 4, 1..5), (4, 4, 4..6), (6, 4, 6..6), (99, 4, 6..6)]
    {
        let (total, page) = list(&*store, directory, None, ListingStart::Offset(offset), limit).await;
        assert_eq!((total, ids(&page)), (6, expected[shown].to_vec()), "{limit} from {offset}");
        assert!(page.iter().all(|(_, key)| key.is_none()));
    }
    assert_eq!(list(&*store, directory, None, ListingStart::Offset(0), 0).await, (6, vec![]));
    let behind = ListingStart::After(Position { key: None, id: expected[2] });
    assert_eq!(list(&*store, directory, None, behind.clone(), 0).await, (6, vec![]));
    assert_eq!(ids(&list(&*store, directory, None, behind, 10).await.1), expected[3..]);

    let types = types();
    let parts = types.iter().map(|resource_type| Part { resource_type, filter: None, sort: None }).collect();
    let page = store
        .list(directory, &Listing { parts, start: ListingStart::Offset(0), limit: 10, group_depth: 10 })
        .await
        .expect("answers");
    assert_eq!(page.scanned, None);
    for (stored, _) in page.resources {
        assert_eq!(stored, get(&*store, directory, &stored.resource_type, stored.id).await);
        assert_eq!(stored.is_member, stored.resource_type == "User");
    }
}

pub async fn a_listing_goes_on_behind_a_place_whatever_came_and_went(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let user = create_user(&*store, directory, "user").await;
    let mut groups = Vec::new();
    for name in ["b", "d", "f", "h"] {
        groups.push(create_group(&*store, directory, name, &[]).await);
    }
    let by = Some(("displayName", false));
    let (total, page) = list(&*store, directory, by, ListingStart::Offset(0), 2).await;
    assert_eq!((total, page), (5, vec![(groups[0], named("b")), (groups[1], named("d"))]));
    // The place stays where it was when its resource goes. What comes before it is missed, what comes behind it is shown.
    delete_group(&*store, directory, groups[1], "d").await;
    delete_group(&*store, directory, groups[2], "f").await;
    create_group(&*store, directory, "a", &[]).await;
    let new = create_group(&*store, directory, "E", &[]).await;
    let behind = ListingStart::After(Position { key: named("d"), id: groups[1] });
    let expected = vec![(new, named("e")), (groups[3], named("h")), (user, None)];
    assert_eq!(list(&*store, directory, by, behind.clone(), 10).await, (5, expected.clone()));
    assert_eq!(list(&*store, directory, by, behind, 2).await, (5, expected[..2].to_vec()));
    let behind_all = ListingStart::After(Position { key: None, id: user });
    assert_eq!(list(&*store, directory, by, behind_all, 2).await, (5, vec![]));
}

pub async fn walking_a_listing_shows_each_resource_once(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    // Each moment and each name twice.
    for number in 0..6_i64 {
        let now = Timestamp(NOW.0 + number / 2);
        let (user, group) = (user(&format!("user{number}")), group(&format!("group{}", 9 - number / 2)));
        users.push(user.id);
        groups.push(group.id);
        for resource in [user, group] {
            commit_at(&*store, directory, now, Change::Create(Box::new(resource))).await.expect("creates");
        }
    }
    let pairs = |ids: &[ResourceId]| ids.chunks(2).map(<[_]>::to_vec).collect::<Vec<_>>();
    let sorted = |mut ids: Vec<ResourceId>| {
        ids.sort();
        ids
    };
    let all = sorted([users.clone(), groups.clone()].concat());
    let by_time: Vec<Vec<ResourceId>> =
        pairs(&users).into_iter().zip(pairs(&groups)).map(|(users, groups)| sorted([users, groups].concat())).collect();
    let mut by_name: Vec<Vec<ResourceId>> = pairs(&groups).into_iter().rev().map(sorted).collect();
    by_name.push(sorted(users));
    // Ties go by id ascending in either direction.
    let reversed = |mut runs: Vec<Vec<ResourceId>>| {
        runs.reverse();
        runs.concat()
    };
    let cases = [
        (None, all.clone()),
        (Some(("id", true)), all.into_iter().rev().collect()),
        (Some(("meta.created", false)), by_time.concat()),
        (Some(("meta.lastModified", true)), reversed(by_time)),
        (Some(("displayName", false)), by_name.concat()),
        (Some(("displayName", true)), reversed(by_name)),
    ];
    for (by, expected) in cases {
        for limit in [1, 2, 5, 12, 20] {
            assert_eq!(ids(&walk(&*store, directory, by, limit).await), expected, "{by:?} by {limit}");
        }
    }
}

pub async fn each_type_of_a_listing_has_its_own_filter(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    create_user(&*store, directory, "alice").await;
    let bob = create_user(&*store, directory, "bob").await;
    let staff = create_group(&*store, directory, "staff", &[]).await;
    let types = types();
    let user_name = target(&types[0], "userName").expect("is there");
    let is_bob = ResolvedFilter::Compare { target: user_name, op: CompareOp::Eq, literal: Literal::Text("bob".into()) };
    let (all, none) = (ResolvedFilter::Constant(true), ResolvedFilter::Constant(false));
    for (of_users, of_groups, expected) in
        [(&is_bob, &none, vec![bob]), (&is_bob, &all, vec![bob, staff]), (&none, &none, vec![])]
    {
        let parts = types
            .iter()
            .zip([of_users, of_groups])
            .map(|(resource_type, filter)| Part { resource_type, filter: Some(filter), sort: None })
            .collect();
        let listing = Listing { parts, start: ListingStart::Offset(0), limit: 10, group_depth: 10 };
        let page = store.list(directory, &listing).await.expect("answers");
        assert_eq!(page.resources.iter().map(|(stored, _)| stored.id).collect::<Vec<_>>(), expected);
        assert_eq!(page.total, expected.len() as u64);
        let total = store.list(directory, &Listing { limit: 0, ..listing }).await.expect("answers").total;
        assert_eq!(total, expected.len() as u64);
    }
}
