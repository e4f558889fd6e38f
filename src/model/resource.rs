//! One version of a resource: a row of the store.

use super::attributes::{
    AccessToken, Account, Attributes, Endpoint, Invitation, Item, Package, Server, Workgroup, Workspace,
};
use super::kind::Kind;
use super::set_names::SetNames;
use super::{Id, Revision};

/// A thing with a kind, a name, a parent and attributes, as it stood from a revision on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resource {
    /// Its id, the same in every version.
    pub id: Id,
    /// What it lies in: the dropbox of an invitation, the folder of an item, the endpoint of its root
    /// folder, the organization of a workspace. None for most kinds.
    pub parent: Option<Id>,
    /// Its name as first written; empty for kinds that are numbered.
    pub name: String,
    /// What it is looked up by, unique among its kind and parent: the compared form of its name
    /// (of an item the name itself), or the hash of a secret, or the number.
    pub key: String,
    /// A second thing it is found by, not unique: the compared form of an account's e-mail address.
    pub alias: Option<String>,
    /// What is known of it; also says its kind.
    pub attributes: Attributes,
    /// Which manifests declare it.
    pub sets: SetNames,
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

    /// The reference that works as input, for kinds whose reference is not made of their parent's
    /// too; [`full_reference`](super::reference::full_reference) does for all.
    pub fn reference(&self) -> String {
        match self.kind() {
            Kind::Server => "server".to_owned(),
            kind if kind.is_numbered() => format!("{kind}:{}", self.id),
            kind => format!("{kind}:{}", self.name),
        }
    }

    /// Whether it is the root folder of an endpoint.
    pub fn is_root(&self) -> bool {
        self.kind() == Kind::Item && self.name == "/"
    }

    /// Its name as a shell takes it, for commands that are offered.
    pub fn shell_name(&self) -> String {
        super::name::shell_quote(&self.name)
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

    /// The endpoint's attributes, if it is one.
    pub const fn as_endpoint(&self) -> Option<&Endpoint> {
        if let Attributes::Endpoint(it) = &self.attributes { Some(it) } else { None }
    }

    /// The item's attributes, if it is one.
    pub const fn as_item(&self) -> Option<&Item> {
        if let Attributes::Item(it) = &self.attributes { Some(it) } else { None }
    }

    /// The workspace's attributes, if it is one.
    pub const fn as_workspace(&self) -> Option<&Workspace> {
        if let Attributes::Workspace(it) = &self.attributes { Some(it) } else { None }
    }

    /// The access token's attributes, if it is one.
    pub const fn as_token(&self) -> Option<&AccessToken> {
        if let Attributes::AccessToken(it) = &self.attributes { Some(it) } else { None }
    }
}
