//! Creations that come at the same time, made together.
//!
//! Who comes while others are being made waits until they are, and is made by one statement with all who came meanwhile; who
//! comes alone waits for nobody. A statement is of one Directory and type, so that no Directory waits for the locks of another.
//! If it fails, each is tried by itself: they are made together, and succeed or fail apart.

use super::commit;
use super::connections::Connections;
use super::create_all::{self, Creation};
use crate::id::DirectoryId;
use crate::store::{Commit, Committed, StoreError};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// How many are made by one statement at most.
const TOGETHER_MAX: usize = 64;

/// How many statements of one Directory and type run at the same time. While one waits for the disk, another one works.
const STATEMENTS_MAX: usize = 2;

/// The type, by name, in its Directory.
type Key = (DirectoryId, String);

/// All creations that are waiting.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    queues: Mutex<HashMap<Key, Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    /// How many tasks make what waits here.
    makers: usize,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    commit: Commit,
    reply: oneshot::Sender<Result<Committed, StoreError>>,
}

impl Gathering {
    /// Makes a resource, [plain](Creation::is_plain) as it is, in a task that goes on if the caller is dropped (R22).
    pub(super) async fn create(
        self: &Arc<Self>,
        connections: &Arc<Connections>,
        directory: DirectoryId,
        resource_type: String,
        commit: Commit,
    ) -> Result<Committed, StoreError> {
        let (reply, answer) = oneshot::channel();
        let key = (directory, resource_type);
        let is_maker_missing = {
            let mut queues = self.queues();
            let queue = queues.entry(key.clone()).or_default();
            queue.waiting.push_back(Waiting { commit, reply });
            let is_missing = queue.makers < STATEMENTS_MAX;
            queue.makers += usize::from(is_missing);
            is_missing
        };
        if is_maker_missing {
            tokio::spawn(Maker { gathering: self.clone(), connections: connections.clone(), key, is_done: false }.run());
        }
        // Without an answer the runtime is shutting down.
        answer.await.unwrap_or_else(|_| Err(StoreError::Unavailable(sqlx::Error::WorkerCrashed)))
    }

    /// How many creations wait for others.
    pub(super) fn waiting(&self) -> usize {
        self.queues().values().map(|queue| queue.waiting.len()).sum()
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<Key, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who makes what waits in a queue, until nothing does.
struct Maker {
    gathering: Arc<Gathering>,
    connections: Arc<Connections>,
    key: Key,
    /// Whether it has left the queue.
    is_done: bool,
}

impl Maker {
    async fn run(mut self) {
        while let Some(taken) = self.take() {
            self.make(taken).await;
        }
    }

    /// The next ones: at least one, and none of them has a unique value of another one. `None`: nothing waits, and the queue is
    /// left to others.
    fn take(&mut self) -> Option<Vec<Waiting>> {
        let mut queues = self.gathering.queues();
        let queue = queues.get_mut(&self.key)?;
        if queue.waiting.is_empty() {
            self.is_done = true;
            leave(&mut queues, &self.key);
            return None;
        }
        let count = apart(&queue.waiting);
        Some(queue.waiting.drain(..count.max(1)).collect())
    }

    async fn make(&self, mut taken: Vec<Waiting>) {
        if taken.len() == 1
            && let Some(one) = taken.pop()
        {
            let outcome = commit::run(&self.connections, self.key.0, &one.commit).await;
            if let Err(StoreError::Unavailable(error)) = &outcome {
                self.give_up(error);
            }
            return one.answer(outcome);
        }
        let (directory, resource_type) = (self.key.0, self.key.1.as_str());
        let creations: Vec<Creation<'_>> = taken.iter().filter_map(|waiting| Creation::of(&waiting.commit)).collect();
        match create_all::create_all(&self.connections, directory, resource_type, &creations).await {
            Ok(outcomes) => {
                for (waiting, outcome) in taken.into_iter().zip(outcomes) {
                    waiting.answer(outcome);
                }
            }
            // The server says that nothing was made.
            Err(sqlx::Error::Database(_)) => {
                for one in taken {
                    let connections = self.connections.clone();
                    tokio::spawn(async move {
                        let outcome = commit::run(&connections, directory, &one.commit).await;
                        one.answer(outcome);
                    });
                }
            }
            Err(error) => {
                self.give_up(&error);
                for one in taken {
                    one.answer(Err(unavailable(&error)));
                }
            }
        }
    }

    /// The server is not there: whoever waits has waited for long enough.
    fn give_up(&self, error: &sqlx::Error) {
        let waiting = self.gathering.queues().get_mut(&self.key).map(|queue| std::mem::take(&mut queue.waiting));
        for one in waiting.into_iter().flatten() {
            one.answer(Err(unavailable(error)));
        }
    }
}

/// The error as one more who waited is told of it.
fn unavailable(error: &sqlx::Error) -> StoreError {
    StoreError::Unavailable(sqlx::Error::Protocol(error.to_string()))
}

/// How many of the first have no unique value of one before them.
fn apart(waiting: &VecDeque<Waiting>) -> usize {
    let mut values = HashSet::new();
    let creations = waiting.iter().take(TOGETHER_MAX).map_while(|waiting| Creation::of(&waiting.commit));
    let unique = creations.map(|creation| creation.resource.index.iter().filter(|row| row.unique));
    unique.take_while(|rows| rows.clone().all(|row| values.insert((row.attribute.as_str(), row.value.as_str())))).count()
}

impl Drop for Maker {
    fn drop(&mut self) {
        if !self.is_done {
            leave(&mut self.gathering.queues(), &self.key);
        }
    }
}

/// The queue goes with the last who makes what waits in it. If something does, since that one panicked, it gets no answer.
fn leave(queues: &mut HashMap<Key, Queue>, key: &Key) {
    if let Some(queue) = queues.get_mut(key) {
        queue.makers -= 1;
        if queue.makers == 0 {
            queues.remove(key);
        }
    }
}

impl Waiting {
    fn answer(self, outcome: Result<Committed, StoreError>) {
        // Who asked may have gone.
        let _ = self.reply.send(outcome);
    }
}
