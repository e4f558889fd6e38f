//! Separation of duties: rights that no one account should have together. They are looked for in effective access:
//! through groups, presets, ownership and roles that imply others.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use hashbrown::HashSet;

use super::{FindingSearch, Report};
use crate::model::catalogue::findings::FindingKind;
use crate::model::{Action, Binding, Id, Kind, Reference, Role};
use crate::ops::{Actor, Result, Viewer, resolve};
use crate::policy::listing::{Breadth, lookup_subjects};
use crate::policy::{BindingQuery, Evaluator};

/// Rights that no one account should have together.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// The name.
    pub name: String,
    /// Why they should not be together.
    pub why: Option<String>,
    /// The rights. An account that has all of them is a finding.
    pub each_of: Vec<Right>,
    /// Accounts and groups that may have them.
    pub except: Vec<Reference>,
}

/// A right of an account.
#[derive(Clone, Debug)]
pub enum Right {
    /// To do an action on a resource.
    May(Action, Reference),
    /// To hold a role on a resource, or on any of its kind.
    Holds(Role, Option<Reference>),
}

/// How an account has a right: on what, and by which bindings.
struct Held {
    on: Id,
    by: Vec<Binding>,
}

impl FindingSearch<'_> {
    pub(super) fn conflicts(&self, report: Report<'_>) -> Result<()> {
        if self.wants(FindingKind::Conflict) {
            for conflict in &self.options.conflicts {
                self.conflict(conflict, report)?;
            }
        }
        Ok(())
    }

    fn conflict(&self, conflict: &Conflict, report: Report<'_>) -> Result<()> {
        let mut excepted = HashSet::new();
        for reference in &conflict.except {
            excepted.insert(self.find(reference)?);
        }
        let mut rights: Vec<(String, BTreeMap<Id, Held>)> = Vec::new();
        for right in &conflict.each_of {
            rights.push((self.phrase(right)?, self.holders_of(right)?));
        }
        let Some((_, first)) = rights.first() else { return Ok(()) };
        for account in first.keys() {
            let held: Vec<&Held> = rights.iter().filter_map(|(_, holders)| holders.get(account)).collect();
            let is_excepted = self.principals(*account)?.iter().any(|principal| excepted.contains(principal));
            if held.len() < rights.len() || is_excepted || !self.is_active(*account)? {
                continue;
            }
            let Some(Held { on, .. }) = held.first() else { continue };
            let mut finding = self.about(FindingKind::Conflict, *on)?;
            finding.principal = Some(*account);
            // What came last made it a conflict.
            let bindings = || held.iter().flat_map(|it| &it.by);
            finding.since = bindings().map(|binding| binding.since).max().unwrap_or(finding.since);
            let own = bindings().filter(|binding| binding.principal == *account && !is_plain(binding));
            if let Some(last) = own.max_by_key(|binding| (binding.since, binding.id)) {
                finding.fix = self.take_away(last)?;
            }
            let mut phrases = Vec::new();
            for ((phrase, _), held) in rights.iter().zip(&held) {
                phrases.push(format!("{phrase}{}", self.through(*account, held)?));
            }
            let why = conflict.why.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
            finding.detail = format!("{}: {}{why}", conflict.name, phrases.join("; "));
            report(finding)?;
        }
        Ok(())
    }

    /// The groups through which an account has a right, as the end of a phrase.
    fn through(&self, account: Id, held: &Held) -> Result<String> {
        let mut names = Vec::new();
        for binding in held.by.iter().filter(|binding| binding.principal != account) {
            let name = self.name(binding.principal)?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(if names.is_empty() { String::new() } else { format!(" through {}", names.join(" and ")) })
    }

    /// A resource or principal that the policy names. The policy is the operator's, so it may name anything.
    fn find(&self, reference: &Reference) -> Result<Id> {
        resolve(self.facts, &Viewer::new(self.facts, Actor::Operator, self.at)?, reference).map(|(id, _)| id)
    }

    fn phrase(&self, right: &Right) -> Result<String> {
        Ok(match right {
            Right::May(action, on) => format!("may {} on {}", action.verb().as_str(), self.name(self.find(on)?)?),
            Right::Holds(role, Some(on)) => format!("is {} of {}", role.as_str(), self.name(self.find(on)?)?),
            Right::Holds(role, None) => format!("is {}", role.qualified()),
        })
    }

    /// The accounts that have a right.
    fn holders_of(&self, right: &Right) -> Result<BTreeMap<Id, Held>> {
        match right {
            Right::May(action, on) => self.who_may(*action, self.find(on)?),
            Right::Holds(role, Some(on)) => {
                let mut found = BTreeMap::new();
                self.add_holders(*role, self.find(on)?, &mut found)?;
                Ok(found)
            }
            Right::Holds(role, None) => {
                let mut found = BTreeMap::new();
                for on in self.all_of(role.resource_kind())? {
                    self.add_holders(*role, on, &mut found)?;
                }
                Ok(found)
            }
        }
    }

    /// Every resource of a kind that roles are on.
    fn all_of(&self, kind: Kind) -> Result<Vec<Id>> {
        match kind {
            Kind::Server => Ok(vec![Id::SERVER]),
            Kind::Workspace => {
                let mut found = Vec::new();
                for org in self.facts.ids(Kind::Org, None)? {
                    found.extend(self.facts.ids(Kind::Workspace, Some(org))?);
                }
                Ok(found)
            }
            kind => Ok(self.facts.ids(kind, None)?),
        }
    }

    fn who_may(&self, action: Action, on: Id) -> Result<BTreeMap<Id, Held>> {
        let evaluator = Evaluator::new(self.facts, self.at);
        let (mut accounts, mut found) = (Vec::new(), BTreeMap::new());
        if let Some(target) = evaluator.target(on)? {
            lookup_subjects(&evaluator, &[action], &target, Breadth::Everybody, &mut |principal, _| {
                accounts.push(principal);
                Ok(ControlFlow::Continue(()))
            })?;
        }
        for account in accounts {
            if self.kind_of(account)? == Some(Kind::Account) && account > Id::LAST_RESERVED {
                let decision = evaluator.decide(account, action, on)?;
                let by = decision.proof.iter().filter_map(|step| step.binding().cloned()).collect();
                found.insert(account, Held { on, by });
            }
        }
        Ok(found)
    }

    /// Adds the accounts that hold a role, or one that implies it, on a resource, themselves or through groups.
    fn add_holders(&self, role: Role, on: Id, found: &mut BTreeMap<Id, Held>) -> Result<()> {
        for role in role.implied_by() {
            for binding in self.facts.list_bindings(BindingQuery::OnAs(on, *role))? {
                let mut open: Vec<Vec<Binding>> = vec![vec![binding]];
                let mut seen = HashSet::new();
                while let Some(path) = open.pop() {
                    let Some(last) = path.last().filter(|last| last.is_effective(self.at)) else { continue };
                    if !seen.insert(last.principal) {
                        continue;
                    }
                    if self.kind_of(last.principal)? != Some(Kind::Group) {
                        found.entry(last.principal).or_insert(Held { on, by: path });
                        continue;
                    }
                    for member in self.facts.list_bindings(BindingQuery::members_of(last.principal))? {
                        open.push(path.iter().cloned().chain([member]).collect());
                    }
                }
            }
        }
        Ok(())
    }
}

/// Whether a binding cannot be taken away: every account has a role on the server.
fn is_plain(binding: &Binding) -> bool {
    binding.role == Role::ServerUser
}
