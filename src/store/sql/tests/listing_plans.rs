//! Which index serves which listing, by the plans of SQLite.

use super::super::{Dialect, listing, page};
use super::filters::{group, target, text, user};
use super::plans::plan;
use super::world::{DIRECTORY, World, id};
use crate::scim::filter::{CompareOp, ResolvedFilter};
use crate::scim::schema::ResourceType;
use crate::store::{Listing, ListingStart, Part, Position, Query, Sort, SortKey, Start};
use std::sync::Arc;

/// A listing of `types`, sorted by `sort`; of those types that have such an attribute.
async fn listing_plan(
    types: &[&Arc<ResourceType>],
    sort: Option<(&str, bool)>,
    filter: Option<&ResolvedFilter>,
    start: ListingStart,
) -> String {
    let sort_of = |resource_type: &Arc<ResourceType>| {
        sort.filter(|(name, _)| resource_type.resolve(name).is_some())
            .map(|(name, descending)| Sort { target: target(resource_type, name), descending })
    };
    let sorts: Vec<Option<Sort>> = types.iter().map(|resource_type| sort_of(resource_type)).collect();
    let parts =
        types.iter().zip(&sorts).map(|(resource_type, sort)| Part { resource_type, filter, sort: sort.as_ref() }).collect();
    let statement =
        listing(Dialect::Sqlite, DIRECTORY, &Listing { parts, start, limit: 100, group_depth: 10 }).expect("SQL can say it");
    let plan = plan(&mut World::new().await, &statement).await;
    format!("{plan}{}", statement.sql)
}

fn behind(key: Option<SortKey>) -> ListingStart {
    ListingStart::After(Position { key, id: id(2) })
}

/// The arms of a plan: what is read of each type, before it is merged.
fn arms(plan: &str) -> Vec<&str> {
    let begun = plan.split("CO-ROUTINE a").skip(1);
    begun.map(|arm| arm.split_once("SCAN a").expect("an arm is read after it was planned").0).collect()
}

/// Each arm reads `expected`, in its order or nearly, and nothing from end to end.
#[track_caller]
fn check_arms(plan: &str, expected: &[&str]) {
    let arms = arms(plan);
    assert_eq!(arms.len(), expected.len(), "{plan}");
    for (arm, expected) in arms.iter().zip(expected) {
        assert!(arm.contains(expected), "{expected} is not what this reads:\n{arm}\n{plan}");
        // Ties of a descending order are sorted among each other, which is the last term of the order.
        for part in ["FOR ORDER BY", "SCAN r\n", "SCAN v", "AUTOMATIC"] {
            assert!(!arm.contains(part), "{part} is in:\n{arm}\n{plan}");
        }
    }
    assert!(plan.contains("SEARCH r USING INDEX sqlite_autoindex_resources_1 (directory_id=? AND id=?)"), "{plan}");
}

#[tokio::test]
async fn a_list_of_all_types_reads_each_in_the_order_of_its_ids() {
    let (user, group) = (user(), group());
    let first = "resources_by_type (directory_id=? AND resource_type=?)";
    let next = "resources_by_type (directory_id=? AND resource_type=? AND id>?)";
    check_arms(&listing_plan(&[&user, &group], None, None, ListingStart::Offset(0)).await, &[first, first]);
    check_arms(&listing_plan(&[&user, &group], None, None, behind(None)).await, &[next, next]);
    let back = "resources_by_type (directory_id=? AND resource_type=? AND id<?)";
    check_arms(&listing_plan(&[&user], Some(("id", true)), None, behind(None)).await, &[back]);
}

#[tokio::test]
async fn a_list_by_time_reads_the_index_of_that_time() {
    let (user, group) = (user(), group());
    for (name, column) in [("meta.lastModified", "last_modified"), ("meta.created", "created")] {
        for (descending, bound) in [(false, ">"), (true, "<")] {
            let index = format!("resources_by_{column} (directory_id=? AND resource_type=?");
            let plan = listing_plan(&[&user, &group], Some((name, descending)), None, ListingStart::Offset(0)).await;
            check_arms(&plan, &[&format!("{index})"), &format!("{index})")]);
            let next = format!("{index} AND {column}{bound}?)");
            let plan = listing_plan(&[&user, &group], Some((name, descending)), None, behind(Some(SortKey::Integer(5)))).await;
            check_arms(&plan, &[&next, &next]);
        }
    }
}

#[tokio::test]
async fn a_list_by_an_indexed_attribute_reads_its_index_rows() {
    let (user, group) = (user(), group());
    let rows = "USING PRIMARY KEY (directory_id=? AND resource_type=? AND attribute=?";
    for (descending, bound) in [(false, ">"), (true, "<")] {
        let first = listing_plan(&[&user], Some(("userName", descending)), None, ListingStart::Offset(0)).await;
        check_arms(&first, &[&format!("{rows})")]);
        let next = format!("{rows} AND value{bound}?)");
        let place = behind(Some(SortKey::Text("bob".into())));
        check_arms(&listing_plan(&[&user], Some(("userName", descending)), None, place.clone()).await, &[&next]);
        // Groups have no userName: they come by id, or not any more.
        let plan = listing_plan(&[&user, &group], Some(("userName", descending)), None, place).await;
        check_arms(&plan, &[&next, "resources_by_type (directory_id=? AND resource_type=?)"]);
    }
}

#[tokio::test]
async fn a_filter_that_an_index_serves_is_looked_up_whatever_the_place() {
    let user = user();
    let bob = text(&user, "userName", CompareOp::Eq, "bob");
    let values = "USING PRIMARY KEY (directory_id=? AND resource_type=? AND attribute=? AND value=?";
    for start in [ListingStart::Offset(0), behind(None)] {
        let plan = listing_plan(&[&user], None, Some(&bob), start).await;
        check_arms(&plan, &["resources_by_type (directory_id=? AND resource_type=? AND id=?)"]);
        assert!(plan.contains(values), "{plan}");
    }
    // So it is when index paging goes on behind an id.
    let query =
        Query { resource_type: &user, filter: Some(&bob), sort: None, start: Start::After(id(1)), limit: 100, group_depth: 10 };
    let plan = plan(&mut World::new().await, &page(Dialect::Sqlite, DIRECTORY, &query).expect("SQL can say it")).await;
    assert!(plan.contains("SEARCH r USING INDEX resources_by_type (directory_id=? AND resource_type=? AND id=?)"), "{plan}");
    // Few are found, so they may be sorted.
    let plan = listing_plan(&[&user], Some(("meta.lastModified", true)), Some(&bob), ListingStart::Offset(0)).await;
    assert!(plan.contains(values) && plan.contains("resources_by_type (directory_id=? AND resource_type=? AND id=?)"), "{plan}");
}
