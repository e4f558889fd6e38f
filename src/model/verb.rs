//! The verbs of actions, the verbs that each kind of resource has, and the permission that each verb on an item
//! needs.

use super::kind::Kind;
use super::permission::Permission;

macro_rules! verb_enum {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)*) => {
        /// The word of an action, without its value. In the comments, "it" is the resource.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Verb { $($(#[$doc])* $variant,)* }

        impl Verb {
            /// Every verb.
            pub const ALL: &[Verb] = &[$(Verb::$variant,)*];

            /// The word as written.
            pub const fn as_str(self) -> &'static str {
                match self { $(Verb::$variant => $word,)* }
            }
        }
    };
}

verb_enum! {
    /// See that it exists, and its attributes; on the server: see the settings.
    View = "view",
    /// Change its attributes.
    Edit = "edit",
    /// Remove it.
    Delete = "delete",
    /// Send packages (on a workgroup: to it as a whole).
    Send = "send",
    /// Send to an outside address.
    SendExternal = "send-external",
    /// Forward a received package.
    Forward = "forward",
    /// Change the server's settings.
    Configure = "configure",
    /// Create an account of the role in the value.
    CreateAccount = "create-account",
    /// Create a workgroup.
    CreateWorkgroup = "create-workgroup",
    /// Create a dropbox.
    CreateDropbox = "create-dropbox",
    /// Create a group.
    CreateGroup = "create-group",
    /// Create an endpoint.
    CreateEndpoint = "create-endpoint",
    /// Create an organization.
    CreateOrg = "create-org",
    /// Read the whole log.
    ViewLog = "view-log",
    /// Change the setting in the value.
    Set = "set",
    /// Give the account role in the value.
    SetRole = "set-role",
    /// Activate an account again.
    Activate = "activate",
    /// Deactivate an account.
    Deactivate = "deactivate",
    /// Send to the account.
    SendTo = "send-to",
    /// Add an account as a member (in a group: also a group).
    AddMember = "add-member",
    /// Remove an account from the members (in a group: also a group).
    RemoveMember = "remove-member",
    /// Deactivate a membership: it is still listed and gives nothing.
    DeactivateMember = "deactivate-member",
    /// Activate a membership again.
    ActivateMember = "activate-member",
    /// See the packages in it.
    ViewPackages = "view-packages",
    /// See its members.
    ViewMembers = "view-members",
    /// Send to its members one by one, as a fellow member.
    SendToMembers = "send-to-members",
    /// Create an account of role `user` as a member.
    CreateMember = "create-member",
    /// Add a group as a member.
    AddGroup = "add-group",
    /// Remove a group from the members.
    RemoveGroup = "remove-group",
    /// Make a member an admin.
    AddAdmin = "add-admin",
    /// Make an admin a plain member.
    RemoveAdmin = "remove-admin",
    /// Submit a package to it.
    Submit = "submit",
    /// Invite an outside submitter.
    Invite = "invite",
    /// Revoke an outside submitter's private link.
    RevokeInvitation = "revoke-invitation",
    /// Turn its public link on or off.
    SetPublicLink = "set-public-link",
    /// Download its files.
    Download = "download",
    /// See that it exists: an endpoint's definition, an item's name.
    See = "see",
    /// See the roles on it and their holders.
    ListRoles = "list-roles",
    /// Give the role in the value.
    Assign = "assign",
    /// Take the role in the value away; on an access token: revoke it.
    Revoke = "revoke",
    /// See its activity in the management console.
    ViewConsole = "view-console",
    /// Control its activity in the management console.
    ControlConsole = "control-console",
    /// Grant, change and revoke its shares.
    ManagePermissions = "manage-permissions",
    /// Read every file on it.
    ReadFiles = "read-files",
    /// Write every file on it.
    WriteFiles = "write-files",
    /// See what is in a folder.
    Browse = "browse",
    /// Preview a movie.
    Preview = "preview",
    /// See the thumbnail of an image.
    Thumbnail = "thumbnail",
    /// Upload files to it.
    Upload = "upload",
    /// Create a folder in it.
    CreateFolder = "create-folder",
    /// Rename it.
    Rename = "rename",
    /// Replace it by an upload of the same name.
    Overwrite = "overwrite",
    /// Share the set in the value, as the sharer.
    Share = "share",
    /// Move it to the folder in the value.
    MoveTo = "move-to",
    /// Copy it to the folder in the value.
    CopyTo = "copy-to",
    /// See its shares, also those of other sharers.
    ViewShares = "view-shares",
    /// See its shares of every class; make, change and revoke admin shares if its sharing is delegated.
    AdministerShares = "administer-shares",
    /// Cancel an invitation.
    CancelInvitation = "cancel-invitation",
    /// Change a member's role or workspaces.
    EditMember = "edit-member",
    /// Leave it.
    Leave = "leave",
    /// Add a workspace, and choose the folder of its files.
    CreateWorkspace = "create-workspace",
    /// Create a signing key.
    CreateSigningKey = "create-signing-key",
    /// List the signing keys.
    ListSigningKeys = "list-signing-keys",
    /// Create an access token.
    CreateAccessToken = "create-access-token",
    /// List the access tokens.
    ListAccessTokens = "list-access-tokens",
    /// Create a media file.
    CreateMedia = "create-media",
    /// Create a live stream.
    CreateStream = "create-stream",
    /// Upload directly into the own home folder.
    UploadToRoot = "upload-to-root",
    /// Change it.
    Update = "update",
}

use Verb::*;

/// The verbs of a kind of resource, in the order of listings.
pub const fn verbs_of(kind: Kind) -> &'static [Verb] {
    match kind {
        Kind::Server => &[
            View,
            Send,
            SendExternal,
            Forward,
            Configure,
            CreateAccount,
            CreateWorkgroup,
            CreateDropbox,
            CreateGroup,
            CreateEndpoint,
            CreateOrg,
            ViewLog,
        ],
        Kind::Account => &[View, Edit, Set, SetRole, Activate, Deactivate, Delete, SendTo],
        Kind::Group => &[View, Edit, Delete, ViewMembers, AddMember, RemoveMember],
        Kind::Workgroup => &[
            View,
            Edit,
            Delete,
            Send,
            ViewPackages,
            ViewMembers,
            SendToMembers,
            AddMember,
            RemoveMember,
            DeactivateMember,
            ActivateMember,
            CreateMember,
            AddGroup,
            RemoveGroup,
            AddAdmin,
            RemoveAdmin,
        ],
        Kind::Dropbox => &[
            View,
            Edit,
            Delete,
            Submit,
            ViewPackages,
            ViewMembers,
            AddMember,
            RemoveMember,
            DeactivateMember,
            ActivateMember,
            CreateMember,
            AddGroup,
            RemoveGroup,
            AddAdmin,
            RemoveAdmin,
            Invite,
            RevokeInvitation,
            SetPublicLink,
        ],
        Kind::Package => &[View, Download],
        Kind::Endpoint => &[
            See,
            Edit,
            Delete,
            ListRoles,
            Assign,
            Revoke,
            ViewConsole,
            ControlConsole,
            ManagePermissions,
            ReadFiles,
            WriteFiles,
        ],
        Kind::Item => &[
            See,
            Browse,
            Thumbnail,
            Preview,
            Download,
            Upload,
            CreateFolder,
            Rename,
            Delete,
            Overwrite,
            Share,
            MoveTo,
            CopyTo,
            ViewShares,
            AdministerShares,
        ],
        Kind::Org => &[
            View,
            Edit,
            Delete,
            ViewMembers,
            Invite,
            CancelInvitation,
            EditMember,
            RemoveMember,
            Leave,
            CreateWorkspace,
            CreateSigningKey,
            ListSigningKeys,
            CreateAccessToken,
            ListAccessTokens,
            CreateMedia,
            CreateStream,
        ],
        Kind::Workspace => &[View, Edit, Delete, AddMember, RemoveMember, UploadToRoot, CreateMedia, CreateStream],
        Kind::SigningKey => &[View, Delete],
        Kind::AccessToken => &[View, Revoke],
        Kind::Media | Kind::Stream => &[View, Update, Delete],
        // To accept a finding, and to start or close a review, takes the right to configure the server.
        Kind::Acceptance | Kind::Review | Kind::ReviewDecision => &[],
        Kind::Invitation | Kind::PublicLink | Kind::Invitee | Kind::ExternalId => &[],
    }
}

/// The permission that a verb on an item needs; `None` if it does not need exactly one.
pub const fn required_permission(verb: Verb) -> Option<Permission> {
    Some(match verb {
        Browse => Permission::Browse,
        Preview => Permission::PreviewOnly,
        Download => Permission::Download,
        Upload => Permission::UploadFiles,
        CreateFolder => Permission::CreateFolder,
        Rename => Permission::Rename,
        Delete => Permission::Delete,
        _ => return None,
    })
}

/// The verb on an item that a permission allows.
pub fn allowed_verb(permission: Permission) -> Option<Verb> {
    PERMISSION_VERBS.iter().copied().find(|verb| required_permission(*verb) == Some(permission))
}

/// The verbs on an item that need exactly one permission, one for each permission.
pub const PERMISSION_VERBS: &[Verb] = &[Browse, Preview, Download, Upload, CreateFolder, Rename, Delete];
