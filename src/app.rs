//! The parts of a running server, wired.

use crate::auth::{PasswordHasher, Throttle};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, DatabaseConfig, LimitsConfig, ServerConfig};
use crate::directory::{Directory, Limits};
use crate::http::admin::{AdminOptions, AdminState};
use crate::http::{self, HttpOptions, HttpState};
use crate::server::{self, ServerError, ServerOptions};
use crate::store::postgres::{PostgresOptions, PostgresStore};
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::store::{OperatorStore, StoreError};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

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
    let options = PostgresOptions {
        connections_max: config.connections_max,
        acquire_timeout: config.acquire_timeout,
        statement_timeout: config.statement_timeout,
        scan_timeout: config.unindexed_search_timeout,
        lock_timeout: config.lock_timeout,
        ..PostgresOptions::default()
    };
    Ok(Arc::new(PostgresStore::open(config.url.expose(), options).await?))
}

/// Serves on `listener` until `stop` ends, drains, and closes the store.
///
/// # Errors
/// Not every request could be answered before the drain timeout.
pub async fn serve(
    config: &Config,
    store: Arc<dyn OperatorStore>,
    listener: TcpListener,
    bound: SocketAddr,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServerError> {
    let public_url = config.server.public_url(bound);
    let admin = admin_state(config, store.clone(), Arc::new(SystemClock), public_url.clone());
    let state = Arc::new(state(config, store.clone(), Arc::new(SystemClock), public_url));
    let draining = state.clone();
    let shutdown = async move {
        stop.await;
        draining.drain();
    };
    let served =
        server::run(listener, http::router(state, admin), server_options(&config.server, &config.limits), shutdown).await;
    store.close().await;
    served
}

/// What the requests of a server share. They all go by `clock`.
pub fn state(config: &Config, store: Arc<dyn OperatorStore>, clock: Arc<dyn Clock>, public_url: String) -> HttpState {
    let options = HttpOptions {
        public_url,
        discovery_requires_authentication: config.discovery.require_authentication,
        me_enabled: config.me.enabled,
        url_bytes_max: config.limits.url_bytes_max,
        ..HttpOptions::default()
    };
    HttpState::new(
        store,
        clock,
        Limits::from(config),
        options,
        Box::new(|row, registry| Directory::load(row, registry).map_err(Into::into)),
        PasswordHasher::new(&config.password),
    )
}

/// What the requests of the admin API share, if it is served.
pub fn admin_state(
    config: &Config,
    store: Arc<dyn OperatorStore>,
    clock: Arc<dyn Clock>,
    public_url: String,
) -> Option<Arc<AdminState>> {
    let state = || AdminState {
        throttle: Throttle::new(clock.clone()),
        passwords: PasswordHasher::new(&config.password),
        options: AdminOptions { public_url, session_lifetime: config.admin.session_lifetime },
        store,
        clock: clock.clone(),
    };
    config.admin.enabled.then(|| Arc::new(state()))
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
    }
}
