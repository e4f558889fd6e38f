//! Points in time: milliseconds since 1970 in UTC, written as RFC 3339.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::name::printable;
use super::problem::Problem;

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

impl Time {
    /// The present, by the system's clock. Called at the edge only: decisions take a time.
    ///
    /// A debug build reads `ROLEBOOK_TEST_NOW` (an RFC 3339 time) instead where it is set, so that
    /// tests need not wait for something to expire. Release builds do not know the variable.
    pub fn now() -> Time {
        #[cfg(debug_assertions)]
        if let Some(set) = test_clock() {
            return set;
        }
        Time(Timestamp::now().as_millisecond())
    }

    /// Reads an RFC 3339 time (`2026-03-01T09:00:00Z`, with any offset) or a day
    /// (`2026-03-01`, its first moment in UTC).
    ///
    /// # Errors
    /// A usage problem for any other text.
    pub fn parse(text: &str) -> Result<Time, Problem> {
        if let Ok(day) = text.parse::<Date>()
            && !text.contains(['T', 't', ' '])
            && let Ok(start) = day.to_zoned(TimeZone::UTC)
        {
            return Ok(Time(start.timestamp().as_millisecond()));
        }
        text.parse::<Timestamp>().map(|stamp| Time(stamp.as_millisecond())).map_err(|_| {
            Problem::usage("bad_time", format!("`{}` is not a time", printable(text)))
                .tip("write `2026-03-01` or `2026-03-01T09:00:00Z`")
        })
    }

    /// This time, `length` later; the last representable moment where that is out of range.
    pub fn after(self, length: Length) -> Time {
        Time(self.0.saturating_add(length.0).min(Timestamp::MAX.as_millisecond()))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_millisecond(self.0) {
            // Always three digits or none, so that texts of one column sort and align.
            Ok(stamp) if self.0 % 1000 == 0 => write!(f, "{stamp:.0}"),
            Ok(stamp) => write!(f, "{stamp:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

/// The time that a test set. One that cannot be read ends the program: a test must not pass because
/// its clock was ignored.
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
pub struct Length(pub i64);

impl Length {
    /// A number of days.
    pub const fn days(count: i64) -> Length {
        Length(count * 86_400_000)
    }
}

/// When something ends, as written on the command line or in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expiry {
    /// It does not end by itself.
    Never,
    /// It ends at that time.
    At(Time),
    /// It ends that long after it was made.
    In(Length),
}

impl Expiry {
    /// Reads `never`, a length (`7d`, `12h`, `90m`, `30s`, `2w`), a day or an RFC 3339 time.
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

    /// The moment it means when counted from `now`; none for never.
    pub fn counted_from(self, now: Time) -> Option<Time> {
        match self {
            Expiry::Never => None,
            Expiry::At(time) => Some(time),
            Expiry::In(length) => Some(now.after(length)),
        }
    }
}

fn parse_length(text: &str) -> Option<Length> {
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
    // A century is more than anybody means, and less than what overflows a date.
    (total <= 36_500 * 86_400).then_some(Length(total * 1000))
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
    fn expiries_are_read_in_every_form() {
        assert_eq!(Expiry::parse("7d").unwrap(), Expiry::In(Length::days(7)));
        assert_eq!(Expiry::parse("never").unwrap(), Expiry::Never);
        assert!(matches!(Expiry::parse("2027-01-01").unwrap(), Expiry::At(_)));
        for bad in ["", "d", "7", "7x", "-1d", "soon", "2027-13-01", "99999999999d", "1.5d"] {
            assert!(Expiry::parse(bad).is_err(), "{bad}");
        }
    }
}
