//! The effect of a change on people's access, for `--dry-run --access`: who would gain and lose which actions.
//!
//! `policy::listing` compares the facts before and after the change. This module hides what the reader may not see and
//! gives names to the rest.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::rc::Rc;

use hashbrown::HashMap;
use serde_json::{Map, Value, json};

use super::perm::action_names;
use crate::model::{Action, Binding, Id, Kind, Problem, Time};
use crate::ops::share::cascade::{is_delegated, unsupported};
use crate::ops::{Actor, affected_set};
use crate::policy::listing::{AffectedSet, Comparison, Counts, Difference, DifferencePart, IdMap};
use crate::policy::{self, BindingQuery, Evaluator, Facts, RowChange, Viewer};
use crate::render::{Column, RenderError, Row, hidden, row, shown};

/// The field of an object that holds the rows.
pub(super) const ROWS: &str = "access";
/// The columns of the rows; a row says what one principal gains and loses on one resource.
pub(super) static COLUMNS: [Column; 6] =
    [shown("principal"), shown("resource"), hidden("items"), shown("gained"), shown("lost"), shown("via")];
static SHARES: [Column; 4] = [shown("item"), shown("principal"), shown("permissions"), shown("by")];

/// The effect of a change on people's access.
pub(super) struct AccessImpact {
    /// The differences that the reader may see.
    rows: Vec<ImpactRow>,
    /// Shares that would be left without their base.
    orphaned: Vec<Row>,
    /// The number of rows that the reader may not see.
    hidden: usize,
}

/// Lists of actions, joined for output; very many lines have the same list.
type Words<'t> = HashMap<&'t [Action], String>;

/// What one principal would gain and lose on one resource.
struct ImpactRow {
    who: Rc<str>,
    on: Rc<str>,
    items: Option<usize>,
    gained: Rc<[Action]>,
    lost: Rc<[Action]>,
    /// The parts of the difference, each with the group it comes through; empty if no part comes through a group.
    parts: Vec<(DifferencePart, Option<Rc<str>>)>,
}

impl AccessImpact {
    /// Compares the facts before and after some changes, as far as `actor` may see the differences.
    pub(super) fn of<A: Facts, B: Facts>(
        (before, after): (&A, &B),
        changes: &[RowChange],
        (actor, at): (Actor, Time),
    ) -> Result<AccessImpact, Problem> {
        let scope = affected_set(before, after, changes)?;
        let (panel_before, panel_after) = (Evaluator::new(before, at), Evaluator::new(after, at));
        let comparison = Comparison::new(&panel_before, &panel_after, IdMap::by_id());
        let mut collector = ImpactCollector {
            facts: (before, after),
            viewers: (Viewer::new(before, actor, at)?, Viewer::new(after, actor, at)?),
            comparison: &comparison,
            counts: Counts::default(),
            names: HashMap::new(),
            actions: HashMap::new(),
            impact: AccessImpact { rows: Vec::new(), orphaned: Vec::new(), hidden: 0 },
        };
        comparison.each(&scope, &mut |difference| {
            collector.add(difference)?;
            Ok(ControlFlow::Continue(()))
        })?;
        for share in orphaned(before, after, &scope, at)? {
            collector.add_orphaned(&share)?;
        }
        Ok(collector.impact)
    }

    /// Calls `tell` with each line of the output for people.
    pub(super) fn each_line(&self, tell: &mut dyn FnMut(&str) -> Result<(), RenderError>) -> Result<(), RenderError> {
        let mut words = Words::new();
        for row in &self.rows {
            row.each_line(&mut words, tell)?;
        }
        let notices = self.notices();
        notices.iter().try_for_each(|notice| tell(notice))?;
        match self.rows.is_empty() && notices.is_empty() {
            true => tell("nobody would gain or lose anything"),
            false => Ok(()),
        }
    }

    /// The differences as rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row> {
        self.rows.iter().map(ImpactRow::to_row)
    }

    /// The lines that accompany the rows: orphaned shares, and the number of hidden rows.
    pub(super) fn notices(&self) -> Vec<String> {
        let text = |row: &Row, field: &str| row.get(field).map(crate::render::plain).unwrap_or_default();
        let mut lines = Vec::new();
        for row in &self.orphaned {
            lines.push(format!(
                "! the share of {} with {} by {} would be left without its base",
                text(row, "item"),
                text(row, "principal"),
                text(row, "by")
            ));
        }
        if self.hidden > 0 {
            lines.push(format!("{} more, on what you do not administer", self.hidden));
        }
        lines
    }

    /// Adds the fields for programs: the orphaned shares and the number of hidden rows. The field of the rows is set to
    /// null, which reserves its position in the object.
    pub(super) fn add_to(&self, object: &mut Map<String, Value>) {
        object.insert(ROWS.to_owned(), Value::Null);
        object.insert("orphaned".to_owned(), json!(self.orphaned));
        object.insert("access_hidden".to_owned(), json!(self.hidden));
    }
}

impl ImpactRow {
    /// Calls `tell` with each line, losses before gains.
    fn each_line<'t>(
        &'t self,
        words: &mut Words<'t>,
        tell: &mut dyn FnMut(&str) -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        for (part, via) in &self.parts {
            tell(&self.line((part.gained, &part.actions), via.as_deref(), words))?;
        }
        for (gained, actions) in [(false, &self.lost), (true, &self.gained)] {
            if self.parts.is_empty() && !actions.is_empty() {
                tell(&self.line((gained, actions), None, words))?;
            }
        }
        Ok(())
    }

    /// A line: `+ user:bob gains download on node1:/projects (412 items) via group:editors`.
    fn line<'t>(&self, (gained, actions): (bool, &'t [Action]), via: Option<&str>, words: &mut Words<'t>) -> String {
        let joined = || actions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let actions = words.entry(actions).or_insert_with(joined);
        let verb = if gained { " gains " } else { " loses " };
        let mut line = [if gained { "+ " } else { "- " }, &self.who, verb, actions, " on ", &self.on].concat();
        match self.items {
            None | Some(0) => {}
            Some(1) => line.push_str(" (1 item)"),
            Some(items) => line.push_str(&format!(" ({items} items)")),
        }
        if let Some(via) = via {
            line.push_str(" via ");
            line.push_str(via);
        }
        line
    }

    fn to_row(&self) -> Row {
        let mut groups: Vec<&str> = Vec::new();
        for via in self.parts.iter().filter_map(|(_, via)| via.as_deref()) {
            groups.extend((!groups.contains(&via)).then_some(via));
        }
        let (gained, lost) = (action_names(&self.gained), action_names(&self.lost));
        row(&COLUMNS, [json!(*self.who), json!(*self.on), json!(self.items), gained, lost, json!(groups)])
    }
}

/// Collects differences into an [`AccessImpact`]: hides what the reader may not see and names the rest.
struct ImpactCollector<'t, 'p, 'f, A: Facts + ?Sized, B: Facts + ?Sized> {
    facts: (&'f A, &'f B),
    viewers: (Viewer<'f, A>, Viewer<'f, B>),
    comparison: &'t Comparison<'p, 'f, 'f, A, B>,
    counts: Counts,
    /// Names and lists of actions are shared: the same ones occur in very many rows.
    names: HashMap<Id, Rc<str>>,
    actions: HashMap<Vec<Action>, Rc<[Action]>>,
    impact: AccessImpact,
}

impl<A: Facts + ?Sized, B: Facts + ?Sized> ImpactCollector<'_, '_, '_, A, B> {
    fn add(&mut self, difference: Difference) -> policy::Result<()> {
        let (Some(who), Some(on)) =
            (difference.principal.0.or(difference.principal.1), difference.resource.0.or(difference.resource.1))
        else {
            return Ok(());
        };
        // What appears or disappears exists on one side only, so it is enough to see the access on one side.
        if !self.viewers.0.sees_access(who, on)? && !self.viewers.1.sees_access(who, on)? {
            self.impact.hidden += 1;
            return Ok(());
        }
        let mut parts = self.comparison.parts(&difference)?;
        if parts.iter().all(|part| part.via.is_none()) {
            parts.clear();
        }
        let named = |part: DifferencePart| -> policy::Result<_> {
            let via = part.via.map(|via| self.name(via)).transpose()?;
            Ok((part, via))
        };
        let parts = parts.into_iter().map(named).collect::<policy::Result<Vec<_>>>()?;
        let items = self.comparison.items(difference.resource, &mut self.counts)?;
        let (who, on) = (self.name(who)?, self.name(on)?);
        let mut kept = |actions: Vec<Action>| {
            let known = self.actions.entry(actions);
            Rc::clone(known.or_insert_with_key(|actions| Rc::from(actions.as_slice())))
        };
        let (gained, lost) = (kept(difference.gained), kept(difference.lost));
        self.impact.rows.push(ImpactRow { who, on, items, gained, lost, parts });
        Ok(())
    }

    fn add_orphaned(&mut self, share: &Binding) -> policy::Result<()> {
        if !self.viewers.0.may_ask_about_others(share.resource, Kind::Item)? {
            self.impact.hidden += 1;
            return Ok(());
        }
        let by = share.grantor.map_or_else(|| Ok(Rc::from("operator")), |id| self.name(id))?;
        let (item, principal) = (self.name(share.resource)?, self.name(share.principal)?);
        let permissions = json!(share.attributes.permissions);
        self.impact.orphaned.push(row(&SHARES, [json!(*item), json!(*principal), permissions, json!(*by)]));
        Ok(())
    }

    /// The reference of a principal or resource, including one that the change removes.
    fn name(&mut self, id: Id) -> policy::Result<Rc<str>> {
        if let Some(known) = self.names.get(&id) {
            return Ok(Rc::clone(known));
        }
        let (before, after) = self.facts;
        // told: each caller asks first whether the reader may see the line.
        let name = if after.header(id)?.is_some() { after.reference(id)? } else { before.reference(id)? };
        let name: Rc<str> = name.into();
        self.names.insert(id, Rc::clone(&name));
        Ok(name)
    }
}

/// The delegated shares that lack a base after a change and did not lack it before.
fn orphaned<A: Facts, B: Facts>(before: &A, after: &B, scope: &AffectedSet, at: Time) -> Result<Vec<Binding>, Problem> {
    let mut sharers: BTreeSet<Id> = BTreeSet::new();
    match &scope.holders {
        Some(holders) => sharers.extend(holders),
        None => sharers.extend(before.ids(Kind::Account, None)?),
    }
    let mut shares = Vec::new();
    for sharer in sharers {
        for share in after.list_bindings(BindingQuery::SharesBy(sharer))? {
            if share.is_effective(at) && is_delegated(after, &share)? {
                shares.push(share);
            }
        }
    }
    let hung: BTreeSet<Id> = unsupported(before, shares.clone(), at)?.into_iter().map(|loss| loss.share.id).collect();
    let hang = unsupported(after, shares, at)?.into_iter().map(|loss| loss.share);
    Ok(hang.filter(|share| !hung.contains(&share.id)).collect())
}
