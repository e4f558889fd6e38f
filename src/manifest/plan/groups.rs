//! Groups, workgroups and dropboxes, and who is in them.

use super::removal::{Exclusive, Thing};
use super::{Planner, Result};
use crate::manifest::statement::{Ensure, Group, Member, Spot};
use crate::model::{Binding, Id, Kind, Reference, Resource, Role, Verb};
use crate::ops::{group, membership};
use crate::policy::Facts;

impl<F: Facts + ?Sized> Planner<'_, F> {
    pub(super) fn group(&mut self, spot: Spot, said: &Group) -> Result<()> {
        if said.ensure == Ensure::Absent {
            self.later.absent.push((spot, Thing::Group(said.kind, said.name.clone())));
            return Ok(());
        }
        self.put(
            (said.kind, &said.name),
            said.previously.as_ref(),
            |planner, existing| planner.change_group(spot, said, existing),
            |planner| planner.add_group(spot, said),
        )
    }

    fn add_group(&mut self, spot: Spot, said: &Group) -> Result<()> {
        let id = group::add(&mut self.tx, said.kind, &said.name, &said.options)?;
        self.declare_made(id, spot)?;
        self.exclude(said.exclusive, Exclusive::of(spot, id));
        Ok(())
    }

    fn change_group(&mut self, spot: Spot, said: &Group, existing: &Resource) -> Result<()> {
        if said.options.applied(&existing.attributes) != existing.attributes {
            group::set(&mut self.tx, said.kind, &said.name, &said.options)?;
        }
        self.declare(&existing.sets, existing.id, spot);
        self.exclude(said.exclusive, Exclusive::of(spot, existing.id));
        Ok(())
    }

    pub(super) fn member(&mut self, spot: Spot, said: &Member) -> Result<()> {
        if self.is_missing(said.kind, &said.of) || self.misses(&said.who) {
            return Ok(());
        }
        let ends = self.member_ends(said)?;
        let existing = match ends {
            Some((of, who)) => membership::held_in(self.tx.facts(), (said.kind, of), who)?,
            None => None,
        };
        match (existing, ends) {
            (Some(existing), Some((of, _))) if self.may_skip(Verb::ViewMembers, of)? => {
                self.change_member(spot, said, &existing)
            }
            _ => self.add_member(spot, said, ends),
        }
    }

    /// What is spoken of, and who is in it, if both are there.
    fn member_ends(&self, said: &Member) -> Result<Option<(Id, Id)>> {
        let Reference::Named(kind, name) = &said.who else { return Ok(None) };
        let Some(of) = self.id_named(said.kind, &said.of)? else { return Ok(None) };
        Ok(self.id_named(*kind, name)?.map(|who| (of, who)))
    }

    fn add_member(&mut self, spot: Spot, said: &Member, ends: Option<(Id, Id)>) -> Result<()> {
        let who = std::slice::from_ref(&said.who);
        let is_admin = said.level.is_some_and(is_admin);
        let level = said.level.filter(|_| !is_admin);
        membership::add(&mut self.tx, said.kind, &said.of, who, level)?;
        if is_admin {
            membership::set_admin(&mut self.tx, said.kind, &said.of, who, true)?;
        }
        if said.active == Some(false) {
            membership::set_active(&mut self.tx, said.kind, &said.of, who, false)?;
        }
        if let Some((of, who)) = ends
            && let Some(made) = membership::held_in(self.tx.facts(), (said.kind, of), who)?
        {
            self.declare(&made.sets, made.id, spot);
        }
        Ok(())
    }

    fn change_member(&mut self, spot: Spot, said: &Member, existing: &Binding) -> Result<()> {
        let who = std::slice::from_ref(&said.who);
        match said.level.filter(|level| *level != existing.role) {
            Some(level) if is_admin(level) => {
                membership::set_admin(&mut self.tx, said.kind, &said.of, who, true)?;
            }
            Some(level) => {
                if is_admin(existing.role) {
                    membership::set_admin(&mut self.tx, said.kind, &said.of, who, false)?;
                }
                if level == Role::DropboxSubmitOnly || existing.role == Role::DropboxSubmitOnly {
                    membership::set_level(&mut self.tx, said.kind, &said.of, &said.who, level)?;
                }
            }
            None => {}
        }
        if let Some(active) = said.active
            && active == existing.attributes.inactive
        {
            membership::set_active(&mut self.tx, said.kind, &said.of, who, active)?;
        }
        self.declare(&existing.sets, existing.id, spot);
        Ok(())
    }
}

const fn is_admin(level: Role) -> bool {
    matches!(level, Role::WorkgroupAdmin | Role::DropboxAdmin)
}

/// Whether things of a kind have members by the operations of this file.
pub(super) const fn has_members(kind: Kind) -> bool {
    matches!(kind, Kind::Group | Kind::Workgroup | Kind::Dropbox)
}
