//! `scimd serve`: the server.

use super::arguments::Arguments;
use super::failure::Failure;
use super::{schema_files, session, welcome};
use crate::app;
use crate::config::ServerConfig;
use crate::server;
use crate::telemetry;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Runs the server until SIGTERM or SIGINT, then drains it.
///
/// # Errors
/// The configuration is wrong, the database is not there, or the port is taken; or not every request could be answered
/// before the end.
pub async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = session::configuration(arguments)?;
    telemetry::start(&config.log);
    warn_if_exposed(&config.server);
    let store = session::store(&config, arguments.no_migrate).await?;
    schema_files::bring(&config.schemas, store.as_ref()).await?;
    let (listener, bound) = listen(config.server.listen).await?;
    let public_url = config.server.public_url(bound);
    welcome::welcome(&config, store.as_ref(), &public_url).await?;
    let signal = server::shutdown_signal().map_err(|error| Failure::Failed { error: error.into(), advice: None })?;
    tokio::spawn(schema_files::resume(store.clone()));
    // Whoever reads this line may stop the server, so the signals are heard by now.
    tracing::info!(address = %bound, public_url, database = %config.database.url, "listening");
    app::serve(&config, store, listener, bound, signal)
        .await
        .map_err(|error| Failure::Failed { error: error.into(), advice: None })?;
    tracing::info!("stopped");
    Ok(())
}

/// Says so when tokens would cross a network in the clear (P-7.2-01).
fn warn_if_exposed(config: &ServerConfig) {
    if config.is_exposed_without_tls() {
        tracing::warn!(
            address = %config.listen,
            "plain HTTP is reachable from other machines: put a proxy that ends TLS in front, and name it in server.trusted_proxies"
        );
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let failed = |error| {
        let what = format!("cannot listen on {address}: {error}");
        Failure::new(what, "Choose another address by --listen or SCIMD_LISTEN; `scimd check` says who is there.")
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}
