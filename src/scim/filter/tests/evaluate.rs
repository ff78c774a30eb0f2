//! What a filter selects, beyond the corpus.

use super::{extended_user, parse, target};
use crate::scim::Tolerance;
use serde_json::{Value, json};

fn resource() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "BJensen",
        "title": "",
        "active": false,
        "name": { "givenName": "Barbara", "familyName": "" },
        "emails": [
            { "value": "a@example.com", "type": "work", "primary": true },
            { "value": "b@example.com", "type": "home" },
        ],
        "addresses": [{ "formatted": "" }],
        "tags": ["Red", "green"],
        "level": 10,
        "rate": 0,
        "hired": "2020-01-01T01:00:00+01:00",
        "keyFile": "QUJD",
        "meta": { "location": "https://example.com/Users/1" },
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Sales", "manager": { "$ref": "../Users/2" } },
    })
}

#[track_caller]
fn check(filter: &str, expected: bool) {
    let resolved = parse(filter).expect("parses").resolve(&extended_user(), &Tolerance::default()).expect("resolves");
    let resource = resource();
    assert_eq!(resolved.matches(resource.as_object().expect("an object")), expected, "{filter}");
}

#[track_caller]
fn check_element(attribute: &str, filter: &str, element: &Value, expected: bool) {
    let attribute = target(&extended_user(), attribute);
    let resolved = parse(filter).expect("parses").resolve_element(&attribute, &Tolerance::default()).expect("resolves");
    assert_eq!(resolved.matches_element(element), expected, "{filter}");
}

#[test]
fn ne_is_exactly_not_eq() {
    for comparison in
        ["nickName {} \"x\"", "emails.type {} \"work\"", "userName {} \"bjensen\"", "tags {} \"red\"", "level {} 10"]
    {
        let value = |op: &str| {
            let text = comparison.replace("{}", op);
            let resolved = parse(&text).expect("parses").resolve(&extended_user(), &Tolerance::default()).expect("resolves");
            resolved.matches(resource().as_object().expect("an object"))
        };
        assert_ne!(value("eq"), value("ne"), "{comparison}");
    }
    check("nickName ne \"x\"", true);
    check("emails.type ne \"work\"", false);
    check("emails[type ne \"work\"]", true);
}

#[test]
fn pr_wants_a_value_that_is_not_empty() {
    check("title pr", false);
    check("active pr", true);
    check("rate pr", true);
    check("name pr", true);
    check("name.familyName pr", false);
    check("emails pr", true);
    check("addresses pr", false);
    check("addresses[formatted pr]", false);
    check("tags pr", true);
    check("roles pr", false);
    check("title eq null", true);
    check("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr", true);
}

#[test]
fn the_empty_string_is_part_of_every_string_there_is() {
    for op in ["co", "sw", "ew", "ge"] {
        check(&format!("userName {op} \"\""), true);
        check(&format!("title {op} \"\""), true);
        check(&format!("nickName {op} \"\""), false);
    }
    check("title eq \"\"", true);
}

/// Shows P-3.4.2.2-12.
#[test]
fn numbers_compare_as_numbers() {
    check("level gt 9", true);
    check("level eq 10.0", true);
    check("level lt 9.5", false);
    check("rate le 0", true);
}

#[test]
fn times_compare_as_instants() {
    check("hired eq \"2020-01-01T00:00:00Z\"", true);
    check("hired ge \"2020-01-01T00:00:00.001Z\"", false);
    check("hired lt \"2020-01-01T00:30:00+00:30\"", false);
}

/// Shows S-2.3.6-04, S-7-10, S-10.2-01.
#[test]
fn strings_compare_by_their_keys() {
    check("userName gt \"BIGGER\"", true);
    check("tags co \"RE\"", true);
    check("keyFile eq \"qujd\"", false);
    check("meta.location sw \"HTTPS\"", false);
    check("department eq \"SALES\"", true);
    check("manager.$ref ew \"/2\"", true);
    check("schemas eq \"URN:ietf:params:scim:schemas:core:2.0:user\"", true);
    check("schemas[value co \"enterprise\"]", false);
}

/// Shows S-2.4-03.
#[test]
fn an_element_without_primary_is_not_primary() {
    check("emails[type eq \"home\" and primary eq false]", true);
    check("emails[type eq \"home\" and primary ne true]", true);
    check("emails[type eq \"home\" and primary ne false]", false);
    check("emails[type eq \"work\" and primary eq false]", false);
    check("emails.primary eq false", true);
    check("emails.primary ne false", false);
    check("emails.primary eq true", true);
    check("roles.primary eq false", false);
    check("roles.primary ne false", true);
    check("emails[primary pr and type eq \"home\"]", false);
}

#[test]
fn value_filters_work_on_simple_lists_and_on_single_complex_values() {
    check("tags[value eq \"RED\"]", true);
    check("tags[value sw \"r\" and value ew \"n\"]", false);
    check("name[givenName eq \"barbara\" and not (familyName pr)]", true);
    check("name[givenName eq \"x\"]", false);
    check("roles[not (value eq \"x\")]", false);
}

#[test]
fn elements_are_judged_one_by_one() {
    let work = json!({ "type": "work", "value": "a@example.com" });
    check_element("emails", "type eq \"WORK\" and primary eq false", &work, true);
    check_element("emails", "not (type eq \"work\")", &work, false);
    check_element("emails", "display eq null or value pr", &work, true);
    check_element("tags", "value eq \"red\"", &json!("Red"), true);
    check_element("tags", "value ne \"red\"", &json!("Red"), false);
    check_element(
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
        "value eq \"2\"",
        &json!({ "value": "2" }),
        true,
    );
}

#[test]
fn values_of_another_type_match_nothing() {
    let odd =
        json!({ "userName": 5, "active": "false", "level": "10", "hired": "soon", "emails": "x", "name": [], "tags": null });
    let selects = |filter: &str| {
        let resolved = parse(filter).expect("parses").resolve(&extended_user(), &Tolerance::default()).expect("resolves");
        resolved.matches(odd.as_object().expect("an object"))
    };
    for filter in [
        "userName eq \"5\"",
        "active eq false",
        "level eq 10",
        "hired gt \"1970-01-01T00:00:00Z\"",
        "emails.value eq \"x\"",
        "name pr",
        "tags pr",
    ] {
        assert!(!selects(filter), "{filter}");
    }
}
