//! The queue that requests leave their entries in, and the one task that writes them.
//!
//! A request never waits: if the queue is full, its entry is dropped and counted. So it is if the request is nobody's and there were
//! too many of those. What cannot be written, because the database of
//! the log is away, broken or full, is lost and counted; the next entries are tried anew.

use super::allowance::Allowance;
use super::{RequestEntry, RequestLog};
use crate::clock::{Clock, Timestamp};
use crate::id::DirectoryId;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};

/// How often it is looked for entries that are to be forgotten, beside the steps that go on after a writing.
const TIDY_INTERVAL: Duration = Duration::from_secs(10);

/// How many of the oldest entries one step of forgetting takes at most, by age and by number.
const TIDY_ROWS: u32 = 2_000;

/// How often the process's log says that entries are lost.
const COMPLAIN_INTERVAL: Duration = Duration::from_secs(60);

/// How long the end of the server waits for the last entries.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// How the log is written, and for how long it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecorderOptions {
    /// How many entries may wait; further ones are dropped.
    pub queue_max: usize,
    /// How many are written together at most.
    pub batch_max: usize,
    /// For how long the first of them waits for others.
    pub wait: Duration,
    /// After how many days an entry is forgotten.
    pub days_max: u32,
    /// How many entries are kept at most; the oldest go.
    pub rows_max: u64,
}

/// What became of entries since the start of the process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecorderCounters {
    /// How many were written.
    pub written: u64,
    /// How many were dropped because the queue was full.
    pub dropped: u64,
    /// How many were dropped because they were nobody's, and those had left as many as they may.
    pub nobodys: u64,
    /// How many could not be written.
    pub lost: u64,
    /// How many wait now.
    pub waiting: u64,
}

#[derive(Debug, Default)]
struct Counts {
    written: AtomicU64,
    dropped: AtomicU64,
    nobodys: AtomicU64,
    lost: AtomicU64,
}

enum Message {
    Entry(Box<RequestEntry>),
    /// Answered when all that was queued before is written. `last`: and nothing more will be.
    Flush {
        last: bool,
        done: oneshot::Sender<()>,
    },
}

/// Where requests leave their entries.
#[derive(Debug)]
pub struct Recorder {
    queue: Option<mpsc::Sender<Message>>,
    /// How many entries may be left that are nobody's.
    nobodys: Option<Allowance>,
    counts: Arc<Counts>,
    /// Moves whenever entries were written.
    news: watch::Receiver<u64>,
}

/// A place in the queue, for an entry that is being made.
pub struct Place<'r>(mpsc::Permit<'r, Message>);

impl Place<'_> {
    /// Leaves the entry there.
    pub fn leave(self, entry: RequestEntry) {
        self.0.send(Message::Entry(Box::new(entry)));
    }
}

impl Recorder {
    /// One that records nothing.
    pub fn off() -> Self {
        Self { queue: None, nobodys: None, counts: Arc::default(), news: watch::channel(0).1 }
    }

    /// One that writes to `log`, in a task of its own, until it is closed or dropped.
    pub fn start(log: Arc<dyn RequestLog>, clock: Arc<dyn Clock>, options: RecorderOptions) -> Self {
        let (queue, messages) = mpsc::channel(options.queue_max.max(1));
        let (told, news) = watch::channel(0);
        let counts = Arc::<Counts>::default();
        let nobodys = Some(Allowance::new(&options));
        let writer =
            Writer { log, clock, options, counts: counts.clone(), told, complained: None, dropped: 0, tidy_at: Instant::now() };
        tokio::spawn(writer.run(messages));
        Self { queue: Some(queue), nobodys, counts, news }
    }

    /// Whether anything is recorded.
    pub fn is_on(&self) -> bool {
        self.queue.is_some()
    }

    /// A place for an entry of a Directory, or of nobody, so that none is made in vain. `None`: nothing is recorded, or the entry
    /// has to be dropped, which is counted.
    pub fn place(&self, directory: Option<DirectoryId>) -> Option<Place<'_>> {
        let queue = self.queue.as_ref()?;
        if directory.is_none() && self.nobodys.as_ref().is_some_and(|nobodys| !nobodys.take(Instant::now())) {
            self.counts.nobodys.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        match queue.try_reserve() {
            Ok(place) => Some(Place(place)),
            Err(_full_or_closed) => {
                self.counts.dropped.fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }

    /// What became of entries so far.
    pub fn counters(&self) -> RecorderCounters {
        let waiting = self.queue.as_ref().map_or(0, |queue| queue.max_capacity() - queue.capacity());
        RecorderCounters {
            written: self.counts.written.load(Ordering::Relaxed),
            dropped: self.counts.dropped.load(Ordering::Relaxed),
            nobodys: self.counts.nobodys.load(Ordering::Relaxed),
            lost: self.counts.lost.load(Ordering::Relaxed),
            waiting: waiting as u64,
        }
    }

    /// Changes whenever this process has written entries; those of other replicas nobody tells of.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.clone()
    }

    /// Returns when what was recorded before is written or lost.
    pub async fn flush(&self) {
        self.ask(false).await;
    }

    /// Writes what waits and ends the task; what comes later is dropped. Gives up after some seconds.
    pub async fn close(&self) {
        if timeout(CLOSE_TIMEOUT, self.ask(true)).await.is_err() {
            tracing::warn!(entries = self.counters().waiting, "the request log did not take its last entries");
        }
    }

    async fn ask(&self, last: bool) {
        let Some(queue) = &self.queue else { return };
        let (done, answer) = oneshot::channel();
        if queue.send(Message::Flush { last, done }).await.is_ok() {
            // Without an answer the task has ended, and there is nothing to wait for.
            let _ = answer.await;
        }
    }
}

struct Writer {
    log: Arc<dyn RequestLog>,
    clock: Arc<dyn Clock>,
    options: RecorderOptions,
    counts: Arc<Counts>,
    told: watch::Sender<u64>,
    /// When the process's log last said that entries are lost.
    complained: Option<Instant>,
    /// How many had been dropped then.
    dropped: u64,
    /// When it is time to look for what is to be forgotten.
    tidy_at: Instant,
}

impl Writer {
    async fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let batch_max = self.options.batch_max.max(1);
        let mut received = Vec::with_capacity(batch_max);
        loop {
            if messages.is_empty() {
                tokio::select! {
                    arrived = messages.recv() => match arrived {
                        Some(message) => received.push(message),
                        None => break,
                    },
                    () = tokio::time::sleep_until(self.tidy_at) => self.tidy().await,
                }
                // Others are soon to come, and cost less together.
                if let [Message::Entry(_)] = received.as_slice() {
                    tokio::time::sleep(self.options.wait).await;
                }
            }
            let room = batch_max.saturating_sub(received.len());
            if room > 0 && !messages.is_empty() {
                messages.recv_many(&mut received, room).await;
            }
            if self.settle(&mut received).await {
                break;
            }
        }
        self.log.close().await;
    }

    /// Writes what was received, and answers. Whether it was the last.
    async fn settle(&mut self, received: &mut Vec<Message>) -> bool {
        let mut entries = Vec::with_capacity(received.len());
        let mut flushed = Vec::new();
        let mut ends = false;
        for message in received.drain(..) {
            match message {
                Message::Entry(entry) => entries.push(*entry),
                Message::Flush { last, done } => {
                    ends |= last;
                    flushed.push(done);
                }
            }
        }
        if !entries.is_empty() {
            self.write(&entries).await;
        }
        for done in flushed {
            // Who asked may have gone.
            let _ = done.send(());
        }
        if Instant::now() >= self.tidy_at {
            self.tidy().await;
        }
        ends
    }

    async fn write(&mut self, entries: &[RequestEntry]) {
        let count = entries.len() as u64;
        match self.log.write(entries).await {
            Ok(()) => {
                self.counts.written.fetch_add(count, Ordering::Relaxed);
                self.told.send_modify(|news| *news = news.wrapping_add(1));
                let dropped = self.counts.dropped.load(Ordering::Relaxed);
                if dropped > self.dropped && self.may_complain() {
                    self.dropped = dropped;
                    tracing::warn!(dropped, "the request log does not keep up; requests are served all the same");
                }
            }
            Err(error) => {
                self.counts.lost.fetch_add(count, Ordering::Relaxed);
                self.complain(&error);
            }
        }
    }

    /// One step of forgetting: as long as there is something to forget, another one follows the next writing, so that it goes
    /// faster than entries come.
    async fn tidy(&mut self) {
        let until = Timestamp(self.clock.now().0.saturating_sub(i64::from(self.options.days_max) * DAY_MS));
        match self.log.forget(until, self.options.rows_max, TIDY_ROWS).await {
            Ok(0) => self.tidy_at = Instant::now() + TIDY_INTERVAL,
            Ok(_) => self.tidy_at = Instant::now() + self.options.wait,
            Err(error) => {
                self.tidy_at = Instant::now() + TIDY_INTERVAL;
                self.complain(&error);
            }
        }
    }

    fn complain(&mut self, error: &dyn std::error::Error) {
        if self.may_complain() {
            let lost = self.counts.lost.load(Ordering::Relaxed);
            let source = error.source().map(ToString::to_string);
            tracing::error!(cause = %error, source, lost, "the request log cannot be written; requests are served all the same");
        }
    }

    /// Whether it is long enough ago that the process's log said something; then it is said now.
    fn may_complain(&mut self) -> bool {
        let may = self.complained.is_none_or(|at| at.elapsed() >= COMPLAIN_INTERVAL);
        if may {
            self.complained = Some(Instant::now());
        }
        may
    }
}
