//! A Directory on its way out of the database, and into it.

use super::commit::signed;
use super::connections::Connections;
use super::create_all::array_text;
use super::definitions::wait_for_changes;
use super::failure::{Cause, corrupt, store_error};
use super::operator;
use crate::clock::Timestamp;
use crate::id::{DirectoryId, ResourceId};
use crate::store::sql::uniqueness_number;
use crate::store::transfer::{Edge, Exported, Imported, Mark, Snapshot, Taken};
use crate::store::{Basis, Source, StoreError};
use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// The columns of [`read_exported`].
macro_rules! exported {
    ($rest:literal) => {
        concat!(
            "SELECT id, resource_type, document, version, created, last_modified, password_hash, manual, held FROM resources \
             WHERE directory_id = $1 AND ",
            $rest
        )
    };
}

const MARK: &str = "SELECT d.revision, d.schema_revision, d.silent_changes, \
         (SELECT count(*) FROM (SELECT 1 FROM events WHERE directory_id = $1 AND seq > $2 LIMIT $3) AS listed), \
         (SELECT seq FROM events WHERE directory_id = $1 AND seq >= $2 ORDER BY seq DESC LIMIT 1), \
         (SELECT at FROM events WHERE directory_id = $1 AND seq >= $2 ORDER BY seq DESC LIMIT 1) \
     FROM directories AS d WHERE d.id = $1";

/// A transaction that sees what was there when it began. Its connection is its own and is closed with it, so nobody inherits
/// an open transaction.
pub(super) struct PostgresSnapshot {
    connection: PgConnection,
    directory: DirectoryId,
}

pub(super) async fn snapshot(connections: &Connections, directory: DirectoryId) -> Result<PostgresSnapshot, StoreError> {
    let mut connection = connections.connect_own().await.map_err(store_error)?;
    sqlx::query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut connection).await.map_err(store_error)?;
    // The snapshot is that of the first statement.
    sqlx::query("SELECT 1").execute(&mut connection).await.map_err(store_error)?;
    Ok(PostgresSnapshot { connection, directory })
}

#[async_trait]
impl Snapshot for PostgresSnapshot {
    async fn mark(&mut self, settled: i64, limit: u32) -> Result<Option<Mark>, StoreError> {
        let row = sqlx::query(MARK)
            .bind(self.directory.0)
            .bind(settled)
            .bind(i64::from(limit))
            .fetch_optional(&mut self.connection)
            .await
            .map_err(store_error)?;
        row.as_ref().map(operator::read_mark).transpose()
    }

    async fn resources(&mut self, after: Option<ResourceId>, limit: u32) -> Result<Vec<Exported>, StoreError> {
        // No id is nil, so all come after it.
        let rows = sqlx::query(exported!("id > $2 ORDER BY id LIMIT $3"))
            .bind(self.directory.0)
            .bind(after.map_or(Uuid::nil(), |after| after.0))
            .bind(i64::from(limit))
            .fetch_all(&mut self.connection)
            .await
            .map_err(store_error)?;
        rows.iter().map(read_exported).collect()
    }

    async fn edges(&mut self, after: Option<Edge>, limit: u32) -> Result<Vec<Edge>, StoreError> {
        let (group, member) = after.map_or((Uuid::nil(), Uuid::nil()), |after| (after.group.0, after.member.0));
        let rows = sqlx::query(
            "SELECT group_id, member_id FROM members \
             WHERE directory_id = $1 AND (group_id, member_id) > ($2, $3) ORDER BY group_id, member_id LIMIT $4",
        )
        .bind(self.directory.0)
        .bind(group)
        .bind(member)
        .bind(i64::from(limit))
        .fetch_all(&mut self.connection)
        .await
        .map_err(store_error)?;
        let id = |row: &PgRow, column| row.try_get(column).map(ResourceId).map_err(corrupt("members"));
        rows.iter().map(|row| Ok(Edge { group: id(row, 0)?, member: id(row, 1)? })).collect()
    }
}

/// Who has drawn a number up to the highest that is there and is not at its end has begun by now, and is waited for.
pub(super) async fn settled(connections: &Connections, directory: DirectoryId) -> Result<i64, StoreError> {
    let query = sqlx::query("SELECT COALESCE(max(seq), 0) FROM events WHERE directory_id = $1 AND seq > 0").bind(directory.0);
    let row = connections.fetch_optional(query).await.map_err(store_error)?;
    let settled = row.map_or(Ok(0), |row| row.try_get(0)).map_err(corrupt("events"))?;
    wait_for_changes(connections).await?;
    Ok(settled)
}

pub(super) async fn stored(
    connections: &Connections,
    directory: DirectoryId,
    ids: &[ResourceId],
) -> Result<Vec<Exported>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let query = sqlx::query(exported!("id = ANY($2::uuid[])")).bind(directory.0).bind(ids);
    let rows = connections.fetch_all(query).await.map_err(store_error)?;
    rows.iter().map(read_exported).collect()
}

fn read_exported(row: &PgRow) -> Result<Exported, StoreError> {
    let corrupt = corrupt("resources");
    Ok(Exported {
        id: ResourceId(row.try_get(0).map_err(&corrupt)?),
        resource_type: row.try_get(1).map_err(&corrupt)?,
        document: row.try_get(2).map_err(&corrupt)?,
        version: row.try_get(3).map_err(&corrupt)?,
        created: Timestamp(row.try_get(4).map_err(&corrupt)?),
        last_modified: Timestamp(row.try_get(5).map_err(&corrupt)?),
        password_hash: row.try_get(6).map_err(&corrupt)?,
        source: Source::of(row.try_get(7).map_err(&corrupt)?),
        held: row.try_get(8).map_err(&corrupt)?,
    })
}

/// One row: whether the schemas are those that the resources were made by; without that nothing is written. No row: there is
/// no such Directory.
const IMPORT: &str = "
WITH schemas AS MATERIALIZED (
    SELECT schema_revision <= $2 AS current FROM directories WHERE id = $1
), given AS MATERIALIZED (
    SELECT g.* FROM schemas, unnest(
        $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::text[],
        $18::boolean[], $19::boolean[]
    ) AS g (id, resource_type, document, keys, version, created, last_modified, password_hash, grams, manual, held) WHERE current
), created AS (
    INSERT INTO resources
        (directory_id, id, resource_type, document, version, created, last_modified, password_hash, keys, manual, held)
    SELECT $1, id, resource_type, document, version, created, last_modified, password_hash, keys::jsonb, manual, held FROM given
), counted AS (
    INSERT INTO counters (directory_id, resource_type, slot, resources)
    SELECT $1, resource_type, pg_backend_pid() % 64, count(*) FROM given GROUP BY resource_type ORDER BY resource_type
    ON CONFLICT (directory_id, resource_type, slot) DO UPDATE SET resources = counters.resources + excluded.resources
), indexed AS (
    INSERT INTO attribute_values (directory_id, resource_type, attribute, value, resource_id, is_unique, is_global)
    SELECT $1, i.resource_type, i.attribute, i.value, i.id, i.uniqueness > 0, i.uniqueness = 2
    FROM schemas, unnest($12::uuid[], $13::text[], $14::text[], $15::text[], $16::smallint[])
        AS i (id, resource_type, attribute, value, uniqueness) WHERE current
), taken_apart AS (
    INSERT INTO substrings (directory_id, resource_id, grams)
    SELECT $1, id, grams::integer[] FROM given WHERE grams <> '{}'
), forgotten AS (
    DELETE FROM tombstones t USING given WHERE t.directory_id = $1 AND t.resource_id = given.id
), logged AS (
    INSERT INTO events (directory_id, at, actor, kind, resource_type, resource_id, version, detail)
    SELECT $1, $17, NULL, 'create', resource_type, id, version, NULL FROM given
)
SELECT current FROM schemas";

/// Who has a unique value already; of one that is unique in every Directory, also who has it in another one, past the rule that a
/// statement reads one Directory.
const TAKEN: &str = "
SELECT i.id, i.attribute
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::smallint[]) AS i (id, resource_type, attribute, value, uniqueness),
LATERAL (
    (SELECT 1 FROM attribute_values WHERE directory_id = $1 AND resource_type = i.resource_type
        AND attribute = i.attribute AND value = i.value AND is_unique AND resource_id <> i.id OFFSET 0)
    UNION ALL
    (SELECT 1 FROM attribute_values WHERE i.uniqueness = 2 AND directory_id <> $1 AND resource_type = i.resource_type
        AND attribute = i.attribute AND value = i.value AND is_global OFFSET 0)
) AS v
WHERE i.uniqueness > 0 ORDER BY i.id, i.attribute LIMIT 1";

pub(super) async fn import_resources(
    connections: &Connections,
    directory: DirectoryId,
    basis: Basis,
    now: Timestamp,
    resources: &[Imported],
) -> Result<Option<Taken>, StoreError> {
    let index = Index::of(resources);
    let column = |of: fn(&Imported) -> &str| resources.iter().map(of).collect::<Vec<&str>>();
    let number = |of: fn(&Imported) -> i64| resources.iter().map(of).collect::<Vec<i64>>();
    let query = sqlx::query(IMPORT)
        .bind(directory.0)
        .bind(basis.revision)
        .bind(resources.iter().map(|one| one.resource.id.0).collect::<Vec<Uuid>>())
        .bind(column(|one| &one.resource.resource_type))
        .bind(column(|one| &one.resource.document))
        .bind(column(|one| &one.resource.keys))
        .bind(number(|one| one.version))
        .bind(number(|one| one.created.0))
        .bind(number(|one| one.last_modified.0))
        .bind(resources.iter().map(|one| one.resource.password_hash.as_deref()).collect::<Vec<Option<&str>>>())
        .bind(resources.iter().map(|one| array_text(&signed(&one.resource.grams))).collect::<Vec<String>>())
        .bind(&index.ids)
        .bind(&index.types)
        .bind(&index.attributes)
        .bind(&index.values)
        .bind(&index.uniqueness)
        .bind(now.0)
        .bind(resources.iter().map(|one| one.resource.source == Source::Manual).collect::<Vec<bool>>())
        .bind(resources.iter().map(|one| one.held).collect::<Vec<bool>>());
    match connections.fetch_optional(query).await {
        Ok(Some(row)) => match row.try_get(0).map_err(corrupt("directories"))? {
            true => Ok(None),
            false => Err(StoreError::SchemasChanged),
        },
        Ok(None) => Err(StoreError::NotFound),
        Err(error) if Cause::of(&error) == Cause::Unique => taken(connections, directory, &index).await,
        Err(error) => Err(store_error(error)),
    }
}

/// Who had a unique value; if nobody, an id was there.
async fn taken(connections: &Connections, directory: DirectoryId, index: &Index<'_>) -> Result<Option<Taken>, StoreError> {
    let query = sqlx::query(TAKEN)
        .bind(directory.0)
        .bind(&index.ids)
        .bind(&index.types)
        .bind(&index.attributes)
        .bind(&index.values)
        .bind(&index.uniqueness);
    let row = connections.fetch_optional(query).await.map_err(store_error)?.ok_or(StoreError::Exists)?;
    let corrupt = corrupt("attribute_values");
    Ok(Some(Taken { id: ResourceId(row.try_get(0).map_err(&corrupt)?), attribute: row.try_get(1).map_err(&corrupt)? }))
}

/// The index rows of all resources as columns; sorted, so that all statements take unique values in one order.
#[derive(Default)]
struct Index<'r> {
    ids: Vec<Uuid>,
    types: Vec<&'r str>,
    attributes: Vec<&'r str>,
    values: Vec<&'r str>,
    /// As [`uniqueness_number`] has it.
    uniqueness: Vec<i16>,
}

impl<'r> Index<'r> {
    fn of(resources: &'r [Imported]) -> Self {
        let rows_of = |one: &'r Imported| {
            let (id, resource_type) = (one.resource.id.0, one.resource.resource_type.as_str());
            one.resource.index.iter().map(move |row| (resource_type, row, id))
        };
        let mut rows: Vec<_> = resources.iter().flat_map(rows_of).collect();
        rows.sort_unstable();
        let mut columns = Self::default();
        for (resource_type, row, id) in rows {
            columns.ids.push(id);
            columns.types.push(resource_type);
            columns.attributes.push(&row.attribute);
            columns.values.push(&row.value);
            columns.uniqueness.push(uniqueness_number(row.uniqueness));
        }
        columns
    }
}

/// `counts` is MATERIALIZED and joined, so that it is not made again if the row of the Directory has moved on.
const IMPORT_MEMBERS: &str = "
WITH added AS (
    INSERT INTO members (directory_id, group_id, member_id)
    SELECT $1, e.group_id, e.member_id FROM unnest($2::uuid[], $3::uuid[]) AS e (group_id, member_id)
    ON CONFLICT (directory_id, group_id, member_id) DO NOTHING
    RETURNING 1
), counts AS MATERIALIZED (
    SELECT count(*) AS added FROM added
)
UPDATE directories d SET silent_changes = d.silent_changes + 1 FROM counts WHERE d.id = $1 AND counts.added > 0";

pub(super) async fn import_members(connections: &Connections, directory: DirectoryId, edges: &[Edge]) -> Result<(), StoreError> {
    let mut edges: Vec<Edge> = edges.to_vec();
    edges.sort_unstable();
    edges.dedup();
    let (groups, members): (Vec<Uuid>, Vec<Uuid>) = edges.iter().map(|edge| (edge.group.0, edge.member.0)).unzip();
    let query = sqlx::query(IMPORT_MEMBERS).bind(directory.0).bind(groups).bind(members);
    match connections.fetch_optional(query).await {
        Ok(_) => Ok(()),
        Err(error) if Cause::of(&error) == Cause::ForeignKey => Err(StoreError::UnknownMember),
        Err(error) => Err(store_error(error)),
    }
}
