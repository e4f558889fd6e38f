//! The shape of a manifest: every key, with its type and its description.

use super::shape::{Field, Object, Shape, field};
use super::text_format::TextFormat;
use crate::model::attributes::{
    AllowDeny, EndpointKind, GroupVisibility, ItemType, MemberAccess, SendPolicy, Setting, SettingValue, ShareClass,
};
use crate::model::{Kind, Role};
use Shape::{Bool, Enum, List, Map, Number, OneOf, Text};
use TextFormat::{
    AccountRole, Email, ExternalId, FreeText, Home, Item, Member, Moment, Name, Percent, Permission, Set, Sharer, Url,
    Version,
};

const ACCOUNT_NAME: TextFormat = Name(Kind::Account);
const SWITCH: Shape = Enum(AllowDeny::WORDS);
const CHOICE: Shape = Enum(SettingValue::WORDS);

/// A whole manifest.
pub static MANIFEST: Object = Object {
    name: "manifest",
    fields: &[
        field("version", Number, "The version of the file format: 1"),
        field("name", Text(Set), "The set that owns what the file declares; needed to prune"),
        field("limits", Shape::Object(&LIMITS), "How much one apply may remove; tightens the defaults"),
        field("server", Shape::Object(&SERVER), "The server's settings"),
        field("accounts", Map(ACCOUNT_NAME, &Shape::Object(&ACCOUNT)), "Accounts, by name"),
        field("groups", Map(Name(Kind::Group), &GROUP_OR_MEMBERS), "Groups, by name"),
        field("workgroups", Map(Name(Kind::Workgroup), &Shape::Object(&WORKGROUP)), "Workgroups, by name"),
        field("dropboxes", Map(Name(Kind::Dropbox), &Shape::Object(&DROPBOX)), "Dropboxes, by name"),
        field("endpoints", Map(Name(Kind::Endpoint), &Shape::Object(&ENDPOINT)), "Endpoints, by name"),
        field("organizations", Map(Name(Kind::Org), &Shape::Object(&ORGANIZATION)), "Organizations, by name"),
        field("tests", Shape::Tests, "What must hold in the state after the apply; a failing test stops the apply"),
    ],
};

/// The limits on what one apply may remove.
pub static LIMITS: Object = Object {
    name: "limits",
    fields: &[
        field("removals", Number, "The maximum number of removals in one apply; at most 20"),
        field("share", Text(Percent), "The maximum part of the set that one apply removes; at most 25%"),
    ],
};

/// The settings of the server.
pub static SERVER: Object = Object { name: "server", fields: &SERVER_FIELDS };

const SERVER_FIELDS: [Field; OWN_FIELDS.len() + Setting::TOGGLES.len()] = joined(&OWN_FIELDS, &toggles(true));

const OWN_FIELDS: [Field; 6] = [
    field("managers-administer-dropboxes", Bool, "Whether managers create, edit and administer dropboxes"),
    field("private-directory", Bool, "Whether plain users see only themselves and fellow members"),
    field("public-links", SWITCH, "Whether dropboxes may have public links"),
    field("members-edit-workspaces", Bool, "Whether members edit the details of their workspaces"),
    field("members-may-leave", Bool, "Whether members leave an organization by themselves"),
    field("url", Text(Url), "The base URL of the links of dropboxes"),
];

/// The keys of all toggles: of the server, or of an account.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index that is out of bounds")]
const fn toggles(of_server: bool) -> [Field; Setting::TOGGLES.len()] {
    let mut fields = [field("", CHOICE, ""); Setting::TOGGLES.len()];
    let mut at = 0;
    while at < fields.len() {
        let setting = Setting::TOGGLES[at];
        fields[at] = match of_server {
            true => field(setting.as_str(), SWITCH, setting.of_server()),
            false => field(setting.as_str(), CHOICE, setting.of_account()),
        };
        at += 1;
    }
    fields
}

/// Two lists of keys as one.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index that is out of bounds")]
const fn joined<const N: usize>(first: &[Field], second: &[Field]) -> [Field; N] {
    let mut fields = [field("", CHOICE, ""); N];
    let mut at = 0;
    while at < N {
        fields[at] = if at < first.len() { first[at] } else { second[at - first.len()] };
        at += 1;
    }
    fields
}

const ENSURE: &str = "`absent` removes it, with its contents and every binding on it or of it";
const PREVIOUSLY: &str = "The name before a rename; its contents and bindings remain";
const EXCLUSIVE: &str = "Whether to remove members that the file does not name";

const DISPLAY_NAME: Field = field("display-name", Text(FreeText), "The name to show");
const DESCRIPTION: Field = field("description", Text(FreeText), "What it is for");
const IDS: Field =
    field("ids", List(&Text(ExternalId)), "What the platforms call it, as `PLATFORM[@INSTANCE]:ID`; others remain");

/// The ids of a binding.
pub(super) const BINDING_IDS: Field =
    field("ids", List(&Text(ExternalId)), "What the platforms call the binding, as `PLATFORM[@INSTANCE]:ID`");

/// An account.
pub static ACCOUNT: Object = Object {
    name: "account",
    fields: &[
        field("role", Text(AccountRole), "Its account role: admin, manager or user (the default)"),
        field("email", Text(Email), "Its e-mail address"),
        DISPLAY_NAME,
        IDS,
        field("expires", Text(Moment), "When it expires: a day (from 00:00 UTC), a time, `never`"),
        field("settings", Shape::Object(&SETTINGS), "Its own settings"),
        field("ensure", Enum(&["present", "inactive", "absent"]), "`absent` destroys it, `inactive` keeps its record"),
        field(
            "transfer-to",
            Text(ACCOUNT_NAME),
            "The account that takes over what an absent account owns and alone administers",
        ),
        field(
            "cascade",
            Bool,
            "Whether to remove the shares that an absent account made, with those that rest on them",
        ),
        field("previously", Text(ACCOUNT_NAME), PREVIOUSLY),
    ],
};

/// The settings of one account.
pub static SETTINGS: Object = Object { name: "settings", fields: &toggles(false) };

const PRESENT_OR_ABSENT: Shape = Enum(&["present", "absent"]);
const MEMBERS: &str = "Its members: accounts and groups; others remain unless `exclusive` is true";

static GROUP_OR_MEMBERS: Shape = OneOf(&[List(&GROUP_MEMBERS), Shape::Object(&GROUP)]);
const GROUP_MEMBERS: Shape = OneOf(&[Text(Member), Shape::Object(&GROUP_MEMBER)]);

/// A member of a group.
pub static GROUP_MEMBER: Object = Object { name: "group-member", fields: &[USER, GROUP_IN, BINDING_IDS] };

/// A group.
pub static GROUP: Object = Object {
    name: "group",
    fields: &[
        field("members", List(&GROUP_MEMBERS), MEMBERS),
        field(
            "visible",
            Enum(GroupVisibility::WORDS),
            "Who sees its name and may give it roles and shares; by default everyone, unless the directory is private",
        ),
        DISPLAY_NAME,
        DESCRIPTION,
        IDS,
        field("exclusive", Bool, EXCLUSIVE),
        field("ensure", PRESENT_OR_ABSENT, ENSURE),
        field("previously", Text(Name(Kind::Group)), PREVIOUSLY),
    ],
};

const ADMINS: &str = "Its members of level admin: accounts only";
const MANAGE_MEMBERS: Field =
    field("admins-manage-members", Bool, "Whether its admins add existing users and remove members");
const CREATE_USERS: Field = field("admins-create-users", Bool, "Whether its admins create users straight into it");
const MANAGE_GROUPS: Field = field("admins-manage-groups", Bool, "Whether its admins add and remove groups");

/// A workgroup.
pub static WORKGROUP: Object = Object {
    name: "workgroup",
    fields: &[
        field("send", Enum(SendPolicy::WORDS), "Who may send packages to it"),
        field("member-access", Enum(MemberAccess::WORDS), "Which of its members its members see and may send to"),
        MANAGE_MEMBERS,
        CREATE_USERS,
        MANAGE_GROUPS,
        DISPLAY_NAME,
        DESCRIPTION,
        IDS,
        field("members", List(&OneOf(&[Text(Member), Shape::Object(&WORKGROUP_MEMBER)])), MEMBERS),
        field("admins", List(&Text(ACCOUNT_NAME)), ADMINS),
        field("exclusive", Bool, EXCLUSIVE),
        field("ensure", PRESENT_OR_ABSENT, ENSURE),
        field("previously", Text(Name(Kind::Workgroup)), PREVIOUSLY),
    ],
};

const USER: Field = field("user", Text(ACCOUNT_NAME), "The account");
const GROUP_IN: Field = field("group", Text(Name(Kind::Group)), "The group, instead of an account");
const ACTIVE: Field = field("active", Bool, "`false` for a membership that gives nothing");

/// A member of a workgroup.
pub static WORKGROUP_MEMBER: Object = Object {
    name: "workgroup-member",
    fields: &[
        USER,
        GROUP_IN,
        field("level", Enum(&Role::words(Role::WORKGROUP)), "The level of the membership"),
        ACTIVE,
        BINDING_IDS,
    ],
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
        DISPLAY_NAME,
        DESCRIPTION,
        IDS,
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
        field("level", Enum(&Role::words(Role::DROPBOX)), "The level of the membership"),
        ACTIVE,
        BINDING_IDS,
    ],
};

/// An endpoint.
pub static ENDPOINT: Object = Object {
    name: "endpoint",
    fields: &[
        field("kind", Enum(EndpointKind::WORDS), "Its kind; host is the default; never changes"),
        field("private", Bool, "Whether only holders of a role see its definition"),
        field("managed", Bool, "Whether roles can be assigned on it"),
        field("node-version", Text(Version), "The version of a node's software"),
        field("of", Text(Item), "The folder of another endpoint that a share opens"),
        DISPLAY_NAME,
        DESCRIPTION,
        IDS,
        field("roles", Shape::Object(&ROLES), "Who holds which role on it"),
        field("content", Map(TextFormat::Path, &Shape::Object(&CONTENT)), "Files and folders, by path"),
        field("shares", Map(TextFormat::Path, &Map(Sharer, &SHARE_OR_MANY)), "Who shares what with whom, by path"),
        field(
            "exclusive",
            Bool,
            "Whether to remove roles on it, and shares of the paths under `shares`, that the file does not name",
        ),
        field("ensure", PRESENT_OR_ABSENT, ENSURE),
        field("previously", Text(Name(Kind::Endpoint)), PREVIOUSLY),
    ],
};

const HOLDER: Shape = OneOf(&[Text(Member), Shape::Object(&ROLE_HOLDER)]);

/// A holder of a role on an endpoint.
pub static ROLE_HOLDER: Object = Object { name: "role-holder", fields: &[USER, GROUP_IN, BINDING_IDS] };

/// The roles on an endpoint.
pub static ROLES: Object = Object {
    name: "roles",
    fields: &[
        field("administrator", List(&HOLDER), "Who administers it; the first creates it"),
        field("activity-manager", List(&HOLDER), "Who controls activity in the console"),
        field("activity-monitor", List(&HOLDER), "Who sees the console"),
        field("access-manager", List(&HOLDER), "Who manages shares, if sharing on it is managed"),
    ],
};

/// A file or folder.
pub static CONTENT: Object = Object {
    name: "content",
    fields: &[
        field("type", Enum(ItemType::WORDS), "Whether it is a folder (the default) or a file"),
        field("size", Number, "The size of a file in bytes"),
        field("owner", Text(ACCOUNT_NAME), "The account that owns it; `none` for a home folder without an owner"),
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
        field("permission", PERMISSIONS, "What it gives: a preset, or a list of permissions"),
        field("by", Text(ACCOUNT_NAME), "The sharer; leave it out for an admin share of the operator"),
        field("expires", Text(Moment), "When it ends: a day (from 00:00 UTC), a time, `never`"),
        field("class", Enum(ShareClass::WORDS), "Where it comes from; by default `user` with a sharer, else `admin`"),
        field("orphaned", Bool, "`true` lets the operator keep a share whose sharer no longer holds what it gives"),
        BINDING_IDS,
    ],
};

/// An organization.
pub static ORGANIZATION: Object = Object {
    name: "organization",
    fields: &[
        DISPLAY_NAME,
        DESCRIPTION,
        IDS,
        field("admins", List(&Text(ACCOUNT_NAME)), "Its admins; the first creates it"),
        field(
            "members",
            Map(ACCOUNT_NAME, &OneOf(&[ITS_WORKSPACES, Shape::Object(&ORGANIZATION_MEMBER)])),
            "Its members, each with a list of workspaces",
        ),
        field("workspaces", Map(Name(Kind::Workspace), &Shape::Object(&WORKSPACE)), "Its workspaces, by name"),
        field("exclusive", Bool, "Whether to remove members of it and of its workspaces that the file does not name"),
        field("ensure", PRESENT_OR_ABSENT, ENSURE),
        field("previously", Text(Name(Kind::Org)), PREVIOUSLY),
    ],
};

const ITS_WORKSPACES: Shape = List(&Text(Name(Kind::Workspace)));

/// A member of an organization.
pub static ORGANIZATION_MEMBER: Object = Object {
    name: "organization-member",
    fields: &[
        field("level", Enum(&Role::words(Role::ORG)), "The level of the membership"),
        field("workspaces", ITS_WORKSPACES, "The workspaces of the member"),
        BINDING_IDS,
    ],
};

/// A workspace.
pub static WORKSPACE: Object = Object {
    name: "workspace",
    fields: &[
        DISPLAY_NAME,
        DESCRIPTION,
        IDS,
        field("files", Text(Item), "The folder that holds its files"),
        field("root-upload", SWITCH, "Whether its members upload straight into their home folders"),
        field("members", List(&OneOf(&[Text(ACCOUNT_NAME), Shape::Object(&WORKSPACE_MEMBER)])), "Its members"),
        field("ensure", PRESENT_OR_ABSENT, ENSURE),
        field("previously", Text(Name(Kind::Workspace)), PREVIOUSLY),
    ],
};

/// The key for a home folder that does not have the usual path.
pub(super) const HOME: Field = field(
    "home",
    Text(Home),
    "The member's home folder, if it does not have the member's name; `none` for no home folder",
);

/// A member of a workspace.
pub static WORKSPACE_MEMBER: Object = Object {
    name: "workspace-member",
    fields: &[
        USER,
        field("level", Enum(&Role::words(Role::WORKSPACE)), "The level of the membership"),
        field("root-upload", SWITCH, "Whether this member uploads straight into the home folder"),
        HOME,
        BINDING_IDS,
    ],
};
