//! What a transaction may name to its actor. An actor may know of a resource or a binding that it may see before the
//! change or after it; others are named by a placeholder.

use super::Transaction;
use crate::model::reference::{full_reference, item_reference};
use crate::model::{Binding, Id, Kind};
use crate::ops::Result;
use crate::policy::disclosure::UNSEEN;
use crate::policy::{Actor, Facts, Viewer};

impl Transaction<'_> {
    /// The reference of a resource, or a placeholder if the actor may not see the resource.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn name(&self, id: Id) -> Result<String> {
        // told: asked just now.
        if self.may_name(id)? { self.internal_reference(id) } else { Ok(UNSEEN.to_owned()) }
    }

    /// The reference of one side of a binding, or a placeholder. An actor who may see a binding may see both its
    /// names.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn participant(&self, binding: &Binding, id: Id) -> Result<String> {
        let is_visible = self.may_name(id)? || self.sees_binding(binding)?;
        // told: asked just now.
        if is_visible { self.internal_reference(id) } else { Ok(UNSEEN.to_owned()) }
    }

    /// The grantor of a binding, as [`Transaction::participant`] names it.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn grantor(&self, binding: &Binding) -> Result<String> {
        binding.grantor.map_or_else(|| Ok("the operator".to_owned()), |id| self.participant(binding, id))
    }

    /// Whether a resource may be named to the actor, in the state before or after the change. The actor may know of
    /// what this transaction created, and of what another right discloses ([`Transaction::disclose`]).
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

    /// Whether this transaction created a resource that is not an item. A transaction can create a home folder in a
    /// folder that the actor may not see, so items are named only to actors who see them.
    fn created_by_actor(&self, id: Id) -> Result<bool> {
        Ok(self.facts.is_new(id) && self.facts.header(id)?.is_none_or(|it| it.kind() != Kind::Item))
    }

    /// Whether the actor may see a binding, in the state before or after the change.
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

    /// What the actor could see before this transaction; `None` if the transaction only reads the past.
    fn viewer_before(&self) -> Result<Option<Viewer<'_, dyn Facts + '_>>> {
        match self.rights {
            Some(_) => Ok(None),
            None => Ok(Some(Viewer::new(self.facts.base(), self.actor, self.at)?)),
        }
    }

    /// Records that a resource may be named to the actor for another reason: the actor holds a link to it, or may
    /// read a list that names it.
    pub fn disclose(&self, id: Id) {
        self.disclosed.borrow_mut().insert(id);
    }

    /// The reference of a resource, without asking who may see it: for lookups, and for callers that have asked.
    /// Output uses [`Transaction::name`] and [`Transaction::participant`].
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

    /// The name of a resource as typed in a suggested command; `NAME` if the actor may not see the resource.
    pub(in crate::ops) fn shell_name(&self, id: Id) -> Result<String> {
        let existing = if self.may_name(id)? { self.facts.resource(id)? } else { None };
        Ok(existing.map_or_else(|| "NAME".to_owned(), |resource| resource.shell_name()))
    }
}
