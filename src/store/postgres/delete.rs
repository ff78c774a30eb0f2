//! The end of a resource.

use super::commit::{Failure, IndexColumns, Locking, read_committed, run_statement};
use super::connections::Connections;
use super::failure::{Cause, corrupt};
use crate::id::{DirectoryId, ResourceId};
use crate::store::{Burial, Commit, Committed, IndexRow, StoreError};
use sqlx::Row;

/// What goes.
pub(super) struct Target<'c> {
    pub resource_type: &'c str,
    pub id: ResourceId,
    pub expected_version: i64,
    pub index: &'c [IndexRow],
    pub burial: Option<&'c Burial>,
}

/// One row: version, created, last_modified, whether it went, and whether the schemas are those that the change was made by
/// (if they are, and it did not go, it is at another version); none if there is no such resource.
///
/// `locked` holds the groups that have it as a member, by id, then the resource itself, each in its latest version. A
/// membership that was added while this waited is invisible here; the foreign key, which deletes nothing by itself,
/// refuses the whole then, and it is tried again with the lock taken before.
const DELETE: &str = "
WITH locked AS MATERIALIZED (
    SELECT r.id, r.resource_type, r.version, r.created, r.last_modified
    FROM (SELECT $2 AS id UNION SELECT group_id FROM members WHERE directory_id = $1 AND member_id = $2) AS wanted
    JOIN resources r ON r.directory_id = $1 AND r.id = wanted.id
    ORDER BY r.id = $2, r.id
    FOR UPDATE OF r
), judged AS MATERIALIZED (
    SELECT version, created, last_modified, version = $4 AND current AS agreed, current
    FROM locked, (
        SELECT $9::bigint IS NULL OR schema_revision <= $9::bigint AS current FROM directories WHERE id = $1
    ) AS schemas
    WHERE id = $2 AND resource_type = $3
), parted AS (
    DELETE FROM members m USING judged WHERE agreed AND m.directory_id = $1 AND m.member_id = $2
    RETURNING m.group_id
), emptied AS (
    DELETE FROM members m USING judged WHERE agreed AND m.directory_id = $1 AND m.group_id = $2
), moved AS (
    UPDATE resources r SET version = r.version + 1, last_modified = GREATEST(r.last_modified, $8)
    FROM parted WHERE r.directory_id = $1 AND r.id = parted.group_id AND r.id <> $2
    RETURNING r.id, r.resource_type, r.version
), gone AS (
    DELETE FROM resources r USING judged WHERE agreed AND r.directory_id = $1 AND r.id = $2
    RETURNING r.version + 1 AS version, r.document
), buried AS (
    INSERT INTO tombstones (directory_id, resource_id, resource_type, at, actor, version, barred, name, name_key, external_key,
        document)
    SELECT $1, $2, $3, $8, $7, version, $10::text, $11::text, $12, $13, CASE WHEN $14::boolean THEN document END
    FROM gone WHERE $10::text IS NOT NULL
    ON CONFLICT (directory_id, resource_id) DO UPDATE SET resource_type = excluded.resource_type, at = excluded.at,
        actor = excluded.actor, version = excluded.version, barred = excluded.barred, name = excluded.name,
        name_key = excluded.name_key, external_key = excluded.external_key, document = excluded.document
), unindexed AS (
    DELETE FROM attribute_values v
    USING gone, unnest($5::text[], $6::text[]) AS i (attribute, value), LATERAL (
        SELECT ctid FROM attribute_values WHERE directory_id = $1 AND resource_type = $3
            AND attribute = i.attribute AND value = i.value AND resource_id = $2 OFFSET 0
    ) AS found
    WHERE v.ctid = found.ctid
), not_taken_apart AS (
    DELETE FROM substrings s USING gone WHERE s.directory_id = $1 AND s.resource_id = $2
), counted AS (
    INSERT INTO counters (directory_id, resource_type, slot, resources)
    SELECT $1, $3, pg_backend_pid() % 64, -1 FROM gone
    ON CONFLICT (directory_id, resource_type, slot) DO UPDATE SET resources = counters.resources - 1
), logged AS (
    INSERT INTO events (directory_id, at, actor, kind, resource_type, resource_id, version, detail)
    SELECT $1, $8, $7, 'update', resource_type, id, version, '{\"added\":0,\"removed\":1}' FROM moved
    UNION ALL
    SELECT $1, $8, $7, 'delete', $3, $2, version, NULL FROM gone
)
SELECT judged.version + 1, judged.created, GREATEST(judged.last_modified, $8), judged.agreed, judged.current
FROM judged";

/// Waits until nobody changes the resource or adds it to a group.
const LOCK: &str = "SELECT 1 FROM resources WHERE directory_id = $1 AND id = $2 FOR UPDATE";

pub(super) async fn delete(
    connections: &Connections,
    directory: DirectoryId,
    commit: &Commit,
    target: &Target<'_>,
    locking: Locking,
) -> Result<Committed, Failure> {
    let index = IndexColumns::of(target.index);
    let query = sqlx::query(DELETE)
        .bind(directory.0)
        .bind(target.id.0)
        .bind(target.resource_type)
        .bind(target.expected_version)
        .bind(&index.attributes)
        .bind(&index.values)
        .bind(commit.actor.map(|actor| actor.0))
        .bind(commit.now.0)
        .bind(commit.basis.map(|basis| basis.revision))
        .bind(target.burial.map(|burial| burial.bar.word()))
        .bind(target.burial.map(|burial| &burial.name))
        .bind(target.burial.and_then(|burial| burial.keys.name.as_deref()))
        .bind(target.burial.and_then(|burial| burial.keys.external_id.as_deref()))
        .bind(target.burial.is_some_and(|burial| burial.keep));
    let lock = (locking == Locking::Before).then(|| sqlx::query(LOCK).bind(directory.0).bind(target.id.0));
    let row = match run_statement(connections, commit, lock, query, 3).await? {
        Ok(row) => row.ok_or(Failure::Final(StoreError::NotFound))?,
        Err(error) if Cause::of(&error) == Cause::ForeignKey => return Err(Failure::Outrun),
        Err(error) => return Err(Failure::of(error)),
    };
    let read = |column| row.try_get(column).map_err(corrupt("resources")).map_err(Failure::Final);
    match (read(3)?, read(4)?) {
        (true, _) => read_committed(&row),
        (false, true) => Err(Failure::Final(StoreError::VersionConflict)),
        (false, false) => Err(Failure::Final(StoreError::SchemasChanged)),
    }
}
