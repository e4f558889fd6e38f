//! An operation in progress: facts with a draft over them, an actor and a time. Every operation takes a
//! [`Transaction`], looks resources up through it as the actor sees them, asks it for rights, and adds rows to its
//! draft. [`Transaction::finish`] checks the invariants and hands the draft to the caller.

mod naming;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hashbrown::HashSet;

use super::Result;
use super::lookalike::{Lookalikes, Siblings};
use super::separation::Conflict;
use super::visibility::{
    AnyViewer, ResolvedPath, find_item_with_hint, find_with_hint, find_workspace, numbered, with_kind,
};
use crate::model::attributes::{Attributes, BindingAttributes};
use crate::model::name::key;
use crate::model::secret::Secret;
use crate::model::{
    Action, Binding, Id, Kind, Name, Path, ProblemKind, Reference, Resource, Role, SetNames, Time, Verb,
};
use crate::policy::decide_for;
use crate::policy::{Actor, BindingQuery, CurrentRights, Draft, Facts, Overlay, Question, Subject, Viewer};

/// An operation in progress.
pub struct Transaction<'f> {
    facts: Overlay<'f, dyn Facts + 'f>,
    /// The operator or the principal who acts.
    pub actor: Actor,
    /// The time of the change: the time in the log, and the time at which expiries are judged.
    pub at: Time,
    /// Lines for the actor in addition to the description of the change.
    pub warnings: Vec<String>,
    /// A line for each further row that a removal takes along; the caller asks for confirmation before the commit.
    pub cascades: Vec<String>,
    /// Whether a denial offers remedies. False for a trial, which itself looks for remedies.
    explains_denials: bool,
    /// The rights by which the actor reads the past; `None` if the facts are those of the present.
    rights: Option<CurrentRights<'f>>,
    /// Delegated shares whose ends are capped once the whole state is known: a manifest may name a share before
    /// the one that it rests on. `None` if ends are capped at once.
    pub(super) uncapped_shares: Option<Vec<Id>>,
    /// The number of further unknown names that get a suggestion.
    hints_left: Cell<usize>,
    /// Resources that may be named to the actor.
    disclosed: RefCell<HashSet<Id>>,
    lookalikes: Lookalikes,
    /// The conflicts that no change may make.
    pub(super) enforced: Rc<[Conflict]>,
}

/// The number of unknown names that get a suggestion. Each suggestion compares all names of a kind, and a file made
/// for another store can have thousands of unknown names.
const MAX_HINTS: usize = 20;

impl<'f> Transaction<'f> {
    /// A transaction with an empty draft.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn new(facts: &'f dyn Facts, actor: Actor, at: Time) -> Result<Transaction<'f>> {
        let facts = Overlay::new(facts)?;
        Ok(Transaction {
            facts,
            actor,
            at,
            warnings: Vec::new(),
            cascades: Vec::new(),
            explains_denials: true,
            rights: None,
            uncapped_shares: None,
            hints_left: Cell::new(MAX_HINTS),
            disclosed: RefCell::default(),
            lookalikes: Lookalikes::default(),
            enforced: Rc::default(),
        })
    }

    /// As [`Transaction::new`], to find out whether an operation succeeds: its denials offer no remedies.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub(super) fn trial(facts: &'f dyn Facts, actor: Actor, at: Time) -> Result<Transaction<'f>> {
        Ok(Transaction { explains_denials: false, ..Transaction::new(facts, actor, at)? })
    }

    /// As [`Transaction::new`], to read facts of the past by the rights that the actor has now.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn for_reading(
        facts: &'f dyn Facts,
        actor: Actor,
        at: Time,
        rights: Option<CurrentRights<'f>>,
    ) -> Result<Transaction<'f>> {
        Ok(Transaction { rights, ..Transaction::new(facts, actor, at)? })
    }

    /// Makes [`Transaction::check`] refuse a change after which an account violates one of these conflicts that it did
    /// not violate before.
    pub fn enforce(&mut self, conflicts: Rc<[Conflict]>) {
        self.enforced = conflicts;
    }

    /// Whether a denial offers remedies.
    pub(super) const fn explains_denials(&self) -> bool {
        self.explains_denials
    }

    /// The facts with the draft so far over them.
    pub const fn facts(&self) -> &Overlay<'f, dyn Facts + 'f> {
        &self.facts
    }

    /// Ends the transaction; returns the draft and the last id that it uses.
    ///
    /// # Errors
    /// A conflict when the state would break an invariant.
    pub fn finish(self) -> Result<(Draft, Id)> {
        self.check()?;
        Ok(self.facts.into_draft())
    }

    /// Begins a new draft after the caller has put the last one into the facts below.
    pub fn start_next_part(&mut self) {
        self.facts.start_next_part();
    }

    /// Ends a transaction whose invariants the caller has checked; returns the draft and the last id that it uses.
    pub fn finish_unchecked(self) -> (Draft, Id) {
        self.facts.into_draft()
    }

    // Lookups.

    /// A resource as the draft leaves it; a resource that the draft ends, as it was before.
    pub(super) fn current_or_removed(&self, id: Id) -> Result<Option<Rc<Resource>>> {
        Ok(match self.facts.resource(id)? {
            None => self.facts.base().resource(id)?,
            found => found,
        })
    }

    /// The outermost resource that a resource lies in; its administrators may read the log entries of both.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn outermost(&self, id: Id) -> Result<Id> {
        let ancestors = match self.facts.ancestors(id)? {
            gone if gone.is_empty() => self.facts.base().ancestors(id)?,
            ancestors => ancestors,
        };
        Ok(ancestors.last().map_or(id, |outermost| outermost.id))
    }

    /// What the actor may see, in the state with the draft.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn viewer(&self) -> Result<AnyViewer<'_>> {
        match self.rights {
            Some(rights) => Ok(rights.viewer(self.actor)?),
            None => Ok(Viewer::new(&self.facts as &dyn Facts, self.actor, self.at)?),
        }
    }

    /// Whether the actor may see that a resource exists.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn sees(&self, resource: &Resource) -> Result<bool> {
        Ok(self.viewer()?.sees(resource)?)
    }

    /// The resource of that kind and name, if the actor may see it.
    ///
    /// # Errors
    /// "No such …", the same for a resource that does not exist and for one that the actor may not see, with the
    /// nearest name that the actor may see.
    pub fn find(&self, kind: Kind, name: &Name) -> Result<Rc<Resource>> {
        find_with_hint(&self.facts, &self.viewer()?, (kind, name), || self.may_hint())
    }

    fn may_hint(&self) -> bool {
        let left = self.hints_left.get();
        self.hints_left.set(left.saturating_sub(1));
        left > 0
    }

    /// A reference by an external id with the kind of what it identifies; every other reference unchanged.
    ///
    /// # Errors
    /// "No such external id", also for one of a resource that the actor may not see.
    pub fn with_kind<'r>(&self, reference: &'r Reference) -> Result<Cow<'r, Reference>> {
        with_kind(&self.facts, &self.viewer()?, reference)
    }

    /// The resource that a reference of that kind names, if the actor may see it.
    ///
    /// # Errors
    /// As [`Transaction::find`]; a conflict for a reference of another kind.
    pub fn find_reference(&self, kind: Kind, reference: &Reference) -> Result<Rc<Resource>> {
        match &*self.with_kind(reference)? {
            Reference::Named(found, name) if *found == kind => self.find(kind, name),
            Reference::Workspace(org, name) if kind == Kind::Workspace => {
                find_workspace(&self.facts, &self.viewer()?, org, name)
            }
            Reference::Numbered(found, number) if *found == kind => {
                numbered(&self.facts, &self.viewer()?, kind, *number)
            }
            other => Err(other.wrong_kind(kind.article())),
        }
    }

    /// The resource of one of `kinds` that a reference names, if the actor may see the resource or a list that names
    /// it: who may read a list may remove its entries (docs/model.md#visibility).
    ///
    /// # Errors
    /// As [`Transaction::find`]; a conflict for a reference of another kind.
    pub fn find_listed(
        &self,
        reference: &Reference,
        kinds: &[Kind],
        is_listed: &dyn Fn(Id) -> Result<bool>,
    ) -> Result<Rc<Resource>> {
        let reference = self.with_kind(reference)?;
        let (kind, name) = match &*reference {
            Reference::Named(kind, name) if kinds.contains(kind) => (*kind, name),
            other => {
                let expected: Vec<&str> = kinds.iter().map(|kind| kind.article()).collect();
                return Err(other.wrong_kind(&expected.join(" or ")));
            }
        };
        match self.find(kind, name) {
            Err(problem) if problem.kind == ProblemKind::NotFound => {
                let existing = self.facts.named(kind, None, name.key())?;
                match existing {
                    Some(existing) if is_listed(existing.id)? => {
                        self.disclose(existing.id);
                        Ok(existing)
                    }
                    _ => Err(problem),
                }
            }
            found => found,
        }
    }

    /// The item that a path names, or the nearest registered item above it, if the actor may see that.
    ///
    /// # Errors
    /// As [`super::find_item`].
    pub fn find_item(&self, endpoint: &Name, path: &Path) -> Result<ResolvedPath> {
        find_item_with_hint(&self.facts, &self.viewer()?, (endpoint, path), || self.may_hint())
    }

    // Rights.

    /// Whether the actor may do an action on a resource.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn may(&self, action: Action, resource: Id) -> Result<bool> {
        match self.actor {
            Actor::Operator => Ok(true),
            Actor::Principal(_) if self.rights.is_some() => Ok(self.viewer()?.may_do(action, resource)?),
            Actor::Principal(id) => {
                let subject = Subject::new(&self.facts, id, self.at)?;
                Ok(decide_for(&subject, action, resource)?.allowed)
            }
        }
    }

    /// Requires that the actor may do an action on a resource.
    ///
    /// # Errors
    /// A denial with the rule, what is missing and who can grant it.
    pub fn require(&self, action: Action, resource: Id) -> Result<()> {
        let Actor::Principal(principal) = self.actor else { return Ok(()) };
        self.require_of(principal, action, resource)
    }

    /// Requires that a principal may do an action on a resource.
    ///
    /// # Errors
    /// As [`Transaction::require`].
    pub fn require_of(&self, principal: Id, action: Action, resource: Id) -> Result<()> {
        if let Some(rights) = self.rights {
            if self.viewer()?.may_do(action, resource)? {
                return Ok(());
            }
            return Transaction::new(rights.facts, self.actor, rights.at)?.require_of(principal, action, resource);
        }
        let question = Question { principal, action, resource, at: self.at };
        let decision = crate::policy::decide(&self.facts, &question)?;
        if decision.allowed { Ok(()) } else { Err(self.denial(&question, &decision)?) }
    }

    /// As [`Transaction::require`], for an action without a value.
    ///
    /// # Errors
    /// As [`Transaction::require`].
    pub fn require_verb(&self, verb: Verb, resource: Id) -> Result<()> {
        self.require(Action::Plain(verb), resource)
    }

    // Changes.

    /// An id that no row has used.
    pub const fn new_id(&mut self) -> Id {
        self.facts.new_id()
    }

    /// Creates a resource with a name, and warns if the name looks like another one.
    ///
    /// # Errors
    /// A usage problem for a name that a new resource may not have.
    pub fn create(&mut self, parent: Option<Id>, name: &Name, attributes: Attributes) -> Result<Id> {
        self.take_name(attributes.kind(), parent, name)?;
        let id = self.new_id();
        let (name, key) = (name.as_written().to_owned(), name.key().to_owned());
        self.put(Resource { id, parent, name, key, alias: None, attributes, sets: SetNames::NONE, since: 0 });
        Ok(id)
    }

    /// Creates a resource without a name. Its key is the hash of its secret, or its own number.
    pub(super) fn create_unnamed(&mut self, parent: Option<Id>, secret: Option<&Secret>, attributes: Attributes) -> Id {
        let id = self.new_id();
        let (name, key) = (String::new(), secret.map_or_else(|| id.to_string(), Secret::hash));
        self.put(Resource { id, parent, name, key, alias: None, attributes, sets: SetNames::NONE, since: 0 });
        id
    }

    /// Renames a resource, and warns if the new name looks like another one.
    ///
    /// # Errors
    /// As [`Transaction::create`].
    pub fn put_name(&mut self, existing: &Resource, name: &Name) -> Result<()> {
        if existing.name == name.as_written() {
            return Ok(());
        }
        self.take_name(existing.kind(), existing.parent, name)?;
        self.put(Resource { name: name.as_written().to_owned(), key: name.key().to_owned(), ..existing.clone() });
        Ok(())
    }

    fn take_name(&mut self, kind: Kind, parent: Option<Id>, name: &Name) -> Result<()> {
        name.check_new()?;
        let mut lookalikes = std::mem::take(&mut self.lookalikes);
        let siblings = Siblings { facts: &self.facts, kind, parent, sees: &|resource| self.sees(resource) };
        let warning = lookalikes.warning(&siblings, name);
        self.lookalikes = lookalikes;
        self.warnings.extend(warning?);
        Ok(())
    }

    /// Adds a version of a resource to the draft.
    pub fn put(&mut self, mut resource: Resource) {
        resource.since = 0;
        resource.alias = match &resource.attributes {
            Attributes::Account(account) => account.email.as_deref().map(key),
            // What it identifies is looked up by the id alone.
            Attributes::ExternalId(_) => Some(resource.key.clone()),
            _ => None,
        };
        self.facts.put_resource(resource);
    }

    /// Replaces the attributes of a resource.
    pub fn put_attributes(&mut self, resource: &Resource, attributes: Attributes) {
        self.put(Resource { attributes, ..resource.clone() });
    }

    /// Adds a binding whose grantor is the actor; returns its id.
    pub fn bind(&mut self, resource: Id, principal: Id, role: Role) -> Id {
        let binding = self.new_binding(resource, principal, role);
        let id = binding.id;
        self.put_binding(binding);
        id
    }

    /// A new binding whose grantor is the actor, not yet in the draft: the caller completes it and calls
    /// [`Transaction::put_binding`].
    pub fn new_binding(&mut self, resource: Id, principal: Id, role: Role) -> Binding {
        Binding {
            id: self.new_id(),
            resource,
            principal,
            role,
            grantor: self.actor.principal(),
            expires: None,
            attributes: BindingAttributes::default(),
            sets: SetNames::NONE,
            since: 0,
        }
    }

    /// Adds a version of a binding to the draft.
    pub fn put_binding(&mut self, binding: Binding) {
        self.facts.put_binding(Binding { since: 0, ..binding });
    }

    /// Replaces the manifest sets of a row that this transaction created.
    pub fn put_sets(&mut self, row: Id, sets: SetNames) {
        self.facts.put_sets(row, sets);
    }

    /// Ends a binding.
    pub fn end_binding(&mut self, id: Id) {
        self.facts.end_binding(id);
    }

    /// Ends a resource alone; [`Transaction::end_with_bindings`] also ends its bindings.
    pub fn end(&mut self, id: Id) {
        self.facts.end_resource(id);
    }

    /// Ends a resource, its external ids, and every binding on it or of it.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn end_with_bindings(&mut self, id: Id) -> Result<()> {
        for select in [BindingQuery::On(id), BindingQuery::Of(id)] {
            for binding in self.facts.list_bindings(select)? {
                self.facts.end_binding(binding.id);
            }
        }
        if self.facts.header(id)?.is_some_and(|it| it.kind().has_external_ids()) {
            for external in self.facts.ids(Kind::ExternalId, Some(id))? {
                self.facts.end_resource(external);
            }
        }
        self.facts.end_resource(id);
        Ok(())
    }
}
