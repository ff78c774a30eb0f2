//! Creations that come at the same time, made together.
//!
//! Who comes while others are being made waits until they are, and is made by one statement with all who came meanwhile; who
//! comes alone waits for nobody. A statement is of one Directory and type, so that no Directory waits for the locks of another.
//! If it fails, each is tried by itself: they are made together, and succeed or fail apart.
//!
//! Nobody waits here for long: who makes, and is held up by a lock, by the disk, or by a server that is not there, lets others
//! make the rest.

use super::commit::{alone, run};
use super::connections::Connections;
use super::create_all::{Creation, create_all};
use crate::id::DirectoryId;
use crate::store::{Commit, Committed, StoreError};
use futures_util::FutureExt;
use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How many are made by one statement at most.
const TOGETHER_MAX: usize = 64;

/// How many bytes of documents one statement has at most, unless it is the document of one.
const TOGETHER_BYTES_MAX: usize = 1 << 20;

/// How many wait of one Directory and type at most; whoever comes then is made alone.
const WAITING_MAX: usize = 512;

/// How many statements of one Directory and type run at the same time. While one waits for the disk, another one works.
const MAKERS_MAX: usize = 2;

/// The type, by name, in its Directory.
type Key = (DirectoryId, String);

/// All creations that are waiting.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    queues: Mutex<HashMap<Key, Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    /// How many make what waits here, without those who are held up.
    makers: usize,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    commit: Commit,
    reply: oneshot::Sender<Answer>,
}

/// What became of a creation.
#[derive(Debug)]
enum Answer {
    Made(Result<Committed, StoreError>),
    /// Nothing, as another one was in the way of all: it is to be tried alone.
    Apart(Commit),
    /// The statement was read wrongly or not at all: a defect.
    Panicked,
}

impl Gathering {
    /// Makes a resource, [plain](Creation::is_plain) as it is. If the caller is dropped, it is made all the same, or wholly not
    /// (R22).
    pub(super) async fn create(
        self: &Arc<Self>,
        connections: &Arc<Connections>,
        directory: DirectoryId,
        resource_type: String,
        commit: Commit,
    ) -> Result<Committed, StoreError> {
        let answer = match self.join(connections, (directory, resource_type), commit) {
            // Without an answer the runtime is shutting down.
            Ok(answer) => answer.await.unwrap_or(Answer::Made(Err(StoreError::Unavailable(sqlx::Error::WorkerCrashed)))),
            Err(commit) => Answer::Apart(*commit),
        };
        match answer {
            Answer::Made(outcome) => outcome,
            Answer::Apart(commit) => alone(connections, directory, commit).await,
            Answer::Panicked => std::panic::resume_unwind(Box::new("a statement of several creations panicked")),
        }
    }

    /// Lets the creation wait for its turn. The commit comes back if as many wait as may.
    fn join(
        self: &Arc<Self>,
        connections: &Arc<Connections>,
        key: Key,
        commit: Commit,
    ) -> Result<oneshot::Receiver<Answer>, Box<Commit>> {
        let (reply, answer) = oneshot::channel();
        let mut queues = self.queues();
        let queue = queues.entry(key.clone()).or_default();
        if queue.waiting.len() >= WAITING_MAX {
            return Err(Box::new(commit));
        }
        queue.waiting.push_back(Waiting { commit, reply });
        if queue.makers < MAKERS_MAX {
            queue.makers += 1;
            Maker { gathering: self.clone(), connections: connections.clone(), key, is_counted: true }.spawn();
        }
        Ok(answer)
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
    /// Whether the queue counts it.
    is_counted: bool,
}

impl Maker {
    fn spawn(self) {
        tokio::spawn(self.run());
    }

    async fn run(mut self) {
        while let Some(taken) = self.take() {
            let (connections, key) = (self.connections.clone(), self.key.clone());
            let mut making = pin!(make(&connections, &key, taken));
            if timeout(connections.options().held_up_after, &mut making).await.is_err() {
                self.step_aside();
                making.await;
                return;
            }
        }
    }

    /// The next ones, at least one. `None`: nothing waits, and the queue is left to others.
    fn take(&mut self) -> Option<Vec<Waiting>> {
        let mut queues = self.gathering.queues();
        let queue = queues.get_mut(&self.key)?;
        if queue.waiting.is_empty() {
            self.is_counted = false;
            leave(&mut queues, &self.key);
            return None;
        }
        let count = count_of_next(&queue.waiting);
        Some(queue.waiting.drain(..count).collect())
    }

    /// Leaves what waits to another one.
    fn step_aside(&mut self) {
        let mut queues = self.gathering.queues();
        self.is_counted = false;
        match queues.get_mut(&self.key) {
            Some(queue) if !queue.waiting.is_empty() => {
                let Self { gathering, connections, key, .. } = &*self;
                let (gathering, connections, key) = (gathering.clone(), connections.clone(), key.clone());
                Self { gathering, connections, key, is_counted: true }.spawn();
            }
            _ => leave(&mut queues, &self.key),
        }
    }
}

impl Drop for Maker {
    fn drop(&mut self) {
        if self.is_counted {
            leave(&mut self.gathering.queues(), &self.key);
        }
    }
}

/// One less makes what waits in the queue, which goes with the last. What waits then, as the runtime is shutting down, gets no
/// answer.
fn leave(queues: &mut HashMap<Key, Queue>, key: &Key) {
    if let Some(queue) = queues.get_mut(key) {
        queue.makers -= 1;
        if queue.makers == 0 {
            queues.remove(key);
        }
    }
}

/// How many of the first are made together: at least one, and none that has a unique value of one before it.
fn count_of_next(waiting: &VecDeque<Waiting>) -> usize {
    let mut values = HashSet::new();
    let mut bytes = 0;
    let mut is_one_more = |creation: &Creation<'_>| {
        bytes += creation.resource.document.len() + creation.resource.keys.len();
        bytes <= TOGETHER_BYTES_MAX
    };
    let creations = waiting.iter().take(TOGETHER_MAX).map_while(|waiting| Creation::of(&waiting.commit));
    let creations = creations.take_while(|creation| is_one_more(creation));
    let unique = creations.map(|creation| creation.resource.index.iter().filter(|row| row.is_unique()));
    let apart = unique.take_while(|rows| rows.clone().all(|row| values.insert((row.attribute.as_str(), row.value.as_str()))));
    apart.count().max(1)
}

async fn make(connections: &Arc<Connections>, (directory, resource_type): &Key, mut taken: Vec<Waiting>) {
    if taken.len() == 1
        && let Some(Waiting { commit, reply }) = taken.pop()
    {
        let made = AssertUnwindSafe(run(connections, *directory, &commit)).catch_unwind().await;
        return answer(reply, made.map_or(Answer::Panicked, Answer::Made));
    }
    let creations: Vec<Creation<'_>> = taken.iter().filter_map(|waiting| Creation::of(&waiting.commit)).collect();
    let making = create_all(connections, *directory, resource_type, &creations);
    match AssertUnwindSafe(making).catch_unwind().await {
        Ok(Ok(outcomes)) => {
            for (Waiting { reply, .. }, outcome) in taken.into_iter().zip(outcomes) {
                answer(reply, Answer::Made(outcome));
            }
        }
        // The server says that nothing was made.
        Ok(Err(sqlx::Error::Database(_))) => {
            for Waiting { commit, reply } in taken {
                answer(reply, Answer::Apart(commit));
            }
        }
        // The server is not there, or went meanwhile: nobody knows what was made.
        Ok(Err(error)) => {
            for Waiting { reply, .. } in taken {
                let error = sqlx::Error::Protocol(error.to_string());
                answer(reply, Answer::Made(Err(StoreError::Unavailable(error))));
            }
        }
        Err(_panicked) => {
            for Waiting { reply, .. } in taken {
                answer(reply, Answer::Panicked);
            }
        }
    }
}

fn answer(reply: oneshot::Sender<Answer>, answer: Answer) {
    // Who asked may have gone.
    let _ = reply.send(answer);
}
