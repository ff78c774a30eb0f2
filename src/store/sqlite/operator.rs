//! Directories and tokens: what operators change, and what every request looks up.

use super::failure::{Cause, corrupt, store_error};
use crate::clock::Timestamp;
use crate::id::{DirectoryId, ResourceId, TokenId};
use crate::store::{DirectoryRow, StoreError, TokenDigest, TokenRow};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row, SqliteConnection};

/// A Directory to create.
pub(super) struct NewDirectory {
    pub name: String,
    pub provider: String,
    pub settings: String,
    pub now: Timestamp,
}

/// A token to create.
pub(super) struct NewToken {
    pub directory: DirectoryId,
    pub name: String,
    pub digest: TokenDigest,
    pub now: Timestamp,
    pub expires: Option<Timestamp>,
    pub user: Option<ResourceId>,
}

pub(super) async fn create_directory(
    connection: &mut SqliteConnection,
    directory: NewDirectory,
) -> Result<DirectoryRow, StoreError> {
    let row = sqlx::query(
        "RELEASE job; SAVEPOINT job; \
         INSERT INTO directories (name, provider, settings, created) VALUES ($1, $2, $3, $4) RETURNING id",
    )
    .bind(&directory.name)
    .bind(&directory.provider)
    .bind(&directory.settings)
    .bind(directory.now.0)
    .fetch_one(connection)
    .await
    .map_err(exists)?;
    Ok(DirectoryRow {
        id: DirectoryId(row.try_get(0).map_err(corrupt("directories"))?),
        name: directory.name,
        provider: directory.provider,
        settings: directory.settings,
        created: directory.now,
        schema_revision: 0,
    })
}

/// Keeps `secret` unless there is one for `purpose` already; gives the one that is kept.
pub(super) async fn create_directory_key(
    connection: &mut SqliteConnection,
    directory: DirectoryId,
    purpose: &str,
    secret: [u8; 32],
) -> Result<[u8; 32], StoreError> {
    let row = sqlx::query(
        "RELEASE job; SAVEPOINT job; \
         INSERT INTO directory_keys (directory_id, purpose, secret) VALUES ($1, $2, $3) \
         ON CONFLICT (directory_id, purpose) DO UPDATE SET secret = secret RETURNING secret",
    )
    .bind(directory.0)
    .bind(purpose)
    .bind(secret.as_slice())
    .fetch_one(connection)
    .await
    .map_err(store_error)?;
    read_secret(&row)
}

pub(super) async fn directory_key(
    readers: &SqlitePool,
    directory: DirectoryId,
    purpose: &str,
) -> Result<Option<[u8; 32]>, StoreError> {
    let row = sqlx::query("SELECT secret FROM directory_keys WHERE directory_id = $1 AND purpose = $2")
        .bind(directory.0)
        .bind(purpose)
        .fetch_optional(readers)
        .await
        .map_err(store_error)?;
    row.as_ref().map(read_secret).transpose()
}

fn read_secret(row: &SqliteRow) -> Result<[u8; 32], StoreError> {
    let secret: Vec<u8> = row.try_get(0).map_err(corrupt("directory_keys"))?;
    let length = |_| StoreError::Corrupt { table: "directory_keys", source: "a secret has not 32 bytes".into() };
    secret.try_into().map_err(length)
}

pub(super) async fn create_token(connection: &mut SqliteConnection, token: NewToken) -> Result<TokenRow, StoreError> {
    let row = sqlx::query(
        "RELEASE job; SAVEPOINT job; \
         INSERT INTO tokens (directory_id, name, digest, created, expires, user_id) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
    )
    .bind(token.directory.0)
    .bind(&token.name)
    .bind(token.digest.as_slice())
    .bind(token.now.0)
    .bind(token.expires.map(|expires| expires.0))
    .bind(token.user.map(|user| user.0))
    .fetch_one(connection)
    .await
    .map_err(exists)?;
    Ok(TokenRow {
        id: TokenId(row.try_get(0).map_err(corrupt("tokens"))?),
        directory_id: token.directory,
        name: token.name,
        created: token.now,
        expires: token.expires,
        revoked: None,
        user: token.user,
    })
}

/// What a refused insert means here.
fn exists(error: sqlx::Error) -> StoreError {
    match Cause::of(&error) {
        Cause::Unique => StoreError::Exists,
        Cause::ForeignKey => StoreError::NotFound,
        Cause::NotNull | Cause::Full | Cause::Contention | Cause::Unavailable | Cause::Other => store_error(error),
    }
}

pub(super) async fn revoke_token(
    connection: &mut SqliteConnection,
    directory: DirectoryId,
    token: TokenId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let rows = sqlx::query(
        "RELEASE job; SAVEPOINT job; \
         UPDATE tokens SET revoked = $3 WHERE directory_id = $1 AND id = $2 AND revoked IS NULL RETURNING id",
    )
    .bind(directory.0)
    .bind(token.0)
    .bind(now.0)
    .fetch_all(connection)
    .await
    .map_err(store_error)?;
    Ok(!rows.is_empty())
}

pub(super) async fn directory(readers: &SqlitePool, name: &str) -> Result<Option<DirectoryRow>, StoreError> {
    let row = sqlx::query("SELECT id, name, provider, settings, created, schema_revision FROM directories WHERE name = $1")
        .bind(name)
        .fetch_optional(readers)
        .await
        .map_err(store_error)?;
    row.map(|row| read_directory(&row, 0)).transpose()
}

pub(super) async fn directories(readers: &SqlitePool, after: Option<&str>, limit: u32) -> Result<Vec<DirectoryRow>, StoreError> {
    // No name is empty, so all come after the empty one.
    let rows = sqlx::query(
        "SELECT id, name, provider, settings, created, schema_revision FROM directories WHERE name > $1 ORDER BY name LIMIT $2",
    )
    .bind(after.unwrap_or_default())
    .bind(limit)
    .fetch_all(readers)
    .await
    .map_err(store_error)?;
    rows.iter().map(|row| read_directory(row, 0)).collect()
}

pub(super) async fn token(readers: &SqlitePool, digest: &TokenDigest) -> Result<Option<(TokenRow, DirectoryRow)>, StoreError> {
    let row = sqlx::query(
        "SELECT t.id, t.directory_id, t.name, t.created, t.expires, t.revoked, t.user_id, \
                d.id, d.name, d.provider, d.settings, d.created, d.schema_revision \
         FROM tokens t JOIN directories d ON d.id = t.directory_id WHERE t.digest = $1",
    )
    .bind(digest.as_slice())
    .fetch_optional(readers)
    .await
    .map_err(store_error)?;
    row.map(|row| Ok((read_token(&row)?, read_directory(&row, 7)?))).transpose()
}

pub(super) async fn tokens(
    readers: &SqlitePool,
    directory: DirectoryId,
    after: Option<TokenId>,
    limit: u32,
) -> Result<Vec<TokenRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, directory_id, name, created, expires, revoked, user_id FROM tokens \
         WHERE directory_id = $1 AND id > $2 ORDER BY id LIMIT $3",
    )
    .bind(directory.0)
    .bind(after.map_or(i64::MIN, |token| token.0))
    .bind(limit)
    .fetch_all(readers)
    .await
    .map_err(store_error)?;
    rows.iter().map(read_token).collect()
}

/// Reads the columns id, name, provider, settings, created, schema_revision from `first` on.
fn read_directory(row: &SqliteRow, first: usize) -> Result<DirectoryRow, StoreError> {
    let corrupt = corrupt("directories");
    Ok(DirectoryRow {
        id: DirectoryId(row.try_get(first).map_err(&corrupt)?),
        name: row.try_get(first + 1).map_err(&corrupt)?,
        provider: row.try_get(first + 2).map_err(&corrupt)?,
        settings: row.try_get(first + 3).map_err(&corrupt)?,
        created: Timestamp(row.try_get(first + 4).map_err(&corrupt)?),
        schema_revision: row.try_get(first + 5).map_err(&corrupt)?,
    })
}

/// Reads the columns id, directory_id, name, created, expires, revoked, user_id.
fn read_token(row: &SqliteRow) -> Result<TokenRow, StoreError> {
    let corrupt = corrupt("tokens");
    let expires: Option<i64> = row.try_get(4).map_err(&corrupt)?;
    let revoked: Option<i64> = row.try_get(5).map_err(&corrupt)?;
    Ok(TokenRow {
        id: TokenId(row.try_get(0).map_err(&corrupt)?),
        directory_id: DirectoryId(row.try_get(1).map_err(&corrupt)?),
        name: row.try_get(2).map_err(&corrupt)?,
        created: Timestamp(row.try_get(3).map_err(&corrupt)?),
        expires: expires.map(Timestamp),
        revoked: revoked.map(Timestamp),
        user: row.try_get::<Option<uuid::Uuid>, _>(6).map_err(&corrupt)?.map(ResourceId),
    })
}
