//! Findings about workgroups and dropboxes: links, invitations, and admins who create accounts.

use std::ops::ControlFlow;

use super::fix::typed;
use super::{FindingSearch, Report};
use crate::model::attributes::{Attributes, Invitation, LinkStatus};
use crate::model::catalogue::findings::FindingKind;
use crate::model::name::key;
use crate::model::{Action, Id, Kind, Problem, Resource, Role, Verb};
use crate::policy::{BindingQuery, Question, decide};

const OF_INVITATIONS: [FindingKind; 3] =
    [FindingKind::StaleInvitation, FindingKind::InvitationByAbsent, FindingKind::InvitedAccount];

impl FindingSearch<'_> {
    pub(super) fn links(&self, report: Report<'_>) -> Result<(), Problem> {
        for kind in [Kind::Workgroup, Kind::Dropbox, Kind::Org] {
            for id in self.facts.ids(kind, None)? {
                self.user_creation(id, report)?;
                if kind == Kind::Dropbox && self.wants(FindingKind::PublicLinkOn) {
                    self.public_link(id, report)?;
                }
                if self.wants_any(&OF_INVITATIONS) {
                    self.invitations(id, report)?;
                }
            }
        }
        Ok(())
    }

    fn user_creation(&self, id: Id, report: Report<'_>) -> Result<(), Problem> {
        let Some(header) = self.facts.header(id)? else { return Ok(()) };
        let admins = match &*header.attributes {
            Attributes::Workgroup(it) => it.admins,
            Attributes::Dropbox(it) => it.admins,
            _ => return Ok(()),
        };
        if admins.create_users {
            let mut finding = self.about(FindingKind::GlobalUserCreation, id)?;
            let noun = header.kind().command();
            finding.fix = vec![format!("rolebook {noun} set {} --admins-create-users=false", typed(self.facts, id)?)];
            report(finding)?;
        }
        Ok(())
    }

    fn public_link(&self, dropbox: Id, report: Report<'_>) -> Result<(), Problem> {
        let mut link = None;
        self.facts.resources(Kind::PublicLink, Some(dropbox), &mut |found| {
            link = Some(found);
            Ok(ControlFlow::Break(()))
        })?;
        if let Some(link) = link {
            let mut finding = self.about(FindingKind::PublicLinkOn, dropbox)?;
            finding.since = link.since;
            finding.fix = vec![format!("rolebook dropbox public-link {} off", typed(self.facts, dropbox)?)];
            report(finding)?;
        }
        Ok(())
    }

    fn invitations(&self, of: Id, report: Report<'_>) -> Result<(), Problem> {
        let mut open = Vec::new();
        self.facts.resources(Kind::Invitation, Some(of), &mut |link| {
            if link.as_invitation().is_some_and(|it| it.status(self.at) == LinkStatus::Active) {
                open.push(link);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        for link in open {
            if let Some(invitation) = link.as_invitation() {
                self.invitation(of, &link, invitation, report)?;
            }
        }
        Ok(())
    }

    fn invitation(&self, of: Id, link: &Resource, invitation: &Invitation, report: Report<'_>) -> Result<(), Problem> {
        let verb = if invitation.invitee.is_some() { "dropbox revoke" } else { "org cancel-invite" };
        let mut tell = |kind: FindingKind, detail: String| {
            let mut finding = self.about(kind, link.id)?;
            finding.principal = invitation.invitee;
            finding.detail = format!("{} to {}{detail}", invitation.email, self.name(of)?);
            finding.fix = vec![format!("rolebook {verb} {} {}", typed(self.facts, of)?, link.reference())];
            report(finding)
        };
        let is_old = invitation.created < self.oldest_in_order(FindingKind::StaleInvitation);
        if (is_old || invitation.expires.is_none()) && !self.was_used(invitation)? {
            let detail = if invitation.expires.is_none() { ", without an end" } else { "" };
            tell(FindingKind::StaleInvitation, detail.to_owned())?;
        }
        if let Some(by) = invitation.by
            && !self.may_invite(by, of)?
        {
            tell(FindingKind::InvitationByAbsent, format!(", by {}", self.name(by)?))?;
        }
        if let Some(account) = self.account_of(&invitation.email)? {
            tell(FindingKind::InvitedAccount, format!(", who is {}", self.name(account)?))?;
        }
        Ok(())
    }

    /// Whether somebody submitted a package by the link.
    fn was_used(&self, invitation: &Invitation) -> Result<bool, Problem> {
        let Some(invitee) = invitation.invitee else { return Ok(false) };
        Ok(self.facts.first_binding(BindingQuery::OfAs(invitee, Role::PackageSender))?.is_some())
    }

    fn may_invite(&self, account: Id, on: Id) -> Result<bool, Problem> {
        let action = Action::Plain(Verb::Invite);
        Ok(decide(self.facts, &Question { principal: account, action, resource: on, at: self.at })?.allowed)
    }

    /// The account whose name or address this is.
    fn account_of(&self, address: &str) -> Result<Option<Id>, Problem> {
        let key = key(address);
        if let Some(named) = self.facts.id_named(Kind::Account, None, &key)? {
            return Ok(Some(named));
        }
        let mut found = None;
        self.facts.aliased(Kind::Account, &key, &mut |account| {
            found = Some(account.id);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }
}
