//! Which index serves which filter, by the plans of SQLite.

use super::super::{Dialect, Statement, page, total};
use super::filters::{compare, element, group, literal, target, text, user};
use super::world::{DIRECTORY, World, id, sqlite_query};
use crate::scim::filter::{CompareOp, Literal, ResolvedFilter};
use crate::scim::schema::ResourceType;
use crate::store::{Query, Sort, Start};
use CompareOp::{Co, Eq, Gt, Sw};
use sqlx::Row;

/// What a plan must not do: read a table or an index from end to end, read all resources of a type, make an index.
const FORBIDDEN: [&str; 4] = ["SCAN r\n", "SCAN v", "(directory_id=? AND resource_type=?)\n", "AUTOMATIC"];

pub(super) async fn plan(world: &mut World, statement: &Statement) -> String {
    let explained = Statement { sql: format!("EXPLAIN QUERY PLAN {}", statement.sql), ..statement.clone() };
    let rows = sqlite_query(&explained).fetch_all(&mut world.sqlite).await.expect("explains");
    rows.iter().map(|row| row.get::<String, _>("detail")).map(|line| line + "\n").collect()
}

/// The plans of the page and of the total hold all of `expected` and nothing forbidden.
async fn check(resource_type: &ResourceType, filter: &ResolvedFilter, expected: &[&str]) {
    let mut world = World::new().await;
    let query = Query { resource_type, filter: Some(filter), sort: None, start: Start::Offset(0), limit: 100, group_depth: 10 };
    let statements = [page(Dialect::Sqlite, DIRECTORY, &query), total(Dialect::Sqlite, DIRECTORY, &query)];
    for (statement, is_page) in statements.into_iter().zip([true, false]) {
        let statement = statement.expect("SQL can say it");
        let plan = plan(&mut world, &statement).await;
        for part in expected.iter().filter(|part| is_page || !part.starts_with("SEARCH r ")) {
            assert!(plan.contains(part), "{part} is not in the plan:\n{plan}\n{}", statement.sql);
        }
        for part in FORBIDDEN {
            assert!(!plan.contains(part), "{part} is in the plan:\n{plan}\n{}", statement.sql);
        }
    }
}

/// One look-up for each candidate.
const BY_ID: &str = "SEARCH r USING INDEX resources_by_type (directory_id=? AND resource_type=? AND id=?)";
const BY_PRIMARY_KEY: &str = "SEARCH r USING INDEX sqlite_autoindex_resources_1 (directory_id=? AND id=?)";

#[tokio::test]
async fn eq_on_an_indexed_attribute_reads_its_index_rows() {
    let values = "USING PRIMARY KEY (directory_id=? AND resource_type=? AND attribute=? AND value=?";
    for (path, value) in [("userName", "bob"), ("externalId", "Ext-2"), ("emails.value", "bob@work")] {
        check(&user(), &text(&user(), path, Eq, value), &[BY_ID, values]).await;
    }
    let work = element(&user(), "emails", &[("type", Eq, literal("work")), ("value", Eq, literal("bob@work"))]);
    check(&user(), &work, &[BY_ID, values]).await;
    let either = ResolvedFilter::Or(vec![text(&user(), "userName", Eq, "a"), text(&user(), "emails.value", Eq, "b")]);
    check(&user(), &either, &[BY_ID, values]).await;
}

#[tokio::test]
async fn a_prefix_reads_a_range_and_a_part_reads_the_rows_of_the_attribute() {
    let range = "USING PRIMARY KEY (directory_id=? AND resource_type=? AND attribute=? AND value>? AND value<?)";
    check(&user(), &text(&user(), "userName", Sw, "b"), &[BY_ID, range]).await;
    let rows = "USING PRIMARY KEY (directory_id=? AND resource_type=? AND attribute=?)";
    check(&user(), &text(&user(), "displayName", Co, "b"), &[BY_ID, rows]).await;
}

#[tokio::test]
async fn three_letters_of_a_name_read_the_words_that_stand_for_them() {
    let (words, resource) = ("SCAN s1 VIRTUAL TABLE INDEX 0:M1", "SEARCH t2 USING INTEGER PRIMARY KEY (rowid=?)");
    check(&user(), &text(&user(), "displayName", Co, "bob"), &[BY_ID, words, resource]).await;
    let and = ResolvedFilter::And(vec![text(&user(), "displayName", Co, "bob"), text(&user(), "title", Co, "boss")]);
    check(&user(), &and, &[BY_ID, words, resource]).await;
}

#[tokio::test]
async fn questions_about_members_read_neither_all_groups_nor_all_members() {
    let member = text(&group(), "members.value", Eq, &id(1).to_string());
    check(&group(), &member, &[BY_ID, "members_by_member (directory_id=? AND member_id=?)"]).await;
    let of = "USING COVERING INDEX members_by_member (directory_id=? AND member_id=? AND group_id=?)";
    let by_name = ResolvedFilter::And(vec![text(&group(), "displayName", Eq, "staff"), member.clone()]);
    check(&group(), &by_name, &[BY_ID, of]).await;
    let by_id = ResolvedFilter::And(vec![text(&group(), "id", Eq, &id(11).to_string()), member]);
    check(&group(), &by_id, &[BY_PRIMARY_KEY, of]).await;
    let in_group = text(&user(), "groups.value", Eq, &id(11).to_string());
    check(&user(), &in_group, &[BY_ID, "USING PRIMARY KEY (directory_id=? AND group_id=?)"]).await;
}

#[tokio::test]
async fn id_and_times_read_their_own_indexes() {
    check(&user(), &text(&user(), "id", Eq, &id(1).to_string()), &[BY_PRIMARY_KEY]).await;
    let since = compare(&user(), "meta.lastModified", Gt, Literal::Instant(0));
    check(&user(), &since, &["resources_by_last_modified (directory_id=? AND resource_type=? AND last_modified>?)"]).await;
}

#[tokio::test]
async fn a_list_is_read_in_its_order_without_sorting() {
    let mut world = World::new().await;
    let user = user();
    let query = Query { resource_type: &user, filter: None, sort: None, start: Start::After(id(1)), limit: 100, group_depth: 10 };
    let list = plan(&mut world, &page(Dialect::Sqlite, DIRECTORY, &query).expect("a list")).await;
    assert!(list.contains("SEARCH r USING INDEX resources_by_type (directory_id=? AND resource_type=? AND id>?)"), "{list}");
    assert!(!list.contains("TEMP B-TREE"), "{list}");
}

#[tokio::test]
async fn sorting_by_a_required_indexed_attribute_reads_the_page_from_the_index() {
    let mut world = World::new().await;
    let user = user();
    let sort = Sort { target: target(&user, "userName"), descending: false };
    let query =
        Query { resource_type: &user, filter: None, sort: Some(&sort), start: Start::Offset(0), limit: 100, group_depth: 10 };
    let sorted = plan(&mut world, &page(Dialect::Sqlite, DIRECTORY, &query).expect("a page")).await;
    let rows = "SEARCH v USING PRIMARY KEY (directory_id=? AND resource_type=? AND attribute=?)";
    let (before, _) = sorted.split_once("SEARCH r").expect("reads the documents of the page");
    assert!(before.contains(rows) && !before.contains("TEMP B-TREE"), "{sorted}");
}
