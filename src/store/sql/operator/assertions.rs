//! Assertions of clients, each of which is taken once.

use super::super::dialect::{Connection, store_error};
use crate::clock::Timestamp;
use crate::id::{DirectoryId, TokenId};
use crate::store::StoreError;

/// Puts one on record, and forgets those of the client that have expired; in the transaction of `connection`.
pub(in super::super) async fn note(
    connection: &mut Connection,
    directory: DirectoryId,
    client: TokenId,
    jti: &[u8; 32],
    expires: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    sqlx::query("DELETE FROM used_assertions WHERE directory_id = $1 AND token_id = $2 AND expires <= $3")
        .bind(directory.0)
        .bind(client.0)
        .bind(now.0)
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    let noted = sqlx::query(
        "INSERT INTO used_assertions (directory_id, token_id, jti, expires) \
         SELECT directory_id, id, $3, $4 FROM tokens WHERE directory_id = $1 AND id = $2 \
         ON CONFLICT (directory_id, token_id, jti) DO NOTHING RETURNING token_id",
    )
    .bind(directory.0)
    .bind(client.0)
    .bind(jti.as_slice())
    .bind(expires.0)
    .fetch_optional(connection)
    .await
    .map_err(store_error)?;
    Ok(noted.is_some())
}
