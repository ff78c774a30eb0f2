//! Tokens.

use super::super::dialect::{Connection, Row, corrupt, store_error};
use super::{digest, directories, refused};
use crate::clock::Timestamp;
use crate::id::{DirectoryId, ResourceId, TokenId};
use crate::store::operator::NewToken;
use crate::store::{DirectoryRow, FormerSecret, StoreError, TokenDigest, TokenKind, TokenRow};
use sqlx::Row as _;
use uuid::Uuid;

pub(in super::super) async fn create(
    connection: &mut Connection,
    token: &NewToken,
    live_max: Option<u32>,
    now: Timestamp,
) -> Result<i64, StoreError> {
    if token.user.is_none() {
        check_room(connection, token.directory, None, live_max, now).await?;
    }
    let row = sqlx::query(
        "INSERT INTO tokens (directory_id, name, kind, digest, created, expires, user_id, scopes, jwks) \
         SELECT id, $2, $3, $4, $5, $6, $7, $8, $9 FROM directories WHERE id = $1 AND kept_to IS NULL RETURNING id",
    )
    .bind(token.directory.0)
    .bind(&token.name)
    .bind(token.kind.word())
    .bind(token.digest.as_slice())
    .bind(now.0)
    .bind(token.expires.map(|expires| expires.0))
    .bind(token.user.map(|user| user.0))
    .bind(&token.scopes)
    .bind(&token.jwks)
    .fetch_optional(connection)
    .await
    .map_err(refused)?;
    row.ok_or(StoreError::NotFound)?.try_get(0).map_err(corrupt("tokens"))
}

pub(in super::super) async fn change(
    connection: &mut Connection,
    token: &TokenRow,
    live_max: Option<u32>,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let is_live = token.revoked.is_none() && token.inactive.is_none() && token.expires.is_none_or(|expires| expires > now);
    if is_live && token.user.is_none() {
        check_room(connection, token.directory_id, Some(token.id), live_max, now).await?;
    }
    let changed = sqlx::query(
        "UPDATE tokens SET name = $4, digest = $5, expires = $6, revoked = $7, scopes = $8, inactive = $9, renewed = $10, \
         former_digest = $11, former_expires = $12, warned_days = $13, jwks = $14, revision = revision + 1 \
         WHERE directory_id = $1 AND id = $2 AND revision = $3 RETURNING id",
    )
    .bind(token.directory_id.0)
    .bind(token.id.0)
    .bind(token.revision)
    .bind(&token.name)
    .bind(token.digest.as_slice())
    .bind(token.expires.map(|at| at.0))
    .bind(token.revoked.map(|at| at.0))
    .bind(&token.scopes)
    .bind(token.inactive.map(|at| at.0))
    .bind(token.renewed.map(|at| at.0))
    .bind(token.former.as_ref().map(|former| former.digest.to_vec()))
    .bind(token.former.as_ref().map(|former| former.expires.0))
    .bind(token.warned_days)
    .bind(&token.jwks)
    .fetch_optional(connection)
    .await
    .map_err(refused)?;
    changed.map(|_| token.id.0).ok_or(StoreError::VersionConflict)
}

pub(in super::super) async fn delete(
    connection: &mut Connection,
    directory: DirectoryId,
    token: TokenId,
    revision: i64,
) -> Result<i64, StoreError> {
    let gone = sqlx::query("DELETE FROM tokens WHERE directory_id = $1 AND id = $2 AND revision = $3")
        .bind(directory.0)
        .bind(token.0)
        .bind(revision)
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    if gone.rows_affected() > 0 {
        return Ok(token.0);
    }
    Err(token_of(connection, directory, token).await?.map_or(StoreError::NotFound, |_| StoreError::VersionConflict))
}

/// Refuses one more token in use than there may be. Two callers wait for each other: see [`super::audit::lock`].
async fn check_room(
    connection: &mut Connection,
    directory: DirectoryId,
    other_than: Option<TokenId>,
    live_max: Option<u32>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(limit) = live_max else { return Ok(()) };
    let row = sqlx::query(
        "SELECT count(*) FROM tokens WHERE directory_id = $1 AND id <> $2 AND user_id IS NULL AND revoked IS NULL \
         AND inactive IS NULL AND (expires IS NULL OR expires > $3)",
    )
    .bind(directory.0)
    .bind(other_than.map_or(i64::MIN, |token| token.0))
    .bind(now.0)
    .fetch_one(connection)
    .await
    .map_err(store_error)?;
    let live: i64 = row.try_get(0).map_err(corrupt("tokens"))?;
    if live < i64::from(limit) { Ok(()) } else { Err(StoreError::LimitReached { limit }) }
}

pub(in super::super) async fn token(
    connection: &mut Connection,
    digest: &TokenDigest,
) -> Result<Option<(TokenRow, DirectoryRow)>, StoreError> {
    let row = sqlx::query(
        "SELECT t.directory_id, t.id, t.name, t.created, t.expires, t.revoked, t.user_id, t.kind, t.digest, t.scopes, t.inactive, \
                t.renewed, t.former_digest, t.former_expires, t.jwks, t.warned_days, t.revision, \
                d.id, d.name, d.display_name, d.provider, d.settings, d.created, d.status, d.protected, d.revision, \
                d.schema_revision, d.kept_to IS NOT NULL \
         FROM tokens t JOIN directories d ON d.id = t.directory_id WHERE t.digest = $1 OR t.former_digest = $1",
    )
    .bind(digest.as_slice())
    .fetch_optional(connection)
    .await
    .map_err(store_error)?;
    row.map(|row| Ok((read(&row)?, directories::read(&row, 17)?))).transpose()
}

pub(in super::super) async fn token_of(
    connection: &mut Connection,
    directory: DirectoryId,
    token: TokenId,
) -> Result<Option<(TokenRow, DirectoryRow)>, StoreError> {
    let row = sqlx::query(
        "SELECT t.directory_id, t.id, t.name, t.created, t.expires, t.revoked, t.user_id, t.kind, t.digest, t.scopes, t.inactive, \
                t.renewed, t.former_digest, t.former_expires, t.jwks, t.warned_days, t.revision, \
                d.id, d.name, d.display_name, d.provider, d.settings, d.created, d.status, d.protected, d.revision, \
                d.schema_revision, d.kept_to IS NOT NULL \
         FROM tokens t JOIN directories d ON d.id = t.directory_id WHERE t.directory_id = $1 AND t.id = $2",
    )
    .bind(directory.0)
    .bind(token.0)
    .fetch_optional(connection)
    .await
    .map_err(store_error)?;
    row.map(|row| Ok((read(&row)?, directories::read(&row, 17)?))).transpose()
}

pub(in super::super) async fn tokens(
    connection: &mut Connection,
    directory: DirectoryId,
    after: Option<TokenId>,
    limit: u32,
) -> Result<Vec<TokenRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT directory_id, id, name, created, expires, revoked, user_id, kind, digest, scopes, inactive, renewed, \
                former_digest, former_expires, jwks, warned_days, revision \
         FROM tokens WHERE directory_id = $1 AND id > $2 ORDER BY id LIMIT $3",
    )
    .bind(directory.0)
    .bind(after.map_or(i64::MIN, |token| token.0))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(store_error)?;
    rows.iter().map(read).collect()
}

/// Those of all Directories: each row says which one it is of.
pub(in super::super) async fn expiring(
    connection: &mut Connection,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<TokenRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT directory_id, id, name, created, expires, revoked, user_id, kind, digest, scopes, inactive, renewed, \
                former_digest, former_expires, jwks, warned_days, revision \
         FROM tokens WHERE expires > $1 AND expires <= $2 AND revoked IS NULL AND inactive IS NULL \
         ORDER BY expires, directory_id, id LIMIT $3",
    )
    .bind(now.0)
    .bind(until.0)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(store_error)?;
    rows.iter().map(read).collect()
}

pub(in super::super) async fn warn(
    connection: &mut Connection,
    directory: DirectoryId,
    token: TokenId,
    days: i64,
) -> Result<i64, StoreError> {
    let noted = sqlx::query(
        "UPDATE tokens SET warned_days = $3 WHERE directory_id = $1 AND id = $2 \
         AND (warned_days IS NULL OR warned_days > $3) RETURNING id",
    )
    .bind(directory.0)
    .bind(token.0)
    .bind(days)
    .fetch_optional(connection)
    .await
    .map_err(store_error)?;
    noted.map(|_| token.0).ok_or(StoreError::VersionConflict)
}

/// Reads the columns directory_id, id, name, created, expires, revoked, user_id, kind, digest, scopes, inactive, renewed,
/// former_digest, former_expires, jwks, warned_days, revision.
fn read(row: &Row) -> Result<TokenRow, StoreError> {
    let corrupt = corrupt("tokens");
    let moment = |column| Ok::<_, StoreError>(row.try_get::<Option<i64>, _>(column).map_err(&corrupt)?.map(Timestamp));
    let kind: String = row.try_get(7).map_err(&corrupt)?;
    let unknown = || StoreError::Corrupt { table: "tokens", source: "a kind is none".into() };
    let former = match (row.try_get::<Option<Vec<u8>>, _>(12).map_err(&corrupt)?, moment(13)?) {
        (Some(former), Some(expires)) => Some(FormerSecret { digest: digest("tokens", former)?, expires }),
        _ => None,
    };
    Ok(TokenRow {
        directory_id: DirectoryId(row.try_get(0).map_err(&corrupt)?),
        id: TokenId(row.try_get(1).map_err(&corrupt)?),
        name: row.try_get(2).map_err(&corrupt)?,
        created: Timestamp(row.try_get(3).map_err(&corrupt)?),
        expires: moment(4)?,
        revoked: moment(5)?,
        user: row.try_get::<Option<Uuid>, _>(6).map_err(&corrupt)?.map(ResourceId),
        kind: TokenKind::of(&kind).ok_or_else(unknown)?,
        digest: digest("tokens", row.try_get(8).map_err(&corrupt)?)?,
        scopes: row.try_get(9).map_err(&corrupt)?,
        inactive: moment(10)?,
        renewed: moment(11)?,
        former,
        jwks: row.try_get(14).map_err(&corrupt)?,
        warned_days: row.try_get(15).map_err(&corrupt)?,
        revision: row.try_get(16).map_err(&corrupt)?,
    })
}
