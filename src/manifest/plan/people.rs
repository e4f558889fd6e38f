//! The server and the accounts.

use super::removal::Thing;
use super::{Planner, Result};
use crate::manifest::said::{Account, Ensure, Spot};
use crate::model::time::Expiry;
use crate::model::{Id, Kind, Name, Resource, Time};
use crate::ops::{account, server};
use crate::policy::Facts;

/// An account that shall be inactive, or whose time is over: until everything else is done it may
/// still be needed, to share what it shared.
pub(super) struct Ending {
    name: Name,
    inactive: bool,
    expires: Option<Expiry>,
}

impl<F: Facts + ?Sized> Planner<'_, F> {
    pub(super) fn server(&mut self, spot: Spot, options: &server::Options) -> Result<()> {
        let before = self.work.facts().server()?;
        if options.applied(&before)? != before {
            server::set(&mut self.work, options)?;
        }
        self.declare_made(Id::SERVER, spot)
    }

    pub(super) fn account(&mut self, spot: Spot, said: &Account) -> Result<()> {
        if said.ensure == Some(Ensure::Absent) {
            self.later.absent.push((spot, Thing::Account(said.name.clone(), said.transfer_to.clone())));
            return Ok(());
        }
        self.put(
            (Kind::Account, &said.name),
            said.previously.as_ref(),
            |planner, known| planner.change_account(spot, said, known),
            |planner| planner.add_account(spot, said),
        )
    }

    fn add_account(&mut self, spot: Spot, said: &Account) -> Result<()> {
        let mut options = said.options.clone();
        let is_over = is_over(options.expires, self.work.at);
        let expires = if is_over { options.expires.take() } else { None };
        let id = account::add(&mut self.work, &said.name, &options, None)?;
        self.declare_made(id, spot)?;
        self.end_later(spot, said, said.ensure == Some(Ensure::Inactive), expires);
        Ok(())
    }

    fn change_account(&mut self, spot: Spot, said: &Account, known: &Resource) -> Result<()> {
        let Some(before) = known.as_account() else { return Ok(()) };
        let wanted = &said.options;
        let mut after = before.clone();
        wanted.apply(&mut after, self.work.at)?;
        let role = match wanted.role {
            Some(role) => {
                let held = account::role_of(self.work.facts(), known.id)?.map(|(_, role)| role);
                (held != Some(role)).then_some(role)
            }
            None => None,
        };
        let mut options = account::Options {
            role,
            email: wanted.email.clone().filter(|_| after.email != before.email),
            display_name: wanted.display_name.clone().filter(|_| after.display_name != before.display_name),
            expires: wanted.expires.filter(|_| after.expires != before.expires),
            settings: Vec::new(),
        };
        options
            .settings
            .extend(wanted.settings.iter().filter(|(setting, choice)| before.settings.get(*setting) != *choice));
        let later = is_over(options.expires, self.work.at).then(|| options.expires.take()).flatten();
        if options != account::Options::default() {
            account::change(&mut self.work, &said.name, &options)?;
        }
        match said.ensure {
            Some(Ensure::Present) if !before.active => account::set_active(&mut self.work, &said.name, true)?,
            None if !before.active => {
                let notice =
                    format!("{} is inactive and stays so; `ensure: present` would activate it", known.reference());
                self.work.notices.push(notice);
            }
            _ => {}
        }
        self.declare(&known.sets, known.id, spot);
        self.end_later(spot, said, said.ensure == Some(Ensure::Inactive) && before.active, later);
        Ok(())
    }

    fn end_later(&mut self, spot: Spot, said: &Account, inactive: bool, expires: Option<Expiry>) {
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
        if let Some(expires) = ending.expires {
            if let Expiry::At(end) = expires {
                let notice = format!("user:{} expired at {end}, and may do nothing", ending.name);
                self.work.notices.push(notice);
            }
            let options = account::Options { expires: Some(expires), ..account::Options::default() };
            account::change(&mut self.work, &ending.name, &options)?;
        }
        if ending.inactive {
            account::set_active(&mut self.work, &ending.name, false)?;
        }
        Ok(())
    }
}

fn is_over(expires: Option<Expiry>, now: Time) -> bool {
    matches!(expires, Some(Expiry::At(end)) if end <= now)
}
