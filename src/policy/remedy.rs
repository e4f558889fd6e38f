//! What would turn a denial into an allowance, and who can bring it about.
//!
//! Made from the same rows that decide: each row that could give the action is asked what it
//! lacks. Limits that stand against it must go as well, so they are part of every remedy.

use super::conditions;
use super::decide::{Question, Target, decide_for, demand, holder};
use super::facts::{Facts, Result, Select};
use super::subject::{Sort, Subject};
use crate::model::attributes::{Setting, Status};
use crate::model::catalogue::{self, Condition, Demand, Grant, Holder};
use crate::model::name::quoted;
use crate::model::{Action, Id, Kind, Role, Time, Verb};

/// One thing that is lacking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lack {
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
}

/// A set of changes that would allow what was denied.
#[derive(Clone, PartialEq, Debug)]
pub struct Remedy {
    /// What is lacking, all of it.
    pub lacks: Vec<Lack>,
    /// Accounts that may make every one of these changes; the operator always can.
    pub by: Vec<Id>,
}

/// What would allow a question that is denied; the least powerful way first, empty where there is none.
///
/// # Errors
/// When the facts cannot be read.
pub fn remedies<F: Facts + ?Sized>(facts: &F, question: &Question) -> Result<Vec<Remedy>> {
    let subject = Subject::new(facts, question.principal, question.at)?;
    let Some(target) = Target::of(facts, question.resource)? else { return Ok(Vec::new()) };
    let mut common = Vec::new();
    if subject.sort == Sort::Account && !subject.is_registered() {
        common.push(Lack::Active(subject.id));
    }
    for limit in catalogue::limits_of(target.kind, question.action.verb()) {
        if demand(&subject, limit.demand, &target)?.0 {
            continue;
        }
        match limit.demand {
            // Nobody can be made somebody else.
            Demand::NotOneself => return Ok(Vec::new()),
            Demand::Allowed(setting) | Demand::AllowedOrShared(setting) => common.push(Lack::Setting(setting)),
            Demand::TargetActive => common.push(Lack::Active(target.id)),
        }
    }
    let mut found: Vec<Remedy> = Vec::new();
    for grant in catalogue::grants_of(target.kind, question.action.verb()) {
        let Some(own) = lacks_of(&subject, grant, question.action, &target)? else { continue };
        let lacks: Vec<Lack> = common.iter().copied().chain(own).collect();
        if lacks.is_empty() || found.iter().any(|known| known.lacks == lacks) {
            continue;
        }
        let by = who_may(facts, &subject, &lacks, question)?;
        found.push(Remedy { lacks, by });
    }
    // Where a limit alone stands in the way, roles on top of it are no answer.
    let least = found.iter().map(|remedy| remedy.lacks.len()).min().unwrap_or(0);
    if least == common.len() {
        found.retain(|remedy| remedy.lacks.len() == least);
    }
    found.sort_by_key(|remedy| (remedy.lacks.iter().map(|lack| weight(*lack)).max(), remedy.lacks.len()));
    Ok(found)
}

/// What one row lacks to give; none when no change of facts could make it give to this subject.
fn lacks_of<F: Facts + ?Sized>(
    subject: &Subject<'_, F>,
    grant: &Grant,
    action: Action,
    target: &Target,
) -> Result<Option<Vec<Lack>>> {
    let mut lacks = Vec::new();
    let possible = subject.sort == Sort::Account || (subject.sort == Sort::Accounts && subject.id != Id::AUTHENTICATED);
    match grant.holder {
        Holder::Role(role) => {
            let held = holder(subject, grant.holder, target)?.is_some();
            match role {
                _ if held => {}
                Role::DropboxOutside | Role::PackageSender | Role::PackageRecipient => return Ok(None),
                // Only accounts hold account roles and are admins of workgroups and dropboxes.
                _ if role.on() == Kind::Server && subject.sort != Sort::Account => return Ok(None),
                Role::WorkgroupAdmin | Role::DropboxAdmin if subject.sort != Sort::Account => return Ok(None),
                _ if !possible => return Ok(None),
                _ if role.on() == Kind::Server => lacks.push(Lack::ServerRole(role)),
                _ => lacks.push(Lack::Role(role, target.id)),
            }
        }
        // An account that is not active lacks just that, and it stands among the common lacks.
        Holder::Account if subject.sort != Sort::Outsider => {}
        Holder::Oneself if subject.id == target.id => {}
        _ => return Ok(None),
    }
    if let Some(condition) = grant.when
        && conditions::met(subject, condition, action, target)?.is_none()
    {
        match condition {
            Condition::TargetIsUser | Condition::ValueIsUser | Condition::MaySend | Condition::MayView => {
                return Ok(None);
            }
            Condition::ManagersAdministerDropboxes | Condition::PublicDirectory => {
                lacks.push(Lack::Condition(condition, Id::SERVER))
            }
            _ => lacks.push(Lack::Condition(condition, target.id)),
        }
    }
    Ok(Some(lacks))
}

/// How much a change gives besides what was asked for, roughly: less is better.
const fn weight(lack: Lack) -> u8 {
    match lack {
        Lack::Active(_) => 0,
        Lack::Setting(_) => 1,
        Lack::Role(Role::DropboxSubmitOnly | Role::GroupMember, _) => 2,
        Lack::Role(Role::WorkgroupStandard | Role::DropboxStandard, _) => 3,
        Lack::Condition(_, id) if id.0 != Id::SERVER.0 => 4,
        Lack::Role(_, _) => 5,
        Lack::Condition(_, _) => 6,
        Lack::ServerRole(Role::ServerAdmin) => 8,
        Lack::ServerRole(_) => 7,
    }
}

/// The accounts that may make every change of a remedy.
fn who_may<F: Facts + ?Sized>(
    facts: &F,
    subject: &Subject<'_, F>,
    lacks: &[Lack],
    question: &Question,
) -> Result<Vec<Id>> {
    let mut candidates: Vec<Id> = Vec::new();
    for role in [Role::ServerAdmin, Role::ServerManager] {
        candidates.extend(facts.list(Select::OnAs(Id::SERVER, role))?.into_iter().map(|binding| binding.principal));
    }
    for role in [Role::WorkgroupAdmin, Role::DropboxAdmin] {
        candidates
            .extend(facts.list(Select::OnAs(question.resource, role))?.into_iter().map(|binding| binding.principal));
    }
    let mut able = Vec::new();
    for candidate in candidates {
        if candidate == subject.id || able.contains(&candidate) {
            continue;
        }
        let candidate = Subject::new(facts, candidate, question.at)?;
        let mut all = true;
        for lack in lacks {
            let (action, on) = needed(facts, subject, *lack)?;
            all = all && decide_for(&candidate, action, on)?.allowed;
        }
        if all {
            able.push(candidate.id);
        }
    }
    Ok(able)
}

/// The action that mends a lack.
fn needed<F: Facts + ?Sized>(facts: &F, subject: &Subject<'_, F>, lack: Lack) -> Result<(Action, Id)> {
    let plain = Action::Plain;
    let is_group = facts.resource(subject.id)?.is_some_and(|resource| resource.kind() == Kind::Group);
    Ok(match lack {
        Lack::ServerRole(role) => (Action::SetRole(role), subject.id),
        Lack::Role(Role::WorkgroupAdmin | Role::DropboxAdmin, on) => (plain(Verb::AddAdmin), on),
        Lack::Role(Role::GroupMember, on) => (plain(Verb::AddMember), on),
        Lack::Role(_, on) if is_group => (plain(Verb::AddGroup), on),
        Lack::Role(_, on) => (plain(Verb::AddMember), on),
        Lack::Setting(setting) => (Action::Set(setting), subject.id),
        Lack::Condition(_, Id::SERVER) => (plain(Verb::Configure), Id::SERVER),
        Lack::Condition(_, on) => (plain(Verb::Edit), on),
        Lack::Active(account) => (
            if expired(facts, account, subject)? { Action::Set(Setting::Expires) } else { plain(Verb::Activate) },
            account,
        ),
    })
}

fn expired<F: Facts + ?Sized>(facts: &F, account: Id, subject: &Subject<'_, F>) -> Result<bool> {
    let account = facts.resource(account)?;
    Ok(account.as_ref().and_then(|it| it.as_account()).is_some_and(|it| it.status(subject.at) == Status::Expired))
}

/// The command that mends a lack, as it can be typed.
///
/// # Errors
/// When the facts cannot be read.
pub fn command<F: Facts + ?Sized>(facts: &F, principal: Id, lack: Lack, at: Time) -> Result<String> {
    let subject = Subject::new(facts, principal, at)?;
    let name = |id: Id| -> Result<String> { Ok(facts.resource(id)?.map_or_else(|| id.to_string(), |it| it.typed())) };
    let who = |id: Id| -> Result<String> {
        Ok(facts.resource(id)?.map_or_else(
            || id.to_string(),
            |it| if it.kind() == Kind::Account { it.typed() } else { quoted(&it.reference()) },
        ))
    };
    let noun = |id: Id| -> Result<&'static str> { Ok(facts.resource(id)?.map_or("server", |it| it.kind().noun())) };
    Ok(match lack {
        Lack::ServerRole(role) => format!("rolebook account set-role {} {}", name(principal)?, role.word()),
        Lack::Role(Role::WorkgroupAdmin | Role::DropboxAdmin, on) => {
            let designate = format!("rolebook {} add-admin {} {}", noun(on)?, name(on)?, who(principal)?);
            let levels: &[Role] = if noun(on)? == "dropbox" { &Role::DROPBOX } else { &Role::WORKGROUP };
            let mut member = false;
            for level in levels {
                member = member || facts.held(on, *level, principal)?.is_some();
            }
            if member {
                designate
            } else {
                format!("rolebook {} add-member {} {} && {designate}", noun(on)?, name(on)?, who(principal)?)
            }
        }
        Lack::Role(role, on) => {
            let (noun, place, who) = (noun(on)?, name(on)?, who(principal)?);
            let level = if role == Role::DropboxSubmitOnly { " --level submit-only" } else { "" };
            let add = format!("rolebook {noun} add-member {place} {who}{level}");
            match facts.held(on, role, principal)? {
                Some(binding) if binding.attributes.inactive => {
                    format!("rolebook {noun} activate-member {place} {who}")
                }
                // A level is not changed in place: the one held is given up first.
                None if role == Role::DropboxStandard
                    && facts.held(on, Role::DropboxSubmitOnly, principal)?.is_some() =>
                {
                    format!("rolebook {noun} remove-member {place} {who} && {add}")
                }
                _ => add,
            }
        }
        Lack::Setting(setting) => format!("rolebook account set {} --{} allow", name(principal)?, setting.word()),
        Lack::Condition(condition, on) => {
            let option = option_of(condition);
            if on == Id::SERVER {
                format!("rolebook server set {option}")
            } else {
                format!("rolebook {} set {} {option}", noun(on)?, name(on)?)
            }
        }
        Lack::Active(account) => {
            if expired(facts, account, &subject)? {
                format!("rolebook account set {} --expires never", name(account)?)
            } else {
                format!("rolebook account activate {}", name(account)?)
            }
        }
    })
}

/// The option that makes a condition hold.
fn option_of(condition: Condition) -> String {
    match condition {
        Condition::Send(policy) => format!("--send {}", policy.word()),
        Condition::Access(access) => format!("--member-access {}", access.word()),
        Condition::ManagersAdministerDropboxes => "--managers-administer-dropboxes".to_owned(),
        Condition::PublicDirectory => "--private-directory=false".to_owned(),
        Condition::AdminsManageMembers => "--admins-manage-members".to_owned(),
        Condition::AdminsCreateUsers => "--admins-create-users".to_owned(),
        Condition::AdminsManageGroups => "--admins-manage-groups".to_owned(),
        Condition::AdminsManageInvitations => "--admins-manage-invitations".to_owned(),
        Condition::MembersInvite => "--members-invite".to_owned(),
        Condition::TargetIsUser | Condition::ValueIsUser | Condition::MaySend | Condition::MayView => String::new(),
    }
}
