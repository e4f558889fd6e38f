//! Who comes into question for an action: read off the rows that could give it.

use std::ops::ControlFlow;

use hashbrown::HashSet;

use super::PRINCIPALS;
use crate::model::catalogue::{self, Condition, Demand, Holder};
use crate::model::{Action, Id, Kind, Role, Verb};
use crate::policy::content;
use crate::policy::facts::{Facts, Result, Select};
use crate::policy::panel::Panel;
use crate::policy::target::Target;

/// A search for everybody who comes into question.
pub(super) struct Search<'p, 'f, F: Facts + ?Sized> {
    panel: &'p Panel<'f, F>,
    found: HashSet<Id>,
    /// Groups and workgroups whose members were added.
    opened: HashSet<Id>,
}

impl<'p, 'f, F: Facts + ?Sized> Search<'p, 'f, F> {
    pub(super) fn new(panel: &'p Panel<'f, F>) -> Search<'p, 'f, F> {
        Search { panel, found: HashSet::new(), opened: HashSet::new() }
    }

    /// Adds whoever comes into question for an action that the classes alone do not give.
    ///
    /// Shares with `authenticated` and `anyone` are passed over: what they give by themselves they
    /// give to the classes, and who needs something besides is found by that.
    pub(super) fn add(&mut self, action: Action, target: &Target) -> Result<()> {
        for grant in &catalogue::rows_of(target.kind, action.verb()).grants {
            self.holders(grant.holder, action, target)?;
        }
        Ok(())
    }

    /// Adds whoever comes into question for some actions, and whoever of them the limits and the
    /// conditions of rows about every account tell from any other account.
    pub(super) fn add_all(&mut self, actions: &[Action], target: &Target) -> Result<()> {
        for action in actions {
            self.add(*action, target)?;
            let rows = catalogue::rows_of(target.kind, action.verb());
            for grant in rows.grants.iter().filter(|grant| grant.holder == Holder::Account) {
                if let Some(also) = grant.when.and_then(Condition::also) {
                    self.add_all(&[Action::Plain(also)], target)?;
                }
            }
            for limit in &rows.limits {
                match limit.demand {
                    Demand::NotOneself => {
                        self.found.insert(target.id);
                    }
                    Demand::AllowedOrShared(_) => {
                        self.holders(Holder::FellowMember, *action, target)?;
                        if target.kind == Kind::Workgroup {
                            self.members(target.id)?;
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Whoever was found, in no order.
    pub(super) fn into_set(self) -> HashSet<Id> {
        self.found
    }

    /// Adds every account, outside submitter and access token.
    pub(super) fn add_everybody(&mut self) -> Result<()> {
        for kind in PRINCIPALS {
            self.found.extend(self.panel.facts().ids(kind, None)?);
        }
        Ok(())
    }

    /// Whoever was found, by id.
    pub(super) fn found(self) -> Vec<Id> {
        let mut found: Vec<Id> = self.found.into_iter().collect();
        found.sort_unstable();
        found
    }

    fn holders(&mut self, holder: Holder, action: Action, target: &Target) -> Result<()> {
        let facts = self.panel.facts();
        match holder {
            Holder::Role(role) => self.in_role(role, target)?,
            Holder::Account => {}
            Holder::Oneself => {
                self.found.insert(target.id);
            }
            Holder::FellowMember => {
                let them = self.panel.subject(target.id)?;
                let mut common = Vec::new();
                them.levels(&Role::WORKGROUP, &mut |membership| {
                    common.push(membership.resource);
                    Ok(ControlFlow::Continue(()))
                })?;
                common.into_iter().try_for_each(|workgroup| self.members(workgroup))?;
            }
            Holder::SomeAdmin | Holder::GroupManager => {
                for (kind, role) in [(Kind::Workgroup, Role::WorkgroupAdmin), (Kind::Dropbox, Role::DropboxAdmin)] {
                    facts.ids(kind, None)?.into_iter().try_for_each(|place| self.holding(place, role))?;
                }
            }
            Holder::RecipientViewer => {
                for binding in facts.list(Select::OnAs(target.id, Role::PackageRecipient))? {
                    if let Some(place) = self.panel.target(binding.principal)?
                        && matches!(place.kind, Kind::Workgroup | Kind::Dropbox)
                    {
                        self.add(Action::Plain(Verb::ViewPackages), &place)?;
                    }
                }
            }
            Holder::Share => self.on_items(target, Role::ItemShare)?,
            Holder::Owner => self.on_items(target, Role::ItemOwner)?,
            Holder::Sharer => self.entitled(target)?,
            Holder::Holds(_) if target.kind == Kind::Endpoint => {
                if let Some(root) = facts.named(Kind::Item, Some(target.id), "/")?
                    && let Some(root) = self.panel.target(root.id)?
                {
                    self.entitled(&root)?;
                }
            }
            Holder::Holds(_) => self.entitled(target)?,
            Holder::EachPart => {
                for (part, on) in content::parts(facts, action, target.id)? {
                    if let Some(on) = self.panel.target(on)? {
                        self.add(part, &on)?;
                    }
                }
            }
            Holder::Token(_) => {
                if let Some(workspace) = target.within(facts, Kind::Workspace)? {
                    self.found.extend(facts.ids(Kind::AccessToken, Some(workspace))?);
                }
            }
        }
        Ok(())
    }

    /// Whoever holds permissions on an item, by whatever gives them.
    fn entitled(&mut self, item: &Target) -> Result<()> {
        self.on_items(item, Role::ItemShare)?;
        self.on_items(item, Role::ItemOwner)?;
        self.in_role(Role::AccessManager, item)
    }

    fn on_items(&mut self, target: &Target, role: Role) -> Result<()> {
        let items: Vec<Id> = target.items(self.panel.facts())?.map(|(id, _)| id).collect();
        items.into_iter().try_for_each(|item| self.holding(item, role))
    }

    fn in_role(&mut self, role: Role, target: &Target) -> Result<()> {
        let on = match role.on() {
            Kind::Server => Some(Id::SERVER),
            kind => target.within(self.panel.facts(), kind)?,
        };
        let Some(on) = on else { return Ok(()) };
        role.given_by().iter().try_for_each(|held| self.holding(on, *held))
    }

    /// Whoever holds a role on a resource, groups and workgroups opened.
    fn holding(&mut self, on: Id, role: Role) -> Result<()> {
        let mut principals = Vec::new();
        self.panel.facts().bindings(Select::OnAs(on, role), &mut |binding| {
            principals.push(binding.principal);
            Ok(ControlFlow::Continue(()))
        })?;
        principals.into_iter().try_for_each(|principal| self.open(principal))
    }

    fn open(&mut self, principal: Id) -> Result<()> {
        match self.panel.facts().outline(principal)?.map(|it| it.kind()) {
            Some(Kind::Group | Kind::Workgroup) => self.members(principal),
            Some(_) => {
                self.found.insert(principal);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The members of a group or workgroup, each group opened once.
    pub(super) fn members(&mut self, place: Id) -> Result<()> {
        if !self.opened.insert(place) {
            return Ok(());
        }
        for role in [Role::GroupMember, Role::WorkgroupStandard, Role::WorkgroupAdmin] {
            self.holding(place, role)?;
        }
        Ok(())
    }
}
