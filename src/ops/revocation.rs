//! Taking a binding away by the operation that people use for it, under the rights of the actor. A review runs the
//! operation; a finding offers the command of the same operation.

use super::invitation::LinkSelector;
use super::share::{self, ShareSelector, Sharer};
use super::{Result, Transaction, account, content, endpoint, invitation, membership, org_member, workspace_member};
use crate::model::reference::ended_reference;
use crate::model::{Binding, Id, Kind, Name, Path, Problem, Reference, Role};
use crate::policy::Facts;

/// The operation that takes a binding away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Revocation {
    /// The account gets the role of every account.
    AccountRole,
    /// The membership of a group, a workgroup, a dropbox, an organization or a workspace ends.
    Member,
    /// The link of an outside submitter is revoked.
    Link(u64),
    /// The role on an endpoint is taken away.
    EndpointRole,
    /// The file or folder is left without an owner.
    Owner,
    /// The share is revoked.
    Share,
}

impl Revocation {
    /// The operation for a binding; `None` for a binding that comes and goes with something else: the role of every
    /// account, and the roles of a package.
    pub fn of(binding: &Binding) -> Option<Revocation> {
        match binding.role {
            Role::ServerAdmin | Role::ServerManager => Some(Revocation::AccountRole),
            Role::GroupMember
            | Role::WorkgroupAdmin
            | Role::WorkgroupStandard
            | Role::DropboxAdmin
            | Role::DropboxStandard
            | Role::DropboxSubmitOnly
            | Role::OrgAdmin
            | Role::OrgMember
            | Role::WorkspaceManager
            | Role::WorkspaceMember => Some(Revocation::Member),
            Role::DropboxOutside => binding.attributes.invitation.map(Revocation::Link),
            Role::EndpointAdministrator | Role::AccessManager | Role::ActivityManager | Role::ActivityMonitor => {
                Some(Revocation::EndpointRole)
            }
            Role::ItemOwner => Some(Revocation::Owner),
            Role::ItemShare => Some(Revocation::Share),
            Role::ServerUser | Role::PackageSender | Role::PackageRecipient => None,
        }
    }
}

/// Takes a binding away. With `cascade`, also the shares that rest on it.
///
/// # Errors
/// Those of the operation; a conflict for a binding that comes and goes with something else.
pub fn revoke(tx: &mut Transaction<'_>, binding: &Binding, cascade: bool) -> Result<()> {
    let (on, who) = (reference(tx, binding.resource)?, reference(tx, binding.principal)?);
    let by_itself = || Err(Problem::conflict("not_revocable", format!("{} is not taken away by itself", binding.role)));
    let Some(revocation) = Revocation::of(binding) else { return by_itself() };
    let who = [who];
    match (revocation, on) {
        (Revocation::AccountRole, _) => match &who {
            [Reference::Named(Kind::Account, name)] => account::set_role(tx, name, Role::ServerUser),
            _ => by_itself(),
        },
        (Revocation::Member, Reference::Named(Kind::Org, org)) => org_member::remove(tx, &org, &who),
        (Revocation::Member, Reference::Workspace(org, name)) => workspace_member::remove(tx, &org, &name, &who),
        (Revocation::Member, Reference::Named(kind, name)) => membership::remove(tx, kind, &name, &who),
        (Revocation::Link(link), Reference::Named(Kind::Dropbox, name)) => {
            invitation::revoke(tx, &name, &LinkSelector::Number(link))
        }
        (Revocation::EndpointRole, Reference::Named(Kind::Endpoint, name)) => {
            endpoint::remove_role(tx, &name, binding.role, &who)
        }
        (Revocation::Owner, Reference::Item(endpoint, path)) => {
            let settings = content::ItemSettings { owner: Some(None), ..content::ItemSettings::default() };
            content::set(tx, &endpoint, &path, &settings)
        }
        (Revocation::Share, Reference::Item(endpoint, path)) => {
            let [principal] = who;
            revoke_share(tx, (&endpoint, &path), principal, binding, cascade)
        }
        _ => by_itself(),
    }
}

fn revoke_share(
    tx: &mut Transaction<'_>,
    item: (&Name, &Path),
    principal: Reference,
    binding: &Binding,
    cascade: bool,
) -> Result<()> {
    let by = match binding.grantor {
        None => Sharer::Operator,
        Some(sharer) => Sharer::parse(&sharer_reference(tx, sharer)?)?,
    };
    let which = ShareSelector { principal, by: Some(by), class: Some(binding.attributes.share_class()) };
    share::revoke(tx, item, &[which], cascade)
}

/// A sharer as the operations take it. What has ended is not in the facts, and is named by its number alone.
fn sharer_reference(tx: &Transaction<'_>, sharer: Id) -> Result<String> {
    Ok(match tx.current_or_removed(sharer)? {
        Some(account) if tx.facts().header(sharer)?.is_some() => account.reference(),
        Some(account) => ended_reference(&account, account.reference()),
        None => format!("{}:{}#{sharer}", Kind::Account, Kind::Account),
    })
}

/// The reference of a resource or principal, parsed. The operation asks whether the actor may see it.
fn reference(tx: &Transaction<'_>, id: Id) -> Result<Reference> {
    // told: a lookup, which shows nothing.
    let text = tx.internal_reference(id)?;
    Reference::parse(&text, Kind::Server)
}
