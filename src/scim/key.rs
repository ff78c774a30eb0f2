//! Comparison keys: the one function behind equality, order and uniqueness of strings (D-23, D-24, R37).
//!
//! Keys are made here and stored; SQL never folds. Both back ends compare keys byte by byte, which is code-point order.
//!
//! - [`key`]: the key of a string; [`username_is_precis`]: whether a userName keeps the rules of RFC 8265
//! - [`date_time()`], [`date_time_key`]: the instant that a dateTime means, and the key of an instant

mod date_time;
#[cfg(test)]
mod tests;

pub use date_time::{date_time, date_time_key};

use super::schema::{Attribute, AttributeType};
use precis_core::profile::PrecisFastInvocation;
use precis_profiles::UsernameCaseMapped;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// How often a key is made of a key before it is taken as it is. Two rounds settle every string that the tests try;
/// the bound is for those that they do not.
const ROUNDS_MAX: usize = 8;

/// The key by which values of `attribute` compare; `attribute` is of type string, reference, binary or dateTime.
///
/// - `userName` of a User (the attribute called `userName`, unless it is caseExact): NFKC and lower case. For a name that
///   PRECIS UsernameCaseMapped allows this is what that profile makes of it, each userpart of a name with spaces by
///   itself; for a name that the profile disallows it is the fallback of D-23. One rule for both, so that `sw` and `co`
///   find a part of a name whether or not the profile would allow that part alone.
/// - caseExact: NFC only
/// - else: NFC and simple case folding
/// - binary: as it is
/// - dateTime: [`date_time_key`]; a text that is no dateTime as it is
///
/// Idempotent: `key(a, key(a, x)) == key(a, x)`. ASCII, which is nearly everything, costs the result and no more.
pub fn key(attribute: &Attribute, text: &str) -> String {
    match attribute.attribute_type {
        AttributeType::String | AttributeType::Reference => string_key(attribute, text),
        AttributeType::DateTime => date_time(text).map_or_else(|| text.to_owned(), date_time_key),
        AttributeType::Binary
        | AttributeType::Boolean
        | AttributeType::Integer
        | AttributeType::Decimal
        | AttributeType::Complex => text.to_owned(),
    }
}

/// Whether `text` is a username of RFC 8265 §3.5: userparts that UsernameCaseMapped allows, with spaces only between them.
///
/// What `strictPrecis` demands of a userName (D-23).
pub fn username_is_precis(text: &str) -> bool {
    let spaces_only_between = !text.is_empty() && !text.starts_with(' ') && !text.ends_with(' ');
    spaces_only_between
        && text.split(' ').filter(|userpart| !userpart.is_empty()).all(|userpart| UsernameCaseMapped::enforce(userpart).is_ok())
}

fn string_key(attribute: &Attribute, text: &str) -> String {
    if attribute.case_exact {
        return if is_nfc(text) { text.to_owned() } else { text.nfc().collect() };
    }
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    if attribute.name == "userName" { settled(text, user_name_round) } else { settled(text, folding_round) }
}

/// Repeats `round` until nothing changes: normalising may compose what folds once more, and folding what normalises.
fn settled(text: &str, round: fn(&str) -> String) -> String {
    let mut key = round(text);
    for _ in 0..ROUNDS_MAX {
        let next = round(&key);
        if next == key {
            break;
        }
        key = next;
    }
    key
}

/// Lower-cases character by character, as PRECIS does: a sigma is a sigma wherever it stands.
fn user_name_round(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).nfkc().collect()
}

fn folding_round(text: &str) -> String {
    text.nfc().map(simple_fold).nfc().collect()
}

fn simple_fold(character: char) -> char {
    unicode_case_mapping::case_folded(character).and_then(|folded| char::from_u32(folded.get())).unwrap_or(character)
}
