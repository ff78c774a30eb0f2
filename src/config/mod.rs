//! Configuration: what the operator may set, read once at the start, then handed down as plain structs.
//!
//! `config/default.toml` holds every key with its default; a file, the environment and flags lie over it in this order.
//! All faults are reported together, by key and place, before the port opens. A new key is one line (with its comment) in
//! `config/default.toml`, one field in a section's struct, and one line in that section's `read`.
//!
//! - [`source`]: the layers, and which of them a value came from
//! - [`fault`]: what can be wrong with a setting
//! - [`settings`]: the layers laid over each other, and typed reading that collects faults
//! - [`server`], [`tls`], [`database`], [`limits`], [`admin`], [`schemas`], [`oauth`], [`password`], [`log`], [`request_log`],
//!   [`metrics`], [`traces`]: the sections
//! - [`network`], [`public_url`]: types of single values

pub mod admin;
pub mod database;
pub mod fault;
pub mod limits;
pub mod log;
pub mod metrics;
pub mod network;
pub mod oauth;
pub mod password;
pub mod public_url;
pub mod request_log;
pub mod schemas;
pub mod server;
pub mod settings;
pub mod source;
pub mod tls;
pub mod traces;

pub use admin::AdminConfig;
pub use database::{DatabaseConfig, DatabaseUrl};
pub use fault::{ConfigFault, ConfigFaults};
pub use limits::LimitsConfig;
pub use log::{LogConfig, LogFormat};
pub use metrics::MetricsConfig;
pub use network::Network;
pub use oauth::OAuthConfig;
pub use password::PasswordConfig;
pub use public_url::PublicUrl;
pub use request_log::RequestLogConfig;
pub use schemas::SchemasConfig;
pub use server::{ForwardedHeader, ServerConfig};
pub use source::{Source, Sources};
pub use tls::TlsConfig;
pub use traces::TracesConfig;

use settings::Settings;
use std::path::PathBuf;

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `[server]`: sockets and timers.
    pub server: ServerConfig,
    /// `[database]`: where things are kept.
    pub database: DatabaseConfig,
    /// `[limits]`: how large things may be.
    pub limits: LimitsConfig,
    /// `[discovery]`: who may read what the server can do.
    pub discovery: DiscoveryConfig,
    /// `[admin]`: the admin API.
    pub admin: AdminConfig,
    /// `[schemas]`: schemas and resource types of every Directory.
    pub schemas: SchemasConfig,
    /// `[apply]`: Directories that a file declares.
    pub apply: ApplyConfig,
    /// `[me]`: the alias of the user whom a token stands for.
    pub me: MeConfig,
    /// `[oauth]`: short-lived tokens for clients.
    pub oauth: OAuthConfig,
    /// `[password]`: what passwords must be like, and how they are hashed.
    pub password: PasswordConfig,
    /// `[log]`: what is logged, and how.
    pub log: LogConfig,
    /// `[metrics]`: where metrics are served.
    pub metrics: MetricsConfig,
    /// `[traces]`: where traces go, if anywhere.
    pub traces: Option<TracesConfig>,
    /// `[request_log]`: what is kept of each request, and for how long.
    pub request_log: RequestLogConfig,
}

/// `[discovery]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveryConfig {
    /// Whether the discovery endpoints need a token (D-79).
    pub require_authentication: bool,
}

/// `[apply]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplyConfig {
    /// The file that declares Directories, if there is one.
    pub file: Option<PathBuf>,
}

/// `[me]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeConfig {
    /// Whether `/Me` is supported (D-81).
    pub enabled: bool,
}

impl Config {
    /// Reads the layers.
    ///
    /// # Errors
    /// All faults of all layers: unknown keys, wrong types, values out of range.
    pub fn load(sources: &Sources) -> Result<Self, ConfigFaults> {
        let mut settings = Settings::layer(sources);
        let config = Self::read(&mut settings);
        match settings.into_faults() {
            None => Ok(config),
            Some(faults) => Err(faults),
        }
    }

    fn read(settings: &mut Settings) -> Self {
        Self {
            server: ServerConfig::read(settings),
            database: DatabaseConfig::read(settings),
            limits: LimitsConfig::read(settings),
            discovery: DiscoveryConfig { require_authentication: settings.boolean("discovery.require_authentication") },
            admin: AdminConfig::read(settings),
            schemas: SchemasConfig::read(settings),
            apply: ApplyConfig { file: settings.path("apply.file") },
            me: MeConfig { enabled: settings.boolean("me.enabled") },
            oauth: OAuthConfig::read(settings),
            password: PasswordConfig::read(settings),
            log: LogConfig::read(settings),
            metrics: MetricsConfig::read(settings),
            traces: TracesConfig::read(settings),
            request_log: RequestLogConfig::read(settings),
        }
    }
}

#[cfg(test)]
mod tests;
