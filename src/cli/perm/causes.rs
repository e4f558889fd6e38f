//! Finds the change that gave or took access: a binary search for the two adjacent moments between which the answer
//! changed.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::super::log::LogReader;
use super::super::view::ReadView;
use super::listing_output::action_names;
use crate::model::{Action, Id, Kind, Problem, Revision, Time};
use crate::policy::listing::Difference;
use crate::policy::{Facts, Subject, Target, allows};
use crate::render::RenderError;
use crate::store::{LogEntry, Reader, Snapshot};

/// A moment: the facts after a revision, with expiries evaluated at a time.
#[derive(Clone, Copy)]
struct Moment {
    revision: Revision,
    at: Time,
}

/// What changed the answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Cause {
    /// A revision.
    Revision(Revision),
    /// An expiry by that time, in the facts after that revision.
    Expiry(Revision, Time),
}

/// Finds the causes of differences between two moments of one store, and caches what it read of the log.
pub(super) struct Causes<'v, 'r> {
    before: &'v ReadView<'r, Snapshot>,
    after: &'v ReadView<'r, Snapshot>,
    log: LogReader<'v, 'r, Snapshot>,
    reader: &'r Reader,
    /// Whether anything expired in between, so that an expiry can be the cause.
    expired: bool,
    entries: HashMap<Revision, Option<LogEntry>>,
    /// Whether the reader may see a revision, and the texts that were typed.
    visibility: HashMap<Revision, (bool, bool)>,
    /// The description of each cause.
    descriptions: HashMap<Cause, Value>,
    /// The last cause found; most differences share a cause with the one before.
    last: Option<Cause>,
    /// The number of consecutive differences that shared the last cause.
    in_common: usize,
    /// The facts before and after the last cause, read into memory once enough differences share it.
    around: HashMap<Revision, Snapshot>,
}

/// The principal and the resource of a question.
type PrincipalAndResource = (Id, Id);

impl<'v, 'r> Causes<'v, 'r> {
    /// The causes between two moments; `expired` says whether anything expired in between.
    pub(super) fn new(
        before: &'v ReadView<'r, Snapshot>,
        after: &'v ReadView<'r, Snapshot>,
        expired: bool,
    ) -> Result<Causes<'v, 'r>, Problem> {
        Ok(Causes {
            before,
            after,
            log: LogReader::new(after)?,
            reader: after.reader,
            expired,
            entries: HashMap::new(),
            visibility: HashMap::new(),
            descriptions: HashMap::new(),
            last: None,
            in_common: 0,
            around: HashMap::new(),
        })
    }

    /// What caused a difference: each cause once, with the actions that it changed.
    pub(super) fn of(&mut self, difference: &Difference, is_text: bool) -> Result<Value, RenderError> {
        let mut values = Vec::new();
        for (cause, actions) in self.found(difference)? {
            let mut value = self.description(cause, is_text)?;
            if let Value::Object(object) = &mut value {
                object.insert("actions".to_owned(), action_names(&actions));
            }
            values.push(value);
        }
        if is_text {
            let phrases: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
            return Ok(json!(phrases.join("; ")));
        }
        Ok(Value::Array(values))
    }

    fn found(&mut self, difference: &Difference) -> Result<Vec<(Cause, Vec<Action>)>, RenderError> {
        let mut open: Vec<Action> = difference.gained.iter().chain(&difference.lost).copied().collect();
        let mut found = Vec::new();
        let moment = |view: &ReadView<'_, Snapshot>| Moment { revision: view.revision, at: view.at };
        // The two moments may be in reverse order.
        let (one, other) = (moment(self.before), moment(self.after));
        let (first, last) =
            if (one.revision, one.at) <= (other.revision, other.at) { (one, other) } else { (other, one) };
        if last.revision == first.revision + 1 && !self.expired {
            return Ok(vec![(Cause::Revision(last.revision), open)]);
        }
        let (Some(principal), Some(resource)) =
            (difference.principal.1.or(difference.principal.0), difference.resource.1.or(difference.resource.0))
        else {
            return Ok(found);
        };
        let asked = (principal, resource);
        let end = self.allowed(last, asked, &open)?;
        if let Some(Cause::Revision(known)) = self.last
            && known > first.revision
        {
            let own = self.changed_at(known, asked, &open, &end)?;
            if !own.is_empty() {
                open.retain(|action| !own.contains(action));
                found.push((Cause::Revision(known), own));
                self.keep_around(known)?;
            }
        }
        while let Some(action) = open.first().copied() {
            let cause = self.search((first, last), asked, action, end.contains(&action))?;
            let mut own = match cause {
                Cause::Revision(revision) => self.changed_at(revision, asked, &open, &end)?,
                Cause::Expiry(..) => Vec::new(),
            };
            if own.is_empty() {
                own.push(action);
            }
            open.retain(|action| !own.contains(action));
            if self.last != Some(cause) {
                (self.last, self.in_common) = (Some(cause), 0);
                self.around.clear();
            }
            match found.iter_mut().find(|(known, _)| *known == cause) {
                Some((_, actions)) => actions.extend(own),
                None => found.push((cause, own)),
            }
        }
        Ok(found)
    }

    /// Searches for the two adjacent moments between which the answer changed.
    fn search(
        &mut self,
        (first, last): (Moment, Moment),
        asked: PrincipalAndResource,
        action: Action,
        end: bool,
    ) -> Result<Cause, RenderError> {
        let (mut low, mut high) = (first, last);
        while low.revision + 1 < high.revision {
            let revision = low.revision + (high.revision - low.revision) / 2;
            let middle = Moment { revision, at: self.time_of(revision)?.unwrap_or(low.at) };
            if self.is_allowed(middle, asked, action)? == end { high = middle } else { low = middle }
        }
        if low.revision == high.revision {
            return Ok(Cause::Expiry(low.revision, high.at));
        }
        if !self.expired {
            return Ok(Cause::Revision(high.revision));
        }
        // One revision lies between. The answer may also have changed by an expiry before or after it.
        let made = self.time_of(high.revision)?.unwrap_or(high.at);
        let just_before = self.is_allowed(Moment { revision: low.revision, at: made }, asked, action)?;
        let just_after = self.is_allowed(Moment { revision: high.revision, at: made }, asked, action)?;
        Ok(if just_before == end {
            Cause::Expiry(low.revision, made)
        } else if just_after == end {
            Cause::Revision(high.revision)
        } else {
            Cause::Expiry(high.revision, high.at)
        })
    }

    /// The actions whose answers a revision changed to what they are at the end.
    fn changed_at(
        &mut self,
        revision: Revision,
        asked: PrincipalAndResource,
        actions: &[Action],
        end: &[Action],
    ) -> Result<Vec<Action>, RenderError> {
        let Some(at) = self.time_of(revision)? else { return Ok(Vec::new()) };
        let before = self.allowed(Moment { revision: revision - 1, at }, asked, actions)?;
        let after = self.allowed(Moment { revision, at }, asked, actions)?;
        let turned = |action: &&Action| {
            let is = end.contains(action);
            before.contains(action) != is && after.contains(action) == is
        };
        Ok(actions.iter().filter(turned).copied().collect())
    }

    /// Counts a difference that shares a cause, and reads the facts around that revision into memory once that pays:
    /// reading a thousand rows takes about as long as asking the store one question.
    fn keep_around(&mut self, revision: Revision) -> Result<(), RenderError> {
        self.in_common += 1;
        if self.in_common > 32 + self.after.facts.bindings_count() / 1000 && self.around.is_empty() {
            for revision in [revision - 1, revision] {
                self.around.insert(revision, self.reader.facts_at(revision).snapshot()?);
            }
        }
        Ok(())
    }

    fn is_allowed(&self, moment: Moment, asked: PrincipalAndResource, action: Action) -> Result<bool, RenderError> {
        Ok(!self.allowed(moment, asked, &[action])?.is_empty())
    }

    /// The actions, of those given, that were allowed at a moment.
    fn allowed(
        &self,
        moment: Moment,
        asked: PrincipalAndResource,
        actions: &[Action],
    ) -> Result<Vec<Action>, RenderError> {
        let in_memory = [self.before, self.after].into_iter().find(|view| view.revision == moment.revision);
        let in_memory = in_memory.map(|view| &view.facts).or_else(|| self.around.get(&moment.revision));
        match in_memory {
            Some(facts) => self.allowed_in(facts, moment.at, asked, actions),
            None => self.allowed_in(&self.reader.facts_at(moment.revision), moment.at, asked, actions),
        }
    }

    fn allowed_in<F: Facts>(
        &self,
        facts: &F,
        at: Time,
        (principal, resource): PrincipalAndResource,
        actions: &[Action],
    ) -> Result<Vec<Action>, RenderError> {
        let mut on = resource;
        // A path that was not registered then had the permissions of the folder above.
        if resource > Id::LAST_RESERVED && facts.header(resource)?.is_none() {
            let mut above = self.after.facts.ancestors(resource)?;
            if above.is_empty() {
                above = self.before.facts.ancestors(resource)?;
            }
            let mut found = None;
            for folder in above.iter().skip(1).filter(|it| it.kind() == Kind::Item) {
                if facts.header(folder.id)?.is_some() {
                    found = Some(folder.id);
                    break;
                }
            }
            let Some(found) = found else { return Ok(Vec::new()) };
            on = found;
        }
        let Some(target) = Target::load(facts, on)? else { return Ok(Vec::new()) };
        let subject = Subject::new(facts, principal, at)?;
        let mut allowed = Vec::new();
        for action in actions {
            if allows(&subject, *action, &target)?.is_some() {
                allowed.push(*action);
            }
        }
        Ok(allowed)
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

    /// Whether the reader may see who made a revision, and the texts that were typed: as in the log.
    fn is_visible(&mut self, revision: Revision) -> Result<(bool, bool), Problem> {
        if let Some(known) = self.visibility.get(&revision) {
            return Ok(*known);
        }
        let visible = if self.log.reads_all() {
            (true, true)
        } else {
            match self.reader.revision(revision)? {
                Some(entry) if !self.log.hides(&entry)? => (true, self.log.shows_texts(&entry)?),
                _ => (false, false),
            }
        };
        self.visibility.insert(revision, visible);
        Ok(visible)
    }

    /// The description of a cause, as a phrase or as an object without its actions.
    fn description(&mut self, cause: Cause, is_text: bool) -> Result<Value, RenderError> {
        if let Some(known) = self.descriptions.get(&cause) {
            return Ok(known.clone());
        }
        let value = if is_text { self.phrase(cause)? } else { self.object(cause)? };
        self.descriptions.insert(cause, value.clone());
        Ok(value)
    }

    fn phrase(&mut self, cause: Cause) -> Result<Value, RenderError> {
        let Cause::Revision(revision) = cause else { return Ok(json!("it expired")) };
        let (with_actor, with_texts) = self.is_visible(revision)?;
        let Some(entry) = self.entry(revision)?.cloned() else { return Ok(Value::Null) };
        Ok(json!(match (with_actor, with_texts) {
            (true, true) => format!("revision {revision} by {}: {}", self.log.actor(&entry)?, entry.command),
            (true, false) => format!("revision {revision} by {}", self.log.actor(&entry)?),
            _ => format!("revision {revision}"),
        }))
    }

    fn object(&mut self, cause: Cause) -> Result<Value, RenderError> {
        let mut object = Map::new();
        match cause {
            Cause::Revision(revision) => {
                let (with_actor, with_texts) = self.is_visible(revision)?;
                let Some(entry) = self.entry(revision)?.cloned() else { return Ok(Value::Null) };
                let actor = if with_actor { Some(self.log.actor(&entry)?) } else { None };
                object.insert("revision".to_owned(), json!(revision));
                object.insert("at".to_owned(), json!(entry.at.to_string()));
                object.insert("actor".to_owned(), json!(actor));
                object.insert("operator".to_owned(), json!(with_actor.then_some(entry.operator)));
                object.insert("command".to_owned(), json!(with_texts.then_some(entry.command)));
                object.insert("reason".to_owned(), json!(entry.reason.filter(|_| with_texts)));
            }
            Cause::Expiry(revision, by) => {
                object.insert("expired".to_owned(), json!(true));
                object.insert("revision".to_owned(), json!(revision));
                object.insert("at".to_owned(), json!(by.to_string()));
            }
        }
        Ok(Value::Object(object))
    }
}
