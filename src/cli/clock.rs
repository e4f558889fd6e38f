//! Detects a log that is dated ahead of the clock.
//!
//! A revision is never dated before its predecessor. So a revision that was committed while the clock was ahead dates
//! all that follow, until the clock catches up. Answers that depend on these times are wrong, so commands warn of it.

use crate::model::Time;

/// How far the log may be ahead without a warning, in milliseconds: usual adjustments set a clock back by no more.
const MAX_SKEW: i64 = 60_000;

/// Whether a time of the log is ahead of the clock.
pub(super) const fn is_ahead(of_log: Time, now: Time) -> bool {
    of_log.0 - now.0 > MAX_SKEW
}

/// The warning for a change that was dated later than the clock.
pub(super) fn dated_ahead(of_log: Time, now: Time) -> Option<String> {
    is_ahead(of_log, now).then(|| {
        format!(
            "the change is dated {of_log}, as the log already was, though the clock says {now}: a clock was ahead once"
        )
    })
}
