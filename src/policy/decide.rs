//! The one evaluator: `decide(facts, question)` is a decision with its proof.

use super::conditions::{met, shares_workgroup};
use super::content;
use super::facts::{Facts, Result, Select};
use super::proof::Step;
use super::subject::{Sort, Subject};
use crate::model::attributes::{Account, Attributes, Endpoint, MemberAccess, Setting, Sharing, Status, TokenMode};
use crate::model::catalogue::{
    self, ACTIVE_ONLY, Demand, Grant, Holder, NOT_GRANTED, OUTSIDERS, Rule, TOKEN_ENDED, denials,
};
use crate::model::{Action, Binding, Id, Kind, Resource, Role, Time, Verb};
use std::cell::OnceCell;
use std::ops::ControlFlow;
use std::rc::Rc;

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Question {
    /// Who would do it.
    pub principal: Id,
    /// What.
    pub action: Action,
    /// On what.
    pub resource: Id,
    /// When: expiries are judged at this time.
    pub at: Time,
}

/// The answer, with what it rests on.
#[derive(Clone, PartialEq, Debug)]
pub struct Decision {
    /// Yes or no.
    pub allowed: bool,
    /// The rule that decided.
    pub rule: Rule,
    /// The facts it rests on; for a denial, those that stand against it, if any do.
    pub proof: Vec<Step>,
}

impl Decision {
    fn denied(rule: Rule, proof: Vec<Step>) -> Decision {
        Decision { allowed: false, rule, proof }
    }
}

/// Whether a principal may do an action on a resource.
///
/// A resource that is not there is nobody's: the answer is a denial.
///
/// # Errors
/// When the facts cannot be read.
pub fn decide<F: Facts + ?Sized>(facts: &F, question: &Question) -> Result<Decision> {
    let subject = Subject::new(facts, question.principal, question.at)?;
    decide_for(&subject, question.action, question.resource)
}

/// As [`decide`], for a subject that was looked up before: listings ask many questions for one.
///
/// # Errors
/// When the facts cannot be read.
pub fn decide_for<F: Facts + ?Sized>(subject: &Subject<'_, F>, action: Action, resource: Id) -> Result<Decision> {
    let Some(target) = Target::of(subject.facts(), resource)? else {
        return Ok(Decision::denied(NOT_GRANTED, Vec::new()));
    };
    if subject.sort == Sort::Account && !subject.is_registered() {
        return Ok(Decision::denied(ACTIVE_ONLY, Vec::new()));
    }
    if subject.sort == Sort::Token && !is_live(subject)? {
        return Ok(Decision::denied(TOKEN_ENDED, Vec::new()));
    }
    let verb = action.verb();
    // What is shared with anyone is shared with outsiders too.
    let can_be_shared = matches!(target.kind, Kind::Item | Kind::Endpoint);
    if subject.sort == Sort::Outsider && verb != Verb::Submit && !can_be_shared {
        return Ok(Decision::denied(OUTSIDERS, Vec::new()));
    }
    let mut limits = Vec::new();
    for limit in catalogue::limits_of(target.kind, verb) {
        let (ok, steps) = demand(subject, limit.demand, action, &target)?;
        if !ok {
            return Ok(Decision::denied(limit.rule, steps));
        }
        limits.extend(steps);
    }
    for grant in catalogue::grants_of(target.kind, verb) {
        if let Some(mut proof) = given(subject, grant, action, &target)? {
            proof.append(&mut limits);
            return Ok(Decision { allowed: true, rule: grant.rule, proof });
        }
    }
    Ok(Decision::denied(denial_rule(subject, &target, action)?, Vec::new()))
}

/// Whether an access token is active and its workspace is there.
fn is_live<F: Facts + ?Sized>(subject: &Subject<'_, F>) -> Result<bool> {
    let Some(token) = subject.resource() else { return Ok(false) };
    let active = token.as_token().is_some_and(|it| it.status(subject.at) == "active");
    Ok(active && token.parent.map(|id| subject.facts().resource(id)).transpose()?.flatten().is_some())
}

/// What is acted on.
pub(super) struct Target {
    pub(super) id: Id,
    pub(super) kind: Kind,
    pub(super) resource: Option<Rc<Resource>>,
    lineage: OnceCell<Vec<Rc<Resource>>>,
}

impl Target {
    pub(super) fn of<F: Facts + ?Sized>(facts: &F, id: Id) -> Result<Option<Target>> {
        let resource = facts.resource(id)?;
        let kind = match &resource {
            Some(resource) => resource.kind(),
            None if id == Id::SERVER => Kind::Server,
            None => return Ok(None),
        };
        Ok(Some(Target { id, kind, resource, lineage: OnceCell::new() }))
    }

    /// It and everything it lies in, nearest first; read once.
    pub(super) fn lineage<F: Facts + ?Sized>(&self, facts: &F) -> Result<&[Rc<Resource>]> {
        match self.lineage.get() {
            Some(lineage) => Ok(lineage),
            None => {
                let lineage = facts.lineage(self.id)?;
                Ok(self.lineage.get_or_init(|| lineage))
            }
        }
    }

    /// The resource of a kind that it is or lies in. The workspace of an item is the one whose files
    /// lie in a folder above.
    pub(super) fn within<F: Facts + ?Sized>(&self, facts: &F, kind: Kind) -> Result<Option<Id>> {
        if kind == self.kind {
            return Ok(Some(self.id));
        }
        let lineage = self.lineage(facts)?;
        if self.kind == Kind::Item && kind == Kind::Workspace {
            return Ok(lineage.iter().find_map(|above| above.as_item().and_then(|it| it.files_of)));
        }
        Ok(lineage.iter().find(|above| above.kind() == kind).map(|above| above.id))
    }

    /// The endpoint that it is or lies on.
    pub(super) fn endpoint<F: Facts + ?Sized>(&self, facts: &F) -> Result<Option<(Id, Endpoint)>> {
        let found = self.lineage(facts)?.iter().find_map(|above| Some((above.id, above.as_endpoint()?)));
        Ok(found.map(|(id, endpoint)| (id, endpoint.clone())))
    }

    /// Who decides about shares where it lies.
    pub(super) fn sharing<F: Facts + ?Sized>(&self, facts: &F) -> Result<Option<Sharing>> {
        Ok(self.endpoint(facts)?.map(|(_, endpoint)| endpoint.kind.sharing()))
    }

    pub(super) fn attributes(&self) -> Option<&Attributes> {
        self.resource.as_ref().map(|resource| &resource.attributes)
    }

    pub(super) fn account(&self) -> Option<&Account> {
        self.resource.as_ref().and_then(|resource| resource.as_account())
    }
}

/// Whether a row gives: its holder is the subject and its condition is met.
pub(super) fn given<F: Facts + ?Sized>(
    subject: &Subject<'_, F>,
    grant: &Grant,
    action: Action,
    target: &Target,
) -> Result<Option<Vec<Step>>> {
    let Some(mut steps) = holder(subject, grant.holder, action, target)? else { return Ok(None) };
    if let Some(condition) = grant.when {
        let Some(more) = met(subject, condition, action, target)? else { return Ok(None) };
        steps.extend(more);
    }
    Ok(Some(steps))
}

/// Whether the subject is whom a row speaks of.
pub(super) fn holder<F: Facts + ?Sized>(
    subject: &Subject<'_, F>,
    holder: Holder,
    action: Action,
    target: &Target,
) -> Result<Option<Vec<Step>>> {
    match holder {
        Holder::Role(role) => {
            let on = match role.on() {
                Kind::Server => Some(Id::SERVER),
                kind => target.within(subject.facts(), kind)?,
            };
            on.map_or(Ok(None), |on| subject.holds(role, on))
        }
        Holder::Account => Ok(subject.is_registered().then(|| vec![Step::Account { principal: subject.id }])),
        Holder::Oneself => Ok((subject.id == target.id).then(|| vec![Step::Oneself { principal: subject.id }])),
        Holder::FellowMember => fellow_member(subject, target.id),
        Holder::SomeAdmin => some_admin(subject, false),
        Holder::GroupManager => some_admin(subject, true),
        Holder::RecipientViewer => recipient_viewer(subject, target),
        Holder::Share => content::share(subject, target, &|set| match content::wanted(action) {
            Some(permission) => set.has(permission),
            // Any permission at all lets one see the item.
            None => !set.is_empty(),
        }),
        Holder::Owner => content::owner(subject, target),
        Holder::Holds(set) => match target.kind {
            Kind::Endpoint => match root_of(subject.facts(), target.id)? {
                Some(root) => content::held_all(subject, &root, set),
                None => Ok(None),
            },
            _ => content::held_all(subject, target, set),
        },
        Holder::Sharer => match action {
            Action::Share(set) => content::held_all(subject, target, set),
            _ => Ok(None),
        },
        Holder::EachPart => content::each_part(subject, action, target.id),
        Holder::Token(mode) => token(subject, mode, target),
    }
}

fn root_of<F: Facts + ?Sized>(facts: &F, endpoint: Id) -> Result<Option<Target>> {
    match facts.named(Kind::Item, Some(endpoint), "/")? {
        Some(root) => Target::of(facts, root.id),
        None => Ok(None),
    }
}

/// "it acts with an admin's rights cut to that workspace and mode" (model §9).
fn token<F: Facts + ?Sized>(subject: &Subject<'_, F>, mode: TokenMode, target: &Target) -> Result<Option<Vec<Step>>> {
    let Some((token, workspace, held)) =
        subject.resource().and_then(|it| Some((it.id, it.parent?, it.as_token()?.mode)))
    else {
        return Ok(None);
    };
    let strong_enough = held == mode || held == TokenMode::ReadWrite;
    let here = strong_enough && target.within(subject.facts(), Kind::Workspace)? == Some(workspace);
    Ok(here.then(|| {
        vec![Step::Token { token, workspace }, Step::Value { on: token, name: "mode", value: held.word().to_owned() }]
    }))
}

/// "members of its workgroups as their `member-access` allows" (model §3).
fn fellow_member<F: Facts + ?Sized>(subject: &Subject<'_, F>, other: Id) -> Result<Option<Vec<Step>>> {
    let mut found = None;
    let them = Subject::new(subject.facts(), other, subject.at)?;
    subject.levels(&Role::WORKGROUP, &mut |membership| {
        let workgroup = subject.facts().resource(membership.resource)?;
        let Some(access) = workgroup.as_ref().and_then(|it| it.as_workgroup()).map(|it| it.member_access) else {
            return Ok(ControlFlow::Continue(()));
        };
        let wanted = match access {
            MemberAccess::All => Role::WorkgroupStandard,
            MemberAccess::Admins => Role::WorkgroupAdmin,
            MemberAccess::None => return Ok(ControlFlow::Continue(())),
        };
        if them.holds(wanted, membership.resource)?.is_none() {
            return Ok(ControlFlow::Continue(()));
        }
        let mut steps = subject.way_to(membership.principal)?.unwrap_or_default();
        steps.push(Step::Role(membership.clone()));
        steps.push(Step::Shared { workgroup: membership.resource, with: other });
        steps.push(Step::Value { on: membership.resource, name: "member-access", value: access.word().to_owned() });
        found = Some(steps);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// An admin of some workgroup or dropbox; if asked, of one whose admins manage groups.
fn some_admin<F: Facts + ?Sized>(subject: &Subject<'_, F>, managing_groups: bool) -> Result<Option<Vec<Step>>> {
    let mut found = None;
    subject.levels(&[Role::WorkgroupAdmin, Role::DropboxAdmin], &mut |binding: &Binding| {
        if managing_groups {
            let place = subject.facts().resource(binding.resource)?;
            let rights = match place.as_ref().map(|it| &it.attributes) {
                Some(Attributes::Workgroup(it)) => it.admins,
                Some(Attributes::Dropbox(it)) => it.admins,
                _ => return Ok(ControlFlow::Continue(())),
            };
            if !rights.manage_groups {
                return Ok(ControlFlow::Continue(()));
            }
        }
        let mut steps = vec![Step::Role(binding.clone())];
        if managing_groups {
            steps.push(Step::Value { on: binding.resource, name: "admins-manage-groups", value: "true".to_owned() });
        }
        found = Some(steps);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// Who views the packages of a workgroup or dropbox that the package went to.
fn recipient_viewer<F: Facts + ?Sized>(subject: &Subject<'_, F>, target: &Target) -> Result<Option<Vec<Step>>> {
    for binding in subject.facts().list(Select::OnAs(target.id, Role::PackageRecipient))? {
        let Some(place) = Target::of(subject.facts(), binding.principal)? else { continue };
        if !matches!(place.kind, Kind::Workgroup | Kind::Dropbox) {
            continue;
        }
        let view = decide_for(subject, Action::Plain(Verb::ViewPackages), place.id)?;
        if view.allowed {
            let mut steps = view.proof;
            steps.push(Step::Received { by: place.id });
            return Ok(Some(steps));
        }
    }
    Ok(None)
}

/// Whether a limit's demand is met, with the facts that say so either way.
pub(super) fn demand<F: Facts + ?Sized>(
    subject: &Subject<'_, F>,
    demand: Demand,
    action: Action,
    target: &Target,
) -> Result<(bool, Vec<Step>)> {
    match demand {
        Demand::RootUpload => content::root_upload(subject, action, target),
        Demand::Managed | Demand::RoleFitsKind | Demand::Shareable | Demand::SetFits => {
            fits_endpoint(subject.facts(), demand, action, target)
        }
        Demand::NotOneself => {
            let own = subject.id == target.id;
            Ok((!own, if own { vec![Step::Oneself { principal: subject.id }] } else { Vec::new() }))
        }
        // Outsiders have no settings; what they may do is decided by their link.
        Demand::Allowed(_) | Demand::AllowedOrShared(_) if subject.sort == Sort::Outsider => Ok((true, Vec::new())),
        Demand::Allowed(setting) => {
            let step = subject.setting(setting)?;
            Ok((allows(&step), vec![step]))
        }
        Demand::AllowedOrShared(setting) => shared(subject, setting, target),
        Demand::TargetActive => {
            let active = target.account().is_some_and(|account| account.status(subject.at) == Status::Active);
            let value = target.account().map_or("gone", |account| account.status(subject.at).word());
            Ok((
                active,
                if active {
                    Vec::new()
                } else {
                    vec![Step::Value { on: target.id, name: "status", value: value.to_owned() }]
                },
            ))
        }
    }
}

/// What an endpoint can hold, whoever asks: roles on managed ones only, shares as its kind allows.
fn fits_endpoint<F: Facts + ?Sized>(
    facts: &F,
    demand: Demand,
    action: Action,
    target: &Target,
) -> Result<(bool, Vec<Step>)> {
    let Some((on, endpoint)) = target.endpoint(facts)? else { return Ok((false, Vec::new())) };
    let kind = Step::Value { on, name: "kind", value: endpoint.kind.word().to_owned() };
    let sharing = endpoint.kind.sharing();
    Ok(match (demand, action) {
        (Demand::Managed, _) => {
            let step = Step::Value { on, name: "managed", value: endpoint.managed.to_string() };
            (endpoint.managed, vec![step])
        }
        (Demand::RoleFitsKind, Action::Assign(role)) => {
            let managed = Endpoint { managed: true, ..endpoint };
            let fits = managed.takes_role(role, on);
            (fits, if fits { Vec::new() } else { vec![kind] })
        }
        (Demand::Shareable, _) => {
            let is_folder = target.resource.as_ref().and_then(|it| it.as_item()).is_some_and(|it| it.is_folder());
            (sharing == Sharing::Delegated || (sharing == Sharing::Managed && is_folder), vec![kind])
        }
        (Demand::SetFits, Action::Share(set)) => {
            let version = endpoint.node_version.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
            let version = Step::Value { on, name: "node-version", value: version };
            let fits = endpoint.takes(set);
            (fits, if fits { Vec::new() } else { vec![kind, version] })
        }
        _ => (true, Vec::new()),
    })
}

fn allows(step: &Step) -> bool {
    matches!(step, Step::Setting { allowed: true, .. })
}

fn shared<F: Facts + ?Sized>(subject: &Subject<'_, F>, setting: Setting, target: &Target) -> Result<(bool, Vec<Step>)> {
    let step = subject.setting(setting)?;
    if allows(&step) {
        return Ok((true, vec![step]));
    }
    let common = match target.kind {
        Kind::Workgroup => subject.holds(Role::WorkgroupStandard, target.id)?,
        Kind::Account => shares_workgroup(subject, target.id)?,
        _ => None,
    };
    Ok(match common {
        Some(mut steps) => {
            steps.insert(0, step);
            (true, steps)
        }
        None => (false, vec![step]),
    })
}

/// The sentence a refusal is read from.
fn denial_rule<F: Facts + ?Sized>(subject: &Subject<'_, F>, target: &Target, action: Action) -> Result<Rule> {
    let verb = action.verb();
    for row in denials().filter(|row| row.kind == target.kind && row.verbs.contains(&verb)) {
        let held = match row.holder {
            None => true,
            Some(role) => holder(subject, Holder::Role(role), Action::Plain(verb), target)?.is_some(),
        };
        let fits = match row.when {
            Some(condition) if held => met(subject, condition, action, target)?.is_some(),
            _ => held,
        };
        if fits {
            return Ok(row.rule);
        }
    }
    Ok(NOT_GRANTED)
}
