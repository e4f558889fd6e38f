//! What a reader may see of the log: which entries, which of their changes, and whether the command and the reason that
//! somebody typed.

mod changes;
mod filter;

use std::cell::RefCell;
use std::collections::HashMap;

use super::view::ReadView;
use crate::model::catalogue::INVITATION;
use crate::model::name::key;
use crate::model::{Binding, Id, Kind, Problem, Revision, Verb};
use crate::ops::AnyViewer;
use crate::ops::describe::NameLookup;
use crate::policy::disclosure::HIDDEN;
use crate::policy::{Facts, LogScope};
use crate::store::{LogEntry, StoreFacts};
pub(super) use changes::Changes;
pub(super) use filter::{FilterArgs, Search};

/// The maximum number of consecutive words that are looked up as one name.
const MAX_NAME_WORDS: usize = 4;

/// The log as one reader may see it.
pub(super) struct LogReader<'v, 'r, F: Facts> {
    view: &'v ReadView<'r, F>,
    viewer: AnyViewer<'v>,
    scope: LogScope,
    /// For each phrase, whether it now names a principal or resource that the reader may not see.
    words: RefCell<HashMap<String, bool>>,
}

impl<'v, 'r, F: Facts> LogReader<'v, 'r, F> {
    pub(super) fn new(view: &'v ReadView<'r, F>) -> Result<LogReader<'v, 'r, F>, Problem> {
        let viewer = view.viewer()?;
        let scope = viewer.log_scope()?;
        Ok(LogReader { view, viewer, scope, words: RefCell::default() })
    }

    /// Refuses a reader who may read no part of the log.
    pub(super) fn require(&self) -> Result<(), Problem> {
        match &self.scope {
            LogScope::On(administered) if administered.is_empty() => {
                self.view.transaction()?.require_verb(Verb::ViewLog, Id::SERVER)
            }
            _ => Ok(()),
        }
    }

    /// Whether the reader may read the whole log.
    pub(super) fn reads_all(&self) -> bool {
        self.scope == LogScope::All
    }

    /// The changes of a revision.
    pub(super) fn changes(&self, number: Revision) -> Changes<'_, 'v, 'r, F> {
        Changes::new(self, number)
    }

    /// Whether the reader may read changes to this outermost resource and to everything in it.
    fn reads_of(&self, outermost: Id) -> bool {
        match &self.scope {
            LogScope::All => true,
            LogScope::On(administered) => administered.contains(&outermost),
        }
    }

    /// Whether the reader made the entry.
    fn is_own(&self, entry: &LogEntry) -> bool {
        self.view.actor.principal().is_some() && entry.actor == self.view.actor.principal()
    }

    /// Whether an entry is hidden from the reader: it is not their own and concerns nothing that they administer.
    pub(super) fn hides(&self, entry: &LogEntry) -> Result<bool, Problem> {
        if self.reads_all() || self.is_own(entry) {
            return Ok(false);
        }
        Ok(!self.changes(entry.number).any_concerns(&mut |id| self.reads_of(id))?)
    }

    /// Whether the reader may see the texts that were typed: the command and the reason. Administrators may, if the
    /// whole revision concerns what they administer and no word of the texts names anything else that they may not see.
    pub(super) fn shows_texts(&self, entry: &LogEntry) -> Result<bool, Problem> {
        if self.reads_all() || self.is_own(entry) {
            return Ok(true);
        }
        let mut is_any = false;
        let has_others = self.changes(entry.number).any_concerns(&mut |id| {
            is_any = true;
            !self.reads_of(id)
        })?;
        if has_others || !is_any {
            return Ok(false);
        }
        for text in [Some(entry.command.as_str()), entry.reason.as_deref()].into_iter().flatten() {
            if self.names_unseen(text, entry.number)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the reader may see why something was denied. The reason why an invitation was refused is hidden from the
    /// person it was refused to, who reads their own entries.
    pub(super) fn shows_denial(&self, rule: &str) -> bool {
        self.reads_all() || rule != INVITATION.name
    }

    /// Who made an entry. Administrators may know who changed what they administer.
    pub(super) fn actor(&self, entry: &LogEntry) -> Result<String, Problem> {
        // told: the reader may see the entry, and its actor with it.
        entry.actor.map_or_else(|| Ok("operator".to_owned()), |id| self.view.reference(id))
    }

    /// Names as they were when a revision was made.
    fn past_names(&self, number: Revision) -> PastNames<'_, 'v, 'r, F> {
        let reader = self.view.reader;
        let sides = [reader.facts_at(number), reader.facts_at(number.saturating_sub(1))];
        let (names, outermost, ended) = (RefCell::default(), RefCell::default(), RefCell::default());
        PastNames { log: self, sides, names, outermost, ended }
    }

    /// Whether a text names anything that the reader may not see, by its name now or at the time of the revision.
    fn names_unseen(&self, text: &str, number: Revision) -> Result<bool, Problem> {
        let then = self.past_names(number);
        for words in phrases(text) {
            let known = self.words.borrow().get(&words).copied();
            let now = match known {
                Some(known) => known,
                None => {
                    let unseen = self.is_unseen(&self.view.facts, &words)?;
                    self.words.borrow_mut().insert(words.clone(), unseen);
                    unseen
                }
            };
            if now || self.is_unseen(&then.sides[0], &words)? || self.is_unseen(&then.sides[1], &words)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a principal or resource of this name exists that the reader may not see.
    fn is_unseen<G: Facts>(&self, facts: &G, name: &str) -> Result<bool, Problem> {
        const NAMED: [Kind; 7] =
            [Kind::Account, Kind::Group, Kind::Workgroup, Kind::Dropbox, Kind::Endpoint, Kind::Org, Kind::Invitee];
        let key = key(name);
        let mut found: Vec<Id> = Vec::new();
        for kind in NAMED {
            found.extend(facts.id_named(kind, None, &key)?);
        }
        if let Some((org, workspace)) = key.split_once('/')
            && let Some(org) = facts.id_named(Kind::Org, None, org)?
        {
            found.extend(facts.id_named(Kind::Workspace, Some(org), workspace)?);
        }
        if let LogScope::On(administered) = &self.scope {
            for resource in administered {
                found.extend(facts.id_named(Kind::Workspace, Some(*resource), &key)?);
            }
        }
        facts.aliased(Kind::Account, &key, &mut |account| {
            found.push(account.id);
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
        if let Ok(number) = name.parse::<u64>()
            && number > Id::LAST_RESERVED.0
            && name.len() > 3
        {
            found.extend(facts.header(Id(number))?.map(|it| it.id));
        }
        for id in found {
            if !self.concerns(facts, id)? && !self.viewer.may_name(id)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a resource is, or lies in, one that the reader administers.
    fn concerns<G: Facts>(&self, facts: &G, id: Id) -> Result<bool, Problem> {
        match &self.scope {
            LogScope::All => Ok(true),
            LogScope::On(administered) => {
                Ok(facts.ancestors(id)?.last().is_some_and(|it| administered.contains(&it.id)))
            }
        }
    }
}

/// The possible names in a text: each word and each few consecutive words, also without prefixes and quotes.
fn phrases(text: &str) -> Vec<String> {
    let is_edge = |c: char| !c.is_alphanumeric();
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || "=,;()[]{}\"'`".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    let mut found: Vec<String> = Vec::new();
    let mut put = |phrase: &str| {
        if !phrase.is_empty() && !found.iter().any(|known| known == phrase) {
            found.push(phrase.to_owned());
        }
    };
    for (at, _) in words.iter().enumerate() {
        for length in 1..=MAX_NAME_WORDS.min(words.len() - at) {
            let phrase = words.get(at..at + length).unwrap_or_default().join(" ");
            // The options of a command are not names.
            if phrase.starts_with("--") && length == 1 {
                continue;
            }
            let bare = phrase.trim_matches(is_edge);
            put(&phrase);
            put(bare);
            for part in bare.split(':') {
                put(part);
                part.split('/').for_each(&mut put);
            }
        }
    }
    found
}

/// The maximum number of entries in each cache of [`PastNames`].
const MAX_CACHED_NAMES: usize = 100_000;

/// Names as they were when a revision was made: after it, else before it, else now. Lookups are cached, since most of
/// the resources that a revision changes lie in a few others.
struct PastNames<'l, 'v, 'r, F: Facts> {
    log: &'l LogReader<'v, 'r, F>,
    sides: [StoreFacts<'r>; 2],
    names: RefCell<HashMap<Id, String>>,
    outermost: RefCell<HashMap<Id, Id>>,
    ended: RefCell<HashMap<Id, bool>>,
}

/// Caches and returns a value. A full cache is emptied first.
fn cache<T: Clone>(kept: &RefCell<HashMap<Id, T>>, id: Id, found: T) -> T {
    let mut kept = kept.borrow_mut();
    if kept.len() >= MAX_CACHED_NAMES {
        kept.clear();
    }
    kept.insert(id, found.clone());
    found
}

impl<F: Facts> NameLookup for PastNames<'_, '_, '_, F> {
    fn name(&self, id: Id) -> Result<String, Problem> {
        let mut is_visible = self.log.reads_all() || self.log.viewer.may_name(id)?;
        for facts in &self.sides {
            is_visible = is_visible || self.log.concerns(facts, id)?;
        }
        // told: `is_visible` is the answer of the check above.
        if is_visible { self.reference(id) } else { Ok(HIDDEN.to_owned()) }
    }

    fn participant(&self, _binding: &Binding, id: Id) -> Result<String, Problem> {
        // told: a reader who sees a change to a resource administers it, and may list the bindings on it.
        self.reference(id)
    }

    fn reference(&self, id: Id) -> Result<String, Problem> {
        if let Some(known) = self.names.borrow().get(&id) {
            return Ok(known.clone());
        }
        if !self.has_ended(id)? {
            for facts in &self.sides {
                if facts.header(id)?.is_some() {
                    // told: the callers of this function check the reader.
                    return Ok(cache(&self.names, id, facts.reference(id)?));
                }
            }
        }
        // told: the callers of this function check the reader.
        Ok(cache(&self.names, id, self.log.view.reference(id)?))
    }

    fn has_ended(&self, id: Id) -> Result<bool, Problem> {
        if let Some(known) = self.ended.borrow().get(&id) {
            return Ok(*known);
        }
        if id <= Id::LAST_RESERVED || self.log.view.facts.header(id)?.is_some() {
            return Ok(cache(&self.ended, id, false));
        }
        // Removed files and folders keep the names they had: their paths.
        for facts in &self.sides {
            if let Some(was) = facts.header(id)? {
                return Ok(cache(&self.ended, id, was.kind() != Kind::Item));
            }
        }
        Ok(cache(&self.ended, id, true))
    }

    fn outermost(&self, id: Id) -> Result<Id, Problem> {
        if let Some(known) = self.outermost.borrow().get(&id) {
            return Ok(*known);
        }
        for facts in &self.sides {
            if let Some(outermost) = facts.ancestors(id)?.last() {
                return Ok(cache(&self.outermost, id, outermost.id));
            }
        }
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use super::phrases;

    #[test]
    fn a_text_is_searched_for_every_possible_name() {
        let found = phrases("share grant node1:/x 'group:the crew' --reason=\"for acme/prod, and bob.\"");
        for name in ["node1", "the crew", "acme/prod", "acme", "prod", "bob", "share"] {
            assert!(found.iter().any(|it| it == name), "{name}: {found:?}");
        }
    }
}
