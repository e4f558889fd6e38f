//! An index of the rows of one change, by the resources and principals that they concern. `required_actions` and
//! `undo` use it to find which rows come or go together with others.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::model::attributes::Attributes;
use crate::model::{Id, Kind, Resource, Role};
use crate::policy::RowChange;

/// The rows of one change, indexed by id. The time of a lookup does not depend on the number of rows.
#[derive(Debug, Default)]
pub struct ChangeIndex<'r> {
    created: HashMap<Id, &'r Rc<Resource>>,
    removed: HashMap<Id, &'r Rc<Resource>>,
    /// Resources with a new parent, and their parents before.
    moved: HashMap<Id, Option<Id>>,
    /// The ids of all rows of the change.
    touched: HashSet<Id>,
    /// Memberships of organizations and workspaces that begin or end: the resource and the principal.
    memberships: HashSet<(Id, Id)>,
    /// Bindings that begin or end, by principal: the resource and the role.
    held: HashMap<Id, Vec<(Id, Role)>>,
    /// The account roles that begin or end, by account.
    server_roles: HashMap<Id, Role>,
    /// Created items that are shared, and the created folders above them.
    shared: HashSet<Id>,
    /// Invitees for whom a link is created, changed or removed.
    linked: HashSet<Id>,
    /// Invitees for whom a link is created.
    invited: HashSet<Id>,
}

impl<'r> ChangeIndex<'r> {
    /// Indexes the rows of a change.
    pub fn new(rows: &'r [RowChange]) -> ChangeIndex<'r> {
        let mut all = ChangeIndex::default();
        for row in rows {
            all.touched.extend(row.id());
            match row {
                RowChange::Resource(before, after) => all.resource(before.as_ref(), after.as_ref()),
                RowChange::Binding(before, after) => {
                    let Some(any) = after.as_ref().or(before.as_deref()) else { continue };
                    let comes_or_goes = before.is_none() != after.is_none();
                    match any.role.resource_kind() {
                        Kind::Server if comes_or_goes => drop(all.server_roles.insert(any.principal, any.role)),
                        Kind::Org | Kind::Workspace if comes_or_goes => {
                            all.memberships.insert((any.resource, any.principal));
                        }
                        _ => {}
                    }
                    if comes_or_goes {
                        all.held.entry(any.principal).or_default().push((any.resource, any.role));
                    }
                }
            }
        }
        all.share();
        all
    }

    fn resource(&mut self, before: Option<&'r Rc<Resource>>, after: Option<&'r Rc<Resource>>) {
        match (before, after) {
            (None, Some(made)) => drop(self.created.insert(made.id, made)),
            (Some(ended), None) => drop(self.removed.insert(ended.id, ended)),
            (Some(before), Some(after)) if before.parent != after.parent => {
                self.moved.insert(after.id, before.parent);
            }
            _ => {}
        }
        for (side, is_made) in [(before, false), (after, before.is_none())] {
            let Some(Attributes::Invitation(it)) = side.map(|it| &it.attributes) else { continue };
            self.linked.extend(it.invitee);
            if is_made {
                self.invited.extend(it.invitee);
            }
        }
    }

    /// Finds the created items that are shared, and the created folders above them.
    fn share(&mut self) {
        let held = self.held.values().flatten().filter(|(_, role)| *role == Role::ItemShare);
        let mut open: Vec<Id> = held.map(|(item, _)| *item).collect();
        while let Some(item) = open.pop() {
            if let Some(made) = self.created.get(&item)
                && self.shared.insert(item)
            {
                open.extend(made.parent);
            }
        }
    }

    /// The resource that the change creates with an id.
    pub fn created(&self, id: Id) -> Option<&Rc<Resource>> {
        self.created.get(&id).copied()
    }

    /// The resource that the change removes with an id.
    pub fn removed(&self, id: Id) -> Option<&Rc<Resource>> {
        self.removed.get(&id).copied()
    }

    /// The ids of all resources that the change removes.
    pub fn all_removed(&self) -> impl Iterator<Item = Id> {
        self.removed.keys().copied()
    }

    /// The parent before the change of a resource that the change moves; `None` if it is not moved.
    pub(super) fn moved(&self, id: Id) -> Option<Option<Id>> {
        self.moved.get(&id).copied()
    }

    /// Whether the change has a row with that id.
    pub fn touches(&self, row: Id) -> bool {
        self.touched.contains(&row)
    }

    /// Whether a membership of an organization or a workspace begins or ends.
    pub(super) fn is_membership(&self, resource: Id, who: Id) -> bool {
        self.memberships.contains(&(resource, who))
    }

    /// The account role that begins or ends for an account.
    pub(super) fn server_role(&self, account: Id) -> Option<Role> {
        self.server_roles.get(&account).copied()
    }

    /// The workgroups and dropboxes in which a membership of an account begins or ends.
    pub(super) fn groups_of(&self, account: Id) -> impl Iterator<Item = Id> {
        let held = self.held.get(&account).into_iter().flatten();
        held.filter(|(_, role)| matches!(role.resource_kind(), Kind::Workgroup | Kind::Dropbox))
            .map(|(group, _)| *group)
    }

    /// Whether the change creates an item and shares it or something below it.
    pub(super) fn is_shared(&self, item: Id) -> bool {
        self.shared.contains(&item)
    }

    /// Whether the change creates a link for an invitee.
    pub(super) fn is_invited(&self, invitee: Id) -> bool {
        self.invited.contains(&invitee)
    }

    /// Whether a row is created with another row that is created, whose rights cover both.
    pub(super) fn comes_with_another(&self, row: &RowChange) -> bool {
        match row {
            RowChange::Resource(None, Some(made)) => match made.kind() {
                Kind::Item => made.is_root() && made.parent.is_some_and(|it| self.created.contains_key(&it)),
                Kind::Invitee => self.linked.contains(&made.id),
                _ => false,
            },
            RowChange::Binding(None, Some(made)) => match made.role.resource_kind() {
                Kind::Server => self.created.contains_key(&made.principal),
                Kind::Package => self.created.contains_key(&made.resource),
                _ => self.is_of_link(made.role, made.attributes.invitation),
            },
            _ => false,
        }
    }

    /// Whether a row ends with another row that ends, whose rights cover both.
    pub(super) fn goes_with_another(&self, row: &RowChange) -> bool {
        let goes = |id: Option<Id>| id.is_some_and(|id| self.removed.contains_key(&id));
        match row {
            RowChange::Resource(Some(gone), None) => {
                let opened = gone.as_endpoint().and_then(|it| it.of);
                let with_link = gone.kind() == Kind::Invitee && self.linked.contains(&gone.id);
                goes(gone.parent) || goes(opened) || with_link
            }
            RowChange::Binding(Some(gone), None) => {
                goes(Some(gone.resource))
                    || goes(Some(gone.principal))
                    || self.is_of_link(gone.role, gone.attributes.invitation)
            }
            _ => false,
        }
    }

    /// Whether a binding is the right of an outside submitter whose link is part of the change.
    fn is_of_link(&self, role: Role, invitation: Option<u64>) -> bool {
        role == Role::DropboxOutside && invitation.is_some_and(|it| self.touched.contains(&Id(it)))
    }
}
