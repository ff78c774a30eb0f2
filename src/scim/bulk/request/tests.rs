//! What is a bulk request, and what is wrong with one operation alone.

use super::*;
use serde_json::json;

fn parse(mut body: Value) -> Result<BulkRequest, ErrorKind> {
    body["schemas"] = json!([BULK_REQUEST_SCHEMA.to_uppercase()]);
    BulkRequest::parse(body, 3).map_err(|error| error.kind)
}

#[track_caller]
fn check(operation: Value, expected: Result<(BulkMethod, &str, Option<&str>), ErrorKind>) {
    let request = parse(json!({ "Operations": [operation] })).expect("a bulk request");
    let read = request.operations[0].operation.as_ref();
    let read = read.map(|read| (read.method, read.endpoint.as_str(), read.id.as_deref())).map_err(|error| error.kind);
    assert_eq!(read, expected, "{operation}");
}

#[test]
fn another_message_is_refused() {
    assert!(BulkRequest::parse(json!({ "Operations": [] }), 3).is_err());
    assert!(BulkRequest::parse(json!([]), 3).is_err());
    for body in [json!({}), json!({ "Operations": null }), json!({ "Operations": {} })] {
        assert_eq!(parse(body.clone()), Err(ErrorKind::InvalidSyntax), "{body}");
    }
    assert_eq!(parse(json!({ "operations": [] })).map(|request| request.operations.len()), Ok(0));
}

#[test]
fn fail_on_errors_is_a_count_and_0_is_none() {
    let limit = |value: Value| parse(json!({ "failOnErrors": value, "Operations": [] })).map(|request| request.fail_on_errors);
    assert_eq!(limit(json!(2)), Ok(Some(2)));
    assert_eq!(limit(json!(0)), Ok(None));
    assert_eq!(limit(Value::Null), Ok(None));
    assert_eq!(limit(json!(-1)), Err(ErrorKind::InvalidValue));
    for wrong in [json!("1"), json!(1.5), json!(true)] {
        assert_eq!(limit(wrong), Err(ErrorKind::InvalidSyntax));
    }
}

#[test]
fn the_number_of_operations_is_limited() {
    let count = |count: usize| parse(json!({ "Operations": vec![json!({}); count] })).map(|request| request.operations.len());
    assert_eq!(count(3), Ok(3));
    assert_eq!(count(4), Err(ErrorKind::PayloadTooLarge));
}

#[test]
fn a_bulk_id_is_defined_once_but_repeated_freely() {
    let post = json!({ "method": "post", "path": "/Users", "bulkId": "a", "data": {} });
    let put = json!({ "method": "PUT", "path": "/Users/1", "bulkId": "a", "data": {} });
    assert_eq!(parse(json!({ "Operations": [post, post] })), Err(ErrorKind::InvalidValue));
    assert!(parse(json!({ "Operations": [post, put, put] })).is_ok());
}

#[test]
fn an_operation_is_a_method_a_path_and_data() {
    check(json!({ "METHOD": "pOST", "Path": "/Users", "BULKID": "a", "Data": {} }), Ok((BulkMethod::Post, "Users", None)));
    check(json!({ "method": "POST", "path": "Users/", "bulkId": "a", "data": {} }), Ok((BulkMethod::Post, "Users", None)));
    check(json!({ "method": "PUT", "path": "/Users/1", "data": {} }), Ok((BulkMethod::Put, "Users", Some("1"))));
    check(json!({ "method": "DELETE", "path": "/Users/1" }), Ok((BulkMethod::Delete, "Users", Some("1"))));
    let path = "/Groups/bulkId:a/b";
    check(json!({ "method": "PATCH", "path": path, "data": {} }), Ok((BulkMethod::Patch, "Groups", Some("bulkId:a/b"))));
}

#[test]
fn what_is_no_operation_fails_by_itself() {
    for wrong in [
        json!(7),
        json!({}),
        json!({ "method": "GET", "path": "/Users/1" }),
        json!({ "method": "DELETE" }),
        json!({ "method": "DELETE", "path": 1 }),
        json!({ "method": "POST", "path": "/Users", "bulkId": 1, "data": {} }),
        json!({ "method": "POST", "path": "/Users", "bulkId": "a" }),
        json!({ "method": "PUT", "path": "/Users/1", "data": null }),
        json!({ "method": "PATCH", "path": "/Users/1", "data": [] }),
        json!({ "method": "DELETE", "path": "/Users/1", "version": 1 }),
    ] {
        check(wrong, Err(ErrorKind::InvalidSyntax));
    }
    for wrong in [
        json!({ "method": "POST", "path": "/Users", "data": {} }),
        json!({ "method": "POST", "path": "/Users", "bulkId": "", "data": {} }),
        json!({ "method": "POST", "path": "/Users/1", "bulkId": "a", "data": {} }),
        json!({ "method": "PUT", "path": "/Users", "data": {} }),
        json!({ "method": "DELETE", "path": "https://example.com/Users/1" }),
        json!({ "method": "DELETE", "path": "" }),
        json!({ "method": "DELETE", "path": "//Users/1" }),
    ] {
        check(wrong, Err(ErrorKind::InvalidValue));
    }
}
