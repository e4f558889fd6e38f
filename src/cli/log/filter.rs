//! The filters of the log: which entries are wanted, and where to look for them.

use std::ops::Range;

use clap::Args;

use super::LogReader;
use crate::cli::args::{OrWord, or_word, past_reference, past_resource};
use crate::cli::complete;
use crate::cli::view::ReadView;
use crate::model::reference::PastReference;
use crate::model::shell::split_words;
use crate::model::{Id, Problem, Revision, Time};
use crate::policy::Facts;
use crate::render::RenderError;
use crate::store::{LogEntry, LogRange};

// The filters of the log as they were given.
#[derive(Args, Debug)]
pub(in crate::cli) struct FilterArgs {
    /// Only entries from this time on (a day begins at 00:00 UTC)
    #[arg(long, value_name = "TIME", value_parser = Time::parse)]
    since: Option<Time>,
    /// Only entries up to this time (a day begins at 00:00 UTC)
    #[arg(long, value_name = "TIME", value_parser = Time::parse)]
    until: Option<Time>,
    /// Only what this account did, `user:NAME#ID` for one that has ended; `operator` for what was done
    /// without `--as`
    #[arg(id = "who_acted", long = "actor", value_name = "USER", value_parser = or_word("operator", past_reference), add = complete::accounts())]
    actor: Option<OrWord<PastReference>>,
    /// Only changes of this resource itself: of its settings, its roles, its members, and the shares on it
    #[arg(long, value_name = "RESOURCE", value_parser = past_resource, add = complete::resources())]
    on: Option<PastReference>,
    /// Only changes of this resource, of all that lay in it at the time, and of what it holds or granted
    #[arg(long, value_name = "RESOURCE", value_parser = past_resource, add = complete::resources())]
    touching: Option<PastReference>,
    /// Only commands with these words in a row, such as `share grant`
    #[arg(id = "typed_command", long = "command", value_name = "WORDS", value_parser = words)]
    command: Option<Words>,
    /// Only what was denied
    #[arg(long, conflicts_with = "changed")]
    denied: bool,
    /// Only what changed something
    #[arg(long)]
    changed: bool,
}

/// The words of a command.
#[derive(Clone, Debug)]
struct Words(Vec<String>);

fn words(text: &str) -> Result<Words, Problem> {
    let words: Vec<String> = split_words(text)
        .map_err(|problem| Problem::usage("bad_words", problem.message))?
        .into_iter()
        .map(std::borrow::Cow::into_owned)
        .collect();
    if words.is_empty() {
        return Err(Problem::usage("bad_words", "the words of a command are missing")
            .tip("write some of its words in a row, such as `share grant`"));
    }
    Ok(Words(words))
}

impl Words {
    /// Whether a command has these words in a row.
    fn are_in(&self, command: &str) -> bool {
        let typed = split_words(command).unwrap_or_else(|_| command.split_whitespace().map(Into::into).collect());
        typed.windows(self.0.len()).any(|window| window.iter().eq(&self.0))
    }
}

/// Which entries of the log are wanted: those that pass all filters.
pub(in crate::cli) struct LogFilter {
    since: Option<Time>,
    until: Option<Time>,
    actor: Option<Option<Id>>,
    on: Option<Id>,
    touching: Option<Id>,
    command: Option<Words>,
    is_denied: bool,
    is_changed: bool,
}

impl FilterArgs {
    /// The filter, with its references as the reader of a view knows them.
    pub(in crate::cli) fn resolve<F: Facts>(&self, view: &ReadView<'_, F>) -> Result<LogFilter, Problem> {
        let actor = |reference: &PastReference| view.resolve_or_ended(reference);
        let resource = |reference: &PastReference| view.resolve_in_log(reference);
        Ok(LogFilter {
            since: self.since,
            until: self.until,
            actor: self.actor.as_ref().map(|it| it.as_ref().map(actor).transpose()).transpose()?,
            on: self.on.as_ref().map(resource).transpose()?,
            touching: self.touching.as_ref().map(resource).transpose()?,
            command: self.command.clone(),
            is_denied: self.denied,
            is_changed: self.changed,
        })
    }
}

/// How to look for the entries that changed a resource.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Search {
    /// By the indexes of the rows: among many entries.
    ByIndex,
    /// Entry by entry: among the few that have come since the last look.
    EachEntry,
}

/// Takes an entry, and returns whether further entries are wanted.
type VisitEntry<'v> = &'v mut dyn FnMut(LogEntry) -> Result<bool, RenderError>;

impl LogFilter {
    /// Visits the wanted entries among some revisions that the reader may see, from the newest to the oldest, as long as
    /// further ones are wanted.
    ///
    /// The index on the times bounds the revisions. Within them, candidates come from the indexes of the rows for a
    /// resource (`--on`, `--touching`), else from the index of actors or of denials. Two filters look at one entry after
    /// another: nearly every entry has changes (`--changed`), and words can be anywhere in a command (`--command`).
    pub(in crate::cli) fn each<F: Facts>(
        &self,
        log: &LogReader<'_, '_, F>,
        revisions: Range<Revision>,
        search: Search,
        visit: VisitEntry<'_>,
    ) -> Result<(), RenderError> {
        let reader = log.view.reader;
        let mut revisions = revisions;
        if let Some(since) = self.since {
            let Some(first) = reader.first_revision_since(since)? else { return Ok(()) };
            revisions.start = revisions.start.max(first);
        }
        if let Some(until) = self.until {
            revisions.end = revisions.end.min(reader.revision_at(until)?.saturating_add(1));
        }
        if revisions.is_empty() {
            return Ok(());
        }
        // The indexes know nothing of what the reader may see: an entry must have a visible change of the resource.
        let is_exact = search == Search::ByIndex && log.reads_all();
        let mut pass = |entry: LogEntry| -> Result<bool, RenderError> {
            let is_wanted = self.wants_header(log, &entry)?
                && (is_exact || self.wants_rows(log, entry.number)?)
                && !log.hides(&entry)?
                && self.wants_command(log, &entry)?;
            if is_wanted { visit(entry) } else { Ok(true) }
        };
        let candidates = match search {
            Search::ByIndex => self.candidates(log, &revisions)?,
            Search::EachEntry => None,
        };
        let Some(candidates) = candidates else {
            let Range { start: from, end: before } = revisions;
            let range = LogRange { from, before, actor: self.actor, is_denied: self.is_denied };
            return reader.log(&range, &mut pass);
        };
        for number in candidates {
            if let Some(entry) = reader.revision(number)?
                && !pass(entry)?
            {
                break;
            }
        }
        Ok(())
    }

    /// The revisions that changed the wanted resources, newest first; `None` if all revisions are wanted.
    fn candidates<F: Facts>(
        &self,
        log: &LogReader<'_, '_, F>,
        revisions: &Range<Revision>,
    ) -> Result<Option<Vec<Revision>>, Problem> {
        let reader = log.view.reader;
        let on = self.on.map(|id| reader.revisions_on(id, revisions.clone())).transpose()?;
        let touching = self.touching.map(|id| reader.revisions_touching(id, revisions.clone())).transpose()?;
        Ok(match (on, touching) {
            (Some(mut on), Some(touching)) => {
                on.retain(|number| touching.binary_search_by(|other| number.cmp(other)).is_ok());
                Some(on)
            }
            (on, touching) => on.or(touching),
        })
    }

    fn wants_header<F: Facts>(&self, log: &LogReader<'_, '_, F>, entry: &LogEntry) -> Result<bool, Problem> {
        let is_in_time = self.since.is_none_or(|since| entry.at >= since) && self.until.is_none_or(|it| entry.at <= it);
        let is_by_actor = self.actor.is_none_or(|actor| entry.actor == actor);
        let fits = is_in_time && is_by_actor && (!self.is_denied || entry.denied.is_some());
        Ok(fits && (!self.is_changed || log.view.reader.has_changes(entry.number)?))
    }

    /// Whether a revision has, for each wanted resource, a change of it that the reader may see.
    fn wants_rows<F: Facts>(&self, log: &LogReader<'_, '_, F>, number: Revision) -> Result<bool, Problem> {
        let changes = log.changes(number);
        if let Some(on) = self.on
            && !changes.any_visible(&|row| Ok(row.changed_resource() == Some(on)))?
        {
            return Ok(false);
        }
        match self.touching {
            Some(touching) => changes.any_visible(&|row| changes.touches(row, touching)),
            None => Ok(true),
        }
    }

    /// Whether the command has the wanted words. A command that the reader may not see has none.
    fn wants_command<F: Facts>(&self, log: &LogReader<'_, '_, F>, entry: &LogEntry) -> Result<bool, Problem> {
        match &self.command {
            Some(words) => Ok(words.are_in(&entry.command) && log.shows_texts(entry)?),
            None => Ok(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_found_in_a_row_and_whole() {
        let command = "share grant 'node1:/the crew' group:editors --permission view --reason 'it is 5'";
        for wanted in ["share", "share grant", "grant 'node1:/the crew'", "group:editors --permission", "'it is 5'"] {
            assert!(words(wanted).unwrap().are_in(command), "{wanted}");
        }
        for other in ["share gran", "grant group:editors", "crew", "grant share", "view --reason 'it is 5' x"] {
            assert!(!words(other).unwrap().are_in(command), "{other}");
        }
        assert!(words("a 'b").is_err() && words(" ").is_err());
        // A command that no shell would take is searched by its blanks.
        assert!(words("account add").unwrap().are_in("account add bob's"));
    }
}
