//! Reading a store into a snapshot: one pass over each table.

use std::sync::{Arc, OnceLock};

use hashbrown::{Equivalent, HashMap};
use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::Snapshot;
use super::index::NOWHERE;
use super::parts::Parts;
use super::rows::{BindingRow, Kept, Name, Names, ResourceRow, halves};
use super::tree::Tree;
use crate::model::{Attributes, Kind, Revision, Role, SetNames};
use crate::policy::facts::{self, Facts};
use crate::store::{Reader, Result, Store, StoreError, StoreFacts};

/// From so many ids on, resources and bindings are read side by side: below it a thread and a second
/// connection cost more than they save.
const MANY: u64 = 100_000;

impl StoreFacts<'_> {
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
        let last_id = self.last_id()?;
        let (resources, bindings) = if last_id.0 < MANY {
            (Resources::read(reader, revision)?, Bindings::read(reader, revision, &Parts::one(revision))?)
        } else {
            side_by_side(reader, revision)?
        };
        let principals = bindings.rows.iter().map(|binding| binding.principal);
        let tree = resources.tree.with(bindings.on.iter().copied().chain(principals));
        let mut snapshot = Snapshot {
            revision,
            path: reader.path().to_owned(),
            last_id,
            places: tree.places,
            resources: tree.rows,
            names: tree.names,
            attributes: resources.attributes.into_iter().map(Arc::new).collect(),
            families: tree.families,
            keys: tree.keys,
            hasher: tree.hasher,
            aliases: tree.aliases,
            bindings: bindings.rows,
            held: Vec::new(),
            binding_attributes: bindings.attributes,
            by_id: OnceLock::new(),
            homes: OnceLock::new(),
            by_sharer: OnceLock::new(),
        };
        snapshot.arrange(&bindings.on);
        Ok(snapshot)
    }
}

/// Reads both tables at once. A second connection may see later revisions too; what stood after an
/// earlier one it sees as the first does, because nothing is overwritten.
fn side_by_side(reader: &Reader, revision: Revision) -> facts::Result<(Resources, Bindings)> {
    let store = Store { path: reader.path().to_owned() };
    let parts = Parts::many(reader, revision)?;
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

/// Reads each row of a table that held after a revision, in the order in which the rows lie: a
/// look-up for each by some index would take three times as long.
fn each(
    reader: &Reader,
    (columns, table): (&str, &str),
    (revision, which): (Revision, &str),
    mut read: impl FnMut(&Row<'_>) -> std::result::Result<(), Unfit>,
) -> Result<()> {
    let sql = format!("SELECT {columns} FROM {table} WHERE {which} AND (until IS NULL OR until > {revision})");
    let mut statement = reader.connection.prepare(&sql).map_err(|error| reader.failed(error))?;
    let mut rows = statement.query([]).map_err(|error| reader.failed(error))?;
    while let Some(row) = rows.next().map_err(|error| reader.failed(error))? {
        read(row).map_err(|unfit| match unfit {
            Unfit::Corrupt(what) => StoreError::corrupt(reader.path(), what),
            Unfit::TooLarge => StoreError::TooLarge(reader.path().to_owned()),
        })?;
    }
    Ok(())
}

/// Why a row cannot be kept in a snapshot.
enum Unfit {
    /// It is no row that this program writes.
    Corrupt(String),
    /// A number or a text is too large.
    TooLarge,
}

fn number(row: &Row<'_>, column: usize) -> std::result::Result<u32, Unfit> {
    match row.get_ref(column) {
        Ok(ValueRef::Integer(number)) => u32::try_from(number).map_err(|_| Unfit::TooLarge),
        Ok(ValueRef::Null) => Ok(0),
        _ => Err(Unfit::Corrupt(format!("column {column} is no number"))),
    }
}

fn text<'r>(row: &'r Row<'_>, column: usize) -> std::result::Result<Option<&'r str>, Unfit> {
    let corrupt = || Unfit::Corrupt(format!("column {column} is no text"));
    row.get_ref(column).map_err(|_| corrupt())?.as_str_or_null().map_err(|_| corrupt())
}

/// The resources of a store.
struct Resources {
    tree: Tree,
    attributes: Vec<Attributes>,
}

impl Resources {
    fn read(reader: &Reader, revision: Revision) -> Result<Resources> {
        let mut read = ReadResources::default();
        let columns = "id, parent, since, kind, name, key, alias, attributes, sets";
        each(reader, (columns, "resource"), (revision, &format!("since <= {revision}")), |row| read.add(row))?;
        Ok(Resources { tree: Tree::new(read.rows, read.names), attributes: read.attributes })
    }
}

/// The resources of a store, as they are read.
#[derive(Default)]
struct ReadResources {
    rows: Vec<ResourceRow>,
    names: Names,
    attributes: Vec<Attributes>,
    /// Texts of attributes of which rules read everything, with their places.
    known: HashMap<(Kind, Box<str>), u32>,
    /// What rules read of attributes, with its place.
    distinct: HashMap<(Kind, Box<str>), u32>,
}

impl ReadResources {
    fn add(&mut self, row: &Row<'_>) -> std::result::Result<(), Unfit> {
        let id = number(row, 0)?;
        let word = text(row, 3)?.unwrap_or_default();
        let kind = Kind::from_name(word)
            .ok_or_else(|| Unfit::Corrupt(format!("resource {id} is of the unknown kind `{word}`")))?;
        let whole = text(row, 7)?.unwrap_or_default();
        let (attributes, complete) = self
            .attributes(kind, whole)
            .map_err(|_| Unfit::Corrupt(format!("the attributes of resource {id} cannot be read")))?;
        let texts = Name {
            name: text(row, 4)?.unwrap_or_default(),
            key: text(row, 5)?.unwrap_or_default(),
            alias: text(row, 6)?,
            attributes: (!complete).then_some(whole),
            sets: text(row, 8)?,
        };
        let names = self.names.add(texts).ok_or(Unfit::TooLarge)?;
        let (above, since, kind) = (number(row, 1)?, number(row, 2)?, Some(kind));
        self.rows.push(ResourceRow { above, since, names, attributes, kind, ..ResourceRow::bare(id) });
        Ok(())
    }

    /// The place of what rules read of some attributes, and whether that is all there is to them.
    fn attributes(&mut self, kind: Kind, whole: &str) -> serde_json::Result<(u32, bool)> {
        if let Some(place) = self.known.get(&Whole(kind, whole)) {
            return Ok((*place, true));
        }
        let read = Attributes::from_json(kind, whole)?;
        let for_rules = read.policy_view();
        let complete = for_rules == read;
        let text = for_rules.to_json()?;
        let place = match self.distinct.get(&Whole(kind, &text)) {
            Some(place) => *place,
            None => {
                let place = u32::try_from(self.attributes.len()).unwrap_or(NOWHERE);
                self.attributes.push(for_rules);
                self.distinct.insert((kind, text.into_boxed_str()), place);
                place
            }
        };
        if complete {
            self.known.insert((kind, whole.into()), place);
        }
        Ok((place, complete))
    }
}

/// The bindings of a store, as they were read.
struct Bindings {
    rows: Vec<BindingRow>,
    /// What each of them is on.
    on: Vec<u32>,
    attributes: Vec<Kept>,
    /// The places of those, by the texts they were read from.
    known: HashMap<Texts, u32>,
    roles: HashMap<&'static str, Role>,
}

impl Bindings {
    /// Reads the parts that nobody else has read.
    fn read(reader: &Reader, revision: Revision, parts: &Parts) -> Result<Bindings> {
        let mut bindings = Bindings {
            rows: Vec::new(),
            on: Vec::new(),
            attributes: vec![Kept::default()],
            known: HashMap::new(),
            roles: Role::ALL.iter().map(|role| (role.qualified(), *role)).collect(),
        };
        let columns = "id, resource, principal, role, since, grantor, expires, attributes, sets";
        for which in std::iter::from_fn(|| parts.take()).flatten() {
            each(reader, (columns, "binding"), (revision, &which), |row| bindings.add(row))?;
        }
        Ok(bindings)
    }

    /// Adds what was read elsewhere.
    fn join(&mut self, others: Bindings) {
        let mut places = vec![0; others.attributes.len()];
        for (texts, place) in others.known {
            let (Some(slot), Some(attributes)) =
                (places.get_mut(place as usize), others.attributes.get(place as usize))
            else {
                continue;
            };
            *slot = match self.known.get(&texts) {
                Some(place) => *place,
                None => self.keep(texts, attributes.clone()),
            };
        }
        self.rows.extend(others.rows.into_iter().map(|row| {
            let attributes = places.get(row.attributes as usize).copied().unwrap_or_default();
            BindingRow { attributes, ..row }
        }));
        self.on.extend(others.on);
    }

    /// Keeps attributes and the text they were read from. Answers their place.
    fn keep(&mut self, texts: Texts, attributes: Kept) -> u32 {
        let place = u32::try_from(self.attributes.len()).unwrap_or(NOWHERE);
        self.attributes.push(attributes);
        self.known.insert(texts, place);
        place
    }

    fn add(&mut self, row: &Row<'_>) -> std::result::Result<(), Unfit> {
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
        let attributes = match (text(row, 7)?, text(row, 8)?) {
            (None, None) => 0,
            (whole, sets) => self
                .attributes(whole, sets)
                .map_err(|_| Unfit::Corrupt(format!("the attributes of binding {id} cannot be read")))?,
        };
        self.on.push(number(row, 1)?);
        self.rows.push(BindingRow {
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

    /// The place of some attributes.
    fn attributes(&mut self, whole: Option<&str>, sets: Option<&str>) -> serde_json::Result<u32> {
        if let Some(place) = self.known.get(&Read(whole, sets)) {
            return Ok(*place);
        }
        let attributes = whole.map(serde_json::from_str).transpose()?.unwrap_or_default();
        let texts = (whole.map(Box::from), sets.map(Box::from));
        Ok(self.keep(texts, (attributes, SetNames::from_text(sets))))
    }
}

/// What is kept once for many bindings, as the store has it: attributes and sets.
type Texts = (Option<Box<str>>, Option<Box<str>>);

/// The same as a row has it, to be looked up without a copy.
#[derive(Hash)]
struct Read<'r>(Option<&'r str>, Option<&'r str>);

impl Equivalent<Texts> for Read<'_> {
    fn equivalent(&self, (attributes, sets): &Texts) -> bool {
        self.0 == attributes.as_deref() && self.1 == sets.as_deref()
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
