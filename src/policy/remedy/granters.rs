//! Who may make the changes of a remedy.

use std::ops::ControlFlow;

use super::{Missing, RemedyMethod, expired};
use crate::model::attributes::{Attributes, Item, Setting};
use crate::model::catalogue::Condition;
use crate::model::{Action, Id, Kind, Role, Verb};
use crate::policy::decide::{Question, decide_for};
use crate::policy::facts::{BindingQuery, Facts, Result};
use crate::policy::subject::{PrincipalKind, Subject};
use crate::policy::target::Target;

/// Maximum number of share holders that are considered.
const MAX_HOLDERS: usize = 1_000;

/// The accounts that may make every change of a remedy by a method: a few more than the `named` that are shown.
/// One of them may be the account that asks, such as the only admin of an organization who wants to leave it.
///
/// # Errors
/// When the facts cannot be read.
pub fn who_can_grant<F: Facts + ?Sized>(
    facts: &F,
    question: &Question,
    missing: &[Missing],
    method: RemedyMethod,
    named: usize,
) -> Result<Vec<Id>> {
    let Some(target) = Target::load(facts, question.resource)? else { return Ok(Vec::new()) };
    let subject = Subject::new(facts, question.principal, question.at)?;
    let mut able = Vec::new();
    for candidate in candidates(facts, missing, &target)? {
        if able.contains(&candidate) {
            continue;
        }
        let candidate = Subject::new(facts, candidate, question.at)?;
        // Groups do not run commands.
        let mut all = candidate.principal_kind == PrincipalKind::Account;
        for one in missing {
            all = all && can_provide(&candidate, &subject, *one, method)?;
        }
        if all {
            able.push(candidate.id);
            if able.len() > 2 * named {
                break;
            }
        }
    }
    Ok(able)
}

/// Candidates: the holders of roles that give rights over others, and the holders of the permissions to
/// be shared.
fn candidates<F: Facts + ?Sized>(facts: &F, missing: &[Missing], target: &Target) -> Result<Vec<Id>> {
    let mut found: Vec<Id> = Vec::new();
    let mut holders = |on: Id, roles: &[Role]| -> Result<()> {
        for role in roles {
            found.extend(
                facts.list_bindings(BindingQuery::OnAs(on, *role))?.into_iter().map(|binding| binding.principal),
            );
        }
        Ok(())
    };
    holders(Id::SERVER, &[Role::ServerAdmin, Role::ServerManager])?;
    for above in target.self_and_ancestors(facts)? {
        match above.kind() {
            Kind::Workgroup => holders(above.id, &[Role::WorkgroupAdmin])?,
            Kind::Dropbox => holders(above.id, &[Role::DropboxAdmin])?,
            Kind::Endpoint => holders(above.id, &[Role::EndpointAdministrator, Role::AccessManager])?,
            Kind::Org => holders(above.id, &[Role::OrgAdmin])?,
            Kind::Item => holders(above.id, &[Role::ItemOwner])?,
            _ => {}
        }
        if let Attributes::Item(Item { files_of: Some(workspace), .. }) = *above.attributes {
            holders(workspace, &[Role::WorkspaceManager])?;
            if let Some(org) = facts.header(workspace)?.and_then(|it| it.parent) {
                holders(org, &[Role::OrgAdmin])?;
            }
        }
    }
    for one in missing {
        let Missing::Share(set, item) = one else { continue };
        for above in facts.ancestors(*item)? {
            facts.bindings(BindingQuery::OnAs(above.id, Role::ItemShare), &mut |share| {
                if share.attributes.permissions.contains(*set) {
                    found.push(share.principal);
                }
                Ok(if found.len() > MAX_HOLDERS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })?;
        }
    }
    Ok(found)
}

/// Whether a candidate may make the change that provides what is missing.
fn can_provide<F: Facts + ?Sized>(
    candidate: &Subject<'_, F>,
    subject: &Subject<'_, F>,
    one: Missing,
    method: RemedyMethod,
) -> Result<bool> {
    let plain = Action::Plain;
    let facts = subject.facts();
    let is_group = subject.kind() == Some(Kind::Group);
    let (action, on) = match one {
        Missing::Share(set, item) => {
            let shares = decide_for(candidate, Action::Share(set), item)?.allowed;
            return Ok(match method {
                RemedyMethod::Own | RemedyMethod::Operator => shares,
                RemedyMethod::AdminShare => {
                    !shares && decide_for(candidate, plain(Verb::AdministerShares), item)?.allowed
                }
            });
        }
        Missing::ServerRole(role) => (Action::SetRole(role), subject.id),
        Missing::Role(role, on) if role.resource_kind() == Kind::Endpoint => {
            let managed = facts.resource(on)?.and_then(|it| it.as_endpoint().map(|it| it.managed));
            // An endpoint that is not managed must become managed first.
            (if managed == Some(false) { plain(Verb::Edit) } else { Action::Assign(role) }, on)
        }
        Missing::Role(role, on) if role.resource_kind() == Kind::Org => {
            let mut member = false;
            for level in Role::ORG {
                member = member || facts.held(on, level, subject.id)?.is_some();
            }
            (plain(if member { Verb::EditMember } else { Verb::Invite }), on)
        }
        Missing::Role(Role::DropboxOutside, on) => (plain(Verb::Invite), on),
        Missing::Role(role, on) if role.resource_kind() == Kind::Workspace => {
            let org = facts.header(on)?.and_then(|it| it.parent).unwrap_or(on);
            let mut member = false;
            for level in Role::ORG {
                member = member || facts.held(org, level, subject.id)?.is_some();
            }
            if member { (plain(Verb::AddMember), on) } else { (plain(Verb::Invite), org) }
        }
        Missing::Role(Role::WorkgroupAdmin | Role::DropboxAdmin, on) => (plain(Verb::AddAdmin), on),
        Missing::Role(role, on) if is_group && role != Role::GroupMember => (plain(Verb::AddGroup), on),
        Missing::Role(_, on) => (plain(Verb::AddMember), on),
        Missing::Setting(setting) => (Action::Set(setting), subject.id),
        Missing::Condition(Condition::AnotherAdmin, on) => (plain(Verb::EditMember), on),
        Missing::Files(workspace, endpoint) => {
            let org = facts.header(workspace)?.and_then(|it| it.parent).unwrap_or(workspace);
            return Ok(decide_for(candidate, plain(Verb::CreateWorkspace), org)?.allowed
                && decide_for(candidate, plain(Verb::Edit), endpoint)?.allowed);
        }
        Missing::RootUpload(on) => {
            let org = facts.resource(on)?.and_then(|it| it.parent);
            (plain(Verb::CreateWorkspace), org.unwrap_or(on))
        }
        Missing::Condition(_, Id::SERVER) => (plain(Verb::Configure), Id::SERVER),
        Missing::Owner(item) => {
            let endpoint = facts.ancestors(item)?.last().map_or(item, |outermost| outermost.id);
            (plain(Verb::Edit), endpoint)
        }
        Missing::Condition(_, on) | Missing::Managed(on) | Missing::NodeVersion(on) => (plain(Verb::Edit), on),
        Missing::Active(account) => (
            if expired(facts, account, subject.at)? { Action::Set(Setting::Expires) } else { plain(Verb::Activate) },
            account,
        ),
    };
    Ok(decide_for(candidate, action, on)?.allowed)
}
