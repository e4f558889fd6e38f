//! `perm test --mutate`: which bindings no test would miss.
//!
//! Each binding that gives something is taken away in turn, in facts laid over the store's, and the
//! tests are asked again. A test whose answers rest on bindings it never looked at cannot notice, so the
//! bindings that each test looks at are written down first and it is asked again for those alone.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::ask::ResolvedClaim;
use crate::model::{Binding, Id, Kind, Resource, Time};
use crate::policy::facts::Visit;
use crate::policy::{BindingQuery, Evaluator, Facts, Overlay, ResourceHeader, Result};
use crate::render::RenderError;

/// Facts that remember which bindings were looked at.
struct TracedFacts<'f, F> {
    facts: &'f F,
    seen: RefCell<HashSet<Id>>,
}

/// Everything about bindings comes through `bindings` and `binding`, as the other look-ups are made of
/// these unless facts say otherwise; and these facts do not.
impl<F: Facts> Facts for TracedFacts<'_, F> {
    fn resource(&self, id: Id) -> Result<Option<Rc<Resource>>> {
        self.facts.resource(id)
    }

    fn named(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Rc<Resource>>> {
        self.facts.named(kind, parent, key)
    }

    fn aliased(&self, kind: Kind, alias: &str, visit: Visit<'_, Rc<Resource>>) -> Result<()> {
        self.facts.aliased(kind, alias, visit)
    }

    fn resources(&self, kind: Kind, parent: Option<Id>, visit: Visit<'_, Rc<Resource>>) -> Result<()> {
        self.facts.resources(kind, parent, visit)
    }

    fn bindings(&self, select: BindingQuery, visit: Visit<'_, Binding>) -> Result<()> {
        self.facts.bindings(select, &mut |binding| {
            self.seen.borrow_mut().insert(binding.id);
            visit(binding)
        })
    }

    fn binding(&self, id: Id) -> Result<Option<Binding>> {
        self.seen.borrow_mut().insert(id);
        self.facts.binding(id)
    }

    fn last_id(&self) -> Result<Id> {
        self.facts.last_id()
    }

    fn header(&self, id: Id) -> Result<Option<ResourceHeader>> {
        self.facts.header(id)
    }
}

/// The bindings that give something at a time, by id, each with whether some test would miss it. All
/// the tests must pass as it is.
pub(super) fn unnoticed<F: Facts>(
    facts: &F,
    at: Time,
    tests: &[&ResolvedClaim],
    progress: &mut dyn FnMut(usize, usize),
) -> std::result::Result<Vec<(Binding, bool)>, RenderError> {
    let mut looked: HashMap<Id, Vec<&ResolvedClaim>> = HashMap::new();
    for test in tests {
        let traced = TracedFacts { facts, seen: RefCell::default() };
        test.contradictions(&Evaluator::new(&traced, at))?;
        for id in traced.seen.into_inner() {
            looked.entry(id).or_default().push(test);
        }
    }
    let bindings = effective(facts, at)?;
    let all = bindings.len();
    let mut found = Vec::with_capacity(all);
    for (count, binding) in bindings.into_iter().enumerate() {
        progress(count, all);
        let mut without = Overlay::new(facts)?;
        without.end_binding(binding.id);
        let evaluator = Evaluator::new(&without, at);
        let mut is_missed = false;
        for test in looked.get(&binding.id).into_iter().flatten() {
            if !test.contradictions(&evaluator)?.is_empty() {
                is_missed = true;
                break;
            }
        }
        found.push((binding, is_missed));
    }
    Ok(found)
}

/// Every binding that gives something at a time, by id.
fn effective<F: Facts>(facts: &F, at: Time) -> Result<Vec<Binding>> {
    let mut resources = vec![Id::SERVER];
    for kind in Kind::ALL {
        resources.extend(facts.ids(kind, None)?);
    }
    resources.sort();
    resources.dedup();
    let mut found = Vec::new();
    for resource in resources {
        found.extend(
            facts.list_bindings(BindingQuery::On(resource))?.into_iter().filter(|binding| binding.is_effective(at)),
        );
    }
    found.sort_by_key(|binding| binding.id);
    Ok(found)
}
