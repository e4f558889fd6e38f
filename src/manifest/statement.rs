//! Statements: what a manifest says, one by one, as operations take it.
//!
//! A statement says something of one thing, or that somebody holds something on it. What it does not
//! say stays as it is. Statements stand in the order in which they can be made so: things before those
//! who have a place in them, and these before what is shared.

use crate::input::document::Span;
use crate::model::attributes::{AllowDeny, EndpointKind, ItemType, NodeVersion, ShareClass};
use crate::model::time::Expiry;
use crate::model::{Kind, Name, Path, Permissions, Reference, Role};
use crate::ops::home::HomeFolder;
use crate::ops::{account, group, server};

/// Where a statement stands: in which of the sources, and where in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SourceLocation {
    /// The source, by its number.
    pub source: u32,
    /// The place in it.
    pub span: Span,
}

/// A statement at its place.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Where it stands.
    pub location: SourceLocation,
    /// What it says.
    pub declaration: Declaration,
}

/// What shall become of a thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Ensure {
    /// It is there.
    #[default]
    Present,
    /// Of an account: its record is kept, and it may do nothing.
    Inactive,
    /// It is gone.
    Absent,
}

/// What a statement says.
#[derive(Clone, Debug)]
pub enum Declaration {
    /// Of the server.
    Server(server::ServerSettings),
    /// Of an account.
    Account(Box<DeclaredAccount>),
    /// Of a group, a workgroup or a dropbox.
    Group(Box<DeclaredGroup>),
    /// Of an endpoint.
    Endpoint(Box<DeclaredEndpoint>),
    /// Of an organization.
    Org(Box<DeclaredOrg>),
    /// Of a workspace.
    Workspace(Box<DeclaredWorkspace>),
    /// Of a file or folder.
    Item(Box<DeclaredItem>),
    /// That somebody is a member of a group, a workgroup or a dropbox.
    Member(Box<DeclaredMember>),
    /// That somebody is in an organization.
    OrgMember(Box<DeclaredOrgMember>),
    /// That somebody has a workspace.
    WorkspaceMember(Box<DeclaredWorkspaceMember>),
    /// That somebody holds a role on an endpoint.
    Role(Box<DeclaredEndpointRole>),
    /// That something is shared.
    Share(Box<DeclaredShare>),
}

/// An account.
#[derive(Clone, Debug)]
pub struct DeclaredAccount {
    /// Its name.
    pub name: Name,
    /// What is said of it.
    pub settings: account::AccountSettings,
    /// What shall become of it; none where nothing is said of that.
    pub ensure: Option<Ensure>,
    /// Who takes over from one that goes.
    pub transfer_to: Option<Name>,
    /// Whether the shares that one that goes made are removed.
    pub cascade: Option<bool>,
    /// The name it had.
    pub previously: Option<Name>,
}

/// A group, a workgroup or a dropbox.
#[derive(Clone, Debug)]
pub struct DeclaredGroup {
    /// Which of the three.
    pub kind: Kind,
    /// Its name.
    pub name: Name,
    /// What is said of it.
    pub settings: group::GroupSettings,
    /// What shall become of it.
    pub ensure: Ensure,
    /// Whether nobody else may be in it.
    pub exclusive: Option<bool>,
    /// The name it had.
    pub previously: Option<Name>,
}

/// An endpoint.
#[derive(Clone, Debug)]
pub struct DeclaredEndpoint {
    /// Its name.
    pub name: Name,
    /// What it is.
    pub kind: Option<EndpointKind>,
    /// Whether its definition is hidden.
    pub private: Option<bool>,
    /// Whether it holds roles.
    pub managed: Option<bool>,
    /// The version of its software.
    pub node_version: Option<NodeVersion>,
    /// What it opens.
    pub of: Option<(Name, Path)>,
    /// Who administers it: needed to make it.
    pub administrators: Vec<Reference>,
    /// What shall become of it.
    pub ensure: Ensure,
    /// Whether nobody else may hold a role on it, or a share of one of the paths below.
    pub exclusive: Option<bool>,
    /// The paths whose shares are spoken of.
    pub shared: Vec<Path>,
    /// The name it had.
    pub previously: Option<Name>,
}

/// A file or folder.
#[derive(Clone, Debug)]
pub struct DeclaredItem {
    /// Its endpoint.
    pub endpoint: Name,
    /// Its path.
    pub path: Path,
    /// Whether it is a file.
    pub item_type: Option<ItemType>,
    /// The size of a file.
    pub size: Option<u64>,
    /// Who owns it.
    pub owner: Option<Name>,
    /// Whether nobody owns it: a home folder would be its member's.
    pub ownerless: bool,
    /// What shall become of it.
    pub ensure: Ensure,
}

/// An organization.
#[derive(Clone, Debug)]
pub struct DeclaredOrg {
    /// Its name.
    pub name: Name,
    /// What it is for.
    pub description: Option<String>,
    /// Its admins: the first is needed to make it.
    pub admins: Vec<Name>,
    /// What shall become of it.
    pub ensure: Ensure,
    /// Whether nobody else may be in it.
    pub exclusive: Option<bool>,
    /// The name it had.
    pub previously: Option<Name>,
}

/// A workspace.
#[derive(Clone, Debug)]
pub struct DeclaredWorkspace {
    /// Its organization.
    pub org: Name,
    /// Its name.
    pub name: Name,
    /// What it is for.
    pub description: Option<String>,
    /// Where its files lie.
    pub files: Option<(Name, Path)>,
    /// Whether its members upload straight into their home folders.
    pub root_upload: Option<AllowDeny>,
    /// What shall become of it.
    pub ensure: Ensure,
    /// The name it had.
    pub previously: Option<Name>,
}

/// A membership of a group, a workgroup or a dropbox.
#[derive(Clone, Debug)]
pub struct DeclaredMember {
    /// Of what kind of thing.
    pub kind: Kind,
    /// Of which.
    pub of: Name,
    /// Who.
    pub who: Reference,
    /// At which level; none as it is, and the plain one for a new member.
    pub level: Option<Role>,
    /// Whether it gives anything.
    pub active: Option<bool>,
}

/// A place in an organization.
#[derive(Clone, Debug)]
pub struct DeclaredOrgMember {
    /// Of which.
    pub org: Name,
    /// Who.
    pub who: Name,
    /// As what; none as it is, and as a member where it is new.
    pub role: Option<Role>,
}

/// A workspace that somebody has.
#[derive(Clone, Debug)]
pub struct DeclaredWorkspaceMember {
    /// Of which organization.
    pub org: Name,
    /// Which.
    pub workspace: Name,
    /// Who.
    pub who: Name,
    /// As what.
    pub level: Option<Role>,
    /// Whether straight into the home folder.
    pub root_upload: Option<AllowDeny>,
    /// Where the home folder lies.
    pub home: HomeFolder,
}

impl DeclaredWorkspaceMember {
    /// Whether nothing is declared but that they have the workspace.
    pub fn is_plain(&self) -> bool {
        self.level.is_none() && self.root_upload.is_none() && self.home == HomeFolder::Usual
    }
}

/// A role on an endpoint.
#[derive(Clone, Debug)]
pub struct DeclaredEndpointRole {
    /// On which.
    pub endpoint: Name,
    /// Which.
    pub role: Role,
    /// Whose.
    pub who: Reference,
}

/// A share.
#[derive(Clone, Debug)]
pub struct DeclaredShare {
    /// Of what endpoint.
    pub endpoint: Name,
    /// Of what on it.
    pub path: Path,
    /// With whom.
    pub principal: Reference,
    /// What it gives.
    pub permissions: Permissions,
    /// Who shares; none for the operator, or for whoever applies.
    pub by: Option<Name>,
    /// When it ends.
    pub expires: Option<Expiry>,
    /// Where it comes from.
    pub class: Option<ShareClass>,
    /// Whether it may stand without what it rests on.
    pub orphaned: bool,
}

impl Declaration {
    /// When its turn is: what it rests on comes before it.
    pub const fn stage(&self) -> u8 {
        match self {
            Declaration::Server(_) => 0,
            Declaration::Account(_) => 1,
            Declaration::Group(_) => 2,
            Declaration::Member(member) if matches!(member.kind, Kind::Group) => 3,
            Declaration::Endpoint(endpoint) => 4 + (endpoint.of.is_some() as u8),
            Declaration::Org(_) => 6,
            Declaration::Workspace(_) => 7,
            Declaration::OrgMember(_) => 8,
            Declaration::WorkspaceMember(_) => 9,
            Declaration::Member(_) => 10,
            Declaration::Role(_) => 11,
            Declaration::Item(_) => 12,
            Declaration::Share(_) => 13,
        }
    }
}
