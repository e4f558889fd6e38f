//! Laws between checks and listings: a listing must agree with the check of each of its rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;

use rolebook::model::attributes::{Sharing, Status};
use rolebook::model::catalogue::Rule;
use rolebook::model::{Action, Id, Kind, Permissions, Time, Verb};
use rolebook::policy::listing::{
    Breadth, Filter, ItemDetail, is_covered, lookup_beyond_class, lookup_resources, lookup_subjects, stopped,
};
use rolebook::policy::{Evaluator, Facts, Question, Subject, Target, allows, decide};

use super::{principals, questions};
use crate::oracle::worlds::Dice;

/// A state with the answers to all its questions.
pub(crate) struct Answered<'f, F: Facts> {
    evaluator: Evaluator<'f, F>,
    principals: Vec<Id>,
    questions: Vec<(Id, Vec<Action>)>,
    rules: HashMap<(Id, Action, Id), Rule>,
}

/// The result of a listing: each resource with the allowed actions.
type Listed = BTreeMap<Id, BTreeSet<Action>>;

impl<'f, F: Facts> Answered<'f, F> {
    /// Asks every question separately: with a proof, without one, and repeatedly.
    pub(crate) fn new(facts: &'f F, at: Time, dice: &mut Dice) -> Answered<'f, F> {
        let (evaluator, principals, questions) = (Evaluator::new(facts, at), principals(facts), questions(facts, dice));
        let mut rules = HashMap::new();
        for principal in &principals {
            let subject = Subject::new(facts, *principal, at).unwrap();
            for (resource, actions) in &questions {
                let target = Target::load(facts, *resource).unwrap().unwrap();
                for action in actions {
                    let question = Question { principal: *principal, action: *action, resource: *resource, at };
                    let decision = match dice.below(8) {
                        0 => decide(facts, &question).unwrap(),
                        _ => evaluator.decide(*principal, *action, *resource).unwrap(),
                    };
                    let rule = decision.allowed.then_some(decision.rule);
                    let what = || format!("{principal} {action} {resource}");
                    assert_eq!(allows(&subject, *action, &target).unwrap(), rule, "{}", what());
                    assert_eq!(evaluator.allows(*principal, *action, *resource).unwrap(), rule, "{}", what());
                    rules.extend(rule.map(|rule| ((*principal, *action, *resource), rule)));
                }
            }
        }
        Answered { evaluator, principals, questions, rules }
    }

    /// The number of questions with the answer "allowed".
    pub(crate) fn allowed(&self) -> usize {
        self.rules.len()
    }

    fn facts(&self) -> &'f F {
        self.evaluator.facts()
    }

    fn rule(&self, principal: Id, action: Action, resource: Id) -> Option<Rule> {
        self.rules.get(&(principal, action, resource)).copied()
    }

    fn kind(&self, id: Id) -> Option<Kind> {
        if id == Id::SERVER { Some(Kind::Server) } else { self.facts().header(id).unwrap().map(|it| it.kind()) }
    }

    fn is_active(&self, account: Id) -> bool {
        self.evaluator.subject(account).unwrap().status() == Some(Status::Active)
    }

    /// Every principal that listings name. Groups and workgroups are listed as their members.
    fn nameable(&self) -> impl Iterator<Item = Id> {
        let named = |id: &Id| !matches!(self.kind(*id), Some(Kind::Group | Kind::Workgroup));
        self.principals.iter().copied().filter(named)
    }

    // Lookup of subjects.

    fn who(&self, actions: &[Action], resource: Id, breadth: Breadth) -> Vec<BTreeMap<Id, Rule>> {
        let target = Target::load(self.facts(), resource).unwrap().unwrap();
        let mut found = vec![BTreeMap::new(); actions.len()];
        let (mut named, mut last) = (BTreeSet::new(), None);
        lookup_subjects(&self.evaluator, actions, &target, breadth, &mut |principal, rules| {
            assert!(named.insert(principal), "{principal} is named twice");
            assert!(rules.iter().any(Option::is_some), "{principal} is named for nothing");
            // Classes come first, then the others by id.
            let is_class = principal == Id::ANYONE || principal == Id::AUTHENTICATED;
            let order = (!is_class, if is_class { Id(0) } else { principal });
            assert!(last.is_none_or(|last| last <= order), "{principal} comes too late");
            last = Some(order);
            for (found, rule) in found.iter_mut().zip(rules) {
                found.extend(rule.map(|rule| (principal, rule)));
            }
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        found
    }

    /// The listed principals are exactly those that may, apart from those that `authenticated` covers.
    pub(crate) fn who_can(&self) {
        for (resource, actions) in &self.questions {
            let mut together = [Breadth::Everybody, Breadth::Classes].map(|it| self.who(actions, *resource, it));
            for (place, action) in actions.iter().enumerate() {
                let [all, general] = together.each_mut().map(|it| std::mem::take(&mut it[place]));
                let what = || format!("{action} {resource}");
                let allowed: BTreeMap<Id, Rule> =
                    self.nameable().filter_map(|it| Some((it, self.rule(it, *action, *resource)?))).collect();
                assert_eq!(all, allowed, "{}", what());
                self.in_general(*action, *resource, &general, &allowed);
                // An action alone gives the same result as together with others.
                assert_eq!(self.who(&[*action], *resource, Breadth::Everybody), [all], "{}", what());
                assert_eq!(self.who(&[*action], *resource, Breadth::Classes), [general], "{}", what());
            }
        }
    }

    fn in_general(&self, action: Action, resource: Id, listed: &BTreeMap<Id, Rule>, allowed: &BTreeMap<Id, Rule>) {
        let target = Target::load(self.facts(), resource).unwrap().unwrap();
        let covered = is_covered(&self.evaluator, action, &target).unwrap();
        for principal in self.nameable() {
            let (is_listed, may) = (listed.contains_key(&principal), allowed.contains_key(&principal));
            let what = || format!("{principal} {action} {resource}: listed {is_listed}, may {may}, covered {covered}");
            match self.kind(principal) {
                Some(Kind::Account) => {
                    assert_eq!(may, is_listed || (covered && self.is_active(principal)), "{}", what());
                }
                None => assert_eq!(may, is_listed, "{}", what()),
                // A principal without an account has the action through `anyone` or by itself.
                // An ended token has nothing.
                Some(_) => {
                    assert!(!may || is_listed || (covered && allowed.contains_key(&Id::ANYONE)), "{}", what());
                }
            }
            // Besides a covering class, principals that have the action by themselves are named.
            let expected = match self.kind(principal) {
                Some(_) if covered => {
                    let subject = Subject::new(self.facts(), principal, self.evaluator.at()).unwrap();
                    allows(&subject.without_classes(), action, &target).unwrap()
                }
                _ => self.rule(principal, action, resource),
            };
            assert_eq!(listed.get(&principal).copied(), expected, "{}", what());
        }
        assert!(listed.keys().all(|it| allowed.contains_key(it)), "{action} {resource}: more than may");
    }

    // Lookup of resources.

    fn what(&self, principal: Id, filter: &Filter, detail: ItemDetail) -> Listed {
        let (mut found, mut above) = (Listed::new(), BTreeSet::new());
        let subject = Subject::new(self.facts(), principal, self.evaluator.at()).unwrap();
        lookup_resources(&self.evaluator, &subject, filter, detail, &mut |resource, actions| {
            let set: BTreeSet<Action> = actions.iter().copied().collect();
            assert_eq!(set.len(), actions.len(), "{principal} {resource}: an action twice");
            assert!(found.insert(resource, set).is_none(), "{principal} {resource}: listed twice");
            assert!(!above.contains(&resource), "{principal} {resource}: comes after what lies beneath it");
            if self.kind(resource) == Some(Kind::Item) {
                above.extend(self.facts().ancestors(resource).unwrap().iter().skip(1).map(|it| it.id));
            }
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        found
    }

    /// The actions of a principal that not every account has.
    fn beyond(&self, principal: Id, filter: &Filter, detail: ItemDetail) -> Listed {
        let mut found = Listed::new();
        let subject = Subject::new(self.facts(), principal, self.evaluator.at()).unwrap();
        lookup_beyond_class(&self.evaluator, &subject, filter, detail, &mut |resource, actions| {
            assert!(found.insert(resource, actions.iter().copied().collect()).is_none(), "{resource} twice");
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        found
    }

    /// The rows besides those of every account are correct, and both together are complete.
    fn besides(&self, principal: Id, filter: &Filter, asked: &Listed) {
        let subject = Subject::new(self.facts(), principal, self.evaluator.at()).unwrap();
        if !subject.is_registered() || principal == Id::AUTHENTICATED {
            return;
        }
        let nothing = BTreeSet::new();
        let general = self.asked(Id::AUTHENTICATED, filter);
        let stopped: Vec<(Kind, Verb)> =
            stopped(&subject, filter).unwrap().iter().map(|(kind, it)| (*kind, it.verb())).collect();
        let every = self.beyond(principal, filter, ItemDetail::All);
        let outlined = self.beyond(principal, filter, ItemDetail::Boundaries);
        for (resource, _) in &self.questions {
            let what = || format!("{principal} {filter:?} {resource}");
            let (own, all) = (asked.get(resource).unwrap_or(&nothing), general.get(resource).unwrap_or(&nothing));
            match every.get(resource) {
                Some(listed) => assert_eq!(listed, own, "{}", what()),
                None => assert!(own.is_subset(all), "{}: {own:?} and {all:?}", what()),
            }
            if self.kind(*resource) == Some(Kind::Item) {
                let line = self.facts().ancestors(*resource).unwrap();
                let stands = line.iter().find_map(|it| outlined.get(&it.id)).unwrap_or(&nothing);
                assert!(own.iter().all(|it| stands.contains(it) || all.contains(it)), "{}", what());
                continue;
            }
            assert_eq!(outlined.get(resource), every.get(resource), "{}", what());
            // A common action is left out only if the principal's own settings stop it, or the resource is
            // the principal itself.
            if !every.contains_key(resource) && *resource != principal {
                let kind = self.kind(*resource).unwrap();
                let lacks = all.difference(own).find(|it| !stopped.contains(&(kind, it.verb())));
                assert_eq!(lacks, None, "{}", what());
            }
        }
    }

    /// The allowed actions of a principal, checked one by one.
    fn asked(&self, principal: Id, filter: &Filter) -> Listed {
        let mut found = Listed::new();
        for (resource, _) in &self.questions {
            let kind = self.kind(*resource).unwrap();
            let inside = filter.under.is_none_or(|top| self.is_beneath(*resource, top));
            if filter.kind.is_some_and(|only| only != kind) || !inside {
                continue;
            }
            let wanted = |action: &Action| filter.actions.is_empty() || filter.actions.contains(action);
            let mut actions = Action::listable(kind);
            let shares = filter.actions.iter().filter(|it| kind == Kind::Item && matches!(it, Action::Share(_)));
            actions.extend(shares.copied());
            let may = |action: &Action| self.rule(principal, *action, *resource).is_some();
            let allowed: BTreeSet<Action> = actions.into_iter().filter(|it| wanted(it) && may(it)).collect();
            if !allowed.is_empty() {
                found.insert(*resource, allowed);
            }
        }
        found
    }

    fn is_beneath(&self, item: Id, top: Id) -> bool {
        let line = self.facts().ancestors(item).unwrap();
        self.kind(item) == Some(Kind::Item) && line.iter().any(|it| it.id == top)
    }

    fn items(&self) -> Vec<Id> {
        self.questions.iter().map(|it| it.0).filter(|it| self.kind(*it) == Some(Kind::Item)).collect()
    }

    /// A random filter.
    fn filter(&self, dice: &mut Dice) -> Filter {
        let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| !Action::listable(*kind).is_empty()).collect();
        let mut actions: Vec<Action> = Vec::new();
        let kind = dice.chance(1, 2).then(|| dice.pick(&kinds));
        for _ in 0..dice.pick(&[0, 1, 3]) {
            let known = Action::listable(kind.unwrap_or_else(|| dice.pick(&kinds)));
            let shared = Action::Share(dice.pick(&Permissions::PRESETS).0);
            let action = if dice.chance(1, 5) { shared } else { dice.pick(&known) };
            if !actions.contains(&action) {
                actions.push(action);
            }
        }
        let under = dice.chance(1, 2).then(|| dice.pick(&self.items()));
        Filter { kind, under, actions }
    }

    /// The listed actions are exactly the allowed ones, item by item and in outline.
    pub(crate) fn they_can(&self, dice: &mut Dice) {
        for principal in &self.principals {
            let filters = [Filter::default(), self.filter(dice), self.filter(dice), self.filter(dice)];
            for filter in filters {
                let asked = self.asked(*principal, &filter);
                let every = self.what(*principal, &filter, ItemDetail::All);
                assert_eq!(every, asked, "{principal} {filter:?}");
                let outlined = self.what(*principal, &filter, ItemDetail::Boundaries);
                self.besides(*principal, &filter, &asked);
                self.in_outline(*principal, &filter, &asked, &outlined);
            }
        }
    }

    fn in_outline(&self, principal: Id, filter: &Filter, asked: &Listed, outlined: &Listed) {
        let items: BTreeSet<Id> = self.items().into_iter().collect();
        let others = |listed: &Listed| {
            listed.clone().into_iter().filter(|(id, _)| !items.contains(id)).collect::<BTreeMap<_, _>>()
        };
        assert_eq!(others(outlined), others(asked), "{principal} {filter:?}");
        let nothing = BTreeSet::new();
        for item in &items {
            let mut line = self.facts().ancestors(*item).unwrap();
            let endpoint = line.pop().unwrap();
            let inside = filter.under.is_none_or(|top| line.iter().any(|it| it.id == top));
            if !inside || filter.kind.is_some_and(|only| only != Kind::Item) {
                assert!(!outlined.contains_key(item), "{principal} {filter:?} {item}");
                continue;
            }
            let mut stands = line.iter().find_map(|it| outlined.get(&it.id)).unwrap_or(&nothing).clone();
            let mut actual = asked.get(item).unwrap_or(&nothing).clone();
            // On a listed item the row is exact.
            if !outlined.contains_key(item) {
                let is_file = line[0].as_item().is_some_and(|it| !it.is_folder());
                if is_file && endpoint.as_endpoint().unwrap().kind.sharing() == Sharing::Managed {
                    let of_folders = |it: &Action| matches!(it.verb(), Verb::AdministerShares | Verb::Share);
                    stands.retain(|it| !of_folders(it));
                    actual.retain(|it| !of_folders(it));
                }
            }
            // A root folder stands for what lies below it: nobody renames or removes the folder itself.
            if line.len() == 1 && outlined.contains_key(item) {
                let subject = Subject::new(self.facts(), principal, self.evaluator.at()).unwrap();
                let target = Target::load(self.facts(), *item).unwrap().unwrap();
                for verb in [Verb::Rename, Verb::Delete] {
                    let action = Action::Plain(verb);
                    let wanted = filter.actions.is_empty() || filter.actions.contains(&action);
                    assert!(!actual.contains(&action), "{principal} {item}");
                    if wanted && allows(&subject, action.on_unregistered(), &target).unwrap().is_some() {
                        actual.insert(action);
                    }
                }
            }
            assert_eq!(stands, actual, "{principal} {filter:?} {item}");
            // No row repeats the row of the folder above.
            if outlined.contains_key(item) {
                let above = line.get(1).filter(|_| filter.under != Some(*item)).and_then(|it| asked.get(&it.id));
                assert_ne!(&actual, above.unwrap_or(&nothing), "{principal} {filter:?} {item} is one too many");
            }
        }
    }
}

/// The visits of `who`, in order.
fn told_who<F: Facts>(
    evaluator: &Evaluator<'_, F>,
    actions: &[Action],
    on: Id,
    breadth: Breadth,
) -> Vec<(Id, Vec<Option<Rule>>)> {
    let mut told = Vec::new();
    let target = evaluator.target(on).unwrap().unwrap();
    lookup_subjects(evaluator, actions, &target, breadth, &mut |principal, rules| {
        told.push((principal, rules.to_vec()));
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    told
}

/// The visits of `what`; the order within one folder is not fixed.
fn told_what<F: Facts>(
    evaluator: &Evaluator<'_, F>,
    who: Id,
    filter: &Filter,
    detail: ItemDetail,
) -> BTreeMap<Id, Vec<Action>> {
    let mut told = BTreeMap::new();
    lookup_resources(evaluator, &*evaluator.subject(who).unwrap(), filter, detail, &mut |resource, actions| {
        told.insert(resource, actions.to_vec());
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    told
}

/// Both facts give the same listings, for every principal and every resource.
pub(crate) fn assert_same_listings<F: Facts, G: Facts>(one: &F, other: &G, at: Time, dice: &mut Dice) {
    let (mine, theirs) = (Evaluator::new(one, at), Evaluator::new(other, at));
    for (resource, actions) in questions(other, dice) {
        for breadth in [Breadth::Everybody, Breadth::Classes] {
            let told = told_who(&theirs, &actions, resource, breadth);
            assert_eq!(told_who(&mine, &actions, resource, breadth), told, "{resource} {breadth:?}");
        }
    }
    for principal in principals(other) {
        for detail in [ItemDetail::All, ItemDetail::Boundaries] {
            let filter = Filter::default();
            let told = told_what(&theirs, principal, &filter, detail);
            assert_eq!(told_what(&mine, principal, &filter, detail), told, "{principal} {detail:?}");
        }
    }
}
