//! `scimd serve`: the server.

use super::arguments::Arguments;
use super::check::tls;
use super::failure::Failure;
use super::{apply, schema_files, session, welcome};
use crate::app::{self, Listening};
use crate::config::ServerConfig;
use crate::server;
use crate::telemetry::{self, Traces};
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Runs the server until SIGTERM or SIGINT, then drains it.
///
/// # Errors
/// The configuration is wrong or has plain HTTP cross a network, the certificate or the database is not there, or the port is
/// taken; or not every request could be answered before the end.
pub async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = session::configuration(arguments)?;
    let traces = match &config.traces {
        None => None,
        Some(traces) => Some(Traces::start(traces).map_err(|error| Failure::Failed { error: error.into(), advice: None })?),
    };
    telemetry::start_with(&config.log, traces.as_ref());
    refuse_if_exposed(&config.server)?;
    let store = session::store(&config, arguments.no_migrate).await?;
    schema_files::bring(&config.schemas, store.as_ref()).await?;
    apply::bring(&config.apply, store.as_ref()).await?;
    let tls = app::tls(&config.server).map_err(|error| {
        Failure::new(error.to_string(), "tls.certificate and tls.key name two PEM files; `scimd check` looks at them.")
    })?;
    let (listener, bound) = listen(config.server.listen).await?;
    let metrics = match config.metrics.listen {
        None => None,
        Some(address) => {
            let (listener, address) = listen(address).await?;
            tracing::info!(address = %address, "metrics are served");
            Some(listener)
        }
    };
    let public_url = config.server.public_url(bound);
    welcome::welcome(&config, store.as_ref(), &public_url).await?;
    let signal = server::shutdown_signal().map_err(|error| Failure::Failed { error: error.into(), advice: None })?;
    // Whoever reads this line may stop the server, so the signals are heard by now.
    tracing::info!(address = %bound, public_url, database = %config.database.url, "listening");
    let listening = Listening { listener, bound, tls, metrics };
    let served = app::serve(&config, store, listening, signal).await;
    if let Some(traces) = traces {
        traces.finish().await;
    }
    served.map_err(|error| Failure::Failed { error: error.into(), advice: None })?;
    tracing::info!("stopped");
    Ok(())
}

/// Tokens would cross a network in the clear (P-7.2-01).
fn refuse_if_exposed(config: &ServerConfig) -> Result<(), Failure> {
    if config.is_exposed_without_tls() { Err(Failure::new(tls::exposed(config), tls::END_TLS)) } else { Ok(()) }
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
