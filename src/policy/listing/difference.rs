//! What changed for whom between two states: every action that somebody gained or lost.
//!
//! Two states of one store know things by the same ids; of two stores, what has the same reference is
//! the same thing. Files and folders are compared for each principal, at the items where something
//! begins or ends on either side; everything else is compared for each resource, over those who come
//! into question on either side.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::rc::Rc;

use hashbrown::HashSet;

use super::PRINCIPALS;
use super::candidates::Search;
use super::items::turns;
use super::places::places;
use super::scope::{Scope, Twins};
use super::what::allowed_beneath;
use crate::model::{Action, Id, Kind};
use crate::policy::facts::{Facts, Result};
use crate::policy::panel::Panel;
use crate::policy::subject::Subject;
use crate::policy::target::Target;

/// A resource as it is asked about on both sides.
type Targets = (Option<Rc<Target>>, Option<Rc<Target>>);

/// A thing on both sides; none where it is not there.
pub type Pair = (Option<Id>, Option<Id>);

/// What changed for somebody on something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// For whom.
    pub principal: Pair,
    /// On what: an item stands for everything beneath it.
    pub resource: Pair,
    /// What is allowed now and was not.
    pub gained: Vec<Action>,
    /// What was allowed and is no more.
    pub lost: Vec<Action>,
}

/// Told of each difference in turn.
pub type VisitDifference<'v> = &'v mut dyn FnMut(Difference) -> Result<ControlFlow<()>>;

/// Two states.
pub struct Comparison<'p, 'a, 'b, A: Facts + ?Sized, B: Facts + ?Sized> {
    /// Before.
    pub before: &'p Panel<'a, A>,
    /// After.
    pub after: &'p Panel<'b, B>,
    /// Which resources are the same.
    pub twins: Twins,
}

impl<A: Facts + ?Sized, B: Facts + ?Sized> Comparison<'_, '_, '_, A, B> {
    /// Every difference within a scope: on resources that changed, one after the other; then for whoever
    /// changed on all others; then on items.
    ///
    /// What every account gained or lost because any account has it stands as `authenticated` alone.
    ///
    /// # Errors
    /// When the facts cannot be read, or what the visitor answers.
    pub fn each(&self, scope: &Scope, visit: VisitDifference<'_>) -> Result<()> {
        let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Item).collect();
        let touched = self.pairs(&kinds, scope.resources.as_ref())?;
        let peculiar = if touched.is_empty() { Vec::new() } else { self.peculiar()? };
        for resource in &touched {
            let some = self.candidates(*resource, &peculiar)?;
            if self.on_resource(*resource, &some, visit)?.is_break() {
                return Ok(());
            }
        }
        if scope.resources.is_some() {
            // Whoever changed may have gained or lost anything, also where nothing changed.
            let known: HashSet<Pair> = touched.into_iter().collect();
            for principal in self.pairs(&PRINCIPALS, scope.principals.as_ref())? {
                let places = self.places(principal, &kinds)?;
                for resource in places.into_iter().filter(|pair| !known.contains(pair)) {
                    if self.on_resource(resource, &[principal], visit)?.is_break() {
                        return Ok(());
                    }
                }
            }
        }
        for principal in self.pairs(&PRINCIPALS, scope.holders.as_ref())? {
            if self.on_items(principal, visit)?.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Everything of some kinds on both sides, those of a set alone; classes and the server among it.
    fn pairs(&self, kinds: &[Kind], only: Option<&BTreeSet<Id>>) -> Result<Vec<Pair>> {
        let mut pairs: Vec<Pair> = Vec::new();
        let takes = |id: Id| only.is_none_or(|only| only.contains(&id));
        let reserved: &[Id] =
            if kinds.contains(&Kind::Server) { &[Id::SERVER] } else { &[Id::ANYONE, Id::AUTHENTICATED] };
        pairs.extend(reserved.iter().filter(|id| takes(**id)).map(|id| (Some(*id), Some(*id))));
        for kind in kinds.iter().copied().filter(|kind| *kind != Kind::Server) {
            for id in self.before.facts().ids(kind, None)? {
                let pair = (Some(id), self.twin_after(id)?);
                if takes(id) || pair.1.is_some_and(takes) {
                    pairs.push(pair);
                }
            }
            for id in self.after.facts().ids(kind, None)? {
                if takes(id) && self.twin_before(id)?.is_none() {
                    pairs.push((None, Some(id)));
                }
            }
        }
        Ok(pairs)
    }

    fn twin_after(&self, before: Id) -> Result<Option<Id>> {
        let Some(after) = self.twins.after(before) else { return Ok(None) };
        Ok(self.after.facts().outline(after)?.map(|_| after))
    }

    fn twin_before(&self, after: Id) -> Result<Option<Id>> {
        let Some(before) = self.twins.before(after) else { return Ok(None) };
        Ok(self.before.facts().outline(before)?.map(|_| before))
    }

    /// Accounts that are not just like any other, by what stands in their own row on either side.
    fn peculiar(&self) -> Result<Vec<Pair>> {
        let mut found = Vec::new();
        for pair in self.pairs(&PRINCIPALS, None)? {
            if !self.is_plain(pair)? {
                found.push(pair);
            }
        }
        Ok(found)
    }

    fn is_plain(&self, principal: Pair) -> Result<bool> {
        let (Some(was), Some(is)) = principal else { return Ok(false) };
        Ok(self.before.subject(was)?.is_plain() && self.after.subject(is)?.is_plain())
    }

    /// Whoever may have something on a resource, on either side, that not any account has.
    fn candidates(&self, resource: Pair, peculiar: &[Pair]) -> Result<Vec<Pair>> {
        let (before, after) = self.targets(resource)?;
        let before = before.map(|target| candidates(self.before, &target)).transpose()?;
        let after = after.map(|target| candidates(self.after, &target)).transpose()?;
        let mut found = self.paired(before, after)?;
        found.extend([Id::ANYONE, Id::AUTHENTICATED].map(|class| (Some(class), Some(class))));
        found.extend(peculiar);
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Where somebody may have something, on either side, that not any account has, kind by kind.
    fn places(&self, principal: Pair, kinds: &[Kind]) -> Result<Vec<Pair>> {
        let is_plain = self.is_plain(principal)?;
        let mut all = Vec::new();
        for kind in kinds {
            let before = principal.0.map(|who| places_of(self.before, who, is_plain, *kind)).transpose()?;
            let after = principal.1.map(|who| places_of(self.after, who, is_plain, *kind)).transpose()?;
            all.extend(self.paired(before, after)?);
        }
        Ok(all)
    }

    /// What was found on either side, each once.
    fn paired(&self, before: Option<Vec<Id>>, after: Option<Vec<Id>>) -> Result<Vec<Pair>> {
        let mut found: Vec<Pair> = Vec::new();
        for id in before.into_iter().flatten() {
            found.push((Some(id), self.twin_after(id)?));
        }
        for id in after.into_iter().flatten() {
            found.push((self.twin_before(id)?, Some(id)));
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    fn on_resource(&self, resource: Pair, principals: &[Pair], visit: VisitDifference<'_>) -> Result<ControlFlow<()>> {
        let sides = self.targets(resource)?;
        for principal in principals {
            let mut difference = self.between(*principal, &sides, resource)?;
            self.leave_out_classes(&mut difference, &sides)?;
            if !(difference.gained.is_empty() && difference.lost.is_empty()) && visit(difference)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn targets(&self, resource: Pair) -> Result<Targets> {
        Ok((
            resource.0.map(|id| self.before.target(id)).transpose()?.flatten(),
            resource.1.map(|id| self.after.target(id)).transpose()?.flatten(),
        ))
    }

    /// What changed for somebody on one resource.
    fn between(&self, principal: Pair, (before, after): &Targets, resource: Pair) -> Result<Difference> {
        let had = match (principal.0, before) {
            (Some(who), Some(target)) => {
                allowed_beneath(&*self.before.subject(who)?, &Action::listed(target.kind), target)?
            }
            _ => Vec::new(),
        };
        let has = match (principal.1, after) {
            (Some(who), Some(target)) => {
                allowed_beneath(&*self.after.subject(who)?, &Action::listed(target.kind), target)?
            }
            _ => Vec::new(),
        };
        let gained = has.iter().filter(|action| !had.contains(action)).copied().collect();
        let lost = had.iter().filter(|action| !has.contains(action)).copied().collect();
        Ok(Difference { principal, resource, gained, lost })
    }

    /// Takes away what any account gained or lost as well; and, of an account that came or went, what
    /// any account has, but on the server, where it shows that it came or went.
    fn leave_out_classes(&self, difference: &mut Difference, (before, after): &Targets) -> Result<()> {
        let is_class = |side: Option<Id>| side.is_some_and(|id| id <= Id::LAST_RESERVED);
        if is_class(difference.principal.0) || is_class(difference.principal.1) {
            return Ok(());
        }
        let on_server = after.as_ref().or(before.as_ref()).is_some_and(|target| target.kind == Kind::Server);
        let was = difference.principal.0.map(|id| self.before.subject(id)).transpose()?;
        let is = difference.principal.1.map(|id| self.after.subject(id)).transpose()?;
        let stayed = was.is_some_and(|it| it.is_registered()) == is.is_some_and(|it| it.is_registered());
        let had = |action: Action| any_account(self.before, action, before.as_deref());
        let has = |action: Action| any_account(self.after, action, after.as_deref());
        let particular = |actions: &[Action], here: &AnyAccount<'_>, there: &AnyAccount<'_>| -> Result<Vec<Action>> {
            let mut kept = Vec::new();
            for action in actions {
                let general = here(*action)? && if stayed { !there(*action)? } else { !on_server };
                if !general {
                    kept.push(*action);
                }
            }
            Ok(kept)
        };
        difference.gained = particular(&difference.gained, &has, &had)?;
        difference.lost = particular(&difference.lost, &had, &has)?;
        Ok(())
    }

    fn on_items(&self, principal: Pair, visit: VisitDifference<'_>) -> Result<ControlFlow<()>> {
        let before = principal.0.map(|who| turns(self.before, &*self.before.subject(who)?)).transpose()?;
        let after = principal.1.map(|who| turns(self.after, &*self.after.subject(who)?)).transpose()?;
        for item in self.paired(before, after)? {
            let here = self.on_item(principal, item)?;
            if here.gained.is_empty() && here.lost.is_empty() {
                continue;
            }
            // What changed above stands for this one too.
            let above = self.above(item)?;
            let same_above = match above {
                Some(above) => {
                    let above = self.on_item(principal, above)?;
                    (above.gained, above.lost) == (here.gained.clone(), here.lost.clone())
                }
                None => false,
            };
            if !same_above && visit(here)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// What changed for somebody on an item; where it is not registered it has what the nearest
    /// registered folder above has.
    fn on_item(&self, principal: Pair, item: Pair) -> Result<Difference> {
        let sides = (self.nearest_before(item)?, self.nearest_after(item)?);
        let targets = self.targets(sides)?;
        let mut difference = self.between(principal, &targets, item)?;
        self.leave_out_classes(&mut difference, &targets)?;
        Ok(difference)
    }

    fn nearest_before(&self, item: Pair) -> Result<Option<Id>> {
        let (None, Some(after)) = item else { return Ok(item.0) };
        for above in self.after.facts().lineage(after)? {
            if let Some(before) = self.twin_before(above.id)? {
                return Ok(Some(before).filter(|_| above.kind() == Kind::Item));
            }
        }
        Ok(None)
    }

    fn nearest_after(&self, item: Pair) -> Result<Option<Id>> {
        let (Some(before), None) = item else { return Ok(item.1) };
        for above in self.before.facts().lineage(before)? {
            if let Some(after) = self.twin_after(above.id)? {
                return Ok(Some(after).filter(|_| above.kind() == Kind::Item));
            }
        }
        Ok(None)
    }

    /// The folder above, on the side where the item is.
    fn above(&self, item: Pair) -> Result<Option<Pair>> {
        let parent = match item {
            (_, Some(after)) => {
                let parent = self.after.facts().outline(after)?.and_then(|it| it.parent);
                match parent {
                    Some(parent) => Some((self.twin_before(parent)?, Some(parent))),
                    None => None,
                }
            }
            (Some(before), None) => {
                let parent = self.before.facts().outline(before)?.and_then(|it| it.parent);
                match parent {
                    Some(parent) => Some((Some(parent), self.twin_after(parent)?)),
                    None => None,
                }
            }
            (None, None) => None,
        };
        let Some(pair) = parent else { return Ok(None) };
        let (before, after) = self.targets(pair)?;
        let is_item = after.or(before).is_some_and(|target| target.kind == Kind::Item);
        Ok(is_item.then_some(pair))
    }
}

/// Whether any account may do an action on the resource in question, on one side.
type AnyAccount<'a> = dyn Fn(Action) -> Result<bool> + 'a;

fn any_account<F: Facts + ?Sized>(panel: &Panel<'_, F>, action: Action, target: Option<&Target>) -> Result<bool> {
    let Some(target) = target else { return Ok(false) };
    let asked = if target.kind == Kind::Item { action.beneath() } else { action };
    Ok(panel.allows_on(Id::AUTHENTICATED, asked, target)?.is_some())
}

/// The accounts, submitters and tokens that may have something on a resource that not any account has.
fn candidates<F: Facts + ?Sized>(panel: &Panel<'_, F>, target: &Target) -> Result<Vec<Id>> {
    let mut search = Search::new(panel);
    search.add_all(&Action::listed(target.kind), target)?;
    let mut found = Vec::new();
    for id in search.into_set() {
        let kind = panel.facts().outline(id)?.map(|it| it.kind());
        if kind.is_some_and(|kind| PRINCIPALS.contains(&kind)) {
            found.push(id);
        }
    }
    Ok(found)
}

/// The resources of a kind on which somebody may have something; of a plain account, that not any has.
fn places_of<F: Facts + ?Sized>(panel: &Panel<'_, F>, who: Id, is_plain: bool, kind: Kind) -> Result<Vec<Id>> {
    let actions = Action::listed(kind);
    if is_plain {
        let in_particular = Subject::new(panel.facts(), who, panel.at())?.in_particular();
        places(panel, &in_particular, kind, &actions)
    } else {
        places(panel, &*panel.subject(who)?, kind, &actions)
    }
}
