//! Settings of a Directory that are lists.

use super::domains::{self, Domains};
use crate::scim::schema::{AttributeList, attribute_list};
use serde::{Deserialize, Deserializer};

/// Reads domains.
///
/// # Errors
/// It is no such list.
pub fn domains<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Domains>, D::Error> {
    read(deserializer, Domains::new, domains::EXPECTED)
}

/// Reads attributes.
///
/// # Errors
/// It is no such list.
pub fn attributes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AttributeList>, D::Error> {
    read(deserializer, AttributeList::new, attribute_list::EXPECTED)
}

/// Reads a list, or one text with commas, as it is easier to write on a command line.
fn read<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    new: fn(Vec<String>) -> Option<T>,
    expected: &str,
) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        List(Vec<String>),
        Text(String),
    }
    let list = match Option::<Given>::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Given::List(list)) => list,
        Some(Given::Text(text)) => text.split(',').map(|one| one.trim().to_owned()).collect(),
    };
    new(list).map(Some).ok_or_else(|| serde::de::Error::custom(expected))
}
