//! The allowed actions on both sides, and the difference without what changed for the whole class.
//!
//! On the server, the answer follows from the profile of the principal. On an account that the principal is not
//! linked to, it follows from that profile and from the role and status of the account. So the evaluator is asked
//! once for each combination and not once for each account, because one change may bring very many accounts.

use std::rc::Rc;
use std::sync::OnceLock;

use super::profile::Profile;
use super::{CLASSES, Comparison, Difference, Pair, is_class};
use crate::model::attributes::Status;
use crate::model::{Action, Id, Kind, Role};
use crate::policy::evaluator::Evaluator;
use crate::policy::facts::{Facts, Result};
use crate::policy::listing::allowed_actions::allowed;
use crate::policy::listing::fellows::FellowGaps;
use crate::policy::target::Target;

/// The allowed actions before and after.
pub(super) type Answers = (Vec<Action>, Vec<Action>);

/// A key for answers that many principals have on many resources.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum SharedAnswerKey {
    /// On the server: the answer follows from the profile.
    OnServer(ProfilePair),
    /// On accounts: for a class; for a profile that is not linked to the account; for an account on itself.
    OfClass(Pair, TraitPair),
    OfProfile(ProfilePair, TraitPair),
    OfOneself(ProfilePair, TraitPair),
    /// For a class on any other resource.
    OfClassOn(Pair, Pair),
}

/// The profile of a principal on both sides.
pub(super) type ProfilePair = (Profile, Profile);

/// The traits of an account on both sides.
pub(super) type TraitPair = (Option<AccountTraits>, Option<AccountTraits>);

/// A resource looked up on both sides.
pub(super) struct TargetPair {
    pub(super) pair: Pair,
    before: Option<Rc<Target>>,
    after: Option<Rc<Target>>,
    /// The traits, if the resource is an account.
    traits: TraitPair,
}

impl TargetPair {
    /// The targets of both sides; `None` on the side where the resource does not exist.
    pub(super) const fn sides(&self) -> (Option<&Rc<Target>>, Option<&Rc<Target>>) {
        (self.before.as_ref(), self.after.as_ref())
    }

    pub(super) const fn traits(&self) -> TraitPair {
        self.traits
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        self.after.as_ref().or(self.before.as_ref()).map(|target| target.kind)
    }
}

impl<A: Facts + ?Sized, B: Facts + ?Sized> Comparison<'_, '_, '_, A, B> {
    /// Looks a resource up on both sides.
    pub(super) fn target_pair(&self, pair: Pair) -> Result<TargetPair> {
        let before = pair.0.map(|id| self.before.target(id)).transpose()?.flatten();
        let after = pair.1.map(|id| self.after.target(id)).transpose()?.flatten();
        let traits = (
            before.as_ref().map(|target| traits_of(self.before, target)).transpose()?.flatten(),
            after.as_ref().map(|target| traits_of(self.after, target)).transpose()?.flatten(),
        );
        Ok(TargetPair { pair, before, after, traits })
    }

    /// The difference for a principal with a profile on one resource, without what changed for its class.
    /// `is_linked` says whether something may link the two.
    pub(super) fn between(
        &self,
        (principal, profile): (Pair, ProfilePair),
        is_linked: bool,
        target: &TargetPair,
    ) -> Result<Difference> {
        let alike = self.shared_answer_key((principal, profile), is_linked, target)?;
        let answers = self.answers_of(alike, principal, target)?;
        let (before, after) = &*answers;
        let mut difference = Difference {
            principal,
            resource: target.pair,
            gained: without(after, before),
            lost: without(before, after),
        };
        if difference.is_none() || is_class(principal) {
            return Ok(difference);
        }
        let [anyone, authenticated] = CLASSES;
        let class = if self.is_account(principal, profile)? { authenticated } else { anyone };
        let general = self.answers_of(Some(of_class(class, target)), class, target)?;
        leave_out(&mut difference, profile, &general, target.kind() == Some(Kind::Server));
        Ok(difference)
    }

    /// Whether the principal is an account.
    pub(super) fn is_account(&self, principal: Pair, profile: ProfilePair) -> Result<bool> {
        if [profile.0, profile.1].iter().any(|profile| matches!(profile, Profile::Account { .. })) {
            return Ok(true);
        }
        let header = match principal {
            (_, Some(id)) => self.after.facts().header(id)?,
            (Some(id), None) => self.before.facts().header(id)?,
            (None, None) => None,
        };
        Ok(header.is_some_and(|it| it.kind() == Kind::Account))
    }

    /// The key under which a principal's answers on a resource are shared; `None` if they are its own.
    fn shared_answer_key(
        &self,
        (principal, profile): (Pair, ProfilePair),
        is_linked: bool,
        target: &TargetPair,
    ) -> Result<Option<SharedAnswerKey>> {
        if is_class(principal) {
            return Ok(Some(of_class(principal, target)));
        }
        match target.kind() {
            Some(Kind::Server) => return Ok(Some(SharedAnswerKey::OnServer(profile))),
            Some(Kind::Account) => {}
            _ => return Ok(None),
        }
        if !is_linked {
            return Ok(Some(SharedAnswerKey::OfProfile(profile, target.traits)));
        }
        if principal != target.pair {
            return Ok(None);
        }
        // A member shares the workgroup with itself, so fellow members' actions must make no difference.
        let gaps = self.gaps(principal, profile)?;
        let is_itself = gaps.0.is_none() && gaps.1.is_none();
        Ok(is_itself.then_some(SharedAnswerKey::OfOneself(profile, target.traits)))
    }

    pub(super) fn gaps(&self, principal: Pair, profile: ProfilePair) -> Result<(FellowGaps, FellowGaps)> {
        Ok((
            principal.0.map(|who| self.profiles.0.gaps(who, profile.0)).transpose()?.unwrap_or_default(),
            principal.1.map(|who| self.profiles.1.gaps(who, profile.1)).transpose()?.unwrap_or_default(),
        ))
    }

    fn answers_of(&self, alike: Option<SharedAnswerKey>, principal: Pair, target: &TargetPair) -> Result<Rc<Answers>> {
        let Some(alike) = alike else { return Ok(Rc::new(self.answers(principal, target)?)) };
        if let Some(known) = self.shared_answers.borrow().get(&alike) {
            return Ok(Rc::clone(known));
        }
        let answers = Rc::new(self.answers(principal, target)?);
        self.shared_answers.borrow_mut().insert(alike, Rc::clone(&answers));
        Ok(answers)
    }

    fn answers(&self, principal: Pair, target: &TargetPair) -> Result<Answers> {
        let had = match (principal.0, &target.before) {
            (Some(who), Some(target)) => allowed(&*self.before.subject(who)?, listed(target.kind), target)?,
            _ => Vec::new(),
        };
        let has = match (principal.1, &target.after) {
            (Some(who), Some(target)) => allowed(&*self.after.subject(who)?, listed(target.kind), target)?,
            _ => Vec::new(),
        };
        Ok((had, has))
    }
}

/// The actions that are not among `others`.
pub(super) fn without(actions: &[Action], others: &[Action]) -> Vec<Action> {
    // A new or ended resource has no actions on the other side.
    if others.is_empty() {
        return actions.to_vec();
    }
    actions.iter().filter(|action| !others.contains(action)).copied().collect()
}

/// The key for the answers of a class on a resource.
const fn of_class(class: Pair, target: &TargetPair) -> SharedAnswerKey {
    match target.traits {
        (None, None) => SharedAnswerKey::OfClassOn(class, target.pair),
        traits => SharedAnswerKey::OfClass(class, traits),
    }
}

/// Removes from a difference what the class of the principal gained or lost too. If the principal is new or gone,
/// removes what its class has, except on the server, where the rows show that it is new or gone.
pub(super) fn leave_out(difference: &mut Difference, profile: ProfilePair, class: &Answers, is_server: bool) {
    let stayed = profile.0.is_present() == profile.1.is_present();
    let is_general = |action: &Action, here: &[Action], there: &[Action]| {
        here.contains(action) && if stayed { !there.contains(action) } else { !is_server }
    };
    difference.gained.retain(|action| !is_general(action, &class.1, &class.0));
    difference.lost.retain(|action| !is_general(action, &class.0, &class.1));
}

/// The actions that are compared on a kind of resource; computed once.
pub(super) fn listed(kind: Kind) -> &'static [Action] {
    static LISTED: [OnceLock<Vec<Action>>; Kind::ALL.len()] = [const { OnceLock::new() }; Kind::ALL.len()];
    LISTED.get(kind as usize).map_or(&[], |all| all.get_or_init(|| Action::listable(kind)))
}

/// What rules read of an account that they are asked about: its role, if that is user or admin, and its status.
pub(super) type AccountTraits = (Option<Role>, &'static str);

fn traits_of<F: Facts + ?Sized>(evaluator: &Evaluator<'_, F>, target: &Target) -> Result<Option<AccountTraits>> {
    let Some(account) = target.account() else { return Ok(None) };
    let status: Status = account.status(evaluator.at());
    for role in [Role::ServerUser, Role::ServerAdmin] {
        if evaluator.facts().held(Id::SERVER, role, target.id)?.is_some() {
            return Ok(Some((Some(role), status.as_str())));
        }
    }
    Ok(Some((None, status.as_str())))
}
