//! Findings about accounts: what those hold that are not active, and who has two.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::fix::typed;
use super::{FindingSearch, Report};
use crate::model::attributes::Status;
use crate::model::catalogue::findings::FindingKind;
use crate::model::{Id, Kind, Problem, Role};
use crate::policy::BindingQuery;

impl FindingSearch<'_> {
    pub(super) fn accounts(&self, report: Report<'_>) -> Result<(), Problem> {
        if !self.wants_any(&[FindingKind::DormantGrant, FindingKind::DuplicateEmail]) {
            return Ok(());
        }
        let mut dormant: Vec<(Id, Status)> = Vec::new();
        let mut addresses: BTreeMap<String, Vec<Id>> = BTreeMap::new();
        self.facts.resources(Kind::Account, None, &mut |account| {
            let Some(it) = account.as_account() else { return Ok(ControlFlow::Continue(())) };
            match it.status(self.at) {
                Status::Active => {
                    if let Some(address) = &account.alias {
                        addresses.entry(address.clone()).or_default().push(account.id);
                    }
                }
                status => dormant.push((account.id, status)),
            }
            Ok(ControlFlow::Continue(()))
        })?;
        dormant.sort_unstable_by_key(|(id, _)| *id);
        for (account, status) in dormant {
            self.dormant_grants(account, status, report)?;
        }
        for accounts in addresses.into_values().filter(|accounts| accounts.len() > 1) {
            self.duplicate_email(accounts, report)?;
        }
        Ok(())
    }

    fn dormant_grants(&self, account: Id, status: Status, report: Report<'_>) -> Result<(), Problem> {
        for binding in self.facts.list_bindings(BindingQuery::Of(account))? {
            // Every account has a role, and packages keep who sent and got them. An expired share is a finding itself.
            let is_record = matches!(binding.role, Role::ServerUser | Role::PackageSender | Role::PackageRecipient);
            if is_record || binding.expires.is_some_and(|end| end <= self.at) {
                continue;
            }
            let mut finding = self.about_binding(FindingKind::DormantGrant, &binding);
            finding.detail = format!("{}, {}", binding.role.qualified(), status.as_str());
            finding.fix = self.take_away(&binding)?;
            report(finding)?;
        }
        Ok(())
    }

    /// Reports all accounts with one address but the first. Admins of the server come first, then older accounts.
    fn duplicate_email(&self, mut accounts: Vec<Id>, report: Report<'_>) -> Result<(), Problem> {
        let mut is_admin = Vec::new();
        for account in &accounts {
            if self.facts.held(Id::SERVER, Role::ServerAdmin, *account)?.is_some() {
                is_admin.push(*account);
            }
        }
        accounts.sort_unstable_by_key(|account| (!is_admin.contains(account), *account));
        let Some((first, others)) = accounts.split_first() else { return Ok(()) };
        for account in others {
            let mut finding = self.about(FindingKind::DuplicateEmail, *account)?;
            finding.detail = format!("the same as {}", self.name(*first)?);
            finding.fix.push(format!("rolebook account set {} --email ''", typed(self.facts, *account)?));
            report(finding)?;
        }
        Ok(())
    }
}
