//! - `body`: the body as a whole
//! - `values`: one value
//! - `lists`: lists of values, references and members
//! - `laws`: what holds for any body

mod body;
mod laws;
mod lists;
mod values;

use super::*;
use crate::scim::resource::fixture::{odd_attributes, user_body, user_with};
use crate::scim::schema::ResourceType;
use crate::scim::tolerance::Tolerance;
use crate::scim::{ErrorKind, ScimError};
use serde_json::Value;

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
