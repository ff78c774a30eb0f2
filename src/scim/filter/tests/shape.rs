//! What a log may say of a filter.

use super::{parse, user};
use crate::scim::Tolerance;

#[track_caller]
fn check(filter: &str, shape: &str) {
    let resolved = parse(filter).expect("parses").resolve(&user(), &Tolerance::default()).expect("resolves");
    assert_eq!(resolved.shape(), shape);
}

#[test]
fn a_shape_has_the_names_of_the_schema_and_no_value() {
    check(r#"USERNAME eq "bjensen""#, "userName eq ?");
    check(r#"emails.value co "bjensen""#, "emails.value co ?");
    check(r#"emails[type eq "work" and value ew "@example.com"]"#, "emails[type eq ? and value ew ?]");
    check("active eq true", "active eq ?");
    check(r#"meta.lastModified gt "2026-01-01T00:00:00Z""#, "meta.lastModified gt ?");
    check("title pr", "title pr");
    check(
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department sw "x""#,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department sw ?",
    );
}

#[test]
fn a_shape_says_how_terms_are_joined() {
    check(r#"title pr and (nickName eq "a" or nickName eq "b")"#, "title pr and (nickName eq ? or nickName eq ?)");
    check(r#"title pr and nickName eq "a" or active eq true"#, "(title pr and nickName eq ?) or active eq ?");
    check(r#"not (title eq "x" or title eq "y")"#, "not (title eq ? or title eq ?)");
}

#[test]
fn a_shape_is_bounded() {
    let terms = |count: usize| vec!["title pr"; count].join(" or ");
    let resolved = |text: &str| parse(text).expect("parses").resolve(&user(), &Tolerance::default()).expect("resolves");
    // Each term but the first is 12 bytes.
    assert_eq!(resolved(&terms(83)).shape(), terms(83));
    assert_eq!(resolved(&terms(84)).shape(), format!("{}…", &terms(84)[..1_000]));
}
