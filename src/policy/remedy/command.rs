//! The command that mends a lack, as it can be typed.

use super::{Lack, expired};
use crate::model::catalogue::Condition;
use crate::model::name::quoted;
use crate::model::{Id, Kind, Role, Time};
use crate::policy::facts::{Facts, Result};

/// The command that mends a lack, as it can be typed.
///
/// # Errors
/// When the facts cannot be read.
pub fn command<F: Facts + ?Sized>(facts: &F, principal: Id, lack: Lack, at: Time) -> Result<String> {
    // A thing where its command takes it: by its bare name where that is enough.
    let thing = |id: Id| -> Result<String> {
        let reference = facts.reference(id)?;
        let bare = match facts.resource(id)?.map(|it| it.kind()) {
            None | Some(Kind::Item) => &reference,
            Some(_) => reference.split_once(':').map_or(reference.as_str(), |(_, bare)| bare),
        };
        Ok(quoted(bare))
    };
    // Somebody where accounts and groups can stand.
    let who = |id: Id| -> Result<String> {
        let reference = facts.reference(id)?;
        Ok(quoted(reference.strip_prefix("user:").unwrap_or(&reference)))
    };
    let noun = |id: Id| -> Result<&'static str> { Ok(facts.resource(id)?.map_or("server", |it| it.kind().command())) };
    Ok(match lack {
        Lack::ServerRole(role) => format!("rolebook account set-role {} {}", thing(principal)?, role.word()),
        Lack::Role(role, on) if role.on() == Kind::Endpoint => {
            format!("rolebook endpoint add-role {} {} {}", thing(on)?, role.word(), who(principal)?)
        }
        Lack::Role(role, on) if role.on() == Kind::Org => in_org(facts, principal, role, on, None)?,
        Lack::Role(role, on) if role.on() == Kind::Workspace => in_workspace(facts, principal, role, on)?,
        Lack::Role(Role::WorkgroupAdmin | Role::DropboxAdmin, on) => {
            let designate = format!("rolebook {} add-admin {} {}", noun(on)?, thing(on)?, who(principal)?);
            let levels: &[Role] = if noun(on)? == "dropbox" { &Role::DROPBOX } else { &Role::WORKGROUP };
            let mut member = false;
            for level in levels {
                member = member || facts.held(on, *level, principal)?.is_some();
            }
            if member {
                designate
            } else {
                format!("rolebook {} add-member {} {} && {designate}", noun(on)?, thing(on)?, who(principal)?)
            }
        }
        Lack::Role(role, on) => {
            let (noun, place, who) = (noun(on)?, thing(on)?, who(principal)?);
            let level = if role == Role::DropboxSubmitOnly { " --level submit-only" } else { "" };
            let add = format!("rolebook {noun} add-member {place} {who}{level}");
            match facts.held(on, role, principal)? {
                Some(binding) if binding.attributes.inactive => {
                    format!("rolebook {noun} activate-member {place} {who}")
                }
                // A level is not changed in place: the one held is given up first.
                None if role == Role::DropboxStandard
                    && facts.held(on, Role::DropboxSubmitOnly, principal)?.is_some() =>
                {
                    format!("rolebook {noun} remove-member {place} {who} && {add}")
                }
                _ => add,
            }
        }
        Lack::Setting(setting) => format!("rolebook account set {} --{} allow", thing(principal)?, setting.word()),
        Lack::Condition(Condition::AnotherAdmin, on) => format!("rolebook org set-role {} SOMEBODY admin", thing(on)?),
        Lack::Condition(condition, on) => {
            let option = option_of(condition);
            if on == Id::SERVER {
                format!("rolebook server set {option}")
            } else {
                format!("rolebook {} set {} {option}", noun(on)?, thing(on)?)
            }
        }
        Lack::Active(account) => {
            if expired(facts, account, at)? {
                format!("rolebook account set {} --expires never", thing(account)?)
            } else {
                format!("rolebook account activate {}", thing(account)?)
            }
        }
        Lack::Share(set, item) => {
            let word = if set.is_custom() { set.to_string() } else { set.label().to_lowercase() };
            format!("rolebook share grant {} {} --permission {word}", thing(item)?, who(principal)?)
        }
        Lack::Managed(endpoint) => format!("rolebook endpoint set {} --managed", thing(endpoint)?),
        Lack::RootUpload(workspace) => format!("rolebook workspace set {} --root-upload allow", thing(workspace)?),
    })
}

/// How an account gets a role in an organization: by an invitation, or as a member who has one.
fn in_org<F: Facts + ?Sized>(facts: &F, principal: Id, role: Role, org: Id, workspace: Option<&str>) -> Result<String> {
    let account = facts.resource(principal)?;
    let name = account.as_ref().map_or_else(|| principal.to_string(), |it| it.name.clone());
    let email = account.as_ref().and_then(|it| it.as_account()?.email.clone());
    let org_name = facts.resource(org)?.map_or_else(|| org.to_string(), |it| it.typed());
    let mut held = false;
    for role in Role::ORG {
        held = held || facts.held(org, role, principal)?.is_some();
    }
    let workspace = workspace.map_or_else(String::new, |it| format!(" --workspace {it}"));
    Ok(match email.or_else(|| name.contains('@').then(|| name.clone())) {
        Some(address) if !held => {
            format!("rolebook org invite {org_name} {} --role {}{workspace}", quoted(&address), role.word())
        }
        // Without an address nobody can be invited; the operator can add them outright.
        _ => format!("rolebook org set-role {org_name} {} {}", quoted(&name), role.word()),
    })
}

fn in_workspace<F: Facts + ?Sized>(facts: &F, principal: Id, role: Role, on: Id) -> Result<String> {
    let reference = facts.reference(on)?;
    let place = quoted(reference.strip_prefix("workspace:").unwrap_or(&reference));
    let who = facts.resource(principal)?.map_or_else(|| principal.to_string(), |it| it.typed());
    let level = if role == Role::WorkspaceManager { " --level manager" } else { "" };
    let add = format!("rolebook workspace add-member {place} {who}{level}");
    let Some(workspace) = facts.resource(on)? else { return Ok(add) };
    let Some(org) = workspace.parent else { return Ok(add) };
    for role in Role::ORG {
        if facts.held(org, role, principal)?.is_some() {
            return Ok(add);
        }
    }
    in_org(facts, principal, Role::OrgMember, org, Some(&workspace.typed()))
}

/// The option that makes a condition hold.
fn option_of(condition: Condition) -> String {
    match condition {
        Condition::Send(policy) => format!("--send {}", policy.word()),
        Condition::Access(access) => format!("--member-access {}", access.word()),
        Condition::ManagersAdministerDropboxes => "--managers-administer-dropboxes".to_owned(),
        Condition::PublicDirectory => "--private-directory=false".to_owned(),
        Condition::VisibleGroup => "--visible everyone".to_owned(),
        Condition::AdminsManageMembers => "--admins-manage-members".to_owned(),
        Condition::AdminsCreateUsers => "--admins-create-users".to_owned(),
        Condition::AdminsManageGroups => "--admins-manage-groups".to_owned(),
        Condition::AdminsManageInvitations => "--admins-manage-invitations".to_owned(),
        Condition::MembersInvite => "--members-invite".to_owned(),
        Condition::PublicEndpoint | Condition::NotPrivateS3 => "--private=false".to_owned(),
        Condition::MembersEditWorkspaces => "--members-edit-workspaces".to_owned(),
        Condition::MembersMayLeave => "--members-may-leave".to_owned(),
        Condition::HasFiles => "--files ENDPOINT:/folder".to_owned(),
        Condition::TargetIsUser
        | Condition::ValueIsUser
        | Condition::NotAnAdminsEnd
        | Condition::MaySend
        | Condition::MayView
        | Condition::SharingManaged
        | Condition::SharingDelegated
        | Condition::AnotherAdmin
        | Condition::ViewsWhereSubmitted => String::new(),
    }
}
