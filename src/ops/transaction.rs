//! A change in the making: facts, an actor, a time, and the draft so far.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hashbrown::HashSet;

use super::Result;
use super::lookalike::Lookalikes;
use super::visibility::{AnyViewer, ResolvedPath, find_item_with_hint, find_with_hint, find_workspace, numbered};
use crate::model::attributes::{Attributes, BindingAttributes};
use crate::model::name::key;
use crate::model::reference::{full_reference, item_reference};
use crate::model::{
    Action, Binding, Id, Kind, Name, Path, ProblemKind, Reference, Resource, Role, SetNames, Time, Verb,
};
use crate::policy::decide_for;
use crate::policy::disclosure::UNSEEN;
use crate::policy::{Actor, BindingQuery, CurrentRights, Draft, Facts, Overlay, Question, Subject, Viewer};

/// A change in the making.
pub struct Transaction<'f, F: Facts + ?Sized> {
    facts: Overlay<'f, F>,
    /// Who acts.
    pub actor: Actor,
    /// When: the time that is written down and that expiries are judged at.
    pub at: Time,
    /// What the actor should know besides what changed.
    pub warnings: Vec<String>,
    /// What goes with what was removed: to be confirmed before it is committed.
    pub cascades: Vec<String>,
    /// Whether a refusal says what would suffice: not one of a trial, which is made to find that out.
    explains_denials: bool,
    /// Where the past is looked at: by which rights.
    rights: Option<CurrentRights<'f>>,
    /// Delegated shares whose ends are held against what their sharers hold once the whole state is known, as
    /// with a manifest, which may name a share before what it rests on; none where that is done at once.
    pub(super) uncapped_shares: Option<Vec<Id>>,
    /// For how many unknown names the nearest one is still looked for.
    hints_left: Cell<usize>,
    /// Resources that the actor was told of.
    disclosed: RefCell<HashSet<Id>>,
    lookalikes: Lookalikes,
}

/// For so many unknown names the nearest known one is looked for. Each takes a look at all names there are, and a
/// file made for another store may have unknown ones by the thousand.
const MAX_HINTS: usize = 20;

impl<'f, F: Facts + ?Sized> Transaction<'f, F> {
    /// Begins with an empty draft.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn new(facts: &'f F, actor: Actor, at: Time) -> Result<Transaction<'f, F>> {
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
        })
    }

    /// As [`Transaction::new`], to find out whether something works: its refusals say no more than that.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub(super) fn trial(facts: &'f F, actor: Actor, at: Time) -> Result<Transaction<'f, F>> {
        Ok(Transaction { explains_denials: false, ..Transaction::new(facts, actor, at)? })
    }

    /// As [`Transaction::new`], to look at the past by rights that are not of the past.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn for_reading(
        facts: &'f F,
        actor: Actor,
        at: Time,
        rights: Option<CurrentRights<'f>>,
    ) -> Result<Transaction<'f, F>> {
        Ok(Transaction { rights, ..Transaction::new(facts, actor, at)? })
    }

    /// Whether a refusal says what would suffice.
    pub(super) const fn explains_denials(&self) -> bool {
        self.explains_denials
    }

    /// The facts with the draft so far.
    pub const fn facts(&self) -> &Overlay<'f, F> {
        &self.facts
    }

    /// Ends the transaction: the draft and the last id it used.
    ///
    /// # Errors
    /// A conflict when the state would break an invariant.
    pub fn finish(self) -> Result<(Draft, Id)> {
        self.check()?;
        Ok(self.facts.into_draft())
    }

    /// Begins a new draft where the last one ended: what it held is in the facts below by then.
    pub fn start_next_part(&mut self) {
        self.facts.start_next_part();
    }

    /// Ends a transaction that was checked already.
    pub fn finish_unchecked(self) -> (Draft, Id) {
        self.facts.into_draft()
    }

    // Looking things up.

    /// A resource as it is named to the actor: what the actor may not see has no name.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn name(&self, id: Id) -> Result<String> {
        // told: asked just now.
        if self.may_name(id)? { self.internal_reference(id) } else { Ok(UNSEEN.to_owned()) }
    }

    /// One side of a binding as it is named to the actor: who is told of a binding is told whom it names.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn participant(&self, binding: &Binding, id: Id) -> Result<String> {
        let told = self.may_name(id)? || self.sees_binding(binding)?;
        // told: asked just now.
        if told { self.internal_reference(id) } else { Ok(UNSEEN.to_owned()) }
    }

    /// Who gave a binding, as it is named to the actor.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn grantor(&self, binding: &Binding) -> Result<String> {
        binding.grantor.map_or_else(|| Ok("the operator".to_owned()), |id| self.participant(binding, id))
    }

    /// Whether a resource may be named to the actor, as it was or as it will be. What this transaction made may
    /// be, and so may what the actor was told by another right ([`Transaction::disclose`]).
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn may_name(&self, id: Id) -> Result<bool> {
        if self.actor == Actor::Operator || self.disclosed.borrow().contains(&id) || self.created_by_actor(id)? {
            return Ok(true);
        }
        let may = match self.viewer_before()? {
            Some(before) if before.may_name(id)? => true,
            _ => self.viewer()?.may_name(id)?,
        };
        if may {
            self.disclose(id);
        }
        Ok(may)
    }

    /// Whether this transaction made a resource. A home folder may be made where the actor sees nothing: an item
    /// is told to whoever sees it.
    fn created_by_actor(&self, id: Id) -> Result<bool> {
        Ok(self.facts.is_new(id) && self.facts.header(id)?.is_none_or(|it| it.kind() != Kind::Item))
    }

    /// Whether the actor is told of a binding, as things were or as they will be.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn sees_binding(&self, binding: &Binding) -> Result<bool> {
        if self.actor == Actor::Operator || self.facts.is_new(binding.id) {
            return Ok(true);
        }
        match self.viewer_before()? {
            Some(before) if before.sees_binding(binding)? => Ok(true),
            _ => Ok(self.viewer()?.sees_binding(binding)?),
        }
    }

    /// The actor as it was before this transaction; none where the past is only looked at, by rights of its own.
    fn viewer_before(&self) -> Result<Option<Viewer<'_, F>>> {
        match self.rights {
            Some(_) => Ok(None),
            None => Ok(Some(Viewer::new(self.facts.base(), self.actor, self.at)?)),
        }
    }

    /// Remembers that the actor is told of a resource by a right of its own: the link it holds, the list
    /// that it may take something back from.
    pub fn disclose(&self, id: Id) {
        self.disclosed.borrow_mut().insert(id);
    }

    /// The reference of a resource, whoever may see it: to find it again, and where the actor is known to
    /// be told. Output goes by [`Transaction::name`] and [`Transaction::participant`].
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn internal_reference(&self, id: Id) -> Result<String> {
        match self.current_or_removed(id)? {
            Some(item) if item.kind() == Kind::Item => {
                let mut ancestors = vec![item];
                while let Some(above) =
                    ancestors.last().and_then(|it| it.parent).map(|id| self.current_or_removed(id)).transpose()?
                {
                    match above {
                        Some(above) => ancestors.push(above),
                        None => break,
                    }
                }
                // told: the callers of this function asked.
                Ok(item_reference(&ancestors))
            }
            // told: the callers of this function asked.
            Some(resource) => full_reference(&resource, &|id| self.internal_reference(id)),
            None => Ok(self.facts.reference(id)?),
        }
    }

    /// A resource as it will be; one that ends, as it was.
    pub(super) fn current_or_removed(&self, id: Id) -> Result<Option<Rc<Resource>>> {
        Ok(match self.facts.resource(id)? {
            None => self.facts.base().resource(id)?,
            found => found,
        })
    }

    /// The outermost thing that a resource lies in: who administers that may read of it.
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

    /// A resource as it is typed in a command that is suggested; a placeholder for what the actor may not see.
    pub(super) fn shell_name(&self, id: Id) -> Result<String> {
        let existing = if self.may_name(id)? { self.facts.resource(id)? } else { None };
        Ok(existing.map_or_else(|| "NAME".to_owned(), |resource| resource.shell_name()))
    }

    /// The actor's eyes.
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
    /// "No such thing", alike for what is not there and for what the actor may not see, with the
    /// nearest name that it may see.
    pub fn find(&self, kind: Kind, name: &Name) -> Result<Rc<Resource>> {
        find_with_hint(&self.facts, &self.viewer()?, (kind, name), || self.may_hint())
    }

    fn may_hint(&self) -> bool {
        let left = self.hints_left.get();
        self.hints_left.set(left.saturating_sub(1));
        left > 0
    }

    /// What a reference means, if it is of that kind and the actor may see it.
    ///
    /// # Errors
    /// As [`Transaction::find`]; a conflict for a reference of another kind.
    pub fn find_reference(&self, kind: Kind, reference: &Reference) -> Result<Rc<Resource>> {
        match reference {
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

    /// The resource of one of some kinds that a reference names, if the actor may see it, or a list that
    /// it may read names it: what one sees listed one can take back
    /// (docs/model.md#visibility).
    ///
    /// # Errors
    /// As [`Transaction::find`]; a conflict for a reference of another kind.
    pub fn find_listed(
        &self,
        reference: &Reference,
        kinds: &[Kind],
        is_listed: &dyn Fn(Id) -> Result<bool>,
    ) -> Result<Rc<Resource>> {
        let (kind, name) = match reference {
            Reference::Named(kind, name) if kinds.contains(kind) => (*kind, name),
            other => {
                let wanted: Vec<&str> = kinds.iter().map(|kind| kind.article()).collect();
                return Err(other.wrong_kind(&wanted.join(" or ")));
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

    /// The item that a path names, as far as it is registered, if the actor may see it.
    ///
    /// # Errors
    /// As [`super::find_item`].
    pub fn find_item(&self, endpoint: &Name, path: &Path) -> Result<ResolvedPath> {
        find_item_with_hint(&self.facts, &self.viewer()?, (endpoint, path), || self.may_hint())
    }

    // Asking.

    /// Whether the actor may.
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

    /// Demands that the actor may.
    ///
    /// # Errors
    /// A denial with the rule, what is missing and who can give it.
    pub fn require(&self, action: Action, resource: Id) -> Result<()> {
        let Actor::Principal(principal) = self.actor else { return Ok(()) };
        self.require_of(principal, action, resource)
    }

    /// Demands that somebody may.
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

    /// Demands a plain action.
    ///
    /// # Errors
    /// As [`Transaction::require`].
    pub fn require_verb(&self, verb: Verb, resource: Id) -> Result<()> {
        self.require(Action::Plain(verb), resource)
    }

    // Changing.

    /// An id that no row has had.
    pub const fn new_id(&mut self) -> Id {
        self.facts.new_id()
    }

    /// Makes a resource with a name, and warns where the name looks like another.
    ///
    /// # Errors
    /// A usage problem for a name that nothing new may have.
    pub fn create(&mut self, parent: Option<Id>, name: &Name, attributes: Attributes) -> Result<Id> {
        self.take_name(attributes.kind(), parent, name)?;
        let id = self.new_id();
        let (name, key) = (name.as_written().to_owned(), name.key().to_owned());
        self.put(Resource { id, parent, name, key, alias: None, attributes, sets: SetNames::NONE, since: 0 });
        Ok(id)
    }

    /// Gives a resource another name, and warns where it looks like another.
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
        let warning = lookalikes.warning(self, kind, parent, name);
        self.lookalikes = lookalikes;
        self.warnings.extend(warning?);
        Ok(())
    }

    /// Puts a resource as it shall be.
    pub fn put(&mut self, mut resource: Resource) {
        resource.since = 0;
        resource.alias = resource.as_account().and_then(|account| account.email.as_deref()).map(key);
        self.facts.put_resource(resource);
    }

    /// Puts other attributes on a resource.
    pub fn put_attributes(&mut self, resource: &Resource, attributes: Attributes) {
        self.put(Resource { attributes, ..resource.clone() });
    }

    /// Gives a role; by the actor.
    pub fn bind(&mut self, resource: Id, principal: Id, role: Role) -> Id {
        let binding = self.new_binding(resource, principal, role);
        let id = binding.id;
        self.put_binding(binding);
        id
    }

    /// A role that the actor gives, to be put as soon as all is said of it.
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

    /// Puts a binding as it shall be.
    pub fn put_binding(&mut self, binding: Binding) {
        self.facts.put_binding(Binding { since: 0, ..binding });
    }

    /// Puts other sets on a row that this transaction made.
    pub fn put_sets(&mut self, row: Id, sets: SetNames) {
        self.facts.put_sets(row, sets);
    }

    /// Ends a binding.
    pub fn end_binding(&mut self, id: Id) {
        self.facts.end_binding(id);
    }

    /// Ends a resource alone; [`Transaction::end_with_bindings`] takes with it what hangs on it.
    pub fn end(&mut self, id: Id) {
        self.facts.end_resource(id);
    }

    /// Ends a resource and every binding on it or of it.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn end_with_bindings(&mut self, id: Id) -> Result<()> {
        for select in [BindingQuery::On(id), BindingQuery::Of(id)] {
            for binding in self.facts.list_bindings(select)? {
                self.facts.end_binding(binding.id);
            }
        }
        self.facts.end_resource(id);
        Ok(())
    }
}
