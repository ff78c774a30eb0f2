use super::{JsonLimits, parse};
use crate::scim::ErrorKind;
use proptest::prelude::*;
use serde_json::{Value, json};

const SMALL: JsonLimits = JsonLimits { depth_max: 3, array_len_max: 3, keys_max: 3, string_bytes_max: 10, number_chars_max: 12 };

#[track_caller]
fn check(body: &str, expected: Value) {
    assert_eq!(parse(body.as_bytes(), &JsonLimits::default()).expect(body), expected);
}

#[track_caller]
fn check_refused(body: impl AsRef<[u8]>, limits: &JsonLimits, kind: ErrorKind, detail: &str) {
    let error = parse(body.as_ref(), limits).expect_err("is refused");
    assert_eq!((error.kind, error.detail.as_str()), (kind, detail));
}

#[track_caller]
fn check_broken(body: impl AsRef<[u8]>, detail: &str) {
    check_refused(body, &JsonLimits::default(), ErrorKind::InvalidSyntax, detail);
}

#[test]
fn json_is_read() {
    check(
        r#" {"a" : [1, true ,false,null,"x"] , "b":{}, "c":[ ] } "#,
        json!({"a": [1, true, false, null, "x"], "b": {}, "c": []}),
    );
    check(r#""\"\\\/\b\f\n\r\tA\u00e9\ud83d\ude00é😀""#, json!("\"\\/\u{8}\u{c}\n\r\tAé😀é😀"));
}

#[test]
fn numbers_keep_their_text() {
    for text in ["0", "-0", "1", "1.50", "1e+2", "0.1e-5", "123456789012345678901234567890"] {
        assert_eq!(parse(text.as_bytes(), &JsonLimits::default()).expect(text).to_string(), text);
    }
}

#[test]
fn what_is_not_json_is_refused_with_its_place() {
    check_broken("", "the body is empty; expected a JSON object");
    check_broken(" \n", "the body is empty; expected a JSON object");
    check_broken("{\n  \"é\": x}", "line 2, column 8: expected a JSON value");
    check_broken("nul", "line 1, column 1: expected a JSON value");
    check_broken("{} {}", "line 1, column 4: expected the end of the body");
    check_broken("{a:1}", "line 1, column 2: expected a member name in double quotes");
    check_broken("{\"a\":1,}", "line 1, column 8: expected a member name in double quotes");
    check_broken("{\"a\" 1}", "line 1, column 6: expected a colon after the member name");
    check_broken("{\"a\":1 2", "line 1, column 8: expected a comma or } after a member");
    check_broken("[1,]", "line 1, column 4: expected a JSON value");
    check_broken("[1 2]", "line 1, column 4: expected a comma or ] after an element");
    check_broken("[", "line 1, column 2: the body ends where a JSON value is expected");
    check_broken("\"a", "line 1, column 3: a string does not end");
    check_broken("\"a\nb\"", "line 1, column 3: a control character in a string must be written as \\u00XX");
    check_broken(r#""\x""#, "line 1, column 2: no such escape sequence");
    check_broken(r#""\u12g4""#, "line 1, column 2: expected four hexadecimal digits after \\u");
    check_broken(r#""\u12"#, "line 1, column 2: expected four hexadecimal digits after \\u");
    for number in ["01", "1.", ".5", "1e", "--1", "1-1", "+1", "NaN"] {
        assert_eq!(parse(number.as_bytes(), &JsonLimits::default()).expect_err(number).kind, ErrorKind::InvalidSyntax);
    }
}

#[test]
fn what_is_not_utf8_is_refused() {
    check_broken(b"{\"a\": \"\xff\"}", "line 1, column 8: the body is not UTF-8");
    check_broken(b"\xef\xbb\xbf{}", "line 1, column 1: expected a JSON value");
}

#[test]
fn a_member_may_be_there_once_in_any_letter_case() {
    let twice = "is there twice; names that differ in letter case only are the same";
    check_broken(r#"{"a":1,"a":1}"#, &format!("line 1, column 8: the member a {twice}"));
    check_broken(r#"{"userName":1,"UserName":1}"#, &format!("line 1, column 15: the member UserName {twice}"));
    check_broken(r#"{"x":[{"a":1,"\u0061":1}]}"#, &format!("line 1, column 14: the member a {twice}"));
    let many: Vec<String> = (0..40).map(|number| format!("\"n{number}\":1")).collect();
    check_broken(format!("{{{},\"N3\":1}}", many.join(",")), &format!("line 1, column 312: the member N3 {twice}"));
    check(&format!("{{{}}}", many.join(",")), Value::Object((0..40).map(|number| (format!("n{number}"), json!(1))).collect()));
}

#[test]
fn nul_and_lone_surrogates_are_no_text() {
    let default = JsonLimits::default();
    check_refused(r#"{"a":"x\u0000"}"#, &default, ErrorKind::InvalidValue, "line 1, column 8: U+0000 cannot be stored");
    check_refused(r#"{"\u0000":1}"#, &default, ErrorKind::InvalidSyntax, "line 1, column 3: U+0000 cannot be stored");
    for lone in [r#""\ud800""#, r#""\udc00""#, r#""\ud800\ud800""#, r#""\ud800x""#, r#""\ud800\u0041""#] {
        let detail = "line 1, column 2: half a surrogate pair is no character";
        check_refused(lone, &default, ErrorKind::InvalidValue, detail);
    }
}

#[test]
fn limits_hold_at_n_and_break_at_n_plus_one() {
    for body in ["[[[1]]]", "[1,2,3]", r#"{"a":1,"b":2,"c":3}"#, r#""0123456789""#, "123456789012", r#""01234567é""#] {
        parse(body.as_bytes(), &SMALL).expect(body);
    }
    let large = |body: &str, detail: &str| check_refused(body, &SMALL, ErrorKind::InvalidValue, detail);
    large("[[[[1]]]]", "line 1, column 4: lists and objects nest more than 3 deep");
    large(r#"[{"a":{"b":{}}}]"#, "line 1, column 12: lists and objects nest more than 3 deep");
    large("[1,2,3,4]", "line 1, column 8: a list has more than 3 elements");
    large(r#"{"a":1,"b":2,"c":3,"d":4}"#, "line 1, column 20: an object has more than 3 members");
    let broken = |body: &str, detail: &str| check_refused(body, &SMALL, ErrorKind::InvalidSyntax, detail);
    broken("1234567890123", "line 1, column 1: a number has more than 12 characters");
    broken(r#"{"0123456789x":1}"#, "line 1, column 2: a string is longer than 10 bytes");
    for long in [r#""0123456789x""#, r#""012345678\u00e9""#, r#""012345678\né""#] {
        check_refused(long, &SMALL, ErrorKind::InvalidValue, "line 1, column 1: a string is longer than 10 bytes");
    }
}

#[test]
fn numbers_outside_the_range_of_a_double_are_refused() {
    for number in ["1e400", "-1e309", "1e-400", "0.1e-330"] {
        check_broken(number, "line 1, column 1: a number is outside the range of an IEEE double");
    }
}

#[test]
fn a_deep_bomb_is_refused_without_recursion() {
    for open in ["[", "{\"a\":"] {
        let detail = parse(open.repeat(100_000).as_bytes(), &JsonLimits::default()).expect_err("deep").detail;
        assert!(detail.ends_with("lists and objects nest more than 64 deep"), "{detail}");
    }
}

#[test]
fn the_private_names_of_serde_json_are_members_like_others() {
    let name = "$serde_json::private::Number";
    let value = parse(format!("{{\"{name}\":\"1\"}}").as_bytes(), &JsonLimits::default()).expect("an object");
    assert_eq!(value[name], "1");
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[^\\x00]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_json_writes_is_read_as_it_reads_it(value in any_value()) {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).expect("serialises")] {
            let expected: Value = serde_json::from_str(&text).expect("valid");
            prop_assert_eq!(parse(text.as_bytes(), &JsonLimits::default()).expect("valid"), expected);
        }
    }

    #[test]
    fn random_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = parse(&bytes, &SMALL);
    }

    #[test]
    fn random_json_like_text_is_accepted_only_if_serde_json_accepts_it(text in "[\\[\\]{},:\"\\\\ud80nleatrsfe0-9.+ \\-]{0,24}") {
        if let Ok(value) = parse(text.as_bytes(), &JsonLimits::default()) {
            prop_assert_eq!(serde_json::from_str::<Value>(&text).expect("accepted"), value);
        }
    }
}
