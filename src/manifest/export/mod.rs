//! Export: the present state as a manifest, sorted and stable, with what is default left out.
//!
//! A thing is a JSON value with the keys of its shape, made when its turn comes; the YAML and the JSON
//! Lines are written from the same values, one by one, so the memory does not grow with the store.
//! What has secrets or is a record of what happened (links, invitations, packages, keys, tokens, media
//! and streams) stands in no manifest.

mod content;
mod lines;
mod people;
mod yaml;

use std::cell::RefCell;
use std::collections::HashSet;
use std::io;
use std::rc::Rc;

use serde_json::{Map, Value, json};

use crate::model::{Id, Kind, Problem, Resource, SetNames, Time, Verb};
use crate::ops::{Actor, Viewer};
use crate::policy::Facts;

/// The sections of a manifest that hold things, in their order.
const SECTIONS: [(&str, Kind); 6] = [
    ("accounts", Kind::Account),
    ("groups", Kind::Group),
    ("workgroups", Kind::Workgroup),
    ("dropboxes", Kind::Dropbox),
    ("endpoints", Kind::Endpoint),
    ("organizations", Kind::Org),
];

/// Why an export ended early.
#[derive(Debug)]
pub enum ExportError {
    /// The facts cannot be read.
    Problem(Problem),
    /// The output cannot be written.
    Io(io::Error),
}

impl From<Problem> for ExportError {
    fn from(problem: Problem) -> ExportError {
        ExportError::Problem(problem)
    }
}

impl From<crate::policy::FactsError> for ExportError {
    fn from(fault: crate::policy::FactsError) -> ExportError {
        ExportError::Problem(fault.into())
    }
}

impl From<io::Error> for ExportError {
    fn from(error: io::Error) -> ExportError {
        ExportError::Io(error)
    }
}

/// What is to be exported, as whom and of which set.
pub struct Exporter<'f, F: Facts> {
    facts: &'f F,
    viewer: Viewer<'f, F>,
    is_operator: bool,
    at: Time,
    /// Only what this set declares.
    set: Option<String>,
    /// Things of others that the set's bindings are on: these have no other place in a file.
    containers: HashSet<Id>,
    /// Things of which the reader is not told all that a manifest would say of who is in them.
    incomplete: RefCell<HashSet<Id>>,
}

impl<'f, F: Facts> Exporter<'f, F> {
    /// Of all that somebody may see; of one set where one is named.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn new(facts: &'f F, actor: Actor, at: Time, set: Option<String>) -> Result<Exporter<'f, F>, Problem> {
        let viewer = Viewer::new(facts, actor, at)?;
        let carriers = HashSet::new();
        let (is_operator, untold) = (actor == Actor::Operator, RefCell::default());
        Ok(Exporter { facts, viewer, is_operator, at, set, containers: carriers, incomplete: untold })
    }

    /// The same with the things that some bindings are on, and what these lie in.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn with_containers(mut self, bindings: &[Id]) -> Result<Exporter<'f, F>, Problem> {
        for id in bindings {
            let Some(binding) = self.facts.binding(*id)? else { continue };
            self.facts.each_ancestor(binding.resource, &mut |above, _| self.containers.extend([above]))?;
        }
        Ok(self)
    }

    /// Writes it as YAML.
    ///
    /// # Errors
    /// When the facts cannot be read, or the output not be written.
    pub fn yaml(&self, out: &mut dyn io::Write) -> Result<(), ExportError> {
        yaml::write(self, out)
    }

    /// All of it as one value, which is YAML too.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn value(&self) -> Result<Value, Problem> {
        let mut whole = Map::new();
        put(&mut whole, "version", json!(1));
        put(&mut whole, "name", json!(self.set));
        put(&mut whole, "server", json!(self.server()?));
        for (section, kind) in SECTIONS {
            let mut entries = Map::new();
            for thing in self.resources(kind, None)? {
                let entry = match kind {
                    Kind::Account => Value::Object(self.account(&thing)?),
                    Kind::Endpoint => Value::Object(self.endpoint(&thing)?),
                    Kind::Org => self.org(&thing)?,
                    _ => self.group(&thing)?,
                };
                entries.insert(thing.name.clone(), entry);
            }
            if !entries.is_empty() {
                put(&mut whole, section, Value::Object(entries));
            }
        }
        Ok(Value::Object(whole))
    }

    /// Writes it as JSON Lines, each thing before those who have a place in it.
    ///
    /// # Errors
    /// When the facts cannot be read, or the output not be written.
    pub fn lines(&self, out: &mut dyn io::Write) -> Result<(), ExportError> {
        lines::write(self, out)
    }

    /// Whether a row is the set's.
    fn includes(&self, sets: &SetNames) -> bool {
        self.set.as_ref().is_none_or(|set| sets.has(set))
    }

    /// Whether the reader may.
    fn may(&self, verb: Verb, on: Id) -> Result<bool, Problem> {
        Ok(self.viewer.may(verb, on)?)
    }

    /// Every thing of a kind that is exported, by name.
    fn resources(&self, kind: Kind, parent: Option<Id>) -> Result<Vec<Rc<Resource>>, Problem> {
        let mut found = Vec::new();
        self.facts.resources(kind, parent, &mut |resource| {
            if self.includes(&resource.sets) || self.containers.contains(&resource.id) {
                found.push(resource);
            }
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
        if !self.is_operator {
            let mut seen = Vec::with_capacity(found.len());
            for resource in found {
                if self.viewer.sees(&resource)? {
                    seen.push(resource);
                }
            }
            found = seen;
        }
        found.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(found)
    }

    /// The reference of a thing, where it may be named to the reader.
    fn visible_reference(&self, id: Id) -> Result<Option<String>, Problem> {
        // told: asked just now.
        Ok(if self.viewer.may_name(id)? { Some(self.facts.reference(id)?) } else { None })
    }

    /// A principal as a manifest writes it: an account by its bare name. It is one side of a binding that
    /// the reader is told of.
    fn principal(&self, id: Id) -> Result<String, Problem> {
        // told: with the binding.
        let reference = self.facts.reference(id)?;
        Ok(match reference.strip_prefix("user:") {
            Some(name) => name.to_owned(),
            None => reference,
        })
    }

    /// How many things there are that no manifest holds, by kind.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn left_out(&self) -> Result<Vec<(Kind, usize)>, Problem> {
        let kinds = [
            Kind::Package,
            Kind::Invitation,
            Kind::PublicLink,
            Kind::SigningKey,
            Kind::AccessToken,
            Kind::Media,
            Kind::Stream,
        ];
        let mut found = Vec::new();
        // Of a set it is not asked: it declares none of these.
        if self.set.is_none() && self.is_operator {
            for kind in kinds {
                found.push((kind, self.facts.ids(kind, None)?.len()));
            }
        }
        found.retain(|(_, count)| *count > 0);
        Ok(found)
    }

    /// Of how many things members are left out, because the reader may not be told of them; known once
    /// all is written.
    pub fn incomplete_count(&self) -> usize {
        self.incomplete.borrow().len()
    }

    /// What the server says that is not its default.
    fn server(&self) -> Result<Option<Value>, Problem> {
        // Its settings are for its admins.
        if !self.may(Verb::View, Id::SERVER)? {
            return Ok(None);
        }
        let row = self.facts.resource(Id::SERVER)?;
        let Some(row) = row.filter(|row| self.includes(&row.sets)) else { return Ok(None) };
        let fields = self.settings(&row);
        Ok((!fields.is_empty()).then_some(Value::Object(fields)))
    }
}

/// Puts a field under the name that manifests give it, unless there is nothing in it.
fn put(map: &mut Map<String, Value>, field: &str, value: Value) {
    if !value.is_null() {
        map.insert(field.replace('_', "-"), value);
    }
}

/// A moment as short as it can be said: a day where it is the beginning of one.
fn moment(time: Option<Time>) -> Value {
    time.map_or(Value::Null, |time| {
        let text = time.to_string();
        json!(text.strip_suffix("T00:00:00Z").unwrap_or(&text))
    })
}

/// Puts a list, unless it is empty.
fn put_list(map: &mut Map<String, Value>, key: &str, list: Vec<Value>) {
    if !list.is_empty() {
        map.insert(key.to_owned(), json!(list));
    }
}

/// The shares of some that their sharers no longer hold.
type Orphans = HashSet<Id>;
