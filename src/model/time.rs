//! Points in time: milliseconds since 1970 in UTC, written as RFC 3339.

use std::fmt;

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::escape::printable;
use super::problem::Problem;

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

/// The latest representable time: the last millisecond of the year 9999.
const LAST: i64 = 253_402_300_799_999;

/// The time zero.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

impl Time {
    /// The present time of the system clock. Only the command line calls this: decisions take a time.
    ///
    /// A debug build reads the variable `ROLEBOOK_TEST_NOW` (an RFC 3339 time) instead if it is set, so that
    /// tests need not wait for an expiry. Release builds ignore the variable.
    pub fn now() -> Time {
        #[cfg(debug_assertions)]
        if let Some(set) = test_clock() {
            return set;
        }
        Time(Timestamp::now().as_millisecond())
    }

    /// Parses an RFC 3339 time (`2026-03-01T09:00:00Z`, with any offset) or a day
    /// (`2026-03-01`, its first moment in UTC), up to the end of the year 9999.
    ///
    /// # Errors
    /// A usage problem for any other text.
    pub fn parse(text: &str) -> Result<Time, Problem> {
        parse_day(text).or_else(|| parse_time(text)).ok_or_else(|| {
            Problem::usage("bad_time", format!("`{}` is not a time", printable(text)))
                .tip("write `2026-03-01` or `2026-03-01T09:00:00Z`")
        })
    }

    /// The time `length` later, at most the end of the year 9999.
    pub fn after(self, length: TimeSpan) -> Time {
        Time(self.0.saturating_add(length.0).min(LAST))
    }

    /// The date and time of day in UTC; `None` if the calendar does not reach that far.
    fn civil(self) -> Option<DateTime> {
        EPOCH.checked_add(SignedDuration::from_millis(self.0)).ok()
    }
}

/// Whether a text matches a pattern in which `0` stands for any digit.
fn has_form(text: &str, pattern: &str) -> bool {
    let fits = |(byte, expected): (u8, u8)| if expected == b'0' { byte.is_ascii_digit() } else { byte == expected };
    text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(fits)
}

/// Parses a day as its first moment in UTC.
fn parse_day(text: &str) -> Option<Time> {
    let day: Date = has_form(text, "0000-00-00").then(|| text.parse().ok())??;
    Some(Time(i64::try_from(day.at(0, 0, 0, 0).duration_since(EPOCH).as_millis()).ok()?))
}

/// Parses a date and time of day with an offset from UTC.
fn parse_time(text: &str) -> Option<Time> {
    let (civil, offset) = match text.strip_suffix(['Z', 'z']) {
        Some(civil) => (civil, 0),
        None => {
            // After the date, only the offset has a sign.
            let at = text.rfind(['+', '-']).filter(|at| *at > 10)?;
            let (civil, offset) = text.split_at_checked(at)?;
            (civil, parse_offset(offset)?)
        }
    };
    let is_whole = has_form(civil.get(..16)?, "0000-00-00T00:00")
        || has_form(civil.get(..16)?, "0000-00-00t00:00")
        || has_form(civil.get(..16)?, "0000-00-00 00:00");
    let time: DateTime = is_whole.then(|| civil.parse().ok())??;
    let millis = i64::try_from(time.duration_since(EPOCH).as_millis()).ok()? - offset;
    (millis <= LAST).then_some(Time(millis))
}

/// Parses an offset from UTC of less than a day, in milliseconds: `+01:00`, `+0100`, `+01`.
fn parse_offset(text: &str) -> Option<i64> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits = text.get(1..)?;
    let (hours, minutes) = match digits.len() {
        2 if has_form(digits, "00") => (digits, "0"),
        4 if has_form(digits, "0000") => digits.split_at_checked(2)?,
        5 if has_form(digits, "00:00") => (digits.get(..2)?, digits.get(3..)?),
        _ => return None,
    };
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60_000)
}

/// A time as a JSON string; null for `None`.
pub fn time_value(time: Option<Time>) -> Value {
    time.map_or(Value::Null, |time| Value::String(time.to_string()))
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_millisecond(self.0) {
            // Always three decimals or none, so that the times of a column sort and align.
            Ok(stamp) if self.0 % 1000 == 0 => write!(f, "{stamp:.0}"),
            Ok(stamp) => write!(f, "{stamp:.3}"),
            // `Timestamp` ends two days before the year 9999 does.
            Err(_) => match self.civil() {
                Some(civil) if self.0 % 1000 == 0 => write!(f, "{civil:.0}Z"),
                Some(civil) => write!(f, "{civil:.3}Z"),
                None => write!(f, "{} ms", self.0),
            },
        }
    }
}

/// The time that a test has set. An invalid value ends the program: a test must not pass because its
/// clock was ignored.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "compiled for tests only")]
fn test_clock() -> Option<Time> {
    let text = std::env::var_os("ROLEBOOK_TEST_NOW")?;
    match text.to_str().map(Time::parse) {
        Some(Ok(time)) => Some(time),
        _ => panic!("ROLEBOOK_TEST_NOW is not a time: {}", text.display()),
    }
}

/// A length of time, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TimeSpan(pub i64);

impl TimeSpan {
    /// A number of days.
    pub const fn days(count: i64) -> TimeSpan {
        TimeSpan(count * 86_400_000)
    }
}

/// An expiry as written on the command line or in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expiry {
    /// No expiry.
    Never,
    /// Expires at this time.
    At(Time),
    /// Expires this long after it was set.
    In(TimeSpan),
}

impl Expiry {
    /// Parses `never`, a length (`7d`, `12h`, `90m`, `30s`, `2w`), a day or an RFC 3339 time.
    ///
    /// # Errors
    /// A usage problem for any other text.
    pub fn parse(text: &str) -> Result<Expiry, Problem> {
        if text == "never" {
            return Ok(Expiry::Never);
        }
        if let Some(length) = parse_length(text) {
            return Ok(Expiry::In(length));
        }
        Time::parse(text).map(Expiry::At).map_err(|problem| {
            Problem::usage("bad_time", problem.message)
                .tip("write `never`, `7d`, `12h`, `2027-01-01` or `2027-01-01T09:00:00Z`")
        })
    }

    /// The time of the expiry, counted from `now`; `None` for never.
    pub fn resolve_at(self, now: Time) -> Option<Time> {
        match self {
            Expiry::Never => None,
            Expiry::At(time) => Some(time),
            Expiry::In(length) => Some(now.after(length)),
        }
    }
}

fn parse_length(text: &str) -> Option<TimeSpan> {
    let unit = text.chars().last()?;
    let digits = text.strip_suffix(unit)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let count: i64 = digits.parse().ok()?;
    let total = count.checked_mul(seconds)?;
    // At most a century: more than anybody means, and too little to overflow a date.
    (total <= 36_500 * 86_400).then_some(TimeSpan(total * 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_in_utc() {
        assert_eq!(Time::parse("2026-03-01").unwrap().to_string(), "2026-03-01T00:00:00Z");
        assert_eq!(Time::parse("2026-03-01T10:00:00+01:00").unwrap().to_string(), "2026-03-01T09:00:00Z");
    }

    #[test]
    fn times_are_read_up_to_the_end_of_the_calendar_with_valid_offsets() {
        let read = |text: &str| Time::parse(text).map(|time| time.to_string()).unwrap_or_default();
        for (text, expected) in [
            ("9999-12-31", "9999-12-31T00:00:00Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
            ("9999-12-30T23:00:00-02:00", "9999-12-31T01:00:00Z"),
            ("0001-01-01", "0001-01-01T00:00:00Z"),
            ("2026-03-01 10:00+0130", "2026-03-01T08:30:00Z"),
            ("2026-03-01t10:00:00.5z", "2026-03-01T10:00:00.500Z"),
            ("2026-03-01T00:30:00+23:59", "2026-02-28T00:31:00Z"),
            ("2026-03-01T10:00:00-00:00", "2026-03-01T10:00:00Z"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        for bad in [
            "10000-01-01",
            "9999-12-31T23:59:59-01:00",
            "2026-03-01T10:00:00+25:00",
            "2026-03-01T10:00:00+24:00",
            "2026-03-01T10:00:00+01:60",
            "2026-03-01T10:00:00",
            "2026-03-01T25:00:00Z",
            "2026-02-29",
            "2026-03-01Z",
            "20260301",
            "+02026-03-01",
            "2026-03-01T10:00:00+01:00[Europe/Paris]",
        ] {
            assert_eq!(read(bad), "", "{bad}");
        }
        assert_eq!(Time(0).after(TimeSpan(i64::MAX)).to_string(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn expiries_are_read_in_every_form() {
        assert_eq!(Expiry::parse("7d").unwrap(), Expiry::In(TimeSpan::days(7)));
        assert_eq!(Expiry::parse("never").unwrap(), Expiry::Never);
        assert!(matches!(Expiry::parse("2027-01-01").unwrap(), Expiry::At(_)));
        for bad in ["", "d", "7", "7x", "-1d", "soon", "2027-13-01", "99999999999d", "1.5d"] {
            assert!(Expiry::parse(bad).is_err(), "{bad}");
        }
    }
}
