//! Which statements are said to be served by no index.

use super::super::{Dialect, listing, listing_total, page, total};
use super::filters::{compare, element, group, literal, not, present, target, text, user};
use super::world::{DIRECTORY, id};
use crate::scim::filter::{CompareOp, Literal, ResolvedFilter};
use crate::store::{Listing, ListingStart, Part, Query, Sort, Start};
use CompareOp::{Co, Eq, Ew, Ge, Gt, Ne, Sw};

/// Whether the page and the total of a search for users scan: as a query, and as a listing that has groups too.
#[track_caller]
fn check(filter: Option<&ResolvedFilter>, sort: Option<(&str, bool)>, page_scans: bool, total_scans: bool) {
    let (user, group) = (user(), group());
    let sort = sort.map(|(name, descending)| Sort { target: target(&user, name), descending });
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let query =
            Query { resource_type: &user, filter, sort: sort.as_ref(), start: Start::Offset(0), limit: 10, group_depth: 10 };
        let users = Part { resource_type: &user, filter, sort: sort.as_ref() };
        let groups = Part { resource_type: &group, filter: filter.map(|_| &ResolvedFilter::Constant(false)), sort: None };
        let all = Listing { parts: vec![groups, users], start: ListingStart::Offset(0), limit: 10, group_depth: 10 };
        let pages = [page(dialect, DIRECTORY, &query), listing(dialect, DIRECTORY, &all)];
        let totals = [total(dialect, DIRECTORY, &query), listing_total(dialect, DIRECTORY, &all)];
        for (statements, scans) in [(pages, page_scans), (totals, total_scans)] {
            for statement in statements {
                let statement = statement.expect("SQL can say it");
                assert_eq!(statement.scans, scans, "{dialect:?} {filter:?} {sort:?}: {}", statement.sql);
            }
        }
    }
}

fn since(name: &str) -> ResolvedFilter {
    compare(&user(), name, Gt, Literal::Instant(0))
}

#[test]
fn what_an_index_finds_is_no_scan() {
    let user = user();
    check(None, None, false, false);
    let filters = [
        text(&user, "userName", Eq, "a"),
        text(&user, "userName", Sw, "a"),
        text(&user, "userName", Ge, "a"),
        text(&user, "displayName", Co, "abc"),
        text(&user, "id", Eq, &id(1).to_string()),
        text(&user, "groups.value", Eq, &id(1).to_string()),
        element(&user, "emails", &[("type", Eq, literal("work")), ("value", Eq, literal("a"))]),
        since("meta.lastModified"),
        since("meta.created"),
        ResolvedFilter::Constant(false),
        // One term that finds few is enough.
        ResolvedFilter::And(vec![text(&user, "title", Co, "a"), text(&user, "userName", Eq, "a")]),
        ResolvedFilter::Or(vec![text(&user, "userName", Eq, "a"), text(&user, "externalId", Eq, "a")]),
    ];
    for filter in filters {
        check(Some(&filter), None, false, false);
    }
}

#[test]
fn what_no_index_finds_is_a_scan() {
    let user = user();
    let filters = [
        text(&user, "title", Eq, "a"),
        text(&user, "userName", Ew, "a"),
        text(&user, "userName", Ne, "a"),
        // Two characters are too few for the index of parts.
        text(&user, "displayName", Co, "ab"),
        present(&user, "userName"),
        not(text(&user, "userName", Eq, "a")),
        compare(&user, "active", Eq, Literal::Boolean(true)),
        ResolvedFilter::Or(vec![text(&user, "userName", Eq, "a"), text(&user, "title", Eq, "a")]),
        // Nearly all may have changed since, and few of them be active.
        ResolvedFilter::And(vec![since("meta.lastModified"), compare(&user, "active", Eq, Literal::Boolean(true))]),
    ];
    for filter in filters {
        check(Some(&filter), None, true, true);
        check(Some(&filter), Some(("userName", false)), true, true);
    }
}

#[test]
fn an_order_that_no_index_has_is_a_scan_unless_few_are_sorted() {
    let user = user();
    for (name, scans) in [
        ("userName", false),
        ("id", false),
        ("meta.created", false),
        ("meta.lastModified", false),
        ("title", true),
        ("meta.version", true),
        // Who has none is found only by reading all.
        ("displayName", true),
    ] {
        for descending in [false, true] {
            check(None, Some((name, descending)), scans, false);
            let one = text(&user, "userName", Eq, "a");
            check(Some(&one), Some((name, descending)), false, false);
        }
    }
    check(Some(&since("meta.lastModified")), Some(("userName", false)), true, false);
}
