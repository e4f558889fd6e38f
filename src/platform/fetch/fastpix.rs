//! FastPix: signing keys, media and live streams. Its interface has no calls for organizations, members, invitations,
//! workspaces and tokens.

use serde_json::Value;

use super::{Fetch, list};
use crate::model::Problem;
use crate::model::platform_id::Platform;
use crate::platform::calls::{Request, Service};

/// The rows of a page, which is the largest that there is.
const PAGE: u64 = 50;

pub(super) fn read(fetch: &mut Fetch<'_>) -> Result<(), Problem> {
    for path in ["/iam/signing-keys", "/on-demand", "/live/streams"] {
        fetch.pages(
            &Request::get(Service::of(Platform::Fastpix), path).with("limit", PAGE),
            &|page| list(page, "data"),
            &|progress| {
                let total = |body: &Value| body.get("pagination")?.get("totalRecords")?.as_u64();
                let total = progress.last.and_then(|last| total(&last.body));
                // The offset counts pages, from 1 on.
                progress.has_more(total, PAGE).then(|| vec![("offset", (progress.page + 1).to_string())])
            },
            &mut |_| {},
        )?;
    }
    Ok(())
}
