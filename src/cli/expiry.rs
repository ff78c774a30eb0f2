//! Times such as `30m`, `12h`, `365d` and `52w`, and moments.

use crate::clock::Timestamp;
use std::time::Duration;

/// The longest time, in days: a hundred years.
const DAYS_MAX: u64 = 36_525;

/// Reads a whole number and one of `m`, `h`, `d`, `w`.
///
/// # Errors
/// What would be right.
pub fn parse(text: &str) -> Result<Duration, String> {
    let time = parse_any(text)?;
    if time.is_zero() { Err("the time must not be 0".to_owned()) } else { Ok(time) }
}

/// As [`parse`], and also no time at all, `0m`.
///
/// # Errors
/// What would be right.
pub fn parse_any(text: &str) -> Result<Duration, String> {
    let wrong = || format!("a time is a whole number and m, h, d or w, such as 30m, 12h, 365d or 52w, at most {DAYS_MAX}d");
    let (seconds, number) = [(60, 'm'), (60 * 60, 'h'), (24 * 60 * 60, 'd'), (7 * 24 * 60 * 60, 'w')]
        .into_iter()
        .find_map(|(seconds, unit)| Some((seconds, text.strip_suffix(unit)?)))
        .ok_or_else(wrong)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(seconds))
        .filter(|seconds| (0..=DAYS_MAX * 24 * 60 * 60).contains(seconds))
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

/// A moment, or how long ago it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The moment.
    At(Timestamp),
    /// So long ago.
    Ago(Duration),
}

impl Moment {
    /// The moment, by a clock that says `now`.
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::Ago(time) => Timestamp(now.0.saturating_sub(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))),
        }
    }
}

/// Reads `2030-01-31T00:00:00Z`, or how long ago as [`parse`] does.
///
/// # Errors
/// What would be right.
pub fn moment(text: &str) -> Result<Moment, String> {
    match Timestamp::parse_rfc3339(text) {
        Some(moment) => Ok(Moment::At(moment)),
        None => parse(text).map(Moment::Ago).map_err(|error| format!("a moment is written as 2030-01-31T00:00:00Z; {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        for (text, seconds) in
            [("30m", 1_800), ("12h", 43_200), ("365d", 31_536_000), ("52w", 31_449_600), ("36525d", 3_155_760_000)]
        {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn a_moment_is_itself_or_a_time_ago() {
        let now = Timestamp(90_000_000);
        for (text, at) in [("1970-01-01T00:00:01Z", 1_000), ("1h", 86_400_000), ("1d", 3_600_000)] {
            assert_eq!(moment(text).map(|moment| moment.at(now)), Ok(Timestamp(at)), "{text}");
        }
        assert!(moment("yesterday").is_err());
    }

    #[test]
    fn everything_else_is_refused() {
        for text in ["", "d", "0d", "-1d", "+1d", "1", "1s", "1y", "1.5d", "1 d", "1D", "36526d", "99999999999999999999d", "1é"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse_any("0m"), Ok(Duration::ZERO));
    }
}
