//! Reading a store into a snapshot, with one pass over each table. For large stores, two threads share the work.

use std::sync::{Arc, OnceLock};

use hashbrown::{Equivalent, HashMap};
use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::Snapshot;
use super::id_index::ABSENT;
use super::packed_rows::{BindingRow, NamePool, NameTexts, ResourceRow, SharedAttributes, split_expiry};
use super::partitions::Partitions;
use super::resource_index::ResourceIndex;
use crate::model::{Attributes, Kind, Revision, Role, SetNames};
use crate::policy::facts::{self, Facts};
use crate::store::{Reader, Result, Store, StoreError, StoreFacts};

/// From this many ids on, two threads read the tables. Below, a thread and a second connection cost more than they
/// save.
const PARALLEL_THRESHOLD: u64 = 100_000;

impl StoreFacts<'_> {
    /// These facts as a snapshot in memory.
    ///
    /// # Errors
    /// When the store cannot be read, or has used more ids than a snapshot can hold (2^32).
    pub fn snapshot(&self) -> facts::Result<Snapshot> {
        let reader = self.reader();
        let revision = match self.revision() {
            Some(revision) => revision,
            None => reader.last_revision()?,
        };
        let last_id = self.last_id()?;
        let (resources, bindings) = if last_id.0 < PARALLEL_THRESHOLD {
            (Resources::read(reader, revision)?, Bindings::read(reader, revision, &Partitions::single(revision))?)
        } else {
            side_by_side(reader, revision)?
        };
        let principals = bindings.rows.iter().map(|binding| binding.principal);
        let tree = resources.tree.with_placeholders(bindings.on.iter().copied().chain(principals));
        let mut snapshot = Snapshot {
            revision,
            path: reader.path().to_owned(),
            last_id,
            positions: tree.positions,
            resources: tree.rows,
            names: tree.names,
            attributes: resources.attributes.into_iter().map(Arc::new).collect(),
            by_parent: tree.by_parent,
            by_key: tree.by_key,
            hasher: tree.hasher,
            aliases: tree.aliases,
            bindings: bindings.rows,
            held: Vec::new(),
            binding_attributes: bindings.attributes,
            by_id: OnceLock::new(),
            homes: OnceLock::new(),
            by_sharer: OnceLock::new(),
        };
        snapshot.sort_bindings(&bindings.on);
        Ok(snapshot)
    }
}

/// Reads the tables in two threads. The second connection may see later revisions too, but reads the same rows for this
/// revision as the first, because nothing is overwritten.
fn side_by_side(reader: &Reader, revision: Revision) -> facts::Result<(Resources, Bindings)> {
    let store = Store { path: reader.path().to_owned() };
    let parts = Partitions::split(reader, revision)?;
    std::thread::scope(|scope| {
        let other = scope.spawn(|| -> Result<(Resources, Bindings)> {
            let reader = store.read()?;
            Ok((Resources::read(&reader, revision)?, Bindings::read(&reader, revision, &parts)?))
        });
        let mut bindings = Bindings::read(reader, revision, &parts)?;
        match other.join() {
            Ok(read) => {
                let (resources, others) = read?;
                bindings.join(others);
                Ok((resources, bindings))
            }
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Reads each row of a table that was open after a revision, in the order of the file: lookups through an index would
/// take three times as long.
fn each(
    reader: &Reader,
    (columns, table): (&str, &str),
    (revision, which): (Revision, &str),
    mut read: impl FnMut(&Row<'_>) -> std::result::Result<(), BadRow>,
) -> Result<()> {
    let sql = format!("SELECT {columns} FROM {table} WHERE {which} AND (until IS NULL OR until > {revision})");
    let mut statement = reader.connection.prepare(&sql).map_err(|error| reader.failed(error))?;
    let mut rows = statement.query([]).map_err(|error| reader.failed(error))?;
    while let Some(row) = rows.next().map_err(|error| reader.failed(error))? {
        read(row).map_err(|unfit| match unfit {
            BadRow::Corrupt(what) => StoreError::corrupt(reader.path(), what),
            BadRow::TooLarge => StoreError::TooLarge(reader.path().to_owned()),
        })?;
    }
    Ok(())
}

/// The reason why a snapshot cannot hold a row.
enum BadRow {
    /// This program does not write such rows.
    Corrupt(String),
    /// A number or a text is too large.
    TooLarge,
}

fn number(row: &Row<'_>, column: usize) -> std::result::Result<u32, BadRow> {
    match row.get_ref(column) {
        Ok(ValueRef::Integer(number)) => u32::try_from(number).map_err(|_| BadRow::TooLarge),
        Ok(ValueRef::Null) => Ok(0),
        _ => Err(BadRow::Corrupt(format!("column {column} is not a number"))),
    }
}

fn text<'r>(row: &'r Row<'_>, column: usize) -> std::result::Result<Option<&'r str>, BadRow> {
    let corrupt = || BadRow::Corrupt(format!("column {column} is not a text"));
    row.get_ref(column).map_err(|_| corrupt())?.as_str_or_null().map_err(|_| corrupt())
}

/// The resources of a store.
struct Resources {
    tree: ResourceIndex,
    attributes: Vec<Attributes>,
}

impl Resources {
    fn read(reader: &Reader, revision: Revision) -> Result<Resources> {
        let mut read = ResourceReader::default();
        let columns = "id, parent, since, kind, name, key, alias, attributes, sets";
        each(reader, (columns, "resource"), (revision, &format!("since <= {revision}")), |row| read.add(row))?;
        Ok(Resources { tree: ResourceIndex::new(read.rows, read.names), attributes: read.attributes })
    }
}

/// Reads the resources of a store row by row.
#[derive(Default)]
struct ResourceReader {
    rows: Vec<ResourceRow>,
    names: NamePool,
    attributes: Vec<Attributes>,
    /// The texts of attributes that rules read in full, with their positions in `attributes`.
    interned: HashMap<(Kind, Box<str>), u32>,
    /// The texts of the parts of attributes that rules read, with their positions in `attributes`.
    interned_policy_views: HashMap<(Kind, Box<str>), u32>,
}

impl ResourceReader {
    fn add(&mut self, row: &Row<'_>) -> std::result::Result<(), BadRow> {
        let id = number(row, 0)?;
        let word = text(row, 3)?.unwrap_or_default();
        let kind = Kind::from_name(word)
            .ok_or_else(|| BadRow::Corrupt(format!("resource {id} is of the unknown kind `{word}`")))?;
        let whole = text(row, 7)?.unwrap_or_default();
        let (attributes, complete) = self
            .attributes(kind, whole)
            .map_err(|_| BadRow::Corrupt(format!("the attributes of resource {id} cannot be read")))?;
        let texts = NameTexts {
            name: text(row, 4)?.unwrap_or_default(),
            key: text(row, 5)?.unwrap_or_default(),
            alias: text(row, 6)?,
            attributes: (!complete).then_some(whole),
            sets: text(row, 8)?,
        };
        let names = self.names.add(texts).ok_or(BadRow::TooLarge)?;
        let (above, since, kind) = (number(row, 1)?, number(row, 2)?, Some(kind));
        self.rows.push(ResourceRow { parent: above, since, names, attributes, kind, ..ResourceRow::placeholder(id) });
        Ok(())
    }

    /// The position of the part of some attributes that rules read, and whether that part is all of them.
    fn attributes(&mut self, kind: Kind, whole: &str) -> serde_json::Result<(u32, bool)> {
        if let Some(position) = self.interned.get(&FullTextRef(kind, whole)) {
            return Ok((*position, true));
        }
        let read = Attributes::from_json(kind, whole)?;
        let for_rules = read.policy_view();
        let complete = for_rules == read;
        let text = for_rules.to_json()?;
        let position = match self.interned_policy_views.get(&FullTextRef(kind, &text)) {
            Some(position) => *position,
            None => {
                let position = u32::try_from(self.attributes.len()).unwrap_or(ABSENT);
                self.attributes.push(for_rules);
                self.interned_policy_views.insert((kind, text.into_boxed_str()), position);
                position
            }
        };
        if complete {
            self.interned.insert((kind, whole.into()), position);
        }
        Ok((position, complete))
    }
}

/// The bindings of a store, in the order in which they were read.
struct Bindings {
    rows: Vec<BindingRow>,
    /// The id of the resource of each binding.
    on: Vec<u32>,
    attributes: Vec<SharedAttributes>,
    /// Positions in `attributes`, by the texts that those were read from.
    interned: HashMap<AttributeTexts, u32>,
    roles: HashMap<&'static str, Role>,
}

impl Bindings {
    /// Reads the partitions that no other thread has read.
    fn read(reader: &Reader, revision: Revision, parts: &Partitions) -> Result<Bindings> {
        let mut bindings = Bindings {
            rows: Vec::new(),
            on: Vec::new(),
            attributes: vec![SharedAttributes::default()],
            interned: HashMap::new(),
            roles: Role::ALL.iter().map(|role| (role.qualified(), *role)).collect(),
        };
        let columns = "id, resource, principal, role, since, grantor, expires, attributes, sets";
        for which in std::iter::from_fn(|| parts.next_conditions()).flatten() {
            each(reader, (columns, "binding"), (revision, &which), |row| bindings.add(row))?;
        }
        Ok(bindings)
    }

    /// Adds the bindings that the other thread has read.
    fn join(&mut self, others: Bindings) {
        let mut positions = vec![0; others.attributes.len()];
        for (texts, position) in others.interned {
            let (Some(slot), Some(attributes)) =
                (positions.get_mut(position as usize), others.attributes.get(position as usize))
            else {
                continue;
            };
            *slot = match self.interned.get(&texts) {
                Some(position) => *position,
                None => self.intern(texts, attributes.clone()),
            };
        }
        self.rows.extend(others.rows.into_iter().map(|row| {
            let attributes = positions.get(row.attributes as usize).copied().unwrap_or_default();
            BindingRow { attributes, ..row }
        }));
        self.on.extend(others.on);
    }

    /// Adds attributes and the texts that they were read from; returns their position.
    fn intern(&mut self, texts: AttributeTexts, attributes: SharedAttributes) -> u32 {
        let position = u32::try_from(self.attributes.len()).unwrap_or(ABSENT);
        self.attributes.push(attributes);
        self.interned.insert(texts, position);
        position
    }

    fn add(&mut self, row: &Row<'_>) -> std::result::Result<(), BadRow> {
        let id = number(row, 0)?;
        let word = text(row, 3)?.unwrap_or_default();
        let role = *self
            .roles
            .get(word)
            .ok_or_else(|| BadRow::Corrupt(format!("binding {id} is of the unknown role `{word}`")))?;
        let expires = match row.get_ref(6) {
            Ok(ValueRef::Integer(time)) => Some(time),
            _ => None,
        };
        let attributes = match (text(row, 7)?, text(row, 8)?) {
            (None, None) => 0,
            (whole, sets) => self
                .attributes(whole, sets)
                .map_err(|_| BadRow::Corrupt(format!("the attributes of binding {id} cannot be read")))?,
        };
        self.on.push(number(row, 1)?);
        self.rows.push(BindingRow {
            id,
            principal: number(row, 2)?,
            grantor: number(row, 5)?,
            since: number(row, 4)?,
            expires: split_expiry(expires),
            attributes,
            role,
        });
        Ok(())
    }

    /// The position of some attributes, which are added if they are new.
    fn attributes(&mut self, whole: Option<&str>, sets: Option<&str>) -> serde_json::Result<u32> {
        if let Some(position) = self.interned.get(&AttributeTextsRef(whole, sets)) {
            return Ok(*position);
        }
        let attributes = whole.map(serde_json::from_str).transpose()?.unwrap_or_default();
        let texts = (whole.map(Box::from), sets.map(Box::from));
        Ok(self.intern(texts, (attributes, SetNames::from_text(sets))))
    }
}

/// The texts of the attributes and of the sets of a binding, as in the store.
type AttributeTexts = (Option<Box<str>>, Option<Box<str>>);

/// Borrowed [`AttributeTexts`], for lookups without a copy.
#[derive(Hash)]
struct AttributeTextsRef<'r>(Option<&'r str>, Option<&'r str>);

impl Equivalent<AttributeTexts> for AttributeTextsRef<'_> {
    fn equivalent(&self, (attributes, sets): &AttributeTexts) -> bool {
        self.0 == attributes.as_deref() && self.1 == sets.as_deref()
    }
}

/// A borrowed kind and text of attributes, for lookups without a copy.
#[derive(Hash)]
struct FullTextRef<'w>(Kind, &'w str);

impl Equivalent<(Kind, Box<str>)> for FullTextRef<'_> {
    fn equivalent(&self, (kind, text): &(Kind, Box<str>)) -> bool {
        self.0 == *kind && self.1 == &**text
    }
}
