//! [`Target`]: a resource looked up once, with its ancestors.

use std::sync::{Arc, OnceLock};

use super::facts::{Facts, PackedShares, ResourceHeader, Result};
use crate::model::attributes::{Account, Attributes, Endpoint, Home, Item, Server, Sharing};
use crate::model::{Id, Kind};

/// The resource that a question is about, with its ancestors. Many questions about one resource share it.
pub struct Target {
    /// The id of the resource.
    pub id: Id,
    /// The kind of the resource.
    pub kind: Kind,
    header: ResourceHeader,
    /// The resource and its ancestors, nearest first.
    ancestors: OnceLock<Vec<ResourceHeader>>,
    /// Shares and owners of the items among these; `None` inside if they are many, or not in memory.
    packed_shares: OnceLock<Option<PackedShares>>,
}

/// With more shares than this, a lookup for each principal of the subject is faster.
const MAX_PACKED_SHARES: usize = 64;

impl Target {
    /// Looks a resource up; `None` if it does not exist. The server always exists.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn load<F: Facts + ?Sized>(facts: &F, id: Id) -> Result<Option<Target>> {
        let header = match facts.header(id)? {
            Some(header) => header,
            None if id == Id::SERVER => {
                ResourceHeader { id, parent: None, attributes: Arc::new(Attributes::Server(Server::default())) }
            }
            None => return Ok(None),
        };
        Ok(Some(Target { id, kind: header.kind(), header, ancestors: OnceLock::new(), packed_shares: OnceLock::new() }))
    }

    /// A resource that does not exist, with these attributes. Nothing links a principal to it, so what is allowed
    /// on it follows from the principal's profile alone.
    pub(super) fn hypothetical(attributes: Attributes) -> Target {
        let header = ResourceHeader { id: Id(0), parent: None, attributes: Arc::new(attributes) };
        let line = OnceLock::from(vec![header.clone()]);
        Target { id: Id(0), kind: header.kind(), header, ancestors: line, packed_shares: OnceLock::from(None) }
    }

    /// The resource and its ancestors, nearest first; read once.
    pub(super) fn self_and_ancestors<F: Facts + ?Sized>(&self, facts: &F) -> Result<&[ResourceHeader]> {
        match self.ancestors.get() {
            Some(line) => Ok(line),
            None => {
                let line = facts.ancestor_headers(self.header.clone())?;
                Ok(self.ancestors.get_or_init(|| line))
            }
        }
    }

    /// The items among the resource and its ancestors, nearest first: all but the endpoint.
    pub(super) fn items<F: Facts + ?Sized>(&self, facts: &F) -> Result<impl Iterator<Item = (Id, &Item)>> {
        Ok(self.self_and_ancestors(facts)?.iter().filter_map(|above| match &*above.attributes {
            Attributes::Item(item) => Some((above.id, item)),
            _ => None,
        }))
    }

    /// The nearest resource of a kind among the resource and its ancestors. The workspace of an item is
    /// the one whose files lie in the item or in a folder above.
    pub(super) fn ancestor_of_kind<F: Facts + ?Sized>(&self, facts: &F, kind: Kind) -> Result<Option<Id>> {
        if kind == self.kind {
            return Ok(Some(self.id));
        }
        if self.kind == Kind::Item && kind == Kind::Workspace {
            return Ok(self.items(facts)?.find_map(|(_, item)| item.files_of));
        }
        Ok(self.self_and_ancestors(facts)?.iter().find(|above| above.kind() == kind).map(|above| above.id))
    }

    /// The endpoint that the resource is or lies on.
    pub(super) fn endpoint<F: Facts + ?Sized>(&self, facts: &F) -> Result<Option<(Id, &Endpoint)>> {
        // An endpoint has no parent, so it is the last.
        Ok(self.self_and_ancestors(facts)?.last().and_then(|last| match &*last.attributes {
            Attributes::Endpoint(endpoint) => Some((last.id, endpoint)),
            _ => None,
        }))
    }

    /// How the endpoint of the resource shares its content; `None` if it lies on no endpoint.
    pub(super) fn sharing<F: Facts + ?Sized>(&self, facts: &F) -> Result<Option<Sharing>> {
        if let Some(Some(PackedShares { outermost, .. })) = self.packed_shares.get()
            && let Attributes::Endpoint(endpoint) = &*outermost.attributes
        {
            return Ok(Some(endpoint.kind.sharing()));
        }
        Ok(self.endpoint(facts)?.map(|(_, endpoint)| endpoint.kind.sharing()))
    }

    /// The shares and the owners of the item and of the folders above, if they are few and in memory.
    pub(super) fn packed_shares<F: Facts + ?Sized>(&self, facts: &F) -> Option<&PackedShares> {
        match self.packed_shares.get() {
            Some(at_hand) => at_hand.as_ref(),
            None => self.packed_shares.get_or_init(|| facts.packed_shares(&self.header, MAX_PACKED_SHARES)).as_ref(),
        }
    }

    /// The home folder that a file lies directly in, or that a folder is. For a folder, the question is about its
    /// contents, as it is for every path that is not registered.
    pub(super) fn folder_home<F: Facts + ?Sized>(&self, facts: &F) -> Result<Option<Home>> {
        match self.item() {
            Some(item) if item.is_folder() => Ok(item.home),
            Some(_) => {
                let above = self.header.parent.map(|above| facts.header(above)).transpose()?.flatten();
                Ok(above.and_then(
                    |above| if let Attributes::Item(folder) = &*above.attributes { folder.home } else { None },
                ))
            }
            None => Ok(None),
        }
    }

    pub(super) fn attributes(&self) -> &Attributes {
        &self.header.attributes
    }

    pub(super) fn parent(&self) -> Option<Id> {
        self.header.parent
    }

    /// Whether the resource is the root folder of an endpoint.
    pub(super) fn is_root<F: Facts + ?Sized>(&self, facts: &F) -> Result<bool> {
        if self.kind != Kind::Item {
            return Ok(false);
        }
        match self.packed_shares(facts) {
            Some(at_hand) => Ok(at_hand.items == 1),
            None => Ok(self.self_and_ancestors(facts)?.len() == 2),
        }
    }

    pub(super) fn account(&self) -> Option<&Account> {
        if let Attributes::Account(it) = self.attributes() { Some(it) } else { None }
    }

    pub(super) fn item(&self) -> Option<&Item> {
        if let Attributes::Item(it) = self.attributes() { Some(it) } else { None }
    }
}
