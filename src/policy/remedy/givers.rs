//! Who can bring about what would turn a denial into an allowance.

use std::ops::ControlFlow;

use super::{Lack, MOST_NAMED, expired};
use crate::model::attributes::{Attributes, Item, Setting};
use crate::model::catalogue::Condition;
use crate::model::{Action, Id, Kind, Role, Verb};
use crate::policy::decide::decide_for;
use crate::policy::facts::{Facts, Result, Select};
use crate::policy::subject::Subject;
use crate::policy::target::Target;

/// Who may make every change of a remedy: accounts, and groups as they stand.
pub(super) fn who_may<F: Facts + ?Sized>(subject: &Subject<'_, F>, lacks: &[Lack], target: &Target) -> Result<Vec<Id>> {
    let mut able = Vec::new();
    for candidate in candidates(subject.facts(), lacks, target)? {
        if candidate == subject.id || able.contains(&candidate) {
            continue;
        }
        let candidate = Subject::new(subject.facts(), candidate, subject.at)?;
        let mut all = true;
        for lack in lacks {
            all = all && mends(&candidate, subject, *lack)?;
        }
        if all {
            able.push(candidate.id);
            if able.len() > MOST_NAMED {
                break;
            }
        }
    }
    Ok(able)
}

/// Who might be able to: whoever holds a role that gives rights over others, and whoever holds what
/// is to be shared.
fn candidates<F: Facts + ?Sized>(facts: &F, lacks: &[Lack], target: &Target) -> Result<Vec<Id>> {
    let mut found: Vec<Id> = Vec::new();
    let mut holders = |on: Id, roles: &[Role]| -> Result<()> {
        for role in roles {
            found.extend(facts.list(Select::OnAs(on, *role))?.into_iter().map(|binding| binding.principal));
        }
        Ok(())
    };
    holders(Id::SERVER, &[Role::ServerAdmin, Role::ServerManager])?;
    for above in target.line(facts)? {
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
            if let Some(org) = facts.outline(workspace)?.and_then(|it| it.parent) {
                holders(org, &[Role::OrgAdmin])?;
            }
        }
    }
    for lack in lacks {
        let Lack::Share(set, item) = lack else { continue };
        for above in facts.lineage(*item)? {
            facts.bindings(Select::OnAs(above.id, Role::ItemShare), &mut |share| {
                if share.attributes.permissions.contains(*set) {
                    found.push(share.principal);
                }
                Ok(if found.len() > 50 * MOST_NAMED { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })?;
        }
    }
    Ok(found)
}

/// Whether a candidate may make the change that mends a lack.
fn mends<F: Facts + ?Sized>(candidate: &Subject<'_, F>, subject: &Subject<'_, F>, lack: Lack) -> Result<bool> {
    let plain = Action::Plain;
    let facts = subject.facts();
    let is_group = subject.kind() == Some(Kind::Group);
    let (action, on) = match lack {
        Lack::Share(set, item) => {
            let shares = decide_for(candidate, Action::Share(set), item)?.allowed;
            return Ok(shares || decide_for(candidate, plain(Verb::AdministerShares), item)?.allowed);
        }
        Lack::ServerRole(role) => (Action::SetRole(role), subject.id),
        Lack::Role(role, on) if role.on() == Kind::Endpoint => (Action::Assign(role), on),
        Lack::Role(role, on) if role.on() == Kind::Org => {
            let member = facts.held(on, Role::OrgMember, subject.id)?.is_some();
            (plain(if member { Verb::EditMember } else { Verb::Invite }), on)
        }
        Lack::Role(Role::WorkgroupAdmin | Role::DropboxAdmin, on) => (plain(Verb::AddAdmin), on),
        Lack::Role(role, on) if is_group && role != Role::GroupMember => (plain(Verb::AddGroup), on),
        Lack::Role(_, on) => (plain(Verb::AddMember), on),
        Lack::Setting(setting) => (Action::Set(setting), subject.id),
        Lack::Condition(Condition::AnotherAdmin, on) => (plain(Verb::EditMember), on),
        Lack::Condition(Condition::HasFiles, on) | Lack::RootUpload(on) => {
            let org = facts.resource(on)?.and_then(|it| it.parent);
            (plain(Verb::CreateWorkspace), org.unwrap_or(on))
        }
        Lack::Condition(_, Id::SERVER) => (plain(Verb::Configure), Id::SERVER),
        Lack::Condition(_, on) | Lack::Managed(on) => (plain(Verb::Edit), on),
        Lack::Active(account) => (
            if expired(facts, account, subject.at)? { Action::Set(Setting::Expires) } else { plain(Verb::Activate) },
            account,
        ),
    };
    Ok(decide_for(candidate, action, on)?.allowed)
}
