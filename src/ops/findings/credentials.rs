//! Findings about access tokens and signing keys.

use super::{FindingSearch, Report};
use crate::model::attributes::LinkStatus;
use crate::model::catalogue::findings::FindingKind;
use crate::model::{Attributes, Id, Kind, Problem, Resource, Role, Time};

impl FindingSearch<'_> {
    pub(super) fn credentials(&self, report: Report<'_>) -> Result<(), Problem> {
        if !self.wants_any(&[FindingKind::TokenOfFormerAdmin, FindingKind::OldCredential]) {
            return Ok(());
        }
        for org in self.facts.ids(Kind::Org, None)? {
            self.keys_in(org, report)?;
            for workspace in self.facts.ids(Kind::Workspace, Some(org))? {
                self.keys_in(workspace, report)?;
                for token in self.facts.ids(Kind::AccessToken, Some(workspace))? {
                    if let Some(token) = self.facts.resource(token)? {
                        self.token(org, &token, report)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn keys_in(&self, parent: Id, report: Report<'_>) -> Result<(), Problem> {
        for id in self.facts.ids(Kind::SigningKey, Some(parent))? {
            let Some(key) = self.facts.resource(id)? else { continue };
            let Attributes::SigningKey(it) = &key.attributes else { continue };
            if self.is_old(it.created) {
                let mut finding = self.about(FindingKind::OldCredential, id)?;
                finding.detail = format!("made {}", it.created);
                finding.fix = vec![format!("rolebook signing-key delete {id}")];
                report(finding)?;
            }
        }
        Ok(())
    }

    fn token(&self, org: Id, token: &Resource, report: Report<'_>) -> Result<(), Problem> {
        let Some(it) = token.as_token().filter(|it| it.status(self.at) == LinkStatus::Active) else { return Ok(()) };
        let fix = vec![format!("rolebook access-token revoke {}", token.id)];
        if let Some(by) = it.by
            && !(self.is_active(by)? && self.facts.held(org, Role::OrgAdmin, by)?.is_some())
        {
            let mut finding = self.about(FindingKind::TokenOfFormerAdmin, token.id)?;
            finding.principal = Some(by);
            finding.detail = format!("made by {}", self.name(by)?);
            finding.fix.clone_from(&fix);
            report(finding)?;
        }
        if self.is_old(it.created) || it.expires.is_none() {
            let mut finding = self.about(FindingKind::OldCredential, token.id)?;
            let end = if it.expires.is_none() { ", without an end" } else { "" };
            finding.detail = format!("made {}{end}", it.created);
            finding.fix = fix;
            report(finding)?;
        }
        Ok(())
    }

    fn is_old(&self, created: Time) -> bool {
        created < self.oldest_in_order(FindingKind::OldCredential)
    }
}
