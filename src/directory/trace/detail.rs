//! All that a request told, as the JSON that is kept of it.

use super::Report;
use crate::scim::ErrorKind;
use crate::scim::explain::advice;
use serde::Serialize;

/// Bytes of what is kept of one request, at most.
const DETAIL_BYTES_MAX: usize = 16 * 1024;

/// Operations of a bulk request that are told of at most: those that failed first.
pub const OPERATIONS_MAX: usize = 100;

/// All that a request told.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Detail {
    /// What its verb told.
    #[serde(flatten)]
    pub report: Report,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// What became of the operations of a bulk request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<OperationDetail>,
    /// How many operations there were.
    #[serde(rename = "operationsTotal", skip_serializing_if = "Option::is_none")]
    pub operations_total: Option<usize>,
    /// Whether there was more to tell than is kept.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shortened: bool,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// The keyword of RFC 7644 Table 9, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scim_type: Option<&'static str>,
    /// What was wrong with the credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<&'static str>,
    /// What the client read, without what it wrote itself.
    pub detail: String,
    /// What would mend it.
    pub advice: &'static str,
}

/// What became of one operation of a bulk request.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationDetail {
    /// Its place in the answer, from 1.
    pub number: usize,
    /// Its method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'static str>,
    /// The name of the type of its resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// Its resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Its status.
    pub status: u16,
    /// What its verb told.
    #[serde(flatten)]
    pub report: Report,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
}

impl Detail {
    /// The text that is kept: an object of at most [`DETAIL_BYTES_MAX`] bytes. What is too long loses its changes first, then
    /// its operations.
    pub fn into_text(mut self) -> String {
        let text = self.text();
        if text.len() <= DETAIL_BYTES_MAX {
            return text;
        }
        self.shortened = true;
        for report in std::iter::once(&mut self.report).chain(self.operations.iter_mut().map(|operation| &mut operation.report)) {
            report.changes.clear();
        }
        let text = self.text();
        if text.len() <= DETAIL_BYTES_MAX {
            return text;
        }
        self.operations.clear();
        self.report.ignored.clear();
        self.text()
    }

    fn text(&self) -> String {
        serde_json::to_string(self).expect("structs with names as keys serialise")
    }
}

/// Keeps what can be kept of the operations of a bulk request: as many as there is room for, failed ones first, in order.
pub fn operations(mut all: Vec<OperationDetail>) -> Vec<OperationDetail> {
    if all.len() > OPERATIONS_MAX {
        all.sort_by_key(|operation| operation.refusal.is_none());
        all.truncate(OPERATIONS_MAX);
        all.sort_by_key(|operation| operation.number);
    }
    all
}

/// What would mend a refusal; credentials that were refused say more than the kind does.
pub fn mend(kind: Option<ErrorKind>, credentials: Option<&'static str>) -> &'static str {
    match (credentials, kind) {
        (Some("missing"), _) => "Enter the token in the provider's settings: it sent none.",
        (Some("malformed"), _) => "Enter the token alone in the provider's settings, sent as `Authorization: Bearer TOKEN`.",
        (Some("expired"), _) => "Renew the token, and enter its new secret in the provider's settings.",
        (Some("revoked"), _) => "Create another token, and enter it in the provider's settings: this one was revoked.",
        (Some("inactive"), _) => "Activate the token, or enter another one in the provider's settings.",
        (Some("renewed"), _) => "Enter the new secret of the token in the provider's settings: the one of before is over.",
        (Some("client"), _) => "Let the client exchange its secret for a token first: it opens nothing itself.",
        (Some("throttled"), _) => {
            "Enter a token of this Directory in the provider's settings: it sent one that does not exist, and many such came from there."
        }
        (Some("other directory"), _) => {
            "Enter the Base URL of the token's Directory in the provider's settings, or a token of this one."
        }
        (_, Some(kind)) => advice(kind),
        (_, None) => "Let the client send less at a time, or faster; the limit that is named can be raised.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::trace::AttributeChange;

    fn change(bytes: usize) -> AttributeChange {
        let attribute = "a".repeat(bytes);
        AttributeChange { attribute, before: None, after: None }
    }

    fn operation(number: usize, refused: bool) -> OperationDetail {
        let refusal = refused.then(|| Refusal { scim_type: None, credentials: None, detail: String::new(), advice: "" });
        let report = Report { changes: vec![change(150)], ..Report::default() };
        OperationDetail { number, method: None, resource_type: None, resource: None, status: 201, report, refusal }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let report = Report { changes: vec![change(100); 50], ..Report::default() };
        assert!(!Detail { report, ..Detail::default() }.into_text().contains("shortened"));
        let report = Report { quirks: vec!["q"], changes: vec![change(1_000); 50], ..Report::default() };
        assert_eq!(Detail { report, ..Detail::default() }.into_text(), r#"{"quirks":["q"],"shortened":true}"#);
        let detail = Detail { operations: (1..=100).map(|number| operation(number, false)).collect(), ..Detail::default() };
        let text = detail.into_text();
        assert!(text.len() <= DETAIL_BYTES_MAX && text.contains(r#""number":100"#), "{text}");
    }

    #[test]
    fn who_is_told_to_wait_with_a_wrong_token_needs_another_one_and_not_to_send_less() {
        assert!(mend(Some(ErrorKind::TooManyRequests), Some("throttled")).starts_with("Enter a token"));
        assert!(mend(Some(ErrorKind::TooManyRequests), None).contains("more slowly"));
    }

    #[test]
    fn operations_that_failed_are_kept_first() {
        let kept = operations((1..=300).map(|number| operation(number, number == 299)).collect());
        let numbers: Vec<usize> = kept.iter().map(|operation| operation.number).collect();
        let expected: Vec<usize> = (1..OPERATIONS_MAX).chain([299]).collect();
        assert_eq!(numbers, expected);
    }
}
