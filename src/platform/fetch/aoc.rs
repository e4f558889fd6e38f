//! Aspera on Cloud: the people, groups, workspaces and dropboxes of an organization, its links and settings, and the
//! permissions of its nodes as far as there are tokens for them.

use std::collections::BTreeMap;

use super::{Fetch, id, node};
use crate::model::Problem;
use crate::model::platform_id::Platform;
use crate::platform::calls::{Request, Service};
use crate::platform::rows::text;

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
    let mut addresses = BTreeMap::new();
    node::whole(fetch, &get("/nodes"), &mut |row| {
        if let (Some(id), Some(url)) = (id(row, "id"), text(row, "url")) {
            addresses.insert(Service::node(&id), url.to_owned());
        }
    })?;
    for (service, url) in addresses.iter().filter(|(service, _)| nodes.contains(service)) {
        node::read(fetch, service, Some(url))?;
    }
    Ok(())
}
