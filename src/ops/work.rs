//! A change in the making: facts, an actor, a time, and the draft so far.

use std::ops::ControlFlow;
use std::rc::Rc;

use super::Result;
use crate::model::attributes::{Attributes, BindingAttributes, Status};
use crate::model::catalogue::ACTIVE_ONLY;
use crate::model::name::key;
use crate::model::reference::nearest;
use crate::model::{Action, Binding, Id, Kind, Name, Problem, ProblemKind, Reference, Resource, Role, Time, Verb};
use crate::policy::decide::decide_for;
use crate::policy::invariants::{self, Violation};
use crate::policy::remedy::command;
use crate::policy::{Decision, Draft, Facts, Overlay, Question, Select, Subject, remedies};

/// Who acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Actor {
    /// Whoever holds the store: allowed every action, bound by every invariant.
    Operator,
    /// An account, or whoever holds a link: every rule applies.
    Principal(Id),
}

impl Actor {
    /// The principal, if it is not the operator.
    pub const fn principal(self) -> Option<Id> {
        match self {
            Actor::Operator => None,
            Actor::Principal(id) => Some(id),
        }
    }
}

/// A change in the making.
pub struct Work<'f, F: Facts + ?Sized> {
    facts: Overlay<'f, F>,
    /// Who acts.
    pub actor: Actor,
    /// When: the time that is written down and that expiries are judged at.
    pub at: Time,
    /// What the actor should know besides what changed.
    pub notices: Vec<String>,
    /// What goes with what was removed: to be confirmed before it is committed.
    pub takes: Vec<String>,
}

impl<'f, F: Facts + ?Sized> Work<'f, F> {
    /// Begins with an empty draft.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn new(facts: &'f F, actor: Actor, at: Time) -> Result<Work<'f, F>> {
        Ok(Work { facts: Overlay::new(facts)?, actor, at, notices: Vec::new(), takes: Vec::new() })
    }

    /// The facts with the draft so far.
    pub const fn facts(&self) -> &Overlay<'f, F> {
        &self.facts
    }

    /// Ends the work: the draft and the last id it used.
    ///
    /// # Errors
    /// A conflict when the state would break an invariant.
    pub fn finish(self) -> Result<(Draft, Id)> {
        self.check()?;
        Ok(self.facts.into_draft())
    }

    /// Asks every invariant of the state as it would be.
    ///
    /// # Errors
    /// A conflict that names the invariant.
    pub fn check(&self) -> Result<()> {
        match invariants::broken(self.facts.base(), &self.facts, self.facts.draft(), self.at)? {
            None => Ok(()),
            Some(Violation::LastAdmin) => {
                Err(Problem::conflict("last_admin", "this would leave the server without an active admin")
                    .why("the last active admin can be neither demoted, deactivated nor deleted")
                    .tip("make somebody else an admin first: rolebook account set-role NAME admin"))
            }
            Some(Violation::AdminWouldEnd(id)) => Err(Problem::conflict(
                "admin_ends",
                format!("{} is an admin, and an admin account never expires and is never inactive", self.name(id)?),
            )
            .why("product: admin accounts do not expire and are always active")
            .tip(format!("demote it first: rolebook account set-role {} user", self.bare_name(id)?))),
        }
    }

    // Looking things up.

    /// The reference of a resource, as output writes it.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn name(&self, id: Id) -> Result<String> {
        Ok(match id {
            Id::SERVER => "server".to_owned(),
            Id::AUTHENTICATED => "authenticated".to_owned(),
            Id::ANYONE => "anyone".to_owned(),
            id => match self.facts.resource(id)? {
                Some(resource) => resource.reference(),
                None => {
                    self.facts.base().resource(id)?.map_or_else(|| format!("#{id}"), |resource| resource.reference())
                }
            },
        })
    }

    fn bare_name(&self, id: Id) -> Result<String> {
        Ok(self
            .facts
            .resource(id)?
            .map_or_else(|| id.to_string(), |resource| crate::policy::remedy::quoted(&resource.name)))
    }

    /// The actor's eyes.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn viewer(&self) -> Result<Viewer<'_, Overlay<'f, F>>> {
        Viewer::new(&self.facts, self.actor, self.at)
    }

    /// Whether the actor may see that a resource exists.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn sees(&self, resource: &Resource) -> Result<bool> {
        self.viewer()?.sees(resource)
    }

    /// The resource of that kind and name, if the actor may see it.
    ///
    /// # Errors
    /// "No such thing", alike for what is not there and for what the actor may not see, with the
    /// nearest name that it may see.
    pub fn find(&self, kind: Kind, name: &Name) -> Result<Rc<Resource>> {
        find(&self.facts, self.actor, self.at, kind, name)
    }

    /// What a reference means, if it is of that kind and the actor may see it.
    ///
    /// # Errors
    /// As [`Work::find`]; a conflict for a reference of another kind.
    pub fn find_reference(&self, kind: Kind, reference: &Reference) -> Result<Rc<Resource>> {
        match reference {
            Reference::Named(found, name) if *found == kind => self.find(kind, name),
            Reference::Numbered(found, number) if *found == kind => {
                numbered(&self.facts, self.actor, self.at, kind, *number)
            }
            other => Err(other.wrong_kind(kind.article())),
        }
    }

    // Asking.

    /// Whether the actor may.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn may(&self, action: Action, resource: Id) -> Result<bool> {
        match self.actor {
            Actor::Operator => Ok(true),
            Actor::Principal(id) => {
                let subject = Subject::new(&self.facts, id, self.at)?;
                Ok(decide_for(&subject, action, resource)?.allowed)
            }
        }
    }

    /// Demands that the actor may.
    ///
    /// # Errors
    /// A denial with the rule, what is missing and who can give it.
    pub fn require(&self, action: Action, resource: Id) -> Result<()> {
        let Actor::Principal(principal) = self.actor else { return Ok(()) };
        let question = Question { principal, action, resource, at: self.at };
        let decision = crate::policy::decide(&self.facts, &question)?;
        if decision.allowed { Ok(()) } else { Err(self.denial(&question, &decision)?) }
    }

    /// Demands a plain action.
    ///
    /// # Errors
    /// As [`Work::require`].
    pub fn require_verb(&self, verb: Verb, resource: Id) -> Result<()> {
        self.require(Action::Plain(verb), resource)
    }

    fn denial(&self, question: &Question, decision: &Decision) -> Result<Problem> {
        let message = format!(
            "{} may not {} on {}",
            self.name(question.principal)?,
            question.action,
            self.name(question.resource)?
        );
        let mut problem = Problem::new(ProblemKind::Denied, "denied", message).why(decision.rule.source);
        problem.rule = Some(decision.rule.name);
        for remedy in remedies(&self.facts, question)? {
            let mut missing = Vec::new();
            let mut commands = Vec::new();
            for lack in &remedy.lacks {
                missing.push(self.lack(*lack)?);
                commands.push(command(&self.facts, question.principal, *lack, self.at)?);
            }
            problem.missing.push(missing.join(" and "));
            let mut by = Vec::new();
            for id in &remedy.by {
                by.push(self.name(*id)?);
            }
            let by = if by.is_empty() { "the operator".to_owned() } else { by.join(", ") };
            problem.tips.push(format!("{} (by {by})", commands.join(" && ")));
        }
        Ok(problem)
    }

    /// What is lacking, as a phrase.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn lack(&self, lack: crate::policy::remedy::Lack) -> Result<String> {
        lack_phrase(lack, &|id| self.name(id))
    }

    // Changing.

    /// An id that no row has had.
    pub const fn new_id(&mut self) -> Id {
        self.facts.new_id()
    }

    /// Makes a resource with a name.
    pub fn make(&mut self, parent: Option<Id>, name: &Name, attributes: Attributes) -> Id {
        let id = self.new_id();
        let (name, key) = (name.shown().to_owned(), name.key().to_owned());
        self.put(Resource { id, parent, name, key, alias: None, attributes, since: 0 });
        id
    }

    /// Puts a resource as it shall be.
    pub fn put(&mut self, mut resource: Resource) {
        resource.since = 0;
        resource.alias = resource.as_account().and_then(|account| account.email.as_deref()).map(key);
        self.facts.put_resource(resource);
    }

    /// Puts other attributes on a resource.
    pub fn put_attributes(&mut self, resource: &Resource, attributes: Attributes) {
        self.put(Resource { attributes, ..resource.clone() });
    }

    /// Gives a role; by the actor.
    pub fn bind(&mut self, resource: Id, principal: Id, role: Role) -> Id {
        let id = self.new_id();
        self.put_binding(Binding {
            id,
            resource,
            principal,
            role,
            grantor: self.actor.principal(),
            expires: None,
            attributes: BindingAttributes::default(),
            since: 0,
        });
        id
    }

    /// Puts a binding as it shall be.
    pub fn put_binding(&mut self, binding: Binding) {
        self.facts.put_binding(Binding { since: 0, ..binding });
    }

    /// Ends a binding.
    pub fn end_binding(&mut self, id: Id) {
        self.facts.end_binding(id);
    }

    /// Ends a resource alone; [`Work::end_with_bindings`] takes with it what hangs on it.
    pub fn end(&mut self, id: Id) {
        self.facts.end_resource(id);
    }

    /// Ends a resource and every binding on it or of it.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn end_with_bindings(&mut self, id: Id) -> Result<()> {
        for select in [Select::On(id), Select::Of(id)] {
            for binding in self.facts.list(select)? {
                self.facts.end_binding(binding.id);
            }
        }
        self.facts.end_resource(id);
        Ok(())
    }
}

/// What is lacking, as a phrase.
///
/// # Errors
/// When the facts cannot be read.
pub fn lack_phrase(lack: crate::policy::remedy::Lack, name: &dyn Fn(Id) -> Result<String>) -> Result<String> {
    use crate::policy::remedy::Lack;
    Ok(match lack {
        Lack::ServerRole(role) => format!("role {role}"),
        Lack::Role(role, on) => format!("role {role} on {}", name(on)?),
        Lack::Setting(setting) => format!("setting {} allowed", setting.word()),
        Lack::Condition(condition, on) => format!("{} on {}", condition.phrase(), name(on)?),
        Lack::Active(account) => format!("{} active", name(account)?),
    })
}

/// An actor's eyes: what it may see, with the actor looked up once.
pub struct Viewer<'f, F: Facts + ?Sized> {
    subject: Option<Subject<'f, F>>,
}

impl<'f, F: Facts + ?Sized> Viewer<'f, F> {
    /// Looks the actor up.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn new(facts: &'f F, actor: Actor, at: Time) -> Result<Viewer<'f, F>> {
        let subject = actor.principal().map(|id| Subject::new(facts, id, at)).transpose()?;
        Ok(Viewer { subject })
    }

    /// Whether the actor may do something plain.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn may(&self, verb: Verb, on: Id) -> Result<bool> {
        match &self.subject {
            None => Ok(true),
            Some(subject) => Ok(decide_for(subject, Action::Plain(verb), on)?.allowed),
        }
    }

    /// Whether the actor is in a workgroup or dropbox, at any level, or administers it. Whoever
    /// else may see it is told its name and its send policy only (model §4).
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn is_inside(&self, place: &Resource) -> Result<bool> {
        let Some(subject) = &self.subject else { return Ok(true) };
        let level = if place.kind() == Kind::Dropbox { Role::DropboxSubmitOnly } else { Role::WorkgroupStandard };
        Ok(subject.holds(level, place.id)?.is_some() || self.may(Verb::Edit, place.id)?)
    }

    /// Whether the actor may see that a resource exists.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn sees(&self, resource: &Resource) -> Result<bool> {
        match (resource.kind(), resource.parent) {
            // A link is seen by whoever manages the links of its dropbox.
            (Kind::Invitation | Kind::PublicLink, Some(dropbox)) => {
                Ok(self.may(Verb::Invite, dropbox)? || self.may(Verb::RevokeInvitation, dropbox)?)
            }
            (Kind::Server, _) => Ok(true),
            (Kind::Invitee, _) => Ok(self.may(Verb::CreateGroup, Id::SERVER)? || self.has_invited(resource.id)?),
            _ => self.may(Verb::View, resource.id),
        }
    }
}

impl<F: Facts + ?Sized> Viewer<'_, F> {
    /// Outside submitters have no page of their own: server admins and managers know of them, and
    /// whoever manages the links of a dropbox that one was made for.
    fn has_invited(&self, invitee: Id) -> Result<bool> {
        let Some(subject) = &self.subject else { return Ok(true) };
        let mut found = false;
        subject.levels(&Role::DROPBOX, &mut |membership| {
            subject.facts().resources(Kind::Invitation, Some(membership.resource), &mut |link| {
                found = found || link.as_invitation().is_some_and(|it| it.invitee == invitee);
                Ok(if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })?;
            found = found && decide_for(subject, Action::Plain(Verb::Invite), membership.resource)?.allowed;
            Ok(if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(found)
    }
}

/// Refuses an actor that may do nothing at all.
///
/// # Errors
/// A denial for an account that is gone, inactive or expired.
pub fn require_active<F: Facts + ?Sized>(facts: &F, actor: Actor, at: Time) -> Result<()> {
    let Actor::Principal(id) = actor else { return Ok(()) };
    let account = facts.resource(id)?;
    let status = match &account {
        Some(account) if account.kind() == Kind::Account => account.as_account().map(|it| it.status(at)),
        // Whoever holds a link is no account.
        _ => return Ok(()),
    };
    if status == Some(Status::Active) {
        return Ok(());
    }
    let who = account.map_or_else(|| id.to_string(), |it| it.reference());
    let message = format!("{who} is {}", status.map_or("gone", Status::word));
    let mut problem = Problem::new(ProblemKind::Denied, "denied", message).why(ACTIVE_ONLY.source);
    problem.rule = Some(ACTIVE_ONLY.name);
    Err(problem)
}

/// The resource of that kind and name, if the actor may see it.
///
/// # Errors
/// As [`Work::find`].
pub fn find<F: Facts + ?Sized>(facts: &F, actor: Actor, at: Time, kind: Kind, name: &Name) -> Result<Rc<Resource>> {
    if let Some(resource) = facts.named(kind, None, name.key())?
        && Viewer::new(facts, actor, at)?.sees(&resource)?
    {
        return Ok(resource);
    }
    let problem = Problem::not_found(kind.noun(), name.shown());
    Err(match similar(facts, actor, at, kind, name)? {
        Some(near) => problem.tip(format!("did you mean `{near}`?")),
        None => problem,
    })
}

/// The nearest name of that kind which the actor may see.
fn similar<F: Facts + ?Sized>(facts: &F, actor: Actor, at: Time, kind: Kind, name: &Name) -> Result<Option<String>> {
    let mut close = Vec::new();
    let viewer = Viewer::new(facts, actor, at)?;
    facts.resources(kind, None, &mut |resource| {
        // Cheap first: only what is close is asked about.
        if nearest(name.key(), std::iter::once(resource.key.as_str())).is_some()
            && viewer.sees(&resource).unwrap_or(false)
        {
            close.push(resource.name.clone());
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(nearest(name.shown(), close.iter().map(String::as_str)).map(str::to_owned))
}

/// The resource of that kind and number, if the actor may see it.
///
/// # Errors
/// As [`Work::find`].
pub fn numbered<F: Facts + ?Sized>(facts: &F, actor: Actor, at: Time, kind: Kind, number: u64) -> Result<Rc<Resource>> {
    if let Some(resource) = facts.resource(Id(number))?
        && resource.kind() == kind
        && Viewer::new(facts, actor, at)?.sees(&resource)?
    {
        return Ok(resource);
    }
    Err(Problem::not_found(kind.noun(), &number.to_string()))
}
