//! What nearly every command begins with: the configuration, and an open store whose tables are up to date.

use super::arguments::Arguments;
use super::failure::Failure;
use super::output;
use crate::admin::{Desk, Operator, directories};
use crate::app;
use crate::auth::PasswordHasher;
use crate::clock::SystemClock;
use crate::config::{Config, LogConfig, Sources};
use crate::directory::Limits;
use crate::store::audit::Actor;
use crate::store::{DirectoryRow, OperatorStore};
use crate::telemetry;
use std::sync::Arc;

/// A command's configuration and store.
pub struct Session {
    /// The configuration.
    pub config: Config,
    /// The store.
    pub store: Arc<dyn OperatorStore>,
    /// The time.
    pub clock: SystemClock,
    /// Who gives the command, as the operating system calls them.
    person: String,
}

impl Session {
    /// Opens the store for a command that ends soon; only warnings are logged unless the command line asks for more.
    ///
    /// # Errors
    /// The configuration is wrong, or the database is not there or not up to date.
    pub async fn open(arguments: &Arguments) -> Result<Self, Failure> {
        let config = configuration(arguments)?;
        let level = if arguments.log.is_some() { config.log.level.clone() } else { "warn".to_owned() };
        telemetry::start(&LogConfig { level, ..config.log.clone() });
        if let Some(file) = config.database.url.sqlite_file().filter(|file| !file.exists()) {
            let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
            output::note(&format!("There is no database at {} yet; it is made.", file.display()));
        }
        let store = store(&config, arguments.no_migrate).await?;
        Ok(Self { config, store, clock: SystemClock, person: person() })
    }

    /// Closes the store after `done`.
    ///
    /// # Errors
    /// That of `done`.
    pub async fn close(self, done: Result<(), Failure>) -> Result<(), Failure> {
        self.store.close().await;
        done
    }

    /// The person at the command line, for what is done and put on record.
    pub fn operator(&self) -> Operator<'_> {
        Operator::new(self.store.as_ref(), &self.clock, Actor::command(self.person.clone()))
    }

    /// The Directory called `name`, for work on its resources.
    ///
    /// # Errors
    /// There is none.
    pub async fn workplace(&self, name: &str) -> Result<Workplace<'_>, Failure> {
        Ok(Workplace {
            operator: self.operator(),
            directory: directories::find(self.store.as_ref(), name).await?,
            limits: Limits::from(&self.config),
            passwords: PasswordHasher::new(&self.config.password),
        })
    }

    /// The URL under which the server is reached, without a slash at its end.
    pub fn public_url(&self) -> String {
        self.config.server.public_url(self.config.server.listen)
    }
}

/// A Directory in which a command works on resources.
pub struct Workplace<'s> {
    operator: Operator<'s>,
    /// The Directory.
    pub directory: DirectoryRow,
    limits: Limits,
    passwords: PasswordHasher,
}

impl Workplace<'_> {
    /// The desk there.
    ///
    /// # Errors
    /// The rules or schemas of the Directory cannot be read.
    pub async fn desk(&self) -> Result<Desk<'_>, Failure> {
        Ok(Desk::open(&self.operator, &self.directory, &self.limits, &self.passwords).await?)
    }
}

/// The name of the person at the command line; that of who called `sudo`, if somebody did.
fn person() -> String {
    let named =
        ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()));
    named.unwrap_or_else(|| "unknown".to_owned())
}

/// The sources of this process's configuration.
pub fn sources(arguments: &Arguments) -> Sources {
    Sources::of_process(arguments.config.as_deref(), arguments.overrides())
}

/// The configuration of this process.
///
/// # Errors
/// All its faults.
pub fn configuration(arguments: &Arguments) -> Result<Config, Failure> {
    Ok(Config::load(&sources(arguments))?)
}

/// Opens the store and brings its tables up to date, or refuses to go on with `no_migrate`.
///
/// # Errors
/// The database is not there or not up to date.
pub async fn store(config: &Config, no_migrate: bool) -> Result<Arc<dyn OperatorStore>, Failure> {
    let store = app::open_store(&config.database).await?;
    let pending = store.pending_migrations().await?;
    if pending.is_empty() {
        return Ok(store);
    }
    if no_migrate {
        store.close().await;
        let what = format!("the tables are not up to date: {} not applied", pending.join(", "));
        return Err(Failure::new(what, "Run `scimd migrate`, or leave --no-migrate out."));
    }
    store.migrate().await?;
    Ok(store)
}
