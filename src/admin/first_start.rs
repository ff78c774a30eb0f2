//! What a server without any Directory begins with, so that a first request works without any preparation.

use super::accounts::NewApiKey;
use super::tokens::{NewToken, Wanted};
use super::{AdminError, Operator, accounts, directories, tokens};
use crate::directory::settings::Settings;
use crate::store::operator::Role;
use crate::store::{DirectoryRow, OperatorStore};

/// The name of the first Directory.
pub const DIRECTORY: &str = "default";

/// The name of the first token.
pub const TOKEN: &str = "first";

/// The name of the first owner's account, and of its API key.
pub const OWNER: &str = "owner";

/// What a first start makes.
#[derive(Debug)]
pub struct First {
    /// The Directory.
    pub directory: DirectoryRow,
    /// Its token.
    pub token: NewToken,
}

/// Whether there is no Directory yet, or only the first one, without any token: a first start that was cut short.
pub async fn is_first(store: &dyn OperatorStore) -> Result<bool, AdminError> {
    Ok(match store.directories(None, 2).await?.as_slice() {
        [] => true,
        [only] if only.name == DIRECTORY => store.tokens(only.id, None, 1).await?.is_empty(),
        _ => false,
    })
}

/// Creates the first Directory, unless it is there, and its first token. `None`: another replica that started at the same
/// time did.
pub async fn set_up(operator: &Operator<'_>) -> Result<Option<First>, AdminError> {
    let directory = match directories::create(operator, DIRECTORY, "", "generic", &Settings::default()).await {
        Err(AdminError::DirectoryExists(_)) => directories::find(operator.store, DIRECTORY).await?,
        created => created?,
    };
    let wanted = Wanted { name: Some(TOKEN.to_owned()), ..Wanted::default() };
    match tokens::create(operator, &directory, wanted).await {
        Err(AdminError::TokenExists(_)) => Ok(None),
        created => Ok(Some(First { token: created?, directory })),
    }
}

/// Whether nobody can sign in: there is no account, or only the first owner's, without any API key.
pub async fn needs_owner(store: &dyn OperatorStore) -> Result<bool, AdminError> {
    Ok(match store.accounts(None, 2).await?.as_slice() {
        [] => true,
        [only] if only.name == OWNER && only.password_hash.is_none() => store.api_keys(only.id, 1).await?.is_empty(),
        _ => false,
    })
}

/// Creates the first owner's account, unless it is there, and its first API key. `None`: another replica did.
pub async fn set_up_owner(operator: &Operator<'_>) -> Result<Option<NewApiKey>, AdminError> {
    let account = match accounts::create(operator, OWNER, Role::Owner, None).await {
        Err(AdminError::AccountExists(_)) => accounts::find(operator.store, OWNER).await?,
        created => created?,
    };
    match accounts::create_key(operator, &account, OWNER, None).await {
        Err(AdminError::KeyExists(_)) => Ok(None),
        created => Ok(Some(created?)),
    }
}
