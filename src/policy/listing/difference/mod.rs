//! [`Comparison`]: every action that a principal gained or lost between two states.
//!
//! Two states of one store have the same ids; in two stores, resources correspond if they have the same
//! reference. What a principal may do on a resource follows from its [`Profile`], from the resource, and
//! from what [links] the two. So the comparison asks about each changed resource, for the principals that are
//! linked to it and once for each profile that is not plain; about each changed principal, on the resources
//! to which its links differ; and about each changed profile, once for each class of resources. The time is
//! proportional to the change, and the result is complete. Files and folders are compared in `content`.

mod answers;
mod attribution;
mod content;
mod links;
mod profile;

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::rc::Rc;

use hashbrown::{HashMap, HashSet};

pub use attribution::{Counts, DifferencePart};

use super::PRINCIPALS;
use super::affected::{AffectedSet, IdMap};
use super::candidate_subjects::SubjectSearch;
use super::fellows::Fellows;
use crate::model::{Action, Id, Kind};
use crate::policy::evaluator::Evaluator;
use crate::policy::facts::{Facts, Result};
use crate::policy::target::Target;
use answers::{Answers, ProfilePair, SharedAnswerKey, TargetPair, TraitPair, listed};
use links::{Link, each_through, links};
use profile::{Profiles, matters_on};

/// The ids of a resource or principal before and after; `None` on the side where it does not exist.
pub type Pair = (Option<Id>, Option<Id>);

/// The actions that a principal gained or lost on a resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The principal.
    pub principal: Pair,
    /// The resource; an item stands for everything below it.
    pub resource: Pair,
    /// The actions that are allowed after and were not before.
    pub gained: Vec<Action>,
    /// The actions that were allowed before and are not after.
    pub lost: Vec<Action>,
}

impl Difference {
    fn is_none(&self) -> bool {
        self.gained.is_empty() && self.lost.is_empty()
    }
}

/// A visitor that is called for each difference and returns whether to continue.
pub type VisitDifference<'v> = &'v mut dyn FnMut(Difference) -> Result<ControlFlow<()>>;

/// A comparison of two states.
pub struct Comparison<'p, 'a, 'b, A: Facts + ?Sized, B: Facts + ?Sized> {
    /// The state before.
    before: &'p Evaluator<'a, A>,
    /// The state after.
    after: &'p Evaluator<'b, B>,
    /// Which resources correspond.
    id_map: IdMap,
    profiles: (Profiles<'p, 'a, A>, Profiles<'p, 'b, B>),
    special_principals: OnceCell<SpecialPrincipals>,
    alike_resources: OnceCell<Vec<Vec<Pair>>>,
    /// Cached answers that many principals and resources share; see [`SharedAnswerKey`].
    shared_answers: RefCell<HashMap<SharedAnswerKey, Rc<Answers>>>,
}

/// The principals that do not just have what their class has.
#[derive(Debug, Default)]
struct SpecialPrincipals {
    /// Principals by profile before and after, if either profile is not plain.
    by_profile: Vec<(ProfilePair, Vec<Pair>)>,
    /// The principals in `by_profile`, and those whose profile changed, such as new and ended ones.
    all: Vec<Pair>,
}

/// The kinds that are compared resource by resource: all but items.
fn others() -> impl Iterator<Item = Kind> {
    Kind::ALL.into_iter().filter(|kind| *kind != Kind::Item)
}

const SERVER: Pair = (Some(Id::SERVER), Some(Id::SERVER));
const CLASSES: [Pair; 2] = [(Some(Id::ANYONE), Some(Id::ANYONE)), (Some(Id::AUTHENTICATED), Some(Id::AUTHENTICATED))];

impl<'p, 'a, 'b, A: Facts + ?Sized, B: Facts + ?Sized> Comparison<'p, 'a, 'b, A, B> {
    /// A comparison of two states whose resources correspond as in `id_map`.
    pub fn new(
        before: &'p Evaluator<'a, A>,
        after: &'p Evaluator<'b, B>,
        id_map: IdMap,
    ) -> Comparison<'p, 'a, 'b, A, B> {
        Comparison {
            before,
            after,
            id_map,
            profiles: (Profiles::new(before), Profiles::new(after)),
            special_principals: OnceCell::new(),
            alike_resources: OnceCell::new(),
            shared_answers: RefCell::default(),
        }
    }

    /// Visits every difference within a scope once: first on changed resources, one after the other; then for
    /// changed principals on all other resources; then on items.
    ///
    /// What every account gained or lost through its class is reported for `authenticated` only, and what
    /// principals without an account gained or lost through theirs for `anyone` only.
    ///
    /// # Errors
    /// When the facts cannot be read, or what the visitor answers.
    pub fn each(&self, scope: &AffectedSet, visit: VisitDifference<'_>) -> Result<()> {
        let mut touched = self.resources(scope.resources.as_ref())?;
        // What is allowed on the server depends on each principal alone, so it is compared with the principals.
        touched.retain(|resource| *resource != SERVER || scope.principals.is_none());
        for resource in &touched {
            if self.on_touched(*resource, visit)?.is_break() {
                return Ok(());
            }
        }
        if let Some(principals) = &scope.principals {
            let touched: HashSet<Pair> = touched.into_iter().collect();
            for principal in self.principals(Some(principals))? {
                if self.of_principal(principal, &touched, visit)?.is_break() {
                    return Ok(());
                }
            }
        }
        let holders = self.principals(scope.holders.as_ref())?;
        if holders.is_empty() {
            return Ok(());
        }
        let content = content::Content::new(self, scope)?;
        for principal in holders {
            if content.of_principal(principal, visit)?.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The principals of both sides, classes first; with `only`, those of a set.
    fn principals(&self, only: Option<&BTreeSet<Id>>) -> Result<Vec<Pair>> {
        let mut found: Vec<Pair> = Vec::new();
        let takes = |class: &Pair| only.is_none_or(|only| class.0.is_some_and(|id| only.contains(&id)));
        found.extend(CLASSES.into_iter().filter(takes));
        self.pairs(&PRINCIPALS, only, &mut found)?;
        Ok(found)
    }

    /// The resources of both sides, other than items; with `only`, those of a set.
    fn resources(&self, only: Option<&BTreeSet<Id>>) -> Result<Vec<Pair>> {
        let mut found: Vec<Pair> = Vec::new();
        if only.is_none_or(|only| only.contains(&Id::SERVER)) {
            found.push(SERVER);
        }
        let kinds: Vec<Kind> = others().filter(|kind| *kind != Kind::Server).collect();
        self.pairs(&kinds, only, &mut found)?;
        Ok(found)
    }

    /// The resources of some kinds on both sides, kind by kind; with `only`, those of a set.
    fn pairs(&self, kinds: &[Kind], only: Option<&BTreeSet<Id>>, found: &mut Vec<Pair>) -> Result<()> {
        if let Some(only) = only {
            // Ids may be those of either side. If a resource exists on both sides, the set has its id before.
            let mut of_kinds: Vec<(usize, Pair)> = Vec::new();
            for id in only.iter().copied().filter(|id| *id > Id::LAST_RESERVED) {
                let before = self.before.facts().header(id)?;
                let (header, pair) = match before {
                    Some(header) => (Some(header), (Some(id), self.id_after(id)?)),
                    None => (self.after.facts().header(id)?, (None, Some(id))),
                };
                let index = header.and_then(|header| kinds.iter().position(|kind| *kind == header.kind()));
                of_kinds.extend(index.map(|index| (index, pair)));
            }
            of_kinds.sort_unstable();
            found.extend(of_kinds.into_iter().map(|(_, pair)| pair));
            return Ok(());
        }
        for kind in kinds {
            for id in self.before.facts().ids(*kind, None)? {
                found.push((Some(id), self.id_after(id)?));
            }
            for id in self.after.facts().ids(*kind, None)? {
                if self.id_before(id)?.is_none() {
                    found.push((None, Some(id)));
                }
            }
        }
        Ok(())
    }

    fn id_after(&self, before: Id) -> Result<Option<Id>> {
        // Reserved ids exist on both sides, with or without a row.
        if before <= Id::LAST_RESERVED {
            return Ok(Some(before));
        }
        let Some(after) = self.id_map.after(before) else { return Ok(None) };
        Ok(self.after.facts().header(after)?.map(|_| after))
    }

    fn id_before(&self, after: Id) -> Result<Option<Id>> {
        if after <= Id::LAST_RESERVED {
            return Ok(Some(after));
        }
        let Some(before) = self.id_map.before(after) else { return Ok(None) };
        Ok(self.before.facts().header(before)?.map(|_| before))
    }

    /// Pairs ids found on either side with their counterparts on the other; sorted, each once.
    fn paired(&self, found: (impl IntoIterator<Item = Id>, impl IntoIterator<Item = Id>)) -> Result<Vec<Pair>> {
        let mut pairs = Vec::new();
        for id in found.0 {
            pairs.push((Some(id), self.id_after(id)?));
        }
        for id in found.1 {
            pairs.push((self.id_before(id)?, Some(id)));
        }
        sort_and_dedup(&mut pairs);
        Ok(pairs)
    }

    fn profile(&self, principal: Pair) -> Result<ProfilePair> {
        Ok((self.profiles.0.of(principal.0)?, self.profiles.1.of(principal.1)?))
    }

    /// The principals that do not just have what their class has; computed once.
    fn special_principals(&self) -> Result<&SpecialPrincipals> {
        if let Some(known) = self.special_principals.get() {
            return Ok(known);
        }
        let mut found = SpecialPrincipals::default();
        let mut indices: HashMap<ProfilePair, usize> = HashMap::new();
        let mut principals = Vec::new();
        self.pairs(&PRINCIPALS, None, &mut principals)?;
        for principal in principals {
            let profile = self.profile(principal)?;
            let is_plain = profile.0.is_plain() && profile.1.is_plain();
            if !is_plain || profile.0 != profile.1 {
                found.all.push(principal);
            }
            if !is_plain {
                let index = *indices.entry(profile).or_insert(found.by_profile.len());
                match found.by_profile.get_mut(index) {
                    Some((_, those)) => those.push(principal),
                    None => found.by_profile.push((profile, vec![principal])),
                }
            }
        }
        Ok(self.special_principals.get_or_init(|| found))
    }

    /// Visits every difference on a changed resource.
    fn on_touched(&self, resource: Pair, visit: VisitDifference<'_>) -> Result<ControlFlow<()>> {
        let target = self.target_pair(resource)?;
        let mut asked = self.linked(&target)?;
        asked.extend(CLASSES);
        sort_and_dedup(&mut asked);
        let mut found = Vec::new();
        if resource == SERVER {
            asked.extend(&self.special_principals()?.all);
            sort_and_dedup(&mut asked);
        } else if target.kind().is_some_and(matters_on) {
            for (profile, those) in &self.special_principals()?.by_profile {
                let mut alike = those.iter().filter(|it| asked.binary_search(it).is_err()).peekable();
                let Some(first) = alike.peek() else { continue };
                let difference = self.between((**first, *profile), false, &target)?;
                if !difference.is_none() {
                    found.extend(alike.map(|it| Difference { principal: *it, ..difference.clone() }));
                }
            }
        }
        for principal in asked {
            found.push(self.between((principal, self.profile(principal)?), true, &target)?);
        }
        found.sort_unstable_by_key(|difference| difference.principal);
        visit_all(found, visit)
    }

    /// The principals that are linked to a resource on either side.
    fn linked(&self, target: &TargetPair) -> Result<Vec<Pair>> {
        let (before, after) = target.sides();
        let before = before.map(|target| linked(self.before, &self.profiles.0, target)).transpose()?;
        let after = after.map(|target| linked(self.after, &self.profiles.1, target)).transpose()?;
        self.paired((before.into_iter().flatten(), after.into_iter().flatten()))
    }

    /// Visits every difference for a changed principal, except on resources that were compared already.
    fn of_principal(
        &self,
        principal: Pair,
        touched: &HashSet<Pair>,
        visit: VisitDifference<'_>,
    ) -> Result<ControlFlow<()>> {
        let profile = self.profile(principal)?;
        let before = principal.0.map(|who| links(self.before, who)).transpose()?.unwrap_or_default();
        let after = principal.1.map(|who| links(self.after, who)).transpose()?.unwrap_or_default();
        let is_same = profile.0 == profile.1;
        let all = self.paired((before.keys().copied(), after.keys().copied()))?;
        let of = |links: &HashMap<Id, Link>, id: Option<Id>| id.and_then(|id| links.get(&id)).copied();
        let is_other = |pair: &Pair| !is_same || of(&before, pair.0) != of(&after, pair.1);
        let mut pairs: Vec<Pair> = all.iter().copied().filter(is_other).collect();
        // The resources that workgroups and dropboxes link their members to, if the principal joined or left them.
        let gaps = self.gaps(principal, profile)?;
        // A workgroup may also have changed how its members see each other.
        let resources = all.iter().filter(|pair| is_other(pair) || touched.contains(*pair) || gaps.0 != gaps.1);
        let mut within = (HashSet::new(), HashSet::new());
        for resource in resources {
            if let Some(id) = resource.0.filter(|id| before.contains_key(id)) {
                each_through(self.before, id, gaps.0, &mut within.0)?;
            }
            if let Some(id) = resource.1.filter(|id| after.contains_key(id)) {
                each_through(self.after, id, gaps.1, &mut within.1)?;
            }
        }
        pairs.extend(self.paired(within)?);
        sort_and_dedup(&mut pairs);
        let who = (principal, profile);
        let mut found = vec![self.between(who, false, &self.target_pair(SERVER)?)?];
        for resource in pairs.iter().filter(|pair| !touched.contains(*pair)) {
            found.push(self.between(who, true, &self.target_pair(*resource)?)?);
        }
        let is_plain = profile.0.is_plain() && profile.1.is_plain();
        if !is_same && !is_plain {
            for alike in self.profile_groups()? {
                let mut others =
                    alike.iter().filter(|it| pairs.binary_search(it).is_err() && !touched.contains(*it)).peekable();
                let Some(first) = others.peek() else { continue };
                let difference = self.between(who, false, &self.target_pair(**first)?)?;
                if !difference.is_none() {
                    found.extend(others.map(|it| Difference { resource: *it, ..difference.clone() }));
                }
            }
        }
        visit_all(found, visit)
    }

    /// The resources on which a profile matters, grouped: within a group, the same actions are allowed to
    /// principals that are not linked to the resource.
    fn profile_groups(&self) -> Result<&[Vec<Pair>]> {
        if let Some(known) = self.alike_resources.get() {
            return Ok(known);
        }
        let mut alike_resources: Vec<Vec<Pair>> = Vec::new();
        let mut accounts: HashMap<TraitPair, Vec<Pair>> = HashMap::new();
        for resource in self.resources(None)?.into_iter().filter(|resource| *resource != SERVER) {
            let target = self.target_pair(resource)?;
            if target.traits() != (None, None) {
                accounts.entry(target.traits()).or_default().push(resource);
            } else if target.kind().is_some_and(matters_on) {
                alike_resources.push(vec![resource]);
            }
        }
        alike_resources.extend(accounts.into_values());
        Ok(self.alike_resources.get_or_init(|| alike_resources))
    }

    /// The item before; if it was not registered, the nearest folder above that was.
    fn nearest_before(&self, item: Pair) -> Result<Option<Id>> {
        let (None, Some(after)) = item else { return Ok(item.0) };
        nearest(self.after.facts(), after, &|id| self.id_before(id))
    }

    fn nearest_after(&self, item: Pair) -> Result<Option<Id>> {
        let (Some(before), None) = item else { return Ok(item.1) };
        nearest(self.before.facts(), before, &|id| self.id_after(id))
    }
}

/// Sorts pairs and removes duplicates.
fn sort_and_dedup(pairs: &mut Vec<Pair>) {
    pairs.sort_unstable();
    pairs.dedup();
}

/// Visits the differences that are not empty.
fn visit_all(found: Vec<Difference>, visit: VisitDifference<'_>) -> Result<ControlFlow<()>> {
    for difference in found {
        if !difference.is_none() && visit(difference)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn is_class(principal: Pair) -> bool {
    [principal.0, principal.1].into_iter().flatten().any(|id| id <= Id::LAST_RESERVED)
}

/// The accounts, submitters and tokens that are linked to a resource.
fn linked<F: Facts + ?Sized>(
    evaluator: &Evaluator<'_, F>,
    profiles: &Profiles<'_, '_, F>,
    target: &Target,
) -> Result<Vec<Id>> {
    let nobody = Fellows::default();
    let fellows = if target.kind == Kind::Account { profiles.fellows()? } else { &nobody };
    let mut search = SubjectSearch::linked(evaluator, fellows);
    for action in listed(target.kind) {
        search.add(*action, target)?;
    }
    let mut found = search.into_set();
    if target.kind == Kind::Account {
        found.insert(target.id);
    }
    let mut principals = Vec::new();
    for id in found {
        let kind = evaluator.facts().header(id)?.map(|it| it.kind());
        if kind.is_some_and(|kind| PRINCIPALS.contains(&kind)) {
            principals.push(id);
        }
    }
    Ok(principals)
}

/// The counterpart of an item on the other side; if it is not registered there, the nearest folder above that is.
fn nearest<F: Facts + ?Sized>(facts: &F, item: Id, twin: &dyn Fn(Id) -> Result<Option<Id>>) -> Result<Option<Id>> {
    let mut above = Vec::new();
    facts.each_ancestor(item, &mut |id, attributes| above.push((id, attributes.kind())))?;
    for (id, kind) in above {
        if let Some(there) = twin(id)? {
            return Ok(Some(there).filter(|_| kind == Kind::Item));
        }
    }
    Ok(None)
}
