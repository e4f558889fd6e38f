//! Facts whose backend can be replaced while borrowed: the store first, and a snapshot once many questions
//! are asked. The caller swaps [`SwappableFacts`]; [`AdaptiveFacts`] counts lookups and swaps by itself.

use std::cell::{Cell, OnceCell};
use std::ops::ControlFlow;
use std::rc::Rc;

use super::facts::{
    BindingQuery, Facts, Holding, NearestItem, PackedShare, PackedShares, ResourceHeader, Result, Roles, Visit,
    VisitHeld,
};
use crate::model::attributes::{Attributes, Home, Server};
use crate::model::{Binding, Id, Kind, Path, Resource, Role, Time};

/// Facts whose backend the caller replaces.
pub struct SwappableFacts<'f>(Cell<&'f dyn Facts>);

impl<'f> SwappableFacts<'f> {
    /// Starts with a backend.
    pub fn new(facts: &'f dyn Facts) -> SwappableFacts<'f> {
        SwappableFacts(Cell::new(facts))
    }

    /// Replaces the backend. The new one must hold the same facts.
    pub fn swap(&self, facts: &'f dyn Facts) {
        self.0.set(facts);
    }
}

/// Loads all facts into memory; `None` if that fails.
type Load<'f> = Box<dyn Fn() -> Option<Box<dyn Facts + 'f>> + 'f>;

/// Facts that are looked up one by one until the lookups have cost as much as loading all facts into memory,
/// and are loaded then. A small question costs only its own lookups, and a question about everything at most
/// twice what loading at once would have cost.
pub struct AdaptiveFacts<'f> {
    indexed: Box<dyn Facts + 'f>,
    load: Load<'f>,
    /// The loaded facts; `None` inside if they cannot be loaded.
    loaded: OnceCell<Option<Box<dyn Facts + 'f>>>,
    /// Number of lookups and rows that are left before loading.
    budget: Cell<u64>,
}

impl<'f> AdaptiveFacts<'f> {
    /// Uses `few` for the first `most` lookups and rows, and what `load` returns after that.
    pub fn new(
        few: impl Facts + 'f,
        most: u64,
        load: impl Fn() -> Option<Box<dyn Facts + 'f>> + 'f,
    ) -> AdaptiveFacts<'f> {
        AdaptiveFacts { indexed: Box::new(few), load: Box::new(load), loaded: OnceCell::new(), budget: Cell::new(most) }
    }

    /// The facts for one more lookup, which is counted.
    fn current(&self) -> &dyn Facts {
        if let Some(Some(many)) = self.loaded.get() {
            return &**many;
        }
        if self.budget.get() == 0
            && let Some(many) = self.loaded.get_or_init(|| (self.load)())
        {
            return &**many;
        }
        self.spend(1);
        &*self.indexed
    }

    fn spend(&self, rows: usize) {
        self.budget.set(self.budget.get().saturating_sub(rows as u64));
    }
}

/// Delegates every lookup to the current backend. [`AdaptiveFacts`] also counts the rows of lookups with many.
macro_rules! delegate {
    (
        $(fn $name:ident(&self $(, $argument:ident: $type:ty)*) -> $answer:ty;)*
        each $(fn $each:ident(&self $(, $of:ident: $of_type:ty)*) -> $row:ty;)*
        lists $(fn $list:ident(&self $(, $by:ident: $key:ty)*) -> $rows:ty;)*
    ) => {
        impl Facts for SwappableFacts<'_> {
            $(fn $name(&self $(, $argument: $type)*) -> $answer {
                self.0.get().$name($($argument),*)
            })*
            $(fn $each(&self $(, $of: $of_type)*, visit: Visit<'_, $row>) -> Result<()> {
                self.0.get().$each($($of,)* visit)
            })*
            $(fn $list(&self $(, $by: $key)*) -> Result<$rows> {
                self.0.get().$list($($by),*)
            })*
        }

        /// Borrowed facts, for several users at once.
        impl<F: Facts + ?Sized> Facts for &F {
            $(fn $name(&self $(, $argument: $type)*) -> $answer {
                (**self).$name($($argument),*)
            })*
            $(fn $each(&self $(, $of: $of_type)*, visit: Visit<'_, $row>) -> Result<()> {
                (**self).$each($($of,)* visit)
            })*
            $(fn $list(&self $(, $by: $key)*) -> Result<$rows> {
                (**self).$list($($by),*)
            })*
        }

        impl Facts for AdaptiveFacts<'_> {
            $(fn $name(&self $(, $argument: $type)*) -> $answer {
                self.current().$name($($argument),*)
            })*
            $(fn $each(&self $(, $of: $of_type)*, visit: Visit<'_, $row>) -> Result<()> {
                let mut counted = |row| {
                    self.spend(1);
                    visit(row)
                };
                self.current().$each($($of,)* &mut counted)
            })*
            $(fn $list(&self $(, $by: $key)*) -> Result<$rows> {
                let found = self.current().$list($($by),*)?;
                self.spend(found.len());
                Ok(found)
            })*
        }
    };
}

delegate! {
    fn resource(&self, id: Id) -> Result<Option<Rc<Resource>>>;
    fn by_key(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Rc<Resource>>>;
    fn id_by_key(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Id>>;
    fn home(&self, folder: Id, home: Home) -> Result<Option<Rc<Resource>>>;
    fn binding(&self, id: Id) -> Result<Option<Binding>>;
    fn last_id(&self) -> Result<Id>;
    fn header(&self, id: Id) -> Result<Option<ResourceHeader>>;
    fn ancestor_headers(&self, first: ResourceHeader) -> Result<Vec<ResourceHeader>>;
    fn each_ancestor(&self, from: Id, visit: &mut dyn FnMut(Id, &Attributes)) -> Result<()>;
    fn held_by(&self, resource: Id, role: Role, principals: &[Id], visit: VisitHeld<'_>) -> Result<ControlFlow<()>>;
    fn holdings(&self, principal: Id, roles: &[Role], at: Time, visit: &mut dyn FnMut(Holding)) -> Result<()>;
    fn roles_of(&self, principal: Id) -> Result<Roles>;
    fn count_bindings(&self, principal: Id, most: usize) -> Result<usize>;
    fn packed_shares(&self, item: &ResourceHeader, most: usize) -> Option<PackedShares>;
    fn unpack(&self, handle: PackedShare) -> Option<Binding>;
    fn held(&self, resource: Id, role: Role, principal: Id) -> Result<Option<Binding>>;
    fn first_binding(&self, select: BindingQuery) -> Result<Option<Binding>>;
    fn nearest_item(&self, endpoint: Id, path: &Path) -> Result<NearestItem>;
    fn ended(&self, id: Id) -> Result<Option<Rc<Resource>>>;
    fn reference(&self, id: Id) -> Result<String>;
    fn server(&self) -> Result<Server>;
    each
    fn aliased(&self, kind: Kind, alias: &str) -> Rc<Resource>;
    fn resources(&self, kind: Kind, parent: Option<Id>) -> Rc<Resource>;
    fn bindings(&self, select: BindingQuery) -> Binding;
    lists
    fn ids(&self, kind: Kind, parent: Option<Id>) -> Vec<Id>;
    fn list_bindings(&self, select: BindingQuery) -> Vec<Binding>;
    fn ancestors(&self, id: Id) -> Vec<Rc<Resource>>;
}
