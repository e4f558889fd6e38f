//! Attributes of workgroups, dropboxes, links, invitations and packages.

use serde::{Deserialize, Serialize};

use super::organizations::org_role;
use super::{is_default, is_yes, yes};
use crate::model::settings::{InvitationState, LinkStatus, MemberAccess, SendPolicy};
use crate::model::time::Time;
use crate::model::{Id, Role};

/// The rights of the admins of a workgroup or dropbox. All off by default.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminRights {
    /// Add existing users, and remove members who are not admins.
    #[serde(skip_serializing_if = "is_default")]
    pub manage_members: bool,
    /// Create accounts of role `user` as members.
    #[serde(skip_serializing_if = "is_default")]
    pub create_users: bool,
    /// Add and remove groups.
    #[serde(skip_serializing_if = "is_default")]
    pub manage_groups: bool,
}

/// A workgroup.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workgroup {
    /// Who may send to the workgroup. Nobody by default.
    #[serde(default = "nobody", skip_serializing_if = "is_nobody")]
    pub send: SendPolicy,
    /// Which other members its members see. None by default.
    #[serde(default = "no_member", skip_serializing_if = "is_no_member")]
    pub member_access: MemberAccess,
    /// The rights of the admins.
    #[serde(default, skip_serializing_if = "is_default")]
    pub admins: AdminRights,
    /// The name that people read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub display_name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub description: Option<String>,
}

fn nobody() -> SendPolicy {
    SendPolicy::Nobody
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
fn is_nobody(value: &SendPolicy) -> bool {
    *value == SendPolicy::Nobody
}

fn no_member() -> MemberAccess {
    MemberAccess::None
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
fn is_no_member(value: &MemberAccess) -> bool {
    *value == MemberAccess::None
}

impl Default for Workgroup {
    fn default() -> Workgroup {
        Workgroup {
            send: SendPolicy::Nobody,
            member_access: MemberAccess::None,
            admins: AdminRights::default(),
            display_name: None,
            description: None,
        }
    }
}

/// A dropbox.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropbox {
    /// The rights of the admins.
    #[serde(default, skip_serializing_if = "is_default")]
    pub admins: AdminRights,
    /// Whether admins may invite outside submitters and revoke their links.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub admins_manage_invitations: bool,
    /// Whether standard members may invite outside submitters.
    #[serde(default, skip_serializing_if = "is_default")]
    pub members_invite: bool,
    /// The name that people read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub display_name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub description: Option<String>,
}

impl Default for Dropbox {
    fn default() -> Dropbox {
        Dropbox {
            admins: AdminRights::default(),
            admins_manage_invitations: true,
            members_invite: false,
            display_name: None,
            description: None,
        }
    }
}

/// A file of a package: name and size only, the content is not stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The name of the file.
    pub name: String,
    /// The size in bytes.
    pub size: u64,
}

/// A package. The sender and the recipients in this store are also bindings, for lookups.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// The title of the package.
    pub title: String,
    /// The sender; stays when the account is destroyed.
    pub sender: Id,
    /// The accounts, workgroups and dropboxes that received the package; stay when these are removed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub recipients: Vec<Id>,
    /// The outside addresses that received the package.
    #[serde(default, skip_serializing_if = "is_default")]
    pub external: Vec<String>,
    /// The files in the package.
    #[serde(default, skip_serializing_if = "is_default")]
    pub files: Vec<File>,
    /// The time of sending.
    pub sent: Time,
    /// The package that this package forwards.
    #[serde(default, skip_serializing_if = "is_default")]
    pub forwarded: Option<Id>,
}

/// A private link of a dropbox, or an invitation to an organization, depending on the parent. The
/// resource's key is the hash of the secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// The outside submitter that the link was made for; `None` for an organization.
    #[serde(default, skip_serializing_if = "is_default")]
    pub invitee: Option<Id>,
    /// The e-mail address, as written.
    pub email: String,
    /// Who made the invitation; `None` for the operator.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by: Option<Id>,
    /// The time of creation.
    pub created: Time,
    /// The expiry; `None` for never.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expires: Option<Time>,
    /// Whether the link ends after one completed submission.
    #[serde(default, skip_serializing_if = "is_default")]
    pub after_one_upload: bool,
    /// The role in the organization that the invitation gives; `None` for a dropbox.
    #[serde(default, skip_serializing_if = "is_default", with = "org_role")]
    pub role: Option<Role>,
    /// The workspaces that the invitation gives membership in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub workspaces: Vec<Id>,
    /// The state of the invitation.
    #[serde(default = "active_state", skip_serializing_if = "is_active_state")]
    pub state: InvitationState,
}

fn active_state() -> InvitationState {
    InvitationState::Active
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
fn is_active_state(value: &InvitationState) -> bool {
    *value == InvitationState::Active
}

impl Invitation {
    /// The status at a time.
    pub fn status(&self, at: Time) -> LinkStatus {
        match self.state {
            InvitationState::Active if self.expires.is_some_and(|end| end <= at) => LinkStatus::Expired,
            InvitationState::Active => LinkStatus::Active,
            InvitationState::Used => LinkStatus::Used,
            InvitationState::Revoked => LinkStatus::Revoked,
        }
    }
}

/// The public link of a dropbox. The resource's key is the hash of the secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicLink {
    /// Who turned the link on; `None` for the operator.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by: Option<Id>,
}

/// An outside submitter has no attributes: its name is the address.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitee {}
