//! One version of a resource: a row of the store.

use super::attributes::{Account, Attributes, Invitation, Package, Server, Workgroup};
use super::kind::Kind;
use super::{Id, Revision};

/// A thing with a kind, a name, a parent and attributes, as it stood from a revision on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resource {
    /// Its id, the same in every version.
    pub id: Id,
    /// What it lies in: the dropbox of an invitation. None for most kinds.
    pub parent: Option<Id>,
    /// Its name as first written; empty for kinds that are numbered.
    pub name: String,
    /// What it is looked up by, unique among its kind and parent: the compared form of its name,
    /// or the hash of a link's secret, or the number.
    pub key: String,
    /// A second thing it is found by, not unique: the compared form of an account's e-mail address.
    pub alias: Option<String>,
    /// What is known of it; also says its kind.
    pub attributes: Attributes,
    /// The revision that made it so; 0 in a draft.
    pub since: Revision,
}

impl Resource {
    /// Its kind.
    pub const fn kind(&self) -> Kind {
        self.attributes.kind()
    }

    /// Whether another version says the same, whenever it was made.
    pub fn is_same_as(&self, other: &Resource) -> bool {
        Resource { since: 0, ..self.clone() } == Resource { since: 0, ..other.clone() }
    }

    /// The reference that works as input.
    pub fn reference(&self) -> String {
        match self.kind() {
            Kind::Server => "server".to_owned(),
            kind if kind.is_numbered() => format!("{kind}:{}", self.id),
            kind => format!("{kind}:{}", self.name),
        }
    }

    /// Its name as a shell takes it, for commands that are offered.
    pub fn typed(&self) -> String {
        super::name::quoted(&self.name)
    }

    /// The account's attributes, if it is one.
    pub const fn as_account(&self) -> Option<&Account> {
        if let Attributes::Account(it) = &self.attributes { Some(it) } else { None }
    }

    /// The server's settings, if it is the server.
    pub const fn as_server(&self) -> Option<&Server> {
        if let Attributes::Server(it) = &self.attributes { Some(it) } else { None }
    }

    /// The workgroup's attributes, if it is one.
    pub const fn as_workgroup(&self) -> Option<&Workgroup> {
        if let Attributes::Workgroup(it) = &self.attributes { Some(it) } else { None }
    }

    /// The package's attributes, if it is one.
    pub const fn as_package(&self) -> Option<&Package> {
        if let Attributes::Package(it) = &self.attributes { Some(it) } else { None }
    }

    /// The private link's attributes, if it is one.
    pub const fn as_invitation(&self) -> Option<&Invitation> {
        if let Attributes::Invitation(it) = &self.attributes { Some(it) } else { None }
    }
}
