//! A profile with what an operator sets otherwise for one Directory.

use super::members::{MEMBERS_AS_STRINGS, REMOVE_MEMBERS_NESTED};
use super::schemas::OLD_SCHEMA_URNS;
use super::values::{EXTENSION_ATTRIBUTES_AT_TOP_LEVEL, LIST_OF_ONE, REFERENCE_AS_STRING, VALUE_OBJECTS};
use super::{Account, Profile, Quirk, SWITCHES};
use crate::scim::Tolerance;
use std::collections::BTreeMap;

/// All rewrites, in the order in which they apply: who puts values in their place comes after who gives them their shape.
pub const REWRITES: [&Quirk; 7] = [
    &OLD_SCHEMA_URNS,
    &MEMBERS_AS_STRINGS,
    &REMOVE_MEMBERS_NESTED,
    &REFERENCE_AS_STRING,
    &VALUE_OBJECTS,
    &LIST_OF_ONE,
    &EXTENSION_ATTRIBUTES_AT_TOP_LEVEL,
];

/// What is set otherwise: by the name of a rewrite or a switch, whether it is on.
pub type Adjustments = BTreeMap<String, bool>;

/// How a Directory treats what its provider sends.
#[derive(Debug, Clone)]
pub struct Adjusted {
    /// The rewrites that are on, in order.
    pub quirks: Vec<&'static Quirk>,
    /// The switches of the core.
    pub tolerance: Tolerance,
}

/// A rewrite or a switch, as it is in one Directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub account: Account,
    /// Whether it is on.
    pub on: bool,
    /// Whether the Directory says so, and not its profile.
    pub adjusted: bool,
}

/// Whether there is a rewrite or a switch of this name.
pub fn is_known(name: &str) -> bool {
    names().any(|known| known == name)
}

/// The names of all rewrites and switches.
pub fn names() -> impl Iterator<Item = &'static str> {
    REWRITES.iter().map(|quirk| quirk.name).chain(SWITCHES.iter().map(|switch| switch.name))
}

/// A profile with adjustments; those of unknown names are without effect, for the settings hold none.
pub fn adjusted(profile: &Profile, adjustments: &Adjustments) -> Adjusted {
    let mut tolerance = (profile.tolerance)();
    for switch in &SWITCHES {
        if let Some(on) = adjustments.get(switch.name) {
            (switch.set)(&mut tolerance, *on);
        }
    }
    let in_profile = |quirk: &Quirk| profile.quirks.iter().any(|known| known.name == quirk.name);
    let is_on = |quirk: &&Quirk| adjustments.get(quirk.name).copied().unwrap_or_else(|| in_profile(quirk));
    Adjusted { quirks: REWRITES.into_iter().filter(is_on).collect(), tolerance }
}

/// All rewrites and switches, as a profile with adjustments has them.
pub fn listed(profile: &Profile, adjustments: &Adjustments) -> Vec<Listed> {
    let now = adjusted(profile, adjustments);
    let rewrites = REWRITES.iter().map(|quirk| {
        let on = now.quirks.iter().any(|known| known.name == quirk.name);
        Listed { name: quirk.name, account: quirk.account, on, adjusted: adjustments.contains_key(quirk.name) }
    });
    let switches = SWITCHES.iter().map(|switch| {
        let on = (switch.is_on)(&now.tolerance);
        Listed { name: switch.name, account: switch.account, on, adjusted: adjustments.contains_key(switch.name) }
    });
    rewrites.chain(switches).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::quirks::{PROFILES, profile};
    use std::collections::HashSet;

    #[test]
    fn a_profile_without_adjustments_is_itself() {
        for profile in &PROFILES {
            let adjusted = adjusted(profile, &Adjustments::new());
            let names = |quirks: &[&Quirk]| quirks.iter().map(|quirk| quirk.name).collect::<Vec<_>>();
            assert_eq!(names(&adjusted.quirks), names(profile.quirks), "{}", profile.name);
            assert_eq!(adjusted.tolerance, (profile.tolerance)(), "{}", profile.name);
        }
    }

    #[test]
    fn each_name_turns_one_thing_on_and_off() {
        let all: Vec<&str> = names().collect();
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "no name is used twice");
        for profile in ["strict", "generic", "entra"].map(|name| profile(name).expect("a profile")) {
            let before = listed(profile, &Adjustments::new());
            for name in &all {
                for on in [true, false] {
                    let after = listed(profile, &[((*name).to_owned(), on)].into());
                    for (before, after) in before.iter().zip(&after) {
                        let expected = if before.name == *name { (on, true) } else { (before.on, false) };
                        assert_eq!((after.on, after.adjusted), expected, "{name} {on} in {}: {}", profile.name, after.name);
                    }
                }
            }
        }
    }
}
