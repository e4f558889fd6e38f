//! The commands of remedies as values: each can be written as typed, and run in a trial.

use crate::model::attributes::{AllowDeny, GroupVisibility, NodeVersion, Setting, SettingValue};
use crate::model::catalogue::Condition;
use crate::model::name::shell_quote;
use crate::model::secret::Secret;
use crate::model::time::Expiry;
use crate::model::{Id, Kind, Name, Path, Permissions, Reference, Role};
use crate::ops::{
    Actor, Result, Transaction, account, content, endpoint, group, invitation, membership, org_invitation, org_member,
    server, share, workspace, workspace_member,
};

/// A command of a remedy.
#[derive(Clone, Debug)]
pub(super) enum RemedyCommand {
    /// `account set-role`.
    ServerRole { who: Name, role: Role },
    /// `account set --SETTING allow`.
    Allow { who: Name, setting: Setting },
    /// `account set --expires never`.
    NeverExpires { who: Name },
    /// `account activate`.
    Activate { who: Name },
    /// `KIND add-member`.
    AddMember { kind: Kind, group: Name, who: Reference, level: Option<Role> },
    /// `KIND remove-member`.
    RemoveMember { kind: Kind, group: Name, who: Reference },
    /// `KIND activate-member`.
    ActivateMember { kind: Kind, group: Name, who: Reference },
    /// `KIND add-admin`.
    AddAdmin { kind: Kind, group: Name, who: Reference },
    /// `dropbox invite`.
    Invite { dropbox: Name, address: Name },
    /// `endpoint add-role`.
    AddRole { endpoint: Name, role: Role, who: Reference },
    /// `org invite`; in a trial the invited account then accepts.
    InviteMember { org: Name, address: Name, role: Role, workspace: Option<Name>, account: Id },
    /// `org set-role`.
    OrgRole { org: Name, who: Name, role: Role },
    /// `workspace add-member`.
    AddToWorkspace { org: Name, workspace: Name, who: Name, terms: workspace_member::WorkspaceTerms },
    /// `share grant`.
    Share { endpoint: Name, path: Path, who: Reference, set: Permissions, admin: bool },
    /// `content set --owner`.
    SetOwner { endpoint: Name, path: Path, who: Name },
    /// `NOUN set`.
    Set(Box<SettingChange>),
}

/// A `set` command with one option.
#[derive(Clone, Debug)]
pub(super) struct SettingChange {
    /// The option as typed.
    option: String,
    /// The resource and its new settings.
    of: SettingTarget,
}

/// The resource that a `set` command changes, with the settings to change.
#[derive(Clone, Debug)]
enum SettingTarget {
    Server(server::ServerSettings),
    Group(Kind, Name, group::GroupSettings),
    Endpoint(Name, endpoint::EndpointSettings),
    Workspace(Name, Name, workspace::WorkspaceSettings),
}

impl RemedyCommand {
    /// Makes an endpoint managed.
    pub(super) fn managed(endpoint: Name) -> RemedyCommand {
        let options = endpoint::EndpointSettings { managed: Some(true), ..endpoint::EndpointSettings::default() };
        set("--managed", SettingTarget::Endpoint(endpoint, options))
    }

    /// Records a node software version that can hold custom sets of permissions.
    pub(super) fn custom_sets(endpoint: Name) -> RemedyCommand {
        let version = NodeVersion::CUSTOM_SETS;
        let option = format!("--node-version {version}");
        let options =
            endpoint::EndpointSettings { node_version: Some(Some(version)), ..endpoint::EndpointSettings::default() };
        set(&option, SettingTarget::Endpoint(endpoint, options))
    }

    /// Allows the members of a workspace to upload directly into their home folders.
    pub(super) fn root_upload(org: Name, workspace: Name) -> RemedyCommand {
        let options = workspace::WorkspaceSettings {
            root_upload: Some(AllowDeny::Allow),
            ..workspace::WorkspaceSettings::default()
        };
        set("--root-upload allow", SettingTarget::Workspace(org, workspace, options))
    }

    /// Gives a workspace a folder for its files.
    pub(super) fn files(org: Name, workspace: Name, (endpoint, path): (Name, Path)) -> RemedyCommand {
        let option = format!("--files {}", shell_quote(&format!("{endpoint}:{path}")));
        let options =
            workspace::WorkspaceSettings { files: Some((endpoint, path)), ..workspace::WorkspaceSettings::default() };
        set(&option, SettingTarget::Workspace(org, workspace, options))
    }

    /// Makes a condition hold; `None` if no option does. `kind` and `on` are the kind and the name of the resource that
    /// has the option; options of the server ignore both.
    pub(super) fn condition(condition: Condition, kind: Kind, on: Option<Name>) -> Option<RemedyCommand> {
        let server = |option: &str, options| Some(set(option, SettingTarget::Server(options)));
        let group = |option: &str, options| Some(set(option, SettingTarget::Group(kind, on.clone()?, options)));
        let (of_server, of_group) = (server::ServerSettings::default(), group::GroupSettings::default());
        match condition {
            Condition::Send(policy) => {
                group(&format!("--send {}", policy.as_str()), group::GroupSettings { send: Some(policy), ..of_group })
            }
            Condition::Access(access) => group(
                &format!("--member-access {}", access.as_str()),
                group::GroupSettings { member_access: Some(access), ..of_group },
            ),
            Condition::VisibleGroup => group(
                "--visible everyone",
                group::GroupSettings { visible: Some(GroupVisibility::Everyone), ..of_group },
            ),
            Condition::AdminsManageMembers => {
                group("--admins-manage-members", group::GroupSettings { admins_manage_members: Some(true), ..of_group })
            }
            Condition::AdminsCreateUsers => {
                group("--admins-create-users", group::GroupSettings { admins_create_users: Some(true), ..of_group })
            }
            Condition::AdminsManageGroups => {
                group("--admins-manage-groups", group::GroupSettings { admins_manage_groups: Some(true), ..of_group })
            }
            Condition::AdminsManageInvitations => group(
                "--admins-manage-invitations",
                group::GroupSettings { admins_manage_invitations: Some(true), ..of_group },
            ),
            Condition::MembersInvite => {
                group("--members-invite", group::GroupSettings { members_invite: Some(true), ..of_group })
            }
            Condition::ManagersAdministerDropboxes => server(
                "--managers-administer-dropboxes",
                server::ServerSettings { managers_administer_dropboxes: Some(true), ..of_server },
            ),
            Condition::PublicDirectory => server(
                "--private-directory=false",
                server::ServerSettings { private_directory: Some(false), ..of_server },
            ),
            Condition::MembersEditWorkspaces => server(
                "--members-edit-workspaces",
                server::ServerSettings { members_edit_workspaces: Some(true), ..of_server },
            ),
            Condition::MembersMayLeave => {
                server("--members-may-leave", server::ServerSettings { members_may_leave: Some(true), ..of_server })
            }
            Condition::PublicEndpoint | Condition::NotPrivateS3 => {
                let options =
                    endpoint::EndpointSettings { private: Some(false), ..endpoint::EndpointSettings::default() };
                Some(set("--private=false", SettingTarget::Endpoint(on?, options)))
            }
            Condition::TargetRole(_)
            | Condition::ValueRole(_)
            | Condition::NotAnAdminsEnd
            | Condition::MaySend
            | Condition::MayView
            | Condition::SharingManaged
            | Condition::SharingDelegated
            | Condition::AnotherAdmin
            | Condition::ViewsWhereSubmitted
            | Condition::HasFiles => None,
        }
    }

    /// The command line as typed.
    pub(super) fn command(&self) -> String {
        let shown = |name: &Name| shell_quote(name.as_written());
        let typed = |who: &Reference| match who {
            Reference::Named(Kind::Account, name) => shell_quote(name.as_written()),
            other => shell_quote(&other.to_string()),
        };
        let path = |endpoint: &Name, path: &Path| shell_quote(&format!("{endpoint}:{path}"));
        let line = match self {
            RemedyCommand::ServerRole { who, role } => format!("account set-role {} {}", shown(who), role.as_str()),
            RemedyCommand::Allow { who, setting } => format!("account set {} --{} allow", shown(who), setting.as_str()),
            RemedyCommand::NeverExpires { who } => format!("account set {} --expires never", shown(who)),
            RemedyCommand::Activate { who } => format!("account activate {}", shown(who)),
            RemedyCommand::AddMember { kind, group, who, level } => {
                let level = level.map_or_else(String::new, |level| format!(" --level {}", level.as_str()));
                format!("{} add-member {} {}{level}", kind.command(), shown(group), typed(who))
            }
            RemedyCommand::RemoveMember { kind, group, who } => {
                format!("{} remove-member {} {}", kind.command(), shown(group), typed(who))
            }
            RemedyCommand::ActivateMember { kind, group, who } => {
                format!("{} activate-member {} {}", kind.command(), shown(group), typed(who))
            }
            RemedyCommand::AddAdmin { kind, group, who } => {
                format!("{} add-admin {} {}", kind.command(), shown(group), typed(who))
            }
            RemedyCommand::Invite { dropbox, address } => {
                format!("dropbox invite {} {}", shown(dropbox), shown(address))
            }
            RemedyCommand::AddRole { endpoint, role, who } => {
                format!("endpoint add-role {} {} {}", shown(endpoint), role.as_str(), typed(who))
            }
            RemedyCommand::InviteMember { org, address, role, workspace, .. } => {
                let workspace =
                    workspace.as_ref().map_or_else(String::new, |name| format!(" --workspace {}", shown(name)));
                format!("org invite {} {} --role {}{workspace}", shown(org), shown(address), role.as_str())
            }
            RemedyCommand::OrgRole { org, who, role } => {
                format!("org set-role {} {} {}", shown(org), shown(who), role.as_str())
            }
            RemedyCommand::AddToWorkspace { org, workspace, who, terms } => {
                let mut line =
                    format!("workspace add-member {} {}", shell_quote(&format!("{org}/{workspace}")), shown(who));
                if let Some(level) = terms.level.filter(|level| *level != Role::WorkspaceMember) {
                    line.push_str(&format!(" --level {}", level.as_str()));
                }
                if let Some(Some(switch)) = terms.root_upload {
                    line.push_str(&format!(" --root-upload {}", switch.as_str()));
                }
                line
            }
            RemedyCommand::Share { endpoint, path: on, who, set, admin } => {
                let admin = if *admin { " --admin" } else { "" };
                format!("share grant {} {} --permission {}{admin}", path(endpoint, on), typed(who), set.typed())
            }
            RemedyCommand::SetOwner { endpoint, path: on, who } => {
                format!("content set {} --owner {}", path(endpoint, on), shown(who))
            }
            RemedyCommand::Set(change) => match &change.of {
                SettingTarget::Server(_) => format!("server set {}", change.option),
                SettingTarget::Group(kind, name, _) => {
                    format!("{} set {} {}", kind.command(), shown(name), change.option)
                }
                SettingTarget::Endpoint(name, _) => format!("endpoint set {} {}", shown(name), change.option),
                SettingTarget::Workspace(org, name, _) => {
                    format!("workspace set {} {}", shell_quote(&format!("{org}/{name}")), change.option)
                }
            },
        };
        format!("rolebook {line}")
    }

    /// Runs the command in a transaction, as its actor.
    ///
    /// # Errors
    /// Those of the operation.
    pub(super) fn run(&self, tx: &mut Transaction<'_>) -> Result<()> {
        let one = std::slice::from_ref;
        match self {
            RemedyCommand::ServerRole { who, role } => account::set_role(tx, who, *role),
            RemedyCommand::Allow { who, setting } => {
                let settings = vec![(*setting, SettingValue::Allow)];
                account::change(tx, who, &account::AccountSettings { settings, ..account::AccountSettings::default() })
            }
            RemedyCommand::NeverExpires { who } => {
                let expires = Some(Expiry::Never);
                account::change(tx, who, &account::AccountSettings { expires, ..account::AccountSettings::default() })
            }
            RemedyCommand::Activate { who } => account::set_active(tx, who, true),
            RemedyCommand::AddMember { kind, group, who, level } => membership::add(tx, *kind, group, one(who), *level),
            RemedyCommand::RemoveMember { kind, group, who } => membership::remove(tx, *kind, group, one(who)),
            RemedyCommand::ActivateMember { kind, group, who } => {
                membership::set_active(tx, *kind, group, one(who), true)
            }
            RemedyCommand::AddAdmin { kind, group, who } => membership::set_admin(tx, *kind, group, one(who), true),
            RemedyCommand::Invite { dropbox, address } => {
                invitation::invite(tx, dropbox, address, invitation::LinkTerms::default(), &secret()).map(drop)
            }
            RemedyCommand::AddRole { endpoint, role, who } => endpoint::add_role(tx, endpoint, *role, one(who)),
            RemedyCommand::InviteMember { org, address, role, workspace, account } => {
                let workspaces = workspace.iter().cloned().collect();
                let terms = org_invitation::InvitationTerms { role: *role, workspaces, expires: None };
                org_invitation::invite(tx, org, &terms, &[(address.clone(), secret())])?;
                let inviting = std::mem::replace(&mut tx.actor, Actor::Principal(*account));
                let accepted = org_invitation::accept(tx, org, &secret());
                tx.actor = inviting;
                accepted.map(drop).map_err(|refused| *refused.problem)
            }
            RemedyCommand::OrgRole { org, who, role } => {
                org_member::set_role(tx, org, &Reference::Named(Kind::Account, who.clone()), *role)
            }
            RemedyCommand::AddToWorkspace { org, workspace, who, terms } => {
                let who = Reference::Named(Kind::Account, who.clone());
                workspace_member::add(tx, org, workspace, &[who], terms)
            }
            RemedyCommand::Share { endpoint, path, who, set, admin } => {
                let grant = share::NewShare {
                    principals: vec![who.clone()],
                    permissions: *set,
                    expires: None,
                    admin: *admin,
                    class: None,
                };
                share::grant(tx, endpoint, path, &grant)
            }
            RemedyCommand::SetOwner { endpoint, path, who } => {
                let owner = Some(Some(Reference::Named(Kind::Account, who.clone())));
                content::set(tx, endpoint, path, &content::ItemSettings { owner, ..content::ItemSettings::default() })
            }
            RemedyCommand::Set(change) => match &change.of {
                SettingTarget::Server(options) => server::set(tx, options),
                SettingTarget::Group(kind, name, options) => group::set(tx, *kind, name, options),
                SettingTarget::Endpoint(name, options) => endpoint::set(tx, name, options),
                SettingTarget::Workspace(org, name, options) => workspace::set(tx, org, name, options),
            },
        }
    }
}

fn set(option: &str, of: SettingTarget) -> RemedyCommand {
    RemedyCommand::Set(Box::new(SettingChange { option: option.to_owned(), of }))
}

/// The secret of links and invitations in a trial, which is never committed.
fn secret() -> Secret {
    Secret::from_bytes(&[0; 32])
}
