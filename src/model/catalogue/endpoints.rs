//! The rows of endpoints (seed 001).

use super::*;
use Grantee::{Account as Everyone, Role as Held};
use Kind::Endpoint;

const MANAGED: &str = "seed 001: Users (or groups) can be granted various roles on any managed endpoint, with each role granting the user (or group) different privileges with respect to that endpoint.";
const FULL_CONTROL: &str = "seed 001: Has full control over the endpoint definition of the endpoint.";
const DELETES: &str = "seed 001: Can delete endpoint definition";
const SEES: &str = "seed 001: Can see endpoint definition even if set to private";
const MANAGES_ROLES: &str = "seed 001: Can manage roles for endpoint";
const CONSOLE: &str =
    "seed 001: Has full access to the Management Console for the endpoint and Activity Monitor capabilities";
const CONSOLE_READS: &str = "seed 001: Has read only access to the Management Console for the endpoint";
const NO_CONSOLE: &str = "seed 001: Does not have Activity Manager and/or Activity Monitor capabilities without being granted such explicitly";
const PERMISSIONS: &str =
    "seed 001: Can manage permissions on any endpoints that supports sharing (S3 or shared endpoints)";
pub(super) const FILES: &str = "seed 001: Has read/write access to folders and files on the endpoint";
const HIDDEN: &str =
    "seed 001: If the endpoint is set to private (in the case of S3 endpoint), cannot see the endpoint.";
const BY_ADMINISTRATORS: &str = "seed 001: Can be granted by any user who has Administrator role on the endpoint";
const BY_SHARES: &str = "decision: whoever holds a permission on the root folder holds it on every file";

#[rustfmt::skip]
pub(super) const GRANTS: &[Grant] = &[
    grant(Everyone, Endpoint, &[See], Some(Condition::PublicEndpoint), rule("endpoint.public", "decision: the definition of a public endpoint is seen by every active account")),
    // An administrator is an access manager too, but its right to see has a sentence of its own.
    grant(Held(Role::ActivityMonitor), Endpoint, &[See], None, rule("endpoint.roles-see", SEES)),
    grant(Held(Role::AccessManager), Endpoint, &[See], Some(Condition::NotPrivateS3), rule("endpoint.access-managers-see", HIDDEN)),
    grant(Held(Role::ActivityMonitor), Endpoint, &[ViewConsole], None, rule("endpoint.monitors-view-console", CONSOLE_READS)),
    grant(Held(Role::ActivityManager), Endpoint, &[ControlConsole], None, rule("endpoint.managers-control-console", CONSOLE)),
    grant(Held(Role::AccessManager), Endpoint, &[ManagePermissions], Some(Condition::SharingManaged), rule("endpoint.access-managers-manage", PERMISSIONS)),
    grant(Held(Role::AccessManager), Endpoint, &[ReadFiles, WriteFiles], Some(Condition::SharingManaged), rule("endpoint.access-managers-read-write", FILES)),
    grant(Grantee::HoldsPermissions(Permissions::VIEW), Endpoint, &[ReadFiles], None, rule("endpoint.shares-read", BY_SHARES)),
    grant(Grantee::HoldsPermissions(Permissions::EDIT), Endpoint, &[WriteFiles], None, rule("endpoint.shares-write", BY_SHARES)),
    grant(Held(Role::EndpointAdministrator), Endpoint, &[Edit], None, rule("endpoint.administrators-control", FULL_CONTROL)),
    grant(Held(Role::EndpointAdministrator), Endpoint, &[Delete], None, rule("endpoint.administrators-delete", DELETES)),
    grant(Held(Role::EndpointAdministrator), Endpoint, &[ListRoles, Assign, Revoke], None, rule("endpoint.administrators-manage-roles", MANAGES_ROLES)),
];

#[rustfmt::skip]
pub(super) const RESTRICTIONS: &[Restriction] = &[
    restriction(Endpoint, &[Assign], Requirement::Managed, rule("endpoint.managed", MANAGED)),
    restriction(Endpoint, &[Assign], Requirement::RoleFitsKind, rule("endpoint.sharing-only", PERMISSIONS)),
];

#[rustfmt::skip]
pub(super) const DENIAL_REASONS: &[DenialReason] = &[
    denial_reason(Some(Role::AccessManager), Endpoint, &[See], rule("endpoint.access-managers-do-not-see", HIDDEN)),
    denial_reason(None, Endpoint, &[See], rule("endpoint.private", SEES)),
    denial_reason(Some(Role::AccessManager), Endpoint, &[ViewConsole, ControlConsole], rule("endpoint.access-managers-no-console", NO_CONSOLE)),
    denial_reason(Some(Role::ActivityMonitor), Endpoint, &[ControlConsole], rule("endpoint.monitors-read-only", CONSOLE_READS)),
    denial_reason(None, Endpoint, &[ViewConsole, ControlConsole], rule("endpoint.console", CONSOLE)),
    denial_reason(None, Endpoint, &[Edit], rule("endpoint.administrators-control", FULL_CONTROL)),
    denial_reason(None, Endpoint, &[Delete], rule("endpoint.administrators-delete", DELETES)),
    denial_reason(None, Endpoint, &[Assign, Revoke], rule("endpoint.granted-by-administrators", BY_ADMINISTRATORS)),
    denial_reason(None, Endpoint, &[ListRoles], rule("endpoint.administrators-manage-roles", MANAGES_ROLES)),
    denial_reason(None, Endpoint, &[ManagePermissions], rule("endpoint.access-managers-manage", PERMISSIONS)),
    denial_reason(None, Endpoint, &[ReadFiles, WriteFiles], rule("endpoint.access-managers-read-write", FILES)),
];
