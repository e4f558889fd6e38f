//! Remedies: what is missing for a denied question, and who may provide it.
//!
//! Remedies come from the same rows that decide: for each grant that could apply, [`missing_sets`] collects
//! what is missing for it. Every limit that refuses the action is part of every remedy. `ops::remedy` finds
//! out by trying whether a remedy is enough and which commands do it.

mod files;
mod granters;
mod group_options;

pub use granters::who_can_grant;

use super::conditions;
use super::content;
use super::decide::{Question, decide_for, grant_applies};
use super::facts::{Facts, Result};
use super::grantees::is_grantee;
use super::restrictions::requirement_met;
use super::subject::{PrincipalKind, Subject};
use super::target::Target;
use crate::model::attributes::{Endpoint, Setting, Sharing, Status};
use crate::model::catalogue::{self, Condition, Grant, Grantee, Requirement};
use crate::model::{Action, Id, Kind, Permission, Permissions, Role, Time, Verb};

/// One missing role, right or value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    /// An account role.
    ServerRole(Role),
    /// A membership or role on this resource.
    Role(Role, Id),
    /// A setting of the account.
    Setting(Setting),
    /// A condition on this resource.
    Condition(Condition, Id),
    /// This account must be activated, or its expiry moved.
    Active(Id),
    /// A share of this item.
    Share(Permissions, Id),
    /// This endpoint must become managed.
    Managed(Id),
    /// Root uploads must be allowed in this workspace.
    RootUpload(Id),
    /// The ownership of this item.
    Owner(Id),
    /// The software of this node must be new enough for custom sets.
    NodeVersion(Id),
    /// Files for this workspace, which could lie on this endpoint.
    Files(Id, Id),
}

/// In which capacity the changes of a remedy are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RemedyMethod {
    /// With the rights of the actor, who shares only permissions that the actor holds.
    Own,
    /// With admin shares, by an actor who does not hold the permissions.
    AdminShare,
    /// As the operator.
    Operator,
}

/// A set of changes that would allow what was denied.
#[derive(Clone, PartialEq, Debug)]
pub struct Remedy {
    /// Everything that is missing.
    pub missing: Vec<Missing>,
    /// In which capacity the changes are made.
    pub method: RemedyMethod,
    /// Accounts that may make all of these changes; empty if only the operator may.
    pub actors: Vec<Id>,
    /// Whether there are more such accounts than `actors` holds.
    pub has_more_actors: bool,
}

/// What is missing for a denied question: alternative sets, each of which may be enough, the least powerful
/// first. Empty if no remedy was found.
///
/// # Errors
/// When the facts cannot be read.
pub fn missing_sets<F: Facts + ?Sized>(facts: &F, question: &Question) -> Result<Vec<Vec<Missing>>> {
    let Some(target) = Target::load(facts, question.resource)? else { return Ok(Vec::new()) };
    let (subject, common) = assume_active(facts, question)?;
    missing_for(&subject, question.action, &target, common, true)
}

/// The subject of a question as if it were active, and [`Missing::Active`] if it is not.
fn assume_active<'f, F: Facts + ?Sized>(facts: &'f F, question: &Question) -> Result<(Subject<'f, F>, Vec<Missing>)> {
    let subject = Subject::new(facts, question.principal, question.at)?;
    if subject.principal_kind != PrincipalKind::Account || subject.is_registered() {
        return Ok((subject, Vec::new()));
    }
    let active = Missing::Active(subject.id);
    Ok((subject.assume_active(), vec![active]))
}

/// Alternative sets of what a subject is missing for an action, each of them including `common`. Groups to join
/// are suggested only for whole actions, not for parts: a group that has one part may have another part too.
fn missing_for<F: Facts + ?Sized>(
    subject: &Subject<'_, F>,
    action: Action,
    target: &Target,
    mut common: Vec<Missing>,
    with_groups: bool,
) -> Result<Vec<Vec<Missing>>> {
    let facts = subject.facts();
    let rows = catalogue::rules_for(target.kind, action.verb());
    for limit in &rows.restrictions {
        if requirement_met::<F, ()>(subject, limit.requirement, action, target)?.0 {
            continue;
        }
        match limit.requirement {
            Requirement::SetFits if target.sharing(facts)? == Some(Sharing::Delegated) => {
                match target.endpoint(facts)? {
                    Some((endpoint, _)) => common.push(Missing::NodeVersion(endpoint)),
                    None => return Ok(Vec::new()),
                }
            }
            // No change helps: the subject stays itself, the kind of an endpoint is fixed, and the root folder stays.
            Requirement::NotItself
            | Requirement::RoleFitsKind
            | Requirement::Shareable
            | Requirement::SetFits
            | Requirement::NotRoot => {
                return Ok(Vec::new());
            }
            Requirement::Allowed(setting)
            | Requirement::AllowedOrShared(setting)
            | Requirement::AllowedOrSent(setting) => common.push(Missing::Setting(setting)),
            Requirement::TargetActive if common.contains(&Missing::Active(target.id)) => {}
            Requirement::TargetActive => common.push(Missing::Active(target.id)),
            Requirement::Managed => common.push(Missing::Managed(target.id)),
            Requirement::RootUpload => match home_workspace(facts, action, target)? {
                Some(workspace) => common.push(Missing::RootUpload(workspace)),
                None => return Ok(Vec::new()),
            },
        }
    }
    let mut found: Vec<(usize, Vec<Missing>)> = Vec::new();
    for grant in &rows.grants {
        // A grant that applies already and is only stopped by something in `common` is missing nothing itself.
        let gives = grant_applies::<F, ()>(subject, grant, action, target)?.is_some();
        let own = if gives { Some(Vec::new()) } else { missing_for_grant(subject, grant, action, target)? };
        let Some(own) = own else { continue };
        for own in files::placed(facts, own, subject.at)? {
            let mut missing = common.clone();
            // What is missing for the whole action may be missing for a part of it too.
            missing.extend(own.into_iter().filter(|one| !common.contains(one)));
            if !missing.is_empty() && !found.iter().any(|(_, known)| *known == missing) {
                found.push((missing.iter().map(|one| weight(*one)).max().unwrap_or(0), missing));
            }
        }
        if gives || !with_groups {
            continue;
        }
        for (extra, join) in group_options::memberships_that_grant(subject, grant, action, target)? {
            let missing: Vec<Missing> = common.iter().copied().chain([join]).collect();
            if !found.iter().any(|(_, known)| *known == missing) {
                found.push((extra, missing));
            }
        }
    }
    // If lifting the limits is enough, remedies with additional roles are left out.
    let least = found.iter().map(|(_, missing)| missing.len()).min().unwrap_or(0);
    if least == common.len() {
        found.retain(|(_, missing)| missing.len() == least);
    }
    found.sort_by_key(|(extra, missing)| (*extra, missing.len()));
    Ok(found.into_iter().map(|(_, missing)| missing).collect())
}

/// The workspace whose `root-upload` value applies to an upload.
fn home_workspace<F: Facts + ?Sized>(facts: &F, action: Action, target: &Target) -> Result<Option<Id>> {
    if target.kind == Kind::Workspace {
        return Ok(Some(target.id));
    }
    let on = if let Action::MoveTo(to) | Action::CopyTo(to) = action { to.folder } else { target.id };
    let ancestors = facts.ancestors(on)?;
    let mut homes = ancestors.iter().take(2).filter_map(|it| it.as_item()?.home);
    Ok(homes.next().map(|home| home.workspace))
}

/// What is missing for one grant to apply; `None` if no change could make it apply to this subject.
fn missing_for_grant<F: Facts + ?Sized>(
    subject: &Subject<'_, F>,
    grant: &Grant,
    action: Action,
    target: &Target,
) -> Result<Option<Vec<Missing>>> {
    let mut missing = Vec::new();
    let is_principal = subject.principal_kind == PrincipalKind::Account
        || (subject.principal_kind == PrincipalKind::Accounts && subject.id != Id::AUTHENTICATED);
    match grant.grantee {
        Grantee::Role(role) => {
            let held = is_grantee::<F, ()>(subject, grant.grantee, action, target)?.is_some();
            let is_group = subject.kind() == Some(Kind::Group);
            let fits = match role {
                Role::PackageSender | Role::PackageRecipient => false,
                // Outside submitters get this role by invitation.
                Role::DropboxOutside => subject.kind() == Some(Kind::Invitee),
                // Only accounts hold these roles.
                Role::WorkgroupAdmin | Role::DropboxAdmin => subject.principal_kind == PrincipalKind::Account,
                _ if matches!(role.resource_kind(), Kind::Server | Kind::Org | Kind::Workspace) => {
                    subject.principal_kind == PrincipalKind::Account
                }
                _ if role.resource_kind() == Kind::Endpoint => {
                    subject.principal_kind == PrincipalKind::Account || is_group
                }
                _ => is_principal,
            };
            match target.ancestor_of_kind(subject.facts(), role.resource_kind())? {
                _ if held => {}
                _ if !fits => return Ok(None),
                _ if role.resource_kind() == Kind::Server => missing.push(Missing::ServerRole(role)),
                Some(on) => missing.push(Missing::Role(role, on)),
                None => return Ok(None),
            }
        }
        // An inactive account is only missing activation, which is in `common` already.
        Grantee::Account if matches!(subject.principal_kind, PrincipalKind::Account | PrincipalKind::Accounts) => {}
        Grantee::Itself if subject.id == target.id => {}
        // On an endpoint without sharing, only ownership gives access to files.
        Grantee::Owner => {
            let unshared = target.sharing(subject.facts())? == Some(Sharing::None);
            if !unshared || subject.principal_kind != PrincipalKind::Account || target.kind != Kind::Item {
                return Ok(None);
            }
            missing.push(Missing::Owner(target.id));
        }
        Grantee::ShareHolder | Grantee::Sharer | Grantee::HoldsPermissions(_) => {
            let Some(share) = missing_share(subject, grant.grantee, action, target)? else { return Ok(None) };
            missing.extend(share);
        }
        Grantee::AllParts => {
            for (part, on) in content::parts(subject.facts(), action, target.id)? {
                if decide_for(subject, part, on)?.allowed {
                    continue;
                }
                let Some(on) = Target::load(subject.facts(), on)? else { return Ok(None) };
                let Some(first) = missing_for(subject, part, &on, Vec::new(), false)?.into_iter().next() else {
                    return Ok(None);
                };
                missing.extend(first.into_iter().filter(|one| !missing.contains(one)).collect::<Vec<_>>());
            }
            missing = merge_shares(subject.facts(), missing)?;
        }
        _ => return Ok(None),
    }
    if let Some(condition) = grant.when
        && conditions::condition_holds::<F, ()>(subject, condition, action, target)?.is_none()
    {
        match condition {
            Condition::TargetRole(_)
            | Condition::ValueRole(_)
            | Condition::NotAnAdminsEnd
            | Condition::MaySend
            | Condition::SharingManaged
            | Condition::SharingDelegated => return Ok(None),
            Condition::ViewsWhereSubmitted => {
                for dropbox in conditions::submitted_to(subject.facts(), target.id)? {
                    if !decide_for(subject, Action::Plain(Verb::ViewPackages), dropbox)?.allowed {
                        missing.push(Missing::Role(Role::DropboxStandard, dropbox));
                    }
                }
            }
            Condition::MayView => {
                let view = Action::Plain(Verb::View);
                let first = missing_for(subject, view, target, Vec::new(), false)?.into_iter().next();
                let Some(first) = first else { return Ok(None) };
                missing.extend(first.into_iter().filter(|one| !missing.contains(one)).collect::<Vec<_>>());
            }
            // An admin leaves by the rule for admins, or not at all.
            Condition::MembersMayLeave if subject.holds(Role::OrgAdmin, target.id)? => return Ok(None),
            Condition::ManagersAdministerDropboxes
            | Condition::PublicDirectory
            | Condition::MembersEditWorkspaces
            | Condition::MembersMayLeave => missing.push(Missing::Condition(condition, Id::SERVER)),
            _ => missing.push(Missing::Condition(condition, target.id)),
        }
    }
    Ok(Some(missing))
}

/// The smallest share that would be enough and that the endpoint can hold. `None` if no share can help,
/// `Some(None)` if no permission is missing.
fn missing_share<F: Facts + ?Sized>(
    subject: &Subject<'_, F>,
    grantee: Grantee,
    action: Action,
    target: &Target,
) -> Result<Option<Option<Missing>>> {
    let facts = subject.facts();
    let Some((endpoint, attributes)) = target.endpoint(facts)? else { return Ok(None) };
    // Outside submitters and access tokens hold no shares of their own.
    let may_hold = !matches!(subject.principal_kind, PrincipalKind::Token)
        && (subject.principal_kind != PrincipalKind::Outsider || subject.id == Id::ANYONE);
    let sharing = attributes.kind.sharing();
    // Managed sharing gives shares to accounts and groups only, and on folders only.
    let is_workgroup = subject.kind() == Some(Kind::Workgroup);
    if !may_hold || sharing == Sharing::None || (sharing == Sharing::Managed && is_workgroup) {
        return Ok(None);
    }
    let is_folder = target.item().is_none_or(|it| it.is_folder());
    let above = target.parent();
    let own = if sharing == Sharing::Managed && !is_folder { above.unwrap_or(target.id) } else { target.id };
    let (item, needed) = match (grantee, action, target.kind) {
        (Grantee::HoldsPermissions(set), _, Kind::Endpoint) => match facts.named(Kind::Item, Some(endpoint), "/")? {
            Some(root) => (root.id, set),
            None => return Ok(None),
        },
        (Grantee::HoldsPermissions(set), ..) | (_, Action::Share(set), _) => (own, set),
        (_, action, _) => (own, Permissions::single(content::action_permission(action).unwrap_or(Permission::Browse))),
    };
    let missing = needed.without(content::permissions(subject, item)?);
    Ok(if missing.is_empty() {
        Some(None)
    } else {
        smallest(attributes, missing).map(|set| Some(Missing::Share(set, item)))
    })
}

/// Merges the missing shares of each item into one, and drops a share if a share of a folder above, or the
/// ownership of one, gives the same.
fn merge_shares<F: Facts + ?Sized>(facts: &F, missing: Vec<Missing>) -> Result<Vec<Missing>> {
    let mut shares: Vec<(Permissions, Id)> = Vec::new();
    let mut others = Vec::new();
    for one in missing {
        let Missing::Share(set, item) = one else {
            others.push(one);
            continue;
        };
        match shares.iter_mut().find(|(_, known)| *known == item) {
            Some((known, _)) => *known = known.union(set),
            None => shares.push((set, item)),
        }
    }
    for (set, item) in &mut shares {
        if let Some(target) = Target::load(facts, *item)?
            && let Some((_, endpoint)) = target.endpoint(facts)?
        {
            *set = smallest(endpoint, *set).unwrap_or(*set);
        }
    }
    for (set, item) in &shares {
        let above = facts.ancestors(*item)?;
        let gives = |(other, on): &(Permissions, Id)| {
            on != item && other.contains(*set) && above.iter().any(|folder| folder.id == *on)
        };
        let owned = |one: &Missing| matches!(one, Missing::Owner(on) if above.iter().any(|folder| folder.id == *on));
        if !shares.iter().any(gives) && !others.iter().any(owned) {
            others.push(Missing::Share(*set, *item));
        }
    }
    let owned = |others: &[Missing], item: Id| -> Result<bool> {
        let above = facts.ancestors(item)?;
        let is_above =
            |one: &Missing| matches!(one, Missing::Owner(on) if *on != item && above.iter().any(|it| it.id == *on));
        Ok(others.iter().any(is_above))
    };
    let mut kept = Vec::with_capacity(others.len());
    for one in &others {
        match one {
            Missing::Owner(item) if owned(&others, *item)? => {}
            other => kept.push(*other),
        }
    }
    Ok(kept)
}

/// The smallest set with these permissions that an endpoint can hold.
fn smallest(endpoint: &Endpoint, needed: Permissions) -> Option<Permissions> {
    let presets = Permissions::PRESETS.iter().map(|(set, ..)| *set);
    std::iter::once(needed)
        .chain(presets)
        .filter(|set| set.contains(needed) && endpoint.takes(*set))
        .min_by_key(|set| set.iter().count())
}

/// A rough weight of how much a change gives beyond what was asked for: less is better.
fn weight(one: Missing) -> usize {
    match one {
        Missing::Active(_) => 0,
        Missing::Setting(_) | Missing::RootUpload(_) => 1,
        Missing::Share(set, _) => 1 + set.iter().count(),
        Missing::Role(
            Role::DropboxOutside | Role::DropboxSubmitOnly | Role::GroupMember | Role::WorkspaceMember,
            _,
        ) => 2,
        Missing::Role(Role::WorkgroupStandard | Role::DropboxStandard | Role::ActivityMonitor | Role::OrgMember, _) => {
            3
        }
        Missing::Condition(_, id) if id != Id::SERVER => 4,
        Missing::Role(Role::AccessManager | Role::EndpointAdministrator | Role::OrgAdmin, _) | Missing::Owner(_) => 9,
        Missing::Role(_, _) => 5,
        Missing::Condition(_, _) | Missing::Managed(_) | Missing::NodeVersion(_) | Missing::Files(..) => 6,
        Missing::ServerRole(Role::ServerAdmin) => 8,
        Missing::ServerRole(_) => 7,
    }
}

fn expired<F: Facts + ?Sized>(facts: &F, account: Id, at: Time) -> Result<bool> {
    let account = facts.resource(account)?;
    Ok(account.as_ref().and_then(|it| it.as_account()).is_some_and(|it| it.status(at) == Status::Expired))
}
