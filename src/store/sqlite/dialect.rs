//! What the statements for both back ends are made of, on SQLite.

pub(super) use super::failure::{Cause, corrupt, store_error};
pub(super) use sqlx::SqliteConnection as Connection;
pub(super) use sqlx::sqlite::SqliteRow as Row;

use crate::store::StoreError;

/// Waits until no other act of an operator is under way; there is one transaction that writes at a time.
pub(super) async fn lock_record(_: &mut Connection) -> Result<(), StoreError> {
    Ok(())
}
