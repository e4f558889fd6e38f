//! The server and the accounts.

use super::removal::Thing;
use super::{Planner, Result};
use crate::manifest::statement::{Account, Ensure, Member, Said, Spot};
use crate::model::time::Expiry;
use crate::model::{Action, Id, Kind, Name, Reference, Resource, Role, Time, Verb};
use crate::ops::{account, server};
use crate::policy::Facts;

/// An account that shall be inactive, or whose time is over: until everything else is done it may
/// still be needed, to share what it shared.
pub(super) struct Ending {
    name: Name,
    inactive: bool,
    expires: Option<Time>,
}

impl<F: Facts + ?Sized> Planner<'_, F> {
    pub(super) fn server(&mut self, spot: Spot, options: &server::ServerSettings) -> Result<()> {
        let before = self.tx.facts().server()?;
        // Who may not see the settings is not told whether they are so already.
        if options.applied(&before)? != before || !self.may_skip(Verb::View, Id::SERVER)? {
            server::set(&mut self.tx, options)?;
        }
        self.declare_made(Id::SERVER, spot)
    }

    pub(super) fn account(&mut self, spot: Spot, said: &Account) -> Result<()> {
        if said.ensure == Some(Ensure::Absent) {
            let (transfer_to, cascade) = (said.transfer_to.clone(), said.cascade.unwrap_or_default());
            let removal = account::Removal::Destroy { transfer_to, cascade };
            self.later.absent.push((spot, Thing::Account(said.name.clone(), removal)));
            return Ok(());
        }
        self.put(
            (Kind::Account, &said.name),
            said.previously.as_ref(),
            |planner, existing| planner.change_account(spot, said, existing),
            |planner| planner.add_or_wait(spot, said),
        )
    }

    /// Adds an account. Who may create accounts only straight into a workgroup or dropbox does so when
    /// a membership says which.
    fn add_or_wait(&mut self, spot: Spot, said: &Account) -> Result<()> {
        let role = said.options.role.unwrap_or(Role::ServerUser);
        if role != Role::ServerUser || self.tx.may(Action::CreateAccount(role), Id::SERVER)? {
            return self.add_account(spot, said, None);
        }
        self.later.newcomers.insert(said.name.key().to_owned(), (spot, said.clone()));
        Ok(())
    }

    /// Makes an account that waits, straight into what it is to be a member of. Answers whether it did.
    pub(super) fn create_into(&mut self, member: &Member) -> Result<bool> {
        let Reference::Named(Kind::Account, name) = &member.who else { return Ok(false) };
        let into = Reference::Named(member.kind, member.of.clone());
        let place = self.id_named(member.kind, &member.of)?;
        let may = place.map_or(Ok(false), |place| self.tx.may(Action::Plain(Verb::CreateMember), place))?;
        if !may || !matches!(member.kind, Kind::Workgroup | Kind::Dropbox) {
            return Ok(false);
        }
        let Some((spot, said)) = self.later.newcomers.remove(name.key()) else { return Ok(false) };
        let outcome = self.add_account(spot, &said, Some(&into));
        if outcome.is_err() {
            self.failed.insert((Kind::Account, name.key().to_owned()));
        }
        self.keep(Some(spot), outcome)?;
        Ok(true)
    }

    /// Whether a statement names an account that waits to be made, and has to wait with it.
    pub(super) fn waits(&self, said: &Said) -> bool {
        let waits = |name: &Name| self.later.newcomers.contains_key(name.key());
        let is_new = |who: &Reference| matches!(who, Reference::Named(Kind::Account, name) if waits(name));
        if self.later.newcomers.is_empty() {
            return false;
        }
        match said {
            Said::Server(_) | Said::Account(_) | Said::Group(_) | Said::Workspace(_) => false,
            Said::Member(it) => is_new(&it.who),
            Said::Endpoint(it) => it.administrators.iter().any(is_new),
            Said::Org(it) => it.admins.iter().any(waits),
            Said::OrgMember(it) => waits(&it.who),
            Said::WorkspaceMember(it) => waits(&it.who),
            Said::Role(it) => is_new(&it.who),
            Said::Item(it) => it.owner.as_ref().is_some_and(waits),
            Said::Share(it) => is_new(&it.principal) || it.by.as_ref().is_some_and(waits),
        }
    }

    /// Takes what waited for accounts that are made by now; of those that could not be made it is
    /// refused that they are created at all.
    pub(super) fn newcomers(&mut self) -> Result<()> {
        for (_, (spot, said)) in std::mem::take(&mut self.later.newcomers) {
            let outcome = self.add_account(spot, &said, None);
            if outcome.is_err() {
                self.failed.insert((Kind::Account, said.name.key().to_owned()));
            }
            self.keep(Some(spot), outcome)?;
        }
        for statement in std::mem::take(&mut self.later.waiting) {
            self.take(&statement)?;
        }
        Ok(())
    }

    /// Adds an account; into a workgroup or dropbox, where one is named.
    fn add_account(&mut self, spot: Spot, said: &Account, into: Option<&Reference>) -> Result<()> {
        let mut options = said.options.clone();
        let expires = self.take_past(&mut options.expires);
        let id = account::add(&mut self.tx, &said.name, &options, into)?;
        self.declare_made(id, spot)?;
        self.end_later(spot, said, said.ensure == Some(Ensure::Inactive), expires);
        Ok(())
    }

    fn change_account(&mut self, spot: Spot, said: &Account, existing: &Resource) -> Result<()> {
        let Some(before) = existing.as_account() else { return Ok(()) };
        let wanted = &said.options;
        let mut after = before.clone();
        wanted.apply(&mut after, self.tx.at)?;
        let role = match wanted.role {
            Some(role) => {
                let held = account::role_of(self.tx.facts(), existing.id)?.map(|(_, role)| role);
                (held != Some(role)).then_some(role)
            }
            None => None,
        };
        let mut options = account::AccountSettings {
            role,
            email: wanted.email.clone().filter(|_| after.email != before.email),
            display_name: wanted.display_name.clone().filter(|_| after.display_name != before.display_name),
            expires: wanted.expires.filter(|_| after.expires != before.expires),
            settings: Vec::new(),
        };
        options
            .settings
            .extend(wanted.settings.iter().filter(|(setting, choice)| before.settings.get(*setting) != *choice));
        let later = self.take_past(&mut options.expires);
        if options != account::AccountSettings::default() {
            account::change(&mut self.tx, &said.name, &options)?;
        }
        match said.ensure {
            Some(Ensure::Present) if !before.active => account::set_active(&mut self.tx, &said.name, true)?,
            None if !before.active => {
                let notice =
                    format!("{} is inactive and stays so; `ensure: present` would activate it", existing.reference());
                self.tx.warnings.push(notice);
            }
            _ => {}
        }
        self.declare(&existing.sets, existing.id, spot);
        self.end_later(spot, said, said.ensure == Some(Ensure::Inactive) && before.active, later);
        Ok(())
    }

    /// Takes an end that is over out of what is said.
    fn take_past(&self, expires: &mut Option<Expiry>) -> Option<Time> {
        match *expires {
            Some(Expiry::At(end)) if end <= self.tx.at => {
                *expires = None;
                Some(end)
            }
            _ => None,
        }
    }

    fn end_later(&mut self, spot: Spot, said: &Account, inactive: bool, expires: Option<Time>) {
        if inactive || expires.is_some() {
            self.later.ending.push((spot, Ending { name: said.name.clone(), inactive, expires }));
        }
    }

    /// Ends the accounts that shall end.
    pub(super) fn endings(&mut self) -> Result<()> {
        for (spot, ending) in std::mem::take(&mut self.later.ending) {
            let outcome = self.end_account(&ending);
            self.keep(Some(spot), outcome)?;
        }
        Ok(())
    }

    fn end_account(&mut self, ending: &Ending) -> Result<()> {
        if let Some(end) = ending.expires {
            let notice = format!("user:{} expired at {end}, and may do nothing", ending.name);
            self.tx.warnings.push(notice);
            account::expire(&mut self.tx, &ending.name, end)?;
        }
        if ending.inactive {
            account::set_active(&mut self.tx, &ending.name, false)?;
        }
        Ok(())
    }
}
