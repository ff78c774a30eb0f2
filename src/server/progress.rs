//! How far a connection has come: the state that its socket, its service and its bodies share.

use super::ServerOptions;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::Instant;

/// What a connection is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Accepted, and silent so far.
    Fresh,
    /// Some of a head has come.
    Head,
    /// The head is complete, the reply is not sent. Request bodies and writes have their own timers.
    Exchange,
    /// The reply is sent, and nothing has come since.
    Idle,
}

/// The shared state. All of it belongs to one task in the end, so the atomics order nothing.
#[derive(Debug)]
pub(super) struct Progress {
    accepted: Instant,
    phase: AtomicU8,
    /// When the phase began, in milliseconds after `accepted`.
    since_ms: AtomicU64,
    /// Whether the client may still be sending what nobody will read.
    unread: AtomicBool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            accepted: Instant::now(),
            phase: AtomicU8::new(Phase::Fresh as u8),
            since_ms: AtomicU64::new(0),
            unread: AtomicBool::new(false),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        const PHASES: [Phase; 4] = [Phase::Fresh, Phase::Head, Phase::Exchange, Phase::Idle];
        PHASES[usize::from(self.phase.load(Relaxed)) % PHASES.len()]
    }

    pub(super) fn enter(&self, phase: Phase) {
        let since = u64::try_from(self.accepted.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since_ms.store(since, Relaxed);
        self.phase.store(phase as u8, Relaxed);
    }

    /// Until when the client has to send something, if it is its turn.
    pub(super) fn read_deadline(&self, options: &ServerOptions) -> Option<Instant> {
        let timeout = match self.phase() {
            Phase::Fresh => options.first_byte_timeout,
            Phase::Head => options.head_timeout,
            Phase::Exchange => return None,
            Phase::Idle => options.idle_timeout,
        };
        Some(self.accepted + Duration::from_millis(self.since_ms.load(Relaxed)) + timeout)
    }

    pub(super) fn unread(&self) -> bool {
        self.unread.load(Relaxed)
    }

    pub(super) fn set_unread(&self, unread: bool) {
        self.unread.store(unread, Relaxed);
    }
}
