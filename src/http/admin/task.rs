//! Acts that go on when whoever asked for them has hung up.

use tracing::Instrument as _;

/// Runs an act in a task of its own, so that it comes to its end also if the client hangs up and this future is dropped.
pub async fn to_its_end<T: Send + 'static>(act: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(act.in_current_span()).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and with it whoever waits here.
            Err(_) => std::future::pending().await,
        },
    }
}
