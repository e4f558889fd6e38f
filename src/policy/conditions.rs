//! What a row of the catalogue may demand besides its holder, each condition in one place.

use std::ops::ControlFlow;

use super::decide::decide_for;
use super::facts::{Facts, Result};
use super::invariants;
use super::proof::Step;
use super::subject::Subject;
use super::target::Target;
use crate::model::attributes::{AdminRights, Attributes, EndpointKind, Sharing};
use crate::model::catalogue::Condition;
use crate::model::{Action, Id, Role, Verb};

/// Whether a condition is met, with the facts that say so.
pub(super) fn met<F: Facts + ?Sized>(
    subject: &Subject<'_, F>,
    condition: Condition,
    action: Action,
    target: &Target,
) -> Result<Option<Vec<Step>>> {
    let on = target.id;
    let flag =
        |name: &'static str, value: bool| value.then(|| vec![Step::Value { on, name, value: "true".to_owned() }]);
    Ok(match condition {
        Condition::TargetIsUser => {
            let binding = subject.facts().held(Id::SERVER, Role::ServerUser, on)?;
            binding.map(|binding| vec![Step::Role(binding)])
        }
        Condition::ValueIsUser => (action == Action::CreateAccount(Role::ServerUser)).then(Vec::new),
        Condition::ManagersAdministerDropboxes => {
            let value = subject.server()?.managers_administer_dropboxes;
            value.then(|| {
                vec![Step::Value { on: Id::SERVER, name: "managers-administer-dropboxes", value: "true".to_owned() }]
            })
        }
        Condition::PublicDirectory => {
            let private = subject.server()?.private_directory;
            (!private)
                .then(|| vec![Step::Value { on: Id::SERVER, name: "private-directory", value: "false".to_owned() }])
        }
        Condition::AdminsManageMembers => flag("admins-manage-members", rights(target).manage_members),
        Condition::AdminsCreateUsers => flag("admins-create-users", rights(target).create_users),
        Condition::AdminsManageGroups => flag("admins-manage-groups", rights(target).manage_groups),
        Condition::AdminsManageInvitations => match target.attributes() {
            Some(Attributes::Dropbox(dropbox)) => flag("admins-manage-invitations", dropbox.admins_manage_invitations),
            _ => None,
        },
        Condition::MembersInvite => match target.attributes() {
            Some(Attributes::Dropbox(dropbox)) => flag("members-invite", dropbox.members_invite),
            _ => None,
        },
        Condition::Send(policy) => match target.attributes() {
            Some(Attributes::Workgroup(workgroup)) if workgroup.send == policy => {
                Some(vec![Step::Value { on, name: "send", value: policy.word().to_owned() }])
            }
            _ => None,
        },
        Condition::Access(access) => match target.attributes() {
            Some(Attributes::Workgroup(workgroup)) if workgroup.member_access == access => {
                Some(vec![Step::Value { on, name: "member-access", value: access.word().to_owned() }])
            }
            _ => None,
        },
        Condition::PublicEndpoint | Condition::NotPrivateS3 => {
            let Some((on, endpoint)) = target.endpoint(subject.facts())? else { return Ok(None) };
            let holds =
                !endpoint.private || (condition == Condition::NotPrivateS3 && endpoint.kind != EndpointKind::S3);
            holds.then(|| vec![Step::Value { on, name: "private", value: endpoint.private.to_string() }])
        }
        Condition::SharingManaged | Condition::SharingDelegated => {
            let wanted = if condition == Condition::SharingManaged { Sharing::Managed } else { Sharing::Delegated };
            let Some((on, endpoint)) = target.endpoint(subject.facts())? else { return Ok(None) };
            (endpoint.kind.sharing() == wanted)
                .then(|| vec![Step::Value { on, name: "kind", value: endpoint.kind.word().to_owned() }])
        }
        Condition::MembersEditWorkspaces => subject
            .server()?
            .members_edit_workspaces
            .then(|| vec![Step::Value { on: Id::SERVER, name: "members-edit-workspaces", value: "true".to_owned() }]),
        // Every admin is a member too, and the last one stays.
        Condition::MembersMayLeave => {
            let may = subject.server()?.members_may_leave && subject.holds(Role::OrgAdmin, on)?.is_none();
            may.then(|| vec![Step::Value { on: Id::SERVER, name: "members-may-leave", value: "true".to_owned() }])
        }
        Condition::AnotherAdmin => {
            invariants::has_administrator(subject.facts(), on, Role::OrgAdmin, Some(subject.id), subject.at)?
                .then(Vec::new)
        }
        Condition::HasFiles => match target.attributes() {
            Some(Attributes::Workspace(workspace)) => match workspace.files {
                Some(folder) => {
                    let value = subject.facts().reference(folder)?;
                    Some(vec![Step::Value { on, name: "files", value }])
                }
                None => None,
            },
            _ => None,
        },
        Condition::MaySend => proof_of(subject, Verb::Send, on)?,
        Condition::MayView => proof_of(subject, Verb::View, on)?,
    })
}

fn proof_of<F: Facts + ?Sized>(subject: &Subject<'_, F>, verb: Verb, on: Id) -> Result<Option<Vec<Step>>> {
    let decision = decide_for(subject, Action::Plain(verb), on)?;
    // The row's own holder stands in the proof already.
    Ok(decision
        .allowed
        .then(|| decision.proof.into_iter().filter(|step| !matches!(step, Step::Account { .. })).collect()))
}

/// What the admins of a workgroup or dropbox may do; nothing for any other kind.
fn rights(target: &Target) -> AdminRights {
    match target.attributes() {
        Some(Attributes::Workgroup(it)) => it.admins,
        Some(Attributes::Dropbox(it)) => it.admins,
        _ => AdminRights::default(),
    }
}

/// Whether two accounts are effective members of one workgroup.
pub(super) fn shares_workgroup<F: Facts + ?Sized>(subject: &Subject<'_, F>, other: Id) -> Result<Option<Vec<Step>>> {
    let them = Subject::new(subject.facts(), other, subject.at)?;
    let mut found = None;
    subject.levels(&Role::WORKGROUP, &mut |binding| {
        if them.holds(Role::WorkgroupStandard, binding.resource)?.is_none() {
            return Ok(ControlFlow::Continue(()));
        }
        let mut steps = subject.way_to(binding.principal)?.unwrap_or_default();
        steps.push(Step::Role(binding.clone()));
        steps.push(Step::Shared { workgroup: binding.resource, with: other });
        found = Some(steps);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}
