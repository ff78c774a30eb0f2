//! What requests share.

use super::client::Proxies;
use super::error::HttpError;
use super::health::Readiness;
use super::oauth::OAuth;
use super::rates::Rates;
use crate::auth::{Authenticator, PasswordHasher, Uses};
use crate::clock::{Clock, Timestamp};
use crate::directory::cursors::Cursors;
use crate::directory::walks::Walks;
use crate::directory::{Directory, Limits, definitions};
use crate::id::DirectoryId;
use crate::metrics::Metrics;
use crate::scim::ScimError;
use crate::scim::schema::Registry;
use crate::store::requests::Recorder;
use crate::store::{DefinitionRow, DirectoryRow, Store};
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
    /// Whether `/Me` is supported (D-81).
    pub me_enabled: bool,
    /// Whose word about a client's address is taken.
    pub proxies: Proxies,
    /// Whether the traces of any client go on here; if not, those that come by trusted proxies alone.
    pub continue_any_trace: bool,
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
            me_enabled: true,
            proxies: Proxies::default(),
            continue_any_trace: false,
            url_bytes_max: 48 * 1024,
            drain_bytes_max: 1024 * 1024,
            drain_timeout: Duration::from_secs(5),
            ready_timeout: Duration::from_secs(2),
        }
    }
}

/// For how many milliseconds the definitions of every Directory are believed once they were read, for clients without a
/// token; who has one sees by its row of the Directory whether they have changed.
const DEFINITIONS_AGE_MAX_MS: i64 = 1_000;

/// Makes a Directory of its row and its registry; fails if the row's settings cannot be read.
pub type LoadDirectory =
    Box<dyn Fn(&DirectoryRow, Arc<Registry>) -> Result<Directory, Box<dyn Error + Send + Sync>> + Send + Sync>;

/// A Directory beside the row that it was made of.
struct Loaded {
    row: Arc<DirectoryRow>,
    directory: Arc<Directory>,
}

/// What every Directory has, as read at some moment.
struct Everyone {
    rows: Vec<DefinitionRow>,
    registry: Arc<Registry>,
    read: Timestamp,
}

/// What requests share. One a process, for as long as it lives.
pub struct HttpState {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who is calling.
    pub authenticator: Authenticator,
    /// The uses of tokens that are to be written.
    pub uses: Uses,
    /// What is counted and measured.
    pub metrics: Arc<Metrics>,
    /// What issues tokens to clients, if OAuth is on.
    pub oauth: Option<OAuth>,
    /// What requests may cost.
    pub limits: Limits,
    /// The settings of HTTP.
    pub options: HttpOptions,
    /// Hashes passwords.
    pub passwords: PasswordHasher,
    /// How many requests each Directory has left.
    pub rates: Rates,
    /// What index paging remembers.
    pub walks: Walks,
    /// What cursors are sealed with.
    pub cursors: Cursors,
    /// Where requests leave what became of them.
    pub requests: Arc<Recorder>,
    /// What /readyz last found.
    pub(super) readiness: Readiness,
    load: LoadDirectory,
    directories: Mutex<HashMap<DirectoryId, Loaded>>,
    everyone: Mutex<Option<Everyone>>,
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
        load: LoadDirectory,
        passwords: PasswordHasher,
    ) -> Self {
        Self {
            authenticator: Authenticator::new(store.clone(), clock.clone()),
            uses: Uses::default(),
            metrics: Arc::new(Metrics::new(clock.clone())),
            base_url: format!("{}/scim/v2", options.public_url),
            store,
            clock,
            oauth: None,
            limits,
            options,
            load,
            passwords,
            rates: Rates::default(),
            walks: Walks::default(),
            cursors: Cursors::default(),
            requests: Arc::new(Recorder::off()),
            readiness: Readiness::default(),
            directories: Mutex::new(HashMap::new()),
            everyone: Mutex::new(None),
            draining: AtomicBool::new(false),
        }
    }

    /// The same, recording what becomes of requests.
    #[must_use]
    pub fn recording(self, requests: Arc<Recorder>) -> Self {
        Self { requests, ..self }
    }

    /// The same with OAuth on.
    #[must_use]
    pub fn with_oauth(self, oauth: OAuth) -> Self {
        let authenticator = self.authenticator.with_access_tokens(oauth.access_tokens.clone());
        Self { authenticator, oauth: Some(oauth), ..self }
    }

    /// The Directory of a row, made anew only when the row has changed. The row has the revision of its schemas, so a change of
    /// those holds as soon as the row is read again: within a second, as a revocation does.
    ///
    /// # Errors
    /// 500 if the row's settings or its schemas cannot be read, which the log says why; 503 if the database is away.
    pub async fn directory(&self, row: &Arc<DirectoryRow>) -> Result<Arc<Directory>, HttpError> {
        if let Some(directory) = self.loaded(row) {
            return Ok(directory);
        }
        let rows = definitions::read(&*self.store, Some(row.id)).await.map_err(ScimError::from)?;
        let made = definitions::registry(&rows).map_err(Into::into).and_then(|registry| (self.load)(row, registry));
        let directory = Arc::new(made.map_err(|cause| {
            tracing::error!(directory.id = row.id.0, cause = %cause, "the settings or schemas of a Directory cannot be read");
            HttpError::internal()
        })?);
        let mut directories = self.directories.lock().unwrap_or_else(PoisonError::into_inner);
        if directories.len() >= DIRECTORIES_MAX {
            directories.clear();
        }
        // Another request may have read a later row meanwhile.
        let is_later = |loaded: &Loaded| loaded.row.schema_revision > row.schema_revision;
        if !directories.get(&row.id).is_some_and(is_later) {
            directories.insert(row.id, Loaded { row: row.clone(), directory: directory.clone() });
        }
        Ok(directory)
    }

    fn loaded(&self, row: &Arc<DirectoryRow>) -> Option<Arc<Directory>> {
        let directories = self.directories.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = directories.get(&row.id)?;
        // A token that was read a moment earlier may still have the row of before; the later schemas hold for it too.
        let is_good = loaded.row == *row || loaded.row.schema_revision > row.schema_revision;
        is_good.then(|| loaded.directory.clone())
    }

    /// What every Directory has: what discovery shows to a client without a token. While the database is away, what was read
    /// last.
    ///
    /// # Errors
    /// 500 if the definitions cannot be read, 503 if the database is away and never was there.
    pub async fn everyone(&self) -> Result<Arc<Registry>, HttpError> {
        let now = self.clock.now();
        let known = {
            let everyone = self.everyone.lock().unwrap_or_else(PoisonError::into_inner);
            let known = everyone.as_ref().map(|known| (known.registry.clone(), known.read));
            if let Some((registry, read)) = &known
                && (0..DEFINITIONS_AGE_MAX_MS).contains(&now.0.saturating_sub(read.0))
            {
                return Ok(registry.clone());
            }
            known
        };
        let rows = match (definitions::read(&*self.store, None).await, known) {
            (Ok(rows), _) => rows,
            (Err(_), Some((registry, _))) => return Ok(registry),
            (Err(error), None) => return Err(ScimError::from(error).into()),
        };
        let mut everyone = self.everyone.lock().unwrap_or_else(PoisonError::into_inner);
        let same = everyone.as_ref().filter(|known| known.rows == rows).map(|known| known.registry.clone());
        let registry = match same {
            Some(registry) => registry,
            None => definitions::registry(&rows).map_err(|cause| {
                tracing::error!(cause = %cause, "the schemas of every Directory cannot be read");
                HttpError::internal()
            })?,
        };
        *everyone = Some(Everyone { rows, registry: registry.clone(), read: now });
        Ok(registry)
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
