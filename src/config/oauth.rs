//! `[oauth]`: short-lived tokens for clients.

use super::settings::Settings;

/// `[oauth]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthConfig {
    /// Whether there is a token endpoint, and what it issued is taken.
    pub enabled: bool,
    /// Seconds for which what it issues is good.
    pub access_token_lifetime_s: i64,
}

impl OAuthConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        Self {
            enabled: settings.boolean("oauth.enabled"),
            access_token_lifetime_s: settings.integer("oauth.access_token_lifetime_s", 60..=86_400),
        }
    }
}
