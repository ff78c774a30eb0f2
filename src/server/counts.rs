//! What a server counts of its connections.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Numbers of connections, for metrics.
#[derive(Debug, Default)]
pub struct Counts {
    open: AtomicU64,
    refused: AtomicU64,
    failed_handshakes: AtomicU64,
}

impl Counts {
    /// How many are open.
    pub fn open(&self) -> u64 {
        self.open.load(Relaxed)
    }

    /// How many were refused because there were too many, of all clients or of one.
    pub fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    /// How many TLS handshakes failed.
    pub fn failed_handshakes(&self) -> u64 {
        self.failed_handshakes.load(Relaxed)
    }

    pub(super) fn set_open(&self, open: usize) {
        self.open.store(open as u64, Relaxed);
    }

    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    pub(super) fn handshake_failed(&self) {
        self.failed_handshakes.fetch_add(1, Relaxed);
    }
}
