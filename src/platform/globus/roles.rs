//! Roles on endpoints and collections: those that Transfer tells, and those of Globus Connect Server.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Reader;
use super::shape::{Shape, list_of_call};
use crate::model::escape::printable;
use crate::model::{Kind, Role};
use crate::platform::dump::Document;
use crate::platform::observed::{ObservedList, ObservedPrincipal, ObservedRole};
use crate::platform::refusal::{Place, Refusal};
use crate::platform::rows::{id, rows, text};

/// The identity or the group that a URN names; `None` for any other.
pub(in crate::platform) fn principal_of_urn(urn: &str) -> Option<ObservedPrincipal> {
    let named = |prefix: &str| urn.strip_prefix(prefix).filter(|id| !id.is_empty()).map(str::to_ascii_lowercase);
    let identity = named("urn:globus:auth:identity:").map(ObservedPrincipal::Account);
    identity.or_else(|| named("urn:globus:groups:id:").map(ObservedPrincipal::Group))
}

impl Reader<'_> {
    pub(super) fn roles(&mut self, document: &Document, shape: Shape) {
        let (key, is_gcs) = match shape {
            Shape::GcsRoles => ("data", true),
            Shape::GcsRolesAlone => ("DATA", true),
            _ => ("DATA", false),
        };
        let list = rows(document, key);
        let Some(owner) = self.owner_of_roles(document, &list) else {
            return self.refused.add(
                Refusal::Unowned,
                &document.place,
                "the list of roles does not say of which endpoint",
            );
        };
        if !is_gcs && !self.is_told_by_transfer(&owner, document) {
            return;
        }
        let whole = self.is_whole(document);
        // The command prints the roles of the caller alone, unless it is told otherwise.
        if shape == Shape::GcsRolesAlone {
            self.refused.check(document.require_whole(list.len(), self.options));
        }
        self.observed.add_list(ObservedList::Roles(owner.clone()), whole);
        for (row, place) in list {
            self.role(&owner, row, &place, is_gcs);
        }
    }

    /// Whose roles a document lists: as the call, the options or the name of the file say, or as every row does.
    fn owner_of_roles(&self, document: &Document, list: &[(&Value, Place)]) -> Option<String> {
        if let Some(call) = document.call() {
            return match list_of_call(call)? {
                ObservedList::Roles(owner) => Some(owner),
                _ => None,
            };
        }
        document.owner(self.options).or_else(|| {
            let first = list.first().and_then(|(row, _)| id(row, "collection"))?;
            list.iter().all(|(row, _)| id(row, "collection").as_ref() == Some(&first)).then_some(first)
        })
    }

    /// Whether Transfer tells the roles of an endpoint: not those of Globus Connect Server 5.
    fn is_told_by_transfer(&mut self, owner: &str, document: &Document) -> bool {
        let message = match self.observed.endpoints.get(owner) {
            Some(endpoint) if endpoint.server.is_none() => return true,
            Some(_) => format!("`{}` is an object of Globus Connect Server 5", printable(owner)),
            None => format!("nothing says of which kind the endpoint `{}` is", printable(owner)),
        };
        self.refused.add(Refusal::WrongInterface, &document.place, message);
        false
    }

    fn role(&mut self, owner: &str, row: &Value, place: &Place, is_gcs: bool) {
        let principal = if is_gcs { self.urn(row, place) } else { self.principal(row, place) };
        let word = text(row, "role").unwrap_or_default();
        let is_owner = is_gcs && word == "owner";
        let role = if is_owner {
            Some(Role::EndpointAdministrator)
        } else {
            Role::from_name(Kind::Endpoint, &word.replace('_', "-")).filter(|role| Role::ENDPOINT.contains(role))
        };
        let Some(role) = role else {
            return self.refused.unknown(place, row, "role", "role");
        };
        let (Some(principal), Some(id_of_role)) = (principal, id(row, "id")) else { return };
        // A list for a collection also has the roles of its endpoint, which reach it.
        let of_endpoint = is_gcs && row.get("collection").is_some_and(Value::is_null);
        let server = self.observed.endpoints.get(owner).and_then(|endpoint| endpoint.server.clone());
        let endpoint = if of_endpoint { server.unwrap_or_else(|| owner.to_owned()) } else { owner.to_owned() };
        let read = ObservedRole { id: id_of_role, endpoint, principal, role, is_owner, inherited: false };
        // The same role of the endpoint is in the list of each of its collections.
        if self.roles.insert((read.endpoint.clone(), read.id.clone()), read.role).is_none() {
            self.observed.roles.push(read);
        }
    }

    /// The principal of a row of Globus Connect Server, which is a URN.
    fn urn(&mut self, row: &Value, place: &Place) -> Option<ObservedPrincipal> {
        let principal = text(row, "principal").and_then(principal_of_urn);
        let Some(principal) = principal else {
            self.refused.unknown(place, row, "principal", "principal");
            return None;
        };
        self.unnamed.push((principal.clone(), place.at("principal")));
        Some(principal)
    }

    /// Adds the roles of an endpoint of Globus Connect Server to its collections, which they reach.
    pub(super) fn inherit_roles(&mut self) {
        let mut collections: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
        for (id, endpoint) in &self.observed.endpoints {
            if let Some(server) = endpoint.server.as_deref().filter(|server| server != id) {
                collections.entry(server).or_default().push(id);
            }
        }
        let mut reached = Vec::new();
        for role in &self.observed.roles {
            for id in collections.get(role.endpoint.as_str()).into_iter().flatten() {
                reached.push(ObservedRole { endpoint: (*id).clone(), inherited: true, ..role.clone() });
            }
        }
        self.observed.roles.extend(reached);
    }
}
