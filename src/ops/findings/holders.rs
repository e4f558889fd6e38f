//! Findings about roles and memberships: those that give nothing new, those that somebody gave to their own group, and
//! access managers who cannot see what they manage. The same of shares is in [`shares`](super::shares).

use super::fix::{typed, typed_principal};
use super::{FindingSearch, Report};
use crate::model::attributes::EndpointKind;
use crate::model::catalogue::findings::FindingKind;
use crate::model::{Action, Binding, Id, Kind, Problem, Role, Verb};
use crate::policy::{BindingQuery, Question, decide};

/// The kinds whose roles can be held through groups.
const HELD_THROUGH_GROUPS: [Kind; 4] = [Kind::Group, Kind::Workgroup, Kind::Dropbox, Kind::Endpoint];

impl FindingSearch<'_> {
    pub(super) fn holders(&self, report: Report<'_>) -> Result<(), Problem> {
        if self.wants_any(&[FindingKind::RedundantGrant, FindingKind::SelfGranted]) {
            for kind in HELD_THROUGH_GROUPS {
                for id in self.facts.ids(kind, None)? {
                    for binding in self.facts.list_bindings(BindingQuery::On(id))? {
                        if binding.is_effective(self.at) {
                            self.redundant_role(&binding, report)?;
                            self.self_granted(&binding, report)?;
                        }
                    }
                }
            }
        }
        if self.wants(FindingKind::InvisibleEndpoint) {
            for endpoint in self.facts.ids(Kind::Endpoint, None)? {
                self.invisible_endpoint(endpoint, report)?;
            }
        }
        Ok(())
    }

    /// Reports a role whose principal has it, or one that implies it, by another binding that lasts as long.
    fn redundant_role(&self, binding: &Binding, report: Report<'_>) -> Result<(), Problem> {
        // Outside submitters hold their role by a link, and admins of a workgroup are named one by one.
        if binding.role == Role::DropboxOutside {
            return Ok(());
        }
        let principals = self.principals(binding.principal)?;
        for role in binding.role.implied_by() {
            for principal in principals.iter() {
                if *role == binding.role && *principal == binding.principal {
                    continue;
                }
                let other = self.facts.held(binding.resource, *role, *principal)?;
                if let Some(other) = other.filter(|it| it.is_effective(self.at) && outlasts(it, binding)) {
                    let mut finding = self.about_binding(FindingKind::RedundantGrant, binding);
                    let has = match *principal == binding.principal {
                        true => format!("has {}", other.role.qualified()),
                        false => format!("has {} through {}", other.role.qualified(), self.name(*principal)?),
                    };
                    finding.detail = format!("{}: {has}", binding.role.qualified());
                    finding.fix = self.take_away_alone(binding)?;
                    return report(finding);
                }
            }
        }
        Ok(())
    }

    /// Reports a binding of a group or a workgroup whose grantor is in it, and one of an account that first gave its
    /// grantor a binding there.
    pub(super) fn self_granted(&self, binding: &Binding, report: Report<'_>) -> Result<(), Problem> {
        let Some(grantor) = binding.grantor.filter(|_| self.wants(FindingKind::SelfGranted)) else { return Ok(()) };
        let is_own = match self.kind_of(binding.principal)? {
            Some(Kind::Group | Kind::Workgroup) => self.principals(grantor)?.contains(&binding.principal),
            Some(Kind::Account) => grantor != binding.principal && self.has_given_back(binding, grantor)?,
            _ => false,
        };
        if is_own {
            let mut finding = self.about_binding(FindingKind::SelfGranted, binding);
            finding.detail = format!("given by {}", self.name(grantor)?);
            finding.fix = self.take_away(binding)?;
            report(finding)?;
        }
        Ok(())
    }

    /// Whether the grantor of a binding holds one, on the same resource or on an item above it, that the principal gave
    /// before.
    fn has_given_back(&self, binding: &Binding, grantor: Id) -> Result<bool, Problem> {
        let places: Vec<(Id, Role)> = match binding.role {
            Role::ItemShare => {
                let above = self.facts.ancestors(binding.resource)?;
                let items = std::iter::once(binding.resource).chain(above.iter().map(|it| it.id));
                items.map(|item| (item, Role::ItemShare)).collect()
            }
            held => {
                let roles = Role::ALL.into_iter().filter(|role| role.resource_kind() == held.resource_kind());
                roles.map(|role| (binding.resource, role)).collect()
            }
        };
        for (on, role) in places {
            let earlier = self.facts.held(on, role, grantor)?;
            if earlier.is_some_and(|it| it.grantor == Some(binding.principal) && it.since < binding.since) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reports access managers of a private bucket to whom it is not shown.
    fn invisible_endpoint(&self, endpoint: Id, report: Report<'_>) -> Result<(), Problem> {
        let resource = self.facts.resource(endpoint)?;
        if !resource
            .and_then(|it| it.as_endpoint().map(|it| it.private && it.kind == EndpointKind::S3))
            .unwrap_or(false)
        {
            return Ok(());
        }
        for binding in self.facts.list_bindings(BindingQuery::OnAs(endpoint, Role::AccessManager))? {
            let question = Question {
                principal: binding.principal,
                action: Action::Plain(Verb::See),
                resource: endpoint,
                at: self.at,
            };
            let is_active = match self.kind_of(binding.principal)? {
                Some(Kind::Account) => self.is_active(binding.principal)?,
                _ => true,
            };
            if binding.is_effective(self.at) && is_active && !decide(self.facts, &question)?.allowed {
                let mut finding = self.about_binding(FindingKind::InvisibleEndpoint, &binding);
                finding.fix = vec![format!(
                    "rolebook endpoint add-role {} {} {}",
                    typed(self.facts, endpoint)?,
                    Role::ActivityMonitor.as_str(),
                    typed_principal(self.facts, binding.principal)?
                )];
                report(finding)?;
            }
        }
        Ok(())
    }
}

/// Whether a binding lasts at least as long as another.
pub(super) fn outlasts(binding: &Binding, other: &Binding) -> bool {
    binding.expires.is_none_or(|end| other.expires.is_some_and(|other| other <= end))
}
