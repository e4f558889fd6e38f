//! Facts that are answered from one place now and from another later, both of which have the same.

use std::cell::{Cell, OnceCell};
use std::ops::ControlFlow;
use std::rc::Rc;

use super::facts::{AtHand, Facts, Handle, Holding, Nearest, Outline, Result, Roles, Select, Visit, VisitHeld};
use crate::model::attributes::{Attributes, Home, Server};
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

/// What reads all facts into memory; none where that fails.
type Load<'f> = Box<dyn Fn() -> Option<Box<dyn Facts + 'f>> + 'f>;

/// Facts looked up one by one, and read into memory as soon as more was looked up than reading them costs: a
/// question about one thing takes what that needs, and one that comes to everything at most twice as long as
/// if that had been known before.
pub struct Adaptive<'f> {
    few: Box<dyn Facts + 'f>,
    load: Load<'f>,
    /// All of them; `None` where they cannot be read so.
    many: OnceCell<Option<Box<dyn Facts + 'f>>>,
    /// How many look-ups and rows are left before they are read.
    left: Cell<u64>,
}

impl<'f> Adaptive<'f> {
    /// Facts that are looked up one by one for so many look-ups and rows, and are then what `load` answers.
    pub fn new(few: impl Facts + 'f, most: u64, load: impl Fn() -> Option<Box<dyn Facts + 'f>> + 'f) -> Adaptive<'f> {
        Adaptive { few: Box::new(few), load: Box::new(load), many: OnceCell::new(), left: Cell::new(most) }
    }

    /// Where one more is looked up.
    fn now(&self) -> &dyn Facts {
        if let Some(Some(many)) = self.many.get() {
            return &**many;
        }
        if self.left.get() == 0
            && let Some(many) = self.many.get_or_init(|| (self.load)())
        {
            return &**many;
        }
        self.spend(1);
        &*self.few
    }

    fn spend(&self, rows: usize) {
        self.left.set(self.left.get().saturating_sub(rows as u64));
    }
}

/// Every look-up goes on to where it is answered now; the rows of those that tell of many are counted.
macro_rules! go_on {
    (
        $(fn $name:ident(&self $(, $argument:ident: $type:ty)*) -> $answer:ty;)*
        each $(fn $each:ident(&self $(, $of:ident: $sort:ty)*) -> $row:ty;)*
        lists $(fn $list:ident(&self $(, $by:ident: $key:ty)*) -> $rows:ty;)*
    ) => {
        impl Facts for Switch<'_> {
            $(fn $name(&self $(, $argument: $type)*) -> $answer {
                self.0.get().$name($($argument),*)
            })*
            $(fn $each(&self $(, $of: $sort)*, visit: Visit<'_, $row>) -> Result<()> {
                self.0.get().$each($($of,)* visit)
            })*
            $(fn $list(&self $(, $by: $key)*) -> Result<$rows> {
                self.0.get().$list($($by),*)
            })*
        }

        /// Facts that are borrowed: several may ask them at once.
        impl<F: Facts + ?Sized> Facts for &F {
            $(fn $name(&self $(, $argument: $type)*) -> $answer {
                (**self).$name($($argument),*)
            })*
            $(fn $each(&self $(, $of: $sort)*, visit: Visit<'_, $row>) -> Result<()> {
                (**self).$each($($of,)* visit)
            })*
            $(fn $list(&self $(, $by: $key)*) -> Result<$rows> {
                (**self).$list($($by),*)
            })*
        }

        impl Facts for Adaptive<'_> {
            $(fn $name(&self $(, $argument: $type)*) -> $answer {
                self.now().$name($($argument),*)
            })*
            $(fn $each(&self $(, $of: $sort)*, visit: Visit<'_, $row>) -> Result<()> {
                let mut counted = |row| {
                    self.spend(1);
                    visit(row)
                };
                self.now().$each($($of,)* &mut counted)
            })*
            $(fn $list(&self $(, $by: $key)*) -> Result<$rows> {
                let found = self.now().$list($($by),*)?;
                self.spend(found.len());
                Ok(found)
            })*
        }
    };
}

go_on! {
    fn resource(&self, id: Id) -> Result<Option<Rc<Resource>>>;
    fn named(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Rc<Resource>>>;
    fn id_named(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Id>>;
    fn home(&self, folder: Id, home: Home) -> Result<Option<Rc<Resource>>>;
    fn binding(&self, id: Id) -> Result<Option<Binding>>;
    fn last_id(&self) -> Result<Id>;
    fn outline(&self, id: Id) -> Result<Option<Outline>>;
    fn line(&self, first: Outline) -> Result<Vec<Outline>>;
    fn upwards(&self, from: Id, visit: &mut dyn FnMut(Id, &Attributes)) -> Result<()>;
    fn held_by(&self, resource: Id, role: Role, principals: &[Id], visit: VisitHeld<'_>) -> Result<ControlFlow<()>>;
    fn holdings(&self, principal: Id, roles: &[Role], at: Time, visit: &mut dyn FnMut(Holding)) -> Result<()>;
    fn roles_of(&self, principal: Id) -> Result<Roles>;
    fn count_of(&self, principal: Id, most: usize) -> Result<usize>;
    fn at_hand(&self, item: &Outline, most: usize) -> Option<AtHand>;
    fn behind(&self, handle: Handle) -> Option<Binding>;
    fn held(&self, resource: Id, role: Role, principal: Id) -> Result<Option<Binding>>;
    fn first(&self, select: Select) -> Result<Option<Binding>>;
    fn nearest_item(&self, endpoint: Id, path: &Path) -> Result<Nearest>;
    fn ended(&self, id: Id) -> Result<Option<Rc<Resource>>>;
    fn reference(&self, id: Id) -> Result<String>;
    fn server(&self) -> Result<Server>;
    each
    fn aliased(&self, kind: Kind, alias: &str) -> Rc<Resource>;
    fn resources(&self, kind: Kind, parent: Option<Id>) -> Rc<Resource>;
    fn bindings(&self, select: Select) -> Binding;
    lists
    fn ids(&self, kind: Kind, parent: Option<Id>) -> Vec<Id>;
    fn list(&self, select: Select) -> Vec<Binding>;
    fn lineage(&self, id: Id) -> Vec<Rc<Resource>>;
}
