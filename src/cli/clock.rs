//! A log that is dated ahead of the clock.
//!
//! A revision is never dated before its predecessor. So a clock that was once in the future dates all
//! that follows, until the present has caught up: what is judged by these times is judged wrongly, and
//! whoever asks should know.

use crate::model::Time;

/// How far the log may be ahead without a word, in milliseconds: clocks are set back by so much
/// whenever they are adjusted.
const MAX_SKEW: i64 = 60_000;

/// Whether a time of the log is ahead of the clock.
pub(super) const fn is_ahead(of_log: Time, now: Time) -> bool {
    of_log.0 - now.0 > MAX_SKEW
}

/// What should be said of a change that was dated later than the clock.
pub(super) fn dated_ahead(of_log: Time, now: Time) -> Option<String> {
    is_ahead(of_log, now).then(|| {
        format!(
            "the change is dated {of_log}, as the log already was, though the clock says {now}: a clock was ahead once"
        )
    })
}
