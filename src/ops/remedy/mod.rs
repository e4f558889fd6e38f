//! Remedies: the commands that would turn a denial into an allowance. Each is tried before it is offered.
//!
//! The catalogue says what is missing (`policy::remedy`); this module turns that into commands. Each trial runs the
//! commands on an overlay over the facts, as the actor who would type them, and decides the question again: commands
//! that are refused or do not suffice are not offered. The number of trials is bounded.
//!
//! The facts are `dyn`: an operation whose denial is explained has an overlay over its facts, and each trial another
//! overlay over that, which would make infinitely many types.

mod command;
mod missing_phrase;

use std::rc::Rc;

use self::command::RemedyCommand;
pub use self::missing_phrase::lacks_phrase;
use super::separation::Conflict;
use super::{Actor, Result, Transaction, workspace_member};
use crate::model::attributes::{AllowDeny, Attributes, Status};
use crate::model::catalogue::Condition;
use crate::model::{Id, Kind, Name, Path, Problem, ProblemKind, Reference, Resource, Role};
use crate::policy::remedy::{Missing, RemedyMethod, who_can_grant};
use crate::policy::{BindingQuery, Facts, Question, Remedy, decide, missing_sets};

/// The maximum number of missing sets to consider for one denial.
const MAX_CONSIDERED: usize = 8;
/// The maximum number of actors to name for one remedy.
const MAX_NAMED: usize = 5;
/// The maximum number of trials for one denial.
const MAX_TRIALS: usize = 30;

/// The remedies of a denied question, with the actors who can bring each about, the least powerful remedy first;
/// empty if none was found. No remedy makes an account violate an `enforced` conflict.
///
/// # Errors
/// When the facts cannot be read.
pub fn remedies(facts: &dyn Facts, question: &Question, enforced: &Rc<[Conflict]>) -> Result<Vec<Remedy>> {
    let mut bench = RemedyTrial { facts, question, enforced, trials: MAX_TRIALS };
    let mut found = Vec::new();
    for missing in missing_sets(facts, question)?.into_iter().take(MAX_CONSIDERED) {
        let mut offered = false;
        for method in methods(&missing) {
            if let Some(remedy) = bench.by_people(&missing, method)? {
                found.push(remedy);
                offered = true;
            }
        }
        if !offered && bench.works(&missing, RemedyMethod::Operator, Actor::Operator)? {
            found.push(by_operator(missing));
        }
    }
    Ok(found)
}

/// The remedies that work for the operator, without a search for other actors.
///
/// # Errors
/// When the facts cannot be read.
pub fn sufficient(facts: &dyn Facts, question: &Question, enforced: &Rc<[Conflict]>) -> Result<Vec<Remedy>> {
    let mut bench = RemedyTrial { facts, question, enforced, trials: MAX_TRIALS };
    let mut found = Vec::new();
    for missing in missing_sets(facts, question)?.into_iter().take(MAX_CONSIDERED) {
        if bench.works(&missing, RemedyMethod::Operator, Actor::Operator)? {
            found.push(by_operator(missing));
        }
    }
    Ok(found)
}

const fn by_operator(missing: Vec<Missing>) -> Remedy {
    Remedy { missing, method: RemedyMethod::Operator, actors: Vec::new(), has_more_actors: false }
}

/// The commands of a remedy as typed, joined by `&&`.
///
/// # Errors
/// When the facts cannot be read.
pub fn commands(facts: &dyn Facts, question: &Question, remedy: &Remedy) -> Result<String> {
    let steps = steps(facts, question, &remedy.missing, remedy.method)?.unwrap_or_default();
    Ok(steps.iter().map(RemedyCommand::command).collect::<Vec<_>>().join(" && "))
}

/// The methods by which principals can grant what is missing: a share by a holder of the permissions, or an admin
/// share by an administrator of the endpoint.
fn methods(missing: &[Missing]) -> impl Iterator<Item = RemedyMethod> + use<> {
    let shares = missing.iter().any(|one| matches!(one, Missing::Share(..)));
    std::iter::once(RemedyMethod::Own).chain(shares.then_some(RemedyMethod::AdminShare))
}

/// The trials of one question.
struct RemedyTrial<'f> {
    facts: &'f dyn Facts,
    question: &'f Question,
    /// The conflicts that no change may make.
    enforced: &'f Rc<[Conflict]>,
    /// The number of trials left.
    trials: usize,
}

impl RemedyTrial<'_> {
    /// The remedy with the principals who can bring it about by a method; `None` if nobody can.
    fn by_people(&mut self, missing: &[Missing], method: RemedyMethod) -> Result<Option<Remedy>> {
        let (mut by, mut others) = (Vec::new(), false);
        for giver in who_can_grant(self.facts, self.question, missing, method, MAX_NAMED)? {
            if by.len() == MAX_NAMED {
                others = true;
                break;
            }
            if self.works(missing, method, Actor::Principal(giver))? {
                by.push(giver);
            }
        }
        Ok((!by.is_empty()).then(|| Remedy { missing: missing.to_vec(), method, actors: by, has_more_actors: others }))
    }

    /// Whether the commands succeed for an actor, break no invariant, and suffice.
    fn works(&mut self, missing: &[Missing], method: RemedyMethod, actor: Actor) -> Result<bool> {
        if self.trials == 0 {
            return Ok(false);
        }
        self.trials -= 1;
        let Some(steps) = steps(self.facts, self.question, missing, method)? else { return Ok(false) };
        let mut tx = Transaction::trial(self.facts, actor, self.question.at)?;
        tx.enforce(Rc::clone(self.enforced));
        let done = steps.iter().try_for_each(|step| step.run(&mut tx)).and_then(|()| tx.check());
        match done {
            Ok(()) => Ok(decide(tx.facts(), self.question)?.allowed),
            Err(problem) if problem.kind == ProblemKind::Store => Err(problem),
            Err(_) => Ok(false),
        }
    }
}

/// The commands for everything that is missing; `None` if a part of it has no command.
fn steps(
    facts: &dyn Facts,
    question: &Question,
    missing: &[Missing],
    method: RemedyMethod,
) -> Result<Option<Vec<RemedyCommand>>> {
    let mut all = Vec::new();
    for one in missing {
        match steps_for(facts, question, *one, method)? {
            Some(steps) if !steps.is_empty() => all.extend(steps),
            _ => return Ok(None),
        }
    }
    Ok(Some(all))
}

fn named(facts: &dyn Facts, id: Id) -> Result<Option<Name>> {
    Ok(facts.resource(id)?.and_then(|it| Name::parse(&it.name).ok()))
}

/// A principal as a reference of the command line; `None` if it has no such reference.
fn principal(facts: &dyn Facts, id: Id) -> Result<Option<Reference>> {
    match id {
        Id::AUTHENTICATED => return Ok(Some(Reference::Authenticated)),
        Id::ANYONE => return Ok(Some(Reference::Anyone)),
        _ => {}
    }
    let Some(resource) = facts.resource(id)? else { return Ok(None) };
    Ok(Name::parse(&resource.name).ok().map(|name| Reference::Named(resource.kind(), name)))
}

fn steps_for(
    facts: &dyn Facts,
    question: &Question,
    one: Missing,
    method: RemedyMethod,
) -> Result<Option<Vec<RemedyCommand>>> {
    let subject = question.principal;
    Ok(match one {
        Missing::ServerRole(role) => named(facts, subject)?.map(|who| vec![RemedyCommand::ServerRole { who, role }]),
        Missing::Setting(setting) => named(facts, subject)?.map(|who| vec![RemedyCommand::Allow { who, setting }]),
        Missing::Active(account) => active(facts, question, account)?,
        Missing::Role(role, on) => match role.resource_kind() {
            Kind::Endpoint => endpoint_role(facts, subject, role, on)?,
            Kind::Org => in_org(facts, subject, role, on, method)?,
            Kind::Workspace => in_workspace(facts, subject, role, on, method)?,
            Kind::Dropbox if role == Role::DropboxOutside => {
                let address = facts.resource(subject)?.and_then(|it| Name::parse_email(&it.name).ok());
                let dropbox = named(facts, on)?;
                address.zip(dropbox).map(|(address, dropbox)| vec![RemedyCommand::Invite { dropbox, address }])
            }
            _ => member(facts, subject, role, on)?,
        },
        Missing::Condition(Condition::AnotherAdmin, org) => another_admin(facts, question, org)?,
        Missing::Condition(condition, on) => {
            let resource = facts.resource(on)?;
            let kind = resource.as_ref().map_or(Kind::Server, |it| it.kind());
            let name = resource.and_then(|it| Name::parse(&it.name).ok());
            RemedyCommand::condition(condition, kind, name).map(|step| vec![step])
        }
        Missing::Share(set, item) => {
            let (Some(who), Some((endpoint, path))) = (principal(facts, subject)?, endpoint_and_path(facts, item)?)
            else {
                return Ok(None);
            };
            Some(vec![RemedyCommand::Share { endpoint, path, who, set, admin: method == RemedyMethod::AdminShare }])
        }
        Missing::Owner(item) => match (named(facts, subject)?, endpoint_and_path(facts, item)?) {
            (Some(who), Some((endpoint, path))) => Some(vec![RemedyCommand::SetOwner { endpoint, path, who }]),
            _ => None,
        },
        Missing::Managed(endpoint) => named(facts, endpoint)?.map(|endpoint| vec![RemedyCommand::managed(endpoint)]),
        Missing::NodeVersion(endpoint) => {
            named(facts, endpoint)?.map(|endpoint| vec![RemedyCommand::custom_sets(endpoint)])
        }
        Missing::RootUpload(workspace) => root_upload(facts, subject, workspace)?,
        Missing::Files(workspace, endpoint) => files(facts, workspace, endpoint)?,
    })
}

/// The endpoint and the path of an item.
fn endpoint_and_path(facts: &dyn Facts, item: Id) -> Result<Option<(Name, Path)>> {
    // told: to try the operation on it, not to be shown.
    match Reference::parse(&facts.reference(item)?, Kind::Item) {
        Ok(Reference::Item(endpoint, path)) => Ok(Some((endpoint, path))),
        _ => Ok(None),
    }
}

/// The commands that make an account active, which can be both inactive and expired.
fn active(facts: &dyn Facts, question: &Question, account: Id) -> Result<Option<Vec<RemedyCommand>>> {
    let (Some(resource), Some(who)) = (facts.resource(account)?, named(facts, account)?) else { return Ok(None) };
    let Some(existing) = resource.as_account() else { return Ok(None) };
    let mut steps = Vec::new();
    if !existing.active {
        steps.push(RemedyCommand::Activate { who: who.clone() });
    }
    if existing.expires.is_some_and(|end| end <= question.at) {
        steps.push(RemedyCommand::NeverExpires { who });
    }
    Ok(Some(steps))
}

/// The commands that give a level of a group, a workgroup or a dropbox.
fn member(facts: &dyn Facts, subject: Id, role: Role, on: Id) -> Result<Option<Vec<RemedyCommand>>> {
    let (Some(resource), Some(who)) = (facts.resource(on)?, principal(facts, subject)?) else { return Ok(None) };
    let Ok(group) = Name::parse(&resource.name) else { return Ok(None) };
    let kind = resource.kind();
    let (group, who) = (&group, &who);
    let add = |level| RemedyCommand::AddMember { kind, group: group.clone(), who: who.clone(), level };
    let held = super::membership::held(facts, &resource, subject)?;
    let mut steps = Vec::new();
    if held.as_ref().is_some_and(|it| it.attributes.inactive) {
        steps.push(RemedyCommand::ActivateMember { kind, group: group.clone(), who: who.clone() });
    }
    let held = held.map(|it| it.role);
    match (role, held) {
        (Role::WorkgroupAdmin | Role::DropboxAdmin, held) => {
            if held.is_none() {
                steps.push(add(None));
            }
            if held != Some(role) {
                steps.push(RemedyCommand::AddAdmin { kind, group: group.clone(), who: who.clone() });
            }
        }
        // No command changes a level: the member is removed and added again.
        (Role::DropboxStandard, Some(Role::DropboxSubmitOnly)) => {
            steps = vec![RemedyCommand::RemoveMember { kind, group: group.clone(), who: who.clone() }, add(None)];
        }
        (Role::DropboxSubmitOnly, None) => steps.push(add(Some(role))),
        (_, None) => steps.push(add(None)),
        (_, Some(_)) => {}
    }
    Ok(Some(steps))
}

/// The commands that give a role on an endpoint, which must be managed.
fn endpoint_role(facts: &dyn Facts, subject: Id, role: Role, on: Id) -> Result<Option<Vec<RemedyCommand>>> {
    let (Some(resource), Some(who)) = (facts.resource(on)?, principal(facts, subject)?) else { return Ok(None) };
    let Ok(endpoint) = Name::parse(&resource.name) else { return Ok(None) };
    let mut steps = Vec::new();
    if resource.as_endpoint().is_some_and(|it| !it.managed && it.creator != Some(subject)) {
        steps.push(RemedyCommand::managed(endpoint.clone()));
    }
    steps.push(RemedyCommand::AddRole { endpoint, role, who });
    Ok(Some(steps))
}

/// The e-mail address at which an account can be invited.
fn address(account: &Resource) -> Option<Name> {
    let email = account.as_account().and_then(|it| it.email.clone());
    Name::parse_email(email.as_deref().unwrap_or(&account.name)).ok()
}

fn level_in(facts: &dyn Facts, org: Id, account: Id) -> Result<Option<Role>> {
    Ok(super::membership::held_in(facts, (Kind::Org, org), account)?.map(|it| it.role))
}

/// The commands that give a role in an organization: a member gets the role, another account is invited, and the
/// operator adds an account directly.
fn in_org(
    facts: &dyn Facts,
    subject: Id,
    role: Role,
    org: Id,
    method: RemedyMethod,
) -> Result<Option<Vec<RemedyCommand>>> {
    let (Some(account), Some(who), Some(name)) = (facts.resource(subject)?, named(facts, subject)?, named(facts, org)?)
    else {
        return Ok(None);
    };
    if method == RemedyMethod::Operator || level_in(facts, org, subject)?.is_some() {
        return Ok(Some(vec![RemedyCommand::OrgRole { org: name, who, role }]));
    }
    Ok(address(&account).map(|address| {
        vec![RemedyCommand::InviteMember { org: name, address, role, workspace: None, account: subject }]
    }))
}

/// The name of a workspace's organization, the name of the workspace, and the id of the organization.
fn workspace_names(facts: &dyn Facts, workspace: Id) -> Result<Option<(Name, Name, Id)>> {
    let Some(resource) = facts.resource(workspace)? else { return Ok(None) };
    let (Ok(name), Some(org)) = (Name::parse(&resource.name), resource.parent) else { return Ok(None) };
    Ok(named(facts, org)?.map(|org_name| (org_name, name, org)))
}

/// The commands that give a level in a workspace: a member of the organization is added, another account is invited
/// to both.
fn in_workspace(
    facts: &dyn Facts,
    subject: Id,
    role: Role,
    on: Id,
    method: RemedyMethod,
) -> Result<Option<Vec<RemedyCommand>>> {
    let (Some(account), Some(who), Some((org_name, workspace, org))) =
        (facts.resource(subject)?, named(facts, subject)?, workspace_names(facts, on)?)
    else {
        return Ok(None);
    };
    let terms = workspace_member::WorkspaceTerms { level: Some(role), ..workspace_member::WorkspaceTerms::default() };
    let mut steps = Vec::new();
    if level_in(facts, org, subject)?.is_none() {
        if method != RemedyMethod::Operator {
            // An invitation gives the level of member only.
            let address = if role == Role::WorkspaceMember { address(&account) } else { None };
            let (org, role, workspace) = (org_name, Role::OrgMember, Some(workspace));
            return Ok(address
                .map(|address| vec![RemedyCommand::InviteMember { org, address, role, workspace, account: subject }]));
        }
        steps.push(RemedyCommand::OrgRole { org: org_name.clone(), who: who.clone(), role: Role::OrgMember });
    }
    steps.push(RemedyCommand::AddToWorkspace { org: org_name, workspace, who, terms });
    Ok(Some(steps))
}

/// The command that makes another active member of an organization an admin.
fn another_admin(facts: &dyn Facts, question: &Question, org: Id) -> Result<Option<Vec<RemedyCommand>>> {
    let Some(name) = named(facts, org)? else { return Ok(None) };
    for role in Role::ORG {
        for binding in facts.list_bindings(BindingQuery::OnAs(org, role))? {
            let account = facts.resource(binding.principal)?;
            let active = account.as_ref().and_then(|it| it.as_account()).map(|it| it.status(question.at));
            if binding.principal != question.principal
                && active == Some(Status::Active)
                && let Some(who) = named(facts, binding.principal)?
            {
                return Ok(Some(vec![RemedyCommand::OrgRole { org: name, who, role: Role::OrgAdmin }]));
            }
        }
    }
    Ok(None)
}

/// The command that allows uploads directly into home folders: for the membership if it denies them itself, else for
/// the workspace.
fn root_upload(facts: &dyn Facts, subject: Id, workspace: Id) -> Result<Option<Vec<RemedyCommand>>> {
    let Some((org, name, _)) = workspace_names(facts, workspace)? else { return Ok(None) };
    let own = super::membership::held_in(facts, (Kind::Workspace, workspace), subject)?;
    if own.is_some_and(|it| it.attributes.root_upload == Some(AllowDeny::Deny)) {
        let root_upload = Some(Some(AllowDeny::Allow));
        let terms = workspace_member::WorkspaceTerms { root_upload, ..workspace_member::WorkspaceTerms::default() };
        let who = named(facts, subject)?;
        return Ok(who.map(|who| vec![RemedyCommand::AddToWorkspace { org, workspace: name, who, terms }]));
    }
    let is_workspace = facts.header(workspace)?.is_some_and(|it| matches!(&*it.attributes, Attributes::Workspace(_)));
    Ok(is_workspace.then(|| vec![RemedyCommand::root_upload(org, name)]))
}

/// The command that gives a workspace a folder for its files: a new one, named after the organization and the
/// workspace.
fn files(facts: &dyn Facts, workspace: Id, endpoint: Id) -> Result<Option<Vec<RemedyCommand>>> {
    let (Some((org, name, _)), Some(host)) = (workspace_names(facts, workspace)?, named(facts, endpoint)?) else {
        return Ok(None);
    };
    let Ok(path) = Path::parse(&format!("/{org}-{name}")) else { return Ok(None) };
    // The items of an existing folder would become files of the workspace.
    let is_there = facts.nearest_item(endpoint, &path)?.is_some_and(|(_, depth)| depth == path.depth());
    Ok((!is_there).then(|| vec![RemedyCommand::files(org, name, (host, path))]))
}

/// A remedy as text, the same in a denial and in the answer of a check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    /// What is missing, as a phrase.
    pub grant: String,
    /// The commands that grant it.
    pub command: String,
    /// The actors who can run the commands: names, then `others` if there are more; or `operator`.
    pub by: Vec<String>,
}

/// Remedies as text; `name` writes references.
///
/// # Errors
/// When the facts cannot be read; those of `name`.
pub fn offers(
    facts: &dyn Facts,
    question: &Question,
    remedies: &[Remedy],
    name: &dyn Fn(Id) -> Result<String>,
) -> Result<Vec<Offer>> {
    let mut offers = Vec::with_capacity(remedies.len());
    for remedy in remedies {
        let mut by = remedy.actors.iter().map(|id| name(*id)).collect::<Result<Vec<String>>>()?;
        if remedy.has_more_actors {
            by.push("others".to_owned());
        }
        if by.is_empty() {
            by.push("operator".to_owned());
        }
        let grant = lacks_phrase(&remedy.missing, name)?;
        offers.push(Offer { grant, command: commands(facts, question, remedy)?, by });
    }
    Ok(offers)
}

impl Offer {
    /// The line of a denial that suggests the commands.
    pub(super) fn tip(&self) -> String {
        let by = match self.by.as_slice() {
            [only] if only == "operator" => "the operator".to_owned(),
            names => names.join(", "),
        };
        format!("{} (by {by})", self.command)
    }
}

impl Offer {
    /// Adds what is missing, and the commands that grant it, to a denial.
    pub(super) fn add_to(&self, problem: &mut Problem) {
        if !problem.missing.contains(&self.grant) {
            problem.missing.push(self.grant.clone());
        }
        problem.tips.push(self.tip());
    }
}
