//! One change: run to its end, tried again where another change was in the way.
//!
//! Statements lock rows in one order, so that they do not wait for each other in a circle: groups by id, then the
//! resource itself, then (shared, by foreign keys) members, then unique values in order, those of all resources that a
//! statement makes. What slips through, PostgreSQL ends as a deadlock, and it is tried again here.

use super::connections::{Connections, Prepared};
use super::create_all::Creation;
use super::failure::{Cause, corrupt, store_error};
use super::gathering::Gathering;
use super::{create, delete, dialect, operator, update};
use crate::clock::Timestamp;
use crate::id::{DirectoryId, ResourceId};
use crate::scim::resource::Gram;
use crate::store::audit::AuditEntry;
use crate::store::sql::uniqueness_number;
use crate::store::{Change, Commit, Committed, IndexRow, StoreError};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};
use std::sync::Arc;
use uuid::Uuid;

/// How often a change is tried.
const ATTEMPTS_MAX: u32 = 4;

/// Makes the change, which goes on if the caller is dropped (R22): in a task of its own, or together with others.
pub(super) async fn commit(
    connections: &Arc<Connections>,
    gathering: &Arc<Gathering>,
    directory: DirectoryId,
    commit: Commit,
) -> Result<Committed, StoreError> {
    match Creation::of(&commit).filter(Creation::is_plain) {
        Some(creation) => {
            let resource_type = creation.resource.resource_type.clone();
            gathering.create(connections, directory, resource_type, commit).await
        }
        None => alone(connections, directory, commit).await,
    }
}

/// Makes the change in a task of its own.
pub(super) async fn alone(
    connections: &Arc<Connections>,
    directory: DirectoryId,
    commit: Commit,
) -> Result<Committed, StoreError> {
    let connections = connections.clone();
    let task = tokio::spawn(async move { run(&connections, directory, &commit).await });
    match task.await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is shutting down.
        Err(_) => Err(StoreError::Unavailable(sqlx::Error::WorkerCrashed)),
    }
}

/// Makes the change, and tries again if another one was in the way.
pub(super) async fn run(connections: &Connections, directory: DirectoryId, commit: &Commit) -> Result<Committed, StoreError> {
    let mut locking = Locking::of(commit);
    let mut attempts = 0;
    loop {
        attempts += 1;
        let result = match &commit.change {
            Change::Create(resource) => create::create(connections, directory, commit, resource).await,
            Change::Update(update) => update::update(connections, directory, commit, update, locking).await,
            Change::Delete { resource_type, id, expected_version, index, burial } => {
                let burial = burial.as_deref();
                let target = delete::Target { resource_type, id: *id, expected_version: *expected_version, index, burial };
                delete::delete(connections, directory, commit, &target, locking).await
            }
        };
        let error = match result {
            Ok(committed) => return Ok(committed),
            Err(Failure::Final(error)) => return Err(error),
            Err(Failure::Again(error)) => error,
            Err(Failure::Outrun) => {
                locking = Locking::Before;
                StoreError::VersionConflict
            }
        };
        if attempts == ATTEMPTS_MAX {
            return Err(error);
        }
    }
}

/// When a statement gets the lock of the resource that it changes.
///
/// A statement sees what was committed when it began. If it then waits for a lock, its holder's changes to the row
/// itself are seen, but not the members or the index rows that it added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Locking {
    /// While it runs: one round trip. It notices if members may have come while it waited, and is [`Failure::Outrun`].
    InStatement,
    /// Before it begins, in a transaction: nothing can come in between.
    Before,
}

/// A change that was not made.
#[derive(Debug)]
pub(super) enum Failure {
    /// And will not be.
    Final(StoreError),
    /// It may succeed at once.
    Again(StoreError),
    /// It may succeed with [`Locking::Before`].
    Outrun,
}

impl Locking {
    /// How a change begins. While an index is being built, its builder writes rows for resources that it holds a lock on; who
    /// removes the rows of one must see those.
    fn of(commit: &Commit) -> Self {
        let removes_rows = match &commit.change {
            Change::Create(_) => false,
            Change::Update(update) => update.document.is_some(),
            Change::Delete { .. } => true,
        };
        if removes_rows && commit.basis.is_some_and(|basis| basis.building) { Self::Before } else { Self::InStatement }
    }
}

impl Failure {
    pub(super) fn of(error: sqlx::Error) -> Self {
        match Cause::of(&error) {
            Cause::Deadlock => Self::Again(store_error(error)),
            Cause::Unique
            | Cause::ForeignKey
            | Cause::LockTimeout
            | Cause::StatementTimeout
            | Cause::Full
            | Cause::Unavailable
            | Cause::Misconfigured
            | Cause::Other => Self::Final(store_error(error)),
        }
    }
}

/// Runs the statement of a change, behind `lock` if it is given; that of an operator in one transaction with its record.
/// `made`: the column that says whether anything changed. The inner error is the statement's own.
pub(super) async fn run_statement(
    connections: &Connections,
    commit: &Commit,
    lock: Option<Prepared<'_>>,
    statement: Prepared<'_>,
    made: usize,
) -> Result<Result<Option<PgRow>, sqlx::Error>, Failure> {
    let Some(entry) = commit.record.as_deref() else {
        return Ok(match lock {
            None => connections.fetch_optional(statement).await,
            Some(lock) => connections.fetch_locked(lock, statement).await,
        });
    };
    let recorded = connections.transact(async |connection| {
        dialect::lock_record(connection).await?;
        if let Some(lock) = lock
            && let Err(error) = lock.execute(&mut *connection).await
        {
            return Ok(Err(error));
        }
        run_recorded(connection, entry, statement, made).await
    });
    recorded.await.map_err(Failure::Final)
}

/// Runs the statement of a change in a transaction that holds the record, and puts it on record if it changed anything. After
/// an error of the statement, the inner one, the transaction ends without effect, whatever it is told.
pub(super) async fn run_recorded(
    connection: &mut PgConnection,
    entry: &AuditEntry,
    statement: Prepared<'_>,
    made: usize,
) -> Result<Result<Option<PgRow>, sqlx::Error>, StoreError> {
    let row = match statement.fetch_optional(&mut *connection).await {
        Ok(row) => row,
        Err(error) => return Ok(Err(error)),
    };
    let is_made = row.as_ref().map_or(Ok(false), |row| row.try_get(made)).map_err(corrupt("resources"))?;
    if is_made {
        operator::append(connection, entry, None).await?;
    }
    Ok(Ok(row))
}

/// What an error of an insert of members and index rows means.
pub(super) async fn refused(
    error: sqlx::Error,
    connections: &Connections,
    directory: DirectoryId,
    resource_type: &str,
    id: ResourceId,
    index: &IndexColumns,
) -> Failure {
    match Cause::of(&error) {
        // A member that went while the statement ran.
        Cause::ForeignKey => Failure::Final(StoreError::UnknownMember),
        Cause::Unique => match taken(connections, directory, resource_type, id, index).await {
            Ok(Some(attribute)) => Failure::Final(StoreError::Uniqueness { attribute }),
            // Who had the value has dropped it since.
            Ok(None) => Failure::Again(StoreError::Contention(error)),
            Err(error) => Failure::Final(error),
        },
        Cause::Deadlock
        | Cause::LockTimeout
        | Cause::StatementTimeout
        | Cause::Full
        | Cause::Unavailable
        | Cause::Misconfigured
        | Cause::Other => Failure::of(error),
    }
}

/// The first attribute of which another resource has the unique value; of one that is unique in every Directory, also one of another
/// Directory. This reads past the rule that a statement reads one Directory, since whose the value is stays in the database. Ids
/// do not tell resources of two Directories apart: an import keeps them.
async fn taken(
    connections: &Connections,
    directory: DirectoryId,
    resource_type: &str,
    id: ResourceId,
    index: &IndexColumns,
) -> Result<Option<String>, StoreError> {
    let query = sqlx::query(
        "SELECT w.attribute FROM unnest($4::text[], $5::text[], $6::smallint[]) AS w (attribute, value, uniqueness), LATERAL ( \
             (SELECT 1 FROM attribute_values WHERE directory_id = $1 AND resource_type = $2 \
                 AND attribute = w.attribute AND value = w.value AND is_unique AND resource_id <> $3 OFFSET 0) \
             UNION ALL \
             (SELECT 1 FROM attribute_values WHERE w.uniqueness = 2 AND directory_id <> $1 AND resource_type = $2 \
                 AND attribute = w.attribute AND value = w.value AND is_global OFFSET 0) \
         ) AS v \
         WHERE w.uniqueness > 0 ORDER BY w.attribute LIMIT 1",
    )
    .bind(directory.0)
    .bind(resource_type)
    .bind(id.0)
    .bind(&index.attributes)
    .bind(&index.values)
    .bind(&index.uniqueness);
    let row = connections.fetch_optional(query).await.map_err(store_error)?;
    row.map(|row| row.try_get(0).map_err(corrupt("attribute_values"))).transpose()
}

/// Rows of the index as columns, for `UNNEST`; sorted, so that all statements take unique values in one order.
#[derive(Debug, Default)]
pub(super) struct IndexColumns {
    pub attributes: Vec<String>,
    pub values: Vec<String>,
    /// As [`uniqueness_number`] has it.
    pub uniqueness: Vec<i16>,
}

impl IndexColumns {
    pub(super) fn of(rows: &[IndexRow]) -> Self {
        let mut rows: Vec<&IndexRow> = rows.iter().collect();
        rows.sort_unstable();
        rows.dedup();
        let mut columns = Self::default();
        for row in rows {
            columns.attributes.push(row.attribute.clone());
            columns.values.push(row.value.clone());
            columns.uniqueness.push(uniqueness_number(row.uniqueness));
        }
        columns
    }
}

/// Ids for `UNNEST`, sorted, so that all statements lock members in one order.
pub(super) fn sorted_ids(ids: &[ResourceId]) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Grams as PostgreSQL's integers, which have a sign.
pub(super) fn signed(grams: &[Gram]) -> Vec<i32> {
    grams.iter().map(|gram| gram.0.cast_signed()).collect()
}

/// Reads the columns version, created, last_modified, changed.
pub(super) fn read_committed(row: &PgRow) -> Result<Committed, Failure> {
    let read = || {
        Ok::<_, sqlx::Error>(Committed {
            version: row.try_get(0)?,
            created: Timestamp(row.try_get(1)?),
            last_modified: Timestamp(row.try_get(2)?),
            changed: row.try_get(3)?,
        })
    };
    read().map_err(corrupt("resources")).map_err(Failure::Final)
}
