//! Plans groups, workgroups, dropboxes and their members.

use super::removal::{Exclusive, RemovalTarget};
use super::{Planner, Result};
use crate::manifest::statement::{DeclaredGroup, DeclaredMember, Ensure, SourceLocation};
use crate::model::{Binding, Id, Reference, Resource, Role, Verb};
use crate::ops::{group, labels, membership};

impl Planner<'_> {
    pub(super) fn group(&mut self, location: SourceLocation, declared: &DeclaredGroup) -> Result<()> {
        if declared.ensure == Ensure::Absent {
            self.deferred.absent.push((location, RemovalTarget::Group(declared.kind, declared.name.clone())));
            return Ok(());
        }
        self.put(
            (declared.kind, &declared.name),
            declared.previously.as_ref(),
            |planner, existing| planner.change_group(location, declared, existing),
            |planner| planner.add_group(location, declared),
        )
    }

    fn add_group(&mut self, location: SourceLocation, declared: &DeclaredGroup) -> Result<()> {
        let id = group::add(&mut self.tx, declared.kind, &declared.name, &declared.settings)?;
        self.declare_made(id, location)?;
        self.exclude(declared.exclusive, Exclusive::of(location, id));
        Ok(())
    }

    fn change_group(&mut self, location: SourceLocation, declared: &DeclaredGroup, existing: &Resource) -> Result<()> {
        let settings = &declared.settings;
        if settings.applied(&existing.attributes)? != existing.attributes
            || !labels::has_ids(&self.tx, existing, &settings.labels.ids)?
        {
            group::set(&mut self.tx, declared.kind, &declared.name, settings)?;
        }
        self.declare(&existing.sets, existing.id, location);
        self.exclude(declared.exclusive, Exclusive::of(location, existing.id));
        Ok(())
    }

    pub(super) fn member(&mut self, location: SourceLocation, declared: &DeclaredMember) -> Result<()> {
        if self.is_missing(declared.kind, &declared.of) || self.misses(&declared.who) {
            return Ok(());
        }
        let ends = self.member_ends(declared)?;
        let existing = match ends {
            Some((of, who)) => membership::held_in(self.tx.facts(), (declared.kind, of), who)?,
            None => None,
        };
        match (existing, ends) {
            (Some(existing), Some((of, _))) if self.may_skip(Verb::ViewMembers, of)? => {
                self.change_member(location, declared, &existing)
            }
            _ => self.add_member(location, declared, ends),
        }
    }

    /// The ids of the group and the member of a declared membership, if both exist.
    fn member_ends(&self, declared: &DeclaredMember) -> Result<Option<(Id, Id)>> {
        let Reference::Named(kind, name) = &declared.who else { return Ok(None) };
        let Some(of) = self.id_named(declared.kind, &declared.of)? else { return Ok(None) };
        Ok(self.id_named(*kind, name)?.map(|who| (of, who)))
    }

    fn add_member(
        &mut self,
        location: SourceLocation,
        declared: &DeclaredMember,
        ends: Option<(Id, Id)>,
    ) -> Result<()> {
        let who = std::slice::from_ref(&declared.who);
        let is_admin = declared.level.is_some_and(is_admin);
        let level = declared.level.filter(|_| !is_admin);
        membership::add(&mut self.tx, declared.kind, &declared.of, who, level)?;
        if is_admin {
            membership::set_admin(&mut self.tx, declared.kind, &declared.of, who, true)?;
        }
        if declared.active == Some(false) {
            membership::set_active(&mut self.tx, declared.kind, &declared.of, who, false)?;
        }
        if let Some((of, who)) = ends
            && let Some(made) = membership::held_in(self.tx.facts(), (declared.kind, of), who)?
        {
            self.declare_binding(&made, &declared.ids, location)?;
        }
        Ok(())
    }

    fn change_member(&mut self, location: SourceLocation, declared: &DeclaredMember, existing: &Binding) -> Result<()> {
        let who = std::slice::from_ref(&declared.who);
        match declared.level.filter(|level| *level != existing.role) {
            Some(level) if is_admin(level) => {
                membership::set_admin(&mut self.tx, declared.kind, &declared.of, who, true)?;
            }
            Some(level) => {
                if is_admin(existing.role) {
                    membership::set_admin(&mut self.tx, declared.kind, &declared.of, who, false)?;
                }
                if level == Role::DropboxSubmitOnly || existing.role == Role::DropboxSubmitOnly {
                    membership::set_level(&mut self.tx, declared.kind, &declared.of, &declared.who, level)?;
                }
            }
            None => {}
        }
        if let Some(active) = declared.active
            && active == existing.attributes.inactive
        {
            membership::set_active(&mut self.tx, declared.kind, &declared.of, who, active)?;
        }
        self.declare_binding(existing, &declared.ids, location)
    }
}

const fn is_admin(level: Role) -> bool {
    matches!(level, Role::WorkgroupAdmin | Role::DropboxAdmin)
}
