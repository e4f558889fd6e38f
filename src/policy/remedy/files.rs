//! Candidate endpoints for a workspace without files: a remedy that gives it files must name an endpoint.

use std::ops::ControlFlow;

use super::Missing;
use crate::model::attributes::EndpointKind;
use crate::model::catalogue::Condition;
use crate::model::{Id, Kind, Resource, Role, Time};
use crate::policy::facts::{BindingQuery, Facts, Result};
use crate::policy::subject::Subject;

/// Maximum number of endpoints that remedies name, and that the search reads.
const NAMED: usize = 2;
const LOOKED_AT: usize = 50;

/// Variants of a set of missing rights, one for each endpoint that the files could lie on. A set that does not
/// miss files is returned as it is.
pub(super) fn placed<F: Facts + ?Sized>(facts: &F, missing: Vec<Missing>, at: Time) -> Result<Vec<Vec<Missing>>> {
    let lacking = |one: &Missing| match one {
        Missing::Condition(Condition::HasFiles, workspace) => Some(*workspace),
        _ => None,
    };
    let Some(workspace) = missing.iter().find_map(lacking) else { return Ok(vec![missing]) };
    let on = |endpoint: Id| {
        let each = missing.iter().map(|one| lacking(one).map_or(*one, |of| Missing::Files(of, endpoint)));
        each.collect::<Vec<Missing>>()
    };
    Ok(endpoints(facts, workspace, at)?.into_iter().map(on).collect())
}

/// Candidate endpoints for the files of a workspace: those that admins of its organization administer, or any if
/// there are none. Nodes come first, because people can share their content themselves.
fn endpoints<F: Facts + ?Sized>(facts: &F, workspace: Id, at: Time) -> Result<Vec<Id>> {
    let mut found = Vec::new();
    let org = facts.header(workspace)?.and_then(|it| it.parent);
    let admins =
        org.map(|org| facts.list_bindings(BindingQuery::OnAs(org, Role::OrgAdmin))).transpose()?.unwrap_or_default();
    for admin in admins {
        Subject::new(facts, admin.principal, at)?.each_level(&[Role::EndpointAdministrator], &mut |role| {
            found.extend(facts.resource(role.resource)?);
            Ok(if found.len() < LOOKED_AT { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
    }
    if found.is_empty() {
        facts.resources(Kind::Endpoint, None, &mut |endpoint| {
            found.push(endpoint);
            Ok(if found.len() < LOOKED_AT { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
    }
    let is_node = |it: &Resource| it.as_endpoint().is_some_and(|it| it.kind == EndpointKind::Node);
    found.sort_by(|a, b| (!is_node(a), &a.key).cmp(&(!is_node(b), &b.key)));
    found.dedup_by_key(|it| it.id);
    Ok(found.into_iter().take(NAMED).map(|it| it.id).collect())
}
