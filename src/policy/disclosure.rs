//! What may be told to whom: the one gate for everything that names a resource.
//!
//! The rules are the rows of [`DISCLOSURES`]; a [`Viewer`] is one reader with those rows applied. Every
//! output asks it: listings, messages, plans, exports, proofs, the log and completions.

use std::cell::RefCell;
use std::ops::ControlFlow;

use hashbrown::HashMap;

use super::actor::Actor;
use super::content;
use super::decide::{allows, decide_for};
use super::facts::{Facts, Result};
use super::proof::ProofStep;
use super::remedy::{Missing, Remedy};
use super::sharing;
use super::subject::Subject;
use super::target::Target;
use crate::model::attributes::MemberAccess;
use crate::model::catalogue::Rule;
use crate::model::catalogue::disclosure::{Aspect, Audience, DISCLOSURES, Disclosure, disclosures_for};
use crate::model::{Action, Binding, Id, Kind, Permissions, Resource, Role, Time, Verb};

/// What stands in a message in place of a name that the reader may not be told.
pub const UNSEEN: &str = "something that you may not see";

/// What stands in a field of an answer in place of a reference that the reader may not be told.
pub const HIDDEN: &str = "hidden";

/// How many answers are remembered: names come in runs.
const MAX_CACHED_NAMES: usize = 4096;

/// A reader: what it may be told, with its principal looked up once.
pub struct Viewer<'f, F: Facts + ?Sized> {
    /// None for the operator, who is told everything.
    subject: Option<Subject<'f, F>>,
    /// Where the past is read: what is there today.
    today: Option<&'f dyn Facts>,
    /// Whether a name may be told, by id.
    name_cache: RefCell<HashMap<Id, bool>>,
}

/// Which part of the log somebody reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LogScope {
    /// All of it.
    All,
    /// What concerns these things, and what the reader did.
    On(Vec<Id>),
}

/// By what the past is read: today's rights (docs/model.md#time-and-the-past).
#[derive(Clone, Copy)]
pub struct CurrentRights<'f> {
    /// Today's facts, in which what is gone stands as it last was.
    pub facts: &'f dyn Facts,
    /// What is there today.
    pub today: &'f dyn Facts,
    /// Now.
    pub at: Time,
}

impl<'f> CurrentRights<'f> {
    /// A reader of the past.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn viewer(&self, actor: Actor) -> Result<Viewer<'f, dyn Facts + 'f>> {
        Ok(Viewer { today: Some(self.today), ..Viewer::new(self.facts, actor, self.at)? })
    }
}

impl<'f, F: Facts + ?Sized> Viewer<'f, F> {
    /// Looks the reader up.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn new(facts: &'f F, actor: Actor, at: Time) -> Result<Viewer<'f, F>> {
        let subject = actor.principal().map(|id| Subject::new(facts, id, at)).transpose()?;
        Ok(Viewer { subject, today: None, name_cache: RefCell::default() })
    }

    /// Whether it is about something of the past that is gone today, and the reader is a server admin, who
    /// sees all of that: whoever had a right to it has it no more.
    fn sees_all_gone(&self, on: Id) -> Result<bool> {
        let (Some(subject), Some(today)) = (&self.subject, self.today) else { return Ok(false) };
        Ok(on > Id::LAST_RESERVED
            && today.header(on)?.is_none()
            && subject.is_registered()
            && subject.holds(Role::ServerAdmin, Id::SERVER)?)
    }

    /// The reader as a subject; none for the operator.
    pub const fn subject(&self) -> Option<&Subject<'f, F>> {
        self.subject.as_ref()
    }

    /// Whether the reader may do something plain.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn may(&self, verb: Verb, on: Id) -> Result<bool> {
        self.may_do(Action::Plain(verb), on)
    }

    /// Whether the reader may do something.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn may_do(&self, action: Action, on: Id) -> Result<bool> {
        match &self.subject {
            None => Ok(true),
            Some(subject) => Ok(decide_for(subject, action, on)?.allowed || self.sees_all_gone(on)?),
        }
    }

    /// What the reader holds on an item; the operator everything.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn permissions(&self, item: Id) -> Result<Permissions> {
        Ok(match &self.subject {
            None => Permissions::EDIT,
            Some(subject) => content::permissions(subject, item)?,
        })
    }

    // Things.

    /// Whether the reader may know that a resource exists.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn sees(&self, resource: &Resource) -> Result<bool> {
        self.discloses(Aspect::Existence, resource.id, resource.kind(), None)
    }

    /// Whether a resource may be named to the reader. What no facts hold may not: whoever looked it up
    /// elsewhere decides.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn may_name(&self, id: Id) -> Result<bool> {
        let Some(subject) = &self.subject else { return Ok(true) };
        if id <= Id::LAST_RESERVED || id == subject.id {
            return Ok(true);
        }
        if let Some(known) = self.name_cache.borrow().get(&id) {
            return Ok(*known);
        }
        let may = match subject.facts().header(id)? {
            Some(header) => self.discloses(Aspect::Existence, id, header.kind(), None)?,
            None => false,
        };
        let mut names = self.name_cache.borrow_mut();
        if names.len() >= MAX_CACHED_NAMES {
            names.clear();
        }
        names.insert(id, may);
        Ok(may)
    }

    /// Whether the reader is told the settings of a workgroup or dropbox. Whoever else may see it is told
    /// its name and its send policy only (docs/model.md#workgroups).
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn sees_details(&self, resource: &Resource) -> Result<bool> {
        let limited = matches!(resource.kind(), Kind::Workgroup | Kind::Dropbox);
        if limited { self.discloses(Aspect::Details, resource.id, resource.kind(), None) } else { self.sees(resource) }
    }

    /// Whether the reader is told what it may do with the content of an endpoint, which it need not see.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn sees_content_of(&self, endpoint: Id) -> Result<bool> {
        self.discloses(Aspect::OwnAccess, endpoint, Kind::Endpoint, None)
    }

    // Bindings.

    /// Whether the reader is told of a binding: who holds it, on what, and who gave it.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn sees_binding(&self, binding: &Binding) -> Result<bool> {
        let Some(subject) = &self.subject else { return Ok(true) };
        match binding.role {
            Role::ItemShare => Ok(sharing::may_see(subject, binding)? || self.sees_all_gone(binding.resource)?),
            role if role.resource_kind() == Kind::Server => self.may_name(binding.principal),
            role => Ok(self.discloses(Aspect::Bindings, binding.resource, role.resource_kind(), Some(binding))?
                && self.sees_member(binding)?),
        }
    }

    /// Whether the reader may list the members of a group. Their own memberships are disclosed anyway, see
    /// [`sees_binding`](Viewer::sees_binding).
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn is_told_members(&self, group: Id) -> Result<bool> {
        self.discloses(Aspect::Bindings, group, Kind::Group, None)
    }

    /// Whether a share is told of in a list: one of a class of the system's own only where all are
    /// asked for.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn sees_share_in_list(&self, share: &Binding, all: bool) -> Result<bool> {
        Ok((all || !share.attributes.share_class().is_hidden()) && self.sees_binding(share)?)
    }

    /// With `member-access: admins` whoever views the members of a workgroup as a member is told of its admins
    /// and of itself (docs/model.md#workgroups).
    fn sees_member(&self, membership: &Binding) -> Result<bool> {
        let (Some(subject), true) = (&self.subject, membership.role.resource_kind() == Kind::Workgroup) else {
            return Ok(true);
        };
        if membership.role == Role::WorkgroupAdmin || subject.is(membership.principal)? {
            return Ok(true);
        }
        let place = subject.facts().resource(membership.resource)?;
        let access = place.as_ref().and_then(|it| it.as_workgroup()).map(|it| it.member_access);
        Ok(access != Some(MemberAccess::Admins)
            || subject.holds(Role::WorkgroupAdmin, membership.resource)?
            || self.may(Verb::Edit, membership.resource)?)
    }

    // Access and the log.

    /// Whether the reader is told what others may do on a resource: server admins about everything, and
    /// others about what they administer (docs/model.md#visibility).
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn may_ask_about_others(&self, on: Id, kind: Kind) -> Result<bool> {
        match &self.subject {
            None => Ok(true),
            // To edit one's own account is not to administer it.
            Some(subject) if on == subject.id => subject.holds(Role::ServerAdmin, Id::SERVER),
            Some(_) => self.discloses(Aspect::OthersAccess, on, kind, None),
        }
    }

    /// Whether a line of a listing is told: that somebody may do something on a resource. The same is
    /// asked of it as of a check that names both.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn sees_access(&self, principal: Id, on: Id) -> Result<bool> {
        let Some(subject) = &self.subject else { return Ok(true) };
        let kind = subject.facts().header(on)?.map_or(Kind::Server, |it| it.kind());
        if principal == subject.id {
            return Ok(self.may_name(on)? || (kind == Kind::Endpoint && self.sees_content_of(on)?));
        }
        Ok(self.may_name(on)? && self.may_name(principal)? && self.may_ask_about_others(on, kind)?)
    }

    /// Which part of the log the reader reads: all of it for server admins, and what concerns the things they
    /// administer for others (docs/model.md#visibility).
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn log_scope(&self) -> Result<LogScope> {
        let Some(subject) = &self.subject else { return Ok(LogScope::All) };
        let rows = || DISCLOSURES.iter().filter(|row| row.aspect == Aspect::Log);
        for row in rows() {
            if let Audience::MayOnServer(verb) = row.audience
                && self.may(verb, Id::SERVER)?
            {
                return Ok(LogScope::All);
            }
        }
        let roles: Vec<Role> = rows()
            .filter_map(|row| match row.audience {
                Audience::Holds(roles) => Some(roles),
                _ => None,
            })
            .flatten()
            .copied()
            .collect();
        let mut places = Vec::new();
        if subject.is_registered() {
            subject.each_level(&roles, &mut |binding| {
                places.push(binding.resource);
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(LogScope::On(places))
    }

    // Remedies.

    /// What would allow something, as far as the reader may be told: ways that name what it may not see
    /// are left out, and so are people and groups that it may not see.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn visible_remedies(&self, found: Vec<Remedy>) -> Result<Vec<Remedy>> {
        if self.subject.is_none() {
            return Ok(found);
        }
        let mut told = Vec::with_capacity(found.len());
        'ways: for mut remedy in found {
            for one in &remedy.missing {
                for on in resource_named_by(*one).into_iter().flatten() {
                    if !self.may_name(on)? {
                        continue 'ways;
                    }
                }
            }
            let all = remedy.actors.len();
            let mut by = Vec::with_capacity(all);
            for id in remedy.actors {
                if self.may_name(id)? {
                    by.push(id);
                }
            }
            remedy.has_more_actors |= by.len() < all;
            remedy.actors = by;
            told.push(remedy);
        }
        Ok(told)
    }

    /// Whether a step of a proof is told: no value of a thing that the reader may not see, nor one that
    /// names such a thing.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn sees_step(&self, step: &ProofStep) -> Result<bool> {
        let (Some(subject), ProofStep::Value { on, name, .. }) = (&self.subject, step) else { return Ok(true) };
        if !self.may_name(*on)? {
            return Ok(false);
        }
        // The folder of a workspace may lie where the reader sees nothing.
        let files = match *name {
            "files" => subject.facts().resource(*on)?.and_then(|it| it.as_workspace()?.files),
            _ => None,
        };
        files.map_or(Ok(true), |folder| self.may_name(folder))
    }

    // The rows.

    /// The rule by which the reader is told something of a resource, or of a binding on it; none where it
    /// is not told. The operator is told everything, by no rule.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn disclosing_rule(&self, aspect: Aspect, on: Id, binding: Option<&Binding>) -> Result<Option<Rule>> {
        let Some(subject) = &self.subject else { return Ok(None) };
        let kind = subject.facts().header(on)?.map_or(Kind::Server, |it| it.kind());
        Ok(self.disclosing_row(aspect, on, kind, binding)?.map(|row| row.rule))
    }

    fn discloses(&self, aspect: Aspect, on: Id, kind: Kind, binding: Option<&Binding>) -> Result<bool> {
        Ok(self.subject.is_none()
            || self.disclosing_row(aspect, on, kind, binding)?.is_some()
            || self.sees_all_gone(on)?)
    }

    /// The row of the catalogue that tells the reader something.
    fn disclosing_row(
        &self,
        aspect: Aspect,
        on: Id,
        kind: Kind,
        binding: Option<&Binding>,
    ) -> Result<Option<&'static Disclosure>> {
        let Some(subject) = &self.subject else { return Ok(None) };
        let mut target: Option<Option<Target>> = None;
        for row in disclosures_for(aspect, kind) {
            let told = match row.audience {
                Audience::Everybody => true,
                Audience::May(verbs) => {
                    let target = match &target {
                        Some(known) => known.as_ref(),
                        None => target.insert(Target::load(subject.facts(), on)?).as_ref(),
                    };
                    match target {
                        Some(target) => may_any(subject, verbs, target)?,
                        None => false,
                    }
                }
                Audience::MayAbove(above, verbs) => match self.parent_of_kind(on, above)? {
                    Some(target) => may_any(subject, verbs, &target)?,
                    None => false,
                },
                Audience::MayOnServer(verb) => self.may(verb, Id::SERVER)?,
                Audience::Holds(roles) => holds_any(subject, roles, on)?,
                Audience::Invited => self.has_invited(on)?,
                Audience::Party => match binding {
                    Some(binding) => subject.is_registered() && subject.is(binding.principal)?,
                    None => false,
                },
            };
            if told {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// What a resource lies in, where that is of this kind.
    fn parent_of_kind(&self, id: Id, kind: Kind) -> Result<Option<Target>> {
        let Some(subject) = &self.subject else { return Ok(None) };
        let parent = subject.facts().header(id)?.and_then(|it| it.parent);
        let target = parent.map(|parent| Target::load(subject.facts(), parent)).transpose()?.flatten();
        Ok(target.filter(|target| target.kind == kind))
    }

    /// Whether the reader manages the links of a dropbox that a link was made for a submitter of.
    fn has_invited(&self, invitee: Id) -> Result<bool> {
        let Some(subject) = &self.subject else { return Ok(true) };
        let mut found = false;
        subject.each_level(&Role::DROPBOX, &mut |membership| {
            subject.facts().resources(Kind::Invitation, Some(membership.resource), &mut |link| {
                found = found || link.as_invitation().is_some_and(|it| it.invitee == Some(invitee));
                Ok(if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })?;
            found = found && decide_for(subject, Action::Plain(Verb::Invite), membership.resource)?.allowed;
            Ok(if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(found)
    }
}

/// Whether a subject may do one of some plain actions.
fn may_any<F: Facts + ?Sized>(subject: &Subject<'_, F>, verbs: &[Verb], target: &Target) -> Result<bool> {
    for verb in verbs {
        if allows(subject, Action::Plain(*verb), target)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a subject holds one of some roles: account roles on the server, any other on the resource.
fn holds_any<F: Facts + ?Sized>(subject: &Subject<'_, F>, roles: &[Role], on: Id) -> Result<bool> {
    if !subject.is_registered() {
        return Ok(false);
    }
    for role in roles {
        let place = if role.resource_kind() == Kind::Server { Id::SERVER } else { on };
        if subject.holds(*role, place)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The resources that a lack names.
const fn resource_named_by(one: Missing) -> [Option<Id>; 2] {
    match one {
        Missing::ServerRole(_) | Missing::Setting(_) => [None, None],
        Missing::Role(_, on) | Missing::Condition(_, on) | Missing::Share(_, on) => [Some(on), None],
        Missing::Active(id)
        | Missing::Managed(id)
        | Missing::RootUpload(id)
        | Missing::Owner(id)
        | Missing::NodeVersion(id) => [Some(id), None],
        Missing::Files(workspace, endpoint) => [Some(workspace), Some(endpoint)],
    }
}
