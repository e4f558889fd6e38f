//! Organizations: creating, describing and removing them (docs/model.md#organizations). Their members are in
//! `org_member`, the invitations to them in `org_invitation`.

use super::group::children;
use super::labels::{LabelChanges, change_ids, has_ids};
use super::membership::cascade_members;
use super::org_membership::invitation_for;
use super::{Actor, Result, Transaction, workspace};
use crate::model::attributes::{Attributes, LinkStatus, Org};
use crate::model::{Id, Kind, Name, Problem, Reference, Resource, Role, Verb};
use crate::policy::{BindingQuery, Facts};

/// Creates an organization; its founder is its first admin.
///
/// # Errors
/// A denial; a usage problem if the operator names no admin; a conflict if the organization exists with other values.
pub fn add(tx: &mut Transaction<'_>, name: &Name, labels: &LabelChanges, admin: Option<&Reference>) -> Result<Id> {
    tx.require_verb(Verb::CreateOrg, Id::SERVER)?;
    let founder = founder(tx, name, admin)?;
    let mut org = Attributes::Org(Org::default());
    labels.apply(&mut org)?;
    if let Some(existing) = tx.facts().named(Kind::Org, None, name.key())? {
        return same_or_conflict(tx, &existing, founder, labels);
    }
    let id = tx.create(None, name, org)?;
    tx.bind(id, founder, Role::OrgAdmin);
    change_ids(tx, id, &labels.ids)?;
    Ok(id)
}

/// The first admin: the actor, or the named account if the operator acts, who is not an account.
fn founder(tx: &Transaction<'_>, name: &Name, admin: Option<&Reference>) -> Result<Id> {
    let named = admin.map(|admin| tx.find_reference(Kind::Account, admin)).transpose()?;
    match (tx.actor, named) {
        (Actor::Principal(id), None) => Ok(id),
        (Actor::Principal(id), Some(other)) if other.id == id => Ok(id),
        (Actor::Principal(_), Some(other)) => Err(Problem::conflict(
            "admins_are_invited",
            format!("{} cannot be made an admin outright", other.reference()),
        )
        .why("the founder of an organization is its first admin; everybody else is invited")
        .tip(invitation_for(name, &other, Role::OrgAdmin))),
        (Actor::Operator, Some(first)) => Ok(first.id),
        (Actor::Operator, None) => Err(Problem::usage("no_administrator", "an organization needs an admin")
            .why("the operator is not an account, so it must name one")
            .tip("--admin USER, or --as USER")),
    }
}

/// Adding an organization that exists changes nothing; adding it with other values is a conflict.
fn same_or_conflict(tx: &Transaction<'_>, existing: &Resource, founder: Id, labels: &LabelChanges) -> Result<Id> {
    // Names are unique, so a taken name cannot be hidden; what has the name can.
    if !tx.sees(existing)? {
        return Err(Problem::conflict("exists", format!("the name `{}` is taken", existing.name)));
    }
    let mut after = existing.attributes.clone();
    labels.apply(&mut after)?;
    let same = existing.attributes == after && has_ids(tx, existing, &labels.ids)?;
    if same && tx.facts().held(existing.id, Role::OrgAdmin, founder)?.is_some() {
        return Ok(existing.id);
    }
    Err(Problem::conflict("exists", format!("the organization `{}` exists already, with other values", existing.name))
        .tip(format!("rolebook org show {}", existing.shell_name())))
}

/// Changes the texts and the external ids of an organization.
///
/// # Errors
/// A denial.
pub fn set(tx: &mut Transaction<'_>, name: &Name, labels: &LabelChanges) -> Result<()> {
    if *labels == LabelChanges::default() {
        return Err(super::nothing_to_set());
    }
    let existing = tx.find(Kind::Org, name)?;
    tx.require_verb(Verb::Edit, existing.id)?;
    let mut after = existing.attributes.clone();
    labels.apply(&mut after)?;
    tx.put_attributes(&existing, after);
    change_ids(tx, existing.id, &labels.ids)
}

/// Removes an organization with its members, its invitations, its keys and its workspaces.
///
/// # Errors
/// A denial for everybody but the operator.
pub fn remove(tx: &mut Transaction<'_>, name: &Name) -> Result<()> {
    let existing = tx.find(Kind::Org, name)?;
    tx.require_verb(Verb::Delete, existing.id)?;
    for workspace in children(tx, Kind::Workspace, existing.id)? {
        let reference = tx.name(workspace.id)?;
        tx.cascades.push(reference);
        workspace::remove_unchecked(tx, &workspace)?;
    }
    // Workspaces and invitations take steps of their own.
    for kind in
        Kind::Org.children().filter(|kind| !matches!(kind, Kind::Workspace | Kind::Invitation | Kind::ExternalId))
    {
        for it in children(tx, kind, existing.id)? {
            tx.cascades.push(it.reference());
            tx.end_with_bindings(it.id)?;
        }
    }
    for invitation in children(tx, Kind::Invitation, existing.id)? {
        if let Some(it) = invitation.as_invitation().filter(|it| it.status(tx.at) == LinkStatus::Active) {
            tx.cascades.push(format!("the invitation for {}", it.email));
        }
        tx.end_with_bindings(invitation.id)?;
    }
    cascade_members(tx, &existing)?;
    tx.end_with_bindings(existing.id)
}

/// The memberships of an organization, admins first.
///
/// # Errors
/// A denial.
pub fn members(tx: &Transaction<'_>, org: &Resource) -> Result<Vec<crate::model::Binding>> {
    tx.require_verb(Verb::ViewMembers, org.id)?;
    let mut found = Vec::new();
    for role in Role::ORG {
        found.extend(tx.facts().list_bindings(BindingQuery::OnAs(org.id, role))?);
    }
    Ok(found)
}

/// The workspaces that a member of an organization has, by name. An admin has all of them.
///
/// # Errors
/// When the facts cannot be read.
pub fn workspaces_of(
    tx: &Transaction<'_>,
    org: Id,
    member: &crate::model::Binding,
) -> Result<Vec<std::rc::Rc<Resource>>> {
    let mut found = Vec::new();
    if member.role == Role::OrgAdmin {
        found = children(tx, Kind::Workspace, org)?;
    } else {
        // The organization may have very many other workspaces, so the search starts from the member.
        for level in Role::WORKSPACE {
            for binding in tx.facts().list_bindings(BindingQuery::OfAs(member.principal, level))? {
                found.extend(tx.facts().resource(binding.resource)?.filter(|it| it.parent == Some(org)));
            }
        }
    }
    found.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(found)
}
