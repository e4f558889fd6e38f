//! Faspex 5: the accounts with all their settings, the workgroups and shared inboxes with their members, the groups of the
//! directories, and the settings of the server.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Fetch, ids, list};
use crate::model::Problem;
use crate::model::platform_id::Platform;
use crate::platform::calls::{Request, Service};
use crate::platform::faspex::Listed;

/// The rows of a page.
const PAGE: u64 = 1000;

pub(super) fn read(fetch: &mut Fetch<'_>) -> Result<(), Problem> {
    let get = |path: &str| Request::get(Service::of(Platform::Faspex), path);
    fetch.note(get("/configuration"))?;
    // Without `expand` the settings are absent, and without `all` only the caller's own groups are there.
    whole(fetch, &get("/accounts").with("expand", "true"), Listed::Accounts, &mut |_| {})?;
    for (path, listed) in [("/workgroups", Listed::Workgroups), ("/shared_inboxes", Listed::Inboxes)] {
        let mut found = BTreeSet::new();
        whole(fetch, &get(path).with("all", "true"), listed, &mut |row| ids(&mut found, row))?;
        for id in found {
            whole(fetch, &get(&format!("{path}/{id}/members")), Listed::Members, &mut |_| {})?;
            whole(fetch, &get(&format!("{path}/{id}/saml_groups")), Listed::GroupsOfPlace, &mut |_| {})?;
        }
    }
    let mut groups = BTreeSet::new();
    whole(fetch, &get("/saml_groups"), Listed::Groups, &mut |row| ids(&mut groups, row))?;
    for id in groups {
        whole(fetch, &get(&format!("/saml_groups/{id}/members")), Listed::Members, &mut |_| {})?;
    }
    Ok(())
}

/// Reads a list to its end, which `total_count` tells.
fn whole(
    fetch: &mut Fetch<'_>,
    request: &Request,
    listed: Listed,
    visit: &mut dyn FnMut(&Value),
) -> Result<(), Problem> {
    fetch.pages(
        request,
        &|page| list(page, listed.key()),
        &|progress| {
            let total = progress.last.and_then(|last| last.body.get("total_count")?.as_u64());
            progress
                .has_more(total, PAGE)
                .then(|| vec![("limit", PAGE.to_string()), ("offset", progress.seen.to_string())])
        },
        visit,
    )
}
