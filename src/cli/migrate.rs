//! `scimd migrate`: brings the tables up to date, while a server runs or not.

use super::arguments::Arguments;
use super::failure::Failure;
use super::{output, session};
use crate::app;

/// Applies what is pending, under a lock that starting servers share (R44).
///
/// # Errors
/// The database is not there, or a migration failed.
pub async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = session::configuration(arguments)?;
    let store = app::open_store(&config.database).await?;
    let pending = store.pending_migrations().await?;
    store.migrate().await?;
    store.close().await;
    if pending.is_empty() {
        output::note(&format!("{} is up to date.", config.database.url));
    } else {
        output::note(&format!("{} is up to date now: applied {}.", config.database.url, pending.join(", ")));
    }
    Ok(())
}
