//! Roles: the relations between a principal and a resource that a binding can state.

use std::fmt;

use super::kind::Kind;

/// A role on a kind of resource. Written `KIND:ROLE`, as in `workgroup:admin`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Account role: configures the server, manages every account.
    ServerAdmin,
    /// Account role: manages regular users, workgroups, dropboxes and groups.
    ServerManager,
    /// Account role: sends and receives.
    ServerUser,
    /// Member of a group.
    GroupMember,
    /// Member of a workgroup.
    WorkgroupStandard,
    /// Admin of a workgroup.
    WorkgroupAdmin,
    /// Member of a dropbox who submits and views.
    DropboxStandard,
    /// Member of a dropbox who only submits.
    DropboxSubmitOnly,
    /// Admin of a dropbox.
    DropboxAdmin,
    /// Outside submitter of a dropbox, by a private link.
    DropboxOutside,
    /// Sender of a package.
    PackageSender,
    /// Recipient of a package.
    PackageRecipient,
    /// Administrator of an endpoint.
    EndpointAdministrator,
    /// Manages the permissions of an endpoint whose sharing is managed.
    AccessManager,
    /// Sees and controls the activity of an endpoint.
    ActivityManager,
    /// Sees the activity of an endpoint.
    ActivityMonitor,
    /// Owner of a file or folder.
    ItemOwner,
    /// Holder of a share of a file or folder; the binding says which permissions.
    ItemShare,
    /// Admin of an organization.
    OrgAdmin,
    /// Member of an organization.
    OrgMember,
    /// Manager of a workspace: manages the sharing of its files.
    WorkspaceManager,
    /// Member of a workspace.
    WorkspaceMember,
}

impl Role {
    /// Every role, by kind and power.
    pub const ALL: [Role; 22] = [
        Role::ServerAdmin,
        Role::ServerManager,
        Role::ServerUser,
        Role::GroupMember,
        Role::WorkgroupAdmin,
        Role::WorkgroupStandard,
        Role::DropboxAdmin,
        Role::DropboxStandard,
        Role::DropboxSubmitOnly,
        Role::DropboxOutside,
        Role::PackageSender,
        Role::PackageRecipient,
        Role::EndpointAdministrator,
        Role::AccessManager,
        Role::ActivityManager,
        Role::ActivityMonitor,
        Role::ItemOwner,
        Role::ItemShare,
        Role::OrgAdmin,
        Role::OrgMember,
        Role::WorkspaceManager,
        Role::WorkspaceMember,
    ];
    /// The account roles, strongest first.
    pub const SERVER: [Role; 3] = [Role::ServerAdmin, Role::ServerManager, Role::ServerUser];
    /// The member levels of a workgroup, strongest first.
    pub const WORKGROUP: [Role; 2] = [Role::WorkgroupAdmin, Role::WorkgroupStandard];
    /// The member levels of a dropbox, strongest first.
    pub const DROPBOX: [Role; 3] = [Role::DropboxAdmin, Role::DropboxStandard, Role::DropboxSubmitOnly];

    /// The roles of an endpoint, in the order in which lists show them.
    pub const ENDPOINT: [Role; 4] =
        [Role::EndpointAdministrator, Role::AccessManager, Role::ActivityManager, Role::ActivityMonitor];
    /// The roles of an organization, strongest first.
    pub const ORG: [Role; 2] = [Role::OrgAdmin, Role::OrgMember];
    /// The member levels of a workspace, strongest first.
    pub const WORKSPACE: [Role; 2] = [Role::WorkspaceManager, Role::WorkspaceMember];

    /// The kind of resource that the role is on, its short word and its full word.
    const fn parts(self) -> (Kind, &'static str, &'static str) {
        match self {
            Role::ServerAdmin => (Kind::Server, "admin", "server:admin"),
            Role::ServerManager => (Kind::Server, "manager", "server:manager"),
            Role::ServerUser => (Kind::Server, "user", "server:user"),
            Role::GroupMember => (Kind::Group, "member", "group:member"),
            Role::WorkgroupStandard => (Kind::Workgroup, "standard", "workgroup:standard"),
            Role::WorkgroupAdmin => (Kind::Workgroup, "admin", "workgroup:admin"),
            Role::DropboxStandard => (Kind::Dropbox, "standard", "dropbox:standard"),
            Role::DropboxSubmitOnly => (Kind::Dropbox, "submit-only", "dropbox:submit-only"),
            Role::DropboxAdmin => (Kind::Dropbox, "admin", "dropbox:admin"),
            Role::DropboxOutside => (Kind::Dropbox, "outside-submitter", "dropbox:outside-submitter"),
            Role::PackageSender => (Kind::Package, "sender", "package:sender"),
            Role::PackageRecipient => (Kind::Package, "recipient", "package:recipient"),
            Role::EndpointAdministrator => (Kind::Endpoint, "administrator", "endpoint:administrator"),
            Role::AccessManager => (Kind::Endpoint, "access-manager", "endpoint:access-manager"),
            Role::ActivityManager => (Kind::Endpoint, "activity-manager", "endpoint:activity-manager"),
            Role::ActivityMonitor => (Kind::Endpoint, "activity-monitor", "endpoint:activity-monitor"),
            Role::ItemOwner => (Kind::Item, "owner", "item:owner"),
            Role::ItemShare => (Kind::Item, "share", "item:share"),
            Role::OrgAdmin => (Kind::Org, "admin", "org:admin"),
            Role::OrgMember => (Kind::Org, "member", "org:member"),
            Role::WorkspaceManager => (Kind::Workspace, "manager", "workspace:manager"),
            Role::WorkspaceMember => (Kind::Workspace, "member", "workspace:member"),
        }
    }

    /// The kind of resource that the role is on.
    pub const fn resource_kind(self) -> Kind {
        self.parts().0
    }

    /// The word without the kind: `admin`, `submit-only`.
    pub const fn as_str(self) -> &'static str {
        self.parts().1
    }

    /// The full word, unique over all kinds: `workgroup:admin`. Also the word in the store.
    pub const fn qualified(self) -> &'static str {
        self.parts().2
    }

    /// The role with this full word.
    pub fn from_qualified(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.qualified() == word)
    }

    /// The role on a kind of resource with this short word: `admin` on a workgroup.
    pub fn from_name(on: Kind, word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.resource_kind() == on && role.as_str() == word)
    }

    /// The roles that a holder of this role holds, this role first.
    ///
    /// An administrator is an access manager on every endpoint. Where sharing is not managed, an access
    /// manager may do nothing, so this has no effect there.
    pub const fn implies(self) -> &'static [Role] {
        match self {
            Role::ServerAdmin => &[Role::ServerAdmin],
            Role::ServerManager => &[Role::ServerManager],
            Role::ServerUser => &[Role::ServerUser],
            Role::GroupMember => &[Role::GroupMember],
            Role::WorkgroupStandard => &[Role::WorkgroupStandard],
            Role::WorkgroupAdmin => &[Role::WorkgroupAdmin, Role::WorkgroupStandard],
            Role::DropboxSubmitOnly => &[Role::DropboxSubmitOnly],
            Role::DropboxStandard => &[Role::DropboxStandard, Role::DropboxSubmitOnly],
            Role::DropboxAdmin => &[Role::DropboxAdmin, Role::DropboxStandard, Role::DropboxSubmitOnly],
            Role::DropboxOutside => &[Role::DropboxOutside],
            Role::PackageSender => &[Role::PackageSender],
            Role::PackageRecipient => &[Role::PackageRecipient],
            Role::EndpointAdministrator => {
                &[Role::EndpointAdministrator, Role::AccessManager, Role::ActivityManager, Role::ActivityMonitor]
            }
            Role::AccessManager => &[Role::AccessManager],
            Role::ActivityManager => &[Role::ActivityManager, Role::ActivityMonitor],
            Role::ActivityMonitor => &[Role::ActivityMonitor],
            Role::ItemOwner => &[Role::ItemOwner],
            Role::ItemShare => &[Role::ItemShare],
            Role::OrgAdmin => &[Role::OrgAdmin, Role::OrgMember],
            Role::OrgMember => &[Role::OrgMember],
            Role::WorkspaceManager => &[Role::WorkspaceManager, Role::WorkspaceMember],
            Role::WorkspaceMember => &[Role::WorkspaceMember],
        }
    }

    /// This role and the roles that imply it, this role first.
    pub const fn implied_by(self) -> &'static [Role] {
        match self {
            Role::WorkgroupStandard => &[Role::WorkgroupStandard, Role::WorkgroupAdmin],
            Role::DropboxStandard => &[Role::DropboxStandard, Role::DropboxAdmin],
            Role::DropboxSubmitOnly => &[Role::DropboxSubmitOnly, Role::DropboxStandard, Role::DropboxAdmin],
            Role::AccessManager => &[Role::AccessManager, Role::EndpointAdministrator],
            Role::ActivityManager => &[Role::ActivityManager, Role::EndpointAdministrator],
            Role::ActivityMonitor => &[Role::ActivityMonitor, Role::ActivityManager, Role::EndpointAdministrator],
            Role::OrgMember => &[Role::OrgMember, Role::OrgAdmin],
            Role::WorkspaceMember => &[Role::WorkspaceMember, Role::WorkspaceManager],
            // No other role is implied by another. The first role that a role implies is itself.
            other => match other.implies() {
                [own, ..] => std::slice::from_ref(own),
                [] => &[],
            },
        }
    }

    /// Whether the role is a membership of a workgroup or a dropbox.
    pub const fn is_level(self) -> bool {
        matches!(
            self,
            Role::WorkgroupAdmin
                | Role::WorkgroupStandard
                | Role::DropboxAdmin
                | Role::DropboxStandard
                | Role::DropboxSubmitOnly
        )
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.qualified())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn implied_by_is_the_inverse_of_implies() {
        for role in Role::ALL {
            for other in Role::ALL {
                assert_eq!(role.implied_by().contains(&other), other.implies().contains(&role), "{role} {other}");
            }
            assert_eq!(Role::from_qualified(role.qualified()), Some(role));
            assert_eq!(Role::from_name(role.resource_kind(), role.as_str()), Some(role));
        }
    }
}
