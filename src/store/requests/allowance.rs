//! How many entries may be left by requests that are nobody's.

use super::RecorderOptions;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Their share of the log: one in so many entries.
const SHARE: u64 = 10;

/// How many of them may come at once, at most.
const AT_ONCE_MAX: u64 = 100;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// So many entries at once, and then one in each interval: in the time for which entries are kept no more than their share.
/// Whoever has no credentials can send any number of requests, and must not push out those of clients.
#[derive(Debug)]
pub(super) struct Allowance {
    interval: Duration,
    at_once: u32,
    /// When as many as there may be at once are there again.
    full_at: Mutex<Instant>,
}

impl Allowance {
    /// What a log with these bounds allows.
    pub(super) fn new(options: &RecorderOptions) -> Self {
        let share = (options.rows_max / SHARE).max(1);
        let seconds = DAY.as_secs_f64() * f64::from(options.days_max) / share as f64;
        let at_once = u32::try_from(share.min(AT_ONCE_MAX)).unwrap_or(u32::MAX);
        Self { interval: Duration::from_secs_f64(seconds), at_once, full_at: Mutex::new(Instant::now()) }
    }

    /// Takes one, if one is left.
    pub(super) fn take(&self, now: Instant) -> bool {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = (*full_at).max(now) + self.interval;
        let is_left = taken <= now + self.interval * self.at_once;
        if is_left {
            *full_at = taken;
        }
        is_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many are left in a log of 30 days.
    fn taken(rows_max: u64, after: Duration) -> (usize, usize) {
        let options = RecorderOptions { queue_max: 1, batch_max: 1, wait: Duration::ZERO, days_max: 30, rows_max };
        let (allowance, now) = (Allowance::new(&options), Instant::now());
        let take = |now| (0..1_000).filter(|_| allowance.take(now)).count();
        (take(now), take(now + after))
    }

    #[test]
    fn so_many_come_at_once_and_their_share_in_the_time_that_entries_are_kept() {
        assert_eq!(taken(1_000_000, Duration::ZERO), (100, 0));
        assert_eq!(taken(1_000_000, Duration::from_secs(26)), (100, 1));
        assert_eq!(taken(1_000_000, Duration::from_secs(260)), (100, 10));
        assert_eq!(taken(1_000_000, 30 * DAY), (100, 100));
        assert_eq!(taken(200, 3 * DAY), (20, 2));
        assert_eq!(taken(1, 29 * DAY), (1, 0));
    }
}
