//! What index paging remembers, so that a deep page costs no more than the first.
//!
//! A client that reads all pages in order asks for `startIndex` 1, 101, 201 …; skipping 100,000 rows to find the next
//! hundred would make each page cost the pages before it. So the server remembers behind which place in the order a page
//! ended. The next page begins after that place: by index, and without missing a resource because earlier ones went away
//! meanwhile.
//! What is forgotten (another replica, a restart, a jump) is found by skipping, as ever.

use crate::auth::Scopes;
use crate::id::{DirectoryId, TokenId};
use crate::store::{Position, SortKey};
use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, PoisonError};

/// How many page ends are remembered at most; some 100 bytes each, and what is sorted by: 32 MiB in all.
const ENTRIES_MAX: usize = 16_384;
/// How long the text may be that a remembered page end is sorted by, in bytes; the page behind a longer one is found by
/// skipping.
const KEY_BYTES_MAX: usize = 1_024;
/// For how long, in milliseconds.
const AGE_MS_MAX: i64 = 300_000;

/// One walk through a list: who reads what.
#[derive(Debug, Clone, Hash)]
pub struct Walk<'a> {
    /// The Directory.
    pub directory: DirectoryId,
    /// The reader.
    pub actor: Option<TokenId>,
    /// What the reader may do.
    pub scopes: &'a Scopes,
    /// The type read; empty: all types.
    pub resource_type: &'a str,
    /// The filter, as sent.
    pub filter: Option<&'a str>,
    /// By what it is sorted, as sent.
    pub sort_by: Option<&'a str>,
    /// In which direction, as sent.
    pub sort_order: Option<&'a str>,
}

/// The page ends that are remembered.
#[derive(Debug, Default)]
pub struct Walks(Mutex<HashMap<u64, End>>);

#[derive(Debug, Clone)]
struct End {
    after: Position,
    at_ms: i64,
}

impl Walks {
    /// Behind which place the page that ended right before `start_index` ended, if that is remembered.
    pub fn end_before(&self, walk: &Walk<'_>, start_index: u64, now_ms: i64) -> Option<Position> {
        let ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ends.get(&key(walk, start_index)).filter(|end| now_ms - end.at_ms <= AGE_MS_MAX).map(|end| end.after.clone())
    }

    /// Remembers that the page right before `start_index` ended with `last`, unless that is too long.
    pub fn remember(&self, walk: &Walk<'_>, start_index: u64, last: Position, now_ms: i64) {
        if matches!(&last.key, Some(SortKey::Text(text)) if text.len() > KEY_BYTES_MAX) {
            return;
        }
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ends.len() >= ENTRIES_MAX {
            ends.retain(|_, end| now_ms - end.at_ms <= AGE_MS_MAX / 10);
        }
        if ends.len() >= ENTRIES_MAX {
            ends.clear();
        }
        ends.insert(key(walk, start_index), End { after: last, at_ms: now_ms });
    }
}

fn key(walk: &Walk<'_>, start_index: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (walk, start_index).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::scopes::EVERYTHING;
    use crate::id::ResourceId;

    fn position() -> Position {
        Position { key: None, id: ResourceId::generate() }
    }

    fn walk(filter: Option<&str>) -> Walk<'_> {
        Walk {
            directory: DirectoryId(1),
            actor: Some(TokenId(1)),
            scopes: &EVERYTHING,
            resource_type: "User",
            filter,
            sort_by: None,
            sort_order: None,
        }
    }

    #[test]
    fn a_page_end_is_found_by_the_same_walk_only() {
        let walks = Walks::default();
        let id = position();
        walks.remember(&walk(None), 101, id.clone(), 0);
        assert_eq!(walks.end_before(&walk(None), 101, 1), Some(id));
        assert_eq!(walks.end_before(&walk(None), 201, 1), None);
        assert_eq!(walks.end_before(&walk(Some("active eq true")), 101, 1), None);
    }

    #[test]
    fn an_old_page_end_is_forgotten() {
        let walks = Walks::default();
        walks.remember(&walk(None), 101, position(), 0);
        assert_eq!(walks.end_before(&walk(None), 101, AGE_MS_MAX + 1), None);
    }

    #[test]
    fn a_page_end_of_a_long_text_is_not_kept() {
        let walks = Walks::default();
        let long = |bytes: usize| Position { key: Some(SortKey::Text("a".repeat(bytes))), ..position() };
        walks.remember(&walk(None), 101, long(KEY_BYTES_MAX), 0);
        walks.remember(&walk(None), 201, long(KEY_BYTES_MAX + 1), 0);
        assert!(walks.end_before(&walk(None), 101, 0).is_some());
        assert_eq!(walks.end_before(&walk(None), 201, 0), None);
    }

    #[test]
    fn the_memory_is_bounded() {
        let walks = Walks::default();
        for start in 0..2 * ENTRIES_MAX as u64 {
            walks.remember(&walk(None), start, position(), 0);
        }
        assert!(walks.0.lock().expect("no panic above").len() <= ENTRIES_MAX);
    }
}
