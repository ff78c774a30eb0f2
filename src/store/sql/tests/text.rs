//! What statements are made of.

use super::super::{Bind, Dialect, listing, listing_total, page, total};
use super::filters::{device, element, group, literal, target, text, user};
use super::world::{DIRECTORY, ENTERPRISE, id};
use crate::id::ResourceId;
use crate::scim::filter::{CompareOp, ResolvedFilter};
use crate::scim::schema::{Attribute, ResourceType};
use crate::store::{Listing, ListingStart, Part, Position, Query, Sort, SortKey, Start, StoreError};
use proptest::prelude::*;
use std::sync::Arc;

const OPERATORS: [CompareOp; 9] = [
    CompareOp::Eq,
    CompareOp::Ne,
    CompareOp::Co,
    CompareOp::Sw,
    CompareOp::Ew,
    CompareOp::Gt,
    CompareOp::Ge,
    CompareOp::Lt,
    CompareOp::Le,
];

fn query<'a>(resource_type: &'a ResourceType, filter: Option<&'a ResolvedFilter>, sort: Option<&'a Sort>) -> Query<'a> {
    Query { resource_type, filter, sort, start: Start::Offset(0), limit: 100, group_depth: 10 }
}

proptest! {
    /// Two different values give the same text, so the text holds neither.
    #[test]
    fn the_text_does_not_depend_on_the_literal(left in ".{1,40}", right in ".{1,40}") {
        let paths = ["userName", "title", "emails.value", "id", "groups.display", "meta.version"];
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            for path in paths {
                for op in OPERATORS {
                    let sql = |value: &str| {
                        let user = user();
                        let by_id = path == "id" && matches!(op, CompareOp::Eq | CompareOp::Ne);
                        let value = if by_id { id(value.len() as u128).to_string() } else { value.to_owned() };
                        let filter = text(&user, path, op, &value);
                        let query = query(&user, Some(&filter), None);
                        let statement = page(dialect, DIRECTORY, &query).expect("SQL can say it");
                        (statement.sql, total(dialect, DIRECTORY, &query).expect("SQL can say it").sql)
                    };
                    // A prefix that nothing is above has no upper bound.
                    let top = |value: &str| value.chars().all(|character| character == char::MAX);
                    if !top(&left) && !top(&right) {
                        prop_assert_eq!(sql(&left), sql(&right));
                    }
                }
            }
        }
    }
}

/// Shows S-9.2-02, P-7.7-01.
#[test]
fn a_hostile_literal_is_a_bind_and_nothing_else() {
    let user = user();
    let hostile = "x'; DROP TABLE resources; --";
    let filter = text(&user, "userName", CompareOp::Eq, hostile);
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let statement = page(dialect, DIRECTORY, &query(&user, Some(&filter), None)).expect("SQL can say it");
        assert!(!statement.sql.contains("DROP"), "{}", statement.sql);
        assert!(statement.binds.contains(&Bind::Text(hostile.to_owned())));
        assert!(statement.binds.contains(&Bind::Integer(DIRECTORY.0)));
    }
}

#[test]
fn an_exact_probe_replaces_the_condition_that_it_states() {
    let user = user();
    let filter = text(&user, "userName", CompareOp::Eq, "bob");
    let statement = |dialect| page(dialect, DIRECTORY, &query(&user, Some(&filter), None)).expect("SQL can say it").sql;
    let expected = "SELECT r.id, r.resource_type, r.document, r.version, r.created, r.last_modified, \
        EXISTS (SELECT 1 FROM members m WHERE m.directory_id = ?1 AND m.member_id = r.id) AS is_member, r.manual, r.held \
        FROM resources r INDEXED BY resources_by_type WHERE r.directory_id = ?1 AND r.resource_type = ?2 AND r.id IN (\
        SELECT v1.resource_id AS id FROM attribute_values v1 WHERE v1.directory_id = ?1 AND v1.resource_type = ?2 \
        AND v1.attribute = 'userName' AND v1.value = ?3) ORDER BY r.id LIMIT +?4";
    assert_eq!(statement(Dialect::Sqlite), expected);
    let expected = "SELECT r.id, r.resource_type, r.document, r.version, r.created, r.last_modified, \
        EXISTS (SELECT 1 FROM members m WHERE m.directory_id = $1 AND m.member_id = r.id OFFSET 0) AS is_member, r.manual, r.held \
        FROM (SELECT DISTINCT c.id FROM (\
        SELECT v1.resource_id AS id FROM attribute_values v1 WHERE v1.directory_id = $1 AND v1.resource_type = $2 \
        AND v1.attribute = 'userName' AND v1.value = $3) AS c (id) ORDER BY c.id) AS found, \
        LATERAL (SELECT * FROM resources k WHERE k.directory_id = $1 AND k.id = found.id OFFSET 0) AS r \
        WHERE r.directory_id = $1 AND r.resource_type = $2 ORDER BY found.id LIMIT $4";
    assert_eq!(statement(Dialect::Postgres), expected);
    let total = total(Dialect::Sqlite, DIRECTORY, &query(&user, Some(&filter), None)).expect("SQL can say it");
    assert!(!total.sql.contains("FROM resources"), "{}", total.sql);
}

#[test]
fn a_group_is_no_member_of_anything_that_it_shows() {
    let group = group();
    let statement = page(Dialect::Sqlite, DIRECTORY, &query(&group, None, None)).expect("a list");
    assert!(statement.sql.contains("FALSE AS is_member"), "{}", statement.sql);
}

#[test]
fn every_statement_names_the_directory_for_every_table() {
    let (user, group) = (user(), group());
    let filters = [
        text(&user, "groups.display", CompareOp::Co, "x"),
        text(&user, "userName", CompareOp::Eq, "x"),
        text(&user, &format!("{ENTERPRISE}:manager.displayName"), CompareOp::Eq, "x"),
        text(&user, "groups.value", CompareOp::Eq, &id(1).to_string()),
        ResolvedFilter::Or(vec![
            text(&user, "id", CompareOp::Eq, &id(1).to_string()),
            text(&user, "userName", CompareOp::Eq, "x"),
        ]),
    ];
    let sorts = ["displayName", "userName", "title"].map(|path| Sort { target: target(&user, path), descending: true });
    for filter in filters.iter().map(Some).chain([None]) {
        for sort in sorts.iter().map(Some).chain([None]) {
            let one = page(Dialect::Sqlite, DIRECTORY, &query(&user, filter, sort)).expect("SQL can say it");
            let part = Part { resource_type: &user, filter, sort };
            let groups = Part { resource_type: &group, filter: None, sort: None };
            let start = ListingStart::After(Position { key: Some(SortKey::Text("x".into())), id: ResourceId::generate() });
            let several = Listing { parts: vec![part, groups], start, limit: 100, group_depth: 10 };
            let several = [listing, listing_total].map(|compile| compile(Dialect::Sqlite, DIRECTORY, &several));
            for statement in several.into_iter().map(|statement| statement.expect("SQL can say it")).chain([one]) {
                let tables = ["resources", "members", "attribute_values", "counters"].iter();
                let tables: usize = tables
                    .map(|table| {
                        statement.sql.matches(&format!("FROM {table} ")).count()
                            + statement.sql.matches(&format!("JOIN {table} ")).count()
                    })
                    .sum();
                let scoped = statement.sql.matches(".directory_id = ").count();
                assert_eq!(tables, scoped, "{}", statement.sql);
            }
        }
    }
}

#[test]
fn names_of_the_registry_are_quoted() {
    let device = device();
    let filter = text(&device, "urn:it's:1.0:Odd:o'clock", CompareOp::Eq, "five");
    let sql = |dialect| page(dialect, DIRECTORY, &query(&device, Some(&filter), None)).expect("SQL can say it").sql;
    assert!(sql(Dialect::Sqlite).contains(r#"json_extract(r.keys, '$."urn:it''s:1.0:Odd"."o''clock"')"#));
    assert!(sql(Dialect::Postgres).contains("r.keys->'urn:it''s:1.0:Odd'->>'o''clock'"));
}

#[test]
fn what_sql_cannot_say_is_an_error() {
    let (user, group) = (user(), group());
    let location = text(&user, "meta.location", CompareOp::Eq, "https://example.com/Users/1");
    let reference = text(&group, "members.$ref", CompareOp::Co, "Users");
    let inside = element(&user, "meta", &[("location", CompareOp::Sw, literal("https"))]);
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        for (resource_type, filter) in [(&user, &location), (&group, &reference), (&user, &inside)] {
            let query = query(resource_type, Some(filter), None);
            assert!(matches!(page(dialect, DIRECTORY, &query), Err(StoreError::Unsupported { .. })), "{filter:?}");
            assert!(matches!(total(dialect, DIRECTORY, &query), Err(StoreError::Unsupported { .. })), "{filter:?}");
        }
        let sort = Sort { target: target(&group, "members.value"), descending: false };
        assert!(matches!(page(dialect, DIRECTORY, &query(&group, None, Some(&sort))), Err(StoreError::Unsupported { .. })));
    }
}

#[test]
fn a_name_that_cannot_be_quoted_in_a_path_is_an_error() {
    let mut device = (*device()).clone();
    let attribute: Attribute = serde_json::from_value(serde_json::json!({"name": "a\"b"})).expect("an attribute");
    let filter = ResolvedFilter::Present(crate::scim::schema::Target {
        place: crate::scim::schema::Place::Core,
        attribute: Arc::new(attribute),
        sub: None,
    });
    device.indexed.clear();
    assert!(matches!(
        page(Dialect::Sqlite, DIRECTORY, &query(&device, Some(&filter), None)),
        Err(StoreError::Unsupported { .. })
    ));
}
