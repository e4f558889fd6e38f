//! The catalogue of findings: what an audit looks for, why it matters, and what to do about it.
//!
//! `audit findings --catalogue`, `docs/findings.md` and rolebook-findings(7) are made from these rows. The code that
//! looks for each finding is in [`ops::findings`](crate::ops::findings).

use serde::{Deserialize, Serialize};

use crate::model::settings::string_enum;

string_enum! {
    /// How much a finding matters, the least first.
    Severity {
        /// Worth knowing; often deliberate.
        Info = "info",
        /// Likely not what anybody wants.
        Warning = "warning",
        /// Wrong, or open to anybody.
        Error = "error",
    }
}

/// A row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct FindingRow {
    /// The id, which never changes.
    pub id: &'static str,
    /// How much it matters. A share with every account is less severe than one with everybody.
    pub severity: Severity,
    /// What is found, in a few words.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// Where the reason comes from: a sentence of a seed, or our decision.
    pub source: &'static str,
    /// How it is found.
    pub how: &'static str,
    /// What to do, as a command with words in capitals for names.
    pub fix: &'static str,
    /// For findings about age: the number of days that are still in order, unless a policy says otherwise.
    pub days: Option<u32>,
}

/// A row is `Variant = id, severity, days; title; why; source; how; fix`.
macro_rules! findings {
    ($($kind:ident = $id:literal, $severity:ident $(, $days:literal)?; $title:literal; $why:literal; $source:literal;
        $how:literal; $fix:literal;)*) => {
        string_enum! {
            /// What an audit can find.
            FindingKind { $(#[doc = concat!("Finds: ", $title, ".")] $kind = $id,)* }
        }

        impl FindingKind {
            /// The row of the catalogue.
            pub const fn row(self) -> &'static FindingRow {
                match self {
                    $(FindingKind::$kind => &FindingRow {
                        id: $id,
                        severity: Severity::$severity,
                        title: $title,
                        why: $why,
                        source: $source,
                        how: $how,
                        fix: $fix,
                        days: findings!(@days $($days)?),
                    },)*
                }
            }
        }
    };
    (@days) => { None };
    (@days $days:literal) => { Some($days) };
}

findings! {
    NoAdministrator = "no-administrator", Error;
        "nobody administers it";
        "Nobody can change who has access, and only the operator can repair it.";
        "seed 001: Can be granted by other administrators.";
        "The server, each endpoint and each organization is asked for an active account that administers it, groups counted.";
        "rolebook endpoint add-role ENDPOINT administrator USER";
    SingleAdministrator = "single-administrator", Warning;
        "one account alone administers it";
        "When this account ends, nobody can change who has access.";
        "seed 002: Can leave organization by making another admin";
        "The active accounts that administer the server, an endpoint or an organization are counted, through groups too.";
        "rolebook endpoint add-role ENDPOINT administrator USER";
    DormantGrant = "dormant-grant", Warning;
        "an account that is inactive or expired still holds it";
        "Whoever activates the account again gives back everything that it holds, unseen.";
        "decision: the rights of an account that is not active rest, and come back with it";
        "The bindings of every inactive or expired account: roles, memberships, ownerships and shares.";
        "rolebook share revoke ITEM USER";
    OrphanedShare = "orphaned-share", Error;
        "the share gives more than its sharer holds";
        "Nobody who holds the permissions stands behind the share.";
        "seed 003: You can grant any or all of the permissions that you yourself have to that folder, but you cannot grant a permission that you do not have.";
        "Each share is compared with what its sharer holds by ownership, roles and shares that have support themselves.";
        "rolebook share set ITEM WHO --permission PERMISSIONS --by SHARER";
    AbsentSharer = "absent-sharer", Warning;
        "the sharer is not active, and the share is in force";
        "Nobody is left who may change the share as its sharer.";
        "seed 003: The person who shared a folder with you is the only person who can change your permission to that folder.";
        "Shares in force whose sharer is inactive, expired or gone.";
        "rolebook share revoke ITEM WHO --by SHARER";
    ExpiredShare = "expired-share", Info;
        "the share has expired and is still listed";
        "It gives nothing, and hides what is in force.";
        "decision: a share that has expired gives nothing and stays listed until it is revoked";
        "Shares whose end has passed.";
        "rolebook share revoke ITEM WHO";
    PublicWrite = "public-write", Error;
        "everybody may change files";
        "Strangers, or all accounts of the server, may upload, rename, delete or create folders.";
        "decision: who changes files is named, one by one or by group";
        "Shares with `anyone` or `authenticated` that give one of these permissions.";
        "rolebook share set ITEM anyone --permission view";
    PublicRead = "public-read", Warning;
        "everybody may download";
        "What is shared with `anyone` leaves the house; with `authenticated`, every new account reads it too.";
        "decision: who downloads is named, one by one or by group";
        "Shares with `anyone` (a warning) or `authenticated` (info) that give `download`.";
        "rolebook share revoke ITEM anyone";
    PublicLinkOn = "public-link-on", Warning;
        "anyone can claim a link to it";
        "Whoever has the public link can submit packages, and the link can be passed on.";
        "seed 004: You can also allow submission via a public URL where anyone who accesses it can obtain their own private link to the Dropbox submission page at any time.";
        "Dropboxes whose public link is on.";
        "rolebook dropbox public-link DROPBOX off";
    StaleInvitation = "stale-invitation", Warning, 14;
        "the invitation is open for long, or has no end";
        "A link that was never used lies in a mailbox, and works for whoever reads it.";
        "decision: an invitation is for now";
        "Links and invitations that are open, were never used, and are older than 14 days or have no end.";
        "rolebook dropbox revoke DROPBOX ADDRESS";
    InvitationByAbsent = "invitation-by-absent", Warning;
        "whoever invited may no longer do so";
        "The invitation rests on a right that is gone.";
        "decision: an invitation should be possible again by whoever made it";
        "Open links and invitations whose maker is gone, not active, or denied to invite there.";
        "rolebook org cancel-invite ORG ADDRESS";
    InvitedAccount = "invited-account", Info;
        "the invited address belongs to an account";
        "The person has an account now: a membership shows in reviews, a link does not.";
        "decision: people with accounts are members";
        "Open links and invitations whose address is the name or the e-mail address of an account.";
        "rolebook dropbox revoke DROPBOX ADDRESS";
    GlobalUserCreation = "global-user-creation", Warning;
        "its admins create accounts";
        "Accounts exist on the whole server, so the admins of one place decide about all.";
        "seed 000: Workgroup admins manage specific workgroups according to the permissions set for that role in that workgroup.";
        "Workgroups and dropboxes whose `admins-create-users` is on.";
        "rolebook workgroup set WORKGROUP --admins-create-users=false";
    EmptyGroupHolds = "empty-group-holds", Warning;
        "a group without active members holds it";
        "Whoever is added to the group gets it, and nobody sees that when adding.";
        "decision: a group that holds something has members";
        "Groups without an active account in them or in a nested group, and what they hold.";
        "rolebook group remove GROUP --yes";
    EmptyGroup = "empty-group", Info;
        "the group has no members and holds nothing";
        "It serves no purpose.";
        "decision: a group has members";
        "Groups without members that hold no role, membership or share.";
        "rolebook group remove GROUP --yes";
    RedundantGrant = "redundant-grant", Info;
        "the principal has all of it from elsewhere";
        "To take it away changes nothing, so a review of it misleads.";
        "decision: access is given in one place";
        "Bindings whose principal has the same or more from above, through a group, or by a stronger role.";
        "rolebook share revoke ITEM WHO";
    InvisibleEndpoint = "invisible-endpoint", Warning;
        "an access manager cannot see the endpoint they manage";
        "They manage the permissions of a private bucket that is not shown to them.";
        "seed 001: If the endpoint is set to private (in the case of S3 endpoint), cannot see the endpoint.";
        "Private s3 endpoints with access managers who hold no other role there.";
        "rolebook endpoint set ENDPOINT --private=false";
    CustomOnOldNode = "custom-on-old-node", Error;
        "the node cannot hold these permissions";
        "What the share says is not what the node enforces.";
        "seed 003: Custom permissions (content must reside on a transfer server with node software at version 3.7.4 or higher; see the \"Package Information\" section of the IBM Aspera High-Speed Transfer Service Release Notes for specific build numbers for your platform):";
        "Shares of custom sets on nodes whose version is older than 3.7.4 or not known.";
        "rolebook endpoint set ENDPOINT --node-version VERSION";
    UselessSet = "useless-set", Info;
        "the permissions do not work together";
        "The share looks useful and is not.";
        "seed 003: See Delete below for uploading a file with the same name as an existing file (overwrite or replace).";
        "Shares that give `delete` without `browse`, upload without `delete`, or only previews of a file that has none.";
        "rolebook share set ITEM WHO --permission PERMISSIONS";
    HiddenEdit = "hidden-edit", Warning;
        "a hidden share gives everything on a root folder";
        "Shares of the system's own classes are not listed unless one asks for all of them.";
        "seed 003: An administrator or workspace manager may see a shared item identified as having an \"Internal\" or \"Other\" permission.";
        "Shares of a hidden class that give Edit on the root folder of an endpoint.";
        "rolebook share revoke ITEM WHO --class CLASS";
    RootShare = "root-share", Warning;
        "a whole endpoint is shared";
        "Everything that will ever lie on the endpoint is shared too.";
        "seed 003: You have a specific permission or access level for each file or folder in your Files app.";
        "Shares of the root folder of an endpoint.";
        "rolebook share revoke ENDPOINT:/ WHO";
    TokenOfFormerAdmin = "token-of-former-admin", Error;
        "the maker of the token is no longer an admin";
        "The token still acts with the rights of an admin, for somebody who is none.";
        "product: an access token acts with an admin's rights, cut to its workspace and its mode";
        "Live access tokens whose maker is not an active admin of the organization.";
        "rolebook access-token revoke TOKEN";
    OldCredential = "old-credential", Warning, 365;
        "the credential is old, or has no end";
        "The longer a secret exists, the more copies of it there are.";
        "decision: credentials are replaced once a year";
        "Live access tokens that are older than 365 days or have no end, and signing keys that are older.";
        "rolebook access-token revoke TOKEN";
    DuplicateEmail = "duplicate-email", Warning;
        "another active account has the same address";
        "One person with two accounts escapes reviews of either, and mail does not tell the two apart.";
        "decision: one person has one account";
        "Active accounts with equal e-mail addresses.";
        "rolebook account deactivate USER";
    Conflict = "conflict", Error;
        "one account has rights that should be apart";
        "Who has both can do alone what takes two.";
        "seed 000: Tip: Assigning the manager role to users allows you to separate server administration and account administration, delegating the burden of administration to two different groups.";
        "The conflicts of the policy are compared with what each account may do, through groups and roles too.";
        "rolebook group remove-member GROUP USER";
    SelfGranted = "self-granted", Warning;
        "somebody gave it to themselves";
        "Whoever gives access to themselves was not checked by anybody else.";
        "decision: nobody decides about their own access";
        "Roles, memberships and shares of groups and workgroups that their grantor is in, and those of an account that first gave something there to their grantor.";
        "rolebook share revoke ITEM group:GROUP";
    Unreviewed = "unreviewed", Warning, 365;
        "no review has kept it for long";
        "What nobody looks at outlives its reason.";
        "decision: where access is reviewed, all of it is reviewed once a year";
        "Bindings in the scope of any review, as it would be today, that are older than 365 days and were not kept within them.";
        "rolebook audit review start NAME --of RESOURCE";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_complete_sentences_with_a_source() {
        for kind in FindingKind::ALL {
            let row = kind.row();
            for text in [row.why, row.how] {
                assert!(text.ends_with('.') && text.starts_with(char::is_uppercase), "{}: {text}", row.id);
            }
            let starts = ["seed 0", "product: ", "decision: "];
            assert!(starts.iter().any(|start| row.source.starts_with(start)), "{}", row.source);
            assert!(row.fix.starts_with("rolebook ") && !row.title.ends_with('.'), "{row:?}");
        }
    }

    #[test]
    fn severities_are_ordered() {
        assert!(Severity::Info < Severity::Warning && Severity::Warning < Severity::Error);
    }
}
