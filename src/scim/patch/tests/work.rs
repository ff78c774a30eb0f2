//! Requests that would keep a core busy, or fill the memory, though they are short.

use super::*;

/// What a PATCH makes of a User with so many emails, where operations may go over 1,000 values.
fn patch_emails(emails: usize, operation: Value) -> Result<(), ScimError> {
    let tolerance = Tolerance::default();
    let limits = ValueLimits { patch_elements_max: 1_000, ..ValueLimits::default() };
    let context = PatchContext { tolerance: &tolerance, limits: &limits, filter: &FilterOptions::default(), id: "42" };
    let body = json!({"schemas": [PATCH_OP_SCHEMA], "Operations": [operation]});
    let operations = PatchRequest::parse(body, &tolerance, &PatchLimits { operations_max: 1 })?;
    let emails: Value = (0..emails).map(|number| json!({"value": format!("{number}@example.com")})).collect();
    apply(&document(&json!({ "emails": emails })), &operations, &resource_type(), &context).map(|_| ())
}

#[track_caller]
fn check_refused(patched: Result<(), ScimError>, part_of_detail: &str) {
    let error = patched.expect_err("refused");
    assert_eq!(error.kind, ErrorKind::InvalidValue, "{error}");
    assert!(error.detail.contains(part_of_detail), "{error}");
}

#[test]
fn each_comparison_of_a_filter_goes_over_all_values() {
    let filter = |comparisons: usize| vec!["value eq \"x\""; comparisons].join(" or ");
    let remove = |comparisons: usize| json!({"op": "remove", "path": format!("emails[{}]", filter(comparisons))});
    assert_eq!(patch_emails(100, remove(10)), Ok(()));
    check_refused(patch_emails(100, remove(11)), "more than 1000 values");
}

/// These list five values in four shapes.
#[test]
fn each_shape_of_what_is_removed_goes_over_all_values() {
    let shapes = json!([{"type": "a"}, {"display": "a"}, {"primary": true}, {"type": "b", "display": "a"}, {"type": "b"}]);
    let remove = json!({"op": "remove", "path": "emails", "value": shapes});
    assert_eq!(patch_emails(248, remove.clone()), Ok(()));
    check_refused(patch_emails(249, remove), "more than 1000 values");
}

/// Without a limit, a request of a megabyte makes 10,000 copies of it.
#[test]
fn a_long_value_is_not_written_to_many_values() {
    for path in ["emails.display", "emails[value pr].display", "emails[value pr]"] {
        let add = |length: usize| {
            let text = "x".repeat(length);
            let value = if path == "emails[value pr]" { json!({ "display": text }) } else { json!(text) };
            json!({"op": "add", "path": path, "value": value})
        };
        assert_eq!(patch_emails(16, add(1_000_000)), Ok(()), "{path}");
        check_refused(patch_emails(17, add(1_000_000)), "too long to be written");
        assert_eq!(patch_emails(17, add(900_000)), Ok(()), "{path}");
        assert_eq!(patch_emails(1, add(1_048_500)), Ok(()), "{path}");
    }
}
