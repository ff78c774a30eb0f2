//! The parts of a running server, wired.

use crate::auth::{PasswordHasher, Throttle};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, DatabaseConfig, LimitsConfig, RequestLogConfig, ServerConfig, TlsConfig};
use crate::directory::{Directory, Limits};
use crate::http::admin::state::Requests;
use crate::http::admin::{AdminOptions, AdminState};
use crate::http::client::Proxies;
use crate::http::oauth::OAuth;
use crate::http::{self, HttpOptions, HttpState};
use crate::metrics::Metrics;
use crate::server::tls::{PairFiles, TlsError};
use crate::server::{self, Counts, ServerError, ServerOptions, Tls};
use crate::store::postgres::{PostgresOptions, PostgresRequests, PostgresStore};
use crate::store::requests::{Recorder, RecorderOptions, RequestLog};
use crate::store::sqlite::{SqliteOptions, SqliteRequests, SqliteStore};
use crate::store::{Load, OperatorStore, StoreError};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;

mod background;

use background::Background;

/// Opens the store that the configuration names. Its tables are left as they are.
///
/// # Errors
/// The database is not there, or does not take the settings that durability rests on.
pub async fn open_store(config: &DatabaseConfig) -> Result<Arc<dyn OperatorStore>, StoreError> {
    if config.url.is_sqlite() {
        let options = SqliteOptions {
            readers_max: config.reader_connections,
            acquire_timeout: config.acquire_timeout,
            busy_timeout: config.lock_timeout,
            scan_timeout: config.unindexed_search_timeout,
            write_queue_max: config.write_queue_max,
            write_batch_max: config.write_batch_max,
            cache_kib: config.cache_kib,
            ..SqliteOptions::default()
        };
        return Ok(Arc::new(SqliteStore::open(config.url.expose(), options).await?));
    }
    Ok(Arc::new(PostgresStore::open(config.url.expose(), postgres_options(config)).await?))
}

/// The request log that the configuration names, whether requests are recorded or not. Nothing is opened yet.
///
/// # Errors
/// The URL of the database is none.
pub fn request_log(config: &Config) -> Result<Arc<dyn RequestLog>, StoreError> {
    match config.request_log.file_beside(&config.database.url) {
        Some(file) => Ok(Arc::new(SqliteRequests::new(&file, config.database.lock_timeout))),
        None => Ok(Arc::new(PostgresRequests::new(config.database.url.expose(), postgres_options(&config.database))?)),
    }
}

/// The request log and what records requests in it, as the configuration has it. A log that cannot be is no reason not to
/// serve.
fn recording(config: &Config, clock: Arc<dyn Clock>) -> Option<Requests> {
    let RequestLogConfig { enabled, queue_max, batch_max, wait, days_max, rows_max, .. } = config.request_log;
    if !enabled {
        return None;
    }
    let options = RecorderOptions { queue_max, batch_max, wait, days_max, rows_max };
    match request_log(config) {
        Ok(log) => Some(Requests { recorder: Arc::new(Recorder::start(log.clone(), clock, options)), log }),
        Err(cause) => {
            tracing::error!(cause = %cause, "requests are not recorded");
            None
        }
    }
}

fn postgres_options(config: &DatabaseConfig) -> PostgresOptions {
    PostgresOptions {
        connections_max: config.connections_max,
        acquire_timeout: config.acquire_timeout,
        statement_timeout: config.statement_timeout,
        scan_timeout: config.unindexed_search_timeout,
        lock_timeout: config.lock_timeout,
        ..PostgresOptions::default()
    }
}

/// Where a server is reached.
#[derive(Debug)]
pub struct Listening {
    /// The socket.
    pub listener: TcpListener,
    /// Its address.
    pub bound: SocketAddr,
    /// Its TLS, if it has its own.
    pub tls: Option<Arc<Tls>>,
    /// The socket for who asks for metrics, if there is one.
    pub metrics: Option<TcpListener>,
}

/// Serves until `stop` ends, drains, and closes the store.
///
/// # Errors
/// Not every request could be answered before the drain timeout.
pub async fn serve(
    config: &Config,
    store: Arc<dyn OperatorStore>,
    mut listening: Listening,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServerError> {
    let clock = Arc::new(SystemClock);
    let public_url = config.server.public_url(listening.bound);
    let requests = recording(config, clock.clone());
    let recorder = requests.as_ref().map_or_else(|| Arc::new(Recorder::off()), |requests| requests.recorder.clone());
    let state = Arc::new(state(config, store.clone(), clock, public_url).recording(recorder));
    let admin = admin_state(config, store.clone(), &state, requests);
    let options = ServerOptions { tls: listening.tls.clone(), ..server_options(&config.server, &config.limits) };
    show_readings(&state.metrics, &store, &options.counts, &state.requests);
    let background = Background::start(&state, &store, &mut listening, config.admin.audit_days_max);
    let (draining, ending, streaming) = (state.clone(), state.clone(), admin.clone());
    let shutdown = async move {
        stop.await;
        draining.drain();
        if let Some(admin) = streaming {
            admin.stopping.send_replace(true);
        }
    };
    let served = server::run(listening.listener, http::router(state, admin), options, shutdown).await;
    background.finish().await;
    ending.requests.close().await;
    store.close().await;
    served
}

/// Shows in the metrics what other parts know. Whoever else knows something adds it here.
fn show_readings(metrics: &Metrics, store: &Arc<dyn OperatorStore>, counts: &Arc<Counts>, requests: &Arc<Recorder>) {
    let load = |store: &Arc<dyn OperatorStore>, part: fn(Load) -> u64| {
        let store = store.clone();
        move || part(store.load())
    };
    let in_use = load(store, |load| load.connections_in_use);
    metrics.read_gauge("database_connections_in_use", "Connections to the database that are in use", in_use);
    let idle = load(store, |load| load.connections_idle);
    metrics.read_gauge("database_connections_idle", "Connections to the database that are not in use", idle);
    let waiting = load(store, |load| load.writes_waiting);
    metrics.read_gauge("database_writes_waiting", "Changes that wait to be written together with others", waiting);
    let connections = |part: fn(&Counts) -> u64| {
        let counts = counts.clone();
        move || part(&counts)
    };
    metrics.read_gauge("connections_open", "Connections of clients that are open", connections(Counts::open));
    let refused = connections(Counts::refused);
    metrics.read_counter("connections_refused", "Connections that were refused because there were too many", refused);
    let failed = connections(Counts::failed_handshakes);
    metrics.read_counter("tls_handshake_failures", "TLS handshakes that failed or took too long", failed);
    let requests = requests.clone();
    let dropped = move || {
        let counters = requests.counters();
        counters.dropped + counters.nobodys + counters.lost
    };
    metrics.read_counter("request_log_dropped", "Requests that should be in the request log and are not", dropped);
}

/// The server's own TLS, if it is configured.
///
/// # Errors
/// The certificate or its key is not there, or wrong.
pub fn tls(config: &ServerConfig) -> Result<Option<Arc<Tls>>, TlsError> {
    let load = |tls: &TlsConfig| Tls::load(pair_files(tls), tls.handshake_timeout).map(Arc::new);
    config.tls.as_ref().map(load).transpose()
}

/// Where certificate and key are.
pub fn pair_files(tls: &TlsConfig) -> PairFiles {
    PairFiles { certificate: tls.certificate.clone(), key: tls.key.clone() }
}

/// What the requests of a server share. They all go by `clock`.
pub fn state(config: &Config, store: Arc<dyn OperatorStore>, clock: Arc<dyn Clock>, public_url: String) -> HttpState {
    let options = HttpOptions {
        public_url,
        discovery_requires_authentication: config.discovery.require_authentication,
        me_enabled: config.me.enabled,
        proxies: Proxies { trusted: config.server.trusted_proxies.clone(), header: config.server.client_address_header },
        continue_any_trace: config.traces.as_ref().is_some_and(|traces| traces.continue_any),
        url_bytes_max: config.limits.url_bytes_max,
        ..HttpOptions::default()
    };
    let lifetime_s = config.oauth.access_token_lifetime_s;
    let oauth = config.oauth.enabled.then(|| OAuth::new(store.clone(), clock.clone(), &options.public_url, lifetime_s));
    let state = HttpState::new(
        store,
        clock,
        Limits::from(config),
        options,
        Box::new(|row, registry| Directory::load(row, registry).map_err(Into::into)),
        PasswordHasher::new(&config.password),
    );
    match oauth {
        Some(oauth) => state.with_oauth(oauth),
        None => state,
    }
}

/// What the requests of the admin API share, if it is served. They go by the clock of all other requests, and hash passwords beside
/// them, not more at once than all together may.
pub fn admin_state(
    config: &Config,
    store: Arc<dyn OperatorStore>,
    state: &HttpState,
    requests: Option<Requests>,
) -> Option<Arc<AdminState>> {
    let admin = || AdminState {
        throttle: Throttle::new(state.clock.clone()),
        limits: Limits::from(config),
        requests,
        stopping: watch::Sender::new(false),
        passwords: state.passwords.clone(),
        options: AdminOptions { public_url: state.options.public_url.clone(), session_lifetime: config.admin.session_lifetime },
        store,
        clock: state.clock.clone(),
    };
    config.admin.enabled.then(|| Arc::new(admin()))
}

fn server_options(server: &ServerConfig, limits: &LimitsConfig) -> ServerOptions {
    ServerOptions {
        connections_max: server.connections_max,
        connections_per_address_max: server.connections_per_address_max,
        first_byte_timeout: server.first_byte_timeout,
        head_timeout: server.head_timeout,
        body_timeout: server.body_timeout,
        body_grace: server.body_grace,
        body_rate_min: server.body_rate_bytes_per_s_min,
        idle_timeout: server.idle_timeout,
        write_timeout: server.write_timeout,
        head_bytes_max: limits.head_bytes_max,
        linger_timeout: server.linger_timeout,
        linger_bytes_max: server.linger_bytes_max,
        drain_idle_grace: server.drain_idle_grace,
        drain_timeout: server.drain_timeout,
        ..ServerOptions::default()
    }
}
