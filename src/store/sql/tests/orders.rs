//! How pages are sorted and cut.

use super::filters::{device, group, present, target, text, user};
use super::world::{ENTERPRISE, World, id};
use crate::scim::filter::{CompareOp, ResolvedFilter};
use crate::scim::schema::ResourceType;
use crate::store::{Query, Sort, Start};

async fn check(
    resource_type: &ResourceType,
    filter: Option<&ResolvedFilter>,
    path: &str,
    ascending: &[u128],
    descending: &[u128],
) {
    let mut world = World::new().await;
    for (expected, descending) in [(ascending, false), (descending, true)] {
        let sort = Sort { target: target(resource_type, path), descending };
        assert_eq!(world.sorted(resource_type, filter, &sort).await, expected, "{path}, descending: {descending}");
        let page = |start, limit| Query { resource_type, filter, sort: Some(&sort), start, limit, group_depth: 10 };
        for offset in 0..=expected.len() {
            let found = world.page(&page(Start::Offset(offset as u64), 2)).await;
            assert_eq!(
                found,
                &expected[offset..expected.len().min(offset + 2)],
                "{path} from {offset}, descending: {descending}"
            );
        }
    }
}

#[tokio::test]
async fn an_indexed_attribute_sorts_by_key() {
    check(&user(), None, "userName", &[1, 2, 3, 4], &[4, 3, 2, 1]).await;
    check(&group(), None, "displayName", &[12, 13, 16, 11], &[11, 16, 13, 12]).await;
    check(&group(), Some(&present(&group(), "members")), "displayName", &[12, 16, 11], &[11, 16, 12]).await;
}

#[tokio::test]
async fn resources_without_a_value_come_last_and_in_descending_order_first() {
    check(&user(), None, "displayName", &[1, 4, 2, 3], &[2, 3, 4, 1]).await;
    check(&user(), None, "name.familyName", &[1, 2, 3, 4], &[3, 4, 2, 1]).await;
    check(&user(), None, "title", &[1, 3, 2, 4], &[2, 4, 3, 1]).await;
    check(&user(), None, "active", &[2, 1, 3, 4], &[3, 4, 1, 2]).await;
    check(&device(), None, "slots", &[23, 21, 22], &[22, 21, 23]).await;
    check(&device(), None, "bought", &[21, 22, 23], &[23, 22, 21]).await;
}

#[tokio::test]
async fn ties_go_by_id_ascending_whatever_the_direction() {
    check(&user(), None, "meta.resourceType", &[1, 2, 3, 4], &[1, 2, 3, 4]).await;
    let employee_number = format!("{ENTERPRISE}:employeeNumber");
    check(&user(), None, &employee_number, &[2, 3, 4, 1], &[1, 2, 3, 4]).await;
}

#[tokio::test]
async fn of_a_list_the_primary_element_counts_and_else_the_first() {
    // Of 1 the primary alice@work, of 2 the first: bob@home, of 4 an element without a value.
    check(&user(), None, "emails.value", &[1, 2, 3, 4], &[3, 4, 2, 1]).await;
    // Of 21 red, of 22 blue.
    check(&device(), None, "tags", &[22, 21, 23], &[23, 21, 22]).await;
}

#[tokio::test]
async fn columns_and_references_sort_too() {
    check(&user(), None, "id", &[1, 2, 3, 4], &[4, 3, 2, 1]).await;
    check(&user(), None, "meta.location", &[1, 2, 3, 4], &[4, 3, 2, 1]).await;
    check(&user(), None, "meta.lastModified", &[1, 2, 3, 4], &[4, 3, 2, 1]).await;
    check(&user(), None, "meta.version", &[1, 2, 3, 4], &[4, 3, 2, 1]).await;
    check(&user(), None, &format!("{ENTERPRISE}:manager.displayName"), &[2, 1, 3, 4], &[1, 3, 4, 2]).await;
}

#[tokio::test]
async fn a_filter_with_a_probe_sorts_what_it_leaves() {
    let filter = text(&user(), "emails.value", CompareOp::Co, "home");
    check(&user(), Some(&filter), "displayName", &[1, 2], &[2, 1]).await;
}

#[tokio::test]
async fn without_a_sort_pages_go_by_id_from_an_offset_or_after_an_id() {
    let mut world = World::new().await;
    let user = &*user();
    let query = |start, limit| Query { resource_type: user, filter: None, sort: None, start, limit, group_depth: 10 };
    assert_eq!(world.page(&query(Start::Offset(0), 3)).await, [1, 2, 3]);
    assert_eq!(world.page(&query(Start::Offset(2), 3)).await, [3, 4]);
    assert_eq!(world.page(&query(Start::Offset(9), 3)).await, [0_u128; 0]);
    assert_eq!(world.page(&query(Start::After(id(2)), 1)).await, [3]);
    assert_eq!(world.page(&query(Start::After(id(4)), 1)).await, [0_u128; 0]);
    assert_eq!(world.total(&query(Start::Offset(9), 3)).await, 4);
}
