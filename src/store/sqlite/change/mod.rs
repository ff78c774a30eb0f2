//! The statements of one change, run by the writer inside the savepoint `job`.
//!
//! Each call to the connection crosses over to its thread and back, which costs more than most statements. So a change
//! is one call of several statements, two if it is about members; lists travel as one JSON value, unpacked by
//! `json_each`. The driver binds `$N` to the N-th value in every statement of a call.
//!
//! The calls are optimistic: they check by constraints and by what `RETURNING` gives. If something is refused, [`refusal`]
//! finds out why, after the change was undone.
//!
//! - [`create`], [`update`], [`delete`]: one change each
//! - [`bounds`]: whether there would be too much; a call of its own, for changes that have a bound
//! - [`refusal`]: why a change was refused
//! - [`lists`]: lists as one value each

/// Keeps what the job before did, and opens the savepoint of this one.
macro_rules! next_job {
    () => {
        "RELEASE job; SAVEPOINT job; "
    };
}

/// Whether the schemas are those that the change was made by, whose revision is `$revision`. Nothing can come in between: the
/// change is made in a transaction that writes, and there is one at a time.
macro_rules! schemas_are {
    ($revision:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM directories WHERE id = $1 AND (",
            $revision,
            " IS NULL OR schema_revision <= ",
            $revision,
            "))"
        )
    };
}

/// Whether one with these keys was deleted and may not come again yet.
macro_rules! is_barred {
    ($name:literal, $external_id:literal) => {
        concat!(
            "(EXISTS (SELECT 1 FROM tombstones WHERE directory_id = $1 AND resource_type = $2 AND external_key = ",
            $external_id,
            " AND barred <> 'no') OR EXISTS (SELECT 1 FROM tombstones WHERE directory_id = $1 AND resource_type = $2 \
             AND name_key = ",
            $name,
            " AND barred <> 'no' AND (external_key IS NULL OR ",
            $external_id,
            " IS NULL)))"
        )
    };
}

/// Whether the resource `$3` was there and was deleted.
macro_rules! was_deleted {
    () => {
        "EXISTS (SELECT 1 FROM events WHERE directory_id = $1 AND resource_id = $3 AND kind = 'delete')"
    };
}

/// Adds the rows of the list `$8` to the index: `[[attribute, value, uniqueness], …]`.
macro_rules! add_index {
    () => {
        "INSERT INTO attribute_values (directory_id, resource_type, attribute, value, resource_id, is_unique, is_global) \
         SELECT $1, $2, value ->> 0, value ->> 1, $3, value ->> 2 > 0, value ->> 2 = 2 FROM json_each($8); "
    };
}

/// Removes the rows of the list `$list` from the index, each by its whole key.
macro_rules! remove_index {
    ($list:literal) => {
        concat!(
            "DELETE FROM attribute_values WHERE directory_id = $1 AND resource_type = $2 AND resource_id = $3 \
                 AND (attribute, value) IN (SELECT value ->> 0, value ->> 1 FROM json_each(",
            $list,
            ")); "
        )
    };
}

/// Adds the members of the list `$10` that have a type of the list `$11`. For others `r.id` is NULL, which the column
/// refuses: an unknown member.
macro_rules! add_members {
    () => {
        "INSERT INTO members (directory_id, group_id, member_id) \
         SELECT $1, $3, r.id FROM json_each($10) AS m \
         LEFT JOIN resources AS r ON r.directory_id = $1 AND r.id = unhex(m.value) \
             AND r.resource_type IN (SELECT value FROM json_each($11)) \
         WHERE true ON CONFLICT DO NOTHING; "
    };
}

mod bounds;
mod create;
mod delete;
mod lists;
mod refusal;
mod update;

pub(super) use lists::ids as ids_to_json;

use crate::clock::Timestamp;
use crate::id::{DirectoryId, ResourceId};
use crate::store::sqlite::failure::corrupt;
use crate::store::{Change, Commit, Committed, Source, StoreError};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

/// Makes one change. If it fails, what it did is undone by the caller, who rolls back to the savepoint.
pub(super) async fn apply(
    connection: &mut SqliteConnection,
    directory: DirectoryId,
    commit: &Commit,
) -> Result<Committed, StoreError> {
    bounds::check(connection, directory, commit).await?;
    let revision = commit.basis.map(|basis| basis.revision);
    let origin = Origin { directory, actor: commit.actor.map(|token| token.0), now: commit.now, revision };
    match &commit.change {
        Change::Create(resource) => create::create(connection, origin, resource).await,
        Change::Update(change) => update::update(connection, origin, change).await,
        Change::Delete { resource_type, id, expected_version, index, burial } => {
            let target = Target { resource_type, id: *id, expected_version: Some(*expected_version), source: None };
            delete::delete(connection, origin, target, index, burial.as_deref()).await
        }
    }
}

/// Where a change happens, who makes it, when, and by which revision of the schemas.
#[derive(Debug, Clone, Copy)]
struct Origin {
    directory: DirectoryId,
    actor: Option<i64>,
    now: Timestamp,
    revision: Option<i64>,
}

/// The resource that is changed, the version it must be at, and the source it must be of.
#[derive(Debug, Clone, Copy)]
struct Target<'a> {
    resource_type: &'a str,
    id: ResourceId,
    expected_version: Option<i64>,
    source: Option<Source>,
}

/// The `detail` of an event in which members came and went.
fn members_detail(added: i64, removed: i64) -> String {
    format!(r#"{{"added":{added},"removed":{removed}}}"#)
}

/// Reads the columns version, created, last_modified.
fn read_committed(row: &SqliteRow, changed: bool) -> Result<Committed, StoreError> {
    let corrupt = corrupt("resources");
    Ok(Committed {
        version: row.try_get(0).map_err(&corrupt)?,
        created: Timestamp(row.try_get(1).map_err(&corrupt)?),
        last_modified: Timestamp(row.try_get(2).map_err(&corrupt)?),
        changed,
    })
}

/// All statements, for the test of their plans.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    bounds::CHECK,
    create::CREATE,
    create::CREATE_WITH_MEMBERS,
    update::CHANGE_MEMBERS,
    update::REVISE,
    delete::DELETE,
    refusal::TAKEN,
    refusal::SPENT,
    refusal::BARRED,
];
