//! Filters (RFC 7644 §3.4.2.2): text to meaning and back.

use super::sample;
use scimd::id::DirectoryId;
use scimd::scim::filter::{Filter, FilterOptions, ResolvedFilter};
use scimd::scim::schema::ResourceType;
use scimd::scim::{ErrorKind, Tolerance};
use scimd::store::sql::{self, Bind, Dialect, Statement};
use scimd::store::{Query, Start};
use std::collections::HashSet;

/// How much longer than what it quotes of the client's text a message may be, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 400;

/// Checks one filter.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for value_path_suffix in [true, false] {
        let options = FilterOptions { value_path_suffix, ..FilterOptions::default() };
        match Filter::parse(text, &options) {
            Ok(filter) => check_parsed(&filter),
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::InvalidFilter, "{error}");
                assert!(error.detail.len() <= MESSAGE_BYTES_MAX, "{error}");
            }
        }
    }
}

fn check_parsed(filter: &Filter) {
    // A printed filter may be a little longer and deeper: it says `and` where the tolerated suffix of a value path said nothing.
    let wider = FilterOptions { text_bytes_max: 1_000_000, depth_max: 64, ..FilterOptions::default() };
    let printed = filter.to_string();
    let again = Filter::parse(&printed, &wider);
    assert_eq!(again.as_ref(), Ok(filter), "printed as {printed}");
    assert_eq!(again.map(|filter| filter.to_string()), Ok(printed));
    for resource_type in sample::resource_types() {
        check_meaning(filter, resource_type);
    }
    let all = &sample::REGISTRY.resource_types;
    match filter.resolve_among(all, &Tolerance::default()) {
        Ok(each) => assert_eq!(each.len(), all.len()),
        Err(error) => check_refusal(error.kind, &error.detail, filter),
    }
}

fn check_meaning(filter: &Filter, resource_type: &ResourceType) {
    let tolerance = Tolerance::default();
    let resolved = match filter.resolve(resource_type, &tolerance) {
        Ok(resolved) => resolved,
        Err(error) => return check_refusal(error.kind, &error.detail, filter),
    };
    let negated = Filter::Not(Box::new(filter.clone())).resolve(resource_type, &tolerance).expect("what resolves can be negated");
    for resource in sample::resources(resource_type) {
        assert_ne!(resolved.matches(resource), negated.matches(resource), "{filter}");
    }
    check_sql(&resolved, resource_type);
}

fn check_refusal(kind: ErrorKind, detail: &str, filter: &Filter) {
    assert!(matches!(kind, ErrorKind::InvalidFilter | ErrorKind::Sensitive), "{kind:?}: {detail}");
    assert!(detail.len() <= filter.to_string().len() + MESSAGE_BYTES_MAX, "{detail}");
}

/// Each dialect can say it, or says that it cannot.
fn check_sql(filter: &ResolvedFilter, resource_type: &ResourceType) {
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let query =
            Query { resource_type, filter: Some(filter), sort: None, start: Start::Offset(0), limit: 10, group_depth: 10 };
        let page = sql::page(dialect, DirectoryId(1), &query);
        let total = sql::total(dialect, DirectoryId(1), &query);
        assert_eq!(page.is_ok(), total.is_ok(), "{page:?} {total:?}");
        page.into_iter().chain(total).for_each(|statement| check_statement(&statement, dialect));
    }
}

/// All values are binds, and each bind is used.
fn check_statement(statement: &Statement, dialect: Dialect) {
    let Statement { sql, binds, .. } = statement;
    let mark = if dialect == Dialect::Sqlite { '?' } else { '$' };
    let number = |rest: &str| rest[..rest.find(|next: char| !next.is_ascii_digit()).unwrap_or(rest.len())].parse().ok();
    let used: HashSet<usize> = sql.split(mark).skip(1).filter_map(number).collect();
    assert_eq!(used, (1..=binds.len()).collect(), "{sql}");
    for bind in binds {
        assert!(!matches!(bind, Bind::Text(text) if text.contains('\0')), "{bind:?}");
        assert!(!matches!(bind, Bind::Number(number) if !number.is_finite()), "{bind:?}");
    }
}
