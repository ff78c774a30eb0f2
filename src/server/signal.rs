//! The signals that end the server.

use tokio::signal::unix::{SignalKind, signal};

/// From this call on, SIGTERM and SIGINT end the future that it gives and no longer the process: also one that comes before
/// anybody waits for it.
///
/// # Errors
/// If the handlers cannot be installed.
pub fn shutdown_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
