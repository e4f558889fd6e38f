//! Organizations, their workspaces, and who is in them.

use super::removal::{Exclusive, Thing};
use super::{Planner, Result};
use crate::manifest::statement::{Ensure, Org, OrgMember, Spot, Workspace, WorkspaceMember};
use crate::model::{Binding, Id, Kind, Name, Problem, Reference, Resource, Role, Verb};
use crate::ops::{Actor, home, membership, org, org_member, workspace, workspace_member};
use crate::policy::Facts;

impl<F: Facts + ?Sized> Planner<'_, F> {
    pub(super) fn org(&mut self, spot: Spot, said: &Org) -> Result<()> {
        if said.ensure == Ensure::Absent {
            self.later.absent.push((spot, Thing::Org(said.name.clone())));
            return Ok(());
        }
        self.put(
            (Kind::Org, &said.name),
            said.previously.as_ref(),
            |planner, existing| planner.change_org(spot, said, existing),
            |planner| planner.add_org(spot, said),
        )
    }

    fn add_org(&mut self, spot: Spot, said: &Org) -> Result<()> {
        let admin = said.admins.iter().find(|admin| !self.is_missing(Kind::Account, admin));
        if admin.is_none() && self.tx.actor == Actor::Operator {
            // Where somebody is named who could not be made, that was said.
            if !said.admins.is_empty() {
                self.failed.insert((Kind::Org, said.name.key().to_owned()));
                return Ok(());
            }
            return Err(Problem::conflict("no_administrator", format!("org:{} needs an admin", said.name))
                .why("the operator is no account, so it must name one")
                .tip("admins: [NAME]"));
        }
        let founder = match self.tx.actor {
            Actor::Operator => admin.map(|admin| Reference::Named(Kind::Account, admin.clone())),
            Actor::Principal(_) => None,
        };
        let id = org::add(&mut self.tx, &said.name, said.description.as_deref(), founder.as_ref())?;
        self.declare_made(id, spot)?;
        self.exclude(said.exclusive, Exclusive::of(spot, id));
        Ok(())
    }

    fn change_org(&mut self, spot: Spot, said: &Org, existing: &Resource) -> Result<()> {
        let before = match &existing.attributes {
            crate::model::Attributes::Org(org) => org.description.clone(),
            _ => None,
        };
        if let Some(description) = &said.description
            && *description != before.unwrap_or_default()
        {
            org::set(&mut self.tx, &said.name, Some(description))?;
        }
        self.declare(&existing.sets, existing.id, spot);
        self.exclude(said.exclusive, Exclusive::of(spot, existing.id));
        Ok(())
    }

    pub(super) fn workspace(&mut self, spot: Spot, said: &Workspace) -> Result<()> {
        if self.is_missing(Kind::Org, &said.org) {
            return Ok(());
        }
        if said.ensure == Ensure::Absent {
            self.later.absent.push((spot, Thing::Workspace(said.org.clone(), said.name.clone())));
            return Ok(());
        }
        let org = self.named(Kind::Org, None, &said.org)?;
        if let Some(org) = &org {
            self.renamed(Kind::Workspace, Some((org.id, &said.org)), said.previously.as_ref(), &said.name)?;
        }
        let existing = self.workspace_named(&said.org, &said.name)?;
        let id = match existing {
            Some(existing) if self.sees(&existing)? => {
                self.change_workspace(said, &existing)?;
                self.declare(&existing.sets, existing.id, spot);
                return Ok(());
            }
            _ => workspace::add(&mut self.tx, &said.org, &said.name, &options(said))?,
        };
        self.declare_made(id, spot)
    }

    fn change_workspace(&mut self, said: &Workspace, existing: &Resource) -> Result<()> {
        let Some(before) = existing.as_workspace() else { return Ok(()) };
        let all = options(said);
        let lies_there = workspace::lies_there(&self.tx, before, &all)?;
        let changed = workspace::WorkspaceSettings {
            description: all.description.filter(|it| *it != before.description.clone().unwrap_or_default()),
            files: all.files.filter(|_| !lies_there),
            root_upload: all.root_upload.filter(|it| *it != before.root_upload),
        };
        if changed != workspace::WorkspaceSettings::default() {
            workspace::set(&mut self.tx, &said.org, &said.name, &changed)?;
        }
        Ok(())
    }

    pub(super) fn workspace_named(&self, org: &Name, name: &Name) -> Result<Option<std::rc::Rc<Resource>>> {
        match self.named(Kind::Org, None, org)? {
            Some(org) => self.named(Kind::Workspace, Some(org.id), name),
            None => Ok(None),
        }
    }

    pub(super) fn org_member(&mut self, spot: Spot, said: &OrgMember) -> Result<()> {
        if self.is_missing(Kind::Org, &said.org) || self.is_missing(Kind::Account, &said.who) {
            return Ok(());
        }
        let existing = self.held_in_org(said)?;
        let held = existing.as_ref().map(|(_, known)| known.role);
        let role = said.role.or(held).unwrap_or(Role::OrgMember);
        if let Some((org, known)) = existing
            && known.role == role
            && self.may_skip(Verb::ViewMembers, org)?
        {
            self.declare(&known.sets, known.id, spot);
            return Ok(());
        }
        let who = Reference::Named(Kind::Account, said.who.clone());
        org_member::set_role(&mut self.tx, &said.org, &who, role)?;
        if let Some((_, made)) = self.held_in_org(said)? {
            self.declare(&made.sets, made.id, spot);
        }
        Ok(())
    }

    fn held_in_org(&self, said: &OrgMember) -> Result<Option<(Id, Binding)>> {
        let Some(org) = self.named(Kind::Org, None, &said.org)? else { return Ok(None) };
        let Some(who) = self.named(Kind::Account, None, &said.who)? else { return Ok(None) };
        Ok(membership::held(self.tx.facts(), &org, who.id)?.map(|known| (org.id, known)))
    }

    pub(super) fn workspace_member(&mut self, spot: Spot, said: &WorkspaceMember) -> Result<()> {
        if self.is_missing(Kind::Org, &said.org) || self.is_missing(Kind::Account, &said.who) {
            return Ok(());
        }
        if let Some(existing) = self.held_in_workspace(said)?
            && said.level.is_none_or(|level| level == existing.role)
            && said.root_upload.is_none_or(|switch| Some(switch) == existing.attributes.root_upload)
            && self.has_home(said, &existing)?
            && self.may_skip(Verb::View, existing.resource)?
        {
            self.declare(&existing.sets, existing.id, spot);
            return Ok(());
        }
        let is_admin = self.is_org_admin(said)?;
        if is_admin && said.is_plain() {
            return Err(Problem::conflict(
                "has_all_workspaces",
                format!("user:{} is an admin of org:{}", said.who, said.org),
            )
            .why("an admin of an organization has all of its workspaces, always"));
        }
        let who = [Reference::Named(Kind::Account, said.who.clone())];
        let root_upload = said.root_upload.map(Some);
        let terms = workspace_member::WorkspaceTerms { level: said.level, root_upload, home: said.home.clone() };
        workspace_member::add(&mut self.tx, &said.org, &said.workspace, &who, &terms)?;
        if let Some(made) = self.held_in_workspace(said)? {
            self.declare(&made.sets, made.id, spot);
        }
        Ok(())
    }

    /// Whether a member has the home folder that is declared, if one is.
    fn has_home(&self, said: &WorkspaceMember, existing: &Binding) -> Result<bool> {
        match self.tx.facts().resource(existing.resource)? {
            Some(workspace) => home::lies_at(&self.tx, &workspace, existing.principal, &said.home),
            None => Ok(false),
        }
    }

    fn is_org_admin(&self, said: &WorkspaceMember) -> Result<bool> {
        let Some(org) = self.named(Kind::Org, None, &said.org)? else { return Ok(false) };
        let Some(who) = self.named(Kind::Account, None, &said.who)? else { return Ok(false) };
        Ok(self.tx.facts().held(org.id, Role::OrgAdmin, who.id)?.is_some())
    }

    fn held_in_workspace(&self, said: &WorkspaceMember) -> Result<Option<Binding>> {
        let Some(workspace) = self.workspace_named(&said.org, &said.workspace)? else { return Ok(None) };
        let Some(who) = self.named(Kind::Account, None, &said.who)? else { return Ok(None) };
        membership::held(self.tx.facts(), &workspace, who.id)
    }
}

fn options(said: &Workspace) -> workspace::WorkspaceSettings {
    workspace::WorkspaceSettings {
        description: said.description.clone(),
        files: said.files.clone(),
        root_upload: said.root_upload,
    }
}
