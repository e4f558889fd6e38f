//! The facts that today's rights to see the past are judged by: the present, and what is gone as it
//! last was.

use std::ops::ControlFlow;
use std::rc::Rc;

use super::{Reader, StoreFacts};
use crate::model::attributes::{Home, Server};
use crate::model::{Binding, Id, Kind, Path, Resource, Role, Time};
use crate::policy::facts::{BindingQuery, Facts, Holding, NearestItem, ResourceHeader, Result, Visit, VisitHeld};

/// Today's facts, in which a resource that is gone stands as it last was: it lies where it lay, and
/// nobody holds anything on it. Whoever may see what it lay in, or has a role that does not hang on it,
/// may see it.
#[derive(Clone, Copy, Debug)]
pub struct TodayFacts<'r> {
    reader: &'r Reader,
    now: StoreFacts<'r>,
}

impl<'r> TodayFacts<'r> {
    /// Of a store as it is now.
    pub const fn new(reader: &'r Reader) -> TodayFacts<'r> {
        TodayFacts { reader, now: reader.facts() }
    }

    /// What is there today.
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

    fn named(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Rc<Resource>>> {
        self.now.named(kind, parent, key)
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
