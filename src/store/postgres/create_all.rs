//! Many new resources of a Directory and type, by one statement.

use super::commit::signed;
use super::connections::{Connections, Prepared};
use super::failure::corrupt;
use crate::id::DirectoryId;
use crate::store::bounds::Adding;
use crate::store::sql::uniqueness_number;
use crate::store::{Change, Commit, Committed, IndexRow, MatchKeys, NewResource, Source, StoreError};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

/// One row for each resource, in the order in which they were given: whether it was made; whether the schemas are those that it
/// was made by; whether it is barred; which unique value somebody has already. It is made if nothing of that is against it.
/// No row: there is no such Directory.
///
/// Everything hangs on `made`, so of one that is refused nothing is written. Who takes a unique value while this runs is seen by
/// nobody but the unique index, which then ends the whole statement. What else there is to say stands beside the statement of
/// one ([`super::create`]).
///
/// A value that is unique in every Directory is looked up in all of them, past the rule that a statement reads one Directory: what it
/// learns is that the value is taken, and nothing of whom. Other values are not looked up there.
///
/// What is looked up is looked up one by one (`OFFSET 0`): a plan that was made while the tables were empty would read all of them.
/// Rows of the index name their resource by its place.
///
/// Who waits for somebody's unique value waits for 250 ms, so that the others of its statement do; then each is tried alone.
const CREATE_ALL: &str = "
WITH patience AS MATERIALIZED (
    SELECT set_config('lock_timeout', '250', true)
), taken AS MATERIALIZED (
    SELECT i.place, min(i.attribute) AS attribute
    FROM unnest($14::bigint[], $15::text[], $16::text[], $17::smallint[]) AS i (place, attribute, value, uniqueness), LATERAL (
        (SELECT 1 FROM attribute_values
        WHERE directory_id = $1 AND resource_type = $2 AND attribute = i.attribute AND value = i.value AND is_unique OFFSET 0)
        UNION ALL
        (SELECT 1 FROM attribute_values WHERE i.uniqueness = 2
            AND directory_id <> $1 AND resource_type = $2 AND attribute = i.attribute AND value = i.value AND is_global OFFSET 0)
    ) AS v
    WHERE i.uniqueness > 0 GROUP BY i.place
), given AS MATERIALIZED (
    SELECT g.*, t.attribute AS taken, coalesce(d.schema_revision <= g.basis, true) AS current, EXISTS (
        SELECT 1 FROM tombstones
        WHERE directory_id = $1 AND resource_type = $2 AND external_key = g.external_key AND barred <> 'no' OFFSET 0
    ) OR EXISTS (
        SELECT 1 FROM tombstones
        WHERE directory_id = $1 AND resource_type = $2 AND name_key = g.name_key AND barred <> 'no'
            AND (external_key IS NULL OR g.external_key IS NULL)
        OFFSET 0
    ) AS barred
    FROM patience, directories d, unnest(
        $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::boolean[], $11::text[],
        $12::text[], $13::text[]
    ) WITH ORDINALITY AS g (id, document, keys, password_hash, at, actor, basis, manual, name_key, external_key, grams, place)
    LEFT JOIN taken t ON t.place = g.place
    WHERE d.id = $1
), made AS MATERIALIZED (
    SELECT * FROM given WHERE current AND NOT barred AND taken IS NULL
), made_at AS (
    SELECT array_agg(current AND NOT barred AND taken IS NULL ORDER BY place) AS place FROM given
), created AS (
    INSERT INTO resources (directory_id, id, resource_type, document, version, created, last_modified, password_hash, keys,
        manual)
    SELECT $1, id, $2, document, 1, at, at, password_hash, keys::jsonb, manual FROM made
), counted AS (
    INSERT INTO counters (directory_id, resource_type, slot, resources)
    SELECT $1, $2, pg_backend_pid() % 64, count(*) FROM made HAVING count(*) > 0
    ON CONFLICT (directory_id, resource_type, slot) DO UPDATE SET resources = counters.resources + excluded.resources
), indexed AS (
    INSERT INTO attribute_values (directory_id, resource_type, attribute, value, resource_id, is_unique, is_global)
    SELECT $1, $2, i.attribute, i.value, ($3::uuid[])[i.place], i.uniqueness > 0, i.uniqueness = 2
    FROM made_at, unnest($14::bigint[], $15::text[], $16::text[], $17::smallint[]) AS i (place, attribute, value, uniqueness)
    WHERE made_at.place[i.place]
), taken_apart AS (
    INSERT INTO substrings (directory_id, resource_id, grams)
    SELECT $1, id, grams::integer[] FROM made WHERE grams <> '{}'
), logged AS (
    INSERT INTO events (directory_id, at, actor, kind, resource_type, resource_id, version, detail)
    SELECT $1, at, actor, 'create', $2, id, 1, NULL FROM made ORDER BY place
)
SELECT current AND NOT barred AND taken IS NULL, current, barred, taken
FROM given ORDER BY place";

/// A resource to be made, and the change that makes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Creation<'c> {
    pub commit: &'c Commit,
    pub resource: &'c NewResource,
}

impl<'c> Creation<'c> {
    /// `None`: the change is another one.
    pub(super) fn of(commit: &'c Commit) -> Option<Self> {
        match &commit.change {
            Change::Create(resource) => Some(Self { commit, resource }),
            Change::Update(_) | Change::Delete { .. } => None,
        }
    }

    /// Whether others may be made by the same statement: there is nothing to lock, to count or to put on record for it, and nobody has to
    /// look whether its id is spent.
    pub(super) fn is_plain(&self) -> bool {
        let is_alone = self.commit.record.is_none() && !self.resource.once;
        is_alone && self.resource.members.is_empty() && Adding::of(self.commit).is_none()
    }
}

/// Makes resources of one type that are [plain](Creation::is_plain), each of which is made or refused by itself. No two of them
/// may have a unique value in common.
///
/// # Errors
/// None was made; if it is the server that says so, each may be tried alone.
pub(super) async fn create_all(
    connections: &Connections,
    directory: DirectoryId,
    resource_type: &str,
    creations: &[Creation<'_>],
) -> Result<Vec<Result<Committed, StoreError>>, sqlx::Error> {
    let rows = connections.fetch_all(statement(directory, resource_type, creations)).await?;
    let outcome = |(place, creation): (usize, &Creation<'_>)| match rows.get(place) {
        Some(row) => outcome(row, creation.commit),
        None => Err(StoreError::NotFound),
    };
    Ok(creations.iter().enumerate().map(outcome).collect())
}

fn statement<'q>(directory: DirectoryId, resource_type: &'q str, creations: &[Creation<'q>]) -> Prepared<'q> {
    let index = PlacedIndex::of(creations);
    let resources = || creations.iter().map(|creation| creation.resource);
    let commits = || creations.iter().map(|creation| creation.commit);
    let key = |of: fn(&'q MatchKeys) -> Option<&'q str>| -> Vec<Option<&'q str>> {
        resources().map(|resource| resource.match_keys.as_ref().and_then(of)).collect()
    };
    sqlx::query(CREATE_ALL)
        .bind(directory.0)
        .bind(resource_type)
        .bind(resources().map(|resource| resource.id.0).collect::<Vec<Uuid>>())
        .bind(resources().map(|resource| resource.document.as_str()).collect::<Vec<&str>>())
        .bind(resources().map(|resource| resource.keys.as_str()).collect::<Vec<&str>>())
        .bind(resources().map(|resource| resource.password_hash.as_deref()).collect::<Vec<Option<&str>>>())
        .bind(commits().map(|commit| commit.now.0).collect::<Vec<i64>>())
        .bind(commits().map(|commit| commit.actor.map(|actor| actor.0)).collect::<Vec<Option<i64>>>())
        .bind(commits().map(|commit| commit.basis.map(|basis| basis.revision)).collect::<Vec<Option<i64>>>())
        .bind(resources().map(|resource| resource.source == Source::Manual).collect::<Vec<bool>>())
        .bind(key(|keys| keys.name.as_deref()))
        .bind(key(|keys| keys.external_id.as_deref()))
        .bind(resources().map(|resource| array_text(&signed(&resource.grams))).collect::<Vec<String>>())
        .bind(index.places)
        .bind(index.attributes)
        .bind(index.values)
        .bind(index.uniqueness)
}

fn outcome(row: &PgRow, commit: &Commit) -> Result<Committed, StoreError> {
    let corrupt = corrupt("resources");
    let read = |column: usize| row.try_get::<bool, _>(column).map_err(&corrupt);
    if read(0)? {
        return Ok(Committed { version: 1, created: commit.now, last_modified: commit.now, changed: true });
    }
    if !read(1)? {
        return Err(StoreError::SchemasChanged);
    }
    if read(2)? {
        return Err(StoreError::Barred);
    }
    Err(StoreError::Uniqueness { attribute: row.try_get(3).map_err(&corrupt)? })
}

/// The text of an array, as arrays of different lengths cannot travel in one array.
pub(super) fn array_text(numbers: &[i32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    format!("{{{}}}", numbers.join(","))
}

/// The index rows of all resources as columns; sorted, so that all statements take unique values in one order.
#[derive(Default)]
struct PlacedIndex<'r> {
    /// The place of the resource among those that are given, from 1.
    places: Vec<i64>,
    attributes: Vec<&'r str>,
    values: Vec<&'r str>,
    /// As [`uniqueness_number`] has it.
    uniqueness: Vec<i16>,
}

impl<'r> PlacedIndex<'r> {
    fn of(creations: &[Creation<'r>]) -> Self {
        let rows = |(place, creation): (i64, &Creation<'r>)| creation.resource.index.iter().map(move |row| (row, place));
        let mut rows: Vec<(&IndexRow, i64)> = (1..).zip(creations).flat_map(rows).collect();
        rows.sort_unstable();
        rows.dedup();
        let mut columns = Self::default();
        for (row, place) in rows {
            columns.places.push(place);
            columns.attributes.push(&row.attribute);
            columns.values.push(&row.value);
            columns.uniqueness.push(uniqueness_number(row.uniqueness));
        }
        columns
    }
}
