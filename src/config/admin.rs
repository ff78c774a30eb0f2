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
    /// Days after which the record of what operators did is forgotten; 0: never.
    pub audit_days_max: u32,
}

impl AdminConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        Self {
            enabled: settings.boolean("admin.enabled"),
            session_lifetime: Duration::from_secs(settings.integer("admin.session_lifetime_s", 60..=2_592_000)),
            audit_days_max: settings.integer("admin.audit_days_max", 0..=36_500),
        }
    }
}
