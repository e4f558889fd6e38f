//! The rows of the server, accounts and groups (seed 000).

use super::*;
use Grantee::{Account as Everyone, Role as Held};
use Kind::{Account, Group, Server};

const ADMIN_SERVER: &str = "seed 000: Admins can configure Faspex from the Server tab.";
pub(super) const ADMIN_ACCOUNTS: &str = "seed 000: They can create, edit, and delete every type of Faspex user (admins, managers, and regular users) as well as create, edit, or delete workgroups.";
const ADMIN_ROLES: &str = "seed 000: Admins assign user roles to an account when creating a new account or when configuring an account's permissions.";
pub(super) const MANAGER_GRANTS: &str = "seed 000: Managers can create, edit, or delete workgroups and regular users.";
const MANAGER_LIMITS: &str = "seed 000: However, they cannot create new managers, edit admin accounts, or promote another user to admin or manager roles.";
const MANAGER_SERVER: &str = "seed 000: Managers do not have access to the Server tab, nor can they change the Faspex server configuration (a privilege limited to admins).";
const USERS_SEND: &str = "seed 000: All users can send packages through Faspex.";
pub(super) const USERS_MANAGE: &str = "seed 000: Normal users typically do not manage other users or workgroups.";
pub(super) const SETTINGS: &str =
    "seed 000: An IBM Aspera Faspex user's permissions are defined by its specific user settings and its user role.";
pub(super) const WORKGROUP_ADMIN: &str = "seed 000: Workgroup admins manage specific workgroups according to the permissions set for that role in that workgroup.";
pub(super) const MEMBER_ACCESS: &str = "seed 004: Permissions can also be set to determine whether members can see other Workgroup members and send them packages individually.";
pub(super) const DROPBOX_CREATED: &str =
    "seed 004: They are both created and configured in the Workgroups tab of the main navigation menu.";

const MEMBERS_VIEW: &str = "decision: who is in a group is viewed by its members, server admins and managers, and admins of workgroups who manage groups";
const GROUPS_MANAGED: &str = "decision: admins and managers create, edit and delete groups as they do workgroups";

pub(super) const ADMINS_DO_NOT_END: Rule =
    rule("account.admins-do-not-end", "product: admin accounts do not expire and are always active");
pub(super) const SETTING: Rule = rule("account.settings", SETTINGS);
pub(super) const SEND_NORMAL: Rule = rule(
    "account.send-normal",
    "product: an account that may not send normal packages sends only to dropboxes it belongs to",
);
pub(super) const SEND_TO_ALL: Rule = rule(
    "account.send-to-all-users",
    "product: an account that may not send to all users sends only to people and workgroups it shares a workgroup with, and to its dropboxes",
);

#[rustfmt::skip]
pub(super) const GRANTS: &[Grant] = &[
    // Server.
    grant(Everyone, Server, &[Send, SendExternal, Forward], None, rule("server.users-send", USERS_SEND)),
    grant(Everyone, Server, &[CreateEndpoint, CreateOrg], None, rule("server.users-create", "decision: every active account may create endpoints and organizations, and then administers them")),
    grant(Held(Role::ServerManager), Server, &[CreateAccount], Some(Condition::ValueRole(&[Role::ServerUser])), rule("account.managers-manage-users", MANAGER_GRANTS)),
    grant(Held(Role::ServerManager), Server, &[CreateWorkgroup, CreateGroup], None, rule("workgroup.managers-manage", MANAGER_GRANTS)),
    grant(Held(Role::ServerManager), Server, &[CreateDropbox], Some(Condition::ManagersAdministerDropboxes), rule("dropbox.managers-manage", DROPBOX_CREATED)),
    grant(Held(Role::ServerAdmin), Server, &[View, Configure, ViewLog], None, rule("server.admins-configure", ADMIN_SERVER)),
    grant(Held(Role::ServerAdmin), Server, &[CreateAccount], None, rule("account.admins-manage", ADMIN_ACCOUNTS)),
    grant(Held(Role::ServerAdmin), Server, &[CreateWorkgroup, CreateGroup], None, rule("workgroup.admins-manage", ADMIN_ACCOUNTS)),
    grant(Held(Role::ServerAdmin), Server, &[CreateDropbox], None, rule("dropbox.admins-manage", DROPBOX_CREATED)),
    // Accounts.
    grant(Grantee::Itself, Account, &[View, Edit], None, rule("account.own-details", "decision: anyone may edit their own display name and e-mail, never their own role, expiry or settings")),
    grant(Everyone, Account, &[View], Some(Condition::PublicDirectory), rule("account.directory", "product: everyone may view accounts unless the directory is private")),
    grant(Everyone, Account, &[SendTo], Some(Condition::MayView), rule("account.users-send", USERS_SEND)),
    grant(Grantee::FellowMember, Account, &[View], None, rule("account.fellow-members", MEMBER_ACCESS)),
    grant(Grantee::SomeAdmin, Account, &[View], None, rule("account.workgroup-admins-view", "product: workgroup admins see the whole directory, also a private one")),
    grant(Held(Role::ServerManager), Account, &[View], None, rule("account.managers-view", "seed 000: The manager role gives a user permissions to manage other Faspex accounts.")),
    grant(Held(Role::ServerManager), Account, &[Edit, Set, Activate, Deactivate, Delete], Some(Condition::TargetRole(&[Role::ServerUser])), rule("account.managers-manage-users", MANAGER_GRANTS)),
    grant(Held(Role::ServerAdmin), Account, &[View, Edit, Activate, Delete], None, rule("account.admins-manage", ADMIN_ACCOUNTS)),
    grant(Held(Role::ServerAdmin), Account, &[Set, Deactivate], Some(Condition::NotAnAdminsEnd), rule("account.admins-manage", ADMIN_ACCOUNTS)),
    grant(Held(Role::ServerAdmin), Account, &[SetRole], None, rule("account.admins-assign-roles", ADMIN_ROLES)),
    // Groups.
    grant(Everyone, Group, &[View], Some(Condition::VisibleGroup), rule("group.visible", "decision: every active account sees a group that is visible to everyone, and may give it roles and shares")),
    grant(Held(Role::GroupMember), Group, &[View, ViewMembers], None, rule("group.members-view", MEMBERS_VIEW)),
    grant(Grantee::GroupManager, Group, &[View, ViewMembers], None, rule("group.workgroup-admins-view", WORKGROUP_ADMIN)),
    grant(Held(Role::ServerManager), Group, &[View, ViewMembers, Edit, Delete, AddMember, RemoveMember], None, rule("group.managers-manage", GROUPS_MANAGED)),
    grant(Held(Role::ServerAdmin), Group, &[View, ViewMembers, Edit, Delete, AddMember, RemoveMember], None, rule("group.admins-manage", GROUPS_MANAGED)),
];

#[rustfmt::skip]
pub(super) const RESTRICTIONS: &[Restriction] = &[
    restriction(Account, &[SetRole], Requirement::NotItself, rule("account.own-role", "product: nobody changes their own role")),
    restriction(Account, &[Set], Requirement::NotItself, rule("account.own-settings", "decision: nobody changes their own expiry or settings")),
    restriction(Account, &[Deactivate, Delete], Requirement::NotItself, rule("account.own-removal", "product: nobody deletes or deactivates themselves")),
    restriction(Server, &[Send, SendExternal], Requirement::Allowed(Setting::Send), SETTING),
    restriction(Server, &[Forward], Requirement::Allowed(Setting::Forward), SETTING),
    restriction(Server, &[SendExternal], Requirement::Allowed(Setting::SendNormal), SEND_NORMAL),
    restriction(Server, &[SendExternal], Requirement::Allowed(Setting::SendToAllUsers), SEND_TO_ALL),
    restriction(Server, &[SendExternal], Requirement::Allowed(Setting::SendExternal), SETTING),
    restriction(Account, &[SendTo], Requirement::Allowed(Setting::Send), SETTING),
    restriction(Account, &[SendTo], Requirement::Allowed(Setting::SendNormal), SEND_NORMAL),
    restriction(Account, &[SendTo], Requirement::AllowedOrShared(Setting::SendToAllUsers), SEND_TO_ALL),
    restriction(Account, &[SendTo], Requirement::TargetActive, rule("account.recipient-active", "decision: nothing is sent to an account that is inactive or expired")),
];

#[rustfmt::skip]
pub(super) const DENIAL_REASONS: &[DenialReason] = &[
    denial_reason(Some(Role::ServerManager), Server, &[View, Configure], rule("server.managers-do-not-configure", MANAGER_SERVER)),
    denial_reason(Some(Role::ServerManager), Server, &[CreateAccount], rule("account.managers-limits", MANAGER_LIMITS)),
    denial_reason(Some(Role::ServerManager), Account, &[Edit, Set, SetRole, Activate, Deactivate, Delete], rule("account.managers-limits", MANAGER_LIMITS)),
    // An admin is denied these actions on other accounts only if the account is an admin's.
    denial_reason(Some(Role::ServerAdmin), Account, &[Set, Deactivate], ADMINS_DO_NOT_END),
    denial_reason(None, Server, &[View, Configure], rule("server.admins-configure", ADMIN_SERVER)),
    denial_reason(None, Server, &[CreateAccount, CreateWorkgroup, CreateGroup, CreateDropbox], rule("server.users-do-not-manage", USERS_MANAGE)),
    denial_reason(None, Account, &[SetRole], rule("account.admins-assign-roles", ADMIN_ROLES)),
    denial_reason(None, Account, &[Edit, Set, Activate, Deactivate, Delete], rule("server.users-do-not-manage", USERS_MANAGE)),
];
