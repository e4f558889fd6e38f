//! Aspera on Cloud: the people, groups, workspaces and dropboxes of an organization, its links and settings, and the
//! permissions of its nodes as far as there are tokens for them.

use std::collections::BTreeSet;

use super::{Fetch, ids, node};
use crate::model::Problem;
use crate::model::platform_id::Platform;
use crate::platform::calls::{Request, Service};

/// The lists of an organization, each with the parameters that make it whole.
const LISTS: [(&str, &[(&str, &str)]); 8] = [
    ("/users", &[]),
    ("/groups", &[]),
    ("/group_memberships", &[]),
    ("/workspaces", &[]),
    ("/workspace_memberships", &[("embed", "member")]),
    ("/dropboxes", &[]),
    ("/dropbox_memberships", &[("embed", "member")]),
    ("/short_links", &[]),
];

pub(super) fn read(fetch: &mut Fetch<'_>, nodes: &[Service]) -> Result<(), Problem> {
    let get = |path: &str| Request::get(Service::of(Platform::Aoc), path);
    for path in ["/organization", "/apps/files/settings"] {
        fetch.note(get(path))?;
    }
    for (path, parameters) in LISTS {
        let request = parameters.iter().fold(get(path), |request, (name, value)| request.with(name, value));
        node::whole(fetch, &request, &mut |_| {})?;
    }
    let (mut addresses, mut found) = (Vec::new(), BTreeSet::new());
    node::whole(fetch, &get("/nodes"), &mut |row| {
        ids(&mut found, row);
        addresses.push((super::id(row, "id"), row.get("url").and_then(|url| url.as_str()).map(str::to_owned)));
    })?;
    for (id, url) in addresses {
        let (Some(id), Some(url)) = (id, url) else { continue };
        let service = Service::node(&id);
        if nodes.contains(&service) {
            one_node(fetch, &service, &url)?;
        }
    }
    Ok(())
}

/// Reads a node at the address that Aspera on Cloud gives.
fn one_node(fetch: &mut Fetch<'_>, service: &Service, url: &str) -> Result<(), Problem> {
    let get = |path: &str| Request::get(service.clone(), path).at(url);
    fetch.note(get("/info"))?;
    node::whole(fetch, &get("/permissions").with("embed[]", "file"), &mut |_| {})
}
