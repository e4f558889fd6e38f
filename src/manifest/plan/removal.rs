//! Removals: resources with `ensure: absent`, and bindings that an exclusive list does not name. Also the limits on
//! the number of removals in one apply. [`prune`](super::prune) removes what the set no longer declares.

use std::rc::Rc;

use super::{Owned, PlannedAction, Planner, Result};
use crate::manifest::removal_limits;
use crate::manifest::statement::SourceLocation;
use crate::model::catalogue::disclosure::EXCLUSIVE_LISTS;
use crate::model::{Binding, Id, Kind, Name, Path, Problem, ProblemKind, Reference, Resource, Role};
use crate::ops::share::{ShareSelector, Sharer};
use crate::ops::{
    account, content, endpoint, group, membership, org, org_member, required_actions, share, workspace,
    workspace_member,
};
use crate::policy::{BindingQuery, Draft, Facts, RowChange};

/// A resource with `exclusive: true`; for an endpoint, also the paths whose shares are exclusive.
pub(super) struct Exclusive {
    pub(super) location: SourceLocation,
    pub(super) on: Id,
    pub(super) paths: Vec<Path>,
}

impl Exclusive {
    pub(super) const fn of(location: SourceLocation, on: Id) -> Exclusive {
        Exclusive { location, on, paths: Vec::new() }
    }
}

/// A resource with `ensure: absent`.
pub(super) enum RemovalTarget {
    Account(Name, account::Removal),
    Group(Kind, Name),
    Endpoint(Name),
    Org(Name),
    Workspace(Name, Name),
    Item(Name, Path),
}

impl RemovalTarget {
    /// The stage in which the resource would be created, and its depth. Removal goes in the reverse order.
    fn stage(&self) -> (u8, usize) {
        match self {
            RemovalTarget::Account(..) => (0, 0),
            RemovalTarget::Group(Kind::Group, _) => (1, 0),
            RemovalTarget::Group(..) => (2, 0),
            RemovalTarget::Endpoint(_) => (3, 0),
            RemovalTarget::Org(_) => (4, 0),
            RemovalTarget::Workspace(..) => (5, 0),
            RemovalTarget::Item(_, path) => (6, path.depth()),
        }
    }
}

impl Planner<'_> {
    /// Adds a resource to the exclusive ones, if it is declared so.
    pub(super) fn exclude(&mut self, is_exclusive: Option<bool>, of: Exclusive) {
        if is_exclusive == Some(true) {
            self.deferred.exclusive.push(of);
        }
    }

    /// Ends the bindings that no exclusive list names.
    pub(super) fn enforce_exclusive(&mut self) -> Result<()> {
        let mut ending = Vec::new();
        for (location, binding) in self.excluded()? {
            self.removal_requests.insert(binding.id, location);
            if self.tx.sees_binding(&binding)? {
                ending.push((Some(location), binding));
            } else {
                let unlisted = self.unlisted(binding.resource)?;
                self.record(Some(location), Err(unlisted))?;
            }
        }
        self.deferred.exclusive.clear();
        let refused = self.end_all(ending)?;
        refused.into_iter().try_for_each(|(location, problem)| self.record(location, Err(problem)))
    }

    /// The bindings that no exclusive list names, each with the position of the list.
    fn excluded(&self) -> Result<Vec<(SourceLocation, Binding)>> {
        let mut found = Vec::new();
        for Exclusive { location, on, paths } in &self.deferred.exclusive {
            // An exclusive organization covers its workspaces.
            let mut resources = vec![*on];
            resources.extend(self.tx.facts().ids(Kind::Workspace, Some(*on))?);
            for path in paths {
                if let Some((item, depth)) = self.tx.facts().nearest_item(*on, path)?
                    && depth == path.depth()
                {
                    resources.push(item);
                }
            }
            for resource in resources {
                let held = self.tx.facts().list_bindings(BindingQuery::On(resource))?;
                let undeclared = held.into_iter().filter(|it| self.is_listed(it) && !self.is_declared(it.id));
                found.extend(undeclared.map(|binding| (*location, binding)));
            }
        }
        Ok(found)
    }

    /// Ends bindings, each by the operation of its noun. A share that others rest on is ended after those. Returns the
    /// refusals.
    pub(super) fn end_all(
        &mut self,
        mut ending: Vec<(Option<SourceLocation>, Binding)>,
    ) -> Result<Vec<(Option<SourceLocation>, Problem)>> {
        let mut refused = Vec::new();
        loop {
            let (before, mut later) = (ending.len(), Vec::new());
            for (location, binding) in ending {
                // The end of another binding may have removed this one.
                if self.tx.facts().binding(binding.id)?.is_none() {
                    continue;
                }
                match self.end(&binding) {
                    Err(problem) if problem.kind == ProblemKind::Store => return Err(problem),
                    Err(problem) if problem.code == share::DEPENDENTS => later.push((location, binding, problem)),
                    Err(problem) => refused.push((location, problem)),
                    Ok(()) => {}
                }
            }
            if later.is_empty() || later.len() == before {
                refused.extend(later.into_iter().map(|(location, _, problem)| (location, problem)));
                return Ok(refused);
            }
            ending = later.into_iter().map(|(location, binding, _)| (location, binding)).collect();
        }
    }

    /// Ends the shares that exclusive lists and pruning will end anyway, before accounts are removed: an account that
    /// made shares cannot be destroyed. Refusals are dropped here, because a later step tries the shares again.
    fn end_shares_early(&mut self, owned: &Owned) -> Result<()> {
        // A resource that could not be made has no declared rows, so its shares would end here.
        if !self.refusals.is_empty() {
            return Ok(());
        }
        let mut ending = Vec::new();
        for (location, binding) in self.excluded()? {
            if binding.role == Role::ItemShare && self.tx.sees_binding(&binding)? {
                self.removal_requests.insert(binding.id, location);
                ending.push((Some(location), binding));
            }
        }
        if self.options.prune {
            for row in owned.bindings.iter().copied().filter(|row| !self.is_declared(*row)) {
                if let Some(binding) = self.tx.facts().binding(row)?
                    && binding.role == Role::ItemShare
                    && binding.sets.names().count() == 1
                    && self.knew_before(row)?
                {
                    ending.push((None, binding));
                }
            }
        }
        self.end_all(ending).map(drop)
    }

    /// The refusal of an exclusive list on a resource whose bindings the actor may not list. It names none of them.
    fn unlisted(&self, span: Id) -> Result<Problem> {
        let message = format!("{} has other bindings that you may not see", self.tx.name(span)?);
        Ok(Problem::denied(EXCLUSIVE_LISTS, message))
    }

    /// Whether manifests list bindings of this type. They list no outside submitters and no hidden system shares.
    fn is_listed(&self, binding: &Binding) -> bool {
        match binding.role {
            Role::DropboxOutside | Role::ItemOwner | Role::PackageSender | Role::PackageRecipient => false,
            Role::ItemShare => !binding.attributes.share_class().is_hidden(),
            _ => true,
        }
    }

    /// Ends a binding by the operation of its noun.
    pub(super) fn end(&mut self, binding: &Binding) -> Result<()> {
        let Some(on) = self.tx.facts().resource(binding.resource)? else { return Ok(()) };
        // told: the callers pass only bindings that the actor sees.
        let who = self.reference(binding.principal)?;
        let one = std::slice::from_ref(&who);
        match on.kind() {
            kind if has_members(kind) => membership::remove(&mut self.tx, kind, &Name::parse(&on.name)?, one),
            Kind::Endpoint => endpoint::remove_role(&mut self.tx, &Name::parse(&on.name)?, binding.role, one),
            Kind::Org => org_member::remove(&mut self.tx, &Name::parse(&on.name)?, one),
            Kind::Workspace => {
                let org = on.parent.map(|id| self.tx.facts().resource(id)).transpose()?.flatten();
                let Some(org) = org else { return Ok(()) };
                workspace_member::remove(&mut self.tx, &Name::parse(&org.name)?, &Name::parse(&on.name)?, one)
            }
            Kind::Item if binding.role == Role::ItemShare => self.revoke(binding, who),
            _ => Ok(()),
        }
    }

    fn revoke(&mut self, binding: &Binding, who: Reference) -> Result<()> {
        // told: only parsed, not shown.
        let text = self.tx.internal_reference(binding.resource)?;
        let Reference::Item(endpoint, path) = Reference::parse(&text, Kind::Item)? else { return Ok(()) };
        let by = match binding.grantor {
            Some(sharer) => Sharer::parse(&self.tx.name(sharer)?)?,
            None => Sharer::Operator,
        };
        let which = ShareSelector { principal: who, by: Some(by), class: Some(binding.attributes.share_class()) };
        // A share of a hidden class can exist beside a share of a user, so it is ended by its id.
        if binding.attributes.share_class().is_hidden() {
            let ended = RowChange::Binding(Some(Box::new(binding.clone())), None);
            required_actions::require(&self.tx, &ended)?;
            self.tx.end_binding(binding.id);
            return Ok(());
        }
        share::revoke(&mut self.tx, (&endpoint, &path), &[which], false)
    }

    /// The reference of a principal.
    fn reference(&self, id: Id) -> Result<Reference> {
        // told: only parsed, not shown; bindings that the actor does not see are refused before.
        Reference::principal(&self.tx.internal_reference(id)?)
    }

    /// Removes the resources with `ensure: absent`.
    pub(super) fn remove_absent(&mut self, owned: &Owned) -> Result<()> {
        let mut absent = std::mem::take(&mut self.deferred.absent);
        // Contents are removed before their container, in whatever order the rows name them.
        absent.sort_by_key(|(_, target)| std::cmp::Reverse(target.stage()));
        let mut is_early = true;
        for (location, target) in absent {
            self.names_absent = true;
            if is_early && matches!(target, RemovalTarget::Account(..)) {
                // Accounts are removed last.
                is_early = false;
                self.end_shares_early(owned)?;
            }
            let outcome = self.remove(location, &target);
            self.record(Some(location), outcome)?;
        }
        Ok(())
    }

    /// Removes a resource by the operation of its noun. Does nothing if it does not exist or the actor does not see it.
    fn remove(&mut self, location: SourceLocation, target: &RemovalTarget) -> Result<()> {
        let existing = match target {
            RemovalTarget::Account(name, _) => self.named(Kind::Account, None, name)?,
            RemovalTarget::Group(kind, name) => self.named(*kind, None, name)?,
            RemovalTarget::Endpoint(name) => self.named(Kind::Endpoint, None, name)?,
            RemovalTarget::Org(name) => self.named(Kind::Org, None, name)?,
            RemovalTarget::Workspace(org, name) => self.workspace_named(org, name)?,
            RemovalTarget::Item(host, path) => {
                self.item_at(host, path)?.map(|item| self.tx.facts().resource(item)).transpose()?.flatten()
            }
        };
        let Some(existing) = existing else { return Ok(()) };
        if !self.sees(&existing)? {
            return Ok(());
        }
        self.removal_requests.insert(existing.id, location);
        match target {
            RemovalTarget::Account(name, removal) => account::remove(&mut self.tx, name, removal).map_err(in_a_file),
            RemovalTarget::Group(kind, name) => group::remove(&mut self.tx, *kind, name),
            RemovalTarget::Endpoint(name) => endpoint::remove(&mut self.tx, name),
            RemovalTarget::Org(name) => org::remove(&mut self.tx, name),
            RemovalTarget::Workspace(org, name) => workspace::remove(&mut self.tx, org, name),
            RemovalTarget::Item(host, path) => content::remove(&mut self.tx, host, path),
        }
    }

    /// Refuses the plan if it has more removals than one apply may make.
    pub(super) fn limit(&mut self, owned: &Owned) -> Result<()> {
        let last = self.removals()?;
        let mut gone = std::mem::take(&mut self.removals);
        gone.add(last);
        let count = gone.count;
        if count == 0 {
            return Ok(());
        }
        let problem = match self.options.max_removals {
            Some(most) if count <= most => return Ok(()),
            Some(most) => format!("{count} removals are more than the {most} that --max-removals allows"),
            None => {
                let most = self.options.limits.removals.unwrap_or(removal_limits::MAX_REMOVALS);
                let part = self.options.limits.share.unwrap_or(removal_limits::MAX_PERCENT);
                let all = (owned.count() as u64).max(self.declared.count());
                if count > most {
                    format!("{count} removals are more than the {most} that one apply makes")
                } else if all >= removal_limits::PERCENT_APPLIES_FROM && count * 100 > all * part {
                    format!("{count} removals are more than {part}% of the {all} objects of the set")
                } else {
                    return Ok(());
                }
            }
        };
        let mut problem = Problem::conflict("too_many_removals", problem)
            .why("a mistake in a file must not empty a platform")
            .tip(format!("if this is intended: --max-removals {count}"));
        problem.details = gone.names;
        problem.details.sort();
        match count - problem.details.len() as u64 {
            0 => {}
            more => problem.details.push(format!("and {more} more")),
        }
        self.record(None, Err(problem))
    }

    /// The removals of the draft: rows that no longer exist, and accounts that become inactive. Includes rows that are
    /// removed together with another row.
    pub(super) fn removals(&self) -> Result<Removals> {
        let (draft, base) = (self.tx.facts().draft(), self.tx.facts().base());
        // Most rows of a large draft are new and need no comparison with the base.
        let may_go = |after: &Option<Rc<Resource>>| after.as_deref().is_none_or(is_inactive);
        let resources = draft.resources.iter().filter(|(_, after)| may_go(after));
        let bindings = draft.bindings.iter().filter(|(_, after)| after.is_none());
        let part = Draft {
            resources: resources.map(|(id, after)| (*id, after.clone())).collect(),
            bindings: bindings.map(|(id, after)| (*id, after.clone())).collect(),
        };
        let rows = part.against(base)?;
        // The role of an account is removed with the account and not counted.
        let is_role =
            |row: &RowChange| matches!(row, RowChange::Binding(Some(before), _) if before.resource == Id::SERVER);
        let mut gone = Removals::default();
        for row in rows
            .iter()
            .filter(|row| PlannedAction::of(row) == PlannedAction::Remove && !is_role(row))
            .filter_map(RowChange::id)
        {
            gone.count += 1;
            if gone.names.len() < MAX_NAMED && self.knew_before(row)? {
                gone.names.push(self.row_name(row)?);
            }
        }
        Ok(gone)
    }
}

/// Replaces hints that are command-line options by the keys of a file.
fn in_a_file(mut problem: Problem) -> Problem {
    if problem.code == account::STILL_NEEDED {
        for tip in &mut problem.tips {
            *tip = if tip.contains("--cascade") { "cascade: true" } else { "transfer-to: SOMEBODY" }.to_owned();
        }
    }
    problem
}

/// The maximum number of removals that a refusal names.
const MAX_NAMED: usize = 1000;

/// The removals of a plan.
#[derive(Default)]
pub(super) struct Removals {
    pub(super) count: u64,
    /// The names of removed rows that the actor may know, at most [`MAX_NAMED`].
    pub(super) names: Vec<String>,
}

impl Removals {
    pub(super) fn add(&mut self, more: Removals) {
        self.count += more.count;
        self.names.extend(more.names);
        self.names.truncate(MAX_NAMED);
    }
}

/// Whether a resource is an inactive account.
pub(super) fn is_inactive(resource: &Resource) -> bool {
    resource.as_account().is_some_and(|account| !account.active)
}

/// Whether resources of a kind have members that `membership` adds and removes.
pub(super) const fn has_members(kind: Kind) -> bool {
    matches!(kind, Kind::Group | Kind::Workgroup | Kind::Dropbox)
}
