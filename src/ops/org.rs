//! Organizations: making, describing and removing them (docs/model.md#organizations).

use super::membership::levels;
use super::place::children;
use super::{Actor, Result, Work, org_member, workspace};
use crate::model::attributes::{Attributes, Org};
use crate::model::{Id, Kind, Name, Problem, Reference, Resource, Role, Verb};
use crate::policy::{BindingQuery, Facts};

/// A text that people read, as an option gives it: none leaves what was there, an empty one takes
/// it away.
///
/// # Errors
/// A usage problem for control characters.
pub(super) fn said(given: Option<&str>, before: Option<&str>) -> Result<Option<String>> {
    let Some(text) = given else { return Ok(before.map(str::to_owned)) };
    if text.chars().any(char::is_control) {
        return Err(Problem::usage("bad_text", "a description or a title holds no control characters"));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Creates an organization; its founder is its first admin.
///
/// # Errors
/// A denial; a usage problem for the operator without an admin; a conflict when it exists otherwise.
pub fn add<F: Facts + ?Sized>(
    work: &mut Work<'_, F>,
    name: &Name,
    description: Option<&str>,
    admin: Option<&Reference>,
) -> Result<Id> {
    work.require_verb(Verb::CreateOrg, Id::SERVER)?;
    let founder = founder(work, name, admin)?;
    let org = Org { description: said(description, None)? };
    if let Some(known) = work.facts().named(Kind::Org, None, name.key())? {
        return same_or_conflict(work, &known, founder, description.is_some().then_some(&org));
    }
    let id = work.make(None, name, Attributes::Org(org))?;
    work.bind(id, founder, Role::OrgAdmin);
    Ok(id)
}

/// Whoever acts; for the operator, who is no account, the one that is named.
fn founder<F: Facts + ?Sized>(work: &Work<'_, F>, name: &Name, admin: Option<&Reference>) -> Result<Id> {
    let named = admin.map(|admin| work.find_reference(Kind::Account, admin)).transpose()?;
    match (work.actor, named) {
        (Actor::Principal(id), None) => Ok(id),
        (Actor::Principal(id), Some(other)) if other.id == id => Ok(id),
        (Actor::Principal(_), Some(other)) => Err(Problem::conflict(
            "admins_are_invited",
            format!("{} cannot be made an admin outright", other.reference()),
        )
        .why("who founds an organization is its first admin; everybody else is invited")
        .tip(org_member::invitation_for(name, &other, Role::OrgAdmin))),
        (Actor::Operator, Some(first)) => Ok(first.id),
        (Actor::Operator, None) => Err(Problem::usage("no_administrator", "an organization needs an admin")
            .why("the operator is no account, so it must name one")
            .tip("--admin USER, or --as USER")),
    }
}

/// Adding what is there already is no change; adding it otherwise is a contradiction.
fn same_or_conflict<F: Facts + ?Sized>(
    work: &Work<'_, F>,
    known: &Resource,
    founder: Id,
    wanted: Option<&Org>,
) -> Result<Id> {
    // Names are unique, so that one is taken cannot be hidden; whose it is can.
    if !work.sees(known)? {
        return Err(Problem::conflict("exists", format!("the name `{}` is taken", known.name)));
    }
    let same = wanted.is_none_or(|org| known.attributes == Attributes::Org(org.clone()));
    if same && work.facts().held(known.id, Role::OrgAdmin, founder)?.is_some() {
        return Ok(known.id);
    }
    Err(Problem::conflict("exists", format!("the organization `{}` exists already, with other values", known.name))
        .tip(format!("rolebook org show {}", known.shell_name())))
}

/// Changes the description.
///
/// # Errors
/// A denial.
pub fn set<F: Facts + ?Sized>(work: &mut Work<'_, F>, name: &Name, description: Option<&str>) -> Result<()> {
    if description.is_none() {
        return Err(super::nothing_to_set());
    }
    let known = work.find(Kind::Org, name)?;
    work.require_verb(Verb::Edit, known.id)?;
    work.put_attributes(&known, Attributes::Org(Org { description: said(description, None)? }));
    Ok(())
}

/// Removes an organization with its members, its invitations, its keys and its workspaces.
///
/// # Errors
/// A denial for everybody but the operator.
pub fn remove<F: Facts + ?Sized>(work: &mut Work<'_, F>, name: &Name) -> Result<()> {
    let known = work.find(Kind::Org, name)?;
    work.require_verb(Verb::Delete, known.id)?;
    for workspace in children(work, Kind::Workspace, known.id)? {
        let reference = work.name(workspace.id)?;
        work.takes.push(reference);
        workspace::remove_unasked(work, &workspace)?;
    }
    for key in children(work, Kind::SigningKey, known.id)? {
        work.takes.push(key.reference());
        work.end_with_bindings(key.id)?;
    }
    for invitation in children(work, Kind::Invitation, known.id)? {
        if let Some(it) = invitation.as_invitation().filter(|it| it.status(work.at) == "active") {
            work.takes.push(format!("the invitation for {}", it.email));
        }
        work.end_with_bindings(invitation.id)?;
    }
    take_members(work, &known)?;
    work.end_with_bindings(known.id)
}

/// Lists the members of an organization or a workspace among what goes with it.
///
/// # Errors
/// When the facts cannot be read.
pub(super) fn take_members<F: Facts + ?Sized>(work: &mut Work<'_, F>, place: &Resource) -> Result<()> {
    let reference = work.name(place.id)?;
    for level in levels(place.kind()) {
        for binding in work.facts().list_bindings(BindingQuery::OnAs(place.id, *level))? {
            let line = format!("{} as {} of {reference}", work.party(&binding, binding.principal)?, level.as_str());
            work.takes.push(line);
        }
    }
    Ok(())
}

/// The members of an organization, admins first; each with the binding that makes them one.
///
/// # Errors
/// A denial.
pub fn members<F: Facts + ?Sized>(work: &Work<'_, F>, org: &Resource) -> Result<Vec<crate::model::Binding>> {
    work.require_verb(Verb::ViewMembers, org.id)?;
    let mut found = Vec::new();
    for role in Role::ORG {
        found.extend(work.facts().list_bindings(BindingQuery::OnAs(org.id, role))?);
    }
    Ok(found)
}

/// The workspaces that a member of an organization has, by name: an admin all of them.
///
/// # Errors
/// When the facts cannot be read.
pub fn workspaces_of<F: Facts + ?Sized>(
    work: &Work<'_, F>,
    org: Id,
    member: &crate::model::Binding,
) -> Result<Vec<std::rc::Rc<Resource>>> {
    let mut found = Vec::new();
    if member.role == Role::OrgAdmin {
        found = children(work, Kind::Workspace, org)?;
    } else {
        // There may be very many that this member has not.
        for level in Role::WORKSPACE {
            for binding in work.facts().list_bindings(BindingQuery::OfAs(member.principal, level))? {
                found.extend(work.facts().resource(binding.resource)?.filter(|it| it.parent == Some(org)));
            }
        }
    }
    found.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(found)
}
