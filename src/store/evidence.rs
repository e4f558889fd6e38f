//! What leaves a store as evidence: the tree over the digests of its revisions, and the bytes that the digest of one
//! revision is taken over, which are read again without a store.

use rusqlite::OptionalExtension;
use sha2::{Digest as _, Sha256};

use super::chain::{BEGINNING, Chain, Digest, GENESIS};
use super::merkle::{Hash, Tree};
use super::revision_rows::{HEADER, HEADER_COLUMNS, RevisionRows, hash_row};
use super::sql_values::{from_sql, to_sql};
use super::{Reader, Result, StoreError};
use crate::model::attributes::{Attributes, BindingAttributes};
use crate::model::{Binding, Id, Kind, Resource, Revision, Role, SetNames, Time};

/// The columns of an opened row that are always hashed.
const ROW_COLUMNS: usize = 8;

/// A revision as its digest is taken over it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RevisionRecord {
    /// The digest.
    pub digest: Hash,
    /// The bytes that the digest is taken over; `None` if there are more than the limit.
    pub input: Option<Vec<u8>>,
}

impl Reader {
    /// Adds the digest of every revision to a tree, as a leaf.
    ///
    /// # Errors
    /// When the store cannot be read, or the revisions have a gap or do not follow each other. The rows of the
    /// revisions are not read; [`verify`](super::verify::verify) does that.
    pub fn fill(&self, tree: &mut Tree) -> Result<()> {
        let failed = |error| self.failed(error);
        let sql = "SELECT number, previous, digest FROM revision ORDER BY number";
        let mut statement = self.connection.prepare(sql).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        let mut before: Digest = GENESIS;
        while let Some(row) = rows.next().map_err(failed)? {
            let read = || Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            let (number, previous, digest): (i64, Digest, Digest) = read().map_err(failed)?;
            if from_sql(number) != tree.size() + 1 || previous != before {
                return Err(StoreError::corrupt(
                    &self.path,
                    format!("revision {number} does not follow the one before"),
                ));
            }
            tree.push(&digest);
            before = digest;
        }
        Ok(())
    }

    /// The digest of a revision; `None` if there is no such revision.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn digest(&self, number: Revision) -> Result<Option<Hash>> {
        self.connection
            .prepare_cached("SELECT digest FROM revision WHERE number = ?1")
            .and_then(|mut it| it.query_row([to_sql(number)], |row| row.get(0)).optional())
            .map_err(|error| self.failed(error))
    }

    /// A revision with the bytes that its digest is taken over, unless there are more than `limit`; `None` if there is
    /// no such revision. At most the limit is read.
    ///
    /// # Errors
    /// When the store cannot be read, or the digest does not fit.
    pub fn record(&self, number: Revision, limit: usize) -> Result<Option<RevisionRecord>> {
        let failed = |error| self.failed(error);
        let sql = format!("SELECT {HEADER}, previous, digest FROM revision WHERE number = ?1");
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let mut rows = statement.query([to_sql(number)]).map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
        let previous: Digest = row.get(HEADER_COLUMNS).map_err(failed)?;
        let digest: Digest = row.get(HEADER_COLUMNS + 1).map_err(failed)?;
        let mut chain = Chain::begin_recorded(&previous);
        hash_row(row, "revision", HEADER_COLUMNS, &mut chain).map_err(failed)?;
        let fits = |chain: &Chain| chain.recorded() <= limit;
        RevisionRows::new(self)?.hash_revision(to_sql(number), &mut chain, &fits)?;
        let (computed, input) = chain.end_with_record();
        if input.len() > limit {
            return Ok(Some(RevisionRecord { digest, input: None }));
        }
        if computed != digest {
            return Err(StoreError::corrupt(&self.path, format!("the digest of revision {number} does not fit")));
        }
        Ok(Some(RevisionRecord { digest, input: Some(input) }))
    }
}

/// A revision that was read from the bytes its digest is taken over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PastRevision {
    /// The digest of the bytes.
    pub digest: Hash,
    /// The number of the revision.
    pub number: Revision,
    /// Its time.
    pub at: Time,
    /// The resources that it opened.
    pub resources: Vec<Resource>,
    /// The bindings that it opened.
    pub bindings: Vec<Binding>,
}

impl PastRevision {
    /// Reads the bytes that a digest is taken over; `None` if they are not those of a revision. Rows that this program
    /// does not understand are left out.
    pub fn read(input: &[u8]) -> Option<PastRevision> {
        let mut rest = Input(input);
        let begins = rest.word()? == BEGINNING && rest.bytes(GENESIS.len()).is_some() && rest.word()? == "revision";
        let header = rest.values(HEADER_COLUMNS).filter(|_| begins)?;
        let [Value::Integer(number), Value::Integer(at), ..] = header.as_slice() else { return None };
        let mut past = PastRevision {
            digest: Sha256::digest(input).into(),
            number: from_sql(*number),
            at: Time(*at),
            resources: Vec::new(),
            bindings: Vec::new(),
        };
        while !rest.0.is_empty() {
            match rest.word()? {
                "+resource" => {
                    let (row, sets) = rest.opened()?;
                    past.resources.extend(resource(&row, sets));
                }
                "+binding" => {
                    let (row, sets) = rest.opened()?;
                    past.bindings.extend(binding(&row, sets));
                }
                "-resource" | "-binding" => drop(rest.values(2)?),
                _ => return None,
            }
        }
        Some(past)
    }
}

/// A value of a column.
#[derive(Clone, Copy, Debug)]
enum Value<'i> {
    Null,
    Text(&'i str),
    Integer(i64),
    /// Bytes, a fraction, or a text that is not UTF-8: no column of ours has any.
    Other,
}

impl<'i> Value<'i> {
    const fn text(self) -> Option<&'i str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    fn number(self) -> Option<u64> {
        if let Value::Integer(number) = self { u64::try_from(number).ok() } else { None }
    }
}

/// The rest of the bytes, as [`Chain`] writes them.
struct Input<'i>(&'i [u8]);

impl<'i> Input<'i> {
    fn bytes(&mut self, count: usize) -> Option<&'i [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn value(&mut self) -> Option<Value<'i>> {
        let [kind] = self.bytes(1)?.try_into().ok()?;
        if kind == 0 {
            return Some(Value::Null);
        }
        let length = u64::from_be_bytes(self.bytes(8)?.try_into().ok()?);
        let bytes = self.bytes(usize::try_from(length).ok()?)?;
        match kind {
            1 => Some(std::str::from_utf8(bytes).map_or(Value::Other, Value::Text)),
            2 => Some(Value::Integer(i64::from_be_bytes(bytes.try_into().ok()?))),
            3 | 4 => Some(Value::Other),
            _ => None,
        }
    }

    fn word(&mut self) -> Option<&'i str> {
        self.value()?.text()
    }

    fn values(&mut self, count: usize) -> Option<Vec<Value<'i>>> {
        (0..count).map(|_| self.value()).collect()
    }

    /// A row that was opened, and the sets that declare it.
    fn opened(&mut self) -> Option<(Vec<Value<'i>>, SetNames)> {
        let row = self.values(ROW_COLUMNS)?;
        let mut ahead = Input(self.0);
        let sets = match ahead.word() {
            Some("sets") => {
                let sets = ahead.word()?;
                self.0 = ahead.0;
                Some(sets)
            }
            _ => None,
        };
        Some((row, SetNames::from_text(sets)))
    }
}

fn resource(row: &[Value<'_>], sets: SetNames) -> Option<Resource> {
    let [since, id, kind, parent, name, key, alias, attributes] = row else { return None };
    let attributes = Attributes::from_json(Kind::from_name(kind.text()?)?, attributes.text()?).ok()?;
    let parent = parent.number()?;
    Some(Resource {
        id: Id(id.number()?),
        parent: (parent != 0).then_some(Id(parent)),
        name: name.text()?.to_owned(),
        key: key.text()?.to_owned(),
        alias: alias.text().map(str::to_owned),
        attributes,
        sets,
        since: since.number()?,
    })
}

fn binding(row: &[Value<'_>], sets: SetNames) -> Option<Binding> {
    let [since, id, resource, principal, role, grantor, expires, attributes] = row else { return None };
    let attributes = match attributes {
        Value::Null => BindingAttributes::default(),
        other => serde_json::from_str(other.text()?).ok()?,
    };
    Some(Binding {
        id: Id(id.number()?),
        resource: Id(resource.number()?),
        principal: Id(principal.number()?),
        role: Role::from_qualified(role.text()?)?,
        grantor: grantor.number().map(Id),
        expires: if let Value::Integer(time) = expires { Some(Time(*time)) } else { None },
        attributes,
        sets,
        since: since.number()?,
    })
}
