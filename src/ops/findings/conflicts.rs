//! Conflicts of the policy as findings: the accounts that have rights that no one account should have together.

use super::{FindingSearch, Report};
use crate::model::catalogue::findings::FindingKind;
use crate::model::{Binding, Role};
use crate::ops::Result;
use crate::ops::separation::{ConflictSearch, Missing};

impl FindingSearch<'_> {
    pub(super) fn conflicts(&self, report: Report<'_>) -> Result<()> {
        if !self.wants(FindingKind::Conflict) {
            return Ok(());
        }
        let search = ConflictSearch::new(self.facts, self.at, Missing::Refuse);
        for conflict in &self.options.conflicts {
            for violator in search.violators(conflict)? {
                let Some(first) = violator.held.first() else { continue };
                let mut finding = self.about(FindingKind::Conflict, first.on)?;
                finding.principal = Some(violator.account);
                // What came last made it a conflict.
                let bindings = || violator.held.iter().flat_map(|it| &it.by);
                finding.since = bindings().map(|binding| binding.since).max().unwrap_or(finding.since);
                let own = bindings().filter(|binding| binding.principal == violator.account && !is_plain(binding));
                if let Some(last) = own.max_by_key(|binding| (binding.since, binding.id)) {
                    finding.fix = self.take_away(last)?;
                }
                let held = search.phrase(conflict, &violator, &|id| self.name(id))?;
                let why = conflict.why.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
                finding.detail = format!("{}: {held}{why}", conflict.name);
                report(finding)?;
            }
        }
        Ok(())
    }
}

/// Whether a binding cannot be taken away: every account has a role on the server.
fn is_plain(binding: &Binding) -> bool {
    binding.role == Role::ServerUser
}
