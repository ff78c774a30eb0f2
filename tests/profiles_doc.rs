//! Keeps `docs/profiles.md` true: each profile with its quirks, and each quirk with what is sent and what it means, from the
//! code. `UPDATE_DOCS=1 cargo test --test profiles_doc` writes the document anew.

use scimd::scim::quirks::adjusted::Adjustments;
use scimd::scim::quirks::{Listed, PROFILES, listed, profile};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const HEAD: &str = "# Profiles

Providers depart from the RFCs in known ways. Each way is a *quirk* with a name: a rewrite of what is sent into what it means, before the
core reads it, or a switch of the core. A profile is a list of quirks that are on; a Directory has the profile of its provider
(`scimd directory create NAME --provider PROFILE`), and can have any quirk otherwise:

```sh
scimd directory edit contoso --set quirks.list-of-one=true      # on, whatever the profile says
scimd directory edit contoso --set quirks.list-of-one=          # as the profile says
scimd directory show contoso                                    # each quirk, on or off, and `(set)` if the Directory says so
```

A change holds on every server within a second.

This page is made from the code by `UPDATE_DOCS=1 cargo test --test profiles_doc`.

";

#[test]
fn the_document_says_what_the_code_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/profiles.md");
    let document = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &document).expect("docs is writable");
    }
    assert!(
        fs::read_to_string(&path).is_ok_and(|text| text == document),
        "docs/profiles.md is out of date: UPDATE_DOCS=1 cargo test --test profiles_doc"
    );
}

/// Shows that there is a profile for each provider that the product names.
#[test]
fn every_provider_has_a_profile() {
    for name in
        ["entra", "okta", "onelogin", "onewelcome", "jumpcloud", "ping", "sailpoint", "google", "generic", "strict", "interop"]
    {
        assert!(profile(name).is_some_and(|profile| !profile.description.is_empty()), "{name}");
    }
}

/// Shows that nothing is said of a quirk by half.
#[test]
fn every_quirk_has_an_account() {
    for quirk in quirks("generic") {
        let account = quirk.account;
        for text in [account.about, account.sent, account.meant, account.seen] {
            assert!(!text.is_empty(), "{}", quirk.name);
        }
    }
}

fn quirks(name: &str) -> Vec<Listed> {
    listed(profile(name).expect("a profile"), &Adjustments::new())
}

fn document() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("| Profile | For | Quirks that are on | Group names | Tokens |\n|---|---|---|---|---|\n");
    for profile in &PROFILES {
        let on: Vec<String> =
            quirks(profile.name).iter().filter(|quirk| quirk.on).map(|quirk| format!("`{}`", quirk.name)).collect();
        let on = if on.is_empty() { "none".to_owned() } else { on.join(", ") };
        let names = if profile.unique_group_display_name { "unique" } else { "any" };
        let tokens = profile.token_days_max.map_or_else(|| "no bound".to_owned(), |days| format!("{days} days at most"));
        writeln!(text, "| `{}` | {} | {on} | {names} | {tokens} |", profile.name, profile.description)
            .expect("a string takes all");
    }
    text.push_str(
        "\nWhether the names of groups are unique is the setting `uniqueGroupDisplayName`: a provider that finds its groups by name must \
         not find two. How long a token may be good is `tokenDaysMax`: [operating.md](operating.md#how-long-a-token-is-good).\n",
    );
    for quirk in quirks("generic") {
        let account = quirk.account;
        let profiles: Vec<String> = PROFILES
            .iter()
            .filter(|profile| quirks(profile.name).iter().any(|other| other.name == quirk.name && other.on))
            .map(|profile| format!("`{}`", profile.name))
            .collect();
        let profiles = if profiles.is_empty() { "none".to_owned() } else { profiles.join(", ") };
        write!(
            text,
            "\n## `{}`\n\n{}\n\n- sent: `{}`\n- meant: `{}`\n- seen: {}\n- on in: {profiles}\n",
            quirk.name, account.about, account.sent, account.meant, account.seen
        )
        .expect("a string takes all");
    }
    text
}
