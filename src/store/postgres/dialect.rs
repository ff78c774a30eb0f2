//! What the statements for both back ends are made of, on PostgreSQL.

pub(super) use super::failure::{Cause, corrupt, store_error};
pub(super) use sqlx::PgConnection as Connection;
pub(super) use sqlx::postgres::PgRow as Row;

use crate::store::StoreError;

/// The lock of the record: "scimd op" in ASCII.
const RECORD: i64 = 0x7363_696d_6420_6f70;

/// Waits until no other act of an operator is under way.
pub(super) async fn lock_record(connection: &mut Connection) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(RECORD).execute(connection).await.map(drop).map_err(store_error)
}
