//! By what it is known whether a Directory is what it was. The statements that ask for it stand beside the snapshots of each back end.

use super::dialect::{Row, corrupt};
use crate::clock::Timestamp;
use crate::store::StoreError;
use crate::store::transfer::Mark;
use sqlx::Row as _;

pub(in super::super) fn read(row: &Row) -> Result<Mark, StoreError> {
    let corrupt = corrupt("events");
    let number = |column| row.try_get::<Option<i64>, _>(column).map_err(&corrupt);
    let events: i64 = row.try_get(3).map_err(&corrupt)?;
    Ok(Mark {
        revision: row.try_get(0).map_err(&corrupt)?,
        schema_revision: row.try_get(1).map_err(&corrupt)?,
        silent_changes: row.try_get(2).map_err(&corrupt)?,
        events: events.unsigned_abs(),
        last_event: number(4)?.zip(number(5)?.map(Timestamp)),
    })
}
