//! When and from where tokens were used.

use super::super::dialect::{Connection, Row, corrupt, store_error};
use crate::clock::Timestamp;
use crate::id::{DirectoryId, TokenId};
use crate::store::StoreError;
use crate::store::operator::TokenUse;
use sqlx::Row as _;

/// Adds to what is on record; in the transaction of `connection`, and in the order of the keys.
pub(in super::super) async fn note(connection: &mut Connection, uses: &[TokenUse]) -> Result<(), StoreError> {
    for one in uses {
        sqlx::query(
            "INSERT INTO token_uses AS u (directory_id, token_id, last_used, last_address, uses) \
             SELECT directory_id, id, $3, $4, $5 FROM tokens WHERE directory_id = $1 AND id = $2 \
             ON CONFLICT (directory_id, token_id) DO UPDATE SET uses = u.uses + excluded.uses, \
                 last_address = CASE WHEN excluded.last_used >= u.last_used THEN excluded.last_address ELSE u.last_address END, \
                 last_used = CASE WHEN excluded.last_used >= u.last_used THEN excluded.last_used ELSE u.last_used END",
        )
        .bind(one.directory.0)
        .bind(one.token.0)
        .bind(one.last_used.0)
        .bind(&one.last_address)
        .bind(one.uses)
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    }
    Ok(())
}

pub(in super::super) async fn token_uses(
    connection: &mut Connection,
    directory: DirectoryId,
    after: Option<TokenId>,
    limit: u32,
) -> Result<Vec<TokenUse>, StoreError> {
    let rows = sqlx::query(
        "SELECT token_id, last_used, last_address, uses FROM token_uses \
         WHERE directory_id = $1 AND token_id > $2 ORDER BY token_id LIMIT $3",
    )
    .bind(directory.0)
    .bind(after.map_or(i64::MIN, |token| token.0))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(store_error)?;
    rows.iter().map(|row| read(row, directory)).collect()
}

fn read(row: &Row, directory: DirectoryId) -> Result<TokenUse, StoreError> {
    let corrupt = corrupt("token_uses");
    Ok(TokenUse {
        directory,
        token: TokenId(row.try_get(0).map_err(&corrupt)?),
        last_used: Timestamp(row.try_get(1).map_err(&corrupt)?),
        last_address: row.try_get(2).map_err(&corrupt)?,
        uses: row.try_get(3).map_err(&corrupt)?,
    })
}
