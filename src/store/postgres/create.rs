//! A new resource.

use super::bounded;
use super::commit::{Failure, IndexColumns, refused, run_statement, signed, sorted_ids};
use super::connections::Connections;
use super::failure::corrupt;
use crate::id::DirectoryId;
use crate::store::bounds::Adding;
use crate::store::{Commit, Committed, NewResource, Source, StoreError};
use sqlx::Row;

/// The column that says whether anything changed.
const MADE: usize = 1;

/// One row: whether the schemas are those that the change was made by, whether the resource was created, which without
/// the first it is not, nor if a member is unknown, and whether it is barred or its id is spent, for then it is not either.
///
/// An id that may be spent is of a creation by an operator ([`NewResource::once`]), and so is what it created and who may delete that:
/// they come one behind the other, by the lock of their record, so each sees what the one before deleted.
///
/// Who waits for a unique value of a resource that an operator deletes meanwhile sees no tombstone of it, as if it had come
/// before the operator.
///
/// Everything hangs on `known`: if a member is missing, nothing is written. A member that goes while this runs is
/// refused by the foreign key. The counter's slot is the session's, so that sessions do not queue on one row; session
/// numbers are given in turn, so those of one pool fall into different slots.
const CREATE: &str = "
WITH schemas AS MATERIALIZED (
    SELECT $15::bigint IS NULL OR schema_revision <= $15::bigint AS current, EXISTS (
        SELECT 1 FROM tombstones
        WHERE directory_id = $1 AND resource_type = $3 AND external_key = $18::text AND barred <> 'no'
    ) OR EXISTS (
        SELECT 1 FROM tombstones
        WHERE directory_id = $1 AND resource_type = $3 AND name_key = $17::text AND barred <> 'no'
            AND (external_key IS NULL OR $18::text IS NULL)
    ) AS barred, $19::boolean AND EXISTS (
        SELECT 1 FROM events WHERE directory_id = $1 AND resource_id = $2 AND kind = 'delete'
    ) AS spent
    FROM directories WHERE id = $1
), known AS (
    SELECT 1 FROM schemas WHERE current AND NOT barred AND NOT spent AND cardinality($10::uuid[]) = (
        SELECT count(*) FILTER (WHERE r.resource_type = ANY($11::text[])) FROM unnest($10::uuid[]) AS m (id),
            LATERAL (SELECT resource_type FROM resources WHERE directory_id = $1 AND id = m.id OFFSET 0) AS r
    )
), created AS (
    INSERT INTO resources (directory_id, id, resource_type, document, version, created, last_modified, password_hash, keys,
        manual)
    SELECT $1, $2, $3, $4, 1, $12, $12, $6, $5::text::jsonb, $16 FROM known
    RETURNING id
), counted AS (
    INSERT INTO counters (directory_id, resource_type, slot, resources)
    SELECT $1, $3, pg_backend_pid() % 64, 1 FROM created
    ON CONFLICT (directory_id, resource_type, slot) DO UPDATE SET resources = counters.resources + 1
), indexed AS (
    INSERT INTO attribute_values (directory_id, resource_type, attribute, value, resource_id, is_unique, is_global)
    SELECT $1, $3, i.attribute, i.value, $2, i.uniqueness > 0, i.uniqueness = 2
    FROM created, unnest($7::text[], $8::text[], $9::smallint[]) AS i (attribute, value, uniqueness)
), taken_apart AS (
    INSERT INTO substrings (directory_id, resource_id, grams)
    SELECT $1, $2, $14::integer[] FROM created WHERE cardinality($14::integer[]) > 0
), joined AS (
    INSERT INTO members (directory_id, group_id, member_id)
    SELECT $1, $2, m.id FROM created, unnest($10::uuid[]) AS m (id)
), logged AS (
    INSERT INTO events (directory_id, at, actor, kind, resource_type, resource_id, version, detail)
    SELECT $1, $12, $13, 'create', $3, $2, 1,
        CASE WHEN cardinality($10::uuid[]) > 0 THEN format('{\"added\":%s,\"removed\":0}', cardinality($10::uuid[])) END
    FROM created
)
SELECT current, EXISTS (SELECT 1 FROM created), barred, spent FROM schemas";

pub(super) async fn create(
    connections: &Connections,
    directory: DirectoryId,
    commit: &Commit,
    resource: &NewResource,
) -> Result<Committed, Failure> {
    let index = IndexColumns::of(&resource.index);
    let query = sqlx::query(CREATE)
        .bind(directory.0)
        .bind(resource.id.0)
        .bind(&resource.resource_type)
        .bind(&resource.document)
        .bind(&resource.keys)
        .bind(&resource.password_hash)
        .bind(&index.attributes)
        .bind(&index.values)
        .bind(&index.uniqueness)
        .bind(sorted_ids(&resource.members))
        .bind(&resource.member_types)
        .bind(commit.now.0)
        .bind(commit.actor.map(|actor| actor.0))
        .bind(signed(&resource.grams))
        .bind(commit.basis.map(|basis| basis.revision))
        .bind(resource.source == Source::Manual)
        .bind(resource.match_keys.as_ref().and_then(|keys| keys.name.as_deref()))
        .bind(resource.match_keys.as_ref().and_then(|keys| keys.external_id.as_deref()))
        .bind(resource.once);
    let row = match Adding::of(commit) {
        Some(adding) => bounded::fetch(connections, directory, commit, &adding, query, MADE).await?,
        None => run_statement(connections, commit, None, query, MADE).await?,
    };
    let row = match row {
        Ok(row) => row,
        Err(error) => {
            return Err(refused(error, connections, directory, &resource.resource_type, resource.id, &index).await);
        }
    };
    let row = row.ok_or(Failure::Final(StoreError::NotFound))?;
    let read = |column| row.try_get(column).map_err(corrupt("resources")).map_err(Failure::Final);
    match (read(0)?, read(1)?) {
        (true, false) if read(3)? => Err(Failure::Final(StoreError::Spent)),
        (true, false) if read(2)? => Err(Failure::Final(StoreError::Barred)),
        (_, true) => Ok(Committed { version: 1, created: commit.now, last_modified: commit.now, changed: true }),
        (true, false) => Err(Failure::Final(StoreError::UnknownMember)),
        (false, false) => Err(Failure::Final(StoreError::SchemasChanged)),
    }
}
