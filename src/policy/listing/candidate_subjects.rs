//! Candidate subjects for an action, from the grants that could give it.

use std::ops::ControlFlow;

use hashbrown::HashSet;

use super::PRINCIPALS;
use super::fellows::Fellows;
use crate::model::catalogue::{self, Grantee};
use crate::model::{Action, Id, Kind, Role, Verb};
use crate::policy::content;
use crate::policy::evaluator::Evaluator;
use crate::policy::facts::{BindingQuery, Facts, Result};
use crate::policy::target::Target;

/// A search for candidate subjects.
pub(super) struct SubjectSearch<'p, 'f, F: Facts + ?Sized> {
    evaluator: &'p Evaluator<'f, F>,
    found: HashSet<Id>,
    /// Groups and workgroups whose members were added.
    opened: HashSet<Id>,
    /// `Some` if the search is only for subjects that are linked to the resource itself. Holds the fellow members for
    /// whom a common workgroup makes a difference.
    fellows: Option<&'p Fellows>,
}

impl<'p, 'f, F: Facts + ?Sized> SubjectSearch<'p, 'f, F> {
    pub(super) fn new(evaluator: &'p Evaluator<'f, F>) -> SubjectSearch<'p, 'f, F> {
        SubjectSearch { evaluator, found: HashSet::new(), opened: HashSet::new(), fellows: None }
    }

    /// A search for subjects that are linked to a resource. Subjects whose profile gives the action on any
    /// resource are left out.
    pub(super) fn linked(evaluator: &'p Evaluator<'f, F>, fellows: &'p Fellows) -> SubjectSearch<'p, 'f, F> {
        SubjectSearch { fellows: Some(fellows), ..SubjectSearch::new(evaluator) }
    }

    /// Adds the candidates for an action that the classes alone do not give.
    ///
    /// Shares with `authenticated` and `anyone` are skipped: what such a share gives alone, the class
    /// has, and a subject that needs something more is found by that.
    pub(super) fn add(&mut self, action: Action, target: &Target) -> Result<()> {
        for grant in &catalogue::rules_for(target.kind, action.verb()).grants {
            self.holders(grant.grantee, action, target)?;
        }
        Ok(())
    }

    /// The candidates, in no particular order.
    pub(super) fn into_set(self) -> HashSet<Id> {
        self.found
    }

    /// Adds every account, outside submitter and access token.
    pub(super) fn add_everybody(&mut self) -> Result<()> {
        for kind in PRINCIPALS {
            self.found.extend(self.evaluator.facts().ids(kind, None)?);
        }
        Ok(())
    }

    /// The candidates, sorted by id.
    pub(super) fn found(self) -> Vec<Id> {
        let mut found: Vec<Id> = self.found.into_iter().collect();
        found.sort_unstable();
        found
    }

    pub(super) fn holders(&mut self, grantee: Grantee, action: Action, target: &Target) -> Result<()> {
        let facts = self.evaluator.facts();
        if self.fellows.is_some() && is_general(grantee) {
            return Ok(());
        }
        match grantee {
            Grantee::Role(role) => self.in_role(role, target)?,
            Grantee::Account => {}
            Grantee::Itself => {
                self.found.insert(target.id);
            }
            Grantee::FellowMember => {
                if let Some(fellows) = self.fellows {
                    return fellows.around(self.evaluator, target.id, &mut self.found);
                }
                let them = self.evaluator.subject(target.id)?;
                let mut common = Vec::new();
                them.each_level(&Role::WORKGROUP, &mut |membership| {
                    common.push(membership.resource);
                    Ok(ControlFlow::Continue(()))
                })?;
                common.into_iter().try_for_each(|workgroup| self.members(workgroup))?;
            }
            Grantee::SomeAdmin | Grantee::GroupManager => {
                for (kind, role) in [(Kind::Workgroup, Role::WorkgroupAdmin), (Kind::Dropbox, Role::DropboxAdmin)] {
                    facts.ids(kind, None)?.into_iter().try_for_each(|group| self.holding(group, role))?;
                }
            }
            Grantee::RecipientViewer => {
                for binding in facts.list_bindings(BindingQuery::OnAs(target.id, Role::PackageRecipient))? {
                    if let Some(recipient) = self.evaluator.target(binding.principal)?
                        && matches!(recipient.kind, Kind::Workgroup | Kind::Dropbox)
                    {
                        self.add(Action::Plain(Verb::ViewPackages), &recipient)?;
                    }
                }
            }
            Grantee::ShareHolder => self.on_items(target, Role::ItemShare)?,
            Grantee::Owner => self.on_items(target, Role::ItemOwner)?,
            Grantee::Sharer => self.entitled(target)?,
            Grantee::HoldsPermissions(_) if target.kind == Kind::Endpoint => {
                if let Some(root) = facts.named(Kind::Item, Some(target.id), "/")?
                    && let Some(root) = self.evaluator.target(root.id)?
                {
                    self.entitled(&root)?;
                }
            }
            Grantee::HoldsPermissions(_) => self.entitled(target)?,
            Grantee::AllParts => {
                for (part, on) in content::parts(facts, action, target.id)? {
                    if let Some(on) = self.evaluator.target(on)? {
                        self.add(part, &on)?;
                    }
                }
            }
            Grantee::Token(_) => {
                if let Some(workspace) = target.ancestor_of_kind(facts, Kind::Workspace)? {
                    self.found.extend(facts.ids(Kind::AccessToken, Some(workspace))?);
                }
            }
        }
        Ok(())
    }

    /// Adds everybody who holds permissions on an item, by shares, ownership or roles.
    fn entitled(&mut self, item: &Target) -> Result<()> {
        self.on_items(item, Role::ItemShare)?;
        self.on_items(item, Role::ItemOwner)?;
        self.in_role(Role::AccessManager, item)
    }

    fn on_items(&mut self, target: &Target, role: Role) -> Result<()> {
        let items: Vec<Id> = target.items(self.evaluator.facts())?.map(|(id, _)| id).collect();
        items.into_iter().try_for_each(|item| self.holding(item, role))
    }

    fn in_role(&mut self, role: Role, target: &Target) -> Result<()> {
        let on = match role.resource_kind() {
            Kind::Server => Some(Id::SERVER),
            kind => target.ancestor_of_kind(self.evaluator.facts(), kind)?,
        };
        let Some(on) = on else { return Ok(()) };
        role.implied_by().iter().try_for_each(|held| self.holding(on, *held))
    }

    /// Adds everybody who holds a role on a resource, with groups and workgroups expanded to their members.
    fn holding(&mut self, on: Id, role: Role) -> Result<()> {
        let mut open = Vec::new();
        self.those_in(on, role, &mut open)?;
        self.open(open)
    }

    fn those_in(&self, on: Id, role: Role, found: &mut Vec<Id>) -> Result<()> {
        self.evaluator.facts().bindings(BindingQuery::OnAs(on, role), &mut |binding| {
            found.push(binding.principal);
            Ok(ControlFlow::Continue(()))
        })
    }

    /// Adds principals, with groups and workgroups expanded at any depth. A loop, since groups can be nested deeper
    /// than the stack.
    fn open(&mut self, mut open: Vec<Id>) -> Result<()> {
        while let Some(principal) = open.pop() {
            match self.evaluator.facts().header(principal)?.map(|it| it.kind()) {
                Some(Kind::Group | Kind::Workgroup) if self.opened.insert(principal) => {
                    self.members_into(principal, &mut open)?;
                }
                Some(Kind::Group | Kind::Workgroup) | None => {}
                Some(_) => {
                    self.found.insert(principal);
                }
            }
        }
        Ok(())
    }

    fn members_into(&self, group: Id, found: &mut Vec<Id>) -> Result<()> {
        for role in [Role::GroupMember, Role::WorkgroupStandard, Role::WorkgroupAdmin] {
            self.those_in(group, role, found)?;
        }
        Ok(())
    }

    /// Adds the members of a group or workgroup. Each group is expanded once.
    pub(super) fn members(&mut self, group: Id) -> Result<()> {
        let mut open = Vec::new();
        if self.opened.insert(group) {
            self.members_into(group, &mut open)?;
        }
        self.open(open)
    }
}

/// Whether a grantee does not depend on the resource, so that a profile can record it.
pub(super) const fn is_general(grantee: Grantee) -> bool {
    match grantee {
        Grantee::Role(role) => matches!(role.resource_kind(), Kind::Server),
        Grantee::SomeAdmin | Grantee::GroupManager => true,
        Grantee::Account
        | Grantee::Itself
        | Grantee::FellowMember
        | Grantee::RecipientViewer
        | Grantee::ShareHolder
        | Grantee::Owner
        | Grantee::HoldsPermissions(_)
        | Grantee::Sharer
        | Grantee::AllParts
        | Grantee::Token(_) => false,
    }
}
