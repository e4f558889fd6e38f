//! Findings about groups without active members.

use std::collections::HashSet;

use super::fix::typed;
use super::{FindingSearch, Report};
use crate::model::catalogue::findings::FindingKind;
use crate::model::{Binding, Id, Kind, Problem};
use crate::policy::BindingQuery;

/// Who is in a group, at any depth.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Members {
    None,
    Inactive,
    Active,
}

impl FindingSearch<'_> {
    pub(super) fn groups(&self, report: Report<'_>) -> Result<(), Problem> {
        if !self.wants_any(&[FindingKind::EmptyGroup, FindingKind::EmptyGroupHolds]) {
            return Ok(());
        }
        for group in self.facts.ids(Kind::Group, None)? {
            let members = self.members_of(group)?;
            if members == Members::Active {
                continue;
            }
            let held: Vec<Binding> = self.facts.list_bindings(BindingQuery::Of(group))?;
            let fix = vec![format!("rolebook group remove {} --yes", typed(self.facts, group)?)];
            if held.is_empty() && members == Members::None {
                let mut finding = self.about(FindingKind::EmptyGroup, group)?;
                finding.fix = fix;
                report(finding)?;
                continue;
            }
            for binding in held.iter().filter(|binding| binding.is_effective(self.at)) {
                let mut finding = self.about_binding(FindingKind::EmptyGroupHolds, binding);
                finding.detail = binding.role.qualified().to_owned();
                finding.fix.clone_from(&fix);
                report(finding)?;
            }
        }
        Ok(())
    }

    /// Who is in a group. Stops at the first active account.
    fn members_of(&self, group: Id) -> Result<Members, Problem> {
        let (mut open, mut next, mut found) = (vec![group], 0, Members::None);
        let mut seen = HashSet::from([group]);
        while let Some(group) = open.get(next).copied() {
            next += 1;
            for membership in self.facts.list_bindings(BindingQuery::members_of(group))? {
                let member = membership.principal;
                match self.kind_of(member)? {
                    Some(Kind::Group) if seen.insert(member) => open.push(member),
                    Some(Kind::Account) if self.is_active(member)? && membership.is_effective(self.at) => {
                        return Ok(Members::Active);
                    }
                    Some(Kind::Account) => found = Members::Inactive,
                    _ => {}
                }
            }
        }
        Ok(found)
    }
}
