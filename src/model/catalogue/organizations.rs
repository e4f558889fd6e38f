//! The rows of organizations, workspaces and what lies in them (seed 002).

use super::*;
use Grantee::Role as Held;
use Kind::{AccessToken, Media, Org, SigningKey, Stream, Workspace};

const ADMIN: &str = "seed 002: Admin: This role is for anyone who needs similar access as the account owner – they can see and manage almost everything.";
const MEMBER: &str = "seed 002: Members get only the view access for various functions, they can’t edit or delete.";
const INVITE: &str = "seed 002: Can send invite of Organizations";
const EDIT_ACCESS: &str = "seed 002: Edit admin/member access (role/access to workspace) to an Organization";
const CANCEL: &str = "seed 002: Delete invited member to Organization";
const REMOVE: &str = "seed 002: Remove other member from the Organization";
const LEAVE: &str = "seed 002: Can leave organization by making another admin";
const WORKSPACE_ADD: &str = "seed 002: Add new Workspace in an Organization";
const WORKSPACE_EDIT: &str = "seed 002: Edit existing details of a Workspace";
const WORKSPACE_DELETE: &str = "seed 002: Delete the Workspace";
const WORKSPACE_VIEW: &str = "seed 002: View/Get Workspace details";
const KEY_CREATE: &str = "seed 002: Can create Signing Key";
const KEY_DELETE: &str = "seed 002: Can delete Signing Key";
const KEY_VIEW: &str = "seed 002: Can get all Signing Keys of an Organization";
const TOKEN_VIEW: &str = "seed 002: View/Get all Access Token details of an Organization";
const TOKEN_REVOKE: &str = "seed 002: Can revoke an Access Token";
const TOKEN_CREATE: &str = "seed 002: Can generate new Access Token";
const MEDIA_CREATE: &str = "seed 002: Can create new Media";
const MEDIA_DELETE: &str = "seed 002: Can delete existing Media";
const MEDIA_UPDATE: &str = "seed 002: Can update Media";
const STREAM_CREATE: &str = "seed 002: Can create new Live Stream";
const STREAM_DELETE: &str = "seed 002: Can delete existing Live Stream";
const MEMBER_MEMBERS: &str = "seed 002: Can view/get details in Organization";
const MEMBER_ORG: &str = "seed 002: Can view/get Organization details";
const MEMBER_WORKSPACE: &str = "seed 002: Can edit Workspace details";
const MEMBER_KEYS: &str = "seed 002: Can’t see Signing Key details at all";
const MEMBER_TOKENS: &str = "seed 002: Can’t see Access Token details at all";
const MEMBER_MEDIA: &str = "seed 002: Can view Media details";
const MEMBER_STREAMS: &str = "seed 002: Can view Live Stream details";
const TOKEN: &str = "product: an access token acts with an admin's rights, cut to its workspace and its mode";
const HOME: &str = "product: a member of a workspace that has files has a home folder there";

pub(super) const REMOVES_MEMBERS: Rule = rule("org.admins-remove-members", REMOVE);

#[rustfmt::skip]
pub(super) const GRANTS: &[Grant] = &[
    // Organizations.
    grant(Held(Role::OrgMember), Org, &[View], None, rule("org.members-view", MEMBER_ORG)),
    grant(Held(Role::OrgMember), Org, &[ViewMembers], None, rule("org.members-view-members", MEMBER_MEMBERS)),
    grant(Held(Role::OrgMember), Org, &[Leave], Some(Condition::MembersMayLeave), rule("org.members-leave", "decision: members leave by themselves only where members-may-leave is on")),
    grant(Held(Role::OrgAdmin), Org, &[Edit], None, rule("org.admins-edit", ADMIN)),
    grant(Held(Role::OrgAdmin), Org, &[Invite], None, rule("org.admins-invite", INVITE)),
    grant(Held(Role::OrgAdmin), Org, &[CancelInvitation], None, rule("org.admins-cancel-invitations", CANCEL)),
    grant(Held(Role::OrgAdmin), Org, &[EditMember], None, rule("org.admins-edit-members", EDIT_ACCESS)),
    grant(Held(Role::OrgAdmin), Org, &[RemoveMember], None, REMOVES_MEMBERS),
    grant(Held(Role::OrgAdmin), Org, &[Leave], Some(Condition::AnotherAdmin), rule("org.admins-leave", LEAVE)),
    grant(Held(Role::OrgAdmin), Org, &[CreateWorkspace], None, rule("org.admins-add-workspaces", WORKSPACE_ADD)),
    grant(Held(Role::OrgAdmin), Org, &[CreateSigningKey], None, rule("org.admins-create-signing-keys", KEY_CREATE)),
    grant(Held(Role::OrgAdmin), Org, &[ListSigningKeys], None, rule("org.admins-list-signing-keys", KEY_VIEW)),
    grant(Held(Role::OrgAdmin), Org, &[CreateAccessToken], None, rule("org.admins-create-access-tokens", TOKEN_CREATE)),
    grant(Held(Role::OrgAdmin), Org, &[ListAccessTokens], None, rule("org.admins-list-access-tokens", TOKEN_VIEW)),
    grant(Held(Role::OrgAdmin), Org, &[CreateMedia], None, rule("org.admins-create-media", MEDIA_CREATE)),
    grant(Held(Role::OrgAdmin), Org, &[CreateStream], None, rule("org.admins-create-streams", STREAM_CREATE)),
    // Workspaces.
    grant(Grantee::Token(TokenMode::Read), Workspace, &[View], None, rule("access-token.acts", TOKEN)),
    grant(Grantee::Token(TokenMode::ReadWrite), Workspace, &[Edit, Delete, AddMember, RemoveMember, CreateMedia, CreateStream], None, rule("access-token.acts", TOKEN)),
    grant(Held(Role::WorkspaceMember), Workspace, &[View], None, rule("workspace.members-view", MEMBER_WORKSPACE)),
    grant(Held(Role::WorkspaceMember), Workspace, &[Edit], Some(Condition::MembersEditWorkspaces), rule("workspace.members-edit", MEMBER_WORKSPACE)),
    grant(Held(Role::WorkspaceMember), Workspace, &[UploadToRoot], Some(Condition::HasFiles), rule("workspace.members-upload", HOME)),
    grant(Held(Role::OrgAdmin), Workspace, &[View], None, rule("workspace.admins-view", WORKSPACE_VIEW)),
    grant(Held(Role::OrgAdmin), Workspace, &[Edit], None, rule("workspace.admins-edit", WORKSPACE_EDIT)),
    grant(Held(Role::OrgAdmin), Workspace, &[Delete], None, rule("workspace.admins-delete", WORKSPACE_DELETE)),
    grant(Held(Role::OrgAdmin), Workspace, &[AddMember, RemoveMember], None, rule("org.admins-edit-members", EDIT_ACCESS)),
    grant(Held(Role::OrgAdmin), Workspace, &[CreateMedia], None, rule("org.admins-create-media", MEDIA_CREATE)),
    grant(Held(Role::OrgAdmin), Workspace, &[CreateStream], None, rule("org.admins-create-streams", STREAM_CREATE)),
    // Keys and tokens.
    grant(Grantee::Token(TokenMode::Read), SigningKey, &[View], None, rule("access-token.acts", TOKEN)),
    grant(Grantee::Token(TokenMode::ReadWrite), SigningKey, &[Delete], None, rule("access-token.acts", TOKEN)),
    grant(Held(Role::OrgAdmin), SigningKey, &[View], None, rule("signing-key.admins-view", KEY_VIEW)),
    grant(Held(Role::OrgAdmin), SigningKey, &[Delete], None, rule("signing-key.admins-delete", KEY_DELETE)),
    grant(Grantee::Token(TokenMode::Read), AccessToken, &[View], None, rule("access-token.acts", TOKEN)),
    grant(Grantee::Token(TokenMode::ReadWrite), AccessToken, &[Revoke], None, rule("access-token.acts", TOKEN)),
    grant(Held(Role::OrgAdmin), AccessToken, &[View], None, rule("access-token.admins-view", TOKEN_VIEW)),
    grant(Held(Role::OrgAdmin), AccessToken, &[Revoke], None, rule("access-token.admins-revoke", TOKEN_REVOKE)),
    // Media and live streams.
    grant(Grantee::Token(TokenMode::Read), Media, &[View], None, rule("access-token.acts", TOKEN)),
    grant(Grantee::Token(TokenMode::ReadWrite), Media, &[Update, Delete], None, rule("access-token.acts", TOKEN)),
    grant(Held(Role::WorkspaceMember), Media, &[View], None, rule("media.members-view", MEMBER_MEDIA)),
    grant(Held(Role::OrgAdmin), Media, &[View], None, rule("media.admins-view", ADMIN)),
    grant(Held(Role::OrgAdmin), Media, &[Update], None, rule("media.admins-update", MEDIA_UPDATE)),
    grant(Held(Role::OrgAdmin), Media, &[Delete], None, rule("media.admins-delete", MEDIA_DELETE)),
    grant(Grantee::Token(TokenMode::Read), Stream, &[View], None, rule("access-token.acts", TOKEN)),
    grant(Grantee::Token(TokenMode::ReadWrite), Stream, &[Update, Delete], None, rule("access-token.acts", TOKEN)),
    grant(Held(Role::WorkspaceMember), Stream, &[View], None, rule("stream.members-view", MEMBER_STREAMS)),
    grant(Held(Role::OrgAdmin), Stream, &[View], None, rule("stream.admins-view", ADMIN)),
    grant(Held(Role::OrgAdmin), Stream, &[Update], None, rule("stream.admins-update", "decision: who creates and deletes live streams also changes them")),
    grant(Held(Role::OrgAdmin), Stream, &[Delete], None, rule("stream.admins-delete", STREAM_DELETE)),
];

#[rustfmt::skip]
pub(super) const RESTRICTIONS: &[Restriction] = &[
    restriction(Workspace, &[UploadToRoot], Requirement::RootUpload, super::content::ROOT_UPLOAD),
];

#[rustfmt::skip]
pub(super) const DENIAL_REASONS: &[DenialReason] = &[
    denial_reason(None, Org, &[Delete], rule("org.operator-removes", "decision: an organization is removed by the operator alone; no source lets an admin do it")),
    denial_reason(Some(Role::OrgAdmin), Org, &[Leave], rule("org.admins-leave", LEAVE)),
    denial_reason(Some(Role::OrgMember), Org, &[Leave], rule("org.members-ask", "decision: members leave by themselves only where members-may-leave is on")),
    denial_reason(Some(Role::OrgMember), Org, &[ListSigningKeys, CreateSigningKey], rule("org.members-see-no-keys", MEMBER_KEYS)),
    denial_reason(Some(Role::OrgMember), Org, &[ListAccessTokens, CreateAccessToken], rule("org.members-see-no-tokens", MEMBER_TOKENS)),
    denial_reason(Some(Role::OrgMember), Org, &[Edit, Invite, CancelInvitation, EditMember, RemoveMember, CreateWorkspace, CreateMedia, CreateStream], rule("org.members-view-only", MEMBER)),
    denial_reason(Some(Role::OrgMember), Workspace, &[Edit, Delete, AddMember, RemoveMember, CreateMedia, CreateStream], rule("org.members-view-only", MEMBER)),
    denial_reason(Some(Role::OrgMember), Media, &[Update, Delete], rule("org.members-view-only", MEMBER)),
    denial_reason(Some(Role::OrgMember), Stream, &[Update, Delete], rule("org.members-view-only", MEMBER)),
    denial_reason(Some(Role::OrgMember), SigningKey, &[View, Delete], rule("org.members-see-no-keys", MEMBER_KEYS)),
    denial_reason(Some(Role::OrgMember), AccessToken, &[View, Revoke], rule("org.members-see-no-tokens", MEMBER_TOKENS)),
];
