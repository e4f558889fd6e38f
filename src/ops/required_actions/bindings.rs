//! The actions that a change of a binding takes, by role.

use std::rc::Rc;

use super::{RequiredActions, plain};
use crate::model::{Action, Binding, Id, Kind, Resource, Role, Verb};
use crate::ops::change_index::ChangeIndex;
use crate::ops::membership::MembershipChange;
use crate::ops::{Result, Transaction};
use crate::policy::Facts;

/// The actions that a change of a binding takes.
pub(super) fn binding(
    tx: &Transaction<'_>,
    rows: &ChangeIndex<'_>,
    before: Option<&Binding>,
    after: Option<&Binding>,
) -> Result<RequiredActions> {
    let Some(any) = after.or(before) else { return Ok(RequiredActions::nothing()) };
    let (on, who) = (any.resource, any.principal);
    let is_own = tx.actor.principal() == Some(who);
    Ok(match any.role.resource_kind() {
        Kind::Server => RequiredActions::all(vec![(Action::SetRole(any.role), who)]),
        Kind::Endpoint => {
            let role = |it: &Binding, action: fn(Role) -> Action| match it.role {
                // The creator holds the role on an unmanaged endpoint too, where no role can be assigned.
                Role::EndpointAdministrator if is_creator(tx, it).unwrap_or(false) => plain(Verb::Edit, on),
                role => (action(role), on),
            };
            let sides = before.map(|it| role(it, Action::Revoke)).into_iter();
            RequiredActions::all(sides.chain(after.map(|it| role(it, Action::Assign))).collect())
        }
        Kind::Dropbox if any.role == Role::DropboxOutside => match after {
            Some(_) => RequiredActions::verb(Verb::Invite, on),
            // A new invitation also ends a binding that has expired.
            None => RequiredActions::verb(Verb::RevokeInvitation, on).or(vec![plain(Verb::Invite, on)]),
        },
        Kind::Group | Kind::Workgroup | Kind::Dropbox => member(tx, rows, before, after)?,
        Kind::Org => match after {
            Some(_) => RequiredActions::verb(Verb::EditMember, on),
            // The invariants require that an admin remains.
            None if is_own => RequiredActions::verb(Verb::Leave, on).or(vec![plain(Verb::EditMember, on)]),
            None => RequiredActions::verb(Verb::RemoveMember, on),
        },
        Kind::Workspace => match after {
            Some(_) => RequiredActions::verb(Verb::AddMember, on),
            None => {
                let removed = RequiredActions::verb(Verb::RemoveMember, on);
                // A member who leaves an organization also leaves its workspaces.
                let org = tx.current_or_removed(on)?.and_then(|it| it.parent);
                match org.filter(|org| is_own && rows.is_membership(*org, who)) {
                    Some(org) => removed.or(vec![plain(Verb::Leave, org)]),
                    None => removed,
                }
            }
        },
        Kind::Item if any.role == Role::ItemOwner => owner(tx, rows, any, after.is_some())?,
        Kind::Item => RequiredActions::Share,
        // Roles of a package come and go with it, and the other kinds have no roles. On their own such bindings take the
        // right to configure the server.
        Kind::Package
        | Kind::Account
        | Kind::Invitation
        | Kind::PublicLink
        | Kind::Invitee
        | Kind::ExternalId
        | Kind::SigningKey
        | Kind::AccessToken
        | Kind::Media
        | Kind::Stream
        | Kind::Acceptance
        | Kind::Review
        | Kind::ReviewDecision => RequiredActions::verb(Verb::Configure, Id::SERVER),
    })
}

fn is_creator(tx: &Transaction<'_>, role: &Binding) -> Result<bool> {
    let endpoint = tx.current_or_removed(role.resource)?;
    Ok(endpoint.and_then(|it| it.as_endpoint().and_then(|it| it.creator)) == Some(role.principal))
}

/// The actions that a change of a membership of a group, a workgroup or a dropbox takes.
fn member(
    tx: &Transaction<'_>,
    rows: &ChangeIndex<'_>,
    before: Option<&Binding>,
    after: Option<&Binding>,
) -> Result<RequiredActions> {
    let Some(any) = after.or(before) else { return Ok(RequiredActions::nothing()) };
    let is_admin =
        |it: Option<&Binding>| it.is_some_and(|it| matches!(it.role, Role::WorkgroupAdmin | Role::DropboxAdmin));
    let of_group = tx.current_or_removed(any.principal)?.is_some_and(|it| it.kind() == Kind::Group);
    let verb = |change: MembershipChange| plain(change.verb(any.role.resource_kind(), of_group), any.resource);
    let mut asked = Vec::new();
    match (before, after) {
        (None, _) => asked.push(verb(MembershipChange::Add)),
        (_, None) => asked.push(verb(MembershipChange::Remove)),
        (Some(was), Some(is)) => {
            if was.attributes.inactive != is.attributes.inactive {
                asked.push(verb(if is.attributes.inactive {
                    MembershipChange::Deactivate
                } else {
                    MembershipChange::Activate
                }));
                if is_admin(before) && is_admin(after) {
                    asked.push(plain(Verb::RemoveAdmin, any.resource));
                }
            }
            // A change between two levels below admin counts as a removal and an addition.
            if was.role != is.role && !is_admin(before) && !is_admin(after) {
                asked.extend([verb(MembershipChange::Remove), verb(MembershipChange::Add)]);
            }
        }
    }
    if is_admin(after) && !is_admin(before) {
        asked.push(plain(Verb::AddAdmin, any.resource));
    }
    if is_admin(before) && !is_admin(after) {
        asked.push(plain(Verb::RemoveAdmin, any.resource));
    }
    // A set may adopt the membership if the actor could have added the member.
    if asked.is_empty() {
        asked.push(verb(MembershipChange::Add));
    }
    let needed = RequiredActions::all(asked);
    // An account that the change creates can be added by the right to create accounts in the group.
    let straight = before.is_none() && !is_admin(after) && rows.created(any.principal).is_some();
    Ok(if straight { needed.or(vec![plain(Verb::CreateMember, any.resource)]) } else { needed })
}

/// The actions that a change of an ownership takes. Administrators of the endpoint give and take ownerships. An
/// ownership also follows a membership of a workspace, an upload into the owner's home folder, and a move out of it.
/// Everybody may give up their own.
fn owner(tx: &Transaction<'_>, rows: &ChangeIndex<'_>, any: &Binding, gives: bool) -> Result<RequiredActions> {
    let is_own = tx.actor.principal() == Some(any.principal);
    if !gives && is_own {
        return Ok(RequiredActions::nothing());
    }
    let (was, is) = (tx.facts().base().ancestors(any.resource)?, tx.facts().ancestors(any.resource)?);
    let outermost = |ancestors: &[Rc<Resource>]| ancestors.last().map(|it| it.id);
    let is_home = |folder: Option<Id>| -> Result<bool> {
        let folder = folder.map(|id| tx.current_or_removed(id)).transpose()?.flatten();
        Ok(folder.and_then(|it| it.as_item().and_then(|it| it.home)).is_some_and(|home| home.of == any.principal))
    };
    let with_item = match (gives, rows.moved(any.resource)) {
        (true, moved) => {
            let comes = moved.is_some() || rows.created(any.resource).is_some();
            is_own && comes && is_home(is.first().and_then(|it| it.parent))?
        }
        // An item that moves to another endpoint loses its owners.
        (false, _) if outermost(&was) != outermost(&is) => true,
        (false, Some(from)) => is_home(from)?,
        (false, None) => false,
    };
    if with_item {
        return Ok(RequiredActions::nothing());
    }
    let mut needed = RequiredActions::verb(Verb::Edit, tx.outermost(any.resource)?);
    let ancestors = if gives { is } else { was };
    let Some(workspace) = ancestors.iter().find_map(|it| it.as_item().and_then(|it| it.files_of)) else {
        return Ok(needed);
    };
    if rows.is_membership(workspace, any.principal) {
        needed = needed.or(vec![plain(if gives { Verb::AddMember } else { Verb::RemoveMember }, workspace)]);
    }
    if !gives && rows.removed(workspace).is_some() {
        needed = needed.or(vec![plain(Verb::Delete, workspace)]);
    }
    Ok(needed)
}
