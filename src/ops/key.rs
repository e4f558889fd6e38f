//! Signing keys and access tokens: creating, listing, deleting or revoking them, and verifying a token. Only the
//! admins of an organization may see them (docs/model.md#keys-tokens-media-and-streams).

use std::rc::Rc;

use super::group::children;
use super::{Result, Transaction};
use crate::model::attributes::{AccessToken, Attributes, LinkStatus, SigningKey, TokenMode};
use crate::model::catalogue::TOKEN_ENDED;
use crate::model::secret::Secret;
use crate::model::time::Expiry;
use crate::model::{Id, Kind, Name, Problem, Reference, Resource, Verb};
use crate::policy::Facts;

/// The organization or the workspace that a reference names, if the actor may see it.
///
/// # Errors
/// As [`Transaction::find`]; a conflict for any other kind.
pub(super) fn find_org_or_workspace(tx: &Transaction<'_>, on: &Reference) -> Result<Rc<Resource>> {
    match &*tx.with_kind(on)? {
        Reference::Named(Kind::Org, name) => tx.find(Kind::Org, name),
        workspace @ Reference::Workspace(..) => tx.find_reference(Kind::Workspace, workspace),
        other => Err(other.wrong_kind("an organization or a workspace")),
    }
}

/// The resources of a kind in an organization and in its workspaces, or in one workspace, oldest first.
///
/// # Errors
/// When the facts cannot be read.
pub(super) fn lying_in(tx: &Transaction<'_>, kind: Kind, owner: &Resource) -> Result<Vec<Rc<Resource>>> {
    let mut found = children(tx, kind, owner.id)?;
    if owner.kind() == Kind::Org {
        for workspace in children(tx, Kind::Workspace, owner.id)? {
            found.extend(children(tx, kind, workspace.id)?);
        }
    }
    found.sort_by_key(|it| it.id);
    Ok(found)
}

/// Records the public half of a new signing key.
///
/// # Errors
/// A denial.
pub fn create_signing_key(tx: &mut Transaction<'_>, on: &Reference, public_key: &str) -> Result<Id> {
    let owner = find_org_or_workspace(tx, on)?;
    let org = tx.outermost(owner.id)?;
    tx.require_verb(Verb::CreateSigningKey, org)?;
    let (by, created) = (tx.actor.principal(), tx.at);
    let key = SigningKey { public_key: public_key.to_owned(), by, created };
    Ok(tx.create_unnamed(Some(owner.id), None, Attributes::SigningKey(key)))
}

/// The signing keys of an organization or of one of its workspaces, oldest first.
///
/// # Errors
/// A denial.
pub fn signing_keys(tx: &Transaction<'_>, on: &Reference) -> Result<Vec<Rc<Resource>>> {
    let owner = find_org_or_workspace(tx, on)?;
    tx.require_verb(Verb::ListSigningKeys, tx.outermost(owner.id)?)?;
    lying_in(tx, Kind::SigningKey, &owner)
}

/// Deletes a signing key.
///
/// # Errors
/// A denial.
pub fn delete_signing_key(tx: &mut Transaction<'_>, which: &Reference) -> Result<()> {
    let existing = tx.find_reference(Kind::SigningKey, which)?;
    tx.require_verb(Verb::Delete, existing.id)?;
    tx.end_with_bindings(existing.id)
}

/// Creates an access token of a workspace; its holder acts with `secret`, of which only the hash is stored.
///
/// # Errors
/// A denial; a conflict for an expiry in the past.
pub fn create_token(
    tx: &mut Transaction<'_>,
    workspace: &Reference,
    mode: TokenMode,
    expires: Option<Expiry>,
    secret: &Secret,
) -> Result<Id> {
    let owner = tx.find_reference(Kind::Workspace, workspace)?;
    let org = tx.outermost(owner.id)?;
    tx.require_verb(Verb::CreateAccessToken, org)?;
    let (by, created) = (tx.actor.principal(), tx.at);
    let expires = expires.and_then(|end| end.resolve_at(created));
    if expires.is_some_and(|end| end <= created) {
        return Err(Problem::conflict("past_expiry", "the token would have expired before it was made")
            .tip("choose a later --expires"));
    }
    let token = AccessToken { mode, by, created, expires, revoked: false };
    Ok(tx.create_unnamed(Some(owner.id), Some(secret), Attributes::AccessToken(token)))
}

/// The access tokens of an organization or of one of its workspaces, oldest first, also those that were revoked.
///
/// # Errors
/// A denial.
pub fn tokens(tx: &Transaction<'_>, on: &Reference) -> Result<Vec<Rc<Resource>>> {
    let owner = find_org_or_workspace(tx, on)?;
    tx.require_verb(Verb::ListAccessTokens, tx.outermost(owner.id)?)?;
    lying_in(tx, Kind::AccessToken, &owner)
}

/// Revokes an access token; it stays listed.
///
/// # Errors
/// A denial.
pub fn revoke_token(tx: &mut Transaction<'_>, which: &Reference) -> Result<()> {
    let existing = tx.find_reference(Kind::AccessToken, which)?;
    tx.require_verb(Verb::Revoke, existing.id)?;
    if let Some(token) = existing.as_token() {
        tx.put_attributes(&existing, Attributes::AccessToken(AccessToken { revoked: true, ..token.clone() }));
    }
    Ok(())
}

/// The answer to every token that does not work, whatever the reason.
fn bad_token() -> Problem {
    Problem::denied(TOKEN_ENDED, "this access token cannot be used")
        .coded("bad_token")
        .why("a token that is unknown, revoked, expired or of another workspace gets one and the same answer")
}

/// The active token of a workspace with this secret. The holder of the secret needs no right.
///
/// # Errors
/// The same denial for every token that does not work.
pub fn verify(tx: &Transaction<'_>, org: &Name, name: &Name, secret: &Secret) -> Result<Rc<Resource>> {
    let facts = tx.facts();
    let org = facts.named(Kind::Org, None, org.key())?.ok_or_else(bad_token)?;
    let workspace = facts.named(Kind::Workspace, Some(org.id), name.key())?.ok_or_else(bad_token)?;
    let token = facts.named(Kind::AccessToken, Some(workspace.id), &secret.hash())?.ok_or_else(bad_token)?;
    match token.as_token() {
        Some(it) if it.status(tx.at) == LinkStatus::Active => Ok(token),
        _ => Err(bad_token()),
    }
}
