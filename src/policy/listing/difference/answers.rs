//! What is allowed on both sides, and what of the difference is not everybody's.
//!
//! On the server a profile says everything, and on an account that nothing links to whoever is asked about, its profile
//! and the role and status of the account do: so the evaluator is asked once for each of these and not once for each
//! account, of which a change may bring very many.

use std::rc::Rc;
use std::sync::OnceLock;

use super::profile::{Lacks, Profile};
use super::{CLASSES, Comparison, Difference, Pair, Targets, is_class};
use crate::model::attributes::{Attributes, Status};
use crate::model::{Action, Id, Kind, Role};
use crate::policy::facts::{Facts, Result};
use crate::policy::listing::what::allowed;
use crate::policy::panel::Panel;

/// The actions that are allowed before and after.
pub(super) type Answers = (Vec<Action>, Vec<Action>);

/// Answers that are the same for everybody of a sort on everything of a sort.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Alike {
    /// On the server: a profile says everything.
    OnServer(Profiled),
    /// On accounts: of a class; of those of a profile whom nothing links to the account; and of an account on itself.
    OfClass(Pair, Sorted),
    OfProfile(Profiled, Sorted),
    OfOneself(Profiled, Sorted),
}

/// The profile of a principal on both sides.
pub(super) type Profiled = (Profile, Profile);

/// What the rules read of an account on both sides.
pub(super) type Sorted = (Option<Sort>, Option<Sort>);

/// What the classes may do on a resource before and after.
#[derive(Debug)]
pub(super) struct General {
    anyone: Rc<Answers>,
    authenticated: Rc<Answers>,
}

impl<A: Facts + ?Sized, B: Facts + ?Sized> Comparison<'_, '_, '_, A, B> {
    /// What changed for somebody on one resource, but for what changed for its class; whether something may link the
    /// two is known.
    pub(super) fn between(
        &self,
        principal: Pair,
        is_linked: bool,
        targets: &Targets,
        resource: Pair,
    ) -> Result<Difference> {
        let alike = self.alike(principal, is_linked, targets, resource)?;
        let answers = self.answers_of(alike, principal, targets)?;
        let (before, after) = &*answers;
        let mut difference = Difference {
            principal,
            resource,
            gained: after.iter().filter(|action| !before.contains(action)).copied().collect(),
            lost: before.iter().filter(|action| !after.contains(action)).copied().collect(),
        };
        if difference.is_none() || is_class(principal) {
            return Ok(difference);
        }
        let general = self.general(resource, targets)?;
        let is_server = targets.1.as_ref().or(targets.0.as_ref()).is_some_and(|target| target.kind == Kind::Server);
        let class = if self.is_account(principal)? { &general.authenticated } else { &general.anyone };
        self.leave_out(&mut difference, class, is_server)?;
        Ok(difference)
    }

    /// Takes away what the class of a principal gained or lost as well; and, of one that came or went, what
    /// its class has, but on the server, where it shows that it came or went.
    pub(super) fn leave_out(&self, difference: &mut Difference, class: &Answers, is_server: bool) -> Result<()> {
        let profile = self.profile(difference.principal)?;
        let stayed = profile.0.is_present() == profile.1.is_present();
        let is_general = |action: &Action, here: &[Action], there: &[Action]| {
            here.contains(action) && if stayed { !there.contains(action) } else { !is_server }
        };
        difference.gained.retain(|action| !is_general(action, &class.1, &class.0));
        difference.lost.retain(|action| !is_general(action, &class.0, &class.1));
        Ok(())
    }

    /// Whether it is an account, rather than somebody without one.
    pub(super) fn is_account(&self, principal: Pair) -> Result<bool> {
        let outline = match principal {
            (_, Some(id)) => self.after.facts().outline(id)?,
            (Some(id), None) => self.before.facts().outline(id)?,
            (None, None) => None,
        };
        Ok(outline.is_some_and(|it| it.kind() == Kind::Account))
    }

    /// Which answers are the same as those of a principal on a resource, if that can be told.
    fn alike(
        &self,
        principal: Pair,
        is_linked: bool,
        (before, after): &Targets,
        resource: Pair,
    ) -> Result<Option<Alike>> {
        let kind = after.as_ref().or(before.as_ref()).map(|target| target.kind);
        if kind == Some(Kind::Server) && !is_class(principal) {
            return Ok(Some(Alike::OnServer(self.profile(principal)?)));
        }
        if kind != Some(Kind::Account) {
            return Ok(None);
        }
        let sorted = self.sorted(resource)?;
        if is_class(principal) {
            return Ok(Some(Alike::OfClass(principal, sorted)));
        }
        let profile = self.profile(principal)?;
        if !is_linked {
            return Ok(Some(Alike::OfProfile(profile, sorted)));
        }
        // Whoever is in a workgroup shares it with itself.
        let lacks = self.lacks(principal, profile)?;
        let is_itself = principal == resource && lacks.0.nothing() && lacks.1.nothing();
        Ok(is_itself.then_some(Alike::OfOneself(profile, sorted)))
    }

    pub(super) fn sorted(&self, resource: Pair) -> Result<Sorted> {
        let before = resource.0.map(|id| account_sort(self.before, id)).transpose()?.flatten();
        let after = resource.1.map(|id| account_sort(self.after, id)).transpose()?.flatten();
        Ok((before, after))
    }

    pub(super) fn lacks(&self, principal: Pair, profile: Profiled) -> Result<(Lacks, Lacks)> {
        Ok((
            principal.0.map(|who| self.profiles.0.lacks(who, profile.0)).transpose()?.unwrap_or_default(),
            principal.1.map(|who| self.profiles.1.lacks(who, profile.1)).transpose()?.unwrap_or_default(),
        ))
    }

    fn answers_of(&self, alike: Option<Alike>, principal: Pair, targets: &Targets) -> Result<Rc<Answers>> {
        let Some(alike) = alike else { return Ok(Rc::new(self.answers(principal, targets)?)) };
        if let Some(known) = self.alike.borrow().get(&alike) {
            return Ok(Rc::clone(known));
        }
        let answers = Rc::new(self.answers(principal, targets)?);
        self.alike.borrow_mut().insert(alike, Rc::clone(&answers));
        Ok(answers)
    }

    fn answers(&self, principal: Pair, (before, after): &Targets) -> Result<Answers> {
        let had = match (principal.0, before) {
            (Some(who), Some(target)) => allowed(&*self.before.subject(who)?, listed(target.kind), target)?,
            _ => Vec::new(),
        };
        let has = match (principal.1, after) {
            (Some(who), Some(target)) => allowed(&*self.after.subject(who)?, listed(target.kind), target)?,
            _ => Vec::new(),
        };
        Ok((had, has))
    }

    /// What the classes may do on a resource, found out once.
    fn general(&self, resource: Pair, targets: &Targets) -> Result<Rc<General>> {
        if let Some(known) = self.general.borrow().get(&resource) {
            return Ok(Rc::clone(known));
        }
        let [anyone, authenticated] = CLASSES;
        let of = |class: Pair| self.answers_of(self.alike(class, true, targets, resource)?, class, targets);
        let general = Rc::new(General { anyone: of(anyone)?, authenticated: of(authenticated)? });
        self.general.borrow_mut().insert(resource, Rc::clone(&general));
        Ok(general)
    }
}

/// The actions that are compared on a kind of resource.
pub(super) fn listed(kind: Kind) -> &'static [Action] {
    static LISTED: [OnceLock<Vec<Action>>; Kind::ALL.len()] = [const { OnceLock::new() }; Kind::ALL.len()];
    LISTED.get(kind as usize).map_or(&[], |all| all.get_or_init(|| Action::listed(kind)))
}

/// What the rules read of an account that is asked about: whether it is a plain user or an admin, and its status.
pub(super) type Sort = (Option<Role>, &'static str);

fn account_sort<F: Facts + ?Sized>(panel: &Panel<'_, F>, id: Id) -> Result<Option<Sort>> {
    let Some(outline) = panel.facts().outline(id)? else { return Ok(None) };
    let Attributes::Account(account) = &*outline.attributes else { return Ok(None) };
    let status: Status = account.status(panel.at());
    for role in [Role::ServerUser, Role::ServerAdmin] {
        if panel.facts().held(Id::SERVER, role, id)?.is_some() {
            return Ok(Some((Some(role), status.word())));
        }
    }
    Ok(Some((None, status.word())))
}
