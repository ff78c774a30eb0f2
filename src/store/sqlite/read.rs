//! What is read of resources, by any of the connections that cannot write.

use super::change::ids_to_json;
use super::failure::{corrupt, store_error};
use crate::clock::Timestamp;
use crate::id::{DirectoryId, ResourceId};
use crate::scim::schema::ShownType;
use crate::store::query::shown_names;
use crate::store::{Membership, Reference, Source, StoreError, Stored};
use sqlx::Row;
use sqlx::sqlite::{SqlitePool, SqliteRow};

/// What to show for the resource `r`.
macro_rules! display {
    () => {
        "r.document ->> '$.displayName'"
    };
}

pub(super) async fn ping(readers: &SqlitePool) -> Result<(), StoreError> {
    sqlx::query("SELECT 1").execute(readers).await.map(drop).map_err(store_error)
}

pub(super) async fn get(
    readers: &SqlitePool,
    directory: DirectoryId,
    resource_type: &str,
    id: ResourceId,
) -> Result<Option<Stored>, StoreError> {
    let row = sqlx::query(
        "SELECT id, resource_type, document, version, created, last_modified, \
             EXISTS (SELECT 1 FROM members WHERE directory_id = $1 AND member_id = $3), manual, held \
         FROM resources WHERE directory_id = $1 AND id = $3 AND resource_type = $2",
    )
    .bind(directory.0)
    .bind(resource_type)
    .bind(id.0)
    .fetch_optional(readers)
    .await
    .map_err(store_error)?;
    row.as_ref().map(read_stored).transpose()
}

/// Reads the columns id, resource_type, document, version, created, last_modified, is_member, manual, held.
pub(super) fn read_stored(row: &SqliteRow) -> Result<Stored, StoreError> {
    let corrupt = corrupt("resources");
    Ok(Stored {
        id: ResourceId(row.try_get(0).map_err(&corrupt)?),
        resource_type: row.try_get(1).map_err(&corrupt)?,
        document: row.try_get(2).map_err(&corrupt)?,
        version: row.try_get(3).map_err(&corrupt)?,
        created: Timestamp(row.try_get(4).map_err(&corrupt)?),
        last_modified: Timestamp(row.try_get(5).map_err(&corrupt)?),
        is_member: row.try_get(6).map_err(&corrupt)?,
        source: Source::of(row.try_get(7).map_err(&corrupt)?),
        held: row.try_get(8).map_err(&corrupt)?,
    })
}

pub(super) async fn password_hash(
    readers: &SqlitePool,
    directory: DirectoryId,
    id: ResourceId,
) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT password_hash FROM resources WHERE directory_id = $1 AND id = $2")
        .bind(directory.0)
        .bind(id.0)
        .fetch_optional(readers)
        .await
        .map_err(store_error)?;
    row.map_or(Ok(None), |row| row.try_get(0).map_err(corrupt("resources")))
}

pub(super) async fn references(
    readers: &SqlitePool,
    directory: DirectoryId,
    ids: &[ResourceId],
) -> Result<Vec<Reference>, StoreError> {
    let rows = sqlx::query(REFERENCES).bind(directory.0).bind(ids_to_json(ids)).fetch_all(readers).await.map_err(store_error)?;
    rows.iter().map(read_reference).collect()
}

const REFERENCES: &str = concat!(
    "SELECT r.id, r.resource_type, ",
    display!(),
    " FROM resources AS r WHERE r.directory_id = $1 AND r.id IN (SELECT unhex(value) FROM json_each($2))"
);

pub(super) async fn members(
    readers: &SqlitePool,
    directory: DirectoryId,
    group: ResourceId,
    after: Option<ResourceId>,
    limit: u32,
) -> Result<Vec<Reference>, StoreError> {
    // An empty blob sorts before every id.
    let rows = sqlx::query(MEMBERS)
        .bind(directory.0)
        .bind(group.0)
        .bind(after.map_or_else(Vec::new, |id| id.0.as_bytes().to_vec()))
        .bind(limit)
        .fetch_all(readers)
        .await
        .map_err(store_error)?;
    rows.iter().map(read_reference).collect()
}

const MEMBERS: &str = concat!(
    "SELECT r.id, r.resource_type, ",
    display!(),
    " FROM members AS m JOIN resources AS r ON r.directory_id = $1 AND r.id = m.member_id \
     WHERE m.directory_id = $1 AND m.group_id = $2 AND m.member_id > $3 ORDER BY m.member_id LIMIT +$4"
);

pub(super) async fn members_of(
    readers: &SqlitePool,
    directory: DirectoryId,
    groups: &[ResourceId],
    limit: u32,
) -> Result<Vec<(ResourceId, Reference)>, StoreError> {
    let query = sqlx::query(MEMBERS_OF).bind(directory.0).bind(ids_to_json(groups)).bind(limit);
    let rows = query.fetch_all(readers).await.map_err(store_error)?;
    rows.iter().map(|row| Ok((ResourceId(row.try_get(3).map_err(corrupt("members"))?), read_reference(row)?))).collect()
}

/// The groups one after the other, so that the limit ends the work; ordered at the end, which is all that SQL promises.
const MEMBERS_OF: &str = concat!(
    "SELECT r.id, r.resource_type, ",
    display!(),
    ", listed.group_id FROM ( \
         SELECT asked.key AS place, m.group_id, m.member_id FROM json_each($2) AS asked \
         CROSS JOIN members AS m ON m.directory_id = $1 AND m.group_id = unhex(asked.value) LIMIT +$3 \
     ) AS listed CROSS JOIN resources AS r ON r.directory_id = $1 AND r.id = listed.member_id \
     ORDER BY listed.place, listed.member_id"
);

/// Reads the columns id, resource_type, display.
fn read_reference(row: &SqliteRow) -> Result<Reference, StoreError> {
    let corrupt = corrupt("resources");
    Ok(Reference {
        id: ResourceId(row.try_get(0).map_err(&corrupt)?),
        resource_type: row.try_get(1).map_err(&corrupt)?,
        display: row.try_get(2).map_err(&corrupt)?,
    })
}

pub(super) async fn memberships(
    readers: &SqlitePool,
    directory: DirectoryId,
    members: &[ResourceId],
    depth: u32,
    shown: &[&ShownType],
) -> Result<Vec<Membership>, StoreError> {
    let rows = sqlx::query(MEMBERSHIPS)
        .bind(directory.0)
        .bind(ids_to_json(members))
        .bind(depth)
        .bind(shown_names(shown, |shown| shown.value.as_deref()))
        .bind(shown_names(shown, |shown| shown.kind.as_deref()))
        .fetch_all(readers)
        .await
        .map_err(store_error)?;
    rows.iter().map(read_membership).collect()
}

/// A group is walked once per distance at most, so a cycle ends with the depth `$3`. CROSS JOIN keeps the planner to the
/// order that is written: it expects more of a list than it holds.
const MEMBERSHIPS: &str = concat!(
    "WITH RECURSIVE walk (member_id, group_id, depth) AS ( \
         SELECT m.member_id, m.group_id, 1 FROM json_each($2) AS asked \
         CROSS JOIN members AS m ON m.directory_id = $1 AND m.member_id = unhex(asked.value) WHERE $3 > 0 \
         UNION \
         SELECT walk.member_id, m.group_id, walk.depth + 1 FROM walk \
         CROSS JOIN members AS m ON m.directory_id = $1 AND m.member_id = walk.group_id WHERE walk.depth < $3 \
     ), reached (member_id, group_id, depth) AS ( \
         SELECT member_id, group_id, min(depth) FROM walk GROUP BY member_id, group_id \
     ) \
     SELECT reached.member_id, reached.group_id, r.resource_type, ",
    display!(),
    ", reached.depth = 1, r.document ->> ($4 ->> r.resource_type), r.document ->> ($5 ->> r.resource_type) \
     FROM reached CROSS JOIN resources AS r ON r.directory_id = $1 AND r.id = reached.group_id \
     ORDER BY reached.member_id, reached.group_id"
);

/// Reads the columns member_id, group_id, resource_type, display, direct, value, kind.
fn read_membership(row: &SqliteRow) -> Result<Membership, StoreError> {
    let corrupt = corrupt("members");
    Ok(Membership {
        member: ResourceId(row.try_get(0).map_err(&corrupt)?),
        group: ResourceId(row.try_get(1).map_err(&corrupt)?),
        group_type: row.try_get(2).map_err(&corrupt)?,
        display: row.try_get(3).map_err(&corrupt)?,
        direct: row.try_get(4).map_err(&corrupt)?,
        value: row.try_get(5).map_err(&corrupt)?,
        kind: row.try_get(6).map_err(&corrupt)?,
    })
}

/// All statements that join, for the test of their plans.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[REFERENCES, MEMBERS, MEMBERS_OF, MEMBERSHIPS];
