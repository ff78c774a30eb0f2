use super::*;
use crate::scim::resource::fixture::{ENTERPRISE, GROUP, USER, group, odd_attributes, user, user_body, user_with};
use crate::scim::schema::ResourceType;
use crate::scim::tolerance::{Tolerance, Unknown};
use crate::scim::{ErrorKind, ScimError};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn run(body: Value, resource_type: &ResourceType, tolerance: &Tolerance) -> Result<Normalized, ScimError> {
    normalize(body, resource_type, tolerance, &ValueLimits::default())
}

/// Normalizes the body of a User with the odd attributes.
fn of_user(members: Value) -> Result<Normalized, ScimError> {
    run(user_body(members), &user_with(odd_attributes()), &Tolerance::default())
}

/// That a User's body with `members` is kept as `kept`, beside `schemas` and `userName`.
#[track_caller]
fn check(members: Value, kept: Value) {
    let mut object = of_user(members).expect("accepted").document.into_object();
    object.shift_remove("schemas");
    object.shift_remove("userName");
    assert_eq!(Value::Object(object), kept);
}

#[track_caller]
fn check_error(result: Result<Normalized, ScimError>, kind: ErrorKind, detail: &str) {
    let error = result.expect_err("is refused");
    assert_eq!((error.kind, error.detail.as_str()), (kind, detail));
}

#[track_caller]
fn check_invalid(members: Value, detail: &str) {
    check_error(of_user(members), ErrorKind::InvalidValue, detail);
}

#[test]
fn the_full_user_of_the_rfc_is_kept_but_for_what_the_server_assigns() {
    let text = include_str!("../../../../tests/corpus/rfc7643/8.2-user.json");
    let body: Value = serde_json::from_str(text).expect("JSON");
    let normalized = run(body.clone(), &user(), &Tolerance::default()).expect("accepted");
    assert_eq!(normalized.ignored, ["id", "groups", "meta"]);
    assert_eq!(normalized.password, Some(Some("t1meMa$heen".to_owned())));
    assert!(normalized.sent.contains(&"active".to_owned()));
    assert_eq!(normalized.members, None);
    let mut expected = body;
    for name in ["id", "meta", "groups", "password"] {
        expected.as_object_mut().expect("an object").shift_remove(name);
    }
    let object = normalized.document.into_object();
    let names: Vec<&str> = object.keys().map(String::as_str).collect();
    let order = "schemas externalId userName name displayName nickName profileUrl title userType preferredLanguage locale timezone \
                 active emails phoneNumbers ims photos addresses x509Certificates";
    assert_eq!(names.join(" "), order);
    assert_eq!(Value::Object(object), expected);
}

#[test]
fn a_body_is_an_object() {
    let detail = "expected a JSON object, the User resource";
    check_error(run(json!([]), &user(), &Tolerance::default()), ErrorKind::InvalidSyntax, detail);
}

#[test]
fn schemas_holds_the_base_and_known_extensions_only() {
    let refused = |schemas: Value, detail: &str| {
        let body = json!({ "schemas": schemas, "userName": "a" });
        check_error(run(body, &user(), &Tolerance::default()), ErrorKind::InvalidSyntax, detail);
    };
    let expected = format!("schemas: expected a list of URIs with {USER} in it");
    for schemas in [json!(null), json!(USER), json!([]), json!([5]), json!([ENTERPRISE]), json!([USER, null])] {
        refused(schemas, &expected);
    }
    check_error(run(json!({ "userName": "a" }), &user(), &Tolerance::default()), ErrorKind::InvalidSyntax, &expected);
    refused(json!([USER, GROUP]), &format!("schemas: {GROUP} is not a schema of the resource type User"));
}

#[test]
fn schemas_is_computed_from_what_has_data() {
    let schemas =
        |body: Value| run(body, &user(), &Tolerance::default()).expect("accepted").document.as_object()["schemas"].clone();
    assert_eq!(schemas(json!({ "SCHEMAS": [ENTERPRISE, USER.to_uppercase(), USER] })), json!([USER]));
    assert_eq!(schemas(json!({ "schemas": [USER], ENTERPRISE: { "department": "x" } })), json!([USER, ENTERPRISE]));
    assert_eq!(schemas(json!({ "schemas": [USER], ENTERPRISE: { "department": null } })), json!([USER]));
}

#[test]
fn unknown_schemas_are_left_out_where_the_directory_bends() {
    let tolerance = Tolerance { unknown_schemas: Unknown::Ignore, ..Tolerance::default() };
    let body = json!({ "schemas": [USER, "urn:x"], "userName": "a" });
    assert_eq!(run(body, &user(), &tolerance).expect("accepted").ignored, ["urn:x"]);
}

#[test]
fn names_count_in_any_letter_case() {
    let upper = ENTERPRISE.to_uppercase();
    check(
        json!({ "NICKNAME": "n", "Emails": [{ "VALUE": "v", "Type": "WORK" }], upper: { "Department": "d" } }),
        json!({ "nickName": "n", "emails": [{ "value": "v", "type": "work" }], ENTERPRISE: { "department": "d" } }),
    );
}

#[test]
fn read_only_attributes_are_left_out_whatever_their_type() {
    let normalized = of_user(json!({
        "ID": 5, "meta": "x", "groups": 7, ENTERPRISE: { "manager": { "value": "m", "displayName": 1 } }
    }))
    .expect("accepted");
    assert_eq!(normalized.ignored, ["id", "meta", "groups", &format!("{ENTERPRISE}:manager.displayName")]);
    assert_eq!(normalized.document.as_object()[ENTERPRISE], json!({ "manager": { "value": "m" } }));
}

#[test]
fn unknown_attributes_are_left_out_or_refused() {
    let body = || user_body(json!({ "foo": 1, "name": { "bar": 2, "givenName": "g" }, ENTERPRISE: { "baz": 3 }, "urn:x": {} }));
    let names = ["foo", "name.bar", &format!("{ENTERPRISE}:baz"), "urn:x"];
    assert_eq!(run(body(), &user(), &Tolerance::default()).expect("accepted").ignored, names);
    let strict = Tolerance { unknown_attributes: Unknown::Reject, ..Tolerance::default() };
    let detail = "foo: no schema of this resource type has this attribute";
    check_error(run(body(), &user(), &strict), ErrorKind::InvalidSyntax, detail);
    let inner = user_body(json!({ ENTERPRISE: { "baz": 3 } }));
    let detail = format!("{ENTERPRISE}:baz: no schema of this resource type has this attribute");
    check_error(run(inner, &user(), &strict), ErrorKind::InvalidSyntax, &detail);
}

#[test]
fn left_out_names_are_bounded() {
    let many: Map<String, Value> = (0..500).map(|number| (format!("{number:0>1000}"), json!(1))).collect();
    let ignored = of_user(Value::Object(many)).expect("accepted").ignored;
    assert_eq!((ignored.len() <= 64, ignored[0].len()), (true, 200));
}

#[test]
fn null_and_empty_mean_unassigned() {
    check(
        json!({
            "title": null, "emails": [], "name": {}, "ims": [null, {}, { "value": null }], "tags": [null], "phoneNumbers": {},
            "nickName": [], ENTERPRISE: null, "desk": { "code": null },
        }),
        json!({}),
    );
    check(json!({ "title": "", "tags": [""] }), json!({ "title": "", "tags": [""] }));
}

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
fn at_most_one_value_is_primary() {
    check_invalid(
        json!({ "emails": [{ "value": "a", "primary": true }, { "value": "b", "primary": "true" }] }),
        "emails: 2 values are primary; at most one may be",
    );
    let one = json!({ "emails": [{ "value": "a", "primary": true }, { "value": "b", "primary": false }] });
    check(one.clone(), one);
}

#[test]
fn elements_equal_in_type_and_value_are_merged() {
    check(
        json!({ "emails": [
            { "value": "a", "type": "work", "display": "old", "primary": true },
            { "value": "a", "type": "home" },
            { "type": "Work", "value": "A", "display": "new" },
        ] }),
        json!({ "emails": [
            { "value": "A", "display": "new", "type": "work", "primary": true },
            { "value": "a", "type": "home" },
        ] }),
    );
    check(json!({ "tags": ["x", "y", "x"] }), json!({ "tags": ["x", "y"] }));
    let addresses = json!({ "addresses": [{ "locality": "a", "type": "work" }, { "locality": "b", "type": "work" }] });
    check(addresses.clone(), addresses);
    check(
        json!({ "addresses": [{ "type": "work", "locality": "a" }, { "locality": "a", "type": "work" }] }),
        json!({ "addresses": [{ "locality": "a", "type": "work" }] }),
    );
}

/// Shows S-2.3.1-03, S-2.4-07, S-7-09.
#[test]
fn canonical_values_are_spelled_as_in_the_schema_and_others_stay() {
    check(
        json!({ "emails": [{ "value": "a", "type": "WORK" }, { "value": "b", "type": "Private" }] }),
        json!({ "emails": [{ "value": "a", "type": "work" }, { "value": "b", "type": "Private" }] }),
    );
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
fn a_single_value_is_a_list_where_the_directory_bends() {
    let tolerance = Tolerance { single_value_as_list: true, ..Tolerance::default() };
    let normalized = run(user_body(json!({ "emails": { "value": "a" } })), &user(), &tolerance).expect("accepted");
    assert_eq!(normalized.document.as_object()["emails"], json!([{ "value": "a" }]));
    let body = json!({ "schemas": [GROUP], "members": { "value": "1" } });
    assert_eq!(run(body, &group(), &tolerance).expect("accepted").members, Some(vec!["1".to_owned()]));
}

#[test]
fn an_empty_reference_unassigns_where_the_directory_bends() {
    let tolerance = Tolerance { empty_reference_clears: true, ..Tolerance::default() };
    for manager in [json!(""), json!({ "value": "" }), json!({ "value": "", "$ref": "x" })] {
        let body = user_body(json!({ ENTERPRISE: { "manager": manager } }));
        assert!(!run(body, &user(), &tolerance).expect("accepted").document.as_object().contains_key(ENTERPRISE));
    }
    check(json!({ ENTERPRISE: { "manager": { "value": "" } } }), json!({ ENTERPRISE: { "manager": { "value": "" } } }));
}

#[test]
fn a_reference_alone_names_its_target() {
    check(
        json!({ ENTERPRISE: { "manager": { "$ref": "../v2/Users/26118915/?x#y" } } }),
        json!({ ENTERPRISE: { "manager": { "value": "26118915", "$ref": "../v2/Users/26118915/?x#y" } } }),
    );
    check(
        json!({ ENTERPRISE: { "manager": { "$ref": "Users/26%2D1" } } }),
        json!({ ENTERPRISE: { "manager": { "value": "26-1", "$ref": "Users/26%2D1" } } }),
    );
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
fn members_are_taken_from_value_or_else_reference() {
    let members = |members: Value| {
        run(json!({ "schemas": [GROUP], "displayName": "g", "members": members }), &group(), &Tolerance::default())
    };
    let ids = |value: Value| members(value).expect("accepted").members.expect("sent");
    assert_eq!(ids(json!(null)), [""; 0]);
    assert_eq!(ids(json!([])), [""; 0]);
    let normalized = members(json!([
        { "value": "1", "display": 5, "type": [] }, { "$ref": "https://x/v2/Users/2" }, {}, null, { "VALUE": "1", "$ref": "/Users/9" }
    ]))
    .expect("accepted");
    assert_eq!(normalized.members, Some(vec!["1".to_owned(), "2".to_owned()]));
    assert_eq!(normalized.document.to_text(), format!("{{\"schemas\":[\"{GROUP}\"],\"displayName\":\"g\"}}"));
    let invalid = ErrorKind::InvalidValue;
    check_error(members(json!("1")), invalid, "members: expected a list of values, not a string");
    check_error(members(json!(["1"])), invalid, "members: expected objects with a value, not a string");
    check_error(members(json!([{ "value": 1 }])), invalid, "members.value: expected a string, not a number");
    check_error(members(json!([{ "display": "x" }])), invalid, "members: expected objects with the member's id in value");
    assert_eq!(run(json!({ "schemas": [GROUP] }), &group(), &Tolerance::default()).expect("accepted").members, None);
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

#[test]
fn whether_active_was_sent_is_told() {
    assert!(!of_user(json!({})).expect("accepted").sent.contains(&"active".to_owned()));
    assert!(of_user(json!({ "ACTIVE": null })).expect("accepted").sent.contains(&"active".to_owned()));
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

#[test]
fn canonicalize_keeps_what_a_document_holds_and_no_more() {
    let object = json!({
        "urn:x": { "a": 1 }, "meta": {}, "password": "p", "groups": [{ "value": "g" }], "unknown": 1, "id": "i",
        ENTERPRISE: { "manager": { "$ref": "r", "value": "v" }, "department": null, "division": [] },
        "emails": [{ "type": "work", "value": "a", "display": null }, {}, null],
        "name": { "givenName": null }, "userName": "u", "externalId": "e", "schemas": ["urn:x"],
    });
    let Value::Object(object) = object else { unreachable!("an object") };
    let expected = format!(
        r#"{{"schemas":["{USER}","{ENTERPRISE}"],"externalId":"e","userName":"u","emails":[{{"value":"a","type":"work"}}],"{ENTERPRISE}":{{"manager":{{"value":"v","$ref":"r"}}}}}}"#
    );
    assert_eq!(canonicalize(object, &user()).to_text(), expected);
}

/// Shows S-3.1-03.
#[test]
fn the_common_attributes_win_over_a_schema_that_lists_them() {
    let listed = json!([
        { "name": "id", "mutability": "readWrite", "returned": "never" },
        { "name": "meta", "type": "string" },
        { "name": "externalId", "mutability": "readOnly" },
    ]);
    let body = user_body(json!({ "id": "mine", "meta": "x", "externalId": "e" }));
    let normalized = run(body, &user_with(listed), &Tolerance::default()).expect("accepted");
    assert_eq!(normalized.ignored, ["id", "meta"]);
    assert_eq!(
        normalized.document.to_text(),
        format!("{{\"schemas\":[\"{USER}\"],\"externalId\":\"e\",\"userName\":\"bjensen\"}}")
    );
}

/// Shows S-3.3-05.
#[test]
fn extensions_that_name_an_attribute_alike_keep_it_apart() {
    let mut user = (*user()).clone();
    let mut other = (*user.extensions[0].schema).clone();
    other.id = "urn:example:other".into();
    user.extensions.push(crate::scim::schema::Extension { schema: other.into(), required: false });
    let body = user_body(json!({ ENTERPRISE: { "department": "a" }, "urn:example:other": { "department": "b" } }));
    let kept = run(body, &user, &Tolerance::default()).expect("accepted").document.into_object();
    assert_eq!(kept["schemas"], json!([USER, ENTERPRISE, "urn:example:other"]));
    assert_eq!((&kept[ENTERPRISE], &kept["urn:example:other"]), (&json!({ "department": "a" }), &json!({ "department": "b" })));
}

/// The members of a value and of all in it, in an order that `seed` decides.
fn shuffled(value: &Value, seed: u64) -> Value {
    match value {
        Value::Object(object) => {
            let mut members: Vec<(u64, &String, &Value)> = object
                .iter()
                .enumerate()
                .map(|(place, (key, value))| {
                    ((seed ^ (place as u64 + 1)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23), key, value)
                })
                .collect();
            members.sort_by_key(|(rank, ..)| *rank);
            Value::Object(members.into_iter().map(|(_, key, value)| (key.clone(), shuffled(value, seed))).collect())
        }
        Value::Array(elements) => elements.iter().map(|element| shuffled(element, seed)).collect(),
        other => other.clone(),
    }
}

fn full_body() -> Value {
    let text = include_str!("../../../../tests/corpus/rfc7643/8.2-user.json");
    let mut body: Value = serde_json::from_str(text).expect("JSON");
    let extension = json!({ "manager": { "value": "m", "$ref": "../Users/m" }, "department": "d", "costCenter": "c" });
    body.as_object_mut().expect("an object").insert(ENTERPRISE.to_owned(), extension);
    body
}

proptest! {
    #[test]
    fn the_order_of_members_does_not_matter(seed in any::<u64>()) {
        let user = user();
        let text = |body| run(body, &user, &Tolerance::default()).expect("accepted").document.to_text();
        prop_assert_eq!(text(shuffled(&full_body(), seed)), text(full_body()));
    }

    #[test]
    fn what_is_normal_stays_as_it_is(elements in prop::collection::vec(("[a-cA-C]{0,2}", "(work|HOME|x)?", prop::option::of("[a-c]")), 0..5)) {
        let emails: Vec<Value> = elements
            .iter()
            .map(|(value, kind, display)| json!({ "type": kind, "value": value, "display": display }))
            .collect();
        let user = user();
        let once = run(user_body(json!({ "emails": emails })), &user, &Tolerance::default()).expect("accepted").document;
        let twice = run(Value::Object(once.as_object().clone()), &user, &Tolerance::default()).expect("accepted").document;
        prop_assert_eq!(once.to_text(), twice.to_text());
        prop_assert_eq!(canonicalize(once.as_object().clone(), &user).to_text(), once.to_text());
    }
}
