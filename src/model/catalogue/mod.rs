//! The catalogue: which role allows which actions, under which condition, and who says so.
//!
//! Three sorts of rows speak of actions. [`grants`] give: an action is allowed when some row's grantee and condition
//! hold. [`restrictions`] take away, whoever asks: every one that concerns an action must be met as well.
//! [`denial_reasons`] give nothing and take nothing: they only say which sentence a refusal is read from.
//! The rows of [`disclosure`] say what is shown to whom; [`COMMAND_RULES`] are the rules of single commands.
//! Decisions, `role list`, remedies and the manual are all made from these rows; one file for each
//! of the systems they speak of.
//!
//! `seed 000` to `seed 004` are the product texts this tool implements (docs/model.md#sources); `product` is
//! further product documentation; `decision` is ours, argued for in `docs/decisions.md`.

mod commands;
mod content;
pub mod disclosure;
mod endpoints;
mod organizations;
mod server;
mod workgroups;

pub use commands::{
    ACTIVE_ONLY, COMMAND_RULES, CommandRule, HAND_OVER, INVITATION, LINK, NOT_GRANTED, NOT_THERE, OUTSIDERS,
    OWN_ACCOUNT, OWN_ADDRESS, OWN_NAME, TOKEN_ENDED, UNDO, rules,
};

use std::sync::OnceLock;

use super::action::Verb::{self, *};
use super::attributes::{MemberAccess, SendPolicy, Setting, TokenMode};
use super::kind::Kind;
use super::permission::Permissions;
use super::role::Role;

/// A rule: its name, which never changes, and the sentence it comes from. Only the catalogue makes one, so no
/// refusal names a rule that is not in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// A fixed word, `NOUN.RULE`.
    pub name: &'static str,
    /// `seed NNN: SENTENCE`, `product: SENTENCE` or `decision: SENTENCE`.
    pub source: &'static str,
    sealed: Sealed,
}

/// What a rule cannot be made without. Private, so that only the catalogue makes one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Sealed;

/// Who a row speaks of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grantee {
    /// Whoever holds this role: account roles on the server, any other on the resource asked about or
    /// on what that lies in.
    Role(Role),
    /// Every active account.
    Account,
    /// The account asked about itself.
    Itself,
    /// Who shares a workgroup with the account asked about, as its `member-access` allows.
    FellowMember,
    /// An admin of some workgroup or dropbox.
    SomeAdmin,
    /// An admin of some workgroup or dropbox whose admins manage groups.
    GroupManager,
    /// Who views the packages of a workgroup or dropbox that received the package asked about.
    RecipientViewer,
    /// Who holds a share, of the item asked about or of a folder above, that has the permission.
    ShareHolder,
    /// The owner of the item asked about or of a folder above.
    Owner,
    /// Who holds all of these permissions on the item, or on the root folder of the endpoint.
    HoldsPermissions(Permissions),
    /// Who holds every permission that is to be shared.
    Sharer,
    /// Who may do each part of it.
    AllParts,
    /// A live access token of the workspace, of this mode or a stronger one.
    Token(TokenMode),
}

/// What must hold besides, for a row to give.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// The account asked about has the role `user`.
    TargetIsUser,
    /// The role asked for is `user`.
    ValueIsUser,
    /// It is not the end of an admin: to be deactivated, or to expire.
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
    /// One may send to the workgroup asked about.
    MaySend,
    /// One may view the account asked about.
    MayView,
    /// The endpoint is public.
    PublicEndpoint,
    /// The endpoint is not a private bucket.
    NotPrivateS3,
    /// The endpoint's sharing is managed: `s3` and `share`.
    SharingManaged,
    /// The endpoint's sharing is delegated: `node`.
    SharingDelegated,
    /// The server lets members edit the workspaces they have.
    MembersEditWorkspaces,
    /// The server lets members leave organizations.
    MembersMayLeave,
    /// The organization has another active admin.
    AnotherAdmin,
    /// The workspace has files.
    HasFiles,
    /// One views the packages of every dropbox that the package went to.
    ViewsWhereSubmitted,
}

/// A row that gives.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// To whom.
    pub grantee: Grantee,
    /// On which kind of resource.
    pub kind: Kind,
    /// What.
    pub verbs: &'static [Verb],
    /// When.
    pub when: Option<Condition>,
    /// Who says so.
    pub rule: Rule,
}

/// What a restriction requires.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Requirement {
    /// The account asked about is not one's own.
    NotItself,
    /// The setting is allowed to the account that asks.
    Allowed(Setting),
    /// The setting is allowed, or the two share a workgroup (or it is one's own workgroup).
    AllowedOrShared(Setting),
    /// The setting is allowed, or one sent the package oneself.
    AllowedOrSent(Setting),
    /// The account asked about is active.
    TargetActive,
    /// The endpoint is managed.
    Managed,
    /// An access manager has something to manage on that kind of endpoint.
    RoleFitsKind,
    /// The endpoint's content can be shared, and the item is one that can be.
    Shareable,
    /// The endpoint can hold a share of that set.
    SetFits,
    /// It does not go straight into one's home folder, or root uploads are allowed.
    RootUpload,
    /// It is not the root folder of an endpoint.
    NotRoot,
}

/// A row that takes away.
#[derive(Clone, Copy, Debug)]
pub struct Restriction {
    /// On which kind of resource.
    pub kind: Kind,
    /// From what.
    pub verbs: &'static [Verb],
    /// Unless this holds.
    pub requirement: Requirement,
    /// Who says so.
    pub rule: Rule,
}

/// A row that names the sentence behind a refusal.
#[derive(Clone, Copy, Debug)]
pub struct DenialReason {
    /// For whom; none for everybody.
    pub role: Option<Role>,
    /// On which kind of resource.
    pub kind: Kind,
    /// Of what.
    pub verbs: &'static [Verb],
    /// When.
    pub when: Option<Condition>,
    /// Who says so.
    pub rule: Rule,
}

const fn rule(name: &'static str, source: &'static str) -> Rule {
    Rule { name, source, sealed: Sealed }
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

/// The rule that keeps from whoever may only submit what is in a dropbox.
pub const SUBMIT_ONLY: Rule = workgroups::SUBMIT_ONLY;
/// The rule that keeps sets that are no preset from nodes that are too old.
pub const CUSTOM_SETS: Rule = content::CUSTOM_SETS;
/// The rule that only admins of an organization remove its members, and nobody oneself.
pub const REMOVES_MEMBERS: Rule = organizations::REMOVES_MEMBERS;
/// The rule that keeps admins active, and without an expiry.
pub const ADMINS_DO_NOT_END: Rule = server::ADMINS_DO_NOT_END;
/// The rule that keeps the root folder of an endpoint where and what it is.
pub const ROOT_STAYS: Rule = content::ROOT_STAYS;
/// The rule that lets nobody but the sharer change a share.
pub const SHARER_ONLY: Rule = content::SHARER_ONLY;
/// The rule that lets any administrator change an admin share.
pub const ADMIN_SHARES: Rule = content::ADMIN_SHARES;
/// The rule that keeps everybody else from changing an admin share, or one of the system's.
pub const OPERATORS_SHARES: Rule = content::OPERATORS_SHARES;
/// The rule that lets any access manager change a share of an endpoint whose sharing is managed.
pub const MANAGED_SHARES: Rule = content::MANAGED_SHARES;

/// What each preset is a name for: its word, its permissions, and the sentence that says so.
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

/// Every row that gives, by kind; within a kind, what gives least stands first.
pub fn grants() -> impl Iterator<Item = &'static Grant> {
    GRANTS.into_iter().flatten()
}

/// Every row that takes away, in the order in which they are asked.
pub fn restrictions() -> impl Iterator<Item = &'static Restriction> {
    RESTRICTIONS.into_iter().flatten()
}

/// Which sentence a refusal is read from; the first row that fits speaks.
pub fn denial_reasons() -> impl Iterator<Item = &'static DenialReason> {
    DENIAL_REASONS.into_iter().flatten()
}

/// The rows that concern an action, each sort in the order of its table.
#[derive(Debug)]
pub struct ActionRules {
    /// Those that can give it.
    pub grants: Vec<&'static Grant>,
    /// Those that can take it away.
    pub restrictions: Vec<&'static Restriction>,
    /// Those that say which sentence its refusal is read from.
    pub denial_reasons: Vec<&'static DenialReason>,
}

/// The rows that concern an action on a kind of resource, picked out of the tables once.
#[expect(clippy::indexing_slicing, reason = "the table has a place for every kind and every verb")]
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

impl Condition {
    /// What else one must be allowed on the same resource, where that is the condition.
    pub const fn required_verb(self) -> Option<Verb> {
        match self {
            Condition::MaySend => Some(Send),
            Condition::MayView => Some(View),
            _ => None,
        }
    }

    /// What must hold, as a phrase after "when" or "with".
    pub fn phrase(self) -> String {
        match self {
            Condition::TargetIsUser => "the account's role is user".to_owned(),
            Condition::ValueIsUser => "the role asked for is user".to_owned(),
            Condition::NotAnAdminsEnd => "it is not an admin who would end".to_owned(),
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
    /// Who it is, as a phrase.
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
                // An organization is removed by the operator alone, whom no row speaks of.
                let given = !rules_for(kind, *verb).grants.is_empty();
                assert!(given || (kind, *verb) == (Kind::Org, Delete), "{kind} {}", verb.as_str());
            }
        }
    }

    #[test]
    fn rows_speak_only_of_actions_that_exist() {
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
    fn a_row_speaks_of_roles_on_the_resource_or_on_what_it_lies_in() {
        for row in grants() {
            if let Grantee::Role(role) = row.grantee {
                let above: &[Kind] = match row.kind {
                    Kind::Item => &[Kind::Endpoint, Kind::Workspace],
                    Kind::Workspace => &[Kind::Org],
                    Kind::SigningKey | Kind::AccessToken | Kind::Media | Kind::Stream => &[Kind::Org, Kind::Workspace],
                    _ => &[],
                };
                assert!(
                    role.resource_kind() == Kind::Server
                        || role.resource_kind() == row.kind
                        || above.contains(&role.resource_kind()),
                    "{row:?}"
                );
            }
        }
    }
}
