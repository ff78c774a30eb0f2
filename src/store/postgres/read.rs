//! One resource, and how resources point at each other.
//!
//! `LATERAL (… OFFSET 0)` looks up one row after the other by its key. Left to itself, the planner may join with all
//! resources of the Directory instead, when its statistics are old.

use super::connections::Connections;
use super::failure::{corrupt, store_error};
use crate::clock::Timestamp;
use crate::id::{DirectoryId, ResourceId};
use crate::scim::schema::ShownType;
use crate::store::query::shown_names;
use crate::store::{Membership, Reference, Source, StoreError, Stored};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

pub(super) async fn ping(connections: &Connections) -> Result<(), StoreError> {
    connections.fetch_optional(sqlx::query("SELECT 1")).await.map_err(store_error)?;
    Ok(())
}

pub(super) async fn get(
    connections: &Connections,
    directory: DirectoryId,
    resource_type: &str,
    id: ResourceId,
) -> Result<Option<Stored>, StoreError> {
    // Without the type, so that there is one index only that the server can choose.
    let query = sqlx::query(
        "SELECT id, resource_type, document, version, created, last_modified, \
                EXISTS (SELECT 1 FROM members WHERE directory_id = $1 AND member_id = $2), manual, held \
         FROM resources WHERE directory_id = $1 AND id = $2",
    )
    .bind(directory.0)
    .bind(id.0);
    let row = connections.fetch_optional(query).await.map_err(store_error)?;
    let stored = row.as_ref().map(read_stored).transpose()?;
    Ok(stored.filter(|stored| stored.resource_type == resource_type))
}

/// Reads the columns id, resource_type, document, version, created, last_modified, is_member, manual, held.
pub(super) fn read_stored(row: &PgRow) -> Result<Stored, StoreError> {
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

pub(super) async fn references(
    connections: &Connections,
    directory: DirectoryId,
    ids: &[ResourceId],
) -> Result<Vec<Reference>, StoreError> {
    let query = sqlx::query(
        "SELECT w.id, r.resource_type, r.document::json ->> 'displayName' \
         FROM (SELECT DISTINCT unnest($2::uuid[]) AS id) AS w, LATERAL ( \
             SELECT resource_type, document FROM resources WHERE directory_id = $1 AND id = w.id OFFSET 0 \
         ) AS r",
    )
    .bind(directory.0)
    .bind(uuids(ids));
    let rows = connections.fetch_all(query).await.map_err(store_error)?;
    rows.iter().map(read_reference).collect()
}

pub(super) async fn members(
    connections: &Connections,
    directory: DirectoryId,
    group: ResourceId,
    after: Option<ResourceId>,
    limit: u32,
) -> Result<Vec<Reference>, StoreError> {
    let query = sqlx::query(
        "SELECT m.member_id, r.resource_type, \
                r.document::json ->> 'displayName' \
         FROM ( \
             SELECT member_id FROM members WHERE directory_id = $1 AND group_id = $2 AND member_id > $3 \
             ORDER BY member_id LIMIT $4 \
         ) AS m, LATERAL ( \
             SELECT resource_type, document FROM resources WHERE directory_id = $1 AND id = m.member_id OFFSET 0 \
         ) AS r ORDER BY m.member_id",
    )
    .bind(directory.0)
    .bind(group.0)
    // No id is nil, so all come after it.
    .bind(after.map_or(Uuid::nil(), |after| after.0))
    .bind(i64::from(limit));
    let rows = connections.fetch_all(query).await.map_err(store_error)?;
    rows.iter().map(read_reference).collect()
}

pub(super) async fn members_of(
    connections: &Connections,
    directory: DirectoryId,
    groups: &[ResourceId],
    limit: u32,
) -> Result<Vec<(ResourceId, Reference)>, StoreError> {
    // The groups one after the other, so that the limit ends the work; ordered at the end, which is all that SQL promises.
    let query = sqlx::query(
        "SELECT m.member_id, r.resource_type, \
                r.document::json ->> 'displayName', m.group_id \
         FROM ( \
             SELECT g.place, g.id AS group_id, one.member_id FROM unnest($2::uuid[]) WITH ORDINALITY AS g (id, place), LATERAL ( \
                 SELECT member_id FROM members WHERE directory_id = $1 AND group_id = g.id OFFSET 0 \
             ) AS one LIMIT $3 \
         ) AS m, LATERAL ( \
             SELECT resource_type, document FROM resources WHERE directory_id = $1 AND id = m.member_id OFFSET 0 \
         ) AS r ORDER BY m.place, m.member_id",
    )
    .bind(directory.0)
    .bind(uuids(groups))
    .bind(i64::from(limit));
    let rows = connections.fetch_all(query).await.map_err(store_error)?;
    rows.iter().map(|row| Ok((ResourceId(row.try_get(3).map_err(corrupt("members"))?), read_reference(row)?))).collect()
}

/// Reads the columns id, resource_type, display.
fn read_reference(row: &PgRow) -> Result<Reference, StoreError> {
    let corrupt = corrupt("resources");
    Ok(Reference {
        id: ResourceId(row.try_get(0).map_err(&corrupt)?),
        resource_type: row.try_get(1).map_err(&corrupt)?,
        display: row.try_get(2).map_err(&corrupt)?,
    })
}

pub(super) async fn memberships(
    connections: &Connections,
    directory: DirectoryId,
    members: &[ResourceId],
    depth: u32,
    shown: &[&ShownType],
) -> Result<Vec<Membership>, StoreError> {
    // UNION drops what was reached at the same depth on another way; the depth ends cycles.
    let query = sqlx::query(
        "WITH RECURSIVE reached (member_id, group_id, depth) AS ( \
             SELECT w.id, m.group_id, 1::bigint FROM unnest($2::uuid[]) AS w (id), LATERAL ( \
                 SELECT group_id FROM members WHERE directory_id = $1 AND member_id = w.id OFFSET 0 \
             ) AS m WHERE $3 >= 1 \
             UNION \
             SELECT reached.member_id, m.group_id, reached.depth + 1 FROM reached, LATERAL ( \
                 SELECT group_id FROM members WHERE directory_id = $1 AND member_id = reached.group_id OFFSET 0 \
             ) AS m WHERE reached.depth < $3 \
         ), nearest AS ( \
             SELECT member_id, group_id, min(depth) AS depth FROM reached GROUP BY member_id, group_id \
         ) \
         SELECT n.member_id, n.group_id, r.resource_type, r.document ->> 'displayName', n.depth = 1, \
             r.document ->> ($4::json ->> r.resource_type), r.document ->> ($5::json ->> r.resource_type) \
         FROM nearest n, LATERAL ( \
             SELECT resource_type, document::json FROM resources WHERE directory_id = $1 AND id = n.group_id OFFSET 0 \
         ) AS r ORDER BY n.member_id, n.group_id",
    )
    .bind(directory.0)
    .bind(uuids(members))
    .bind(i64::from(depth))
    .bind(shown_names(shown, |shown| shown.value.as_deref()))
    .bind(shown_names(shown, |shown| shown.kind.as_deref()));
    let rows = connections.fetch_all(query).await.map_err(store_error)?;
    rows.iter().map(read_membership).collect()
}

/// Reads the columns member_id, group_id, resource_type, display, direct, value, kind.
fn read_membership(row: &PgRow) -> Result<Membership, StoreError> {
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

pub(super) async fn password_hash(
    connections: &Connections,
    directory: DirectoryId,
    id: ResourceId,
) -> Result<Option<String>, StoreError> {
    let query =
        sqlx::query("SELECT password_hash FROM resources WHERE directory_id = $1 AND id = $2").bind(directory.0).bind(id.0);
    match connections.fetch_optional(query).await.map_err(store_error)? {
        Some(row) => row.try_get(0).map_err(corrupt("resources")),
        None => Ok(None),
    }
}

fn uuids(ids: &[ResourceId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.0).collect()
}
