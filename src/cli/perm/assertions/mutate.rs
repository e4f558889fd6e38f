//! `perm test --mutate`: finds the bindings whose loss no test notices.
//!
//! Each effective binding is removed in turn, in an overlay over the store's facts, and the tests run again. A test can
//! only notice the loss of a binding that it reads. So the first run records which bindings each test reads, and a
//! test is repeated for those only.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::ask::ResolvedClaim;
use crate::model::{Binding, Id, Kind, Resource, Time};
use crate::policy::facts::Visit;
use crate::policy::{BindingQuery, Evaluator, Facts, Overlay, ResourceHeader, Result};
use crate::render::RenderError;

/// Facts that record which bindings are read.
struct TracedFacts<'f, F> {
    facts: &'f F,
    seen: RefCell<HashSet<Id>>,
}

/// All reads of bindings pass through `bindings` and `binding`: the other lookups are built on these by default, and
/// this type overrides none of them.
impl<F: Facts> Facts for TracedFacts<'_, F> {
    fn resource(&self, id: Id) -> Result<Option<Rc<Resource>>> {
        self.facts.resource(id)
    }

    fn by_key(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Rc<Resource>>> {
        self.facts.by_key(kind, parent, key)
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

/// The effective bindings in order of id, each with whether a test notices its loss. All tests must pass on `facts`.
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

/// Every binding that is effective at a time, in order of id.
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
