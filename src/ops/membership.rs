//! Members of groups, workgroups and dropboxes: adding and removing them, their levels, and the search for cycles
//! of groups. `held` and `cascade_members` also serve organizations and workspaces, whose operations are in
//! `org_member` and `workspace_member`.

use std::collections::HashSet;
use std::rc::Rc;

use super::{Result, Transaction};
use crate::model::escape::printable;
use crate::model::name::shell_quote;
use crate::model::{Action, Binding, Id, Kind, Name, Problem, Reference, Resource, Role, Verb};
use crate::policy::{BindingQuery, Facts};

/// The level of a new member. Groups, workgroups and dropboxes all have levels.
fn initial(kind: Kind) -> Role {
    Role::initial_level(kind).unwrap_or(Role::GroupMember)
}

const fn admin(kind: Kind) -> Role {
    if matches!(kind, Kind::Dropbox) { Role::DropboxAdmin } else { Role::WorkgroupAdmin }
}

/// The workgroup or dropbox that a reference names.
///
/// # Errors
/// As [`Transaction::find`]; a conflict for any other kind.
pub fn find_group(tx: &Transaction<'_>, reference: &Reference) -> Result<Rc<Resource>> {
    match &*tx.with_kind(reference)? {
        Reference::Named(kind @ (Kind::Workgroup | Kind::Dropbox), name) => tx.find(*kind, name),
        other => Err(other.wrong_kind("a workgroup or a dropbox")),
    }
}

/// The account or group that a reference names.
fn find_member(tx: &Transaction<'_>, reference: &Reference) -> Result<Rc<Resource>> {
    match &*tx.with_kind(reference)? {
        Reference::Named(kind @ (Kind::Account | Kind::Group), name) => tx.find(*kind, name),
        other => Err(other.wrong_kind("an account or a group")),
    }
}

/// As [`find_member`]; also finds a member that the actor may not see, if the actor may list the members.
fn listed_member(tx: &Transaction<'_>, group: &Resource, reference: &Reference) -> Result<Rc<Resource>> {
    let listed = |id: Id| {
        // The actor may change the members of the group, as the caller has asked, and so may see them.
        let may_list = group.kind() == Kind::Group || tx.may(Action::Plain(Verb::ViewMembers), group.id)?;
        Ok(may_list && held(tx.facts(), group, id)?.is_some())
    };
    tx.find_listed(reference, &[Kind::Account, Kind::Group], &listed)
}

/// The binding that makes a principal a direct member; `None` if there is none.
///
/// # Errors
/// When the facts cannot be read.
pub fn held(facts: &dyn Facts, group: &Resource, member: Id) -> Result<Option<Binding>> {
    held_in(facts, (group.kind(), group.id), member)
}

/// As [`held`], by the kind and the id of the group.
///
/// # Errors
/// When the facts cannot be read.
pub fn held_in(facts: &dyn Facts, (kind, group): (Kind, Id), member: Id) -> Result<Option<Binding>> {
    for role in Role::levels(kind) {
        if let Some(binding) = facts.held(group, *role, member)? {
            return Ok(Some(binding));
        }
    }
    Ok(None)
}

/// Adds a line to the cascades for each member of an organization or a workspace that is removed.
///
/// # Errors
/// When the facts cannot be read.
pub(super) fn cascade_members(tx: &mut Transaction<'_>, resource: &Resource) -> Result<()> {
    let reference = tx.name(resource.id)?;
    for level in Role::levels(resource.kind()) {
        for binding in tx.facts().list_bindings(BindingQuery::OnAs(resource.id, *level))? {
            let line = format!("{} as {} of {reference}", tx.participant(&binding, binding.principal)?, level.as_str());
            tx.cascades.push(line);
        }
    }
    Ok(())
}

/// Adds members, at the default level if `level` is `None`.
///
/// # Errors
/// A denial; a conflict for a cycle of groups, or for a member at another level.
pub fn add(tx: &mut Transaction<'_>, kind: Kind, name: &Name, who: &[Reference], level: Option<Role>) -> Result<()> {
    let group = tx.find(kind, name)?;
    for reference in who {
        // The right comes before the lookup: an actor who may not add members must not learn which accounts exist.
        tx.require_verb(MembershipChange::Add.verb(kind, is_group(reference)), group.id)?;
        let member = find_member(tx, reference)?;
        add_one(tx, &group, &member, level)?;
    }
    Ok(())
}

/// A change of a membership below the level of admin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum MembershipChange {
    /// The membership begins.
    Add,
    /// The membership ends.
    Remove,
    /// The membership stays and gives nothing.
    Deactivate,
    /// The membership takes effect again.
    Activate,
}

impl MembershipChange {
    /// The action that the change takes. Workgroups and dropboxes have separate actions for groups as members.
    pub(super) const fn verb(self, kind: Kind, of_group: bool) -> Verb {
        match (self, of_group && matches!(kind, Kind::Workgroup | Kind::Dropbox)) {
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
pub fn add_one(tx: &mut Transaction<'_>, group: &Resource, member: &Resource, level: Option<Role>) -> Result<()> {
    tx.require_verb(MembershipChange::Add.verb(group.kind(), member.kind() == Kind::Group), group.id)?;
    if let Some(existing) = held(tx.facts(), group, member.id)? {
        // An existing member stays as it is, unless the request names another level.
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

/// The commands that change a member's level.
fn change_of_level(group: &Resource, member: &Resource, from: Role, to: Role) -> String {
    let (noun, group_name, who) = (group.kind(), group.shell_name(), shell_quote(&member.reference()));
    if from == admin(group.kind()) && to == initial(group.kind()) {
        return format!("rolebook {noun} remove-admin {group_name} {who}");
    }
    format!(
        "rolebook {noun} remove-member {group_name} {who} && rolebook {noun} add-member {group_name} {who} --level {}",
        to.as_str()
    )
}

/// The levels that a new member of a dropbox can be given; admins are designated from among the members
/// (docs/model.md#dropboxes).
pub const DROPBOX_LEVELS_TO_ADD: [Role; 2] = [Role::DropboxStandard, Role::DropboxSubmitOnly];

/// The level that a word means for new members of a dropbox.
///
/// # Errors
/// A conflict for `admin`; a usage error for any other word that is not a level.
pub fn level_to_add(dropbox: &Name, members: &[Reference], word: &str) -> Result<Role> {
    match Role::from_name(Kind::Dropbox, word) {
        Some(level) if DROPBOX_LEVELS_TO_ADD.contains(&level) => Ok(level),
        Some(level) if is_admin(level) => {
            let who: Vec<String> = members.iter().map(|who| shell_quote(&who.to_string())).collect();
            let command = format!("rolebook dropbox add-admin {} {}", shell_quote(dropbox.as_written()), who.join(" "));
            Err(Problem::conflict("not_a_level_to_add", "dropbox admins are designated from among the members")
                .tip(command))
        }
        _ => {
            let words = Role::words(DROPBOX_LEVELS_TO_ADD).join(", ");
            Err(Problem::usage("bad_level", format!("unknown level `{}`, expected one of: {words}", printable(word))))
        }
    }
}

/// Adds an account that this transaction created; the actor needs the right to create accounts in the group.
///
/// # Errors
/// A denial.
pub fn add_new(tx: &mut Transaction<'_>, group: &Resource, member: &Resource) -> Result<()> {
    tx.require_verb(Verb::CreateMember, group.id)?;
    tx.bind(group.id, member.id, initial(group.kind()));
    Ok(())
}

/// Whether `inner` is `outer` or lies in it. The search alternates between both ends: while nested groups are built
/// from the top or from the bottom, one of the two ends leads nowhere yet.
fn is_within(facts: &dyn Facts, inner: Id, outer: Id) -> Result<bool> {
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
    // The two searches may have met in the middle without reaching the other end.
    Ok(below.intersection(&above).next().is_some())
}

/// Refuses a member that contains the group: groups nest, but none contains itself (docs/model.md#groups).
fn refuse_cycle(tx: &Transaction<'_>, group: &Resource, member: &Resource) -> Result<()> {
    if !is_within(tx.facts(), group.id, member.id)? {
        return Ok(());
    }
    // The path down from the new member to the group, for the message.
    let mut reached: Vec<(Id, Option<usize>)> = vec![(member.id, None)];
    let mut seen = HashSet::from([member.id]);
    let mut next = 0;
    while let Some((id, _)) = reached.get(next).copied() {
        if id == group.id {
            let own = tx.name(group.id)?;
            let mut path = vec![own.clone()];
            let mut at = Some(next);
            while let Some((id, before)) = at.and_then(|index| reached.get(index).copied()) {
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
                reached.push((binding.principal, Some(next)));
            }
        }
        next += 1;
    }
    Ok(())
}

/// Removes members; warns about principals that are not members.
///
/// # Errors
/// A denial: to remove an admin also takes the right to remove the admin role.
pub fn remove(tx: &mut Transaction<'_>, kind: Kind, name: &Name, who: &[Reference]) -> Result<()> {
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

/// Finds a member and requires the right to make a change to its membership. The binding is `None` if the principal
/// is not a member.
fn known_member(
    tx: &Transaction<'_>,
    group: &Resource,
    reference: &Reference,
    change: MembershipChange,
) -> Result<(Rc<Resource>, Option<Binding>)> {
    tx.require_verb(change.verb(group.kind(), is_group(reference)), group.id)?;
    let member = listed_member(tx, group, reference)?;
    let existing = held(tx.facts(), group, member.id)?;
    // The right to manage members covers members who are not admins (docs/model.md#workgroups).
    if existing.as_ref().is_some_and(|it| it.role == admin(group.kind())) && group.kind() != Kind::Group {
        tx.require_verb(Verb::RemoveAdmin, group.id)?;
    }
    Ok((member, existing))
}

/// Deactivates or activates memberships. An inactive membership stays listed and gives nothing.
///
/// # Errors
/// A denial; a conflict for a principal that is not a member.
pub fn set_active(tx: &mut Transaction<'_>, kind: Kind, name: &Name, who: &[Reference], active: bool) -> Result<()> {
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

/// Changes the level of a member.
///
/// # Errors
/// A denial; a conflict for a principal that is not a member.
pub fn set_level(tx: &mut Transaction<'_>, kind: Kind, name: &Name, who: &Reference, level: Role) -> Result<()> {
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

/// Makes members admins, or makes admins plain members.
///
/// # Errors
/// A denial; a conflict for a group, or for an account that is not a member.
pub fn set_admin(tx: &mut Transaction<'_>, kind: Kind, name: &Name, who: &[Reference], designate: bool) -> Result<()> {
    let group = tx.find(kind, name)?;
    let (admin, standard) = (admin(kind), initial(kind));
    for reference in who {
        tx.require_verb(if designate { Verb::AddAdmin } else { Verb::RemoveAdmin }, group.id)?;
        let member = match &*tx.with_kind(reference)? {
            account @ Reference::Named(Kind::Account, _) => listed_member(tx, &group, account)?,
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
