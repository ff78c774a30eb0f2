//! Operators' accounts and their API keys.

use super::super::dialect::{Connection, Row, corrupt, store_error};
use super::refused;
use crate::clock::Timestamp;
use crate::id::{AccountId, ApiKeyId};
use crate::store::operator::{AccountRow, ApiKeyRow, Role, SESSION};
use crate::store::{StoreError, TokenDigest};
use sqlx::Row as _;

/// How many characters [`SESSION`] has.
const SESSION_CHARACTERS: i32 = 8;

pub(in super::super) async fn create(
    connection: &mut Connection,
    name: &str,
    role: Role,
    password_hash: Option<&str>,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let row = sqlx::query("INSERT INTO accounts (name, role, password_hash, created) VALUES ($1, $2, $3, $4) RETURNING id")
        .bind(name)
        .bind(role.word())
        .bind(password_hash)
        .bind(now.0)
        .fetch_one(connection)
        .await
        .map_err(refused)?;
    row.try_get(0).map_err(corrupt("accounts"))
}

pub(in super::super) async fn change(
    connection: &mut Connection,
    account: &AccountRow,
    ends_sessions: bool,
) -> Result<i64, StoreError> {
    let changed = sqlx::query(
        "UPDATE accounts SET role = $3, password_hash = $4, disabled = $5, revision = revision + 1 \
         WHERE id = $1 AND revision = $2 RETURNING id",
    )
    .bind(account.id.0)
    .bind(account.revision)
    .bind(account.role.word())
    .bind(&account.password_hash)
    .bind(account.disabled.map(|at| at.0))
    .fetch_optional(&mut *connection)
    .await
    .map_err(store_error)?;
    changed.ok_or(StoreError::VersionConflict)?;
    check_owner(connection).await?;
    if ends_sessions {
        sqlx::query("DELETE FROM api_keys WHERE account_id = $1 AND substr(name, 1, $2) = $3")
            .bind(account.id.0)
            .bind(SESSION_CHARACTERS)
            .bind(SESSION)
            .execute(connection)
            .await
            .map_err(store_error)?;
    }
    Ok(account.id.0)
}

pub(in super::super) async fn delete(connection: &mut Connection, account: AccountId, revision: i64) -> Result<i64, StoreError> {
    check_revision(connection, account, revision).await?;
    sqlx::query("DELETE FROM accounts WHERE id = $1").bind(account.0).execute(&mut *connection).await.map_err(store_error)?;
    check_owner(connection).await?;
    Ok(account.0)
}

/// Refuses to go on if the account has another revision. It keeps the one that it has: see [`super::audit::lock`].
pub(super) async fn check_revision(connection: &mut Connection, account: AccountId, revision: i64) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT revision FROM accounts WHERE id = $1")
        .bind(account.0)
        .fetch_optional(connection)
        .await
        .map_err(store_error)?;
    let found: i64 = row.ok_or(StoreError::NotFound)?.try_get(0).map_err(corrupt("accounts"))?;
    if found == revision { Ok(()) } else { Err(StoreError::VersionConflict) }
}

/// Refuses to go on without an owner. Two callers wait for each other: see [`super::audit::lock`].
async fn check_owner(connection: &mut Connection) -> Result<(), StoreError> {
    let owner = sqlx::query("SELECT id FROM accounts WHERE role = 'owner' AND disabled IS NULL LIMIT 1")
        .fetch_optional(connection)
        .await
        .map_err(store_error)?;
    owner.map(drop).ok_or(StoreError::LastOwner)
}

/// Makes room for a key of this name, so that there are `max` of its sort with it.
pub(super) async fn make_room(
    connection: &mut Connection,
    account: AccountId,
    name: &str,
    max: u32,
    now: Timestamp,
) -> Result<(), StoreError> {
    if name.starts_with(SESSION) {
        return sqlx::query(
            "DELETE FROM api_keys WHERE account_id = $1 AND substr(name, 1, $2) = $3 AND id NOT IN (\
                 SELECT id FROM api_keys WHERE account_id = $1 AND substr(name, 1, $2) = $3 AND (expires IS NULL OR expires > $4) \
                 ORDER BY id DESC LIMIT $5)",
        )
        .bind(account.0)
        .bind(SESSION_CHARACTERS)
        .bind(SESSION)
        .bind(now.0)
        .bind(i64::from(max) - 1)
        .execute(connection)
        .await
        .map(drop)
        .map_err(store_error);
    }
    let row = sqlx::query("SELECT count(*) FROM api_keys WHERE account_id = $1 AND substr(name, 1, $2) <> $3")
        .bind(account.0)
        .bind(SESSION_CHARACTERS)
        .bind(SESSION)
        .fetch_one(connection)
        .await
        .map_err(store_error)?;
    let there: i64 = row.try_get(0).map_err(corrupt("api_keys"))?;
    if there < i64::from(max) { Ok(()) } else { Err(StoreError::LimitReached { limit: max }) }
}

pub(in super::super) async fn create_key(
    connection: &mut Connection,
    account: AccountId,
    name: &str,
    digest: &TokenDigest,
    now: Timestamp,
    expires: Option<Timestamp>,
) -> Result<i64, StoreError> {
    let row =
        sqlx::query("INSERT INTO api_keys (account_id, name, digest, created, expires) VALUES ($1, $2, $3, $4, $5) RETURNING id")
            .bind(account.0)
            .bind(name)
            .bind(digest.as_slice())
            .bind(now.0)
            .bind(expires.map(|at| at.0))
            .fetch_one(connection)
            .await
            .map_err(refused)?;
    row.try_get(0).map_err(corrupt("api_keys"))
}

pub(in super::super) async fn delete_key(
    connection: &mut Connection,
    account: AccountId,
    key: ApiKeyId,
) -> Result<i64, StoreError> {
    let gone = sqlx::query("DELETE FROM api_keys WHERE account_id = $1 AND id = $2 RETURNING id")
        .bind(account.0)
        .bind(key.0)
        .fetch_optional(connection)
        .await
        .map_err(store_error)?;
    gone.map(|_| key.0).ok_or(StoreError::NotFound)
}

pub(in super::super) async fn accounts(
    connection: &mut Connection,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<AccountRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, name, role, password_hash, created, disabled, revision FROM accounts WHERE name > $1 ORDER BY name LIMIT $2",
    )
    .bind(after.unwrap_or_default())
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(store_error)?;
    rows.iter().map(|row| read(row, 0)).collect()
}

pub(in super::super) async fn account(connection: &mut Connection, name: &str) -> Result<Option<AccountRow>, StoreError> {
    let row = sqlx::query("SELECT id, name, role, password_hash, created, disabled, revision FROM accounts WHERE name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await
        .map_err(store_error)?;
    row.map(|row| read(&row, 0)).transpose()
}

pub(in super::super) async fn api_keys(
    connection: &mut Connection,
    account: AccountId,
    limit: u32,
) -> Result<Vec<ApiKeyRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, account_id, name, created, expires, last_used, last_address FROM api_keys \
         WHERE account_id = $1 ORDER BY id LIMIT $2",
    )
    .bind(account.0)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(store_error)?;
    rows.iter().map(read_key).collect()
}

pub(in super::super) async fn api_key(
    connection: &mut Connection,
    digest: &TokenDigest,
) -> Result<Option<(ApiKeyRow, AccountRow)>, StoreError> {
    let row = sqlx::query(
        "SELECT k.id, k.account_id, k.name, k.created, k.expires, k.last_used, k.last_address, \
                a.id, a.name, a.role, a.password_hash, a.created, a.disabled, a.revision \
         FROM api_keys k JOIN accounts a ON a.id = k.account_id WHERE k.digest = $1",
    )
    .bind(digest.as_slice())
    .fetch_optional(connection)
    .await
    .map_err(store_error)?;
    row.map(|row| Ok((read_key(&row)?, read(&row, 7)?))).transpose()
}

pub(in super::super) async fn note_key_use(
    connection: &mut Connection,
    key: ApiKeyId,
    now: Timestamp,
    address: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE api_keys SET last_used = $2, last_address = $3 WHERE id = $1")
        .bind(key.0)
        .bind(now.0)
        .bind(address)
        .execute(connection)
        .await
        .map(drop)
        .map_err(store_error)
}

/// Reads the columns id, name, role, password_hash, created, disabled, revision from `first` on.
fn read(row: &Row, first: usize) -> Result<AccountRow, StoreError> {
    let corrupt = corrupt("accounts");
    let role: String = row.try_get(first + 2).map_err(&corrupt)?;
    let unknown = || StoreError::Corrupt { table: "accounts", source: "a role is none".into() };
    Ok(AccountRow {
        id: AccountId(row.try_get(first).map_err(&corrupt)?),
        name: row.try_get(first + 1).map_err(&corrupt)?,
        role: Role::of(&role).ok_or_else(unknown)?,
        password_hash: row.try_get(first + 3).map_err(&corrupt)?,
        created: Timestamp(row.try_get(first + 4).map_err(&corrupt)?),
        disabled: row.try_get::<Option<i64>, _>(first + 5).map_err(&corrupt)?.map(Timestamp),
        revision: row.try_get(first + 6).map_err(&corrupt)?,
    })
}

/// Reads the columns id, account_id, name, created, expires, last_used, last_address.
fn read_key(row: &Row) -> Result<ApiKeyRow, StoreError> {
    let corrupt = corrupt("api_keys");
    Ok(ApiKeyRow {
        id: ApiKeyId(row.try_get(0).map_err(&corrupt)?),
        account: AccountId(row.try_get(1).map_err(&corrupt)?),
        name: row.try_get(2).map_err(&corrupt)?,
        created: Timestamp(row.try_get(3).map_err(&corrupt)?),
        expires: row.try_get::<Option<i64>, _>(4).map_err(&corrupt)?.map(Timestamp),
        last_used: row.try_get::<Option<i64>, _>(5).map_err(&corrupt)?.map(Timestamp),
        last_address: row.try_get(6).map_err(&corrupt)?,
    })
}
