//! Where the files of a workspace could lie: to say that takes an endpoint, and which one is open.

use std::ops::ControlFlow;

use super::Missing;
use crate::model::attributes::EndpointKind;
use crate::model::catalogue::Condition;
use crate::model::{Id, Kind, Resource, Role, Time};
use crate::policy::facts::{BindingQuery, Facts, Result};
use crate::policy::subject::Subject;

/// How many endpoints are named, and how many are looked at where nobody of the organization administers any.
const NAMED: usize = 2;
const LOOKED_AT: usize = 50;

/// What is lacking, with the endpoints that files could lie on: once for each of them. What lacks no files is
/// left as it is.
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

/// Endpoints for the files of a workspace: those that admins of its organization administer, else any; nodes
/// first, whose content people share themselves.
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
