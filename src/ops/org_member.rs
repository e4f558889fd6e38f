//! Members of organizations: changing their roles and their workspaces, removing them, and leaving
//! (docs/model.md#organizations).

use super::group::children;
use super::membership::held;
use super::org_membership::{find_member, not_a_member};
use super::{Actor, Result, Transaction, find_workspace, workspace_member};
use crate::model::attributes::Status;
use crate::model::catalogue::REMOVES_MEMBERS;
use crate::model::{Binding, Id, Kind, Name, Problem, Reference, Resource, Role, Verb};
use crate::policy::{Facts, invariants};

const LEAVE: &str = "seed 002: Can leave organization by making another admin";
const ALL_WORKSPACES: &str = "an admin of an organization has all of its workspaces, always";

/// Changes the role of a member. The operator may also add an account that is not a member.
///
/// # Errors
/// A denial; a conflict for an account that is not a member.
pub fn set_role(tx: &mut Transaction<'_>, org: &Name, who: &Reference, role: Role) -> Result<()> {
    let org = tx.find(Kind::Org, org)?;
    tx.require_verb(Verb::EditMember, org.id)?;
    let account = find_member(tx, &org, who)?;
    match held(tx.facts(), &org, account.id)? {
        Some(existing) => change(tx, &org, existing, role),
        None if tx.actor == Actor::Operator => {
            tx.bind(org.id, account.id, role);
            Ok(())
        }
        None => Err(not_a_member(&org, &account, role)),
    }
}

fn change(tx: &mut Transaction<'_>, org: &Resource, existing: Binding, role: Role) -> Result<()> {
    if existing.role == role {
        return Ok(());
    }
    let who = existing.principal;
    let grantor = tx.actor.principal();
    tx.put_binding(Binding { role, grantor, ..existing });
    // An admin has all workspaces.
    if role != Role::OrgAdmin {
        for workspace in children(tx, Kind::Workspace, org.id)? {
            if held(tx.facts(), &workspace, who)?.is_some() {
                return Ok(());
            }
        }
        let who = tx.name(who)?;
        tx.warnings.push(format!("{who} has no workspace of {} now", org.reference()));
    }
    Ok(())
}

/// Gives a member exactly these workspaces, and takes the others away.
///
/// # Errors
/// A denial; a conflict for an admin, who has all workspaces, and for an account that is not a member.
pub fn set_workspaces(tx: &mut Transaction<'_>, org: &Name, who: &Reference, workspaces: &[Name]) -> Result<()> {
    let organization = tx.find(Kind::Org, org)?;
    tx.require_verb(Verb::EditMember, organization.id)?;
    let account = find_member(tx, &organization, who)?;
    match held(tx.facts(), &organization, account.id)? {
        None => return Err(not_a_member(&organization, &account, Role::OrgMember)),
        Some(existing) if existing.role == Role::OrgAdmin => {
            return Err(Problem::conflict(
                "has_all_workspaces",
                format!("{} is an admin of {}", account.reference(), organization.reference()),
            )
            .why(ALL_WORKSPACES)
            .tip(format!(
                "rolebook org set-role {} {} member",
                organization.shell_name(),
                account.shell_name()
            )));
        }
        Some(_) => {}
    }
    let mut chosen: Vec<Id> = Vec::new();
    for name in workspaces {
        chosen.push(find_workspace(tx.facts(), &tx.viewer()?, org, name)?.id);
    }
    let grantor = tx.actor.principal();
    for workspace in children(tx, Kind::Workspace, organization.id)? {
        let has = held(tx.facts(), &workspace, account.id)?.is_some();
        match (has, chosen.contains(&workspace.id)) {
            (false, true) => workspace_member::give(tx, &workspace, &account, grantor)?,
            (true, false) => workspace_member::take(tx, &workspace, account.id)?,
            _ => {}
        }
    }
    Ok(())
}

/// The conflict of giving single workspaces to an admin, who has all of them.
pub(super) fn admins_have_all() -> Problem {
    Problem::conflict("has_all_workspaces", "an admin cannot be given single workspaces")
        .why(ALL_WORKSPACES)
        .tip("leave out --workspace, or invite with --role member")
}

/// Removes other members, with their memberships of workspaces.
///
/// # Errors
/// A denial, also for the actor itself.
pub fn remove(tx: &mut Transaction<'_>, org: &Name, who: &[Reference]) -> Result<()> {
    let org = tx.find(Kind::Org, org)?;
    tx.require_verb(Verb::RemoveMember, org.id)?;
    for reference in who {
        let account = find_member(tx, &org, reference)?;
        if tx.actor == Actor::Principal(account.id) {
            let message = "nobody removes themselves from an organization";
            let problem = Problem::denied(REMOVES_MEMBERS, message).coded("oneself");
            return Err(problem.tip(format!("rolebook org leave {}", org.shell_name())));
        }
        if held(tx.facts(), &org, account.id)?.is_none() {
            tx.warnings.push(format!("{} is not a member of {}", account.reference(), org.reference()));
            continue;
        }
        end(tx, &org, account.id)?;
    }
    Ok(())
}

/// Ends a membership, with the memberships of workspaces that depend on it.
fn end(tx: &mut Transaction<'_>, org: &Resource, account: Id) -> Result<()> {
    for workspace in children(tx, Kind::Workspace, org.id)? {
        workspace_member::take(tx, &workspace, account)?;
    }
    if let Some(existing) = held(tx.facts(), org, account)? {
        tx.end_binding(existing.id);
    }
    Ok(())
}

/// Ends the actor's own membership; first makes `promote` an admin, if one is named.
///
/// # Errors
/// A usage problem for the operator; a denial; a conflict for the last active admin.
pub fn leave(tx: &mut Transaction<'_>, org: &Name, promote: Option<&Reference>) -> Result<()> {
    let Actor::Principal(own) = tx.actor else {
        return Err(
            Problem::usage("no_member", "the operator is not a member, so it cannot leave").tip("add --as USER")
        );
    };
    let org = tx.find(Kind::Org, org)?;
    if let Some(successor) = promote {
        make_admin(tx, &org, own, successor)?;
    }
    let is_admin = tx.facts().held(org.id, Role::OrgAdmin, own)?.is_some();
    // The rules and the invariants refuse this anyway; the check here adds the command that works.
    if is_admin && !invariants::has_administrator(tx.facts(), org.id, Role::OrgAdmin, Some(own), tx.at)? {
        return Err(Problem::conflict(
            "last_administrator",
            format!("{} is the last active admin of {}", tx.name(own)?, org.reference()),
        )
        .why(LEAVE)
        .tip(format!("rolebook org leave {} --promote SOMEBODY", org.shell_name())));
    }
    tx.require_verb(Verb::Leave, org.id)?;
    end(tx, &org, own)
}

/// Makes a member an admin, so that the actor can leave.
fn make_admin(tx: &mut Transaction<'_>, org: &Resource, own: Id, successor: &Reference) -> Result<()> {
    tx.require_verb(Verb::EditMember, org.id)?;
    let account = find_member(tx, org, successor)?;
    if account.id == own {
        return Err(Problem::conflict("same_account", "a member who leaves cannot take over from themselves"));
    }
    let Some(existing) = held(tx.facts(), org, account.id)? else {
        return Err(not_a_member(org, &account, Role::OrgAdmin));
    };
    if account.as_account().is_none_or(|it| it.status(tx.at) != Status::Active) {
        return Err(Problem::conflict("inactive", format!("{} is not active", account.reference())).why(LEAVE));
    }
    change(tx, org, existing, Role::OrgAdmin)
}
