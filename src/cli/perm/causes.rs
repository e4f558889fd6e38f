//! Which change it was that gave or took something: of the moments in between, the two next to each
//! other between which the answer changed.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::super::view::View;
use super::rows::words;
use crate::model::{Action, Id, Problem, Revision, Time};
use crate::policy::listing::Difference;
use crate::policy::{Facts, Question, decide};
use crate::render::RenderError;
use crate::store::{LogEntry, Reader, Snapshot};

/// A moment: the facts after a revision, expiries judged at a time.
#[derive(Clone, Copy)]
struct Moment {
    revision: Revision,
    at: Time,
}

/// What made the answer another one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// A change.
    Revision(Revision),
    /// Time went by: something expired, in the facts after that revision.
    Expiry(Revision, Time),
}

/// The changes between two moments of one store, as far as they were looked at.
pub(super) struct Causes<'v, 'r> {
    view: &'v View<'r, Snapshot>,
    reader: &'r Reader,
    before: Moment,
    after: Moment,
    entries: HashMap<Revision, Option<LogEntry>>,
    /// What was found last: most differences have a cause in common with the one before.
    last: Option<Cause>,
}

impl<'v, 'r> Causes<'v, 'r> {
    pub(super) fn new(before: &View<'r, Snapshot>, after: &'v View<'r, Snapshot>) -> Causes<'v, 'r> {
        let moment = |view: &View<'_, Snapshot>| Moment { revision: view.revision, at: view.at };
        Causes {
            view: after,
            reader: after.reader,
            before: moment(before),
            after: moment(after),
            entries: HashMap::new(),
            last: None,
        }
    }

    /// What caused a difference: each cause once, with the actions that are its own.
    pub(super) fn of(&mut self, difference: &Difference, is_text: bool) -> Result<Value, RenderError> {
        let mut found: Vec<(Cause, Vec<Action>)> = Vec::new();
        for action in difference.gained.iter().chain(&difference.lost) {
            let Some(cause) = self.cause(difference, *action)? else { continue };
            self.last = Some(cause);
            match found.iter_mut().find(|(known, _)| *known == cause) {
                Some((_, actions)) => actions.push(*action),
                None => found.push((cause, vec![*action])),
            }
        }
        let mut values = Vec::new();
        for (cause, actions) in &found {
            values.push(if is_text { self.phrase(*cause)? } else { self.object(*cause, actions)? });
        }
        if is_text {
            let phrases: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
            return Ok(json!(phrases.join("; ")));
        }
        Ok(Value::Array(values))
    }

    fn cause(&mut self, difference: &Difference, action: Action) -> Result<Option<Cause>, RenderError> {
        let (Some(principal), Some(resource)) =
            (difference.principal.1.or(difference.principal.0), difference.resource.1.or(difference.resource.0))
        else {
            return Ok(None);
        };
        // Asked backwards in time, what was gained was lost.
        let forwards = (self.before.revision, self.before.at) <= (self.after.revision, self.after.at);
        let (first, last) = if forwards { (self.before, self.after) } else { (self.after, self.before) };
        let asked = (principal, action, resource);
        let end = self.answer(last, asked)?;
        if let Some(Cause::Revision(known)) = self.last
            && known > first.revision
            && self.changes_at(known, asked, end)?
        {
            return Ok(self.last);
        }
        let (mut low, mut high) = (first, last);
        while low.revision + 1 < high.revision {
            let revision = low.revision + (high.revision - low.revision) / 2;
            let middle = Moment { revision, at: self.time_of(revision)?.unwrap_or(low.at) };
            if self.answer(middle, asked)? == end { high = middle } else { low = middle }
        }
        if low.revision == high.revision {
            return Ok(Some(Cause::Expiry(low.revision, high.at)));
        }
        // One change lies between, and the time that went by before it and after it.
        let made = self.time_of(high.revision)?.unwrap_or(high.at);
        let just_before = self.answer(Moment { revision: low.revision, at: made }, asked)?;
        let just_after = self.answer(Moment { revision: high.revision, at: made }, asked)?;
        Ok(Some(if just_before == end {
            Cause::Expiry(low.revision, made)
        } else if just_after == end {
            Cause::Revision(high.revision)
        } else {
            Cause::Expiry(high.revision, high.at)
        }))
    }

    /// Whether a revision turned the answer into what it is in the end.
    fn changes_at(&mut self, revision: Revision, asked: (Id, Action, Id), end: bool) -> Result<bool, RenderError> {
        let Some(at) = self.time_of(revision)? else { return Ok(false) };
        let before = self.answer(Moment { revision: revision - 1, at }, asked)?;
        Ok(before != end && self.answer(Moment { revision, at }, asked)? == end)
    }

    fn answer(&self, moment: Moment, (principal, action, resource): (Id, Action, Id)) -> Result<bool, RenderError> {
        let facts = self.reader.facts_at(moment.revision);
        let mut on = resource;
        // A path that was not registered had what the folder above had.
        if resource > Id::LAST_RESERVED && facts.outline(resource)?.is_none() {
            let lineage = self.view.facts.lineage(resource)?;
            let mut above = lineage.iter().skip(1).filter(|it| it.kind() == crate::model::Kind::Item);
            let found = above.find_map(|it| facts.outline(it.id).ok().flatten());
            let Some(found) = found else { return Ok(false) };
            on = found.id;
        }
        let question = Question { principal, action, resource: on, at: moment.at };
        Ok(decide(&facts, &question)?.allowed)
    }

    fn entry(&mut self, revision: Revision) -> Result<Option<&LogEntry>, Problem> {
        if !self.entries.contains_key(&revision) {
            let entry = self.reader.revision(revision)?;
            self.entries.insert(revision, entry);
        }
        Ok(self.entries.get(&revision).and_then(Option::as_ref))
    }

    fn time_of(&mut self, revision: Revision) -> Result<Option<Time>, Problem> {
        Ok(self.entry(revision)?.map(|entry| entry.at))
    }

    fn phrase(&mut self, cause: Cause) -> Result<Value, RenderError> {
        let view = self.view;
        Ok(json!(match cause {
            Cause::Revision(revision) => {
                let Some(entry) = self.entry(revision)? else { return Ok(Value::Null) };
                format!("revision {revision} by {}: {}", view.by(entry.actor)?, entry.command)
            }
            Cause::Expiry(..) => "it expired".to_owned(),
        }))
    }

    fn object(&mut self, cause: Cause, actions: &[Action]) -> Result<Value, RenderError> {
        let view = self.view;
        let mut object = Map::new();
        match cause {
            Cause::Revision(revision) => {
                let Some(entry) = self.entry(revision)? else { return Ok(Value::Null) };
                object.insert("revision".to_owned(), json!(revision));
                object.insert("at".to_owned(), json!(entry.at.to_string()));
                object.insert("actor".to_owned(), json!(view.by(entry.actor)?));
                object.insert("operator".to_owned(), json!(entry.operator));
                object.insert("command".to_owned(), json!(entry.command));
                object.insert("reason".to_owned(), json!(entry.reason));
            }
            Cause::Expiry(revision, by) => {
                object.insert("expired".to_owned(), json!(true));
                object.insert("revision".to_owned(), json!(revision));
                object.insert("at".to_owned(), json!(by.to_string()));
            }
        }
        object.insert("actions".to_owned(), words(actions));
        Ok(Value::Object(object))
    }
}
