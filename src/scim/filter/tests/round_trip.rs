//! Laws that hold for every filter.

use super::parse;
use crate::scim::filter::{AttrPath, CompValue, CompareOp, Filter, FilterOptions, parse_path};
use proptest::prelude::*;

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z$][a-zA-Z0-9_-]{0,6}".prop_filter("a keyword before a parenthesis", |name| !name.eq_ignore_ascii_case("not"))
}

fn attr_path(text: impl Strategy<Value = String>) -> impl Strategy<Value = AttrPath> {
    text.prop_map(|text| AttrPath { text, position: 0 })
}

fn full_path() -> impl Strategy<Value = AttrPath> {
    let sub = (name(), name()).prop_map(|(name, sub)| format!("{name}.{sub}"));
    let qualified = name().prop_map(|name| format!("urn:ietf:params:scim:schemas:core:2.0:User:{name}"));
    attr_path(prop_oneof![name(), sub, qualified])
}

fn literal() -> impl Strategy<Value = CompValue> {
    let text = any::<String>().prop_map(|text| text.replace('\0', ""));
    let number = prop_oneof![
        any::<i64>().prop_map(serde_json::Number::from),
        any::<f64>().prop_filter_map("finite", serde_json::Number::from_f64)
    ];
    prop_oneof![
        Just(CompValue::Null),
        any::<bool>().prop_map(CompValue::Boolean),
        number.prop_map(CompValue::Number),
        text.prop_map(CompValue::String)
    ]
}

/// Filters over `leaf`, nested a little.
fn nested(leaf: impl Strategy<Value = Filter> + 'static) -> impl Strategy<Value = Filter> {
    leaf.prop_recursive(4, 24, 4, |inner| {
        let terms = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            terms().prop_map(Filter::And),
            terms().prop_map(Filter::Or),
            inner.clone().prop_map(|inner| Filter::Not(Box::new(inner)))
        ]
    })
}

fn term(path: impl Strategy<Value = AttrPath>) -> impl Strategy<Value = Filter> {
    (path, prop::option::of((prop::sample::select(CompareOp::ALL.to_vec()), literal()))).prop_map(|(path, comparison)| {
        match comparison {
            None => Filter::Present(path),
            Some((op, value)) => Filter::Compare { path, op, value },
        }
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    let value_path = (full_path(), nested(term(attr_path(name()))))
        .prop_map(|(path, filter)| Filter::ValuePath { path, filter: Box::new(filter) });
    nested(prop_oneof![3 => term(full_path()), 1 => value_path])
}

proptest! {
    #[test]
    fn a_printed_filter_reads_as_it_was(filter in filter()) {
        let printed = filter.to_string();
        prop_assert_eq!(parse(&printed), Ok(filter), "{}", printed);
    }

    /// Shows P-3.4.2.2-19.
    #[test]
    fn a_mutated_filter_never_panics(filter in filter(), at in any::<prop::sample::Index>(), odd in any::<char>()) {
        let printed = filter.to_string();
        let characters: Vec<char> = printed.chars().collect();
        let at = at.index(characters.len());
        let (head, tail) = characters.split_at(at);
        let replaced: String = head.iter().chain([&odd]).chain(&tail[1..]).collect();
        for text in [head.iter().collect(), tail.iter().collect(), replaced] {
            if let Ok(filter) = parse(&text) {
                prop_assert_eq!(parse(&filter.to_string()), Ok(filter), "{}", text);
            }
            let _ = parse_path(&text, &FilterOptions::default());
        }
    }
}
