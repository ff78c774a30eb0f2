//! What a server without any Directory begins with, so that a first request works without any preparation.

use super::tokens::NewToken;
use super::{AdminError, directories, tokens};
use crate::clock::Clock;
use crate::store::{DirectoryRow, Store};

/// The name of the first Directory.
pub const DIRECTORY: &str = "default";

/// The name of the first token.
pub const TOKEN: &str = "first";

/// Whether there is no Directory yet, or only the first one, without any token: a first start that was cut short.
pub async fn is_first(store: &dyn Store) -> Result<bool, AdminError> {
    Ok(match store.directories(None, 2).await?.as_slice() {
        [] => true,
        [only] if only.name == DIRECTORY => store.tokens(only.id, None, 1).await?.is_empty(),
        _ => false,
    })
}

/// Creates the first Directory, unless it is there, and its first token. `None`: another replica that started at the same
/// time did.
pub async fn set_up(store: &dyn Store, clock: &dyn Clock) -> Result<Option<(DirectoryRow, NewToken)>, AdminError> {
    let directory = match directories::create(store, clock, DIRECTORY, "generic").await {
        Err(AdminError::DirectoryExists(_)) => directories::find(store, DIRECTORY).await?,
        created => created?,
    };
    match tokens::create(store, clock, directory.id, Some(TOKEN), None).await {
        Err(AdminError::TokenExists(_)) => Ok(None),
        created => Ok(Some((directory, created?))),
    }
}
