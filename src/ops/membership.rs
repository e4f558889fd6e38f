//! Members of groups, workgroups and dropboxes, their levels, and who is in a group through which.

use std::collections::HashSet;
use std::rc::Rc;

use super::{Result, Transaction};
use crate::model::name::shell_quote;
use crate::model::{Action, Binding, Id, Kind, Name, Problem, Reference, Resource, Role, Verb};
use crate::policy::{BindingQuery, Facts};

/// The levels of a kind, strongest first.
pub const fn levels(kind: Kind) -> &'static [Role] {
    match kind {
        Kind::Workgroup => &Role::WORKGROUP,
        Kind::Dropbox => &Role::DROPBOX,
        Kind::Org => &Role::ORG,
        Kind::Workspace => &Role::WORKSPACE,
        _ => &[Role::GroupMember],
    }
}

/// The level a new member gets where none is named.
const fn initial(kind: Kind) -> Role {
    match kind {
        Kind::Workgroup => Role::WorkgroupStandard,
        Kind::Dropbox => Role::DropboxStandard,
        _ => Role::GroupMember,
    }
}

const fn admin(kind: Kind) -> Role {
    if matches!(kind, Kind::Dropbox) { Role::DropboxAdmin } else { Role::WorkgroupAdmin }
}

/// The group, workgroup or dropbox a reference names.
///
/// # Errors
/// As [`Transaction::find`]; a conflict for any other kind.
pub fn find_group<F: Facts + ?Sized>(tx: &Transaction<'_, F>, reference: &Reference) -> Result<Rc<Resource>> {
    match reference {
        Reference::Named(kind @ (Kind::Workgroup | Kind::Dropbox), name) => tx.find(*kind, name),
        other => Err(other.wrong_kind("a workgroup or a dropbox")),
    }
}

/// The account or group a reference names, as a member.
fn find_member<F: Facts + ?Sized>(tx: &Transaction<'_, F>, reference: &Reference) -> Result<Rc<Resource>> {
    match reference {
        Reference::Named(kind @ (Kind::Account | Kind::Group), name) => tx.find(*kind, name),
        other => Err(other.wrong_kind("an account or a group")),
    }
}

/// As [`find_member`], also of whoever is in a place that the actor may list the members of.
fn listed_member<F: Facts + ?Sized>(
    tx: &Transaction<'_, F>,
    group: &Resource,
    reference: &Reference,
) -> Result<Rc<Resource>> {
    let listed = |id: Id| {
        // Who is in a group is told to whoever may change that, which was asked before.
        let may_list = group.kind() == Kind::Group || tx.may(Action::Plain(Verb::ViewMembers), group.id)?;
        Ok(may_list && held(tx.facts(), group, id)?.is_some())
    };
    tx.find_listed(reference, &[Kind::Account, Kind::Group], &listed)
}

/// What somebody holds directly in a place.
///
/// # Errors
/// When the facts cannot be read.
pub fn held<F: Facts + ?Sized>(facts: &F, group: &Resource, member: Id) -> Result<Option<Binding>> {
    held_in(facts, (group.kind(), group.id), member)
}

/// The same where only the kind and the id of the place are known.
///
/// # Errors
/// When the facts cannot be read.
pub fn held_in<F: Facts + ?Sized>(facts: &F, (kind, group): (Kind, Id), member: Id) -> Result<Option<Binding>> {
    for role in levels(kind) {
        if let Some(binding) = facts.held(group, *role, member)? {
            return Ok(Some(binding));
        }
    }
    Ok(None)
}

/// Adds members, each at a level where one is named.
///
/// # Errors
/// A denial; a conflict for a cycle of groups, or for a member at another level.
pub fn add<F: Facts + ?Sized>(
    tx: &mut Transaction<'_, F>,
    kind: Kind,
    name: &Name,
    who: &[Reference],
    level: Option<Role>,
) -> Result<()> {
    let group = tx.find(kind, name)?;
    for reference in who {
        // Asked before the member is looked up: who may not add is not told who is there.
        tx.require_verb(MembershipChange::Add.verb(kind, is_group(reference)), group.id)?;
        let member = find_member(tx, reference)?;
        add_one(tx, &group, &member, level)?;
    }
    Ok(())
}

/// What is done to a membership that is no admin's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum MembershipChange {
    /// It is made.
    Add,
    /// It ends.
    Remove,
    /// It gives nothing from now on.
    Deactivate,
    /// It gives again what it gave.
    Activate,
}

impl MembershipChange {
    /// The action that it takes, where a group's membership counts by itself.
    pub(super) const fn verb(self, place: Kind, of_group: bool) -> Verb {
        match (self, of_group && matches!(place, Kind::Workgroup | Kind::Dropbox)) {
            (MembershipChange::Add, true) => Verb::AddGroup,
            // To deactivate or activate a membership takes the right to remove the member (docs/model.md#workgroups).
            (MembershipChange::Remove | MembershipChange::Deactivate | MembershipChange::Activate, true) => {
                Verb::RemoveGroup
            }
            (MembershipChange::Add, false) => Verb::AddMember,
            (MembershipChange::Remove, false) => Verb::RemoveMember,
            (MembershipChange::Deactivate, false) => Verb::DeactivateMember,
            (MembershipChange::Activate, false) => Verb::ActivateMember,
        }
    }
}

const fn is_group(who: &Reference) -> bool {
    matches!(who, Reference::Named(Kind::Group, _))
}

/// Adds one member.
///
/// # Errors
/// A denial; a conflict for a cycle of groups, or for a member at another level.
pub fn add_one<F: Facts + ?Sized>(
    tx: &mut Transaction<'_, F>,
    group: &Resource,
    member: &Resource,
    level: Option<Role>,
) -> Result<()> {
    tx.require_verb(MembershipChange::Add.verb(group.kind(), member.kind() == Kind::Group), group.id)?;
    if let Some(existing) = held(tx.facts(), group, member.id)? {
        // Who is in already is left alone, unless another level is asked for outright.
        if let Some(level) = level
            && level != existing.role
        {
            return Err(Problem::conflict(
                "other_level",
                format!(
                    "{} is a member of {} already, as {}",
                    member.reference(),
                    group.reference(),
                    existing.role.as_str()
                ),
            )
            .tip(change_of_level(group, member, existing.role, level)));
        }
        return Ok(());
    }
    if group.kind() == Kind::Group && member.kind() == Kind::Group {
        refuse_cycle(tx, group, member)?;
    }
    let level = level.unwrap_or(initial(group.kind()));
    if is_admin(level) {
        tx.require_verb(Verb::AddAdmin, group.id)?;
    }
    tx.bind(group.id, member.id, level);
    Ok(())
}

const fn is_admin(level: Role) -> bool {
    matches!(level, Role::WorkgroupAdmin | Role::DropboxAdmin)
}

/// The commands that bring a member from one level to another.
fn change_of_level(group: &Resource, member: &Resource, from: Role, to: Role) -> String {
    let (noun, place_name, who) = (group.kind(), group.shell_name(), shell_quote(&member.reference()));
    if from == admin(group.kind()) && to == initial(group.kind()) {
        return format!("rolebook {noun} remove-admin {place_name} {who}");
    }
    format!(
        "rolebook {noun} remove-member {place_name} {who} && rolebook {noun} add-member {place_name} {who} --level {}",
        to.as_str()
    )
}

/// Adds an account that was made in this transaction, by whoever may create accounts straight into the place.
///
/// # Errors
/// A denial.
pub fn add_new<F: Facts + ?Sized>(tx: &mut Transaction<'_, F>, group: &Resource, member: &Resource) -> Result<()> {
    tx.require_verb(Verb::CreateMember, group.id)?;
    tx.bind(group.id, member.id, initial(group.kind()));
    Ok(())
}

/// Whether a group lies in another, or is it. It is looked for from both ends, a step here and a step there: what is
/// built from above or from beneath has one end that leads nowhere yet.
fn is_within<F: Facts + ?Sized>(facts: &F, inner: Id, outer: Id) -> Result<bool> {
    let (mut down, mut up) = (vec![outer], vec![inner]);
    let (mut below, mut above) = (HashSet::from([outer]), HashSet::from([inner]));
    for next in 0.. {
        let (Some(lower), Some(upper)) = (down.get(next).copied(), up.get(next).copied()) else { break };
        if above.contains(&lower) || below.contains(&upper) {
            return Ok(true);
        }
        for binding in facts.list_bindings(BindingQuery::OnAs(lower, Role::GroupMember))? {
            let is_group = facts.header(binding.principal)?.is_some_and(|it| it.kind() == Kind::Group);
            if is_group && below.insert(binding.principal) {
                down.push(binding.principal);
            }
        }
        for binding in facts.list_bindings(BindingQuery::OfAs(upper, Role::GroupMember))? {
            if above.insert(binding.resource) {
                up.push(binding.resource);
            }
        }
    }
    // Where the steps meet in the middle, neither end comes to the other.
    Ok(below.intersection(&above).next().is_some())
}

/// Groups nest, but none contains itself (docs/model.md#groups).
fn refuse_cycle<F: Facts + ?Sized>(tx: &Transaction<'_, F>, group: &Resource, member: &Resource) -> Result<()> {
    if !is_within(tx.facts(), group.id, member.id)? {
        return Ok(());
    }
    // The way down from the new member to the group that would hold it.
    let mut ways: Vec<(Id, Option<usize>)> = vec![(member.id, None)];
    let mut seen = HashSet::from([member.id]);
    let mut next = 0;
    while let Some((id, _)) = ways.get(next).copied() {
        if id == group.id {
            let own = tx.name(group.id)?;
            let mut path = vec![own.clone()];
            let mut at = Some(next);
            while let Some((id, before)) = at.and_then(|place| ways.get(place).copied()) {
                path.push(tx.name(id)?);
                at = before;
            }
            path.reverse();
            path.insert(0, own);
            path.pop();
            return Err(Problem::conflict(
                "group_cycle",
                format!("{} cannot be a member of {}: a cycle", member.reference(), group.reference()),
            )
            .why("groups nest, but none may contain itself")
            .detail(path.join(" contains ")));
        }
        for binding in tx.facts().list_bindings(BindingQuery::OnAs(id, Role::GroupMember))? {
            let is_group = tx.facts().resource(binding.principal)?.is_some_and(|it| it.kind() == Kind::Group);
            if is_group && seen.insert(binding.principal) {
                ways.push((binding.principal, Some(next)));
            }
        }
        next += 1;
    }
    Ok(())
}

/// Removes members; who is none is left alone.
///
/// # Errors
/// A denial: an admin is removed by whom may undesignate it.
pub fn remove<F: Facts + ?Sized>(
    tx: &mut Transaction<'_, F>,
    kind: Kind,
    name: &Name,
    who: &[Reference],
) -> Result<()> {
    let group = tx.find(kind, name)?;
    for reference in who {
        let (member, existing) = known_member(tx, &group, reference, MembershipChange::Remove)?;
        let Some(existing) = existing else {
            tx.warnings.push(format!("{} is not a member of {}", member.reference(), group.reference()));
            continue;
        };
        tx.end_binding(existing.id);
    }
    Ok(())
}

/// Finds a member and asks for the right to take something from it, or to give back what was taken.
fn known_member<F: Facts + ?Sized>(
    tx: &Transaction<'_, F>,
    group: &Resource,
    reference: &Reference,
    change: MembershipChange,
) -> Result<(Rc<Resource>, Option<Binding>)> {
    tx.require_verb(change.verb(group.kind(), is_group(reference)), group.id)?;
    let member = listed_member(tx, group, reference)?;
    let existing = held(tx.facts(), group, member.id)?;
    // To manage members covers those who are not admins (docs/model.md#workgroups): an admin is undesignated.
    if existing.as_ref().is_some_and(|it| it.role == admin(group.kind())) && group.kind() != Kind::Group {
        tx.require_verb(Verb::RemoveAdmin, group.id)?;
    }
    Ok((member, existing))
}

/// Deactivates or activates memberships: they stay listed and give nothing meanwhile.
///
/// # Errors
/// A denial; "no such member".
pub fn set_active<F: Facts + ?Sized>(
    tx: &mut Transaction<'_, F>,
    kind: Kind,
    name: &Name,
    who: &[Reference],
    active: bool,
) -> Result<()> {
    let group = tx.find(kind, name)?;
    let change = if active { MembershipChange::Activate } else { MembershipChange::Deactivate };
    for reference in who {
        let (member, existing) = known_member(tx, &group, reference, change)?;
        let Some(mut existing) = existing else { return Err(not_a_member(&group, &member)) };
        existing.attributes.inactive = !active;
        tx.put_binding(existing);
    }
    Ok(())
}

/// Brings a member to another level that is not an admin's, from one that is not.
///
/// # Errors
/// A denial; a conflict for whoever is no member.
pub fn set_level<F: Facts + ?Sized>(
    tx: &mut Transaction<'_, F>,
    kind: Kind,
    name: &Name,
    who: &Reference,
    level: Role,
) -> Result<()> {
    let group = tx.find(kind, name)?;
    let (member, existing) = known_member(tx, &group, who, MembershipChange::Remove)?;
    tx.require_verb(MembershipChange::Add.verb(kind, is_group(who)), group.id)?;
    if is_admin(level) {
        tx.require_verb(Verb::AddAdmin, group.id)?;
    }
    let Some(existing) = existing else { return Err(not_a_member(&group, &member)) };
    let grantor = tx.actor.principal();
    tx.put_binding(Binding { role: level, grantor, ..existing });
    Ok(())
}

fn not_a_member(group: &Resource, member: &Resource) -> Problem {
    Problem::conflict("not_a_member", format!("{} is not a member of {}", member.reference(), group.reference()))
        .tip(format!("rolebook {} add-member {} {}", group.kind(), group.shell_name(), member.shell_name()))
}

/// Designates members as admins, or undesignates them; they stay members.
///
/// # Errors
/// A denial; a conflict for a group, or for an account that is no member.
pub fn set_admin<F: Facts + ?Sized>(
    tx: &mut Transaction<'_, F>,
    kind: Kind,
    name: &Name,
    who: &[Reference],
    designate: bool,
) -> Result<()> {
    let group = tx.find(kind, name)?;
    let (admin, standard) = (admin(kind), initial(kind));
    for reference in who {
        tx.require_verb(if designate { Verb::AddAdmin } else { Verb::RemoveAdmin }, group.id)?;
        let member = match reference {
            Reference::Named(Kind::Account, _) => listed_member(tx, &group, reference)?,
            other => return Err(other.wrong_kind("an account (only accounts can be admins)")),
        };
        match held(tx.facts(), &group, member.id)? {
            Some(mut existing) if designate || existing.role == admin => {
                let after = if designate { admin } else { standard };
                if existing.role != after {
                    existing.role = after;
                    existing.grantor = tx.actor.principal();
                    tx.put_binding(existing);
                }
            }
            Some(_) => {}
            None if designate => return Err(not_a_member(&group, &member)),
            None => tx.warnings.push(format!("{} is not a member of {}", member.reference(), group.reference())),
        }
    }
    Ok(())
}
