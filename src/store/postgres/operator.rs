//! Directories and tokens: what operators change, and what every request looks up.

use super::connections::Connections;
use super::failure::{Cause, corrupt, store_error};
use crate::clock::Timestamp;
use crate::id::{DirectoryId, ResourceId, TokenId};
use crate::store::{DirectoryRow, StoreError, TokenDigest, TokenRow};
use sqlx::Row;
use sqlx::postgres::PgRow;

pub(super) async fn create_directory(
    connections: &Connections,
    name: &str,
    provider: &str,
    settings: &str,
    now: Timestamp,
) -> Result<DirectoryRow, StoreError> {
    let query = sqlx::query(
        "INSERT INTO directories (name, provider, settings, created) VALUES ($1, $2, $3, $4) \
         RETURNING id, name, provider, settings, created, schema_revision",
    )
    .bind(name)
    .bind(provider)
    .bind(settings)
    .bind(now.0);
    let row = connections.fetch_optional(query).await.map_err(refused)?;
    read_directory(&row.ok_or(StoreError::NotFound)?, 0)
}

pub(super) async fn directory(connections: &Connections, name: &str) -> Result<Option<DirectoryRow>, StoreError> {
    let query =
        sqlx::query("SELECT id, name, provider, settings, created, schema_revision FROM directories WHERE name = $1").bind(name);
    let row = connections.fetch_optional(query).await.map_err(store_error)?;
    row.map(|row| read_directory(&row, 0)).transpose()
}

pub(super) async fn directories(
    connections: &Connections,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<DirectoryRow>, StoreError> {
    let query = sqlx::query(
        "SELECT id, name, provider, settings, created, schema_revision FROM directories WHERE name > $1 ORDER BY name LIMIT $2",
    )
    // No name is empty, so all come after the empty one.
    .bind(after.unwrap_or_default())
    .bind(i64::from(limit));
    let rows = connections.fetch_all(query).await.map_err(store_error)?;
    rows.iter().map(|row| read_directory(row, 0)).collect()
}

pub(super) async fn create_token(
    connections: &Connections,
    directory: DirectoryId,
    name: &str,
    digest: &TokenDigest,
    now: Timestamp,
    expires: Option<Timestamp>,
    user: Option<ResourceId>,
) -> Result<TokenRow, StoreError> {
    let query = sqlx::query(
        "INSERT INTO tokens (directory_id, name, digest, created, expires, user_id) VALUES ($1, $2, $3, $4, $5, $6) \
         RETURNING id, directory_id, name, created, expires, revoked, user_id",
    )
    .bind(directory.0)
    .bind(name)
    .bind(digest.as_slice())
    .bind(now.0)
    .bind(expires.map(|expires| expires.0))
    .bind(user.map(|user| user.0));
    let row = connections.fetch_optional(query).await.map_err(refused)?;
    read_token(&row.ok_or(StoreError::NotFound)?)
}

/// What a refused insert means here.
fn refused(error: sqlx::Error) -> StoreError {
    match Cause::of(&error) {
        Cause::Unique => StoreError::Exists,
        Cause::ForeignKey => StoreError::NotFound,
        Cause::Deadlock
        | Cause::LockTimeout
        | Cause::StatementTimeout
        | Cause::Full
        | Cause::Unavailable
        | Cause::Misconfigured
        | Cause::Other => store_error(error),
    }
}

pub(super) async fn token(
    connections: &Connections,
    digest: &TokenDigest,
) -> Result<Option<(TokenRow, DirectoryRow)>, StoreError> {
    let query = sqlx::query(
        "SELECT t.id, t.directory_id, t.name, t.created, t.expires, t.revoked, t.user_id, \
                d.id, d.name, d.provider, d.settings, d.created, d.schema_revision \
         FROM tokens t JOIN directories d ON d.id = t.directory_id WHERE t.digest = $1",
    )
    .bind(digest.as_slice());
    let row = connections.fetch_optional(query).await.map_err(store_error)?;
    row.map(|row| Ok((read_token(&row)?, read_directory(&row, 7)?))).transpose()
}

pub(super) async fn tokens(
    connections: &Connections,
    directory: DirectoryId,
    after: Option<TokenId>,
    limit: u32,
) -> Result<Vec<TokenRow>, StoreError> {
    let query = sqlx::query(
        "SELECT id, directory_id, name, created, expires, revoked, user_id FROM tokens \
         WHERE directory_id = $1 AND id > $2 ORDER BY id LIMIT $3",
    )
    .bind(directory.0)
    .bind(after.map_or(i64::MIN, |token| token.0))
    .bind(i64::from(limit));
    let rows = connections.fetch_all(query).await.map_err(store_error)?;
    rows.iter().map(read_token).collect()
}

pub(super) async fn revoke_token(
    connections: &Connections,
    directory: DirectoryId,
    token: TokenId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let query =
        sqlx::query("UPDATE tokens SET revoked = $3 WHERE directory_id = $1 AND id = $2 AND revoked IS NULL RETURNING id")
            .bind(directory.0)
            .bind(token.0)
            .bind(now.0);
    Ok(connections.fetch_optional(query).await.map_err(store_error)?.is_some())
}

/// The secret of a Directory for `purpose`; `candidate` if there is none yet.
pub(super) async fn directory_key(
    connections: &Connections,
    directory: DirectoryId,
    purpose: &str,
    candidate: &[u8; 32],
) -> Result<[u8; 32], StoreError> {
    let query = sqlx::query(
        "INSERT INTO directory_keys AS k (directory_id, purpose, secret) VALUES ($1, $2, $3) \
         ON CONFLICT (directory_id, purpose) DO UPDATE SET secret = k.secret RETURNING secret",
    )
    .bind(directory.0)
    .bind(purpose)
    .bind(candidate.as_slice());
    let row = connections.fetch_optional(query).await.map_err(store_error)?.ok_or(StoreError::NotFound)?;
    let secret: Vec<u8> = row.try_get(0).map_err(corrupt("directory_keys"))?;
    let length = |_| StoreError::Corrupt { table: "directory_keys", source: "a secret has not 32 bytes".into() };
    secret.try_into().map_err(length)
}

/// Reads the columns id, name, provider, settings, created, schema_revision from `first` on.
fn read_directory(row: &PgRow, first: usize) -> Result<DirectoryRow, StoreError> {
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
fn read_token(row: &PgRow) -> Result<TokenRow, StoreError> {
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
