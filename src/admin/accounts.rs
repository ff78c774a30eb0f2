//! Operators' accounts and their API keys.

use super::operator::{Act, difference};
use super::tokens::after;
use super::{AdminError, Operator, PAGE_ROWS};
use crate::auth::{PasswordHasher, Secret};
use crate::clock::Timestamp;
use crate::id::{AccountId, ApiKeyId};
use crate::store::operator::{AccountRow, ApiKeyRow, Operation, Role, SESSION};
use crate::store::{OperatorStore, StoreError};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// The longest name of an account or an API key, in characters.
pub const NAME_CHARACTERS_MAX: usize = 100;

/// The most API keys of an account, beside its sessions.
pub const KEYS_MAX: u32 = 100;

/// How many sessions an account has at most; the oldest makes way.
pub const SESSIONS_MAX: u32 = 20;

/// An API key just made: the only moment at which its secret is there to be shown (R28).
#[derive(Debug)]
pub struct NewApiKey {
    /// What is stored of it.
    pub row: ApiKeyRow,
    /// The secret.
    pub secret: Secret,
}

/// Creates an account. `password`: already hashed by [`hash`], if it has one.
///
/// # Errors
/// [`AdminError::AccountName`], [`AdminError::AccountExists`].
pub async fn create(
    operator: &Operator<'_>,
    name: &str,
    role: Role,
    password_hash: Option<String>,
) -> Result<AccountRow, AdminError> {
    let row = AccountRow {
        id: AccountId(0),
        name: checked_name(name)?,
        role,
        password_hash: password_hash.clone(),
        created: operator.clock.now(),
        disabled: None,
        revision: 1,
    };
    let act = Act {
        at: Some(row.created),
        name: "account.create",
        target_name: row.name.clone(),
        after: Some(on_record(&row)),
        ..Act::default()
    };
    match operator.act(act, Operation::CreateAccount { name: row.name.clone(), role, password_hash }).await {
        Ok(id) => Ok(AccountRow { id: AccountId(id), ..row }),
        Err(StoreError::Exists) => Err(AdminError::AccountExists(row.name)),
        Err(error) => Err(error.into()),
    }
}

/// The hash of a new password.
///
/// # Errors
/// [`AdminError::Password`].
pub async fn hash(hasher: &PasswordHasher, password: &str) -> Result<String, AdminError> {
    Ok(hasher.hash(password).await?)
}

/// What of an account can be changed; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// Its role.
    pub role: Option<Role>,
    /// Whether it is refused.
    pub disabled: Option<bool>,
    /// The hash of its password; `Some(None)`: it has none.
    pub password_hash: Option<Option<String>>,
}

/// Changes an account. With its password, what it has signed in to ends.
///
/// # Errors
/// [`AdminError::LastOwner`], [`AdminError::Changed`].
pub async fn edit(operator: &Operator<'_>, account: &AccountRow, edit: Edit) -> Result<AccountRow, AdminError> {
    let mut edited = account.clone();
    edited.role = edit.role.unwrap_or(edited.role);
    if let Some(disabled) = edit.disabled {
        edited.disabled = disabled.then(|| edited.disabled.unwrap_or_else(|| operator.clock.now()));
    }
    if let Some(hash) = edit.password_hash {
        edited.password_hash = hash;
    }
    if edited == *account {
        return Ok(edited);
    }
    let (before, after) = difference(on_record(account), on_record(&edited));
    let act = Act {
        name: if edited.password_hash == account.password_hash { "account.edit" } else { "account.set-password" },
        target: edited.id.0.to_string(),
        target_name: edited.name.clone(),
        before,
        after,
        ..Act::default()
    };
    let ends_sessions = edited.password_hash != account.password_hash;
    match operator.act(act, Operation::ChangeAccount { account: edited.clone(), ends_sessions }).await {
        Ok(_) => Ok(AccountRow { revision: edited.revision + 1, ..edited }),
        Err(StoreError::LastOwner) => Err(AdminError::LastOwner),
        Err(StoreError::VersionConflict) => Err(AdminError::Changed(edited.name)),
        Err(error) => Err(error.into()),
    }
}

/// Deletes an account, and its API keys with it.
///
/// # Errors
/// [`AdminError::LastOwner`], [`AdminError::NoAccount`], [`AdminError::Changed`].
pub async fn delete(operator: &Operator<'_>, account: &AccountRow) -> Result<(), AdminError> {
    let act = Act {
        name: "account.delete",
        target: account.id.0.to_string(),
        target_name: account.name.clone(),
        before: Some(on_record(account)),
        ..Act::default()
    };
    match operator.act(act, Operation::DeleteAccount { account: account.id, revision: account.revision }).await {
        Ok(_) => Ok(()),
        Err(StoreError::VersionConflict) => Err(AdminError::Changed(account.name.clone())),
        Err(StoreError::LastOwner) => Err(AdminError::LastOwner),
        Err(StoreError::NotFound) => Err(AdminError::NoAccount(account.name.clone())),
        Err(error) => Err(error.into()),
    }
}

/// The account called `name`.
///
/// # Errors
/// [`AdminError::NoAccount`].
pub async fn find(store: &dyn OperatorStore, name: &str) -> Result<AccountRow, AdminError> {
    let found = if is_name(name) { store.account(name).await? } else { None };
    found.ok_or_else(|| AdminError::NoAccount(name.to_owned()))
}

/// All accounts, by name.
pub async fn list(store: &dyn OperatorStore) -> Result<Vec<AccountRow>, AdminError> {
    let mut all: Vec<AccountRow> = Vec::new();
    loop {
        let page = store.accounts(all.last().map(|account| account.name.as_str()), PAGE_ROWS).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Creates an API key of an account. Without `expires_in` it never expires.
///
/// # Errors
/// [`AdminError::KeyName`], [`AdminError::KeyExists`], [`AdminError::TooManyKeys`], [`AdminError::NoAccount`],
/// [`AdminError::Changed`].
pub async fn create_key(
    operator: &Operator<'_>,
    account: &AccountRow,
    name: &str,
    expires_in: Option<Duration>,
) -> Result<NewApiKey, AdminError> {
    if !is_name(name) || name.starts_with(SESSION) {
        return Err(AdminError::KeyName(name.to_owned()));
    }
    insert_key(operator, account, name.to_owned(), expires_in, KEYS_MAX).await
}

/// Creates the API key of somebody who signed in.
///
/// # Errors
/// As [`create_key`]; [`AdminError::Changed`] also if the password has become another one.
pub(super) async fn create_session(
    operator: &Operator<'_>,
    account: &AccountRow,
    lifetime: Duration,
) -> Result<NewApiKey, AdminError> {
    insert_key(operator, account, format!("{SESSION}{}", Uuid::now_v7()), Some(lifetime), SESSIONS_MAX).await
}

async fn insert_key(
    operator: &Operator<'_>,
    account: &AccountRow,
    name: String,
    expires_in: Option<Duration>,
    max: u32,
) -> Result<NewApiKey, AdminError> {
    let now = operator.clock.now();
    let expires = expires_in.map(|time| after(now, time));
    let secret = Secret::generate_key()?;
    let row = ApiKeyRow {
        id: ApiKeyId(0),
        account: account.id,
        name: name.clone(),
        created: now,
        expires,
        last_used: None,
        last_address: None,
    };
    let act = Act {
        at: Some(now),
        name: "api-key.create",
        target_name: format!("{}/{name}", account.name),
        after: Some(json!({ "account": account.name, "name": name, "expires": expires.map(Timestamp::to_rfc3339) })),
        ..Act::default()
    };
    let (digest, revision) = (secret.digest(), account.revision);
    let operation = Operation::CreateApiKey { account: account.id, revision, name: name.clone(), digest, expires, max };
    match operator.act(act, operation).await {
        Ok(id) => Ok(NewApiKey { row: ApiKeyRow { id: ApiKeyId(id), ..row }, secret }),
        Err(StoreError::Exists) => Err(AdminError::KeyExists(name)),
        Err(StoreError::LimitReached { limit }) => Err(AdminError::TooManyKeys(limit)),
        Err(StoreError::VersionConflict) => Err(AdminError::Changed(account.name.clone())),
        Err(StoreError::NotFound) => Err(AdminError::NoAccount(account.name.clone())),
        Err(error) => Err(error.into()),
    }
}

/// The API keys of an account, those of its sessions too.
pub async fn keys(store: &dyn OperatorStore, account: &AccountRow) -> Result<Vec<ApiKeyRow>, AdminError> {
    Ok(store.api_keys(account.id, KEYS_MAX + SESSIONS_MAX).await?)
}

/// Deletes the API key of this name or number. It is refused from then on.
///
/// # Errors
/// [`AdminError::NoKey`].
pub async fn delete_key(operator: &Operator<'_>, account: &AccountRow, name_or_id: &str) -> Result<ApiKeyRow, AdminError> {
    let no_key = || AdminError::NoKey(name_or_id.to_owned());
    let all = keys(operator.store, account).await?;
    let named = all.iter().find(|key| key.name == name_or_id);
    let key = named.or_else(|| all.iter().find(|key| key.id.0.to_string() == name_or_id)).ok_or_else(no_key)?;
    let act = Act {
        name: "api-key.delete",
        target: key.id.0.to_string(),
        target_name: format!("{}/{}", account.name, key.name),
        before: Some(json!({ "account": account.name, "name": key.name })),
        ..Act::default()
    };
    match operator.act(act, Operation::DeleteApiKey(account.id, key.id)).await {
        Ok(_) => Ok(key.clone()),
        Err(StoreError::NotFound) => Err(no_key()),
        Err(error) => Err(error.into()),
    }
}

/// Whether `name` can be an account's or an API key's.
pub fn is_name(name: &str) -> bool {
    (1..=NAME_CHARACTERS_MAX).contains(&name.chars().count())
        && !name.chars().any(|character| character.is_control() || character.is_whitespace() || character == '/')
}

fn checked_name(name: &str) -> Result<String, AdminError> {
    if is_name(name) { Ok(name.to_owned()) } else { Err(AdminError::AccountName(name.to_owned())) }
}

/// An account as the record has it: of its password only whether there is one.
fn on_record(account: &AccountRow) -> Value {
    json!({
        "name": account.name,
        "role": account.role.word(),
        "disabled": account.disabled.map(Timestamp::to_rfc3339),
        "hasPassword": account.password_hash.is_some(),
    })
}
