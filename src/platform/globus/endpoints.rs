//! Endpoints and collections of Globus.

use serde_json::Value;

use super::Reader;
use crate::model::attributes::EndpointKind;
use crate::platform::dump::Document;
use crate::platform::observed::{ObservedEndpoint, ObservedList};
use crate::platform::refusal::{Place, Refusal};
use crate::platform::rows::{id, rows, said, text};

impl Reader<'_> {
    /// Reads the endpoints that a search found. Documents of their own, which are read before, say more.
    pub(super) fn search(&mut self, document: &Document) {
        let whole = self.is_whole(document);
        self.observed.add_list(ObservedList::Endpoints, whole);
        for (row, place) in rows(document, "DATA") {
            // A fetch keeps the ids of a search alone, and reads each endpoint.
            if row.get("entity_type").is_some()
                && id(row, "id").is_none_or(|id| !self.observed.endpoints.contains_key(&id))
            {
                self.endpoint(row, &place);
            }
        }
    }

    pub(super) fn endpoint(&mut self, row: &Value, place: &Place) {
        let Some(endpoint) = id(row, "id") else {
            return self.refused.add(Refusal::NotAList, place, "an endpoint without an id");
        };
        let Some(kind) = kind_of(row) else {
            return self.refused.unknown(place, row, "entity_type", "kind of endpoint");
        };
        let host = id(row, "host_endpoint_id").filter(|_| kind == EndpointKind::Share);
        let is_server = text(row, "entity_type").is_some_and(|it| it.starts_with("GCSv5_"));
        let read = ObservedEndpoint {
            display_name: said(row, "display_name").or_else(|| said(row, "name")).unwrap_or_else(|| endpoint.clone()),
            description: said(row, "description"),
            kind,
            private: row.get("public").and_then(Value::as_bool).map(|public| !public),
            managed: row.get("subscription_id").map(|subscription| !subscription.is_null()),
            of: host.map(|host| (host, said(row, "host_path").unwrap_or_else(|| "/".to_owned()))),
            // The endpoint of a collection is its owner, and an endpoint belongs to itself.
            server: if is_server { id(row, "owner_id").or_else(|| Some(endpoint.clone())) } else { None },
        };
        self.observed.endpoints.insert(endpoint, read);
    }
}

/// The kind of an endpoint here; `None` for one that is not known.
fn kind_of(row: &Value) -> Option<EndpointKind> {
    let is_set = |key: &str| row.get(key).is_some_and(|value| !value.is_null());
    Some(match text(row, "entity_type")? {
        "GCSv4_share" | "GCSv5_guest_collection" | "GCP_guest_collection" => EndpointKind::Share,
        "GCSv4_host" if is_set("host_endpoint_id") => EndpointKind::Share,
        "GCSv4_host" if is_set("s3_url") => EndpointKind::S3,
        "GCSv4_host" | "GCSv5_endpoint" | "GCSv5_mapped_collection" => EndpointKind::Host,
        "GCP_mapped_collection" => EndpointKind::Personal,
        _ => return None,
    })
}
