//! What each known provider needs: a list of quirks and the switches of the core.

use super::members::{MEMBERS_AS_STRINGS, REMOVE_MEMBERS_NESTED};
use super::schemas::OLD_SCHEMA_URNS;
use super::values::{EXTENSION_ATTRIBUTES_AT_TOP_LEVEL, LIST_OF_ONE, REFERENCE_AS_STRING, VALUE_OBJECTS};
use super::{LifeCycles, Quirk};
use crate::scim::Tolerance;
use crate::scim::tolerance::Unknown;

/// How a Directory treats what its provider sends.
#[derive(Debug)]
pub struct Profile {
    /// Its name in a Directory's settings: `entra`.
    pub name: &'static str,
    /// For whom it is, for people.
    pub description: &'static str,
    /// The rewrites, in the order in which they apply.
    pub quirks: &'static [&'static Quirk],
    /// The switches of the core.
    pub tolerance: fn() -> Tolerance,
    /// Whether a second group with the same `displayName` is refused with 409: the provider finds its groups by name.
    pub unique_group_display_name: bool,
    /// What becomes of what is deleted, and of what an operator does.
    pub life_cycles: LifeCycles,
    /// For how many days a secret may be good (RFC 7644 §7.4); `None`: for ever, as a provider whose token expires stops.
    pub token_days_max: Option<u32>,
}

/// The profile of a Directory that no provider is connected to.
pub const MANUAL: &str = "manual";

/// For how many days a secret may be good if RFC 7644 §7.4 is taken to the letter: it has a limit, and names none.
const STRICT_TOKEN_DAYS_MAX: u32 = 365;

/// The profile called `name`, case exact.
pub fn profile(name: &str) -> Option<&'static Profile> {
    PROFILES.iter().find(|profile| profile.name == name)
}

/// All profiles, `generic` first: it is what a Directory has that names none.
pub static PROFILES: [Profile; 16] = [
    Profile {
        name: "generic",
        description: "Any client: RFC 7644 with every tolerance that contradicts none of its rules",
        quirks: &[&MEMBERS_AS_STRINGS, &REMOVE_MEMBERS_NESTED, &REFERENCE_AS_STRING],
        tolerance: lenient,
        unique_group_display_name: false,
        life_cycles: LifeCycles::PROVIDER_COUNTS,
        token_days_max: None,
    },
    Profile {
        name: "strict",
        description: "RFC 7643 and RFC 7644 to the letter: no tolerance at all",
        quirks: &[],
        tolerance: strict,
        unique_group_display_name: false,
        life_cycles: LifeCycles::PROVIDER_COUNTS,
        token_days_max: Some(STRICT_TOKEN_DAYS_MAX),
    },
    Profile {
        name: "interop",
        description: "The draft of an interoperability profile: stricter than RFC 7644 where clients and servers disagree",
        quirks: &[],
        tolerance: interop,
        unique_group_display_name: false,
        life_cycles: LifeCycles::PROVIDER_COUNTS,
        token_days_max: None,
    },
    Profile {
        name: "entra",
        description: "Microsoft Entra ID, its SCIM validator and its Postman collection",
        quirks: &[&MEMBERS_AS_STRINGS, &REFERENCE_AS_STRING, &VALUE_OBJECTS, &EXTENSION_ATTRIBUTES_AT_TOP_LEVEL],
        tolerance: entra,
        unique_group_display_name: true,
        life_cycles: LifeCycles::PROVIDER_COUNTS,
        token_days_max: None,
    },
    Profile {
        name: "okta",
        description: "Okta: App Integration Wizard and catalogue apps",
        quirks: &[&LIST_OF_ONE],
        tolerance: lenient_with_foreign_schemas,
        unique_group_display_name: true,
        life_cycles: LifeCycles::OPERATOR_COUNTS,
        token_days_max: None,
    },
    Profile {
        name: "onelogin",
        description: "OneLogin, with the JSON templates of its SCIM connectors",
        quirks: &[&OLD_SCHEMA_URNS, &MEMBERS_AS_STRINGS, &REFERENCE_AS_STRING],
        tolerance: lenient_with_foreign_schemas,
        unique_group_display_name: false,
        life_cycles: LifeCycles::PROVIDER_COUNTS,
        token_days_max: None,
    },
    Profile {
        name: "jumpcloud",
        description: "JumpCloud, custom SCIM identity management",
        quirks: &[&MEMBERS_AS_STRINGS],
        tolerance: lenient,
        unique_group_display_name: true,
        life_cycles: LifeCycles::PROVIDER_COUNTS,
        token_days_max: None,
    },
    plain("onewelcome", "Thales OneWelcome Identity Platform"),
    plain("ping", "PingOne and PingFederate"),
    plain("google", "Google Workspace automatic provisioning"),
    plain("sailpoint", "SailPoint Identity Security Cloud and IdentityIQ"),
    plain("rippling", "Rippling custom SCIM apps"),
    plain("cyberark", "CyberArk Identity outbound provisioning"),
    plain("servicenow", "ServiceNow SCIM client"),
    plain("authentik", "authentik's SCIM provider"),
    plain(MANUAL, "No provider is connected: what is in the Directory belongs to its operators"),
];

/// A provider of which no departure is known that the core does not take anyway.
const fn plain(name: &'static str, description: &'static str) -> Profile {
    Profile {
        name,
        description,
        quirks: &[],
        tolerance: lenient,
        unique_group_display_name: false,
        life_cycles: LifeCycles::PROVIDER_COUNTS,
        token_days_max: None,
    }
}

/// Everything that has one sensible meaning and contradicts no MUST (D-01 layer b).
fn lenient() -> Tolerance {
    Tolerance { empty_reference_clears: true, single_value_as_list: true, ..Tolerance::default() }
}

/// Also URIs in `schemas` that nobody here knows: the provider sends some by habit (D-03).
fn lenient_with_foreign_schemas() -> Tolerance {
    Tolerance { unknown_schemas: Unknown::Ignore, ..lenient() }
}

/// Entra expects `replace` on a value path without a match to create the value (D-54); its validator sends a PATCH
/// without operations (D-61).
fn entra() -> Tolerance {
    Tolerance { create_on_replace_no_match: true, allow_empty_patch: true, ..lenient_with_foreign_schemas() }
}

fn strict() -> Tolerance {
    Tolerance {
        coerce_boolean_strings: false,
        unknown_attributes: Unknown::Reject,
        unknown_schemas: Unknown::Reject,
        create_on_replace_no_match: false,
        allow_empty_patch: false,
        value_path_suffix: false,
        empty_reference_clears: false,
        single_value_as_list: false,
        strict_formats: true,
        one_spelling: true,
        strict_precis: true,
        // It refuses requests that RFC 7644 allows (D-96).
        interop_profile: false,
    }
}

/// The letter of the RFCs, and what the draft forbids beyond them (D-96). Formats are as the RFCs leave them, SHOULD.
fn interop() -> Tolerance {
    Tolerance { interop_profile: true, strict_formats: false, one_spelling: false, strict_precis: false, ..strict() }
}
