//! What parses as what, and what the refusals say.

use super::parse;
use crate::scim::ErrorKind;
use crate::scim::filter::{CompValue, Filter, FilterOptions, parse_path};

/// `text` reads as the filter that prints as `expected`.
#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(parse(text).map(|filter| filter.to_string()).as_deref(), Ok(expected));
}

#[track_caller]
fn check_refused(text: &str, detail: &str) {
    let error = parse(text).expect_err("refused");
    assert_eq!((error.kind, error.detail.as_str()), (ErrorKind::InvalidFilter, detail));
}

/// `text` has the string literal `expected`.
#[track_caller]
fn check_string(text: &str, expected: &str) {
    match parse(text) {
        Ok(Filter::Compare { value: CompValue::String(value), .. }) => assert_eq!(value, expected),
        other => unreachable!("{text} reads as {other:?}"),
    }
}

#[track_caller]
fn check_path(text: &str, attribute: &str, filter: Option<&str>, sub: Option<&str>) {
    let path = parse_path(text, &FilterOptions::default()).expect("parses");
    let printed = path.filter.map(|filter| filter.to_string());
    assert_eq!((path.attribute.text.as_str(), printed.as_deref(), path.sub.as_deref()), (attribute, filter, sub));
}

#[track_caller]
fn check_path_refused(text: &str, kind: ErrorKind, detail: &str) {
    let error = parse_path(text, &FilterOptions::default()).expect_err("refused");
    assert_eq!((error.kind, error.detail.as_str()), (kind, detail));
}

#[test]
fn not_binds_tighter_than_and_and_and_tighter_than_or() {
    check("a pr or b pr and not (c pr)", "a pr or b pr and not (c pr)");
    assert!(matches!(parse("a pr or b pr and c pr"), Ok(Filter::Or(terms)) if terms.len() == 2));
    assert!(matches!(parse("not (a pr) and b pr"), Ok(Filter::And(terms)) if terms.len() == 2));
    assert!(matches!(parse("a pr and (b pr or c pr)"), Ok(Filter::And(terms)) if terms.len() == 2));
}

#[test]
fn chains_are_wide_not_deep() {
    assert!(matches!(parse("a pr or b pr or c pr or d pr"), Ok(Filter::Or(terms)) if terms.len() == 4));
    assert!(matches!(parse("a pr and b pr and c pr"), Ok(Filter::And(terms)) if terms.len() == 3));
}

#[test]
fn needless_parentheses_are_not_printed() {
    check("((a pr))", "a pr");
    check("(a pr and b pr) or c pr", "a pr and b pr or c pr");
    check("(a pr or b pr) and c pr", "(a pr or b pr) and c pr");
    check("not ((a pr))", "not (a pr)");
}

/// Shows S-2.1-04.
#[test]
fn keywords_are_read_in_any_case_and_with_any_number_of_spaces() {
    check("a  EQ  1  AND  b  Pr", "a eq 1 and b pr");
    check("NOT(a pr) Or b pr", "not (a pr) or b pr");
    check("not   ( a pr )", "not (a pr)");
    check("  emails[ type eq \"work\" ]  ", "emails[type eq \"work\"]");
}

#[test]
fn literals_are_json() {
    check("a eq -1.50", "a eq -1.50");
    check("a eq null", "a eq null");
    check("a ne false", "a ne false");
    check_string(r#"a eq "\u0041\n\/\\\"\ud83d\ude00""#, "A\n/\\\"\u{1f600}");
    check_string("a eq \"é ) ] and\"", "é ) ] and");
    let expected = "expected a string in double quotes, a number, true, false or null";
    check_refused("a eq True", &format!("filter position 5: {expected}, found True"));
    check_refused("a eq 'x'", &format!("filter position 5: {expected}, found 'x'"));
    check_refused("a eq ", &format!("filter position 5: {expected}, found the end"));
    for number in ["01", "1.", "-", "1e", "5abc", "--1", "0x1"] {
        check_refused(&format!("a eq {number}"), &format!("filter position 5: expected a JSON number, found {number}"));
    }
}

#[test]
fn numbers_beyond_a_double_are_refused() {
    check("a eq 1e308", "a eq 1e+308");
    for number in ["1e309", "-1e309", &"9".repeat(400)] {
        check_refused(&format!("a eq {number}"), "filter position 5: the number is beyond the range of a double");
    }
}

#[test]
fn strings_hold_no_nul_and_no_lone_surrogate() {
    check_refused(r#"a eq "\u0000""#, "filter position 5: a string holds no U+0000");
    let not_json =
        "filter position 5: not a JSON string; \\ begins an escape such as \\\\ or \\\" and control characters are escaped";
    check_refused(r#"a eq "\ud83d""#, not_json);
    check_refused(r#"a eq "\ude00\ud83d""#, not_json);
    check_refused(r#"a eq "\x""#, not_json);
    check_refused("a eq \"\t\"", not_json);
    check_refused("a eq \"\0\"", not_json);
    check_refused(r#"a eq "\""#, "filter position 5: the string has no closing quote");
}

#[test]
fn an_unknown_operator_is_named_at_its_position() {
    check_refused("userName regex \"x\"", "filter position 9: expected an operator such as eq, found regex");
    check_refused("userName", "filter position 8: expected an operator such as eq, found the end");
    check_refused("userName ", "filter position 9: expected an operator such as eq, found the end");
    check_refused("a eq \"é\" and b in (1)", "filter position 15: expected an operator such as eq, found in");
    let long = "x".repeat(100);
    check_refused(&format!("a {long} 1"), &format!("filter position 2: expected an operator such as eq, found {}", &long[..40]));
}

#[test]
fn spaces_separate_words() {
    check_refused("a eq\"x\"", "filter position 4: expected a space and a value, found \"");
    check_refused("(a pr)and b pr", "filter position 6: expected a space before and");
    check_refused("a pr and(b pr)", "filter position 8: expected a space after and, found (");
    check_refused("a\teq 1", "filter position 1: expected an operator such as eq, found \teq");
}

#[test]
fn what_is_left_over_is_refused() {
    check_refused("a pr)", "filter position 4: expected and, or or the end, found )");
    check_refused("(a pr", "filter position 5: expected ), found the end");
    check_refused("a[b pr", "filter position 6: expected ], found the end");
    check_refused("(a pr]", "filter position 5: expected ), found ]");
    check_refused("a pr b pr", "filter position 5: expected and or or, found b");
    check_refused("", "filter position 0: expected an attribute, found the end");
    check_refused("a pr and ", "filter position 9: expected an attribute, found the end");
    check_refused("not a pr", "filter position 4: expected ( after not, found a");
}

#[test]
fn names_have_the_characters_of_names() {
    check("$ref eq \"x\"", "$ref eq \"x\"");
    check("urn:a:2.0:User:name.given-Name_1 pr", "urn:a:2.0:User:name.given-Name_1 pr");
    check("urn:a~b:c+d:2.0:User:x pr", "urn:a~b:c+d:2.0:User:x pr");
    for name in ["1a", "a.", ".a", "a:", "-a", "_a"] {
        check_refused(&format!("{name} pr"), &format!("filter position 0: expected an attribute, found {name}"));
    }
}

#[test]
fn value_filters_hold_sub_attributes_and_no_value_filter() {
    check("a[b pr or not (c pr) and (d pr)]", "a[b pr or not (c pr) and d pr]");
    check_refused("a[b[c pr]]", "filter position 3: a value filter holds no other value filter");
    check_refused("a[(not (b[c pr]))]", "filter position 9: a value filter holds no other value filter");
    check_refused("a[b.c pr]", "filter position 2: expected a sub-attribute, found b.c");
    check_refused("a[urn:x:b pr]", "filter position 2: expected a sub-attribute, found urn:x:b");
    check_refused("a[]", "filter position 2: expected a sub-attribute, found ]");
}

#[test]
fn a_comparison_after_a_value_filter_joins_it() {
    check("emails[type eq \"work\"].value eq \"x\"", "emails[type eq \"work\" and value eq \"x\"]");
    check("emails[type eq \"work\"].value pr and a pr", "emails[type eq \"work\" and value pr] and a pr");
    check("e[a pr and b pr].c pr", "e[a pr and b pr and c pr]");
    check("e[a pr or b pr].c pr", "e[(a pr or b pr) and c pr]");
    let strict = FilterOptions { value_path_suffix: false, ..FilterOptions::default() };
    let error = Filter::parse("e[a pr].c pr", &strict).expect_err("refused");
    assert_eq!(error.detail, "filter position 7: expected and or or, found .c");
}

#[test]
fn patch_paths_are_attributes_with_or_without_a_value_filter() {
    check_path("name.familyName", "name.familyName", None, None);
    check_path("members[value eq \"42\"]", "members", Some("value eq \"42\""), None);
    check_path("emails[type eq \"work\"].value", "emails", Some("type eq \"work\""), Some("value"));
    check_path("addresses[not (type eq \"a].b\")].$ref", "addresses", Some("not (type eq \"a].b\")"), Some("$ref"));
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    check_path(urn, urn, None, None);
    check_path(&format!("{urn}:manager[value pr].value"), &format!("{urn}:manager"), Some("value pr"), Some("value"));
}

#[test]
fn a_comparison_as_patch_path_filters_the_values() {
    check_path("tags eq \"x\"", "tags", Some("value eq \"x\""), None);
    check_path("tags pr", "tags", Some("value pr"), None);
}

#[test]
fn a_malformed_path_is_told_from_a_malformed_filter_in_it() {
    use ErrorKind::{InvalidFilter, InvalidPath};
    check_path_refused("", InvalidPath, "path position 0: expected an attribute, found the end");
    check_path_refused("/title", InvalidPath, "path position 0: expected an attribute, found /title");
    check_path_refused(".title", InvalidPath, "path position 0: expected an attribute, found .title");
    check_path_refused("a[b pr]c", InvalidPath, "path position 7: expected the end of the path, found c");
    check_path_refused("a[b pr].", InvalidPath, "path position 8: expected a sub-attribute, found the end");
    check_path_refused("a[b pr].c.d", InvalidPath, "path position 8: expected a sub-attribute, found c.d");
    check_path_refused("a[b pr].c eq 1", InvalidPath, "path position 9: expected the end of the path, found  ");
    check_path_refused("a b", InvalidPath, "path position 2: expected an operator such as eq, found b");
    check_path_refused("a=b", InvalidPath, "path position 1: expected [ or the end, found =b");
    check_path_refused("a[b is 1]", InvalidFilter, "path position 4: expected an operator such as eq, found is");
    check_path_refused("a[b pr and]", InvalidFilter, "path position 10: expected a space after and, found ]");
    check_path_refused("a[b pr", InvalidFilter, "path position 6: expected ], found the end");
}
