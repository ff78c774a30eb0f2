//! Searching one type. What filters mean is tested with the filter compiler; here: that the store executes them.

use super::fixture::Fixture;
use super::sample::*;
use scimd::id::{DirectoryId, ResourceId};
use scimd::scim::filter::{CompareOp, Literal, ResolvedFilter};
use scimd::scim::schema::{Registry, ResourceType, Target};
use scimd::store::{OperatorStore, Page, Query, Sort, Start};
use std::sync::Arc;

fn user_type() -> Arc<ResourceType> {
    Registry::built_in().resource_type("User").expect("is built in").clone()
}

fn user_name() -> Target {
    let resource_type = user_type();
    let indexed = resource_type.indexed.iter().find(|indexed| &*indexed.name == "userName");
    indexed.expect("is indexed").target.clone()
}

async fn ids(store: &dyn OperatorStore, directory: DirectoryId, query: &Query<'_>) -> (u64, Vec<ResourceId>) {
    let Page { total, resources, .. } = store.search(directory, query).await.expect("answers");
    (total, resources.into_iter().map(|stored| stored.id).collect())
}

pub async fn pages_walk_all_resources_of_a_type_by_id(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let elsewhere = fresh_directory(&*store).await;
    create_user(&*store, elsewhere, "user1").await;
    let mut users = Vec::new();
    for number in 0..5 {
        users.push(create_user(&*store, directory, &format!("user{number}")).await);
    }
    users.sort();
    create_group(&*store, directory, "staff", &users[..1]).await;
    let gone = create_user(&*store, directory, "gone").await;
    commit(&*store, directory, delete_user(gone, 1, "gone")).await.expect("deletes");

    let resource_type = user_type();
    let query =
        Query { resource_type: &resource_type, filter: None, sort: None, start: Start::Offset(0), limit: 3, group_depth: 10 };
    let at = |start| Query { start, ..query.clone() };
    assert_eq!(ids(&*store, directory, &query).await, (5, users[..3].to_vec()));
    assert_eq!(ids(&*store, directory, &at(Start::Offset(3))).await, (5, users[3..].to_vec()));
    assert_eq!(ids(&*store, directory, &at(Start::Offset(5))).await, (5, vec![]));
    assert_eq!(ids(&*store, directory, &at(Start::After(users[0]))).await, (5, users[1..4].to_vec()));
    assert_eq!(ids(&*store, directory, &Query { limit: 0, ..query.clone() }).await, (5, vec![]));

    let page = store.search(directory, &query).await.expect("answers");
    for stored in page.resources {
        assert_eq!(stored, get(&*store, directory, "User", stored.id).await);
        assert_eq!(stored.is_member, stored.id == users[0]);
    }
}

pub async fn a_filter_selects_and_counts(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    create_user(&*store, directory, "alice").await;
    let bob = create_user(&*store, directory, "Bob").await;
    let resource_type = user_type();
    let equal =
        |text: &str| ResolvedFilter::Compare { target: user_name(), op: CompareOp::Eq, literal: Literal::Text(text.into()) };
    for (filter, expected) in [(equal("bob"), vec![bob]), (equal("carol"), vec![]), (ResolvedFilter::Constant(false), vec![])] {
        let query = Query {
            resource_type: &resource_type,
            filter: Some(&filter),
            sort: None,
            start: Start::Offset(0),
            limit: 10,
            group_depth: 10,
        };
        assert_eq!(ids(&*store, directory, &query).await, (expected.len() as u64, expected), "{filter:?}");
    }
}

pub async fn sorting_puts_resources_in_the_order_of_an_attribute(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let directory = fresh_directory(&*store).await;
    let carol = create_user(&*store, directory, "carol").await;
    let alice = create_user(&*store, directory, "Alice").await;
    let bob = create_user(&*store, directory, "bob").await;
    let resource_type = user_type();
    for (descending, expected) in [(false, [alice, bob, carol]), (true, [carol, bob, alice])] {
        let sort = Sort { target: user_name(), descending };
        let query = Query {
            resource_type: &resource_type,
            filter: None,
            sort: Some(&sort),
            start: Start::Offset(0),
            limit: 10,
            group_depth: 10,
        };
        assert_eq!(ids(&*store, directory, &query).await, (3, expected.to_vec()));
    }
}
