//! What a server without any Directory begins with, so that a first request works without any preparation.

use super::tokens::NewToken;
use super::{AdminError, directories, tokens};
use crate::clock::Clock;
use crate::store::{DirectoryRow, Store};

/// The name of the first Directory.
pub const DIRECTORY: &str = "default";

/// The name of the first token.
pub const TOKEN: &str = "first";

/// Whether there is no Directory yet.
pub async fn is_first(store: &dyn Store) -> Result<bool, AdminError> {
    Ok(store.directories(None, 1).await?.is_empty())
}

/// Creates the first Directory and its first token. `None`: another replica that started at the same time did.
pub async fn set_up(store: &dyn Store, clock: &dyn Clock) -> Result<Option<(DirectoryRow, NewToken)>, AdminError> {
    let directory = match directories::create(store, clock, DIRECTORY, "generic").await {
        Ok(directory) => directory,
        Err(AdminError::DirectoryExists(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let token = tokens::create(store, clock, directory.id, Some(TOKEN), None).await?;
    Ok(Some((directory, token)))
}
