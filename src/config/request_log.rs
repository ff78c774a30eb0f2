//! `[request_log]`: what is kept of each request, and for how long.

use super::DatabaseUrl;
use super::settings::Settings;
use std::path::PathBuf;
use std::time::Duration;

/// `[request_log]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLogConfig {
    /// Whether there is one.
    pub enabled: bool,
    /// SQLite: the file; `None`: beside the database.
    pub file: Option<PathBuf>,
    /// Entries that may wait.
    pub queue_max: usize,
    /// Entries that are written together at most.
    pub batch_max: usize,
    /// How long an entry waits for others.
    pub wait: Duration,
    /// Days after which an entry is forgotten.
    pub days_max: u32,
    /// Entries that are kept at most.
    pub rows_max: u64,
}

impl RequestLogConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        Self {
            enabled: settings.boolean("request_log.enabled"),
            file: settings.parsed("request_log.file", |text| Ok((!text.is_empty()).then(|| PathBuf::from(text)))),
            queue_max: settings.integer("request_log.queue_max", 1..=1_000_000),
            batch_max: settings.integer("request_log.batch_max", 1..=10_000),
            wait: settings.milliseconds("request_log.wait_ms", 1),
            days_max: settings.integer("request_log.days_max", 1..=36_500),
            rows_max: settings.integer("request_log.rows_max", 1..=1_000_000_000),
        }
    }

    /// The file that it is kept in; `None`: the database is PostgreSQL, which has a table for it.
    pub fn file_beside(&self, database: &DatabaseUrl) -> Option<PathBuf> {
        let database = database.sqlite_file()?;
        Some(self.file.clone().unwrap_or_else(|| {
            let mut name = database.file_stem().unwrap_or_default().to_owned();
            name.push("-log.db");
            database.with_file_name(name)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};
    use std::path::Path;

    #[test]
    fn the_log_is_beside_the_database_unless_it_has_a_file() {
        let mut config = Config::load(&Sources::default()).expect("the defaults are valid").request_log;
        let file = |config: &RequestLogConfig, url| config.file_beside(&DatabaseUrl::parse(url).expect("accepted"));
        assert_eq!(file(&config, "sqlite:/data/scimd.db").as_deref(), Some(Path::new("/data/scimd-log.db")));
        assert_eq!(file(&config, "sqlite:scimd.db?mode=rwc").as_deref(), Some(Path::new("scimd-log.db")));
        assert_eq!(file(&config, "postgres://x/y"), None);
        config.file = Some("/var/log/requests.db".into());
        assert_eq!(file(&config, "sqlite:scimd.db").as_deref(), Some(Path::new("/var/log/requests.db")));
    }
}
