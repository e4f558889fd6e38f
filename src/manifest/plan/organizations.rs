//! Plans organizations, workspaces and their members.

use super::removal::{Exclusive, RemovalTarget};
use super::{Planner, Result};
use crate::manifest::statement::{
    DeclaredOrg, DeclaredOrgMember, DeclaredWorkspace, DeclaredWorkspaceMember, Ensure, SourceLocation,
};
use crate::model::{Binding, Id, Kind, Name, Problem, Reference, Resource, Role, Verb};
use crate::ops::labels::LabelChanges;
use crate::ops::{Actor, home, membership, org, org_member, workspace, workspace_member};
use crate::policy::Facts;

impl Planner<'_> {
    pub(super) fn org(&mut self, location: SourceLocation, declared: &DeclaredOrg) -> Result<()> {
        if declared.ensure == Ensure::Absent {
            self.deferred.absent.push((location, RemovalTarget::Org(declared.name.clone())));
            return Ok(());
        }
        self.put(
            (Kind::Org, &declared.name),
            declared.previously.as_ref(),
            |planner, existing| planner.change_org(location, declared, existing),
            |planner| planner.add_org(location, declared),
        )
    }

    fn add_org(&mut self, location: SourceLocation, declared: &DeclaredOrg) -> Result<()> {
        let admin = declared.admins.iter().find(|admin| !self.is_missing(Kind::Account, admin));
        if admin.is_none() && self.tx.actor == Actor::Operator {
            // If all named admins could not be made, they were refused already.
            if !declared.admins.is_empty() {
                self.failed.insert((Kind::Org, declared.name.key().to_owned()));
                return Ok(());
            }
            return Err(Problem::conflict("no_administrator", format!("org:{} needs an admin", declared.name))
                .why("the operator is not an account, so it must name one")
                .tip("admins: [NAME]"));
        }
        let founder = match self.tx.actor {
            Actor::Operator => admin.map(|admin| Reference::Named(Kind::Account, admin.clone())),
            Actor::Principal(_) => None,
        };
        let id = org::add(&mut self.tx, &declared.name, &declared.labels, founder.as_ref())?;
        self.declare_made(id, location)?;
        self.exclude(declared.exclusive, Exclusive::of(location, id));
        Ok(())
    }

    fn change_org(&mut self, location: SourceLocation, declared: &DeclaredOrg, existing: &Resource) -> Result<()> {
        let labels = declared.labels.missing_in(&self.tx, existing)?;
        if labels != LabelChanges::default() {
            org::set(&mut self.tx, &declared.name, &labels)?;
        }
        self.declare(&existing.sets, existing.id, location);
        self.exclude(declared.exclusive, Exclusive::of(location, existing.id));
        Ok(())
    }

    pub(super) fn workspace(&mut self, location: SourceLocation, declared: &DeclaredWorkspace) -> Result<()> {
        if self.is_missing(Kind::Org, &declared.org) {
            return Ok(());
        }
        if declared.ensure == Ensure::Absent {
            self.deferred
                .absent
                .push((location, RemovalTarget::Workspace(declared.org.clone(), declared.name.clone())));
            return Ok(());
        }
        let org = self.named(Kind::Org, None, &declared.org)?;
        if let Some(org) = &org {
            self.renamed(Kind::Workspace, Some((org.id, &declared.org)), declared.previously.as_ref(), &declared.name)?;
        }
        let existing = self.workspace_named(&declared.org, &declared.name)?;
        let id = match existing {
            Some(existing) if self.sees(&existing)? => {
                self.change_workspace(declared, &existing)?;
                self.declare(&existing.sets, existing.id, location);
                return Ok(());
            }
            _ => workspace::add(&mut self.tx, &declared.org, &declared.name, &options(declared))?,
        };
        self.declare_made(id, location)
    }

    fn change_workspace(&mut self, declared: &DeclaredWorkspace, existing: &Resource) -> Result<()> {
        let Some(before) = existing.as_workspace() else { return Ok(()) };
        let all = options(declared);
        let lies_there = workspace::lies_there(&self.tx, before, &all)?;
        let changed = workspace::WorkspaceSettings {
            labels: all.labels.missing_in(&self.tx, existing)?,
            files: all.files.filter(|_| !lies_there),
            root_upload: all.root_upload.filter(|it| *it != before.root_upload),
        };
        if changed != workspace::WorkspaceSettings::default() {
            workspace::set(&mut self.tx, &declared.org, &declared.name, &changed)?;
        }
        Ok(())
    }

    pub(super) fn workspace_named(&self, org: &Name, name: &Name) -> Result<Option<std::rc::Rc<Resource>>> {
        match self.named(Kind::Org, None, org)? {
            Some(org) => self.named(Kind::Workspace, Some(org.id), name),
            None => Ok(None),
        }
    }

    pub(super) fn org_member(&mut self, location: SourceLocation, declared: &DeclaredOrgMember) -> Result<()> {
        if self.is_missing(Kind::Org, &declared.org) || self.is_missing(Kind::Account, &declared.who) {
            return Ok(());
        }
        let existing = self.held_in_org(declared)?;
        let held = existing.as_ref().map(|(_, known)| known.role);
        let Some(role) = declared.role.or(held).or(Role::initial_level(Kind::Org)) else { return Ok(()) };
        if let Some((org, known)) = existing
            && known.role == role
            && self.may_skip(Verb::ViewMembers, org)?
        {
            return self.declare_binding(&known, &declared.ids, location);
        }
        let who = Reference::Named(Kind::Account, declared.who.clone());
        org_member::set_role(&mut self.tx, &declared.org, &who, role)?;
        if let Some((_, made)) = self.held_in_org(declared)? {
            self.declare_binding(&made, &declared.ids, location)?;
        }
        Ok(())
    }

    fn held_in_org(&self, declared: &DeclaredOrgMember) -> Result<Option<(Id, Binding)>> {
        let Some(org) = self.named(Kind::Org, None, &declared.org)? else { return Ok(None) };
        let Some(who) = self.named(Kind::Account, None, &declared.who)? else { return Ok(None) };
        Ok(membership::held(self.tx.facts(), &org, who.id)?.map(|known| (org.id, known)))
    }

    pub(super) fn workspace_member(
        &mut self,
        location: SourceLocation,
        declared: &DeclaredWorkspaceMember,
    ) -> Result<()> {
        if self.is_missing(Kind::Org, &declared.org) || self.is_missing(Kind::Account, &declared.who) {
            return Ok(());
        }
        if let Some(existing) = self.held_in_workspace(declared)?
            && declared.level.is_none_or(|level| level == existing.role)
            && declared.root_upload.is_none_or(|switch| Some(switch) == existing.attributes.root_upload)
            && self.has_home(declared, &existing)?
            && self.may_skip(Verb::View, existing.resource)?
        {
            return self.declare_binding(&existing, &declared.ids, location);
        }
        let is_admin = self.is_org_admin(declared)?;
        if is_admin && declared.is_plain() {
            return Err(Problem::conflict(
                "has_all_workspaces",
                format!("user:{} is an admin of org:{}", declared.who, declared.org),
            )
            .why("an admin of an organization has all of its workspaces, always"));
        }
        let who = [Reference::Named(Kind::Account, declared.who.clone())];
        let root_upload = declared.root_upload.map(Some);
        let terms =
            workspace_member::WorkspaceTerms { level: declared.level, root_upload, home: declared.home.clone() };
        workspace_member::add(&mut self.tx, &declared.org, &declared.workspace, &who, &terms)?;
        if let Some(made) = self.held_in_workspace(declared)? {
            self.declare_binding(&made, &declared.ids, location)?;
        }
        Ok(())
    }

    /// Whether a member has the declared home folder, or none is declared.
    fn has_home(&self, declared: &DeclaredWorkspaceMember, existing: &Binding) -> Result<bool> {
        match self.tx.facts().resource(existing.resource)? {
            Some(workspace) => home::lies_at(&self.tx, &workspace, existing.principal, &declared.home),
            None => Ok(false),
        }
    }

    fn is_org_admin(&self, declared: &DeclaredWorkspaceMember) -> Result<bool> {
        let Some(org) = self.named(Kind::Org, None, &declared.org)? else { return Ok(false) };
        let Some(who) = self.named(Kind::Account, None, &declared.who)? else { return Ok(false) };
        Ok(self.tx.facts().held(org.id, Role::OrgAdmin, who.id)?.is_some())
    }

    fn held_in_workspace(&self, declared: &DeclaredWorkspaceMember) -> Result<Option<Binding>> {
        let Some(workspace) = self.workspace_named(&declared.org, &declared.workspace)? else { return Ok(None) };
        let Some(who) = self.named(Kind::Account, None, &declared.who)? else { return Ok(None) };
        membership::held(self.tx.facts(), &workspace, who.id)
    }
}

fn options(declared: &DeclaredWorkspace) -> workspace::WorkspaceSettings {
    workspace::WorkspaceSettings {
        labels: declared.labels.clone(),
        files: declared.files.clone(),
        root_upload: declared.root_upload,
    }
}
