//! Findings about who administers the server, endpoints and organizations.

use std::ops::ControlFlow;

use super::fix::{role_command, typed};
use super::{FindingSearch, Report};
use crate::model::attributes::Status;
use crate::model::catalogue::findings::FindingKind;
use crate::model::{Id, Kind, Problem, Role};
use crate::policy::BindingQuery;
use crate::policy::invariants::each_administrator;

/// The number of accounts that are considered as further administrators.
const MAX_CANDIDATES: usize = 100;

impl FindingSearch<'_> {
    pub(super) fn administrators(&self, report: Report<'_>) -> Result<(), Problem> {
        if !self.wants_any(&[FindingKind::NoAdministrator, FindingKind::SingleAdministrator]) {
            return Ok(());
        }
        let spare = self.spare_administrators()?;
        self.administrators_of(Id::SERVER, Role::ServerAdmin, &spare, report)?;
        for (kind, role) in [(Kind::Endpoint, Role::EndpointAdministrator), (Kind::Org, Role::OrgAdmin)] {
            for id in self.facts.ids(kind, None)? {
                self.administrators_of(id, role, &spare, report)?;
            }
        }
        Ok(())
    }

    fn administrators_of(&self, on: Id, role: Role, spare: &[Id], report: Report<'_>) -> Result<(), Problem> {
        let mut found: Vec<Id> = Vec::new();
        each_administrator(self.facts, on, role, self.at, &mut |account| {
            found.push(account);
            if found.len() < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let kind = match found.len() {
            0 => FindingKind::NoAdministrator,
            1 => FindingKind::SingleAdministrator,
            _ => return Ok(()),
        };
        let resource = self.facts.resource(on)?;
        let is_unmanaged = resource.is_some_and(|it| it.as_endpoint().is_some_and(|endpoint| !endpoint.managed));
        // No second account can administer an endpoint that is not managed.
        if kind == FindingKind::SingleAdministrator && is_unmanaged {
            return Ok(());
        }
        let mut finding = self.about(kind, on)?;
        finding.principal = found.first().copied();
        let missing = 2 - found.len();
        let candidates = self.candidates(on, role, &found, missing, spare)?;
        if is_unmanaged && !candidates.is_empty() {
            finding.fix.push(format!("rolebook endpoint set {} --managed", typed(self.facts, on)?));
        }
        for candidate in candidates {
            finding.fix.push(role_command(self.facts, on, role, candidate)?);
        }
        report(finding)
    }

    /// Active accounts that could become administrators: active admins of the server first.
    fn spare_administrators(&self) -> Result<Vec<Id>, Problem> {
        let mut found: Vec<Id> = Vec::new();
        each_administrator(self.facts, Id::SERVER, Role::ServerAdmin, self.at, &mut |account| {
            found.push(account);
            if found.len() < MAX_CANDIDATES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        found.sort_unstable();
        let admins = found.len();
        self.facts.resources(Kind::Account, None, &mut |account| {
            let is_active = account.as_account().is_some_and(|it| it.status(self.at) == Status::Active);
            if is_active && !found.iter().take(admins).any(|known| *known == account.id) {
                found.push(account.id);
            }
            Ok(if found.len() < MAX_CANDIDATES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        if let Some(others) = found.get_mut(admins..) {
            others.sort_unstable();
        }
        Ok(found)
    }

    /// The accounts to make administrators: members of an organization first, since its admins may only choose those.
    fn candidates(
        &self,
        on: Id,
        role: Role,
        administrators: &[Id],
        count: usize,
        spare: &[Id],
    ) -> Result<Vec<Id>, Problem> {
        let mut preferred: Vec<Id> = Vec::new();
        for level in Role::levels(role.resource_kind()) {
            preferred.extend(
                self.facts.list_bindings(BindingQuery::OnAs(on, *level))?.into_iter().map(|binding| binding.principal),
            );
        }
        let mut found: Vec<Id> = Vec::new();
        for candidate in preferred.into_iter().chain(spare.iter().copied()) {
            if found.len() == count {
                break;
            }
            let is_new = !administrators.contains(&candidate) && !found.contains(&candidate);
            // An account that expires cannot become an admin of the server.
            let may_be = role != Role::ServerAdmin
                || self
                    .facts
                    .resource(candidate)?
                    .is_some_and(|it| it.as_account().is_some_and(|it| it.expires.is_none()));
            if is_new && may_be && self.is_active(candidate)? && self.viewer.may_name(candidate)? {
                found.push(candidate);
            }
        }
        Ok(found)
    }
}
