//! Lookup of items: on which files and folders a subject may do which actions.
//!
//! A subject has on an item what it has on the folder above, except at boundaries: items with shares or
//! ownership of the subject, the root folder of an endpoint on which it has a role, the files of a workspace
//! that it manages, and its home folders. Only boundaries are evaluated; the other items follow from them.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;

use hashbrown::{HashMap, HashSet};

use super::allowed_actions::{allowed, allowed_beneath};
use super::filter::{ClassBaseline, Filter, ItemDetail, VisitResource};
use crate::model::attributes::{Attributes, Home, Sharing};
use crate::model::{Action, Id, Kind, Permissions, Role, Verb};
use crate::policy::content::{permissions_ignoring_status_on, root_upload};
use crate::policy::evaluator::Evaluator;
use crate::policy::facts::{Facts, ResourceHeader, Result};
use crate::policy::subject::{PrincipalKind, Subject};

/// Visits the items, parents before children.
pub(super) fn list<'f, F: Facts + ?Sized>(
    evaluator: &Evaluator<'f, F>,
    (subject, common): (&Subject<'f, F>, Option<&ClassBaseline<'_, 'f, F>>),
    filter: &Filter,
    actions: &[Action],
    detail: ItemDetail,
    visit: VisitResource<'_>,
) -> Result<ControlFlow<()>> {
    if subject.principal_kind == PrincipalKind::Account && !subject.is_registered() {
        return Ok(ControlFlow::Continue(()));
    }
    let mut items = ItemEvaluator::new(evaluator, subject, actions, detail)?;
    // In outline, a boundary may also be where a grant of a class adds to the subject's own grants. Item by
    // item, each such item is below a boundary of the subject's own and is visited anyway.
    let mut boundaries = match (common, detail) {
        (Some(common), ItemDetail::All) => boundaries_in(evaluator, subject, &granted(common.own)?)?,
        _ => boundaries_in(evaluator, subject, &items.granted)?,
    };
    let mut class = common.map(|common| ItemEvaluator::new(evaluator, common.class, actions, detail)).transpose()?;
    if let Some(under) = filter.under {
        let mut inside = vec![under];
        for item in boundaries {
            let Some(target) = evaluator.target(item)? else { continue };
            if item != under && target.self_and_ancestors(evaluator.facts())?.iter().any(|above| above.id == under) {
                inside.push(item);
            }
        }
        boundaries = inside;
    }
    match detail {
        ItemDetail::Boundaries => {
            let mut found = Vec::new();
            for item in boundaries {
                let Some(view) = items.view_of(item)? else { continue };
                let here = items.answer(view.here, item)?;
                let is_boundary = match view.above {
                    Some((parent, above)) if filter.under != Some(item) => here != items.answer(above, parent)?,
                    _ => !here.is_empty(),
                };
                // Every account has the same actions there.
                let is_common = match &mut class {
                    Some(class) if is_boundary => match class.view_of(item)? {
                        Some(view) => class.answer(view.here, item)? == here,
                        None => false,
                    },
                    _ => false,
                };
                if is_boundary && !is_common {
                    found.push((view.depth, item, here));
                }
            }
            // By depth and not by id alone: a moved item may lie in a younger folder.
            found.sort_unstable_by_key(|(depth, item, _)| (*depth, *item));
            for (_, item, here) in found {
                if visit(item, &here)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        ItemDetail::All => {
            let all: HashSet<Id> = boundaries.iter().copied().collect();
            for item in boundaries {
                // An item below another boundary is visited with that boundary.
                let nested = match evaluator.target(item)? {
                    Some(target) => target
                        .self_and_ancestors(evaluator.facts())?
                        .iter()
                        .skip(1)
                        .any(|above| all.contains(&above.id)),
                    None => true,
                };
                if !nested && items.beneath(item, visit)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// The boundaries of a subject, sorted by id.
fn boundaries_in<'f, F: Facts + ?Sized>(
    evaluator: &Evaluator<'f, F>,
    subject: &Subject<'f, F>,
    granted: &HashMap<Id, Permissions>,
) -> Result<Vec<Id>> {
    let facts = evaluator.facts();
    let mut found: Vec<Id> = granted.keys().copied().collect();
    homes_of_others(evaluator, subject, &mut found)?;
    // Uploads that are denied directly in the own home folder may be allowed below it.
    let mut next = 0;
    while let Some(home) = found.get(next).copied() {
        next += 1;
        let header = facts.header(home)?;
        if home_of(header.as_ref()) == Some(subject.id) {
            found.extend(facts.ids(Kind::Item, Some(home))?);
        }
    }
    of_roles(subject, &mut |item, _| found.push(item))?;
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Visits the items that roles on endpoints, workspaces and organizations give access to, with the role.
fn of_roles<F: Facts + ?Sized>(subject: &Subject<'_, F>, visit: &mut dyn FnMut(Id, Role)) -> Result<()> {
    let facts = subject.facts();
    let mut held = Vec::new();
    subject.each_level(
        &[Role::EndpointAdministrator, Role::AccessManager, Role::WorkspaceManager, Role::OrgAdmin],
        &mut |binding| {
            held.push((binding.resource, binding.role));
            Ok(ControlFlow::Continue(()))
        },
    )?;
    for (resource, role) in held {
        match facts.header(resource)?.map(|it| it.kind()) {
            Some(Kind::Endpoint) => {
                if let Some(root) = facts.id_named(Kind::Item, Some(resource), "/")? {
                    visit(root, role);
                }
            }
            Some(Kind::Org) => facts.resources(Kind::Workspace, Some(resource), &mut |workspace| {
                if let Some(files) = workspace.as_workspace().and_then(|it| it.files) {
                    visit(files, role);
                }
                Ok(ControlFlow::Continue(()))
            })?,
            Some(Kind::Workspace) => {
                if let Some(Attributes::Workspace(it)) = facts.header(resource)?.as_ref().map(|it| &*it.attributes)
                    && let Some(files) = it.files
                {
                    visit(files, role);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The home folders of accounts, by account.
pub(super) type Homes = HashMap<Id, Vec<Id>>;

/// The home folders that lie in the files folder of a workspace, by the account that they were made for.
pub(super) fn homes<F: Facts + ?Sized>(facts: &F) -> Result<Homes> {
    let mut folders = Vec::new();
    facts.resources(Kind::Workspace, None, &mut |workspace| {
        folders.extend(workspace.as_workspace().and_then(|it| it.files));
        Ok(ControlFlow::Continue(()))
    })?;
    let mut found = Homes::new();
    for folder in folders {
        facts.resources(Kind::Item, Some(folder), &mut |item| {
            if let Some(home) = item.as_item().and_then(|it| it.home) {
                found.entry(home.of).or_default().push(item.id);
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(found)
}

/// What begins or ends at an item for a subject, as bits: one for each permission, then the constants below.
pub(super) type Boundary = u64;

const OWN_HOME: Boundary = 1 << 8;
const IN_HOME: Boundary = 1 << 9;
const UPLOADS: Boundary = 1 << 10;
/// The first bit of the roles.
const ROLES: u32 = 11;

/// The boundaries of a subject, with what begins or ends at each.
pub(super) fn boundaries<'f, F: Facts + ?Sized>(
    evaluator: &Evaluator<'f, F>,
    subject: &Subject<'f, F>,
    granted: &HashMap<Id, Permissions>,
    homes: &Homes,
) -> Result<HashMap<Id, Boundary>> {
    let facts = evaluator.facts();
    let mut found: HashMap<Id, Boundary> = HashMap::new();
    let mut own: Vec<Id> = homes.get(&subject.id).cloned().unwrap_or_default();
    for (item, permissions) in granted {
        found.insert(*item, permissions.iter().fold(0, |bits, it| bits | (1 << it as u32)));
        if home_of(facts.header(*item)?.as_ref()) == Some(subject.id) {
            own.push(*item);
        }
    }
    // Uploads that are denied directly in the own home folder may be allowed below it.
    for home in own {
        let Some(target) = evaluator.target(home)? else { continue };
        let (uploads, ()) = root_upload(subject, Action::Plain(Verb::Upload), &target)?;
        let uploads = if uploads { UPLOADS } else { 0 };
        *found.entry(home).or_default() |= OWN_HOME | uploads;
        for inside in facts.ids(Kind::Item, Some(home))? {
            *found.entry(inside).or_default() |= IN_HOME | uploads;
        }
    }
    of_roles(subject, &mut |item, role| *found.entry(item).or_default() |= 1 << (ROLES + role as u32))?;
    Ok(found)
}

/// The permissions that the shares and the ownership of a subject give, by the item that they are on.
pub(super) fn granted<F: Facts + ?Sized>(subject: &Subject<'_, F>) -> Result<HashMap<Id, Permissions>> {
    let facts = subject.facts();
    let mut found: HashMap<Id, Permissions> = HashMap::new();
    for principal in subject.principals()? {
        facts.holdings(*principal, &[Role::ItemShare], subject.at, &mut |share| {
            let all = found.entry(share.resource).or_insert(Permissions::NONE);
            *all = all.union(share.permissions);
        })?;
    }
    facts.holdings(subject.id, &[Role::ItemOwner], subject.at, &mut |owned| {
        found.insert(owned.resource, Permissions::EDIT);
    })?;
    Ok(found)
}

/// Adds the home folders that were made for a subject and that it does not own. Uploads directly into them may be
/// denied all the same, if the subject has permissions from a folder above.
fn homes_of_others<'f, F: Facts + ?Sized>(
    evaluator: &Evaluator<'f, F>,
    subject: &Subject<'f, F>,
    found: &mut Vec<Id>,
) -> Result<()> {
    if subject.principal_kind != PrincipalKind::Account {
        return Ok(());
    }
    let facts = evaluator.facts();
    let mut workspaces = Vec::new();
    subject.each_level(&Role::WORKSPACE, &mut |membership| {
        workspaces.push(membership.resource);
        Ok(ControlFlow::Continue(()))
    })?;
    for workspace in workspaces {
        let files = match facts.header(workspace)?.as_ref().map(|it| &*it.attributes) {
            Some(Attributes::Workspace(it)) => it.files,
            _ => None,
        };
        let (Some(files), Some(workspace)) = (files, evaluator.target(workspace)?) else { continue };
        let Some(top) = evaluator.target(files)? else { continue };
        let (allowed, ()) = root_upload(subject, Action::Plain(Verb::UploadToRoot), &workspace)?;
        if allowed || permissions_ignoring_status_on(subject, &top)?.is_empty() {
            continue;
        }
        facts.resources(Kind::Item, Some(files), &mut |item| {
            let own = item.as_item().and_then(|it| it.home).is_some_and(|home| home.of == subject.id);
            found.extend(own.then_some(item.id));
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(())
}

/// The endpoints and workspaces on which a subject has a role.
fn resources_with_roles<F: Facts + ?Sized>(subject: &Subject<'_, F>) -> Result<HashSet<Id>> {
    let mut found = HashSet::new();
    subject.each_level(&[&Role::ENDPOINT[..], &Role::WORKSPACE[..]].concat(), &mut |binding| {
        found.insert(binding.resource);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// The account whose home folder a resource is, if it is one.
fn home_of(header: Option<&ResourceHeader>) -> Option<Id> {
    match &*header?.attributes {
        Attributes::Item(item) => item.home.map(|home| home.of),
        _ => None,
    }
}

/// Everything that an answer about an item depends on for one subject. Items of the same class get the
/// same answer, so each class is evaluated once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct ItemClass {
    /// The endpoint and the workspace, if the subject has a role there; the others make no difference.
    endpoint: Option<Id>,
    workspace: Option<Id>,
    sharing: Option<Sharing>,
    held: Permissions,
    is_folder: bool,
    /// Whether the item is the root folder of its endpoint.
    is_root: bool,
    /// The workspace of the subject's home folder, if an upload to the item lands directly in that folder.
    home: Option<Id>,
}

/// Cached answers by class, shared by all subjects without a role there.
pub(super) type Answers = RefCell<HashMap<ItemClass, Rc<[Action]>>>;

/// Evaluates items for one subject.
pub(super) struct ItemEvaluator<'s, 'f, F: Facts + ?Sized> {
    evaluator: &'s Evaluator<'f, F>,
    subject: &'s Subject<'f, F>,
    actions: &'s [Action],
    detail: ItemDetail,
    /// The endpoints and workspaces on which the subject has a role.
    roles: HashSet<Id>,
    /// The permissions from the subject's own shares and ownership, by item.
    granted: HashMap<Id, Permissions>,
    /// The permissions from shares with the subject's class, by item.
    common: Option<&'s HashMap<Id, Permissions>>,
    by_class: HashMap<ItemClass, Rc<[Action]>>,
    answers: Option<&'s Answers>,
}

/// The result of one walk up from an item: the classes of the item and of the folder above.
struct ItemView {
    depth: usize,
    here: ItemClass,
    above: Option<(Id, ItemClass)>,
}

impl<'s, 'f, F: Facts + ?Sized> ItemEvaluator<'s, 'f, F> {
    fn new(
        evaluator: &'s Evaluator<'f, F>,
        subject: &'s Subject<'f, F>,
        actions: &'s [Action],
        detail: ItemDetail,
    ) -> Result<ItemEvaluator<'s, 'f, F>> {
        let (roles, granted) = (resources_with_roles(subject)?, granted(subject)?);
        Ok(ItemEvaluator {
            evaluator,
            subject,
            actions,
            detail,
            roles,
            granted,
            common: None,
            by_class: HashMap::new(),
            answers: None,
        })
    }

    /// An evaluator for one of many subjects, from its own grants and those of its class.
    pub(super) fn of_many(
        evaluator: &'s Evaluator<'f, F>,
        subject: &'s Subject<'f, F>,
        actions: &'s [Action],
        granted: HashMap<Id, Permissions>,
        common: &'s HashMap<Id, Permissions>,
        answers: &'s Answers,
    ) -> Result<ItemEvaluator<'s, 'f, F>> {
        let roles = resources_with_roles(subject)?;
        let (common, answers, detail) = (Some(common), Some(answers), ItemDetail::Boundaries);
        Ok(ItemEvaluator {
            evaluator,
            subject,
            actions,
            detail,
            roles,
            granted,
            common,
            by_class: HashMap::new(),
            answers,
        })
    }

    /// The actions that are allowed on an item.
    pub(super) fn allowed(&mut self, item: Id) -> Result<Rc<[Action]>> {
        match self.view_of(item)? {
            Some(view) => self.answer(view.here, item),
            None => Ok(Rc::from([])),
        }
    }

    /// The permissions from shares and ownership on an item itself.
    fn granted_on(&self, item: Id) -> Permissions {
        let of = |map: &HashMap<Id, Permissions>| map.get(&item).copied().unwrap_or(Permissions::NONE);
        of(&self.granted).union(self.common.map_or(Permissions::NONE, of))
    }

    /// The actions that are allowed on an item, from the cache if another item of its class was evaluated.
    fn answer(&mut self, alike: ItemClass, item: Id) -> Result<Rc<[Action]>> {
        if let Some(known) = self.by_class.get(&alike) {
            return Ok(Rc::clone(known));
        }
        let is_anybodys = alike.endpoint.is_none() && alike.workspace.is_none() && alike.home.is_none();
        let answers = self.answers.filter(|_| is_anybodys);
        if let Some(known) = answers.and_then(|answers| answers.borrow().get(&alike).map(Rc::clone)) {
            return Ok(known);
        }
        let allowed: Rc<[Action]> = match self.evaluator.target(item)? {
            Some(target) => match self.detail {
                ItemDetail::Boundaries => allowed_beneath(self.subject, self.actions, &target)?.into(),
                ItemDetail::All => allowed(self.subject, self.actions, &target)?.into(),
            },
            None => Rc::from([]),
        };
        match answers {
            Some(answers) => answers.borrow_mut().insert(alike, Rc::clone(&allowed)),
            None => self.by_class.insert(alike, Rc::clone(&allowed)),
        };
        Ok(allowed)
    }

    fn own_home(&self, home: Option<Home>) -> Option<Id> {
        home.filter(|home| home.of == self.subject.id).map(|home| home.workspace)
    }

    /// Walks up from an item.
    fn view_of(&self, item: Id) -> Result<Option<ItemView>> {
        let mut above = ItemClass { is_folder: true, ..ItemClass::default() };
        let (mut own, mut parent, mut depth) = (None, None, 0);
        self.evaluator.facts().each_ancestor(item, &mut |id, attributes| {
            depth += 1;
            match attributes {
                Attributes::Item(this) if depth == 1 => own = Some((this.is_folder(), this.files_of, this.home)),
                Attributes::Item(folder) => {
                    above.held = above.held.union(self.granted_on(id));
                    above.workspace = above.workspace.or(folder.files_of);
                    if depth == 2 {
                        parent = Some(id);
                        above.home = self.own_home(folder.home);
                    }
                }
                Attributes::Endpoint(endpoint) => {
                    above.sharing = Some(endpoint.kind.sharing());
                    above.endpoint = Some(id).filter(|id| self.roles.contains(id));
                }
                _ => {}
            }
        })?;
        let Some((is_folder, files_of, home)) = own else { return Ok(None) };
        if let (Some(endpoint), Some(Sharing::Managed)) = (above.endpoint, above.sharing)
            && self.subject.holds(Role::AccessManager, endpoint)?
        {
            above.held = Permissions::EDIT;
        }
        let workspace = files_of.or(above.workspace).filter(|id| self.roles.contains(id));
        above.workspace = above.workspace.filter(|id| self.roles.contains(id));
        let given = self.granted_on(item);
        let here = ItemClass {
            workspace,
            held: above.held.union(given),
            is_folder,
            // In outline, the question is about what lies below, where the root folder is not special.
            is_root: parent.is_none() && self.detail == ItemDetail::All,
            home: if is_folder { self.own_home(home) } else { above.home },
            ..above
        };
        Ok(Some(ItemView { depth, here, above: parent.map(|parent| (parent, above)) }))
    }

    /// Visits an item and every item below it.
    fn beneath(&mut self, top: Id, visit: VisitResource<'_>) -> Result<ControlFlow<()>> {
        let mut open = vec![top];
        while let Some(item) = open.pop() {
            if let Some(view) = self.view_of(item)? {
                let allowed = self.answer(view.here, item)?;
                if !allowed.is_empty() && visit(item, &allowed)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            let mut below = self.evaluator.facts().ids(Kind::Item, Some(item))?;
            below.sort_unstable_by(|a, b| b.cmp(a));
            open.extend(below);
        }
        Ok(ControlFlow::Continue(()))
    }
}
