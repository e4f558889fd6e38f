//! Plans the settings of the server, and accounts.

use super::removal::RemovalTarget;
use super::{Planner, Result};
use crate::manifest::statement::{Declaration, DeclaredAccount, DeclaredMember, Ensure, SourceLocation};
use crate::model::time::Expiry;
use crate::model::{Action, Id, Kind, Name, Reference, Resource, Role, Time, Verb};
use crate::ops::{account, labels, server};
use crate::policy::Facts;

/// An account that becomes inactive or has expired. Its end is planned last, because the account may be needed as a
/// sharer before.
pub(super) struct AccountEnd {
    name: Name,
    inactive: bool,
    expires: Option<Time>,
}

impl Planner<'_> {
    pub(super) fn server(&mut self, location: SourceLocation, options: &server::ServerSettings) -> Result<()> {
        let before = self.tx.facts().server()?;
        // An actor who may not view the settings must not learn whether they differ, so the operation runs anyway.
        if options.applied(&before)? != before || !self.may_skip(Verb::View, Id::SERVER)? {
            server::set(&mut self.tx, options)?;
        }
        self.declare_made(Id::SERVER, location)
    }

    pub(super) fn account(&mut self, location: SourceLocation, declared: &DeclaredAccount) -> Result<()> {
        if declared.ensure == Some(Ensure::Absent) {
            let (transfer_to, cascade) = (declared.transfer_to.clone(), declared.cascade.unwrap_or_default());
            let removal = account::Removal::Destroy { transfer_to, cascade };
            self.deferred.absent.push((location, RemovalTarget::Account(declared.name.clone(), removal)));
            return Ok(());
        }
        self.put(
            (Kind::Account, &declared.name),
            declared.previously.as_ref(),
            |planner, existing| planner.change_account(location, declared, existing),
            |planner| planner.add_or_wait(location, declared),
        )
    }

    /// Adds an account. If the actor may create accounts only straight into a workgroup or dropbox, the account waits
    /// for a membership that names one.
    fn add_or_wait(&mut self, location: SourceLocation, declared: &DeclaredAccount) -> Result<()> {
        let role = declared.settings.role.unwrap_or(Role::ServerUser);
        if role != Role::ServerUser || self.tx.may(Action::CreateAccount(role), Id::SERVER)? {
            return self.add_account(location, declared, None);
        }
        self.deferred.newcomers.insert(declared.name.key().to_owned(), (location, declared.clone()));
        Ok(())
    }

    /// Creates a waiting account straight into the workgroup or dropbox of a membership. Returns whether it did.
    pub(super) fn create_into(&mut self, member: &DeclaredMember) -> Result<bool> {
        let Reference::Named(Kind::Account, name) = &member.who else { return Ok(false) };
        let into = Reference::Named(member.kind, member.of.clone());
        let group = self.id_named(member.kind, &member.of)?;
        let may = group.map_or(Ok(false), |group| self.tx.may(Action::Plain(Verb::CreateMember), group))?;
        if !may || !matches!(member.kind, Kind::Workgroup | Kind::Dropbox) {
            return Ok(false);
        }
        let Some((location, declared)) = self.deferred.newcomers.remove(name.key()) else { return Ok(false) };
        let outcome = self.add_account(location, &declared, Some(&into));
        if outcome.is_err() {
            self.failed.insert((Kind::Account, name.key().to_owned()));
        }
        self.record(Some(location), outcome)?;
        Ok(true)
    }

    /// Whether a statement must wait because it names a waiting account.
    pub(super) fn waits(&self, declared: &Declaration) -> bool {
        let waits = |name: &Name| self.deferred.newcomers.contains_key(name.key());
        let is_new = |who: &Reference| matches!(who, Reference::Named(Kind::Account, name) if waits(name));
        if self.deferred.newcomers.is_empty() {
            return false;
        }
        match declared {
            Declaration::Server(_) | Declaration::Account(_) | Declaration::Group(_) | Declaration::Workspace(_) => {
                false
            }
            Declaration::Member(it) => is_new(&it.who),
            Declaration::Endpoint(it) => it.administrators.iter().any(is_new),
            Declaration::Org(it) => it.admins.iter().any(waits),
            Declaration::OrgMember(it) => waits(&it.who),
            Declaration::WorkspaceMember(it) => waits(&it.who),
            Declaration::Role(it) => is_new(&it.who),
            Declaration::Item(it) => it.owner.as_ref().is_some_and(waits),
            Declaration::Share(it) => is_new(&it.principal) || it.by.as_ref().is_some_and(waits),
        }
    }

    /// Plans the accounts that still wait, which is refused as an ordinary creation, and then the waiting statements.
    pub(super) fn newcomers(&mut self) -> Result<()> {
        for (_, (location, declared)) in std::mem::take(&mut self.deferred.newcomers) {
            let outcome = self.add_account(location, &declared, None);
            if outcome.is_err() {
                self.failed.insert((Kind::Account, declared.name.key().to_owned()));
            }
            self.record(Some(location), outcome)?;
        }
        for statement in std::mem::take(&mut self.deferred.waiting) {
            self.take(&statement)?;
        }
        Ok(())
    }

    /// Adds an account, straight into a workgroup or dropbox if `into` names one.
    fn add_account(
        &mut self,
        location: SourceLocation,
        declared: &DeclaredAccount,
        into: Option<&Reference>,
    ) -> Result<()> {
        let mut options = declared.settings.clone();
        let expires = self.take_past_end(&mut options.expires);
        let id = account::add(&mut self.tx, &declared.name, &options, into)?;
        self.declare_made(id, location)?;
        self.defer_end(location, declared, declared.ensure == Some(Ensure::Inactive), expires);
        Ok(())
    }

    fn change_account(
        &mut self,
        location: SourceLocation,
        declared: &DeclaredAccount,
        existing: &Resource,
    ) -> Result<()> {
        let Some(before) = existing.as_account() else { return Ok(()) };
        let declared_settings = &declared.settings;
        let mut after = before.clone();
        declared_settings.apply(&mut after, self.tx.at)?;
        let role = match declared_settings.role {
            Some(role) => {
                let held = account::role_of(self.tx.facts(), existing.id)?.map(|(_, role)| role);
                (held != Some(role)).then_some(role)
            }
            None => None,
        };
        let mut options = account::AccountSettings {
            role,
            email: declared_settings.email.clone().filter(|_| after.email != before.email),
            display_name: declared_settings.display_name.clone().filter(|_| after.display_name != before.display_name),
            expires: declared_settings.expires.filter(|_| after.expires != before.expires),
            settings: Vec::new(),
            ids: labels::missing_ids(&self.tx, existing, &declared_settings.ids)?,
        };
        options.settings.extend(
            declared_settings.settings.iter().filter(|(setting, choice)| before.settings.get(*setting) != *choice),
        );
        let later = self.take_past_end(&mut options.expires);
        if options != account::AccountSettings::default() {
            account::change(&mut self.tx, &declared.name, &options)?;
        }
        match declared.ensure {
            Some(Ensure::Present) if !before.active => account::set_active(&mut self.tx, &declared.name, true)?,
            None if !before.active => {
                let notice = format!(
                    "{} is inactive and stays inactive; `ensure: present` would activate it",
                    existing.reference()
                );
                self.tx.warnings.push(notice);
            }
            _ => {}
        }
        self.declare(&existing.sets, existing.id, location);
        self.defer_end(location, declared, declared.ensure == Some(Ensure::Inactive) && before.active, later);
        Ok(())
    }

    /// Removes an expiry in the past from the settings and returns it.
    fn take_past_end(&self, expires: &mut Option<Expiry>) -> Option<Time> {
        match *expires {
            Some(Expiry::At(end)) if end <= self.tx.at => {
                *expires = None;
                Some(end)
            }
            _ => None,
        }
    }

    fn defer_end(
        &mut self,
        location: SourceLocation,
        declared: &DeclaredAccount,
        inactive: bool,
        expires: Option<Time>,
    ) {
        if inactive || expires.is_some() {
            self.deferred.ending.push((location, AccountEnd { name: declared.name.clone(), inactive, expires }));
        }
    }

    /// Plans the ends of accounts.
    pub(super) fn end_accounts(&mut self) -> Result<()> {
        for (location, ending) in std::mem::take(&mut self.deferred.ending) {
            let outcome = self.end_account(&ending);
            self.record(Some(location), outcome)?;
        }
        Ok(())
    }

    fn end_account(&mut self, ending: &AccountEnd) -> Result<()> {
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
