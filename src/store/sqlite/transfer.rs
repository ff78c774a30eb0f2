//! A Directory on its way out of the file, and into it.

use super::change::ids_to_json;
use super::connect::Database;
use super::definitions::check_revision;
use super::failure::{Cause, corrupt, store_error};
use super::operator;
use crate::clock::Timestamp;
use crate::id::{DirectoryId, ResourceId};
use crate::store::sql::{Dialect, grams_text, uniqueness_number};
use crate::store::transfer::{Edge, Exported, Imported, Mark, Snapshot, Taken};
use crate::store::{Basis, IndexRow, Source, StoreError};
use async_trait::async_trait;
use serde_json::json;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row, SqliteConnection};

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

pub(super) const RESOURCES: &str = exported!("id > $2 ORDER BY id LIMIT +$3");

pub(super) const EDGES: &str = "SELECT group_id, member_id FROM members \
     WHERE directory_id = $1 AND (group_id, member_id) > ($2, $3) ORDER BY group_id, member_id LIMIT +$4";

pub(super) const STORED: &str = exported!("id IN (SELECT unhex(value) FROM json_each($2))");

pub(super) const MARK: &str = "SELECT d.revision, d.schema_revision, d.silent_changes, \
         (SELECT count(*) FROM (SELECT 1 FROM events WHERE directory_id = $1 AND seq > $2 LIMIT +$3) AS listed), \
         (SELECT seq FROM events WHERE directory_id = $1 AND seq >= $2 ORDER BY seq DESC LIMIT 1), \
         (SELECT at FROM events WHERE directory_id = $1 AND seq >= $2 ORDER BY seq DESC LIMIT 1) \
     FROM directories AS d WHERE d.id = $1";

pub(super) const SETTLED: &str = "SELECT COALESCE(max(seq), 0) FROM events WHERE directory_id = $1 AND seq > 0";

/// A transaction that sees what was there when it began. The log of the file grows while it lasts. Its connection is its
/// own and is closed with it, so that nobody inherits an open transaction or waits for a connection because of it.
pub(super) struct SqliteSnapshot {
    connection: SqliteConnection,
    directory: DirectoryId,
}

pub(super) async fn snapshot(database: &Database, directory: DirectoryId) -> Result<SqliteSnapshot, StoreError> {
    let mut connection = database.connect_own().await?;
    // The snapshot is that of the first statement that reads.
    sqlx::query("BEGIN; SELECT count(*) FROM (SELECT 1 FROM directories LIMIT 1)")
        .execute(&mut connection)
        .await
        .map_err(store_error)?;
    Ok(SqliteSnapshot { connection, directory })
}

#[async_trait]
impl Snapshot for SqliteSnapshot {
    async fn mark(&mut self, settled: i64, limit: u32) -> Result<Option<Mark>, StoreError> {
        let row = sqlx::query(MARK)
            .bind(self.directory.0)
            .bind(settled)
            .bind(limit)
            .fetch_optional(&mut self.connection)
            .await
            .map_err(store_error)?;
        row.as_ref().map(operator::read_mark).transpose()
    }

    async fn resources(&mut self, after: Option<ResourceId>, limit: u32) -> Result<Vec<Exported>, StoreError> {
        let rows = sqlx::query(RESOURCES)
            .bind(self.directory.0)
            .bind(bytes(after))
            .bind(limit)
            .fetch_all(&mut self.connection)
            .await
            .map_err(store_error)?;
        rows.iter().map(read_exported).collect()
    }

    async fn edges(&mut self, after: Option<Edge>, limit: u32) -> Result<Vec<Edge>, StoreError> {
        let rows = sqlx::query(EDGES)
            .bind(self.directory.0)
            .bind(bytes(after.map(|after| after.group)))
            .bind(bytes(after.map(|after| after.member)))
            .bind(limit)
            .fetch_all(&mut self.connection)
            .await
            .map_err(store_error)?;
        let id = |row: &SqliteRow, column| row.try_get(column).map(ResourceId).map_err(corrupt("members"));
        rows.iter().map(|row| Ok(Edge { group: id(row, 0)?, member: id(row, 1)? })).collect()
    }
}

/// An empty blob sorts before every id.
fn bytes(id: Option<ResourceId>) -> Vec<u8> {
    id.map_or_else(Vec::new, |id| id.0.as_bytes().to_vec())
}

/// One transaction writes at a time, so numbers are there in their order.
pub(super) async fn settled(readers: &SqlitePool, directory: DirectoryId) -> Result<i64, StoreError> {
    let row = sqlx::query(SETTLED).bind(directory.0).fetch_one(readers).await.map_err(store_error)?;
    row.try_get(0).map_err(corrupt("events"))
}

pub(super) async fn stored(
    readers: &SqlitePool,
    directory: DirectoryId,
    ids: &[ResourceId],
) -> Result<Vec<Exported>, StoreError> {
    let rows = sqlx::query(STORED).bind(directory.0).bind(ids_to_json(ids)).fetch_all(readers).await.map_err(store_error)?;
    rows.iter().map(read_exported).collect()
}

fn read_exported(row: &SqliteRow) -> Result<Exported, StoreError> {
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

/// The resources are the list `$2`, `[[id, type, document, keys, version, created, last_modified, hash, grams, manual, held], …]`, and their
/// index rows the list `$3`, `[[id, type, attribute, value, uniqueness], …]`.
pub(super) const IMPORT: &str = "INSERT INTO resources (directory_id, id, resource_type, document, version, created, last_modified, password_hash, keys, \
         manual, held) \
     SELECT $1, unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 4, value ->> 5, value ->> 6, value ->> 7, \
         jsonb(value ->> 3), value ->> 9, value ->> 10 FROM json_each($2); \
     INSERT OR REPLACE INTO substrings_due (number, grams) \
     SELECT r.number, i.value ->> 8 FROM json_each($2) AS i \
     CROSS JOIN resources AS r ON r.directory_id = $1 AND r.id = unhex(i.value ->> 0) WHERE i.value ->> 8 <> ''; \
     INSERT INTO attribute_values (directory_id, resource_type, attribute, value, resource_id, is_unique, is_global) \
     SELECT $1, value ->> 1, value ->> 2, value ->> 3, unhex(value ->> 0), value ->> 4 > 0, value ->> 4 = 2 FROM json_each($3); \
     INSERT INTO counters (directory_id, resource_type, slot, resources) \
     SELECT $1, value ->> 1, 0, count(*) FROM json_each($2) WHERE true GROUP BY value ->> 1 \
     ON CONFLICT (directory_id, resource_type, slot) DO UPDATE SET resources = resources + excluded.resources; \
     DELETE FROM tombstones WHERE directory_id = $1 AND resource_id IN (SELECT unhex(value ->> 0) FROM json_each($2)); \
     INSERT INTO events (directory_id, at, actor, kind, resource_type, resource_id, version, detail) \
     SELECT $1, $4, NULL, 'create', value ->> 1, unhex(value ->> 0), value ->> 4, NULL FROM json_each($2)";

/// Who has a unique value already; of one that is unique in every Directory, also who has it in another one, past the rule that a
/// statement reads one Directory.
pub(super) const TAKEN: &str = "ROLLBACK TO job; \
     SELECT unhex(i.value ->> 0), a.attribute FROM json_each($2) AS i CROSS JOIN attribute_values AS a \
         ON a.directory_id = $1 AND a.resource_type = i.value ->> 1 AND a.attribute = i.value ->> 2 AND a.value = i.value ->> 3 \
     WHERE i.value ->> 4 > 0 AND a.is_unique = 1 AND a.resource_id <> unhex(i.value ->> 0) \
     UNION ALL SELECT unhex(i.value ->> 0), a.attribute FROM json_each($2) AS i CROSS JOIN attribute_values AS a \
         ON a.directory_id <> $1 AND a.resource_type = i.value ->> 1 AND a.attribute = i.value ->> 2 AND a.value = i.value ->> 3 \
     WHERE i.value ->> 4 = 2 AND a.is_global = 1 LIMIT 1";

pub(super) async fn import_resources(
    connection: &mut SqliteConnection,
    directory: DirectoryId,
    basis: Basis,
    now: Timestamp,
    resources: &[Imported],
) -> Result<Option<Taken>, StoreError> {
    check_revision(connection, directory, basis.revision).await?;
    let index = index_rows(resources);
    let done = sqlx::query(IMPORT)
        .bind(directory.0)
        .bind(resource_rows(resources))
        .bind(&index)
        .bind(now.0)
        .execute(&mut *connection)
        .await;
    match done {
        Ok(_) => Ok(None),
        Err(error) if Cause::of(&error) == Cause::Unique => {
            let query = sqlx::query(TAKEN).bind(directory.0).bind(index);
            let row = query.fetch_optional(connection).await.map_err(store_error)?.ok_or(StoreError::Exists)?;
            let corrupt = corrupt("attribute_values");
            let (id, attribute) = (row.try_get(0).map_err(&corrupt)?, row.try_get(1).map_err(&corrupt)?);
            Ok(Some(Taken { id: ResourceId(id), attribute }))
        }
        Err(error) => Err(store_error(error)),
    }
}

fn resource_rows(resources: &[Imported]) -> String {
    let row = |one: &Imported| {
        let resource = &one.resource;
        json!([
            hex(resource.id),
            resource.resource_type,
            resource.document,
            resource.keys,
            one.version,
            one.created.0,
            one.last_modified.0,
            resource.password_hash,
            grams_text(Dialect::Sqlite, &resource.grams),
            u8::from(resource.source == Source::Manual),
            u8::from(one.held)
        ])
    };
    json!(resources.iter().map(row).collect::<Vec<_>>()).to_string()
}

fn index_rows(resources: &[Imported]) -> String {
    let rows_of = |one: &Imported| {
        let (id, resource_type) = (hex(one.resource.id), &one.resource.resource_type);
        let row = |row: &IndexRow| json!([id, resource_type, row.attribute, row.value, uniqueness_number(row.uniqueness)]);
        one.resource.index.iter().map(row).collect::<Vec<_>>()
    };
    json!(resources.iter().flat_map(rows_of).collect::<Vec<_>>()).to_string()
}

/// An id in 32 hexadecimal digits, for `unhex`.
fn hex(id: ResourceId) -> String {
    id.0.as_simple().to_string()
}

/// The memberships are the list `$2`, `[[group, member], …]`.
pub(super) const IMPORT_MEMBERS: &str = "RELEASE job; SAVEPOINT job; \
     INSERT INTO members (directory_id, group_id, member_id) \
     SELECT $1, unhex(value ->> 0), unhex(value ->> 1) FROM json_each($2) WHERE true ON CONFLICT DO NOTHING; \
     UPDATE directories SET silent_changes = silent_changes + 1 WHERE id = $1 AND changes() > 0";

pub(super) async fn import_members(
    connection: &mut SqliteConnection,
    directory: DirectoryId,
    edges: &[Edge],
) -> Result<(), StoreError> {
    let rows: Vec<_> = edges.iter().map(|edge| (hex(edge.group), hex(edge.member))).collect();
    let done = sqlx::query(IMPORT_MEMBERS).bind(directory.0).bind(json!(rows).to_string()).execute(connection).await;
    match done {
        Ok(_) => Ok(()),
        Err(error) if Cause::of(&error) == Cause::ForeignKey => Err(StoreError::UnknownMember),
        Err(error) => Err(store_error(error)),
    }
}

/// All statements that join or walk, for the test of their plans.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[MARK, SETTLED, RESOURCES, EDGES, STORED, IMPORT, TAKEN];
