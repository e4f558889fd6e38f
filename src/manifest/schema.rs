//! The shape of the manifest: every key there is, and what it means.

use super::shape::{Field, Object, Shape, field};
use super::text_format::TextFormat;
use crate::model::Kind;
use Shape::{Bool, Enum, List, Map, Number, OneOf, Text};
use TextFormat::{
    AccountRole, Email, FreeText, Home, Item, Member, Moment, Name, Percent, Permission, Set, Sharer, Url, Version,
};

const ACCOUNT_NAME: TextFormat = Name(Kind::Account);
const SWITCH: Shape = Enum(&["allow", "deny"]);
const CHOICE: Shape = Enum(&["allow", "deny", "default"]);

/// The whole file.
pub static MANIFEST: Object = Object {
    name: "manifest",
    fields: &[
        field("version", Number, "The version of this form of file: 1"),
        field("name", Text(Set), "The set: owner of what the file declares; needed to prune"),
        field("limits", Shape::Object(&LIMITS), "How much one apply may remove; tightens the defaults"),
        field("server", Shape::Object(&SERVER), "The server's settings"),
        field("accounts", Map(ACCOUNT_NAME, &Shape::Object(&ACCOUNT)), "Accounts, by name"),
        field("groups", Map(Name(Kind::Group), &GROUP_OR_MEMBERS), "Groups, by name"),
        field("workgroups", Map(Name(Kind::Workgroup), &Shape::Object(&WORKGROUP)), "Workgroups, by name"),
        field("dropboxes", Map(Name(Kind::Dropbox), &Shape::Object(&DROPBOX)), "Dropboxes, by name"),
        field("endpoints", Map(Name(Kind::Endpoint), &Shape::Object(&ENDPOINT)), "Endpoints, by name"),
        field("organizations", Map(Name(Kind::Org), &Shape::Object(&ORGANIZATION)), "Organizations, by name"),
        field(
            "tests",
            Shape::Tests,
            "What must be so in the state that the file leads to; a failing one stops the apply",
        ),
    ],
};

/// How much one apply may remove.
pub static LIMITS: Object = Object {
    name: "limits",
    fields: &[
        field("removals", Number, "The most things that one apply removes; at most 20"),
        field("share", Text(Percent), "The largest part of the set that one apply removes; at most 25%"),
    ],
};

/// The server's settings.
pub static SERVER: Object = Object {
    name: "server",
    fields: &[
        field("managers-administer-dropboxes", Bool, "Whether managers create, edit and administer dropboxes"),
        field("private-directory", Bool, "Whether plain users see only themselves and fellow members"),
        field("public-links", SWITCH, "Whether dropboxes may have public links"),
        field("members-edit-workspaces", Bool, "Whether members edit the details of the workspaces they have"),
        field("members-may-leave", Bool, "Whether members leave an organization by themselves"),
        field("url", Text(Url), "Where links of dropboxes begin"),
        field("send", SWITCH, "Whether accounts send packages"),
        field("receive", SWITCH, "Whether accounts download what they received"),
        field("forward", SWITCH, "Whether accounts send on what they received"),
        field("send-normal", SWITCH, "Whether accounts send to anything but the dropboxes they belong to"),
        field("send-external", SWITCH, "Whether accounts send to addresses outside"),
        field(
            "send-to-all-users",
            SWITCH,
            "Whether accounts send to people and workgroups they share no workgroup with",
        ),
    ],
};

const ENSURE: &str = "`absent` removes it, with all that hangs on it";
const PREVIOUSLY: &str = "The name it had: it is renamed, and keeps all it has";
const EXCLUSIVE: &str = "Whether nobody else may be in it: who is not named is removed";

/// An account.
pub static ACCOUNT: Object = Object {
    name: "account",
    fields: &[
        field("role", Text(AccountRole), "Its account role: admin, manager or user, the default"),
        field("email", Text(Email), "Its e-mail address"),
        field("display-name", Text(FreeText), "The name that people read"),
        field("expires", Text(Moment), "When it expires: a day (from 00:00 UTC), a time, `never`"),
        field("settings", Shape::Object(&SETTINGS), "Its own settings"),
        field("ensure", Enum(&["present", "inactive", "absent"]), "`absent` destroys it, `inactive` keeps its record"),
        field("transfer-to", Text(ACCOUNT_NAME), "Who takes over what an absent account owns and alone administers"),
        field("cascade", Bool, "Whether the shares that an absent account made are removed, with what rests on them"),
        field("previously", Text(ACCOUNT_NAME), PREVIOUSLY),
    ],
};

/// What an account sets for itself.
pub static SETTINGS: Object = Object {
    name: "settings",
    fields: &[
        field("send", CHOICE, "Send packages at all"),
        field("receive", CHOICE, "Download what it received"),
        field("forward", CHOICE, "Send on what it received"),
        field("send-normal", CHOICE, "Send to anything but the dropboxes it belongs to"),
        field("send-external", CHOICE, "Send to addresses outside"),
        field("send-to-all-users", CHOICE, "Send to people and workgroups it shares no workgroup with"),
    ],
};

const PRESENT_OR_ABSENT: Shape = Enum(&["present", "absent"]);
const MEMBERS: &str = "Accounts and groups that are in it, and perhaps others";

static GROUP_OR_MEMBERS: Shape = OneOf(&[List(&Text(Member)), Shape::Object(&GROUP)]);

/// A group.
pub static GROUP: Object = Object {
    name: "group",
    fields: &[
        field("members", List(&Text(Member)), MEMBERS),
        field(
            "visible",
            Enum(&["everyone", "members", "default"]),
            "Who sees its name and may give it roles and shares; by default everyone, unless the directory is private",
        ),
        field("exclusive", Bool, EXCLUSIVE),
        field("ensure", PRESENT_OR_ABSENT, ENSURE),
        field("previously", Text(Name(Kind::Group)), PREVIOUSLY),
    ],
};

const ADMINS: &str = "Accounts that are members and administer it";
const MANAGE_MEMBERS: Field =
    field("admins-manage-members", Bool, "Whether its admins add existing users and remove members");
const CREATE_USERS: Field = field("admins-create-users", Bool, "Whether its admins create users straight into it");
const MANAGE_GROUPS: Field = field("admins-manage-groups", Bool, "Whether its admins add and remove groups");

/// A workgroup.
pub static WORKGROUP: Object = Object {
    name: "workgroup",
    fields: &[
        field("send", Enum(&["anyone", "members", "admins", "nobody"]), "Who may send packages to it"),
        field("member-access", Enum(&["all", "admins", "none"]), "Whom its members see and may send to"),
        MANAGE_MEMBERS,
        CREATE_USERS,
        MANAGE_GROUPS,
        field("members", List(&OneOf(&[Text(Member), Shape::Object(&WORKGROUP_MEMBER)])), MEMBERS),
        field("admins", List(&Text(ACCOUNT_NAME)), ADMINS),
        field("exclusive", Bool, EXCLUSIVE),
        field("ensure", PRESENT_OR_ABSENT, ENSURE),
        field("previously", Text(Name(Kind::Workgroup)), PREVIOUSLY),
    ],
};

const USER: Field = field("user", Text(ACCOUNT_NAME), "The account");
const GROUP_IN: Field = field("group", Text(Name(Kind::Group)), "The group, in place of an account");
const ACTIVE: Field = field("active", Bool, "`false` for a membership that is listed and gives nothing");

/// A member of a workgroup.
pub static WORKGROUP_MEMBER: Object = Object {
    name: "workgroup-member",
    fields: &[USER, GROUP_IN, field("level", Enum(&["standard", "admin"]), "What the membership gives"), ACTIVE],
};

/// A dropbox.
pub static DROPBOX: Object = Object {
    name: "dropbox",
    fields: &[
        MANAGE_MEMBERS,
        CREATE_USERS,
        MANAGE_GROUPS,
        field("admins-manage-invitations", Bool, "Whether its admins invite outside submitters and revoke their links"),
        field("members-invite", Bool, "Whether its standard members invite outside submitters"),
        field("members", List(&OneOf(&[Text(Member), Shape::Object(&DROPBOX_MEMBER)])), MEMBERS),
        field("admins", List(&Text(ACCOUNT_NAME)), ADMINS),
        field("exclusive", Bool, EXCLUSIVE),
        field("ensure", PRESENT_OR_ABSENT, ENSURE),
        field("previously", Text(Name(Kind::Dropbox)), PREVIOUSLY),
    ],
};

/// A member of a dropbox.
pub static DROPBOX_MEMBER: Object = Object {
    name: "dropbox-member",
    fields: &[
        USER,
        GROUP_IN,
        field("level", Enum(&["standard", "submit-only", "admin"]), "What the membership gives"),
        ACTIVE,
    ],
};

/// An endpoint.
pub static ENDPOINT: Object = Object {
    name: "endpoint",
    fields: &[
        field(
            "kind",
            Enum(&["host", "personal", "s3", "share", "node"]),
            "What it is: host, the default; never changes",
        ),
        field("private", Bool, "Whether only who holds a role sees its definition"),
        field("managed", Bool, "Whether roles can be assigned on it"),
        field("node-version", Text(Version), "The version of a node's software"),
        field("of", Text(Item), "The folder of another endpoint that a share opens"),
        field("roles", Shape::Object(&ROLES), "Who holds which role on it"),
        field("content", Map(TextFormat::Path, &Shape::Object(&CONTENT)), "Files and folders, by path"),
        field("shares", Map(TextFormat::Path, &Map(Sharer, &SHARE_OR_MANY)), "Who shares what with whom, by path"),
        field(
            "exclusive",
            Bool,
            "Whether nobody else may hold a role on it, or a share of a path that stands under `shares`",
        ),
        field("ensure", PRESENT_OR_ABSENT, ENSURE),
        field("previously", Text(Name(Kind::Endpoint)), PREVIOUSLY),
    ],
};

/// The roles on an endpoint.
pub static ROLES: Object = Object {
    name: "roles",
    fields: &[
        field("administrator", List(&Text(Member)), "Who administers it; the first is its creator"),
        field("activity-manager", List(&Text(Member)), "Who controls activity in the console"),
        field("activity-monitor", List(&Text(Member)), "Who sees the console"),
        field("access-manager", List(&Text(Member)), "Who manages shares, where sharing is managed"),
    ],
};

/// A file or folder.
pub static CONTENT: Object = Object {
    name: "content",
    fields: &[
        field("type", Enum(&["folder", "file"]), "Whether it is a folder, the default, or a file"),
        field("size", Number, "The size of a file in bytes"),
        field("owner", Text(ACCOUNT_NAME), "The account that owns it; `none` for nobody, of a home folder"),
        field("ensure", PRESENT_OR_ABSENT, ENSURE),
    ],
};

const PERMISSIONS: Shape = OneOf(&[Text(Permission), List(&Text(Permission))]);
static SHARE_OR_MANY: Shape =
    OneOf(&[Text(Permission), List(&OneOf(&[Text(Permission), Shape::Object(&SHARE)])), Shape::Object(&SHARE)]);

/// A share.
pub static SHARE: Object = Object {
    name: "share",
    fields: &[
        field("permission", PERMISSIONS, "What is given: a preset, or a list of permissions"),
        field("by", Text(ACCOUNT_NAME), "Who shares; nobody for an admin share of the operator's"),
        field("expires", Text(Moment), "When it ends: a day (from 00:00 UTC), a time, `never`"),
        field(
            "class",
            Enum(&["user", "admin", "internal:workspace-folder", "internal:application", "other", "automation"]),
            "Where it comes from: `user` where somebody shares, else `admin`",
        ),
        field("orphaned", Bool, "`true` lets the operator keep a share whose sharer no longer holds it"),
    ],
};

/// An organization.
pub static ORGANIZATION: Object = Object {
    name: "organization",
    fields: &[
        field("description", Text(FreeText), "What it is for"),
        field("admins", List(&Text(ACCOUNT_NAME)), "Its admins; the first founds it"),
        field("members", Map(ACCOUNT_NAME, &List(&Text(Name(Kind::Workspace)))), "Its members, each with workspaces"),
        field("workspaces", Map(Name(Kind::Workspace), &Shape::Object(&WORKSPACE)), "Its workspaces, by name"),
        field("exclusive", Bool, "Whether nobody else may be in it or in its workspaces"),
        field("ensure", PRESENT_OR_ABSENT, ENSURE),
        field("previously", Text(Name(Kind::Org)), PREVIOUSLY),
    ],
};

/// A workspace.
pub static WORKSPACE: Object = Object {
    name: "workspace",
    fields: &[
        field("description", Text(FreeText), "What it is for"),
        field("files", Text(Item), "The folder its files lie in"),
        field("root-upload", SWITCH, "Whether its members upload straight into their home folders"),
        field("members", List(&OneOf(&[Text(ACCOUNT_NAME), Shape::Object(&WORKSPACE_MEMBER)])), "Members that have it"),
        field("ensure", PRESENT_OR_ABSENT, ENSURE),
        field("previously", Text(Name(Kind::Workspace)), PREVIOUSLY),
    ],
};

/// The key of a home folder that does not lie where it usually does.
pub(super) const HOME: Field = field(
    "home",
    Text(Home),
    "The member's home folder, where it is not called by their name; `none` for no home folder",
);

/// A member of a workspace.
pub static WORKSPACE_MEMBER: Object = Object {
    name: "workspace-member",
    fields: &[
        USER,
        field("level", Enum(&["member", "manager"]), "What the membership gives"),
        field("root-upload", SWITCH, "Whether this member uploads straight into the home folder"),
        HOME,
    ],
};
