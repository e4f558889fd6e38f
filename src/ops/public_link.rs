//! The public link of a dropbox. `invitation` has the private links, `group` the dropbox itself.

use super::group::children;
use super::{Result, Transaction, invitation};
use crate::model::attributes::{Attributes, PublicLink};
use crate::model::secret::Secret;
use crate::model::{Kind, Name, Problem, Verb};
use crate::policy::Facts;

/// Turns the public link on, with a new secret. Returns whether the link was off before.
///
/// # Errors
/// A denial; a conflict if the server does not allow public links.
pub fn turn_on(tx: &mut Transaction<'_>, name: &Name, secret: &Secret) -> Result<bool> {
    let dropbox = tx.find(Kind::Dropbox, name)?;
    tx.require_verb(Verb::SetPublicLink, dropbox.id)?;
    if !tx.facts().server()?.public_links {
        return Err(not_allowed());
    }
    if !children(tx, Kind::PublicLink, dropbox.id)?.is_empty() {
        tx.warnings.push(format!(
            "the public link of {} is on already, and its secret is not kept; for a new one turn it off and on",
            dropbox.reference()
        ));
        return Ok(false);
    }
    let by = tx.actor.principal();
    tx.create_unnamed(Some(dropbox.id), Some(secret), Attributes::PublicLink(PublicLink { by }));
    Ok(true)
}

fn not_allowed() -> Problem {
    Problem::conflict("public_links_off", "the server does not allow public links")
        .why("server setting `public-links`")
        .tip("rolebook server set --public-links allow")
}

/// Turns the public link off. The private links that were claimed through it stay in force, unless `revoke_issued`.
///
/// # Errors
/// A denial.
pub fn turn_off(tx: &mut Transaction<'_>, name: &Name, revoke_issued: bool) -> Result<()> {
    let dropbox = tx.find(Kind::Dropbox, name)?;
    tx.require_verb(Verb::SetPublicLink, dropbox.id)?;
    for link in children(tx, Kind::PublicLink, dropbox.id)? {
        tx.end(link.id);
    }
    if revoke_issued {
        tx.require_verb(Verb::RevokeInvitation, dropbox.id)?;
        invitation::revoke_claimed(tx, &dropbox)?;
    }
    Ok(())
}
