//! One value: its type, its format, its size.

use super::*;
use crate::scim::resource::fixture::{ENTERPRISE, GROUP, group, user};
use serde_json::json;

/// Shows S-1.2-01, S-2.3-02.
#[test]
fn each_type_refuses_the_other_json_types() {
    let samples = [json!(true), json!(5), json!("text"), json!([5]), json!({ "x": 1 })];
    for (name, accepted) in [
        ("title", "text"),
        ("active", "true"),
        ("level", "5"),
        ("score", "5"),
        ("hired", ""),
        ("desk", "{\"x\":1}"),
        ("profileUrl", "text"),
    ] {
        for sample in &samples {
            let result = of_user(json!({ name: sample }));
            let text = sample.as_str().map_or_else(|| sample.to_string(), str::to_owned);
            match result {
                Ok(_) => assert_eq!(text, accepted, "{name}"),
                Err(error) => {
                    assert_eq!(error.kind, ErrorKind::InvalidValue);
                    assert!(text != accepted && error.detail.starts_with(&format!("{name}: expected ")), "{name} {text} {error}");
                }
            }
        }
    }
    check_invalid(json!({ "emails": "a" }), "emails: expected a list of values");
    check_invalid(json!({ "emails": { "value": "a" } }), "emails: expected a list of values");
    check_invalid(json!({ "emails": ["a"] }), "emails: expected an object of sub-attributes, not a string");
    check_invalid(json!({ "emails": [[]] }), "emails: expected an object of sub-attributes, not a list");
    check_invalid(json!({ "tags": [{}] }), "tags: expected a string, not an object");
    check_invalid(json!({ "emails": [{ "value": 5 }] }), "emails.value: expected a string, not a number");
    check_invalid(json!({ "name": "x" }), "name: expected an object of sub-attributes, not a string");
    check_invalid(json!({ ENTERPRISE: "x" }), &format!("{ENTERPRISE}: expected an object of the extension's attributes"));
    let manager = json!({ ENTERPRISE: { "manager": "x" } });
    check_invalid(manager, &format!("{ENTERPRISE}:manager: expected an object of sub-attributes, not a string"));
}

#[test]
fn boolean_strings_count_unless_the_directory_is_strict() {
    check(json!({ "active": "False" }), json!({ "active": false }));
    check(json!({ "emails": [{ "primary": "TRUE" }] }), json!({ "emails": [{ "primary": true }] }));
    check_invalid(json!({ "active": "yes" }), "active: expected true or false, not a string");
    let strict = Tolerance { coerce_boolean_strings: false, ..Tolerance::default() };
    let detail = "active: expected true or false, not a string";
    check_error(run(user_body(json!({ "active": "true" })), &user(), &strict), ErrorKind::InvalidValue, detail);
}

/// Shows S-2.3.3-01, S-2.3.4-01.
#[test]
fn integers_have_neither_fraction_nor_exponent_and_decimals_keep_their_text() {
    let number = |text: &str| serde_json::from_str::<Value>(text).expect("a number");
    for text in ["1.0", "1.5", "1e3"] {
        check_invalid(json!({ "level": number(text) }), "level: expected a whole number without fraction or exponent");
    }
    for text in ["0", "-7", "123456789012345678901234567890"] {
        check(json!({ "level": number(text) }), json!({ "level": number(text) }));
    }
    for text in ["5", "5.250", "-0.5"] {
        let kept = of_user(json!({ "score": number(text) })).expect("accepted").document.to_text();
        assert!(kept.contains(&format!("\"score\":{text}")), "{kept}");
    }
    check_invalid(json!({ "score": "5" }), "score: expected a number, not a string");
}

/// Shows S-2.3.5-01, S-2.3.6-01, S-2.3.6-02, S-2.3.6-03.
#[test]
fn strings_have_the_syntax_of_their_type() {
    for text in ["2011-05-13T04:42:34Z", "2011-05-13T04:42:34.123+02:00"] {
        check(json!({ "hired": text }), json!({ "hired": text }));
    }
    for text in ["2011-05-13", "10:00:00Z", "x", ""] {
        check_invalid(json!({ "hired": text }), "hired: expected a dateTime such as 2011-05-13T04:42:34Z");
    }
    for text in ["", "YQ==", "YQ", "-_+/", "YWI="] {
        check(json!({ "x509Certificates": [{ "value": text }] }), json!({ "x509Certificates": [{ "value": text }] }));
    }
    for text in ["%%%", "Y", "YQ=", "Y=Q=", "YQ===", "YQ\n=="] {
        check_invalid(json!({ "x509Certificates": [{ "value": text }] }), "x509Certificates.value: expected a base64 string");
    }
    for text in
        ["https://x/y", "https://example.org/%7Ex?a=b#c", "../Users/1", "random", "urn:x:y", "https://bücher.example/", ""]
    {
        check(json!({ "profileUrl": text }), json!({ "profileUrl": text }));
    }
    for text in ["a\nb", "two words", "https://example.org/%zz", "1x:y", "a|b", "<a>"] {
        check_invalid(json!({ "profileUrl": text }), "profileUrl: expected a URI reference (RFC 3986), in which a space is %20");
    }
}

/// Shows S-2.3.1-02, S-2.3.7-01, S-4.1.1-07, S-4.1.1-08, S-4.1.1-09, S-4.1.1-10, S-4.1.2-01, S-4.1.2-07, S-4.1.2-14.
#[test]
fn formats_of_attributes_are_enforced_where_the_directory_wants_it() {
    let strict = Tolerance { strict_formats: true, ..Tolerance::default() };
    let cases = [
        ("addresses.country", "US", "USA"),
        ("addresses.country", "DE", "de"),
        ("addresses.country", "CH", "XX"),
        ("emails.value", "a@example.org", "a"),
        ("emails.value", "\"a b\"@example.org", "a b@example.org"),
        ("emails.value", "é@bücher.example", "a@-x"),
        ("locale", "en-US", "english language"),
        ("locale", "en_US", "e"),
        ("preferredLanguage", "da, en-GB;q=0.8, *;q=0.1", "en_US"),
        ("timezone", "America/Los_Angeles", "Pacific time"),
        ("timezone", "UTC", "+02:00"),
        ("timezone", "Etc/GMT+2", "Mars/Base"),
        ("x509Certificates.value", "MAMCAQU", "YWJj"),
        ("x509Certificates.value", "MAMCAQU=", "MAMCAQUwAwIBBQ=="),
        ("phoneNumbers.value", "tel:+1-201-555-0123", "no number"),
        ("phoneNumbers.value", "555-555-5555", "+1 201 555 0123"),
        ("phoneNumbers.value", "TEL:7042;phone-context=example.com;ext=7", "tel:"),
        ("phoneNumbers.value", "(0)30.1234*#", "+12*"),
    ];
    for (name, good, bad) in cases {
        let body = |text: &str| match name.split_once('.') {
            Some((name, sub)) => user_body(json!({ name: [{ sub: text }] })),
            None => user_body(json!({ name: text })),
        };
        run(body(good), &user(), &strict).expect(good);
        run(body(bad), &user(), &Tolerance::default()).expect(bad);
        let error = run(body(bad), &user(), &strict).expect_err(bad);
        assert_eq!(error.kind, ErrorKind::InvalidValue);
        assert!(error.detail.starts_with(&format!("{name}: expected ")), "{error}");
    }
    run(user_body(json!({ "ims": [{ "value": "no mail" }] })), &user(), &strict).expect("an im address is no e-mail address");
}

#[test]
fn a_bare_string_is_the_value_of_a_complex_attribute_in_patch_only() {
    let user = user();
    let manager = user.extension(ENTERPRISE).expect("built in").schema.attributes[5].clone();
    let (tolerance, limits, ignored) = (Tolerance::default(), ValueLimits::default(), Default::default());
    let mut context = ValueContext { tolerance: &tolerance, limits: &limits, bare_value_for_complex: true, ignored: &ignored };
    let value = |context: &ValueContext<'_>| attribute_value(&manager, &json!("7"), "manager", context);
    assert_eq!(value(&context).expect("accepted"), Some(json!({ "value": "7" })));
    context.bare_value_for_complex = false;
    assert_eq!(value(&context).expect_err("refused").kind, ErrorKind::InvalidValue);
}

#[test]
fn the_password_is_kept_apart() {
    let password = |value: Value| of_user(json!({ "PassWord": value })).map(|normalized| normalized.password);
    assert_eq!(password(json!("secret")).expect("accepted"), Some(Some("secret".to_owned())));
    assert_eq!(password(json!(null)).expect("accepted"), Some(None));
    assert_eq!(of_user(json!({})).expect("accepted").password, None);
    check(json!({ "password": "secret" }), json!({}));
    check_invalid(json!({ "password": 5 }), "password: expected a string");
}

/// Shows S-2.3.1-03, S-7-09.
#[test]
fn a_schema_may_hold_values_to_the_canonical_ones() {
    let sizes = |case_exact: bool| {
        user_with(json!([{ "name": "sizes", "multiValued": true, "canonicalValues": ["S", "L"], "caseExact": case_exact,
            "enforceCanonical": true }]))
    };
    let put =
        |value: Value, case_exact: bool| run(user_body(json!({ "sizes": value })), &sizes(case_exact), &Tolerance::default());
    let kept = put(json!(["s", "L"]), false).expect("accepted").document;
    assert_eq!(kept.as_object()["sizes"], json!(["S", "L"]));
    for (value, case_exact) in [(json!(["S", "M"]), false), (json!([""]), false), (json!(["s"]), true)] {
        check_error(put(value, case_exact), ErrorKind::InvalidValue, "sizes: expected one of S, L");
    }
    put(json!([]), true).expect("nothing is no value");
}

#[test]
fn limits_hold_at_n_and_break_at_n_plus_one() {
    let limits =
        ValueLimits { string_bytes_max: 30, unique_bytes_max: 20, elements_max: 2, members_max: 2, ..ValueLimits::default() };
    let of = |resource_type: &ResourceType, body: Value| normalize(body, resource_type, &Tolerance::default(), &limits);
    let user_of = |members: Value| of(&user(), user_body(members));
    let invalid = ErrorKind::InvalidValue;
    user_of(json!({
        "title": "x".repeat(30), "externalId": "x".repeat(20), "userName": "x".repeat(20),
        "ims": [{ "value": "a" }, { "value": "b" }]
    }))
    .expect("accepted");
    check_error(user_of(json!({ "title": "x".repeat(31) })), invalid, "title: longer than 30 bytes");
    check_error(user_of(json!({ "externalId": "x".repeat(21) })), invalid, "externalId: longer than 20 bytes");
    check_error(user_of(json!({ "userName": "x".repeat(21) })), invalid, "userName: longer than 20 bytes");
    // One character of three bytes whose compatibility form has 33.
    check_error(user_of(json!({ "userName": "\u{fdfa}" })), invalid, "userName: longer than 20 bytes");
    check_error(user_of(json!({ "ims": [1, 2, 3] })), invalid, "ims: more than 2 values");
    let members = |count: usize| {
        let members: Vec<Value> = (0..count).map(|id| json!({ "value": id.to_string() })).collect();
        of(&group(), json!({ "schemas": [GROUP], "members": members }))
    };
    members(2).expect("accepted");
    check_error(members(3), invalid, "members: more than 2 values");
}
