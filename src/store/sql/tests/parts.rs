//! `co` by an index over parts of values, on both back ends, beside the plain test of each row.

use super::super::{Dialect, page};
use super::filters::{device, element, group, literal, not, text, user};
use super::world::{DIRECTORY, World, id};
use crate::scim::filter::{CompareOp, ResolvedFilter};
use crate::scim::schema::ResourceType;
use crate::store::{Query, Start};
use CompareOp::{Co, Eq, Gt, Sw};
use serde_json::json;

/// Comparison keys: letters in a row that recur, other scripts, what SQL and full-text search have signs for, long ones.
fn names() -> Vec<String> {
    let long = |text: &str| text.repeat(2000 / text.len());
    let mut names = [
        "",
        "a",
        "ab",
        "abc",
        "abcabc",
        "ab cab",
        "o'brien, \"bob\"",
        "100%_sure\\n",
        "___%%%",
        "((near or not and*))^{g}:-1",
        "größe",
        "zoë müller",
        "李小龍",
        "😀😀 \u{10FFFF}é",
        "e\u{301}a",
    ]
    .map(str::to_owned)
    .to_vec();
    // At, below and above what the index takes apart, with something to find at the end.
    names.extend([1021, 1022, 1024].map(|bytes| "y".repeat(bytes) + "end"));
    names.extend([long("abc") + "tail", long("é")]);
    names
}

/// The resources that `names` are of have numbers from here on.
const FIRST: u128 = 31;

async fn world() -> (World, Vec<(u128, String)>) {
    let mut world = World::new().await;
    let mut named = vec![(1, "alice a".to_owned()), (4, "z".repeat(1100) + "end")];
    for (number, name) in (FIRST..).zip(names()) {
        world.insert(DIRECTORY, id(number), &user(), number, &json!({ "userName": number, "displayName": name })).await;
        named.push((number, name));
    }
    (world, named)
}

fn is_by_grams(resource_type: &ResourceType, filter: &ResolvedFilter) -> [bool; 2] {
    [Dialect::Sqlite, Dialect::Postgres].map(|dialect| {
        let query =
            Query { resource_type, filter: Some(filter), sort: None, start: Start::Offset(0), limit: 100, group_depth: 10 };
        page(dialect, DIRECTORY, &query).expect("SQL can say it").sql.contains("substrings")
    })
}

#[tokio::test]
async fn every_part_of_every_name_finds_all_names_that_contain_it() {
    let (mut world, named) = world().await;
    let mut parts: Vec<String> = Vec::new();
    for name in names() {
        let starts: Vec<usize> = name.char_indices().map(|(start, _)| start).chain([name.len()]).collect();
        // Of a long name its ends.
        let edge = starts.len().saturating_sub(8);
        for length in 1..=7 {
            let ends = starts.windows(length + 1).enumerate().filter(|(place, _)| *place < 20 || *place + length >= edge);
            parts.extend(ends.map(|(_, ends)| name[ends[0]..ends[length]].to_owned()));
        }
        parts.push(name);
    }
    parts.extend(["abcx", "xabc", "bab", "ENDS", "\"", "'''", "abc OR a", "*", "+1-"].map(str::to_owned));
    parts.sort();
    parts.dedup();
    assert!(parts.len() > 300);
    for part in parts {
        let expected: Vec<u128> = named.iter().filter(|(_, name)| name.contains(&part)).map(|(number, _)| *number).collect();
        let filter = text(&user(), "displayName", Co, &part);
        assert_eq!(world.matches(&user(), &filter).await, expected, "{part}");
    }
}

#[tokio::test]
async fn parts_combine_with_other_conditions() {
    let (mut world, _) = world().await;
    let co = |part| text(&user(), "displayName", Co, part);
    let number = |name: &str| FIRST + names().iter().position(|other| other == name).expect("is a name") as u128;
    let (abc, abcabc, spaced) = (number("abc"), number("abcabc"), number("ab cab"));
    let tail = number(&("abc".repeat(666) + "tail"));
    let cases: Vec<(ResolvedFilter, Vec<u128>)> = vec![
        (ResolvedFilter::And(vec![co("abc"), text(&user(), "displayName", Eq, "abc")]), vec![abc]),
        (ResolvedFilter::And(vec![co("abc"), not(co("tail"))]), vec![abc, abcabc]),
        (ResolvedFilter::And(vec![co("ab"), co("cab")]), vec![abcabc, spaced, tail]),
        (ResolvedFilter::Or(vec![co("b ca"), co("tail")]), vec![spaced, tail]),
        (ResolvedFilter::Or(vec![co("cabc"), text(&user(), "userName", Eq, "bob")]), vec![2, abcabc, tail]),
        (ResolvedFilter::And(vec![co("abc"), text(&user(), "displayName", Gt, "abc")]), vec![abcabc, tail]),
        (ResolvedFilter::And(vec![text(&user(), "displayName", Sw, "ab"), co("bca")]), vec![abcabc, tail]),
    ];
    for (filter, expected) in cases {
        assert_eq!(world.matches(&user(), &filter).await, expected, "{filter:?}");
    }
    let device = device();
    for (filter, expected) in [
        (text(&device, "tags", Co, "lue"), vec![22]),
        (element(&device, "tags", &[("value", Co, literal("red"))]), vec![21]),
        (element(&device, "tags", &[("value", Co, literal("red")), ("value", Co, literal("big"))]), vec![]),
    ] {
        assert_eq!(is_by_grams(&device, &filter), [true, true], "{filter:?}");
        assert_eq!(world.matches(&device, &filter).await, expected, "{filter:?}");
    }
    assert_eq!(world.matches(&group(), &text(&group(), "displayName", Co, "taf")).await, [11]);
}

#[test]
fn three_characters_are_looked_up_and_two_are_not() {
    let by_grams = |path, op, part| is_by_grams(&user(), &text(&user(), path, op, part));
    for part in ["abc", "äöü", "%%%", "李小龍", "a b"] {
        assert_eq!(by_grams("displayName", Co, part), [true, true], "{part}");
    }
    for (path, op, part) in [("displayName", Co, "äö"), ("displayName", Sw, "abc"), ("title", Co, "abc"), ("userName", Co, "abc")]
    {
        assert_eq!(by_grams(path, op, part), [false, false], "{path} {op:?} {part}");
    }
}
