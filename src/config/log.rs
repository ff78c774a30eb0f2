//! `[log]`: what is logged, and how.

use super::settings::Settings;
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// A level, or levels by module: `info,scimd::store=debug`.
    pub level: String,
    /// From when on a search that no index serves is logged.
    pub unindexed_search: Duration,
    /// How lines look.
    pub format: LogFormat,
}

/// How lines of the log look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl LogConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        Self {
            level: settings.parsed("log.level", |text| match EnvFilter::try_new(text) {
                Ok(_) if text.split(',').all(is_directive) => Ok(text.to_owned()),
                _ => Err("must be error, warn, info, debug or trace, also by module: info,scimd::store=debug".to_owned()),
            }),
            unindexed_search: settings.milliseconds("log.unindexed_search_ms", 0),
            format: settings.parsed("log.format", |text| match text {
                "auto" => Ok(LogFormat::Auto),
                "text" => Ok(LogFormat::Text),
                "json" => Ok(LogFormat::Json),
                _ => Err("must be auto, text or json".to_owned()),
            }),
        }
    }
}

/// Whether this is a level, or says one of a module. A word alone is a module too to the filter, of which everything would be
/// logged, and of the others nothing.
fn is_directive(text: &str) -> bool {
    let text = text.trim();
    // To the parser of levels nothing is a level too.
    text.contains('=') || !text.is_empty() && text.parse::<LevelFilter>().is_ok()
}
