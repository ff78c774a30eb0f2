//! Lists, a page at a time.

use super::problem::{Kind, Problem};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::{IntoParams, ToSchema};

/// How many items a page has if the client does not say.
const LIMIT_DEFAULT: u32 = 100;

/// How many it has at most.
const LIMIT_MAX: u32 = 500;

/// Which page of a list is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many items the page has at most.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u32>,
    /// The `next` of the page before; without it, the first page.
    pub cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl PageQuery {
    /// How many items are asked for.
    ///
    /// # Errors
    /// 400 if it is none, or too many.
    pub fn limit(&self) -> Result<u32, Problem> {
        limit(self.limit)
    }

    /// The key of the last item of the page before.
    ///
    /// # Errors
    /// 400 for a cursor that is not one of this list.
    pub fn after<K: FromStr>(&self) -> Result<Option<K>, Problem> {
        self.cursor.as_deref().map(key).transpose()
    }
}

/// How many items are asked for.
///
/// # Errors
/// 400 if it is none, or too many.
pub fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    let limit = asked.unwrap_or(LIMIT_DEFAULT);
    let detail = || format!("the query: limit is a number from 1 to {LIMIT_MAX}");
    if (1..=LIMIT_MAX).contains(&limit) { Ok(limit) } else { Err(Problem::new(Kind::Malformed, detail())) }
}

/// The key in a cursor.
///
/// # Errors
/// 400 for a cursor that is not one of this list.
pub fn key<K: FromStr>(cursor: &str) -> Result<K, Problem> {
    let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    // No key has this character, and PostgreSQL has no text with it.
    text.filter(|text| !text.contains('\0'))
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Problem::new(Kind::Malformed, "the query: cursor is what `next` of a page of this list said"))
}

/// The cursor of the page behind `key`.
pub fn cursor(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

/// A page of `rows`, of which one more than `limit` was asked for; `key` is what a list is ordered by.
pub fn page<R, T>(mut rows: Vec<R>, limit: u32, key: impl Fn(&R) -> String, view: impl FnMut(R) -> T) -> Page<T> {
    let is_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| is_more).map(|last| cursor(&key(last)));
    Page { items: rows.into_iter().map(view).collect(), next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_leads_on_only_if_there_is_more() {
        let pages = |rows: Vec<u32>| page(rows, 2, u32::to_string, |row| row);
        assert_eq!(pages(vec![1, 2]).next, None);
        let first = pages(vec![1, 2, 3]);
        assert_eq!(first.items, [1, 2]);
        assert_eq!(key::<i64>(&first.next.expect("there is more")).ok(), Some(2));
        assert!(key::<i64>("x").is_err() && key::<i64>("!").is_err());
        assert!(key::<String>(&cursor("a")).is_ok() && key::<String>(&cursor("a\0b")).is_err());
    }
}
