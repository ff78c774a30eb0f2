//! Which filters make sense for which attributes.

use super::{extended_user, group, parse, target, user};
use crate::scim::filter::{CompareOp, Literal, ResolvedFilter, Undefined};
use crate::scim::schema::Place;
use crate::scim::{ErrorKind, ScimError, Tolerance};

fn resolve(text: &str) -> Result<ResolvedFilter, ScimError> {
    parse(text).expect("parses").resolve(&extended_user(), &Tolerance::default())
}

#[track_caller]
fn check_refused(text: &str, kind: ErrorKind, detail: &str) {
    let error = resolve(text).expect_err("refused");
    assert_eq!((error.kind, error.detail.as_str()), (kind, detail));
}

/// Which operators resolve for `attribute` with `literal`.
#[track_caller]
fn check_operators(attribute: &str, literal: &str, expected: &str) {
    let resolves = |op: &CompareOp| resolve(&format!("{attribute} {op} {literal}")).is_ok();
    let allowed: Vec<&str> = CompareOp::ALL.into_iter().filter(resolves).map(CompareOp::word).collect();
    assert_eq!(allowed.join(" "), expected, "{attribute}");
}

/// The literal and the name of the target of a comparison.
fn comparison(text: &str) -> (String, Literal) {
    match resolve(text) {
        Ok(ResolvedFilter::Compare { target, literal, .. }) => (target.name(), literal),
        other => unreachable!("{text} resolves to {other:?}"),
    }
}

#[test]
fn operators_fit_types_as_d38_says() {
    check_operators("userName", "\"x\"", "eq ne co sw ew gt ge lt le");
    check_operators("profileUrl", "\"x\"", "eq ne co sw ew gt ge lt le");
    check_operators("meta.location", "\"x\"", "eq ne co sw ew gt ge lt le");
    check_operators("level", "5", "eq ne gt ge lt le");
    check_operators("rate", "5", "eq ne gt ge lt le");
    check_operators("hired", "\"2020-01-01T00:00:00Z\"", "eq ne gt ge lt le");
    check_operators("active", "true", "eq ne");
    check_operators("keyFile", "\"QUJD\"", "eq ne");
    check_operators("x509Certificates.value", "\"QUJD\"", "eq ne");
    check_operators("name", "\"x\"", "");
    check_operators("addresses", "\"x\"", "");
    check_operators("title", "null", "eq ne");
    check_operators("name", "null", "eq ne");
}

#[test]
fn literals_fit_types_as_d39_says() {
    use ErrorKind::InvalidFilter;
    check_refused(
        "userName eq 5",
        InvalidFilter,
        "filter position 0: userName is a string; compare it with a string in double quotes",
    );
    check_refused("active eq 1", InvalidFilter, "filter position 0: active is a boolean; compare it with true or false");
    check_refused("level gt \"5\"", InvalidFilter, "filter position 0: level is an integer; compare it with a number");
    check_refused(
        "title pr and meta.created gt \"x\"",
        InvalidFilter,
        "filter position 13: meta.created is a dateTime; compare it with a time such as \"2011-05-13T04:42:34Z\"",
    );
    assert_eq!(comparison("level eq 5.5").1, Literal::Number(5.5));
}

#[test]
fn boolean_strings_count_where_they_are_tolerated() {
    assert_eq!(comparison("active eq \"TRUE\"").1, Literal::Boolean(true));
    assert_eq!(comparison("active ne \"False\"").1, Literal::Boolean(false));
    assert!(resolve("active eq \"yes\"").is_err());
    let strict = Tolerance { coerce_boolean_strings: false, ..Tolerance::default() };
    assert!(parse("active eq \"true\"").expect("parses").resolve(&user(), &strict).is_err());
}

#[test]
fn literals_become_keys() {
    assert_eq!(comparison("userName eq \"BJensen\"").1, Literal::Text("bjensen".into()));
    assert_eq!(comparison("externalId eq \"BJensen\"").1, Literal::Text("BJensen".into()));
    assert_eq!(comparison("hired eq \"1970-01-01T01:00:00+01:00\"").1, Literal::Instant(0));
}

#[test]
fn a_complex_attribute_means_its_value() {
    assert_eq!(comparison("emails co \"x\"").0, "emails.value");
    let manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
    assert_eq!(comparison(&format!("{manager} eq \"x\"")).0, format!("{manager}.value"));
    check_refused(
        "name eq \"x\"",
        ErrorKind::InvalidFilter,
        "filter position 0: name is complex; name one of its sub-attributes",
    );
}

#[test]
fn null_means_unassigned() {
    assert!(matches!(resolve("title eq null"), Ok(ResolvedFilter::Not(inner)) if matches!(*inner, ResolvedFilter::Present(_))));
    assert!(matches!(resolve("emails ne null"), Ok(ResolvedFilter::Present(target)) if target.sub.is_none()));
    assert!(resolve("title gt null").is_err());
}

#[test]
fn unknown_names_are_refused_on_one_type() {
    let refused = |text, detail| check_refused(text, ErrorKind::InvalidFilter, detail);
    refused("shoeSize pr", "filter position 0: User has no attribute shoeSize");
    refused("name.first pr", "filter position 0: User has no attribute name.first");
    refused("emails[size pr]", "filter position 7: emails has no attribute size");
    refused("tags[size pr]", "filter position 5: tags has no attribute size");
    refused("name.givenName[value pr]", "filter position 0: name.givenName takes no value filter");
    refused("userName[value pr]", "filter position 0: userName takes no value filter");
    refused(
        "urn:ietf:params:scim:schemas:core:2.0:User pr",
        "filter position 0: urn:ietf:params:scim:schemas:core:2.0:User is a schema, not an attribute",
    );
}

/// Shows S-4.1.1-16, S-7-18.
#[test]
fn nothing_may_be_learnt_of_attributes_that_are_never_returned() {
    for text in [
        "password eq \"x\"",
        "password pr",
        "not (PASSWORD pr)",
        "password eq null",
        "pins[value eq \"1\"]",
        "pins pr",
        "badge[pin pr]",
    ] {
        assert_eq!(resolve(text).expect_err("refused").kind, ErrorKind::Sensitive, "{text}");
    }
    assert!(resolve("badge.code eq \"x\"").is_ok());
    let user = extended_user();
    let filter = parse("value pr").expect("parses");
    let error = filter.resolve_element(&target(&user, "pins"), &Tolerance::default()).expect_err("refused");
    assert_eq!(error.kind, ErrorKind::Sensitive);
}

#[test]
fn an_extension_is_present_if_any_of_its_attributes_is() {
    let resolved = resolve("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr").expect("resolves");
    assert!(matches!(resolved, ResolvedFilter::Or(terms) if terms.len() == 6));
}

#[test]
fn a_name_of_another_type_has_no_value_in_a_search_over_several() {
    #[track_caller]
    fn check(text: &str, expected: &ResolvedFilter) {
        let filter = parse(text).expect("parses");
        assert_eq!(filter.resolve_with(&group(), &Tolerance::default(), Undefined::Unassigned).as_ref(), Ok(expected), "{text}");
    }
    use ResolvedFilter::{Constant, Not};
    check("userName eq \"x\"", &Constant(false));
    check("userName ne \"x\"", &Constant(true));
    check("userName pr", &Constant(false));
    check("userName eq null", &Not(Box::new(Constant(false))));
    check("emails[type eq \"work\"]", &Constant(false));
    check("not (emails[type eq \"work\"])", &Not(Box::new(Constant(false))));
}

#[test]
fn a_name_unknown_to_all_types_is_refused_in_a_search_over_several() {
    let types = [user(), group()];
    let resolve = |text: &str| parse(text).expect("parses").resolve_among(&types, &Tolerance::default());
    let resolved = resolve("userName eq \"x\" or members[value eq \"y\"]").expect("each is known to one");
    assert_eq!(resolved.len(), 2);
    let error = resolve("not (title pr) and shoeSize pr").expect_err("unknown");
    assert_eq!(error.detail, "filter position 19: no resource type has the attribute shoeSize");
    assert_eq!(resolve("members[size pr]").expect_err("unknown").kind, ErrorKind::InvalidFilter);
    assert_eq!(resolve("password pr").expect_err("secret").kind, ErrorKind::Sensitive);
}

#[test]
fn targets_inside_brackets_lie_in_the_element() {
    let user = extended_user();
    let resolve_element =
        |path: &str, text: &str| parse(text).expect("parses").resolve_element(&target(&user, path), &Tolerance::default());
    let place = |resolved| match resolved {
        Ok(ResolvedFilter::Compare { target, .. }) => (target.place.clone(), target.attribute.multi_valued, target.name()),
        other => unreachable!("{other:?}"),
    };
    assert_eq!(place(resolve_element("emails", "TYPE eq \"work\"")), (Place::Element, false, "type".to_owned()));
    assert_eq!(place(resolve_element("tags", "value eq \"x\"")), (Place::Element, false, "tags".to_owned()));
    assert_eq!(place(resolve_element("name", "givenName eq \"x\"")), (Place::Element, false, "givenName".to_owned()));
    assert_eq!(
        resolve_element("emails", "size pr").expect_err("unknown").detail,
        "path position 0: emails has no attribute size"
    );
    assert!(resolve_element("userName", "value eq \"x\"").is_err());
    assert!(resolve_element("emails.value", "value eq \"x\"").is_err());
}
