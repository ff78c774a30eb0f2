//! Versions as clients see them: weak entity tags (RFC 7644 §3.14, D-26).

/// The tag of a version: `W/"3"`.
pub fn print(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// The version that a tag stands for. Only the spelling that [`print()`] makes counts, with or without the `W/` (D-27).
pub fn parse(tag: &str) -> Option<i64> {
    let tag = tag.trim();
    let digits = tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')?;
    let canonical = !digits.starts_with('0') && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if canonical { digits.parse().ok() } else { None }
}
