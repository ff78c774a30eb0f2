//! The body of POST `.search` (RFC 7644 §3.4.3).

use super::SEARCH_REQUEST_SCHEMA;
use crate::scim::ScimError;
use serde_json::{Map, Value};

/// What a search asks for, as sent; whoever runs it judges the values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchRequest {
    /// `attributes`, joined by commas as in a query string.
    pub attributes: Option<String>,
    /// `excludedAttributes`, likewise.
    pub excluded_attributes: Option<String>,
    /// `filter`
    pub filter: Option<String>,
    /// `sortBy`
    pub sort_by: Option<String>,
    /// `sortOrder`
    pub sort_order: Option<String>,
    /// `startIndex`, an integer of any length.
    pub start_index: Option<String>,
    /// `count`, likewise.
    pub count: Option<String>,
    /// `cursor` (RFC 9865 §3)
    pub cursor: Option<String>,
}

impl SearchRequest {
    /// Reads a body such as `{"schemas": ["urn:…:SearchRequest"], "filter": "userName sw \"b\"", "count": 10}`. Names in any
    /// letter case; unknown ones are ignored, as in a query string (D-47).
    ///
    /// # Errors
    /// - `InvalidSyntax`: not an object, not a SearchRequest, or a member of another JSON type
    /// - `InvalidValue`: `startIndex` or `count` is no integer (D-45)
    pub fn parse(body: Value) -> Result<Self, ScimError> {
        let Value::Object(body) = body else {
            return Err(ScimError::invalid_syntax("a search request is a JSON object"));
        };
        require_schema(&body)?;
        let mut request = Self::default();
        for (name, value) in body {
            if value.is_null() {
                continue;
            }
            match name.to_ascii_lowercase().as_str() {
                "attributes" => request.attributes = Some(names(&name, value)?),
                "excludedattributes" => request.excluded_attributes = Some(names(&name, value)?),
                "filter" => request.filter = Some(text(&name, value)?),
                "sortby" => request.sort_by = Some(text(&name, value)?),
                "sortorder" => request.sort_order = Some(text(&name, value)?),
                "startindex" => request.start_index = Some(integer(&name, &value)?),
                "count" => request.count = Some(integer(&name, &value)?),
                "cursor" => request.cursor = Some(text(&name, value)?),
                _ => {}
            }
        }
        Ok(request)
    }
}

fn require_schema(body: &Map<String, Value>) -> Result<(), ScimError> {
    let schemas = body.iter().find(|(name, _)| name.eq_ignore_ascii_case("schemas")).map(|(_, value)| value);
    let is_search = schemas.and_then(Value::as_array).is_some_and(|urns| {
        urns.iter().any(|urn| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(SEARCH_REQUEST_SCHEMA)))
    });
    if is_search {
        Ok(())
    } else {
        Err(ScimError::invalid_syntax(format!("schemas: a search request has {SEARCH_REQUEST_SCHEMA}")))
    }
}

fn text(name: &str, value: Value) -> Result<String, ScimError> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(ScimError::invalid_syntax(format!("{name} is a string"))),
    }
}

/// The digits of an integer; how long it may be, whoever runs the search says.
fn integer(name: &str, value: &Value) -> Result<String, ScimError> {
    let digits = value.as_number().map(ToString::to_string);
    let is_integer = |text: &String| text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
    digits.filter(is_integer).ok_or_else(|| ScimError::invalid_value(format!("{name} is an integer, as a JSON number")))
}

/// A list of names; one string with commas, as in a query string, is tolerated.
fn names(name: &str, value: Value) -> Result<String, ScimError> {
    let wrong = || ScimError::invalid_syntax(format!("{name} is a list of strings"));
    match value {
        Value::String(text) => Ok(text),
        Value::Array(list) => {
            let names: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
            Ok(names.ok_or_else(wrong)?.join(","))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(mut body: Value) -> Result<SearchRequest, ScimError> {
        body["schemas"] = json!([SEARCH_REQUEST_SCHEMA]);
        SearchRequest::parse(body)
    }

    #[test]
    fn a_search_request_is_read_like_a_query_string() {
        let request = parse(json!({ "attributes": ["userName", "emails"], "COUNT": 10, "filter": "title pr", "other": 1 }));
        let expected = SearchRequest {
            attributes: Some("userName,emails".into()),
            count: Some("10".into()),
            filter: Some("title pr".into()),
            ..Default::default()
        };
        assert_eq!(request, Ok(expected));
    }

    #[test]
    fn numbers_are_json_numbers_and_names_are_lists() {
        for body in
            [json!({ "count": "10" }), json!({ "startIndex": 1.5 }), json!({ "attributes": [1] }), json!({ "filter": {} })]
        {
            assert!(parse(body.clone()).is_err(), "{body}");
        }
    }

    #[test]
    fn another_message_is_refused() {
        for schemas in [json!(null), json!([]), json!(["urn:ietf:params:scim:api:messages:2.0:PatchOp"])] {
            assert!(SearchRequest::parse(json!({ "schemas": schemas })).is_err());
        }
        assert!(SearchRequest::parse(json!([])).is_err());
    }
}
