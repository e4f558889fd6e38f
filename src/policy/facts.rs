//! The lookups that rules make: by id, by name and by binding.
//!
//! [`Facts`] is implemented by the store (prepared statements), by its snapshot (the same facts in
//! memory), by [`Overlay`](super::Overlay) (facts with a draft over them) and by
//! [`EmptyFacts`](super::EmptyFacts), the empty store. The same rules run on all of them.

mod query;

use std::ops::ControlFlow;
use std::rc::Rc;

use crate::model::attributes::{Attributes, Home};
use crate::model::platform_id::ID_PREFIX;
use crate::model::reference::{ended_reference, full_reference, item_reference};
use crate::model::{Binding, Id, Kind, Path, Problem, Resource, Role, Time};

pub use query::{BindingQuery, Holding, NameKey, NearestItem, PackedShare, PackedShares, ResourceHeader, Roles};

/// Why a lookup failed: the store could not be read. A missing row is not an error.
#[derive(Debug)]
pub struct FactsError(pub Box<Problem>);

impl std::fmt::Display for FactsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for FactsError {}

impl From<FactsError> for Problem {
    fn from(fault: FactsError) -> Problem {
        *fault.0
    }
}

/// The result of a lookup.
pub type Result<T> = std::result::Result<T, FactsError>;

/// A visitor that is called for each row and returns whether to continue.
pub type Visit<'v, T> = &'v mut dyn FnMut(T) -> Result<ControlFlow<()>>;

/// A visitor that is called for each binding, with the index of its principal in the list that was
/// asked about. Returns whether to continue.
pub type VisitHeld<'v> = &'v mut dyn FnMut(usize, &Binding) -> Result<ControlFlow<()>>;

/// The depth from which a walk to the ancestors checks for a cycle. Real trees are not this deep.
const CYCLE_CHECK_DEPTH: usize = 2048;

/// Visits the effective holdings of a principal in some roles, role by role. Reads the bindings: for facts without a
/// faster lookup.
///
/// # Errors
/// When the store cannot be read.
pub fn each_holding<F: Facts + ?Sized>(
    facts: &F,
    principal: Id,
    roles: &[Role],
    at: Time,
    visit: &mut dyn FnMut(Holding),
) -> Result<()> {
    for role in roles {
        facts.bindings(BindingQuery::OfAs(principal, *role), &mut |binding| {
            visit_holding(&binding, at, visit);
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(())
}

/// Visits a binding as a holding if it is effective at a time.
pub(super) fn visit_holding(binding: &Binding, at: Time, visit: &mut dyn FnMut(Holding)) {
    if binding.is_effective(at) {
        let permissions = binding.attributes.permissions;
        visit(Holding { resource: binding.resource, role: binding.role, permissions });
    }
}

/// Follows a path from the root folder of an endpoint, component by component, as far as items are registered.
///
/// # Errors
/// When the store cannot be read.
pub fn follow_path<F: Facts + ?Sized>(facts: &F, endpoint: Id, path: &Path) -> Result<NearestItem> {
    let Some(mut item) = facts.id_named(Kind::Item, Some(endpoint), "/")? else { return Ok(None) };
    let mut depth = 0;
    for component in path.components() {
        let Some(next) = facts.id_named(Kind::Item, Some(item), component)? else { break };
        item = next;
        depth += 1;
    }
    Ok(Some((item, depth)))
}

/// The facts at one moment of history. Rows that have ended are not among them, except in
/// [`ended`](Facts::ended).
pub trait Facts {
    /// The resource with this id.
    ///
    /// # Errors
    /// When the store cannot be read; the same for every lookup.
    fn resource(&self, id: Id) -> Result<Option<Rc<Resource>>>;

    /// The resource of this kind and key; `parent` for kinds that lie in another resource.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn by_key(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Rc<Resource>>>;

    /// The id of the resource that [`Facts::by_key`] finds. Cheaper when nothing else is needed.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn id_by_key(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Id>> {
        Ok(self.by_key(kind, parent, key)?.map(|found| found.id))
    }

    /// The resource of this kind with this key, or with the external id that stands in place of the key
    /// ([`Name::of_id`](crate::model::Name::of_id)).
    ///
    /// # Errors
    /// When the store cannot be read.
    fn named(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Rc<Resource>>> {
        match id_in_key(kind, key) {
            None => self.by_key(kind, parent, key),
            Some(id) => Ok(self.identified(id)?.filter(|found| found.kind() == kind)),
        }
    }

    /// The id of the resource that [`Facts::named`] finds. Cheaper when nothing else is needed.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn id_named(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Id>> {
        match id_in_key(kind, key) {
            None => self.id_by_key(kind, parent, key),
            Some(_) => Ok(self.named(kind, parent, key)?.map(|found| found.id)),
        }
    }

    /// The resource that has an external id; `id` is its text, without `id:`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn identified(&self, id: &str) -> Result<Option<Rc<Resource>>> {
        self.external_id(id)?.and_then(|row| row.parent).map_or(Ok(None), |of| self.resource(of))
    }

    /// The row of an external id, which lies in what has it; `id` is its text, without `id:`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn external_id(&self, id: &str) -> Result<Option<Rc<Resource>>> {
        let mut found = None;
        self.aliased(Kind::ExternalId, id, &mut |row| {
            found = Some(row);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// Visits every resource of this kind with this alias.
    ///
    /// # Errors
    /// When the store cannot be read, or what the visitor answers.
    fn aliased(&self, kind: Kind, alias: &str, visit: Visit<'_, Rc<Resource>>) -> Result<()>;

    /// Visits every resource of this kind, or of this kind in this parent, in no particular order.
    ///
    /// # Errors
    /// When the store cannot be read, or what the visitor answers.
    fn resources(&self, kind: Kind, parent: Option<Id>, visit: Visit<'_, Rc<Resource>>) -> Result<()>;

    /// The home folder of an account in a workspace, under any name, if it lies in this folder.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn home(&self, folder: Id, home: Home) -> Result<Option<Rc<Resource>>> {
        let mut found = None;
        self.resources(Kind::Item, Some(folder), &mut |item| {
            if item.as_item().and_then(|it| it.home) != Some(home) {
                return Ok(ControlFlow::Continue(()));
            }
            found = Some(item);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// Visits every binding that matches the query, in no particular order.
    ///
    /// # Errors
    /// When the store cannot be read, or what the visitor answers.
    fn bindings(&self, select: BindingQuery, visit: Visit<'_, Binding>) -> Result<()>;

    /// The binding with this id.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn binding(&self, id: Id) -> Result<Option<Binding>>;

    /// The last id that was assigned.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn last_id(&self) -> Result<Id>;

    /// The resource with this id, without its names.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn header(&self, id: Id) -> Result<Option<ResourceHeader>> {
        Ok(self.resource(id)?.as_deref().map(ResourceHeader::of))
    }

    /// A resource and its ancestors, nearest first, without their names.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn ancestor_headers(&self, first: ResourceHeader) -> Result<Vec<ResourceHeader>> {
        let mut next = first.parent;
        let mut found = vec![first];
        while let Some(header) = next.map(|id| self.header(id)).transpose()?.flatten() {
            if found.len() > CYCLE_CHECK_DEPTH && found.iter().any(|known| known.id == header.id) {
                break;
            }
            next = header.parent;
            found.push(header);
        }
        Ok(found)
    }

    /// Visits a resource and its ancestors, nearest first, with their attributes.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn each_ancestor(&self, from: Id, visit: &mut dyn FnMut(Id, &Attributes)) -> Result<()> {
        if let Some(first) = self.header(from)? {
            self.ancestor_headers(first)?.iter().for_each(|header| visit(header.id, &header.attributes));
        }
        Ok(())
    }

    /// Visits the bindings in one role on one resource that any of some principals holds, in the order
    /// of the principals, until the visitor stops.
    ///
    /// # Errors
    /// When the store cannot be read, or what the visitor answers.
    fn held_by(&self, resource: Id, role: Role, principals: &[Id], visit: VisitHeld<'_>) -> Result<ControlFlow<()>> {
        for (index, principal) in principals.iter().enumerate() {
            let mut flow = ControlFlow::Continue(());
            self.bindings(BindingQuery::Exact(resource, role, *principal), &mut |binding| {
                flow = visit(index, &binding)?;
                Ok(flow)
            })?;
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Visits the effective holdings of a principal in some roles, role by role.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn holdings(&self, principal: Id, roles: &[Role], at: Time, visit: &mut dyn FnMut(Holding)) -> Result<()> {
        each_holding(self, principal, roles, at, visit)
    }

    /// A superset of the roles that a principal holds: all roles if these facts cannot tell without reading the
    /// bindings.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn roles_of(&self, _principal: Id) -> Result<Roles> {
        Ok(Roles::ALL)
    }

    /// The number of bindings of a principal, counted up to `most`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn count_bindings(&self, principal: Id, most: usize) -> Result<usize> {
        let mut count = 0;
        self.bindings(BindingQuery::Of(principal), &mut |_| {
            count += 1;
            Ok(if count < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        Ok(count)
    }

    /// The shares and the owners of an item and of its ancestors. `None` if there are more than `most`
    /// shares, or if these facts do not hold them in memory as arrays.
    fn packed_shares(&self, _item: &ResourceHeader, _most: usize) -> Option<PackedShares> {
        None
    }

    /// The binding behind a handle of [`packed_shares`](Facts::packed_shares).
    fn unpack(&self, _handle: PackedShare) -> Option<Binding> {
        None
    }

    /// The binding of one principal in one role on one resource.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn held(&self, resource: Id, role: Role, principal: Id) -> Result<Option<Binding>> {
        self.first_binding(BindingQuery::Exact(resource, role, principal))
    }

    /// The first binding that matches the query.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn first_binding(&self, select: BindingQuery) -> Result<Option<Binding>> {
        let mut found = None;
        self.bindings(select, &mut |binding| {
            found = Some(binding);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// The ids of every resource of a kind, or of this kind in this parent, in the order of
    /// [`resources`](Facts::resources).
    ///
    /// # Errors
    /// When the store cannot be read.
    fn ids(&self, kind: Kind, parent: Option<Id>) -> Result<Vec<Id>> {
        let mut found = Vec::new();
        self.resources(kind, parent, &mut |resource| {
            found.push(resource.id);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// The bindings that match the query, as a list.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn list_bindings(&self, select: BindingQuery) -> Result<Vec<Binding>> {
        let mut found = Vec::new();
        self.bindings(select, &mut |binding| {
            found.push(binding);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// The resource with this id and its ancestors, nearest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn ancestors(&self, id: Id) -> Result<Vec<Rc<Resource>>> {
        let mut found: Vec<Rc<Resource>> = Vec::new();
        let mut next = Some(id);
        while let Some(resource) = next.map(|id| self.resource(id)).transpose()?.flatten() {
            // No committed state has a folder inside itself, but the draft of an undo may.
            if found.len() > CYCLE_CHECK_DEPTH && found.iter().any(|known| known.id == resource.id) {
                break;
            }
            next = resource.parent;
            found.push(resource);
        }
        Ok(found)
    }

    /// The deepest registered item on a path of an endpoint, and how many components of the path lead
    /// to it. `None` if the endpoint has no root folder.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn nearest_item(&self, endpoint: Id, path: &Path) -> Result<NearestItem> {
        follow_path(self, endpoint, path)
    }

    /// The last version of a resource that has ended. `None` if the resource exists, never existed, or these
    /// facts keep no history.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn ended(&self, _id: Id) -> Result<Option<Rc<Resource>>> {
        Ok(None)
    }

    /// The reference of a resource, in the form that works as input. An ended resource gets its id appended.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn reference(&self, id: Id) -> Result<String> {
        match id {
            Id::SERVER => return Ok("server".to_owned()),
            Id::AUTHENTICATED => return Ok("authenticated".to_owned()),
            Id::ANYONE => return Ok("anyone".to_owned()),
            _ => {}
        }
        let ancestors = self.ancestors(id)?;
        match ancestors.first() {
            Some(item) if item.kind() == Kind::Item => Ok(item_reference(&ancestors)),
            Some(resource) => full_reference(resource, &|id| self.reference(id)),
            None => match self.ended(id)? {
                Some(gone) => Ok(ended_reference(&gone, full_reference(&gone, &|id| self.reference(id))?)),
                None => Ok(format!("#{id}")),
            },
        }
    }

    /// The server's settings; their defaults on a store that was never configured.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn server(&self) -> Result<crate::model::attributes::Server> {
        Ok(self.resource(Id::SERVER)?.and_then(|server| server.as_server().cloned()).unwrap_or_default())
    }
}

/// The external id in a key, if resources of the kind can have one.
fn id_in_key(kind: Kind, key: &str) -> Option<&str> {
    key.strip_prefix(ID_PREFIX).filter(|_| kind.has_external_ids())
}
