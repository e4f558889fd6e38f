//! Invariants: what must hold whoever acts, the operator included.
//!
//! Operations check the invariants of a single row (names, expiries, levels) where they make the row.
//! The invariants of a whole state are here. [`first_violation`] checks every draft before it is
//! committed, so no operation (bulk, undo, transfer) can get around them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;
use std::rc::Rc;

use super::draft::Draft;
use super::facts::{BindingQuery, Facts, Result};
use crate::model::attributes::{Endpoint, Status};
use crate::model::{Binding, Id, Kind, Resource, Role, Time};

/// An invariant that a draft would break.
#[derive(Clone, PartialEq, Debug)]
pub enum Violation {
    /// The server would have no active admin left.
    LastAdmin,
    /// This admin would be inactive or would expire.
    AdminWouldEnd(Id),
    /// This endpoint or organization would have no active administrator left.
    LastAdministrator(Id),
    /// This endpoint or organization would have no active administrator from some time on, because an
    /// account was given an expiry.
    AdministratorWouldEnd(Id),
    /// This endpoint cannot hold these bindings: roles if it is not managed, custom shares on an
    /// old node.
    Unfit(Id, Vec<Binding>),
    /// This group would contain itself through this member.
    Cycle(Id, Id),
}

/// Whether an account is an active admin of the server.
///
/// # Errors
/// When the facts cannot be read.
pub fn is_active_admin<F: Facts + ?Sized>(facts: &F, account: Id, at: Time) -> Result<bool> {
    if facts.held(Id::SERVER, Role::ServerAdmin, account)?.is_none() {
        return Ok(false);
    }
    Ok(facts
        .resource(account)?
        .as_ref()
        .and_then(|it| it.as_account())
        .is_some_and(|it| it.status(at) == Status::Active))
}

/// Whether an account other than `but` is an active admin of the server.
///
/// # Errors
/// When the facts cannot be read.
pub fn has_active_admin<F: Facts + ?Sized>(facts: &F, but: Option<Id>, at: Time) -> Result<bool> {
    has_administrator(facts, Id::SERVER, Role::ServerAdmin, but, at)
}

/// The first invariant that a draft would break; `None` if it breaks none.
///
/// `before` and `after` are the facts without and with the draft. Only rows near the draft are
/// read, so the cost follows the size of the change, not of the store.
///
/// # Errors
/// When the facts cannot be read.
pub fn first_violation<B: Facts + ?Sized, A: Facts + ?Sized>(
    before: &B,
    after: &A,
    draft: &Draft,
    at: Time,
) -> Result<Option<Violation>> {
    let touched_admin = draft_touches_admins(before, draft)?;
    // A server that has an active admin keeps one (docs/model.md#invariants).
    if touched_admin && has_active_admin(before, None, at)? && !has_active_admin(after, None, at)? {
        return Ok(Some(Violation::LastAdmin));
    }
    // An admin account is always active and never expires (docs/model.md#invariants).
    let accounts = draft.resources.iter().filter(|(_, row)| row.is_some()).map(|(id, _)| *id);
    let promoted = draft
        .bindings
        .values()
        .flatten()
        .filter(|binding| binding.role == Role::ServerAdmin)
        .map(|binding| binding.principal);
    for id in accounts.chain(promoted) {
        if after.held(Id::SERVER, Role::ServerAdmin, id)?.is_none() {
            continue;
        }
        let account = after.resource(id)?;
        if account.as_ref().and_then(|it| it.as_account()).is_some_and(|it| !it.active || it.expires.is_some()) {
            return Ok(Some(Violation::AdminWouldEnd(id)));
        }
    }
    if let Some(violation) = endpoints(before, after, draft)? {
        return Ok(Some(violation));
    }
    // No group contains itself (docs/model.md#invariants).
    let memberships = || draft.bindings.values().flatten().filter(|it| it.role == Role::GroupMember);
    if is_circular(after, memberships().map(|it| it.principal))? {
        // Only if there is a cycle, look for the membership that closes it.
        for binding in memberships() {
            if is_group(after, binding.principal)? && contains(after, binding.principal, binding.resource)? {
                return Ok(Some(Violation::Cycle(binding.resource, binding.principal)));
            }
        }
    }
    for (resource, role) in administered(before, draft)? {
        // A new resource needs an administrator, and so does one that had an administrator before.
        let new = before.resource(resource)?.is_none();
        if (new || has_administrator(before, resource, role, None, at)?)
            && after.resource(resource)?.is_some()
            && !has_administrator(after, resource, role, None, at)?
        {
            return Ok(Some(Violation::LastAdministrator(resource)));
        }
    }
    admin_would_end(before, after, draft, at)
}

/// The only administrator of a resource must not be given an expiry (docs/model.md#invariants). Returns the first
/// resource that would lose its last administrator by the expiry.
fn admin_would_end<B: Facts + ?Sized, A: Facts + ?Sized>(
    before: &B,
    after: &A,
    draft: &Draft,
    at: Time,
) -> Result<Option<Violation>> {
    for (id, row) in &draft.resources {
        let Some(end) = row.as_ref().and_then(|it| it.as_account()?.expires) else { continue };
        let Some(old) = before.resource(*id)? else { continue };
        let Some(old) = old.as_account().map(|it| it.expires).filter(|old| old.is_none_or(|old| end < old)) else {
            continue;
        };
        // The last moment at which the account could act.
        let last = old.map_or(Time(i64::MAX), |old| Time(old.0 - 1));
        if last < at {
            continue;
        }
        let mut resources = BTreeSet::new();
        administered_by(before, vec![*id], &mut resources)?;
        for (resource, role) in resources {
            if has_administrator(before, resource, role, None, last)?
                && after.resource(resource)?.is_some()
                && !has_administrator(after, resource, role, None, last)?
            {
                return Ok(Some(Violation::AdministratorWouldEnd(resource)));
            }
        }
    }
    Ok(None)
}

fn is_group<F: Facts + ?Sized>(facts: &F, id: Id) -> Result<bool> {
    Ok(facts.header(id)?.is_some_and(|it| it.kind() == Kind::Group))
}

/// The groups that are members of a group.
fn groups_in<F: Facts + ?Sized>(facts: &F, group: Id) -> Result<Vec<Id>> {
    let mut found = Vec::new();
    for binding in facts.list_bindings(BindingQuery::OnAs(group, Role::GroupMember))? {
        if is_group(facts, binding.principal)? {
            found.push(binding.principal);
        }
    }
    Ok(found)
}

/// Whether one of these groups, or a group nested in them, contains itself. Each group is read once, at any depth.
fn is_circular<F: Facts + ?Sized>(facts: &F, starts: impl Iterator<Item = Id>) -> Result<bool> {
    // Groups that were visited; true once everything in them was visited too.
    let mut seen: HashMap<Id, bool> = HashMap::new();
    for start in starts {
        if seen.contains_key(&start) || !is_group(facts, start)? {
            continue;
        }
        seen.insert(start, false);
        let mut path = vec![(start, groups_in(facts, start)?)];
        while let Some((group, inside)) = path.last_mut() {
            let Some(next) = inside.pop() else {
                seen.insert(*group, true);
                path.pop();
                continue;
            };
            match seen.get(&next) {
                Some(true) => {}
                Some(false) => return Ok(true),
                None => {
                    seen.insert(next, false);
                    path.push((next, groups_in(facts, next)?));
                }
            }
        }
    }
    Ok(false)
}

/// Whether a group is `inner`, or contains it at any depth.
fn contains<F: Facts + ?Sized>(facts: &F, outer: Id, inner: Id) -> Result<bool> {
    let mut open = vec![outer];
    let mut seen: HashSet<Id> = HashSet::from([outer]);
    while let Some(group) = open.pop() {
        if group == inner {
            return Ok(true);
        }
        for inside in groups_in(facts, group)? {
            if seen.insert(inside) {
                open.push(inside);
            }
        }
    }
    Ok(false)
}

/// The first endpoint that would hold bindings that do not fit: because they are new, or because the
/// endpoint became unmanaged or an older node.
fn endpoints<B: Facts + ?Sized, A: Facts + ?Sized>(before: &B, after: &A, draft: &Draft) -> Result<Option<Violation>> {
    let fits = |endpoint: &Endpoint, binding: &Binding| match binding.role.resource_kind() {
        Kind::Endpoint => endpoint.takes_role(binding.role, binding.principal),
        _ => binding.role != Role::ItemShare || endpoint.takes(binding.attributes.permissions),
    };
    let mut seen = HashMap::new();
    for binding in draft.bindings.values().flatten() {
        if binding.role != Role::ItemShare && binding.role.resource_kind() != Kind::Endpoint {
            continue;
        }
        let Some(endpoint) = outermost(after, binding.resource, &mut seen)? else { continue };
        if endpoint.as_endpoint().is_some_and(|it| !fits(it, binding)) {
            return Ok(Some(Violation::Unfit(endpoint.id, vec![binding.clone()])));
        }
    }
    for resource in draft.resources.values().flatten() {
        let Some(endpoint) = resource.as_endpoint() else { continue };
        let old = before.resource(resource.id)?;
        let Some(old) = old.as_ref().and_then(|it| it.as_endpoint()) else { continue };
        let mut unfit = Vec::new();
        if old.managed && !endpoint.managed {
            unfit.extend(after.list_bindings(BindingQuery::On(resource.id))?);
        }
        if old.takes_custom_sets() && !endpoint.takes_custom_sets() {
            shares_on(after, resource.id, &mut unfit)?;
        }
        unfit.retain(|binding| !fits(endpoint, binding));
        if !unfit.is_empty() {
            return Ok(Some(Violation::Unfit(resource.id, unfit)));
        }
    }
    Ok(None)
}

/// The outermost ancestor of a resource. `known` caches the answer for every resource that was visited.
fn outermost<F: Facts + ?Sized>(
    facts: &F,
    from: Id,
    known: &mut HashMap<Id, Option<Rc<Resource>>>,
) -> Result<Option<Rc<Resource>>> {
    let mut visited = Vec::new();
    let (mut last, mut next) = (None, Some(from));
    while let Some(id) = next {
        if let Some(found) = known.get(&id) {
            last.clone_from(found);
            break;
        }
        // A preliminary answer that ends the walk in a cycle, which a draft may have.
        known.insert(id, None);
        visited.push(id);
        let Some(resource) = facts.resource(id)? else { break };
        next = resource.parent;
        last = Some(resource);
    }
    known.extend(visited.into_iter().map(|id| (id, last.clone())));
    Ok(last)
}

/// Collects every share of every item on an endpoint.
fn shares_on<F: Facts + ?Sized>(facts: &F, endpoint: Id, found: &mut Vec<Binding>) -> Result<()> {
    let mut open = vec![endpoint];
    while let Some(id) = open.pop() {
        found.extend(facts.list_bindings(BindingQuery::OnAs(id, Role::ItemShare))?);
        open.extend(facts.ids(Kind::Item, Some(id))?);
    }
    Ok(())
}

/// Whether an active account other than `but` holds an administrator's role on a resource, itself or through groups.
///
/// # Errors
/// When the facts cannot be read.
pub fn has_administrator<F: Facts + ?Sized>(facts: &F, on: Id, role: Role, but: Option<Id>, at: Time) -> Result<bool> {
    let mut found = false;
    each_administrator(facts, on, role, at, &mut |account| {
        found = Some(account) != but;
        if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(found)
}

/// Visits every active account that holds an administrator's role on a resource, itself or through groups, once each.
///
/// # Errors
/// When the facts cannot be read.
pub fn each_administrator<F: Facts + ?Sized>(
    facts: &F,
    on: Id,
    role: Role,
    at: Time,
    visit: &mut dyn FnMut(Id) -> ControlFlow<()>,
) -> Result<()> {
    let mut open: Vec<Id> = Vec::new();
    let mut seen: HashSet<Id> = HashSet::new();
    let mut add = |open: &mut Vec<Id>, binding: Binding| {
        if binding.is_effective(at) && seen.insert(binding.principal) {
            open.push(binding.principal);
        }
        Ok(ControlFlow::Continue(()))
    };
    facts.bindings(BindingQuery::OnAs(on, role), &mut |binding| add(&mut open, binding))?;
    while let Some(id) = open.pop() {
        match facts.resource(id)? {
            Some(resource) if resource.kind() == Kind::Group => {
                facts.bindings(BindingQuery::OnAs(id, Role::GroupMember), &mut |binding| add(&mut open, binding))?;
            }
            Some(resource) => {
                let active = resource.as_account().is_some_and(|it| it.status(at) == Status::Active);
                if active && visit(id).is_break() {
                    return Ok(());
                }
            }
            None => {}
        }
    }
    Ok(())
}

/// The endpoints and organizations that a draft may leave without administrators: because it ends a
/// role, an account, or a membership in a group (at any depth) that holds the role, or because they are new.
fn administered<B: Facts + ?Sized>(before: &B, draft: &Draft) -> Result<BTreeSet<(Id, Role)>> {
    let mut resources = BTreeSet::new();
    let mut holders: Vec<Id> = Vec::new();
    for (id, after) in &draft.resources {
        match (before.resource(*id)?, after) {
            (None, Some(new)) => match new.kind() {
                Kind::Endpoint => drop(resources.insert((*id, Role::EndpointAdministrator))),
                Kind::Org => drop(resources.insert((*id, Role::OrgAdmin))),
                _ => {}
            },
            (Some(old), _) if matches!(old.kind(), Kind::Account | Kind::Group) => holders.push(*id),
            _ => {}
        }
    }
    for (id, after) in &draft.bindings {
        let Some(old) = before.binding(*id)? else { continue };
        if after.as_ref().is_some_and(|after| after.is_same_as(&old)) {
            continue;
        }
        match old.role {
            Role::EndpointAdministrator | Role::OrgAdmin => drop(resources.insert((old.resource, old.role))),
            Role::GroupMember => holders.push(old.resource),
            _ => {}
        }
    }
    administered_by(before, holders, &mut resources)?;
    Ok(resources)
}

/// Adds the endpoints and organizations that some accounts and groups administer, themselves or through
/// their groups.
fn administered_by<B: Facts + ?Sized>(
    before: &B,
    mut holders: Vec<Id>,
    resources: &mut BTreeSet<(Id, Role)>,
) -> Result<()> {
    // A member of a group is a member of every group that contains the group.
    let mut seen: HashSet<Id> = holders.iter().copied().collect();
    let mut next = 0;
    while let Some(id) = holders.get(next).copied() {
        next += 1;
        before.bindings(BindingQuery::OfAs(id, Role::GroupMember), &mut |binding| {
            if seen.insert(binding.resource) {
                holders.push(binding.resource);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        for role in [Role::EndpointAdministrator, Role::OrgAdmin] {
            before.bindings(BindingQuery::OfAs(id, role), &mut |binding| {
                resources.insert((binding.resource, role));
                Ok(ControlFlow::Continue(()))
            })?;
        }
    }
    Ok(())
}

fn draft_touches_admins<B: Facts + ?Sized>(before: &B, draft: &Draft) -> Result<bool> {
    for id in draft.resources.keys() {
        if before.held(Id::SERVER, Role::ServerAdmin, *id)?.is_some() {
            return Ok(true);
        }
    }
    // The draft holds only the id of a binding that ends, so any of these may be an admin's.
    Ok(draft.bindings.values().any(|after| after.as_ref().is_none_or(|binding| binding.resource == Id::SERVER)))
}
