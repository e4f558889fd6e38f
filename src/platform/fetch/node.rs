//! The node API: the version of the software, and every permission with the path of its file.

use super::{Fetch, rows};
use crate::model::Problem;
use crate::platform::calls::{Request, Service};

/// The rows of a page.
const PAGE: u64 = 1000;

/// Reads a node: by itself, or as part of Aspera on Cloud, which gives the address.
pub(super) fn read(fetch: &mut Fetch<'_>, node: &Service, address: Option<&str>) -> Result<(), Problem> {
    let get = |path: &str| Request { address: address.map(str::to_owned), ..Request::get(node.clone(), path) };
    fetch.note(get("/info"))?;
    whole(fetch, &get("/permissions").with("embed[]", "file"), &mut |_| {})
}

/// Reads a list to its end, which a header tells.
pub(super) fn whole(
    fetch: &mut Fetch<'_>,
    request: &Request,
    visit: &mut dyn FnMut(&serde_json::Value),
) -> Result<(), Problem> {
    fetch.pages(
        request,
        &rows,
        &|progress| {
            let total = progress.last.and_then(|last| last.headers.get("x-total-count")?.parse().ok());
            progress
                .has_more(total, PAGE)
                .then(|| vec![("page", (progress.page + 1).to_string()), ("per_page", PAGE.to_string())])
        },
        visit,
    )
}
