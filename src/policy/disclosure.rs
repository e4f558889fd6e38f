//! Disclosure: who may be told what. The one gate for every name that leaves the program.
//!
//! The rules are the rows of [`DISCLOSURES`]; a [`Viewer`] applies them to one reader. Every output
//! asks it: listings, messages, plans, exports, proofs, the log and completions.

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

/// Replaces a name in a message if the reader may not see the resource.
pub const UNSEEN: &str = "something that you may not see";

/// Replaces a reference in a field of an answer if the reader may not see the resource.
pub const HIDDEN: &str = "hidden";

/// Maximum number of cached answers. Output repeats the same names.
const MAX_CACHED_NAMES: usize = 4096;

/// A reader with its principal looked up once; answers what the reader may be told.
pub struct Viewer<'f, F: Facts + ?Sized> {
    /// `None` for the operator, who may see everything.
    subject: Option<Subject<'f, F>>,
    /// Today's facts, if the viewer reads the past.
    today: Option<&'f dyn Facts>,
    /// Cache of [`may_name`](Viewer::may_name), by id.
    name_cache: RefCell<HashMap<Id, bool>>,
}

/// The part of the log that a reader may read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LogScope {
    /// The whole log.
    All,
    /// Entries about these resources, and entries of the reader's own actions.
    On(Vec<Id>),
}

/// The rights that apply to readers of the past: today's (docs/model.md#time-and-the-past).
#[derive(Clone, Copy)]
pub struct CurrentRights<'f> {
    /// Today's facts, with ended resources in their last version.
    pub facts: &'f dyn Facts,
    /// Today's facts without ended resources.
    pub today: &'f dyn Facts,
    /// The present time.
    pub at: Time,
}

impl<'f> CurrentRights<'f> {
    /// A viewer for a reader of the past.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn viewer(&self, actor: Actor) -> Result<Viewer<'f, dyn Facts + 'f>> {
        Ok(Viewer { today: Some(self.today), ..Viewer::new(self.facts, actor, self.at)? })
    }
}

impl<'f, F: Facts + ?Sized> Viewer<'f, F> {
    /// Looks up the principal of the reader.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn new(facts: &'f F, actor: Actor, at: Time) -> Result<Viewer<'f, F>> {
        let subject = actor.principal().map(|id| Subject::new(facts, id, at)).transpose()?;
        Ok(Viewer { subject, today: None, name_cache: RefCell::default() })
    }

    /// Whether a resource of the past has ended and the reader is a server admin. Server admins see every ended
    /// resource, since the bindings that made it visible to others have ended too.
    fn sees_all_gone(&self, on: Id) -> Result<bool> {
        let (Some(subject), Some(today)) = (&self.subject, self.today) else { return Ok(false) };
        Ok(on > Id::LAST_RESERVED
            && today.header(on)?.is_none()
            && subject.is_registered()
            && subject.holds(Role::ServerAdmin, Id::SERVER)?)
    }

    /// The reader as a subject; `None` for the operator.
    pub const fn subject(&self) -> Option<&Subject<'f, F>> {
        self.subject.as_ref()
    }

    /// Whether the reader may do an action without a value.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn may(&self, verb: Verb, on: Id) -> Result<bool> {
        self.may_do(Action::Plain(verb), on)
    }

    /// Whether the reader may do an action.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn may_do(&self, action: Action, on: Id) -> Result<bool> {
        match &self.subject {
            None => Ok(true),
            Some(subject) => Ok(decide_for(subject, action, on)?.allowed || self.sees_all_gone(on)?),
        }
    }

    /// The permissions of the reader on an item; all of them for the operator.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn permissions(&self, item: Id) -> Result<Permissions> {
        Ok(match &self.subject {
            None => Permissions::EDIT,
            Some(subject) => content::permissions(subject, item)?,
        })
    }

    // Resources.

    /// Whether the reader may know that a resource exists.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn sees(&self, resource: &Resource) -> Result<bool> {
        self.discloses(Aspect::Existence, resource.id, resource.kind(), None)
    }

    /// Whether the reader may be told the name of a resource. No if the facts do not hold the resource: a
    /// caller that found it elsewhere decides by itself.
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

    /// Whether the reader sees the settings of a workgroup or dropbox. Other readers who may see the resource
    /// see its name and its send policy only (docs/model.md#workgroups).
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn sees_details(&self, resource: &Resource) -> Result<bool> {
        let limited = matches!(resource.kind(), Kind::Workgroup | Kind::Dropbox);
        if limited { self.discloses(Aspect::Details, resource.id, resource.kind(), None) } else { self.sees(resource) }
    }

    /// Whether the reader sees its own rights on the content of an endpoint, even if the endpoint itself is hidden.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn sees_content_of(&self, endpoint: Id) -> Result<bool> {
        self.discloses(Aspect::OwnAccess, endpoint, Kind::Endpoint, None)
    }

    // Bindings.

    /// Whether the reader sees a binding: who holds it, on what, and who gave it.
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

    /// Whether the reader may list the members of a group. The reader's own membership is visible anyway, see
    /// [`sees_binding`](Viewer::sees_binding).
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn may_list_members(&self, group: Id) -> Result<bool> {
        self.discloses(Aspect::Bindings, group, Kind::Group, None)
    }

    /// Whether the reader sees a share in a list. Shares of hidden classes are listed only if `all` is
    /// asked for.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn sees_share_in_list(&self, share: &Binding, all: bool) -> Result<bool> {
        Ok((all || !share.attributes.share_class().is_hidden()) && self.sees_binding(share)?)
    }

    /// Whether the reader sees a membership of a workgroup. With `member-access: admins`, a plain member sees the
    /// admins and itself (docs/model.md#workgroups).
    fn sees_member(&self, membership: &Binding) -> Result<bool> {
        let (Some(subject), true) = (&self.subject, membership.role.resource_kind() == Kind::Workgroup) else {
            return Ok(true);
        };
        if membership.role == Role::WorkgroupAdmin || subject.is(membership.principal)? {
            return Ok(true);
        }
        let workgroup = subject.facts().resource(membership.resource)?;
        let access = workgroup.as_ref().and_then(|it| it.as_workgroup()).map(|it| it.member_access);
        Ok(access != Some(MemberAccess::Admins)
            || subject.holds(Role::WorkgroupAdmin, membership.resource)?
            || self.may(Verb::Edit, membership.resource)?)
    }

    // Access and the log.

    /// Whether the reader may ask what others may do on a resource: server admins on every resource, and
    /// others on the resources that they administer (docs/model.md#visibility).
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn may_ask_about_others(&self, on: Id, kind: Kind) -> Result<bool> {
        match &self.subject {
            None => Ok(true),
            // The right to edit the own account is not the right to administer it.
            Some(subject) if on == subject.id => subject.holds(Role::ServerAdmin, Id::SERVER),
            Some(_) => self.discloses(Aspect::OthersAccess, on, kind, None),
        }
    }

    /// Whether the reader sees a row of a listing that says that a principal may act on a resource. The same
    /// conditions hold as for a check that names both.
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

    /// The part of the log that the reader may read: all of it for server admins, and for others the entries about
    /// the resources that they administer (docs/model.md#visibility).
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
        let mut resources = Vec::new();
        if subject.is_registered() {
            subject.each_level(&roles, &mut |binding| {
                resources.push(binding.resource);
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(LogScope::On(resources))
    }

    // Remedies.

    /// Remedies without what the reader may not see: a remedy that names a hidden resource is left out, and so
    /// are hidden people and groups among its actors.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn visible_remedies(&self, found: Vec<Remedy>) -> Result<Vec<Remedy>> {
        if self.subject.is_none() {
            return Ok(found);
        }
        let mut visible = Vec::with_capacity(found.len());
        'remedies: for mut remedy in found {
            for one in &remedy.missing {
                for on in resource_named_by(*one).into_iter().flatten() {
                    if !self.may_name(on)? {
                        continue 'remedies;
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
            visible.push(remedy);
        }
        Ok(visible)
    }

    /// Whether the reader sees a step of a proof. Hidden are values of a hidden resource, and values that
    /// name one.
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

    /// The rule that discloses an aspect of a resource, or of a binding on it, to the reader. `None` if no
    /// rule does, and for the operator, who sees everything without a rule.
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

    /// The row of the catalogue that discloses an aspect to the reader.
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
            let is_disclosed = match row.audience {
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
                Audience::SeesAbove => match subject.facts().header(on)?.and_then(|it| it.parent) {
                    Some(above) => match subject.facts().header(above)? {
                        Some(header) => self.discloses(Aspect::Existence, above, header.kind(), None)?,
                        None => false,
                    },
                    None => false,
                },
                Audience::MayOnServer(verb) => self.may(verb, Id::SERVER)?,
                Audience::Holds(roles) => holds_any(subject, roles, on)?,
                Audience::Invited => self.has_invited(on)?,
                Audience::Reviewer => self.reviews(on)?,
                Audience::Party => match binding {
                    Some(binding) => subject.is_registered() && subject.is(binding.principal)?,
                    None => false,
                },
            };
            if is_disclosed {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// The parent of a resource, if it is of this kind.
    fn parent_of_kind(&self, id: Id, kind: Kind) -> Result<Option<Target>> {
        let Some(subject) = &self.subject else { return Ok(None) };
        let parent = subject.facts().header(id)?.and_then(|it| it.parent);
        let target = parent.map(|parent| Target::load(subject.facts(), parent)).transpose()?.flatten();
        Ok(target.filter(|target| target.kind == kind))
    }

    /// Whether the reader is the reviewer of a review, or of the review of a decision.
    fn reviews(&self, on: Id) -> Result<bool> {
        let Some(subject) = &self.subject else { return Ok(true) };
        let is_reviewer = |it: &Resource| it.as_review().is_some_and(|it| it.reviewer == Some(subject.id));
        let Some(resource) = subject.facts().resource(on)? else { return Ok(false) };
        let review = resource.parent.map(|parent| subject.facts().resource(parent)).transpose()?.flatten();
        Ok(is_reviewer(&resource) || review.is_some_and(|it| is_reviewer(&it)))
    }

    /// Whether the reader manages the links of a dropbox that has a link for this outside submitter.
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

/// Whether a subject may do any of some actions without a value.
fn may_any<F: Facts + ?Sized>(subject: &Subject<'_, F>, verbs: &[Verb], target: &Target) -> Result<bool> {
    for verb in verbs {
        if allows(subject, Action::Plain(*verb), target)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a subject holds any of some roles: account roles on the server, any other on the resource.
fn holds_any<F: Facts + ?Sized>(subject: &Subject<'_, F>, roles: &[Role], on: Id) -> Result<bool> {
    if !subject.is_registered() {
        return Ok(false);
    }
    for role in roles {
        let resource = if role.resource_kind() == Kind::Server { Id::SERVER } else { on };
        if subject.holds(*role, resource)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The resources that a missing right names.
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
