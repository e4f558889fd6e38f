//! [`Overlay`]: facts with a draft over them, which are facts again. Operations write into the overlay
//! and read their own writes; planning and dry runs ask rules about a state that is never committed.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::ops::ControlFlow;
use std::rc::Rc;

use hashbrown::{DefaultHashBuilder, Equivalent, HashMap, HashTable};

use super::draft::Draft;
use super::facts::{
    BindingQuery, Facts, Holding, NameKey, NearestItem, ResourceHeader, Result, Roles, Visit, each_holding,
    follow_path, visit_holding,
};
use crate::model::attributes::Home;
use crate::model::{Binding, Id, Kind, Path, Resource, Role, SetNames, Time};

/// Maximum number of cached path lookups.
const MAX_CACHED_PATHS: usize = 1 << 18;

/// The key of a cached path lookup: an endpoint and a path on it.
#[derive(PartialEq, Eq, Hash)]
struct PathKey<'p>(Id, &'p Path);

impl Equivalent<(Id, Path)> for PathKey<'_> {
    fn equivalent(&self, (endpoint, path): &(Id, Path)) -> bool {
        (self.0, self.1) == (*endpoint, path)
    }
}

/// Facts with a draft over them: the facts of a state that need not be committed.
pub struct Overlay<'f, F: Facts + ?Sized> {
    base: &'f F,
    draft: Draft,
    /// The resources of the draft by name. Holds ids only; names are read from the rows.
    names: HashTable<Id>,
    hasher: DefaultHashBuilder,
    aliases: BTreeSet<(Kind, String, Id)>,
    by_parent: BTreeSet<(Kind, Id, Id)>,
    /// The home folders of the draft, by parent folder and owner.
    homes: HashMap<(Id, Home), Id>,
    by_resource: BTreeSet<(Id, Role, Id, Id)>,
    by_principal: BTreeSet<(Id, Role, Id)>,
    by_sharer: BTreeSet<(Id, Id)>,
    /// The roles in which the draft has, or had, bindings of a principal.
    roles: HashMap<Id, Roles>,
    /// Headers of the draft's resources, made on first use.
    outlines: RefCell<HashMap<Id, ResourceHeader>>,
    /// Cached path lookups, cleared when a resource changes. One operation looks the same path up many
    /// times, and so does a manifest with many shares of one path.
    path_cache: RefCell<HashMap<(Id, Path), NearestItem>>,
    /// The last id that a row of the base may have.
    base_last_id: Id,
    last_id: Id,
}

impl<'f, F: Facts + ?Sized> Overlay<'f, F> {
    /// An empty draft over some facts.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn new(base: &'f F) -> Result<Overlay<'f, F>> {
        let below = base.last_id()?;
        Ok(Overlay {
            base,
            draft: Draft::default(),
            names: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            aliases: BTreeSet::new(),
            by_parent: BTreeSet::new(),
            homes: HashMap::new(),
            by_resource: BTreeSet::new(),
            by_principal: BTreeSet::new(),
            by_sharer: BTreeSet::new(),
            roles: HashMap::new(),
            outlines: RefCell::default(),
            path_cache: RefCell::default(),
            base_last_id: below,
            last_id: below,
        })
    }

    /// An overlay with an existing draft.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn with(base: &'f F, draft: &Draft) -> Result<Overlay<'f, F>> {
        let mut overlay = Overlay::new(base)?;
        for (id, resource) in &draft.resources {
            match resource {
                Some(resource) => overlay.put_resource((**resource).clone()),
                None => overlay.end_resource(*id),
            }
        }
        for (id, binding) in &draft.bindings {
            match binding {
                Some(binding) => overlay.put_binding(binding.clone()),
                None => overlay.end_binding(*id),
            }
        }
        Ok(overlay)
    }

    /// Starts an empty draft on top of the current one. The caller has written the current draft to the base.
    pub fn start_next_part(&mut self) {
        self.base_last_id = self.last_id;
        self.path_cache.take();
        self.draft = Draft::default();
        self.names.clear();
        self.aliases.clear();
        self.by_parent.clear();
        self.homes.clear();
        self.by_resource.clear();
        self.by_principal.clear();
        self.by_sharer.clear();
        self.roles.clear();
        self.outlines.take();
    }

    /// The facts below the draft.
    pub const fn base(&self) -> &'f F {
        self.base
    }

    /// The current draft.
    pub const fn draft(&self) -> &Draft {
        &self.draft
    }

    /// The draft and the last id that it assigned.
    pub fn into_draft(self) -> (Draft, Id) {
        (self.draft, self.last_id)
    }

    /// Assigns an id that no row has had.
    pub const fn new_id(&mut self) -> Id {
        self.last_id = Id(self.last_id.0 + 1);
        self.last_id
    }

    /// Whether this draft created the row: no row of the base has its id.
    pub const fn is_new(&self, id: Id) -> bool {
        id.0 > self.base_last_id.0
    }

    /// Changes the sets of a row of the draft and nothing else.
    pub fn put_sets(&mut self, id: Id, sets: SetNames) {
        if let Some(Some(resource)) = self.draft.resources.get_mut(&id) {
            Rc::make_mut(resource).sets = sets;
        } else if let Some(Some(binding)) = self.draft.bindings.get_mut(&id) {
            binding.sets = sets;
        }
    }

    /// Adds or replaces a resource.
    pub fn put_resource(&mut self, resource: Resource) {
        let id = resource.id;
        self.unindex_resource(id);
        let hash = self.hasher.hash_one(NameKey::of(&resource));
        if let Some(alias) = &resource.alias {
            self.aliases.insert((resource.kind(), alias.clone(), resource.id));
        }
        if let Some(parent) = resource.parent {
            self.by_parent.insert((resource.kind(), parent, resource.id));
        }
        self.homes.extend(home_of(&resource).map(|home| (home, id)));
        self.draft.resources.insert(id, Some(Rc::new(resource)));
        let Overlay { names, hasher, draft, .. } = self;
        names.insert_unique(hash, id, |id| match draft.resources.get(id) {
            Some(Some(row)) => hasher.hash_one(NameKey::of(row)),
            // A name is removed together with its resource.
            _ => 0,
        });
    }

    /// Ends a resource.
    pub fn end_resource(&mut self, id: Id) {
        self.unindex_resource(id);
        self.draft.resources.insert(id, None);
    }

    /// Removes the draft's version of a resource from the indexes.
    fn unindex_resource(&mut self, id: Id) {
        let nearest = self.path_cache.get_mut();
        if !nearest.is_empty() {
            *nearest = HashMap::new();
        }
        let Some(Some(before)) = self.draft.resources.get(&id) else { return };
        self.outlines.get_mut().remove(&id);
        let hash = self.hasher.hash_one(NameKey::of(before));
        if let Ok(entry) = self.names.find_entry(hash, |it| *it == id) {
            entry.remove();
        }
        if let Some(alias) = &before.alias {
            self.aliases.remove(&(before.kind(), alias.clone(), id));
        }
        if let Some(parent) = before.parent {
            self.by_parent.remove(&(before.kind(), parent, id));
        }
        if let Some(home) = home_of(before) {
            self.homes.remove(&home);
        }
    }

    /// Adds or replaces a binding.
    pub fn put_binding(&mut self, binding: Binding) {
        self.unindex_binding(binding.id);
        self.by_resource.insert((binding.resource, binding.role, binding.principal, binding.id));
        self.by_principal.insert((binding.principal, binding.role, binding.id));
        let roles = self.roles.entry(binding.principal).or_default();
        *roles = roles.with(binding.role);
        if let (Role::ItemShare, Some(sharer)) = (binding.role, binding.grantor) {
            self.by_sharer.insert((sharer, binding.id));
        }
        self.draft.bindings.insert(binding.id, Some(binding));
    }

    /// Ends a binding.
    pub fn end_binding(&mut self, id: Id) {
        self.unindex_binding(id);
        self.draft.bindings.insert(id, None);
    }

    /// Removes the draft's version of a binding from the indexes.
    fn unindex_binding(&mut self, id: Id) {
        let Some(Some(before)) = self.draft.bindings.get(&id) else { return };
        self.by_resource.remove(&(before.resource, before.role, before.principal, id));
        self.by_principal.remove(&(before.principal, before.role, id));
        if let Some(sharer) = before.grantor {
            self.by_sharer.remove(&(sharer, id));
        }
    }

    /// Whether the draft changes or ends a resource.
    fn touches(&self, id: Id) -> bool {
        self.draft.resources.contains_key(&id)
    }

    /// The draft's version of a resource; `None` if the draft does not have it or ends it.
    fn draft_resource(&self, id: Id) -> Option<&Rc<Resource>> {
        self.draft.resources.get(&id)?.as_ref()
    }

    /// The resource of the draft with a name.
    fn draft_named(&self, name: NameKey<'_>) -> Option<&Rc<Resource>> {
        if self.names.is_empty() {
            return None;
        }
        let mut found = None;
        self.names.find(self.hasher.hash_one(name), |id| {
            found = self.draft_resource(*id).filter(|row| NameKey::of(row) == name);
            found.is_some()
        });
        found
    }

    /// The draft's version of a binding; `None` if the draft does not have it or ends it.
    fn draft_binding(&self, id: Id) -> Option<&Binding> {
        self.draft.bindings.get(&id)?.as_ref()
    }

    /// The roles in which the draft may have bindings of a principal.
    fn own_roles(&self, principal: Id) -> Roles {
        self.roles.get(&principal).copied().unwrap_or_default()
    }

    /// Whether the base may have bindings that match. It has none for rows that this draft created.
    fn may_be_below(&self, select: BindingQuery) -> bool {
        let (resource, principal) = select.resource_and_principal();
        ![resource, principal].into_iter().flatten().any(|id| self.is_new(id))
    }

    /// The ids of the draft's bindings that match.
    fn draft_bindings(&self, select: BindingQuery) -> Box<dyn Iterator<Item = Id> + '_> {
        let (first, least) = (Id(0), Role::ServerAdmin);
        match select {
            BindingQuery::Exact(_, role, who) | BindingQuery::OfAs(who, role) if !self.own_roles(who).has(role) => {
                Box::new(std::iter::empty())
            }
            BindingQuery::Exact(on, role, who) => Box::new(
                self.by_resource
                    .range((on, role, who, first)..)
                    .take_while(move |key| (key.0, key.1, key.2) == (on, role, who))
                    .map(|key| key.3),
            ),
            BindingQuery::OnAs(on, role) => Box::new(
                self.by_resource
                    .range((on, role, first, first)..)
                    .take_while(move |key| (key.0, key.1) == (on, role))
                    .map(|key| key.3),
            ),
            BindingQuery::On(on) => Box::new(
                self.by_resource.range((on, least, first, first)..).take_while(move |key| key.0 == on).map(|key| key.3),
            ),
            BindingQuery::OfAs(who, role) => Box::new(
                self.by_principal
                    .range((who, role, first)..)
                    .take_while(move |key| (key.0, key.1) == (who, role))
                    .map(|key| key.2),
            ),
            BindingQuery::Of(who) => Box::new(
                self.by_principal.range((who, least, first)..).take_while(move |key| key.0 == who).map(|key| key.2),
            ),
            BindingQuery::SharesBy(who) => {
                Box::new(self.by_sharer.range((who, first)..).take_while(move |key| key.0 == who).map(|key| key.1))
            }
        }
    }
}

/// The parent folder and the owner of a home folder; `None` for any other resource.
fn home_of(resource: &Resource) -> Option<(Id, Home)> {
    resource.parent.zip(resource.as_item().and_then(|it| it.home))
}

/// Visits the rows of the base that the draft does not replace, and then the draft's own rows, until the
/// visitor stops.
fn visit_merged<T>(
    visit: Visit<'_, T>,
    is_ours: impl Fn(&T) -> bool,
    below: impl FnOnce(Visit<'_, T>) -> Result<()>,
    own: impl Iterator<Item = T>,
) -> Result<()> {
    let mut flow = ControlFlow::Continue(());
    below(&mut |row| {
        if !is_ours(&row) {
            flow = visit(row)?;
        }
        Ok(flow)
    })?;
    for row in own {
        if flow.is_break() {
            break;
        }
        flow = visit(row)?;
    }
    Ok(())
}

impl<F: Facts + ?Sized> Facts for Overlay<'_, F> {
    // The default would load the whole resource from the base, which has the header without the names.
    fn header(&self, id: Id) -> Result<Option<ResourceHeader>> {
        let mut known = self.outlines.borrow_mut();
        if let Some(known) = known.get(&id) {
            return Ok(Some(known.clone()));
        }
        match self.draft.resources.get(&id) {
            Some(Some(row)) => Ok(Some(known.entry(id).insert(ResourceHeader::of(row)).get().clone())),
            Some(None) => Ok(None),
            None => self.base.header(id),
        }
    }

    fn resource(&self, id: Id) -> Result<Option<Rc<Resource>>> {
        match self.draft.resources.get(&id) {
            Some(after) => Ok(after.clone()),
            None => self.base.resource(id),
        }
    }

    fn by_key(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Rc<Resource>>> {
        if let Some(own) = self.draft_named(NameKey(kind, parent, key)) {
            return Ok(Some(Rc::clone(own)));
        }
        if parent.is_some_and(|parent| self.is_new(parent)) {
            return Ok(None);
        }
        let below = self.base.by_key(kind, parent, key)?;
        Ok(below.filter(|resource| !self.touches(resource.id)))
    }

    fn id_by_key(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Id>> {
        if let Some(own) = self.draft_named(NameKey(kind, parent, key)) {
            return Ok(Some(own.id));
        }
        if parent.is_some_and(|parent| self.is_new(parent)) {
            return Ok(None);
        }
        Ok(self.base.id_by_key(kind, parent, key)?.filter(|id| !self.touches(*id)))
    }

    fn nearest_item(&self, endpoint: Id, path: &Path) -> Result<NearestItem> {
        if let Some(found) = self.path_cache.borrow().get(&PathKey(endpoint, path)) {
            return Ok(*found);
        }
        let found = follow_path(self, endpoint, path)?;
        let mut nearest = self.path_cache.borrow_mut();
        if nearest.len() >= MAX_CACHED_PATHS {
            nearest.clear();
        }
        nearest.insert((endpoint, path.clone()), found);
        Ok(found)
    }

    fn aliased(&self, kind: Kind, alias: &str, visit: Visit<'_, Rc<Resource>>) -> Result<()> {
        let first = (kind, alias.to_owned(), Id(0));
        let own = self.aliases.range(first..).take_while(|key| key.0 == kind && key.1 == alias);
        let own = own.filter_map(|(.., id)| self.draft_resource(*id));
        visit_merged(visit, |it| self.touches(it.id), |visit| self.base.aliased(kind, alias, visit), own.cloned())
    }

    fn resources(&self, kind: Kind, parent: Option<Id>, visit: Visit<'_, Rc<Resource>>) -> Result<()> {
        let below = |visit: Visit<'_, Rc<Resource>>| match parent {
            Some(parent) if self.is_new(parent) => Ok(()),
            _ => self.base.resources(kind, parent, visit),
        };
        let is_ours = |it: &Rc<Resource>| self.touches(it.id);
        match parent {
            Some(parent) => {
                let first = (kind, parent, Id(0));
                let own = self.by_parent.range(first..).take_while(|key| (key.0, key.1) == (kind, parent));
                visit_merged(visit, is_ours, below, own.filter_map(|(.., id)| self.draft_resource(*id)).cloned())
            }
            None => {
                let own = self.draft.resources.values().flatten().filter(|it| it.kind() == kind);
                visit_merged(visit, is_ours, below, own.cloned())
            }
        }
    }

    fn home(&self, folder: Id, home: Home) -> Result<Option<Rc<Resource>>> {
        if let Some(own) = self.homes.get(&(folder, home)).and_then(|id| self.draft_resource(*id)) {
            return Ok(Some(Rc::clone(own)));
        }
        Ok(self.base.home(folder, home)?.filter(|below| !self.touches(below.id)))
    }

    // The default would load every row of the base for its id.
    fn ids(&self, kind: Kind, parent: Option<Id>) -> Result<Vec<Id>> {
        let mut found = match parent {
            Some(parent) if self.is_new(parent) => Vec::new(),
            _ => self.base.ids(kind, parent)?,
        };
        if self.draft.resources.is_empty() {
            return Ok(found);
        }
        found.retain(|id| !self.touches(*id));
        match parent {
            Some(parent) => {
                let own = self.by_parent.range((kind, parent, Id(0))..);
                found.extend(own.take_while(|key| (key.0, key.1) == (kind, parent)).map(|key| key.2));
            }
            None => {
                found.extend(self.draft.resources.values().flatten().filter(|it| it.kind() == kind).map(|it| it.id))
            }
        }
        Ok(found)
    }

    fn bindings(&self, select: BindingQuery, visit: Visit<'_, Binding>) -> Result<()> {
        let is_ours = |it: &Binding| self.draft.bindings.contains_key(&it.id);
        let own = self.draft_bindings(select).filter_map(|id| self.draft_binding(id));
        let below = |visit: Visit<'_, Binding>| match self.may_be_below(select) {
            true => self.base.bindings(select, visit),
            false => Ok(()),
        };
        visit_merged(visit, is_ours, below, own.cloned())
    }

    fn binding(&self, id: Id) -> Result<Option<Binding>> {
        match self.draft.bindings.get(&id) {
            Some(after) => Ok(after.clone()),
            None => self.base.binding(id),
        }
    }

    fn holdings(&self, principal: Id, roles: &[Role], at: Time, visit: &mut dyn FnMut(Holding)) -> Result<()> {
        let own = self.own_roles(principal);
        // A holding of the base does not say which binding it is, and this draft may have changed that binding.
        let changes_some_below = self.draft.bindings.keys().next().is_some_and(|first| !self.is_new(*first));
        if changes_some_below && !self.is_new(principal) {
            return each_holding(self, principal, roles, at, visit);
        }
        if !own.has_any(roles) {
            return if self.is_new(principal) { Ok(()) } else { self.base.holdings(principal, roles, at, visit) };
        }
        for role in roles {
            if !self.is_new(principal) {
                self.base.holdings(principal, &[*role], at, visit)?;
            }
            for binding in
                self.draft_bindings(BindingQuery::OfAs(principal, *role)).filter_map(|id| self.draft_binding(id))
            {
                visit_holding(binding, at, visit);
            }
        }
        Ok(())
    }

    fn roles_of(&self, principal: Id) -> Result<Roles> {
        let own = self.own_roles(principal);
        Ok(if self.is_new(principal) { own } else { own.union(self.base.roles_of(principal)?) })
    }

    // The draft first: operations mostly ask for what they have just made, and mostly one binding matches.
    fn held(&self, resource: Id, role: Role, principal: Id) -> Result<Option<Binding>> {
        let own =
            self.draft_bindings(BindingQuery::Exact(resource, role, principal)).find_map(|id| self.draft_binding(id));
        if own.is_some() {
            return Ok(own.cloned());
        }
        if !self.may_be_below(BindingQuery::Exact(resource, role, principal)) {
            return Ok(None);
        }
        match self.base.held(resource, role, principal)? {
            Some(below) if self.draft.bindings.contains_key(&below.id) => {
                self.first_binding(BindingQuery::Exact(resource, role, principal))
            }
            below => Ok(below),
        }
    }

    fn ended(&self, id: Id) -> Result<Option<Rc<Resource>>> {
        match self.draft.resources.get(&id) {
            Some(Some(_)) => Ok(None),
            Some(None) => match self.base.resource(id)? {
                None => self.base.ended(id),
                found => Ok(found),
            },
            None => self.base.ended(id),
        }
    }

    fn last_id(&self) -> Result<Id> {
        Ok(self.last_id)
    }
}
