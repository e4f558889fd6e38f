//! Workgroups, dropboxes with their links, and packages.

use serde::{Deserialize, Serialize};

use super::organizations::OrgRole;
use super::{is_default, is_yes, yes};
use crate::model::Id;
use crate::model::settings::{InvitationState, MemberAccess, SendPolicy};
use crate::model::time::Time;

/// What admins of a workgroup or of a dropbox may do in it. All off by default.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminRights {
    /// Add existing users, and remove members who are not admins.
    #[serde(skip_serializing_if = "is_default")]
    pub manage_members: bool,
    /// Create accounts of role `user` straight into it.
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
    /// Who may send to it. Nobody, by default.
    #[serde(default = "nobody", skip_serializing_if = "is_nobody")]
    pub send: SendPolicy,
    /// Whom its members see. Nobody, by default.
    #[serde(default = "no_member", skip_serializing_if = "is_no_member")]
    pub member_access: MemberAccess,
    /// What its admins may do.
    #[serde(default, skip_serializing_if = "is_default")]
    pub admins: AdminRights,
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
        Workgroup { send: SendPolicy::Nobody, member_access: MemberAccess::None, admins: AdminRights::default() }
    }
}

/// A dropbox.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropbox {
    /// What its admins may do.
    #[serde(default, skip_serializing_if = "is_default")]
    pub admins: AdminRights,
    /// Whether its admins invite outside submitters and revoke their links.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub admins_manage_invitations: bool,
    /// Whether its standard members invite outside submitters.
    #[serde(default, skip_serializing_if = "is_default")]
    pub members_invite: bool,
}

impl Default for Dropbox {
    fn default() -> Dropbox {
        Dropbox { admins: AdminRights::default(), admins_manage_invitations: true, members_invite: false }
    }
}

/// A file of a package: its name and size only, no bytes are kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A package. Its sender and its recipients inside are bindings as well, for look-ups.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// What it is called.
    pub title: String,
    /// Who sent it; stays when the account is destroyed.
    pub sender: Id,
    /// Accounts, workgroups and dropboxes it went to; stay when they are removed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub recipients: Vec<Id>,
    /// Addresses outside that it went to.
    #[serde(default, skip_serializing_if = "is_default")]
    pub external: Vec<String>,
    /// What is in it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub files: Vec<File>,
    /// When it was sent.
    pub sent: Time,
    /// The package this one passes on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub forwarded: Option<Id>,
}

/// A private link of a dropbox, or an invitation to an organization: the parent says which. The
/// resource's key is the hash of its secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// The outside submitter it was made for; none for an organization.
    #[serde(default, skip_serializing_if = "is_default")]
    pub invitee: Option<Id>,
    /// The address as written.
    pub email: String,
    /// Who made it; none for the operator.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by: Option<Id>,
    /// When it was made.
    pub created: Time,
    /// When it ends; none for never.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expires: Option<Time>,
    /// Whether one completed submission uses it up.
    #[serde(default, skip_serializing_if = "is_default")]
    pub after_one_upload: bool,
    /// The role it gives in an organization; none for a dropbox.
    #[serde(default, skip_serializing_if = "is_default")]
    pub role: Option<OrgRole>,
    /// The workspaces it gives.
    #[serde(default, skip_serializing_if = "is_default")]
    pub workspaces: Vec<Id>,
    /// How far it has come.
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
    /// Its status at a time: `active`, `used`, `expired` or `revoked`.
    pub fn status(&self, at: Time) -> &'static str {
        match self.state {
            InvitationState::Active if self.expires.is_some_and(|end| end <= at) => "expired",
            state => state.as_str(),
        }
    }
}

/// The public link of a dropbox. The resource's key is the hash of its secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicLink {
    /// Who turned it on; none for the operator.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by: Option<Id>,
}

/// An outside submitter has no attributes: its name is the address.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitee {}
