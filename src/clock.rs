//! Time as a parameter, so that tests are exact (R45).

use chrono::{DateTime, Utc};
use std::sync::Mutex;

/// A moment in whole milliseconds since 1970-01-01T00:00:00Z, the resolution of `meta` (D-29).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The `dateTime` form of RFC 7643 §2.3.5, UTC with milliseconds: `2026-11-25T03:05:38.000Z`.
    pub fn to_rfc3339(self) -> String {
        DateTime::<Utc>::from_timestamp_millis(self.0).unwrap_or_default().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    }

    /// The moment that a text of RFC 3339 names, to the millisecond.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|moment| Self(moment.timestamp_millis()))
    }

    /// Reads what [`Timestamp::to_rfc3339`] writes, and no other spelling of it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_rfc3339(text).filter(|moment| moment.to_rfc3339() == text)
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The current moment.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(Utc::now().timestamp_millis())
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// Starts at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Mutex::new(start))
    }

    /// Moves the clock by `milliseconds`, backwards if negative.
    pub fn advance(&self, milliseconds: i64) {
        let mut now = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        now.0 += milliseconds;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
