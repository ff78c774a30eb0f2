//! `[database]`: where things are kept.

use super::settings::Settings;
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// `[database]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseConfig {
    /// Which database.
    pub url: DatabaseUrl,
    /// PostgreSQL: connections at most.
    pub connections_max: u32,
    /// SQLite: connections that read; one more writes.
    pub reader_connections: u32,
    /// SQLite: changes that may wait for the writer.
    pub write_queue_max: usize,
    /// SQLite: changes that are committed together at most.
    pub write_batch_max: usize,
    /// SQLite: page cache of each connection, in KiB.
    pub cache_kib: u32,
    /// How long to wait for a free connection.
    pub acquire_timeout: Duration,
    /// How long one statement may run.
    pub statement_timeout: Duration,
    /// How long a search may read what no index finds (D-46).
    pub unindexed_search_timeout: Duration,
    /// How long one statement may wait for a lock.
    pub lock_timeout: Duration,
}

impl DatabaseConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        Self {
            url: settings.parsed("database.url", DatabaseUrl::parse),
            connections_max: settings.integer("database.connections_max", 1..=10_000),
            reader_connections: settings.integer("database.reader_connections", 1..=1_000),
            write_queue_max: settings.integer("database.write_queue_max", 1..=1_000_000),
            write_batch_max: settings.integer("database.write_batch_max", 1..=100_000),
            cache_kib: settings.integer("database.cache_kib", 64..=16_777_216),
            acquire_timeout: settings.milliseconds("database.acquire_timeout_ms", 1),
            statement_timeout: settings.milliseconds("database.statement_timeout_ms", 1),
            unindexed_search_timeout: settings.milliseconds("database.unindexed_search_timeout_ms", 1),
            lock_timeout: settings.milliseconds("database.lock_timeout_ms", 1),
        }
    }
}

/// The URL of a database. `Debug` and `Display` hide the password in it (R31).
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Accepts `sqlite:FILE` and `postgres://…` or `postgresql://…`.
    ///
    /// # Errors
    /// What would be right; never the text, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_sqlite = text.strip_prefix("sqlite:").is_some_and(|rest| !rest.trim_start_matches("//").is_empty());
        if is_sqlite && (text.contains(":memory:") || text.contains("mode=memory")) {
            return Err("must be a file: a database in memory would lose everything at the end".to_owned());
        }
        let is_postgres =
            ["postgres://", "postgresql://"].iter().any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
        if (is_sqlite || is_postgres) && !text.chars().any(|c| c.is_control() || c == ' ') {
            Ok(Self(text.to_owned()))
        } else {
            Err("must be sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE, spaces written as %20".to_owned())
        }
    }

    /// The URL with its password, for the driver alone.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is SQLite; else it is PostgreSQL.
    pub fn is_sqlite(&self) -> bool {
        self.0.starts_with("sqlite:")
    }

    /// The file of an SQLite database; `None` for PostgreSQL.
    pub fn sqlite_file(&self) -> Option<&Path> {
        let rest = self.0.strip_prefix("sqlite:")?;
        let path = rest.strip_prefix("//").unwrap_or(rest);
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        Some(Path::new(path))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_sqlite() {
            return f.write_str(&self.0);
        }
        // Without query, where a password may stand as well.
        let url = self.0.split_once('?').map_or(self.0.as_str(), |(url, _)| url);
        let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
        match rest.rsplit_once('@') {
            Some((user, host)) => write!(f, "{scheme}://{}@{host}", user.split_once(':').map_or(user, |(user, _)| user)),
            None => write!(f, "{scheme}://{rest}"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_urls_have_no_password() {
        for (url, shown) in [
            ("postgres://scimd:s3cret@db.example/scimd?sslmode=require", "postgres://scimd@db.example/scimd"),
            ("postgres://scimd:s@3:cret@db/scimd", "postgres://scimd@db/scimd"),
            ("postgresql:///scimd?user=scimd&password=s3cret", "postgresql:///scimd"),
            ("sqlite:scimd.db", "sqlite:scimd.db"),
        ] {
            let url = DatabaseUrl::parse(url).expect("accepted");
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("cret"));
        }
    }

    #[test]
    fn only_the_two_back_ends_are_accepted() {
        for url in
            ["", "scimd.db", "mysql://x", "sqlite:", "sqlite://", "postgres://", "postgres:x", "sqlite:a b", "sqlite::memory:"]
        {
            assert!(DatabaseUrl::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn the_file_of_sqlite_is_found_in_each_spelling() {
        for (url, file) in [
            ("sqlite:scimd.db", Some("scimd.db")),
            ("sqlite:/data/scimd.db", Some("/data/scimd.db")),
            ("sqlite:///data/scimd.db", Some("/data/scimd.db")),
            ("sqlite://scimd.db?mode=rwc", Some("scimd.db")),
            ("postgres://x/y", None),
        ] {
            assert_eq!(DatabaseUrl::parse(url).expect("accepted").sqlite_file(), file.map(Path::new), "{url}");
        }
    }
}
