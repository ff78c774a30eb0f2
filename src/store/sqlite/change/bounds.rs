//! Whether a change would leave more than there may be, asked before it: there is one transaction that writes at a time, so what
//! is counted stays so until the change is made.

use super::lists;
use crate::id::DirectoryId;
use crate::store::bounds::{Adding, Counted, count_for_bounds};
use crate::store::sqlite::failure::{corrupt, store_error};
use crate::store::{Commit, StoreError};
use sqlx::{Row, SqliteConnection};

/// # Errors
/// [`StoreError::Bound`]
pub(super) async fn check(connection: &mut SqliteConnection, directory: DirectoryId, commit: &Commit) -> Result<(), StoreError> {
    let Some(adding) = Adding::of(commit) else { return Ok(()) };
    // In the savepoint of this job, so that a refusal undoes no other one.
    let row = sqlx::query(CHECK)
        .bind(directory.0)
        .bind(adding.id.0)
        .bind(adding.resource_type)
        .bind(lists::ids(adding.add))
        .bind(lists::ids(adding.remove))
        .bind(adding.members_counted())
        .bind(adding.memberships_counted())
        .bind(adding.member_type())
        .fetch_one(connection)
        .await
        .map_err(store_error)?;
    let read = |column| row.try_get(column).map_err(corrupt("counters"));
    let crowded: bool = row.try_get(4).map_err(corrupt("members"))?;
    adding.judge(&Counted { resources: read(0)?, members: read(1)?, removed: read(2)?, present: read(3)?, crowded })
}

pub(super) const CHECK: &str = concat!(
    next_job!(),
    count_for_bounds!("SELECT unhex(value) AS id FROM json_each($4)", "SELECT unhex(value) AS id FROM json_each($5)")
);
