//! Globus: the endpoints and collections that the caller administers with their roles and rules, the caller's groups with
//! their members, and the names of every identity in these.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Fetch, ids, list, rows};
use crate::model::Problem;
use crate::platform::calls::{Request, Service};
use crate::platform::globus::principal_of_urn;
use crate::platform::observed::ObservedPrincipal;
use crate::platform::rows::text;

/// The largest page of a search for endpoints.
const SEARCH_PAGE: u64 = 100;

/// The largest page of a list of roles of Globus Connect Server.
const ROLES_PAGE: u64 = 1000;

/// How many identities one call names.
const IDENTITIES: usize = 100;

/// Who and what the lists name.
#[derive(Default)]
struct Named {
    identities: BTreeSet<String>,
    groups: BTreeSet<String>,
}

impl Named {
    fn principal(&mut self, row: &Value) {
        let Some(written) = text(row, "principal").filter(|principal| !principal.is_empty()) else { return };
        let principal = match text(row, "principal_type") {
            Some("identity") => Some(ObservedPrincipal::Account(written.to_owned())),
            Some("group") => Some(ObservedPrincipal::Group(written.to_owned())),
            _ => principal_of_urn(written),
        };
        match principal {
            Some(ObservedPrincipal::Account(id)) => drop(self.identities.insert(id)),
            Some(ObservedPrincipal::Group(id)) => drop(self.groups.insert(id)),
            Some(ObservedPrincipal::Authenticated | ObservedPrincipal::Anyone) | None => {}
        }
    }
}

pub(super) fn read(fetch: &mut Fetch<'_>) -> Result<(), Problem> {
    let (auth, groups, transfer) =
        (Service::new(Service::AUTH), Service::new(Service::GROUPS), Service::new(Service::TRANSFER));
    let mut named = Named::default();
    let mut endpoints = BTreeSet::new();
    let search = Request::get(transfer.clone(), "/v0.10/endpoint_search")
        .with("filter_scope", "administered-by-me")
        .with("limit", SEARCH_PAGE);
    fetch.pages(
        &search,
        &|page| list(page, "DATA"),
        &|progress| {
            let more = progress.last.is_none_or(|last| last.body.get("has_next_page") == Some(&Value::Bool(true)));
            (more && (progress.last.is_none() || progress.in_page > 0))
                .then(|| vec![("offset", progress.seen.to_string())])
        },
        &mut |row| ids(&mut endpoints, row),
    )?;
    for endpoint in endpoints {
        let of = format!("/v0.10/endpoint/{endpoint}");
        let Some(answer) = fetch.get(Request::get(transfer.clone(), of.clone()))? else { continue };
        let (document, text) = (&answer.body, |key: &str| answer.body.get(key).and_then(Value::as_str));
        let kind = text("entity_type").unwrap_or_default().to_owned();
        if kind.starts_with("GCSv5_") {
            // A collection names its endpoint as its owner.
            let host = if kind == "GCSv5_endpoint" { Some(endpoint.as_str()) } else { text("owner_id") };
            if let (Some(host), Some(manager)) = (host, text("gcs_manager_url")) {
                let roles = Request::get(Service::gcs(host), "/roles").at(manager).with("include", "all_roles");
                let roles = if kind == "GCSv5_endpoint" { roles } else { roles.with("collection_id", &endpoint) };
                gcs_roles(fetch, &roles, &mut named)?;
            }
        } else if let Some(answer) = fetch.get(Request::get(transfer.clone(), format!("{of}/role_list")))? {
            list(&answer.body, "DATA").iter().for_each(|row| named.principal(row));
        }
        // Documents of guest collections do not always say that they have rules.
        let has_rules = document.get("acl_available") == Some(&Value::Bool(true))
            || kind.ends_with("_guest_collection")
            || kind == "GCSv4_share";
        if has_rules && let Some(answer) = fetch.get(Request::get(transfer.clone(), format!("{of}/access_list")))? {
            list(&answer.body, "DATA").iter().for_each(|row| named.principal(row));
        }
    }
    if let Some(answer) = fetch.get(Request::get(groups.clone(), "/v2/groups/my_groups"))? {
        rows(&answer.body).iter().for_each(|row| ids(&mut named.groups, row));
    }
    for group in std::mem::take(&mut named.groups) {
        let request = Request::get(groups.clone(), format!("/v2/groups/{group}")).with("include", "memberships");
        if let Some(answer) = fetch.get(request)? {
            for member in list(&answer.body, "memberships") {
                named.identities.extend(super::id(member, "identity_id"));
            }
        }
    }
    let identities: Vec<String> = named.identities.into_iter().collect();
    for some in identities.chunks(IDENTITIES) {
        fetch.note(Request::get(auth.clone(), "/v2/api/identities").with("ids", some.join(",")))?;
    }
    Ok(())
}

/// Reads the roles of an endpoint or a collection of Globus Connect Server.
fn gcs_roles(fetch: &mut Fetch<'_>, roles: &Request, named: &mut Named) -> Result<(), Problem> {
    fetch.pages(
        &roles.clone().with("page_size", ROLES_PAGE),
        &|page| list(page, "data"),
        &|progress| match progress.last {
            None => Some(Vec::new()),
            Some(last) => {
                let more = last.body.get("has_next_page") == Some(&Value::Bool(true));
                let marker =
                    last.body.get("marker").and_then(Value::as_str).filter(|_| more && progress.in_page > 0)?;
                Some(vec![("marker", marker.to_owned())])
            }
        },
        &mut |row| named.principal(row),
    )
}
