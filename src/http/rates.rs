//! How many requests a second each Directory may send (its settings `requestsPerSecond` and `requestsBurst`), by a token bucket.
//!
//! The buckets are in memory, so each server counts for itself: a Directory whose requests are spread over several servers is let
//! through more often, as many times as there are servers. To count together would cost every request a round trip to the database, which
//! the limit is there to spare. A server that starts begins with full buckets.

use crate::clock::Timestamp;
use crate::directory::settings::Settings;
use crate::id::DirectoryId;
use crate::store::DirectoryRow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How many Directories are remembered; above it all buckets are full again.
const DIRECTORIES_MAX: usize = 10_000;

/// A request, in parts: as many as a rate of one a second gives back in a second.
const REQUEST: u64 = 1_000;

/// The buckets of all Directories.
#[derive(Debug, Default)]
pub struct Rates(Mutex<HashMap<DirectoryId, Bucket>>);

/// What a Directory has left.
#[derive(Debug)]
struct Bucket {
    /// The revision of the row that the rate was read from.
    revision: i64,
    rate: Option<Rate>,
    /// Parts of requests.
    left: u64,
    /// When it was filled last.
    filled: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rate {
    /// Requests a second, which is parts a millisecond.
    per_second: u64,
    /// Parts that it holds at most.
    burst: u64,
}

impl Rates {
    /// Lets a request through, or says after how many seconds the next one will be.
    ///
    /// # Errors
    /// The seconds, at least 1.
    pub fn admit(&self, directory: &DirectoryRow, now: Timestamp) -> Result<(), u64> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= DIRECTORIES_MAX && !buckets.contains_key(&directory.id) {
            buckets.clear();
        }
        let bucket = buckets.entry(directory.id).or_insert_with(|| Bucket::full(directory, now));
        // A token that was read a moment earlier may still have the row of before.
        if bucket.revision < directory.revision {
            bucket.adopt(directory);
        }
        bucket.take(now)
    }
}

impl Bucket {
    fn full(directory: &DirectoryRow, now: Timestamp) -> Self {
        let rate = Rate::of(directory);
        Self { revision: directory.revision, rate, left: rate.map_or(0, |rate| rate.burst), filled: now }
    }

    /// Goes by another row. Another rate begins with what is left, and a first one is full.
    fn adopt(&mut self, directory: &DirectoryRow) {
        let rate = Rate::of(directory);
        self.left = match (self.rate, rate) {
            (_, None) => 0,
            (None, Some(rate)) => rate.burst,
            (Some(_), Some(rate)) => self.left.min(rate.burst),
        };
        (self.revision, self.rate) = (directory.revision, rate);
    }

    fn take(&mut self, now: Timestamp) -> Result<(), u64> {
        let Some(rate) = self.rate else { return Ok(()) };
        // A clock that was set back fills nothing (R45).
        let elapsed = u64::try_from(now.0.saturating_sub(self.filled.0)).unwrap_or(0);
        self.left = self.left.saturating_add(elapsed.saturating_mul(rate.per_second)).min(rate.burst);
        self.filled = now;
        if self.left >= REQUEST {
            self.left -= REQUEST;
            return Ok(());
        }
        let missing_ms = (REQUEST - self.left).div_ceil(rate.per_second);
        Err(missing_ms.div_ceil(1_000).max(1))
    }
}

impl Rate {
    /// `None`: as many as come. What does not read is refused elsewhere, with a reason.
    fn of(directory: &DirectoryRow) -> Option<Self> {
        let settings = Settings::of(directory).ok()?;
        let per_second = settings.requests_per_second?;
        let burst = u64::from(settings.requests_burst.unwrap_or(per_second).max(1)) * REQUEST;
        Some(Self { per_second: u64::from(per_second.max(1)), burst })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::DirectoryStatus;

    fn directory(revision: i64, settings: &str) -> DirectoryRow {
        DirectoryRow {
            id: DirectoryId(1),
            name: "test".into(),
            display_name: String::new(),
            provider: "generic".into(),
            settings: settings.into(),
            created: Timestamp(0),
            status: DirectoryStatus::Active,
            protected: false,
            disconnecting: false,
            revision,
            schema_revision: 0,
        }
    }

    /// The answers to requests at these milliseconds: 0 for those let through, else when to come again.
    fn answers(rates: &Rates, directory: &DirectoryRow, times: &[i64]) -> Vec<u64> {
        times.iter().map(|time| rates.admit(directory, Timestamp(*time)).err().unwrap_or(0)).collect()
    }

    #[test]
    fn a_bucket_gives_what_it_holds_and_what_comes_back() {
        let rates = Rates::default();
        let two = directory(1, r#"{"requestsPerSecond":2,"requestsBurst":3}"#);
        assert_eq!(answers(&rates, &two, &[0, 0, 0, 0, 499, 500, 501, 1_000]), [0, 0, 0, 1, 1, 0, 1, 0]);
        assert_eq!(answers(&rates, &two, &[900_000, 900_000, 900_000, 900_000]), [0, 0, 0, 1], "it holds no more than the burst");
    }

    #[test]
    fn without_a_setting_all_come_through_and_a_new_setting_holds_at_once() {
        let rates = Rates::default();
        assert_eq!(answers(&rates, &directory(1, "{}"), &[0; 5]), [0; 5]);
        let one = directory(2, r#"{"requestsPerSecond":1}"#);
        assert_eq!(answers(&rates, &one, &[0, 0]), [0, 1]);
        assert_eq!(answers(&rates, &directory(1, "{}"), &[0]), [1], "the row of before is not believed again");
        assert_eq!(answers(&rates, &directory(3, "{}"), &[0; 5]), [0; 5]);
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_back() {
        let rates = Rates::default();
        let one = directory(1, r#"{"requestsPerSecond":1}"#);
        assert_eq!(answers(&rates, &one, &[10_000, 5_000, 5_999, 6_000]), [0, 1, 1, 0]);
    }
}
