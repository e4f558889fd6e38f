//! Planning: what it takes to make it as a manifest says, with the code that people's own changes
//! go through.
//!
//! The planner takes statement by statement and compares it with the planned state. Where they differ
//! it does the operation that brings them together, on one overlay and as whoever applies, so every
//! rule is asked and every later statement sees what the earlier ones led to. What is refused is kept
//! with its place and the rest goes on: one run tells of everything. Nothing is written here: what
//! comes out is a draft.

mod declared;
mod endpoints;
mod groups;
mod organizations;
mod ownership;
mod people;
mod planned_changes;
mod prune;
mod removal;
mod shares;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use declared::DeclaredRows;

use removal::Removals;

use super::Limits;
use super::statement::{Declaration, DeclaredAccount, DeclaredShare, SourceLocation, Statement};
use crate::model::{Action, Id, Kind, Name, Problem, ProblemKind, Reference, Resource, SetNames, Verb};
use crate::ops::{Actor, Transaction, group, share};
use crate::policy::{Facts, RowChange};

pub use planned_changes::{Counts, PlannedAction, PlannedChange, PlannedChanges, summary, summary_done};

/// The result of an operation.
type Result<T> = std::result::Result<T, Problem>;

/// How a manifest shall be applied.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// The set: owner of what is declared; none for a file without a name.
    pub set: Option<Name>,
    /// How much may be removed.
    pub limits: Limits,
    /// Whether what the set declared before and does no more is removed.
    pub prune: bool,
    /// Whether what other sets own may be changed, and becomes this one's.
    pub take_over: bool,
    /// How many removals are allowed, in place of the limits.
    pub max_removals: Option<u64>,
}

/// What a set owns before the apply.
#[derive(Clone, Debug, Default)]
pub struct Owned {
    /// Resources, by id.
    pub resources: Vec<Id>,
    /// Bindings, by id.
    pub bindings: Vec<Id>,
}

impl Owned {
    fn count(&self) -> usize {
        self.resources.len() + self.bindings.len()
    }
}

/// Something that cannot be made so, and where it is said.
#[derive(Clone, Debug)]
pub struct PlanRefusal {
    /// Where; none for what no single statement brings about.
    pub location: Option<SourceLocation>,
    /// Why.
    pub problem: Problem,
}

/// A manifest on its way to a draft.
pub struct Planner<'f, F: Facts + ?Sized> {
    /// The planned state so far.
    pub tx: Transaction<'f, F>,
    /// What is refused.
    pub refusals: Vec<PlanRefusal>,
    /// What the set declared before and does no more, where it is not pruned: by reference.
    pub undeclared: Vec<String>,
    options: PlanOptions,
    /// What a row is marked with that this set alone declares.
    own_set: SetNames,
    /// Where each row is declared.
    declared: DeclaredRows,
    /// Rows that are to be marked as the set's.
    unmarked: Vec<Id>,
    /// What could not be made: whatever needs it is not spoken of again.
    failed: HashSet<(Kind, String)>,
    /// Where it is said that a row shall go.
    removal_requests: HashMap<Id, SourceLocation>,
    /// Whether anything is said to be absent.
    names_absent: bool,
    /// What was removed by parts that were written, in words as far as they are told.
    removals: Removals,
    /// What has its turn at the end.
    deferred: Deferred,
}

/// What has its turn when everything else is as it shall be.
#[derive(Default)]
struct Deferred {
    /// Accounts that whoever applies may create only straight into a workgroup or dropbox, by name.
    newcomers: BTreeMap<String, (SourceLocation, DeclaredAccount)>,
    /// What names such accounts.
    waiting: Vec<Statement>,
    /// Shares in the name of others that could not be made yet.
    shares: Vec<(SourceLocation, DeclaredShare)>,
    /// Things of which nobody may hold anything that is not declared.
    exclusive: Vec<removal::Exclusive>,
    /// Things that shall be gone.
    absent: Vec<(SourceLocation, removal::RemovalTarget)>,
    /// Accounts that shall be inactive, or whose time is over.
    ending: Vec<(SourceLocation, people::AccountEnd)>,
}

impl<'f, F: Facts + ?Sized> Planner<'f, F> {
    /// Begins with the state as it is.
    pub fn new(mut tx: Transaction<'f, F>, options: PlanOptions) -> Planner<'f, F> {
        share::defer_end_caps(&mut tx);
        let own = options.set.as_ref().map_or(SetNames::NONE, |set| SetNames::NONE.with(set.key()));
        Planner {
            tx,
            refusals: Vec::new(),
            undeclared: Vec::new(),
            options,
            own_set: own,
            declared: DeclaredRows::default(),
            unmarked: Vec::new(),
            failed: HashSet::new(),
            removal_requests: HashMap::new(),
            names_absent: false,
            removals: Removals::default(),
            deferred: Deferred::default(),
        }
    }

    /// Takes a statement.
    ///
    /// # Errors
    /// When the facts cannot be read; what is refused is kept.
    pub fn take(&mut self, statement: &Statement) -> Result<()> {
        let location = statement.location;
        if self.waits(&statement.declaration) {
            let made = match &statement.declaration {
                Declaration::Member(member) => self.create_into(member)?,
                _ => false,
            };
            if !made {
                self.deferred.waiting.push(statement.clone());
                return Ok(());
            }
        }
        let outcome = match &statement.declaration {
            Declaration::Server(options) => self.server(location, options),
            Declaration::Account(account) => self.account(location, account),
            Declaration::Group(group) => self.group(location, group),
            Declaration::Endpoint(endpoint) => self.endpoint(location, endpoint),
            Declaration::Org(org) => self.org(location, org),
            Declaration::Workspace(workspace) => self.workspace(location, workspace),
            Declaration::Item(item) => self.item(location, item),
            Declaration::Member(member) => self.member(location, member),
            Declaration::OrgMember(member) => self.org_member(location, member),
            Declaration::WorkspaceMember(member) => self.workspace_member(location, member),
            Declaration::Role(role) => self.role(location, role),
            Declaration::Share(share) => self.share(location, share),
        };
        self.record(Some(location), outcome)
    }

    /// Ends a part of a change that is too large to be held at once: marks what it declares, looks at
    /// its invariants, and gives its rows away to be written. What follows is planned on facts that have
    /// them.
    ///
    /// # Errors
    /// When the facts cannot be read; what is refused is kept.
    pub fn part(&mut self) -> Result<Vec<RowChange>> {
        self.mark_owned()?;
        let checked = self.tx.check();
        self.record(None, checked)?;
        let gone = self.removals()?;
        self.removals.add(gone);
        let facts = self.tx.facts();
        let rows = facts.draft().against(facts.base())?;
        self.declared.forget_locations(|row| facts.is_new(row));
        self.tx.start_next_part();
        Ok(rows)
    }

    /// How many rows the draft has.
    pub fn size(&self) -> usize {
        let draft = self.tx.facts().draft();
        draft.resources.len() + draft.bindings.len()
    }

    /// Does what has its turn at the end: shares that rest on others, removals, ownership, and the
    /// invariants of the whole.
    ///
    /// # Errors
    /// When the facts cannot be read; what is refused is kept.
    pub fn finish(&mut self, owned: &Owned) -> Result<()> {
        self.newcomers()?;
        self.deferred_shares()?;
        share::apply_end_caps(&mut self.tx)?;
        self.remove_absent(owned)?;
        // Of what could not be made nothing is declared: it would look as if it were to go.
        if self.refusals.is_empty() {
            self.enforce_exclusive()?;
            self.prune(owned)?;
        }
        self.end_accounts()?;
        self.mark_owned()?;
        if self.refusals.is_empty() {
            self.limit(owned)?;
        }
        if self.refusals.is_empty() {
            let checked = self.tx.check();
            self.record(None, checked)?;
        }
        Ok(())
    }

    /// The set that declares.
    fn set(&self) -> Option<&str> {
        self.options.set.as_ref().map(Name::key)
    }

    /// Keeps what is refused.
    fn record(&mut self, location: Option<SourceLocation>, outcome: Result<()>) -> Result<()> {
        match outcome {
            Err(problem) if problem.kind == ProblemKind::Store => Err(problem),
            Err(mut problem) => {
                // What would be a wrong argument is a mistake of the file here.
                if problem.kind == ProblemKind::Usage && location.is_some() {
                    problem.kind = ProblemKind::Input;
                }
                self.refusals.push(PlanRefusal { location, problem });
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Whether a thing could not be made: then what is said of it is passed over.
    fn is_missing(&self, kind: Kind, name: &Name) -> bool {
        !self.failed.is_empty() && self.failed.contains(&(kind, name.key().to_owned()))
    }

    /// As [`Planner::is_missing`], of whatever a reference names.
    fn misses(&self, reference: &Reference) -> bool {
        matches!(reference, Reference::Named(kind, name) if self.is_missing(*kind, name))
    }

    /// Whether whoever applies sees a thing; what they do not see is for the operations to refuse.
    fn sees(&self, resource: &Resource) -> Result<bool> {
        if self.tx.actor == Actor::Operator { Ok(true) } else { self.tx.sees(resource) }
    }

    /// Whether a change may be left out because it is so already: the operator sees all, whoever else
    /// must be allowed to see who holds what there.
    fn may_skip(&self, verb: Verb, on: Id) -> Result<bool> {
        self.tx.may(Action::Plain(verb), on)
    }

    /// A thing by its name.
    fn named(&self, kind: Kind, parent: Option<Id>, name: &Name) -> Result<Option<Rc<Resource>>> {
        Ok(self.tx.facts().named(kind, parent, name.key())?)
    }

    /// The id of a thing that lies in no other, by its name.
    fn id_named(&self, kind: Kind, name: &Name) -> Result<Option<Id>> {
        Ok(self.tx.facts().id_named(kind, None, name.key())?)
    }

    /// Brings a thing about: renames it where it had another name, then changes it or adds it. What could
    /// not be made is remembered.
    fn put(
        &mut self,
        (kind, name): (Kind, &Name),
        previously: Option<&Name>,
        change: impl FnOnce(&mut Self, &Resource) -> Result<()>,
        add: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let outcome = self.renamed(kind, None, previously, name).and_then(|()| match self.named(kind, None, name)? {
            Some(existing) if self.sees(&existing)? => change(self, &existing),
            _ => add(self),
        });
        if outcome.is_err() {
            self.failed.insert((kind, name.key().to_owned()));
        }
        outcome
    }

    /// Gives a thing that had another name the one it is declared by.
    ///
    /// # Errors
    /// A conflict where both are there; as the operation.
    fn renamed(
        &mut self,
        kind: Kind,
        parent: Option<(Id, &Name)>,
        previously: Option<&Name>,
        name: &Name,
    ) -> Result<()> {
        let Some(old) = previously else { return Ok(()) };
        let within = parent.map(|(id, _)| id);
        let Some(before) = self.named(kind, within, old)? else { return Ok(()) };
        if !self.sees(&before)? {
            return Ok(());
        }
        if let Some(existing) = self.named(kind, within, name)? {
            // Only its capitals are others: that is a change too, and none the next time.
            if existing.id != before.id {
                return Err(Problem::conflict(
                    "both_exist",
                    format!("{} is there, and {} too", before.reference(), self.tx.name(existing.id)?),
                )
                .why("`previously` renames what is declared; here there is nothing left to rename")
                .tip("leave out `previously`, or remove one of the two"));
            }
        }
        match parent {
            Some((_, org)) => group::rename_workspace(&mut self.tx, org, old, name),
            None => group::rename(&mut self.tx, kind, old, name),
        }
    }
}
