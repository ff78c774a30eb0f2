//! Schemas and resource types of an operator, and the indexes that they ask for.

use super::connections::{CHANGING, Connections};
use super::failure::{Cause, corrupt, store_error};
use super::{dialect, operator};
use crate::clock::Timestamp;
use crate::id::{DirectoryId, ResourceId};
use crate::store::operator::GlobalValue;
use crate::store::sql::uniqueness_number;
use crate::store::{DefinitionChange, DefinitionKind, DefinitionRow, ResourceIndex, StoreError};
use sqlx::Row;
use sqlx::postgres::PgRow;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// `directory_id` of what is for every Directory.
const EVERY: i64 = 0;

pub(super) async fn definitions(
    connections: &Connections,
    directory: Option<DirectoryId>,
    limit: u32,
) -> Result<Vec<DefinitionRow>, StoreError> {
    let query = sqlx::query(
        "SELECT directory_id, kind, name, definition FROM definitions WHERE directory_id IN ($1, $2) \
         ORDER BY directory_id, kind, name LIMIT $3",
    )
    .bind(EVERY)
    .bind(directory.map_or(EVERY, |directory| directory.0))
    .bind(i64::from(limit));
    let rows = connections.fetch_all(query).await.map_err(store_error)?;
    rows.iter().map(read_definition).collect()
}

/// The rows of the Directories are locked first, so that what is compared is what is changed; and before them the record, as
/// whatever an operator does locks it.
pub(super) async fn change(connections: &Connections, change: &DefinitionChange, now: Timestamp) -> Result<(), StoreError> {
    let (directories, revisions): (Vec<i64>, Vec<i64>) =
        change.expected.iter().map(|(directory, revision)| (directory.0, *revision)).unzip();
    let columns = |of: &[(DefinitionKind, String)]| -> (Vec<&'static str>, Vec<String>) {
        of.iter().map(|(kind, name)| (kind.word(), name.clone())).unzip()
    };
    let (removed_kinds, removed_names) = columns(&change.remove);
    let put: Vec<_> = change.put.iter().map(|(kind, name, _)| (*kind, name.clone())).collect();
    let (put_kinds, put_names) = columns(&put);
    let put_definitions: Vec<&str> = change.put.iter().map(|(_, _, definition)| definition.as_str()).collect();
    let lock = sqlx::query("SELECT id FROM directories WHERE $2 = 0 OR id = ANY($1::bigint[]) ORDER BY id FOR UPDATE")
        .bind(directories.clone())
        .bind(change.directory.map_or(EVERY, |directory| directory.0));
    let statement = sqlx::query(
        "WITH fit AS ( \
             SELECT 1 WHERE cardinality($2::bigint[]) = ( \
                 SELECT count(*) FROM unnest($2::bigint[], $3::bigint[]) AS e (id, revision) \
                 JOIN directories d ON d.id = e.id AND d.schema_revision = e.revision \
             ) \
         ), moved AS ( \
             UPDATE directories SET schema_revision = schema_revision + 1 \
             WHERE ($1 = 0 OR id = ANY($2::bigint[])) AND EXISTS (SELECT 1 FROM fit) \
         ), removed AS ( \
             DELETE FROM definitions WHERE directory_id = $1 \
                 AND (kind, name) IN (SELECT * FROM unnest($4::text[], $5::text[])) AND EXISTS (SELECT 1 FROM fit) \
         ), put AS ( \
             INSERT INTO definitions (directory_id, kind, name, definition, created) \
             SELECT $1, p.kind, p.name, p.definition, $9 \
             FROM fit, unnest($6::text[], $7::text[], $8::text[]) AS p (kind, name, definition) \
             ON CONFLICT (directory_id, kind, name) DO UPDATE SET definition = excluded.definition \
         ) SELECT 1 FROM fit",
    )
    .bind(change.directory.map_or(EVERY, |directory| directory.0))
    .bind(directories)
    .bind(revisions)
    .bind(removed_kinds)
    .bind(removed_names)
    .bind(put_kinds)
    .bind(put_names)
    .bind(put_definitions)
    .bind(now.0);
    connections
        .transact(async |connection| {
            if !change.record.is_empty() {
                dialect::lock_record(connection).await?;
            }
            lock.execute(&mut *connection).await.map_err(store_error)?;
            let fits = statement.fetch_optional(&mut *connection).await.map_err(store_error)?;
            fits.ok_or(StoreError::VersionConflict)?;
            for entry in &change.record {
                operator::append(connection, entry, None).await?;
            }
            Ok(())
        })
        .await
}

/// How often it is asked whether sessions have come to an end.
const WAIT_PAUSE: Duration = Duration::from_millis(20);

/// How much longer than its statements a transaction may take.
const WAIT_GRACE: Duration = Duration::from_secs(5);

/// A change compares its revision with what its statement sees, without a lock, which all changes of a Directory would share.
/// So a statement whose snapshot is from before the new revision was committed goes through after it. Those are the statements
/// of transactions that are open now: each transaction holds the lock on its own number from before its first snapshot until
/// after its end can be seen by others. Who begins later sees the new revision.
///
/// Sessions that change no resource have another name, and are not waited for: a snapshot may be open for as long as an export.
///
/// It is bounded by what a transaction may take at most: two statements, of which each ends by its timeout.
pub(super) async fn wait_for_changes(connections: &Connections) -> Result<(), StoreError> {
    let query = sqlx::query(
        "SELECT l.virtualxid FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
         WHERE l.locktype = 'virtualxid' AND l.virtualtransaction = l.virtualxid AND l.pid <> pg_backend_pid() \
             AND a.datname = current_database() AND a.application_name = $1",
    )
    .bind(CHANGING);
    let rows = connections.fetch_all(query).await.map_err(store_error)?;
    let mut open: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(corrupt("pg_locks"))?;
    let deadline = Instant::now() + 2 * connections.options().statement_timeout + WAIT_GRACE;
    while !open.is_empty() {
        if Instant::now() >= deadline {
            return Err(StoreError::Contention(sqlx::Error::PoolTimedOut));
        }
        tokio::time::sleep(WAIT_PAUSE).await;
        let query = sqlx::query("SELECT virtualxid FROM pg_locks WHERE locktype = 'virtualxid' AND virtualxid = ANY($1::text[])")
            .bind(&open);
        let rows = connections.fetch_all(query).await.map_err(store_error)?;
        open = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(corrupt("pg_locks"))?;
    }
    Ok(())
}

/// The resources are locked before their rows are written: one that waits for a change is seen as that change leaves it, and
/// is left out if it is at another version then. One that waits for this sees the rows that are written here, because it locks
/// the resource before it looks ([`Basis::building`](crate::store::Basis)). A row that is as it should be stays, so that a
/// second builder moves nothing under those who change it.
pub(super) async fn index_resources(
    connections: &Connections,
    directory: DirectoryId,
    revision: i64,
    resource_type: &str,
    resources: &[ResourceIndex],
) -> Result<Vec<ResourceId>, StoreError> {
    let (ids, versions): (Vec<Uuid>, Vec<i64>) = resources.iter().map(|resource| (resource.id.0, resource.version)).unzip();
    let (mut of, mut attributes, mut values, mut uniqueness) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for resource in resources {
        for row in &resource.rows {
            of.push(resource.id.0);
            attributes.push(row.attribute.as_str());
            values.push(row.value.as_str());
            uniqueness.push(uniqueness_number(row.uniqueness));
        }
    }
    let query = sqlx::query(
        "WITH schemas AS MATERIALIZED ( \
             SELECT 1 FROM directories WHERE id = $1 AND schema_revision <= $9 \
         ), locked AS MATERIALIZED ( \
             SELECT r.id FROM schemas, unnest($3::uuid[], $4::bigint[]) AS w (id, version) \
             JOIN resources r ON r.directory_id = $1 AND r.id = w.id \
             WHERE r.resource_type = $2 AND r.version = w.version ORDER BY r.id FOR SHARE OF r \
         ), indexed AS ( \
             INSERT INTO attribute_values (directory_id, resource_type, attribute, value, resource_id, is_unique, is_global) \
             SELECT $1, $2, i.attribute, i.value, i.id, i.uniqueness > 0, i.uniqueness = 2 \
             FROM unnest($5::uuid[], $6::text[], $7::text[], $8::smallint[]) AS i (id, attribute, value, uniqueness) \
             JOIN locked ON locked.id = i.id \
             ON CONFLICT (directory_id, resource_type, attribute, value, resource_id) \
                 DO UPDATE SET is_unique = excluded.is_unique, is_global = excluded.is_global \
                 WHERE (attribute_values.is_unique, attribute_values.is_global) <> (excluded.is_unique, excluded.is_global) \
         ) SELECT id FROM locked UNION ALL SELECT NULL WHERE NOT EXISTS (SELECT 1 FROM schemas)",
    )
    .bind(directory.0)
    .bind(resource_type)
    .bind(ids)
    .bind(versions)
    .bind(of)
    .bind(attributes)
    .bind(values)
    .bind(uniqueness)
    .bind(revision);
    let rows = connections.fetch_all(query).await.map_err(|error| match Cause::of(&error) {
        // Which attribute it is, the caller finds out: it has all of them.
        Cause::Unique => StoreError::Uniqueness { attribute: String::new() },
        Cause::ForeignKey
        | Cause::Deadlock
        | Cause::LockTimeout
        | Cause::StatementTimeout
        | Cause::Full
        | Cause::Unavailable
        | Cause::Misconfigured
        | Cause::Other => store_error(error),
    })?;
    let id = |row: &PgRow| row.try_get::<Option<Uuid>, _>(0).map_err(corrupt("resources"));
    rows.iter().map(|row| id(row)?.map(ResourceId).ok_or(StoreError::SchemasChanged)).collect()
}

pub(super) async fn drop_index(
    connections: &Connections,
    directory: DirectoryId,
    revision: i64,
    resource_type: &str,
    attribute: &str,
    limit: u32,
) -> Result<u64, StoreError> {
    let query = sqlx::query(
        "WITH schemas AS MATERIALIZED ( \
             SELECT 1 FROM directories WHERE id = $1 AND schema_revision <= $5 \
         ), dropped AS ( \
             DELETE FROM attribute_values WHERE directory_id = $1 AND resource_type = $2 AND attribute = $3 \
                 AND (value, resource_id) IN (SELECT value, resource_id FROM schemas, attribute_values \
                     WHERE directory_id = $1 AND resource_type = $2 AND attribute = $3 LIMIT $4) \
             RETURNING 1 \
         ) SELECT (SELECT count(*) FROM dropped) FROM schemas",
    )
    .bind(directory.0)
    .bind(resource_type)
    .bind(attribute)
    .bind(i64::from(limit))
    .bind(revision);
    let row = connections.fetch_optional(query).await.map_err(store_error)?.ok_or(StoreError::SchemasChanged)?;
    let dropped: i64 = row.try_get(0).map_err(corrupt("attribute_values"))?;
    Ok(dropped.unsigned_abs())
}

/// Looks into all Directories but one, past the rule that a statement reads one: of those there it gives nothing, not even which.
const TAKEN_ELSEWHERE: &str = "
SELECT i.place
FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS i (resource_type, attribute, value, place), LATERAL (
    SELECT 1 FROM attribute_values WHERE directory_id <> $1 AND resource_type = i.resource_type
        AND attribute = i.attribute AND value = i.value AND is_global OFFSET 0
) AS v
ORDER BY i.place";

pub(super) async fn taken_elsewhere(
    connections: &Connections,
    directory: DirectoryId,
    values: &[GlobalValue],
) -> Result<Vec<usize>, StoreError> {
    let column = |of: fn(&GlobalValue) -> &str| values.iter().map(of).collect::<Vec<&str>>();
    let query = sqlx::query(TAKEN_ELSEWHERE)
        .bind(directory.0)
        .bind(column(|value| &value.resource_type))
        .bind(column(|value| &value.attribute))
        .bind(column(|value| &value.value));
    let rows = connections.fetch_all(query).await.map_err(store_error)?;
    let corrupt = corrupt("attribute_values");
    // Places count from 1 there.
    rows.iter().map(|row| Ok(row.try_get::<i64, _>(0).map_err(&corrupt)?.unsigned_abs() as usize - 1)).collect()
}

/// Reads the columns directory_id, kind, name, definition.
fn read_definition(row: &PgRow) -> Result<DefinitionRow, StoreError> {
    let corrupt = corrupt("definitions");
    let directory: i64 = row.try_get(0).map_err(&corrupt)?;
    let kind: String = row.try_get(1).map_err(&corrupt)?;
    Ok(DefinitionRow {
        directory: (directory != EVERY).then_some(DirectoryId(directory)),
        kind: DefinitionKind::of(&kind).ok_or_else(|| corrupt(sqlx::Error::Decode(kind.into())))?,
        name: row.try_get(2).map_err(&corrupt)?,
        definition: row.try_get(3).map_err(&corrupt)?,
    })
}
