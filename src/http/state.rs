//! What requests share.

use super::error::HttpError;
use crate::auth::{Authenticator, PasswordHasher};
use crate::clock::Clock;
use crate::directory::cursors::Cursors;
use crate::directory::walks::Walks;
use crate::directory::{Directory, Limits};
use crate::id::DirectoryId;
use crate::scim::schema::Registry;
use crate::store::{DirectoryRow, Store};
use std::collections::HashMap;
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How many Directories are kept as read; above it all are read anew.
const DIRECTORIES_MAX: usize = 1_000;

/// The settings of HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpOptions {
    /// Where clients reach the server, without a slash at the end: `https://scim.example.org`. All locations begin with
    /// it, never with what a Host header says (R33, D-28).
    pub public_url: String,
    /// Whether /ServiceProviderConfig, /Schemas and /ResourceTypes need a token (D-79).
    pub discovery_requires_authentication: bool,
    /// Bytes of a URL's path and query, at most.
    pub url_bytes_max: usize,
    /// How much of a body that nobody wants is read before the answer (R49), in bytes.
    pub drain_bytes_max: usize,
    /// For how long.
    pub drain_timeout: Duration,
    /// How long the database may take to answer /readyz.
    pub ready_timeout: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8080".into(),
            discovery_requires_authentication: false,
            url_bytes_max: 48 * 1024,
            drain_bytes_max: 1024 * 1024,
            drain_timeout: Duration::from_secs(5),
            ready_timeout: Duration::from_secs(2),
        }
    }
}

/// Makes a Directory of its row; fails if the row's settings cannot be read.
pub type LoadDirectory = Box<dyn Fn(&DirectoryRow) -> Result<Directory, Box<dyn Error + Send + Sync>> + Send + Sync>;

/// A Directory beside the row that it was made of.
struct Loaded {
    row: Arc<DirectoryRow>,
    directory: Arc<Directory>,
}

/// What requests share. One a process, for as long as it lives.
pub struct HttpState {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who is calling.
    pub authenticator: Authenticator,
    /// What requests may cost.
    pub limits: Limits,
    /// The settings of HTTP.
    pub options: HttpOptions,
    /// What every Directory has: what discovery shows to a client without a token.
    pub registry: Arc<Registry>,
    /// Hashes passwords.
    pub passwords: PasswordHasher,
    /// What index paging remembers.
    pub walks: Walks,
    /// What cursors are sealed with.
    pub cursors: Cursors,
    load: LoadDirectory,
    directories: Mutex<HashMap<DirectoryId, Loaded>>,
    base_url: String,
    draining: AtomicBool,
}

impl HttpState {
    /// The shared state of a server that is ready.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        limits: Limits,
        options: HttpOptions,
        registry: Arc<Registry>,
        load: LoadDirectory,
        passwords: PasswordHasher,
    ) -> Self {
        Self {
            authenticator: Authenticator::new(store.clone(), clock.clone()),
            base_url: format!("{}/scim/v2", options.public_url),
            store,
            clock,
            limits,
            options,
            registry,
            load,
            passwords,
            walks: Walks::default(),
            cursors: Cursors::default(),
            directories: Mutex::new(HashMap::new()),
            draining: AtomicBool::new(false),
        }
    }

    /// The Directory of a row, made anew only when the row has changed.
    ///
    /// # Errors
    /// 500 if the row's settings cannot be read; the log says why.
    pub fn directory(&self, row: &Arc<DirectoryRow>) -> Result<Arc<Directory>, HttpError> {
        let mut directories = self.directories.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = directories.get(&row.id)
            && (Arc::ptr_eq(&loaded.row, row) || loaded.row == *row)
        {
            return Ok(loaded.directory.clone());
        }
        let directory = Arc::new((self.load)(row).map_err(|cause| {
            tracing::error!(directory.id = row.id.0, cause = %cause, "the settings of a Directory cannot be read");
            HttpError::internal()
        })?);
        if directories.len() >= DIRECTORIES_MAX {
            directories.clear();
        }
        directories.insert(row.id, Loaded { row: row.clone(), directory: directory.clone() });
        Ok(directory)
    }

    /// The Base URL by which a request came in: the Directory's own if it named one.
    pub fn base_url(&self, directory: Option<&str>) -> String {
        match directory {
            None => self.base_url.clone(),
            Some(name) => format!("{}/directories/{name}/scim/v2", self.options.public_url),
        }
    }

    /// From now on /readyz says no, so that a load balancer looks elsewhere.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether [`HttpState::drain`] was called.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
