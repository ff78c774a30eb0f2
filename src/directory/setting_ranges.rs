//! What the settings of a Directory take, in words and as ranges.

use std::ops::RangeInclusive;

/// The settings that are numbers, each with the least and the greatest.
const RANGES: [(&str, RangeInclusive<u32>); 9] = [
    ("tokensMax", 1..=1_000),
    ("tokenDaysMax", 1..=3_650),
    ("usersMax", 1..=100_000_000),
    ("groupsMax", 1..=100_000_000),
    ("membersMax", 1..=10_000_000),
    ("groupsPerUserMax", 1..=10_000),
    ("requestsPerSecond", 1..=10_000),
    ("requestsBurst", 1..=100_000),
    ("deleteRetentionDays", 0..=36_500),
];

/// The settings that are true or false.
const BOOLEANS: [&str; 4] = ["uniqueGroupDisplayName", "uniqueExternalId", "patchAnswersWithMembers", "logValues"];

/// The least and the greatest of a setting that is a number.
pub fn range(key: &str) -> Option<RangeInclusive<u32>> {
    RANGES.iter().find(|(name, _)| *name == key).map(|(_, range)| range.clone())
}

/// What a setting takes, if that can be said in a few words.
pub fn expected(key: &str) -> Option<String> {
    if let Some(range) = range(key) {
        return Some(format!("a whole number from {} to {}", range.start(), range.end()));
    }
    match key {
        "quirks" => Some("an object of names of quirks, each true or false".to_owned()),
        "sensitive" | "selfService" => Some(crate::scim::schema::attribute_list::EXPECTED.to_owned()),
        "domains" => Some(super::domains::EXPECTED.to_owned()),
        _ => BOOLEANS.contains(&key).then(|| "true or false".to_owned()),
    }
}
