//! Members of workspaces: adding, changing and removing them, with their home folders (docs/model.md#workspaces).

use super::home::{HomeFolder, end_home, make_home, put_home};
use super::membership::held;
use super::org_membership::{find_member, not_a_member};
use super::{Result, Transaction, find_workspace};
use crate::model::attributes::{AllowDeny, BindingAttributes};
use crate::model::{Binding, Id, Name, Problem, Reference, Resource, Role, SetNames, Verb};
use crate::policy::Facts;

/// Terms of a membership; `None` leaves a term as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WorkspaceTerms {
    /// Manager or member; a new member is a member by default.
    pub level: Option<Role>,
    /// Whether the member may upload directly into the home folder; `Some(None)` follows the workspace.
    pub root_upload: Option<Option<AllowDeny>>,
    /// The home folder of the member.
    pub home: HomeFolder,
}

/// Adds members of the organization to a workspace, or changes the terms of their membership.
///
/// # Errors
/// A denial; a conflict for an account that is not a member of the organization, or for a home folder that the
/// member cannot have.
pub fn add(tx: &mut Transaction<'_>, org: &Name, name: &Name, who: &[Reference], terms: &WorkspaceTerms) -> Result<()> {
    if let ([_, _, ..], HomeFolder::At(..)) = (who, &terms.home) {
        return Err(Problem::usage("one_home", "one folder is the home of one member")
            .tip("name the others in another command"));
    }
    let workspace = find_workspace(tx.facts(), &tx.viewer()?, org, name)?;
    tx.require_verb(Verb::AddMember, workspace.id)?;
    let Some(org) = workspace.parent.map(|id| tx.facts().resource(id)).transpose()?.flatten() else {
        return Ok(());
    };
    for reference in who {
        let account = find_member(tx, &org, reference)?;
        if held(tx.facts(), &org, account.id)?.is_none() {
            return Err(but_for(not_a_member(&org, &account, Role::OrgMember), &workspace));
        }
        add_one(tx, &workspace, &account, terms)?;
    }
    Ok(())
}

/// Adds the workspace to the commands that a problem suggests.
fn but_for(mut problem: Problem, workspace: &Resource) -> Problem {
    for tip in &mut problem.tips {
        tip.push_str(&format!(" --workspace {}", workspace.shell_name()));
    }
    problem
}

fn add_one(tx: &mut Transaction<'_>, workspace: &Resource, account: &Resource, terms: &WorkspaceTerms) -> Result<()> {
    let grantor = tx.actor.principal();
    let Some(existing) = held(tx.facts(), workspace, account.id)? else {
        bind(tx, workspace.id, account.id, terms, grantor);
        return make_home(tx, workspace, account, (&terms.home, grantor));
    };
    put_home(tx, workspace, account, (&terms.home, grantor))?;
    let role = terms.level.unwrap_or(existing.role);
    let root_upload = terms.root_upload.unwrap_or(existing.attributes.root_upload);
    if (role, root_upload) != (existing.role, existing.attributes.root_upload) {
        let attributes = BindingAttributes { root_upload, ..existing.attributes };
        tx.put_binding(Binding { role, grantor, attributes, ..existing });
    }
    Ok(())
}

fn bind(tx: &mut Transaction<'_>, workspace: Id, account: Id, terms: &WorkspaceTerms, grantor: Option<Id>) {
    let id = tx.new_id();
    tx.put_binding(Binding {
        id,
        resource: workspace,
        principal: account,
        role: terms.level.unwrap_or(Role::WorkspaceMember),
        grantor,
        expires: None,
        attributes: BindingAttributes { root_upload: terms.root_upload.flatten(), ..BindingAttributes::default() },
        sets: SetNames::NONE,
        since: 0,
    });
}

/// Adds a member of the organization to a workspace on the default terms. An existing membership stays as it is.
/// The caller has asked for the right.
///
/// # Errors
/// A conflict for a home folder that the member cannot have.
pub(super) fn give(
    tx: &mut Transaction<'_>,
    workspace: &Resource,
    account: &Resource,
    grantor: Option<Id>,
) -> Result<()> {
    if held(tx.facts(), workspace, account.id)?.is_none() {
        bind(tx, workspace.id, account.id, &WorkspaceTerms::default(), grantor);
        make_home(tx, workspace, account, (&HomeFolder::Usual, grantor))?;
    }
    Ok(())
}

/// Ends a membership of a workspace, and the ownerships of the member among its files. The caller has asked for the
/// right.
///
/// # Errors
/// When the facts cannot be read.
pub(super) fn take(tx: &mut Transaction<'_>, workspace: &Resource, account: Id) -> Result<()> {
    if let Some(existing) = held(tx.facts(), workspace, account)? {
        tx.end_binding(existing.id);
        end_home(tx, workspace, account)?;
    }
    Ok(())
}

/// Removes members; warns about accounts that are not members.
///
/// # Errors
/// A denial.
pub fn remove(tx: &mut Transaction<'_>, org: &Name, name: &Name, who: &[Reference]) -> Result<()> {
    let workspace = find_workspace(tx.facts(), &tx.viewer()?, org, name)?;
    tx.require_verb(Verb::RemoveMember, workspace.id)?;
    let Some(org) = workspace.parent.map(|id| tx.facts().resource(id)).transpose()?.flatten() else {
        return Ok(());
    };
    for reference in who {
        let account = find_member(tx, &org, reference)?;
        if held(tx.facts(), &workspace, account.id)?.is_none() {
            let workspace_name = tx.name(workspace.id)?;
            tx.warnings.push(format!("{} is not a member of {workspace_name}", account.reference()));
            continue;
        }
        take(tx, &workspace, account.id)?;
    }
    Ok(())
}
