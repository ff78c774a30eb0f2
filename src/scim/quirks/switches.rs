//! The switches of the core, each with a name, so that a Directory can set it otherwise than its profile.

use super::Account;
use crate::scim::Tolerance;
use crate::scim::tolerance::Unknown;

/// One switch of the core.
#[derive(Debug)]
pub struct Switch {
    /// What it does, for settings: `boolean-strings`.
    pub name: &'static str,
    /// What is sent and what it means, for people.
    pub account: Account,
    /// Whether it is on.
    pub is_on: fn(&Tolerance) -> bool,
    /// Turns it on or off.
    pub set: fn(&mut Tolerance, bool),
}

fn unknown(ignored: bool) -> Unknown {
    if ignored { Unknown::Ignore } else { Unknown::Reject }
}

/// All of them.
pub static SWITCHES: [Switch; 12] = [
    Switch {
        name: "boolean-strings",
        account: Account {
            about: "Strings are booleans, in bodies, in values of PATCH and in filters, in any letter case (D-07).",
            sent: r#"{ "op": "Replace", "path": "active", "value": "False" }"#,
            meant: r#"{ "op": "replace", "path": "active", "value": false }"#,
            seen: "Entra ID; tests/replays/entra-update-legacy-patch.json",
        },
        is_on: |tolerance| tolerance.coerce_boolean_strings,
        set: |tolerance, on| tolerance.coerce_boolean_strings = on,
    },
    Switch {
        name: "unknown-attributes",
        account: Account {
            about: "An attribute that no schema of the type has is left out and logged instead of refused (D-03).",
            sent: r#"{ "userName": "a", "shoeSize": 44 }"#,
            meant: r#"{ "userName": "a" }"#,
            seen: "OneLogin's templates; tests/replays/onelogin-template-schemas.json",
        },
        is_on: |tolerance| tolerance.unknown_attributes == Unknown::Ignore,
        set: |tolerance, on| tolerance.unknown_attributes = unknown(on),
    },
    Switch {
        name: "foreign-schemas",
        account: Account {
            about: "A URN in `schemas` that the type does not have is left out instead of refused (D-03).",
            sent: r#"{ "schemas": ["urn:…:core:2.0:Group", "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"], … }"#,
            meant: r#"{ "schemas": ["urn:…:core:2.0:Group"], … }"#,
            seen: "Entra ID; tests/replays/entra-group-create-and-match.json",
        },
        is_on: |tolerance| tolerance.unknown_schemas == Unknown::Ignore,
        set: |tolerance, on| tolerance.unknown_schemas = unknown(on),
    },
    Switch {
        name: "create-on-replace",
        account: Account {
            about: "`replace` on a filter that matches nothing creates the value (D-54), where RFC 7644 §3.5.2.3 wants noTarget.",
            sent: r#"{ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "a@example.com" }, and there is none"#,
            meant: r#"{ "op": "add", "path": "emails", "value": [{ "type": "work", "value": "a@example.com" }] }"#,
            seen: "Entra ID; tests/replays/entra-first-work-email.json",
        },
        is_on: |tolerance| tolerance.create_on_replace_no_match,
        set: |tolerance, on| tolerance.create_on_replace_no_match = on,
    },
    Switch {
        name: "empty-patch",
        account: Account {
            about: "A PATCH without operations changes nothing instead of being refused (D-61).",
            sent: r#"{ "Operations": [] }"#,
            meant: "nothing",
            seen: "the SCIM validator of Entra ID",
        },
        is_on: |tolerance| tolerance.allow_empty_patch,
        set: |tolerance, on| tolerance.allow_empty_patch = on,
    },
    Switch {
        name: "value-path-suffix",
        account: Account {
            about: "A comparison behind the brackets of a filter, outside the RFC's grammar, is one inside.",
            sent: r#"emails[type eq "work"].value eq "a@example.com""#,
            meant: r#"emails[type eq "work" and value eq "a@example.com"]"#,
            seen: "Entra ID",
        },
        is_on: |tolerance| tolerance.value_path_suffix,
        set: |tolerance, on| tolerance.value_path_suffix = on,
    },
    Switch {
        name: "empty-reference-clears",
        account: Account {
            about: "A reference to nobody unassigns the attribute (D-10).",
            sent: r#"{ "op": "replace", "path": "urn:…:User:manager", "value": { "value": "" } }"#,
            meant: r#"{ "op": "remove", "path": "urn:…:User:manager" }"#,
            seen: "Entra ID; tests/replays/entra-manager.json",
        },
        is_on: |tolerance| tolerance.empty_reference_clears,
        set: |tolerance, on| tolerance.empty_reference_clears = on,
    },
    Switch {
        name: "single-value-as-list",
        account: Account {
            about: "One object where a list is meant is a list of one.",
            sent: r#"{ "emails": { "value": "a@example.com" } }"#,
            meant: r#"{ "emails": [{ "value": "a@example.com" }] }"#,
            seen: "OneLogin's templates; tests/replays/onelogin-template-schemas.json",
        },
        is_on: |tolerance| tolerance.single_value_as_list,
        set: |tolerance, on| tolerance.single_value_as_list = on,
    },
    Switch {
        name: "strict-formats",
        account: Account {
            about: "Formats such as those of country, locale and timezone are enforced (D-12).",
            sent: r#"{ "addresses": [{ "country": "Germany" }] }"#,
            meant: "400 invalidValue: two letters are meant, DE",
            seen: "nobody: it is a rule that providers break",
        },
        is_on: |tolerance| tolerance.strict_formats,
        set: |tolerance, on| tolerance.strict_formats = on,
    },
    Switch {
        name: "one-spelling",
        account: Account {
            about: "Values that can be spelled in several ways are stored, and looked for by eq and ne, in one too (RFC 7643 §4.1): the domain of an \
                    e-mail address in lower case, an address of instant messaging as well and without white space, profileUrl by RFC 3986 §6.2.",
            sent: r#"{ "ims": [{ "value": "Some AIM Handle" }] }"#,
            meant: r#"{ "ims": [{ "value": "someaimhandle" }] }"#,
            seen: "nobody: the RFC would have servers do it, and providers compare with what they sent",
        },
        is_on: |tolerance| tolerance.one_spelling,
        set: |tolerance, on| tolerance.one_spelling = on,
    },
    Switch {
        name: "strict-precis",
        account: Account {
            about: "A userName that PRECIS disallows is refused instead of compared by NFKC (D-23).",
            sent: r#"{ "userName": "two words" }"#,
            meant: "400 invalidValue",
            seen: "nobody: it is a rule that providers break",
        },
        is_on: |tolerance| tolerance.strict_precis,
        set: |tolerance, on| tolerance.strict_precis = on,
    },
    Switch {
        name: "interop-profile",
        account: Account {
            about: "What the draft of an interoperability profile asks for: an operation of a PATCH has a path, and a whole complex value \
                    replaces (D-96).",
            sent: r#"{ "op": "replace", "value": { "title": "Guide" } }"#,
            meant: "400 invalidSyntax: an operation needs a path",
            seen: "draft-ietf-scim-interop-profile",
        },
        is_on: |tolerance| tolerance.interop_profile,
        set: |tolerance, on| tolerance.interop_profile = on,
    },
];
