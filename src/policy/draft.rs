//! A change as a value, and facts with such a change laid over them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::rc::Rc;

use super::facts::{Facts, Result, Select, Visit};
use crate::model::{Binding, Id, Kind, Resource, Role};

/// A change as a value: for every row it touches, how that row stands afterwards.
///
/// It holds no order and no history, so two steps that cancel each other leave nothing behind.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Draft {
    /// Resources as they stand afterwards; none for those that end.
    pub resources: BTreeMap<Id, Option<Rc<Resource>>>,
    /// Bindings as they stand afterwards; none for those that end.
    pub bindings: BTreeMap<Id, Option<Binding>>,
}

/// A row before and after a change; none where it is not there.
#[derive(Clone, PartialEq, Debug)]
pub enum RowChange {
    /// A resource.
    Resource(Option<Rc<Resource>>, Option<Rc<Resource>>),
    /// A binding.
    Binding(Option<Binding>, Option<Binding>),
}

impl Draft {
    /// What the draft changes in some facts, resources before bindings, each by id. Rows that end
    /// as they began are left out, so a draft that changes nothing yields nothing.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn against<F: Facts + ?Sized>(&self, facts: &F) -> Result<Vec<RowChange>> {
        let mut changes = Vec::new();
        for (id, after) in &self.resources {
            let before = facts.resource(*id)?;
            let same = match (&before, after) {
                (None, None) => true,
                (Some(before), Some(after)) => before.is_same_as(after),
                _ => false,
            };
            if !same {
                changes.push(RowChange::Resource(before, after.clone()));
            }
        }
        for (id, after) in &self.bindings {
            let before = facts.binding(*id)?;
            let same = match (&before, after) {
                (None, None) => true,
                (Some(before), Some(after)) => before.is_same_as(after),
                _ => false,
            };
            if !same {
                changes.push(RowChange::Binding(before, after.clone()));
            }
        }
        Ok(changes)
    }
}

/// Facts with a draft laid over them: facts about a state that need never come about.
pub struct Overlay<'f, F: Facts + ?Sized> {
    base: &'f F,
    draft: Draft,
    names: HashMap<(Kind, Option<Id>, String), Id>,
    by_resource: BTreeSet<(Id, Id)>,
    by_principal: BTreeSet<(Id, Id)>,
    by_sharer: BTreeSet<(Id, Id)>,
    last_id: Id,
}

impl<'f, F: Facts + ?Sized> Overlay<'f, F> {
    /// An empty draft over some facts.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn new(base: &'f F) -> Result<Overlay<'f, F>> {
        Ok(Overlay {
            base,
            draft: Draft::default(),
            names: HashMap::new(),
            by_resource: BTreeSet::new(),
            by_principal: BTreeSet::new(),
            by_sharer: BTreeSet::new(),
            last_id: base.last_id()?,
        })
    }

    /// The facts below.
    pub const fn base(&self) -> &'f F {
        self.base
    }

    /// The draft so far.
    pub const fn draft(&self) -> &Draft {
        &self.draft
    }

    /// The draft and the last id it handed out.
    pub fn into_draft(self) -> (Draft, Id) {
        (self.draft, self.last_id)
    }

    /// An id that no row has had.
    pub const fn new_id(&mut self) -> Id {
        self.last_id = Id(self.last_id.0 + 1);
        self.last_id
    }

    /// Puts a resource, new or changed.
    pub fn put_resource(&mut self, resource: Resource) {
        if let Some(Some(before)) = self.draft.resources.get(&resource.id) {
            self.names.remove(&(before.kind(), before.parent, before.key.clone()));
        }
        self.names.insert((resource.kind(), resource.parent, resource.key.clone()), resource.id);
        self.draft.resources.insert(resource.id, Some(Rc::new(resource)));
    }

    /// Ends a resource.
    pub fn end_resource(&mut self, id: Id) {
        if let Some(Some(before)) = self.draft.resources.insert(id, None) {
            self.names.remove(&(before.kind(), before.parent, before.key.clone()));
        }
    }

    /// Puts a binding, new or changed.
    pub fn put_binding(&mut self, binding: Binding) {
        self.by_resource.insert((binding.resource, binding.id));
        self.by_principal.insert((binding.principal, binding.id));
        if let (Role::ItemShare, Some(sharer)) = (binding.role, binding.grantor) {
            self.by_sharer.insert((sharer, binding.id));
        }
        self.draft.bindings.insert(binding.id, Some(binding));
    }

    /// Ends a binding.
    pub fn end_binding(&mut self, id: Id) {
        self.draft.bindings.insert(id, None);
    }
}

impl<F: Facts + ?Sized> Facts for Overlay<'_, F> {
    fn resource(&self, id: Id) -> Result<Option<Rc<Resource>>> {
        match self.draft.resources.get(&id) {
            Some(after) => Ok(after.clone()),
            None => self.base.resource(id),
        }
    }

    fn named(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Rc<Resource>>> {
        if let Some(id) = self.names.get(&(kind, parent, key.to_owned())) {
            return self.resource(*id);
        }
        let below = self.base.named(kind, parent, key)?;
        Ok(below.filter(|resource| !self.draft.resources.contains_key(&resource.id)))
    }

    fn aliased(&self, kind: Kind, alias: &str, visit: Visit<'_, Rc<Resource>>) -> Result<()> {
        let mut stopped = false;
        self.base.aliased(kind, alias, &mut |resource| {
            if self.draft.resources.contains_key(&resource.id) {
                return Ok(ControlFlow::Continue(()));
            }
            let flow = visit(resource)?;
            stopped = flow.is_break();
            Ok(flow)
        })?;
        for resource in self.draft.resources.values().flatten() {
            if stopped {
                break;
            }
            if resource.kind() == kind && resource.alias.as_deref() == Some(alias) {
                stopped = visit(Rc::clone(resource))?.is_break();
            }
        }
        Ok(())
    }

    fn resources(&self, kind: Kind, parent: Option<Id>, visit: Visit<'_, Rc<Resource>>) -> Result<()> {
        let mut stopped = false;
        self.base.resources(kind, parent, &mut |resource| {
            if self.draft.resources.contains_key(&resource.id) {
                return Ok(ControlFlow::Continue(()));
            }
            let flow = visit(resource)?;
            stopped = flow.is_break();
            Ok(flow)
        })?;
        for resource in self.draft.resources.values().flatten() {
            if stopped {
                break;
            }
            if resource.kind() == kind && (parent.is_none() || resource.parent == parent) {
                stopped = visit(Rc::clone(resource))?.is_break();
            }
        }
        Ok(())
    }

    fn bindings(&self, select: Select, visit: Visit<'_, Binding>) -> Result<()> {
        let mut stopped = false;
        self.base.bindings(select, &mut |binding| {
            if self.draft.bindings.contains_key(&binding.id) {
                return Ok(ControlFlow::Continue(()));
            }
            let flow = visit(binding)?;
            stopped = flow.is_break();
            Ok(flow)
        })?;
        let (index, id) = match select {
            Select::Exact(resource, ..) | Select::On(resource) | Select::OnAs(resource, _) => {
                (&self.by_resource, resource)
            }
            Select::Of(principal) | Select::OfAs(principal, _) => (&self.by_principal, principal),
            Select::SharesBy(sharer) => (&self.by_sharer, sharer),
        };
        for (_, key) in index.range((id, Id(0))..=(id, Id(u64::MAX))) {
            if stopped {
                break;
            }
            if let Some(Some(binding)) = self.draft.bindings.get(key)
                && select.takes(binding)
            {
                stopped = visit(binding.clone())?.is_break();
            }
        }
        Ok(())
    }

    fn binding(&self, id: Id) -> Result<Option<Binding>> {
        match self.draft.bindings.get(&id) {
            Some(after) => Ok(after.clone()),
            None => self.base.binding(id),
        }
    }

    fn last_id(&self) -> Result<Id> {
        Ok(self.last_id)
    }
}
