//! Answers to what never became a request, in SCIM's form like all others (RFC 7644 §3.12).

use crate::scim::protocol::error_body::error_body;

/// The answer to plain HTTP where TLS is spoken.
pub(super) fn plain_http() -> Vec<u8> {
    written(400, "Bad Request", "the server speaks TLS here: the URL begins with https://")
}

/// The whole HTTP/1.1 response of `status`, after which the connection closes.
pub(super) fn response(status: u16) -> Vec<u8> {
    let (reason, detail) = match status {
        414 => ("URI Too Long", "the URL is longer than the server reads"),
        431 => ("Request Header Fields Too Large", "the head of the request is longer than the server reads"),
        503 => ("Service Unavailable", "there are too many connections"),
        505 => ("HTTP Version Not Supported", "the server speaks HTTP/1.1"),
        _ => ("Bad Request", "this is no HTTP/1.1 request"),
    };
    written(status, reason, detail)
}

fn written(status: u16, reason: &str, detail: &str) -> Vec<u8> {
    let retry = if status == 503 { "Retry-After: 1\r\n" } else { "" };
    let body = error_body(status, None, detail, None::<&str>);
    format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: application/scim+json\r\n{retry}Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The status of an answer that hyper made itself to a head that it could not read, else `None`: those have no body.
pub(super) fn status_of_bare_refusal(head: &[u8]) -> Option<u16> {
    let status: u16 = std::str::from_utf8(head.strip_prefix(b"HTTP/1.1 ")?.get(..3)?).ok()?.parse().ok()?;
    let bare = head.ends_with(b"\r\n\r\n")
        && head.split(|&byte| byte == b'\n').any(|line| line.trim_ascii().eq_ignore_ascii_case(b"content-length: 0"));
    (bare && (400..=599).contains(&status)).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_error_without_a_body_is_a_bare_refusal() {
        let status = |head: &str| status_of_bare_refusal(head.as_bytes());
        assert_eq!(status("HTTP/1.1 431 X\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"), Some(431));
        assert_eq!(status("HTTP/1.1 404 X\r\ncontent-length: 2\r\n\r\n{}"), None);
        assert_eq!(status("HTTP/1.1 204 X\r\ncontent-length: 0\r\n\r\n"), None);
        assert_eq!(status("{}"), None);
    }
}
