//! The `dateTime` of RFC 7643 §2.3.5: text to instant, instant to key.

use chrono::{DateTime, NaiveDate, Timelike, Utc};

const NANOS_PER_SECOND: i128 = 1_000_000_000;
/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z.
const NANOS_MIN: i128 = -62_135_596_800 * NANOS_PER_SECOND;
const NANOS_MAX: i128 = 253_402_300_800 * NANOS_PER_SECOND - 1;
/// xsd:dateTime knows no zone farther away than 14:00.
const ZONE_MINUTES_MAX: i64 = 14 * 60;
/// Digits of the fraction that count; the rest is cut off.
const FRACTION_DIGITS_MAX: usize = 9;

/// The instant that an xsd:dateTime means, in nanoseconds since 1970-01-01T00:00:00Z.
///
/// `2011-05-13T04:42:34.123Z`: date and time are both required; the zone is `Z`, `+hh:mm`, `-hh:mm` or absent, which
/// means UTC. The fraction may be of any length; what is finer than a nanosecond is cut off. As in XML Schema 1.1,
/// `24:00:00` is the first moment of the next day and there are no leap seconds: a second of 60 is refused.
/// `None` for anything else, and for instants outside the years 0001 to 9999 of UTC.
pub fn date_time(text: &str) -> Option<i128> {
    let mut rest = text;
    let year = number(&mut rest, 4)?;
    symbol(&mut rest, '-')?;
    let month = number(&mut rest, 2)?;
    symbol(&mut rest, '-')?;
    let day = number(&mut rest, 2)?;
    symbol(&mut rest, 'T')?;
    let hour = number(&mut rest, 2)?;
    symbol(&mut rest, ':')?;
    let minute = number(&mut rest, 2)?;
    symbol(&mut rest, ':')?;
    let second = number(&mut rest, 2)?;
    let nanos = fraction(&mut rest)?;
    let zone_minutes = zone(rest)?;

    let end_of_day = hour == 24;
    if end_of_day && (minute, second, nanos) != (0, 0, 0) || hour > 24 || minute > 59 || second > 59 {
        return None;
    }
    let midnight = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?.and_hms_opt(0, 0, 0)?.and_utc().timestamp();
    let seconds = midnight + i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second) - zone_minutes * 60;
    let instant = i128::from(seconds) * NANOS_PER_SECOND + i128::from(nanos);
    (NANOS_MIN..=NANOS_MAX).contains(&instant).then_some(instant)
}

/// The key of an instant: UTC, `2011-05-13T04:42:34.123`, the fraction without trailing zeros and no `Z`, so that the
/// order of bytes is the order of time.
///
/// Instants outside the years 0001 to 9999, which [`date_time`] never returns, get the key of the nearest one inside.
pub fn date_time_key(nanos: i128) -> String {
    let nanos = nanos.clamp(NANOS_MIN, NANOS_MAX);
    let seconds = i64::try_from(nanos.div_euclid(NANOS_PER_SECOND)).expect("clamped to the years 0001 to 9999");
    let fraction = u32::try_from(nanos.rem_euclid(NANOS_PER_SECOND)).expect("a remainder of 1,000,000,000");
    let moment = DateTime::<Utc>::from_timestamp(seconds, fraction).expect("chrono holds the years 0001 to 9999");
    let mut key = moment.format("%Y-%m-%dT%H:%M:%S").to_string();
    if moment.nanosecond() > 0 {
        key.push_str(&format!(".{:09}", moment.nanosecond()));
        key.truncate(key.trim_end_matches('0').len());
    }
    key
}

/// Takes exactly `digits` ASCII digits.
fn number(rest: &mut &str, digits: usize) -> Option<u32> {
    let head = rest.get(..digits)?;
    *rest = &rest[digits..];
    head.bytes().all(|byte| byte.is_ascii_digit()).then(|| head.parse().ok())?
}

fn symbol(rest: &mut &str, expected: char) -> Option<()> {
    *rest = rest.strip_prefix(expected)?;
    Some(())
}

/// Takes `.` and digits, if they come next, as nanoseconds.
fn fraction(rest: &mut &str) -> Option<u32> {
    let Some(after) = rest.strip_prefix('.') else { return Some(0) };
    let length = after.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, after) = after.split_at(length);
    *rest = after;
    let kept = &digits[..length.min(FRACTION_DIGITS_MAX)];
    let nanos: u32 = kept.parse().ok()?;
    Some((kept.len()..FRACTION_DIGITS_MAX).fold(nanos, |nanos, _| nanos * 10))
}

/// The offset from UTC in minutes; the zone is all that is left of the text.
fn zone(rest: &str) -> Option<i64> {
    if rest.is_empty() || rest == "Z" {
        return Some(0);
    }
    let (sign, mut rest) = match rest.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, rest.strip_prefix('-')?),
    };
    let hours = i64::from(number(&mut rest, 2)?);
    symbol(&mut rest, ':')?;
    let minutes = i64::from(number(&mut rest, 2)?);
    let total = hours * 60 + minutes;
    (rest.is_empty() && minutes < 60 && total <= ZONE_MINUTES_MAX).then_some(sign * total)
}
