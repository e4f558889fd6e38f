//! Statements: the declarations of a manifest as values that the planner applies.
//!
//! A statement declares one resource or one binding. Fields that it does not set remain unchanged. Statements are
//! applied in the order of [`Declaration::stage`]: resources first, then their members, then shares.

use crate::input::document::Span;
use crate::model::attributes::{AllowDeny, EndpointKind, ItemType, NodeVersion, ShareClass};
use crate::model::time::Expiry;
use crate::model::{Kind, Name, Path, Permissions, PlatformId, Reference, Role};
use crate::ops::home::HomeFolder;
use crate::ops::labels::LabelChanges;
use crate::ops::{account, group, server};

/// The position of a statement: a source and a span in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SourceLocation {
    /// The number of the source, from 0.
    pub source: u32,
    /// The position in the source.
    pub span: Span,
}

/// A declaration with its position.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The position of the declaration.
    pub location: SourceLocation,
    /// The declared resource or binding.
    pub declaration: Declaration,
}

/// The declared existence of a resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Ensure {
    /// The resource exists.
    #[default]
    Present,
    /// The account exists and is inactive. Only for accounts.
    Inactive,
    /// The resource does not exist.
    Absent,
}

/// The contents of a statement.
#[derive(Clone, Debug)]
pub enum Declaration {
    /// The settings of the server.
    Server(server::ServerSettings),
    /// An account.
    Account(Box<DeclaredAccount>),
    /// A group, workgroup or dropbox.
    Group(Box<DeclaredGroup>),
    /// An endpoint.
    Endpoint(Box<DeclaredEndpoint>),
    /// An organization.
    Org(Box<DeclaredOrg>),
    /// A workspace.
    Workspace(Box<DeclaredWorkspace>),
    /// A file or folder.
    Item(Box<DeclaredItem>),
    /// A membership of a group, workgroup or dropbox.
    Member(Box<DeclaredMember>),
    /// A membership of an organization.
    OrgMember(Box<DeclaredOrgMember>),
    /// A membership of a workspace.
    WorkspaceMember(Box<DeclaredWorkspaceMember>),
    /// A role on an endpoint.
    Role(Box<DeclaredEndpointRole>),
    /// A share of an item.
    Share(Box<DeclaredShare>),
}

/// A declared account.
#[derive(Clone, Debug)]
pub struct DeclaredAccount {
    /// The name of the account.
    pub name: Name,
    /// The settings to change.
    pub settings: account::AccountSettings,
    /// The declared existence; `None` if the manifest has no `ensure`.
    pub ensure: Option<Ensure>,
    /// The account that takes over from an absent account.
    pub transfer_to: Option<Name>,
    /// Whether the shares that an absent account made are removed.
    pub cascade: Option<bool>,
    /// The name before a rename.
    pub previously: Option<Name>,
}

/// A declared group, workgroup or dropbox.
#[derive(Clone, Debug)]
pub struct DeclaredGroup {
    /// The kind: group, workgroup or dropbox.
    pub kind: Kind,
    /// The name of the group.
    pub name: Name,
    /// The settings to change.
    pub settings: group::GroupSettings,
    /// The declared existence.
    pub ensure: Ensure,
    /// Whether to remove members that the manifest does not name.
    pub exclusive: Option<bool>,
    /// The name before a rename.
    pub previously: Option<Name>,
}

/// A declared endpoint.
#[derive(Clone, Debug)]
pub struct DeclaredEndpoint {
    /// The name of the endpoint.
    pub name: Name,
    /// The kind of the endpoint.
    pub kind: Option<EndpointKind>,
    /// Whether its definition is hidden.
    pub private: Option<bool>,
    /// Whether roles can be assigned on it.
    pub managed: Option<bool>,
    /// The version of its software.
    pub node_version: Option<NodeVersion>,
    /// The texts and the external ids.
    pub labels: LabelChanges,
    /// The folder that a share endpoint opens.
    pub of: Option<(Name, Path)>,
    /// The administrators. A new endpoint needs one.
    pub administrators: Vec<Reference>,
    /// The declared existence.
    pub ensure: Ensure,
    /// Whether to remove roles on it, and shares of the paths in `shared`, that the manifest does not name.
    pub exclusive: Option<bool>,
    /// The paths under `shares`.
    pub shared: Vec<Path>,
    /// The name before a rename.
    pub previously: Option<Name>,
}

/// A declared file or folder.
#[derive(Clone, Debug)]
pub struct DeclaredItem {
    /// The endpoint of the item.
    pub endpoint: Name,
    /// The path of the item.
    pub path: Path,
    /// The type: file or folder.
    pub item_type: Option<ItemType>,
    /// The size of a file, in bytes.
    pub size: Option<u64>,
    /// The account that owns it.
    pub owner: Option<Name>,
    /// Whether the item has no owner. Without it, the member of a home folder owns the folder.
    pub ownerless: bool,
    /// The declared existence.
    pub ensure: Ensure,
}

/// A declared organization.
#[derive(Clone, Debug)]
pub struct DeclaredOrg {
    /// The name of the organization.
    pub name: Name,
    /// The texts and the external ids.
    pub labels: LabelChanges,
    /// The admins. A new organization needs one.
    pub admins: Vec<Name>,
    /// The declared existence.
    pub ensure: Ensure,
    /// Whether to remove members that the manifest does not name.
    pub exclusive: Option<bool>,
    /// The name before a rename.
    pub previously: Option<Name>,
}

/// A declared workspace.
#[derive(Clone, Debug)]
pub struct DeclaredWorkspace {
    /// The organization of the workspace.
    pub org: Name,
    /// The name of the workspace.
    pub name: Name,
    /// The texts and the external ids.
    pub labels: LabelChanges,
    /// The folder that holds its files.
    pub files: Option<(Name, Path)>,
    /// Whether its members upload straight into their home folders.
    pub root_upload: Option<AllowDeny>,
    /// The declared existence.
    pub ensure: Ensure,
    /// The name before a rename.
    pub previously: Option<Name>,
}

/// A declared membership of a group, workgroup or dropbox.
#[derive(Clone, Debug)]
pub struct DeclaredMember {
    /// The kind: group, workgroup or dropbox.
    pub kind: Kind,
    /// The name of the group, workgroup or dropbox.
    pub of: Name,
    /// The member: an account or a group.
    pub who: Reference,
    /// The level. `None` keeps the present level; a new member gets the standard one.
    pub level: Option<Role>,
    /// Whether the membership is active.
    pub active: Option<bool>,
    /// What the platforms call the binding.
    pub ids: Vec<PlatformId>,
}

/// A declared membership of an organization.
#[derive(Clone, Debug)]
pub struct DeclaredOrgMember {
    /// The organization.
    pub org: Name,
    /// The account.
    pub who: Name,
    /// The role. `None` keeps the present role; a new member gets the role member.
    pub role: Option<Role>,
    /// What the platforms call the binding.
    pub ids: Vec<PlatformId>,
}

/// A declared membership of a workspace.
#[derive(Clone, Debug)]
pub struct DeclaredWorkspaceMember {
    /// The organization of the workspace.
    pub org: Name,
    /// The name of the workspace.
    pub workspace: Name,
    /// The account.
    pub who: Name,
    /// The level.
    pub level: Option<Role>,
    /// Whether the member uploads straight into the home folder.
    pub root_upload: Option<AllowDeny>,
    /// The home folder of the member.
    pub home: HomeFolder,
    /// What the platforms call the binding.
    pub ids: Vec<PlatformId>,
}

impl DeclaredWorkspaceMember {
    /// Whether the declaration sets only the membership itself, without a level or other fields.
    pub fn is_plain(&self) -> bool {
        self.level.is_none() && self.root_upload.is_none() && self.home == HomeFolder::Usual && self.ids.is_empty()
    }
}

/// A declared role on an endpoint.
#[derive(Clone, Debug)]
pub struct DeclaredEndpointRole {
    /// The endpoint.
    pub endpoint: Name,
    /// The role.
    pub role: Role,
    /// The holder: an account or a group.
    pub who: Reference,
    /// What the platforms call the binding.
    pub ids: Vec<PlatformId>,
}

/// A declared share.
#[derive(Clone, Debug)]
pub struct DeclaredShare {
    /// The endpoint of the shared item.
    pub endpoint: Name,
    /// The path of the shared item.
    pub path: Path,
    /// The principal that the item is shared with.
    pub principal: Reference,
    /// The permissions that the share gives.
    pub permissions: Permissions,
    /// The sharer; `None` for the actor of the apply.
    pub by: Option<Name>,
    /// The end of the share.
    pub expires: Option<Expiry>,
    /// The class of the share.
    pub class: Option<ShareClass>,
    /// Whether the share may exist although its sharer no longer holds what it gives.
    pub orphaned: bool,
    /// What the platforms call the binding.
    pub ids: Vec<PlatformId>,
}

impl Declaration {
    /// The stage of an apply in which the declaration is applied. Declarations come after those that they depend on.
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
