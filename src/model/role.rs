//! Roles: the named relations a binding can state between a principal and a resource.

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
}

impl Role {
    /// Every role, by kind and power.
    pub const ALL: [Role; 12] = [
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
    ];
    /// The account roles, strongest first.
    pub const SERVER: [Role; 3] = [Role::ServerAdmin, Role::ServerManager, Role::ServerUser];
    /// The levels of a workgroup.
    pub const WORKGROUP: [Role; 2] = [Role::WorkgroupAdmin, Role::WorkgroupStandard];
    /// The levels of a dropbox.
    pub const DROPBOX: [Role; 3] = [Role::DropboxAdmin, Role::DropboxStandard, Role::DropboxSubmitOnly];

    /// The kind of resource it is held on, and its own word.
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
        }
    }

    /// The kind of resource it is held on.
    pub const fn on(self) -> Kind {
        self.parts().0
    }

    /// Its word without the kind: `admin`, `submit-only`.
    pub const fn word(self) -> &'static str {
        self.parts().1
    }

    /// Its full word, unique over all kinds: `workgroup:admin`. Also the word in the store.
    pub const fn full(self) -> &'static str {
        self.parts().2
    }

    /// Reads a full word.
    pub fn from_full(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.full() == word)
    }

    /// Reads a role's own word on a kind: `admin` on a workgroup.
    pub fn from_word(on: Kind, word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.on() == on && role.word() == word)
    }

    /// The roles one holds by holding this one, itself first.
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
        }
    }

    /// The roles that give this one: itself first, then those that imply it.
    pub const fn given_by(self) -> &'static [Role] {
        match self {
            Role::WorkgroupStandard => &[Role::WorkgroupStandard, Role::WorkgroupAdmin],
            Role::DropboxStandard => &[Role::DropboxStandard, Role::DropboxAdmin],
            Role::DropboxSubmitOnly => &[Role::DropboxSubmitOnly, Role::DropboxStandard, Role::DropboxAdmin],
            // Nothing implies any other: what it implies begins with itself.
            other => match other.implies() {
                [own, ..] => std::slice::from_ref(own),
                [] => &[],
            },
        }
    }

    /// Whether it is a membership of a workgroup or a dropbox.
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
        f.write_str(self.full())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_by_is_implies_turned_round() {
        for role in Role::ALL {
            for other in Role::ALL {
                assert_eq!(role.given_by().contains(&other), other.implies().contains(&role), "{role} {other}");
            }
            assert_eq!(Role::from_full(role.full()), Some(role));
            assert_eq!(Role::from_word(role.on(), role.word()), Some(role));
        }
    }
}
