//! A change in the making: facts, an actor, a time, and the draft so far.

use std::rc::Rc;

use super::Result;
use super::sight::{Place, Viewer, find, find_item, find_workspace, numbered};
use crate::model::attributes::{Attributes, BindingAttributes};
use crate::model::catalogue::CUSTOM_SETS;
use crate::model::name::key;
use crate::model::reference::{full_reference, item_reference};
use crate::model::{
    Action, Binding, Id, Kind, Name, Path, Problem, ProblemKind, Reference, Resource, Role, Time, Verb,
};
use crate::policy::decide_for;
use crate::policy::invariants::{self, Violation};
use crate::policy::remedy::{Lack, command};
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
            Some(Violation::LastAdministrator(id)) => Err(self.last_administrator(id)?),
            Some(Violation::Unfit(id, bindings)) => Err(self.unfit(id, &bindings)?),
            Some(Violation::Cycle(group, member)) => Err(Problem::conflict(
                "group_cycle",
                format!("{} cannot be a member of {}: a cycle", self.name(member)?, self.name(group)?),
            )
            .why("groups nest, but none may contain itself")),
        }
    }

    /// "No change may leave an endpoint without an effective administrator" (model §7); the same of
    /// organizations (§9). What the actor may not see is not named.
    fn last_administrator(&self, id: Id) -> Result<Problem> {
        let place = self.facts.resource(id)?;
        let seen = place.filter(|place| self.sees(place).unwrap_or(false));
        let what = seen.as_ref().map_or_else(|| "something that you may not see".to_owned(), |it| it.reference());
        let problem =
            Problem::conflict("last_administrator", format!("this would leave {what} without an active administrator"))
                .why("an endpoint or an organization always has an active administrator");
        Ok(match seen {
            Some(it) if it.kind() == Kind::Endpoint => {
                problem.tip(format!("rolebook endpoint add-role {} administrator SOMEBODY", it.typed()))
            }
            Some(it) => problem.tip(format!("rolebook org set-role {} SOMEBODY admin", it.typed())),
            None => problem,
        })
    }

    /// What an endpoint cannot hold, as it would be.
    fn unfit(&self, id: Id, bindings: &[Binding]) -> Result<Problem> {
        let shares = bindings.iter().any(|binding| binding.role == Role::ItemShare);
        let name = self.name(id)?;
        let mut problem = if shares {
            Problem::conflict("custom_shares_exist", format!("{name} would hold shares that its node software cannot"))
                .why(CUSTOM_SETS.source)
                .tip("make them presets first: rolebook share set ITEM WHO --permission view")
        } else {
            Problem::conflict("roles_exist", format!("{name} would have roles that it cannot have"))
                .why("seed 001: Users (or groups) can be granted various roles on any managed endpoint, with each role granting the user (or group) different privileges with respect to that endpoint.")
                .tip("take them away first: rolebook endpoint remove-role NAME ROLE WHO")
        };
        for binding in bindings {
            let (place, who) = (self.name(binding.resource)?, self.name(binding.principal)?);
            problem.details.push(match binding.role {
                Role::ItemShare => format!("{place} is shared with {who}: {}", binding.attributes.permissions),
                role => format!("{who} is {}", role.word()),
            });
        }
        Ok(problem)
    }

    // Looking things up.

    /// The reference of a resource, as output writes it.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn name(&self, id: Id) -> Result<String> {
        match self.known(id)? {
            Some(item) if item.kind() == Kind::Item => {
                let mut lineage = vec![item];
                while let Some(above) = lineage.last().and_then(|it| it.parent).map(|id| self.known(id)).transpose()? {
                    match above {
                        Some(above) => lineage.push(above),
                        None => break,
                    }
                }
                Ok(item_reference(&lineage))
            }
            Some(resource) => full_reference(&resource, &|id| self.name(id)),
            None => Ok(self.facts.reference(id)?),
        }
    }

    /// A resource as it will be; one that ends, as it was.
    fn known(&self, id: Id) -> Result<Option<Rc<Resource>>> {
        Ok(match self.facts.resource(id)? {
            None => self.facts.base().resource(id)?,
            found => found,
        })
    }

    /// The reference of a resource as it may be told to the actor.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn seen_name(&self, id: Id) -> Result<String> {
        match self.facts.resource(id)? {
            Some(resource) if !self.sees(&resource)? => Ok("something that you may not see".to_owned()),
            _ => self.name(id),
        }
    }

    /// The outermost thing that a resource lies in: who administers that may read of it.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn outermost(&self, id: Id) -> Result<Id> {
        let lineage = match self.facts.lineage(id)? {
            gone if gone.is_empty() => self.facts.base().lineage(id)?,
            lineage => lineage,
        };
        Ok(lineage.last().map_or(id, |outermost| outermost.id))
    }

    fn bare_name(&self, id: Id) -> Result<String> {
        Ok(self.facts.resource(id)?.map_or_else(|| id.to_string(), |resource| resource.typed()))
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
            Reference::Workspace(org, name) if kind == Kind::Workspace => {
                find_workspace(&self.facts, self.actor, self.at, org, name)
            }
            Reference::Numbered(found, number) if *found == kind => {
                numbered(&self.facts, self.actor, self.at, kind, *number)
            }
            other => Err(other.wrong_kind(kind.article())),
        }
    }

    /// The item that a path names, as far as it is registered, if the actor may see it.
    ///
    /// # Errors
    /// As [`find_item`].
    pub fn find_item(&self, endpoint: &Name, path: &Path) -> Result<Place> {
        find_item(&self.facts, self.actor, self.at, endpoint, path)
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

    /// An action as people read it: folders by their paths.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn action(&self, action: Action) -> Result<String> {
        action_phrase(action, &|id| self.name(id))
    }

    fn denial(&self, question: &Question, decision: &Decision) -> Result<Problem> {
        let message = format!(
            "{} may not {} on {}",
            self.name(question.principal)?,
            self.action(question.action)?,
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
            if remedy.others {
                by.push("others".to_owned());
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
    pub fn lack(&self, lack: Lack) -> Result<String> {
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

/// An action as people read it: folders by their paths.
///
/// # Errors
/// What `name` answers.
pub fn action_phrase(action: Action, name: &dyn Fn(Id) -> Result<String>) -> Result<String> {
    Ok(match action {
        Action::MoveTo(to) | Action::CopyTo(to) => format!("{}={}", action.verb().word(), name(to.folder)?),
        other => other.to_string(),
    })
}

/// What is lacking, as a phrase.
///
/// # Errors
/// When the facts cannot be read.
pub fn lack_phrase(lack: Lack, name: &dyn Fn(Id) -> Result<String>) -> Result<String> {
    Ok(match lack {
        Lack::ServerRole(role) => format!("role {role}"),
        Lack::Role(role, on) => format!("role {role} on {}", name(on)?),
        Lack::Setting(setting) => format!("setting {} allowed", setting.word()),
        Lack::Condition(condition, on) => format!("{} on {}", condition.phrase(), name(on)?),
        Lack::Active(account) => format!("{} active", name(account)?),
        Lack::Share(set, item) if set.is_custom() => format!("share of {} with {set}", name(item)?),
        Lack::Share(set, item) => format!("share of {} with {}", name(item)?, set.label()),
        Lack::Managed(endpoint) => format!("managed is on on {}", name(endpoint)?),
        Lack::RootUpload(workspace) => format!("root-upload allowed in {}", name(workspace)?),
    })
}
