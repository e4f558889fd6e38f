//! Candidate resources for a subject, from the grants that could give it an action.

use std::ops::ControlFlow;

use hashbrown::HashSet;

use super::candidate_subjects;
use crate::model::catalogue::{self, Condition, Grantee, Requirement};
use crate::model::{Action, Id, Kind, Role, Verb};
use crate::policy::evaluator::Evaluator;
use crate::policy::facts::{BindingQuery, Facts, Result};
use crate::policy::grantees::is_grantee;
use crate::policy::subject::Subject;
use crate::policy::target::Target;

/// The resources of a kind, other than items, on which a subject might do any of some actions, sorted by id.
pub(super) fn candidate_resources<'f, F: Facts + ?Sized>(
    evaluator: &Evaluator<'f, F>,
    subject: &Subject<'f, F>,
    kind: Kind,
    actions: &[Action],
) -> Result<Vec<Id>> {
    if kind == Kind::Server {
        return Ok(vec![Id::SERVER]);
    }
    let mut search = ResourceSearch { evaluator, subject, kind, found: HashSet::new() };
    let mut asked: Vec<Grantee> = Vec::new();
    for action in actions {
        if subject.excludes_classes() && search.own_settings(action.verb())? {
            return all(evaluator.facts(), kind, None);
        }
        for grant in &catalogue::rules_for(kind, action.verb()).grants {
            if asked.contains(&grant.grantee) {
                continue;
            }
            asked.push(grant.grantee);
            if search.add(grant.grantee)? {
                return all(evaluator.facts(), kind, None);
            }
        }
    }
    let mut found: Vec<Id> = search.found.into_iter().collect();
    found.sort_unstable();
    Ok(found)
}

fn all<F: Facts + ?Sized>(facts: &F, kind: Kind, parent: Option<Id>) -> Result<Vec<Id>> {
    let mut found = facts.ids(kind, parent)?;
    found.sort_unstable();
    Ok(found)
}

struct ResourceSearch<'s, 'f, F: Facts + ?Sized> {
    evaluator: &'s Evaluator<'f, F>,
    subject: &'s Subject<'f, F>,
    kind: Kind,
    found: HashSet<Id>,
}

impl<F: Facts + ?Sized> ResourceSearch<'_, '_, F> {
    /// Handles actions that every account may do unless its settings stop it. Adds the resources where a common
    /// workgroup replaces the setting. Returns whether the subject's own settings allow the action everywhere while the
    /// server's do not.
    fn own_settings(&mut self, verb: Verb) -> Result<bool> {
        let rows = catalogue::rules_for(self.kind, verb);
        for grant in rows.grants.iter().filter(|grant| grant.grantee == Grantee::Account) {
            let Some(also) = grant.when.and_then(Condition::required_verb).filter(|also| *also != verb) else {
                continue;
            };
            if self.own_settings(also)? {
                return Ok(true);
            }
            // The action that it depends on may be allowed to this subject and not to every account.
            for grant in &catalogue::rules_for(self.kind, also).grants {
                if self.add(grant.grantee)? {
                    return Ok(true);
                }
            }
        }
        if rows.grants.iter().all(|grant| grant.grantee != Grantee::Account) {
            return Ok(false);
        }
        for limit in &rows.restrictions {
            let (Requirement::Allowed(setting) | Requirement::AllowedOrShared(setting)) = limit.requirement else {
                continue;
            };
            if self.subject.server()?.allows(setting) {
                continue;
            }
            if self.subject.setting(setting)?.0 {
                return Ok(true);
            }
            if matches!(limit.requirement, Requirement::AllowedOrShared(_)) {
                self.add(Grantee::FellowMember)?;
                let workgroups = self.held(&Role::WORKGROUP)?;
                self.found.extend(workgroups);
            }
        }
        Ok(false)
    }

    /// Adds the resources on which a grant could apply to the subject. Returns whether those are all resources of the
    /// kind.
    fn add(&mut self, row: Grantee) -> Result<bool> {
        match row {
            Grantee::Role(role) if role.resource_kind() == Kind::Server => return self.subject.holds(role, Id::SERVER),
            Grantee::Role(role) => {
                for held in role.implied_by() {
                    for resource in self.held(&[*held])? {
                        self.within(resource)?;
                    }
                }
                // A group or a workgroup as a subject means its members.
                if self.subject.kind() == Some(self.kind) {
                    self.found.insert(self.subject.id);
                }
            }
            Grantee::Account => return Ok(self.subject.is_registered() && !self.subject.excludes_classes()),
            Grantee::Itself => {
                self.found.insert(self.subject.id);
            }
            Grantee::SomeAdmin | Grantee::GroupManager => {
                // These grants do not depend on the resource.
                let Some(server) = Target::load(self.evaluator.facts(), Id::SERVER)? else { return Ok(false) };
                let any = Action::listable(self.kind).first().copied();
                let Some(any) = any else { return Ok(false) };
                return Ok(is_grantee::<F, ()>(self.subject, row, any, &server)?.is_some());
            }
            Grantee::FellowMember => {
                let mut fellows = candidate_subjects::SubjectSearch::new(self.evaluator);
                self.held(&Role::WORKGROUP)?.into_iter().try_for_each(|workgroup| fellows.members(workgroup))?;
                self.found.extend(fellows.into_set());
            }
            Grantee::RecipientViewer => {
                if self.subject.holds(Role::ServerAdmin, Id::SERVER)? {
                    return Ok(true);
                }
                let mut receivers = self.held(&[Role::WorkgroupStandard, Role::WorkgroupAdmin])?;
                receivers.extend(self.held(&Role::DROPBOX)?);
                receivers.push(self.subject.id);
                for receiver in receivers {
                    for binding in
                        self.evaluator.facts().list_bindings(BindingQuery::OfAs(receiver, Role::PackageRecipient))?
                    {
                        self.found.insert(binding.resource);
                    }
                }
            }
            Grantee::Token(_) => {
                if let Some((_, workspace)) = self.subject.token() {
                    self.within(workspace)?;
                }
            }
            // On an endpoint, these are permissions on its root folder: by shares, ownership or a role on the endpoint.
            Grantee::HoldsPermissions(_) => {
                let roles = self.held(&Role::ENDPOINT)?;
                self.found.extend(roles);
                self.roots()?;
            }
            // These grants are on items only.
            Grantee::ShareHolder | Grantee::Owner | Grantee::Sharer | Grantee::AllParts => {}
        }
        Ok(false)
    }

    /// The resources on which the subject holds any of some roles, itself or through groups.
    fn held(&self, roles: &[Role]) -> Result<Vec<Id>> {
        let mut found = Vec::new();
        self.subject.each_level(roles, &mut |binding| {
            found.push(binding.resource);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// Adds the endpoints on whose root folder the subject holds a share or the ownership.
    fn roots(&mut self) -> Result<()> {
        let facts = self.evaluator.facts();
        let mut items = HashSet::new();
        let mut held = |principal: Id, roles: &[Role]| {
            facts.holdings(principal, roles, self.subject.at, &mut |held| {
                items.insert(held.resource);
            })
        };
        for principal in self.subject.principals()? {
            held(*principal, &[Role::ItemShare])?;
        }
        held(self.subject.id, &[Role::ItemOwner])?;
        for item in items {
            if let Some(endpoint) = facts.header(item)?.and_then(|it| it.parent)
                && facts.header(endpoint)?.is_some_and(|it| it.kind() == Kind::Endpoint)
            {
                self.found.insert(endpoint);
            }
        }
        Ok(())
    }

    /// Adds a resource if it is of the kind, or else the resources of the kind that lie in it.
    fn within(&mut self, resource: Id) -> Result<()> {
        let facts = self.evaluator.facts();
        let Some(header) = facts.header(resource)? else { return Ok(()) };
        if header.kind() == self.kind {
            self.found.insert(resource);
            return Ok(());
        }
        if matches!(header.kind(), Kind::Org | Kind::Workspace) {
            self.found.extend(all(facts, self.kind, Some(resource))?);
        }
        if header.kind() == Kind::Org && self.kind != Kind::Workspace {
            for workspace in all(facts, Kind::Workspace, Some(resource))? {
                self.found.extend(all(facts, self.kind, Some(workspace))?);
            }
        }
        Ok(())
    }
}
