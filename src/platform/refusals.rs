//! The refusals of a reading, and the checks of rows that end in one. A reading goes on after each, so that all are found.

use serde_json::Value;

use super::refusal::{Place, Refusal, Refused};
use super::rows::{id, said};
use crate::model::Time;
use crate::model::escape::printable;

/// The refusals so far.
#[derive(Debug, Default)]
pub(super) struct Refusals(Vec<Refused>);

impl Refusals {
    pub(super) fn add(&mut self, refusal: Refusal, place: &Place, message: impl Into<String>) {
        self.0.push(Refused::new(refusal, place.clone(), message));
    }

    /// Keeps the refusal of a check that failed.
    pub(super) fn check(&mut self, checked: Result<(), Refused>) {
        self.0.extend(checked.err());
    }

    /// Refuses the value under a key of a row, which is not one of those that are known. `what` says what it should be.
    pub(super) fn unknown(&mut self, place: &Place, row: &Value, key: &str, what: &str) {
        let value = row.get(key).unwrap_or(&Value::Null);
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.add(Refusal::UnknownValue, &place.at(key), format!("unknown {what} `{}`", printable(&shown)));
    }

    /// The id under a key of a row; a row without one is refused.
    pub(super) fn required_id(&mut self, place: &Place, row: &Value, key: &str) -> Option<String> {
        let found = id(row, key);
        if found.is_none() {
            self.add(Refusal::NotAList, place, format!("the row has no `{key}`"));
        }
        found
    }

    /// The time under a key of a row; `None` if there is none, and for a value that is refused.
    pub(super) fn time(&mut self, place: &Place, row: &Value, key: &str) -> Option<Time> {
        let value = row.get(key).filter(|value| !value.is_null() && value.as_str() != Some(""))?;
        let time = value.as_str().and_then(|text| Time::parse(text).ok());
        if time.is_none() {
            self.unknown(place, row, key, "time");
        }
        time
    }

    /// As [`Refusals::time`], where the row says that there is an end: one without a time is refused, since it would be
    /// read as none.
    pub(super) fn required_time(&mut self, place: &Place, row: &Value, key: &str) -> Option<Time> {
        if said(row, key).is_none() {
            self.unknown(place, row, key, "time");
            return None;
        }
        self.time(place, row, key)
    }

    /// What was read, if nothing was refused.
    pub(super) fn or<T>(self, read: T) -> Result<T, Vec<Refused>> {
        if self.0.is_empty() { Ok(read) } else { Err(self.0) }
    }
}
