//! Roles: the named relations a binding can state between a principal and a resource.

use std::fmt;
use std::sync::LazyLock;

use super::kind::Kind;

/// A section is `LIST: Kind "word of the kind" { … }`, a row in it `Variant = word, [the roles that it implies]`. The
/// order is that of lists: the strongest role of a kind first.
macro_rules! roles {
    ($($(#[$list_doc:meta])* $list:ident: $kind:ident $kind_word:literal {
        $($(#[$doc:meta])* $role:ident = $word:literal, [$($implied:ident),*];)*
    })*) => {
        /// A role on a kind of resource. Written `KIND:ROLE`, as in `workgroup:admin`.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Role { $($($(#[$doc])* $role,)*)* }

        impl Role {
            /// Every role, by kind and power.
            pub const ALL: [Role; [$($($word),*),*].len()] = [$($(Role::$role),*),*];
            $($(#[$list_doc])* pub const $list: [Role; [$($word),*].len()] = [$(Role::$role),*];)*

            /// The kind of resource that the role is on.
            pub const fn resource_kind(self) -> Kind {
                match self { $($(Role::$role => Kind::$kind,)*)* }
            }

            /// The word without the kind: `admin`, `submit-only`.
            pub const fn as_str(self) -> &'static str {
                match self { $($(Role::$role => $word,)*)* }
            }

            /// The full word, unique over all kinds: `workgroup:admin`. Also the word in the store.
            pub const fn qualified(self) -> &'static str {
                match self { $($(Role::$role => concat!($kind_word, ":", $word),)*)* }
            }

            /// The roles that a holder of this role holds, this role first.
            ///
            /// An administrator is an access manager on every endpoint; where sharing is not managed, an access manager
            /// may do nothing, so the implied role gives nothing.
            pub const fn implies(self) -> &'static [Role] {
                match self { $($(Role::$role => &[Role::$role $(, Role::$implied)*],)*)* }
            }
        }
    };
}

roles! {
    /// The account roles, strongest first.
    SERVER: Server "server" {
        /// Account role: configures the server, manages every account.
        ServerAdmin = "admin", [];
        /// Account role: manages regular users, workgroups, dropboxes and groups.
        ServerManager = "manager", [];
        /// Account role: sends and receives.
        ServerUser = "user", [];
    }
    /// The only level of a group.
    GROUP: Group "group" {
        /// Member of a group.
        GroupMember = "member", [];
    }
    /// The levels of a workgroup, strongest first.
    WORKGROUP: Workgroup "workgroup" {
        /// Admin of a workgroup.
        WorkgroupAdmin = "admin", [WorkgroupStandard];
        /// Member of a workgroup.
        WorkgroupStandard = "standard", [];
    }
    /// The levels of a dropbox, strongest first.
    DROPBOX: Dropbox "dropbox" {
        /// Admin of a dropbox.
        DropboxAdmin = "admin", [DropboxStandard, DropboxSubmitOnly];
        /// Member of a dropbox who submits and views.
        DropboxStandard = "standard", [DropboxSubmitOnly];
        /// Member of a dropbox who only submits.
        DropboxSubmitOnly = "submit-only", [];
    }
    /// The role of those who are in a dropbox without being members.
    DROPBOX_GUESTS: Dropbox "dropbox" {
        /// Outside submitter of a dropbox, by a private link.
        DropboxOutside = "outside-submitter", [];
    }
    /// The roles of a package.
    PACKAGE: Package "package" {
        /// Sender of a package.
        PackageSender = "sender", [];
        /// Recipient of a package.
        PackageRecipient = "recipient", [];
    }
    /// The roles of an endpoint, in the order in which lists show them.
    ENDPOINT: Endpoint "endpoint" {
        /// Administrator of an endpoint.
        EndpointAdministrator = "administrator", [AccessManager, ActivityManager, ActivityMonitor];
        /// Manages the permissions of an endpoint whose sharing is managed.
        AccessManager = "access-manager", [];
        /// Sees and controls the activity of an endpoint.
        ActivityManager = "activity-manager", [ActivityMonitor];
        /// Sees the activity of an endpoint.
        ActivityMonitor = "activity-monitor", [];
    }
    /// The roles of a file or folder.
    ITEM: Item "item" {
        /// Owner of a file or folder.
        ItemOwner = "owner", [];
        /// Holder of a share of a file or folder; the binding says which permissions.
        ItemShare = "share", [];
    }
    /// The roles of an organization, strongest first.
    ORG: Org "org" {
        /// Admin of an organization.
        OrgAdmin = "admin", [OrgMember];
        /// Member of an organization.
        OrgMember = "member", [];
    }
    /// The levels of a workspace, strongest first.
    WORKSPACE: Workspace "workspace" {
        /// Manager of a workspace: manages the sharing of its files.
        WorkspaceManager = "manager", [WorkspaceMember];
        /// Member of a workspace.
        WorkspaceMember = "member", [];
    }
}

/// For each role, itself and the roles that imply it, nearest first: a kind's rows from below.
static IMPLIED_BY: LazyLock<Vec<Vec<Role>>> = LazyLock::new(|| {
    let implying = |role: Role| Role::ALL.into_iter().rev().filter(|other| other.implies().contains(&role)).collect();
    Role::ALL.into_iter().map(implying).collect()
});

impl Role {
    /// The levels that members of a resource of this kind have, strongest first; none where it has no members.
    pub const fn levels(of: Kind) -> &'static [Role] {
        match of {
            Kind::Group => &Role::GROUP,
            Kind::Workgroup => &Role::WORKGROUP,
            Kind::Dropbox => &Role::DROPBOX,
            Kind::Org => &Role::ORG,
            Kind::Workspace => &Role::WORKSPACE,
            _ => &[],
        }
    }

    /// The level of a new member if none is named: the one that gives least, but a standard member of a dropbox.
    pub const fn initial_level(of: Kind) -> Option<Role> {
        match of {
            Kind::Dropbox => Some(Role::DropboxStandard),
            _ => Role::levels(of).last().copied(),
        }
    }

    /// The words of some roles without their kind, as a table of words needs them.
    #[expect(
        clippy::indexing_slicing,
        reason = "evaluated by the compiler, which refuses an index that is out of bounds"
    )]
    pub const fn words<const N: usize>(roles: [Role; N]) -> [&'static str; N] {
        let (mut words, mut at) = ([""; N], 0);
        while at < N {
            words[at] = roles[at].as_str();
            at += 1;
        }
        words
    }

    /// The role with this full word.
    pub fn from_qualified(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.qualified() == word)
    }

    /// The role on a kind of resource with this short word: `admin` on a workgroup.
    pub fn from_name(on: Kind, word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.resource_kind() == on && role.as_str() == word)
    }

    /// This role and the roles that imply it, this role first.
    pub fn implied_by(self) -> &'static [Role] {
        IMPLIED_BY.get(self as usize).map_or(&[], Vec::as_slice)
    }

    /// Whether a change of a binding in this role is described by itself. The others follow from a change of a package or
    /// of an invitation, and are part of its description.
    pub const fn is_described(self) -> bool {
        !matches!(self, Role::PackageSender | Role::PackageRecipient | Role::DropboxOutside)
    }

    /// Whether the role is a membership of a workgroup or a dropbox.
    pub fn is_level(self) -> bool {
        Role::WORKGROUP.contains(&self) || Role::DROPBOX.contains(&self)
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
            assert_eq!(role.implied_by().first(), Some(&role));
        }
    }

    #[test]
    fn words_name_one_role() {
        for role in Role::ALL {
            assert_eq!(role.qualified(), format!("{}:{}", role.resource_kind(), role.as_str()));
            assert_eq!(Role::from_qualified(role.qualified()), Some(role));
            assert_eq!(Role::from_name(role.resource_kind(), role.as_str()), Some(role));
        }
    }

    #[test]
    fn outside_submitters_have_no_level() {
        assert!(!Role::DROPBOX.contains(&Role::DropboxOutside));
        let on_dropboxes = Role::ALL.into_iter().filter(|role| role.resource_kind() == Kind::Dropbox);
        assert_eq!(Role::DROPBOX.len() + 1, on_dropboxes.count());
    }
}
