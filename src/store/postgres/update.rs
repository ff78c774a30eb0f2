//! A change of a resource that exists.

use super::bounded;
use super::commit::{Failure, IndexColumns, Locking, read_committed, refused, run_statement, signed, sorted_ids};
use super::connections::Connections;
use super::failure::corrupt;
use crate::id::DirectoryId;
use crate::store::bounds::Adding;
use crate::store::{Commit, Committed, PasswordChange, Source, StoreError, Update};
use sqlx::Row;

/// The column that says whether anything changed.
const MADE: usize = 3;

/// One row: version, created, last_modified, whether anything changed, and the verdict; none if there is no such resource.
///
/// `target` waits for the lock of the resource and then sees its latest version, whatever else the statement sees. The
/// members that another statement added while this one waited are invisible to the two DELETEs, so a change that
/// removes is `outrun` if the resource moved on; additions need no look, for ON CONFLICT sees what is committed.
///
/// `decided` must be MATERIALIZED and joined, not selected from inside a condition: PostgreSQL evaluates the condition
/// of the UPDATE again for a row that has moved on, and could not run the INSERT behind it a second time.
///
/// The cost is that of the change, on any statistics: each `LATERAL … OFFSET 0` finds one row by its whole key, and
/// leaves the planner no other way. By `ctid` only rows are deleted that are never updated, so it stays theirs.
const UPDATE: &str = "
WITH target AS (
    SELECT resource_type, version, created, last_modified, password_hash, manual FROM resources
    WHERE directory_id = $1 AND id = $2
    FOR NO KEY UPDATE
), judged AS MATERIALIZED (
    SELECT target.*, CASE
        WHEN $21::bigint < (SELECT schema_revision FROM directories WHERE id = $1) THEN 'schemas changed'
        WHEN manual <> $22::boolean THEN 'other source'
        WHEN version <> $4::bigint THEN 'conflict'
        WHEN cardinality($16::uuid[]) > (
            SELECT count(*) FILTER (WHERE r.resource_type = ANY($17::text[])) FROM unnest($16::uuid[]) AS m (id),
                LATERAL (SELECT resource_type FROM resources WHERE directory_id = $1 AND id = m.id OFFSET 0) AS r
        ) THEN 'unknown member'
        WHEN $4::bigint IS NULL AND ($14 OR cardinality($15::uuid[]) > 0)
            AND version <> (SELECT version FROM resources WHERE directory_id = $1 AND id = $2) THEN 'outrun'
        ELSE 'agreed'
    END AS verdict
    FROM target WHERE resource_type = $3
), agreed AS MATERIALIZED (
    SELECT 1 FROM judged WHERE verdict = 'agreed'
), removed AS (
    DELETE FROM members m
    USING agreed, unnest($15::uuid[]) AS i (id), LATERAL (
        SELECT ctid FROM members WHERE directory_id = $1 AND group_id = $2 AND member_id = i.id OFFSET 0
    ) AS found
    WHERE m.ctid = found.ctid
    RETURNING 1
), cleared AS (
    DELETE FROM members m USING agreed
    WHERE $14 AND m.directory_id = $1 AND m.group_id = $2
        AND m.member_id NOT IN (SELECT unnest($16::uuid[]))
    RETURNING 1
), added AS (
    INSERT INTO members (directory_id, group_id, member_id)
    SELECT $1, $2, m.id FROM agreed, unnest($16::uuid[]) AS m (id)
    ON CONFLICT (directory_id, group_id, member_id) DO NOTHING
    RETURNING 1
), counts AS MATERIALIZED (
    SELECT (SELECT count(*) FROM added) AS added, (SELECT count(*) FROM removed) + (SELECT count(*) FROM cleared) AS removed
), decided AS MATERIALIZED (
    SELECT judged.*, counts.*, verdict = 'agreed' AND (
        $5::text IS NOT NULL OR $23::boolean IS NOT NULL OR $7 = 'set' OR ($7 = 'remove' AND password_hash IS NOT NULL)
        OR counts.added > 0 OR counts.removed > 0
    ) AS changes
    FROM judged, counts
), updated AS (
    UPDATE resources r SET
        version = r.version + 1,
        last_modified = GREATEST(r.last_modified, $18),
        document = COALESCE($5::text, r.document),
        keys = COALESCE($6::text::jsonb, r.keys),
        held = COALESCE($23::boolean, r.held),
        password_hash = CASE $7 WHEN 'keep' THEN r.password_hash ELSE $8 END
    FROM decided
    WHERE decided.changes AND r.directory_id = $1 AND r.id = $2
    RETURNING r.version, r.last_modified, decided.added, decided.removed
), unindexed AS (
    DELETE FROM attribute_values v
    USING updated, unnest($9::text[], $10::text[]) AS i (attribute, value), LATERAL (
        SELECT ctid FROM attribute_values WHERE directory_id = $1 AND resource_type = $3
            AND attribute = i.attribute AND value = i.value AND resource_id = $2 OFFSET 0
    ) AS found
    WHERE v.ctid = found.ctid
), indexed AS (
    INSERT INTO attribute_values (directory_id, resource_type, attribute, value, resource_id, is_unique, is_global)
    SELECT $1, $3, i.attribute, i.value, $2, i.uniqueness > 0, i.uniqueness = 2
    FROM updated, unnest($11::text[], $12::text[], $13::smallint[]) AS i (attribute, value, uniqueness)
), taken_apart AS (
    INSERT INTO substrings (directory_id, resource_id, grams)
    SELECT $1, $2, $20::integer[] FROM updated WHERE $20::integer[] IS NOT NULL
    ON CONFLICT (directory_id, resource_id) DO UPDATE SET grams = EXCLUDED.grams
), logged AS (
    INSERT INTO events (directory_id, at, actor, kind, resource_type, resource_id, version, detail)
    SELECT $1, $18, $19, 'update', $3, $2, version,
        CASE WHEN added > 0 OR removed > 0 THEN format('{\"added\":%s,\"removed\":%s}', added, removed) END
    FROM updated
)
SELECT COALESCE(updated.version, decided.version), decided.created,
    COALESCE(updated.last_modified, decided.last_modified), decided.changes, decided.verdict
FROM decided LEFT JOIN updated ON true";

/// Waits until nobody else changes the resource.
const LOCK: &str = "SELECT 1 FROM resources WHERE directory_id = $1 AND id = $2 FOR NO KEY UPDATE";

pub(super) async fn update(
    connections: &Connections,
    directory: DirectoryId,
    commit: &Commit,
    update: &Update,
    locking: Locking,
) -> Result<Committed, Failure> {
    let document = update.document.as_ref();
    let removed = IndexColumns::of(document.map_or(&[], |document| &document.index_removed));
    let added = IndexColumns::of(document.map_or(&[], |document| &document.index_added));
    let (password, hash) = match &update.password {
        PasswordChange::Keep => ("keep", None),
        PasswordChange::Set(hash) => ("set", Some(hash)),
        PasswordChange::Remove => ("remove", None),
    };
    let query = sqlx::query(UPDATE)
        .bind(directory.0)
        .bind(update.id.0)
        .bind(&update.resource_type)
        .bind(update.expected_version)
        .bind(document.map(|document| &document.document))
        .bind(document.map(|document| &document.keys))
        .bind(password)
        .bind(hash)
        .bind(&removed.attributes)
        .bind(&removed.values)
        .bind(&added.attributes)
        .bind(&added.values)
        .bind(&added.uniqueness)
        .bind(update.members.clear)
        .bind(sorted_ids(&update.members.remove))
        .bind(sorted_ids(&update.members.add))
        .bind(&update.member_types)
        .bind(commit.now.0)
        .bind(commit.actor.map(|actor| actor.0))
        .bind(document.and_then(|document| document.grams.as_deref()).map(signed))
        .bind(commit.basis.map(|basis| basis.revision))
        .bind(update.source.map(|source| source == Source::Manual))
        .bind(update.held);
    let row = match Adding::of(commit) {
        Some(adding) => bounded::fetch(connections, directory, commit, &adding, query, MADE).await?,
        None => {
            let lock = (locking == Locking::Before).then(|| sqlx::query(LOCK).bind(directory.0).bind(update.id.0));
            run_statement(connections, commit, lock, query, MADE).await?
        }
    };
    let row = match row {
        Ok(row) => row.ok_or(Failure::Final(StoreError::NotFound))?,
        Err(error) => {
            return Err(refused(error, connections, directory, &update.resource_type, update.id, &added).await);
        }
    };
    match row.try_get(4).map_err(corrupt("resources")).map_err(Failure::Final)? {
        "schemas changed" => Err(Failure::Final(StoreError::SchemasChanged)),
        "other source" => Err(Failure::Final(StoreError::OtherSource)),
        "conflict" => Err(Failure::Final(StoreError::VersionConflict)),
        "unknown member" => Err(Failure::Final(StoreError::UnknownMember)),
        "outrun" => Err(Failure::Outrun),
        _ => read_committed(&row),
    }
}
