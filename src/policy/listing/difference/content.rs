//! Comparison of files and folders, for each principal at its boundaries on either side: the items below a
//! boundary have what the boundary has (see [`item_boundaries`](super::super::item_boundaries)).
//!
//! Only boundaries that changed are evaluated, and the boundaries below them. Items that are shared with a class
//! are boundaries for every principal of the class. They are evaluated for a principal only if they lie above or
//! below a boundary of its own, where the two together may give what neither gives alone.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::rc::Rc;

use hashbrown::{HashMap, HashSet};

use super::answers::{ProfilePair, leave_out, without};
use super::{Comparison, Difference, Pair, VisitDifference, is_class, listed};
use crate::model::attributes::Attributes;
use crate::model::{Action, Id, Kind, Permissions};
use crate::policy::evaluator::Evaluator;
use crate::policy::facts::{Facts, Result};
use crate::policy::listing::affected::AffectedSet;
use crate::policy::listing::item_boundaries::{Answers, Boundary, Homes, ItemEvaluator, boundaries, granted, homes};
use crate::policy::subject::Subject;

/// An item of either side: its id before, or, if it is new, its id after with [`AFTER_BIT`] set.
type Either = u64;

const AFTER_BIT: u64 = 1 << 63;

/// One side of the comparison: the grants of the classes, and cached answers.
struct Side<'p, 'f, F: Facts + ?Sized> {
    evaluator: &'p Evaluator<'f, F>,
    authenticated: ClassAccess<'f, F>,
    anyone: ClassAccess<'f, F>,
    nothing: HashMap<Id, Permissions>,
    homes: Homes,
    answers: Answers,
}

struct ClassAccess<'f, F: Facts + ?Sized> {
    subject: Subject<'f, F>,
    granted: HashMap<Id, Permissions>,
    /// Cached actions that are allowed to the class, by item.
    allowed: RefCell<HashMap<Id, Rc<[Action]>>>,
}

impl<'f, F: Facts + ?Sized> ClassAccess<'f, F> {
    fn new(evaluator: &Evaluator<'f, F>, id: Id) -> Result<ClassAccess<'f, F>> {
        let subject = Subject::new(evaluator.facts(), id, evaluator.at())?;
        let granted = granted(&subject)?;
        Ok(ClassAccess { subject, granted, allowed: RefCell::default() })
    }
}

/// Evaluates items for one principal on one side.
type PrincipalView<'s, 'f, F> = RefCell<ItemEvaluator<'s, 'f, F>>;

/// The boundaries of a principal on one side, and its own grants by item.
type Begun = (HashMap<Id, Boundary>, HashMap<Id, Permissions>);

impl<'p, 'f, F: Facts + ?Sized> Side<'p, 'f, F> {
    fn new(evaluator: &'p Evaluator<'f, F>) -> Result<Side<'p, 'f, F>> {
        Ok(Side {
            evaluator,
            authenticated: ClassAccess::new(evaluator, Id::AUTHENTICATED)?,
            anyone: ClassAccess::new(evaluator, Id::ANYONE)?,
            nothing: HashMap::new(),
            homes: homes(evaluator.facts())?,
            answers: Answers::default(),
        })
    }

    fn class(&self, is_account: bool) -> &ClassAccess<'f, F> {
        if is_account { &self.authenticated } else { &self.anyone }
    }

    fn own(&self, subject: &Subject<'f, F>) -> Result<HashMap<Id, Permissions>> {
        match subject.id <= Id::LAST_RESERVED {
            true => granted(subject),
            false => granted(&Subject::new(self.evaluator.facts(), subject.id, self.evaluator.at())?.without_classes()),
        }
    }

    fn begun(&self, subject: &Subject<'f, F>) -> Result<Begun> {
        let own = self.own(subject)?;
        Ok((boundaries(self.evaluator, subject, &own, &self.homes)?, own))
    }

    fn view_of<'s>(
        &'s self,
        subject: &'s Subject<'f, F>,
        own: HashMap<Id, Permissions>,
        is_account: bool,
    ) -> Result<PrincipalView<'s, 'f, F>> {
        let common = if subject.id <= Id::LAST_RESERVED { &self.nothing } else { &self.class(is_account).granted };
        Ok(RefCell::new(ItemEvaluator::of_many(
            self.evaluator,
            subject,
            listed(Kind::Item),
            own,
            common,
            &self.answers,
        )?))
    }

    /// The actions that a class may do on an item.
    fn general(&self, is_account: bool, item: Option<Id>) -> Result<Rc<[Action]>> {
        let Some(item) = item else { return Ok(Rc::from([])) };
        let class = self.class(is_account);
        if let Some(known) = class.allowed.borrow().get(&item) {
            return Ok(Rc::clone(known));
        }
        let look = self.view_of(&class.subject, self.own(&class.subject)?, is_account)?;
        let allowed = look.borrow_mut().allowed(item)?;
        class.allowed.borrow_mut().insert(item, Rc::clone(&allowed));
        Ok(allowed)
    }
}

fn allowed<F: Facts + ?Sized>(look: Option<&PrincipalView<'_, '_, F>>, item: Option<Id>) -> Result<Rc<[Action]>> {
    match (look, item) {
        (Some(look), Some(item)) => look.borrow_mut().allowed(item),
        _ => Ok(Rc::from([])),
    }
}

/// The files and folders of two states.
pub(super) struct Content<'c, 'p, 'a, 'b, A: Facts + ?Sized, B: Facts + ?Sized> {
    comparison: &'c Comparison<'p, 'a, 'b, A, B>,
    before: Side<'p, 'a, A>,
    after: Side<'p, 'b, B>,
    /// Items that were moved or changed their attributes, and items on which the grants of a class changed.
    special: HashSet<Either>,
    /// The special items, by each folder above them on either side.
    special_beneath: HashMap<Either, Vec<Either>>,
    /// The items with grants of a class, by each folder above them on either side.
    common_beneath: HashMap<Either, Vec<Either>>,
}

impl<'c, 'p, 'a, 'b, A: Facts + ?Sized, B: Facts + ?Sized> Content<'c, 'p, 'a, 'b, A, B> {
    pub(super) fn new(
        all: &'c Comparison<'p, 'a, 'b, A, B>,
        scope: &AffectedSet,
    ) -> Result<Content<'c, 'p, 'a, 'b, A, B>> {
        let mut content = Content {
            comparison: all,
            before: Side::new(all.before)?,
            after: Side::new(all.after)?,
            special: HashSet::new(),
            special_beneath: HashMap::new(),
            common_beneath: HashMap::new(),
        };
        for is_account in [true, false] {
            let was = &content.before.class(is_account).granted;
            let is = &content.after.class(is_account).granted;
            let was: HashMap<Either, Permissions> = was.iter().map(|(id, set)| (id.0, *set)).collect();
            let is: HashMap<Either, Permissions> =
                is.iter().map(|(id, set)| Ok((content.of_after(*id)?, *set))).collect::<Result<_>>()?;
            let items: HashSet<Either> = was.keys().chain(is.keys()).copied().collect();
            for item in items {
                if was.get(&item) != is.get(&item) {
                    content.special.insert(item);
                }
                content.each_above(item, &mut |content, above| {
                    content.common_beneath.entry(above).or_default().push(item);
                })?;
            }
        }
        content.find_moved(scope)?;
        for item in content.special.clone() {
            content.each_above(item, &mut |content, above| {
                content.special_beneath.entry(above).or_default().push(item);
            })?;
        }
        Ok(content)
    }

    /// Finds the items that were moved or changed their attributes.
    fn find_moved(&mut self, scope: &AffectedSet) -> Result<()> {
        if let Some(items) = &scope.items {
            for id in items {
                let is_there = self.comparison.before.facts().header(*id)?.is_some();
                self.special.insert(if is_there { id.0 } else { self.of_after(*id)? });
            }
            return Ok(());
        }
        let (before, after) = (self.comparison.before.facts(), self.comparison.after.facts());
        for id in before.ids(Kind::Item, None)? {
            let Some(twin) = self.comparison.id_after(id)? else { continue };
            let (Some(was), Some(is)) = (before.header(id)?, after.header(twin)?) else { continue };
            let lies_elsewhere = match (was.parent, is.parent) {
                (Some(was), Some(is)) => self.of_after(is)? != was.0,
                (was, is) => was.is_some() != is.is_some(),
            };
            // Attributes refer to other resources by id, so they cannot be compared between stores.
            let is_other = match (&*was.attributes, &*is.attributes) {
                (Attributes::Item(was), Attributes::Item(is)) if !self.comparison.id_map.are_by_id() => {
                    was.item_type != is.item_type
                }
                (was, is) => was.policy_view() != is.policy_view(),
            };
            if lies_elsewhere || is_other {
                self.special.insert(id.0);
            }
        }
        Ok(())
    }

    fn of_after(&self, id: Id) -> Result<Either> {
        Ok(match self.comparison.id_before(id)? {
            Some(before) => before.0,
            None => id.0 | AFTER_BIT,
        })
    }

    fn pair(&self, item: Either) -> Result<Pair> {
        if item & AFTER_BIT != 0 {
            return Ok((None, Some(Id(item & !AFTER_BIT))));
        }
        Ok((Some(Id(item)), self.comparison.id_after(Id(item))?))
    }

    /// Visits an item and each folder above it on either side.
    fn each_above(&mut self, item: Either, tell: &mut dyn FnMut(&mut Self, Either)) -> Result<()> {
        for above in self.above(item)? {
            tell(self, above);
        }
        Ok(())
    }

    /// An item and its ancestors on either side.
    fn above(&self, item: Either) -> Result<Vec<Either>> {
        let pair = self.pair(item)?;
        let mut found = Vec::new();
        if let Some(before) = pair.0 {
            self.comparison.before.facts().each_ancestor(before, &mut |id, _| found.push(id.0))?;
        }
        if let Some(after) = pair.1 {
            let mut above = Vec::new();
            self.comparison.after.facts().each_ancestor(after, &mut |id, _| above.push(id))?;
            for id in above {
                let either = self.of_after(id)?;
                if !found.contains(&either) {
                    found.push(either);
                }
            }
        }
        Ok(found)
    }

    /// Visits every difference for a principal.
    pub(super) fn of_principal(&self, principal: Pair, visit: VisitDifference<'_>) -> Result<ControlFlow<()>> {
        let profile = self.comparison.profile(principal)?;
        let of_class = is_class(principal);
        // A principal that does not exist or is not active has nothing.
        let before = match principal.0.filter(|_| of_class || profile.0.is_present()) {
            Some(who) => Some(self.comparison.before.subject(who)?),
            None => None,
        };
        let after = match principal.1.filter(|_| of_class || profile.1.is_present()) {
            Some(who) => Some(self.comparison.after.subject(who)?),
            None => None,
        };
        let had = before.as_deref().map(|subject| self.before.begun(subject)).transpose()?.unwrap_or_default();
        let has = after.as_deref().map(|subject| self.after.begun(subject)).transpose()?.unwrap_or_default();
        let candidates = self.candidates(&had.0, &has.0)?;
        // Most principals have no boundary that changed.
        if candidates.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        let is_account = self.comparison.is_account(principal, profile)?;
        let before = before.as_deref().map(|subject| self.before.view_of(subject, had.1, is_account)).transpose()?;
        let after = after.as_deref().map(|subject| self.after.view_of(subject, has.1, is_account)).transpose()?;
        let mut found: Vec<Pair> = Vec::new();
        for item in candidates {
            found.push(self.pair(item)?);
        }
        found.sort_unstable();
        let look =
            PrincipalPair { content: self, principal, profile, is_account, before, after, cache: RefCell::default() };
        for item in found {
            let here = look.on_item(item)?;
            if here.0.is_empty() && here.1.is_empty() {
                continue;
            }
            // The same difference on the folder above stands for this item too.
            let same_above = match self.parent(item)? {
                Some(parent) => look.on_item(parent)? == here,
                None => false,
            };
            if same_above {
                continue;
            }
            let (gained, lost) = (here.0.clone(), here.1.clone());
            if visit(Difference { principal, resource: item, gained, lost })?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The items on which the difference may not be the same as on the folder above.
    fn candidates(&self, before: &HashMap<Id, Boundary>, after: &HashMap<Id, Boundary>) -> Result<BTreeSet<Either>> {
        let mut boundaries: BTreeMap<Either, (Boundary, Boundary)> = BTreeMap::new();
        for (id, boundary) in before {
            boundaries.entry(id.0).or_default().0 = *boundary;
        }
        for (id, boundary) in after {
            boundaries.entry(self.of_after(*id)?).or_default().1 = *boundary;
        }
        // Between two stores, equal bits do not prove equal boundaries, so each boundary counts as changed.
        let everything = !self.comparison.id_map.are_by_id();
        let changed: HashSet<Either> =
            boundaries.iter().filter(|(_, (was, is))| everything || was != is).map(|(item, _)| *item).collect();
        let mut found = BTreeSet::new();
        if changed.is_empty() && self.special.is_empty() {
            return Ok(found);
        }
        for item in boundaries.keys() {
            let concerned = changed.len() == boundaries.len()
                || self.above(*item)?.iter().any(|above| changed.contains(above) || self.special.contains(above));
            if concerned {
                found.insert(*item);
            }
            found.extend(self.special_beneath.get(item).into_iter().flatten());
        }
        // Together with a grant of a class further down, the change may be enough for more actions there.
        let begun: Vec<Either> = found.iter().chain(&changed).copied().collect();
        for item in begun {
            found.extend(self.common_beneath.get(&item).into_iter().flatten());
        }
        Ok(found)
    }

    /// The folder above, on the side where the item exists.
    fn parent(&self, item: Pair) -> Result<Option<Pair>> {
        let pair = match item {
            (_, Some(after)) => match self.comparison.after.facts().header(after)?.and_then(|it| it.parent) {
                Some(parent) => (self.comparison.id_before(parent)?, Some(parent)),
                None => return Ok(None),
            },
            (Some(before), None) => match self.comparison.before.facts().header(before)?.and_then(|it| it.parent) {
                Some(parent) => (Some(parent), self.comparison.id_after(parent)?),
                None => return Ok(None),
            },
            (None, None) => return Ok(None),
        };
        Ok((self.comparison.target_pair(pair)?.kind() == Some(Kind::Item)).then_some(pair))
    }
}

type Changes = Rc<(Vec<Action>, Vec<Action>)>;

/// A principal with its view of the items on both sides.
struct PrincipalPair<'l, 'c, 'p, 'a, 'b, A: Facts + ?Sized, B: Facts + ?Sized> {
    content: &'l Content<'c, 'p, 'a, 'b, A, B>,
    principal: Pair,
    profile: ProfilePair,
    is_account: bool,
    before: Option<PrincipalView<'l, 'a, A>>,
    after: Option<PrincipalView<'l, 'b, B>>,
    cache: RefCell<HashMap<Pair, Changes>>,
}

impl<A: Facts + ?Sized, B: Facts + ?Sized> PrincipalPair<'_, '_, '_, '_, '_, A, B> {
    /// The actions gained and lost on an item. On a side where the item is not registered, the nearest registered
    /// folder above counts.
    fn on_item(&self, item: Pair) -> Result<Changes> {
        if let Some(known) = self.cache.borrow().get(&item) {
            return Ok(Rc::clone(known));
        }
        let content = self.content;
        let sides = (content.comparison.nearest_before(item)?, content.comparison.nearest_after(item)?);
        let had = allowed(self.before.as_ref(), sides.0)?;
        let has = allowed(self.after.as_ref(), sides.1)?;
        let mut difference = Difference {
            principal: self.principal,
            resource: item,
            gained: without(&has, &had),
            lost: without(&had, &has),
        };
        if !difference.is_none() && !is_class(self.principal) {
            let class = (
                content.before.general(self.is_account, sides.0)?.to_vec(),
                content.after.general(self.is_account, sides.1)?.to_vec(),
            );
            leave_out(&mut difference, self.profile, &class, false);
        }
        let changes = Rc::new((difference.gained, difference.lost));
        self.cache.borrow_mut().insert(item, Rc::clone(&changes));
        Ok(changes)
    }
}
