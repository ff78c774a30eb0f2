//! Connections to the server, handed out one at a time.
//!
//! Not sqlx's pool, for two reasons. It sends a ping whenever a connection comes back, which doubles the round trips of
//! operations that are one statement each: with it, 16 callers on two cores got 28,000 trivial reads a second, without
//! it 50,000. And it takes back a connection in whatever state a caller who went away has left it (sqlx issue 4393); here
//! one comes back only after its statement has come to an end, and is closed otherwise.

use super::PostgresOptions;
use super::failure::{Cause, store_error};
use crate::store::budget::ScanBudget;
use crate::store::{Load, StoreError};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Postgres, Row};
use std::fmt;
use std::future::Future;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What the sessions that change resources are called in the server's views.
pub(super) const CHANGING: &str = "scimd";

/// What those of the request log are called.
pub(super) const REQUEST_LOG: &str = "scimd request log";

/// What that of a snapshot is called.
const SNAPSHOT: &str = "scimd snapshot";

/// What that of a migration is called.
const MIGRATION: &str = "scimd migration";

/// A connection that was idle for longer is tried out first; in steady traffic none is.
const VERIFY_AFTER: Duration = Duration::from_millis(100);

/// The pause between attempts to connect to a server that is not up, in [`PostgresOptions::acquire_timeout`].
const CONNECT_PAUSE: Duration = Duration::from_millis(50);

/// After how many uses a connection makes its plans anew for the first time; then after twice as many each time, until
/// [`REPLAN_USES_MAX`]. Plans are kept, and one that was made for a table of 100 rows reads all 100,000 of them later. The
/// server notices with its next ANALYZE, which an import outruns by a minute; a connection notices by its own uses.
const REPLAN_USES_MIN: u32 = 32;

/// The most uses between two times.
const REPLAN_USES_MAX: u32 = 8192;

/// How much later than the server the client gives up a statement, in case the server cannot say so any more.
const STATEMENT_GRACE: Duration = Duration::from_secs(1);

/// A statement with its values.
pub(super) type Prepared<'q> = Query<'q, Postgres, PgArguments>;

/// All connections to one database.
pub(super) struct Connections {
    connect: PgConnectOptions,
    options: PostgresOptions,
    slots: Arc<Semaphore>,
    idle: Arc<Mutex<Idle>>,
}

/// Connections that nobody uses, the one used last on top.
#[derive(Debug, Default)]
struct Idle {
    sessions: Vec<(Session, Instant)>,
    /// Moves when a connection breaks: the others of its time are broken too, or soon.
    generation: u64,
}

/// A connection and how long its plans are good for.
#[derive(Debug)]
struct Session {
    connection: PgConnection,
    /// How often it was used since its plans were made.
    uses: u32,
    /// At how many uses they are made anew.
    uses_max: u32,
}

/// A connection in use. It is closed when dropped; only [`Lease::release`] lets others have it.
#[derive(Debug)]
struct Lease {
    session: Session,
    generation: u64,
    idle: Arc<Mutex<Idle>>,
    _slot: OwnedSemaphorePermit,
}

impl Connections {
    /// Reads the URL; connects to nothing yet. `name`: what the sessions are called.
    pub(super) fn new(url: &str, name: &str, options: PostgresOptions) -> Result<Self, sqlx::Error> {
        let connect = PgConnectOptions::from_str(url)?
            .application_name(name)
            .statement_cache_capacity(options.statements_max)
            .options(SESSION)
            .disable_statement_logging();
        let slots = Arc::new(Semaphore::new(options.connections_max.max(1) as usize));
        Ok(Self { connect, options, slots, idle: Arc::default() })
    }

    pub(super) fn options(&self) -> &PostgresOptions {
        &self.options
    }

    pub(super) fn load(&self) -> Load {
        let slots = u64::from(self.options.connections_max.max(1));
        let connections_in_use = slots.saturating_sub(self.slots.available_permits() as u64);
        Load { connections_in_use, connections_idle: lock(&self.idle).sessions.len() as u64, writes_waiting: 0 }
    }

    /// A connection of its own, without limits of time, for a migration.
    pub(super) async fn connect_unlimited(&self) -> Result<PgConnection, sqlx::Error> {
        let options = self.connect.clone().application_name(MIGRATION);
        within(self.options.acquire_timeout, connect(&options)).await
    }

    /// A connection of its own for a snapshot, which is closed when dropped, with the limits of time that all have.
    pub(super) async fn connect_own(&self) -> Result<PgConnection, sqlx::Error> {
        let options = self.connect_limited().application_name(SNAPSHOT);
        within(self.options.acquire_timeout, connect(&options)).await
    }

    /// Runs a statement that gives one row or none.
    pub(super) async fn fetch_optional(&self, query: Prepared<'_>) -> Result<Option<PgRow>, sqlx::Error> {
        let mut lease = self.acquire().await?;
        let row = self.bounded(query.fetch_optional(&mut lease.session.connection)).await;
        lease.settle(row)
    }

    /// Runs a statement that gives any number of rows.
    pub(super) async fn fetch_all(&self, query: Prepared<'_>) -> Result<Vec<PgRow>, sqlx::Error> {
        let mut lease = self.acquire().await?;
        let rows = self.bounded(query.fetch_all(&mut lease.session.connection)).await;
        lease.settle(rows)
    }

    /// Runs a statement that gives any number of rows, for as long as `budget` has time left. It costs two round trips more, which a statement
    /// that may read a whole table hardly notices.
    pub(super) async fn fetch_all_within(&self, budget: &mut ScanBudget, query: Prepared<'_>) -> Result<Vec<PgRow>, sqlx::Error> {
        let mut lease = self.acquire().await?;
        let connection = &mut lease.session.connection;
        let (started, limit) = (Instant::now(), budget.left());
        // 0 would be no limit at all.
        let begin = format!("BEGIN READ ONLY; SET LOCAL statement_timeout = {}", limit.as_millis().max(1));
        let rows = within(limit + STATEMENT_GRACE, async {
            sqlx::raw_sql(AssertSqlSafe(begin)).execute(&mut *connection).await?;
            query.fetch_all(&mut *connection).await
        })
        .await;
        budget.spend(started.elapsed());
        // As in `fetch_locked`: if this future is dropped before the end, the connection is closed.
        if let Ok(_) | Err(sqlx::Error::Database(_)) = rows
            && self.bounded(sqlx::raw_sql("ROLLBACK").execute(connection)).await.is_err()
        {
            return rows;
        }
        lease.settle(rows)
    }

    /// Runs `lock`, which locks rows, then `statement`, which gives one row or none, in one transaction: `statement`
    /// sees all that was committed before the locks were granted.
    pub(super) async fn fetch_locked(&self, lock: Prepared<'_>, statement: Prepared<'_>) -> Result<Option<PgRow>, sqlx::Error> {
        let mut lease = self.acquire().await?;
        let connection = &mut lease.session.connection;
        // Not sqlx's transactions: if this future is dropped, the connection is closed and the server rolls back.
        let row = self
            .bounded(async {
                sqlx::query("BEGIN").execute(&mut *connection).await?;
                lock.execute(&mut *connection).await?;
                let row = statement.fetch_optional(&mut *connection).await?;
                sqlx::query("COMMIT").execute(&mut *connection).await?;
                Ok(row)
            })
            .await;
        self.end(lease, row).await
    }

    /// As [`Connections::fetch_locked`], and in between `count`, which gives one row: if `judge` refuses that, nothing is changed.
    pub(super) async fn fetch_judged(
        &self,
        lock: Prepared<'_>,
        count: Prepared<'_>,
        judge: impl Fn(&PgRow) -> Result<(), StoreError>,
        statement: Prepared<'_>,
    ) -> Result<Result<Option<PgRow>, StoreError>, sqlx::Error> {
        let mut lease = self.acquire().await?;
        let connection = &mut lease.session.connection;
        let row = self
            .bounded(async {
                sqlx::query("BEGIN").execute(&mut *connection).await?;
                lock.execute(&mut *connection).await?;
                if let Err(refusal) = judge(&count.fetch_one(&mut *connection).await?) {
                    sqlx::query("ROLLBACK").execute(&mut *connection).await?;
                    return Ok(Err(refusal));
                }
                let row = statement.fetch_optional(&mut *connection).await?;
                sqlx::query("COMMIT").execute(&mut *connection).await?;
                Ok(Ok(row))
            })
            .await;
        self.end(lease, row).await
    }

    /// Gives a connection back after a transaction; one in which the server refused a statement is rolled back first.
    async fn end<T>(&self, mut lease: Lease, result: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if let Err(sqlx::Error::Database(_)) = result
            && self.bounded(sqlx::raw_sql("ROLLBACK").execute(&mut lease.session.connection)).await.is_err()
        {
            return result;
        }
        lease.settle(result)
    }

    /// Lends a connection to `work`, which runs one statement.
    pub(super) async fn lend<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut lease = self.acquire().await.map_err(store_error)?;
        let done = self.bounded_work(work(&mut lease.session.connection)).await;
        lease.give_back(done)
    }

    /// Lends a connection to `work`, in a transaction that is committed if it succeeds. If this future is dropped before the
    /// end, the connection is closed, and the server rolls back.
    pub(super) async fn transact<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut lease = self.acquire().await.map_err(store_error)?;
        let connection = &mut lease.session.connection;
        let done = self
            .bounded_work(async {
                sqlx::query("BEGIN").execute(&mut *connection).await.map_err(store_error)?;
                let done = work(connection).await;
                let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
                sqlx::query(end).execute(&mut *connection).await.map_err(store_error)?;
                done
            })
            .await;
        lease.give_back(done)
    }

    /// Waits for what is running and for those who wait already, then closes all connections. Whoever comes later gets
    /// [`sqlx::Error::PoolClosed`].
    pub(super) async fn close(&self) {
        let all = self.slots.acquire_many(self.options.connections_max.max(1)).await;
        self.slots.close();
        drop(all);
        let idle = std::mem::take(&mut lock(&self.idle).sessions);
        for (session, _) in idle {
            // The server ends the session when the socket closes, if this does not reach it.
            let _ = within(CLOSE_TIMEOUT, session.connection.close()).await;
        }
    }

    async fn acquire(&self) -> Result<Lease, sqlx::Error> {
        // The way of nearly all operations needs no timer.
        if let Ok(slot) = self.slots.clone().try_acquire_owned() {
            return match self.ready() {
                Some((session, generation)) => Ok(self.lease(session, generation, slot)),
                None => within(self.options.acquire_timeout, self.prepare(slot)).await,
            };
        }
        within(self.options.acquire_timeout, async {
            let slot = self.slots.clone().acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
            self.prepare(slot).await
        })
        .await
    }

    /// The idle connection on top, if there is nothing to do with it first.
    fn ready(&self) -> Option<(Session, u64)> {
        let mut idle = lock(&self.idle);
        let generation = idle.generation;
        let (session, _) = idle.sessions.pop_if(|(session, since)| session.is_ready(*since))?;
        Some((session, generation))
    }

    /// An idle connection that answers, else a new one.
    async fn prepare(&self, slot: OwnedSemaphorePermit) -> Result<Lease, sqlx::Error> {
        loop {
            let (popped, generation) = {
                let mut idle = lock(&self.idle);
                (idle.sessions.pop(), idle.generation)
            };
            let Some((mut session, since)) = popped else {
                let connection = connect(&self.connect_limited()).await?;
                let session = Session { connection, uses: 0, uses_max: REPLAN_USES_MIN };
                return Ok(self.lease(session, generation, slot));
            };
            if session.is_ready(since) || session.renew().await.is_ok() {
                return Ok(self.lease(session, generation, slot));
            }
        }
    }

    fn lease(&self, session: Session, generation: u64, slot: OwnedSemaphorePermit) -> Lease {
        Lease { session, generation, idle: self.idle.clone(), _slot: slot }
    }

    fn connect_limited(&self) -> PgConnectOptions {
        self.connect.clone().options([
            ("statement_timeout", self.options.statement_timeout.as_millis().to_string()),
            ("lock_timeout", self.options.lock_timeout.as_millis().to_string()),
        ])
    }

    async fn bounded_work<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let limit = self.options.statement_timeout + STATEMENT_GRACE;
        tokio::time::timeout(limit, work).await.unwrap_or(Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)))
    }

    /// Ends with an error when the server should have ended the statement and did not: it may be unreachable.
    async fn bounded<T>(&self, statement: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
        within(self.options.statement_timeout + STATEMENT_GRACE, statement).await
    }
}

/// Without the URL, which may hold a password.
impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Session {
    fn is_ready(&self, idle_since: Instant) -> bool {
        idle_since.elapsed() <= VERIFY_AFTER && self.uses < self.uses_max
    }

    /// Tries out the connection, and drops its plans if they are old.
    async fn renew(&mut self) -> Result<(), sqlx::Error> {
        if self.uses < self.uses_max {
            return self.connection.ping().await;
        }
        sqlx::query("DISCARD PLANS").execute(&mut self.connection).await?;
        self.uses = 0;
        self.uses_max = (self.uses_max * 2).min(REPLAN_USES_MAX);
        Ok(())
    }
}

impl Lease {
    /// Gives the connection back after a statement, unless the statement shows that it is broken.
    fn settle<T>(self, result: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        match &result {
            Ok(_) => self.release(),
            Err(error) if Cause::of(error) == Cause::Unavailable => {
                let mut idle = lock(&self.idle);
                if idle.generation == self.generation {
                    idle.generation += 1;
                    idle.sessions.clear();
                }
            }
            // The server refused the statement; the connection is as good as before.
            Err(sqlx::Error::Database(_)) => self.release(),
            Err(_) => {}
        }
        result
    }

    /// As [`Lease::settle`], for work whose errors are the store's by now.
    fn give_back<T>(self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        match done {
            Err(StoreError::Unavailable(error)) => self.settle(Err(error)).map_err(StoreError::Unavailable),
            done => {
                self.release();
                done
            }
        }
    }

    fn release(mut self) {
        self.session.uses += 1;
        let mut idle = lock(&self.idle);
        if idle.generation == self.generation {
            idle.sessions.push((self.session, Instant::now()));
        }
        // `_slot` is dropped after this, so whoever gets it finds the connection.
    }
}

/// What every session is told.
const SESSION: [(&str, &str); 6] = [
    // The statements are written for it, whatever the server's default is.
    ("default_transaction_isolation", "read committed"),
    // Every statement names a Directory, with which every index begins. A plan that was made and kept while a table was
    // small must not read all of it once it is large.
    ("enable_seqscan", "off"),
    // One plan for all Directories. A plan for the Directory at hand takes longer to make than to run, and is wrong for
    // a new one: until the next ANALYZE the server believes that it has no rows, for which any index is as good.
    ("plan_cache_mode", "force_generic_plan"),
    // Starting workers takes longer than any of the statements, and the cores have other requests to serve.
    ("max_parallel_workers_per_gather", "0"),
    // Compiling takes longer than any of the statements, and the line above makes some look expensive.
    ("jit", "off"),
    ("client_min_messages", "error"),
];

/// How long saying good-bye may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A new connection to a server that is fit for the store; waits for one that is starting.
async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    loop {
        match options.connect().await {
            Ok(mut connection) => {
                check(&mut connection).await?;
                return Ok(connection);
            }
            Err(error) if Cause::of(&error) == Cause::Unavailable => tokio::time::sleep(CONNECT_PAUSE).await,
            Err(error) => return Err(error),
        }
    }
}

/// Refuses a server on which the store could be neither durable nor correct (R20, R21).
async fn check(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let row = sqlx::query(
        "SELECT current_setting('server_version_num')::integer, current_setting('server_encoding'), \
         current_setting('fsync'), current_setting('synchronous_commit')",
    )
    .fetch_one(connection)
    .await?;
    let version: i32 = row.try_get(0)?;
    let (encoding, fsync, commit): (String, String, String) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    if version >= 150_000 && encoding == "UTF8" && fsync == "on" && commit != "off" {
        return Ok(());
    }
    let problem = format!(
        "the server must be PostgreSQL 15 or later with encoding UTF8, fsync on and synchronous_commit not off; it has \
         version {version}, encoding {encoding}, fsync {fsync}, synchronous_commit {commit}"
    );
    Err(sqlx::Error::Configuration(problem.into()))
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

fn lock(idle: &Mutex<Idle>) -> std::sync::MutexGuard<'_, Idle> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
