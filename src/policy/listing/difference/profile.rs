//! Profiles: what rules read of a principal apart from any resource. Its status, its settings, its roles
//! on the server, and whether it is an admin of some workgroup or dropbox.
//!
//! Two accounts with the same profile may do the same on every resource that they are not linked to (see
//! [`links`](super::links)), so one answer is enough for both. Most accounts have the plain profile: they
//! have exactly what `authenticated` has and need no evaluation.

use std::cell::{OnceCell, RefCell};
use std::ops::ControlFlow;
use std::sync::OnceLock;

use hashbrown::HashMap;

use crate::model::attributes::{Account, Attributes, LinkStatus, SettingValues, Status};
use crate::model::catalogue::{self, Grantee};
use crate::model::{Action, Id, Kind, Role};
use crate::policy::evaluator::Evaluator;
use crate::policy::facts::{Facts, Result};
use crate::policy::grantees::is_grantee;
use crate::policy::listing::candidate_subjects::{SubjectSearch, is_general};
use crate::policy::listing::fellows::{FellowGaps, Fellows, fellow_grants};
use crate::policy::target::Target;

/// What rules read of a principal apart from any resource.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Profile {
    /// The principal does not exist, or is an inactive account, or is an ended token: nothing is allowed.
    Absent,
    /// A principal without an account. It has what `anyone` has, and its own bindings.
    Outsider,
    /// An active account, with its settings and one bit for each of [`general_holders`] that it is.
    Account { settings: SettingValues, holders: u32 },
}

impl Profile {
    /// Whether a principal with this profile has exactly what its class has, or nothing, on resources that it is not
    /// linked to.
    pub(super) fn is_plain(self) -> bool {
        match self {
            Profile::Absent | Profile::Outsider => true,
            Profile::Account { settings, holders } => settings == SettingValues::default() && holders == 0,
        }
    }

    pub(super) fn is_present(self) -> bool {
        self != Profile::Absent
    }
}

/// The grantees of the catalogue that do not depend on the resource.
fn general_holders() -> &'static [Grantee] {
    static FOUND: OnceLock<Vec<Grantee>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut found = Vec::new();
        for grant in catalogue::grants() {
            if is_general(grant.grantee) && !found.contains(&grant.grantee) {
                found.push(grant.grantee);
            }
        }
        found
    })
}

/// Whether a profile makes a difference on a kind of resource.
pub(super) fn matters_on(kind: Kind) -> bool {
    static MATTERS: OnceLock<Vec<Kind>> = OnceLock::new();
    let kinds = MATTERS.get_or_init(|| {
        let by_profile =
            |grantee: Grantee| is_general(grantee) || matches!(grantee, Grantee::Account | Grantee::RecipientViewer);
        let matters = |kind: &Kind| catalogue::grants().any(|grant| grant.kind == *kind && by_profile(grant.grantee));
        Kind::ALL.into_iter().filter(matters).collect()
    });
    kinds.contains(&kind)
}

/// The profiles of one side, looked up on demand.
pub(super) struct Profiles<'p, 'f, F: Facts + ?Sized> {
    evaluator: &'p Evaluator<'f, F>,
    holders: OnceCell<HashMap<Id, u32>>,
    gaps: RefCell<HashMap<Profile, FellowGaps>>,
    fellows: OnceCell<Fellows>,
}

impl<'p, 'f, F: Facts + ?Sized> Profiles<'p, 'f, F> {
    pub(super) fn new(evaluator: &'p Evaluator<'f, F>) -> Profiles<'p, 'f, F> {
        Profiles { evaluator, holders: OnceCell::new(), gaps: RefCell::default(), fellows: OnceCell::new() }
    }

    /// The profile of an account, token or outside submitter. For any other resource it has no meaning.
    pub(super) fn of(&self, id: Option<Id>) -> Result<Profile> {
        let facts = self.evaluator.facts();
        let Some(header) = id.map(|id| facts.header(id)).transpose()?.flatten() else { return Ok(Profile::Absent) };
        Ok(match &*header.attributes {
            Attributes::Account(account) if account.status(self.evaluator.at()) == Status::Active => {
                let holders = self.holders()?.get(&header.id).copied().unwrap_or_default();
                Profile::Account { settings: account.settings, holders }
            }
            Attributes::Account(_) => Profile::Absent,
            Attributes::AccessToken(token) => {
                let lies_in_one = header.parent.map(|parent| facts.header(parent)).transpose()?.flatten().is_some();
                let is_live = token.status(self.evaluator.at()) == LinkStatus::Active && lies_in_one;
                if is_live { Profile::Outsider } else { Profile::Absent }
            }
            _ => Profile::Outsider,
        })
    }

    /// One bit for each of [`general_holders`] that a principal is, by principal; only those with any.
    fn holders(&self) -> Result<&HashMap<Id, u32>> {
        if let Some(known) = self.holders.get() {
            return Ok(known);
        }
        let mut found: HashMap<Id, u32> = HashMap::new();
        if let Some(server) = Target::load(self.evaluator.facts(), Id::SERVER)? {
            for (index, general) in general_holders().iter().enumerate() {
                // The action makes no difference to these grantees.
                let any = Action::Plain(crate::model::Verb::View);
                let mut search = SubjectSearch::new(self.evaluator);
                search.holders(*general, any, &server)?;
                for id in search.into_set() {
                    if is_grantee::<F, ()>(&*self.evaluator.subject(id)?, *general, any, &server)?.is_some() {
                        *found.entry(id).or_default() |= 1 << index;
                    }
                }
            }
        }
        Ok(self.holders.get_or_init(|| found))
    }

    /// What a principal with this profile is missing on accounts with which it shares no workgroup.
    pub(super) fn gaps(&self, id: Id, profile: Profile) -> Result<FellowGaps> {
        if !matches!(profile, Profile::Account { .. }) {
            return Ok(FellowGaps::default());
        }
        if let Some(known) = self.gaps.borrow().get(&profile) {
            return Ok(*known);
        }
        let subject = self.evaluator.subject(id)?;
        let stranger = Target::hypothetical(Attributes::Account(Account::default()));
        let (actions, settings) = fellow_grants();
        let mut gaps = FellowGaps::default();
        for action in actions {
            gaps.action |= self.evaluator.allows_on(id, *action, &stranger)?.is_none();
        }
        for setting in settings {
            gaps.setting |= !subject.setting(*setting)?.0;
        }
        self.gaps.borrow_mut().insert(profile, gaps);
        Ok(gaps)
    }

    /// The accounts that are missing something that a common workgroup may give, by workgroup.
    pub(super) fn fellows(&self) -> Result<&Fellows> {
        if let Some(known) = self.fellows.get() {
            return Ok(known);
        }
        let mut found = Fellows::default();
        for id in self.evaluator.facts().ids(Kind::Account, None)? {
            let gaps = self.gaps(id, self.of(Some(id))?)?;
            if gaps.is_none() {
                continue;
            }
            self.evaluator.subject(id)?.each_level(&Role::WORKGROUP, &mut |membership| {
                found.add(membership.resource, id, gaps);
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(self.fellows.get_or_init(|| found))
    }
}
