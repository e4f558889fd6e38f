//! The facts by which a reader's right to see the past is judged: the current state, with the last versions of
//! resources that have ended.

use std::ops::ControlFlow;
use std::rc::Rc;

use super::{Reader, StoreFacts};
use crate::model::attributes::{Home, Server};
use crate::model::{Binding, Id, Kind, Path, Resource, Role, Time};
use crate::policy::facts::{BindingQuery, Facts, Holding, NearestItem, ResourceHeader, Result, Visit, VisitHeld};

/// The current facts, with the last version of every resource that has ended. An ended resource keeps its parent, and
/// nobody holds a role on it: readers may see it by their rights over its parent, or by a role elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct TodayFacts<'r> {
    reader: &'r Reader,
    now: StoreFacts<'r>,
}

impl<'r> TodayFacts<'r> {
    /// The facts of a store.
    pub const fn new(reader: &'r Reader) -> TodayFacts<'r> {
        TodayFacts { reader, now: reader.facts() }
    }

    /// The current facts alone.
    pub const fn now(&self) -> &StoreFacts<'r> {
        &self.now
    }

    fn gone(&self, id: Id) -> Result<Option<Resource>> {
        if id <= Id::LAST_RESERVED { Ok(None) } else { Ok(self.reader.last_version(id)?) }
    }
}

impl Facts for TodayFacts<'_> {
    fn resource(&self, id: Id) -> Result<Option<Rc<Resource>>> {
        match self.now.resource(id)? {
            None => Ok(self.gone(id)?.map(Rc::new)),
            found => Ok(found),
        }
    }

    fn header(&self, id: Id) -> Result<Option<ResourceHeader>> {
        match self.now.header(id)? {
            None => Ok(self.gone(id)?.as_ref().map(ResourceHeader::of)),
            found => Ok(found),
        }
    }

    fn by_key(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Rc<Resource>>> {
        self.now.by_key(kind, parent, key)
    }

    fn aliased(&self, kind: Kind, alias: &str, visit: Visit<'_, Rc<Resource>>) -> Result<()> {
        self.now.aliased(kind, alias, visit)
    }

    fn resources(&self, kind: Kind, parent: Option<Id>, visit: Visit<'_, Rc<Resource>>) -> Result<()> {
        self.now.resources(kind, parent, visit)
    }

    fn home(&self, folder: Id, home: Home) -> Result<Option<Rc<Resource>>> {
        self.now.home(folder, home)
    }

    fn bindings(&self, select: BindingQuery, visit: Visit<'_, Binding>) -> Result<()> {
        self.now.bindings(select, visit)
    }

    fn binding(&self, id: Id) -> Result<Option<Binding>> {
        self.now.binding(id)
    }

    fn last_id(&self) -> Result<Id> {
        self.now.last_id()
    }

    fn held_by(&self, resource: Id, role: Role, principals: &[Id], visit: VisitHeld<'_>) -> Result<ControlFlow<()>> {
        self.now.held_by(resource, role, principals, visit)
    }

    fn holdings(&self, principal: Id, roles: &[Role], at: Time, visit: &mut dyn FnMut(Holding)) -> Result<()> {
        self.now.holdings(principal, roles, at, visit)
    }

    fn held(&self, resource: Id, role: Role, principal: Id) -> Result<Option<Binding>> {
        self.now.held(resource, role, principal)
    }

    fn nearest_item(&self, endpoint: Id, path: &Path) -> Result<NearestItem> {
        self.now.nearest_item(endpoint, path)
    }

    fn server(&self) -> Result<Server> {
        self.now.server()
    }
}
