//! [`Resource`]: one version of a row that describes a resource.

use super::attributes::{
    Acceptance, AccessToken, Account, Attributes, Endpoint, Invitation, Item, Package, Review, ReviewDecision, Server,
    Workgroup, Workspace,
};
use super::kind::Kind;
use super::set_names::SetNames;
use super::{Id, Revision};

/// An object with a kind, a name, a parent and attributes: one version of the row, valid from a revision on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resource {
    /// The id of the resource, the same in every version.
    pub id: Id,
    /// The resource that it lies in: the dropbox of an invitation, the folder of an item, the endpoint of
    /// a root folder, the organization of a workspace. `None` for most kinds.
    pub parent: Option<Id>,
    /// The name as first written; empty for numbered kinds.
    pub name: String,
    /// The lookup key, unique within kind and parent: the compared form of the name (for an item, the name
    /// itself), the hash of a secret, or the number.
    pub key: String,
    /// A second lookup key, not unique: the compared form of an account's e-mail address.
    pub alias: Option<String>,
    /// The attributes, which also give the kind.
    pub attributes: Attributes,
    /// The sets that declare the resource.
    pub sets: SetNames,
    /// The revision that made this version; 0 in a draft.
    pub since: Revision,
}

impl Resource {
    /// The kind of the resource.
    pub const fn kind(&self) -> Kind {
        self.attributes.kind()
    }

    /// Whether two versions are equal apart from their revisions.
    pub fn is_same_as(&self, other: &Resource) -> bool {
        Resource { since: 0, ..self.clone() } == Resource { since: 0, ..other.clone() }
    }

    /// The reference, in the form that works as input, for kinds whose reference does not include the parent.
    /// [`full_reference`](super::reference::full_reference) works for all kinds.
    pub fn reference(&self) -> String {
        match self.kind() {
            Kind::Server => "server".to_owned(),
            kind if kind.is_numbered() => format!("{kind}:{}", self.id),
            kind => format!("{kind}:{}", self.name),
        }
    }

    /// Whether the resource is the root folder of an endpoint.
    pub fn is_root(&self) -> bool {
        self.kind() == Kind::Item && self.name == "/"
    }

    /// The name quoted for a shell, for suggested commands.
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

    /// The acceptance's attributes, if it is one.
    pub const fn as_acceptance(&self) -> Option<&Acceptance> {
        if let Attributes::Acceptance(it) = &self.attributes { Some(it) } else { None }
    }

    /// The review's attributes, if it is one.
    pub const fn as_review(&self) -> Option<&Review> {
        if let Attributes::Review(it) = &self.attributes { Some(it) } else { None }
    }

    /// The attributes of a decision in a review, if it is one.
    pub const fn as_decision(&self) -> Option<&ReviewDecision> {
        if let Attributes::ReviewDecision(it) = &self.attributes { Some(it) } else { None }
    }

    /// The access token's attributes, if it is one.
    pub const fn as_token(&self) -> Option<&AccessToken> {
        if let Attributes::AccessToken(it) = &self.attributes { Some(it) } else { None }
    }
}
