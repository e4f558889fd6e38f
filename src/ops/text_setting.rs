//! [`text_setting`]: descriptions and titles, which a change sets or removes.

use super::Result;
use crate::model::Problem;

/// A description or title after a change: `None` leaves the text as it was, an empty text removes it.
///
/// # Errors
/// A usage problem for control characters.
pub(super) fn text_setting(given: Option<&str>, before: Option<&str>) -> Result<Option<String>> {
    let Some(text) = given else { return Ok(before.map(str::to_owned)) };
    if text.chars().any(char::is_control) {
        return Err(Problem::usage("bad_text", "a description or a title holds no control characters"));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}
