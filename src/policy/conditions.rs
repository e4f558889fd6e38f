//! Evaluation of the catalogue's [`Condition`]s: what must hold in addition to the grantee for a grant to apply.

use std::ops::ControlFlow;

use super::decide::{Decision, evaluate_for};
use super::facts::{BindingQuery, Facts, Result};
use super::invariants;
use super::proof::{Evidence, ProofStep};
use super::subject::Subject;
use super::target::Target;
use crate::model::attributes::{AdminRights, Attributes, EndpointKind, GroupVisibility, Setting, Sharing};
use crate::model::catalogue::Condition;
use crate::model::{Action, Id, Kind, Role, Verb};

/// Evidence that a condition is met; `None` if it is not.
pub(super) fn condition_holds<F: Facts + ?Sized, E: Evidence>(
    subject: &Subject<'_, F>,
    condition: Condition,
    action: Action,
    target: &Target,
) -> Result<Option<E>> {
    let on = target.id;
    let value = |on, name, value: &str| Some(E::of(|| ProofStep::Value { on, name, value: value.to_owned() }));
    let flag = |name, holds: bool| if holds { value(on, name, "true") } else { None };
    let of_server = |name, holds: bool| if holds { value(Id::SERVER, name, "true") } else { None };
    Ok(match condition {
        Condition::TargetRole(roles) => {
            let mut held = None;
            for role in roles {
                held = held.or(subject.facts().held(Id::SERVER, *role, on)?);
            }
            held.map(|binding| E::of(|| ProofStep::Role(binding)))
        }
        Condition::ValueRole(roles) => action.role().filter(|role| roles.contains(role)).map(|_| E::default()),
        // An admin account is always active and never expires (docs/model.md#accounts).
        Condition::NotAnAdminsEnd => {
            let ends = matches!(action, Action::Plain(Verb::Deactivate) | Action::Set(Setting::Expires));
            let is_admin = ends && subject.facts().held(Id::SERVER, Role::ServerAdmin, on)?.is_some();
            (!is_admin).then(E::default)
        }
        Condition::ManagersAdministerDropboxes => {
            of_server("managers-administer-dropboxes", subject.server()?.managers_administer_dropboxes)
        }
        Condition::PublicDirectory => {
            let private = subject.server()?.private_directory;
            if private { None } else { value(Id::SERVER, "private-directory", "false") }
        }
        Condition::VisibleGroup => {
            let Attributes::Group(group) = target.attributes() else { return Ok(None) };
            match group.visible {
                GroupVisibility::Default if subject.server()?.private_directory => None,
                GroupVisibility::Default => value(Id::SERVER, "private-directory", "false"),
                GroupVisibility::Everyone => value(on, "visible", "everyone"),
                GroupVisibility::Members => None,
            }
        }
        Condition::AdminsManageMembers => flag("admins-manage-members", admin_rights(target).manage_members),
        Condition::AdminsCreateUsers => flag("admins-create-users", admin_rights(target).create_users),
        Condition::AdminsManageGroups => flag("admins-manage-groups", admin_rights(target).manage_groups),
        Condition::AdminsManageInvitations => match target.attributes() {
            Attributes::Dropbox(dropbox) => flag("admins-manage-invitations", dropbox.admins_manage_invitations),
            _ => None,
        },
        Condition::MembersInvite => match target.attributes() {
            Attributes::Dropbox(dropbox) => flag("members-invite", dropbox.members_invite),
            _ => None,
        },
        Condition::Send(policy) => match target.attributes() {
            Attributes::Workgroup(workgroup) if workgroup.send == policy => value(on, "send", policy.as_str()),
            _ => None,
        },
        Condition::Access(access) => match target.attributes() {
            Attributes::Workgroup(workgroup) if workgroup.member_access == access => {
                value(on, "member-access", access.as_str())
            }
            _ => None,
        },
        Condition::PublicEndpoint | Condition::NotPrivateS3 => {
            let Some((on, endpoint)) = target.endpoint(subject.facts())? else { return Ok(None) };
            let holds =
                !endpoint.private || (condition == Condition::NotPrivateS3 && endpoint.kind != EndpointKind::S3);
            if holds { value(on, "private", if endpoint.private { "true" } else { "false" }) } else { None }
        }
        Condition::SharingManaged | Condition::SharingDelegated => {
            let required = if condition == Condition::SharingManaged { Sharing::Managed } else { Sharing::Delegated };
            if target.sharing(subject.facts())? != Some(required) {
                return Ok(None);
            }
            let Some((on, endpoint)) = target.endpoint(subject.facts())? else { return Ok(None) };
            value(on, "kind", endpoint.kind.as_str())
        }
        Condition::MembersEditWorkspaces => {
            of_server("members-edit-workspaces", subject.server()?.members_edit_workspaces)
        }
        // An admin is a member too, but leaves under the rule for admins, which keeps the last one.
        Condition::MembersMayLeave => {
            let may = subject.server()?.members_may_leave && !subject.holds(Role::OrgAdmin, on)?;
            of_server("members-may-leave", may)
        }
        Condition::AnotherAdmin => {
            invariants::has_administrator(subject.facts(), on, Role::OrgAdmin, Some(subject.id), subject.at)?
                .then(E::default)
        }
        Condition::HasFiles => match target.attributes() {
            Attributes::Workspace(workspace) => match workspace.files {
                // told: the code that shows a proof asks about the folder.
                Some(folder) if E::RECORDS => value(on, "files", &subject.facts().reference(folder)?),
                Some(_) => Some(E::default()),
                None => None,
            },
            _ => None,
        },
        Condition::ViewsWhereSubmitted => {
            let mut all = E::default();
            for dropbox in submitted_to(subject.facts(), on)? {
                match proof_of::<F, E>(subject, Verb::ViewPackages, dropbox)? {
                    Some(steps) => all.join(steps),
                    None => return Ok(None),
                }
            }
            Some(all)
        }
        Condition::MaySend | Condition::MayView => match condition.required_verb() {
            Some(verb) => proof_of(subject, verb, on)?,
            None => None,
        },
    })
}

/// The dropboxes that a package went to.
pub(super) fn submitted_to<F: Facts + ?Sized>(facts: &F, package: Id) -> Result<Vec<Id>> {
    let mut dropboxes = Vec::new();
    for binding in facts.list_bindings(BindingQuery::OnAs(package, Role::PackageRecipient))? {
        if facts.header(binding.principal)?.is_some_and(|it| it.kind() == Kind::Dropbox) {
            dropboxes.push(binding.principal);
        }
    }
    Ok(dropboxes)
}

fn proof_of<F: Facts + ?Sized, E: Evidence>(subject: &Subject<'_, F>, verb: Verb, on: Id) -> Result<Option<E>> {
    let decision: Decision<E> = evaluate_for(subject, Action::Plain(verb), on)?;
    // The grantee of the outer row is in the proof already.
    Ok(decision.allowed.then(|| decision.proof.without(&|step| matches!(step, ProofStep::Account { .. }))))
}

/// The rights of the admins of a workgroup or dropbox; none for any other kind.
fn admin_rights(target: &Target) -> AdminRights {
    match target.attributes() {
        Attributes::Workgroup(it) => it.admins,
        Attributes::Dropbox(it) => it.admins,
        _ => AdminRights::default(),
    }
}

/// Evidence that two accounts are effective members of the same workgroup.
pub(super) fn shares_workgroup<F: Facts + ?Sized, E: Evidence>(
    subject: &Subject<'_, F>,
    other: Id,
) -> Result<Option<E>> {
    let them = Subject::new(subject.facts(), other, subject.at)?;
    let mut found = None;
    subject.each_level(&Role::WORKGROUP, &mut |binding| {
        if !them.holds(Role::WorkgroupStandard, binding.resource)? {
            return Ok(ControlFlow::Continue(()));
        }
        let mut steps: E = subject.path_to(binding.principal)?.unwrap_or_default();
        steps.add(|| ProofStep::Role(binding.clone()));
        steps.add(|| ProofStep::Shared { workgroup: binding.resource, with: other });
        found = Some(steps);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}
