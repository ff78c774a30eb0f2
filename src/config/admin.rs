//! `[admin]`: the admin API.

use super::settings::Settings;
use std::time::Duration;

/// `[admin]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminConfig {
    /// Whether it is served.
    pub enabled: bool,
    /// For how long who signed in with a password stays so.
    pub session_lifetime: Duration,
}

impl AdminConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        Self {
            enabled: settings.boolean("admin.enabled"),
            session_lifetime: Duration::from_secs(settings.integer("admin.session_lifetime_s", 60..=2_592_000)),
        }
    }
}
