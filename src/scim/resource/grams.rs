//! Values taken apart, so that an index finds them by any three characters or more that stand in them.
//!
//! A [`Gram`] stands for three characters in a row of the comparison key of one attribute, in one Directory and resource
//! type. A value that contains a text has all grams of the text. The reverse does not hold: the grams may stand elsewhere
//! in the value, and two may be the same number. So grams find candidates, and the filter itself says which ones match.
//!
//! Grams are stored: how they are made must not change without a migration that makes them anew.

use super::Document;
use super::keys::{INDEX_VALUE_BYTES_MAX, values};
use crate::id::DirectoryId;
use crate::scim::key;
use crate::scim::schema::ResourceType;

/// How many characters a gram stands for.
const CHARACTERS: usize = 3;

/// How many grams are asked for at most. Those of the first fifty characters leave few candidates.
const COVER_MAX: usize = 16;

/// A number that stands for three characters, wherever it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gram(pub u32);

/// How the values of one attribute are taken apart.
///
/// The Directory is part of each gram: the index does not mix the values of different Directories.
#[derive(Debug, Clone, Copy)]
pub struct Grams {
    /// The hash of what all grams of the attribute begin with.
    start: u64,
}

impl Grams {
    /// For an attribute by its name in the index, such as `displayName`.
    pub fn new(directory: DirectoryId, resource_type: &str, attribute: &str) -> Self {
        let mut start = OFFSET_BASIS;
        for part in [&directory.0.to_le_bytes(), resource_type.as_bytes(), attribute.as_bytes()] {
            // No text has this byte, so that it ends one part and no other.
            start = hash(hash(start, part), &[0xFF]);
        }
        Self { start }
    }

    /// Those of a comparison key, some of them twice. A key above [`INDEX_VALUE_BYTES_MAX`] is not taken apart, so that a
    /// value costs a bounded number of them: it has [`Grams::long`] alone.
    pub fn of_value(self, key: &str) -> Vec<Gram> {
        if key.len() > INDEX_VALUE_BYTES_MAX {
            return vec![self.long()];
        }
        windows(key).map(|window| self.gram(window)).collect()
    }

    /// What long values have instead of grams: they are candidates always.
    pub fn long(self) -> Gram {
        self.gram("")
    }

    /// Grams that every value with `text` in it has, unless it is long: side by side, few, and together all of `text` if it
    /// is not long itself. None, if `text` is too short to have any.
    pub fn of_part(self, text: &str) -> Vec<Gram> {
        let side_by_side = windows(text).step_by(CHARACTERS).take(COVER_MAX - 1);
        let mut grams: Vec<Gram> = side_by_side.chain(windows(text).last()).map(|window| self.gram(window)).collect();
        grams.sort_unstable();
        grams.dedup();
        grams
    }

    fn gram(self, window: &str) -> Gram {
        let hash = hash(self.start, window.as_bytes());
        // Both halves, for the upper one is mixed best.
        Gram((hash >> 32) as u32 ^ hash as u32)
    }
}

/// All grams of a document, in order, each once.
pub fn grams(document: &Document, directory: DirectoryId, resource_type: &ResourceType) -> Vec<Gram> {
    let mut all = Vec::new();
    for indexed in resource_type.indexed.iter().filter(|indexed| indexed.by_parts) {
        let grams = Grams::new(directory, &resource_type.name, &indexed.name);
        let texts = values(document, indexed).filter_map(|value| value.as_str());
        all.extend(texts.flat_map(|text| grams.of_value(&key::key(indexed.target.leaf(), text))));
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Each three characters in a row.
fn windows(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.char_indices().map(|(start, _)| start);
    let ends = starts.clone().chain([text.len()]).skip(CHARACTERS);
    starts.zip(ends).map(|(start, end)| &text[start..end])
}

/// FNV-1a of 64 bits: short, and the same everywhere.
fn hash(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// What FNV-1a begins with.
const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::resource::fixture::{user, user_body};
    use crate::scim::resource::{ValueLimits, normalize};
    use crate::scim::tolerance::Tolerance;
    use proptest::prelude::*;
    use serde_json::json;

    const DIRECTORY: DirectoryId = DirectoryId(7);

    fn display_name() -> Grams {
        Grams::new(DIRECTORY, "User", "displayName")
    }

    proptest! {
        /// Few kinds of characters, so that many grams recur.
        #[test]
        fn a_value_has_the_grams_of_each_of_its_parts(before in "[abä%]{0,9}", part in "[abä%]{3,60}", after in "[abä%]{0,9}") {
            let all = display_name().of_value(&format!("{before}{part}{after}"));
            let asked = display_name().of_part(&part);
            prop_assert!(!asked.is_empty() && asked.len() <= COVER_MAX);
            prop_assert!(asked.iter().all(|gram| all.contains(gram)), "{asked:?} of {all:?}");
        }
    }

    #[test]
    fn two_characters_have_no_gram_and_three_have_one() {
        for (part, count) in [("", 0), ("ab", 0), ("äö", 0), ("abc", 1), ("äöü", 1), ("abcd", 2), ("abcdef", 2), ("abcdefg", 3)]
        {
            assert_eq!(display_name().of_part(part).len(), count, "{part}");
        }
    }

    #[test]
    fn a_long_value_is_a_candidate_for_all() {
        let longest = "ab".repeat(INDEX_VALUE_BYTES_MAX / 2);
        assert_eq!(display_name().of_value(&longest).len(), INDEX_VALUE_BYTES_MAX - 2);
        assert_eq!(display_name().of_value(&(longest + "c")), [display_name().long()]);
    }

    #[test]
    fn directories_types_and_attributes_share_no_grams() {
        let others = [
            Grams::new(DirectoryId(8), "User", "displayName"),
            Grams::new(DIRECTORY, "Group", "displayName"),
            Grams::new(DIRECTORY, "User", "nickName"),
            Grams::new(DIRECTORY, "Userd", "isplayName"),
        ];
        for other in others {
            assert_ne!(other.of_part("abc"), display_name().of_part("abc"));
            assert_ne!(other.long(), display_name().long());
        }
    }

    /// If this fails, stored grams are not found any more.
    #[test]
    fn grams_are_the_same_in_every_release() {
        assert_eq!(display_name().of_part("abc"), [Gram(0x620f_0f59)]);
        assert_eq!(display_name().long(), Gram(0x4c42_3af5));
    }

    #[test]
    fn a_document_has_the_grams_of_its_comparison_keys() {
        let user = user();
        let body = user_body(json!({ "displayName": "Ann ANN", "title": "nobody searches here" }));
        let document = normalize(body, &user, &Tolerance::default(), &ValueLimits::default()).expect("accepted").document;
        let mut expected: Vec<Gram> = ["ann", "nn ", "n a", " an"].iter().flat_map(|part| display_name().of_part(part)).collect();
        expected.sort_unstable();
        assert_eq!(grams(&document, DIRECTORY, &user), expected);
    }
}
