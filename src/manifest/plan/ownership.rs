//! Ownership: marks the declared rows as the set's, and finds conflicts with other sets.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Planner, Result};
use crate::manifest::statement::SourceLocation;
use crate::model::{Action, Binding, Id, Kind, PlatformId, Problem, Resource, Role, SetNames};
use crate::ops::account::role_of;
use crate::ops::required_actions;
use crate::policy::disclosure::UNSEEN;
use crate::policy::{Facts, RowChange};

impl Planner<'_> {
    /// Records that a row is declared. `sets` are the present sets of the row.
    pub(super) fn declare(&mut self, sets: &SetNames, row: Id, location: SourceLocation) {
        match self.set() {
            // No other set can own a new row, so it is marked without a check.
            Some(own) if !sets.has(own) && self.tx.facts().is_new(row) => {
                let marked = if sets.is_empty() { self.own_set.clone() } else { sets.with(own) };
                self.tx.put_sets(row, marked);
            }
            Some(own) if !sets.has(own) => self.unmarked.push(row),
            _ => {}
        }
        self.declared.put(row, location);
    }

    /// As [`Planner::declare`], for a binding, which gets its declared ids.
    ///
    /// # Errors
    /// A denial for the ids of an existing binding that the actor may not change.
    pub(super) fn declare_binding(
        &mut self,
        binding: &Binding,
        ids: &[PlatformId],
        location: SourceLocation,
    ) -> Result<()> {
        // The operation may have changed the binding since it was looked up.
        let current = if ids.is_empty() { None } else { self.tx.facts().binding(binding.id)? };
        if let Some(mut changed) = current.clone()
            && changed.attributes.with_ids(ids) != changed.attributes.ids
        {
            changed.attributes.ids = changed.attributes.with_ids(ids);
            if !self.tx.facts().is_new(binding.id) {
                let change = RowChange::Binding(current.map(Box::new), Some(changed.clone()));
                required_actions::require(&self.tx, &change)?;
            }
            self.tx.put_binding(changed);
        }
        self.declare(&binding.sets, binding.id, location);
        Ok(())
    }

    /// As [`Planner::declare`], for a resource that was just made.
    pub(super) fn declare_made(&mut self, id: Id, location: SourceLocation) -> Result<()> {
        if let Some(made) = self.tx.facts().resource(id)? {
            self.declare(&made.sets, id, location);
        }
        Ok(())
    }

    /// Whether a row is declared.
    pub(super) fn is_declared(&self, row: Id) -> bool {
        self.declared.has(row)
    }

    /// The position of the declaration of a row.
    pub fn location_of(&self, row: Id) -> Option<SourceLocation> {
        self.declared.location(row)
    }

    /// Marks the declared rows as the set's, and refuses changes to rows that other sets own.
    pub(super) fn mark_owned(&mut self) -> Result<()> {
        self.refuse_foreign()?;
        let Some(own) = self.options.set.clone() else { return Ok(()) };
        for row in std::mem::take(&mut self.unmarked) {
            let outcome = self.mark(row, &|sets| sets.with(own.key()));
            let location = self.location_of(row);
            self.record(location, outcome)?;
        }
        Ok(())
    }

    /// Changes the sets of a row. An existing row needs the right to change it.
    pub(super) fn mark(&mut self, row: Id, sets: &dyn Fn(&SetNames) -> SetNames) -> Result<()> {
        let facts = self.tx.facts();
        let is_new = facts.is_new(row);
        if let Some(resource) = facts.resource(row)? {
            if self.keeps_own(&resource)? {
                return Ok(());
            }
            let marked = Rc::new(Resource { sets: sets(&resource.sets), ..(*resource).clone() });
            if !is_new {
                required_actions::require(&self.tx, &RowChange::Resource(Some(resource), Some(Rc::clone(&marked))))?;
            }
            self.tx.put((*marked).clone());
        } else if let Some(binding) = facts.binding(row)? {
            let marked = Binding { sets: sets(&binding.sets), ..binding.clone() };
            if !is_new {
                required_actions::require(
                    &self.tx,
                    &RowChange::Binding(Some(Box::new(binding)), Some(marked.clone())),
                )?;
            }
            self.tx.put_binding(marked);
        }
        Ok(())
    }

    /// Whether the resource is the account of the actor, who may not adopt it (docs/model.md#manifests). A manager of
    /// accounts can apply a file that declares the manager's own account: it then keeps its sets, with a warning.
    fn keeps_own(&mut self, resource: &Resource) -> Result<bool> {
        if self.tx.actor.principal() != Some(resource.id) {
            return Ok(false);
        }
        let role = role_of(self.tx.facts(), resource.id)?.map_or(Role::ServerUser, |(_, role)| role);
        if !self.tx.may(Action::CreateAccount(role), Id::SERVER)? {
            return Ok(false);
        }
        self.tx.warnings.push(format!("{} keeps its sets: nobody adopts their own account", resource.reference()));
        Ok(true)
    }

    /// "Declaring something another set owns with a different value is a conflict": the refusal names three solutions.
    /// Removing a row of another set is a conflict too, by name or together with a resource.
    fn refuse_foreign(&mut self) -> Result<()> {
        let own = self.set().unwrap_or_default().to_owned();
        for (row, is_changed) in self.touched()? {
            let Some(owners) = self.foreign(row, is_changed, &own)? else { continue };
            if self.goes_with_another(row, &own)? {
                continue;
            }
            if self.options.take_over {
                let own = own.clone();
                self.mark(row, &|_| SetNames::NONE.with(&own))?;
                continue;
            }
            let becomes = if self.is_there(row)? { "be changed" } else { "be removed" };
            // An actor who may know a row may know the names of its sets.
            let message = if self.knew_before(row)? {
                format!("{} belongs to the set {}, and would {becomes}", self.row_name(row)?, owners.join(", "))
            } else {
                format!("{UNSEEN} belongs to another set, and would {becomes}")
            };
            let problem = Problem::conflict("owned_elsewhere", message)
                .tip("leave it out here")
                .tip("declare it as the other set does: then both own it");
            let problem = problem.tip(match self.set() {
                Some(_) => "to take it over: --take-over",
                None => "a manifest with a `name` may take it over: --take-over",
            });
            let location = self.location_of(row).or(self.removal_location(row)?);
            self.record(location, Err(problem))?;
        }
        Ok(())
    }

    /// The existing rows in the draft that are declared or removed, each with whether it certainly changes. The role of
    /// an account counts as a value of the account, and the owner of an item as a value of the item.
    fn touched(&self) -> Result<BTreeMap<Id, bool>> {
        let (facts, base) = (self.tx.facts(), self.tx.facts().base());
        let draft = facts.draft();
        let mut touched = BTreeMap::new();
        for (row, after) in draft.resources.iter().filter(|(row, _)| !facts.is_new(**row)) {
            if after.is_none() || self.is_declared(*row) {
                touched.entry(*row).or_insert(false);
            }
        }
        for (row, after) in &draft.bindings {
            let before = if facts.is_new(*row) { None } else { base.binding(*row)? };
            let Some(any) = after.as_ref().or(before.as_ref()) else { continue };
            let carrier = match any.role {
                Role::ItemOwner => Some(any.resource),
                role if role.resource_kind() == Kind::Server => Some(any.principal),
                _ => None,
            };
            let is_same = matches!((&before, after), (Some(before), Some(after)) if before.is_same_as(after));
            match carrier {
                Some(carrier) if is_same || facts.is_new(carrier) || !self.is_declared(carrier) => {}
                Some(carrier) => drop(touched.insert(carrier, true)),
                None if before.is_some() && (after.is_none() || self.is_declared(*row)) => {
                    touched.entry(*row).or_insert(false);
                }
                None => {}
            }
        }
        Ok(touched)
    }

    /// The position of the statement that removes a row, or the resource or principal of a binding.
    fn removal_location(&self, row: Id) -> Result<Option<SourceLocation>> {
        let ends = self.tx.facts().base().binding(row)?.map(|it| [it.resource, it.principal]);
        let mut rows = std::iter::once(row).chain(ends.into_iter().flatten());
        Ok(rows.find_map(|row| self.removal_requests.get(&row).copied()))
    }

    /// Whether a row is removed together with a resource of another set. The resource then has the conflict.
    fn goes_with_another(&self, row: Id, own: &str) -> Result<bool> {
        let (facts, base) = (self.tx.facts(), self.tx.facts().base());
        let above = match (base.resource(row)?, base.binding(row)?) {
            (Some(resource), _) => [resource.parent, None],
            (None, Some(binding)) => [Some(binding.resource), Some(binding.principal)],
            (None, None) => return Ok(false),
        };
        for above in above.into_iter().flatten() {
            if facts.resource(above)?.is_none() && self.foreign(above, false, own)?.is_some() {
                return Ok(!self.is_there(row)?);
            }
        }
        Ok(false)
    }

    /// Whether a row exists in the planned state.
    pub(super) fn is_there(&self, row: Id) -> Result<bool> {
        Ok(self.tx.facts().resource(row)?.is_some() || self.tx.facts().binding(row)?.is_some())
    }

    /// The other sets that own a row, if its values would change.
    fn foreign(&self, row: Id, is_changed: bool, own: &str) -> Result<Option<Vec<String>>> {
        let (facts, base) = (self.tx.facts(), self.tx.facts().base());
        let sets = if let Some(before) = base.resource(row)? {
            let same = facts
                .resource(row)?
                .is_some_and(|after| Resource { sets: before.sets.clone(), ..(*after).clone() }.is_same_as(&before));
            if same && !is_changed { SetNames::NONE } else { before.sets.clone() }
        } else if let Some(before) = base.binding(row)? {
            let same = facts
                .binding(row)?
                .is_some_and(|after| Binding { sets: before.sets.clone(), ..after }.is_same_as(&before));
            if same { SetNames::NONE } else { before.sets.clone() }
        } else {
            SetNames::NONE
        };
        let others: Vec<String> = sets.names().filter(|name| *name != own).map(str::to_owned).collect();
        Ok((!others.is_empty()).then_some(others))
    }

    /// The description of a row for messages.
    pub(super) fn row_name(&self, row: Id) -> Result<String> {
        let (facts, base) = (self.tx.facts(), self.tx.facts().base());
        let binding = match facts.binding(row)? {
            Some(binding) => Some(binding),
            None => base.binding(row)?,
        };
        match binding {
            Some(it) => {
                let (who, on) = (self.tx.participant(&it, it.principal)?, self.tx.participant(&it, it.resource)?);
                Ok(match it.role {
                    Role::ItemShare => format!("the share of {on} with {who}"),
                    role => format!("{who} as {} of {on}", role.as_str()),
                })
            }
            None => self.tx.name(row),
        }
    }
}
