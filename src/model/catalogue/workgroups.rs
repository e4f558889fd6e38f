//! The rows of workgroups, dropboxes and packages (seeds 000 and 004).

use super::server::{
    ADMIN_ACCOUNTS, DROPBOX_CREATED, MANAGER_GRANTS, MEMBER_ACCESS, SEND_NORMAL, SEND_TO_ALL, SETTING, USERS_MANAGE,
    WORKGROUP_ADMIN,
};
use super::*;
use Grantee::{Account as Everyone, Role as Held};
use Kind::{Dropbox, Package, Workgroup};

const DESIGNATED: &str = "seed 000: A user can be designated as a \"workgroup admin\" (by a Faspex admin or manager).";
const SEND_POLICY: &str = "seed 004: The Faspex administrator determines who has permission to send packages to a Workgroup, whether this is any user on Faspex, only members within the Workgroup, only the Workgroup admin or no one.";
const VIEW_PACKAGES: &str = "seed 004: Members can then view packages sent to the Workgroup in the Workgroups tab.";
const DROPBOX_MEMBERS: &str = "seed 004: Members of a Dropbox can submit files as well as view them.";
const DROPBOX_OUTSIDERS: &str =
    "seed 004: However, users don’t necessarily have to be a member or even a Faspex user to submit to a Dropbox.";
const DROPBOX_INVITE: &str = "seed 004: You are able to invite external users (people who don’t have a Faspex account) to submit to a Dropbox, which they can do with a private URL to the Dropbox submission page that is emailed to them when they’re invited.";
const DROPBOX_PUBLIC: &str = "seed 004: You can also allow submission via a public URL where anyone who accesses it can obtain their own private link to the Dropbox submission page at any time.";
pub(super) const DROPBOX_ONE_WAY: &str = "seed 004: Dropboxes are useful when you need to receive files from a variety of people, especially when you require a more “one way” approach of users being able to submit, but not view files in the Dropbox.";

pub(super) const SUBMIT_ONLY: Rule = rule("dropbox.submit-only", DROPBOX_ONE_WAY);

#[rustfmt::skip]
pub(super) const GRANTS: &[Grant] = &[
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
    grant(Held(Role::WorkgroupAdmin), Workgroup, &[AddMember, RemoveMember, DeactivateMember, ActivateMember], Some(Condition::AdminsManageMembers), rule("workgroup.admin-rights", WORKGROUP_ADMIN)),
    grant(Held(Role::WorkgroupAdmin), Workgroup, &[CreateMember], Some(Condition::AdminsCreateUsers), rule("workgroup.admin-rights", WORKGROUP_ADMIN)),
    grant(Held(Role::WorkgroupAdmin), Workgroup, &[AddGroup, RemoveGroup], Some(Condition::AdminsManageGroups), rule("workgroup.admin-rights", WORKGROUP_ADMIN)),
    grant(Held(Role::ServerManager), Workgroup, &[View, Edit, Delete, ViewMembers, AddMember, RemoveMember, DeactivateMember, ActivateMember, CreateMember, AddGroup, RemoveGroup], None, rule("workgroup.managers-manage", MANAGER_GRANTS)),
    grant(Held(Role::ServerManager), Workgroup, &[AddAdmin, RemoveAdmin], None, rule("workgroup.designation", DESIGNATED)),
    grant(Held(Role::ServerAdmin), Workgroup, &[View, Edit, Delete, ViewMembers, AddMember, RemoveMember, DeactivateMember, ActivateMember, CreateMember, AddGroup, RemoveGroup], None, rule("workgroup.admins-manage", ADMIN_ACCOUNTS)),
    grant(Held(Role::ServerAdmin), Workgroup, &[ViewPackages], None, rule("package.server-admins-view", "decision: packages sent to a workgroup or dropbox are viewed by server admins too; managers only as members")),
    grant(Held(Role::ServerAdmin), Workgroup, &[AddAdmin, RemoveAdmin], None, rule("workgroup.designation", DESIGNATED)),
    // Dropboxes.
    grant(Held(Role::DropboxOutside), Dropbox, &[Submit], None, rule("dropbox.outsiders-submit", DROPBOX_OUTSIDERS)),
    grant(Held(Role::DropboxSubmitOnly), Dropbox, &[View], None, rule("dropbox.members-view", "decision: a dropbox is viewed by its members, server admins and managers")),
    grant(Held(Role::DropboxSubmitOnly), Dropbox, &[Submit], None, rule("dropbox.members-submit", DROPBOX_MEMBERS)),
    grant(Held(Role::DropboxStandard), Dropbox, &[ViewPackages], None, rule("dropbox.members-view-packages", DROPBOX_MEMBERS)),
    grant(Held(Role::DropboxStandard), Dropbox, &[ViewMembers], None, rule("dropbox.members-view-members", "product: listing the members of a dropbox takes at least standard access")),
    grant(Held(Role::DropboxStandard), Dropbox, &[Invite], Some(Condition::MembersInvite), rule("dropbox.members-invite", DROPBOX_INVITE)),
    grant(Held(Role::DropboxAdmin), Dropbox, &[AddMember, RemoveMember, DeactivateMember, ActivateMember], Some(Condition::AdminsManageMembers), rule("dropbox.admin-rights", WORKGROUP_ADMIN)),
    grant(Held(Role::DropboxAdmin), Dropbox, &[CreateMember], Some(Condition::AdminsCreateUsers), rule("dropbox.admin-rights", WORKGROUP_ADMIN)),
    grant(Held(Role::DropboxAdmin), Dropbox, &[AddGroup, RemoveGroup], Some(Condition::AdminsManageGroups), rule("dropbox.admin-rights", WORKGROUP_ADMIN)),
    grant(Held(Role::DropboxAdmin), Dropbox, &[Invite, RevokeInvitation], Some(Condition::AdminsManageInvitations), rule("dropbox.admins-invite", DROPBOX_INVITE)),
    grant(Held(Role::ServerManager), Dropbox, &[View], None, rule("dropbox.members-view", "decision: a dropbox is viewed by its members, server admins and managers")),
    grant(Held(Role::ServerManager), Dropbox, &[Edit, Delete, ViewMembers, AddMember, RemoveMember, DeactivateMember, ActivateMember, CreateMember, AddGroup, RemoveGroup], Some(Condition::ManagersAdministerDropboxes), rule("dropbox.managers-manage", DROPBOX_CREATED)),
    grant(Held(Role::ServerManager), Dropbox, &[AddAdmin, RemoveAdmin], Some(Condition::ManagersAdministerDropboxes), rule("dropbox.designation", DESIGNATED)),
    grant(Held(Role::ServerManager), Dropbox, &[Invite, RevokeInvitation], Some(Condition::ManagersAdministerDropboxes), rule("dropbox.managers-invite", DROPBOX_INVITE)),
    grant(Held(Role::ServerManager), Dropbox, &[SetPublicLink], Some(Condition::ManagersAdministerDropboxes), rule("dropbox.public-link", DROPBOX_PUBLIC)),
    grant(Held(Role::ServerAdmin), Dropbox, &[View, Edit, Delete, ViewMembers, AddMember, RemoveMember, DeactivateMember, ActivateMember, CreateMember, AddGroup, RemoveGroup], None, rule("dropbox.admins-manage", DROPBOX_CREATED)),
    grant(Held(Role::ServerAdmin), Dropbox, &[ViewPackages], None, rule("package.server-admins-view", "decision: packages sent to a workgroup or dropbox are viewed by server admins too; managers only as members")),
    grant(Held(Role::ServerAdmin), Dropbox, &[AddAdmin, RemoveAdmin], None, rule("dropbox.designation", DESIGNATED)),
    grant(Held(Role::ServerAdmin), Dropbox, &[Invite, RevokeInvitation], None, rule("dropbox.server-admins-invite", DROPBOX_INVITE)),
    grant(Held(Role::ServerAdmin), Dropbox, &[SetPublicLink], None, rule("dropbox.public-link", DROPBOX_PUBLIC)),
    // Packages.
    grant(Held(Role::PackageSender), Package, &[View], None, rule("package.sender-views", "decision: the sender and the recipients of a package view it")),
    grant(Held(Role::PackageSender), Package, &[Download], Some(Condition::ViewsWhereSubmitted), rule("package.sender-views", "decision: the sender and the recipients of a package view it")),
    grant(Held(Role::PackageRecipient), Package, &[View, Download], None, rule("package.recipient-views", "decision: the sender and the recipients of a package view it")),
    grant(Grantee::RecipientViewer, Package, &[View, Download], None, rule("package.members-view", VIEW_PACKAGES)),
];

#[rustfmt::skip]
pub(super) const RESTRICTIONS: &[Restriction] = &[
    restriction(Workgroup, &[Send, SendToMembers], Requirement::Allowed(Setting::Send), SETTING),
    restriction(Workgroup, &[Send, SendToMembers], Requirement::Allowed(Setting::SendNormal), SEND_NORMAL),
    restriction(Workgroup, &[Send], Requirement::AllowedOrShared(Setting::SendToAllUsers), SEND_TO_ALL),
    restriction(Dropbox, &[Submit], Requirement::Allowed(Setting::Send), SETTING),
    restriction(Package, &[Download], Requirement::AllowedOrSent(Setting::Receive), SETTING),
];

#[rustfmt::skip]
pub(super) const DENIAL_REASONS: &[DenialReason] = &[
    denial_reason(None, Workgroup, &[Send], rule("workgroup.send-policy", SEND_POLICY)),
    denial_reason(None, Workgroup, &[ViewMembers, SendToMembers], rule("workgroup.member-access", MEMBER_ACCESS)),
    denial_reason(None, Workgroup, &[ViewPackages], rule("workgroup.members-view-packages", VIEW_PACKAGES)),
    denial_reason(None, Workgroup, &[AddAdmin, RemoveAdmin], rule("workgroup.designation", DESIGNATED)),
    denial_reason(Some(Role::WorkgroupAdmin), Workgroup, &[Edit, Delete, AddMember, RemoveMember, DeactivateMember, ActivateMember, CreateMember, AddGroup, RemoveGroup], rule("workgroup.admin-rights", WORKGROUP_ADMIN)),
    denial_reason(None, Workgroup, &[Edit, Delete, AddMember, RemoveMember, DeactivateMember, ActivateMember, CreateMember, AddGroup, RemoveGroup], rule("workgroup.users-do-not-manage", USERS_MANAGE)),
    denial_reason(None, Dropbox, &[Submit], rule("dropbox.members-or-link", "decision: an account that is not a member submits only through a link")),
    denial_reason(Some(Role::DropboxSubmitOnly), Dropbox, &[ViewPackages, ViewMembers], SUBMIT_ONLY),
    denial_reason(Some(Role::PackageSender), Package, &[Download], SUBMIT_ONLY),
    denial_reason(None, Dropbox, &[ViewPackages], rule("dropbox.members-view-packages", DROPBOX_MEMBERS)),
    denial_reason(None, Dropbox, &[Invite, RevokeInvitation], rule("dropbox.who-invites", DROPBOX_INVITE)),
    denial_reason(None, Dropbox, &[SetPublicLink], rule("dropbox.public-link", DROPBOX_PUBLIC)),
    denial_reason(None, Dropbox, &[AddAdmin, RemoveAdmin], rule("dropbox.designation", DESIGNATED)),
];
