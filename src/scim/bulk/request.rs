//! The body of a bulk request (RFC 7644 §3.7).

use crate::scim::protocol::BULK_REQUEST_SCHEMA;
use crate::scim::{ErrorKind, ScimError};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// What a client may do in bulk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkMethod {
    /// Create.
    Post,
    /// Replace.
    Put,
    /// Modify.
    Patch,
    /// Delete.
    Delete,
}

/// A bulk request.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkRequest {
    /// After how many failed operations the rest is left undone; `None`: never (D-90).
    pub fail_on_errors: Option<usize>,
    /// The operations, in order.
    pub operations: Vec<BulkEntry>,
}

/// An entry of `Operations`: what its answer repeats, and what it asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkEntry {
    /// `method` as sent, if it is a string.
    pub method: Option<String>,
    /// `bulkId` as sent, if it is a string.
    pub bulk_id: Option<String>,
    /// `path` as sent, if it is a string.
    pub path: Option<String>,
    /// What it asks for, or what is wrong with it.
    pub operation: Result<BulkOperation, ScimError>,
}

/// What an entry of `Operations` asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkOperation {
    /// The method.
    pub method: BulkMethod,
    /// The first segment of `path`, as sent: `Users`.
    pub endpoint: String,
    /// The rest of `path`: an id, or `bulkId:x`. `None` for POST, and for POST only.
    pub id: Option<String>,
    /// `version`: what If-Match is to a request of its own.
    pub version: Option<String>,
    /// The body of a request of its own; null for DELETE.
    pub data: Value,
}

impl BulkRequest {
    /// Reads a body such as `{"schemas": ["urn:…:BulkRequest"], "failOnErrors": 1, "Operations": [{"method": "POST", "path":
    /// "/Users", "bulkId": "qwerty", "data": {…}}]}`; names in any letter case.
    ///
    /// What is wrong with one operation is kept with it and fails nothing else.
    ///
    /// # Errors
    /// - `invalidSyntax`: not such an object
    /// - `invalidValue`: `failOnErrors` is negative, or two POSTs have the same bulkId
    /// - 413: more than `operations_max` operations
    pub fn parse(body: Value, operations_max: usize) -> Result<Self, ScimError> {
        let Value::Object(mut body) = body else {
            return Err(ScimError::invalid_syntax("a bulk request is a JSON object with schemas and Operations"));
        };
        let schemas = take(&mut body, "schemas");
        let is_ours = |urn: &Value| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(BULK_REQUEST_SCHEMA));
        if !schemas.as_ref().and_then(Value::as_array).is_some_and(|urns| urns.iter().any(is_ours)) {
            return Err(ScimError::invalid_syntax(format!("schemas of a bulk request must be [\"{BULK_REQUEST_SCHEMA}\"]")));
        }
        let fail_on_errors = fail_on_errors(take(&mut body, "failOnErrors"))?;
        let Some(Value::Array(entries)) = take(&mut body, "Operations") else {
            return Err(ScimError::invalid_syntax("a bulk request has Operations, a list"));
        };
        if entries.len() > operations_max {
            let detail = format!(
                "a bulk request may hold bulk_operations_max (maxOperations), {operations_max} operations; this one has {}",
                entries.len()
            );
            return Err(ScimError::new(ErrorKind::PayloadTooLarge, detail));
        }
        let operations: Vec<BulkEntry> = entries.into_iter().map(entry).collect();
        let mut seen = HashSet::new();
        for bulk_id in operations.iter().filter_map(BulkEntry::defines) {
            if !seen.insert(bulk_id) {
                return Err(ScimError::invalid_value(
                    "two POST operations have the same bulkId; it must be unique in the request",
                ));
            }
        }
        Ok(Self { fail_on_errors, operations })
    }
}

impl BulkEntry {
    /// Whether it is a POST, well-formed or not.
    pub fn is_post(&self) -> bool {
        self.method.as_deref().is_some_and(|method| method.eq_ignore_ascii_case("POST"))
    }

    /// The bulkId that it gives a meaning to: that of a POST. On other methods a bulkId is only repeated (D-89).
    pub fn defines(&self) -> Option<&str> {
        self.bulk_id.as_deref().filter(|_| self.is_post())
    }
}

fn fail_on_errors(value: Option<Value>) -> Result<Option<usize>, ScimError> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    match value.as_i64() {
        Some(count) if count < 0 => Err(ScimError::invalid_value("failOnErrors must not be negative")),
        // Clients send 0 for "never stop" (D-90).
        Some(count) => Ok(usize::try_from(count).ok().filter(|count| *count > 0)),
        None => Err(ScimError::invalid_syntax("failOnErrors is an integer, as a JSON number")),
    }
}

fn entry(value: Value) -> BulkEntry {
    let Value::Object(mut entry) = value else {
        let operation = Err(ScimError::invalid_syntax("an operation is a JSON object with method and path"));
        return BulkEntry { method: None, bulk_id: None, path: None, operation };
    };
    let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
    let [method, bulk_id, path] = ["method", "bulkId", "path"].map(|name| take(&mut entry, name));
    let operation = operation(&method, &bulk_id, &path, entry);
    BulkEntry { method: text(&method), bulk_id: text(&bulk_id), path: text(&path), operation }
}

fn operation(
    method: &Option<Value>,
    bulk_id: &Option<Value>,
    path: &Option<Value>,
    mut rest: Map<String, Value>,
) -> Result<BulkOperation, ScimError> {
    let method = self::method(method)?;
    let bulk_id = match bulk_id {
        None | Some(Value::Null) => None,
        Some(Value::String(bulk_id)) => Some(bulk_id).filter(|bulk_id| !bulk_id.is_empty()),
        Some(_) => return Err(ScimError::invalid_syntax("bulkId is a string")),
    };
    if method == BulkMethod::Post && bulk_id.is_none() {
        return Err(ScimError::invalid_value("a POST in bulk needs a bulkId"));
    }
    let Some(Value::String(path)) = path else {
        return Err(ScimError::invalid_syntax("an operation has a path, a string"));
    };
    let (endpoint, id) = split(path)?;
    if method == BulkMethod::Post && id.is_some() {
        return Err(ScimError::invalid_value("the path of a POST is an endpoint such as /Users"));
    }
    if method != BulkMethod::Post && id.is_none() {
        return Err(ScimError::invalid_value("the path of a PUT, PATCH or DELETE is that of a resource, such as /Users/{id}"));
    }
    let version = match take(&mut rest, "version") {
        None | Some(Value::Null) => None,
        Some(Value::String(version)) => Some(version),
        Some(_) => return Err(ScimError::invalid_syntax("version is a string")),
    };
    let data = match (method, take(&mut rest, "data")) {
        (BulkMethod::Delete, _) => Value::Null,
        (_, Some(data @ Value::Object(_))) => data,
        (_, None | Some(Value::Null)) => return Err(ScimError::invalid_syntax("POST, PUT and PATCH have data")),
        (BulkMethod::Patch, Some(_)) => {
            return Err(ScimError::invalid_syntax("data of a PATCH is a JSON object with Operations, not a list"));
        }
        (_, Some(_)) => return Err(ScimError::invalid_syntax("data is a JSON object")),
    };
    Ok(BulkOperation { method, endpoint: endpoint.to_owned(), id: id.map(str::to_owned), version, data })
}

fn method(method: &Option<Value>) -> Result<BulkMethod, ScimError> {
    let name = method.as_ref().and_then(Value::as_str).unwrap_or_default();
    [("POST", BulkMethod::Post), ("PUT", BulkMethod::Put), ("PATCH", BulkMethod::Patch), ("DELETE", BulkMethod::Delete)]
        .into_iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, method)| method)
        .ok_or_else(|| ScimError::invalid_syntax("method must be one of POST, PUT, PATCH, DELETE"))
}

/// `/Users/42` is `Users` and `42`. A bulkId may hold a slash, so what follows the endpoint stays whole.
fn split(path: &str) -> Result<(&str, Option<&str>), ScimError> {
    let (endpoint, id) = match path.strip_prefix('/').unwrap_or(path).split_once('/') {
        None => (path.strip_prefix('/').unwrap_or(path), None),
        Some((endpoint, id)) => (endpoint, Some(id).filter(|id| !id.is_empty())),
    };
    if endpoint.is_empty() || endpoint.contains([':', '?', '#']) {
        return Err(ScimError::invalid_value("path is relative to the Base URL, such as /Users or /Users/{id}"));
    }
    Ok((endpoint, id))
}

/// Takes the member called `name`, in any letter case; the JSON reader has refused a second one (D-06).
fn take(object: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let key = object.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned()?;
    object.swap_remove(&key)
}

#[cfg(test)]
mod tests;
