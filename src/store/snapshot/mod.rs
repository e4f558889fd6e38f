//! The facts of a store in memory, for commands that ask many questions. The rows are read once into arrays that take
//! less than 64 bytes for a binding, plus the names.
//!
//! Ids are `u32`. Bindings are sorted by resource, with a second order by principal; equal attributes are stored once.
//! [`Snapshot`] implements [`Facts`] as [`StoreFacts`](super::StoreFacts) does, so the rules cannot tell the two apart.

mod build;
mod facts;
mod id_index;
mod packed_rows;
mod partitions;
mod resource_index;
mod sort_bindings;

use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use super::error::StoreError;
use crate::model::attributes::{BindingAttributes, Home};
use crate::model::{Attributes, Binding, Id, Kind, Resource, Revision, Role, SetNames, Time};
use crate::policy::RowChange;
use crate::policy::facts::{ResourceHeader, Result, Visit};
use id_index::{ABSENT, IdIndex};
use packed_rows::{BindingRow, HeldBinding, NEVER, NamePool, ResourceRow, SharedAttributes, to_id};
use resource_index::hash;

/// The facts of a store at one moment, in memory.
#[derive(Debug)]
pub struct Snapshot {
    /// The revision after which the facts hold.
    pub revision: Revision,
    path: PathBuf,
    last_id: Id,
    positions: IdIndex,
    /// Resources by id, with a further row at the end that closes the ranges of the last one.
    resources: Vec<ResourceRow>,
    names: NamePool,
    attributes: Vec<Arc<Attributes>>,
    /// Resources by kind, parent and id.
    by_parent: Vec<u32>,
    /// Resources by kind, parent and key.
    by_key: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Resources that have an alias, by kind and alias.
    aliases: Vec<u32>,
    /// Bindings by resource, role and principal.
    bindings: Vec<BindingRow>,
    /// Bindings by principal, role and resource.
    held: Vec<HeldBinding>,
    binding_attributes: Vec<SharedAttributes>,
    /// Positions of bindings by id; built at the first lookup.
    by_id: OnceLock<Vec<u32>>,
    /// Positions of home folders by parent and owner; built at the first lookup.
    homes: OnceLock<HashMap<(Id, Home), u32>>,
    /// Positions of shares by sharer; built at the first lookup.
    by_sharer: OnceLock<Vec<u32>>,
}

/// An id as rows have it; `None` for an id that is too large for a row.
fn to_u32(id: Id) -> Option<u32> {
    u32::try_from(id.0).ok()
}

impl Snapshot {
    /// The number of bindings.
    pub const fn bindings_count(&self) -> usize {
        self.bindings.len()
    }

    /// The accounts and bindings that expire after `from` and not after `to`, as row changes whose two sides are equal.
    pub fn ending(&self, from: Time, to: Time) -> Vec<RowChange> {
        let within = |end: Time| from < end && end <= to;
        let mut found = Vec::new();
        for row in &self.resources {
            if let Some(Attributes::Account(account)) = self.attributes.get(row.attributes as usize).map(|it| &**it)
                && account.expires.is_some_and(within)
                && let Ok(resource) = self.resource_of(row)
            {
                found.push(RowChange::Resource(resource.clone(), resource));
            }
        }
        for (position, _) in (0_u32..).zip(&self.bindings).filter(|(_, row)| row.expires != NEVER) {
            if let Some(binding) = self.binding_at(position)
                && binding.expires.is_some_and(within)
            {
                found.push(RowChange::Binding(Some(Box::new(binding.clone())), Some(binding)));
            }
        }
        found
    }

    /// The size in bytes, and the part of it that is names and other texts.
    pub fn bytes(&self) -> (usize, usize) {
        let rows = self.positions.bytes()
            + self.resources.capacity() * size_of::<ResourceRow>()
            + self.bindings.capacity() * size_of::<BindingRow>()
            + self.held.capacity() * size_of::<HeldBinding>()
            + (self.by_parent.capacity() + self.aliases.capacity()) * size_of::<u32>()
            + self.by_key.allocation_size()
            + self.attributes.capacity() * size_of::<usize>()
            + self.attributes.len() * (size_of::<Attributes>() + 2 * size_of::<usize>())
            + self.binding_attributes.capacity() * size_of::<SharedAttributes>();
        (rows + self.names.bytes(), self.names.bytes())
    }

    /// The ids of the resources and of the bindings that a set declares, sorted.
    pub fn declared_by(&self, set: &str) -> (Vec<Id>, Vec<Id>) {
        let has = |text: &str| text == set || SetNames::from_text(Some(text)).has(set);
        let resources = self
            .resources
            .iter()
            .filter(|row| row.attributes != ABSENT && self.names.get(row.names).sets.is_some_and(has));
        let kept: Vec<bool> = self.binding_attributes.iter().map(|(_, sets)| sets.has(set)).collect();
        let bindings = self.bindings.iter().filter(|row| kept.get(row.attributes as usize) == Some(&true));
        let mut bindings: Vec<Id> = bindings.map(|row| to_id(row.id)).collect();
        bindings.sort_unstable();
        (resources.map(|row| to_id(row.id)).collect(), bindings)
    }

    fn row(&self, id: Id) -> Option<(u32, &ResourceRow)> {
        let position = self.positions.get(to_u32(id)?)?;
        Some((position, self.resources.get(position as usize)?))
    }

    /// The rows of the bindings on a resource.
    fn rows_on(&self, id: Id) -> &[BindingRow] {
        self.row(id).map_or(&[], |(position, _)| self.rows_at(position))
    }

    /// The rows of the bindings on the resource at a position.
    fn rows_at(&self, position: u32) -> &[BindingRow] {
        let start = self.resources.get(position as usize).map_or(0, |row| row.bindings_start);
        let end = self.resources.get(position as usize + 1).map_or(0, |next| next.bindings_start);
        self.bindings.get(start as usize..end as usize).unwrap_or_default()
    }

    /// The rows of the bindings on a resource in one role.
    fn rows_on_as(&self, id: Id, role: Role) -> &[BindingRow] {
        let all = self.rows_on(id);
        let within = range(all.len(), |position| all.get(position).map(|row| row.role.cmp(&role)));
        all.get(within).unwrap_or_default()
    }

    /// The bindings of a principal.
    fn held_by_principal(&self, id: Id) -> &[HeldBinding] {
        let Some((position, row)) = self.row(id) else { return &[] };
        let end = self.resources.get(position as usize + 1).map_or(0, |next| next.held_start);
        self.held.get(row.held_start as usize..end as usize).unwrap_or_default()
    }

    fn rows_exact(&self, resource: Id, role: Role, principal: Id) -> &[BindingRow] {
        let Some(principal) = to_u32(principal) else { return &[] };
        let all = self.rows_on(resource);
        let within =
            range(all.len(), |position| all.get(position).map(|row| (row.role, row.principal).cmp(&(role, principal))));
        all.get(within).unwrap_or_default()
    }

    fn attributes_of(&self, row: &BindingRow) -> &SharedAttributes {
        const NO_ATTRIBUTES: &SharedAttributes = &(BindingAttributes::NONE, SetNames::NONE);
        self.binding_attributes.get(row.attributes as usize).unwrap_or(NO_ATTRIBUTES)
    }

    /// The binding at a position; a search finds its resource.
    fn binding_at(&self, position: u32) -> Option<Binding> {
        let row = self.bindings.get(position as usize)?;
        // The resource is the last one whose bindings begin at the position or before it.
        let next = self.resources.partition_point(|resource| resource.bindings_start <= position);
        let resource = self.resources.get(next.checked_sub(1)?)?;
        Some(row.binding(resource.id, self.attributes_of(row)))
    }

    fn header_of(&self, row: &ResourceRow) -> Option<ResourceHeader> {
        let attributes = Arc::clone(self.attributes.get(row.attributes as usize)?);
        Some(ResourceHeader { id: to_id(row.id), parent: self.parent_of(row).map(to_id), attributes })
    }

    /// The rows of a resource and of its ancestors, nearest first.
    fn ancestor_rows(&self, id: Id) -> impl Iterator<Item = &ResourceRow> {
        std::iter::successors(self.row(id).map(|(_, row)| row), |row| self.resources.get(row.parent as usize))
    }

    fn parent_of(&self, row: &ResourceRow) -> Option<u32> {
        Some(self.resources.get(row.parent as usize)?.id)
    }

    fn resource_of(&self, row: &ResourceRow) -> Result<Option<Rc<Resource>>> {
        let Some(attributes) = self.attributes.get(row.attributes as usize) else { return Ok(None) };
        let texts = self.names.get(row.names);
        let attributes = match texts.attributes {
            None => (**attributes).clone(),
            Some(text) => Attributes::from_json(attributes.kind(), text).map_err(|_| {
                StoreError::corrupt(&self.path, format!("the attributes of resource {} cannot be read", row.id))
            })?,
        };
        Ok(Some(Rc::new(Resource {
            id: to_id(row.id),
            parent: self.parent_of(row).map(to_id),
            name: texts.name.to_owned(),
            key: texts.key.to_owned(),
            alias: texts.alias.map(str::to_owned),
            attributes,
            sets: SetNames::from_text(texts.sets),
            since: u64::from(row.since),
        })))
    }

    fn each_on(&self, resource: Id, rows: &[BindingRow], visit: Visit<'_, Binding>) -> Result<()> {
        let resource = to_u32(resource).unwrap_or(ABSENT);
        for row in rows {
            if visit(row.binding(resource, self.attributes_of(row)))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn each_of(&self, held: &[HeldBinding], visit: Visit<'_, Binding>) -> Result<()> {
        for held in held {
            let Some(row) = self.bindings.get(held.position as usize) else { continue };
            if visit(row.binding(held.resource, self.attributes_of(row)))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn each_at(&self, positions: &[u32], visit: Visit<'_, Binding>) -> Result<()> {
        for binding in positions.iter().filter_map(|position| self.binding_at(*position)) {
            if visit(binding)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn by_id(&self) -> &[u32] {
        self.by_id.get_or_init(|| self.sorted(|_| true, |row| row.id))
    }

    fn homes(&self) -> &HashMap<(Id, Home), u32> {
        let home = |row: &ResourceRow| match self.attributes.get(row.attributes as usize).map(|it| &**it) {
            Some(Attributes::Item(it)) => self.parent_of(row).map(to_id).zip(it.home),
            _ => None,
        };
        let rows = || (0_u32..).zip(&self.resources);
        self.homes.get_or_init(|| rows().filter_map(|(position, row)| Some((home(row)?, position))).collect())
    }

    fn by_sharer(&self) -> &[u32] {
        self.by_sharer.get_or_init(|| self.sorted(|row| row.role == Role::ItemShare, |row| row.grantor))
    }

    fn sorted(&self, which: impl Fn(&BindingRow) -> bool, key: impl Fn(&BindingRow) -> u32) -> Vec<u32> {
        let mut positions: Vec<u32> =
            (0_u32..).zip(&self.bindings).filter(|(_, row)| which(row)).map(|it| it.0).collect();
        positions.sort_by_key(|position| self.bindings.get(*position as usize).map(&key));
        positions
    }

    /// The positions of the bindings whose key is a number, in a list of positions that is sorted by that key.
    fn equal_range<'p>(&self, positions: &'p [u32], number: Id, key: impl Fn(&BindingRow) -> u32) -> &'p [u32] {
        // Rows have 0 for no grantor, and no row has that id.
        let Some(number) = to_u32(number).filter(|number| *number != 0) else { return &[] };
        let within = range(positions.len(), |at| {
            positions
                .get(at)
                .and_then(|position| self.bindings.get(*position as usize))
                .map(|row| key(row).cmp(&number))
        });
        positions.get(within).unwrap_or_default()
    }

    fn children_of(&self, kind: Kind, parent: Option<Id>) -> &[u32] {
        let parent = parent.map(|parent| to_u32(parent).unwrap_or(ABSENT));
        let within = range(self.by_parent.len(), |at| {
            let row = self.by_parent.get(at).and_then(|position| self.resources.get(*position as usize))?;
            let own = self.parent_of(row).unwrap_or(0);
            let of_parent = parent.map_or(std::cmp::Ordering::Equal, |parent| own.cmp(&parent));
            Some(row.kind.cmp(&Some(kind)).then(of_parent))
        });
        self.by_parent.get(within).unwrap_or_default()
    }
}

/// The range of a sorted list for which `compare` is equal; `compare` orders the row at an index against the target.
fn range(length: usize, compare: impl Fn(usize) -> Option<std::cmp::Ordering>) -> Range<usize> {
    let first = |(mut low, mut high): (usize, usize), is_before: &dyn Fn(std::cmp::Ordering) -> bool| {
        while low < high {
            let middle = low + (high - low) / 2;
            if compare(middle).is_some_and(is_before) { low = middle + 1 } else { high = middle }
        }
        low
    };
    let start = first((0, length), &std::cmp::Ordering::is_lt);
    // Most ranges are short, so the search for the end starts at the beginning, in steps that double.
    let (mut low, mut step) = (start, 1);
    while low + step <= length && compare(low + step - 1).is_some_and(std::cmp::Ordering::is_eq) {
        low += step;
        step *= 2;
    }
    start..first((low, length.min(low + step)), &std::cmp::Ordering::is_le)
}

impl Snapshot {
    fn each_resource(&self, positions: &[u32], visit: Visit<'_, Rc<Resource>>) -> Result<()> {
        for row in positions.iter().filter_map(|position| self.resources.get(*position as usize)) {
            let Some(resource) = self.resource_of(row)? else { continue };
            if visit(resource)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn find(&self, kind: Kind, parent: Option<Id>, key: &str) -> Option<&ResourceRow> {
        let parent = parent.map_or(Some(0), to_u32)?;
        let same = |position: &u32| {
            self.resources.get(*position as usize).is_some_and(|row| {
                row.kind == Some(kind)
                    && self.parent_of(row).unwrap_or(0) == parent
                    && self.names.has_key(row.names, key)
            })
        };
        let position = self.by_key.find(hash(&self.hasher, kind, parent, key), same)?;
        self.resources.get(*position as usize)
    }
}
