//! Reading a store into a snapshot: one pass over each table.

use std::cell::OnceCell;
use std::rc::Rc;

use hashbrown::{DefaultHashBuilder, Equivalent, HashMap, HashTable};
use rusqlite::types::ValueRef;

use super::Snapshot;
use super::index::{Index, NOWHERE};
use super::rows::{BindingRow, Held, NEVER, Name, Names, ResourceRow, halves};
use crate::model::attributes::BindingAttributes;
use crate::model::{Attributes, Kind, Role};
use crate::policy::facts::{self, Facts};
use crate::store::{Reader, Result, StoreError, StoreFacts};

/// What of a row cannot be kept in a snapshot.
enum Unfit {
    /// It is no row that this program writes.
    Corrupt(String),
    /// A number or a text is too large.
    TooLarge,
}

/// A snapshot that is being made.
struct Builder<'r> {
    reader: &'r Reader,
    snapshot: Snapshot,
    /// Texts of attributes of which rules read everything, with their places.
    known: HashMap<(Kind, Box<str>), u32>,
    /// What rules read of attributes, with its place.
    distinct: HashMap<(Kind, Box<str>), u32>,
    known_of_bindings: HashMap<Box<str>, u32>,
    roles: HashMap<&'static str, Role>,
    /// What each binding is on, in the order of the bindings.
    on: Vec<u32>,
}

impl StoreFacts<'_> {
    /// The statement that reads all of a table that holds at the revision, in the order in which it
    /// lies: no index can help.
    fn whole(self, columns: &str, table: &str) -> String {
        let holds = match self.revision() {
            None => "until IS NULL".to_owned(),
            Some(revision) => format!("since <= {revision} AND (until IS NULL OR until > {revision})"),
        };
        format!("SELECT {columns} FROM {table} NOT INDEXED WHERE {holds}")
    }

    /// The same facts in memory.
    ///
    /// # Errors
    /// When the store cannot be read, or has handed out more ids than a snapshot can hold (2^32).
    pub fn snapshot(&self) -> facts::Result<Snapshot> {
        let reader = self.reader();
        let revision = match self.revision() {
            Some(revision) => revision,
            None => reader.last_revision()?,
        };
        let mut builder = Builder {
            reader,
            snapshot: Snapshot {
                revision,
                path: reader.path().to_owned(),
                last_id: self.last_id()?,
                places: Index::default(),
                resources: Vec::new(),
                names: Names::default(),
                attributes: Vec::new(),
                families: Vec::new(),
                keys: HashTable::new(),
                hasher: DefaultHashBuilder::default(),
                aliases: Vec::new(),
                bindings: Vec::new(),
                held: Vec::new(),
                binding_attributes: vec![BindingAttributes::default()],
                by_id: OnceCell::new(),
                by_sharer: OnceCell::new(),
            },
            known: HashMap::new(),
            distinct: HashMap::new(),
            known_of_bindings: HashMap::new(),
            roles: Role::ALL.iter().map(|role| (role.full(), *role)).collect(),
            on: Vec::new(),
        };
        let columns = "id, parent, since, kind, name, key, alias, attributes";
        builder.each(&self.whole(columns, "resource"), Builder::resource)?;
        let columns = "id, resource, principal, role, since, grantor, expires, attributes";
        builder.each(&self.whole(columns, "binding"), Builder::binding)?;
        builder.snapshot.arrange(&builder.on);
        Ok(builder.snapshot)
    }
}

fn number(row: &rusqlite::Row<'_>, column: usize) -> std::result::Result<u32, Unfit> {
    match row.get_ref(column) {
        Ok(ValueRef::Integer(number)) => u32::try_from(number).map_err(|_| Unfit::TooLarge),
        Ok(ValueRef::Null) => Ok(0),
        _ => Err(Unfit::Corrupt(format!("column {column} is no number"))),
    }
}

fn text<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> std::result::Result<Option<&'r str>, Unfit> {
    let value = row.get_ref(column).map_err(|error| Unfit::Corrupt(error.to_string()))?;
    value.as_str_or_null().map_err(|error| Unfit::Corrupt(error.to_string()))
}

impl Builder<'_> {
    /// Reads each row that a statement yields.
    fn each(
        &mut self,
        sql: &str,
        read: impl Fn(&mut Self, &rusqlite::Row<'_>) -> std::result::Result<(), Unfit>,
    ) -> Result<()> {
        let reader = self.reader;
        let mut statement = reader.connection.prepare(sql).map_err(|error| reader.failed(error))?;
        let mut rows = statement.query([]).map_err(|error| reader.failed(error))?;
        while let Some(row) = rows.next().map_err(|error| reader.failed(error))? {
            read(self, row).map_err(|unfit| match unfit {
                Unfit::Corrupt(what) => StoreError::corrupt(reader.path(), what),
                Unfit::TooLarge => StoreError::TooLarge(reader.path().to_owned()),
            })?;
        }
        Ok(())
    }

    fn resource(&mut self, row: &rusqlite::Row<'_>) -> std::result::Result<(), Unfit> {
        let id = number(row, 0)?;
        let word = text(row, 3)?.unwrap_or_default();
        let kind = Kind::from_word(word)
            .ok_or_else(|| Unfit::Corrupt(format!("resource {id} is of the unknown kind `{word}`")))?;
        let whole = text(row, 7)?.unwrap_or_default();
        let (attributes, complete) = self
            .attributes(kind, whole)
            .map_err(|error| Unfit::Corrupt(format!("the attributes of resource {id} cannot be read: {error}")))?;
        let texts = Name {
            name: text(row, 4)?.unwrap_or_default(),
            key: text(row, 5)?.unwrap_or_default(),
            alias: text(row, 6)?,
            attributes: (!complete).then_some(whole),
        };
        let names = self.snapshot.names.add(texts).ok_or(Unfit::TooLarge)?;
        let kind = Some(kind);
        let row = ResourceRow {
            above: number(row, 1)?,
            since: number(row, 2)?,
            names,
            attributes,
            kind,
            ..ResourceRow::bare(id)
        };
        self.snapshot.resources.push(row);
        Ok(())
    }

    /// The place of what rules read of some attributes, and whether that is all there is to them.
    fn attributes(&mut self, kind: Kind, whole: &str) -> serde_json::Result<(u32, bool)> {
        if let Some(place) = self.known.get(&Whole(kind, whole)) {
            return Ok((*place, true));
        }
        let read = Attributes::from_json(kind, whole)?;
        let for_rules = read.for_rules();
        let complete = for_rules == read;
        let text = for_rules.to_json()?;
        let place = match self.distinct.get(&Whole(kind, &text)) {
            Some(place) => *place,
            None => {
                let place = u32::try_from(self.snapshot.attributes.len()).unwrap_or(NOWHERE);
                self.snapshot.attributes.push(Rc::new(for_rules));
                self.distinct.insert((kind, text.into_boxed_str()), place);
                place
            }
        };
        if complete {
            self.known.insert((kind, whole.into()), place);
        }
        Ok((place, complete))
    }

    fn binding(&mut self, row: &rusqlite::Row<'_>) -> std::result::Result<(), Unfit> {
        let id = number(row, 0)?;
        let word = text(row, 3)?.unwrap_or_default();
        let role = *self
            .roles
            .get(word)
            .ok_or_else(|| Unfit::Corrupt(format!("binding {id} is of the unknown role `{word}`")))?;
        let expires = match row.get_ref(6) {
            Ok(ValueRef::Integer(time)) => Some(time),
            _ => None,
        };
        let attributes = match text(row, 7)? {
            None => 0,
            Some(whole) => match self.known_of_bindings.get(whole) {
                Some(place) => *place,
                None => self.new_attributes(whole).map_err(|error| {
                    Unfit::Corrupt(format!("the attributes of binding {id} cannot be read: {error}"))
                })?,
            },
        };
        self.on.push(number(row, 1)?);
        self.snapshot.bindings.push(BindingRow {
            id,
            principal: number(row, 2)?,
            grantor: number(row, 5)?,
            since: number(row, 4)?,
            expires: halves(expires),
            attributes,
            role,
        });
        Ok(())
    }

    fn new_attributes(&mut self, whole: &str) -> serde_json::Result<u32> {
        let attributes: BindingAttributes = serde_json::from_str(whole)?;
        let place = u32::try_from(self.snapshot.binding_attributes.len()).unwrap_or(NOWHERE);
        self.snapshot.binding_attributes.push(attributes);
        self.known_of_bindings.insert(whole.into(), place);
        Ok(place)
    }
}

impl Snapshot {
    /// Brings the rows that were read into their orders. `on` says what each binding is on; until
    /// then a row has the id of what it lies in where it is to have the place.
    fn arrange(&mut self, on: &[u32]) {
        self.resources.sort_unstable_by_key(|row| row.id);
        self.index_resources();
        self.add_bare_ones(on);
        self.index_resources();
        for row in &mut self.resources {
            row.above = self.places.get(row.above).unwrap_or(NOWHERE);
        }
        self.order_bindings(on);
        self.order_held();
        self.order_resources();
        self.names.shrink();
        self.resources.shrink_to_fit();
        self.attributes.shrink_to_fit();
        self.binding_attributes.shrink_to_fit();
    }

    fn index_resources(&mut self) {
        self.places = Index::default();
        for (place, row) in (0_u32..).zip(&self.resources).filter(|(_, row)| row.id != NOWHERE) {
            self.places.put(row.id, place);
        }
    }

    /// Rows for ids that others speak of and that have none.
    fn add_bare_ones(&mut self, on: &[u32]) {
        let principals = self.bindings.iter().map(|binding| binding.principal);
        let parents = self.resources.iter().map(|row| row.above).filter(|parent| *parent != 0);
        let mut missing: Vec<u32> =
            on.iter().copied().chain(principals).chain(parents).filter(|id| self.places.get(*id).is_none()).collect();
        missing.sort_unstable();
        missing.dedup();
        self.resources.extend(missing.into_iter().map(ResourceRow::bare));
        self.resources.sort_unstable_by_key(|row| row.id);
        // No id is as large as this one: it closes the ranges of the last.
        self.resources.push(ResourceRow::bare(NOWHERE));
    }

    /// Where the rows of each resource begin when they lie one after the other.
    fn starts(&self, of_each: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut starts = vec![0_u32; self.resources.len()];
        for id in of_each {
            // The row after it begins one later.
            let next = self.places.get(id).unwrap_or(NOWHERE) as usize + 1;
            if let Some(count) = starts.get_mut(next) {
                *count += 1;
            }
        }
        let mut total = 0;
        for start in &mut starts {
            total += *start;
            *start = total;
        }
        starts
    }

    /// Sorts the bindings by what they are on, counting first: most resources have few.
    fn order_bindings(&mut self, on: &[u32]) {
        let mut next = self.starts(on.iter().copied());
        for (row, start) in self.resources.iter_mut().zip(&next) {
            row.on = *start;
        }
        let mut sorted = self.bindings.clone();
        for (row, on) in self.bindings.iter().zip(on) {
            let Some(next) = self.places.get(*on).and_then(|place| next.get_mut(place as usize)) else { continue };
            if let Some(slot) = sorted.get_mut(*next as usize) {
                *slot = *row;
            }
            *next += 1;
        }
        self.bindings = sorted;
        for (start, end) in self.resources.iter().zip(self.resources.iter().skip(1)).map(|(a, b)| (a.on, b.on)) {
            if let Some(rows) = self.bindings.get_mut(start as usize..end as usize)
                && rows.len() > 1
            {
                rows.sort_unstable_by_key(BindingRow::rank);
            }
        }
    }

    /// Sorts what principals hold; by resource they come already.
    fn order_held(&mut self) {
        let mut next = self.starts(self.bindings.iter().map(|row| row.principal));
        for (row, start) in self.resources.iter_mut().zip(&next) {
            row.of = *start;
        }
        let nothing = Held { place: NOWHERE, resource: 0, role: Role::ServerUser, always: false };
        let mut held = vec![nothing; self.bindings.len()];
        let ends = self.resources.iter().skip(1).map(|next| next.on);
        for (resource, end) in self.resources.iter().zip(ends) {
            let on = self.bindings.get(resource.on as usize..end as usize).unwrap_or_default();
            for (place, row) in (resource.on..).zip(on) {
                let Some(next) = self.places.get(row.principal).and_then(|place| next.get_mut(place as usize)) else {
                    continue;
                };
                let inactive = self.binding_attributes.get(row.attributes as usize).is_some_and(|it| it.inactive);
                let always = row.expires == NEVER && !inactive;
                if let Some(slot) = held.get_mut(*next as usize) {
                    *slot = Held { place, resource: resource.id, role: row.role, always };
                }
                *next += 1;
            }
        }
        for (start, end) in self.resources.iter().zip(self.resources.iter().skip(1)).map(|(a, b)| (a.of, b.of)) {
            if let Some(held) = held.get_mut(start as usize..end as usize)
                && held.len() > 1
            {
                held.sort_by_key(|held| held.role);
            }
        }
        self.held = held;
    }

    fn order_resources(&mut self) {
        let resources = &self.resources;
        let row = |place: &u32| resources.get(*place as usize).copied().unwrap_or(ResourceRow::bare(0));
        let there = || (0_u32..).zip(resources).filter(|(_, row)| row.kind.is_some()).map(|(place, _)| place);
        // Places come in the order of ids, and nowhere last.
        let outer = |row: &ResourceRow| row.above.wrapping_add(1);
        let mut families: Vec<u32> = there().collect();
        families.sort_unstable_by_key(|place| (row(place).kind, outer(&row(place)), *place));
        let mut aliases: Vec<u32> = there().filter(|place| self.names.get(row(place).names).alias.is_some()).collect();
        aliases.sort_by(|a, b| {
            let by = |place| (row(place).kind, self.names.get(row(place).names).alias);
            by(a).cmp(&by(b))
        });
        let mut keys = HashTable::with_capacity(families.len());
        let hash = |place: &u32| {
            let row = row(place);
            let parent = self.parent_of(&row).unwrap_or(0);
            row.kind.map_or(0, |kind| self.hash(kind, parent, self.names.get(row.names).key))
        };
        for place in &families {
            keys.insert_unique(hash(place), *place, hash);
        }
        (self.families, self.aliases, self.keys) = (families, aliases, keys);
    }
}

/// Attributes as a row has them, to be looked up among known ones without a copy.
#[derive(Hash)]
struct Whole<'w>(Kind, &'w str);

impl Equivalent<(Kind, Box<str>)> for Whole<'_> {
    fn equivalent(&self, (kind, text): &(Kind, Box<str>)) -> bool {
        self.0 == *kind && self.1 == &**text
    }
}
