//! Groups and workgroups that have what a subject is missing. To join one is a single change, weighted by
//! how much else the membership gives.

use std::ops::ControlFlow;

use super::Missing;
use crate::model::catalogue::{Grant, Grantee};
use crate::model::{Action, Id, Kind, Role};
use crate::policy::decide::grant_applies;
use crate::policy::facts::{BindingQuery, Facts, Result};
use crate::policy::subject::{PrincipalKind, Subject};
use crate::policy::target::Target;

/// Maximum number of groups that are considered, and that are named: those that give the least else.
const MAX_CONSIDERED: usize = 50;
const MAX_NAMED: usize = 2;
/// The weight of joining as such, compared with a share or role for the subject itself that gives as much.
const JOIN_WEIGHT: usize = 4;
/// The weight at which counting stops.
const MAX_WEIGHT: usize = 1_000;

/// The memberships that would make a grant apply to an account, each with its weight.
pub(super) fn memberships_that_grant<F: Facts + ?Sized>(
    subject: &Subject<'_, F>,
    grant: &Grant,
    action: Action,
    target: &Target,
) -> Result<Vec<(usize, Missing)>> {
    if subject.principal_kind != PrincipalKind::Account {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for group in groups_that_hold(subject, grant.grantee, target)? {
        let Some(kind) = subject.facts().header(group)?.map(|it| it.kind()) else { continue };
        let role = match kind {
            Kind::Group => Role::GroupMember,
            Kind::Workgroup => Role::WorkgroupStandard,
            _ => continue,
        };
        if subject.is(group)? {
            continue;
        }
        let members = Subject::new(subject.facts(), group, subject.at)?;
        if grant_applies::<F, ()>(&members, grant, action, target)?.is_some() {
            found.push((JOIN_WEIGHT + extra_access(&members)?, Missing::Role(role, group)));
        }
    }
    found.sort_by_key(|(extra, _)| *extra);
    found.truncate(MAX_NAMED);
    Ok(found)
}

/// Principals that hold the role or the shares that a grant is about. The caller picks the groups and workgroups.
fn groups_that_hold<F: Facts + ?Sized>(subject: &Subject<'_, F>, grantee: Grantee, target: &Target) -> Result<Vec<Id>> {
    let facts = subject.facts();
    let mut asked: Vec<(Id, Role)> = Vec::new();
    match grantee {
        Grantee::ShareHolder | Grantee::Sharer | Grantee::HoldsPermissions(_) | Grantee::AllParts => {
            asked.extend(target.items(facts)?.map(|(item, _)| (item, Role::ItemShare)));
        }
        Grantee::Role(role) if role.resource_kind() == target.kind || role.resource_kind() == Kind::Endpoint => {
            if let Some(on) = target.ancestor_of_kind(facts, role.resource_kind())? {
                asked.extend(role.implied_by().iter().map(|held| (on, *held)));
            }
        }
        _ => {}
    }
    let mut found: Vec<Id> = Vec::new();
    for (on, role) in asked {
        facts.bindings(BindingQuery::OnAs(on, role), &mut |binding| {
            if binding.is_effective(subject.at) && !found.contains(&binding.principal) {
                found.push(binding.principal);
            }
            Ok(if found.len() < MAX_CONSIDERED { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
    }
    Ok(found)
}

/// The number of roles and shares that come with a membership: those of the group and of the groups it is in.
fn extra_access<F: Facts + ?Sized>(members: &Subject<'_, F>) -> Result<usize> {
    let mut count = 0;
    for principal in members.principals()?.iter().filter(|id| **id > Id::LAST_RESERVED) {
        count += members.facts().count_bindings(*principal, MAX_WEIGHT - count)?;
        if count >= MAX_WEIGHT {
            break;
        }
    }
    Ok(count)
}
