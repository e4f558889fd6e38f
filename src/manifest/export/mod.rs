//! Export: writes the present state as a manifest, sorted and stable, without default values.
//!
//! [`Exporter`] makes one JSON value per resource, with the keys of its shape. YAML and JSON Lines are written from the
//! same values, one by one, so that memory does not grow with the store. A manifest holds no secrets and no records of
//! events, so links, invitations, packages, keys, tokens, media and streams are left out.

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

/// The sections of a manifest that hold resources, in their order.
const SECTIONS: [(&str, Kind); 6] = [
    ("accounts", Kind::Account),
    ("groups", Kind::Group),
    ("workgroups", Kind::Workgroup),
    ("dropboxes", Kind::Dropbox),
    ("endpoints", Kind::Endpoint),
    ("organizations", Kind::Org),
];

/// The reason that an export stopped.
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

/// Exports the resources and bindings that a reader may see, of one set or of all.
pub struct Exporter<'f, F: Facts> {
    facts: &'f F,
    viewer: Viewer<'f, F>,
    is_operator: bool,
    at: Time,
    /// The set to export; `None` for everything.
    set: Option<String>,
    /// Resources outside the set that its bindings are on. They are exported because bindings are listed under them.
    containers: HashSet<Id>,
    /// Resources with members that the reader may not see.
    incomplete: RefCell<HashSet<Id>>,
}

impl<'f, F: Facts> Exporter<'f, F> {
    /// An exporter of everything that the actor may see, or of one set.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn new(facts: &'f F, actor: Actor, at: Time, set: Option<String>) -> Result<Exporter<'f, F>, Problem> {
        let viewer = Viewer::new(facts, actor, at)?;
        let carriers = HashSet::new();
        let (is_operator, untold) = (actor == Actor::Operator, RefCell::default());
        Ok(Exporter { facts, viewer, is_operator, at, set, containers: carriers, incomplete: untold })
    }

    /// Adds the resources that some bindings are on, with the ancestors of these resources.
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

    /// Writes the manifest as YAML.
    ///
    /// # Errors
    /// When the facts cannot be read or the output cannot be written.
    pub fn yaml(&self, out: &mut dyn io::Write) -> Result<(), ExportError> {
        yaml::write(self, out)
    }

    /// The whole manifest as one JSON value.
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
            for resource in self.resources(kind, None)? {
                let entry = match kind {
                    Kind::Account => Value::Object(self.account(&resource)?),
                    Kind::Endpoint => Value::Object(self.endpoint(&resource)?),
                    Kind::Org => self.org(&resource)?,
                    _ => self.group(&resource)?,
                };
                entries.insert(resource.name.clone(), entry);
            }
            if !entries.is_empty() {
                put(&mut whole, section, Value::Object(entries));
            }
        }
        Ok(Value::Object(whole))
    }

    /// Writes the manifest as JSON Lines, each resource before the bindings on it.
    ///
    /// # Errors
    /// When the facts cannot be read or the output cannot be written.
    pub fn lines(&self, out: &mut dyn io::Write) -> Result<(), ExportError> {
        lines::write(self, out)
    }

    /// Whether a row with these sets is exported.
    fn includes(&self, sets: &SetNames) -> bool {
        self.set.as_ref().is_none_or(|set| sets.has(set))
    }

    /// Whether the reader may do a verb on a resource.
    fn may(&self, verb: Verb, on: Id) -> Result<bool, Problem> {
        Ok(self.viewer.may(verb, on)?)
    }

    /// The exported resources of a kind in a parent, sorted by name.
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

    /// The reference of a resource; `None` if the reader may not see its name.
    fn visible_reference(&self, id: Id) -> Result<Option<String>, Problem> {
        // told: `may_name` was asked.
        Ok(if self.viewer.may_name(id)? { Some(self.facts.reference(id)?) } else { None })
    }

    /// A principal as manifests write it: an account by its bare name. The reader must see a binding of the principal.
    fn principal(&self, id: Id) -> Result<String, Problem> {
        // told: the reader sees the binding.
        let reference = self.facts.reference(id)?;
        Ok(match reference.strip_prefix("user:") {
            Some(name) => name.to_owned(),
            None => reference,
        })
    }

    /// The number of resources of each kind that manifests do not hold.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn left_out(&self) -> Result<Vec<(Kind, usize)>, Problem> {
        let mut found = Vec::new();
        // A set declares none of these kinds.
        if self.set.is_none() && self.is_operator {
            // A manifest names its resources, so those with only a number are not in it.
            for kind in Kind::ALL.into_iter().filter(|kind| kind.is_numbered()) {
                found.push((kind, self.facts.ids(kind, None)?.len()));
            }
        }
        found.retain(|(_, count)| *count > 0);
        Ok(found)
    }

    /// The number of resources whose export lacks members that the reader may not see. Complete after the export.
    pub fn incomplete_count(&self) -> usize {
        self.incomplete.borrow().len()
    }

    /// The settings of the server that differ from the defaults.
    fn server(&self) -> Result<Option<Value>, Problem> {
        // Only admins may view the settings.
        if !self.may(Verb::View, Id::SERVER)? {
            return Ok(None);
        }
        let row = self.facts.resource(Id::SERVER)?;
        let Some(row) = row.filter(|row| self.includes(&row.sets)) else { return Ok(None) };
        let fields = self.settings(&row);
        Ok((!fields.is_empty()).then_some(Value::Object(fields)))
    }
}

/// Adds a field under its name in manifests, unless the value is null.
fn put(map: &mut Map<String, Value>, field: &str, value: Value) {
    if !value.is_null() {
        map.insert(field.replace('_', "-"), value);
    }
}

/// A time in its shortest form: a day if it is 00:00 UTC.
fn moment(time: Option<Time>) -> Value {
    time.map_or(Value::Null, |time| {
        let text = time.to_string();
        json!(text.strip_suffix("T00:00:00Z").unwrap_or(&text))
    })
}

/// Adds a list, unless it is empty.
fn put_list(map: &mut Map<String, Value>, key: &str, list: Vec<Value>) {
    if !list.is_empty() {
        map.insert(key.to_owned(), json!(list));
    }
}

/// The ids of shares whose sharers no longer hold what the shares give.
type Orphans = HashSet<Id>;
