//! The commands that are offered, as values: each can be written down as it is typed, and done on trial.

use crate::model::attributes::{AllowDeny, GroupVisibility, NodeVersion, OrgRole, Setting, SettingValue};
use crate::model::catalogue::Condition;
use crate::model::name::shell_quote;
use crate::model::secret::Secret;
use crate::model::time::Expiry;
use crate::model::{Id, Kind, Name, Path, Permissions, Reference, Role};
use crate::ops::{
    Actor, Result, Transaction, account, content, endpoint, invitation, membership, org_invitation, org_member, place,
    server, share, workspace, workspace_member,
};
use crate::policy::Facts;

/// One command.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// `account set-role`.
    ServerRole { who: Name, role: Role },
    /// `account set --SETTING allow`.
    Allow { who: Name, setting: Setting },
    /// `account set --expires never`.
    NeverExpires { who: Name },
    /// `account activate`.
    Activate { who: Name },
    /// `KIND add-member`.
    AddMember { kind: Kind, place: Name, who: Reference, level: Option<Role> },
    /// `KIND remove-member`.
    RemoveMember { kind: Kind, place: Name, who: Reference },
    /// `KIND activate-member`.
    ActivateMember { kind: Kind, place: Name, who: Reference },
    /// `KIND add-admin`.
    AddAdmin { kind: Kind, place: Name, who: Reference },
    /// `dropbox invite`.
    Invite { dropbox: Name, address: Name },
    /// `endpoint add-role`.
    AddRole { endpoint: Name, role: Role, who: Reference },
    /// `org invite`, which the account that is invited then accepts.
    InviteMember { org: Name, address: Name, role: OrgRole, workspace: Option<Name>, account: Id },
    /// `org set-role`.
    OrgRole { org: Name, who: Name, role: Role },
    /// `workspace add-member`.
    AddToWorkspace { org: Name, workspace: Name, who: Name, terms: workspace_member::Terms },
    /// `share grant`.
    Share { endpoint: Name, path: Path, who: Reference, set: Permissions, admin: bool },
    /// `content set --owner`.
    Own { endpoint: Name, path: Path, who: Name },
    /// `NOUN set`.
    Set(Box<Change>),
}

/// What an option of a `set` command changes.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// The option as it is typed.
    option: String,
    of: Of,
}

/// Whose attributes are changed, and to what.
#[derive(Clone, Debug)]
enum Of {
    Server(server::Options),
    Place(Kind, Name, place::Options),
    Endpoint(Name, endpoint::Options),
    Workspace(Name, Name, workspace::Options),
}

impl Step {
    /// Makes an endpoint a managed one.
    pub(super) fn managed(endpoint: Name) -> Step {
        let options = endpoint::Options { managed: Some(true), ..endpoint::Options::default() };
        set("--managed", Of::Endpoint(endpoint, options))
    }

    /// Says that a node has the software that holds custom sets.
    pub(super) fn custom_sets(endpoint: Name) -> Step {
        let version = NodeVersion::CUSTOM_SETS;
        let option = format!("--node-version {version}");
        let options = endpoint::Options { node_version: Some(Some(version)), ..endpoint::Options::default() };
        set(&option, Of::Endpoint(endpoint, options))
    }

    /// Allows the members of a workspace to upload straight into their home folders.
    pub(super) fn root_upload(org: Name, workspace: Name) -> Step {
        let options = workspace::Options { root_upload: Some(AllowDeny::Allow), ..workspace::Options::default() };
        set("--root-upload allow", Of::Workspace(org, workspace, options))
    }

    /// Puts the files of a workspace somewhere.
    pub(super) fn files(org: Name, workspace: Name, (endpoint, path): (Name, Path)) -> Step {
        let option = format!("--files {}", shell_quote(&format!("{endpoint}:{path}")));
        let options = workspace::Options { files: Some((endpoint, path)), ..workspace::Options::default() };
        set(&option, Of::Workspace(org, workspace, options))
    }

    /// Makes a condition hold; none where no option does. `on` is what has the option: the server for
    /// those of the server.
    pub(super) fn condition(condition: Condition, kind: Kind, on: Option<Name>) -> Option<Step> {
        let server = |option: &str, options| Some(set(option, Of::Server(options)));
        let place = |option: &str, options| Some(set(option, Of::Place(kind, on.clone()?, options)));
        let (of_server, of_place) = (server::Options::default(), place::Options::default());
        match condition {
            Condition::Send(policy) => {
                place(&format!("--send {}", policy.as_str()), place::Options { send: Some(policy), ..of_place })
            }
            Condition::Access(access) => place(
                &format!("--member-access {}", access.as_str()),
                place::Options { member_access: Some(access), ..of_place },
            ),
            Condition::VisibleGroup => {
                place("--visible everyone", place::Options { visible: Some(GroupVisibility::Everyone), ..of_place })
            }
            Condition::AdminsManageMembers => {
                place("--admins-manage-members", place::Options { admins_manage_members: Some(true), ..of_place })
            }
            Condition::AdminsCreateUsers => {
                place("--admins-create-users", place::Options { admins_create_users: Some(true), ..of_place })
            }
            Condition::AdminsManageGroups => {
                place("--admins-manage-groups", place::Options { admins_manage_groups: Some(true), ..of_place })
            }
            Condition::AdminsManageInvitations => place(
                "--admins-manage-invitations",
                place::Options { admins_manage_invitations: Some(true), ..of_place },
            ),
            Condition::MembersInvite => {
                place("--members-invite", place::Options { members_invite: Some(true), ..of_place })
            }
            Condition::ManagersAdministerDropboxes => server(
                "--managers-administer-dropboxes",
                server::Options { managers_administer_dropboxes: Some(true), ..of_server },
            ),
            Condition::PublicDirectory => {
                server("--private-directory=false", server::Options { private_directory: Some(false), ..of_server })
            }
            Condition::MembersEditWorkspaces => server(
                "--members-edit-workspaces",
                server::Options { members_edit_workspaces: Some(true), ..of_server },
            ),
            Condition::MembersMayLeave => {
                server("--members-may-leave", server::Options { members_may_leave: Some(true), ..of_server })
            }
            Condition::PublicEndpoint | Condition::NotPrivateS3 => {
                let options = endpoint::Options { private: Some(false), ..endpoint::Options::default() };
                Some(set("--private=false", Of::Endpoint(on?, options)))
            }
            Condition::TargetIsUser
            | Condition::ValueIsUser
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

    /// As it is typed.
    pub(super) fn command(&self) -> String {
        let shown = |name: &Name| shell_quote(name.as_written());
        let typed = |who: &Reference| match who {
            Reference::Named(Kind::Account, name) => shell_quote(name.as_written()),
            other => shell_quote(&other.to_string()),
        };
        let path = |endpoint: &Name, path: &Path| shell_quote(&format!("{endpoint}:{path}"));
        let line = match self {
            Step::ServerRole { who, role } => format!("account set-role {} {}", shown(who), role.as_str()),
            Step::Allow { who, setting } => format!("account set {} --{} allow", shown(who), setting.as_str()),
            Step::NeverExpires { who } => format!("account set {} --expires never", shown(who)),
            Step::Activate { who } => format!("account activate {}", shown(who)),
            Step::AddMember { kind, place, who, level } => {
                let level = level.map_or_else(String::new, |level| format!(" --level {}", level.as_str()));
                format!("{} add-member {} {}{level}", kind.command(), shown(place), typed(who))
            }
            Step::RemoveMember { kind, place, who } => {
                format!("{} remove-member {} {}", kind.command(), shown(place), typed(who))
            }
            Step::ActivateMember { kind, place, who } => {
                format!("{} activate-member {} {}", kind.command(), shown(place), typed(who))
            }
            Step::AddAdmin { kind, place, who } => {
                format!("{} add-admin {} {}", kind.command(), shown(place), typed(who))
            }
            Step::Invite { dropbox, address } => format!("dropbox invite {} {}", shown(dropbox), shown(address)),
            Step::AddRole { endpoint, role, who } => {
                format!("endpoint add-role {} {} {}", shown(endpoint), role.as_str(), typed(who))
            }
            Step::InviteMember { org, address, role, workspace, .. } => {
                let workspace =
                    workspace.as_ref().map_or_else(String::new, |name| format!(" --workspace {}", shown(name)));
                format!("org invite {} {} --role {}{workspace}", shown(org), shown(address), role.role().as_str())
            }
            Step::OrgRole { org, who, role } => format!("org set-role {} {} {}", shown(org), shown(who), role.as_str()),
            Step::AddToWorkspace { org, workspace, who, terms } => {
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
            Step::Share { endpoint, path: on, who, set, admin } => {
                let set = if set.is_custom() { set.to_string() } else { set.label().to_lowercase() };
                let admin = if *admin { " --admin" } else { "" };
                format!("share grant {} {} --permission {set}{admin}", path(endpoint, on), typed(who))
            }
            Step::Own { endpoint, path: on, who } => {
                format!("content set {} --owner {}", path(endpoint, on), shown(who))
            }
            Step::Set(change) => match &change.of {
                Of::Server(_) => format!("server set {}", change.option),
                Of::Place(kind, name, _) => format!("{} set {} {}", kind.command(), shown(name), change.option),
                Of::Endpoint(name, _) => format!("endpoint set {} {}", shown(name), change.option),
                Of::Workspace(org, name, _) => {
                    format!("workspace set {} {}", shell_quote(&format!("{org}/{name}")), change.option)
                }
            },
        };
        format!("rolebook {line}")
    }

    /// Does it: as the actor of the transaction would by typing it.
    ///
    /// # Errors
    /// Whatever the operation refuses.
    pub(super) fn run<F: Facts + ?Sized>(&self, tx: &mut Transaction<'_, F>) -> Result<()> {
        let one = std::slice::from_ref;
        match self {
            Step::ServerRole { who, role } => account::set_role(tx, who, *role),
            Step::Allow { who, setting } => {
                let settings = vec![(*setting, SettingValue::Allow)];
                account::change(tx, who, &account::Options { settings, ..account::Options::default() })
            }
            Step::NeverExpires { who } => {
                let expires = Some(Expiry::Never);
                account::change(tx, who, &account::Options { expires, ..account::Options::default() })
            }
            Step::Activate { who } => account::set_active(tx, who, true),
            Step::AddMember { kind, place, who, level } => membership::add(tx, *kind, place, one(who), *level),
            Step::RemoveMember { kind, place, who } => membership::remove(tx, *kind, place, one(who)),
            Step::ActivateMember { kind, place, who } => membership::set_active(tx, *kind, place, one(who), true),
            Step::AddAdmin { kind, place, who } => membership::set_admin(tx, *kind, place, one(who), true),
            Step::Invite { dropbox, address } => {
                invitation::invite(tx, dropbox, address, invitation::Life::default(), &secret()).map(drop)
            }
            Step::AddRole { endpoint, role, who } => endpoint::add_role(tx, endpoint, *role, one(who)),
            Step::InviteMember { org, address, role, workspace, account } => {
                let workspaces = workspace.iter().cloned().collect();
                let terms = org_invitation::Terms { role: *role, workspaces, expires: None };
                org_invitation::invite(tx, org, &terms, &[(address.clone(), secret())])?;
                let inviting = std::mem::replace(&mut tx.actor, Actor::Principal(*account));
                let accepted = org_invitation::accept(tx, org, &secret());
                tx.actor = inviting;
                accepted.map(drop).map_err(|refused| *refused.problem)
            }
            Step::OrgRole { org, who, role } => {
                org_member::set_role(tx, org, &Reference::Named(Kind::Account, who.clone()), *role)
            }
            Step::AddToWorkspace { org, workspace, who, terms } => {
                let who = Reference::Named(Kind::Account, who.clone());
                workspace_member::add(tx, org, workspace, &[who], terms)
            }
            Step::Share { endpoint, path, who, set, admin } => {
                let grant = share::Grant {
                    principals: vec![who.clone()],
                    permissions: *set,
                    expires: None,
                    admin: *admin,
                    class: None,
                };
                share::grant(tx, endpoint, path, &grant)
            }
            Step::Own { endpoint, path, who } => {
                let owner = Some(Some(Reference::Named(Kind::Account, who.clone())));
                content::set(tx, endpoint, path, &content::Said { owner, ..content::Said::default() })
            }
            Step::Set(change) => match &change.of {
                Of::Server(options) => server::set(tx, options),
                Of::Place(kind, name, options) => place::set(tx, *kind, name, options),
                Of::Endpoint(name, options) => endpoint::set(tx, name, options),
                Of::Workspace(org, name, options) => workspace::set(tx, org, name, options),
            },
        }
    }
}

fn set(option: &str, of: Of) -> Step {
    Step::Set(Box::new(Change { option: option.to_owned(), of }))
}

/// The secret of what is made on trial, and never committed.
fn secret() -> Secret {
    Secret::from_bytes(&[0; 32])
}
