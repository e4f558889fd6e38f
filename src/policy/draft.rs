//! [`Draft`]: a change as a value, which can be shown, checked or committed.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::facts::{Facts, Result};
use crate::model::{Binding, Id, Kind, Resource};

/// A change as a value: for every row it touches, the row afterwards.
///
/// A draft holds no order and no history, so two steps that cancel each other leave nothing behind.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Draft {
    /// Resources after the change; `None` for those that end.
    pub resources: BTreeMap<Id, Option<Rc<Resource>>>,
    /// Bindings after the change; `None` for those that end.
    pub bindings: BTreeMap<Id, Option<Binding>>,
}

/// A row before and after a change; `None` on the side where the row does not exist.
#[derive(Clone, PartialEq, Debug)]
pub enum RowChange {
    /// A resource.
    Resource(Option<Rc<Resource>>, Option<Rc<Resource>>),
    /// A binding. The one before is boxed because most changes are new bindings.
    Binding(Option<Box<Binding>>, Option<Binding>),
}

impl RowChange {
    /// The id of the row; `None` if the row exists on neither side.
    pub fn id(&self) -> Option<Id> {
        match self {
            RowChange::Resource(before, after) => after.as_ref().or(before.as_ref()).map(|row| row.id),
            RowChange::Binding(before, after) => after.as_ref().or(before.as_deref()).map(|row| row.id),
        }
    }

    /// The resource that the change is described as a change of: a binding on the server is the role of an account.
    /// `None` if the change is part of the description of another one.
    pub fn changed_resource(&self) -> Option<Id> {
        match self {
            RowChange::Resource(before, after) => {
                let row = after.as_ref().or(before.as_ref())?;
                match row.kind() {
                    Kind::Invitee => None,
                    Kind::ExternalId => row.parent,
                    _ => Some(row.id),
                }
            }
            RowChange::Binding(before, after) => {
                let row = after.as_ref().or(before.as_deref())?;
                let resource = if row.resource == Id::SERVER { row.principal } else { row.resource };
                row.role.is_described().then_some(resource)
            }
        }
    }
}

impl Draft {
    /// The changes that the draft makes to some facts: resources before bindings, each ordered by id. Rows
    /// that stay the same are left out, so a draft that changes nothing yields nothing.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn against<F: Facts + ?Sized>(&self, facts: &F) -> Result<Vec<RowChange>> {
        let mut changes = Vec::new();
        for (id, after) in &self.resources {
            let before = facts.resource(*id)?;
            let same = match (&before, after) {
                (None, None) => true,
                (Some(before), Some(after)) => before.is_same_as(after),
                _ => false,
            };
            if !same {
                changes.push(RowChange::Resource(before, after.clone()));
            }
        }
        for (id, after) in &self.bindings {
            let before = facts.binding(*id)?;
            let same = match (&before, after) {
                (None, None) => true,
                (Some(before), Some(after)) => before.is_same_as(after),
                _ => false,
            };
            if !same {
                changes.push(RowChange::Binding(before.map(Box::new), after.clone()));
            }
        }
        Ok(changes)
    }
}
