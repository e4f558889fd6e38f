//! Planning: computes the changes that make a store match a manifest, with the operations that commands use.
//!
//! [`Planner`] compares each statement with the planned state. Where they differ, it runs the operation that makes
//! them equal, on one overlay and as the actor of the apply. So every rule is checked, and a later statement sees the
//! effects of earlier ones. A refusal is kept with its position and planning continues, so one run reports all
//! refusals. The planner writes nothing; its result is a draft.

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

/// The options of an apply.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// The set that owns the declarations; `None` for a manifest without a name.
    pub set: Option<Name>,
    /// The limits of the manifest on removals.
    pub limits: Limits,
    /// Whether to remove what the set owns and no longer declares.
    pub prune: bool,
    /// Whether the apply may change what other sets own. The set then owns it alone.
    pub take_over: bool,
    /// The number of removals that are allowed, instead of the limits.
    pub max_removals: Option<u64>,
}

/// The rows that a set owns before the apply.
#[derive(Clone, Debug, Default)]
pub struct Owned {
    /// The ids of resources.
    pub resources: Vec<Id>,
    /// The ids of bindings.
    pub bindings: Vec<Id>,
}

impl Owned {
    fn count(&self) -> usize {
        self.resources.len() + self.bindings.len()
    }
}

/// A refused statement or consequence, with its position.
#[derive(Clone, Debug)]
pub struct PlanRefusal {
    /// The position of the statement; `None` if no single statement causes the refusal.
    pub location: Option<SourceLocation>,
    /// The reason.
    pub problem: Problem,
}

/// Turns the statements of a manifest into a draft.
pub struct Planner<'f> {
    /// The planned state so far.
    pub tx: Transaction<'f>,
    /// The refusals so far.
    pub refusals: Vec<PlanRefusal>,
    /// References to what the set owns and no longer declares, if the apply does not prune.
    pub undeclared: Vec<String>,
    options: PlanOptions,
    /// The set names of a row that only this set declares.
    own_set: SetNames,
    /// The declared rows, with their positions.
    declared: DeclaredRows,
    /// Existing rows that are declared and not yet marked as the set's.
    unmarked: Vec<Id>,
    /// Resources that could not be made. Statements that need them are skipped without another refusal.
    failed: HashSet<(Kind, String)>,
    /// The rows that a statement removes, with its position.
    removal_requests: HashMap<Id, SourceLocation>,
    /// Whether any statement has `ensure: absent`.
    names_absent: bool,
    /// The removals of the parts that were written.
    removals: Removals,
    /// The work of the last step.
    deferred: Deferred,
}

/// Work that waits until all other statements were planned.
#[derive(Default)]
struct Deferred {
    /// Accounts that the actor may create only straight into a workgroup or dropbox, by name.
    newcomers: BTreeMap<String, (SourceLocation, DeclaredAccount)>,
    /// Statements that name such accounts.
    waiting: Vec<Statement>,
    /// Shares in the name of others that could not be made yet.
    shares: Vec<(SourceLocation, DeclaredShare)>,
    /// Resources with `exclusive: true`.
    exclusive: Vec<removal::Exclusive>,
    /// Resources with `ensure: absent`.
    absent: Vec<(SourceLocation, removal::RemovalTarget)>,
    /// Accounts that become inactive or have expired.
    ending: Vec<(SourceLocation, people::AccountEnd)>,
}

impl<'f> Planner<'f> {
    /// A planner that starts with the state of a transaction.
    pub fn new(mut tx: Transaction<'f>, options: PlanOptions) -> Planner<'f> {
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

    /// Plans one statement. A refusal is added to [`refusals`](Planner::refusals).
    ///
    /// # Errors
    /// When the facts cannot be read.
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

    /// Ends one part of a change that is too large for memory: marks the declared rows, checks the invariants, and
    /// returns the changed rows. The caller writes them, and the next part is planned on facts that contain them.
    ///
    /// # Errors
    /// When the facts cannot be read.
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

    /// The number of rows in the draft.
    pub fn size(&self) -> usize {
        let draft = self.tx.facts().draft();
        draft.resources.len() + draft.bindings.len()
    }

    /// Plans the last step: deferred accounts and shares, removals, ownership, and the invariants of the whole.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn finish(&mut self, owned: &Owned) -> Result<()> {
        self.newcomers()?;
        self.deferred_shares()?;
        share::apply_end_caps(&mut self.tx)?;
        self.remove_absent(owned)?;
        // A resource that could not be made has no declared rows, so these steps would remove it.
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

    /// The key of the set that owns the declarations.
    fn set(&self) -> Option<&str> {
        self.options.set.as_ref().map(Name::key)
    }

    /// Adds a refusal. Passes on errors of the store.
    fn record(&mut self, location: Option<SourceLocation>, outcome: Result<()>) -> Result<()> {
        match outcome {
            Err(problem) if problem.kind == ProblemKind::Store => Err(problem),
            Err(mut problem) => {
                // A wrong argument of an operation is a mistake in the file here.
                if problem.kind == ProblemKind::Usage && location.is_some() {
                    problem.kind = ProblemKind::Input;
                }
                self.refusals.push(PlanRefusal { location, problem });
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Whether a resource could not be made. Statements about it are skipped.
    fn is_missing(&self, kind: Kind, name: &Name) -> bool {
        !self.failed.is_empty() && self.failed.contains(&(kind, name.key().to_owned()))
    }

    /// As [`Planner::is_missing`], for the resource that a reference names.
    fn misses(&self, reference: &Reference) -> bool {
        matches!(reference, Reference::Named(kind, name) if self.is_missing(*kind, name))
    }

    /// Whether the actor sees a resource. The operations refuse changes to resources that the actor does not see.
    fn sees(&self, resource: &Resource) -> Result<bool> {
        if self.tx.actor == Actor::Operator { Ok(true) } else { self.tx.sees(resource) }
    }

    /// Whether the planner may skip a change that has no effect. Skipping reveals the present bindings, so the actor
    /// needs the right to view them.
    fn may_skip(&self, verb: Verb, on: Id) -> Result<bool> {
        self.tx.may(Action::Plain(verb), on)
    }

    /// The resource with a kind, a parent and a name.
    fn named(&self, kind: Kind, parent: Option<Id>, name: &Name) -> Result<Option<Rc<Resource>>> {
        Ok(self.tx.facts().named(kind, parent, name.key())?)
    }

    /// The id of a resource without a parent, by its name.
    fn id_named(&self, kind: Kind, name: &Name) -> Result<Option<Id>> {
        Ok(self.tx.facts().id_named(kind, None, name.key())?)
    }

    /// Makes a resource as declared: renames it if it has its old name, then changes or adds it. Records a resource
    /// that could not be made.
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

    /// Renames a resource from its old name to its declared name.
    ///
    /// # Errors
    /// A conflict if both names exist, and the errors of the operation.
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
            // The same id means a change of case only, which is a rename too.
            if existing.id != before.id {
                return Err(Problem::conflict(
                    "both_exist",
                    format!("{} and {} both exist", before.reference(), self.tx.name(existing.id)?),
                )
                .why("`previously` renames a resource, and the new name is taken")
                .tip("leave out `previously`, or remove one of the two"));
            }
        }
        match parent {
            Some((_, org)) => group::rename_workspace(&mut self.tx, org, old, name),
            None => group::rename(&mut self.tx, kind, old, name),
        }
    }
}
