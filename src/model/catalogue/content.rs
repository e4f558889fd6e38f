//! The rows of files and folders and of shares (seed 003).

use super::*;
use crate::model::action::PERMISSION_VERBS;
use Grantee::Role as Held;
use Kind::Item;

const SHARED: &str =
    "seed 003: For folders shared with you, you have the permission granted to you by the person who shared.";
const ONLY_SHARER: &str = "seed 003: The person who shared a folder with you is the only person who can change your permission to that folder.";
const NEVER_MORE: &str = "seed 003: You can grant any or all of the permissions that you yourself have to that folder, but you cannot grant a permission that you do not have.";
const ROOT: &str = "seed 003: For items you upload to the root level of your Files app, and for items you move from a package in your Packages app to the root level of your Files app, you have full Edit permission (requires Upload permission to the root level; if your administrator has restricted upload capability to the root level of your Files app in this workspace, you can upload only to folders to which you have upload permission, not to the root level).";
const SPECIFIC: &str =
    "seed 003: You have a specific permission or access level for each file or folder in your Files app.";
const CUSTOM: &str = "seed 003: Custom permissions (content must reside on a transfer server with node software at version 3.7.4 or higher; see the \"Package Information\" section of the IBM Aspera High-Speed Transfer Service Release Notes for specific build numbers for your platform):";
const CREATE: &str = "seed 003: Create or upload an empty folder; to upload folders containing files, enable this permission along with Upload files.";
const RENAME: &str = "seed 003: Rename files and folders.";
const UPLOAD: &str = "seed 003: Upload files and folders; to upload folders containing files, enable this permission along with Create/Upload folders permission -- or use Upload composite permission.";
const REPLACE: &str =
    "seed 003: See Delete below for uploading a file with the same name as an existing file (overwrite or replace).";
const MOVE: &str = "seed 003: You need Upload permission to a folder to move or copy content to it.";
const DOWNLOAD: &str = "seed 003: Download the folder or file in the folder.";
const PREVIEW: &str = "seed 003: Preview movie files in the folder.";
const THUMBNAIL: &str = "seed 003: Thumbnail previews of supported image tiles are always available.";
const BROWSE: &str = "seed 003: Browse folder content; if this setting is not enabled, you can see the folder but cannot view folder contents.";
const DELETE: &str = "seed 003: Delete or overwrite files and folders in the folder.";
const INTERNAL: &str = "seed 003: An administrator or workspace manager may see a shared item identified as having an \"Internal\" or \"Other\" permission.";
const PERMISSIONS: &str =
    "seed 001: Can manage permissions on any endpoints that supports sharing (S3 or shared endpoints)";
const LOOK_AFTER: &str = "decision: administrators of an endpoint and managers of a workspace see what they look after";
const ADMIN_SHARING: &str =
    "product: administrators share by the admin procedure; every administrator can change and revoke such shares";

pub(super) const SHARER_ONLY: Rule = rule("content.sharer-only", ONLY_SHARER);
pub(super) const ROOT_UPLOAD: Rule = rule("content.root-upload", ROOT);
pub(super) const ROOT_STAYS: Rule = rule(
    "content.root-stays",
    "decision: the root folder of an endpoint is never renamed, moved, copied or removed, whoever asks",
);
pub(super) const CUSTOM_SETS: Rule = rule("content.custom-sets", CUSTOM);
pub(super) const ADMIN_SHARES: Rule = rule("content.admin-shares", ADMIN_SHARING);
pub(super) const OPERATORS_SHARES: Rule =
    rule("content.others-shares", "decision: shares of the system's own classes are changed by the operator alone");
pub(super) const MANAGED_SHARES: Rule = rule("content.managed-shares", PERMISSIONS);

#[rustfmt::skip]
pub(super) const GRANTS: &[Grant] = &[
    grant(Grantee::ShareHolder, Item, PERMISSION_VERBS, None, rule("content.share", SHARED)),
    grant(Grantee::ShareHolder, Item, &[See], None, rule("content.share-sees", BROWSE)),
    grant(Grantee::Owner, Item, PERMISSION_VERBS, None, rule("content.owner", ROOT)),
    grant(Grantee::Owner, Item, &[See], None, rule("content.owner", ROOT)),
    grant(Held(Role::AccessManager), Item, PERMISSION_VERBS, Some(Condition::SharingManaged), rule("content.role", super::endpoints::FILES)),
    grant(Held(Role::AccessManager), Item, &[See], Some(Condition::SharingManaged), rule("content.role", super::endpoints::FILES)),
    grant(Held(Role::WorkspaceManager), Item, &[See], None, rule("content.managers-see", LOOK_AFTER)),
    grant(Held(Role::EndpointAdministrator), Item, &[See], None, rule("content.administrators-see", LOOK_AFTER)),
    // Thumbnails of every visible item.
    grant(Grantee::ShareHolder, Item, &[Thumbnail], None, rule("content.thumbnail", THUMBNAIL)),
    grant(Grantee::Owner, Item, &[Thumbnail], None, rule("content.thumbnail", THUMBNAIL)),
    grant(Held(Role::AccessManager), Item, &[Thumbnail], Some(Condition::SharingManaged), rule("content.thumbnail", THUMBNAIL)),
    grant(Held(Role::WorkspaceManager), Item, &[Thumbnail], None, rule("content.thumbnail", THUMBNAIL)),
    grant(Held(Role::EndpointAdministrator), Item, &[Thumbnail], None, rule("content.thumbnail", THUMBNAIL)),
    grant(Grantee::AllParts, Item, &[Overwrite], None, rule("content.overwrite", REPLACE)),
    grant(Grantee::AllParts, Item, &[MoveTo, CopyTo], None, rule("content.move", MOVE)),
    grant(Grantee::Sharer, Item, &[Share], Some(Condition::SharingDelegated), rule("content.delegation", NEVER_MORE)),
    grant(Held(Role::AccessManager), Item, &[Share], Some(Condition::SharingManaged), rule("content.managed-sharing", PERMISSIONS)),
    // Before the holders of all seven permissions, since an access manager is one of those too.
    grant(Held(Role::AccessManager), Item, &[ViewShares], Some(Condition::SharingManaged), rule("content.managed-sharing", PERMISSIONS)),
    grant(Grantee::HoldsPermissions(Permissions::EDIT), Item, &[ViewShares], None, rule("content.editors-view-shares", "decision: who holds all seven permissions sees the shares of an item, others' too")),
    grant(Held(Role::WorkspaceManager), Item, &[ViewShares], None, rule("content.managers-view-shares", INTERNAL)),
    grant(Held(Role::EndpointAdministrator), Item, &[ViewShares], None, rule("content.administrators-view-shares", INTERNAL)),
    grant(Held(Role::WorkspaceManager), Item, &[AdministerShares], None, rule("content.admin-shares", ADMIN_SHARING)),
    grant(Held(Role::EndpointAdministrator), Item, &[AdministerShares], None, rule("content.admin-shares", ADMIN_SHARING)),
];

#[rustfmt::skip]
pub(super) const RESTRICTIONS: &[Restriction] = &[
    restriction(Item, &[Rename, Delete, MoveTo, CopyTo], Requirement::NotRoot, ROOT_STAYS),
    restriction(Item, &[Upload, CreateFolder, Overwrite, MoveTo, CopyTo], Requirement::RootUpload, ROOT_UPLOAD),
    restriction(Item, &[Share, AdministerShares], Requirement::Shareable, rule("content.sharing-supported", PERMISSIONS)),
    restriction(Item, &[Share], Requirement::SetFits, CUSTOM_SETS),
];

#[rustfmt::skip]
pub(super) const DENIAL_REASONS: &[DenialReason] = &[
    denial_reason(None, Item, &[Browse], rule("content.browse", BROWSE)),
    denial_reason(None, Item, &[Preview], rule("content.preview", PREVIEW)),
    denial_reason(None, Item, &[Download], rule("content.download", DOWNLOAD)),
    denial_reason(None, Item, &[Upload], rule("content.upload", UPLOAD)),
    denial_reason(None, Item, &[CreateFolder], rule("content.create-folder", CREATE)),
    denial_reason(None, Item, &[Rename], rule("content.rename", RENAME)),
    denial_reason(None, Item, &[Delete], rule("content.delete", DELETE)),
    denial_reason(None, Item, &[Overwrite], rule("content.overwrite", REPLACE)),
    denial_reason(None, Item, &[MoveTo, CopyTo], rule("content.move", MOVE)),
    denial_reason_where(Condition::SharingManaged, Item, &[Share], rule("content.managed-sharing", PERMISSIONS)),
    denial_reason(None, Item, &[Share], rule("content.delegation", NEVER_MORE)),
    denial_reason(None, Item, &[See, Thumbnail], rule("content.none-held", SPECIFIC)),
    denial_reason(None, Item, &[ViewShares], rule("content.others-shares-hidden", INTERNAL)),
    denial_reason(None, Item, &[AdministerShares], rule("content.admin-shares", ADMIN_SHARING)),
];

/// The presets: word, permissions, and the rule with its sentence.
#[rustfmt::skip]
pub(super) const PRESETS: [(&str, Permissions, Rule); 4] = [
    ("preset:edit", Permissions::EDIT, rule("content.preset-edit", "seed 003: This is the highest level of permission and gives a user full control over the item; it contains all other permissions.")),
    ("preset:view", Permissions::VIEW, rule("content.preset-view", "seed 003: Includes Browse, Download, and Preview permissions.")),
    ("preset:upload", Permissions::UPLOAD, rule("content.preset-upload", "seed 003: Includes Create/Upload folders and Upload files")),
    ("preset:preview", Permissions::PREVIEW, rule("content.preset-preview", "seed 003: Includes Browse and Preview")),
];
