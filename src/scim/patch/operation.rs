//! The body of a PATCH request to [`Operation`]s.

use super::PATCH_OP_SCHEMA;
use crate::scim::{ErrorKind, ScimError, Tolerance};
use serde_json::{Map, Value};

/// What may be asked for in one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchLimits {
    /// Entries of `Operations`; more are refused with 413.
    pub operations_max: usize,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// RFC 7644 §3.5.2.1
    Add,
    /// RFC 7644 §3.5.2.2
    Remove,
    /// RFC 7644 §3.5.2.3
    Replace,
}

/// One operation, on one path.
///
/// An operation without `path` is read as one operation for each member of its `value` (D-60):
/// `{"op": "replace", "value": {"name.givenName": "B", "title": "T"}}` is two.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Its place in `Operations`, from 1, for error messages.
    pub number: usize,
    /// What it does.
    pub op: Op,
    /// On what, as written.
    pub path: String,
    /// With what. Present (maybe null) for `add` and `replace`.
    pub value: Option<Value>,
    /// Whether `path` was a member of a value object. Then readOnly attributes that keep their value are no error
    /// (D-66) and unknown ones are treated as in a body (D-03).
    pub from_object: bool,
}

impl Operation {
    /// `error`, with the operation's number and path in front of its detail.
    pub(super) fn locate(&self, error: ScimError) -> ScimError {
        let path = shorten(&self.path);
        let detail = format!("operation {} (path {path}): {}", self.number, error.detail);
        error.with_detail(detail).naming(path)
    }
}

/// The longest part of a path that an error message quotes, in characters.
const QUOTED_PATH_CHARACTERS_MAX: usize = 200;

fn shorten(path: &str) -> String {
    if path.chars().nth(QUOTED_PATH_CHARACTERS_MAX).is_none() {
        return path.to_owned();
    }
    path.chars().take(QUOTED_PATH_CHARACTERS_MAX).chain(['…']).collect()
}

/// A PATCH request (RFC 7644 §3.5.2); see [`PatchRequest::parse`].
#[derive(Debug, Clone, Copy)]
pub struct PatchRequest;

impl PatchRequest {
    /// Reads the body of a PATCH request:
    /// `{"schemas": ["urn:…:PatchOp"], "Operations": [{"op": "add", "path": "title", "value": "Guide"}]}`.
    ///
    /// Member names, the URN and the values of `op` compare without letter case (D-50).
    ///
    /// # Errors
    /// - `invalidSyntax`: not such a body; no operations, unless the Directory takes that for no change (D-61); an unknown
    ///   or missing `op`; a member given twice; no `path`, where the Directory demands one (D-96)
    /// - `invalidPath`: `path` is not a string
    /// - `invalidValue`: `add` or `replace` without `value`, or without `path` and with a `value` that is no object
    /// - `noTarget`: `remove` without `path`
    /// - 413: more operations than `limits` has
    pub fn parse(body: Value, tolerance: &Tolerance, limits: &PatchLimits) -> Result<Vec<Operation>, ScimError> {
        let mut body = object(body)?;
        let schemas = take(&mut body, "schemas")?;
        let names_patch_op = |urn: &Value| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(PATCH_OP_SCHEMA));
        if !schemas.as_ref().and_then(Value::as_array).is_some_and(|urns| urns.iter().any(names_patch_op)) {
            return Err(ScimError::invalid_syntax(format!("schemas of a PATCH request must be [\"{PATCH_OP_SCHEMA}\"]")));
        }
        operations(body, tolerance, limits)
    }

    /// Reads the `data` of a PATCH operation in a bulk request, which need not name its schema (D-88).
    ///
    /// # Errors
    /// As [`PatchRequest::parse`].
    pub fn parse_bulk_data(data: Value, tolerance: &Tolerance, limits: &PatchLimits) -> Result<Vec<Operation>, ScimError> {
        let has_schemas = data.as_object().is_some_and(|data| data.keys().any(|name| name.eq_ignore_ascii_case("schemas")));
        if has_schemas { Self::parse(data, tolerance, limits) } else { operations(object(data)?, tolerance, limits) }
    }
}

fn object(body: Value) -> Result<Map<String, Value>, ScimError> {
    match body {
        Value::Object(object) => Ok(object),
        _ => Err(ScimError::invalid_syntax("the body of a PATCH request is a JSON object with schemas and Operations")),
    }
}

fn operations(mut body: Map<String, Value>, tolerance: &Tolerance, limits: &PatchLimits) -> Result<Vec<Operation>, ScimError> {
    let entries = match take(&mut body, "Operations")? {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(ScimError::invalid_syntax("Operations must be an array")),
    };
    if entries.is_empty() && !tolerance.allow_empty_patch {
        return Err(ScimError::invalid_syntax("Operations must hold one or more operations"));
    }
    if entries.len() > limits.operations_max {
        return Err(ScimError::new(
            ErrorKind::PayloadTooLarge,
            format!("a PATCH request may hold {} operations; this one has {}", limits.operations_max, entries.len()),
        ));
    }
    let mut operations = Vec::with_capacity(entries.len());
    for (offset, entry) in entries.into_iter().enumerate() {
        let number = offset + 1;
        read(entry, number, tolerance, &mut operations).map_err(|error| {
            let detail = format!("operation {number}: {}", error.detail);
            error.with_detail(detail)
        })?;
    }
    Ok(operations)
}

fn read(entry: Value, number: usize, tolerance: &Tolerance, operations: &mut Vec<Operation>) -> Result<(), ScimError> {
    let Value::Object(mut entry) = entry else {
        return Err(ScimError::invalid_syntax("an operation is a JSON object with op, path and value"));
    };
    let op = op(take(&mut entry, "op")?)?;
    let path = match take(&mut entry, "path")? {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) => Some(path),
        Some(_) => return Err(ScimError::invalid_path("path must be a string")),
    };
    let value = take(&mut entry, "value")?;
    match (op, path, value) {
        (Op::Remove, None, _) => Err(ScimError::no_target("remove needs a path")),
        (_, None, _) if tolerance.interop_profile => Err(ScimError::invalid_syntax("an operation needs a path")),
        (Op::Add | Op::Replace, _, None) => Err(ScimError::invalid_value("add and replace need a value")),
        (_, Some(path), value) => {
            operations.push(Operation { number, op, path, value, from_object: false });
            Ok(())
        }
        (Op::Add | Op::Replace, None, Some(Value::Object(attributes))) => {
            operations.extend(attributes.into_iter().map(|(path, value)| Operation {
                number,
                op,
                path,
                value: Some(value),
                from_object: true,
            }));
            Ok(())
        }
        (Op::Add | Op::Replace, None, Some(_)) => {
            Err(ScimError::invalid_value("without a path the value must be an object of attributes"))
        }
    }
}

fn op(value: Option<Value>) -> Result<Op, ScimError> {
    let wrong = || ScimError::invalid_syntax("op must be one of add, remove, replace");
    let name = value.as_ref().and_then(Value::as_str).ok_or_else(wrong)?;
    [("add", Op::Add), ("remove", Op::Remove), ("replace", Op::Replace)]
        .into_iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, op)| op)
        .ok_or_else(wrong)
}

/// Takes the member called `name`, in any letter case (D-50); two of them are an error (D-06).
fn take(object: &mut Map<String, Value>, name: &str) -> Result<Option<Value>, ScimError> {
    let mut spellings = object.keys().filter(|key| key.eq_ignore_ascii_case(name)).cloned().collect::<Vec<_>>().into_iter();
    match (spellings.next(), spellings.next()) {
        (None, _) => Ok(None),
        (Some(key), None) => Ok(object.swap_remove(&key)),
        (Some(_), Some(_)) => Err(ScimError::invalid_syntax(format!("{name} is given twice"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(body: Value) -> Result<Vec<Operation>, ErrorKind> {
        PatchRequest::parse(body, &Tolerance::default(), &PatchLimits { operations_max: 3 }).map_err(|error| error.kind)
    }

    fn with(operations: Value) -> Value {
        json!({"schemas": [PATCH_OP_SCHEMA], "Operations": operations})
    }

    type Read<'a> = (Op, &'a str, Option<Value>);

    #[track_caller]
    fn check(operations: Value, expected: Result<&[Read<'_>], ErrorKind>) {
        let read = parse(with(operations));
        let read = read.as_ref().map_err(|kind| *kind);
        let got = read.map(|read| read.iter().map(|one| (one.op, one.path.as_str(), one.value.clone())).collect::<Vec<_>>());
        assert_eq!(got, expected.map(<[_]>::to_vec));
    }

    #[test]
    fn names_and_op_compare_without_letter_case() {
        check(json!([{"OP": "aDD", "Path": "title", "VALUE": 1}]), Ok(&[(Op::Add, "title", Some(json!(1)))]));
        let body = json!({"Schemas": [PATCH_OP_SCHEMA.to_lowercase()], "operations": [{"op": "remove", "path": "title"}]});
        assert_eq!(parse(body).map(|read| read.len()), Ok(1));
    }

    #[test]
    fn an_operation_without_path_is_one_for_each_member_of_its_value() {
        check(
            json!([{"op": "replace", "value": {"title": "T", "name.givenName": null}}]),
            Ok(&[(Op::Replace, "title", Some(json!("T"))), (Op::Replace, "name.givenName", Some(Value::Null))]),
        );
        check(json!([{"op": "add", "path": null, "value": {}}]), Ok(&[]));
    }

    #[test]
    fn what_is_no_operation_is_refused() {
        check(json!([]), Err(ErrorKind::InvalidSyntax));
        check(json!({}), Err(ErrorKind::InvalidSyntax));
        check(json!([7]), Err(ErrorKind::InvalidSyntax));
        check(json!([{"path": "title"}]), Err(ErrorKind::InvalidSyntax));
        check(json!([{"op": "move", "path": "title"}]), Err(ErrorKind::InvalidSyntax));
        check(json!([{"op": "add", "Op": "add", "path": "title", "value": 1}]), Err(ErrorKind::InvalidSyntax));
        check(json!([{"op": "add", "path": 5, "value": 1}]), Err(ErrorKind::InvalidPath));
        check(json!([{"op": "add", "path": "title"}]), Err(ErrorKind::InvalidValue));
        check(json!([{"op": "replace", "value": ["a"]}]), Err(ErrorKind::InvalidValue));
        check(json!([{"op": "remove", "value": {"title": 1}}]), Err(ErrorKind::NoTarget));
    }

    #[test]
    fn schemas_must_name_patch_op() {
        let operations = json!([{"op": "remove", "path": "title"}]);
        assert_eq!(parse(json!({"Operations": operations})), Err(ErrorKind::InvalidSyntax));
        assert_eq!(parse(json!({"schemas": [], "Operations": operations})), Err(ErrorKind::InvalidSyntax));
        assert_eq!(parse(json!({"schemas": PATCH_OP_SCHEMA, "Operations": operations})), Err(ErrorKind::InvalidSyntax));
        assert_eq!(parse(json!([])), Err(ErrorKind::InvalidSyntax));
        let limits = PatchLimits { operations_max: 1 };
        let bulk = PatchRequest::parse_bulk_data(json!({"Operations": operations}), &Tolerance::default(), &limits);
        assert_eq!(bulk.map(|read| read.len()), Ok(1));
        let wrong = json!({"schemas": ["urn:other"], "Operations": operations});
        assert!(PatchRequest::parse_bulk_data(wrong, &Tolerance::default(), &limits).is_err());
    }

    #[test]
    fn the_number_of_operations_is_limited() {
        let removals = |count: usize| with(Value::Array(vec![json!({"op": "remove", "path": "title"}); count]));
        assert_eq!(parse(removals(3)).map(|read| read.len()), Ok(3));
        assert_eq!(parse(removals(4)), Err(ErrorKind::PayloadTooLarge));
    }

    #[test]
    fn switches_allow_no_operations_and_demand_a_path() {
        let limits = PatchLimits { operations_max: 1 };
        let lenient = Tolerance { allow_empty_patch: true, ..Tolerance::default() };
        assert_eq!(PatchRequest::parse(with(json!([])), &lenient, &limits), Ok(Vec::new()));
        let profile = Tolerance { interop_profile: true, ..Tolerance::default() };
        let error = PatchRequest::parse(with(json!([{"op": "add", "value": {"title": "T"}}])), &profile, &limits);
        assert_eq!(error.map_err(|error| error.kind), Err(ErrorKind::InvalidSyntax));
    }
}
