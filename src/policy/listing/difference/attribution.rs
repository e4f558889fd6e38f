//! Where a difference comes from and how much it covers: the group that gives it, and the number of items below.

use hashbrown::HashMap;

use super::{Comparison, Difference, Pair};
use crate::model::{Action, Id, Kind, Role};
use crate::policy::decide::decide_on;
use crate::policy::evaluator::Evaluator;
use crate::policy::facts::{Facts, Result, Roles};
use crate::policy::proof::ProofStep;

/// A part of a difference: actions that were gained or lost through the same group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DifferencePart {
    /// Whether the actions were gained; if not, they were lost.
    pub gained: bool,
    /// The actions.
    pub actions: Vec<Action>,
    /// The group or workgroup through which the principal has or had them; `None` if it has them directly or
    /// through a class.
    pub via: Option<Id>,
}

/// A cache of the number of items in folders.
#[derive(Debug, Default)]
pub struct Counts(HashMap<Pair, usize>);

impl<A: Facts + ?Sized, B: Facts + ?Sized> Comparison<'_, '_, '_, A, B> {
    /// The parts of a difference, lost actions first.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn parts(&self, difference: &Difference) -> Result<Vec<DifferencePart>> {
        let mut parts: Vec<DifferencePart> = Vec::new();
        if !difference.lost.is_empty() {
            let on = self.nearest_before(difference.resource)?;
            let group_for = |action| via(self.before, difference.principal.0, action, on);
            add_parts(&mut parts, false, &difference.lost, is_alone(self.before, difference.principal.0)?, &group_for)?;
        }
        if !difference.gained.is_empty() {
            let on = self.nearest_after(difference.resource)?;
            let group_for = |action| via(self.after, difference.principal.1, action, on);
            add_parts(&mut parts, true, &difference.gained, is_alone(self.after, difference.principal.1)?, &group_for)?;
        }
        Ok(parts)
    }

    /// The number of items below an item, which its row covers too; `None` for any other kind.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn items(&self, resource: Pair, counts: &mut Counts) -> Result<Option<usize>> {
        if let Some(known) = counts.0.get(&resource) {
            return Ok(Some(*known));
        }
        let count = match resource {
            (_, Some(id)) => count(self.after.facts(), id)?,
            (Some(id), None) => count(self.before.facts(), id)?,
            (None, None) => None,
        };
        counts.0.extend(count.map(|count| (resource, count)));
        Ok(count)
    }
}

/// Adds the parts for the gained or the lost actions. If nothing can come through a group, there is one part.
fn add_parts(
    parts: &mut Vec<DifferencePart>,
    gained: bool,
    actions: &[Action],
    is_alone: bool,
    group_for: &dyn Fn(Action) -> Result<Option<Id>>,
) -> Result<()> {
    if is_alone {
        parts.push(DifferencePart { gained, actions: actions.to_vec(), via: None });
        return Ok(());
    }
    for action in actions {
        let via = group_for(*action)?;
        match parts.iter_mut().find(|part| part.gained == gained && part.via == via) {
            Some(part) => part.actions.push(*action),
            None => parts.push(DifferencePart { gained, actions: vec![*action], via }),
        }
    }
    Ok(())
}

fn count<F: Facts + ?Sized>(facts: &F, item: Id) -> Result<Option<usize>> {
    if facts.header(item)?.is_none_or(|it| it.kind() != Kind::Item) {
        return Ok(None);
    }
    let (mut count, mut open) = (0, vec![item]);
    while let Some(next) = open.pop() {
        let inside = facts.ids(Kind::Item, Some(next))?;
        count += inside.len();
        open.extend(inside);
    }
    Ok(Some(count))
}

/// Whether a principal can have nothing through a group or workgroup: it is in none, as most principals are, or its
/// groups hold nothing.
fn is_alone<F: Facts + ?Sized>(evaluator: &Evaluator<'_, F>, who: Option<Id>) -> Result<bool> {
    const IN: [Role; 3] = [Role::GroupMember, Role::WorkgroupStandard, Role::WorkgroupAdmin];
    let (Some(who), facts) = (who, evaluator.facts()) else { return Ok(true) };
    if !facts.roles_of(who)?.has_any(&IN) {
        return Ok(true);
    }
    for other in evaluator.subject(who)?.principals()?.iter().filter(|it| **it != who && **it > Id::LAST_RESERVED) {
        if facts.roles_of(*other)? != Roles::NONE {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The group or workgroup through which a principal may do an action on a resource.
fn via<F: Facts + ?Sized>(
    evaluator: &Evaluator<'_, F>,
    who: Option<Id>,
    action: Action,
    on: Option<Id>,
) -> Result<Option<Id>> {
    let (Some(who), Some(on)) = (who, on) else { return Ok(None) };
    let subject = evaluator.subject(who)?;
    let Some(target) = evaluator.target(on)? else { return Ok(None) };
    let mut through = None;
    // A root folder stands for what lies below it.
    let asked = if target.kind == Kind::Item { action.on_unregistered() } else { action };
    for step in decide_on(&subject, asked, &target)?.proof {
        match step {
            ProofStep::Member(membership) => through = Some(membership.resource),
            ProofStep::Role(_) | ProofStep::Share(_) => break,
            _ => {}
        }
    }
    Ok(through)
}
