//! Members of groups, workgroups and dropboxes: the verbs and lists that the three kinds share.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::ControlFlow;
use std::rc::Rc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::args::{PageArgs, ReadArgs, WriteArgs, name, reference};
use super::binding_columns::BindingColumns;
use super::session::Session;
use super::view::ReadView;
use super::{Outcome, complete, examples};
use crate::model::{Binding, Id, Kind, Problem, Reference, Resource, Role, Verb};
use crate::ops::membership;
use crate::policy::{BindingQuery, Facts, Subject};
use crate::render::{Column, RenderError, hidden, key, row, shown};

// The verbs for members that workgroups and dropboxes share. They differ in their examples.
#[derive(Subcommand, Debug)]
pub(super) enum MemberCommand<const OF_DROPBOX: bool> {
    /// Remove members
    #[command(after_long_help = if OF_DROPBOX { examples::DROPBOX_REMOVE_MEMBER } else { examples::WORKGROUP_REMOVE_MEMBER })]
    RemoveMember(MembershipArgs),
    /// Deactivate memberships: they stay listed and give nothing
    #[command(after_long_help = if OF_DROPBOX { examples::DROPBOX_DEACTIVATE_MEMBER } else { examples::WORKGROUP_DEACTIVATE_MEMBER })]
    DeactivateMember(MembershipArgs),
    /// Activate memberships again
    #[command(after_long_help = if OF_DROPBOX { examples::DROPBOX_ACTIVATE_MEMBER } else { examples::WORKGROUP_ACTIVATE_MEMBER })]
    ActivateMember(MembershipArgs),
    /// List the members
    #[command(after_long_help = if OF_DROPBOX { examples::DROPBOX_MEMBERS } else { examples::WORKGROUP_MEMBERS })]
    Members(MembersArgs),
    /// Designate members as admins
    #[command(after_long_help = if OF_DROPBOX { examples::DROPBOX_ADD_ADMIN } else { examples::WORKGROUP_ADD_ADMIN })]
    AddAdmin(MembershipArgs),
    /// Undesignate admins; they stay members
    #[command(after_long_help = if OF_DROPBOX { examples::DROPBOX_REMOVE_ADMIN } else { examples::WORKGROUP_REMOVE_ADMIN })]
    RemoveAdmin(MembershipArgs),
}

// A group, workgroup or dropbox, and the members to add, remove or change.
#[derive(Args, Debug)]
pub(super) struct MembershipArgs {
    /// The name
    #[arg(value_name = "NAME", add = complete::names_of_noun())]
    pub(super) name: String,
    /// Accounts, and groups as `group:NAME` (can be repeated)
    #[arg(value_name = "WHO", value_parser = reference, required = true, add = complete::members())]
    pub(super) who: Vec<Reference>,
    #[command(flatten)]
    pub(super) writing: WriteArgs,
}

// A group, workgroup or dropbox whose members are listed.
#[derive(Args, Debug)]
pub(super) struct MembersArgs {
    /// The name
    #[arg(value_name = "NAME", add = complete::names_of_noun())]
    name: String,
    /// Show accounts in place of groups, with the groups they come through
    #[arg(long)]
    expand: bool,
    #[command(flatten)]
    paging: PageArgs,
    #[command(flatten)]
    reading: ReadArgs,
}

impl<const OF_DROPBOX: bool> MemberCommand<OF_DROPBOX> {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let kind = if OF_DROPBOX { Kind::Dropbox } else { Kind::Workgroup };
        match self {
            MemberCommand::RemoveMember(it) => it.remove(session, kind),
            MemberCommand::DeactivateMember(it) => it.set_active(session, kind, false),
            MemberCommand::ActivateMember(it) => it.set_active(session, kind, true),
            MemberCommand::Members(it) => it.run(session, kind),
            MemberCommand::AddAdmin(it) => it.set_admin(session, kind, true),
            MemberCommand::RemoveAdmin(it) => it.set_admin(session, kind, false),
        }
    }
}

impl MembershipArgs {
    pub(super) fn add(&self, session: &mut Session<'_>, kind: Kind, level: Option<Role>) -> Outcome {
        let group = name(kind, &self.name)?;
        let who = &self.who;
        session.change(&self.writing, |tx| membership::add(tx, kind, &group, who, level))
    }

    pub(super) fn remove(&self, session: &mut Session<'_>, kind: Kind) -> Outcome {
        let group = name(kind, &self.name)?;
        let who = &self.who;
        session.change(&self.writing, |tx| membership::remove(tx, kind, &group, who))
    }

    fn set_active(&self, session: &mut Session<'_>, kind: Kind, active: bool) -> Outcome {
        let group = name(kind, &self.name)?;
        let who = &self.who;
        session.change(&self.writing, |tx| membership::set_active(tx, kind, &group, who, active))
    }

    fn set_admin(&self, session: &mut Session<'_>, kind: Kind, designate: bool) -> Outcome {
        let group = name(kind, &self.name)?;
        let who = &self.who;
        session.change(&self.writing, |tx| membership::set_admin(tx, kind, &group, who, designate))
    }
}

static COLUMNS: [Column; 6] =
    [hidden("ref"), key("member"), shown("level"), shown("active"), key("via"), hidden("revision")];

impl MembersArgs {
    pub(super) fn run(&self, session: &mut Session<'_>, kind: Kind) -> Outcome {
        let group = name(kind, &self.name)?;
        session.read(self.reading.at.as_deref(), |session, view| {
            let group = view.find(kind, &group)?;
            let found = visible(view, &group)?;
            let (found, paths) = match self.expand {
                true => expanded(view, &group, found)?,
                false => (found.into_iter().map(|it| (it.principal, it, None)).collect(), GroupPaths::default()),
            };
            let shared = BindingColumns::read(view)?;
            session.list_sorted(&shared.with(&COLUMNS), &self.paging, |put| {
                for (member, binding, step) in found {
                    let member = view.participant(&binding, member)?;
                    let values = [
                        json!(group.reference()),
                        json!(member),
                        json!(binding.role.as_str()),
                        json!(!binding.attributes.inactive),
                        step.map_or(Ok(Value::Null), |step| paths.describe(view, step).map(Value::String))?,
                        json!(binding.since),
                    ];
                    let mut row = row(&COLUMNS, values);
                    shared.add(view, &binding, &mut row)?;
                    put(&crate::model::name::key(&member), row)?;
                }
                Ok(())
            })
        })
    }
}

/// Memberships, each with its member and the index of the path through groups that gives it.
type MembershipRows = Vec<(Id, Binding, Option<usize>)>;

/// The memberships of a group, workgroup or dropbox that the reader may see.
fn visible(view: &ReadView<'_>, group: &Resource) -> Result<Vec<Binding>, RenderError> {
    let mut found: Vec<Binding> = Vec::new();
    for role in Role::levels(group.kind()) {
        found.extend(view.facts.list_bindings(BindingQuery::OnAs(group.id, *role))?);
    }
    view.transaction()?.require_verb(Verb::ViewMembers, group.id)?;
    visible_bindings(view, found)
}

/// The bindings that the reader may see.
fn visible_bindings(view: &ReadView<'_>, found: Vec<Binding>) -> Result<Vec<Binding>, RenderError> {
    let viewer = view.viewer()?;
    let mut visible = Vec::with_capacity(found.len());
    for it in found {
        if viewer.sees_binding(&it)? {
            visible.push(it);
        }
    }
    Ok(visible)
}

/// Replaces groups by the accounts in them. An account has a row for its direct membership and at most one for a path
/// through groups: the shortest of those with the strongest level. So each group is opened once, however many paths
/// lead to it.
///
/// A group is opened for readers who may list it, and for readers who may ask about others on `of`, since they can
/// check each account there. Other readers see the group itself.
fn expanded(
    view: &ReadView<'_>,
    of: &Resource,
    mut found: Vec<Binding>,
) -> Result<(MembershipRows, GroupPaths), RenderError> {
    let viewer = view.viewer()?;
    let asks_about_others = viewer.may_ask_about_others(of.id, of.kind())?;
    let mut rows = Vec::new();
    let mut paths = GroupPaths::default();
    let (mut opened, mut listed) = (HashSet::new(), HashSet::new());
    let is_group = |id| Ok::<_, Problem>(view.facts.resource(id)?.is_some_and(|it| it.kind() == Kind::Group));
    // Inactive memberships give least. The active ones already begin with the strongest level.
    found.sort_by_key(|binding| binding.attributes.inactive);
    let mut found = found.into_iter().peekable();
    while let Some(binding) = found.next() {
        let rank = (binding.role, binding.attributes.inactive);
        let mut same = vec![binding];
        while let Some(next) = found.next_if(|it| (it.role, it.attributes.inactive) == rank) {
            same.push(next);
        }
        let mut open = VecDeque::new();
        for binding in same {
            if !is_group(binding.principal)? {
                rows.push((binding.principal, binding, None));
            } else if opened.insert(binding.principal) {
                open.push_back((paths.add(binding.principal, None), binding));
            }
        }
        while let Some((index, binding)) = open.pop_front() {
            let Some(group) = paths.at(index) else { continue };
            let mut is_whole = true;
            for inner in view.facts.list_bindings(BindingQuery::members_of(group))? {
                if !asks_about_others && !viewer.sees_binding(&inner)? {
                    is_whole = false;
                } else if is_group(inner.principal)? {
                    if opened.insert(inner.principal) {
                        open.push_back((paths.add(inner.principal, Some(index)), binding.clone()));
                    }
                } else if listed.insert(inner.principal) {
                    rows.push((inner.principal, binding.clone(), Some(index)));
                }
            }
            if !is_whole {
                rows.push((group, binding, paths.from(index)));
            }
        }
    }
    Ok((rows, paths))
}

/// The paths through groups, as a tree: each step refers to the one before it. So the memory is one step for each
/// group, however deep groups are nested.
#[derive(Default)]
struct GroupPaths {
    steps: Vec<PathStep>,
    names: RefCell<HashMap<Id, Rc<str>>>,
}

struct PathStep {
    group: Id,
    from: Option<usize>,
    depth: usize,
    /// The index of the path's step at depth [`GroupPaths::SHOWN_AT_EACH_END`]; of this step if the path is shorter.
    head: usize,
}

impl GroupPaths {
    /// The number of groups shown at each end of a long path.
    const SHOWN_AT_EACH_END: usize = 3;
    /// The length of the longest path that is shown whole.
    const SHOWN_WHOLE: usize = 8;

    fn add(&mut self, group: Id, from: Option<usize>) -> usize {
        let index = self.steps.len();
        let before = from.and_then(|from| self.steps.get(from));
        let depth = before.map_or(1, |before| before.depth + 1);
        let head = before.filter(|_| depth > GroupPaths::SHOWN_AT_EACH_END).map_or(index, |before| before.head);
        self.steps.push(PathStep { group, from, depth, head });
        index
    }

    fn from(&self, index: usize) -> Option<usize> {
        self.steps.get(index)?.from
    }

    fn at(&self, index: usize) -> Option<Id> {
        Some(self.steps.get(index)?.group)
    }

    /// The last groups of the path to a step, at most `most`, from outer to inner.
    fn end(&self, index: usize, most: usize) -> Vec<Id> {
        let mut found = Vec::new();
        let mut next = Some(index);
        while let Some(step) = next.filter(|_| found.len() < most).and_then(|index| self.steps.get(index)) {
            found.push(step.group);
            next = step.from;
        }
        found.reverse();
        found
    }

    /// The path to a step as text: its groups in order; of a long path only both ends and the number between them.
    fn describe(&self, view: &ReadView<'_>, index: usize) -> Result<String, Problem> {
        let Some(step) = self.steps.get(index) else { return Ok(String::new()) };
        let names = |ids: Vec<Id>| ids.into_iter().map(|id| self.name(view, id)).collect::<Result<Vec<_>, _>>();
        if step.depth <= GroupPaths::SHOWN_WHOLE {
            return Ok(names(self.end(index, GroupPaths::SHOWN_WHOLE))?.join(" > "));
        }
        let (first, last) = (
            names(self.end(step.head, GroupPaths::SHOWN_AT_EACH_END))?,
            names(self.end(index, GroupPaths::SHOWN_AT_EACH_END))?,
        );
        let between = step.depth - first.len() - last.len();
        Ok(format!("{} > ({between} more) > {}", first.join(" > "), last.join(" > ")))
    }

    fn name(&self, view: &ReadView<'_>, id: Id) -> Result<Rc<str>, Problem> {
        if let Some(known) = self.names.borrow().get(&id) {
            return Ok(Rc::clone(known));
        }
        let name: Rc<str> = view.name(id)?.into();
        self.names.borrow_mut().insert(id, Rc::clone(&name));
        Ok(name)
    }
}

/// The memberships of an account that the reader may see: direct ones, and those through groups with their paths.
pub(super) fn memberships(view: &ReadView<'_>, account: Id) -> Result<Vec<Value>, RenderError> {
    let subject = Subject::new(&view.facts, account, view.at)?;
    let viewer = view.viewer()?;
    let is_own = view.actor.principal().is_none_or(|actor| actor == account);
    let mut found: Vec<Binding> = Vec::new();
    let mut keep = |binding: &Binding| {
        found.push(binding.clone());
        Ok(ControlFlow::Continue(()))
    };
    let levels = [&Role::GROUP[..], &Role::WORKGROUP, &Role::DROPBOX].concat();
    subject.each_level(&levels, &mut keep)?;
    let mut paths = GroupPaths::default();
    // The index of each group's step; `None` for the account itself, which is not a step.
    let mut steps: Vec<Option<usize>> = Vec::new();
    let mut of_group: HashMap<Id, usize> = HashMap::new();
    for (group, from) in subject.groups_with_parents()? {
        let Some(from) = from else {
            steps.push(None);
            continue;
        };
        let step = paths.add(group, steps.get(from).copied().flatten());
        steps.push(Some(step));
        of_group.insert(group, step);
    }
    let mut rows = Vec::new();
    for binding in found {
        let Some(resource) = view.facts.resource(binding.resource)? else { continue };
        if !viewer.sees(&resource)? || !viewer.sees_binding(&binding)? {
            continue;
        }
        let via = match of_group.get(&binding.principal) {
            // The row discloses members of the groups on the path.
            Some(step) if is_own || viewer.may_ask_about_others(resource.id, resource.kind())? => {
                Value::String(paths.describe(view, *step)?)
            }
            Some(step) => {
                let mut is_visible = true;
                for group in paths.end(*step, usize::MAX) {
                    is_visible = is_visible && viewer.may_list_members(group)?;
                }
                if !is_visible {
                    continue;
                }
                Value::String(paths.describe(view, *step)?)
            }
            None => Value::Null,
        };
        rows.push(
            json!({"of": resource.reference(), "level": binding.role.as_str(), "via": via, "revision": binding.since}),
        );
    }
    Ok(rows)
}
