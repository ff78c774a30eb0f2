//! The transaction of one batch of jobs.
//!
//! Each job has a savepoint, so a refused one undoes only itself. Callers are answered after the COMMIT: what is
//! acknowledged is on disk (R21). If the transaction fails, all of them are told so.

use super::connect::Database;
use super::failure::{Cause, store_error};
use super::writer::{Reply, closed};
use crate::store::StoreError;
use sqlx::SqliteConnection;

/// Where each job notes which rows of `substrings` become what: a table of the connection, so that a job that is undone
/// takes its notes with it. No grams: the row goes.
///
/// FTS5 writes what it has to the file at each savepoint, so a savepoint for each row doubles what a row costs. With the
/// notes it writes once, when the batch ends.
pub(super) const NOTES: &str = "CREATE TEMP TABLE substrings_due (number INTEGER PRIMARY KEY, grams TEXT NOT NULL) STRICT";

/// Carries the notes out, and commits.
const COMMIT: &str = "DELETE FROM substrings WHERE rowid IN (SELECT number FROM substrings_due WHERE grams = ''); \
     INSERT OR REPLACE INTO substrings (rowid, grams) SELECT number, grams FROM substrings_due WHERE grams <> ''; \
     DELETE FROM substrings_due; \
     COMMIT";

/// The transaction of one batch: begun with its first job, and over at the first failure that is not a job's own.
pub(super) struct Transaction<'w> {
    database: &'w Database,
    /// `None` after a failure that the connection may not have survived.
    connection: &'w mut Option<SqliteConnection>,
    state: State,
    /// How each job that ran is answered, once it is known whether the transaction is on disk.
    answers: Vec<Answer>,
}

/// Sends a job's answer, given what became of the transaction.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

enum State {
    New,
    Open,
    Failed(Failure),
}

/// Why a whole batch failed, to be told to each of its callers.
#[derive(Debug, Clone)]
struct Failure {
    cause: Cause,
    message: String,
}

impl<'w> Transaction<'w> {
    pub(super) fn new(database: &'w Database, connection: &'w mut Option<SqliteConnection>) -> Self {
        Self { database, connection, state: State::New, answers: Vec::new() }
    }

    /// Runs one job in the savepoint `job`, and undoes it if it fails.
    ///
    /// A job that succeeds leaves its savepoint open: the next one releases it in the call that it makes anyway, since
    /// each call crosses over to the thread of the connection and back.
    pub(super) async fn run<T: Send + 'static>(
        &mut self,
        reply: Reply<T>,
        job: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    ) {
        if matches!(self.state, State::New) {
            self.state = match self.begin().await {
                Ok(()) => State::Open,
                Err(error) => State::Failed(self.fail(&error).await),
            };
        }
        let outcome = match (&self.state, self.connection.as_mut()) {
            (State::Open, Some(connection)) => job(connection).await,
            (State::Open | State::New, _) => Err(closed()),
            (State::Failed(failure), _) => Err(failure.to_error()),
        };
        if matches!(self.state, State::Open)
            && let Err(error) = &outcome
            && let Some(failure) = self.undo(error).await
        {
            self.state = State::Failed(failure);
        }
        self.answers.push(Box::new(move |committed| {
            // What the job found may rest on jobs before it, so it counts only if the transaction does. The receiver is
            // gone if the caller is.
            let _ = reply.send(committed.and(outcome));
        }));
    }

    async fn begin(&mut self) -> Result<(), StoreError> {
        let connection = match self.connection {
            Some(connection) => connection,
            None => self.connection.insert(self.database.connect().await?),
        };
        execute(connection, "BEGIN IMMEDIATE; SAVEPOINT job").await
    }

    /// Undoes the job that failed with `error`. A failure is returned if the batch cannot go on.
    async fn undo(&mut self, error: &StoreError) -> Option<Failure> {
        let undone = match (Failure::of(error), self.connection.as_mut()) {
            (None, Some(connection)) => execute(connection, "ROLLBACK TO job").await,
            (None, None) => Err(closed()),
            (Some(_), _) => return Some(self.fail(error).await),
        };
        match undone {
            Ok(()) => None,
            Err(error) => Some(self.fail(&error).await),
        }
    }

    /// Leaves the transaction. The connection stays if it still takes orders and the error does not put it in doubt.
    async fn fail(&mut self, error: &StoreError) -> Failure {
        let failure = Failure::of(error).unwrap_or_else(|| Failure { cause: Cause::Unavailable, message: error_text(error) });
        tracing::warn!(cause = ?failure.cause, error = %failure.message, "a batch of changes was not committed");
        if let Some(connection) = self.connection.as_mut() {
            // SQLite may have rolled back by itself already; then this fails, and the next BEGIN shows whether all is well.
            let rolled_back = execute(connection, "ROLLBACK").await;
            if failure.cause == Cause::Unavailable || (rolled_back.is_err() && ping(connection).await.is_err()) {
                *self.connection = None;
            }
        }
        failure
    }

    /// Commits and answers.
    pub(super) async fn finish(mut self) {
        if matches!(self.state, State::Open) {
            let committed = match self.connection.as_mut() {
                Some(connection) => execute(connection, COMMIT).await,
                None => Err(closed()),
            };
            if let Err(error) = committed {
                self.state = State::Failed(self.fail(&error).await);
            }
        }
        for answer in self.answers {
            answer(match &self.state {
                State::New | State::Open => Ok(()),
                State::Failed(failure) => Err(failure.to_error()),
            });
        }
    }
}

impl Failure {
    /// If an error is not about one job but about the file or the connection.
    fn of(error: &StoreError) -> Option<Self> {
        let cause = match error {
            StoreError::Full(_) => Cause::Full,
            StoreError::Contention(_) => Cause::Contention,
            StoreError::Unavailable(_) => Cause::Unavailable,
            StoreError::Uniqueness { .. }
            | StoreError::Exists
            | StoreError::LimitReached { .. }
            | StoreError::Bound(_)
            | StoreError::LastOwner
            | StoreError::NotFound
            | StoreError::VersionConflict
            | StoreError::SchemasChanged
            | StoreError::OtherSource
            | StoreError::Barred
            | StoreError::Spent
            | StoreError::UnknownMember
            | StoreError::TooMany { .. }
            | StoreError::Unsupported { .. }
            | StoreError::Corrupt { .. }
            | StoreError::Migrate(_)
            | StoreError::Database(_) => return None,
        };
        Some(Self { cause, message: error_text(error) })
    }

    fn to_error(&self) -> StoreError {
        let error = sqlx::Error::Protocol(format!("the transaction that this change was in failed: {}", self.message));
        match self.cause {
            Cause::Full => StoreError::Full(error),
            Cause::Contention => StoreError::Contention(error),
            Cause::Unavailable | Cause::Unique | Cause::NotNull | Cause::ForeignKey | Cause::Other => {
                StoreError::Unavailable(error)
            }
        }
    }
}

/// The message of the cause, which says more than the store's own.
fn error_text(error: &StoreError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

pub(super) async fn execute(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), StoreError> {
    sqlx::query(sql).execute(connection).await.map(drop).map_err(store_error)
}

async fn ping(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    execute(connection, "SELECT 1").await
}
