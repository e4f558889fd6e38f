//! [`EmptyFacts`]: the facts of an empty store, as the base of states that consist of a draft alone.

use std::rc::Rc;

use super::facts::{BindingQuery, Facts, Result, Roles, Visit};
use crate::model::{Binding, Id, Kind, Resource};

/// The facts of an empty store.
#[derive(Clone, Copy, Debug)]
pub struct EmptyFacts;

impl Facts for EmptyFacts {
    fn resource(&self, _: Id) -> Result<Option<Rc<Resource>>> {
        Ok(None)
    }

    fn by_key(&self, _: Kind, _: Option<Id>, _: &str) -> Result<Option<Rc<Resource>>> {
        Ok(None)
    }

    fn aliased(&self, _: Kind, _: &str, _: Visit<'_, Rc<Resource>>) -> Result<()> {
        Ok(())
    }

    fn resources(&self, _: Kind, _: Option<Id>, _: Visit<'_, Rc<Resource>>) -> Result<()> {
        Ok(())
    }

    fn bindings(&self, _: BindingQuery, _: Visit<'_, Binding>) -> Result<()> {
        Ok(())
    }

    fn binding(&self, _: Id) -> Result<Option<Binding>> {
        Ok(None)
    }

    fn roles_of(&self, _: Id) -> Result<Roles> {
        Ok(Roles::NONE)
    }

    fn last_id(&self) -> Result<Id> {
        Ok(Id::LAST_RESERVED)
    }
}
