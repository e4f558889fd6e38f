//! The catalogue: which role allows which actions, under which condition, and who says so.
//!
//! Three tables. [`GRANTS`] give: an action is allowed when some row's holder and condition hold.
//! [`LIMITS`] take away, whoever asks: every one that concerns an action must be met as well.
//! [`DENIALS`] give nothing and take nothing: they only say which sentence a refusal is read from.
//! Decisions, `role list`, remedies and the manual are all made from these rows.
//!
//! `seed 000` and `seed 004` are the product texts this tool implements; `product` is further
//! product documentation; `decision` is ours, argued for in `docs/decisions.md`.

use super::action::Verb::{self, *};
use super::attributes::{MemberAccess, SendPolicy, Setting};
use super::kind::Kind;
use super::role::Role;

/// A rule: its name, which never changes, and the sentence it comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// A fixed word, `NOUN.RULE`.
    pub name: &'static str,
    /// `seed NNN: SENTENCE`, `product: SENTENCE` or `decision: SENTENCE`.
    pub source: &'static str,
}

/// Who a row speaks of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holder {
    /// Whoever holds this role: account roles on the server, any other on the resource asked about.
    Role(Role),
    /// Every active account.
    Account,
    /// The account asked about itself.
    Oneself,
    /// Who shares a workgroup with the account asked about, as its `member-access` allows.
    FellowMember,
    /// An admin of some workgroup or dropbox.
    SomeAdmin,
    /// An admin of some workgroup or dropbox whose admins manage groups.
    GroupManager,
    /// Who views the packages of a workgroup or dropbox that received the package asked about.
    RecipientViewer,
}

/// What must hold besides, for a row to give.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// The account asked about has the role `user`.
    TargetIsUser,
    /// The role asked for is `user`.
    ValueIsUser,
    /// The server lets managers administer dropboxes.
    ManagersAdministerDropboxes,
    /// The directory is not private.
    PublicDirectory,
    /// The workgroup's or dropbox's admins manage members.
    AdminsManageMembers,
    /// The workgroup's or dropbox's admins create users.
    AdminsCreateUsers,
    /// The workgroup's or dropbox's admins manage groups.
    AdminsManageGroups,
    /// The dropbox's admins manage invitations.
    AdminsManageInvitations,
    /// The dropbox's members invite.
    MembersInvite,
    /// The workgroup's send policy is this one.
    Send(SendPolicy),
    /// The workgroup's member access is this one.
    Access(MemberAccess),
    /// One may send to the workgroup asked about.
    MaySend,
    /// One may view the account asked about.
    MayView,
}

/// A row that gives.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// To whom.
    pub holder: Holder,
    /// On which kind of resource.
    pub kind: Kind,
    /// What.
    pub verbs: &'static [Verb],
    /// When.
    pub when: Option<Condition>,
    /// Who says so.
    pub rule: Rule,
}

/// What a limit demands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Demand {
    /// The account asked about is not one's own.
    NotOneself,
    /// The setting is allowed to the account that asks.
    Allowed(Setting),
    /// The setting is allowed, or the two share a workgroup (or it is one's own workgroup).
    AllowedOrShared(Setting),
    /// The account asked about is active.
    TargetActive,
}

/// A row that takes away.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// On which kind of resource.
    pub kind: Kind,
    /// From what.
    pub verbs: &'static [Verb],
    /// Unless this holds.
    pub demand: Demand,
    /// Who says so.
    pub rule: Rule,
}

/// A row that names the sentence behind a refusal.
#[derive(Clone, Copy, Debug)]
pub struct Denial {
    /// For whom; none for everybody.
    pub holder: Option<Role>,
    /// On which kind of resource.
    pub kind: Kind,
    /// Of what.
    pub verbs: &'static [Verb],
    /// Who says so.
    pub rule: Rule,
}

const fn rule(name: &'static str, source: &'static str) -> Rule {
    Rule { name, source }
}

const ADMIN_SERVER: &str = "seed 000: Admins can configure Faspex from the Server tab.";
const ADMIN_ACCOUNTS: &str = "seed 000: They can create, edit, and delete every type of Faspex user (admins, managers, and regular users) as well as create, edit, or delete workgroups.";
const ADMIN_ROLES: &str = "seed 000: Admins assign user roles to an account when creating a new account or when configuring an account's permissions.";
const MANAGER_GRANTS: &str = "seed 000: Managers can create, edit, or delete workgroups and regular users.";
const MANAGER_LIMITS: &str = "seed 000: However, they cannot create new managers, edit admin accounts, or promote another user to admin or manager roles.";
const MANAGER_SERVER: &str = "seed 000: Managers do not have access to the Server tab, nor can they change the Faspex server configuration (a privilege limited to admins).";
const USERS_SEND: &str = "seed 000: All users can send packages through Faspex.";
const USERS_MANAGE: &str = "seed 000: Normal users typically do not manage other users or workgroups.";
const SETTINGS: &str =
    "seed 000: An IBM Aspera Faspex user's permissions are defined by its specific user settings and its user role.";
const WORKGROUP_ADMIN: &str = "seed 000: Workgroup admins manage specific workgroups according to the permissions set for that role in that workgroup.";
const DESIGNATED: &str = "seed 000: A user can be designated as a \"workgroup admin\" (by a Faspex admin or manager).";
const SEND_POLICY: &str = "seed 004: The Faspex administrator determines who has permission to send packages to a Workgroup, whether this is any user on Faspex, only members within the Workgroup, only the Workgroup admin or no one.";
const VIEW_PACKAGES: &str = "seed 004: Members can then view packages sent to the Workgroup in the Workgroups tab.";
const MEMBER_ACCESS: &str = "seed 004: Permissions can also be set to determine whether members can see other Workgroup members and send them packages individually.";
const DROPBOX_MEMBERS: &str = "seed 004: Members of a Dropbox can submit files as well as view them.";
const DROPBOX_OUTSIDERS: &str =
    "seed 004: However, users don’t necessarily have to be a member or even a Faspex user to submit to a Dropbox.";
const DROPBOX_INVITE: &str = "seed 004: You are able to invite external users (people who don’t have a Faspex account) to submit to a Dropbox, which they can do with a private URL to the Dropbox submission page that is emailed to them when they’re invited.";
const DROPBOX_PUBLIC: &str = "seed 004: You can also allow submission via a public URL where anyone who accesses it can obtain their own private link to the Dropbox submission page at any time.";
const DROPBOX_ONE_WAY: &str = "seed 004: Dropboxes are useful when you need to receive files from a variety of people, especially when you require a more “one way” approach of users being able to submit, but not view files in the Dropbox.";
const DROPBOX_CREATED: &str =
    "seed 004: They are both created and configured in the Workgroups tab of the main navigation menu.";

/// The rule that denies an inactive or expired account everything.
pub const ACTIVE_ONLY: Rule = rule(
    "account.active",
    "product: an account that is inactive or expired can do nothing; what it shared stays in force",
);
/// The rule that denies outsiders everything but submitting.
pub const OUTSIDERS: Rule = rule("dropbox.outsiders-submit-only", DROPBOX_ONE_WAY);
/// The rule that denies what no row gives.
pub const NOT_GRANTED: Rule = rule("not-granted", "decision: what no rule gives is denied");

use Holder::{Account as Everyone, Role as Held};
use Kind::{Account, Dropbox, Group, Package, Server, Workgroup};

const fn grant(holder: Holder, kind: Kind, verbs: &'static [Verb], when: Option<Condition>, rule: Rule) -> Grant {
    Grant { holder, kind, verbs, when, rule }
}

/// Every row that gives, by kind; within a kind, what gives least stands first.
#[rustfmt::skip]
pub const GRANTS: &[Grant] = &[
    // Server.
    grant(Everyone, Server, &[Send, SendExternal, Forward], None, rule("server.users-send", USERS_SEND)),
    grant(Everyone, Server, &[CreateEndpoint, CreateOrg], None, rule("server.users-create", "decision: every active account may create endpoints and organizations, and then administers them")),
    grant(Held(Role::ServerManager), Server, &[CreateAccount], Some(Condition::ValueIsUser), rule("account.managers-manage-users", MANAGER_GRANTS)),
    grant(Held(Role::ServerManager), Server, &[CreateWorkgroup, CreateGroup], None, rule("workgroup.managers-manage", MANAGER_GRANTS)),
    grant(Held(Role::ServerManager), Server, &[CreateDropbox], Some(Condition::ManagersAdministerDropboxes), rule("dropbox.managers-manage", DROPBOX_CREATED)),
    grant(Held(Role::ServerAdmin), Server, &[Configure, ViewLog], None, rule("server.admins-configure", ADMIN_SERVER)),
    grant(Held(Role::ServerAdmin), Server, &[CreateAccount], None, rule("account.admins-manage", ADMIN_ACCOUNTS)),
    grant(Held(Role::ServerAdmin), Server, &[CreateWorkgroup, CreateGroup], None, rule("workgroup.admins-manage", ADMIN_ACCOUNTS)),
    grant(Held(Role::ServerAdmin), Server, &[CreateDropbox], None, rule("dropbox.admins-manage", DROPBOX_CREATED)),
    // Accounts.
    grant(Holder::Oneself, Account, &[View, Edit], None, rule("account.own-details", "decision: anyone may edit their own display name and e-mail, never their own role, expiry or settings")),
    grant(Everyone, Account, &[View], Some(Condition::PublicDirectory), rule("account.directory", "product: everyone may view accounts unless the directory is private")),
    grant(Everyone, Account, &[SendTo], Some(Condition::MayView), rule("account.users-send", USERS_SEND)),
    grant(Holder::FellowMember, Account, &[View], None, rule("account.fellow-members", MEMBER_ACCESS)),
    grant(Holder::SomeAdmin, Account, &[View], None, rule("account.workgroup-admins-view", "product: workgroup admins see the whole directory, also a private one")),
    grant(Held(Role::ServerManager), Account, &[View], None, rule("account.managers-view", "seed 000: The manager role gives a user permissions to manage other Faspex accounts.")),
    grant(Held(Role::ServerManager), Account, &[Edit, Set, Activate, Deactivate, Delete], Some(Condition::TargetIsUser), rule("account.managers-manage-users", MANAGER_GRANTS)),
    grant(Held(Role::ServerAdmin), Account, &[View, Edit, Set, Activate, Deactivate, Delete], None, rule("account.admins-manage", ADMIN_ACCOUNTS)),
    grant(Held(Role::ServerAdmin), Account, &[SetRole], None, rule("account.admins-assign-roles", ADMIN_ROLES)),
    // Groups.
    grant(Held(Role::GroupMember), Group, &[View], None, rule("group.members-view", "decision: a group is viewed by its members, server admins and managers")),
    grant(Holder::GroupManager, Group, &[View], None, rule("group.workgroup-admins-view", WORKGROUP_ADMIN)),
    grant(Held(Role::ServerManager), Group, &[View, Edit, Delete, AddMember, RemoveMember], None, rule("group.managers-manage", "decision: admins and managers create, edit and delete groups as they do workgroups")),
    grant(Held(Role::ServerAdmin), Group, &[View, Edit, Delete, AddMember, RemoveMember], None, rule("group.admins-manage", "decision: admins and managers create, edit and delete groups as they do workgroups")),
    // Workgroups.
    grant(Everyone, Workgroup, &[Send], Some(Condition::Send(SendPolicy::Anyone)), rule("workgroup.send-anyone", SEND_POLICY)),
    grant(Held(Role::WorkgroupStandard), Workgroup, &[Send], Some(Condition::Send(SendPolicy::Members)), rule("workgroup.send-members", SEND_POLICY)),
    grant(Held(Role::WorkgroupAdmin), Workgroup, &[Send], Some(Condition::Send(SendPolicy::Admins)), rule("workgroup.send-admins", SEND_POLICY)),
    grant(Everyone, Workgroup, &[View], Some(Condition::MaySend), rule("workgroup.senders-view", "decision: a workgroup is viewed by its members, server admins and managers, and by whoever may send to it")),
    grant(Held(Role::WorkgroupStandard), Workgroup, &[View], None, rule("workgroup.members-view", "decision: a workgroup is viewed by its members, server admins and managers, and by whoever may send to it")),
    grant(Held(Role::WorkgroupStandard), Workgroup, &[ViewPackages], None, rule("workgroup.members-view-packages", VIEW_PACKAGES)),
    grant(Held(Role::WorkgroupStandard), Workgroup, &[ViewMembers, SendToMembers], Some(Condition::Access(MemberAccess::Admins)), rule("workgroup.member-access", MEMBER_ACCESS)),
    grant(Held(Role::WorkgroupStandard), Workgroup, &[ViewMembers, SendToMembers], Some(Condition::Access(MemberAccess::All)), rule("workgroup.member-access", MEMBER_ACCESS)),
    grant(Held(Role::WorkgroupAdmin), Workgroup, &[ViewMembers], None, rule("workgroup.admins-view-members", WORKGROUP_ADMIN)),
    grant(Held(Role::WorkgroupAdmin), Workgroup, &[AddMember, RemoveMember], Some(Condition::AdminsManageMembers), rule("workgroup.admin-rights", WORKGROUP_ADMIN)),
    grant(Held(Role::WorkgroupAdmin), Workgroup, &[CreateMember], Some(Condition::AdminsCreateUsers), rule("workgroup.admin-rights", WORKGROUP_ADMIN)),
    grant(Held(Role::WorkgroupAdmin), Workgroup, &[AddGroup, RemoveGroup], Some(Condition::AdminsManageGroups), rule("workgroup.admin-rights", WORKGROUP_ADMIN)),
    grant(Held(Role::ServerManager), Workgroup, &[View, Edit, Delete, ViewMembers, AddMember, RemoveMember, CreateMember, AddGroup, RemoveGroup], None, rule("workgroup.managers-manage", MANAGER_GRANTS)),
    grant(Held(Role::ServerManager), Workgroup, &[AddAdmin, RemoveAdmin], None, rule("workgroup.designation", DESIGNATED)),
    grant(Held(Role::ServerAdmin), Workgroup, &[View, Edit, Delete, ViewMembers, AddMember, RemoveMember, CreateMember, AddGroup, RemoveGroup], None, rule("workgroup.admins-manage", ADMIN_ACCOUNTS)),
    grant(Held(Role::ServerAdmin), Workgroup, &[ViewPackages], None, rule("package.server-admins-view", "decision: packages sent to a workgroup or dropbox are viewed by server admins too; managers only as members")),
    grant(Held(Role::ServerAdmin), Workgroup, &[AddAdmin, RemoveAdmin], None, rule("workgroup.designation", DESIGNATED)),
    // Dropboxes.
    grant(Held(Role::DropboxOutside), Dropbox, &[Submit], None, rule("dropbox.outsiders-submit", DROPBOX_OUTSIDERS)),
    grant(Held(Role::DropboxSubmitOnly), Dropbox, &[View], None, rule("dropbox.members-view", "decision: a dropbox is viewed by its members, server admins and managers")),
    grant(Held(Role::DropboxSubmitOnly), Dropbox, &[Submit], None, rule("dropbox.members-submit", DROPBOX_MEMBERS)),
    grant(Held(Role::DropboxStandard), Dropbox, &[ViewPackages], None, rule("dropbox.members-view-packages", DROPBOX_MEMBERS)),
    grant(Held(Role::DropboxStandard), Dropbox, &[ViewMembers], None, rule("dropbox.members-view-members", "product: listing the members of a dropbox takes at least standard access")),
    grant(Held(Role::DropboxStandard), Dropbox, &[Invite], Some(Condition::MembersInvite), rule("dropbox.members-invite", DROPBOX_INVITE)),
    grant(Held(Role::DropboxAdmin), Dropbox, &[AddMember, RemoveMember], Some(Condition::AdminsManageMembers), rule("dropbox.admin-rights", WORKGROUP_ADMIN)),
    grant(Held(Role::DropboxAdmin), Dropbox, &[CreateMember], Some(Condition::AdminsCreateUsers), rule("dropbox.admin-rights", WORKGROUP_ADMIN)),
    grant(Held(Role::DropboxAdmin), Dropbox, &[AddGroup, RemoveGroup], Some(Condition::AdminsManageGroups), rule("dropbox.admin-rights", WORKGROUP_ADMIN)),
    grant(Held(Role::DropboxAdmin), Dropbox, &[Invite, RevokeInvitation], Some(Condition::AdminsManageInvitations), rule("dropbox.admins-invite", DROPBOX_INVITE)),
    grant(Held(Role::ServerManager), Dropbox, &[View], None, rule("dropbox.members-view", "decision: a dropbox is viewed by its members, server admins and managers")),
    grant(Held(Role::ServerManager), Dropbox, &[Edit, Delete, ViewMembers, AddMember, RemoveMember, CreateMember, AddGroup, RemoveGroup], Some(Condition::ManagersAdministerDropboxes), rule("dropbox.managers-manage", DROPBOX_CREATED)),
    grant(Held(Role::ServerManager), Dropbox, &[AddAdmin, RemoveAdmin], Some(Condition::ManagersAdministerDropboxes), rule("dropbox.designation", DESIGNATED)),
    grant(Held(Role::ServerManager), Dropbox, &[Invite, RevokeInvitation], Some(Condition::ManagersAdministerDropboxes), rule("dropbox.managers-invite", DROPBOX_INVITE)),
    grant(Held(Role::ServerManager), Dropbox, &[SetPublicLink], Some(Condition::ManagersAdministerDropboxes), rule("dropbox.public-link", DROPBOX_PUBLIC)),
    grant(Held(Role::ServerAdmin), Dropbox, &[View, Edit, Delete, ViewMembers, AddMember, RemoveMember, CreateMember, AddGroup, RemoveGroup], None, rule("dropbox.admins-manage", DROPBOX_CREATED)),
    grant(Held(Role::ServerAdmin), Dropbox, &[ViewPackages], None, rule("package.server-admins-view", "decision: packages sent to a workgroup or dropbox are viewed by server admins too; managers only as members")),
    grant(Held(Role::ServerAdmin), Dropbox, &[AddAdmin, RemoveAdmin], None, rule("dropbox.designation", DESIGNATED)),
    grant(Held(Role::ServerAdmin), Dropbox, &[Invite, RevokeInvitation], None, rule("dropbox.server-admins-invite", DROPBOX_INVITE)),
    grant(Held(Role::ServerAdmin), Dropbox, &[SetPublicLink], None, rule("dropbox.public-link", DROPBOX_PUBLIC)),
    // Packages.
    grant(Held(Role::PackageSender), Package, &[View, Download], None, rule("package.sender-views", "decision: the sender and the recipients of a package view it")),
    grant(Held(Role::PackageRecipient), Package, &[View, Download], None, rule("package.recipient-views", "decision: the sender and the recipients of a package view it")),
    grant(Holder::RecipientViewer, Package, &[View, Download], None, rule("package.members-view", VIEW_PACKAGES)),
];

const fn limit(kind: Kind, verbs: &'static [Verb], demand: Demand, rule: Rule) -> Limit {
    Limit { kind, verbs, demand, rule }
}

const SETTING: Rule = rule("account.settings", SETTINGS);
const SEND_NORMAL: Rule = rule(
    "account.send-normal",
    "product: an account that may not send normal packages sends only to dropboxes it belongs to",
);
const SEND_TO_ALL: Rule = rule(
    "account.send-to-all-users",
    "product: an account that may not send to all users sends only to people and workgroups it shares a workgroup with, and to its dropboxes",
);

/// Every row that takes away, in the order in which they are asked.
#[rustfmt::skip]
pub const LIMITS: &[Limit] = &[
    limit(Account, &[SetRole], Demand::NotOneself, rule("account.own-role", "product: nobody changes their own role")),
    limit(Account, &[Set], Demand::NotOneself, rule("account.own-settings", "decision: nobody changes their own expiry or settings")),
    limit(Account, &[Deactivate, Delete], Demand::NotOneself, rule("account.own-removal", "product: nobody deletes or deactivates themselves")),
    limit(Server, &[Send, SendExternal], Demand::Allowed(Setting::Send), SETTING),
    limit(Server, &[Forward], Demand::Allowed(Setting::Forward), SETTING),
    limit(Server, &[SendExternal], Demand::Allowed(Setting::SendNormal), SEND_NORMAL),
    limit(Server, &[SendExternal], Demand::Allowed(Setting::SendToAllUsers), SEND_TO_ALL),
    limit(Server, &[SendExternal], Demand::Allowed(Setting::SendExternal), SETTING),
    limit(Account, &[SendTo], Demand::Allowed(Setting::Send), SETTING),
    limit(Account, &[SendTo], Demand::Allowed(Setting::SendNormal), SEND_NORMAL),
    limit(Account, &[SendTo], Demand::AllowedOrShared(Setting::SendToAllUsers), SEND_TO_ALL),
    limit(Account, &[SendTo], Demand::TargetActive, rule("account.recipient-active", "decision: nothing is sent to an account that is inactive or expired")),
    limit(Workgroup, &[Send, SendToMembers], Demand::Allowed(Setting::Send), SETTING),
    limit(Workgroup, &[Send, SendToMembers], Demand::Allowed(Setting::SendNormal), SEND_NORMAL),
    limit(Workgroup, &[Send], Demand::AllowedOrShared(Setting::SendToAllUsers), SEND_TO_ALL),
    limit(Dropbox, &[Submit], Demand::Allowed(Setting::Send), SETTING),
    limit(Package, &[Download], Demand::Allowed(Setting::Receive), SETTING),
];

const fn denial(holder: Option<Role>, kind: Kind, verbs: &'static [Verb], rule: Rule) -> Denial {
    Denial { holder, kind, verbs, rule }
}

/// Which sentence a refusal is read from; the first row that fits speaks.
#[rustfmt::skip]
pub const DENIALS: &[Denial] = &[
    denial(Some(Role::ServerManager), Server, &[Configure], rule("server.managers-do-not-configure", MANAGER_SERVER)),
    denial(Some(Role::ServerManager), Server, &[CreateAccount], rule("account.managers-limits", MANAGER_LIMITS)),
    denial(Some(Role::ServerManager), Account, &[Edit, Set, SetRole, Activate, Deactivate, Delete], rule("account.managers-limits", MANAGER_LIMITS)),
    denial(None, Server, &[Configure], rule("server.admins-configure", ADMIN_SERVER)),
    denial(None, Server, &[CreateAccount, CreateWorkgroup, CreateGroup, CreateDropbox], rule("server.users-do-not-manage", USERS_MANAGE)),
    denial(None, Account, &[SetRole], rule("account.admins-assign-roles", ADMIN_ROLES)),
    denial(None, Account, &[Edit, Set, Activate, Deactivate, Delete], rule("server.users-do-not-manage", USERS_MANAGE)),
    denial(None, Workgroup, &[Send], rule("workgroup.send-policy", SEND_POLICY)),
    denial(None, Workgroup, &[ViewMembers, SendToMembers], rule("workgroup.member-access", MEMBER_ACCESS)),
    denial(None, Workgroup, &[ViewPackages], rule("workgroup.members-view-packages", VIEW_PACKAGES)),
    denial(None, Workgroup, &[AddAdmin, RemoveAdmin], rule("workgroup.designation", DESIGNATED)),
    denial(Some(Role::WorkgroupAdmin), Workgroup, &[Edit, Delete, AddMember, RemoveMember, CreateMember, AddGroup, RemoveGroup], rule("workgroup.admin-rights", WORKGROUP_ADMIN)),
    denial(None, Workgroup, &[Edit, Delete, AddMember, RemoveMember, CreateMember, AddGroup, RemoveGroup], rule("workgroup.users-do-not-manage", USERS_MANAGE)),
    denial(None, Dropbox, &[Submit], rule("dropbox.members-or-link", "decision: an account that is not a member submits only through a link")),
    denial(Some(Role::DropboxSubmitOnly), Dropbox, &[ViewPackages, ViewMembers], rule("dropbox.submit-only", DROPBOX_ONE_WAY)),
    denial(None, Dropbox, &[ViewPackages], rule("dropbox.members-view-packages", DROPBOX_MEMBERS)),
    denial(None, Dropbox, &[Invite, RevokeInvitation], rule("dropbox.who-invites", DROPBOX_INVITE)),
    denial(None, Dropbox, &[SetPublicLink], rule("dropbox.public-link", DROPBOX_PUBLIC)),
    denial(None, Dropbox, &[AddAdmin, RemoveAdmin], rule("dropbox.designation", DESIGNATED)),
];

/// The rows that can give an action, in the order of the table.
pub fn grants_of(kind: Kind, verb: Verb) -> impl Iterator<Item = &'static Grant> {
    GRANTS.iter().filter(move |row| row.kind == kind && row.verbs.contains(&verb))
}

/// The limits that concern an action, in the order of the table.
pub fn limits_of(kind: Kind, verb: Verb) -> impl Iterator<Item = &'static Limit> {
    LIMITS.iter().filter(move |row| row.kind == kind && row.verbs.contains(&verb))
}

impl Condition {
    /// What must hold, as a phrase after "when" or "with".
    pub fn phrase(self) -> String {
        match self {
            Condition::TargetIsUser => "the account's role is user".to_owned(),
            Condition::ValueIsUser => "the role asked for is user".to_owned(),
            Condition::ManagersAdministerDropboxes => "managers-administer-dropboxes is on".to_owned(),
            Condition::PublicDirectory => "private-directory is off".to_owned(),
            Condition::AdminsManageMembers => "admins-manage-members is on".to_owned(),
            Condition::AdminsCreateUsers => "admins-create-users is on".to_owned(),
            Condition::AdminsManageGroups => "admins-manage-groups is on".to_owned(),
            Condition::AdminsManageInvitations => "admins-manage-invitations is on".to_owned(),
            Condition::MembersInvite => "members-invite is on".to_owned(),
            Condition::Send(policy) => format!("send is {}", policy.word()),
            Condition::Access(access) => format!("member-access is {}", access.word()),
            Condition::MaySend => "one may send to it".to_owned(),
            Condition::MayView => "one may view it".to_owned(),
        }
    }
}

impl Holder {
    /// Who it is, as a phrase.
    pub fn phrase(self) -> String {
        match self {
            Holder::Role(role) => role.full().to_owned(),
            Holder::Account => "every active account".to_owned(),
            Holder::Oneself => "oneself".to_owned(),
            Holder::FellowMember => "a fellow member of a workgroup, as its member-access allows".to_owned(),
            Holder::SomeAdmin => "an admin of some workgroup or dropbox".to_owned(),
            Holder::GroupManager => "an admin of some workgroup or dropbox with admins-manage-groups".to_owned(),
            Holder::RecipientViewer => "who views the packages of a workgroup or dropbox it went to".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::action::verbs_of;

    #[test]
    fn every_action_of_every_kind_is_given_by_some_row() {
        for kind in Kind::ALL {
            for verb in verbs_of(kind) {
                assert!(grants_of(kind, *verb).next().is_some(), "{kind} {}", verb.word());
            }
        }
    }

    #[test]
    fn rows_speak_only_of_actions_that_exist() {
        let rows = GRANTS
            .iter()
            .map(|r| (r.kind, r.verbs, r.rule))
            .chain(LIMITS.iter().map(|r| (r.kind, r.verbs, r.rule)))
            .chain(DENIALS.iter().map(|r| (r.kind, r.verbs, r.rule)));
        for (kind, verbs, rule) in rows {
            for verb in verbs {
                assert!(verbs_of(kind).contains(verb), "{kind} {}", verb.word());
            }
            assert!(
                ["seed 0", "product: ", "decision: "].iter().any(|start| rule.source.starts_with(start)),
                "{rule:?}"
            );
        }
    }

    #[test]
    fn no_role_of_another_kind_stands_in_a_row() {
        for row in GRANTS {
            if let Held(role) = row.holder {
                assert!(role.on() == Server || role.on() == row.kind, "{row:?}");
            }
        }
    }
}
