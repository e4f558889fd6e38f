//! What is acted on: a resource with everything it lies in, read once.

use std::cell::OnceCell;
use std::rc::Rc;

use super::facts::{Facts, Result};
use crate::model::attributes::{Account, Attributes, Endpoint, Sharing};
use crate::model::{Id, Kind, Resource};

/// What is acted on.
pub(super) struct Target {
    pub(super) id: Id,
    pub(super) kind: Kind,
    pub(super) resource: Option<Rc<Resource>>,
    lineage: OnceCell<Vec<Rc<Resource>>>,
}

impl Target {
    pub(super) fn of<F: Facts + ?Sized>(facts: &F, id: Id) -> Result<Option<Target>> {
        let resource = facts.resource(id)?;
        let kind = match &resource {
            Some(resource) => resource.kind(),
            None if id == Id::SERVER => Kind::Server,
            None => return Ok(None),
        };
        Ok(Some(Target { id, kind, resource, lineage: OnceCell::new() }))
    }

    /// It and everything it lies in, nearest first; read once.
    pub(super) fn lineage<F: Facts + ?Sized>(&self, facts: &F) -> Result<&[Rc<Resource>]> {
        match self.lineage.get() {
            Some(lineage) => Ok(lineage),
            None => {
                let lineage = facts.lineage(self.id)?;
                Ok(self.lineage.get_or_init(|| lineage))
            }
        }
    }

    /// The resource of a kind that it is or lies in. The workspace of an item is the one whose files
    /// lie in a folder above.
    pub(super) fn within<F: Facts + ?Sized>(&self, facts: &F, kind: Kind) -> Result<Option<Id>> {
        if kind == self.kind {
            return Ok(Some(self.id));
        }
        let lineage = self.lineage(facts)?;
        if self.kind == Kind::Item && kind == Kind::Workspace {
            return Ok(lineage.iter().find_map(|above| above.as_item().and_then(|it| it.files_of)));
        }
        Ok(lineage.iter().find(|above| above.kind() == kind).map(|above| above.id))
    }

    /// The endpoint that it is or lies on.
    pub(super) fn endpoint<F: Facts + ?Sized>(&self, facts: &F) -> Result<Option<(Id, Endpoint)>> {
        let found = self.lineage(facts)?.iter().find_map(|above| Some((above.id, above.as_endpoint()?)));
        Ok(found.map(|(id, endpoint)| (id, endpoint.clone())))
    }

    /// Who decides about shares where it lies.
    pub(super) fn sharing<F: Facts + ?Sized>(&self, facts: &F) -> Result<Option<Sharing>> {
        Ok(self.endpoint(facts)?.map(|(_, endpoint)| endpoint.kind.sharing()))
    }

    pub(super) fn attributes(&self) -> Option<&Attributes> {
        self.resource.as_ref().map(|resource| &resource.attributes)
    }

    pub(super) fn account(&self) -> Option<&Account> {
        self.resource.as_ref().and_then(|resource| resource.as_account())
    }
}
