//! What is missing where something is denied, and who may bring it about.
//!
//! Made from the same rows that decide: each row that could give the action is asked what it
//! lacks. Limits that stand against it must go as well, so they are part of every remedy. Whether that
//! is enough, and which command does it, `ops::remedy` finds out by trying.

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

/// One thing that is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    /// The account role.
    ServerRole(Role),
    /// The membership or the role on that resource.
    Role(Role, Id),
    /// The setting of the account.
    Setting(Setting),
    /// The condition on that resource.
    Condition(Condition, Id),
    /// The account must be activated, or its expiry moved.
    Active(Id),
    /// The share of that item.
    Share(Permissions, Id),
    /// The endpoint must be a managed one.
    Managed(Id),
    /// Root uploads must be allowed in that workspace.
    RootUpload(Id),
    /// The ownership of that item.
    Owner(Id),
    /// The software of that node must be one that holds custom sets.
    NodeVersion(Id),
    /// The files of that workspace, which could lie on that endpoint.
    Files(Id, Id),
}

/// How people bring something about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RemedyMethod {
    /// By rights of their own; what is shared is what they hold.
    Own,
    /// What is shared is an admin share, by somebody who does not hold it.
    AdminShare,
    /// As the operator.
    Operator,
}

/// A set of changes that would allow what was denied.
#[derive(Clone, PartialEq, Debug)]
pub struct Remedy {
    /// What is missing, all of it.
    pub missing: Vec<Missing>,
    /// How it is brought about.
    pub method: RemedyMethod,
    /// Accounts that can make every one of these changes; none where only the operator was found.
    pub actors: Vec<Id>,
    /// Whether there are more of them than `by` names.
    pub has_more_actors: bool,
}

/// What is missing for a question that is denied: sets of things each of which may be enough, the least
/// powerful first; empty where nothing was found.
///
/// # Errors
/// When the facts cannot be read.
pub fn missing_sets<F: Facts + ?Sized>(facts: &F, question: &Question) -> Result<Vec<Vec<Missing>>> {
    let Some(target) = Target::load(facts, question.resource)? else { return Ok(Vec::new()) };
    let (subject, common) = assume_active(facts, question)?;
    missing_for(&subject, question.action, &target, common, true)
}

/// Whoever asks as if active, and that this is missing where it is.
fn assume_active<'f, F: Facts + ?Sized>(facts: &'f F, question: &Question) -> Result<(Subject<'f, F>, Vec<Missing>)> {
    let subject = Subject::new(facts, question.principal, question.at)?;
    if subject.principal_kind != PrincipalKind::Account || subject.is_registered() {
        return Ok((subject, Vec::new()));
    }
    let active = Missing::Active(subject.id);
    Ok((subject.assume_active(), vec![active]))
}

/// What a subject lacks besides what is known to be lacking anyway. Groups to join are for the whole of
/// an action: one that has a part of it may have another part too.
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
            // Nobody can be made somebody else, no endpoint becomes one of another kind, and the root folder stays.
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
        // A row that gives already, and is kept from it by something common, lacks nothing of its own.
        let gives = grant_applies::<F, ()>(subject, grant, action, target)?.is_some();
        let own = if gives { Some(Vec::new()) } else { missing_for_grant(subject, grant, action, target)? };
        let Some(own) = own else { continue };
        for own in files::placed(facts, own, subject.at)? {
            let mut missing = common.clone();
            // What stands in the way of the whole may stand in the way of a part as well.
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
    // Where a limit alone stands in the way, roles on top of it are no answer.
    let least = found.iter().map(|(_, missing)| missing.len()).min().unwrap_or(0);
    if least == common.len() {
        found.retain(|(_, missing)| missing.len() == least);
    }
    found.sort_by_key(|(extra, missing)| (*extra, missing.len()));
    Ok(found.into_iter().map(|(_, missing)| missing).collect())
}

/// The workspace whose `root-upload` concerns an upload.
fn home_workspace<F: Facts + ?Sized>(facts: &F, action: Action, target: &Target) -> Result<Option<Id>> {
    if target.kind == Kind::Workspace {
        return Ok(Some(target.id));
    }
    let on = if let Action::MoveTo(to) | Action::CopyTo(to) = action { to.folder } else { target.id };
    let ancestors = facts.ancestors(on)?;
    let mut homes = ancestors.iter().take(2).filter_map(|it| it.as_item()?.home);
    Ok(homes.next().map(|home| home.workspace))
}

/// What one row lacks to give; none when no change of facts could make it give to this subject.
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
                // Outside submitters are invited.
                Role::DropboxOutside => subject.kind() == Some(Kind::Invitee),
                // Only accounts hold these.
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
        // An account that is not active lacks just that, and it stands among the common lacks.
        Grantee::Account if matches!(subject.principal_kind, PrincipalKind::Account | PrincipalKind::Accounts) => {}
        Grantee::Itself if subject.id == target.id => {}
        // Where nothing is shared, files are their owner's.
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
            Condition::TargetIsUser
            | Condition::ValueIsUser
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
            // An admin leaves as one, or not at all.
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

/// The share that would do, the smallest that the endpoint can hold.
fn missing_share<F: Facts + ?Sized>(
    subject: &Subject<'_, F>,
    grantee: Grantee,
    action: Action,
    target: &Target,
) -> Result<Option<Option<Missing>>> {
    let facts = subject.facts();
    let Some((endpoint, attributes)) = target.endpoint(facts)? else { return Ok(None) };
    // Outsiders of dropboxes and access tokens hold no shares of their own.
    let may_hold = !matches!(subject.principal_kind, PrincipalKind::Token)
        && (subject.principal_kind != PrincipalKind::Outsider || subject.id == Id::ANYONE);
    let sharing = attributes.kind.sharing();
    // Where access managers share, they share with people and groups of them, and folders alone.
    let is_workgroup = subject.kind() == Some(Kind::Workgroup);
    if !may_hold || sharing == Sharing::None || (sharing == Sharing::Managed && is_workgroup) {
        return Ok(None);
    }
    let is_folder = target.item().is_none_or(|it| it.is_folder());
    let above = target.parent();
    let own = if sharing == Sharing::Managed && !is_folder { above.unwrap_or(target.id) } else { target.id };
    let (item, wanted) = match (grantee, action, target.kind) {
        (Grantee::HoldsPermissions(set), _, Kind::Endpoint) => match facts.named(Kind::Item, Some(endpoint), "/")? {
            Some(root) => (root.id, set),
            None => return Ok(None),
        },
        (Grantee::HoldsPermissions(set), ..) | (_, Action::Share(set), _) => (own, set),
        (_, action, _) => (own, Permissions::single(content::action_permission(action).unwrap_or(Permission::Browse))),
    };
    let missing = wanted.without(content::permissions(subject, item)?);
    Ok(if missing.is_empty() {
        Some(None)
    } else {
        smallest(attributes, missing).map(|set| Some(Missing::Share(set, item)))
    })
}

/// One share of an item for all that is missing there, and none where one of a folder above gives it, or
/// owning that.
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
fn smallest(endpoint: &Endpoint, wanted: Permissions) -> Option<Permissions> {
    let presets = Permissions::PRESETS.iter().map(|(set, ..)| *set);
    std::iter::once(wanted)
        .chain(presets)
        .filter(|set| set.contains(wanted) && endpoint.takes(*set))
        .min_by_key(|set| set.iter().count())
}

/// How much a change gives besides what was asked for, roughly: less is better.
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
