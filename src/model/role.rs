//! Roles: the named relations a binding can state between a principal and a resource.

use std::fmt;

use super::kind::Kind;

/// A section is `Kind "word of the kind" { … }`, a row in it `Variant = word, [the roles that it implies]`. The order
/// is that of lists: the strongest role of a kind first.
macro_rules! roles {
    ($($kind:ident $kind_word:literal {
        $($(#[$doc:meta])* $role:ident = $word:literal, [$($implied:ident),*];)*
    })*) => {
        /// A role on a kind of resource. Written `KIND:ROLE`, as in `workgroup:admin`.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Role { $($($(#[$doc])* $role,)*)* }

        impl Role {
            /// Every role, by kind and power.
            pub const ALL: [Role; [$($($word),*),*].len()] = [$($(Role::$role),*),*];

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
    Server "server" {
        /// Account role: configures the server, manages every account.
        ServerAdmin = "admin", [];
        /// Account role: manages regular users, workgroups, dropboxes and groups.
        ServerManager = "manager", [];
        /// Account role: sends and receives.
        ServerUser = "user", [];
    }
    Group "group" {
        /// Member of a group.
        GroupMember = "member", [];
    }
    Workgroup "workgroup" {
        /// Admin of a workgroup.
        WorkgroupAdmin = "admin", [WorkgroupStandard];
        /// Member of a workgroup.
        WorkgroupStandard = "standard", [];
    }
    Dropbox "dropbox" {
        /// Admin of a dropbox.
        DropboxAdmin = "admin", [DropboxStandard, DropboxSubmitOnly];
        /// Member of a dropbox who submits and views.
        DropboxStandard = "standard", [DropboxSubmitOnly];
        /// Member of a dropbox who only submits.
        DropboxSubmitOnly = "submit-only", [];
        /// Outside submitter of a dropbox, by a private link.
        DropboxOutside = "outside-submitter", [];
    }
    Package "package" {
        /// Sender of a package.
        PackageSender = "sender", [];
        /// Recipient of a package.
        PackageRecipient = "recipient", [];
    }
    Endpoint "endpoint" {
        /// Administrator of an endpoint.
        EndpointAdministrator = "administrator", [AccessManager, ActivityManager, ActivityMonitor];
        /// Manages the permissions of an endpoint whose sharing is managed.
        AccessManager = "access-manager", [];
        /// Sees and controls the activity of an endpoint.
        ActivityManager = "activity-manager", [ActivityMonitor];
        /// Sees the activity of an endpoint.
        ActivityMonitor = "activity-monitor", [];
    }
    Item "item" {
        /// Owner of a file or folder.
        ItemOwner = "owner", [];
        /// Holder of a share of a file or folder; the binding says which permissions.
        ItemShare = "share", [];
    }
    Org "org" {
        /// Admin of an organization.
        OrgAdmin = "admin", [OrgMember];
        /// Member of an organization.
        OrgMember = "member", [];
    }
    Workspace "workspace" {
        /// Manager of a workspace: manages the sharing of its files.
        WorkspaceManager = "manager", [WorkspaceMember];
        /// Member of a workspace.
        WorkspaceMember = "member", [];
    }
}

/// How many roles imply one, itself included, at most.
const MAX_IMPLIED_BY: usize = 4;

/// For each role, itself and those that imply it, and how many these are.
static IMPLIED_BY: [([Role; MAX_IMPLIED_BY], usize); Role::ALL.len()] = implied_by();

/// The inverse of [`Role::implies`], nearest first: the rows of a kind from below.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index that is out of bounds")]
const fn implied_by() -> [([Role; MAX_IMPLIED_BY], usize); Role::ALL.len()] {
    let mut all = [([Role::ServerAdmin; MAX_IMPLIED_BY], 0); Role::ALL.len()];
    let mut at = Role::ALL.len();
    while at > 0 {
        at -= 1;
        let implied = Role::ALL[at].implies();
        let mut each = 0;
        while each < implied.len() {
            let entry = &mut all[implied[each] as usize];
            entry.0[entry.1] = Role::ALL[at];
            entry.1 += 1;
            each += 1;
        }
    }
    all
}

/// The first `N` roles of a kind, in the order of the table.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index that is out of bounds")]
const fn first_of<const N: usize>(kind: Kind) -> [Role; N] {
    let (mut found, mut count, mut at) = ([Role::ServerAdmin; N], 0, 0);
    while count < N {
        if Role::ALL[at].resource_kind() as usize == kind as usize {
            found[count] = Role::ALL[at];
            count += 1;
        }
        at += 1;
    }
    found
}

/// How many roles a kind has.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index that is out of bounds")]
const fn count_of(kind: Kind) -> usize {
    let (mut count, mut at) = (0, 0);
    while at < Role::ALL.len() {
        count += (Role::ALL[at].resource_kind() as usize == kind as usize) as usize;
        at += 1;
    }
    count
}

impl Role {
    /// The only level of a group.
    pub const GROUP: [Role; count_of(Kind::Group)] = first_of(Kind::Group);
    /// The account roles, strongest first.
    pub const SERVER: [Role; count_of(Kind::Server)] = first_of(Kind::Server);
    /// The levels of a workgroup.
    pub const WORKGROUP: [Role; count_of(Kind::Workgroup)] = first_of(Kind::Workgroup);
    /// The levels of a dropbox: all its roles but that of outside submitters, which is the last.
    pub const DROPBOX: [Role; count_of(Kind::Dropbox) - 1] = first_of(Kind::Dropbox);
    /// The roles of an endpoint, in the order in which lists show them.
    pub const ENDPOINT: [Role; count_of(Kind::Endpoint)] = first_of(Kind::Endpoint);
    /// The roles of an organization, strongest first.
    pub const ORG: [Role; count_of(Kind::Org)] = first_of(Kind::Org);
    /// The levels of a workspace, strongest first.
    pub const WORKSPACE: [Role; count_of(Kind::Workspace)] = first_of(Kind::Workspace);

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
        let (roles, count) = IMPLIED_BY.get(self as usize).map_or((&[][..], 0), |(roles, count)| (&roles[..], *count));
        roles.get(..count).unwrap_or_default()
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
        assert_eq!(Role::DROPBOX.len() + 1, count_of(Kind::Dropbox));
    }
}
