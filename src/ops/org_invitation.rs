//! Invitations to organizations: sending, cancelling, accepting and listing them (docs/model.md#organizations). The
//! key of an invitation is the hash of its secret, which the invited account presents to accept it.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::rc::Rc;

use super::group::children;
use super::invitation::LinkSelector;
use super::membership::held;
use super::{Actor, Refusal, Result, Transaction, find_workspace, org_member, workspace_member};
use crate::model::attributes::{Attributes, Invitation, InvitationState, LinkStatus};
use crate::model::catalogue::INVITATION;
use crate::model::name::{key, shell_quote};
use crate::model::secret::Secret;
use crate::model::time::{Expiry, TimeSpan};
use crate::model::{Binding, Id, Kind, Name, Problem, Resource, Role, Verb};
use crate::policy::Facts;

/// The default lifetime of an invitation.
pub const DEFAULT_LIFETIME: TimeSpan = TimeSpan::days(7);

/// The terms of an invitation.
#[derive(Clone, Debug)]
pub struct InvitationTerms {
    /// The role that the invited account gets.
    pub role: Role,
    /// The workspaces that a member gets; empty for an admin, who has all.
    pub workspaces: Vec<Name>,
    /// When the invitation expires; seven days from now by default.
    pub expires: Option<Expiry>,
}

/// Invites e-mail addresses, each with its own secret; returns the ids of the invitations.
///
/// # Errors
/// A denial; a conflict for a member, for an address that has an active invitation, and for an
/// admin who is given single workspaces; "no such workspace".
pub fn invite(
    tx: &mut Transaction<'_>,
    org: &Name,
    terms: &InvitationTerms,
    addresses: &[(Name, Secret)],
) -> Result<Vec<Id>> {
    let organization = tx.find(Kind::Org, org)?;
    tx.require_verb(Verb::Invite, organization.id)?;
    if terms.role == Role::OrgAdmin && !terms.workspaces.is_empty() {
        return Err(org_member::admins_have_all());
    }
    let mut workspaces = Vec::new();
    for name in &terms.workspaces {
        let id = find_workspace(tx.facts(), &tx.viewer()?, org, name)?.id;
        if !workspaces.contains(&id) {
            workspaces.push(id);
        }
    }
    let expires = terms.expires.unwrap_or(Expiry::In(DEFAULT_LIFETIME)).resolve_at(tx.at);
    if expires.is_some_and(|end| end <= tx.at) {
        return Err(Problem::conflict("past_expiry", "the invitation would have expired before it was made")
            .tip("choose a later --expires"));
    }
    // One active invitation per address, compared without case.
    let existing = children(tx, Kind::Invitation, organization.id)?;
    let active = existing.iter().filter(|it| is_active(tx, it)).filter_map(|it| it.as_invitation());
    let mut active: HashSet<String> = active.map(|it| key(&it.email)).collect();
    let mut made = Vec::new();
    for (address, secret) in addresses {
        refuse_member(tx, &organization, address, terms.role)?;
        if !active.insert(address.key().to_owned()) {
            return Err(invited_already(&organization, address));
        }
        let invitation = Invitation {
            invitee: None,
            email: address.as_written().to_owned(),
            by: tx.actor.principal(),
            created: tx.at,
            expires,
            after_one_upload: false,
            role: Some(terms.role),
            workspaces: workspaces.clone(),
            state: InvitationState::Active,
        };
        let id = tx.create_unnamed(Some(organization.id), Some(secret), Attributes::Invitation(invitation));
        made.push(id);
    }
    Ok(made)
}

/// Whether an address is the e-mail address or the name of an account.
fn is_addressed(account: &Resource, address: &str) -> bool {
    account.key == address || account.alias.as_deref() == Some(address)
}

/// Refuses an address that is the e-mail address or the name of a member.
fn refuse_member(tx: &Transaction<'_>, org: &Resource, address: &Name, role: Role) -> Result<()> {
    let mut meant = Vec::from_iter(tx.facts().named(Kind::Account, None, address.key())?);
    tx.facts().aliased(Kind::Account, address.key(), &mut |account| {
        meant.push(account);
        Ok(ControlFlow::Continue(()))
    })?;
    for account in meant {
        if held(tx.facts(), org, account.id)?.is_some() {
            return Err(Problem::conflict(
                "member_already",
                format!("`{address}` is {}, a member of {} already", account.reference(), org.reference()),
            )
            .tip(format!(
                "rolebook org set-role {} {} {}",
                org.shell_name(),
                account.shell_name(),
                role.as_str()
            )));
        }
    }
    Ok(())
}

/// The conflict of an address that has an active invitation.
fn invited_already(org: &Resource, address: &Name) -> Problem {
    let message = format!("`{address}` has an active invitation to {}", org.reference());
    Problem::conflict("invited_already", message).why("one active invitation per address").tip(format!(
        "rolebook org cancel-invite {} {}",
        org.shell_name(),
        shell_quote(address.as_written())
    ))
}

fn is_active(tx: &Transaction<'_>, invitation: &Resource) -> bool {
    invitation.as_invitation().is_some_and(|it| it.status(tx.at) == LinkStatus::Active)
}

/// The newest invitation of an address; no older one can be active.
fn of_address(tx: &Transaction<'_>, org: &Resource, address: &Name) -> Result<Option<Rc<Resource>>> {
    let invitations = children(tx, Kind::Invitation, org.id)?;
    Ok(invitations
        .into_iter()
        .filter(|known| known.as_invitation().is_some_and(|it| key(&it.email) == address.key()))
        .max_by_key(|known| known.id))
}

/// Cancels an invitation.
///
/// # Errors
/// A denial; "no such invitation".
pub fn cancel(tx: &mut Transaction<'_>, org: &Name, which: &LinkSelector) -> Result<()> {
    let org = tx.find(Kind::Org, org)?;
    tx.require_verb(Verb::CancelInvitation, org.id)?;
    let (found, written) = match which {
        LinkSelector::Address(address) => (of_address(tx, &org, address)?, address.as_written().to_owned()),
        LinkSelector::Number(number) => {
            let existing = tx.facts().resource(Id(*number))?;
            (existing.filter(|it| it.kind() == Kind::Invitation && it.parent == Some(org.id)), number.to_string())
        }
    };
    let existing = found.ok_or_else(|| Problem::not_found(&format!("invitation to {}", org.reference()), &written))?;
    match existing.as_invitation() {
        Some(it) if it.state == InvitationState::Active => {
            let state = InvitationState::Revoked;
            tx.put_attributes(&existing, Attributes::Invitation(Invitation { state, ..it.clone() }));
        }
        Some(it) => {
            tx.warnings.push(format!("the invitation of `{}` was {} already", it.email, it.state.as_str()));
        }
        None => {}
    }
    Ok(())
}

fn refusal(reason: &'static str) -> Refusal {
    let problem = Problem::denied(INVITATION, "this invitation cannot be accepted")
        .coded("bad_invitation")
        .tip("ask whoever invited you for a new one");
    Refusal { problem: Box::new(problem), reason, invitee: None }
}

/// Accepts an invitation with its secret. The actor must be an account whose e-mail address or name is the invited
/// address.
///
/// # Errors
/// A usage problem for the operator; the same denial for every invitation that cannot be accepted, with the true
/// reason for the log; a conflict if an item that is not the account's has the name of its home folder.
pub fn accept(tx: &mut Transaction<'_>, org: &Name, secret: &Secret) -> std::result::Result<Id, Refusal> {
    let Actor::Principal(own) = tx.actor else {
        return Err(Problem::usage("no_account", "an invitation is accepted by an account")
            .why("the operator is not an account")
            .tip("add --as USER")
            .into());
    };
    let Some(org) = tx.facts().named(Kind::Org, None, org.key())? else {
        return Err(refusal("no such organization"));
    };
    let Some(existing) = tx.facts().named(Kind::Invitation, Some(org.id), &secret.hash())? else {
        return Err(refusal("unknown invitation"));
    };
    let Some((it, role)) = existing.as_invitation().and_then(|it| Some((it.clone(), it.role?))) else {
        return Err(refusal("unknown invitation"));
    };
    match it.status(tx.at) {
        LinkStatus::Active => {}
        LinkStatus::Used => return Err(refusal("the invitation was used")),
        LinkStatus::Expired => return Err(refusal("the invitation is expired")),
        LinkStatus::Revoked => return Err(refusal("the invitation was cancelled")),
    }
    let account = tx.facts().resource(own)?.filter(|account| is_addressed(account, &key(&it.email)));
    let Some(account) = account else { return Err(refusal("the invitation is for another address")) };
    if held(tx.facts(), &org, own)?.is_some() {
        return Err(refusal("a member already"));
    }
    let binding = tx.bind(org.id, own, role);
    if let Some(made) = tx.facts().binding(binding)? {
        // The grantor is the account that invited: accepting gives nothing beyond the invitation.
        tx.put_binding(Binding { grantor: it.by, ..made });
    }
    for id in &it.workspaces {
        let workspace = tx.facts().resource(*id)?.filter(|it| it.parent == Some(org.id));
        if let Some(workspace) = workspace {
            workspace_member::give(tx, &workspace, &account, it.by)?;
        }
    }
    tx.put_attributes(&existing, Attributes::Invitation(Invitation { state: InvitationState::Used, ..it }));
    Ok(org.id)
}

/// The invitations of an organization, oldest first.
///
/// # Errors
/// A denial.
pub fn list(tx: &Transaction<'_>, org: &Name) -> Result<Vec<Rc<Resource>>> {
    let org = tx.find(Kind::Org, org)?;
    tx.require_verb(Verb::ViewMembers, org.id)?;
    let mut found = children(tx, Kind::Invitation, org.id)?;
    found.sort_by_key(|it| it.id);
    Ok(found)
}
