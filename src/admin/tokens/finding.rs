//! Which token is meant.

use crate::admin::{AdminError, Operator, PAGE_ROWS};
use crate::auth::oauth::ClientId;
use crate::id::DirectoryId;
use crate::store::operator::TokenUse;
use crate::store::{DirectoryRow, OperatorStore, TokenRow};

/// Which token an act is for.
#[derive(Debug)]
pub enum Which<'a> {
    /// The one of this name, number or client id, as [`find`] finds it.
    Named(&'a str),
    /// The one that was looked at. If it has changed since, the act is refused with [`AdminError::Changed`].
    Read(Box<TokenRow>),
}

impl<'a, T: AsRef<str> + ?Sized> From<&'a T> for Which<'a> {
    fn from(name: &'a T) -> Self {
        Self::Named(name.as_ref())
    }
}

impl From<TokenRow> for Which<'_> {
    fn from(token: TokenRow) -> Self {
        Self::Read(Box::new(token))
    }
}

impl Which<'_> {
    pub(super) async fn row(self, operator: &Operator<'_>, directory: &DirectoryRow) -> Result<TokenRow, AdminError> {
        match self {
            Self::Named(name) => find(operator.store, directory.id, name).await,
            Self::Read(token) => Ok(*token),
        }
    }
}

/// All tokens of a Directory, dead ones included, oldest first.
pub async fn list(store: &dyn OperatorStore, directory: DirectoryId) -> Result<Vec<TokenRow>, AdminError> {
    let mut all: Vec<TokenRow> = Vec::new();
    loop {
        let page = store.tokens(directory, all.last().map(|token| token.id), PAGE_ROWS).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// When and from where the tokens of a Directory were used, by number of the token.
pub async fn uses(store: &dyn OperatorStore, directory: DirectoryId) -> Result<Vec<TokenUse>, AdminError> {
    let mut all: Vec<TokenUse> = Vec::new();
    loop {
        let page = store.token_uses(directory, all.last().map(|one| one.token), PAGE_ROWS).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// The token that is called so and is not revoked, or else the one of this number or client id.
///
/// # Errors
/// [`AdminError::NoToken`].
pub async fn find(store: &dyn OperatorStore, directory: DirectoryId, name_or_id: &str) -> Result<TokenRow, AdminError> {
    let all = list(store, directory).await?;
    let named = all.iter().find(|token| token.revoked.is_none() && token.name == name_or_id);
    let is_client = |token: &TokenRow| ClientId::of(token).is_some_and(|id| id.to_string() == name_or_id);
    let found = named.or_else(|| all.iter().find(|token| token.id.0.to_string() == name_or_id || is_client(token)));
    found.cloned().ok_or_else(|| AdminError::NoToken(name_or_id.to_owned()))
}

/// A token that is not revoked.
pub(in crate::admin) async fn usable<'a>(
    operator: &Operator<'_>,
    directory: &DirectoryRow,
    which: impl Into<Which<'a>>,
) -> Result<TokenRow, AdminError> {
    let token = which.into().row(operator, directory).await?;
    if token.revoked.is_some() { Err(AdminError::TokenRevoked(token.name)) } else { Ok(token) }
}
