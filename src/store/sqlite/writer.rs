//! The one task that writes.
//!
//! SQLite has one writer at a time, and a durable commit costs an fsync. So all changes go through a queue to one task,
//! which commits everything that is waiting in one [`Transaction`]: many callers share one fsync.
//!
//! A change belongs to the task once it is queued. A caller that is dropped only loses the answer (R22).

use super::batch::{Transaction, execute};
use super::connect::Database;
use super::{change, definitions, operator, transfer};
use crate::clock::Timestamp;
use crate::id::{ApiKeyId, DirectoryId, ResourceId, TokenId};
use crate::store::audit::AuditEntry;
use crate::store::operator::{Operation, TokenUse};
use crate::store::transfer::{Edge, Imported, Taken};
use crate::store::{Basis, Commit, Committed, DefinitionChange, ResourceIndex, StoreError};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

/// Where a job's answer goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the task can do.
pub(super) enum Job {
    Commit {
        directory: DirectoryId,
        commit: Commit,
        reply: Reply<Committed>,
    },
    Operate {
        operation: Box<(Operation, AuditEntry)>,
        reply: Reply<i64>,
    },
    NoteUses {
        uses: Vec<TokenUse>,
        reply: Reply<()>,
    },
    NoteAssertion {
        directory: DirectoryId,
        client: TokenId,
        jti: [u8; 32],
        expires: Timestamp,
        now: Timestamp,
        reply: Reply<bool>,
    },
    NoteKeyUse {
        key: ApiKeyId,
        now: Timestamp,
        address: Option<String>,
        reply: Reply<()>,
    },
    LiftTombstone {
        directory: DirectoryId,
        resource_type: String,
        id: ResourceId,
        reply: Reply<bool>,
    },
    ForgetTombstones {
        directory: DirectoryId,
        until: Timestamp,
        limit: u32,
        reply: Reply<u64>,
    },
    ForgetAudit {
        until: Timestamp,
        limit: u32,
        reply: Reply<u64>,
    },
    CreateDirectoryKey {
        directory: DirectoryId,
        purpose: String,
        secret: [u8; 32],
        reply: Reply<[u8; 32]>,
    },
    ChangeDefinitions {
        change: DefinitionChange,
        now: Timestamp,
        reply: Reply<()>,
    },
    IndexResources {
        directory: DirectoryId,
        revision: i64,
        resource_type: String,
        resources: Vec<ResourceIndex>,
        reply: Reply<Vec<ResourceId>>,
    },
    DropIndex {
        directory: DirectoryId,
        revision: i64,
        resource_type: String,
        attribute: String,
        limit: u32,
        reply: Reply<u64>,
    },
    ImportResources {
        directory: DirectoryId,
        basis: Basis,
        now: Timestamp,
        resources: Vec<Imported>,
        reply: Reply<Option<Taken>>,
    },
    ImportMembers {
        directory: DirectoryId,
        edges: Vec<Edge>,
        reply: Reply<()>,
    },
    /// No more jobs; answered when all those queued are done and the connection is closed.
    Close {
        reply: Reply<()>,
    },
}

/// The way to the task.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Job>,
}

impl Writer {
    /// Starts the task. It ends when it is told to close, or when the last `Writer` is dropped.
    pub(super) async fn start(database: Database) -> Result<Self, StoreError> {
        let connection = database.connect().await?;
        let (queue, jobs) = mpsc::channel(database.options().write_queue_max.max(1));
        tokio::spawn(run(jobs, database, connection));
        Ok(Self { queue })
    }

    /// Queues a job, waiting for a place, and waits for its answer.
    pub(super) async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(job(reply)).await.map_err(|_| closed())?;
        // Only a task that died, with the runtime, does not answer.
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// How many jobs are in the queue.
    pub(super) fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Whether it takes no more jobs.
    pub(super) fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }
}

/// The connection in a savepoint of this job's own; the other jobs begin it with their first statement.
async fn fresh(connection: &mut SqliteConnection) -> Result<&mut SqliteConnection, StoreError> {
    execute(connection, "RELEASE job; SAVEPOINT job").await?;
    Ok(connection)
}

/// The error of a store that was closed.
pub(super) fn closed() -> StoreError {
    StoreError::Unavailable(sqlx::Error::PoolClosed)
}

async fn run(mut jobs: mpsc::Receiver<Job>, database: Database, connection: SqliteConnection) {
    let batch_max = database.options().write_batch_max.max(1);
    let mut connection = Some(connection);
    let mut batch = Vec::with_capacity(batch_max);
    let mut closing = Vec::new();
    while jobs.recv_many(&mut batch, batch_max).await > 0 {
        let mut transaction = Transaction::new(&database, &mut connection);
        for job in batch.drain(..) {
            match job {
                Job::Commit { directory, commit, reply } => {
                    let change = async |connection: &mut _| {
                        let committed = change::apply(connection, directory, &commit).await?;
                        if let Some(entry) = commit.record.as_deref().filter(|_| committed.changed) {
                            operator::append(connection, entry, None).await?;
                        }
                        Ok(committed)
                    };
                    transaction.run(reply, change).await;
                }
                Job::Operate { operation, reply } => {
                    let (operation, entry) = &*operation;
                    let operate = async |connection: &mut _| operator::operate(fresh(connection).await?, operation, entry).await;
                    transaction.run(reply, operate).await;
                }
                Job::NoteUses { uses, reply } => {
                    let note = async |connection: &mut _| operator::note_uses(fresh(connection).await?, &uses).await;
                    transaction.run(reply, note).await;
                }
                Job::NoteAssertion { directory, client, jti, expires, now, reply } => {
                    let note = async |connection: &mut _| {
                        operator::note_assertion(fresh(connection).await?, directory, client, &jti, expires, now).await
                    };
                    transaction.run(reply, note).await;
                }
                Job::NoteKeyUse { key, now, address, reply } => {
                    let note = async |connection: &mut _| {
                        operator::note_key_use(fresh(connection).await?, key, now, address.as_deref()).await
                    };
                    transaction.run(reply, note).await;
                }
                Job::LiftTombstone { directory, resource_type, id, reply } => {
                    let lift = async |connection: &mut _| {
                        operator::lift_tombstone(fresh(connection).await?, directory, &resource_type, id).await
                    };
                    transaction.run(reply, lift).await;
                }
                Job::ForgetTombstones { directory, until, limit, reply } => {
                    let forget = async |connection: &mut _| {
                        operator::forget_tombstones(fresh(connection).await?, directory, until, limit).await
                    };
                    transaction.run(reply, forget).await;
                }
                Job::ForgetAudit { until, limit, reply } => {
                    let forget = async |connection: &mut _| operator::forget_audit(fresh(connection).await?, until, limit).await;
                    transaction.run(reply, forget).await;
                }
                Job::CreateDirectoryKey { directory, purpose, secret, reply } => {
                    let create = async |connection: &mut _| {
                        operator::directory_key(fresh(connection).await?, directory, &purpose, &secret).await
                    };
                    transaction.run(reply, create).await;
                }
                Job::ChangeDefinitions { change, now, reply } => {
                    let make = async |connection: &mut _| {
                        definitions::change(connection, &change, now).await?;
                        for entry in &change.record {
                            operator::append(connection, entry, None).await?;
                        }
                        Ok(())
                    };
                    transaction.run(reply, make).await;
                }
                Job::IndexResources { directory, revision, resource_type, resources, reply } => {
                    let index = async |connection: &mut _| {
                        definitions::index_resources(connection, directory, revision, &resource_type, &resources).await
                    };
                    transaction.run(reply, index).await;
                }
                Job::DropIndex { directory, revision, resource_type, attribute, limit, reply } => {
                    let drop = async |connection: &mut _| {
                        definitions::drop_index(connection, directory, revision, &resource_type, &attribute, limit).await
                    };
                    transaction.run(reply, drop).await;
                }
                Job::ImportResources { directory, basis, now, resources, reply } => {
                    let import = async |connection: &mut _| {
                        transfer::import_resources(connection, directory, basis, now, &resources).await
                    };
                    transaction.run(reply, import).await;
                }
                Job::ImportMembers { directory, edges, reply } => {
                    let import = async |connection: &mut _| transfer::import_members(connection, directory, &edges).await;
                    transaction.run(reply, import).await;
                }
                Job::Close { reply } => {
                    jobs.close();
                    closing.push(reply);
                }
            }
        }
        transaction.finish().await;
    }
    if let Some(connection) = connection
        && let Err(error) = connection.close().await
    {
        tracing::warn!(%error, "the database was not closed cleanly");
    }
    for reply in closing {
        let _ = reply.send(Ok(()));
    }
}
