//! Facts that are answered from one place now and from another later, both of which have the same.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::rc::Rc;

use super::facts::{AtHand, Facts, Handle, Holding, Nearest, Outline, Result, Select, Visit, VisitHeld};
use crate::model::attributes::{Attributes, Server};
use crate::model::{Binding, Id, Kind, Path, Resource, Role, Time};

/// Facts answered from wherever it was last pointed to.
pub struct Switch<'f>(Cell<&'f dyn Facts>);

impl<'f> Switch<'f> {
    /// Begins with some facts.
    pub fn new(facts: &'f dyn Facts) -> Switch<'f> {
        Switch(Cell::new(facts))
    }

    /// From here on the answers come from others, which have the same.
    pub fn turn_to(&self, facts: &'f dyn Facts) {
        self.0.set(facts);
    }
}

/// Every look-up goes on to where it is answered now.
macro_rules! go_on {
    ($(fn $name:ident(&self $(, $argument:ident: $type:ty)*) -> $answer:ty;)*) => {
        impl Facts for Switch<'_> {
            $(fn $name(&self $(, $argument: $type)*) -> $answer {
                self.0.get().$name($($argument),*)
            })*
        }
    };
}

go_on! {
    fn resource(&self, id: Id) -> Result<Option<Rc<Resource>>>;
    fn named(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Rc<Resource>>>;
    fn id_named(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Id>>;
    fn aliased(&self, kind: Kind, alias: &str, visit: Visit<'_, Rc<Resource>>) -> Result<()>;
    fn resources(&self, kind: Kind, parent: Option<Id>, visit: Visit<'_, Rc<Resource>>) -> Result<()>;
    fn bindings(&self, select: Select, visit: Visit<'_, Binding>) -> Result<()>;
    fn binding(&self, id: Id) -> Result<Option<Binding>>;
    fn last_id(&self) -> Result<Id>;
    fn outline(&self, id: Id) -> Result<Option<Outline>>;
    fn line(&self, first: Outline) -> Result<Vec<Outline>>;
    fn upwards(&self, from: Id, visit: &mut dyn FnMut(Id, &Attributes)) -> Result<()>;
    fn held_by(&self, resource: Id, role: Role, principals: &[Id], visit: VisitHeld<'_>) -> Result<ControlFlow<()>>;
    fn holdings(&self, principal: Id, roles: &[Role], at: Time, visit: &mut dyn FnMut(Holding)) -> Result<()>;
    fn count_of(&self, principal: Id, most: usize) -> Result<usize>;
    fn at_hand(&self, item: &Outline, most: usize) -> Option<AtHand>;
    fn behind(&self, handle: Handle) -> Option<Binding>;
    fn held(&self, resource: Id, role: Role, principal: Id) -> Result<Option<Binding>>;
    fn first(&self, select: Select) -> Result<Option<Binding>>;
    fn ids(&self, kind: Kind, parent: Option<Id>) -> Result<Vec<Id>>;
    fn list(&self, select: Select) -> Result<Vec<Binding>>;
    fn lineage(&self, id: Id) -> Result<Vec<Rc<Resource>>>;
    fn nearest_item(&self, endpoint: Id, path: &Path) -> Result<Nearest>;
    fn ended(&self, id: Id) -> Result<Option<Rc<Resource>>>;
    fn reference(&self, id: Id) -> Result<String>;
    fn server(&self) -> Result<Server>;
}
