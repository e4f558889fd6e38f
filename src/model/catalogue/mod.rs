//! The catalogue: every rule as a row, with the sentence it comes from. One file for each system.
//!
//! Three tables decide about actions. [`grants`] give: an action is allowed if the grantee and the condition of some
//! grant hold. [`restrictions`] take away: every limit on the action must be met too, whoever acts.
//! [`denial_reasons`] only choose the sentence that explains a denial.
//! The rows of [`disclosure`] say what is shown to whom, and [`COMMAND_RULES`] are the rules of single commands.
//! Decisions, `role list`, remedies and the manual all use these rows.
//!
//! `seed 000` to `seed 004` are the product texts this tool implements (docs/model.md#sources); `product` is
//! further product documentation; `decision` is our choice, explained in `docs/decisions.md`.

mod commands;
mod content;
pub mod disclosure;
mod endpoints;
pub mod findings;
mod organizations;
mod rule;
mod server;
mod workgroups;

pub use commands::{
    ACTIVE_ONLY, COMMAND_RULES, CommandRule, HAND_OVER, INVITATION, LINK, NOT_GRANTED, NOT_THERE, OUTSIDERS,
    OWN_ACCOUNT, OWN_ADDRESS, OWN_NAME, REVIEWER, TOKEN_ENDED, UNDO, rules,
};
pub use rule::Rule;

use std::sync::OnceLock;

use super::action::Verb::{self, *};
use super::attributes::{MemberAccess, SendPolicy, Setting, TokenMode};
use super::kind::Kind;
use super::permission::Permissions;
use super::role::Role;
use rule::rule;

/// The principals that a grant gives to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grantee {
    /// Holders of this role: account roles on the server, any other on the resource or on what the
    /// resource lies in.
    Role(Role),
    /// Every active account.
    Account,
    /// The account that is the resource.
    Itself,
    /// An account that shares a workgroup with the resource, as its `member-access` allows.
    FellowMember,
    /// An admin of some workgroup or dropbox.
    SomeAdmin,
    /// An admin of some workgroup or dropbox whose admins manage groups.
    GroupManager,
    /// A principal that may view the packages of a workgroup or dropbox that received the package.
    RecipientViewer,
    /// A holder of a share, of the item or of a folder above, that has the permission.
    ShareHolder,
    /// The owner of the item or of a folder above.
    Owner,
    /// A holder of all of these permissions on the item, or on the root folder of the endpoint.
    HoldsPermissions(Permissions),
    /// A holder of every permission that is to be shared.
    Sharer,
    /// A principal that may do each part of the action.
    AllParts,
    /// A live access token of the workspace, of this mode or a stronger one.
    Token(TokenMode),
}

/// What must hold in addition to the grantee for a grant to apply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// The account that is the resource has one of these account roles.
    TargetRole(&'static [Role]),
    /// The role that the action names is one of these.
    ValueRole(&'static [Role]),
    /// The action does not deactivate an admin or give it an expiry.
    NotAnAdminsEnd,
    /// The server lets managers administer dropboxes.
    ManagersAdministerDropboxes,
    /// The directory is not private.
    PublicDirectory,
    /// The group is visible to everyone.
    VisibleGroup,
    /// The workgroup's or dropbox's admins manage members.
    AdminsManageMembers,
    /// The workgroup's or dropbox's admins create users.
    AdminsCreateUsers,
    /// The workgroup's or dropbox's admins manage groups.
    AdminsManageGroups,
    /// The dropbox's admins manage invitations.
    AdminsManageInvitations,
    /// The dropbox's members invite.
    MembersInvite,
    /// The workgroup's send policy is this one.
    Send(SendPolicy),
    /// The workgroup's member access is this one.
    Access(MemberAccess),
    /// The subject may send to the resource.
    MaySend,
    /// The subject may view the resource.
    MayView,
    /// The endpoint is public.
    PublicEndpoint,
    /// The endpoint is not a private bucket.
    NotPrivateS3,
    /// The endpoint's sharing is managed: `s3` and `share`.
    SharingManaged,
    /// The endpoint's sharing is delegated: `node`.
    SharingDelegated,
    /// The server lets members edit the workspaces that they are members of.
    MembersEditWorkspaces,
    /// The server lets members leave organizations.
    MembersMayLeave,
    /// The organization has another active admin.
    AnotherAdmin,
    /// The workspace has files.
    HasFiles,
    /// The subject may view the packages of every dropbox that received the package.
    ViewsWhereSubmitted,
}

/// A row that gives actions.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// The principals that the row gives to.
    pub grantee: Grantee,
    /// The kind of resource.
    pub kind: Kind,
    /// The verbs that the row gives.
    pub verbs: &'static [Verb],
    /// What must hold in addition to the grantee; `None` for nothing.
    pub when: Option<Condition>,
    /// The rule, with its sentence.
    pub rule: Rule,
}

/// What a limit requires.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Requirement {
    /// The resource is not the subject itself.
    NotItself,
    /// The subject's setting allows.
    Allowed(Setting),
    /// The subject's setting allows, or subject and resource share a workgroup, or the subject is in the workgroup.
    AllowedOrShared(Setting),
    /// The subject's setting allows, or the subject sent the package.
    AllowedOrSent(Setting),
    /// The account that is the resource is active.
    TargetActive,
    /// The endpoint is managed.
    Managed,
    /// The endpoint's kind fits the role: access managers need managed sharing.
    RoleFitsKind,
    /// The endpoint's content can be shared, and this item can be.
    Shareable,
    /// The endpoint can hold a share of the set.
    SetFits,
    /// The destination is not directly in the subject's home folder, or root uploads are allowed.
    RootUpload,
    /// The item is not the root folder of an endpoint.
    NotRoot,
}

/// A limit: a row that takes actions away unless a requirement holds.
#[derive(Clone, Copy, Debug)]
pub struct Restriction {
    /// The kind of resource.
    pub kind: Kind,
    /// The verbs that the row limits.
    pub verbs: &'static [Verb],
    /// What must hold.
    pub requirement: Requirement,
    /// The rule, with its sentence.
    pub rule: Rule,
}

/// A row that chooses the sentence for a denial.
#[derive(Clone, Copy, Debug)]
pub struct DenialReason {
    /// The role of the denied subject; `None` for everybody.
    pub role: Option<Role>,
    /// The kind of resource.
    pub kind: Kind,
    /// The denied verbs.
    pub verbs: &'static [Verb],
    /// What must hold for the row to fit; `None` for nothing.
    pub when: Option<Condition>,
    /// The rule, with its sentence.
    pub rule: Rule,
}

const fn grant(grantee: Grantee, kind: Kind, verbs: &'static [Verb], when: Option<Condition>, rule: Rule) -> Grant {
    Grant { grantee, kind, verbs, when, rule }
}

const fn restriction(kind: Kind, verbs: &'static [Verb], requirement: Requirement, rule: Rule) -> Restriction {
    Restriction { kind, verbs, requirement, rule }
}

const fn denial_reason(grantee: Option<Role>, kind: Kind, verbs: &'static [Verb], rule: Rule) -> DenialReason {
    DenialReason { role: grantee, kind, verbs, when: None, rule }
}

const fn denial_reason_where(when: Condition, kind: Kind, verbs: &'static [Verb], rule: Rule) -> DenialReason {
    DenialReason { role: None, kind, verbs, when: Some(when), rule }
}

/// The rule that hides the content of a dropbox from members who may only submit.
pub const SUBMIT_ONLY: Rule = workgroups::SUBMIT_ONLY;
/// The rule that old nodes hold only shares of presets.
pub const CUSTOM_SETS: Rule = content::CUSTOM_SETS;
/// The rule that only admins of an organization remove its members, and nobody removes themselves.
pub const REMOVES_MEMBERS: Rule = organizations::REMOVES_MEMBERS;
/// The rule that admins are always active and have no expiry.
pub const ADMINS_DO_NOT_END: Rule = server::ADMINS_DO_NOT_END;
/// The rule that the root folder of an endpoint is not renamed, moved, copied or removed.
pub const ROOT_STAYS: Rule = content::ROOT_STAYS;
/// The rule that only the sharer may change a share.
pub const SHARER_ONLY: Rule = content::SHARER_ONLY;
/// The rule that every administrator may change an admin share.
pub const ADMIN_SHARES: Rule = content::ADMIN_SHARES;
/// The rule that only the operator may change a share of one of the system's classes.
pub const OPERATORS_SHARES: Rule = content::OPERATORS_SHARES;
/// The rule that every access manager may change a share of an endpoint whose sharing is managed.
pub const MANAGED_SHARES: Rule = content::MANAGED_SHARES;

/// The presets: word, permissions, and the rule with its sentence.
pub const PRESETS: [(&str, Permissions, Rule); 4] = content::PRESETS;

/// The tables, one for each system.
const GRANTS: [&[Grant]; 5] =
    [server::GRANTS, workgroups::GRANTS, endpoints::GRANTS, content::GRANTS, organizations::GRANTS];
const RESTRICTIONS: [&[Restriction]; 5] = [
    server::RESTRICTIONS,
    workgroups::RESTRICTIONS,
    endpoints::RESTRICTIONS,
    content::RESTRICTIONS,
    organizations::RESTRICTIONS,
];
const DENIAL_REASONS: [&[DenialReason]; 5] = [
    server::DENIAL_REASONS,
    workgroups::DENIAL_REASONS,
    endpoints::DENIAL_REASONS,
    content::DENIAL_REASONS,
    organizations::DENIAL_REASONS,
];

/// Every grant, by kind. Within a kind, the grants that give least come first.
pub fn grants() -> impl Iterator<Item = &'static Grant> {
    GRANTS.into_iter().flatten()
}

/// Every limit, in the order of evaluation.
pub fn restrictions() -> impl Iterator<Item = &'static Restriction> {
    RESTRICTIONS.into_iter().flatten()
}

/// The rows that choose the sentence for a denial. The first row that fits decides.
pub fn denial_reasons() -> impl Iterator<Item = &'static DenialReason> {
    DENIAL_REASONS.into_iter().flatten()
}

/// The rows that concern an action, in the order of their tables.
#[derive(Debug)]
pub struct ActionRules {
    /// The grants that can give the action.
    pub grants: Vec<&'static Grant>,
    /// The limits on the action.
    pub restrictions: Vec<&'static Restriction>,
    /// The rows that choose the sentence for a denial of the action.
    pub denial_reasons: Vec<&'static DenialReason>,
}

/// The rows that concern a verb on a kind of resource; collected once.
#[expect(clippy::indexing_slicing, reason = "the table has an entry for every kind and every verb")]
pub fn rules_for(kind: Kind, verb: Verb) -> &'static ActionRules {
    static PICKED: [[OnceLock<ActionRules>; Verb::ALL.len()]; Kind::ALL.len()] =
        [const { [const { OnceLock::new() }; Verb::ALL.len()] }; Kind::ALL.len()];
    let pick = || ActionRules {
        grants: grants().filter(|row| row.kind == kind && row.verbs.contains(&verb)).collect(),
        restrictions: restrictions().filter(|row| row.kind == kind && row.verbs.contains(&verb)).collect(),
        denial_reasons: denial_reasons().filter(|row| row.kind == kind && row.verbs.contains(&verb)).collect(),
    };
    PICKED[kind as usize][verb as usize].get_or_init(pick)
}

/// The words of some roles of one kind: `manager or user`.
fn any_of(roles: &[Role]) -> String {
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" or ")
}

impl Condition {
    /// The verb on the same resource that the condition requires, if it requires one.
    pub const fn required_verb(self) -> Option<Verb> {
        match self {
            Condition::MaySend => Some(Send),
            Condition::MayView => Some(View),
            _ => None,
        }
    }

    /// The condition as a phrase after "when" or "with".
    pub fn phrase(self) -> String {
        match self {
            Condition::TargetRole(roles) => format!("the account's role is {}", any_of(roles)),
            Condition::ValueRole(roles) => format!("the role asked for is {}", any_of(roles)),
            Condition::NotAnAdminsEnd => "it does not deactivate or expire an admin".to_owned(),
            Condition::ManagersAdministerDropboxes => "managers-administer-dropboxes is on".to_owned(),
            Condition::PublicDirectory => "private-directory is off".to_owned(),
            Condition::VisibleGroup => "it is visible to everyone".to_owned(),
            Condition::AdminsManageMembers => "admins-manage-members is on".to_owned(),
            Condition::AdminsCreateUsers => "admins-create-users is on".to_owned(),
            Condition::AdminsManageGroups => "admins-manage-groups is on".to_owned(),
            Condition::AdminsManageInvitations => "admins-manage-invitations is on".to_owned(),
            Condition::MembersInvite => "members-invite is on".to_owned(),
            Condition::Send(policy) => format!("send is {}", policy.as_str()),
            Condition::Access(access) => format!("member-access is {}", access.as_str()),
            Condition::MaySend => "one may send to it".to_owned(),
            Condition::MayView => "one may view it".to_owned(),
            Condition::PublicEndpoint => "private is off".to_owned(),
            Condition::NotPrivateS3 => "it is not a private s3 endpoint".to_owned(),
            Condition::SharingManaged => "it is an s3 or share endpoint".to_owned(),
            Condition::SharingDelegated => "it is a node endpoint".to_owned(),
            Condition::MembersEditWorkspaces => "members-edit-workspaces is on".to_owned(),
            Condition::MembersMayLeave => "members-may-leave is on".to_owned(),
            Condition::AnotherAdmin => "another active admin remains".to_owned(),
            Condition::HasFiles => "it has files".to_owned(),
            Condition::ViewsWhereSubmitted => "one views the packages of every dropbox it went to".to_owned(),
        }
    }
}

impl Grantee {
    /// The grantee as a phrase.
    pub fn phrase(self) -> String {
        match self {
            Grantee::Role(role) => role.qualified().to_owned(),
            Grantee::Account => "every active account".to_owned(),
            Grantee::Itself => "oneself".to_owned(),
            Grantee::FellowMember => "a fellow member of a workgroup, as its member-access allows".to_owned(),
            Grantee::SomeAdmin => "an admin of some workgroup or dropbox".to_owned(),
            Grantee::GroupManager => "an admin of some workgroup or dropbox with admins-manage-groups".to_owned(),
            Grantee::RecipientViewer => "who views the packages of a workgroup or dropbox it went to".to_owned(),
            Grantee::ShareHolder => "who holds a share with the permission, of it or of a folder above".to_owned(),
            Grantee::Owner => "the owner of it or of a folder above".to_owned(),
            Grantee::HoldsPermissions(set) => format!("who holds {} on it", set.label()),
            Grantee::Sharer => "who holds every permission to be shared".to_owned(),
            Grantee::AllParts => "who may do each part of it".to_owned(),
            Grantee::Token(mode) => format!("an access token of the workspace with mode {}", mode.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::action::verbs_of;

    #[test]
    fn every_action_of_every_kind_is_given_by_some_row() {
        for kind in Kind::ALL {
            for verb in verbs_of(kind) {
                // Only the operator removes an organization, and the operator needs no row.
                let given = !rules_for(kind, *verb).grants.is_empty();
                assert!(given || (kind, *verb) == (Kind::Org, Delete), "{kind} {}", verb.as_str());
            }
        }
    }

    #[test]
    fn rows_are_about_actions_that_exist() {
        let rows = grants()
            .map(|r| (r.kind, r.verbs, r.rule))
            .chain(restrictions().map(|r| (r.kind, r.verbs, r.rule)))
            .chain(denial_reasons().map(|r| (r.kind, r.verbs, r.rule)));
        for (kind, verbs, rule) in rows {
            for verb in verbs {
                assert!(verbs_of(kind).contains(verb), "{kind} {}", verb.as_str());
            }
            assert!(
                ["seed 0", "product: ", "decision: "].iter().any(|start| rule.source.starts_with(start)),
                "{rule:?}"
            );
        }
    }

    #[test]
    fn a_grant_is_to_roles_on_the_resource_or_on_what_it_lies_in() {
        for row in grants() {
            if let Grantee::Role(role) = row.grantee {
                let mut on = vec![Kind::Server, row.kind];
                // The files of a workspace are not in it: it names a folder of an endpoint.
                on.extend((row.kind == Kind::Item).then_some(Kind::Workspace));
                on.extend(row.kind.parents().iter().flat_map(|above| [&[*above], above.parents()].concat()));
                assert!(on.contains(&role.resource_kind()), "{row:?}");
            }
        }
    }
}
