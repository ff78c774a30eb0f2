//! Rewrites of what a provider sends into what it meant, before the strict core reads it.
//!
//! Each known misbehaviour is one [`Quirk`]: a function with a name, chosen by a Directory's [`Profile`] and named in the log
//! when it acts. The core asks for a behaviour ([`crate::scim::Tolerance`]), never for a provider; what a switch of
//! the core already covers is no quirk.
//!
//! ```text
//! body ─rewrite(profile.quirks)─▶ body ─PatchRequest::parse | resource::normalize─▶ …
//! ```
//!
//! - [`message`]: [`Message`], a request body, and how to visit the attribute values in it
//! - [`members`]: how members are written and removed
//! - [`values`]: values in another JSON type than the schema's
//! - [`schemas`]: schema URNs
//! - [`life_cycles`]: what becomes of what is deleted, and of what an operator does
//! - [`switches`]: the switches of the core, by name
//! - [`profiles`]: which provider gets which quirks, switches and life cycles
//! - [`mod@adjusted`]: a profile with what an operator sets otherwise

pub mod adjusted;
pub mod life_cycles;
pub mod members;
pub mod message;
pub mod profiles;
pub mod schemas;
pub mod switches;
pub mod values;

pub use adjusted::{Adjusted, Listed, adjusted, listed};
pub use life_cycles::{DeletePolicy, LifeCycles, OperatorDelete, OperatorDisable};
pub use message::{Message, MessageKind};
pub use profiles::{PROFILES, Profile, profile};
pub use switches::{SWITCHES, Switch};

/// What is known of a departure from the RFC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// What it is, in a sentence.
    pub about: &'static str,
    /// What is sent.
    pub sent: &'static str,
    /// What it means.
    pub meant: &'static str,
    /// Where it was seen.
    pub seen: &'static str,
}

/// One named way in which a provider departs from the RFC.
#[derive(Debug)]
pub struct Quirk {
    /// What it does, for logs and settings: `members-as-strings`.
    pub name: &'static str,
    /// What is sent and what it means, for people.
    pub account: Account,
    /// Rewrites the message in place and says whether there was anything to rewrite.
    pub rewrite: fn(&mut Message<'_>) -> bool,
}

/// Applies `quirks` to `message`, in order, and returns the names of those that acted.
pub fn rewrite(quirks: &[&Quirk], message: &mut Message<'_>) -> Vec<&'static str> {
    quirks.iter().filter(|quirk| (quirk.rewrite)(message)).map(|quirk| quirk.name).collect()
}

#[cfg(test)]
mod tests;
